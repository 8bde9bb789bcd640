/* sum.h: sums over many numbers, fast and exact enough: float32 in vectors over short runs, whose sums are added in
 * double. The order depends only on the length. */
#ifndef TC_SUM_H
#define TC_SUM_H

#include "kernel/kernel.h"

#include <math.h>

#define TC_INLINE static inline __attribute__((always_inline))

/* Before a short loop that runs often: four vectors per iteration. */
#define TC_UNROLL _Pragma("GCC unroll 4")

enum { TC_LANES = 16, TC_SUM_STEP = 2 * TC_LANES, TC_SUM_RUN = 16 * TC_SUM_STEP };

/* Adds one half to the other until few are left. */
TC_INLINE double tc_sum_lanes(double lane[TC_LANES])
{
    for (int j = 0; j < 8; j++) lane[j] += lane[j + 8];
    for (int j = 0; j < 4; j++) lane[j] += lane[j + 4];
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

/* The sum of a b. */
TC_INLINE double tc_dot(const float *a, const float *b, int64_t n)
{
    double lane[TC_LANES] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + TC_LANES <= n; i += TC_LANES)
        for (int j = 0; j < TC_LANES; j++) lane[j] += (double)a[i + j] * (double)b[i + j];
    for (; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum + tc_sum_lanes(lane);
}

/* The sum of f over x[from, to). A run may overflow a float32 although the whole sum fits a double. */
TC_INLINE double tc_sum_runs(const float *x, int64_t from, int64_t to, const float *a,
                             float (*f)(float x, const float *a))
{
    double lane[TC_LANES] = {0}, sum = 0;
    int64_t i = from;
    while (to - i >= TC_SUM_STEP) {
        float p[TC_LANES] = {0}, q[TC_LANES] = {0};
        const int64_t end = to - i < TC_SUM_RUN ? i + (to - i) / TC_SUM_STEP * TC_SUM_STEP : i + TC_SUM_RUN;
        for (; i < end; i += TC_SUM_STEP) {
            for (int j = 0; j < TC_LANES; j++) p[j] += f(x[i + j], a);
            for (int j = 0; j < TC_LANES; j++) q[j] += f(x[i + TC_LANES + j], a);
        }
        for (int j = 0; j < TC_LANES; j++) lane[j] += (double)(p[j] + q[j]);
    }
    for (; i < to; i++) sum += (double)f(x[i], a);
    return sum + tc_sum_lanes(lane);
}

/* The same, for any finite f. */
TC_INLINE double tc_sum(const float *x, int64_t from, int64_t to, const float *a, float (*f)(float x, const float *a))
{
    double sum = tc_sum_runs(x, from, to, a, f);
    if (isfinite(sum)) return sum;
    sum = 0;
    for (int64_t i = from; i < to; i++) sum += (double)f(x[i], a);
    return sum;
}

#endif
