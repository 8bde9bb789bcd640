/* upsample: repeats each pixel of an image [H, W, C] in a block of rows and columns (the nearest neighbour).
 *
 *     y(i, j, c) = x(i / down, j / across, c)        dL/dx(i, j, c) = sum of g over the block
 *
 * Sums are double. */
#include "kernel/sum.h"
#include "op/op.h"

#include <string.h>

enum { FACTOR };
enum { LANES = 32 };

static bool shape(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    const tc_shape *x = &s->x[0];
    const int64_t down = (int64_t)s->arg[FACTOR].number, across = (int64_t)s->arg[FACTOR].second;
    if (x->rank != 3 || !s->batch[0])
        return tc_shape_refuse(s, "needs an image [height, width, channels], got %s",
                               tc_shape_text(x, s->batch[0], got));
    if (down < 1 || across < 1) return tc_shape_refuse(s, "needs factors of at least 1");
    s->y = (tc_shape){3, {x->dim[0] * down, x->dim[1] * across, x->dim[2]}};
    return true;
}

/* A piece is a row of pixels of x. */
static tc_span span(const tc_call *c)
{
    const int64_t high = c->x[0].shape.dim[0], row = c->y.n / high;
    return (tc_span){tc_rows(c, &c->x[0]) * high, row < TC_RANGE ? TC_RANGE / row : 1};
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = c->y.shape.dim[2], wide = c->x[0].shape.dim[1], line = c->y.shape.dim[1] * n;
    const int64_t down = (int64_t)c->arg[FACTOR].number, across = (int64_t)c->arg[FACTOR].second;
    for (int64_t u = begin; u < end; u++) {
        const float *x = c->x[0].data + u * wide * n;
        float *y = c->y.data + u * down * line;
        for (int64_t j = 0; j < wide * across; j++) memcpy(y + j * n, x + j / across * n, (size_t)n * sizeof *y);
        for (int64_t i = 1; i < down; i++) memcpy(y + i * line, y, (size_t)line * sizeof *y);
    }
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = c->y.shape.dim[2], wide = c->x[0].shape.dim[1], line = c->y.shape.dim[1] * n;
    const int64_t down = (int64_t)c->arg[FACTOR].number, across = (int64_t)c->arg[FACTOR].second;
    for (int64_t at = begin * wide; at < end * wide && c->d[0]; at++)
        for (int64_t k = 0; k < n; k += LANES) {
            const int64_t m = n - k < LANES ? n - k : LANES;
            const float *g = c->g + at / wide * down * line + at % wide * across * n + k;
            float *d = c->d[0] + at * n + k;
            double sum[LANES] = {0};
            for (int64_t i = 0; i < down; i++)
                for (int64_t j = 0; j < across; j++)
                    for (int64_t l = 0; l < m; l++) sum[l] += (double)g[i * line + j * n + l];
            for (int64_t l = 0; l < m; l++) d[l] = (c->add[0] ? d[l] : 0.0f) + (float)sum[l];
        }
}

const tc_op tc_op_upsample = {
    .name = "upsample",
    .formula = "y(i, j) = x(i / down, j / across)",
    .doc = "Enlarges an image [height, width, channels] by whole factors: each pixel is repeated (nearest neighbour).",
    .source = "torch.nn.Upsample, mode nearest",
    .role = &tc_layer,
    .flags = TC_KEEPS_ZEROS | TC_PICKS,
    .attribute = {{"factor", "size", NULL, "of height and width, as 2 or 2x3", true}},
    .shape = shape,
    .unit = tc_unit_same,
    .span = span,
    .forward = forward,
    .backward = backward,
    .probe = {{"upsample 2", {"3 2 5"}, -2, 2, NAN}, {"upsample 3x1", {"2 3 35"}, -2, 2, NAN}},
};
