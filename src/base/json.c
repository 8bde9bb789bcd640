/* json.c: reads JSON in one pass over the text, after a scan that bounds the number of values. */
#include "base/json.h"

#include <math.h>
#include <string.h>

/* ---- Reading ---- */

typedef struct reading {
    const tc_mem *mem;
    char *text, *at;
    const char *begin; /* of the line that contains `at` */
    size_t line;
    tc_json *node;
    uint32_t nodes;
    tc_json_error *why;
} reading;

/* Only the first error is reported. */
static bool wrong(reading *r, const char *at, const char *text)
{
    *r->why = (tc_json_error){text, (size_t)(at - r->text), r->line,
                              1 + (size_t)((at < r->begin ? r->at : at) - r->begin)};
    return false;
}

/* Line ends occur only in white space: a string must escape its own. */
static void skip_space(reading *r)
{
    for (; *r->at && strchr(" \t\n\r", *r->at); r->at++)
        if (*r->at == '\n') r->line++, r->begin = r->at + 1;
}

/* The number of four hexadecimal digits, or -1. */
static int32_t hex4(const char *s)
{
    int32_t x = 0;
    for (int i = 0; i < 4; i++) {
        const char c = s[i];
        const int digit = c >= '0' && c <= '9'                 ? c - '0'
                          : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                               : -1;
        if (digit < 0) return -1;
        x = x << 4 | digit;
    }
    return x;
}

/* Reads \uXXXX at r->at, or two of them for a character beyond U+FFFF. */
static bool read_unicode(reading *r, char **to)
{
    const char *begin = r->at;
    int32_t code = hex4(begin + 2);
    if (code < 0) return wrong(r, begin, "\\u takes four hexadecimal digits"); /* the text may end before them */
    r->at += 6;
    if (code == 0) return wrong(r, begin, "U+0000 in a string");
    if (code >= 0xD800 && code <= 0xDFFF) {
        const int32_t low = code < 0xDC00 && r->at[0] == '\\' && r->at[1] == 'u' ? hex4(r->at + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF) return wrong(r, begin, "half a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        r->at += 6;
    }
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const int lead[] = {0, 0xC0, 0xE0, 0xF0};
    *(*to)++ = (char)(lead[more] | code >> 6 * more);
    for (int k = more - 1; k >= 0; k--) *(*to)++ = (char)(0x80 | (code >> 6 * k & 0x3F));
    return true;
}

static bool read_escape(reading *r, char **to)
{
    static const char letter[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (r->at[1] == 'u') return read_unicode(r, to);
    const char *found = r->at[1] ? strchr(letter, r->at[1]) : NULL;
    if (!found) return wrong(r, r->at, "an unknown escape");
    *(*to)++ = means[found - letter];
    r->at += 2;
    return true;
}

/* Decodes a string in place: an escape is never shorter than the character that it encodes. */
static bool read_string(reading *r, const char **s)
{
    if (*r->at != '"') return wrong(r, r->at, "expected a string");
    const char *begin = r->at;
    char *to = ++r->at;
    *s = to;
    while (*r->at != '"') {
        uint32_t code;
        const unsigned char c = (unsigned char)*r->at;
        if (c == '\\') {
            if (!read_escape(r, &to)) return false;
            continue;
        }
        if (!c) return wrong(r, begin, "a string has no closing quote");
        if (c < ' ') return wrong(r, r->at, "a control character in a string");
        const size_t n = c < 0x7F ? 1 : tc_char(r->at, &code);
        if (n == 0) return wrong(r, r->at, "not UTF-8");
        memmove(to, r->at, n);
        to += n;
        r->at += n;
    }
    *to = '\0'; /* at the closing quote or before it */
    r->at++;
    return true;
}

static size_t digits(const char *s) { return strspn(s, "0123456789"); }

/* The length of the number at s, or 0 if s does not begin with one; without fraction and exponent it is an integer. */
static size_t number_length(const char *s, bool *integer)
{
    const char *at = s + (*s == '-');
    size_t n = *at == '0' ? 1 : digits(at);
    if (n == 0) return 0;
    at += n;
    *integer = *at != '.' && *at != 'e' && *at != 'E';
    if (*at == '.') {
        if ((n = digits(at + 1)) == 0) return 0;
        at += 1 + n;
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        if ((n = digits(at)) == 0) return 0;
        at += n;
    }
    return (size_t)(at - s);
}

/* The value is kept negative, since -INT64_MIN does not fit. */
static bool integer_of(const char *s, size_t n, int64_t *x)
{
    const bool negative = *s == '-';
    *x = 0;
    for (size_t i = negative; i < n; i++)
        if (__builtin_mul_overflow(*x, 10, x) || __builtin_sub_overflow(*x, s[i] - '0', x)) return false;
    return negative ? *x != 0 : !__builtin_sub_overflow(0, *x, x);
}

static bool read_number(reading *r, tc_json *v)
{
    bool integer = false;
    const size_t n = number_length(r->at, &integer);
    if (n == 0) return wrong(r, r->at, "expected a value");
    v->kind = integer && integer_of(r->at, n, &v->integer) ? TC_JSON_INTEGER : TC_JSON_REAL;
    if (v->kind == TC_JSON_REAL) v->real = tc_number_at(r->at, NULL);
    if (v->kind == TC_JSON_REAL && !isfinite(v->real)) return wrong(r, r->at, "a number that is too large");
    r->at += n;
    return true;
}

static bool read_word(reading *r, tc_json *v)
{
    static const char *const word[] = {[TC_JSON_NULL] = "null", [TC_JSON_FALSE] = "false", [TC_JSON_TRUE] = "true"};
    for (int k = TC_JSON_NULL; k <= TC_JSON_TRUE; k++) {
        const size_t n = strlen(word[k]);
        if (strncmp(r->at, word[k], n) != 0) continue;
        v->kind = (tc_json_kind)k;
        r->at += n;
        return true;
    }
    return wrong(r, r->at, "expected a value");
}

/* Whether all keys are different. Large objects use a hash table, since comparing all pairs would take quadratic
 * time. */
static bool unique(reading *r, const tc_json *object)
{
    enum { FEW = 16 };
    static const char twice[] = "duplicate key";
    const tc_json *member, *other;
    if (object->count <= FEW) {
        for (member = tc_json_first(object); member; member = tc_json_next(member))
            for (other = tc_json_first(object); other != member; other = tc_json_next(other))
                if (strcmp(member->key, other->key) == 0) return wrong(r, member->key, twice);
        return true;
    }
    size_t room = FEW;
    while (room < 2 * (size_t)object->count) room *= 2;
    const char **table = tc_alloc(r->mem, room, sizeof *table);
    if (!table) return wrong(r, r->at, NULL);
    /* A file that could predict the seed could choose keys that all collide. */
    const uint32_t seed = (uint32_t)((uintptr_t)table >> 12) ^ (uint32_t)((uintptr_t)&room >> 4);
    for (member = tc_json_first(object); member; member = tc_json_next(member)) {
        size_t at = tc_text_hash(member->key, seed) & (room - 1);
        while (table[at] && strcmp(table[at], member->key) != 0) at = (at + 1) & (room - 1);
        if (table[at]) break;
        table[at] = member->key;
    }
    tc_free(r->mem, table);
    return !member || wrong(r, member->key, twice);
}

static bool read_value(reading *r, const char *key, int depth);

static bool read_member(reading *r, tc_json *in, int depth)
{
    const char *key = NULL;
    skip_space(r);
    if (in->kind == TC_JSON_OBJECT) {
        if (!read_string(r, &key)) return false;
        skip_space(r);
        if (*r->at != ':') return wrong(r, r->at, "expected :");
        r->at++;
    }
    return read_value(r, key, depth + 1);
}

/* Reads a list or an object into the array: first itself, then the values that it contains. */
static bool read_values(reading *r, tc_json *v, char end, int depth)
{
    const char *const separator = end == '}' ? "expected , or }" : "expected , or ]";
    if (depth >= TC_JSON_DEPTH) return wrong(r, r->at, "lists and objects are nested too deeply");
    v->kind = end == '}' ? TC_JSON_OBJECT : TC_JSON_LIST;
    r->at++;
    skip_space(r);
    while (*r->at != end || v->count > 0) {
        tc_json *member = &r->node[r->nodes];
        if (!read_member(r, v, depth)) return false;
        v->count++;
        skip_space(r);
        member->last = *r->at == end;
        if (member->last) break;
        if (*r->at != ',') return wrong(r, r->at, separator);
        r->at++;
    }
    r->at++;
    v->span = (uint32_t)(&r->node[r->nodes] - v);
    return v->kind == TC_JSON_LIST || unique(r, v);
}

static bool read_value(reading *r, const char *key, int depth)
{
    tc_json *v = &r->node[r->nodes++];
    *v = (tc_json){.key = key, .span = 1, .last = depth == 0};
    skip_space(r);
    const char c = *r->at;
    if (c == '{' || c == '[') return read_values(r, v, c == '{' ? '}' : ']', depth);
    v->kind = TC_JSON_TEXT;
    if (c == '"') return read_string(r, &v->text);
    return c == '-' || (c >= '0' && c <= '9') ? read_number(r, v) : read_word(r, v);
}

tc_json *tc_json_read(const tc_mem *m, char *text, size_t length, tc_json_error *why)
{
    /* Every value but the first one follows a comma or a bracket. */
    size_t most = 1;
    for (size_t i = 0; i < length; i++) most += text[i] == ',' || text[i] == '[' || text[i] == '{';
    reading r = {.mem = m, .text = text, .at = text, .begin = text, .line = 1, .why = why};
    r.node = most < UINT32_MAX ? tc_resize(m, NULL, most, sizeof *r.node) : NULL;
    *why = (tc_json_error){0};
    if (!r.node) return NULL;
    bool ok = read_value(&r, NULL, 0);
    if (ok) skip_space(&r);
    if (ok && r.at != text + length) ok = wrong(&r, r.at, "expected nothing more");
    if (ok) return r.node;
    tc_free(m, r.node);
    return NULL;
}

/* ---- Queries ---- */

static bool holds(const tc_json *v) { return v && v->kind >= TC_JSON_LIST && v->count > 0; }

const tc_json *tc_json_first(const tc_json *list) { return holds(list) ? list + 1 : NULL; }
const tc_json *tc_json_next(const tc_json *value) { return value->last ? NULL : value + value->span; }
size_t tc_json_size(const tc_json *list) { return holds(list) ? list->count : 0; }

const tc_json *tc_json_get(const tc_json *object, const char *key)
{
    if (!object || object->kind != TC_JSON_OBJECT) return NULL;
    const tc_json *v = tc_json_first(object);
    while (v && strcmp(v->key, key) != 0) v = tc_json_next(v);
    return v;
}

const tc_json *tc_json_at(const tc_json *list, size_t i)
{
    if (i >= tc_json_size(list)) return NULL;
    const tc_json *v = tc_json_first(list);
    while (i-- > 0) v = tc_json_next(v);
    return v;
}

const char *tc_json_text(const tc_json *value) { return value && value->kind == TC_JSON_TEXT ? value->text : NULL; }

double tc_json_number(const tc_json *value)
{
    if (!value || (value->kind != TC_JSON_INTEGER && value->kind != TC_JSON_REAL)) return NAN;
    return value->kind == TC_JSON_REAL ? value->real : (double)value->integer;
}

int64_t tc_json_whole(const tc_json *value, int64_t limit)
{
    const bool is = value && value->kind == TC_JSON_INTEGER && value->integer >= 0 && value->integer <= limit;
    return is ? value->integer : -1;
}

bool tc_json_equal(const tc_json *a, const tc_json *b)
{
    if (!a || !b) return a == b;
    if (a->kind != b->kind || a->span != b->span || a->count != b->count) return false;
    if (a->kind == TC_JSON_TEXT) return strcmp(a->text, b->text) == 0;
    if (a->kind < TC_JSON_LIST) return a->kind < TC_JSON_INTEGER || tc_json_number(a) == tc_json_number(b);
    for (a = tc_json_first(a), b = tc_json_first(b); a; a = tc_json_next(a), b = tc_json_next(b))
        if ((a->key && strcmp(a->key, b->key) != 0) || !tc_json_equal(a, b)) return false;
    return true;
}

/* ---- Writing ---- */

/* Beyond U+FFFF as a surrogate pair. */
static void add_escape(tc_text *t, uint32_t code)
{
    if (code > 0xFFFF)
        tc_text_add(t, "\\u%04x\\u%04x", (unsigned)(0xD7C0 + (code >> 10)), (unsigned)(0xDC00 + (code & 0x3FF)));
    else
        tc_text_add(t, "\\u%04x", (unsigned)code);
}

/* Adds s as part of a JSON string. Runs of characters without escapes are added in one piece. */
static void add_escaped(tc_text *t, const char *s)
{
    while (*s) {
        const char *run = s;
        uint32_t code = 0;
        size_t n = 0;
        while (*s && *s != '"' && *s != '\\' && (n = tc_char(s, &code)) > 0 && tc_char_shown(code)) s += n;
        if (s > run) tc_text_add(t, "%.*s", (int)(s - run), run);
        if (!*s) break;
        if (*s == '"' || *s == '\\')
            tc_text_add(t, "\\%c", *s), n = 1;
        else
            add_escape(t, n > 0 ? code : 0xFFFD);
        s += n > 0 ? n : 1;
    }
}

static void add_string(tc_text *t, const char *s)
{
    tc_text_add(t, "\"");
    add_escaped(t, s);
    tc_text_add(t, "\"");
}

static void before(tc_json_writer *j, const char *key)
{
    if (j->comma) tc_text_add(&j->to, ",");
    if (key) add_string(&j->to, key), tc_text_add(&j->to, ":");
    j->comma = true;
}

void tc_json_open(tc_json_writer *j, const char *key, char bracket)
{
    before(j, key);
    tc_text_add(&j->to, "%c", bracket);
    j->comma = false;
}

void tc_json_close(tc_json_writer *j, char bracket)
{
    tc_text_add(&j->to, "%c", bracket);
    j->comma = true;
}

void tc_json_add_text(tc_json_writer *j, const char *key, const char *value)
{
    before(j, key);
    add_string(&j->to, value);
}

void tc_json_begin_text(tc_json_writer *j, const char *key)
{
    before(j, key);
    tc_text_add(&j->to, "\"");
}

void tc_json_put_text(tc_json_writer *j, const char *part) { add_escaped(&j->to, part); }

void tc_json_end_text(tc_json_writer *j) { tc_text_add(&j->to, "\""); }

void tc_json_add_members(tc_json_writer *j, const char *object)
{
    const size_t n = strlen(object) - 2;
    if (n == 0) return;
    before(j, NULL);
    tc_text_put(&j->to, object + 1, n);
}

void tc_json_add_integer(tc_json_writer *j, const char *key, int64_t value)
{
    before(j, key);
    tc_text_add(&j->to, "%lld", (long long)value);
}

void tc_json_add_number(tc_json_writer *j, const char *key, double value)
{
    char text[TC_NUMBER_MAX];
    before(j, key);
    tc_text_add(&j->to, "%s", isfinite(value) ? tc_number_digits(value, 6, text) : "null");
}
