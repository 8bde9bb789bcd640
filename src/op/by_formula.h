/* by_formula.h: operators whose formula the user writes (formula/formula.h). Each names its variables; the formula is its
 * first attribute.
 *
 * It runs tile by tile. A number that is not finite in float32 is computed again in double: squares and exponentials may
 * leave the range of a float although the result does not. */
#ifndef TC_BY_FORMULA_H
#define TC_BY_FORMULA_H

#include "formula/formula.h"
#include "kernel/sum.h"
#include "op/op.h"

#include <float.h>

enum { TC_OF_FORMULA }; /* the attribute */

static inline const tc_formula *tc_formula_of(const tc_arg *arg) { return arg[TC_OF_FORMULA].made; }

TC_INLINE bool tc_by_formula_prepare(const tc_op *op, const tc_mem *m, const tc_spec *spec, tc_arg *arg,
                                     const char *const *variable, tacet_error *e)
{
    const tc_formula_source source = {
        .spec = spec, .arg = &arg[TC_OF_FORMULA], .variable = variable, .taken = {op->attribute, op->role->common}};
    arg[TC_OF_FORMULA].made = tc_formula_new(m, &source, e);
    return arg[TC_OF_FORMULA].made != NULL;
}

static inline int64_t tc_by_formula_scratch(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    return tc_formula_scratch(tc_formula_of(s->arg));
}

TC_INLINE bool tc_all_finite(const float *x, int64_t n)
{
    int32_t bad = 0;
    for (int64_t i = 0; i < n; i++) bad |= !(fabsf(x[i]) <= FLT_MAX);
    return !bad;
}

TC_INLINE double tc_formula_wide(const tc_formula *f, int program, const float *const *x, int64_t i)
{
    const double wide[TC_FORMULA_VARIABLES] = {(double)x[0][i], (double)x[1][i]};
    return tc_formula_at(f, program, wide);
}

/* tc_formula_tile, with what is not finite computed again. */
TC_INLINE float *tc_finite_tile(const tc_formula *f, int program, const float *const *x, int64_t n, float *scratch,
                                float *to)
{
    float *tile = tc_formula_tile(f, program, x, n, scratch, to);
    if (tc_all_finite(tile, n)) return tile;
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(tile[i])) tile[i] = (float)tc_formula_wide(f, program, x, i);
    return tile;
}

TC_INLINE float tc_itself(float x, const float *a)
{
    (void)a;
    return x;
}

/* The sum of the formula over elements [from, to) of x. */
TC_INLINE double tc_formula_sum(const tc_call *c, const float *const *x, int64_t from, int64_t to)
{
    const tc_formula *f = tc_formula_of(c->arg);
    double sum = 0;
    tc_formula_begin(f, TC_FORMULA_VALUE, to - from, c->scratch);
    for (int64_t i = from; i < to; i += TC_FORMULA_TILE) {
        const int64_t n = to - i < TC_FORMULA_TILE ? to - i : TC_FORMULA_TILE;
        const float *at[TC_FORMULA_VARIABLES] = {x[0] + i, x[1] + i};
        const float *tile = tc_formula_tile(f, TC_FORMULA_VALUE, at, n, c->scratch, NULL);
        double part = tc_sum(tile, 0, n, NULL, tc_itself);
        if (!isfinite(part)) {
            part = 0;
            for (int64_t k = 0; k < n; k++) part += tc_formula_wide(f, TC_FORMULA_VALUE, at, k);
        }
        sum += part;
    }
    return sum;
}

/* d = factor * g * the derivative, stored or added; g NULL: 1. */
TC_INLINE void tc_formula_slope(const tc_call *c, int program, const float *const *x, int64_t from, int64_t to,
                                float factor, const float *g, float *d, bool add)
{
    const tc_formula *f = tc_formula_of(c->arg);
    tc_formula_begin(f, program, to - from, c->scratch);
    for (int64_t i = from; i < to; i += TC_FORMULA_TILE) {
        const int64_t n = to - i < TC_FORMULA_TILE ? to - i : TC_FORMULA_TILE;
        const float *at[TC_FORMULA_VARIABLES] = {x[0] + i, x[1] + i};
        const float *tile = tc_finite_tile(f, program, at, n, c->scratch, NULL);
        float *to_d = d + i;
        const float *from_g = g ? g + i : NULL;
        if (g && add)
            for (int64_t k = 0; k < n; k++) to_d[k] += from_g[k] * tile[k];
        else if (g)
            for (int64_t k = 0; k < n; k++) to_d[k] = from_g[k] * tile[k];
        else if (add)
            for (int64_t k = 0; k < n; k++) to_d[k] += factor * tile[k];
        else
            for (int64_t k = 0; k < n; k++) to_d[k] = factor * tile[k];
    }
}

#endif
