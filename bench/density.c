/* density.c: the time of a step against the density, compared with the peer's, which does not depend on it. The biases
 * of the network give its ReLUs the density, and a learning rate of 0 keeps it. */
#include "bench.h"

#include <math.h>
#include <unistd.h>

static const double wanted[] = {.01, .02, .05, .1, .2, .35, .5, .65, .8, 1};
enum { POINTS = sizeof wanted / sizeof *wanted, MIDDLE = POINTS / 2 };

/* All points use one plan, with the weights of point k. */
static void turn_to(network *n, char model[POINTS][PATH], int k)
{
    network_load(n, model[k]);
    network_rewind(n);
    network_run(n, n->c->warm);
}

static void report_point(const bench_case *c, const row *like, point *p, const double *us, const double *peer_us)
{
    char name[32];
    row r = *like;
    snprintf(name, sizeof name, "density@%.3f", p->density);
    r.name = name;
    add_figures(&r, us, peer_us, c->rounds);
    p->us = r.us;
    print_row(&r);
}

void run_density(const bench_case *c, int threads)
{
    double us[POINTS][MOST_ROUNDS], peer_us[MOST_ROUNDS];
    char model[POINTS][PATH];
    point p[POINTS];
    peer q = {0};
    for (int k = 0; k < POINTS; k++) {
        bench_case at = *c;
        at.density = wanted[k];
        network_begin(&at, threads, model[k]);
    }
    network *n = network_open(c, &(network_options){.threads = threads});
    const bool together = peer_open(&q, c->name, model[MIDDLE], threads);
    if (together) peer_run(&q, c->warm);
    for (int i = 0; i < c->rounds; i++) {
        for (int k = 0; k < POINTS; k++) {
            turn_to(n, model, k);
            us[k][i] = network_run(n, c->steps) / c->steps * 1e6;
        }
        peer_us[i] = together ? peer_run(&q, c->steps) / c->steps * 1e6 : NAN;
    }
    const row like = {
        .peer = q.version, .threads = threads, .flops = n->dense_flops, .rss = peak_memory(), .peer_rss = q.rss};
    for (int k = 0; k < POINTS; k++) {
        turn_to(n, model, k);
        p[k].density = network_density(n);
        report_point(c, &like, &p[k], us[k], peer_us);
        unlink(model[k]);
    }
    FILE *f = report_file("density.svg");
    if (f) picture(f, p, POINTS, median(peer_us, c->rounds), q.version);
    network_close(n);
    peer_close(&q);
}
