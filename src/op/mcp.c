/* mcp: the minimax concave penalty: sum of |x| - x^2 / (2 gamma) where |x| <= gamma, otherwise gamma / 2.
 * Derivative sign(x) max(1 - |x| / gamma, 0); at the kink x = 0 it is 0, so that silent units stay undisturbed.
 *
 * Tacet's gamma is the magnitude from which the penalty is flat, for any lambda. Zhang's is in units of lambda:
 *     integral from 0 to |x| of max(lambda - u / g, 0) du = lambda * (this value), gamma = g lambda.
 *
 * prox, for x > 0 (otherwise mirrored). t < gamma: the objective is convex up to gamma and stationary at
 *     z = (x - t) / (1 - t / gamma), from t to gamma (the firm threshold); below it is 0, above it x.
 * t >= gamma: it is concave up to gamma, so the minimiser is 0 or x: x where t gamma < x^2 (the hard threshold). */
#include "op/penalty.h"

enum { GAMMA };

TC_INLINE float f(float x, const float *a)
{
    const float m = fabsf(x) > a[GAMMA] ? a[GAMMA] : fabsf(x);
    return m * (1.0f - 0.5f * (m / a[GAMMA]));
}

TC_INLINE float df(float x, float seed, const float *a)
{
    const float m = fabsf(x) > a[GAMMA] ? a[GAMMA] : fabsf(x);
    return x != 0.0f ? copysignf(1.0f - m / a[GAMMA], x) * seed : 0.0f;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_penalty_forward(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_penalty_backward(c, begin, end, df); }

/* The minimiser for x >= 0. */
static double nearest(double x, double t, double gamma)
{
    if (t >= gamma) return x * x > t * gamma ? x : 0;
    return x >= gamma ? x : x > t ? (x - t) / (1 - t / gamma) : 0;
}

static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    float *x = c->x[0].data;
    const double gamma = c->arg[GAMMA].number;
    for (int64_t i = begin; i < end; i++) {
        const float z = (float)nearest(fabs((double)x[i]), t, gamma);
        x[i] = z > 0.0f ? copysignf(z, x[i]) : (x[i] == x[i] ? 0.0f : x[i]);
    }
}

const tc_op tc_op_mcp = {
    .name = "mcp",
    .formula = "lambda * sum (|x| - x^2 / (2 gamma) where |x| <= gamma, otherwise gamma / 2)",
    .doc =
        "Pulls small entries as l1 does, and those beyond gamma not at all, so without bias. Zhang's gamma is this one "
        "over lambda. `prox` on a parameter is the firm threshold.",
    .source = "Zhang: Nearly unbiased variable selection under minimax concave penalty, Annals of Statistics 38, 2010",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE | TC_SPARSIFIES,
    .attribute = {{"gamma", "float", "3", "the magnitude from which it is flat, above 0: Zhang's gamma times lambda",
                   false}},
    .limit = {{"needs gamma from 1e-15 to 1e+15", GAMMA, 1e-15, 1e15}},
    .work = 5,
    .forward = forward,
    .backward = backward,
    .prox = prox,
    .probe = {{"mcp 0.3", {"3 5"}, -4, 4, 0}, {"mcp 0.3 gamma=1.5", {"7"}, -3, 3, 0}},
};
