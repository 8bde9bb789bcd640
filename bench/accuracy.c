/* accuracy.c: cases that measure accuracy on the test images: what firing lists change, and what penalties cost. */
#include "bench.h"

#include <math.h>
#include <unistd.h>

/* ---- Firing lists ---- */

static double trained(const bench_case *c, uint64_t seed, tacet_sparse sparse)
{
    network *n = network_open(c, &(network_options){.threads = 2, .sparse = sparse, .shuffle = true, .seed = seed});
    network_run(n, 5 * 469);
    const double accuracy = network_accuracy(n);
    network_close(n);
    return accuracy;
}

void run_accuracy(const bench_case *c, int threads)
{
    enum { SEEDS = 5 };
    (void)threads;
    double sparse[SEEDS], dense[SEEDS], mean[2] = {0}, squares = 0;
    for (int s = 0; s < SEEDS; s++) {
        sparse[s] = trained(c, (uint64_t)s, TACET_SPARSE_AUTO);
        dense[s] = trained(c, (uint64_t)s, TACET_SPARSE_NEVER);
        mean[0] += sparse[s] / SEEDS, mean[1] += dense[s] / SEEDS;
    }
    for (int s = 0; s < SEEDS; s++) squares += (dense[s] - mean[1]) * (dense[s] - mean[1]);
    const double spread = sqrt(squares / (SEEDS - 1));
    printf("%-14s test accuracy after 5 epochs of mlp-l1, seeds 0 to %d\n    firing lists:   ", c->name, SEEDS - 1);
    for (int s = 0; s < SEEDS; s++) printf(" %.4f", sparse[s]);
    printf("  mean %.4f\n    dense:          ", mean[0]);
    for (int s = 0; s < SEEDS; s++) printf(" %.4f", dense[s]);
    printf("  mean %.4f, standard deviation %.4f\n", mean[1], spread);
    print_bar("difference of the means (bar: standard deviation of the seeds)", fabs(mean[0] - mean[1]), spread, true);
}

/* ---- Penalties ---- */

enum { MOST_SEEDS = 3 };

/* Networks that Tacet taught with seeds 0, 1, ... */
typedef struct taught {
    int seeds;
    double accuracy[MOST_SEEDS], density[PENALTIES]; /* of what the products read; mean over the seeds */
} taught;

static void add(taught *t, const bench_case *c, const char *model)
{
    double density[PENALTIES];
    bench_case still = *c;
    still.optimizer = NULL;
    network *n = network_open(&still, &(network_options){.threads = 1, .model = model});
    network_reads(n, density);
    for (int i = 0; i < PENALTIES; i++) t->density[i] += (density[i] - t->density[i]) / (t->seeds + 1);
    t->accuracy[t->seeds++] = network_accuracy(n);
    network_close(n);
}

static void teach(taught *t, const bench_case *c, bool penalties)
{
    char model[PATH];
    const network_options o = {.threads = 1, .seed = (uint64_t)t->seeds, .shuffle = true, .no_penalties = !penalties};
    network_teach(c, &o, model);
    add(t, c, model);
    unlink(model);
}

static double mean(const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    return sum / n;
}

static void print_taught(const taught *t, const bench_case *c, const char *how)
{
    printf("    test accuracy %s penalties:", how);
    for (int i = 0; i < t->seeds; i++) printf(" %.4f", t->accuracy[i]);
    printf(", mean %.4f\n    products read:", mean(t->accuracy, t->seeds));
    for (int i = 0; i < PENALTIES; i++) printf(" %s %.4f", c->reads[i], t->density[i]);
    printf(", mean %.4f\n", mean(t->density, PENALTIES));
}

static void report(const taught *with, const taught *without, const bench_case *c)
{
    print_taught(with, c, "with");
    print_taught(without, c, "without");
    print_bar("mean density of what products read", mean(with->density, PENALTIES), 0.1, true);
    print_bar("accuracy lower by", mean(without->accuracy, without->seeds) - mean(with->accuracy, with->seeds), 0.01,
              true);
}

void report_taught(const bench_case *c, const char *model)
{
    taught with = {0}, without = {0};
    add(&with, c, model);
    teach(&without, c, false);
    report(&with, &without, c);
}

void run_taught(const bench_case *c, int threads)
{
    (void)threads;
    taught with = {0}, without = {0};
    while (with.seeds < MOST_SEEDS) teach(&with, c, true), teach(&without, c, false);
    printf("%-14s after %d steps, seeds 0 to %d\n", c->name, c->alone, MOST_SEEDS - 1);
    report(&with, &without, c);
}
