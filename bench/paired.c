/* paired.c: cases that time Tacet and the peer in turn. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

/* Checks that both compute the same: the first losses (or outputs) agree closely, later ones as far as rounding
 * allows. */
static void compare(const bench_case *c, const network *n, const peer *q, double tolerance)
{
    double scale = 0;
    for (int i = 0; i < q->answers; i++) scale = fmax(scale, fabs(q->answer[i]));
    for (int i = 0; i < n->answers; i++) {
        if (n->answers == q->answers && fabs(n->answer[i] - q->answer[i]) <= tolerance * scale) continue;
        fprintf(stderr, "bench: %s: %s differ: %.9g in Tacet, %.9g in the peer\n", c->name,
                c->optimizer ? "the losses" : "the outputs", n->answer[i], q->answer[i]);
        exit(1);
    }
}

/* The first loss is that of identical weights; the next ones also depend on gradients and updates. */
static void agree(const bench_case *c, network *n, peer *q)
{
    static const int steps[] = {1, 8};
    for (int i = 0; i < 2; i++) {
        network_run(n, steps[i]), peer_run(q, steps[i]);
        compare(c, n, q, c->optimizer && i ? 1e-2 : 1e-4);
    }
    if (c->warm > 9) peer_run(q, c->warm - 9), network_run(n, c->warm - 9);
}

void run_paired(const bench_case *c, int threads)
{
    double us[MOST_ROUNDS] = {0}, peer_us[MOST_ROUNDS] = {0};
    char model[PATH];
    peer q = {0};
    network_begin(c, threads, model);
    const bool together = peer_open(&q, c->name, model, threads);
    network *n = network_open(c, &(network_options){.threads = threads, .model = model});
    if (together)
        agree(c, n, &q);
    else
        network_run(n, c->warm);
    for (int i = 0; i < c->rounds; i++) {
        us[i] = network_run(n, c->steps) / c->steps * 1e6;
        peer_us[i] = together ? peer_run(&q, c->steps) / c->steps * 1e6 : NAN;
        if (together) compare(c, n, &q, c->optimizer ? 0.25 : 1e-4);
    }
    row r = {.name = c->name, .peer = q.version, .threads = threads, .flops = n->dense_flops};
    add_figures(&r, us, peer_us, c->rounds);
    r.rss = peak_memory(), r.peer_rss = q.rss;
    print_row(&r);
    if (r.ratio < 0.1) printf("    the ratio is 1/%.0f\n", 1 / r.ratio);
    if (threads == 1) print_bar("ratio", r.ratio, c->bar, true);
    if (c->memory > 0 && together)
        print_bar("peak memory over the peer's", (double)r.rss / (double)r.peer_rss, c->memory, true);
    network_densities(n);
    peer_close(&q);
    network_close(n);
    unlink(model);
}
