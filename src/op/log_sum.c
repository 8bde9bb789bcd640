/* log_sum: sum of log(1 + |x| / eps), eps > 0.
 * Where |x| / eps is beyond float32 the sum is computed in double.
 * Derivative sign(x) / (eps + |x|); at the kink x = 0 it is 0, so that silent units stay undisturbed.
 *
 * prox, for x > 0 (otherwise mirrored): where t / (eps + z) + z - x = 0 the objective is stationary; the larger root
 *     z = (x - eps + sqrt((x + eps)^2 - 4 t)) / 2
 * is its minimum among z > 0, if it is real and above 0. The slope at 0 is t / eps - x: if it is below 0 the minimiser
 * is z, otherwise the better of z and 0, and 0 if they tie. Hence exact zeros, and a jump from them where t > eps^2. */
#include "op/penalty.h"

enum { EPS };

TC_INLINE float f(float x, const float *a) { return log1pf(fabsf(x) / a[EPS]); }

TC_INLINE float df(float x, float seed, const float *a)
{
    return x != 0.0f ? copysignf(1.0f / (a[EPS] + fabsf(x)), x) * seed : 0.0f;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    double *sum = tc_partial(c, begin);
    int64_t start = 0;
    tc_penalty_forward(c, begin, end, f);
    if (isfinite(*sum)) return;
    *sum = 0;
    for (int i = 0; i < c->inputs; i++) {
        const tc_overlap p = tc_overlap_of(c, i, begin, end, &start);
        for (int64_t k = p.from; k < p.to; k++) *sum += log1p(fabs((double)c->x[i].data[k]) / c->arg[EPS].number);
    }
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_penalty_backward(c, begin, end, df); }

/* The minimiser for x >= 0. */
static double nearest(double x, double t, double eps)
{
    const double b = x - eps, inside = (x + eps) * (x + eps) - 4 * t, r = sqrt(inside > 0 ? inside : 0);
    if (x * eps > t) return b > 0 ? (b + r) / 2 : 2 * (x * eps - t) / (r - b);
    if (!(inside > 0) || b + r <= 0) return 0;
    const double z = (b + r) / 2;
    return t * log1p(z / eps) + z * (z / 2 - x) < 0 ? z : 0;
}

static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    float *x = c->x[0].data;
    const double eps = c->arg[EPS].number;
    for (int64_t i = begin; i < end; i++) {
        const float z = (float)nearest(fabs((double)x[i]), t, eps);
        x[i] = z > 0.0f ? copysignf(z, x[i]) : (x[i] == x[i] ? 0.0f : x[i]);
    }
}

const tc_op tc_op_log_sum = {
    .name = "log_sum",
    .formula = "lambda * sum log(1 + |x| / eps)",
    .doc = "What reweighted l1 minimises: small entries are pulled with 1 / eps, large ones with 1 / |x|. `prox` on a "
           "parameter gives exact zeros and shrinks large entries little.",
    .source = "Candes, Wakin, Boyd: Enhancing sparsity by reweighted l1 minimization, Journal of Fourier Analysis and "
              "Applications 14, 2008",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE | TC_SPARSIFIES,
    .attribute = {{"eps", "float", "0.1", "the magnitude at which the pull is half of that near 0, above 0", false}},
    .limit = {{"needs eps from 1e-15 to 1e+15", EPS, 1e-15, 1e15}},
    .work = 10,
    .forward = forward,
    .backward = backward,
    .prox = prox,
    .probe = {{"log_sum 0.3", {"3 5"}, -2, 2, 0}, {"log_sum 0.3 eps=2", {"7"}, -3, 3, 0}},
};
