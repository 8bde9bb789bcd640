/* relu: y = max(x, 0).
 * dy/dx = 1 where y > 0, otherwise 0; at the kink x = 0 it is 0, so that a silent unit stays undisturbed (PyTorch's
 * choice). */
#include "op/pointwise.h"

TC_INLINE float f(float x, const float *a)
{
    (void)a;
    return x > 0.0f ? x : (x != x ? x : 0.0f); /* a NaN passes through, and the guard finds it */
}

TC_INLINE float df(float y, const float *a)
{
    (void)a;
    return y > 0.0f ? 1.0f : 0.0f;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_y(c, begin, end, df); }

const tc_op tc_op_relu = {
    .name = "relu",
    .formula = "y = max(x, 0)",
    .doc = "Rectifier: makes exact zeros, on which firing lists and densities rely.",
    .source = "Nair, Hinton: Rectified linear units improve restricted Boltzmann machines, ICML 2010",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_ELEMENTWISE | TC_IN_PLACE | TC_MAKES_ZEROS | TC_KEEPS_ZEROS | TC_BLOCKS,
    .forward = forward,
    .backward = backward,
    .probe = {{"relu", {"7"}, -2, 2, 0}},
};
