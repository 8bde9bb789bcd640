/* json.h: reads and writes JSON (RFC 8259), for the header of a safetensors file and for the files of a run.
 *
 * A document is read in place: strings are decoded within the text, and all values are in one array, each followed by
 * the values that it contains, so that reading takes one allocation and freeing two calls. Every query accepts NULL and
 * a value of any kind, so that queries can be nested. */
#ifndef TC_JSON_H
#define TC_JSON_H

#include "base/text.h"

/* ---- Reading ---- */

typedef enum tc_json_kind {
    TC_JSON_NULL,
    TC_JSON_FALSE,
    TC_JSON_TRUE,
    TC_JSON_INTEGER, /* without fraction and exponent, and fits int64_t; -0 is a real */
    TC_JSON_REAL,
    TC_JSON_TEXT,
    TC_JSON_LIST,
    TC_JSON_OBJECT
} tc_json_kind;

typedef struct tc_json {
    tc_json_kind kind;
    bool last;       /* in its list or object */
    uint32_t count;  /* values in a list, members of an object */
    uint32_t span;   /* entries in the array: itself and everything in it */
    const char *key; /* of a member, or NULL */
    union {
        int64_t integer;
        double real;
        const char *text;
    };
} tc_json;

enum { TC_JSON_DEPTH = 64 }; /* the deepest nesting of lists and objects */

/* What is wrong with a document (text NULL: out of memory) and where: in bytes from its beginning, and as line and
 * column from 1. For a duplicate key, the line is that on which the object ends. */
typedef struct tc_json_error {
    const char *text;
    size_t at, line, column;
} tc_json_error;

/* Reads text[length], which a NUL must follow, and overwrites it; the values point into it. NULL with *why for anything
 * that RFC 8259 does not allow, bytes that are not UTF-8, U+0000, half a surrogate pair, a number beyond double, a
 * duplicate key, or nesting deeper than TC_JSON_DEPTH. The result is one block of m. */
tc_json *tc_json_read(const tc_mem *m, char *text, size_t length, tc_json_error *why);

/* The member with that key; value i, from 0 (takes i steps); the first value; the one after it. NULL if it does not
 * exist. */
const tc_json *tc_json_get(const tc_json *object, const char *key);
const tc_json *tc_json_at(const tc_json *list, size_t i);
const tc_json *tc_json_first(const tc_json *list);
const tc_json *tc_json_next(const tc_json *value);
#define tc_json_each(list, i, value)                                                                                   \
    for ((i) = 0, (value) = tc_json_first(list); value; (value) = tc_json_next(value), (i)++)

size_t tc_json_size(const tc_json *list);
const char *tc_json_text(const tc_json *value);             /* NULL: not a string */
double tc_json_number(const tc_json *value);                /* NAN: not a number */
int64_t tc_json_whole(const tc_json *value, int64_t limit); /* an integer from 0 to limit; -1: not one */
bool tc_json_equal(const tc_json *a, const tc_json *b);     /* NULL equals NULL */

/* ---- Writing ---- */

/* Zero-initialise with {.to.mem = m}; `to` holds the text and the failure. Inside an object every call gives a key;
 * elsewhere key is NULL. */
typedef struct tc_json_writer {
    tc_text to;
    bool comma; /* the next value on this level needs a comma */
} tc_json_writer;

void tc_json_open(tc_json_writer *j, const char *key, char bracket); /* '{' or '[' */
void tc_json_close(tc_json_writer *j, char bracket);                 /* '}' or ']' */
void tc_json_add_integer(tc_json_writer *j, const char *key, int64_t value);
/* The shortest text of at least six digits that reads back as the same number; null if value is not finite. */
void tc_json_add_number(tc_json_writer *j, const char *key, double value);
/* Characters that must not be shown (tc_char_shown) are escaped; a byte that is not UTF-8 becomes U+FFFD. */
void tc_json_add_text(tc_json_writer *j, const char *key, const char *value);

/* The same in parts: begin, any number of parts, end. */
void tc_json_begin_text(tc_json_writer *j, const char *key);
void tc_json_put_text(tc_json_writer *j, const char *part);
void tc_json_end_text(tc_json_writer *j);

/* Adds the members of an object that has been written, "{...}", to the open one. */
void tc_json_add_members(tc_json_writer *j, const char *object);

#endif
