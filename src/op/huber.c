/* huber: with e = x - t, e^2 / 2 where |e| <= delta, otherwise delta (|e| - delta / 2). Derivative for the output x: e,
 * clipped to +-delta; for the target t: its negative. It is continuous, so there is no kink at which to choose. */
#include "op/pair.h"

enum { DELTA };

TC_INLINE float f(float x, float t, const float *a)
{
    const float e = fabsf(x - t), d = a[DELTA];
    return e <= d ? 0.5f * e * e : d * (e - 0.5f * d);
}

TC_INLINE double wide(double x, double t, const float *a)
{
    const double e = fabs(x - t), d = (double)a[DELTA];
    return e <= d ? 0.5 * e * e : d * (e - 0.5 * d);
}

TC_INLINE float df(float x, float t, const float *a)
{
    const float e = x - t, d = a[DELTA];
    return e > d ? d : (e < -d ? -d : e);
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_pair_forward_wide(c, begin, end, f, wide);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_pair_backward(c, begin, end, df); }

const tc_op tc_op_huber = {
    .name = "huber",
    .formula = "sum of e^2 / 2 where |e| <= delta, otherwise delta (|e| - delta / 2), e = x - t",
    .doc = "The squared error near the target and the absolute error far from it.",
    .source = "Huber: Robust estimation of a location parameter, Annals of Mathematical Statistics 35, 1964; "
              "torch.nn.HuberLoss",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE,
    .attribute = {{"delta", "float", "1", "where the square ends, above 0", true}},
    .limit = {{"needs a delta above 0", DELTA, TC_ABOVE_0, INFINITY}},
    .forward = forward,
    .backward = backward,
    .probe = {{"huber", {"5", "5"}, -3, 3, 1}, {"huber delta=0.5", {"2 3", "2 3"}, -2, 2, 0.5}},
};
