/* weight.h: how a parameter is stored, how users see it, and a weight as a matrix.
 *
 * An operator's table gives a parameter's dimensions as users see them, one letter each (tc_param.axes): `o` are the
 * units, `i` the inputs, and every other letter is a tap, a position in a kernel. Taps are adjacent dimensions. In
 * memory they come first, in their order, then the inputs, and the units last:
 *
 *     linear           "oi"      users see [out, in]            stored [in, out]
 *     a convolution    "oihw"               [out, in, kh, kw]          [kh, kw, in, out]
 *     an embedding     "io"                 [in, out]                  [in, out]
 *
 * So the string defines both layouts, and a stored shape alone gives taps, inputs and units. Products and penalties
 * take a weight as its matrix [taps * in, out], the numbers as they are stored: a unit is a column, an input is `taps`
 * rows that are `in` apart. NULL instead of a string: at most one dimension, which is the same in both layouts.
 *
 * The units of a grouped convolution are divided into groups (tc_view.groups) with `in` inputs each, so that the layer
 * has groups * in inputs. A row of the matrix then holds a different input for each group: input (g, i) is the columns
 * of group g in the rows of i. */
#ifndef TC_WEIGHT_H
#define TC_WEIGHT_H

#include "base/shape.h"

/* The matrix [rows, out] of a weight, rows = taps * in. A vector is a matrix of one row, a scalar [1, 1]. */
typedef struct tc_matrix {
    int64_t taps, in, rows, out;
} tc_matrix;

tc_matrix tc_matrix_of(const tc_shape *stored);

/* Whether users see the dimensions in an order other than that of storage. */
bool tc_weight_turned(const char *axes);

/* The shape that users see. */
tc_shape tc_weight_seen(const char *axes, const tc_shape *stored);

/* How a parameter that one layer owns fits another layer, whose own may have other letters and another shape. */
typedef enum tc_fit {
    TC_FIT_AS_IS,  /* stored as the layer's own would be */
    TC_FIT_TURNED, /* a matrix that is stored transposed */
    TC_FIT_ORDER,  /* users see the right shape, but the dimensions are stored in an order that no product can use */
    TC_FIT_SHAPE   /* users see another shape */
} tc_fit;

/* The owner's parameter has the letters `axes` and the shape `stored`; the other layer's own would have `own_axes` and
 * `own`. transposed: the other layer uses the transpose of the matrix that users see. */
tc_fit tc_weight_fit(const char *axes, const tc_shape *stored, const char *own_axes, const tc_shape *own,
                     bool transposed);

/* Copies all elements from memory to the order that users see, and back. The two must not overlap. */
void tc_weight_copy_out(const char *axes, const tc_shape *stored, const float *from, float *seen);
void tc_weight_copy_in(const char *axes, const tc_shape *stored, const float *seen, float *to);

#endif
