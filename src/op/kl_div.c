/* kl_div: the Kullback-Leibler divergence of log-probabilities x from probabilities t: t (log t - x), 0 where t = 0.
 *
 * Derivative for x: -t; for t: log t + 1 - x, and 0 where t = 0. With log_target, t is the logarithm of a probability:
 * e^t (t - x), with the derivatives -e^t and e^t (t + 1 - x). */
#include "op/pair.h"

enum { LOG_TARGET };

TC_INLINE float f(float x, float t, const float *a)
{
    if (a[LOG_TARGET] != 0.0f) return expf(t) * (t - x);
    return t == 0.0f ? 0.0f : t * (logf(t) - x);
}

TC_INLINE double wide(double x, double t, const float *a)
{
    if (a[LOG_TARGET] != 0.0f) return exp(t) * (t - x);
    return t == 0 ? 0 : t * (log(t) - x);
}

static double df_dx(double x, double t, const float *a)
{
    (void)x;
    return a[LOG_TARGET] != 0.0f ? -exp(t) : -t;
}

static double df_dt(double x, double t, const float *a)
{
    if (a[LOG_TARGET] != 0.0f) return exp(t) * (t + 1 - x);
    return t == 0 ? 0 : log(t) + 1 - x;
}

static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_pair_forward_wide(c, begin, end, f, wide); }

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_pair_gradient_wide(c, begin, end, 0, df_dx);
    tc_pair_gradient_wide(c, begin, end, 1, df_dt);
}

const tc_op tc_op_kl_div = {
    .name = "kl_div",
    .formula = "sum t (log t - x)",
    .doc = "The Kullback-Leibler divergence from outputs that are logarithms of probabilities, as of log_softmax, to "
           "targets that are probabilities. The divergence of distributions is reduce=sample, the mean over rows "
           "(PyTorch's batchmean).",
    .source = "torch.nn.KLDivLoss",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE,
    .attribute = {{"log_target", "bool", "false", "the targets are logarithms of probabilities too", false}},
    .forward = forward,
    .backward = backward,
    .probe = {{"kl_div", {"3", "3"}, -3, 0, NAN}, {"kl_div log_target", {"2 3", "2 3"}, -3, 0, NAN}},
};
