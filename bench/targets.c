/* targets.c: how a steered penalty compares with the best fixed lambda, also in short runs.
 *
 * A setting is a network with its data, an optimizer, a number of steps, a seed and a target, which is a share of the
 * natural density, that of the untrained network. Its reference is made from runs with fixed lambdas, a quarter of a
 * decade apart: from the two whose final densities are nearest to the target from above and from below, every figure is
 * interpolated linearly in the logarithm of the density. Runs with a fixed lambda are kept in the folder
 * targets-fixed, beside the program, and made only once. The fixed lambda that is interpolated in the same way is run
 * as well and held against the reference: what it misses is noise and the error of the interpolation. Four bars:
 *
 *     density     of the final network, relative to the target
 *     excess      the largest excess of the mean data loss of any four steps over 1.5 times the reference's
 *     loss        the final data loss relative to the reference's; of a classifier, the accuracy that is lost
 *     dead        dead units as a share of the units, less twice the reference's share */
#include "bench.h"
#include "sparse_codes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    LENGTHS = 3,
    SHARES = 3,
    SEEDS = 3,
    BARS = 4,
    MOST_STEPS = 2000,
    WINDOW = 4,
    GRID = 4,
    FREE = -24,
    MOST_INDEX = 20, /* beyond it no lambda is tried: the steps are too few for the density */
    LOOKS = 2048
};

static const int length[LENGTHS] = {200, 500, 2000};
static const double share[SHARES] = {0.5, 0.25, 0.05};
static const struct bar {
    const char *name;
    double most;
} bar[BARS] = {{"density", 0.1}, {"excess", 0.1}, {"loss", 0.03}, {"dead", 0.01}};
#define LOST_ACCURACY 0.005 /* the bar `loss` of a classifier */

/* What is known of a run. */
typedef struct outcome {
    double natural, density, loss, accuracy, dead; /* of the final network; dead is a share of the units */
    float curve[MOST_STEPS];                       /* the data loss of each step */
    float fired[MOST_STEPS];                       /* its density */
} outcome;

typedef struct study {
    const bench_case *c;
    const char *name;
    tacet_data *train, *test;
    bool labels;
} study;

static tacet_data *must(tacet_data *d, const tacet_error *why)
{
    if (!d) stop("the data", why);
    return d;
}

static tacet_data *codes(int64_t first, int64_t rows)
{
    tacet_error why;
    const tacet_array x = {
        .size = sizeof x, .type = TACET_F32, .rank = 1, .shape = {CODE_INPUTS}, .data = sparse_codes(0, first, rows)};
    return must(tacet_data_new(rows, &x, NULL, false, NULL, NULL, &why), &why);
}

static void beside(const char *file, char *path, size_t n)
{
    const char *end = strrchr(self(), '/');
    snprintf(path, n, "%.*s%s", end ? (int)(end + 1 - self()) : 0, self(), file);
}

static void open_data(study *s)
{
    tacet_error why;
    char spec[1024] = "idx /usr/share/datasets/fashion-mnist", file[400];
    s->labels = strcmp(s->c->loss, "cross_entropy") == 0;
    if (!s->labels) {
        s->train = codes(0, 192 * 128);
        s->test = codes(192 * 128, LOOKS);
        return;
    }
    if (!s->c->images) {
        beside("digits.npz", file, sizeof file);
        snprintf(spec, sizeof spec, "npy x=%s:x y=%s:y scale=0.0625", file, file);
        s->train = must(tacet_data_open(spec, "train", NULL, &why), &why);
        s->test = must(tacet_data_open(spec, "train", NULL, &why), &why);
        return;
    }
    if (s->c->hwc) strcat(spec, " flat=false");
    s->train = must(tacet_data_open(spec, "train", NULL, &why), &why);
    s->test = must(tacet_data_open(spec, "test", NULL, &why), &why);
}

static int value_of(const tacet_plan *p, const char *name)
{
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++)
        if (strcmp(v.name, name) == 0) return i;
    stop(name, NULL);
}

static void run(const study *s, const char *penalty, int steps, uint64_t seed, outcome *o)
{
    const bench_case *c = s->c;
    tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    const int64_t shape[] = {28, 28, 1};
    const tacet_value x = c->hwc ? tacet_input(g, "x", 3, shape) : tacet_input(g, "x", 1, &c->in);
    const tacet_value target = s->labels ? tacet_labels(g, "target") : x, none = {0};
    const tacet_value y = tacet_chain(g, x, c->model);
    tacet_loss(g, c->loss, y, target);
    if (*penalty) tacet_penalize(g, c->penalty[0][0], penalty);
    tacet_loader *l = tacet_loader_new(s->train, c->batch, seed, true, &why);
    tacet_loader *t = tacet_loader_new(s->test, 256, 0, false, &why);
    if (!l || !t) stop("the data", &why);
    const int64_t epoch = tacet_loader_batches(l);
    tacet_plan *p = tacet_compile(g,
                                  &(tacet_config){TACET_CONFIG, .batch = c->batch > 256 ? c->batch : 256,
                                                  .optimizer = c->optimizer, .seed = seed, .steps_per_epoch = epoch,
                                                  .epochs = (double)steps / (double)epoch, .ledger = 50},
                                  &why);
    if (!p) stop("targets", &why);
    tacet_firing f = {.size = sizeof f};
    const int at = value_of(p, c->penalty[0][0]);
    for (int i = 0; i < steps;) {
        const int64_t rows = tacet_loader_next(l, p, x, s->labels ? target : none);
        if (rows == 0) continue;
        if (tacet_step(p, rows) != TACET_OK) stop("a step failed", tacet_plan_error(p));
        tacet_firing_at(p, at, true, &f);
        tacet_ledger_reset(p);
        o->fired[i] = (float)f.density;
        o->curve[i++] = (float)tacet_data_loss(p);
    }
    o->natural = f.natural;
    tacet_result r = {.size = sizeof r};
    tacet_reset_counts(p);
    if (tacet_evaluate(p, t, x, s->labels ? target : none, y, &r) != TACET_OK)
        stop("an evaluation failed", tacet_plan_error(p));
    tacet_firing_at(p, at, false, &f);
    o->density = f.density;
    o->dead = (double)f.dead / (double)f.units;
    o->loss = r.data_loss;
    o->accuracy = r.accuracy;
    tacet_plan_free(p);
    tacet_graph_free(g);
    tacet_loader_free(l);
    tacet_loader_free(t);
}

/* The run with the lambda 10^(index / GRID), from the file in which it is kept, or made. */
static void fixed(const study *s, double index, int steps, uint64_t seed, outcome *o)
{
    char folder[400], path[600], penalty[64];
    beside("targets-fixed", folder, sizeof folder);
    mkdir(folder, 0777);
    snprintf(path, sizeof path, "%s/%s-%d-%d-%.9g", folder, s->name, steps, (int)seed, index);
    FILE *f = fopen(path, "rb");
    const bool kept = f && fread(o, sizeof *o, 1, f) == 1;
    if (f) fclose(f);
    if (kept) return;
    snprintf(penalty, sizeof penalty, "l1 %.9g", pow(10, index / GRID));
    run(s, penalty, steps, seed, o);
    f = fopen(path, "wb");
    if (!f || fwrite(o, sizeof *o, 1, f) != 1 || fclose(f) != 0) stop(path, NULL);
}

static double between(double a, double b, double part) { return a + (b - a) * part; }

/* What the best fixed lambda with this density does, after *o with almost no penalty; false: that ends lower, or none
 * gets there. `index` is where the search begins, and where it ended; *best is that of the lambda. */
static bool reference(const study *s, double density, int steps, uint64_t seed, int *index, double *best, outcome *o)
{
    static outcome above, below;
    if (o->density <= density) return false;
    fixed(s, *index, steps, seed, &above);
    while (above.density < density && *index > FREE) fixed(s, --*index, steps, seed, &above);
    fixed(s, *index + 1, steps, seed, &below);
    while (below.density >= density) {
        if (*index >= MOST_INDEX) return false;
        above = below;
        fixed(s, ++*index + 1, steps, seed, &below);
    }
    const double least = 1e-6, a = log(fmax(above.density, least)), b = log(fmax(below.density, least));
    const double part = fmin(1, fmax(0, (a - log(density)) / (a - b)));
    *best = *index + part;
    *o = (outcome){above.natural,
                   exp(between(a, b, part)),
                   between(above.loss, below.loss, part),
                   between(above.accuracy, below.accuracy, part),
                   between(above.dead, below.dead, part),
                   {0},
                   {0}};
    for (int i = 0; i < steps; i++) o->curve[i] = (float)between((double)above.curve[i], (double)below.curve[i], part);
    return true;
}

static double mean4(const float *x) { return ((double)x[0] + (double)x[1] + (double)x[2] + (double)x[3]) / WINDOW; }

static void compare(const study *s, const outcome *is, const outcome *best, double density, int steps, double *by)
{
    by[0] = fabs(is->density / density - 1);
    by[1] = -INFINITY;
    for (int i = 0; i + WINDOW <= steps; i++) by[1] = fmax(by[1], mean4(is->curve + i) - 1.5 * mean4(best->curve + i));
    by[2] = s->labels ? (best->accuracy - is->accuracy) * 0.03 / LOST_ACCURACY : is->loss / best->loss - 1;
    by[3] = is->dead - 2 * best->dead;
}

typedef struct tally {
    int all, met[BARS], nearly[BARS];
} tally;

static void print_cell(double by, double most)
{
    if (by <= most)
        printf("  -     ");
    else
        printf("  %.3f%s", by, by <= 2 * most ? " " : "!");
}

static void count(tally *t, const double *by, bool print)
{
    t->all++;
    for (int b = 0; b < BARS; b++) {
        t->met[b] += by[b] <= bar[b].most;
        t->nearly[b] += by[b] <= 2 * bar[b].most;
        if (print) print_cell(by[b], bar[b].most);
    }
}

/* `index`: where the search for the reference begins. */
static void compare_at(const study *s, int steps, uint64_t seed, double part, int *index, tally *t, tally *noise)
{
    static outcome best, is;
    char penalty[64];
    double by[BARS], lambda;
    fixed(s, FREE, steps, seed, &best);
    const double target = part * best.natural;
    printf("%5d %5.2f %4d  %6.4f  ", steps, part, (int)seed, target);
    if (!reference(s, target, steps, seed, index, &lambda, &best)) {
        printf(best.density <= target ? "not compared: without a penalty the density ends at %.4f\n"
                                      : "not compared: no fixed lambda gets there from %.4f\n",
               best.density);
        *index = -8;
        return;
    }
    fixed(s, lambda, steps, seed, &is);
    compare(s, &is, &best, target, steps, by);
    count(noise, by, false);
    snprintf(penalty, sizeof penalty, "l1 density=%.9g", target);
    run(s, penalty, steps, seed, &is);
    compare(s, &is, &best, target, steps, by);
    printf("%.4f (%.4f)  %.4g (%.4g)  %.4f (%.4f)  %.3f (%.3f)  |", is.density, best.density, is.loss, best.loss,
           is.accuracy, best.accuracy, is.dead, best.dead);
    count(t, by, true);
    printf("\n");
    fflush(stdout);
}

void run_targets(const bench_case *c, int threads)
{
    (void)threads;
    study s = {.c = c, .name = c->name};
    open_data(&s);
    tally t = {0}, noise = {0};
    int index = -8;
    printf("steps share seed  target  density (fixed)   loss (fixed)   accuracy (fixed)  dead (fixed)"
           "  |  density  excess  loss  dead: the bars, where not met\n");
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (int n = 0; n < LENGTHS; n++)
            for (int k = 0; k < SHARES; k++) compare_at(&s, length[n], seed, share[k], &index, &t, &noise);
    for (int b = 0; b < BARS; b++) {
        char what[64];
        snprintf(what, sizeof what, "settings that miss the bar of %s (most: %g)", bar[b].name, bar[b].most);
        print_bar(what, 1 - (double)t.met[b] / t.all, 0.1, true);
        snprintf(what, sizeof what, "settings off by more than twice the bar of %s", bar[b].name);
        print_bar(what, 1 - (double)t.nearly[b] / t.all, 0, true);
        printf("    the same with the fixed lambda itself: %d and %d of %d\n", noise.all - noise.met[b],
               noise.all - noise.nearly[b], noise.all);
    }
}
