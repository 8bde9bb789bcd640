/* picture_order.h: the order of an image's numbers as one dimension, for flatten and reshape.
 *
 * An image [H, W, C] becomes [C H W], channel by channel, as in PyTorch, and the other way round:
 *
 *     vector(c H W + p) = image(p, c), p = 0 .. H W - 1
 *
 * so that the weights of a layer on either side are those of the same network in PyTorch. With order=hwc, and between
 * any other numbers of dimensions, the numbers keep their order in memory. */
#ifndef TC_PICTURE_ORDER_H
#define TC_PICTURE_ORDER_H

#include "op/pointwise.h"

enum { TC_CHW, TC_HWC }; /* in the order of the words */
#define TC_PICTURE_ORDER                                                                                               \
    {                                                                                                                  \
        "order", "chw|hwc", "chw",                                                                                     \
            "the order of the numbers of an image as one dimension: chw, channel by channel, as PyTorch; hwc, as "     \
            "they lie in memory",                                                                                      \
            false                                                                                                      \
    }

enum { TC_IMAGE_RANK = 3 };

/* The matrix [m, n] as which a row of x is transposed; m = 0: its order stays. */
typedef struct tc_turn {
    int64_t m, n;
} tc_turn;

static inline tc_turn tc_turn_of(const tc_call *c, int order)
{
    const tc_shape *x = &c->x[0].shape, *y = &c->y.shape;
    if (order == TC_HWC) return (tc_turn){0};
    if (x->rank == TC_IMAGE_RANK && y->rank == 1) return (tc_turn){x->dim[0] * x->dim[1], x->dim[2]};
    if (x->rank == 1 && y->rank == TC_IMAGE_RANK) return (tc_turn){y->dim[2], y->dim[0] * y->dim[1]};
    return (tc_turn){0};
}

/* tc_op.unit. Without a turn number p Uy + u of y is that of x, whose unit is its remainder by Ux: it is one unit for
 * all p if Ux divides Uy. */
static inline int64_t tc_reordered_unit(const tc_sketch *s, int i, int64_t u, int order)
{
    const tc_shape *x = &s->x[i], *y = &s->y;
    if (order == TC_CHW && x->rank == TC_IMAGE_RANK && y->rank == 1) return u / (x->dim[0] * x->dim[1]);
    if (order == TC_CHW && x->rank == 1 && y->rank == TC_IMAGE_RANK) return TC_ALL_UNITS;
    return tc_shape_units(y) % tc_shape_units(x) == 0 ? u % tc_shape_units(x) : TC_ALL_UNITS;
}

/* Rows [begin, end) of y. */
TC_INLINE void tc_reorder(const tc_call *c, int order, int64_t begin, int64_t end)
{
    const int64_t n = c->y.n;
    const tc_turn turn = tc_turn_of(c, order);
    const float *x = c->x[0].data;
    float *y = c->y.data;
    if (turn.m == 0) memcpy(y + begin * n, x + begin * n, (size_t)((end - begin) * n) * sizeof *x);
    for (int64_t r = begin; r < end && turn.m > 0; r++)
        c->run->kernel->transpose(x + r * n, turn.n, turn.m, turn.n, false, y + r * n, turn.m);
}

/* Rows [begin, end) of dL/dx. */
TC_INLINE void tc_reorder_back(const tc_call *c, int order, int64_t begin, int64_t end)
{
    const int64_t n = c->y.n;
    const tc_turn turn = tc_turn_of(c, order);
    if (turn.m == 0) tc_pass_back(c, begin * n, end * n, 0);
    for (int64_t r = begin; r < end && turn.m > 0 && c->d[0]; r++)
        c->run->kernel->transpose(c->g + r * n, turn.m, turn.n, turn.m, c->add[0], c->d[0] + r * n, turn.n);
}

#endif
