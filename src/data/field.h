/* field.h: comma-separated text, cut into fields. */
#ifndef TC_FIELD_H
#define TC_FIELD_H

#include "data/reader.h"

enum { TC_MAX_FIELD = 4096 };

typedef struct tc_fields {
    tc_reader *reader;
    char delimiter;
    int64_t line;   /* of the field, from 1 */
    int64_t column; /* of the field, from 1; 0 before the first one */
    int64_t next_line;
    bool new_row; /* the field before was the last of its row */
    bool quoted;  /* the field is in quotes */
    int pushed_count;
    unsigned char pushed[2]; /* bytes that are read again, the next one last */
    size_t length;
    char text[TC_MAX_FIELD + 1]; /* the field, without quotes and the spaces around it */
} tc_fields;

void tc_fields_begin(tc_fields *f, tc_reader *reader, char delimiter);

/* The next field. False at the end of the file, and on failure (reader->status). Empty lines are skipped. */
bool tc_fields_next(tc_fields *f);

/* Fails with "path, line L, column C: message". */
__attribute__((format(printf, 2, 3))) tacet_status tc_fields_refuse(tc_fields *f, const char *format, ...);

/* A field as a number (a decimal in the C locale, finite). */
bool tc_field_number(const char *text, double *x);

#endif
