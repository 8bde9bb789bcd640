/* paired.c: cases that are timed against the peer, in turn. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Both must be computing the same: their first losses (or answers) agree closely, later ones as far as rounding lets
 * them. */
static void compare(const bench_case *c, double ours, double theirs, double tolerance)
{
    if (fabs(ours - theirs) <= tolerance * fabs(theirs)) return;
    fprintf(stderr, "bench: %s: the losses do not agree: %g here, %g there\n", c->name, ours, theirs);
    exit(1);
}

static void spread(row *r, const double *ratio, int n)
{
    r->ratio = median(ratio, n);
    r->least = r->most = ratio[0];
    for (int i = 0; i < n; i++) {
        if (!(ratio[i] >= r->least)) r->least = ratio[i];
        if (!(ratio[i] <= r->most)) r->most = ratio[i];
    }
}

static long peak_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void rounds_of(const bench_case *c, network *n, peer *q, bool together, row *r)
{
    double ours[MOST_ROUNDS] = {0}, theirs[MOST_ROUNDS] = {0}, ratio[MOST_ROUNDS] = {0};
    for (int i = 0; i < c->rounds; i++) {
        ours[i] = network_run(n, c->steps) / c->steps * 1e6;
        theirs[i] = together ? peer_run(q, c->steps) / c->steps * 1e6 : NAN;
        ratio[i] = ours[i] / theirs[i];
        if (together) compare(c, n->loss, q->loss, c->optimizer ? 0.25 : 1e-3);
    }
    r->us = median(ours, c->rounds);
    r->peer_us = together ? median(theirs, c->rounds) : NAN;
    spread(r, ratio, c->rounds);
}

void run_paired(const bench_case *c, int threads)
{
    char model[] = "/tmp/tacet_bench_XXXXXX";
    peer q = {0};
    network_begin(c, threads, model);
    const bool together = peer_open(&q, c->name, model, threads);
    network *n = network_open(c, &(network_options){.threads = threads, .model = model});
    network_run(n, 1);
    if (together) {
        peer_run(&q, 1);
        compare(c, n->loss, q.loss, 1e-3);
        peer_run(&q, c->warm - 1);
    }
    network_run(n, c->warm - 1);
    row r = {.name = c->name,
             .peer = q.version,
             .threads = threads,
             .bar = threads == 1 ? c->bar : 0,
             .flops = n->dense_flops};
    rounds_of(c, n, &q, together, &r);
    r.rss = peak_memory();
    r.peer_rss = q.rss;
    print_row(&r);
    if (c->images && c->batch == 128 && together && threads == 1 && !c->penalty[0][0])
        print_bar("peak memory over the peer's", (double)r.rss / (double)r.peer_rss, 0.25, true);
    network_densities(n);
    peer_close(&q);
    network_close(n);
    unlink(model);
}

/* One network, its ReLUs made to fire as often as is said, with a rate of 0 so that they go on so. */
void run_densities(const bench_case *c, int threads)
{
    static const double wanted[] = {.01, .02, .05, .1, .2, .35, .5, .65, .8, 1};
    enum { POINTS = sizeof wanted / sizeof *wanted };
    network *n[POINTS];
    peer q = {0};
    double ours[POINTS][MOST_ROUNDS], theirs[MOST_ROUNDS];
    bool together = false;
    for (int k = 0; k < POINTS; k++) {
        char model[] = "/tmp/tacet_bench_XXXXXX";
        bench_case at = *c;
        at.density = wanted[k];
        network_begin(&at, threads, model);
        n[k] = network_open(c, &(network_options){.threads = threads, .model = model});
        if (k == POINTS / 2) together = peer_open(&q, c->name, model, threads);
        if (k == POINTS / 2 && together) peer_run(&q, c->warm); /* it has read the file then */
        network_run(n[k], c->warm);
        unlink(model);
    }
    for (int i = 0; i < c->rounds; i++) {
        for (int k = 0; k < POINTS; k++) ours[k][i] = network_run(n[k], c->steps) / c->steps * 1e6;
        theirs[i] = together ? peer_run(&q, c->steps) / c->steps * 1e6 : NAN;
    }
    point p[POINTS];
    const double peer_us = together ? median(theirs, c->rounds) : NAN;
    for (int k = 0; k < POINTS; k++) {
        char name[32];
        p[k] = (point){network_density(n[k]), median(ours[k], c->rounds)};
        double ratio[MOST_ROUNDS];
        for (int i = 0; i < c->rounds; i++) ratio[i] = ours[k][i] / theirs[i];
        snprintf(name, sizeof name, "density@%.3f", p[k].density);
        row r = {.name = name,
                 .peer = q.version,
                 .threads = threads,
                 .us = p[k].us,
                 .peer_us = peer_us,
                 .flops = n[k]->dense_flops,
                 .rss = peak_memory(),
                 .peer_rss = q.rss};
        spread(&r, ratio, c->rounds);
        print_row(&r);
    }
    for (int k = 0; k < POINTS; k++) network_close(n[k]);
    picture_of(p, POINTS, peer_us, q.version, threads);
    peer_close(&q);
}
