/* transformed_l1: sum of (1 + beta) |x| / (beta + |x|), beta > 0: close to the count of nonzero entries for a small
 * beta, close to the sum of |x| for a large one. Each term is below 1 + beta.
 * Derivative sign(x) beta (1 + beta) / (beta + |x|)^2; at the kink x = 0 it is 0, so silent units stay undisturbed. */
#include "op/penalty.h"

enum { BETA };

TC_INLINE float f(float x, const float *a)
{
    const float m = fabsf(x);
    return (1.0f + a[BETA]) * (m / (a[BETA] + m));
}

TC_INLINE float df(float x, float seed, const float *a)
{
    const float r = a[BETA] / (a[BETA] + fabsf(x)), slope = (1.0f + a[BETA]) / a[BETA] * r * r;
    return x != 0.0f ? copysignf(slope, x) * seed : 0.0f;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_penalty_forward(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_penalty_backward(c, begin, end, df); }

const tc_op tc_op_transformed_l1 = {
    .name = "transformed_l1",
    .formula = "lambda * sum (1 + beta) |x| / (beta + |x|)",
    .doc = "Between the count of non-zeros (beta to 0) and l1 (beta to infinity): large entries are hardly pulled.",
    .source = "Zhang, Xin: Minimization of transformed L1 penalty: theory, difference of convex function algorithm, "
              "and robust application in compressed sensing, Mathematical Programming 169, 2018",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE | TC_SPARSIFIES,
    .attribute = {{"beta", "float", "1", "how near the sum of magnitudes it is, above 0; small: near the count",
                   false}},
    .limit = {{"needs beta from 1e-15 to 1e+15", BETA, 1e-15, 1e15}},
    .work = 5,
    .forward = forward,
    .backward = backward,
    .probe = {{"transformed_l1 0.3", {"3 5"}, -2, 2, 0}, {"transformed_l1 0.3 beta=2.5", {"7"}, -4, 4, 0}},
};
