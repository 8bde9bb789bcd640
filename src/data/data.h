/* data.h: rows of numbers with labels or targets, where they come from, and how they are scaled.
 *
 *     source "idx DIR" --open--> table (as stored) <--- data (some or all rows, in order; a scaling) <--- loader (steer)
 *
 * A table is read once and never changes; several data may be views of one. A new source takes one file and one line in
 * source.c. Arrays in the memory of the caller make a table as well (arrays.c). */
#ifndef TC_DATA_H
#define TC_DATA_H

#include "base/json.h"
#include "data/array.h"
#include "data/order.h"
#include "spec/spec.h"

/* The contents of files, or of arrays in memory, in their own types. All owned, except arrays that are borrowed. */
typedef struct tc_samples {
    tc_mem mem;
    tc_array x;
    tc_array y;      /* as many rows of labels (0..classes-1) or targets; or no data */
    tc_array weight; /* as many weights of at least 0; or no data: all are 1 */
    int64_t classes; /* 0: y are targets */
    double ignore;   /* a label that is not one; NAN: none */
    bool words;      /* the classes are words, which are in the schema */
    tc_shape stored; /* x.shape as the file has it; x.shape itself is how a row is fed */
    bool has_test;
    bool pixels;     /* a row is an image [height, width, channels], also if the source does not say layout=hwc */
    int header;            /* 1: the file has names of columns; 0: it has not; -1: it has no columns */
    const tc_json *expect; /* not owned: the schema of the model that the data are for; NULL: they are for training */
    bool x_only;           /* labels and targets are not read */
    tc_json_writer schema; /* members that other data need to be read in the same way */
    tc_text remarks;       /* what the user should know, in lines */
    tc_text ids;           /* of the rows, each ended by a NUL, if a column is named for them; the paths of pictures */
    size_t *id;            /* [x.rows] where each begins; or NULL */
} tc_samples;

/* Zero, except what says how to read. */
tc_samples tc_samples_of(const tc_mem *m, const tc_json *expect, bool x_only);

void tc_samples_free(tc_samples *t);

/* A kind of source. open fills a zeroed table with the training part or, if `test`, the test part; on failure the
 * caller frees what it has filled in so far. `arg` is in the order of `attribute`. */
typedef struct tc_source {
    const char *name, *formula, *doc, *source;
    const tc_attribute *attribute; /* ends with a NULL name */
    bool has_test;                 /* may have a test part */
    tacet_status (*open)(tc_samples *t, const tc_spec *spec, const tc_arg *arg, bool test, tacet_error *e);
} tc_source;

int tc_source_count(void);
const tc_source *tc_source_at(int i);
const tc_source *tc_source_find(const char *name); /* or NULL */

tacet_status tc_arrays_weigh(tc_samples *t, const tacet_array *weight, tacet_error *e);
/* Puts arrays of the caller into a zeroed table (arrays.c). y NULL: no labels or targets. */
tacet_status tc_arrays_take(tc_samples *t, int64_t rows, const tacet_array *x, const tacet_array *y, bool labels,
                            tacet_error *e);
#define TC_ARRAYS "arrays" /* what they are called in a source; it cannot be opened */

/* Attributes that all sources share, and their order. */
extern const tc_attribute tc_source_common[];
enum {
    TC_SOURCE_SCALE,
    TC_SOURCE_MEAN,
    TC_SOURCE_STD,
    TC_SOURCE_NORMALIZE,
    TC_SOURCE_NORMALIZE_TARGET,
    TC_SOURCE_FLAT,
    TC_SOURCE_LAYOUT,
    TC_SOURCE_IGNORE
};
#define TC_LAYOUT_WORDS "none|hwc|chw"

/* Gives the rows of a table that was just opened the shape in which they are fed, and notes that of the file in
 * t->stored (image_rows.c). */
tacet_status tc_image_rows(tc_samples *t, const tc_spec *spec, const tc_arg *common, tacet_error *e);

/* How x or y is scaled: 1 or n pairs, or one for each channel, which repeat; none: it is not scaled. */
typedef struct tc_scale {
    int64_t count;
    double *scale, *shift; /* one block, owned, which begins at scale */
} tc_scale;

/* Makes the scaling of x, and that of the targets, that the common attributes describe, from these training data. *s
 * must be empty; the caller frees it, even after a failure. The same holds for a copy and for one that is read. */
tacet_status tc_scale_make(tc_scale *s, const tc_samples *t, const tc_spec *spec, const tc_arg *common, tacet_error *e);
tacet_status tc_scale_target(tc_scale *s, const tc_samples *t, const tc_spec *spec, const tc_arg *common,
                             tacet_error *e);
tacet_status tc_scale_copy(tc_scale *to, const tc_mem *m, const tc_scale *from, tacet_error *e);

/* A scaling in a schema: two lists of numbers. Reading allows for none, and otherwise for a number of pairs that divides n. */
void tc_scale_write(const tc_scale *s, const char *scale, const char *shift, tc_json_writer *to);
tacet_status tc_scale_read(tc_scale *s, const tc_mem *m, const tc_json *schema, const char *scale, const char *shift,
                           int64_t n, tacet_error *e);

struct tacet_data {
    tc_mem mem;
    tc_samples own;          /* empty in a view */
    const tc_samples *table; /* own, or the table that it is a view of */
    int64_t rows;
    tc_split *split; /* [splits]: what was held out, first to last; none: the rows of the table */
    int splits;
    tc_scale scale, target;
    char *spec, *schema, *remarks;
};

/* What tells these rows from others, as lines of text; whether two such texts are of the same rows, and if not, why: "it
 * had 300 rows, and here are 91 rows". */
void tc_fingerprint(const tacet_data *d, tc_text *to);
bool tc_fingerprint_same(const char *theirs, const char *own, tc_text *why);
int64_t tc_data_row(const tacet_data *d, int64_t i); /* the row of the table that is row i of the data */

extern const tc_source tc_source_idx, tc_source_npy, tc_source_csv, tc_source_images;

#endif
