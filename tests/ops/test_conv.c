/* test_conv: a plain convolution, for tests of weights of any rank. Stride 1, no padding, and the kernel is not flipped
 * (cross-correlation), as in torch.nn.Conv2d:
 *
 *     x [H, W, C]   w [k, k, C, out]   b [out]   y [H - k + 1, W - k + 1, out]
 *     y(i, j, o) = b(o) + sum over p, q, c of w(p, q, c, o) x(i + p, j + q, c)
 *
 * Every function is one nest of loops over y and the taps. In the backward pass, piece r is dL/dx of row r, and the
 * piece after the last row is dL/dw and dL/db. */
#include "op/op.h"

#include <string.h>

enum { OUT, K };  /* attributes */
enum { X, W, B }; /* x, and the parameters after it */

typedef struct sizes {
    int64_t width, in, k, height_y, width_y, out;
} sizes;

static sizes sizes_of(const tc_call *c)
{
    const tc_shape *x = &c->x[X].shape, *w = &c->x[W].shape, *y = &c->y.shape;
    return (sizes){x->dim[1], x->dim[2], w->dim[0], y->dim[0], y->dim[1], y->dim[2]};
}

static bool shape(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    const tc_shape *x = &s->x[0];
    const int64_t out = (int64_t)s->arg[OUT].number, k = (int64_t)s->arg[K].number;
    if (x->rank != 3 || k < 1 || out < 1 || x->dim[0] < k || x->dim[1] < k)
        return tc_shape_refuse(s, "needs an input [H, W, C] as large as its kernel, got %s",
                               tc_shape_text(x, s->batch[0], got));
    s->y = (tc_shape){3, {x->dim[0] - k + 1, x->dim[1] - k + 1, out}};
    s->param[0] = (tc_shape){4, {k, k, x->dim[2], out}};
    s->param[1] = (tc_shape){1, {out}};
    return true;
}

/* The taps of y(i, j, ...): tap t of k k has its in x out weights at w + t in out, and its inputs at x + at. */
static int64_t input_at(const sizes *z, int64_t i, int64_t j, int64_t t)
{
    return ((i + t / z->k) * z->width + j + t % z->k) * z->in;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const sizes z = sizes_of(c);
    for (int64_t r = begin; r < end; r++)
        for (int64_t i = 0; i < z.height_y; i++)
            for (int64_t j = 0; j < z.width_y; j++) {
                float *y = c->y.data + r * c->y.n + (i * z.width_y + j) * z.out;
                memcpy(y, c->x[B].data, (size_t)z.out * sizeof *y);
                for (int64_t t = 0; t < z.k * z.k; t++) {
                    const float *x = c->x[X].data + r * c->x[X].n + input_at(&z, i, j, t);
                    for (int64_t u = 0; u < z.in * z.out; u++)
                        y[u % z.out] += c->x[W].data[t * z.in * z.out + u] * x[u / z.out];
                }
            }
}

static void backward_x(const tc_call *c, int64_t row)
{
    const sizes z = sizes_of(c);
    float *d = c->d[X] + row * c->x[X].n;
    for (int64_t i = 0; i < c->x[X].n && !c->add[X]; i++) d[i] = 0;
    for (int64_t i = 0; i < z.height_y; i++)
        for (int64_t j = 0; j < z.width_y; j++) {
            const float *g = c->g + row * c->y.n + (i * z.width_y + j) * z.out;
            for (int64_t t = 0; t < z.k * z.k; t++)
                for (int64_t u = 0; u < z.in * z.out; u++)
                    d[input_at(&z, i, j, t) + u / z.out] += c->x[W].data[t * z.in * z.out + u] * g[u % z.out];
        }
}

static void backward_parameters(const tc_call *c)
{
    const sizes z = sizes_of(c);
    for (int p = W; p <= B; p++)
        for (int64_t i = 0; c->d[p] && i < c->x[p].n && !c->add[p]; i++) c->d[p][i] = 0;
    for (int64_t r = 0; r < c->run->rows; r++)
        for (int64_t i = 0; i < z.height_y; i++)
            for (int64_t j = 0; j < z.width_y; j++) {
                const float *g = c->g + r * c->y.n + (i * z.width_y + j) * z.out;
                for (int64_t t = 0; t < z.k * z.k && c->d[W]; t++) {
                    const float *x = c->x[X].data + r * c->x[X].n + input_at(&z, i, j, t);
                    for (int64_t u = 0; u < z.in * z.out; u++)
                        c->d[W][t * z.in * z.out + u] += x[u / z.out] * g[u % z.out];
                }
                for (int64_t o = 0; o < z.out && c->d[B]; o++) c->d[B][o] += g[o];
            }
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    for (int64_t r = begin; r < end; r++)
        if (r == c->run->rows)
            backward_parameters(c);
        else if (c->d[X])
            backward_x(c, r);
}

static tc_span span_back(const tc_call *c) { return (tc_span){c->run->rows + 1, 1}; }

/* Uniform within 1 / sqrt(weights into a unit), as torch.nn.Conv2d. */
static void init(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    (void)shape;
    const float bound = 1 / sqrtf((float)(arg[K].number * arg[K].number * (double)x->dim[2]));
    for (int64_t i = 0; i < n; i++) w[i] = bound * (2 * tc_uniform(tc_stream_word(s, (uint64_t)i)) - 1);
}

const tc_op tc_op_test_conv = {
    .name = "test_conv",
    .formula = "y = the cross-correlation of x with w, + b",
    .doc = "A convolution without padding, for tests.",
    .source = "torch.nn.Conv2d",
    .role = &tc_layer,
    .flags = TC_READS_X,
    .attribute = {{"out", "int", NULL, "units, at least 1", true},
                  {"k", "int", "3", "height and width of the kernel", false}},
    .param = {{"weight", "oihw", init}, {"bias", "o", init}},
    .shape = shape,
    .work = 2,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"test_conv 3", {"5 4 2"}, -1, 1, NAN}, {"test_conv 2 k=2", {"3 4 3"}, -1, 1, NAN}},
};
