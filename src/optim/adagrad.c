/* adagrad: Adagrad as in torch.optim.Adagrad.
 *
 *     g <- g + weight_decay p
 *     s <- s + g^2                   s at first is initial_accumulator_value
 *     p <- p - lr / (1 + (k - 1) lr_decay) * g / (sqrt(s) + eps)          in the k-th update
 *
 * The moment holds the sum of squares alone, from 0 on; the initial value is added where it is read. eps is at least
 * FLOOR, as in adam.h.
 *
 * The proximal step is decoupled and shrinks as the updates do: if g keeps its size, sqrt(s) is sqrt(k) |g|, so with
 * t = lr / (1 + (k - 1) lr_decay) / sqrt(k) a penalty is to g over the root of its mean square as it is under rmsprop.
 * With t = lr it would win against any gradient in the end. (The step of Duchi et al. has another t for each element.) */
#include "kernel/sum.h"
#include "optim/optim.h"

enum { LR = TC_OPTIM_LR, LR_DECAY, WEIGHT_DECAY, INITIAL, EPS };

enum { STEP, FLOOR, DECAY, START };

static double rate(const tc_arg *arg, double lr, int64_t step)
{
    return lr / (1 + (double)(step - 1) * arg[LR_DECAY].number);
}

static void prepare(tc_update *u)
{
    u->factor[STEP] = (float)rate(u->arg, u->lr, u->step);
    u->factor[FLOOR] = (float)fmax(u->arg[EPS].number, TC_LEAST_EPS);
    u->factor[DECAY] = (float)u->arg[WEIGHT_DECAY].number;
    u->factor[START] = (float)u->arg[INITIAL].number;
}

TC_CLONES static void update(const tc_update *u, int64_t begin, int64_t end)
{
    const float step = u->factor[STEP], eps = u->factor[FLOOR], decay = u->factor[DECAY], start = u->factor[START];
    const float *g = u->g;
    float *p = u->p, *s = u->moment[0];
    for (int64_t i = begin; i < end; i++) {
        const float gi = g[i] + decay * p[i];
        s[i] += gi * gi;
        p[i] -= step * gi / (sqrtf(s[i] + start) + eps);
    }
}

/* g^2 is at most s, so p moves by at most lr. */
static void bound(const tc_update *u, double gradient, double *most)
{
    const float *f = u->factor;
    const double g = gradient + (double)f[DECAY] * most[0];
    most[1] += g * g;
    most[0] = fmax(most[0] + (double)f[STEP], fmax(1, (double)f[STEP]) * g);
}

static const char *check(const tc_arg *arg)
{
    if (arg[LR].number < 0) return "lr must be at least 0";
    if (arg[LR_DECAY].number < 0) return "lr_decay must be at least 0";
    if (arg[WEIGHT_DECAY].number < 0) return "weight_decay must be at least 0";
    if (arg[INITIAL].number < 0 || arg[INITIAL].number > 1e30)
        return "initial_accumulator_value must be from 0 to 1e30";
    if (arg[EPS].number < 0) return "eps must be at least 0";
    return NULL;
}

static double prox_time(const tc_arg *arg, double lr, int64_t step) { return rate(arg, lr, step) / sqrt((double)step); }

const tc_optim tc_optim_adagrad = {
    .name = "adagrad",
    .formula = "p = p - lr g / (sqrt(s) + eps), s the sum of g^2 over all updates",
    .doc = "Steps that become smaller for each parameter as its gradients add up.",
    .source =
        "Duchi, Hazan, Singer: Adaptive subgradient methods for online learning and stochastic optimization, JMLR "
        "12, 2011; torch.optim.Adagrad",
    .attribute = {{"lr", "float", "1e-2", "learning rate", false},
                  {"lr_decay", "float", "0", "divides lr by 1 + (updates before this one) * lr_decay", false},
                  {"weight_decay", "float", "0",
                   "adds weight_decay * p to the gradient (that of weight_decay / 2 * p^2)", false},
                  {"initial_accumulator_value", "float", "0", "the sum of squares at first", false},
                  {"eps", "float", "1e-10", "added to the root of the sum", false}},
    .moment = {"sum"},
    .prepare = prepare,
    .update = update,
    .bound = bound,
    .check = check,
    .prox_time = prox_time,
    .prox_note =
        "the proximal step is decoupled and shrinks with the root of the number of updates: the penalty does not "
        "pass through the division by the root of s, so its lambda is not the objective's",
    .normalises = true,
};
