/* text.c: text that grows, and numbers in the C locale.
 *
 * printf and strtod follow the locale of the thread, which belongs to the program that uses us; so each call switches
 * to the C locale and back (newlocale, uselocale: POSIX 2008). That fails only when out of memory, and the current
 * locale is then used. */
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int tc_format(char *to, size_t capacity, const char *format, va_list arguments)
{
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = c ? uselocale(c) : (locale_t)0;
    const int n = vsnprintf(to, capacity, format, arguments);
    if (c) {
        uselocale(before);
        freelocale(c);
    }
    return n;
}

int tc_snprintf(char *to, size_t capacity, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n = tc_format(to, capacity, format, arguments);
    va_end(arguments);
    return n;
}

/* ---- Growing text ---- */

static bool reserve(tc_text *t, size_t more)
{
    size_t need;
    if (__builtin_add_overflow(t->length, more, &need)) return false;
    if (need <= t->capacity) return true;
    size_t capacity = t->capacity ? t->capacity : 64;
    while (capacity < need)
        if (__builtin_mul_overflow(capacity, (size_t)2, &capacity)) return false;
    char *data = tc_resize(&t->mem, t->data, capacity, 1);
    if (!data) return false;
    t->data = data;
    t->capacity = capacity;
    return true;
}

tc_text tc_text_into(char *to, size_t capacity)
{
    if (capacity > 0) *to = '\0';
    return (tc_text){.data = to, .capacity = capacity};
}

void tc_text_add(tc_text *t, const char *format, ...)
{
    if (t->failed) return;
    va_list arguments;
    va_start(arguments, format);
    const size_t room = t->length < t->capacity ? t->capacity - t->length : 0;
    int n = tc_format(room ? t->data + t->length : NULL, room, format, arguments);
    va_end(arguments);
    if (n >= 0 && (size_t)n >= room && t->mem.resize) {
        va_start(arguments, format);
        n = reserve(t, (size_t)n + 1) ? tc_format(t->data + t->length, (size_t)n + 1, format, arguments) : -1;
        va_end(arguments);
    }
    if (n < 0) {
        t->failed = true;
        if (t->data) t->data[t->length] = '\0';
    } else {
        t->length += (size_t)n;
    }
}

void tc_text_put(tc_text *t, const void *from, size_t n)
{
    t->failed = t->failed || (t->mem.resize && !reserve(t, n + 1));
    if (t->failed) return;
    const size_t room = t->length < t->capacity ? t->capacity - t->length - 1 : 0, part = n < room ? n : room;
    if (part > 0) memcpy(t->data + t->length, from, part);
    if (t->length < t->capacity) t->data[t->length + part] = '\0';
    t->length += n;
}

void tc_text_free(tc_text *t)
{
    tc_free(&t->mem, t->data);
    *t = (tc_text){.mem = t->mem};
}

size_t tc_text_copy(const char *text, char *to, size_t capacity)
{
    const size_t length = strlen(text);
    if (capacity > 0) {
        const size_t n = length < capacity ? length : capacity - 1;
        memcpy(to, text, n);
        to[n] = '\0';
    }
    return length;
}

/* ---- Numbers ---- */

const char *tc_number_digits(double x, int least, char buffer[TC_NUMBER_MAX])
{
    enum { MOST_DIGITS = 17 };
    for (int digits = least; digits <= MOST_DIGITS; digits++) {
        double back;
        tc_snprintf(buffer, TC_NUMBER_MAX, "%.*g", digits, x);
        if (!isfinite(x) || (tc_number_read(buffer, &back) && back == x)) break;
    }
    return buffer;
}

const char *tc_number_text(double x, char buffer[TC_NUMBER_MAX]) { return tc_number_digits(x, 1, buffer); }

double tc_number_at(const char *text, char **end)
{
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = c ? uselocale(c) : (locale_t)0;
    const double value = strtod(text, end);
    if (c) {
        uselocale(before);
        freelocale(c);
    }
    return value;
}

bool tc_number_read(const char *text, double *x)
{
    /* strtod alone would take leading spaces, hex, nan and inf. */
    if (text[strspn(text, "0123456789+-.eE")]) return false;
    char *end;
    const double value = tc_number_at(text, &end);
    if (end == text || *end || !isfinite(value)) return false;
    *x = value;
    return true;
}

bool tc_integer_read(const char *text, int64_t *x)
{
    const char *p = text + (*text == '+' || *text == '-');
    if (!*p || p[strspn(p, "0123456789")]) return false;
    const int before = errno;
    errno = 0;
    const intmax_t value = strtoimax(text, NULL, 10);
    const bool ok = errno == 0 && value >= INT64_MIN && value <= INT64_MAX;
    errno = before;
    if (ok) *x = (int64_t)value;
    return ok;
}

enum { MAX_WRITTEN = 64 };

/* Copies a number without the _ between its digits; false if there is another one, or the text is long. */
static bool without_marks(const char *text, char to[MAX_WRITTEN])
{
    static const char digits[] = "0123456789";
    size_t n = 0;
    for (const char *at = text; *at; at++) {
        if (*at != '_') {
            if (n + 1 == MAX_WRITTEN) return false;
            to[n++] = *at;
        } else if (at == text || !strchr(digits, at[-1]) || !at[1] || !strchr(digits, at[1])) {
            return false;
        }
    }
    to[n] = '\0';
    return true;
}

bool tc_written_number(const char *text, double *x)
{
    char plain[MAX_WRITTEN];
    return tc_number_read(without_marks(text, plain) ? plain : text, x);
}

/* Moves the point of the digits before the exponent, so that a number of any size stays exact. */
bool tc_written_integer(const char *text, int64_t *x)
{
    char plain[MAX_WRITTEN], whole[2 * MAX_WRITTEN];
    double number;
    int64_t exponent = 0;
    if (!without_marks(text, plain)) return false;
    if (tc_integer_read(plain, x)) return true;
    char *e = plain + strcspn(plain, "eE");
    if (!tc_number_read(plain, &number) || (*e && !tc_integer_read(e + 1, &exponent))) return false;
    if (exponent < -MAX_WRITTEN || exponent >= MAX_WRITTEN) return false;
    *e = '\0';
    const char *point = strchr(plain, '.'), *fraction = point ? point + 1 : "";
    const size_t before = point ? (size_t)(point - plain) : strlen(plain), after = strlen(fraction);
    memset(whole, '0', sizeof whole);
    memcpy(whole, plain, before);
    memcpy(whole + before, fraction, after);
    const int64_t end = (int64_t)before + exponent, all = (int64_t)(before + after);
    for (int64_t i = end < 0 ? 0 : end; i < all; i++) /* the digits after the point */
        if (whole[i] >= '1' && whole[i] <= '9') return false;
    if (end < 1) memcpy(whole, "0", 2);
    whole[end < 1 ? 1 : end] = '\0';
    return tc_integer_read(whole, x);
}

/* ---- Words ---- */

int tc_word_read(const char *words, const char *text)
{
    const size_t length = strlen(text);
    for (int i = 0;; i++) {
        const size_t n = strcspn(words, "|");
        if (n == length && memcmp(words, text, n) == 0) return i;
        if (!words[n]) return -1;
        words += n + 1;
    }
}

bool tc_bool_read(const char *text, bool *x)
{
    const int word = tc_word_read("false|true|off|on|no|yes|0|1|False|True|Off|On|No|Yes|FALSE|TRUE|OFF|ON|NO|YES",
                                  text);
    *x = word % 2 == 1;
    return word >= 0;
}

/* ---- Characters ---- */

size_t tc_char(const char *text, uint32_t *code)
{
    static const struct {
        unsigned char from, to, second_from, second_to, length, mask;
    } form[] = {
        {0x01, 0x7F, 0x00, 0xFF, 1, 0x7F}, {0xC2, 0xDF, 0x80, 0xBF, 2, 0x1F}, {0xE0, 0xE0, 0xA0, 0xBF, 3, 0x0F},
        {0xE1, 0xEC, 0x80, 0xBF, 3, 0x0F}, {0xED, 0xED, 0x80, 0x9F, 3, 0x0F}, {0xEE, 0xEF, 0x80, 0xBF, 3, 0x0F},
        {0xF0, 0xF0, 0x90, 0xBF, 4, 0x07}, {0xF1, 0xF3, 0x80, 0xBF, 4, 0x07}, {0xF4, 0xF4, 0x80, 0x8F, 4, 0x07}};
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
        if (s[0] < form[i].from || s[0] > form[i].to) continue;
        if (form[i].length > 1 && (s[1] < form[i].second_from || s[1] > form[i].second_to)) return 0;
        *code = s[0] & form[i].mask;
        for (size_t k = 1; k < form[i].length; k++) {
            if ((s[k] & 0xC0) != 0x80) return 0;
            *code = *code << 6 | (s[k] & 0x3F);
        }
        return form[i].length;
    }
    return 0;
}

typedef struct range {
    uint32_t from, to;
} range;

/* The end of the list is {0}; U+0000 cannot be in a text. */
static bool in_ranges(const range *r, uint32_t code)
{
    while (r->to && (code < r->from || code > r->to)) r++;
    return r->to;
}

bool tc_char_acts(uint32_t code)
{
    static const range acts[] = {{0, 0x1F}, {0x7F, 0x9F}, {0x2028, 0x202E}, {0x2066, 0x2069}, {0}};
    return in_ranges(acts, code);
}

bool tc_char_shown(uint32_t code)
{
    static const range invisible[] = {{0xAD, 0xAD},       {0x34F, 0x34F},     {0x61C, 0x61C},     {0x115F, 0x1160},
                                      {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2060, 0x206F},
                                      {0x3164, 0x3164},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},
                                      {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}, {0}};
    return code < 0x7F ? code >= ' ' : !tc_char_acts(code) && !in_ranges(invisible, code);
}

uint32_t tc_text_acting(const char *text)
{
    uint32_t code = 0;
    for (size_t n; *text; text += n ? n : 1)
        if ((n = tc_char(text, &code)) > 0 && tc_char_acts(code) && !(n == 1 && strchr("\t\n\r", *text))) return code;
    return 0;
}

bool tc_text_utf8(const char *text)
{
    uint32_t code;
    for (size_t n; *text; text += n)
        if ((n = tc_char(text, &code)) == 0) return false;
    return true;
}

bool tc_text_line(const char *text)
{
    uint32_t code;
    for (size_t n; *text; text += n)
        if ((n = tc_char(text, &code)) == 0 || tc_char_acts(code)) return false;
    return true;
}

char *tc_tame(char *text, const char *keep)
{
    char *to = text;
    for (const char *at = text; *at;) {
        uint32_t code;
        const size_t n = tc_char(at, &code);
        if (n > 0 && (tc_char_shown(code) || (n == 1 && strchr(keep, *at)))) {
            memmove(to, at, n);
            to += n;
        } else {
            *to++ = '?';
        }
        at += n > 0 ? n : 1;
    }
    *to = '\0';
    return text;
}

const char *tc_source_of_path(const char *path, size_t n)
{
    static const struct {
        const char *end, *before;
    } kind[] = {{".csv", "csv "},    {".tsv", "csv "},    {".txt", "csv "},   {".csv.gz", "csv "},
                {".tsv.gz", "csv "}, {".txt.gz", "csv "}, {".npy", "npy x="}, {".npz", "npy x="}};
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
        const size_t length = strlen(kind[i].end);
        if (n > length && strncmp(path + n - length, kind[i].end, length) == 0) return kind[i].before;
    }
    return NULL;
}
