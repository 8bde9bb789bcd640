/* convolution.c: times the three products of a convolution, y, dL/dx and dL/dw (with dL/db), against PyTorch's in both
 * of its layouts. Both compute them from the same numbers, and their sums of squares are compared. */
#include "bench.h"

#include "op/op.h"

#include <stdlib.h>
#include <string.h>

enum { X, W, B, TENSORS, SIZE = 14, CHANNELS = 64, BATCH = 64 };

typedef struct bed {
    tc_spec spec;
    tc_arg arg[TC_MAX_ATTRS];
    tc_run run;
    tc_view x[TENSORS];
    float *d[TENSORS], *g;
    bool add[TENSORS];
    tc_call call;
} bed;

static void *room(int64_t bytes)
{
    void *p = aligned_alloc(64, (size_t)(bytes + 63) / 64 * 64);
    if (!p) stop("out of memory", NULL);
    memset(p, 0, (size_t)bytes);
    return p;
}

static float *filled(int64_t n)
{
    float *x = room(n * (int64_t)sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = made_up((uint32_t)i);
    return x;
}

static void add_tensor(bed *b, int i, tc_shape shape, bool batch)
{
    const int64_t n = tc_shape_count(&shape), all = n * (batch ? BATCH : 1);
    b->x[i] = (tc_view){.data = filled(all), .shape = shape, .n = n, .batch = batch};
    b->d[i] = room(all * (int64_t)sizeof *b->d[i]);
}

static void open_bed(bed *b, const char *layer)
{
    const tc_mem mem = tc_mem_of(NULL);
    tacet_error e;
    if (tc_spec_parse(&b->spec, &mem, layer, &e)) stop(layer, &e);
    const tc_op *op = tc_op_find(b->spec.name);
    const tc_binding binding = {op->attribute, b->arg};
    if (tc_spec_bind(&b->spec, 1, &binding, true, &e)) stop(layer, &e);
    const tc_shape image = {3, {SIZE, SIZE, CHANNELS}};
    tc_sketch s = {.arg = b->arg, .inputs = 1, .x = &image, .batch = (bool[]){true}};
    if (!tc_op_shape(op, &s)) stop(s.why, NULL);
    add_tensor(b, X, image, true);
    add_tensor(b, W, s.param[0], false);
    add_tensor(b, B, s.param[1], false);
    const int64_t n = tc_shape_count(&s.y);
    b->g = filled(n * BATCH);
    b->run = (tc_run){.rows = BATCH, .global_rows = BATCH, .training = true, .kernel = tc_cpu()};
    b->call = (tc_call){.op = op,
                        .run = &b->run,
                        .x = b->x,
                        .g = b->g,
                        .d = b->d,
                        .add = b->add,
                        .save = room(op->save(&s, BATCH)),
                        .arg = b->arg,
                        .y = {.data = room(n * BATCH * (int64_t)sizeof(float)), .n = n, .batch = true, .shape = s.y},
                        .inputs = 1};
    tc_cpu()->prepare();
}

static void close_bed(bed *b)
{
    for (int i = 0; i < TENSORS; i++) free(b->x[i].data), free(b->d[i]);
    free(b->g), free(b->call.save), free(b->call.y.data);
    tc_spec_free(&b->spec);
}

static void pass(bed *b, bool backward)
{
    tc_call *c = &b->call;
    for (c->phase = 0; c->phase < tc_phases(c->op, backward); c->phase++) {
        const tc_span s = tc_span_of(c, backward);
        (backward ? c->op->backward : c->op->forward)(c, 0, s.pieces);
    }
    c->phase = 0;
}

static double steps(bed *b, int count)
{
    const double begin = now();
    for (int i = 0; i < count; i++) pass(b, false), pass(b, true);
    return (now() - begin) / count * 1e6;
}

static double squares(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

static void compare(const bed *b, const peer *q)
{
    const double own[] = {squares(b->call.y.data, b->call.y.n * BATCH), squares(b->d[X], b->x[X].n * BATCH),
                          squares(b->d[W], b->x[W].n), squares(b->d[B], b->x[B].n)};
    for (int i = 0; i < 4; i++)
        if (q->answers != 4 || !(fabs(own[i] - q->answer[i]) <= 1e-4 * own[i])) stop("the products differ", NULL);
}

void run_convolution(const bench_case *c, int threads)
{
    static double us[1 + MOST_PEERS][MOST_ROUNDS];
    static bed b;
    peer q[MOST_PEERS] = {0};
    int peers = 0, best = 0;
    open_bed(&b, c->model);
    for (int k = 0; k < MOST_PEERS && c->peer[k]; k++) peers += peer_open(&q[peers], c->peer[k], "", threads);
    for (int i = -c->warm; i < c->rounds; i++) {
        double turn[1 + MOST_PEERS] = {steps(&b, c->steps)};
        for (int k = 0; k < peers; k++) {
            turn[1 + k] = peer_run(&q[k], c->steps) / c->steps * 1e6;
            compare(&b, &q[k]);
        }
        for (int k = 0; k <= peers && i >= 0; k++) us[k][i] = turn[k];
    }
    for (int k = 1; k < peers; k++)
        if (median(us[1 + k], c->rounds) < median(us[1 + best], c->rounds)) best = k;
    for (int i = 0; i < c->rounds && peers == 0; i++) us[1][i] = NAN;
    row r = {.name = c->name, .peer = peers ? q[best].version : "no peer", .threads = threads};
    r.flops = 3 * 2.0 * BATCH * SIZE * SIZE * (double)b.x[W].n;
    add_figures(&r, us[0], us[1 + best], c->rounds);
    r.rss = peak_memory(), r.peer_rss = q[best].rss;
    print_row(&r);
    print_bar("ratio", r.ratio, c->bar, true);
    for (int k = 0; k < peers; k++) peer_close(&q[k]);
    close_bed(&b);
}
