/* moments.h: mean and squared deviation of the targets and of the errors y - t of each output, in one pass that keeps its
 * precision where the mean is much larger than the deviation; for the shares of variance that outputs explain.
 *
 * Each row updates the moments (Welford: Note on a method for calculating corrected sums of squares and products, 1962);
 * those of several ranks are merged (Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing
 * sample variances, 1979).
 *
 * A row of weight w counts as w rows (West: Updating mean and variance estimates, 1979).
 *
 *     sum: rows | mean of t [width] | squares of t [width] | mean of y - t [width] | squares of y - t [width] */
#ifndef TC_MOMENTS_H
#define TC_MOMENTS_H

#include "kernel/kernel.h"
#include "metric/metric.h"

static inline int64_t tc_moment_sums(const tc_compared *c) { return 1 + 4 * c->width; }

/* What has been summed for output j. */
typedef struct tc_moments {
    double rows, squares;        /* of the targets' deviations from their mean */
    double error, error_squares; /* the mean error, and the deviations from it */
} tc_moments;

static inline tc_moments tc_moments_of(const tc_compared *c, const double *sum, int64_t j)
{
    const double *at = sum + 1 + j;
    return (tc_moments){sum[0], at[c->width], at[2 * c->width], at[3 * c->width]};
}

__attribute__((always_inline)) static inline void tc_moments_row(int64_t width, const float *y, const float *t,
                                                                 double w, double share, double *restrict mean,
                                                                 double *restrict squares, double *restrict error,
                                                                 double *restrict error_squares)
{
    for (int64_t j = 0; j < width; j++) {
        const double x = (double)t[j], e = (double)y[j] - x, dx = x - mean[j], de = e - error[j];
        mean[j] += dx * share;
        error[j] += de * share;
        squares[j] += w * dx * (x - mean[j]);
        error_squares[j] += w * de * (e - error[j]);
    }
}

/* Inlined into functions with TC_CLONES. */
__attribute__((always_inline)) static inline void tc_moments_add(const tc_compared *c, const tc_outputs *o, double *sum)
{
    const int64_t w = c->width;
    double *at = sum + 1;
    for (int64_t i = 0; i < o->rows; i++) {
        const double weight = tc_row_weight(c, o, i);
        if (weight == 0) continue;
        sum[0] += weight;
        tc_moments_row(w, o->y + i * w, o->t + i * w, weight, weight / sum[0], at, at + w, at + 2 * w, at + 3 * w);
    }
}

static inline void tc_moments_merge(const tc_compared *c, double *sum, const double *other)
{
    const int64_t w = c->width;
    const double n = sum[0], m = other[0];
    for (int64_t k = 0; m > 0 && k < 4 * w; k += k % w == w - 1 ? w + 1 : 1) {
        double *mean = sum + 1 + k, *squares = mean + w;
        const double apart = other[1 + k] - *mean;
        *mean += apart * (m / (n + m));
        *squares += other[1 + k + w] + apart * apart * n * (m / (n + m));
    }
    sum[0] += m;
}

/* 1 - left / all, where all is the variation of the targets. If the targets never vary: 1 if nothing is left, otherwise 0. */
static inline double tc_explained(double left, double all)
{
    if (all != 0) return 1 - left / all;
    return isnan(left) ? NAN : left == 0;
}

#endif
