/* mish: y = x tanh(log(1 + exp x)).
 *
 * With e = exp x and n = e (e + 2) = (1 + e)^2 - 1 the tangent is t = n / (n + 2), in which nothing cancels, and
 *
 *     dy/dx = t + x 4 e (e + 1) / (n + 2)^2
 *
 * Smooth everywhere. From x = FAR on t is 1 and dy/dx is 1 in float32, and below -LOW both are 0 (-0 for y), so x is taken
 * within these where a square would overflow, or 0 be multiplied with infinity. */
#include "op/pointwise.h"

#define FAR 20.0f
#define LOW (-120.0f)

TC_INLINE float f(float x, const float *a)
{
    (void)a;
    const float e = expf(x > FAR ? FAR : x), n = e * (e + 2.0f);
    return (x < LOW ? LOW : x) * (n / (n + 2.0f));
}

TC_INLINE float df(float x, const float *a)
{
    (void)a;
    const float v = x > FAR ? FAR : x < LOW ? LOW : x, e = expf(v), n = e * (e + 2.0f), m = 1.0f / (n + 2.0f);
    return n * m + v * (4.0f * e * m) * ((e + 1.0f) * m);
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_x(c, begin, end, df); }

const tc_op tc_op_mish = {
    .name = "mish",
    .formula = "y = x tanh(log(1 + exp(x)))",
    .doc = "A smooth rectifier, close to silu.",
    .source = "Misra: Mish: a self regularized non-monotonic activation function, BMVC 2020; torch.nn.Mish",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_KEEPS_ZEROS,
    .forward = forward,
    .backward = backward,
    .probe = {{"mish", {"7"}, -3, 3, NAN}},
};
