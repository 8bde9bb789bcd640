/* l2: sum of x^2 (not its half, not its root).
 * Derivative 2 x. prox: z = x / (1 + 2 t). */
#include "op/penalty.h"

TC_INLINE float df(float x, float seed, const float *a)
{
    (void)a;
    return 2.0f * seed * x;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    double sum = 0;
    int64_t start = 0;
    for (int i = 0; i < c->inputs; i++) {
        const tc_overlap p = tc_overlap_of(c, i, begin, end, &start);
        if (p.from < p.to) sum += c->run->kernel->squares(c->x[i].data + p.from, p.to - p.from);
    }
    *tc_partial(c, begin) = sum;
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_penalty_backward(c, begin, end, df); }

TC_CLONES static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    float *x = c->x[0].data;
    const float shrink = (float)(1 / (1 + 2 * t));
    for (int64_t i = begin; i < end; i++) x[i] *= shrink;
}

const tc_op tc_op_l2 = {
    .name = "l2",
    .formula = "lambda * sum x^2",
    .doc = "The sum of squares (ridge), gradient 2 lambda x, twice that of PyTorch's weight_decay.",
    .source = "Hoerl, Kennard: Ridge regression, Technometrics 12, 1970; keras.regularizers.L2",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE,
    .work = 2,
    .forward = forward,
    .backward = backward,
    .prox = prox,
    .probe = {{"l2 0.3", {"3 5"}, -2, 2, NAN}},
};
