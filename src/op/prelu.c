/* prelu: y = x where x > 0, otherwise w x, with one learnt slope w, or one for each unit of the last dimension.
 *
 *     dL/dx = g where x > 0, otherwise w g      dL/dw = sum of x g where x <= 0
 *
 * At the kink x = 0 dy/dx is w (PyTorch's choice). A slope may become negative, so the backward pass reads x.
 *
 * Backward, the first pieces are blocks of rows of dL/dx; those after them are blocks of units of dL/dw, each of which
 * goes over all rows, so that the order of the sums does not depend on the threads. A single slope is one piece. Sums
 * are double. */
#include "kernel/sum.h"
#include "op/op.h"

enum { BY, INIT };
enum { BY_ALL, BY_UNIT };
enum { X, W };
enum { COLUMNS = 64 };

static bool shape(tc_sketch *s)
{
    if (!tc_shape_last(s)) return false;
    s->param[0] = (tc_shape){1, {s->arg[BY].number == BY_UNIT ? tc_shape_units(&s->x[0]) : 1}};
    return true;
}

static void init(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    (void)x, (void)shape, (void)s;
    for (int64_t i = 0; i < n; i++) w[i] = (float)arg[INIT].number;
}

/* x > 0 as a factor would turn 0 times infinity into NaN, so it is a choice. A NaN passes through. */
TC_INLINE float sloped(float x, float of, float w) { return x > 0.0f ? of : w * of; }

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_units(&c->x[X]), each = c->x[W].n > 1;
    const float *w = c->x[W].data;
    for (int64_t i = begin * c->y.n; i < end * c->y.n; i += n) {
        const float *x = c->x[X].data + i;
        float *y = c->y.data + i;
        for (int64_t j = 0; j < n; j++) y[j] = sloped(x[j], x[j], w[j * each]);
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
    return (tc_span){row_pieces(c, &rows) + (c->d[W] ? (c->x[W].n + COLUMNS - 1) / COLUMNS : 0), 1};
}

TC_INLINE void rows_back(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_units(&c->x[X]), each = c->x[W].n > 1;
    const float *w = c->x[W].data;
    for (int64_t i = begin * c->y.n; i < end * c->y.n; i += n) {
        const float *g = c->g + i, *x = c->x[X].data + i;
        float *d = c->d[X] + i;
        for (int64_t j = 0; j < n; j++) d[j] = (c->add[X] ? d[j] : 0.0f) + sloped(x[j], g[j], w[j * each]);
    }
}

/* dL/dw of the units [j, j + m), or of all of them together. */
TC_INLINE void slopes_back(const tc_call *c, int64_t j, int64_t m)
{
    const int64_t n = tc_units(&c->x[X]), all = tc_elements(c, &c->x[X]), each = c->x[W].n > 1;
    double sum[COLUMNS] = {0}, whole = 0;
    for (int64_t i = j; i < all; i += each ? n : m) {
        const float *g = c->g + i, *x = c->x[X].data + i;
        const int64_t here = all - i < m ? all - i : m;
        for (int64_t k = 0; k < here; k++) sum[k] += x[k] > 0.0f ? 0.0 : (double)x[k] * (double)g[k];
    }
    for (int64_t k = 0; k < m; k++) whole += sum[k];
    float *d = c->d[W] + j;
    for (int64_t k = 0; k < (each ? m : 1); k++) d[k] = (c->add[W] ? d[k] : 0.0f) + (float)(each ? sum[k] : whole);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    int64_t block;
    const int64_t first = row_pieces(c, &block), rows = tc_rows(c, &c->x[X]), slopes = c->x[W].n;
    for (int64_t u = begin; u < end; u++) {
        const int64_t j = (u - first) * COLUMNS, to = (u + 1) * block;
        if (u < first)
            rows_back(c, u * block, to < rows ? to : rows);
        else
            slopes_back(c, j, slopes == 1 || slopes - j > COLUMNS ? COLUMNS : slopes - j);
    }
}

const tc_op tc_op_prelu = {
    .name = "prelu",
    .formula = "y = x > 0 ? x : w x, with a learnt w",
    .doc = "A rectifier whose slope below 0 is learnt: one slope, or one for each unit.",
    .source = "He, Zhang, Ren, Sun: Delving deep into rectifiers, ICCV 2015; torch.nn.PReLU",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_KEEPS_ZEROS,
    .attribute = {{"by", "all|unit", "all", "what has a slope of its own: all units together, or each unit", false},
                  {"init", "float", "0.25", "each slope's first value", false}},
    .limit = {{"needs an init from -1e+30 to 1e+30", INIT, -1e30, 1e30}},
    .param = {{"weight", NULL, init}}, /* without letters: a slope of 0 does not make a unit a constant */
    .shape = shape,
    .unit = tc_unit_same,
    .work = 2,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"prelu", {"7"}, -3, 3, 0}, {"prelu by=unit init=-0.5", {"2 131"}, -3, 3, 0}},
};
