/* array.h: numbers of one type in rows, and how they are read from a file that holds only a header and numbers. */
#ifndef TC_ARRAY_H
#define TC_ARRAY_H

#include "base/dtype.h"
#include "base/shape.h"
#include "data/reader.h"

typedef struct tc_array {
    tacet_type type;
    int64_t rows;
    tc_shape shape; /* of a row; rank 0: a row is one number */
    void *data;     /* [rows, shape...], owned by its creator; NULL: no array */
} tc_array;

size_t tc_type_size(tacet_type type);
bool tc_type_whole(tacet_type type); /* whole numbers, as labels are */

/* to[i] = data[first + i] as double */
void tc_widen(const tc_array *a, int64_t first, int64_t n, double *to);

/* Rows and their shape from the sizes that a header gives, outermost first; false if they make no valid table (a size
 * below 1, a product above TC_MAX_COUNT, a rank above TC_MAX_RANK + 1). */
bool tc_array_sizes(tc_array *a, int rank, const int64_t *size);

/* Takes the rest of the file, which should be all numbers of the array, `width` bytes each, and nothing more, as they
 * are stored. */
tacet_status tc_array_read(tc_array *a, tc_reader *r, size_t width);

/* How a file stores an array. columns: its first index runs fastest. */
typedef struct tc_layout {
    const tc_dtype *dtype;
    bool big_endian, columns;
} tc_layout;

/* The same, and turns them into rows of the type in memory, which it sets. */
tacet_status tc_array_take(tc_array *a, tc_reader *r, const tc_layout *l);

/* Reads the array as labels: sets `classes` to the largest plus 1, and refuses ("path: row 3 has the label -1 ...")
 * labels outside 0..2^31-2. */
tacet_status tc_array_classes(const tc_array *a, tc_reader *r, int64_t *classes);

#endif
