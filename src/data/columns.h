/* columns.h: what each column of a table of text is: an input, the label, a target, or left out.
 *
 * That is decided by the attributes of the source and, for data that a model is to be run on, by the schema that was
 * stored with the model. */
#ifndef TC_COLUMNS_H
#define TC_COLUMNS_H

#include "data/data.h"
#include "data/row_reader.h"
#include "data/words.h"

/* The attributes of csv. */
enum {
    TC_CSV_FILE,
    TC_CSV_LABEL,
    TC_CSV_TARGET,
    TC_CSV_X,
    TC_CSV_DROP,
    TC_CSV_HEADER,
    TC_CSV_MISSING,
    TC_CSV_ONEHOT,
    TC_CSV_UNKNOWN,
    TC_CSV_DELIMITER,
    TC_CSV_ID,
    TC_CSV_SAMPLE_WEIGHT
};

typedef enum tc_role { TC_UNUSED, TC_INPUT, TC_LABEL, TC_TARGET, TC_LEFT_OUT, TC_WEIGHT } tc_role;

typedef struct tc_column {
    const char *name; /* "": it has none */
    tc_role role;
    int64_t at;     /* which input or target it is, from 0 */
    bool onehot;    /* words, one element for each */
    bool ignore;    /* an unknown word is all zeros */
    bool left_out;  /* in the training of the model */
    double missing; /* what a missing value becomes; NAN: it is refused, or what it becomes is learned */
    tc_words words; /* of a label or of categories */
} tc_column;

typedef struct tc_columns {
    tc_samples *t;
    const tc_spec *spec;
    const tc_arg *arg;
    tacet_error *e;
    int64_t count, inputs, targets;
    bool header;
    tc_column *label, *id, *weight; /* or NULL */
    tc_column *column;
    int64_t *by_name; /* [count], in the order of the names */
    tc_text names;
} tc_columns;

/* Names `count` columns by a row (NULL: they have no names) and decides what they are. The caller frees the columns,
 * even after a failure. */
tacet_status tc_columns_set(tc_columns *c, const tc_rows *r, const tc_row *names, int64_t count);
void tc_columns_free(tc_columns *c);

/* Whether a column that is given in the attributes, or that the model expects, is named in the row. */
bool tc_columns_named(const tc_columns *c, const tc_rows *r, const tc_row *row);

/* The first column of that name, or -1. */
int64_t tc_columns_find(const tc_columns *c, const char *name);

/* Gives a column its role; refuses, at an attribute, a column that already has one. */
tacet_status tc_columns_give(tc_columns *c, int attr, int64_t i, tc_role role);

/* What the model expects (match.c): tc_columns_answers makes the columns of its label or targets those of these data,
 * if they are not given; tc_columns_left_out marks those that its training left out, and says whether one without a name
 * was among them; tc_columns_input says whether its training had a column of that name as an input; and tc_columns_match
 * gives each input, and each target, its place in a row of the model. */
void tc_columns_answers(tc_columns *c);
bool tc_columns_left_out(tc_columns *c);
bool tc_columns_input(const tc_columns *c, const char *name);
tacet_status tc_columns_match(tc_columns *c);

/* Fails with a caret at an attribute: "csv: message". */
__attribute__((format(printf, 3, 4))) tacet_status tc_columns_refuse(const tc_columns *c, int attr, const char *format,
                                                                     ...);

/* "path: message", TACET_FILE. */
__attribute__((format(printf, 2, 3))) tacet_status tc_columns_refuse_file(const tc_columns *c, const char *format, ...);

/* A column for messages: its name in quotes, or "column 3"; and as an attribute's value: its name, in quotes if needed,
 * or its number. */
const char *tc_columns_title(const tc_columns *c, int64_t i, char text[160]);
const char *tc_columns_value(const tc_columns *c, int64_t i, char text[160]);

/* In a file of one column: the delimiter that a field of it seems to hold, as an attribute's value, or NULL. */
const char *tc_columns_delimiter(const tc_columns *c, const char *text);
char tc_delimiter_of(const char *text); /* what the attribute means; 0: no delimiter */

/* Adds what other data need to be read in the same way. */
tacet_status tc_columns_write(const tc_columns *c, tc_json_writer *to);

#endif
