/* softmax: y_j = exp(x_j) / sum_k exp(x_k) over the last dimension.
 * dL/dx_j = y_j (g_j - sum_k g_k y_k). */
#include "op/rows.h"

TC_CLONES static void f(const float *x, float *y, int64_t n)
{
    const float top = tc_largest(x, n);
    double sum = 0;
    for (int64_t j = 0; j < n; j++) y[j] = tc_exp(x[j] - top);
    for (int64_t j = 0; j < n; j++) sum += (double)y[j];
    for (int64_t j = 0; j < n; j++) y[j] *= (float)(1.0 / sum);
}

static void df(const float *y, const float *g, float *d, bool add, int64_t n)
{
    double dot = 0;
    for (int64_t j = 0; j < n; j++) dot += (double)g[j] * (double)y[j];
    for (int64_t j = 0; j < n; j++)
        d[j] = (add ? d[j] : 0.0f) + (float)((double)y[j] * ((double)g[j] - dot)); /* the difference may be large */
}

static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_rows_forward(c, begin, end, f); }
static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_rows_backward(c, begin, end, df); }

const tc_op tc_op_softmax = {
    .name = "softmax",
    .formula = "y_j = exp(x_j) / sum_k exp(x_k)",
    .doc = "Shares that sum to 1, over the last dimension. (cross_entropy takes logits: it includes a softmax.)",
    .source = "Bridle: Probabilistic interpretation of feedforward classification network "
              "outputs, Neurocomputing, 1990",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_IN_PLACE,
    .shape = tc_shape_last,
    .work = 4,
    .forward = forward,
    .backward = backward,
    .probe = {{"softmax", {"5"}, -3, 3, NAN}, {"softmax", {"2 3"}, -3, 3, NAN}},
};
