/* pointwise.h: an elementwise operator is two scalar formulas; the loops are here, once.
 *
 * The formulas are passed as constants to functions that are always inlined, so that each operator's file compiles to
 * straight vector loops. `a` points to the operator's attributes as floats (TC_POINTWISE_ARGS of them). */
#ifndef TC_POINTWISE_H
#define TC_POINTWISE_H

#include "kernel/sum.h"
#include "op/op.h"

enum { TC_POINTWISE_ARGS = 4 };

TC_INLINE void tc_pointwise_args(const tc_call *c, float a[TC_POINTWISE_ARGS])
{
    int n = tc_attr_count(c->op->attribute);
    for (int i = 0; i < TC_POINTWISE_ARGS; i++) a[i] = i < n ? (float)c->arg[i].number : 0.0f;
}

/* y = f(x) */
TC_INLINE void tc_map(const tc_call *c, int64_t begin, int64_t end, float (*f)(float x, const float *a))
{
    float a[TC_POINTWISE_ARGS];
    tc_pointwise_args(c, a);
    const float *x = c->x[0].data;
    float *y = c->y.data;
    for (int64_t i = begin; i < end; i++) y[i] = f(x[i], a);
}

/* d = g * f'(x, y), stored or added. An operator that does not flag TC_READS_X gets x = 0, likewise y. */
TC_INLINE void tc_map_back(const tc_call *c, int64_t begin, int64_t end, unsigned flags,
                           float (*df)(float x, float y, const float *a))
{
    float a[TC_POINTWISE_ARGS];
    tc_pointwise_args(c, a);
    const bool reads_x = (flags & TC_READS_X) != 0, reads_y = (flags & TC_READS_Y) != 0;
    const float *x = c->x[0].data, *y = c->y.data, *g = c->g;
    float *d = c->d[0];
    if (!d) return;
    if (c->add[0])
        for (int64_t i = begin; i < end; i++) d[i] += g[i] * df(reads_x ? x[i] : 0.0f, reads_y ? y[i] : 0.0f, a);
    else
        for (int64_t i = begin; i < end; i++) d[i] = g[i] * df(reads_x ? x[i] : 0.0f, reads_y ? y[i] : 0.0f, a);
}

#endif
