/* threshold_relu: y = x where x > theta, otherwise 0; theta >= 0. dy/dx = 1 where y is not 0, otherwise 0; at the step
 * x = theta it is 0. The effect of moving theta is not a derivative: jump_relu learns its thresholds from an estimate
 * of it. */
#include "op/pointwise.h"

enum { THETA };

TC_INLINE float f(float x, const float *a)
{
    return x > a[THETA] ? x : (x != x ? x : 0.0f); /* a NaN passes through, and the guard finds it */
}

TC_INLINE float df(float y, const float *a)
{
    (void)a;
    return y > 0.0f ? 1.0f : 0.0f;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_y(c, begin, end, df); }

const tc_op tc_op_threshold_relu = {
    .name = "threshold_relu",
    .formula = "y = x > theta ? x : 0",
    .doc = "A rectifier that is silent up to a threshold: fewer units fire, and those that do are passed on unchanged.",
    .source = "Kurtz, Kopinsky, Gelashvili, Matveev, et al.: Inducing and exploiting activation sparsity for fast "
              "inference on deep neural networks, ICML 2020 (FATReLU)",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_ELEMENTWISE | TC_IN_PLACE | TC_MAKES_ZEROS | TC_KEEPS_ZEROS | TC_BLOCKS,
    .attribute = {{"theta", "float", NULL, "elements above it are passed on; at least 0", true}},
    .limit = {{"needs a theta of at least 0", THETA, 0, INFINITY}},
    .forward = forward,
    .backward = backward,
    .probe = {{"threshold_relu 0.5", {"7"}, -2, 2, 0.5}, {"threshold_relu 0", {"2 3"}, -2, 2, 0}},
};
