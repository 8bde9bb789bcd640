/* l1_huber: sum of |x| made smooth at 0: x^2 / (2 delta) where |x| <= delta, otherwise |x| - delta / 2. Derivative x /
 * delta, clipped to +-1: continuous, so there is no kink at which to choose. prox: z = x delta / (delta + t) where |x|
 * <= delta + t, otherwise x - sign(x) t: no exact zeros. */
#include "op/penalty.h"

enum { DELTA };

TC_INLINE float f(float x, const float *a)
{
    const float m = fabsf(x), d = a[DELTA];
    return m <= d ? 0.5f * m * (m / d) : m - 0.5f * d;
}

TC_INLINE float df(float x, float seed, const float *a)
{
    const float r = x / a[DELTA];
    return seed * (r > 1.0f ? 1.0f : (r < -1.0f ? -1.0f : r));
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_penalty_forward(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_penalty_backward(c, begin, end, df); }

TC_CLONES static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    float *x = c->x[0].data;
    const double delta = c->arg[DELTA].number;
    const float edge = (float)(delta + t), shrink = (float)(delta / (delta + t)), s = (float)t;
    for (int64_t i = begin; i < end; i++) x[i] = fabsf(x[i]) <= edge ? x[i] * shrink : x[i] - copysignf(s, x[i]);
}

const tc_op tc_op_l1_huber = {
    .name = "l1_huber",
    .formula = "lambda * sum (x^2 / (2 delta) where |x| <= delta, otherwise |x| - delta / 2)",
    .doc = "l1 with a smooth bottom: the gradient does not jump at 0, and nothing becomes exactly 0.",
    .source = "Huber: Robust estimation of a location parameter, Annals of Mathematical Statistics 35, 1964; as a "
              "smooth l1: Nesterov: Smooth minimization of non-smooth functions, Mathematical Programming 103, 2005",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE,
    .attribute = {{"delta", "float", "0.1", "the magnitude up to which it is a square, above 0", false}},
    .limit = {{"needs delta from 1e-15 to 1e+15", DELTA, 1e-15, 1e15}},
    .work = 4,
    .forward = forward,
    .backward = backward,
    .prox = prox,
    .probe = {{"l1_huber 0.3", {"3 5"}, -2, 2, 0.1}, {"l1_huber 0.3 delta=1.5", {"7"}, -3, 3, 1.5}},
};
