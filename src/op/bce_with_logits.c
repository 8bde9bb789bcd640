/* bce_with_logits: -t log s(x) - (1 - t) log(1 - s(x)), s the sigmoid, from logits x and targets t in [0, 1].
 *
 * Computed as max(x, 0) - x t + log(1 + exp(-|x|)), in which exp never overflows. Derivative s(x) - t for x, -x for
 * t. With a weight p of yes it is (1 - t) x + q log(1 + exp(-x)), q = 1 + (p - 1) t, with the derivatives
 * 1 - t - q s(-x) and (p - 1) log(1 + exp(-x)) - x. */
#include "op/pair.h"

TC_INLINE float f(float x, float t, const float *a)
{
    (void)a;
    return (x > 0.0f ? x : 0.0f) - x * t + log1pf(expf(-fabsf(x)));
}

TC_INLINE double wide(double x, double t, const float *a)
{
    (void)a;
    return fmax(x, 0) - x * t + log1p(exp(-fabs(x)));
}

TC_INLINE float df_dx(float x, float t, const float *a)
{
    (void)a;
    return 1.0f / (1.0f + expf(-x)) - t;
}

TC_INLINE float df_dt(float x, float t, const float *a)
{
    (void)t, (void)a;
    return -x;
}

/* log(1 + exp(-x)) */
static double softplus(double x) { return fmax(-x, 0) + log1p(exp(-fabs(x))); }

static float weight_at(const tc_call *c, int64_t i)
{
    return tc_numbers(&c->arg[0])[c->arg[0].count > 1 ? i % c->arg[0].count : 0];
}

static void forward_weighed(const tc_call *c, int64_t begin, int64_t end)
{
    double sum = 0;
    for (int64_t i = begin; i < end; i++) {
        const double x = (double)c->x[0].data[i], t = (double)c->x[1].data[i], p = (double)weight_at(c, i);
        sum += (1 - t) * x + (1 + (p - 1) * t) * softplus(x);
    }
    *tc_partial(c, begin) = sum;
}

static void backward_weighed(const tc_call *c, int64_t begin, int64_t end)
{
    const double seed = tc_seed(c);
    for (int64_t i = begin; i < end; i++) {
        const double x = (double)c->x[0].data[i], t = (double)c->x[1].data[i], p = (double)weight_at(c, i);
        const double d[] = {1 - t - (1 + (p - 1) * t) / (1 + exp(x)), (p - 1) * softplus(x) - x};
        for (int k = 0; k < 2; k++)
            if (c->d[k]) c->d[k][i] = (c->add[k] ? c->d[k][i] : 0.0f) + (float)(seed * d[k]);
    }
}

static bool shape(tc_sketch *s)
{
    const tc_arg *p = &s->arg[0];
    if (!tc_shape_pair(s)) return false;
    const int64_t units = tc_shape_units(&s->x[0]);
    if (p->count > 1 && p->count != units)
        return tc_shape_refuse(s, "pos_weight needs one number, or one for each of the %lld outputs, got %lld",
                               (long long)units, (long long)p->count);
    for (int64_t j = 0; j < p->count; j++)
        if (tc_numbers(p)[j] < 0)
            return tc_shape_refuse(s, "needs a pos_weight of at least 0, got %g", (double)tc_numbers(p)[j]);
    return true;
}

TC_CLONES static void forward_plain(const tc_call *c, int64_t begin, int64_t end)
{
    tc_pair_forward_wide(c, begin, end, f, wide);
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    (c->arg[0].count ? forward_weighed : forward_plain)(c, begin, end);
}

TC_CLONES static void backward_plain(const tc_call *c, int64_t begin, int64_t end)
{
    const float seed = (float)tc_seed(c);
    tc_pair_gradient(c, begin, end, 0, seed, df_dx);
    tc_pair_gradient(c, begin, end, 1, seed, df_dt);
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    (c->arg[0].count ? backward_weighed : backward_plain)(c, begin, end);
}

const tc_op tc_op_bce_with_logits = {
    .name = "bce_with_logits",
    .formula = "sum of max(x, 0) - x t + log(1 + exp(-|x|))",
    .doc = "Yes-or-no answers from logits: the cross entropy of each element.",
    .source = "torch.nn.BCEWithLogitsLoss",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE | TC_LOGITS,
    .attribute = {{"pos_weight", "numbers", "", "the weight of yes beside 1 of no, or one for each output, \"1 2 5\"",
                   false}},
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .probe = {{"bce_with_logits", {"5", "5"}, -3, 3, NAN},
              {"bce_with_logits", {"2 3", "2 3"}, -3, 3, NAN},
              {"bce_with_logits pos_weight=2", {"5", "5"}, -3, 3, NAN},
              {"bce_with_logits pos_weight=0.5,2,3", {"2 3", "2 3"}, -3, 3, NAN}},
};
