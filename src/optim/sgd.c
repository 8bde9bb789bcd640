/* sgd: stochastic gradient descent with momentum, as in torch.optim.SGD.
 *
 *     g <- g + weight_decay p
 *     m <- momentum m + (1 - dampening) g,  in the first update m <- g
 *     p <- p - lr m,  with nesterov p - lr (g + momentum m)
 *
 * The proximal step that follows has t = lr (1 - dampening) / (1 - momentum): under a constant gradient g the momentum
 * settles so that each update moves p by lr (1 - dampening) / (1 - momentum) g, so with this t, and no other, the pair
 * comes to rest where 0 is a subgradient of the objective. */
#include "kernel/kernel.h"
#include "optim/optim.h"

enum { LR = TC_OPTIM_LR, MOMENTUM, DAMPENING, NESTEROV, WEIGHT_DECAY };

enum { STEP, DECAY, KEEP, TAKE, NOW, AHEAD };

static void prepare(tc_update *u)
{
    const bool first = u->step == 1, nesterov = u->arg[NESTEROV].number != 0;
    const float mu = (float)u->arg[MOMENTUM].number;
    u->factor[STEP] = (float)u->lr;
    u->factor[DECAY] = (float)u->arg[WEIGHT_DECAY].number;
    u->factor[KEEP] = first ? 0.0f : mu;
    u->factor[TAKE] = first ? 1.0f : 1.0f - (float)u->arg[DAMPENING].number;
    u->factor[NOW] = nesterov ? 1.0f : 0.0f;
    u->factor[AHEAD] = nesterov ? mu : 1.0f;
}

TC_CLONES static void plain(const tc_update *u, int64_t begin, int64_t end)
{
    const float lr = u->factor[STEP], decay = u->factor[DECAY];
    const float *g = u->g;
    float *p = u->p;
    if (decay == 0.0f)
        for (int64_t i = begin; i < end; i++) p[i] -= lr * g[i];
    else
        for (int64_t i = begin; i < end; i++) p[i] -= lr * (g[i] + decay * p[i]);
}

/* m = keep m + take g, then p -= lr (now g + ahead m). */
TC_CLONES static void momentum(const tc_update *u, int64_t begin, int64_t end)
{
    const float lr = u->factor[STEP], decay = u->factor[DECAY], keep = u->factor[KEEP], take = u->factor[TAKE];
    const float now = u->factor[NOW], ahead = u->factor[AHEAD];
    const float *g = u->g;
    float *p = u->p, *m = u->moment[0];
    for (int64_t i = begin; i < end; i++) {
        const float gi = g[i] + decay * p[i];
        m[i] = keep * m[i] + take * gi;
        p[i] -= lr * (now * gi + ahead * m[i]);
    }
}

static void update(const tc_update *u, int64_t begin, int64_t end)
{
    (u->arg[MOMENTUM].number != 0 ? momentum : plain)(u, begin, end);
}

static void bound(const tc_update *u, double gradient, double *most)
{
    const float *f = u->factor;
    const double g = gradient + (double)f[DECAY] * most[0];
    const double m = u->arg[MOMENTUM].number != 0 ? (double)f[KEEP] * most[1] + fabs((double)f[TAKE]) * g : 0;
    most[0] = fmax(most[0] + (double)f[STEP] * (g + m), g);
    most[1] = m;
}

static int moments(const tc_arg *arg) { return arg[MOMENTUM].number != 0; }

static const char *check(const tc_arg *arg)
{
    if (arg[LR].number < 0) return "lr must be at least 0";
    if (arg[MOMENTUM].number < 0 || arg[MOMENTUM].number >= 1) return "momentum must be at least 0 and below 1";
    if (arg[WEIGHT_DECAY].number < 0) return "weight_decay must be at least 0";
    if (arg[NESTEROV].number != 0 && (arg[MOMENTUM].number == 0 || arg[DAMPENING].number != 0))
        return "nesterov needs a momentum above 0 and no dampening";
    return NULL;
}

static double prox_time(const tc_arg *arg, double lr, int64_t step)
{
    (void)step;
    const double mu = arg[MOMENTUM].number;
    return mu == 0 ? lr : lr * (1 - arg[DAMPENING].number) / (1 - mu); /* without momentum dampening does nothing */
}

const tc_optim tc_optim_sgd = {
    .name = "sgd",
    .formula = "m = momentum m + (1 - dampening) g; p = p - lr m",
    .doc = "Stochastic gradient descent, with optional momentum.",
    .source = "torch.optim.SGD; Sutskever, Martens, Dahl, Hinton: On the importance of initialization and momentum in "
              "deep learning, ICML 2013",
    .attribute = {{"lr", "float", NULL, "learning rate", false},
                  {"momentum", "float", "0", "share of the last direction that is kept, below 1", false},
                  {"dampening", "float", "0", "share of the gradient that the momentum leaves out", false},
                  {"nesterov", "bool", "false", "look ahead along the momentum", false},
                  {"weight_decay", "float", "0",
                   "adds weight_decay * p to the gradient (that of weight_decay / 2 * p^2)", false}},
    .moment = {"momentum"},
    .moments = moments,
    .prepare = prepare,
    .update = update,
    .bound = bound,
    .check = check,
    .prox_time = prox_time,
    .prox_note = "",
};
