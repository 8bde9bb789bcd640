/* mse: the squared error (x - t)^2.
 * Derivative for the output x: 2 (x - t); for the target t: its negative. Smooth. */
#include "op/pair.h"

TC_INLINE float f(float x, float t, const float *a)
{
    (void)a;
    return (x - t) * (x - t);
}

TC_INLINE double wide(double x, double t, const float *a)
{
    (void)a;
    return (x - t) * (x - t);
}

TC_INLINE float half_df(float x, float t, const float *a)
{
    (void)a;
    return x - t;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_pair_forward_wide(c, begin, end, f, wide);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const float seed = 2.0f * (float)tc_seed(c);
    tc_pair_gradient(c, begin, end, 0, seed, half_df);
    tc_pair_gradient(c, begin, end, 1, -seed, half_df);
}

const tc_op tc_op_mse = {
    .name = "mse",
    .formula = "sum (x - t)^2",
    .doc = "The squared error; by default its mean over all elements.",
    .source = "torch.nn.MSELoss",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE,
    .forward = forward,
    .backward = backward,
    .probe = {{"mse", {"5", "5"}, -2, 2, NAN}, {"mse lambda=0.5", {"2 3", "2 3"}, -2, 2, NAN}},
};
