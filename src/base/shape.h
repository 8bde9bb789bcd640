/* shape.h: the sizes of a tensor, without the batch, and what its type is called. */
#ifndef TC_SHAPE_H
#define TC_SHAPE_H

#include "base/text.h"

enum { TC_MAX_RANK = 8 };

typedef struct tc_shape {
    int rank;
    int64_t dim[TC_MAX_RANK];
} tc_shape;

/* The number of elements, or -1 if a size is not positive or the product is above TC_MAX_COUNT. A scalar has 1. */
#define TC_MAX_COUNT (INT64_C(1) << 40)
int64_t tc_shape_count(const tc_shape *s);

/* A unit is an index of the last dimension, and a position one of the leading dimensions: [512] has 512 units and one
 * position, [14, 14, 32] has 32 units and 196 positions. A scalar has one of each. */
int64_t tc_shape_units(const tc_shape *s);
int64_t tc_shape_positions(const tc_shape *s);

bool tc_shape_equal(const tc_shape *a, const tc_shape *b);

/* "[512, 784]"; with batch "[batch, 784]". Returns buffer. */
enum { TC_SHAPE_TEXT = 192 };
const char *tc_shape_text(const tc_shape *s, bool batch, char buffer[TC_SHAPE_TEXT]);

/* "float32", for messages; NULL for an unknown type. */
const char *tc_type_name(tacet_type type);

#endif
