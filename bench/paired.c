/* paired.c: cases that time Tacet and its peers in turn. Of several peers (PyTorch with either layout of images,
 * another runtime) the fastest counts. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct pairing {
    const bench_case *c;
    network *n;
    peer q[MOST_PEERS];
    int peers;
} pairing;

static bool trains(const pairing *a) { return a->c->optimizer && !a->c->infer; }

static void open_peers(pairing *a, const char *model, int threads)
{
    const bench_case *c = a->c;
    for (int k = 0; k == 0 || (k < MOST_PEERS && c->peer[k]); k++)
        if (peer_open(&a->q[a->peers], c->peer[k] ? c->peer[k] : c->name, model, threads)) a->peers++;
}

/* Checks that all compute the same: the first losses (or outputs) agree closely, later ones as far as rounding
 * allows. */
static void compare(const pairing *a, const peer *q, double tolerance)
{
    double scale = 0;
    const network *n = a->n;
    for (int i = 0; i < q->answers; i++) scale = fmax(scale, fabs(q->answer[i]));
    for (int i = 0; i < n->answers; i++) {
        if (n->answers == q->answers && fabs(n->answer[i] - q->answer[i]) <= tolerance * scale) continue;
        fprintf(stderr, "bench: %s: %s differ: %.9g in Tacet, %.9g in the peer (%s)\n", a->c->name,
                trains(a) ? "the losses" : "the outputs", n->answer[i], q->answer[i], q->version);
        exit(1);
    }
}

/* Runs so many steps of each, Tacet first; us[0] is Tacet's time per step, us[1 + k] that of peer k. */
static void take_turns(pairing *a, int steps, double tolerance, double us[1 + MOST_PEERS])
{
    us[0] = network_run(a->n, steps) / steps * 1e6;
    for (int k = 0; k < a->peers; k++) {
        us[1 + k] = peer_run(&a->q[k], steps) / steps * 1e6;
        compare(a, &a->q[k], tolerance);
    }
}

/* The first loss is that of identical weights; the next ones also depend on gradients and updates. */
static void warm(pairing *a)
{
    static const int steps[] = {1, 8};
    double us[1 + MOST_PEERS];
    for (int i = 0; i < 2; i++) take_turns(a, steps[i], trains(a) && i ? 1e-2 : 1e-4, us);
    if (a->c->warm > 9) take_turns(a, a->c->warm - 9, INFINITY, us);
}

/* The peer with the least median; -1 without peers. */
static int fastest(const pairing *a, double us[1 + MOST_PEERS][MOST_ROUNDS])
{
    int best = a->peers - 1;
    for (int k = 0; k < a->peers; k++)
        if (median(us[1 + k], a->c->rounds) < median(us[1 + best], a->c->rounds)) best = k;
    return best;
}

static void report(pairing *a, int threads, double us[1 + MOST_PEERS][MOST_ROUNDS])
{
    const bench_case *c = a->c;
    const int best = fastest(a, us);
    static const peer none = {.version = "no peer"};
    const peer *q = best < 0 ? &none : &a->q[best];
    row r = {.name = c->name, .peer = q->version, .threads = threads, .flops = a->n->dense_flops};
    for (int i = 0; i < c->rounds && best < 0; i++) us[1][i] = NAN;
    add_figures(&r, us[0], us[1 + (best < 0 ? 0 : best)], c->rounds);
    r.rss = peak_memory(), r.peer_rss = q->rss;
    print_row(&r);
    for (int k = 0; k < a->peers; k++)
        if (k != best)
            printf("    slower: %s, %.1f us, %.1f MB\n", a->q[k].version, median(us[1 + k], c->rounds),
                   (double)a->q[k].rss / 1024);
    if (r.ratio < 0.1) printf("    the ratio is 1/%.0f\n", 1 / r.ratio);
    if (threads == 1) print_bar("ratio", r.ratio, c->bar, true);
    if (c->memory > 0 && best >= 0)
        print_bar("peak memory over the peer's", (double)r.rss / (double)r.peer_rss, c->memory, true);
}

void run_paired(const bench_case *c, int threads)
{
    static double us[1 + MOST_PEERS][MOST_ROUNDS];
    char model[PATH];
    pairing a = {.c = c};
    network_begin(c, threads, model);
    open_peers(&a, model, threads);
    a.n = network_open(c, &(network_options){.threads = threads, .model = model});
    warm(&a);
    for (int i = 0; i < c->rounds; i++) {
        double turn[1 + MOST_PEERS];
        take_turns(&a, c->steps, trains(&a) ? 0.25 : 1e-4, turn);
        for (int k = 0; k <= a.peers; k++) us[k][i] = turn[k];
    }
    report(&a, threads, us);
    network_densities(a.n);
    for (int k = 0; k < a.peers; k++) peer_close(&a.q[k]);
    network_close(a.n);
    if (c->reads[0] && trains(&a) && threads == 1) report_taught(c, model);
    unlink(model);
}
