/* adam.h: the update that adam and adamw share; they differ in where weight_decay goes.
 *
 *     m <- beta1 m + (1 - beta1) g          v <- beta2 v + (1 - beta2) g^2
 *     p <- p - lr / (1 - beta1^k) * m / (sqrt(v) / sqrt(1 - beta2^k) + eps)          in the k-th update
 *
 * eps is at least FLOOR, which is TC_LEAST_EPS. With amsgrad the largest v so far stands for v in the second line
 * (Reddi, Kale, Kumar: On the convergence of Adam and beyond, ICLR 2018).
 *
 * Under both the proximal step has t = lr and is decoupled, as AdamW's decay is: the penalty does not pass through the
 * normalisation by sqrt(v). */
#ifndef TC_ADAM_H
#define TC_ADAM_H

#include "kernel/sum.h"
#include "optim/optim.h"

#include <string.h>

enum { TC_ADAM_LR = TC_OPTIM_LR, TC_ADAM_BETA1, TC_ADAM_BETA2, TC_ADAM_EPS, TC_ADAM_WEIGHT_DECAY, TC_ADAM_AMSGRAD };

/* The attributes, given the default of weight_decay and what it does. */
#define TC_ADAM_ATTRIBUTES(decay, does)                                                                                \
    {                                                                                                                  \
        {"lr", "float", "1e-3", "learning rate", false},                                                               \
        {"beta1", "float", "0.9", "how slowly the mean of the gradient moves, below 1", false},                        \
        {"beta2", "float", "0.999", "how slowly the mean of its square moves, below 1", false},                        \
        {"eps", "float", "1e-8", "added to the root of that mean", false},                                             \
        {"weight_decay", "float", decay, does, false},                                                                 \
        {"amsgrad", "bool", "false", "divides by the root of the largest mean of the square so far", false}            \
    }

#define TC_ADAM_PROX_NOTE                                                                                              \
    "the proximal step is decoupled (t = lr): the penalty does not pass through Adam's normalisation, so its lambda "  \
    "is not the objective's"

enum { TC_ADAM_STEP, TC_ADAM_ROOT, TC_ADAM_FLOOR, TC_ADAM_A, TC_ADAM_B, TC_ADAM_C, TC_ADAM_DECAY, TC_ADAM_KEEP };

/* into: weight_decay's part in the gradient; shrink: the factor by which p is multiplied first. */
static inline void tc_adam_prepare(tc_update *u, double into, double shrink)
{
    const double beta1 = u->arg[TC_ADAM_BETA1].number, beta2 = u->arg[TC_ADAM_BETA2].number;
    const float factor[TC_UPDATE_FACTORS] = {
        [TC_ADAM_STEP] = (float)(u->lr / (1 - pow(beta1, (double)u->step))),
        [TC_ADAM_ROOT] = (float)(1 / sqrt(1 - pow(beta2, (double)u->step))),
        [TC_ADAM_FLOOR] = (float)fmax(u->arg[TC_ADAM_EPS].number, TC_LEAST_EPS),
        [TC_ADAM_A] = (float)(1 - beta1),
        [TC_ADAM_B] = (float)beta2,
        [TC_ADAM_C] = (float)(1 - beta2),
        [TC_ADAM_DECAY] = (float)into,
        [TC_ADAM_KEEP] = (float)shrink};
    memcpy(u->factor, factor, sizeof factor);
}

TC_INLINE void tc_adam(const tc_update *u, int64_t begin, int64_t end, const bool amsgrad)
{
    const float step = u->factor[TC_ADAM_STEP], root = u->factor[TC_ADAM_ROOT], eps = u->factor[TC_ADAM_FLOOR];
    const float a = u->factor[TC_ADAM_A], b = u->factor[TC_ADAM_B], c = u->factor[TC_ADAM_C];
    const float decay = u->factor[TC_ADAM_DECAY], keep = u->factor[TC_ADAM_KEEP];
    const float *g = u->g;
    float *p = u->p, *m = u->moment[0], *v = u->moment[1], *top = u->moment[2];
    for (int64_t i = begin; i < end; i++) {
        const float gi = g[i] + decay * p[i];
        m[i] += a * (gi - m[i]);
        v[i] = b * v[i] + c * gi * gi;
        if (amsgrad) top[i] = top[i] > v[i] ? top[i] : v[i];
        p[i] = keep * p[i] - step * m[i] / (sqrtf(amsgrad ? top[i] : v[i]) * root + eps);
    }
}

static inline void tc_adam_bound(const tc_update *u, double gradient, double *most)
{
    const float *f = u->factor;
    const double g = gradient + (double)f[TC_ADAM_DECAY] * most[0], floor = fmin((double)f[TC_ADAM_FLOOR], 1);
    most[1] = fmax(most[1], g);
    most[2] = (double)f[TC_ADAM_B] * most[2] + (double)f[TC_ADAM_C] * g * g;
    if (u->arg[TC_ADAM_AMSGRAD].number != 0) most[3] = fmax(most[3], most[2]);
    most[0] = fabs((double)f[TC_ADAM_KEEP]) * most[0] + (double)f[TC_ADAM_STEP] * most[1] / floor;
}

static inline const char *tc_adam_check(const tc_arg *arg)
{
    const double b1 = arg[TC_ADAM_BETA1].number, b2 = arg[TC_ADAM_BETA2].number;
    if (arg[TC_ADAM_LR].number < 0) return "lr must be at least 0";
    if (b1 < 0 || b1 >= 1 || b2 < 0 || b2 >= 1) return "beta1 and beta2 must be at least 0 and below 1";
    if (arg[TC_ADAM_EPS].number < 0) return "eps must be at least 0";
    if (arg[TC_ADAM_WEIGHT_DECAY].number < 0) return "weight_decay must be at least 0";
    return NULL;
}

static inline int tc_adam_moments(const tc_arg *arg) { return arg[TC_ADAM_AMSGRAD].number != 0 ? 3 : 2; }

static inline double tc_adam_prox_time(const tc_arg *arg, double lr, int64_t step)
{
    (void)arg, (void)step;
    return lr;
}

#endif
