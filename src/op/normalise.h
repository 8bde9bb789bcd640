/* normalise.h: the loops of operators that bring units to mean 0 and variance 1 over many rows of a matrix
 * [rows, n]: the sums over rows, and what is then done to every element.
 *
 * A block of rows leaves, for each of its n columns, its sum and its squares about its own mean, in double. From these
 * the squares about the mean of many blocks follow exactly, without going through x again:
 *
 *     sum of (x - mean)^2 = sum over blocks of (squares + rows of the block * (mean of the block - mean)^2)
 *
 * The elements are then computed with factors, one of each kind for a column:
 *
 *     y = (x - centre) scale + shift                     d = scale g - shift - (x - centre) slope
 *
 * in float32, or, if a factor is so large or so small that float32 might not do, in double ("wide"). */
#ifndef TC_NORMALISE_H
#define TC_NORMALISE_H

#include "kernel/sum.h"
#include "op/op.h"

enum { TC_NORM_COLUMNS = 128 };

/* to[m] += f(i) over rows, m at most TC_NORM_COLUMNS: four rows at a time, so that the sums are loaded and stored less
 * often. f may use the column k. */
#define TC_NORM_ADD(to, f)                                                                                             \
    do {                                                                                                               \
        int64_t i = 0;                                                                                                 \
        for (; i + 4 <= rows; i += 4)                                                                                  \
            for (int64_t k = 0; k < m; k++) (to)[k] += (f(i) + f(i + 1)) + (f(i + 2) + f(i + 3));                      \
        for (; i < rows; i++)                                                                                          \
            for (int64_t k = 0; k < m; k++) (to)[k] += f(i);                                                           \
    } while (0)

/* What m columns of rows that are n apart leave: sums, and squares about their own means. */
TC_INLINE void tc_norm_leave_some(const float *x, int64_t rows, int64_t n, int64_t m, double *sum, double *squares)
{
#define TC_NORM_X(i) (double)x[(i)*n + k]
#define TC_NORM_SQUARE(i) (((double)x[(i)*n + k] - mean[k]) * ((double)x[(i)*n + k] - mean[k]))
    double s[TC_NORM_COLUMNS] = {0}, q[TC_NORM_COLUMNS] = {0}, mean[TC_NORM_COLUMNS];
    TC_NORM_ADD(s, TC_NORM_X);
    for (int64_t k = 0; k < m; k++) mean[k] = s[k] / (double)rows;
    TC_NORM_ADD(q, TC_NORM_SQUARE);
    for (int64_t k = 0; k < m; k++) sum[k] = s[k], squares[k] = q[k];
}

/* The same of a gradient: the sums of g and of g (x - mean). */
TC_INLINE void tc_norm_leave_some_back(const float *x, const float *g, const double *mean, int64_t rows, int64_t n,
                                       int64_t m, double *sum, double *product)
{
#define TC_NORM_G(i) (double)g[(i)*n + k]
#define TC_NORM_GX(i) ((double)g[(i)*n + k] * ((double)x[(i)*n + k] - mean[k]))
    double s[TC_NORM_COLUMNS] = {0}, q[TC_NORM_COLUMNS] = {0};
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4)
        for (int64_t k = 0; k < m; k++) {
            s[k] += (TC_NORM_G(i) + TC_NORM_G(i + 1)) + (TC_NORM_G(i + 2) + TC_NORM_G(i + 3));
            q[k] += (TC_NORM_GX(i) + TC_NORM_GX(i + 1)) + (TC_NORM_GX(i + 2) + TC_NORM_GX(i + 3));
        }
    for (; i < rows; i++)
        for (int64_t k = 0; k < m; k++) s[k] += TC_NORM_G(i), q[k] += TC_NORM_GX(i);
    for (int64_t k = 0; k < m; k++) sum[k] = s[k], product[k] = q[k];
}

/* What x [rows, n] leaves: sum[n], squares[n]. */
TC_INLINE void tc_norm_leave(const float *x, int64_t rows, int64_t n, double *sum, double *squares)
{
    for (int64_t j = 0; j < n; j += TC_NORM_COLUMNS)
        tc_norm_leave_some(x + j, rows, n, n - j < TC_NORM_COLUMNS ? n - j : TC_NORM_COLUMNS, sum + j, squares + j);
}

/* mean[n] */
TC_INLINE void tc_norm_leave_back(const float *x, const float *g, const double *mean, int64_t rows, int64_t n,
                                  double *sum, double *product)
{
    for (int64_t j = 0; j < n; j += TC_NORM_COLUMNS)
        tc_norm_leave_some_back(x + j, g + j, mean + j, rows, n, n - j < TC_NORM_COLUMNS ? n - j : TC_NORM_COLUMNS,
                                sum + j, product + j);
}

/* 1 / sqrt(v), and 0 where v is 0. */
static inline double tc_norm_r(double v) { return v > 0 ? 1 / sqrt(v) : v == 0 ? 0 : NAN; }

/* ---- Factors ----------------------------------------------------------------------------------------------------- */

enum { TC_CENTRE, TC_SCALE, TC_SHIFT, TC_SLOPE, TC_FACTORS };
enum { TC_FACTOR_BYTES = TC_FACTORS * (sizeof(double) + sizeof(float)) }; /* for a column */

typedef struct tc_factors {
    int64_t n;
    double *wide; /* [TC_FACTORS, n] */
    float *narrow;
} tc_factors;

/* memory: n times TC_FACTOR_BYTES */
static inline tc_factors tc_factors_at(void *memory, int64_t n)
{
    double *wide = memory;
    return (tc_factors){n, wide, (float *)(wide + TC_FACTORS * n)};
}

/* Rounds the factors of columns [begin, end), and adds to the shift what rounding takes from the centre. */
TC_INLINE void tc_factors_round(tc_factors f, bool back, int64_t begin, int64_t end)
{
    const double *w = f.wide, *steep = w + (back ? TC_SLOPE : TC_SCALE) * f.n;
    for (int64_t u = begin; u < end; u++) {
        for (int k = 0; k < TC_FACTORS; k++) f.narrow[k * f.n + u] = (float)w[k * f.n + u];
        const double off = (double)f.narrow[TC_CENTRE * f.n + u] - w[TC_CENTRE * f.n + u];
        f.narrow[TC_SHIFT * f.n + u] = (float)(w[TC_SHIFT * f.n + u] + off * steep[u]);
    }
}

/* Whether float32 has a factor: its digits are lost where it is very small (denormals are 0), and what it is multiplied
 * with may be large. */
TC_INLINE bool tc_factor_usual(float narrow, double wide)
{
    const float size = fabsf(narrow), most = 1e30f, least = 1e-30f;
    return (size < most) & ((size >= least) | (wide == 0.0));
}

/* Whether float32 will do for all columns. */
TC_INLINE bool tc_factors_usual(tc_factors f, bool back)
{
    const float *centre = f.narrow, *shift = centre + TC_SHIFT * f.n, most = 1e30f;
    int odd = 0;
    for (int64_t u = 0; u < f.n; u++) odd |= !(fabsf(centre[u]) < most) | !(fabsf(shift[u]) < most);
    for (int k = TC_SCALE; k <= TC_SLOPE; k += TC_SLOPE - TC_SCALE)
        for (int64_t u = k * f.n; u < (k + 1) * f.n && (back || k == TC_SCALE); u++)
            odd |= !tc_factor_usual(f.narrow[u], f.wide[u]);
    return !odd;
}

/* y [rows, n] */
TC_INLINE void tc_factors_apply(tc_factors f, const float *x, float *y, int64_t rows)
{
    const int64_t n = f.n;
    const float *centre = f.narrow, *scale = centre + TC_SCALE * n, *shift = centre + TC_SHIFT * n;
    const bool usual = tc_factors_usual(f, false);
    for (int64_t i = 0; i < rows && usual; i++)
        for (int64_t k = 0; k < n; k++) y[i * n + k] = (x[i * n + k] - centre[k]) * scale[k] + shift[k];
    const double *w = f.wide;
    for (int64_t i = 0; i < rows && !usual; i++)
        for (int64_t k = 0; k < n; k++)
            y[i * n + k] = (float)(((double)x[i * n + k] - w[k]) * w[TC_SCALE * n + k] + w[TC_SHIFT * n + k]);
}

/* d [rows, n], stored or added */
TC_INLINE void tc_factors_apply_back(tc_factors f, const float *x, const float *g, float *d, bool add, int64_t rows)
{
    const int64_t n = f.n;
    const float *centre = f.narrow, *scale = centre + TC_SCALE * n, *shift = centre + TC_SHIFT * n,
                *slope = centre + TC_SLOPE * n;
    const bool usual = tc_factors_usual(f, true);
#define TC_NORM_D scale[k] * g[i * n + k] - shift[k] - (x[i * n + k] - centre[k]) * slope[k]
    for (int64_t i = 0; i < rows && usual && !add; i++)
        for (int64_t k = 0; k < n; k++) d[i * n + k] = TC_NORM_D;
    for (int64_t i = 0; i < rows && usual && add; i++)
        for (int64_t k = 0; k < n; k++) d[i * n + k] += TC_NORM_D;
    const double *w = f.wide;
    for (int64_t i = 0; i < rows && !usual; i++)
        for (int64_t k = 0; k < n; k++) {
            const double h = ((double)x[i * n + k] - w[k]) * w[TC_SLOPE * n + k];
            const double v = w[TC_SCALE * n + k] * (double)g[i * n + k] - w[TC_SHIFT * n + k] - h;
            d[i * n + k] = (add ? d[i * n + k] : 0.0f) + (float)v;
        }
}

/* ---- Parameters -------------------------------------------------------------------------------------------------- */

/* A weight of ones, a bias of zeros. */
static inline void tc_norm_ones(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n,
                                tc_stream s)
{
    (void)arg, (void)x, (void)shape, (void)s;
    for (int64_t i = 0; i < n; i++) w[i] = 1.0f;
}

static inline void tc_norm_zeros(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n,
                                 tc_stream s)
{
    (void)arg, (void)x, (void)shape, (void)s;
    for (int64_t i = 0; i < n; i++) w[i] = 0.0f;
}

#endif
