/* hardsigmoid: y = min(max(x + 3, 0), 6) / 6.
 * dy/dx = 1/6 where -3 < x < 3, otherwise 0; at the kinks x = -3 and x = 3 it is 0 (PyTorch's choice). */
#include "op/pointwise.h"

TC_INLINE float f(float x, const float *a)
{
    (void)a;
    const float up = x + 3.0f, least = up < 0.0f ? 0.0f : up; /* a NaN passes through */
    return (least > 6.0f ? 6.0f : least) / 6.0f;
}

TC_INLINE float df(float x, const float *a)
{
    (void)a;
    return x > -3.0f && x < 3.0f ? 1.0f / 6.0f : 0.0f;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_x(c, begin, end, df); }

const tc_op tc_op_hardsigmoid = {
    .name = "hardsigmoid",
    .formula = "y = min(max(x + 3, 0), 6) / 6",
    .doc = "A sigmoid of three straight lines: exactly 0 up to -3, exactly 1 from 3 on.",
    .source = "Howard et al.: Searching for MobileNetV3, ICCV 2019; torch.nn.Hardsigmoid",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_MAKES_ZEROS | TC_BLOCKS,
    .forward = forward,
    .backward = backward,
    .probe = {{"hardsigmoid", {"17"}, -6, 6, 3}},
};
