/* rmsprop: RMSprop as in torch.optim.RMSprop.
 *
 *     g <- g + weight_decay p
 *     v <- alpha v + (1 - alpha) g^2            centered: a <- alpha a + (1 - alpha) g, and v - a^2 stands for v below
 *     r = g / (sqrt(v) + eps)                   momentum: m <- momentum m + r, and m stands for r below
 *     p <- p - lr r
 *
 * eps is at least FLOOR, as in adam.h. v - a^2 is at least 0, which rounding alone would not keep.
 *
 * The proximal step has t = lr / (1 - momentum), by which a constant r moves p in the long run, and is decoupled: the
 * penalty does not pass through the division by sqrt(v). */
#include "kernel/sum.h"
#include "optim/optim.h"

enum { LR = TC_OPTIM_LR, ALPHA, EPS, WEIGHT_DECAY, MOMENTUM, CENTERED };

enum { STEP, FLOOR, KEEP, TAKE, DECAY, MU };

static void prepare(tc_update *u)
{
    u->factor[STEP] = (float)u->lr;
    u->factor[FLOOR] = (float)fmax(u->arg[EPS].number, TC_LEAST_EPS);
    u->factor[KEEP] = (float)u->arg[ALPHA].number;
    u->factor[TAKE] = (float)(1 - u->arg[ALPHA].number);
    u->factor[DECAY] = (float)u->arg[WEIGHT_DECAY].number;
    u->factor[MU] = (float)u->arg[MOMENTUM].number;
}

TC_INLINE void rmsprop(const tc_update *u, int64_t begin, int64_t end, const bool centered, const bool momentum)
{
    const float step = u->factor[STEP], eps = u->factor[FLOOR], keep = u->factor[KEEP], take = u->factor[TAKE];
    const float decay = u->factor[DECAY], mu = u->factor[MU];
    const float *g = u->g;
    float *p = u->p, *v = u->moment[0], *m = u->moment[1], *a = u->moment[2];
    for (int64_t i = begin; i < end; i++) {
        const float gi = g[i] + decay * p[i];
        float square = v[i] = keep * v[i] + take * gi * gi;
        if (centered) {
            a[i] += take * (gi - a[i]);
            square = square > a[i] * a[i] ? square - a[i] * a[i] : 0.0f;
        }
        const float root = sqrtf(square) + eps;
        if (momentum) {
            m[i] = mu * m[i] + gi / root;
            p[i] -= step * m[i];
        } else
            p[i] -= step * gi / root;
    }
}

TC_CLONES static void plain(const tc_update *u, int64_t begin, int64_t end) { rmsprop(u, begin, end, false, false); }
TC_CLONES static void moving(const tc_update *u, int64_t begin, int64_t end) { rmsprop(u, begin, end, false, true); }
TC_CLONES static void centred(const tc_update *u, int64_t begin, int64_t end) { rmsprop(u, begin, end, true, false); }
TC_CLONES static void both(const tc_update *u, int64_t begin, int64_t end) { rmsprop(u, begin, end, true, true); }

static void update(const tc_update *u, int64_t begin, int64_t end)
{
    const bool momentum = u->arg[MOMENTUM].number != 0;
    (u->arg[CENTERED].number != 0 ? (momentum ? both : centred) : momentum ? moving : plain)(u, begin, end);
}

/* The order of the moments is that of how often they are used: the first one, two or three are kept. */
static int moments(const tc_arg *arg) { return arg[CENTERED].number != 0 ? 3 : arg[MOMENTUM].number != 0 ? 2 : 1; }

/* g^2 is at most v / (1 - alpha), so unless it is centered r is at most 1 / sqrt(1 - alpha); and always g / eps. */
static void bound(const tc_update *u, double gradient, double *most)
{
    const float *f = u->factor;
    const bool centered = u->arg[CENTERED].number != 0, momentum = u->arg[MOMENTUM].number != 0;
    const double g = gradient + (double)f[DECAY] * most[0], raw = g / fmin((double)f[FLOOR], 1);
    double r = centered ? raw : fmin(raw, 1 / sqrt((double)f[TAKE]));
    most[1] = (double)f[KEEP] * most[1] + (double)f[TAKE] * g * g;
    if (centered) most[3] = fmax(most[3], g);
    if (momentum) r = most[2] = (double)f[MU] * most[2] + r;
    most[0] = fmax(most[0] + (double)f[STEP] * r, fmax(1, (double)f[STEP]) * g);
}

static const char *check(const tc_arg *arg)
{
    if (arg[LR].number < 0) return "lr must be at least 0";
    if (arg[ALPHA].number < 0 || !((float)(1 - arg[ALPHA].number) > 0)) return "alpha must be at least 0 and below 1";
    if (arg[EPS].number < 0) return "eps must be at least 0";
    if (arg[MOMENTUM].number < 0 || arg[MOMENTUM].number >= 1) return "momentum must be at least 0 and below 1";
    if (arg[WEIGHT_DECAY].number < 0) return "weight_decay must be at least 0";
    return NULL;
}

static double prox_time(const tc_arg *arg, double lr, int64_t step)
{
    (void)step;
    return lr / (1 - arg[MOMENTUM].number);
}

const tc_optim tc_optim_rmsprop = {
    .name = "rmsprop",
    .formula = "p = p - lr g / (sqrt(v) + eps), v the mean of g^2",
    .doc = "Divides the gradient by the root of the mean of its square.",
    .source = "Tieleman, Hinton: Lecture 6.5, COURSERA: Neural networks for machine learning, 2012; centered: Graves, "
              "arXiv:1308.0850, 2013; torch.optim.RMSprop",
    .attribute = {{"lr", "float", "1e-2", "learning rate", false},
                  {"alpha", "float", "0.99", "how slowly the mean of the gradient's square moves, below 1", false},
                  {"eps", "float", "1e-8", "added to the root of that mean", false},
                  {"weight_decay", "float", "0",
                   "adds weight_decay * p to the gradient (that of weight_decay / 2 * p^2)", false},
                  {"momentum", "float", "0", "share of the last direction that is kept, below 1", false},
                  {"centered", "bool", "false", "divides by the root of the gradient's variance instead", false}},
    .moment = {"square", "momentum", "mean"},
    .moments = moments,
    .prepare = prepare,
    .update = update,
    .bound = bound,
    .check = check,
    .prox_time = prox_time,
    .prox_note =
        "the proximal step is decoupled (t = lr / (1 - momentum)): the penalty does not pass through the division "
        "by the root of v, so its lambda is not the objective's",
    .normalises = true,
};
