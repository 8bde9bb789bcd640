/* data.h: rows of numbers with labels or targets, where they come from, and how they are scaled.
 *
 *     source "idx DIR" --open--> table (as stored) <--- data (some or all rows, in order; a scaling) <--- loader
 *
 * A table is read once and never changes; several data may look at one. Sources are rows of a list: a reader is one
 * file and one line in source.c. */
#ifndef TC_DATA_H
#define TC_DATA_H

#include "base/rng.h"
#include "base/shape.h"
#include "spec/spec.h"

/* What a file held. x[rows, shape...] in its own type; labels[rows, label_shape...] in 0..classes-1, or NULL;
 * targets[rows, target_shape...], or NULL. All owned. */
typedef struct tc_samples {
    tc_mem mem;
    int64_t rows;
    tacet_type type;
    tc_shape shape, stored; /* of a row, as it is fed and as the file has it */
    void *x;
    int32_t *labels;
    tc_shape label_shape; /* rank 0: a label for each row */
    int64_t classes;
    char *words; /* of the classes, a line each, ascending; NULL where they are numbers */
    tacet_type target_type;
    tc_shape target_shape;
    void *targets;
    bool has_test;
} tc_samples;

void tc_samples_free(tc_samples *t);

/* A kind of source. open fills a zeroed table with the training part or, where `test`, the test part; on failure what
 * it has filled in so far is freed by the caller. `arg` is in the order of `attribute`. */
typedef struct tc_source {
    const char *name, *formula, *doc, *source;
    const tacet_attribute *attribute; /* ends with a NULL name */
    bool has_test;                    /* may have a test part */
    tacet_status (*open)(tc_samples *t, const tc_spec *spec, const tc_arg *arg, bool test, tacet_error *e);
} tc_source;

int tc_source_count(void);
const tc_source *tc_source_at(int i);
const tc_source *tc_source_find(const char *name); /* or NULL */

/* Attributes that all sources share, and their order. */
extern const tacet_attribute tc_source_common[];
enum { TC_SOURCE_SCALE, TC_SOURCE_MEAN, TC_SOURCE_STD, TC_SOURCE_NORMALIZE, TC_SOURCE_FLAT };

/* How x is scaled: 1 or n pairs, and the same as text. Owned. */
typedef struct tc_scale {
    int64_t count;
    float *scale, *shift; /* one block, which begins at scale */
    char *text;
} tc_scale;

void tc_scale_free(const tc_mem *m, tc_scale *s);

/* The scaling that the common attributes ask for, over these training data. */
tacet_status tc_scale_make(tc_scale *s, const tc_samples *t, const tc_spec *spec, const tc_arg *common, tacet_error *e);

/* From text, for rows of n elements. */
tacet_status tc_scale_read(tc_scale *s, const tc_mem *m, int64_t n, const char *text, tacet_error *e);

struct tacet_data {
    tc_mem mem;
    tc_samples own;          /* empty in a view */
    const tc_samples *table; /* own, or the one that it is a view of */
    int64_t rows;
    int64_t *index; /* [rows], ascending rows of the table; NULL: all of them */
    tc_scale scale;
    char *spec;
};

/* ---- Numbers in tables ---- */

size_t tc_type_size(tacet_type type);

/* to[i] = from[first + i] as double */
void tc_widen(tacet_type type, const void *from, int64_t first, int64_t n, double *to);

/* Integers [rows, label_shape...] of any type as labels. Refuses ("path: row 3 has the label -1 ...") what is not in
 * 0..2^31-2; `classes` is set to the largest plus 1. */
tacet_status tc_labels_take(tc_samples *t, tacet_type type, const void *from, const char *path, tacet_error *e);

/* rows and the shape of a row from the sizes that a header gives, outermost first; false when they make no sensible
 * table (a size below 1, a product above TC_MAX_COUNT, a rank above TC_MAX_RANK + 1). One size: rows of one number. */
bool tc_rows_of(int rank, const int64_t *size, int64_t *rows, tc_shape *shape);

extern const tc_source tc_source_idx, tc_source_npy, tc_source_csv;

#endif
