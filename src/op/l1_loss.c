/* l1_loss: the absolute error |x - t|.
 * Derivative for the output x: sign(x - t); for the target t: its negative; at the kink x = t it is 0 (PyTorch's
 * choice). */
#include "op/pair.h"

TC_INLINE float f(float x, float t, const float *a)
{
    (void)a;
    return fabsf(x - t);
}

TC_INLINE double wide(double x, double t, const float *a)
{
    (void)a;
    return fabs(x - t);
}

TC_INLINE float df(float x, float t, const float *a)
{
    (void)a;
    return (float)((x > t) - (x < t));
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_pair_forward_wide(c, begin, end, f, wide);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_pair_backward(c, begin, end, df); }

const tc_op tc_op_l1_loss = {
    .name = "l1_loss",
    .formula = "sum |x - t|",
    .doc = "The absolute error; by default its mean over all elements.",
    .source = "torch.nn.L1Loss",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE,
    .forward = forward,
    .backward = backward,
    .probe = {{"l1_loss", {"5", "5"}, -2, 2, 0}, {"l1_loss", {"2 3", "2 3"}, -2, 2, 0}},
};
