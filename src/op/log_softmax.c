/* log_softmax: y_j = x_j - log sum_k exp(x_k) over the last dimension.
 * dL/dx_j = g_j - exp(y_j) sum_k g_k. */
#include "op/rows.h"

static void f(const float *x, float *y, int64_t n)
{
    const float top = tc_largest(x, n);
    double sum = 0;
    for (int64_t j = 0; j < n; j++) sum += (double)tc_exp(x[j] - top);
    const double lse = (double)top + log(sum);
    for (int64_t j = 0; j < n; j++) y[j] = (float)((double)x[j] - lse);
}

static void df(const float *y, const float *g, float *d, bool add, int64_t n)
{
    double sum = 0;
    for (int64_t j = 0; j < n; j++) sum += (double)g[j];
    for (int64_t j = 0; j < n; j++) d[j] = (add ? d[j] : 0.0f) + (float)((double)g[j] - (double)expf(y[j]) * sum);
}

static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_rows_forward(c, begin, end, f); }
static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_rows_backward(c, begin, end, df); }

const tc_op tc_op_log_softmax = {
    .name = "log_softmax",
    .formula = "y_j = x_j - log sum_k exp(x_k)",
    .doc = "The logarithm of softmax, over the last dimension, without loss of precision.",
    .source = "torch.nn.LogSoftmax",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_IN_PLACE,
    .shape = tc_shape_last,
    .work = 3,
    .forward = forward,
    .backward = backward,
    .probe = {{"log_softmax", {"5"}, -3, 3, NAN}, {"log_softmax", {"2 3"}, -3, 3, NAN}},
};
