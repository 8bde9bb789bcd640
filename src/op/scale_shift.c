/* scale_shift: a learnt factor and a learnt summand for each unit of the last dimension.
 *
 *     y(p, c) = x(p, c) w(c) + b(c), or - b(c) with `negate`
 *     dL/dx = g w      dL/dw = sum over rows and positions of g x      dL/db = +- sum of g
 *
 * Either may be left out. They can be shared by naming them: the pre-bias of a sparse autoencoder is
 * `scale_shift weight=false negate name=pre` before the encoder, and `bias=pre.bias` at the decoder.
 *
 * Backward, the first pieces are blocks of rows of dL/dx, those after them blocks of units of dL/dw and dL/db, each of
 * which goes over all rows, so that the order of the sums does not depend on the threads. Sums are double. */
#include "kernel/sum.h"
#include "op/op.h"

enum { WEIGHT, BIAS, NEGATE };
enum { X, W, B };
enum { COLUMNS = 64 };

static bool shape(tc_sketch *s)
{
    if (!tc_shape_last(s)) return false;
    const bool has[2] = {s->arg[WEIGHT].number != 0, s->arg[BIAS].number != 0};
    if (!has[0] && !has[1]) return tc_shape_refuse(s, "needs a weight or a bias");
    for (int i = 0; i < 2; i++) s->param[i] = (tc_shape){has[i] ? 1 : -1, {tc_shape_units(&s->x[0])}};
    return true;
}

static void fill(float *w, int64_t n, float with)
{
    for (int64_t i = 0; i < n; i++) w[i] = with;
}

static void init_weight(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    (void)arg, (void)x, (void)shape, (void)s;
    fill(w, n, 1.0f);
}

static void init_bias(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    (void)arg, (void)x, (void)shape, (void)s;
    fill(w, n, 0.0f);
}

static float sign(const tc_call *c) { return c->arg[NEGATE].number != 0 ? -1.0f : 1.0f; }

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_units(&c->x[X]);
    const float *w = c->x[W].data, *b = c->x[B].data, s = sign(c);
    for (int64_t i = begin * c->y.n; i < end * c->y.n; i += n) {
        const float *x = c->x[X].data + i;
        float *y = c->y.data + i;
        for (int64_t j = 0; j < n; j++) y[j] = x[j] * (w ? w[j] : 1.0f) + (b ? s * b[j] : 0.0f);
    }
}

/* How many pieces are rows of dL/dx. */
static int64_t row_pieces(const tc_call *c, int64_t *rows)
{
    *rows = tc_span_rows(c).grain;
    return c->d[X] ? (tc_rows(c, &c->x[X]) + *rows - 1) / *rows : 0;
}

static tc_span span_back(const tc_call *c)
{
    int64_t rows;
    const int64_t n = tc_units(&c->x[X]), columns = c->d[W] || c->d[B] ? (n + COLUMNS - 1) / COLUMNS : 0;
    return (tc_span){row_pieces(c, &rows) + columns, 1};
}

/* dL/dw and dL/db of the units [j, j + m). */
TC_INLINE void columns_back(const tc_call *c, int64_t j, int64_t m)
{
    const int64_t n = tc_units(&c->x[X]), all = tc_elements(c, &c->x[X]);
    const double s = (double)sign(c);
    float *w = c->d[W], *b = c->d[B];
    double dw[COLUMNS] = {0}, db[COLUMNS] = {0};
    for (int64_t i = j; i < all; i += n) {
        const float *g = c->g + i, *x = c->x[X].data + i;
        for (int64_t k = 0; k < m && w; k++) dw[k] += (double)g[k] * (double)x[k];
        for (int64_t k = 0; k < m && b; k++) db[k] += (double)g[k];
    }
    for (int64_t k = 0; k < m && w; k++) w[j + k] = (c->add[W] ? w[j + k] : 0.0f) + (float)dw[k];
    for (int64_t k = 0; k < m && b; k++) b[j + k] = (c->add[B] ? b[j + k] : 0.0f) + (float)(s * db[k]);
}

TC_INLINE void rows_back(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_units(&c->x[X]);
    const float *w = c->x[W].data;
    for (int64_t i = begin * c->y.n; i < end * c->y.n; i += n) {
        const float *g = c->g + i;
        float *d = c->d[X] + i;
        for (int64_t j = 0; j < n; j++) d[j] = (c->add[X] ? d[j] : 0.0f) + g[j] * (w ? w[j] : 1.0f);
    }
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    int64_t block;
    const int64_t n = tc_units(&c->x[X]), first = row_pieces(c, &block), rows = tc_rows(c, &c->x[X]);
    for (int64_t u = begin; u < end; u++) {
        const int64_t j = (u - first) * COLUMNS, to = (u + 1) * block;
        if (u < first)
            rows_back(c, u * block, to < rows ? to : rows);
        else
            columns_back(c, j, n - j < COLUMNS ? n - j : COLUMNS);
    }
}

const tc_op tc_op_scale_shift = {
    .name = "scale_shift",
    .formula = "y = x * w + b",
    .doc =
        "Multiplies each unit with a learnt weight and adds a learnt bias. Either may be left out, and both may be those "
        "of another layer: scale_shift weight=false negate name=pre subtracts a bias that a later layer adds with "
        "bias=pre.bias.",
    .source = "Gao et al.: Scaling and evaluating sparse autoencoders, arXiv:2406.04093, 2024 (the pre-bias)",
    .role = &tc_layer,
    .flags = TC_READS_X,
    .attribute = {{"weight", "bool", "true", "whether there is a weight; or another layer's, by its name", false},
                  {"bias", "bool", "true", "whether there is a bias; or another layer's, by its name", false},
                  {"negate", "bool", "false", "subtracts the bias", false}},
    .param = {{"weight", "o", init_weight}, {"bias", "o", init_bias}},
    .shape = shape,
    .unit = tc_unit_same,
    .work = 2,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"scale_shift", {"6"}, -2, 2, NAN},
              {"scale_shift weight=false negate", {"3 2 5"}, -2, 2, NAN},
              {"scale_shift bias=false", {"2 131"}, -2, 2, NAN}},
};
