/* bind.c: assigns the words of a description to attributes, by the tables.
 *
 * Each type is read by one reader, found in a table by the type's name; a type with | in it is a list of words to
 * choose from. Each refusal points at the word, says what was expected, and suggests the nearest existing word. */
#include "spec/spec.h"

#include "base/nearest.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

int tc_attr_count(const tc_attribute *table)
{
    int n = 0;
    while (table && table[n].name) n++;
    return n;
}

/* ---- Values ---- */

static bool is_choice(const char *type) { return strchr(type, '|') != NULL; }

/* The words of "a|b|c", ended by NULL. A list that does not fit is a mistake in a table, which a test finds. */
typedef struct choices {
    char copy[256];
    const char *word[16 + 1];
} choices;

static choices *split(const char *type, choices *c)
{
    *c = (choices){0};
    tc_text_copy(type, c->copy, sizeof c->copy);
    char *at = c->copy;
    for (size_t i = 0; at && i + 1 < sizeof c->word / sizeof *c->word; i++) {
        c->word[i] = at;
        at = strchr(at, '|');
        if (at) *at++ = '\0';
    }
    return c;
}

static bool read_choice(const char *type, const char *text, int64_t n[2])
{
    n[0] = tc_word_read(type, text);
    return n[0] >= 0;
}

static bool read_integer(const char *text, int64_t n[2]) { return tc_written_integer(text, n); }

static bool read_bool(const char *text, int64_t n[2])
{
    bool on;
    const bool read = tc_bool_read(text, &on);
    n[0] = on;
    return read;
}

/* "3" is 3 and 3, "3x5" is 3 and 5. */
static bool read_size(const char *text, int64_t n[2])
{
    enum { MOST = 1 << 20, LENGTH = 16 };
    char first[LENGTH];
    const char *x = strchr(text, 'x');
    const size_t length = x ? (size_t)(x - text) : strlen(text);
    if (length >= sizeof first) return false;
    memcpy(first, text, length);
    first[length] = '\0';
    if (!tc_integer_read(first, &n[0]) || !tc_integer_read(x ? x + 1 : first, &n[1])) return false;
    return n[0] >= 0 && n[0] <= MOST && n[1] >= 0 && n[1] <= MOST;
}

static bool read_padding(const char *text, int64_t n[2])
{
    n[0] = n[1] = TC_PADDING_SAME;
    return strcmp(text, "same") == 0 || read_size(text, n);
}

/* Reads the numbers of a list into to[] (NULL: only counts them). -1: it is not a list of numbers. */
static int64_t read_list(const char *text, float *to)
{
    int64_t n = 0;
    for (const char *at = text + strspn(text, " "); *at; n++) {
        char *end;
        const double x = tc_number_at(at, &end);
        if (end == at || !isfinite((float)x) || !(*end == '\0' || *end == ' ' || *end == ',')) return -1;
        if (to) to[n] = (float)x;
        at = end + strspn(end, " ");
        if (*at == ',' && !*(at += 1 + strspn(at + 1, " "))) return -1;
    }
    return n > 0 ? n : -1;
}

static bool read_list_only(const char *text, int64_t n[2])
{
    n[0] = 0;
    return read_list(text, NULL) > 0;
}

static bool read_weights(const char *text, int64_t n[2])
{
    return strcmp(text, "balanced") == 0 || read_list_only(text, n);
}

static const struct reader {
    const char *type, *expected;
    bool (*read)(const char *text, int64_t n[2]); /* NULL: a float */
} readers[] = {
    {"float", "a number", NULL},
    {"int", "a whole number", read_integer},
    {"bool", "true or false", read_bool},
    {"size", "a number of pixels, or height x width, as 3 or 3x5", read_size},
    {"padding", "same, a number of pixels, or height x width, as 1 or 1x2", read_padding},
    {"numbers", "numbers, as \"1 2 5\" or 1,2,5", read_list_only},
    {"weights", "balanced, or numbers, as \"1 2 5\" or 1,2,5", read_weights},
};

/* NULL: any text will do, as for "text" and for types that the library does not read ("value", "values"). */
static const struct reader *reader_of(const char *type)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (strcmp(readers[i].type, type) == 0) return &readers[i];
    return NULL;
}

static bool read_numbers(const char *type, const char *text, double *x, int64_t n[2])
{
    const struct reader *r = reader_of(type);
    *x = 0;
    n[0] = n[1] = 0;
    if (is_choice(type)) return read_choice(type, text, n);
    return !r || (r->read ? r->read(text, n) : tc_written_number(text, x));
}

bool tacet_spec_number(const char *type, const char *text, double *number, int64_t *integer)
{
    double x;
    int64_t n[2];
    const bool good = read_numbers(type, text, &x, n);
    if (good && number) *number = n[0] != 0 ? (double)n[0] : x;
    if (good && integer) *integer = n[0];
    return good;
}

/* A tc_arg holds every number as a double, so integers must be exact in one. */
static bool read_value(const char *type, const char *text, tc_arg *arg)
{
    const int64_t most = INT64_C(1) << 53;
    double x;
    int64_t n[2];
    if (!read_numbers(type, text, &x, n) || n[0] > most || n[0] < -most) return false;
    arg->number = n[0] != 0 ? (double)n[0] : x;
    arg->second = (double)n[1];
    return true;
}

/* ---- Binding ---- */

typedef struct binder {
    const tc_spec *s;
    int bindings;
    const tc_binding *binding;
    tacet_error *e;
} binder;

/* An attribute (NULL: none) and where its value goes. */
typedef struct slot {
    const tc_attribute *attribute;
    tc_arg *arg;
} slot;

/* Slot i over all tables. */
static slot slot_at(const binder *b, int i)
{
    for (int t = 0; t < b->bindings; t++) {
        const int n = tc_attr_count(b->binding[t].table);
        if (i < n) return (slot){&b->binding[t].table[i], &b->binding[t].arg[i]};
        i -= n;
    }
    return (slot){0};
}

/* Whether a text can be a parameter's name: it is not a number, and what follows its last dot does not begin like
 * one. */
static bool is_parameter_name(const char *text)
{
    const char *dot = strrchr(text, '.');
    double x;
    return dot && dot[1] && !strchr("0123456789", dot[1]) && !tc_number_read(text, &x);
}

/* The attribute that key=text sets: the first of that name, or the last if the text is itself the name of a
 * parameter. */
static slot slot_named(const binder *b, const char *key, const char *text)
{
    slot s, found = {0};
    for (int i = 0; (s = slot_at(b, i)).attribute; i++)
        if (strcmp(s.attribute->name, key) == 0 && (!found.attribute || is_parameter_name(text))) found = s;
    return found;
}

/* Whether an attribute takes one word after the other. */
static bool takes_more(const slot *s) { return strcmp(s->attribute->type, "values") == 0; }

/* What must be given comes first. */
static slot next_positional(const binder *b)
{
    slot s = {0};
    for (int optional = 0; optional < 2 && !s.attribute; optional++)
        for (int i = 0; (s = slot_at(b, i)).attribute; i++)
            if (s.attribute->positional && (s.attribute->preset != NULL) == optional &&
                (!s.arg->given || takes_more(&s)))
                break;
    return s;
}

/* Key i, where equal keys count once. */
static const char *key_at(const void *context, int i)
{
    slot s;
    for (int k = 0; (s = slot_at(context, k)).attribute; k++)
        if (slot_named(context, s.attribute->name, "").arg == s.arg && i-- == 0) return s.attribute->name;
    return NULL;
}

static const char *choice_at(const void *context, int i) { return ((const choices *)context)->word[i]; }

static void hint_keys(const binder *b, const char *word) { tc_fail_choices(b->e, "it takes", word, key_at, b); }

/* Whether a bare word is one of several numbers that were meant for the attribute before it. */
static bool continues_list(const binder *b, const tc_word *w)
{
    const tc_word *before = w > b->s->word ? w - 1 : NULL;
    if (!before || !before->key || read_list(before->text, NULL) < 0 || read_list(w->text, NULL) < 0) return false;
    const slot s = slot_named(b, before->key, "");
    const struct reader *r = s.attribute ? reader_of(s.attribute->type) : NULL;
    return s.attribute && (!r || r->read == read_list_only || r->read == read_weights);
}

/* What to do about a bare word that does not fit: it is probably a part of the list or of the formula before it. */
static void hint_bare(const binder *b, const tc_word *w)
{
    slot s;
    if (continues_list(b, w)) {
        tc_fail_hint(b->e, "several numbers are written with commas: %s=%s,%s", w[-1].key, w[-1].text, w->text);
        return;
    }
    for (int i = 0; (s = slot_at(b, i)).attribute; i++)
        if (strcmp(s.attribute->type, "formula") == 0 && s.arg->given) {
            tc_fail_hint(b->e, "a formula with spaces is written in quotes: \"x^2 / (1 + x^2)\"");
            return;
        }
    if (slot_named(b, w->text, "").attribute)
        tc_fail_hint(b->e, "write %s=...", w->text);
    else
        hint_keys(b, w->text);
}

/* Refuses a key that no attribute has, or a bare word with no positional attribute left. */
static tacet_status refuse_word(const binder *b, const tc_word *w)
{
    const char *word = w->key ? w->key : w->text;
    tc_refuse(b->e, b->s->source, w->column, w->key ? (int)strlen(w->key) : w->width,
              w->key ? "%s has no attribute %s" : "%s has no place for '%s'", b->s->name, word);
    if (w->key)
        hint_keys(b, word);
    else
        hint_bare(b, w);
    return TACET_DESCRIPTION;
}

static tacet_status refuse_value(const binder *b, const tc_word *w, const tc_attribute *a)
{
    const bool choice = is_choice(a->type);
    tc_refuse(b->e, b->s->source, w->column, w->width, "%s of %s: expected %s%s, got '%s'", a->name, b->s->name,
              choice ? "one of " : "", choice ? a->type : reader_of(a->type)->expected, w->text);
    if (choice) {
        choices c;
        const char *near = tc_nearest(w->text, choice_at, split(a->type, &c));
        if (near) tc_fail_hint(b->e, "did you mean %s?", near);
    } else if (!w->key && a->positional) {
        hint_bare(b, w);
    }
    return TACET_DESCRIPTION;
}

/* Whether key=text is a path with = in it: a text without a key may come next, and the key is not a misspelt one. (One
 * or two letters are like any other one or two.) */
static bool is_text(const binder *b, const tc_word *w)
{
    enum { SHORT = 2 };
    const slot to = next_positional(b);
    return w->whole && to.attribute && strcmp(to.attribute->type, "text") == 0 &&
           !slot_named(b, w->key, w->text).attribute && (strlen(w->key) <= SHORT || !tc_nearest(w->key, key_at, b));
}

/* Assigns a word to its attribute; values: also reads its value. */
static tacet_status bind_word(const binder *b, const tc_word *word, bool values)
{
    const tc_word joined = {.text = word->whole, .column = word->column, .width = word->width};
    const tc_word *w = is_text(b, word) ? &joined : word;
    slot to = slot_named(b, w->key ? w->key : w->text, w->text);
    const bool flag = !w->key && to.attribute && strcmp(to.attribute->type, "bool") == 0;
    if (!w->key && !flag) to = next_positional(b);
    if (!to.attribute) return refuse_word(b, w);
    if (to.arg->given && !takes_more(&to))
        return tc_refuse(b->e, b->s->source, w->column, w->width, "%s is given twice", to.attribute->name);
    const char *text = flag ? "true" : w->text;
    if (values && !read_value(to.attribute->type, text, to.arg)) return refuse_value(b, w, to.attribute);
    to.arg->text = text;
    to.arg->given = true;
    const int before = w->key ? (int)strlen(w->key) + 1 : 0;
    to.arg->column = w->column + before;
    to.arg->width = w->width - before;
    return TACET_OK;
}

/* ---- Constants of formulas ---- */

static bool is_of_name(char c) { return isascii((unsigned char)c) && (isalnum((unsigned char)c) || c == '_'); }

/* Whether a formula that is given uses the name. */
static bool is_in_formula(const binder *b, const char *name)
{
    slot s;
    const size_t n = strlen(name);
    for (int i = 0; (s = slot_at(b, i)).attribute; i++) {
        if (strcmp(s.attribute->type, "formula") != 0 || !s.arg->given) continue;
        for (const char *at = strstr(s.arg->text, name); at; at = strstr(at + 1, name))
            if ((at == s.arg->text || !is_of_name(at[-1]) || isdigit((unsigned char)at[-1])) && !is_of_name(at[n]))
                return true;
    }
    return false;
}

/* Whether a word can only be a constant, or a mistake: which one is known when the formula is. */
static bool is_late(const binder *b, const tc_word *w)
{
    return w->key && !slot_named(b, w->key, w->text).attribute && !is_text(b, w);
}

static tacet_status bind_late(const binder *b, const tc_word *w, bool values)
{
    double x;
    if (!is_in_formula(b, w->key)) return refuse_word(b, w);
    for (const tc_word *other = b->s->word; other < w; other++)
        if (other->key && strcmp(other->key, w->key) == 0)
            return tc_refuse(b->e, b->s->source, w->column, w->width, "%s is given twice", w->key);
    if (values && !tc_written_number(w->text, &x))
        return tc_refuse(b->e, b->s->source, w->column, w->width, "%s of %s: expected a number, got '%s'", w->key,
                         b->s->name, w->text);
    return TACET_OK;
}

static tacet_status require_all(const binder *b)
{
    slot s;
    for (int i = 0; (s = slot_at(b, i)).attribute; i++) {
        if (s.arg->given || s.attribute->preset) continue;
        const char *name = s.attribute->name;
        tc_refuse(b->e, b->s->source, b->s->column, b->s->width, "%s needs %s", b->s->name, name);
        tc_fail_hint(b->e, s.attribute->positional ? "write %.200s %s, or %s=..." : "write %.200s %s=...", b->s->source,
                     name, name);
        return TACET_DESCRIPTION;
    }
    return TACET_OK;
}

static tacet_status bind(const binder *b, bool values)
{
    slot to;
    for (int i = 0; (to = slot_at(b, i)).attribute; i++) {
        const char *preset = to.attribute->preset;
        *to.arg = (tc_arg){.text = preset};
        if (preset && values) read_value(to.attribute->type, preset, to.arg);
    }
    bool late[TC_MAX_WORDS];
    for (int i = 0; i < b->s->count; i++) {
        const tc_word *w = &b->s->word[i];
        late[i] = is_late(b, w);
        const tacet_status status = late[i] ? TACET_OK : bind_word(b, w, values);
        if (status) return status;
    }
    for (int i = 0; i < b->s->count; i++) {
        const tacet_status status = late[i] ? bind_late(b, &b->s->word[i], values) : TACET_OK;
        if (status) return status;
    }
    return TACET_OK;
}

tacet_status tc_spec_bind(const tc_spec *s, int bindings, const tc_binding *binding, bool needs, tacet_error *e)
{
    const binder b = {s, bindings, binding, e};
    const tacet_status status = bind(&b, true);
    return status == TACET_OK && needs ? require_all(&b) : status;
}

tacet_status tc_spec_place(const tc_spec *s, int bindings, const tc_binding *binding, tacet_error *e)
{
    return bind(&(binder){s, bindings, binding, e}, false);
}

bool tc_spec_list(const tc_mem *m, const tc_attribute *attribute, tc_arg *arg)
{
    const bool list = strcmp(attribute->type, "numbers") == 0 || strcmp(attribute->type, "weights") == 0;
    const int64_t n = list && arg->given ? read_list(arg->text, NULL) : -1;
    if (n <= 0) return true;
    arg->made = tc_alloc(m, (size_t)n, sizeof(float));
    if (!arg->made) return false;
    arg->count = read_list(arg->text, arg->made);
    return true;
}

const tc_attribute *tc_spec_find(const tc_spec *s, int bindings, const tc_binding *binding, const char *key,
                                 const tc_arg **arg, tacet_error *e)
{
    const binder b = {s, bindings, binding, e};
    slot at, found = {0};
    for (int i = 0; (at = slot_at(&b, i)).attribute; i++)
        if (strcmp(at.attribute->name, key) == 0 && (!found.attribute || at.arg->given)) found = at;
    *arg = found.arg;
    if (found.attribute) return found.attribute;
    tc_refuse(e, key, 0, (int)strlen(key), "%s has no attribute %s", s->name, key);
    hint_keys(&b, key);
    return NULL;
}
