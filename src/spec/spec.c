/* spec.c: cuts a description into words, and a chain into descriptions.
 *
 * The text is copied once; keys and values are pieces of that copy, ended in place. A word ends at a space. A double
 * quote, allowed only at the start of a word, right after its = and after a comma, opens a piece that may contain spaces:
 * x="mean radius","mean texture". */
#include "spec/spec.h"

#include <ctype.h>
#include <string.h>

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool is_name(char c) { return isascii((unsigned char)c) && (isalnum((unsigned char)c) || c == '_'); }

/* The state of cutting: reads from `source`, writes at the same place or before it in `words`. */
typedef struct cutter {
    tc_spec *s;
    tacet_error *e;
    char *whole; /* as large as the text, for words that may have to be put together again */
    int at;      /* in all of them */
} cutter;

/* Cuts the quoted piece that begins at c->at and unquotes it to *to. */
static bool cut_quoted(cutter *c, char **to)
{
    const char *from = c->s->source;
    const int begin = c->at++;
    while (from[c->at] && from[c->at] != '"') {
        if (from[c->at] == '\\' && (from[c->at + 1] == '"' || from[c->at + 1] == '\\')) c->at++;
        *(*to)++ = from[c->at++];
    }
    if (!from[c->at]) {
        tc_refuse(c->e, from, begin, c->at - begin, "a quoted value has no closing quote");
        tc_fail_hint(c->e, "close it with \"");
        return false;
    }
    c->at++;
    if (!from[c->at] || is_space(from[c->at]) || from[c->at] == ',') return true;
    tc_refuse(c->e, from, c->at, 1, "expected a space after a quoted value");
    return false;
}

/* Cuts the value that begins at c->at, up to the next space. NULL with the error. */
static const char *cut_value(cutter *c)
{
    const char *from = c->s->source;
    const int begin = c->at;
    char *value = c->s->words + begin, *to = value;
    while (from[c->at] && !is_space(from[c->at])) {
        if (from[c->at] != '"') {
            *to++ = from[c->at++];
        } else if (c->at > begin && from[c->at - 1] != ',') {
            tc_refuse(c->e, from, c->at, 1, "a quote in the middle of a word");
            tc_fail_hint(c->e, "put the whole value in quotes: key=\"...\"");
            return NULL;
        } else if (!cut_quoted(c, &to)) {
            return NULL;
        }
    }
    *to = '\0';
    return value;
}

/* Cuts the word that begins at c->at: key=value, or a bare word. */
static bool cut_word(cutter *c, tc_word *w)
{
    const char *from = c->s->source;
    const int begin = c->at;
    int end = begin;
    while (is_name(from[end])) end++;
    *w = (tc_word){.column = begin};
    if (from[end] == '=') {
        if (end == begin) {
            tc_refuse(c->e, from, begin, 1, "expected a key before =");
            return false;
        }
        c->s->words[end] = '\0';
        w->key = c->s->words + begin;
        c->at = end + 1;
    }
    const int value = c->at;
    w->text = cut_value(c);
    if (!w->text) return false;
    w->width = c->at - begin;
    if (w->key && from[value] != '"') {
        w->whole = memcpy(c->whole + begin, from + begin, (size_t)w->width);
        c->whole[c->at] = '\0';
    }
    if (c->at == value) {
        tc_refuse(c->e, from, begin, w->width, "expected a value after %s=", w->key);
        tc_fail_hint(c->e, "an empty value is written \"\"");
        return false;
    }
    return true;
}

static void skip_spaces(cutter *c)
{
    while (is_space(c->s->source[c->at])) c->at++;
}

/* Cuts the name: letters, digits and _. */
static bool cut_name(cutter *c)
{
    tc_spec *s = c->s;
    skip_spaces(c);
    s->column = c->at;
    while (is_name(s->source[c->at])) c->at++;
    s->width = c->at - s->column;
    const char next = s->source[c->at];
    if (s->width == 0 || (next && !is_space(next))) {
        tc_refuse(c->e, s->source, s->column, s->width + 1, "expected a name%s",
                  next ? ", made of letters, digits and _" : "");
        if (next == '=') tc_fail_hint(c->e, "a description begins with its name: name key=value");
        if (next == '(') tc_fail_hint(c->e, "without parentheses: linear 512, relu, sgd lr=0.1");
        if (next == '.') tc_fail_hint(c->e, "names have no dots: relu and sgd lr=0.1, not nn.ReLU() and optim.SGD()");
        return false;
    }
    s->words[c->at] = '\0';
    s->name = s->words + s->column;
    return true;
}

static bool cut(tc_spec *s, tacet_error *e)
{
    cutter c = {.s = s, .e = e, .whole = s->words + strlen(s->source) + 1};
    if (!cut_name(&c)) return false;
    for (skip_spaces(&c); s->source[c.at]; skip_spaces(&c)) {
        if (s->count == TC_MAX_WORDS) {
            tc_refuse(e, s->source, c.at, 1, "more than %d words after %s", TC_MAX_WORDS, s->name);
            return false;
        }
        if (!cut_word(&c, &s->word[s->count])) return false;
        s->count++;
    }
    return true;
}

tacet_status tc_spec_cut(tc_spec *s, const char *text, char *source, char *words, tacet_error *e)
{
    *s = (tc_spec){.source = source, .words = words};
    const size_t length = strnlen(text, TC_MAX_SPEC + 1);
    if (length > TC_MAX_SPEC)
        return tc_refuse(e, text, TC_MAX_SPEC, 1, "a description is at most %d bytes long", TC_MAX_SPEC);
    memcpy(source, text, length + 1);
    memcpy(words, text, length + 1);
    return cut(s, e) ? TACET_OK : TACET_DESCRIPTION;
}

tacet_status tc_spec_parse(tc_spec *s, const tc_mem *m, const char *text, tacet_error *e)
{
    const size_t room = strnlen(text, TC_MAX_SPEC) + 1;
    char *source = tc_alloc(m, room, 1), *words = tc_alloc(m, room, 2);
    const tacet_status status = source && words ? tc_spec_cut(s, text, source, words, e) : tc_fail_memory(e);
    if (status == TACET_OK) {
        s->mem = *m;
        return TACET_OK;
    }
    tc_free(m, source);
    tc_free(m, words);
    *s = (tc_spec){.mem = *m};
    return status;
}

void tc_spec_free(tc_spec *s)
{
    const tc_mem mem = s->mem;
    tc_free(&mem, s->source);
    tc_free(&mem, s->words);
    *s = (tc_spec){.mem = mem};
}

/* ---- Chains ---- */

bool tc_chain_next(const char **chain, const char *whole, char *stage, size_t capacity, int *column)
{
    /* After the last stage *chain is NULL: a chain that ends in a bar has one more, empty, stage. */
    const char *begin = *chain;
    if (!begin) return false;
    const char *bar = begin;
    for (bool quoted = false; *bar && (quoted || *bar != '|'); bar++) {
        if (quoted && *bar == '\\' && bar[1])
            bar++;
        else if (*bar == '"')
            quoted = !quoted;
    }
    *chain = *bar ? bar + 1 : NULL;

    const char *end = bar;
    while (begin < end && is_space(*begin)) begin++;
    while (end > begin && is_space(end[-1])) end--;
    *column = (int)(begin - whole);
    const size_t n = (size_t)(end - begin) < capacity ? (size_t)(end - begin) : capacity - 1;
    memcpy(stage, begin, n);
    stage[n] = '\0';
    return true;
}

/* ---- Printing ---- */

/* Prints a value so that it reads back the same. A bare word must not look like key=value, and | would end a stage of a
 * chain. */
void tc_spec_print_value(const char *value, bool bare, tc_text *to)
{
    bool quote = *value == '\0';
    for (const char *p = value; *p; p++) quote |= is_space(*p) || *p == '"' || *p == '|' || (bare && *p == '=');
    if (!quote) {
        tc_text_add(to, "%s", value);
        return;
    }
    tc_text_add(to, "\"");
    for (const char *p = value; *p; p++) tc_text_add(to, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
    tc_text_add(to, "\"");
}

void tc_spec_print(const tc_spec *s, tc_text *to)
{
    tc_text_add(to, "%s", s->name);
    for (int i = 0; i < s->count; i++) {
        const tc_word *w = &s->word[i];
        tc_text_add(to, w->key ? " %s=" : " ", w->key);
        tc_spec_print_value(w->text, !w->key, to);
    }
}
