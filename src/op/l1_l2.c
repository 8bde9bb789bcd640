/* l1_l2: sum of l1 |x| + l2 x^2, the elastic net, with Keras's two factors.
 * Derivative l1 sign(x) + 2 l2 x; at the kink x = 0 it is 0, so that silent units stay undisturbed.
 * prox: the soft threshold by t l1, divided by 1 + 2 t l2: exact zeros. */
#include "op/penalty.h"

enum { L1, L2 };

TC_INLINE float f(float x, const float *a) { return a[L1] * fabsf(x) + a[L2] * x * x; }

TC_INLINE float df(float x, float seed, const float *a)
{
    return seed * ((x != 0.0f ? copysignf(a[L1], x) : 0.0f) + 2.0f * a[L2] * x);
}

/* Squares beyond float32 are added up in double. */
TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    int64_t start = 0;
    tc_penalty_forward(c, begin, end, f);
    if (isfinite(*tc_partial(c, begin))) return;
    double sum = 0;
    for (int i = 0; i < c->inputs; i++) {
        const tc_overlap p = tc_overlap_of(c, i, begin, end, &start);
        if (p.from >= p.to) continue;
        sum += c->arg[L1].number * tc_sum(c->x[i].data, p.from, p.to, NULL, tc_magnitude) +
               c->arg[L2].number * c->run->kernel->squares(c->x[i].data + p.from, p.to - p.from);
    }
    *tc_partial(c, begin) = sum;
}
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_penalty_backward(c, begin, end, df); }

TC_CLONES static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    float *x = c->x[0].data;
    const float s = (float)(t * c->arg[L1].number), shrink = (float)(1 / (1 + 2 * t * c->arg[L2].number));
    for (int64_t i = begin; i < end; i++) x[i] = tc_brought_to(x[i], (fabsf(x[i]) - s) * shrink);
}

static bool shape(tc_sketch *s)
{
    const double l1 = s->arg[L1].number, l2 = s->arg[L2].number, most = 1e30;
    if (l1 >= 0 && l2 >= 0 && l1 <= most && l2 <= most) return true;
    return tc_shape_refuse(s, "needs l1 and l2 from 0 to 1e+30, got %g and %g", l1, l2);
}

const tc_op tc_op_l1_l2 = {
    .name = "l1_l2",
    .formula = "lambda * sum (l1 |x| + l2 x^2)",
    .doc = "Elastic net. `l1_l2 l1=0.01 l2=0.02` is Keras's L1L2(0.01, 0.02).",
    .source = "Zou, Hastie: Regularization and variable selection via the elastic net, JRSS B 67, 2005; "
              "keras.regularizers.L1L2",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE | TC_SPARSIFIES,
    .attribute = {{"l1", "float", "1", "factor on the magnitudes, at least 0", false},
                  {"l2", "float", "1", "factor on the squares, at least 0", false}},
    .lambda = 1,
    .shape = shape,
    .work = 5,
    .forward = forward,
    .backward = backward,
    .prox = prox,
    .probe = {{"l1_l2 0.5 l1=0.3 l2=0.2", {"3 5"}, -2, 2, 0}},
};
