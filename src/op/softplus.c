/* softplus: y = log(1 + exp(beta x)) / beta, and x where beta x > threshold.
 * dy/dx = 1 / (1 + exp(-beta x)), and 1 where beta x > threshold (PyTorch's choice, also that of the threshold).
 * The logarithm is computed as max(z, 0) + log1p(exp(-|z|)), z = beta x, which no number overflows. */
#include "op/pointwise.h"

enum { BETA, THRESHOLD };

TC_INLINE float f(float x, const float *a)
{
    const float z = a[BETA] * x;
    return z > a[THRESHOLD] ? x : ((z > 0.0f ? z : 0.0f) + log1pf(expf(-fabsf(z)))) / a[BETA];
}

TC_INLINE float df(float x, const float *a)
{
    const float z = a[BETA] * x;
    return z > a[THRESHOLD] ? 1.0f : 1.0f / (1.0f + expf(-z));
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_x(c, begin, end, df); }

const tc_op tc_op_softplus = {
    .name = "softplus",
    .formula = "y = log(1 + exp(beta x)) / beta, and x where beta x > threshold",
    .doc = "A smooth rectifier that is above 0 everywhere, as a scale or a variance has to be.",
    .source = "Dugas et al.: Incorporating second-order functional knowledge for better option pricing, NIPS 2000; "
              "torch.nn.Softplus",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_ELEMENTWISE,
    .attribute = {{"beta", "float", "1", "how sharp the bend is, above 0", true},
                  {"threshold", "float", "20", "from this beta x on, y is x itself", false}},
    .limit = {{"needs a beta from 1e-15 to 1e15", BETA, 1e-15, 1e15}},
    .forward = forward,
    .backward = backward,
    .probe = {{"softplus", {"7"}, -3, 3, NAN}, {"softplus 4 threshold=100", {"2 3"}, -3, 3, NAN}},
};
