/* reduce.c: the sum of squares. */
#include "kernel/cpu/cpu.h"

#include "kernel/sum.h"

TC_INLINE float square(float x, const float *a)
{
    (void)a;
    return x * x;
}

TC_CLONES static double runs(const float *x, int64_t n) { return tc_sum_runs(x, 0, n, NULL, square); }

TC_CLONES static double wide(const float *x, int64_t n)
{
    double lane[TC_LANES] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + TC_LANES <= n; i += TC_LANES)
        for (int j = 0; j < TC_LANES; j++) lane[j] += (double)x[i + j] * (double)x[i + j];
    for (; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum + tc_sum_lanes(lane);
}

/* Squares that overflow or underflow a float32 are computed again in double. */
double tc_squares_cpu(const float *x, int64_t n)
{
    const double sum = runs(x, n);
    return sum > 1e-24 && sum < 1e38 ? sum : wide(x, n);
}
