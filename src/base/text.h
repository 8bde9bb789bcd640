/* text.h: text that grows, numbers in the C locale, and words of a list. */
#ifndef TC_TEXT_H
#define TC_TEXT_H

#include "base/alloc.h"

#include <stdarg.h>

/* A string that grows. Failure is sticky: once an allocation has failed, `failed` is set and further adds do nothing,
 * so that a caller can check once, at the end. Zero-initialise with {.mem = m}; data may be NULL while length is 0.
 *
 * Without a hook (tc_text_into) it is a caller's buffer, which does not grow: what does not fit is counted but not kept,
 * and nothing can fail. */
typedef struct tc_text {
    tc_mem mem;
    char *data;
    size_t length, capacity;
    bool failed;
} tc_text;

/* Writes into to[capacity], terminated by a NUL if capacity is not 0. `length` becomes that of the whole text, as snprintf
 * would return it. Must not be freed. */
tc_text tc_text_into(char *to, size_t capacity);

/* Numbers in the C locale. */
__attribute__((format(printf, 2, 3))) void tc_text_add(tc_text *t, const char *format, ...);
void tc_text_put(tc_text *t, const void *from, size_t n); /* n bytes as they are */
void tc_text_free(tc_text *t);

/* Like snprintf for a finished text: copies what fits, ends it with a NUL, returns the full length. */
size_t tc_text_copy(const char *text, char *to, size_t capacity);

/* vsnprintf and snprintf in the C locale. */
__attribute__((format(printf, 3, 0))) int tc_format(char *to, size_t capacity, const char *format, va_list arguments);
__attribute__((format(printf, 3, 4))) int tc_snprintf(char *to, size_t capacity, const char *format, ...);

/* The shortest decimal that reads back as the same double ("0.0001" as "1e-4" or "0.0001", whichever printf %g
 * gives). */
enum { TC_NUMBER_MAX = 32 };
const char *tc_number_text(double x, char buffer[TC_NUMBER_MAX]);
const char *tc_number_digits(double x, int least, char buffer[TC_NUMBER_MAX]); /* with at least `least` digits */

/* FNV-1a of the text's bytes (Fowler, Noll, Vo). The seed is mixed into the offset basis. */
static inline uint32_t tc_text_hash(const char *text, uint32_t seed)
{
    uint32_t h = 2166136261u ^ seed;
    while (*text) h = (h ^ (unsigned char)*text++) * 16777619u;
    return h;
}

/* The ending of a noun after a number: "" or "s". */
static inline const char *tc_plural(int64_t n) { return n == 1 ? "" : "s"; }

/* Reads the whole of text as a number in the C locale. False if it contains anything else or is not finite. */
bool tc_number_read(const char *text, double *x);
bool tc_integer_read(const char *text, int64_t *x);

/* The same as people write numbers: with _ between digits, 1_000, and whole ones also as 1e3, 2.5e3 or 10.0. */
bool tc_written_number(const char *text, double *x);
bool tc_written_integer(const char *text, int64_t *x);

/* The index of the word of "a|b|c" that equals text, from 0; -1 if none does. */
int tc_word_read(const char *words, const char *text);

/* Reads true, on, yes, 1 or false, off, no, 0; words also as True and TRUE. */
bool tc_bool_read(const char *text, bool *x);

/* strtod in the C locale: the number that text begins with. */
double tc_number_at(const char *text, char **end);

/* The length in bytes of the UTF-8 character that text begins with, and its code; 0 if it does not begin with one. (RFC
 * 3629: no overlong forms, no surrogates.) */
size_t tc_char(const char *text, uint32_t *code);

/* Whether a character acts on the text around it or on the terminal: controls (C0, DEL, C1), line and paragraph
 * separators, and what changes the direction of writing until it is ended. */
bool tc_char_acts(uint32_t code);

/* Whether a character may be shown as it is: it neither acts nor is invisible, which would make a text look like another
 * one. Invisible are the marks of direction and what Unicode calls Default_Ignorable_Code_Point, except the variation
 * selectors that are part of emoji. */
bool tc_char_shown(uint32_t code);

/* Whether text is UTF-8; whether, in addition, nothing in it acts, so that it is one line. */
bool tc_text_utf8(const char *text);
bool tc_text_line(const char *text);

/* The first character of text that acts, except tabs and the ends of lines; 0: none does. */
uint32_t tc_text_acting(const char *text);

/* Makes text safe to show, in place: each character that must not be shown, and each byte that is not UTF-8, becomes a
 * question mark, except characters in `keep` ("\n\t"). Returns text. */
char *tc_tame(char *text, const char *keep);

/* What makes a source of the path of a file, by the end of its name: "csv " or "npy x="; NULL: the end is another. */
const char *tc_source_of_path(const char *path, size_t n);

#endif
