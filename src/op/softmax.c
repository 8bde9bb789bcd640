/* softmax: y_j = exp(x_j) / sum_k exp(x_k) over the last dimension.
 * dL/dx_j = y_j (g_j - sum_k g_k y_k). The largest x is taken out before exp, so that nothing overflows. */
#include "op/op.h"

#include <math.h>

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_last(&c->y), per = c->y.n / n;
    for (int64_t r = begin * per; r < end * per; r++) {
        const float *x = c->x[0].data + r * n;
        float *y = c->y.data + r * n, top = x[0];
        double sum = 0;
        for (int64_t j = 1; j < n; j++) top = x[j] > top ? x[j] : top;
        for (int64_t j = 0; j < n; j++) sum += (double)(y[j] = expf(x[j] - top));
        for (int64_t j = 0; j < n; j++) y[j] *= (float)(1.0 / sum);
    }
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_last(&c->y), per = c->y.n / n;
    if (!c->d[0]) return;
    for (int64_t r = begin * per; r < end * per; r++) {
        const float *y = c->y.data + r * n, *g = c->g + r * n;
        float *d = c->d[0] + r * n;
        double dot = 0;
        for (int64_t j = 0; j < n; j++) dot += (double)g[j] * (double)y[j];
        for (int64_t j = 0; j < n; j++) d[j] = (c->add[0] ? d[j] : 0.0f) + y[j] * (g[j] - (float)dot);
    }
}

static double flops(const tc_sketch *s) { return 4.0 * (double)tc_shape_count(&s->x[0]); }

static const tc_probe probe[] = {{"softmax", {"5"}, -3, 3, NAN}, {"softmax", {"2 3"}, -3, 3, NAN}, {0}};

const tc_op tc_op_softmax = {
    .name = "softmax",
    .formula = "y_j = exp(x_j) / sum_k exp(x_k)",
    .doc = "Shares that sum to 1, over the last dimension. (cross_entropy takes logits: it has its own inside.)",
    .source = "Bridle: Probabilistic interpretation of feedforward classification network "
              "outputs, Neurocomputing, 1990",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_IN_PLACE,
    .inputs = 1,
    .shape = tc_shape_last,
    .flops = flops,
    .forward = forward,
    .backward = backward,
    .probe = probe,
};
