/* layer_norm: each row, over the last dimension of size n, to mean 0 and variance 1; then a weight and a bias for each
 * element.
 *
 *     h = (x - mean) r,  r = 1 / sqrt(var + eps),  var = mean of (x - mean)^2        y = h w + b
 *     dL/dx = r (q - mean(q) - h mean(q h)),  q = g w       dL/dw = sum of g h over rows     dL/db = sum of g
 *
 * r is at most FLT_MAX, and 0 where var + eps is 0: with eps=0 a row of equal numbers has h = 0. Rows in which something
 * overflows or underflows a float32 on the way (squares, x - mean, r, g w) are computed in double: the functions with
 * wide in their names.
 *
 * A "row" below is one last dimension: a row of the batch has `per` of them. mean and r are kept from forward to
 * backward. Backward, the first pieces are blocks of rows of dL/dx, those after them blocks of columns of dL/dw and
 * dL/db. Each of the latter goes through all rows itself, so the order of the sums does not depend on the threads. */
#include "op/pointwise.h"

#include <float.h>

enum { EPS, AFFINE };
enum { X, W, B };
enum { COLUMNS = 128, LANES = 8 };

typedef struct stats {
    float mean, r;
} stats;

typedef struct sizes {
    int64_t n, rows, block; /* a row's elements; rows in all; rows in a piece of the backward pass */
} sizes;

static sizes sizes_of(const tc_call *c)
{
    const int64_t n = tc_last(&c->x[X]);
    return (sizes){n, tc_elements(c, &c->x[X]) / n, n < TC_RANGE ? TC_RANGE / n : 1};
}

static bool shape(tc_sketch *s)
{
    if (!tc_shape_last(s)) return false;
    const int64_t n = s->x[0].dim[s->x[0].rank - 1];
    for (int i = 0; i < 2; i++) s->param[i] = (tc_shape){s->arg[AFFINE].number != 0 ? 1 : -1, {n}};
    return true;
}

static int64_t save(const tc_sketch *s, int64_t rows)
{
    const int64_t per = tc_shape_count(&s->x[0]) / s->x[0].dim[s->x[0].rank - 1];
    return rows * per * (int64_t)sizeof(stats);
}

static void init_weight(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    (void)arg, (void)x, (void)shape, (void)s;
    for (int64_t i = 0; i < n; i++) w[i] = 1.0f;
}

static void init_bias(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    (void)arg, (void)x, (void)shape, (void)s;
    for (int64_t i = 0; i < n; i++) w[i] = 0.0f;
}

TC_INLINE float same(float x, const float *a)
{
    (void)a;
    return x;
}

TC_INLINE float square(float x, const float *a) { return (x - a[0]) * (x - a[0]); }

typedef struct wide {
    double mean, r;
} wide;

static wide wide_stats(const float *x, int64_t n, double eps)
{
    double sum = 0, squares = 0;
    for (int64_t j = 0; j < n; j++) sum += (double)x[j];
    const double mean = sum / (double)n;
    for (int64_t j = 0; j < n; j++) squares += ((double)x[j] - mean) * ((double)x[j] - mean);
    const double var = squares / (double)n + eps;
    return (wide){mean, var > 0 ? fmin(1 / sqrt(var), (double)FLT_MAX) : var == 0 ? 0 : NAN};
}

TC_INLINE double wide_h(float x, wide s) { return ((double)x - s.mean) * s.r; }

static void wide_row(const float *x, const float *w, const float *b, float *y, int64_t n, double eps)
{
    const wide s = wide_stats(x, n, eps);
    for (int64_t j = 0; j < n; j++) y[j] = (float)(wide_h(x[j], s) * (w ? (double)w[j] : 1) + (w ? (double)b[j] : 0));
}

/* Whether r is of a size with which float32 will do. */
TC_INLINE bool is_usual(float r) { return r > FLT_MIN && r < 1e18f; }

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_last(&c->x[X]), per = c->x[X].n / n;
    const float *w = c->x[W].data, *b = c->x[B].data;
    stats *kept = c->save;
    for (int64_t i = begin * per; i < end * per; i++) {
        const float *x = c->x[X].data + i * n;
        float *y = c->y.data + i * n;
        const float mean = (float)(tc_sum(x, 0, n, NULL, same) / (double)n);
        const double var = tc_sum(x, 0, n, &mean, square) / (double)n, eps = c->arg[EPS].number;
        const float r = (float)(1 / sqrt(var + eps));
        kept[i] = (stats){mean, r};
        if (!is_usual(r)) {
            kept[i].r = (float)wide_stats(x, n, eps).r;
            wide_row(x, w, b, y, n, eps);
        } else if (w)
            for (int64_t j = 0; j < n; j++) y[j] = (x[j] - mean) * r * w[j] + b[j];
        else
            for (int64_t j = 0; j < n; j++) y[j] = (x[j] - mean) * r;
    }
}

static tc_span span_back(const tc_call *c)
{
    const sizes z = sizes_of(c);
    const int64_t dx = c->d[X] ? (z.rows + z.block - 1) / z.block : 0;
    return (tc_span){dx + (c->d[W] || c->d[B] ? (z.n + COLUMNS - 1) / COLUMNS : 0), 1};
}

/* dL/dx of one row, in double. */
static void wide_row_back(const float *x, const float *w, const float *g, float *d, bool add, wide s, int64_t n)
{
    double sum = 0, dot = 0;
    for (int turn = 0; turn < 2; turn++)
        for (int64_t j = 0; j < n; j++) {
            const double v = (double)g[j] * (w ? (double)w[j] : 1), h = wide_h(x[j], s);
            if (turn == 0)
                sum += v, dot += v * h;
            else
                d[j] = (add ? d[j] : 0.0f) + (float)(s.r * (v - sum / (double)n - h * (dot / (double)n)));
        }
}

/* dL/dx of one row; w NULL: all 1. */
TC_INLINE void row_back(const float *x, const float *w, const float *g, float *d, bool add, stats s, int64_t n,
                        double eps)
{
    double q[LANES] = {0}, qh[LANES] = {0}, sum = 0, dot = 0;
    for (int64_t j = 0; j < n; j += LANES) {
        const int64_t m = n - j < LANES ? n - j : LANES;
        for (int64_t k = 0; k < m; k++) {
            const float v = w ? g[j + k] * w[j + k] : g[j + k];
            q[k] += (double)v;
            qh[k] += (double)v * (double)((x[j + k] - s.mean) * s.r);
        }
    }
    for (int k = 0; k < LANES; k++) sum += q[k], dot += qh[k];
    if (!(is_usual(s.r) && fabs(sum) + fabs(dot) < 1e37)) {
        wide_row_back(x, w, g, d, add, wide_stats(x, n, eps), n);
        return;
    }
    const float mean = (float)(sum / (double)n), slope = (float)(dot / (double)n);
    for (int64_t j = 0; j < n; j++) {
        const float v = w ? g[j] * w[j] : g[j];
        d[j] = (add ? d[j] : 0.0f) + s.r * (v - mean - (x[j] - s.mean) * s.r * slope);
    }
}

/* dL/dw and dL/db of the columns [j, j + m). */
TC_INLINE void columns_back(const tc_call *c, sizes z, int64_t j, int64_t m)
{
    const stats *kept = c->save;
    double dw[COLUMNS] = {0}, db[COLUMNS] = {0};
    for (int64_t i = 0; i < z.rows; i++) {
        const float *x = c->x[X].data + i * z.n + j, *g = c->g + i * z.n + j;
        const stats s = kept[i];
        if (!is_usual(s.r)) {
            const wide v = wide_stats(x - j, z.n, c->arg[EPS].number);
            for (int64_t k = 0; k < m; k++) dw[k] += (double)g[k] * wide_h(x[k], v), db[k] += (double)g[k];
            continue;
        }
        for (int64_t k = 0; k < m; k++) {
            dw[k] += (double)g[k] * (double)((x[k] - s.mean) * s.r);
            db[k] += (double)g[k];
        }
    }
    float *w = c->d[W], *b = c->d[B];
    for (int64_t k = 0; k < m && w; k++) w[j + k] = (c->add[W] ? w[j + k] : 0.0f) + (float)dw[k];
    for (int64_t k = 0; k < m && b; k++) b[j + k] = (c->add[B] ? b[j + k] : 0.0f) + (float)db[k];
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const sizes z = sizes_of(c);
    const stats *kept = c->save;
    const int64_t first = c->d[X] ? (z.rows + z.block - 1) / z.block : 0;
    for (int64_t u = begin; u < end; u++) {
        const int64_t j = (u - first) * COLUMNS;
        if (u >= first) {
            columns_back(c, z, j, z.n - j < COLUMNS ? z.n - j : COLUMNS);
            continue;
        }
        for (int64_t i = u * z.block; i < z.rows && i < (u + 1) * z.block; i++)
            row_back(c->x[X].data + i * z.n, c->x[W].data, c->g + i * z.n, c->d[X] + i * z.n, c->add[X], kept[i], z.n,
                     c->arg[EPS].number);
    }
}

const tc_op tc_op_layer_norm = {
    .name = "layer_norm",
    .formula = "y = (x - mean) / sqrt(var + eps) * w + b",
    .doc = "Normalises each sample, over the last dimension, to mean 0 and variance 1.",
    .source = "Ba, Kiros, Hinton: Layer normalization, arXiv:1607.06450, 2016; torch.nn.LayerNorm",
    .role = &tc_layer,
    .flags = TC_READS_X,
    .attribute = {{"eps", "float", "1e-5", "added to the variance", false},
                  {"affine", "bool", "true", "whether it has a weight and a bias", false}},
    .limit = {{"needs eps of at least 0", EPS, 0, INFINITY}},
    .param = {{"weight", "o", init_weight}, {"bias", "o", init_bias}},
    .shape = shape,
    .work = 8,
    .save = save,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"layer_norm", {"6"}, -2, 2, NAN},
              {"layer_norm affine=false eps=0.1", {"2 5"}, -2, 2, NAN},
              {"layer_norm", {"3 131"}, -2, 2, NAN}},
};
