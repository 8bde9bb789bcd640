/* steering.c: checks whether steered lambdas reach their targets: the demo's network, five epochs, targets for the
 * first ReLU, the second and both, three seeds. The density is that of the last epoch's training batches. A search
 * finds fixed lambdas that end at the same density; the comparison shows what steering costs in accuracy. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS = 5, SEEDS = 3, LAYERS = 2, SEARCHES = 10 };
#define NEAR 0.05 /* the largest relative distance of the density with a fixed lambda */

typedef struct outcome {
    double density[LAYERS], lambda[LAYERS]; /* over the last epoch; NAN: no penalty there */
    double accuracy;
    bool said; /* a warning said that the target cannot be reached */
} outcome;

typedef struct data {
    tacet_data *train, *test;
    const char *optimizer;
} data;

static void step_epoch(tacet_plan *p, tacet_loader *l, tacet_value x, tacet_value target)
{
    int64_t rows;
    tacet_ledger_reset(p);
    while ((rows = tacet_loader_next(l, p, x, target)) > 0)
        if (tacet_step(p, rows) != TACET_OK) stop("a step failed", tacet_plan_error(p));
}

static void look(const tacet_plan *p, outcome *o)
{
    tacet_term t = {.size = sizeof t};
    tacet_account a = {.size = sizeof a};
    tacet_firing f = {.size = sizeof f};
    tacet_warning w = {.size = sizeof w};
    for (int i = 0; tacet_term_at(p, i, &t) == TACET_OK; i++) {
        if (t.role != TACET_ROLE_PENALTY) continue;
        tacet_account_at(p, i, &a);
        const int layer = t.on[strlen(t.on) - 1] - '1';
        tacet_term_firing(p, i, &f);
        o->density[layer] = f.density;
        o->lambda[layer] = a.lambda;
    }
    for (int i = 0; tacet_warning_at(p, i, &w) == TACET_OK; i++) o->said = o->said || strcmp(w.kind, "above") == 0;
}

/* penalty[layer]: the description of a penalty, or "". */
static outcome train(const data *d, char penalty[LAYERS][64], uint64_t seed)
{
    static const char *const relu[LAYERS] = {"relu1", "relu2"};
    outcome o = {.density = {NAN, NAN}, .lambda = {NAN, NAN}};
    tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){784}), target = tacet_labels(g, "target");
    const tacet_value y = tacet_chain(g, x, "linear 512 | relu | linear 512 | relu | linear 10");
    tacet_loss(g, "cross_entropy", y, target);
    for (int k = 0; k < LAYERS; k++)
        if (*penalty[k]) tacet_penalize(g, relu[k], penalty[k]);
    tacet_loader *l = tacet_loader_new(d->train, 128, seed, true, &why);
    tacet_loader *t = tacet_loader_new(d->test, 128, 0, false, &why);
    if (!l || !t) stop("the data", &why);
    tacet_plan *p = tacet_compile(g,
                                  &(tacet_config){TACET_CONFIG, .batch = 128, .optimizer = d->optimizer, .seed = seed,
                                                  .steps_per_epoch = tacet_loader_batches(l), .epochs = EPOCHS},
                                  &why);
    if (!p) stop("steering", &why);
    for (int i = 0; i < EPOCHS; i++) step_epoch(p, l, x, target);
    look(p, &o);
    tacet_result r = {.size = sizeof r};
    if (tacet_evaluate(p, t, x, target, y, &r) != TACET_OK) stop("an evaluation failed", tacet_plan_error(p));
    o.accuracy = r.accuracy;
    tacet_plan_free(p);
    tacet_graph_free(g);
    tacet_loader_free(l);
    tacet_loader_free(t);
    return o;
}

/* The search for a lambda: `below` is too small, `above` too large; 0: not known yet. */
typedef struct search {
    double lambda, below, above;
} search;

static void narrow(search *s, double far)
{
    *(far > 0 ? &s->below : &s->above) = s->lambda;
    if (s->below > 0 && s->above > s->below)
        s->lambda = sqrt(s->below * s->above);
    else
        s->lambda *= pow(1 + far, 2);
}

/* The mean accuracy with fixed lambdas that end at these densities, found with seed 0. */
static double fixed(const data *d, const double target[LAYERS], const double begin[LAYERS], double far[LAYERS])
{
    search s[LAYERS] = {{begin[0], 0, 0}, {begin[1], 0, 0}};
    double sum = 0;
    char penalty[LAYERS][64];
    outcome o = {0};
    for (int turn = 0; turn < SEARCHES; turn++) {
        bool close = true;
        for (int k = 0; k < LAYERS; k++)
            snprintf(penalty[k], sizeof penalty[k], target[k] > 0 ? "l1 %.9g" : "", s[k].lambda);
        o = train(d, penalty, 0);
        for (int k = 0; k < LAYERS; k++) {
            far[k] = target[k] > 0 ? o.density[k] / target[k] - 1 : 0;
            close = close && fabs(far[k]) < NEAR;
        }
        if (close) break;
        for (int k = 0; k < LAYERS; k++)
            if (fabs(far[k]) >= NEAR / 2) narrow(&s[k], far[k]);
    }
    for (uint64_t seed = 1; seed < SEEDS; seed++) sum += train(d, penalty, seed).accuracy;
    return (sum + o.accuracy) / SEEDS;
}

static void steer(const data *d, double density, unsigned layers)
{
    char penalty[LAYERS][64] = {"", ""};
    double target[LAYERS] = {0}, lambda[LAYERS] = {0}, far[LAYERS], mean = 0, worst = 0;
    bool said = false;
    for (int k = 0; k < LAYERS; k++)
        if (layers >> k & 1) {
            target[k] = density;
            snprintf(penalty[k], sizeof penalty[k], "l1 density=%g", density);
        }
    printf("%-24s %.2f on relu%s:", d->optimizer, density, layers == 3 ? "1, relu2" : layers == 2 ? "2" : "1");
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const outcome o = train(d, penalty, seed);
        printf("  ");
        for (int k = 0; k < LAYERS; k++) {
            if (target[k] == 0) continue;
            printf(" %.4f", o.density[k]);
            worst = fmax(worst, fabs(o.density[k] / density - 1));
            lambda[k] += o.lambda[k] / SEEDS;
        }
        mean += o.accuracy / SEEDS;
        said = said || o.said;
    }
    const double other = fixed(d, target, lambda, far);
    printf("\n    at most %.1f%% off%s; accuracy %.4f, with fixed lambdas that end within %.0f%% %.4f\n", 100 * worst,
           said ? " (warned: out of reach)" : "", mean, 100 * fmax(fabs(far[0]), fabs(far[1])), other);
    print_bar("relative distance from the target", worst, 0.1, true);
    print_bar("loss of accuracy against fixed lambdas", other - mean, 0.01, true);
    fflush(stdout);
}

void run_steering(const bench_case *c, int threads)
{
    static const double target[] = {0.20, 0.10, 0.05, 0.02};
    (void)threads;
    tacet_error why;
    data d = {.train = tacet_data_open("idx /usr/share/datasets/fashion-mnist", "train", NULL, &why),
              .optimizer = c->optimizer};
    if (d.train) d.test = tacet_data_open("idx /usr/share/datasets/fashion-mnist", "test", NULL, &why);
    if (!d.test) stop("the images", &why);
    for (size_t i = 0; i < sizeof target / sizeof *target; i++)
        for (unsigned layers = 1; layers <= 3; layers++) steer(&d, target[i], layers);
    tacet_data_free(d.train);
    tacet_data_free(d.test);
}
