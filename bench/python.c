/* python.c: cases that time Tacet from Python: steps of a loop by hand against the same steps in C and against PyTorch, and
 * epochs of a fit against those of `tacet train`. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

/* Runs so many steps of each; us: microseconds per step in C, from Python, in PyTorch. */
static void take_turns(network *n, peer q[2], int peers, int steps, double us[3])
{
    us[0] = network_run(n, steps) / steps * 1e6;
    for (int k = 0; k < peers; k++) us[1 + k] = peer_run(&q[k], steps) / steps * 1e6;
}

/* All begin with the same weights, so that the first losses are the same. */
static void compare(const network *n, const peer *q, int peers)
{
    for (int k = 0; k < peers; k++)
        if (fabs(q[k].answer[0] - n->answer[0]) > 1e-4 * fabs(n->answer[0])) {
            fprintf(stderr, "bench: %s: the losses differ: %.9g in C, %.9g in %s\n", n->c->name, n->answer[0],
                    q[k].answer[0], q[k].version);
            exit(1);
        }
}

void run_python(const bench_case *c, int threads)
{
    static double us[3][MOST_ROUNDS], over[MOST_ROUNDS];
    char model[PATH];
    double turn[3];
    peer q[2] = {0};
    network_begin(c, threads, model);
    network *n = network_open(c, &(network_options){.threads = threads, .model = model});
    if (!peer_open_script(&q[0], "python_side.py", c->peer[0], model, threads)) return;
    const int peers = 1 + peer_open(&q[1], c->peer[0], model, threads);
    take_turns(n, q, peers, 1, turn);
    compare(n, q, peers);
    take_turns(n, q, peers, c->warm, turn);
    for (int i = 0; i < c->rounds; i++) {
        take_turns(n, q, peers, c->steps, turn);
        for (int k = 0; k < 3; k++) us[k][i] = k <= peers ? turn[k] : NAN;
        over[i] = turn[1] - turn[0];
    }
    row r = {.name = c->name, .peer = peers > 1 ? q[1].version : "no peer", .threads = threads};
    add_figures(&r, us[1], us[2], c->rounds);
    r.rss = q[0].rss, r.peer_rss = q[1].rss;
    print_row(&r);
    if (r.ratio < 0.1) printf("    the ratio is 1/%.0f\n", 1 / r.ratio);
    printf("    the same step in C: %.2f us\n", median(us[0], c->rounds));
    print_bar("ratio", r.ratio, c->bar, true);
    if (c->over > 0) print_bar("us over the step in C", median(over, c->rounds), c->over, true);
    for (int k = 0; k < peers; k++) peer_close(&q[k]);
    network_close(n);
    unlink(model);
}

/* A fit gives the same bits as the program, so the losses are the same. */
void run_fit(const bench_case *c, int threads)
{
    static double us[2][MOST_ROUNDS];
    static const char *const name[] = {"fit", "train"};
    peer q[2] = {0};
    for (int k = 0; k < 2; k++)
        if (!peer_open_script(&q[k], "python_side.py", name[k], "", threads)) return;
    for (int i = 0; i < c->rounds; i++) {
        for (int k = 0; k < 2; k++) us[k][i] = peer_run(&q[k], c->steps) / c->steps * 1e6;
        if (q[0].answer[0] != q[1].answer[0]) stop("a fit and tacet train end with different losses", NULL);
    }
    row r = {.name = c->name, .peer = q[1].version, .threads = threads};
    add_figures(&r, us[0], us[1], c->rounds);
    r.rss = q[0].rss;
    print_row(&r);
    print_bar("ratio", r.ratio, c->bar, true);
    for (int k = 0; k < 2; k++) peer_close(&q[k]);
}
