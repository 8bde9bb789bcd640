/* focal_with_logits: the cross entropy of a yes or no, in which answers that are already right count little.
 *
 *     alpha_t (1 - p_t)^gamma (-log p_t)         p_t = s(z), z = x for yes and -x for no, s the sigmoid
 *
 * from logits x and targets t in [0, 1]: as in torchvision, p_t = s(x) t + (1 - s(x)) (1 - t), -log p_t is the cross entropy,
 * and alpha_t = alpha t + (1 - alpha) (1 - t). Derivative for x:
 *
 *     alpha_t (1 - p_t)^(gamma - 1) ((1 - p_t) (s - t) - gamma (2 t - 1) s (1 - s) l)         l the cross entropy
 *
 * and for t: (1 - p_t)^(gamma - 1) ((1 - p_t) ((2 alpha - 1) l - alpha_t x) - gamma alpha_t (2 s - 1) l). */
#include "op/pair.h"

enum { GAMMA, ALPHA };

typedef struct parts {
    double s, l, left, alpha; /* the sigmoid, the cross entropy, 1 - p_t, alpha_t */
} parts;

static parts parts_of(double x, double t, const float *a)
{
    const double e = exp(-fabs(x)), s = x > 0 ? 1 / (1 + e) : e / (1 + e), no = x > 0 ? e / (1 + e) : 1 / (1 + e);
    const double alpha = (double)a[ALPHA];
    return (parts){s, fmax(x, 0) - x * t + log1p(e), no * t + s * (1 - t),
                   alpha < 0 ? 1 : alpha * t + (1 - alpha) * (1 - t)};
}

static double value(double x, double t, const float *a)
{
    const parts p = parts_of(x, t, a);
    return p.alpha * pow(p.left, (double)a[GAMMA]) * p.l;
}

/* gamma (1 - p_t)^(gamma - 1), 0 where 1 - p_t is. */
static double slope_of(const parts *p, double gamma) { return p->left > 0 ? gamma * pow(p->left, gamma - 1) : 0; }

TC_INLINE float f(float x, float t, const float *a) { return (float)value((double)x, (double)t, a); }

static double df_dx(double x, double t, const float *a)
{
    const double gamma = (double)a[GAMMA];
    const parts p = parts_of(x, t, a);
    return p.alpha * (pow(p.left, gamma) * (p.s - t) - slope_of(&p, gamma) * (2 * t - 1) * p.s * (1 - p.s) * p.l);
}

static double df_dt(double x, double t, const float *a)
{
    const double gamma = (double)a[GAMMA], alpha = (double)a[ALPHA];
    const parts p = parts_of(x, t, a);
    const double power = pow(p.left, gamma), turn = alpha < 0 ? 0 : 2 * alpha - 1;
    return power * (turn * p.l - p.alpha * x) + slope_of(&p, gamma) * (1 - 2 * p.s) * p.alpha * p.l;
}

static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_pair_forward_wide(c, begin, end, f, value); }

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_pair_gradient_wide(c, begin, end, 0, df_dx);
    tc_pair_gradient_wide(c, begin, end, 1, df_dt);
}

const tc_op tc_op_focal_with_logits = {
    .name = "focal_with_logits",
    .formula = "sum alpha_t (1 - p_t)^gamma (-log p_t), p_t the probability of the target",
    .doc =
        "Yes-or-no answers from logits, most of which are easy: a cross entropy in which answers that are right already "
        "count little.",
    .source = "Lin et al.: Focal loss for dense object detection, 2017; torchvision.ops.sigmoid_focal_loss",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE | TC_LOGITS,
    .attribute = {{"gamma", "float", "2", "how little right answers count, at least 0; 0: the cross entropy", true},
                  {"alpha", "float", "0.25", "the weight of yes, from 0 to 1, beside 1 - alpha of no; -1: both have 1",
                   false}},
    .limit = {{"needs a gamma of at least 0", GAMMA, 0, INFINITY}, {"needs an alpha from 0 to 1, or -1", ALPHA, -1, 1}},
    .forward = forward,
    .backward = backward,
    .probe = {{"focal_with_logits", {"5", "5"}, -3, 3, NAN},
              {"focal_with_logits gamma=0.5 alpha=-1", {"2 3", "2 3"}, -3, 3, NAN}},
};
