/* pair.h: a loss that compares an output with its target, element by element, needs only a few scalar formulas.
 *
 *     value = sum_i f(x_i, t_i) / denominator      dL/dx_i = lambda / denominator * df/dx, and the same for t
 *
 * x [rows, n] the output, t [rows, n] the target, which may itself be trained. */
#ifndef TC_PAIR_H
#define TC_PAIR_H

#include "op/pointwise.h"

typedef float tc_pair(float x, float t, const float *a);

TC_INLINE void tc_pair_forward(const tc_call *c, int64_t begin, int64_t end, tc_pair *f)
{
    enum { LANES = 16 };
    float a[TC_FORMULA_ARGS];
    tc_pointwise_args(c, a);
    const float *x = c->x[0].data, *t = c->x[1].data;
    double lane[LANES] = {0}, sum = 0;
    int64_t i = begin;
    for (; i + LANES <= end; i += LANES)
        for (int j = 0; j < LANES; j++) lane[j] += (double)f(x[i + j], t[i + j], a);
    for (int j = 0; j < LANES; j++) sum += lane[j];
    for (; i < end; i++) sum += (double)f(x[i], t[i], a);
    *tc_partial(c, begin) = sum;
}

/* The same, but if the sum is not finite it is that of `wide`, the formula in double: squares and differences of large
 * numbers are beyond float32. */
TC_INLINE void tc_pair_forward_wide(const tc_call *c, int64_t begin, int64_t end, tc_pair *f,
                                    double (*wide)(double x, double t, const float *a))
{
    tc_pair_forward(c, begin, end, f);
    double *sum = tc_partial(c, begin);
    if (isfinite(*sum)) return;
    float a[TC_FORMULA_ARGS];
    tc_pointwise_args(c, a);
    *sum = 0;
    for (int64_t i = begin; i < end; i++) *sum += wide((double)c->x[0].data[i], (double)c->x[1].data[i], a);
}

/* The gradient to input k: seed times the formula df. */
TC_INLINE void tc_pair_gradient(const tc_call *c, int64_t begin, int64_t end, int k, float seed, tc_pair *df)
{
    float a[TC_FORMULA_ARGS];
    tc_pointwise_args(c, a);
    const float *x = c->x[0].data, *t = c->x[1].data;
    float *d = c->d[k];
    if (!d) return;
    if (c->add[k])
        for (int64_t i = begin; i < end; i++) d[i] += seed * df(x[i], t[i], a);
    else
        for (int64_t i = begin; i < end; i++) d[i] = seed * df(x[i], t[i], a);
}

/* The same in double, where a product with the seed may be a float although the formula is not. */
TC_INLINE void tc_pair_gradient_wide(const tc_call *c, int64_t begin, int64_t end, int k,
                                     double (*df)(double x, double t, const float *a))
{
    const double seed = tc_seed(c);
    float a[TC_FORMULA_ARGS], *d = c->d[k];
    tc_pointwise_args(c, a);
    for (int64_t i = begin; i < end && d; i++)
        d[i] = (c->add[k] ? d[i] : 0.0f) + (float)(seed * df((double)c->x[0].data[i], (double)c->x[1].data[i], a));
}

/* For an f that depends only on x - t: df is df/dx, and df/dt is -df. */
TC_INLINE void tc_pair_backward(const tc_call *c, int64_t begin, int64_t end, tc_pair *df)
{
    const float seed = (float)tc_seed(c);
    tc_pair_gradient(c, begin, end, 0, seed, df);
    tc_pair_gradient(c, begin, end, 1, -seed, df);
}

#endif
