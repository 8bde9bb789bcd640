/* array.h: numbers of one type in rows, in memory or mapped, and how they are read from a file that holds only a header
 * and numbers. */
#ifndef TC_ARRAY_H
#define TC_ARRAY_H

#include "base/dtype.h"
#include "base/shape.h"
#include "data/reader.h"

/* How rows are read, which a file that is mapped wants to know. */
typedef enum tc_access { TC_IN_ORDER, TC_DRAWN } tc_access;

typedef struct tc_array {
    tacet_type type;
    int64_t rows;
    tc_shape shape; /* of a row; rank 0: a row is one number */
    void *data;     /* [rows, shape...], owned; NULL: no array. With parts: the rows of the first one, not owned */
    bool borrowed;  /* data is the caller's, and only read */
    void *map[2];   /* the file, which ends with `data`, mapped for each access; NULL: data was allocated */
    size_t mapped;  /* its bytes; they are never written to */
    int parts;      /* several arrays as one; 0: all rows are in `data` */
    struct tc_array *part;
    int64_t before; /* of a part: the rows of those before it */
} tc_array;

void tc_array_free(tc_array *a, const tc_mem *m);

/* Adds a->part[a->parts - 1] to the array. Refuses one whose type or shape is not that of the first part; path[i] names
 * part i. */
tacet_status tc_array_join(tc_array *a, const char *const *path, tacet_error *e);

const void *tc_array_row(const tc_array *a, int64_t row, tc_access access);

size_t tc_type_size(tacet_type type);
bool tc_type_whole(tacet_type type); /* whole numbers, as labels are */

/* to[i] = data[first + i] as double */
void tc_widen(const tc_array *a, int64_t first, int64_t n, double *to);

/* Refuses the first number that is NaN: "name: row 3 ...". */
tacet_status tc_array_finite(const tc_array *a, const char *name, tacet_error *e);

/* Rows and their shape from the sizes that a header gives, outermost first; false if they make no valid table (a size
 * below 1, a product above TC_MAX_COUNT, a rank above TC_MAX_RANK + 1). */
bool tc_array_sizes(tc_array *a, int rank, const int64_t *size);

#define TC_ARRAY_NUMBERS "the numbers that its header promises"

/* Takes the rest of the file, which should be all numbers of the array, `width` bytes each, and nothing more, as they
 * are stored. */
tacet_status tc_array_read(tc_array *a, tc_reader *r, size_t width);

/* The same for numbers of a->type, stored as they are in memory. A file that is not compressed is mapped: its pages come
 * into memory when they are read, and leave when memory is short. */
tacet_status tc_array_map(tc_array *a, tc_reader *r);

/* Begins to read mapped files, unless they would fill more than half of the memory: drawing a row from a file on a disk
 * reads one page, which is slow for all of its pages. */
void tc_array_warm(const tc_array *a);

/* How a file stores an array. columns: its first index runs fastest. */
typedef struct tc_layout {
    const tc_dtype *dtype;
    bool big_endian, columns;
} tc_layout;

/* Takes the rest of the file as rows of the type in memory, which it sets: mapped if it is stored like that, otherwise
 * read and turned into it. */
tacet_status tc_array_take(tc_array *a, tc_reader *r, const tc_layout *l);

/* Reads the array as labels: sets `classes` to the largest plus 1, and refuses ("name: row 3 has the label -1 ...")
 * labels outside 0..2^31-2; except those that are `ignore` (NAN: none is ignored). */
tacet_status tc_array_classes(const tc_array *a, const char *name, double ignore, int64_t *classes, tacet_error *e);

/* Refuses an array that is not one weight, at least 0, for each row. */
tacet_status tc_array_weights(const tc_array *a, const char *name, tacet_error *e);

#endif
