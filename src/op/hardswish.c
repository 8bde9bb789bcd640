/* hardswish: y = x min(max(x + 3, 0), 6) / 6: 0 up to -3, x from 3 on.
 * dy/dx = x / 3 + 1/2 where -3 < x < 3; 0 up to -3 and 1 from 3 on, both included, as in newer versions of PyTorch.
 * (PyTorch 1.13 has -1/2 and 3/2 at the kinks.) */
#include "op/pointwise.h"

TC_INLINE float f(float x, const float *a)
{
    (void)a;
    const float y = x >= 3.0f ? x : x * (x + 3.0f) / 6.0f; /* a NaN passes through */
    return x <= -3.0f ? 0.0f : y;
}

TC_INLINE float df(float x, const float *a)
{
    (void)a;
    const float d = x >= 3.0f ? 1.0f : x / 3.0f + 0.5f;
    return x <= -3.0f ? 0.0f : d;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_x(c, begin, end, df); }

const tc_op tc_op_hardswish = {
    .name = "hardswish",
    .formula = "y = x min(max(x + 3, 0), 6) / 6",
    .doc = "A cheap silu: exactly 0 up to -3, exactly x from 3 on.",
    .source = "Howard et al.: Searching for MobileNetV3, ICCV 2019; torch.nn.Hardswish",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_MAKES_ZEROS | TC_KEEPS_ZEROS,
    .forward = forward,
    .backward = backward,
    .probe = {{"hardswish", {"17"}, -6, 6, 3}},
};
