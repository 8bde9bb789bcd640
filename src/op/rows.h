/* rows.h: the loops for operators that map each last dimension separately to one of the same size, each given by two
 * formulas on n numbers. Both directions can be in place: a formula reads a number for the last time before it writes
 * it. */
#ifndef TC_ROWS_H
#define TC_ROWS_H

#include "kernel/sum.h"
#include "op/op.h"

#include <string.h>

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

/* Subtracted before exp, so that nothing overflows. */
static inline float tc_largest(const float *x, int64_t n)
{
    float top = x[0];
    for (int64_t j = 1; j < n; j++) top = x[j] > top ? x[j] : top;
    return top;
}

/* e^x for x <= 0, to 1.01 units in the last place; 0 below -87, where the smallest normal numbers are. With x = k ln 2
 * + r it is a polynomial in r, close to e^r, times 2^k, made by putting k into the exponent. Unlike calls of expf, it
 * can be vectorised. */
TC_INLINE float tc_exp(float x)
{
    const float round = 0x1.8p23f; /* in so large a number the last bit is worth 1 */
    const float turns = x * 0x1.715476p0f + round, k = turns - round;
    const float r = (x - k * 0x1.62e4p-1f) - k * 0x1.7f7d1cp-20f;
    float p = 0x1.6850e4p-10f, power;
    p = p * r + 0x1.123bccp-7f;
    p = p * r + 0x1.555b98p-5f;
    p = p * r + 0x1.55548ep-3f;
    p = p * r + 0x1.fffff8p-2f;
    p = (p * r) * r + r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &turns, sizeof bits);
    bits = (bits + 127) << 23;
    memcpy(&power, &bits, sizeof power);
    return x < -87.0f ? 0.0f : p * power;
}

#endif
