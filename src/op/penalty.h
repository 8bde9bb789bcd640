/* penalty.h: the loops for penalties that are sums over elements, each given by two scalar formulas.
 *
 *     value = sum_i f(x_i) / denominator        dL/dx_i = lambda / denominator * f'(x_i)
 *
 * Its inputs (several if the penalty is `joint`) are treated as one long vector: element 0 is the first of x[0]. A
 * width or a scale is from 1e-15 to 1e15, so that it, its inverse and its square fit a float32. */
#ifndef TC_PENALTY_H
#define TC_PENALTY_H

#include "op/pointwise.h"

/* The part of input i that the range [begin, end) of the long vector covers; *start is where the input begins in it. */
typedef struct tc_overlap {
    int64_t from, to;
} tc_overlap;

TC_INLINE tc_overlap tc_overlap_of(const tc_call *c, int i, int64_t begin, int64_t end, int64_t *start)
{
    int64_t n = tc_elements(c, &c->x[i]);
    tc_overlap p = {begin > *start ? begin - *start : 0, end - *start < n ? end - *start : n};
    *start += n;
    return p;
}

TC_INLINE float tc_magnitude(float x, const float *a)
{
    (void)a;
    return fabsf(x);
}

/* x with the magnitude m: sign(x) max(m, 0), with +0 for every zero; x itself if m is NaN. */
TC_INLINE float tc_brought_to(float x, float m) { return m > 0.0f ? copysignf(m, x) : (m == m ? 0.0f : x); }

/* The soft threshold sign(x) max(|x| - s, 0). */
TC_INLINE float tc_soft(float x, float s) { return tc_brought_to(x, fabsf(x) - s); }

/* forward of a sum: the partial of this range. */
TC_INLINE void tc_penalty_forward(const tc_call *c, int64_t begin, int64_t end, float (*f)(float x, const float *a))
{
    float a[TC_FORMULA_ARGS];
    tc_pointwise_args(c, a);
    double sum = 0;
    int64_t start = 0;
    for (int i = 0; i < c->inputs; i++) {
        tc_overlap p = tc_overlap_of(c, i, begin, end, &start);
        if (p.from < p.to) sum += tc_sum(c->x[i].data, p.from, p.to, a, f);
    }
    *tc_partial(c, begin) = sum;
}

/* backward of a sum: d = seed * f'(x), stored or added; the formula df multiplies by the seed. */
TC_INLINE void tc_penalty_backward(const tc_call *c, int64_t begin, int64_t end,
                                   float (*df)(float x, float seed, const float *a))
{
    float a[TC_FORMULA_ARGS];
    tc_pointwise_args(c, a);
    const float seed = (float)tc_seed(c);
    int64_t start = 0;
    for (int i = 0; i < c->inputs; i++) {
        tc_overlap p = tc_overlap_of(c, i, begin, end, &start);
        const float *x = c->x[i].data;
        float *d = c->d[i];
        if (!d) continue;
        if (c->add[i])
            TC_UNROLL for (int64_t k = p.from; k < p.to; k++) d[k] += df(x[k], seed, a);
        else
            TC_UNROLL for (int64_t k = p.from; k < p.to; k++) d[k] = df(x[k], seed, a);
    }
}

#endif
