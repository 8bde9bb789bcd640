/* moments.h: mean and squared deviation of the targets and of the errors y - t of each output, in one pass that keeps its
 * precision where the mean is much larger than the deviation; for the shares of variance that outputs explain.
 *
 * The moments of a batch are taken about its first row and then merged (Chan, Golub, LeVeque: Updating formulae and a
 * pairwise algorithm for computing sample variances, 1979). sum: rows, then for each output those of t and of y - t:
 * mean, sum of squared deviations. */
#ifndef TC_MOMENTS_H
#define TC_MOMENTS_H

#include "metric/metric.h"

typedef struct tc_moments {
    double mean, squares;
} tc_moments;

static inline int64_t tc_moment_sums(const tc_compared *c) { return 1 + 4 * c->width; }

static inline void tc_moment_merge(double *to, double n, tc_moments other, double m)
{
    const double apart = other.mean - to[0];
    if (m == 0) return;
    to[0] += apart * (m / (n + m));
    to[1] += other.squares + apart * apart * n * (m / (n + m));
}

/* Rounding may take a sum of squares below 0. */
static inline double tc_squares(double x) { return x < 0 ? 0 : x; }

static inline void tc_moments_add(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum)
{
    (void)arg;
    const int64_t width = c->width;
    const double n = sum[0], m = (double)o->rows;
    for (int64_t j = 0; j < width && o->rows > 0; j++) {
        const double first = (double)o->t[j], off = (double)o->y[j] - first;
        double s[4] = {0};
        for (int64_t i = 0; i < o->rows; i++) {
            const double t = (double)o->t[i * width + j], a = t - first, b = (double)o->y[i * width + j] - t - off;
            s[0] += a;
            s[1] += a * a;
            s[2] += b;
            s[3] += b * b;
        }
        double *at = sum + 1 + 4 * j;
        tc_moment_merge(at, n, (tc_moments){first + s[0] / m, tc_squares(s[1] - s[0] * s[0] / m)}, m);
        tc_moment_merge(at + 2, n, (tc_moments){off + s[2] / m, tc_squares(s[3] - s[2] * s[2] / m)}, m);
    }
    sum[0] += m;
}

static inline void tc_moments_merge(const tc_compared *c, double *sum, const double *other)
{
    for (int64_t k = 1; k < tc_moment_sums(c); k += 2)
        tc_moment_merge(sum + k, sum[0], (tc_moments){other[k], other[k + 1]}, other[0]);
    sum[0] += other[0];
}

/* 1 - left / all, where all is the variation of the targets. If there is none: 1 if nothing is left, otherwise 0. */
static inline double tc_explained(double left, double all)
{
    if (all != 0) return 1 - left / all;
    return isnan(left) ? NAN : left == 0;
}

#endif
