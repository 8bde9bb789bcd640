/* linear: y = x W + b over the last dimension; the leading ones fold into rows.
 *
 *     x [R, in]   W [in, out]   b [out]   y [R, out],   R = rows of the batch times the leading dimensions
 *     dL/dx = g W^T             dL/dW = x^T g           dL/db = sum of g over R
 *
 * Each product is cut into tiles of its result by its shape alone, one gemm a tile, so that the bits do not depend on
 * the threads. Backward, units 0.. are the tiles of dL/dx, the units behind them those of dL/dW; the tiles in the first
 * row of dL/dW make dL/db too. */
#include "op/op.h"

#include <math.h>

enum { OUT, BIAS, INIT };         /* attributes */
enum { X, W, B };                 /* x, and the parameters behind it */
enum { KAIMING, XAVIER, ZEROS };  /* words of init */

/* At most this many rows and columns a tile. Measured with OpenBLAS on products of 128 x 512 x 512 and about: 256 x 256
 * costs 5%, 128 x 128 10% and more. */
enum { TILE = 256, STEP = 16 };

typedef struct tile {
    int64_t i, j, m, n; /* the block [i, i + m) x [j, j + n) of the result */
} tile;

static int64_t cuts(int64_t n) { return (n + TILE - 1) / TILE; }

/* The length of the parts into which n is cut: as even as multiples of STEP allow. */
static int64_t length(int64_t n)
{
    const int64_t even = (n + cuts(n) - 1) / cuts(n);
    return (even + STEP - 1) / STEP * STEP;
}

static int64_t tiles(int64_t m, int64_t n) { return cuts(m) * cuts(n); }

static tile tile_at(int64_t m, int64_t n, int64_t unit)
{
    const int64_t height = length(m), width = length(n), across = cuts(n);
    tile t = {unit / across * height, unit % across * width, height, width};
    if (t.m > m - t.i) t.m = m - t.i;
    if (t.n > n - t.j) t.n = n - t.j;
    return t;
}

/* Sizes of the product, from a call. */
typedef struct sizes {
    int64_t rows, in, out;
} sizes;

static sizes sizes_of(const tc_call *c)
{
    const tc_shape *w = &c->x[W].shape;
    return (sizes){tc_count(c, &c->x[X]) / w->dim[0], w->dim[0], w->dim[1]};
}

static bool shape(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    const double out = s->arg[OUT].number;
    if (s->x[0].rank < 1)
        return tc_shape_refuse(s, "needs an input with at least one dimension, got %s",
                               tc_shape_text(&s->x[0], s->batch[0], got));
    if (out < 1) return tc_shape_refuse(s, "needs out of at least 1, got %g", out);
    const int last = s->x[0].rank - 1;
    const int64_t in = s->x[0].dim[last];
    s->y = s->x[0];
    s->y.dim[last] = (int64_t)out;
    s->param[0] = (tc_shape){2, {in, (int64_t)out}};
    s->param[1] = (tc_shape){s->arg[BIAS].number != 0 ? 1 : -1, {(int64_t)out}};
    if (tc_shape_count(&s->y) < 0 || tc_shape_count(&s->param[0]) < 0)
        return tc_shape_refuse(s, "%.0f units are too many on an input %s", out,
                               tc_shape_text(&s->x[0], s->batch[0], got));
    return true;
}

static double flops(const tc_sketch *s)
{
    const tc_shape *w = &s->param[0];
    return 2.0 * (double)tc_shape_count(&s->x[0]) * (double)w->dim[1];
}

static void uniform(float *w, int64_t n, double bound, tc_stream s)
{
    for (int64_t i = 0; i < n; i++)
        w[i] = (float)(bound * (2.0 * (double)tc_unit(tc_stream_word(s, (uint64_t)i)) - 1.0));
}

/* kaiming_uniform as torch.nn.Linear has it (a = sqrt 5): bound 1 / sqrt(in). xavier: sqrt(6 / (in + out)). */
static void init_weight(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    (void)x;
    const double in = (double)shape->dim[0], out = (double)shape->dim[1];
    const double bound[] = {[KAIMING] = 1.0 / sqrt(in), [XAVIER] = sqrt(6.0 / (in + out)), [ZEROS] = 0};
    uniform(w, n, bound[(int)arg[INIT].number], s);
}

static void init_bias(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    (void)shape;
    const double bound[] = {[KAIMING] = 1.0 / sqrt((double)x->dim[x->rank - 1]), [XAVIER] = 0, [ZEROS] = 0};
    uniform(w, n, bound[(int)arg[INIT].number], s);
}

static tc_span span(const tc_call *c)
{
    sizes z = sizes_of(c);
    return (tc_span){tiles(z.rows, z.out), 1};
}

/* Tiles of dL/dx, if it is wanted. */
static int64_t tiles_dx(const tc_call *c, sizes z) { return c->d[X] ? tiles(z.rows, z.in) : 0; }

static tc_span span_back(const tc_call *c)
{
    sizes z = sizes_of(c);
    return (tc_span){tiles_dx(c, z) + (c->d[W] || c->d[B] ? tiles(z.in, z.out) : 0), 1};
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const sizes z = sizes_of(c);
    const float *bias = c->x[B].data;
    for (int64_t u = begin; u < end; u++) {
        const tile t = tile_at(z.rows, z.out, u);
        float *y = c->y.data + t.i * z.out + t.j;
        c->run->kernel->gemm(&(tc_gemm){.m = t.m, .n = t.n, .k = z.in,
                                        .a = c->x[X].data + t.i * z.in, .lda = z.in,
                                        .b = c->x[W].data + t.j, .ldb = z.out,
                                        .bias = bias ? bias + t.j : NULL, .c = y, .ldc = z.out});
    }
}

static void backward_x(const tc_call *c, sizes z, int64_t unit)
{
    const tile t = tile_at(z.rows, z.in, unit);
    c->run->kernel->gemm(&(tc_gemm){.tb = true, .add = c->add[X], .m = t.m, .n = t.n, .k = z.out,
                                    .a = c->g + t.i * z.out, .lda = z.out,
                                    .b = c->x[W].data + t.j * z.out, .ldb = z.out,
                                    .c = c->d[X] + t.i * z.in + t.j, .ldc = z.in});
}

/* d [n] = sum over rows of g [rows, n], in double; n at most TILE. A few rows need no double. */
TC_CLONES static void backward_bias(const float *g, int64_t rows, int64_t n, int64_t pitch, float *d, bool add)
{
    enum { RUN = 8 };
    float run[TILE];
    double sum[TILE];
    for (int64_t i = 0; i < rows; i += RUN) {
        for (int64_t j = 0; j < n; j++) run[j] = g[i * pitch + j];
        for (int64_t r = i + 1; r < i + RUN && r < rows; r++)
            for (int64_t j = 0; j < n; j++) run[j] += g[r * pitch + j];
        for (int64_t j = 0; j < n; j++) sum[j] = (i == 0 ? 0 : sum[j]) + (double)run[j];
    }
    for (int64_t j = 0; j < n; j++) d[j] = (add ? d[j] : 0.0f) + (float)sum[j];
}

static void backward_w(const tc_call *c, sizes z, int64_t unit)
{
    const tile t = tile_at(z.in, z.out, unit);
    if (c->d[W])
        c->run->kernel->gemm(&(tc_gemm){.ta = true, .add = c->add[W], .m = t.m, .n = t.n, .k = z.rows,
                                        .a = c->x[X].data + t.i, .lda = z.in, .b = c->g + t.j, .ldb = z.out,
                                        .c = c->d[W] + t.i * z.out + t.j, .ldc = z.out});
    if (c->d[B] && t.i == 0) backward_bias(c->g + t.j, z.rows, t.n, z.out, c->d[B] + t.j, c->add[B]);
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const sizes z = sizes_of(c);
    const int64_t first = tiles_dx(c, z);
    for (int64_t u = begin; u < end; u++) {
        if (u < first)
            backward_x(c, z, u);
        else
            backward_w(c, z, u - first);
    }
}

static const tacet_attribute attribute[] = {
    {"out", "int", NULL, "units, at least 1", true},
    {"bias", "bool", "true", "whether b is added", false},
    {"init", "kaiming_uniform|xavier|zeros", "kaiming_uniform",
     "first weights: uniform within 1 / sqrt(in), b too; uniform within sqrt(6 / (in + out)), b 0; all 0", false},
    {0}};

static const tc_param param[] = {{"weight", true, init_weight}, {"bias", false, init_bias}, {0}};

static const tc_probe probe[] = {
    {"linear 5", {"7"}, -1, 1, NAN}, {"linear 3 bias=false init=xavier", {"2 4"}, -1, 1, NAN},
    {"linear 131 init=xavier", {"260"}, -1, 1, NAN}, {0}};

const tc_op tc_op_linear = {
    .name = "linear",
    .formula = "y = x W + b",
    .doc = "A fully connected layer over the last dimension. Its output is the pre-activation of what follows.",
    .source = "He, Zhang, Ren, Sun: Delving deep into rectifiers, ICCV 2015 (init), as torch.nn.Linear; "
              "Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010",
    .role = &tc_layer,
    .flags = TC_READS_X,
    .attribute = attribute,
    .inputs = 1,
    .param = param,
    .shape = shape,
    .flops = flops,
    .span = span,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .probe = probe,
};
