/* pointwise.h: the loops for elementwise operators, each given by two scalar formulas.
 *
 * The formulas are passed as constants to functions that are always inlined, so that each operator's file compiles to
 * straight vector loops. `a` points to the operator's attributes as floats (the first TC_FORMULA_ARGS). */
#ifndef TC_POINTWISE_H
#define TC_POINTWISE_H

#include "kernel/sum.h"
#include "op/op.h"

#include <string.h>

TC_INLINE void tc_pointwise_args(const tc_call *c, float a[TC_FORMULA_ARGS])
{
    int n = tc_attr_count(c->op->attribute);
    for (int i = 0; i < TC_FORMULA_ARGS; i++) a[i] = i < n ? (float)c->arg[i].number : 0.0f;
}

/* y = f(x) */
TC_INLINE void tc_map(const tc_call *c, int64_t begin, int64_t end, float (*f)(float x, const float *a))
{
    float a[TC_FORMULA_ARGS];
    tc_pointwise_args(c, a);
    const float *x = c->x[0].data;
    float *y = c->y.data;
    for (int64_t i = begin; i < end; i++) y[i] = f(x[i], a);
}

/* d = g * df(v), stored or added; v is x or y. */
TC_INLINE void tc_map_back(const tc_call *c, int64_t begin, int64_t end, const float *v,
                           float (*df)(float v, const float *a))
{
    float a[TC_FORMULA_ARGS];
    tc_pointwise_args(c, a);
    const float *g = c->g;
    float *d = c->d[0];
    if (!d) return;
    if (c->add[0])
        for (int64_t i = begin; i < end; i++) d[i] += g[i] * df(v[i], a);
    else
        for (int64_t i = begin; i < end; i++) d[i] = g[i] * df(v[i], a);
}

/* The derivative as a formula in x (TC_READS_X), or in y (TC_READS_Y). */
TC_INLINE void tc_map_back_x(const tc_call *c, int64_t begin, int64_t end, float (*df)(float x, const float *a))
{
    tc_map_back(c, begin, end, c->x[0].data, df);
}

TC_INLINE void tc_map_back_y(const tc_call *c, int64_t begin, int64_t end, float (*df)(float y, const float *a))
{
    tc_map_back(c, begin, end, c->y.data, df);
}

/* d[k] = g, stored or added: for an operator that passes on its input. In place nothing is stored. */
TC_INLINE void tc_pass_back(const tc_call *c, int64_t begin, int64_t end, int k)
{
    const float *g = c->g;
    float *d = c->d[k];
    if (!d) return;
    if (c->add[k])
        for (int64_t i = begin; i < end; i++) d[i] += g[i];
    else if (d != g)
        memcpy(d + begin, g + begin, (size_t)(end - begin) * sizeof *d);
}

#endif
