/* elu: y = x where x > 0, otherwise alpha (exp(x) - 1). dy/dx = 1 where x > 0, otherwise alpha exp(x), which is y + alpha;
 * at the kink x = 0 it is alpha (PyTorch's choice). Since alpha >= 0 is required, y > 0 exactly where x > 0, so the
 * backward pass can read y. */
#include "op/pointwise.h"

enum { ALPHA };

TC_INLINE float f(float x, const float *a) { return x > 0.0f ? x : a[ALPHA] * expm1f(x); }

TC_INLINE float df(float y, const float *a) { return y > 0.0f ? 1.0f : y + a[ALPHA]; }

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_y(c, begin, end, df); }

const tc_op tc_op_elu = {
    .name = "elu",
    .formula = "y = x > 0 ? x : alpha (exp(x) - 1)",
    .doc = "Exponential linear unit: a rectifier that goes down to -alpha, so that the mean of a unit is near 0.",
    .source = "Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential linear units, "
              "ICLR 2016; torch.nn.ELU",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_ELEMENTWISE | TC_IN_PLACE | TC_KEEPS_ZEROS,
    .attribute = {{"alpha", "float", "1", "minus the limit for values far below 0, at least 0", true}},
    .limit = {{"needs an alpha from 0 to 1e+30", ALPHA, 0, 1e30}},
    .forward = forward,
    .backward = backward,
    .probe = {{"elu", {"7"}, -3, 3, NAN}, {"elu 0.3", {"2 3"}, -3, 3, 0}},
};
