/* bce_with_logits: -t log s(x) - (1 - t) log(1 - s(x)), s the sigmoid, from logits x and targets t in [0, 1].
 *
 * Computed as max(x, 0) - x t + log(1 + exp(-|x|)), in which exp never overflows. Derivative s(x) - t for x, -x for
 * t. */
#include "op/pair.h"

TC_INLINE float f(float x, float t, const float *a)
{
    (void)a;
    return (x > 0.0f ? x : 0.0f) - x * t + log1pf(expf(-fabsf(x)));
}

TC_INLINE double wide(double x, double t, const float *a)
{
    (void)a;
    return fmax(x, 0) - x * t + log1p(exp(-fabs(x)));
}

TC_INLINE float df_dx(float x, float t, const float *a)
{
    (void)a;
    return 1.0f / (1.0f + expf(-x)) - t;
}

TC_INLINE float df_dt(float x, float t, const float *a)
{
    (void)t, (void)a;
    return -x;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_pair_forward_wide(c, begin, end, f, wide);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const float seed = (float)tc_seed(c);
    tc_pair_gradient(c, begin, end, 0, seed, df_dx);
    tc_pair_gradient(c, begin, end, 1, seed, df_dt);
}

const tc_op tc_op_bce_with_logits = {
    .name = "bce_with_logits",
    .formula = "sum of max(x, 0) - x t + log(1 + exp(-|x|))",
    .doc = "Yes-or-no answers from logits: the cross entropy of each element.",
    .source = "torch.nn.BCEWithLogitsLoss",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE | TC_LOGITS,
    .forward = forward,
    .backward = backward,
    .probe = {{"bce_with_logits", {"5", "5"}, -3, 3, NAN}, {"bce_with_logits", {"2 3", "2 3"}, -3, 3, NAN}},
};
