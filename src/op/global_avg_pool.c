/* global_avg_pool: the mean of each channel over all positions, [H, W, C] to [C]; also [L, C] to [C].
 *
 *     y(c) = sum over positions p of x(p, c) / P        dL/dx(p, c) = g(c) / P
 *
 * torch.nn.AdaptiveAvgPool2d(1) and a flatten. Sums are double. */
#include "kernel/sum.h"
#include "op/op.h"

enum { LANES = 32 };

static bool shape(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    const tc_shape *x = &s->x[0];
    if (x->rank < 2 || !s->batch[0])
        return tc_shape_refuse(s, "needs an image [height, width, channels] or a sequence [length, channels], got %s",
                               tc_shape_text(x, s->batch[0], got));
    s->y = (tc_shape){1, {tc_shape_units(x)}};
    return true;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_units(&c->x[0]), positions = tc_positions(&c->x[0]);
    for (int64_t r = begin; r < end; r++)
        for (int64_t j = 0; j < n; j += LANES) {
            const int64_t m = n - j < LANES ? n - j : LANES;
            const float *x = c->x[0].data + r * c->x[0].n + j;
            double sum[LANES] = {0};
            for (int64_t p = 0; p < positions; p++, x += n)
                for (int64_t k = 0; k < m; k++) sum[k] += (double)x[k];
            for (int64_t k = 0; k < m; k++) c->y.data[r * n + j + k] = (float)(sum[k] / (double)positions);
        }
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_units(&c->x[0]), positions = tc_positions(&c->x[0]);
    for (int64_t r = begin; r < end && c->d[0]; r++) {
        const float *g = c->g + r * n, size = (float)positions;
        float *d = c->d[0] + r * c->x[0].n;
        for (int64_t p = 0; p < positions; p++, d += n)
            for (int64_t j = 0; j < n; j++) d[j] = (c->add[0] ? d[j] : 0.0f) + g[j] / size;
    }
}

const tc_op tc_op_global_avg_pool = {
    .name = "global_avg_pool",
    .formula = "y = mean of x over all positions, in each channel",
    .doc = "The mean of each channel over an image [height, width, channels] or a sequence [length, channels].",
    .source = "Lin, Chen, Yan: Network in network, ICLR 2014; torch.nn.AdaptiveAvgPool2d(1)",
    .role = &tc_layer,
    .flags = TC_KEEPS_ZEROS,
    .shape = shape,
    .unit = tc_unit_same,
    .work = 1,
    .forward = forward,
    .backward = backward,
    .probe = {{"global_avg_pool", {"3 2 5"}, -2, 2, NAN}, {"global_avg_pool", {"7 35"}, -2, 2, NAN}},
};
