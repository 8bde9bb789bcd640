/* relu6: y = min(max(x, 0), 6).
 * dy/dx = 1 where 0 < y < 6, otherwise 0; at the kinks x = 0 and x = 6 it is 0 (PyTorch's choice). */
#include "op/pointwise.h"

TC_INLINE float f(float x, const float *a)
{
    (void)a;
    const float y = x > 0.0f ? x : (x != x ? x : 0.0f); /* a NaN passes through, and the guard finds it */
    return y > 6.0f ? 6.0f : y;
}

TC_INLINE float df(float y, const float *a)
{
    (void)a;
    return y > 0.0f && y < 6.0f ? 1.0f : 0.0f;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_y(c, begin, end, df); }

const tc_op tc_op_relu6 = {
    .name = "relu6",
    .formula = "y = min(max(x, 0), 6)",
    .doc = "A rectifier that ends at 6: makes exact zeros, as relu does.",
    .source = "Krizhevsky: Convolutional deep belief networks on CIFAR-10, 2010; torch.nn.ReLU6",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_ELEMENTWISE | TC_IN_PLACE | TC_MAKES_ZEROS | TC_KEEPS_ZEROS | TC_BLOCKS,
    .forward = forward,
    .backward = backward,
    .probe = {{"relu6", {"7"}, -2, 2, 0}, {"relu6", {"2 3 5"}, -9, 9, 6}},
};
