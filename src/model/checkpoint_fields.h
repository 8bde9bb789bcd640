/* checkpoint_fields.h: numbers of a checkpoint, one by one or as the members of a struct. */
#ifndef TC_CHECKPOINT_FIELDS_H
#define TC_CHECKPOINT_FIELDS_H

#include "base/json.h"

#include <stddef.h>

#define TC_MOST_WHOLE (INT64_C(1) << 53) /* a double holds every whole number up to here */

/* null is NAN. */
static inline bool tc_take_real(const tc_json *from, double *x)
{
    *x = tc_json_number(from);
    return from && (from->kind == TC_JSON_NULL || from->kind == TC_JSON_INTEGER || from->kind == TC_JSON_REAL);
}

static inline bool tc_take_whole(const tc_json *from, int64_t *x)
{
    *x = tc_json_whole(from, TC_MOST_WHOLE);
    return *x >= 0;
}

/* A struct of numbers, under the names of its members: renaming one makes a new version. */
typedef struct tc_field {
    const char *key; /* NULL: the end */
    size_t at;
    bool count; /* int64_t, otherwise double */
} tc_field;
#define FIELD(type, member, count) {#member, offsetof(type, member), count}
#define COUNT(type, member) FIELD(type, member, true)
#define NUMBER(type, member) FIELD(type, member, false)

static inline void tc_write_fields(tc_json_writer *j, const tc_field *f, const void *from)
{
    for (; f->key; f++) {
        const void *x = (const char *)from + f->at;
        if (f->count)
            tc_json_add_integer(j, f->key, *(const int64_t *)x);
        else
            tc_json_add_number(j, f->key, *(const double *)x);
    }
}

static inline void tc_write_struct(tc_json_writer *j, const char *key, const tc_field *f, const void *from)
{
    tc_json_open(j, key, '{');
    tc_write_fields(j, f, from);
    tc_json_close(j, '}');
}

static inline bool tc_read_fields(const tc_json *from, const tc_field *f, void *to)
{
    bool good = true;
    for (; f->key && good; f++) {
        void *x = (char *)to + f->at;
        good = f->count ? tc_take_whole(tc_json_get(from, f->key), x) : tc_take_real(tc_json_get(from, f->key), x);
    }
    return good;
}

#endif
