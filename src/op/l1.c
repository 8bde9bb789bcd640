/* l1: sum of |x|.
 * d|x|/dx = sign(x); at the kink x = 0 it is 0, so that silent units stay undisturbed.
 * prox: soft threshold, z = sign(x) max(|x| - t, 0): exact zeros. */
#include "op/penalty.h"

TC_INLINE float df(float x, float seed, const float *a)
{
    (void)a;
    return x != 0.0f ? copysignf(1.0f, x) * seed : 0.0f;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_penalty_forward(c, begin, end, tc_magnitude);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_penalty_backward(c, begin, end, df); }

TC_CLONES static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    float *x = c->x[0].data;
    const float s = (float)t;
    for (int64_t i = begin; i < end; i++) x[i] = tc_soft(x[i], s);
}

const tc_op tc_op_l1 = {
    .name = "l1",
    .formula = "lambda * sum |x|",
    .doc = "The sum of magnitudes (the lasso). Its gradient makes values small; `prox` on a parameter, exactly zero.",
    .source = "Tibshirani: Regression shrinkage and selection via the lasso, JRSS B 58, 1996",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE | TC_SPARSIFIES,
    .work = 2,
    .forward = forward,
    .backward = backward,
    .prox = prox,
    .probe = {{"l1 0.3", {"3 5"}, -2, 2, 0}},
};
