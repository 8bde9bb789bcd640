/* sigmoid: y = 1 / (1 + exp(-x)).
 * dy/dx = y (1 - y). Smooth everywhere; exp may overflow to infinity, and y is then 0. */
#include "op/pointwise.h"

TC_INLINE float f(float x, const float *a)
{
    (void)a;
    return 1.0f / (1.0f + expf(-x));
}

TC_INLINE float df(float y, const float *a)
{
    (void)a;
    return y * (1.0f - y);
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_y(c, begin, end, df); }

const tc_op tc_op_sigmoid = {
    .name = "sigmoid",
    .formula = "y = 1 / (1 + exp(-x))",
    .doc = "The logistic function, from 0 to 1.",
    .source = "torch.nn.Sigmoid",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_ELEMENTWISE | TC_IN_PLACE,
    .forward = forward,
    .backward = backward,
    .probe = {{"sigmoid", {"7"}, -3, 3, NAN}},
};
