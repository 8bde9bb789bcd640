/* gelu: y = x P(x), P the distribution function of the standard normal.
 *
 *     none:  P(x) = (1 + erf(x / sqrt 2)) / 2              dy/dx = P(x) + x exp(-x^2 / 2) / sqrt(2 pi)
 *     tanh:  P(x) = (1 + tanh u) / 2                       dy/dx = P(x) + x (1 - tanh^2 u) u' / 2
 *            u = sqrt(2 / pi) (x + 0.044715 x^3)           u' = sqrt(2 / pi) (1 + 3 * 0.044715 x^2)
 *
 * Smooth everywhere. From |x| = 6 on tanh u is +-1 in float32, so dy/dx is taken at most at +-FAR: 1 - tanh^2 u is 0, and u'
 * does not overflow. */
#include "op/pointwise.h"

enum { APPROXIMATE };

static const float sqrt_half = 0.70710678118654752f, sqrt_2_pi = 0.79788456080286536f, cubic = 0.044715f;

TC_INLINE float inner(float x) { return tanhf(sqrt_2_pi * (x + cubic * x * x * x)); }

#define FAR 12.0f

TC_INLINE float f(float x, const float *a)
{
    return 0.5f * x * (1.0f + (a[APPROXIMATE] != 0.0f ? inner(x) : erff(x * sqrt_half)));
}

TC_INLINE float df(float x, const float *a)
{
    if (a[APPROXIMATE] == 0.0f) return 0.5f * (1.0f + erff(x * sqrt_half)) + 0.5f * sqrt_2_pi * x * expf(-0.5f * x * x);
    const float v = x > FAR ? FAR : x < -FAR ? -FAR : x;
    const float th = inner(v), du = sqrt_2_pi * (1.0f + 3.0f * cubic * v * v);
    return 0.5f * (1.0f + th) + 0.5f * v * (1.0f - th * th) * du;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_x(c, begin, end, df); }

const tc_op tc_op_gelu = {
    .name = "gelu",
    .formula = "y = x P(x), P the standard normal distribution",
    .doc = "Gaussian error linear unit: a smooth rectifier.",
    .source = "Hendrycks, Gimpel: Gaussian error linear units, arXiv:1606.08415, 2016; torch.nn.GELU",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_KEEPS_ZEROS,
    .attribute = {{"approximate", "none|tanh", "none",
                   "how the normal distribution is computed: exactly, by erf, or approximately, by tanh", false}},
    .forward = forward,
    .backward = backward,
    .probe = {{"gelu", {"7"}, -3, 3, NAN}, {"gelu approximate=tanh", {"2 3"}, -3, 3, NAN}},
};
