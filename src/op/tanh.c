/* tanh: y = tanh x.
 * dy/dx = 1 - y^2. Smooth everywhere. */
#include "op/pointwise.h"

TC_INLINE float f(float x, const float *a)
{
    (void)a;
    return tanhf(x);
}

TC_INLINE float df(float y, const float *a)
{
    (void)a;
    return 1.0f - y * y;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_y(c, begin, end, df); }

const tc_op tc_op_tanh = {
    .name = "tanh",
    .formula = "y = tanh x",
    .doc = "The hyperbolic tangent, from -1 to 1.",
    .source = "torch.nn.Tanh",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_ELEMENTWISE | TC_IN_PLACE | TC_KEEPS_ZEROS,
    .forward = forward,
    .backward = backward,
    .probe = {{"tanh", {"7"}, -3, 3, NAN}},
};
