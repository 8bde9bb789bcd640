/* silu: y = x s(x), s(x) = 1 / (1 + exp(-x)).
 * dy/dx = s(x) (1 + x (1 - s(x))). Smooth everywhere. */
#include "op/pointwise.h"

TC_INLINE float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

TC_INLINE float f(float x, const float *a)
{
    (void)a;
    return x * sigmoid(x);
}

TC_INLINE float df(float x, const float *a)
{
    (void)a;
    const float s = sigmoid(x);
    return s * (1.0f + x * (1.0f - s));
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_x(c, begin, end, df); }

const tc_op tc_op_silu = {
    .name = "silu",
    .formula = "y = x / (1 + exp(-x))",
    .doc = "Sigmoid linear unit, also known as swish: a smooth rectifier.",
    .source = "Elfwing, Uchibe, Doya: Sigmoid-weighted linear units, Neural Networks 107, 2018; torch.nn.SiLU",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_KEEPS_ZEROS,
    .forward = forward,
    .backward = backward,
    .probe = {{"silu", {"7"}, -3, 3, NAN}},
};
