/* rows.h: an operator that turns each last dimension by itself into one of the same size is two formulas on n numbers;
 * the loops are here, once. In place in both directions: each formula reads what it needs of a number before it writes
 * it. */
#ifndef TC_ROWS_H
#define TC_ROWS_H

#include "op/op.h"

#include <math.h>

/* y = f(x) */
static inline void tc_rows_forward(const tc_call *c, int64_t begin, int64_t end,
                                   void (*f)(const float *x, float *y, int64_t n))
{
    const int64_t n = tc_last(&c->y), per = c->y.n / n;
    for (int64_t r = begin * per; r < end * per; r++) f(c->x[0].data + r * n, c->y.data + r * n, n);
}

/* d from y and g, stored or added */
static inline void tc_rows_backward(const tc_call *c, int64_t begin, int64_t end,
                                    void (*df)(const float *y, const float *g, float *d, bool add, int64_t n))
{
    const int64_t n = tc_last(&c->y), per = c->y.n / n;
    for (int64_t r = begin * per; r < end * per && c->d[0]; r++)
        df(c->y.data + r * n, c->g + r * n, c->d[0] + r * n, c->add[0], n);
}

static inline float tc_largest(const float *x, int64_t n)
{
    float top = x[0];
    for (int64_t j = 1; j < n; j++) top = x[j] > top ? x[j] : top;
    return top;
}

/* log sum_j exp(x_j). The largest x is taken out before exp, so that nothing overflows. */
static inline double tc_log_sum_exp(const float *x, int64_t n)
{
    const float top = tc_largest(x, n);
    double sum = 0;
    for (int64_t j = 0; j < n; j++) sum += (double)expf(x[j] - top);
    return (double)top + log(sum);
}

#endif
