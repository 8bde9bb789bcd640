/* convolution.c: times the three products of a convolution, y, dL/dx and dL/dw (with dL/db), against PyTorch's in both
 * of its layouts. Both compute them from the same numbers, and their sums of squares are compared.
 *
 * On firing lists they are timed together with making the lists of x and g, against the same dense products of PyTorch;
 * the results are compared with Tacet's own dense ones. Patterns alternate, so that branch predictors cannot learn one. */
#include "bench.h"

#include "op/op.h"

#include <stdlib.h>
#include <string.h>

enum { X, W, B, TENSORS, SIZE = 14, CHANNELS = 64, BATCH = 64, PATTERNS = 4 };

typedef struct bed {
    tc_spec spec;
    tc_arg arg[TC_MAX_ATTRS];
    tc_run run;
    tc_view x[TENSORS];
    float *d[TENSORS], *g, *pattern[2][PATTERNS]; /* of x and g */
    tc_firing fired[2];                           /* their lists */
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
                        .scratch = room(op->scratch(&s, BATCH)),
                        .arg = b->arg,
                        .y = {.data = room(n * BATCH * (int64_t)sizeof(float)), .n = n, .batch = true, .shape = s.y},
                        .inputs = 1};
    tc_cpu()->prepare();
}

static void close_bed(bed *b)
{
    for (int i = 0; i < TENSORS; i++) free(b->x[i].data), free(b->d[i]);
    free(b->g), free(b->call.save), free(b->call.scratch), free(b->call.y.data);
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

/* Opens the peers of a case; returns how many there are. */
static int open_peers(const bench_case *c, int threads, peer q[MOST_PEERS])
{
    int peers = 0;
    for (int k = 0; k < MOST_PEERS && c->peer[k]; k++) peers += peer_open(&q[peers], c->peer[k], "", threads);
    return peers;
}

/* Fills a row with the figures against the fastest peer. us[0] are Tacet's times, us[1 + k] those of peer k. */
static row row_of(const bench_case *c, const bed *b, const peer *q, int peers, double us[1 + MOST_PEERS][MOST_ROUNDS])
{
    int best = 0;
    for (int k = 1; k < peers; k++)
        if (median(us[1 + k], c->rounds) < median(us[1 + best], c->rounds)) best = k;
    for (int i = 0; i < c->rounds && peers == 0; i++) us[1][i] = NAN;
    row r = {.name = c->name, .peer = peers ? q[best].version : "no peer", .threads = 1};
    r.flops = 3 * 2.0 * BATCH * SIZE * SIZE * (double)b->x[W].n;
    add_figures(&r, us[0], us[1 + best], c->rounds);
    r.rss = peak_memory(), r.peer_rss = q[best].rss;
    return r;
}

void run_convolution(const bench_case *c, int threads)
{
    static double us[1 + MOST_PEERS][MOST_ROUNDS];
    static bed b;
    peer q[MOST_PEERS] = {0};
    open_bed(&b, c->model);
    const int peers = open_peers(c, threads, q);
    for (int i = -c->warm; i < c->rounds; i++) {
        double turn[1 + MOST_PEERS] = {steps(&b, c->steps)};
        for (int k = 0; k < peers; k++) {
            turn[1 + k] = peer_run(&q[k], c->steps) / c->steps * 1e6;
            compare(&b, &q[k]);
        }
        for (int k = 0; k <= peers && i >= 0; k++) us[k][i] = turn[k];
    }
    const row r = row_of(c, &b, q, peers, us);
    print_row(&r);
    print_bar("ratio", r.ratio, c->bar, true);
    for (int k = 0; k < peers; k++) peer_close(&q[k]);
    close_bed(&b);
}

/* ---- On lists ---- */

static void open_lists(bed *b)
{
    const tc_shape *shape[] = {&b->x[X].shape, &b->call.y.shape};
    for (int i = 0; i < 2; i++) {
        tc_firing *f = &b->fired[i];
        *f = (tc_firing){.rows = BATCH * shape[i]->dim[0], .n = shape[i]->dim[1] * shape[i]->dim[2]};
        f->parts = shape[i]->dim[1];
        f->pitch = f->n + TC_FIRING_PAD;
        f->count = room(f->rows * f->parts * (int64_t)sizeof *f->count);
        f->in_row = room(f->rows * f->pitch * (int64_t)sizeof *f->in_row);
        for (int k = 0; k < PATTERNS; k++) b->pattern[i][k] = room(f->rows * f->n * (int64_t)sizeof(float));
    }
    b->call.lists.x = &b->fired[0], b->call.lists.g = &b->fired[1];
}

static void close_lists(bed *b)
{
    for (int i = 0; i < 2; i++) {
        free(b->fired[i].count), free(b->fired[i].in_row);
        for (int k = 0; k < PATTERNS; k++) free(b->pattern[i][k]);
    }
}

/* Makes patterns of a density. */
static void fill(bed *b, double density)
{
    uint32_t at = 1;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < PATTERNS; k++)
            for (int64_t j = 0; j < b->fired[i].rows * b->fired[i].n; j++, at += 2)
                b->pattern[i][k][j] = made_up(at) < 2 * (float)density - 1 ? made_up(at + 1) : 0;
}

/* The lists and the three products of pattern k, in microseconds: y by the list of x, dL/dx and
 * dL/dw by that of g. Without lists: the dense products. */
static double listed(bed *b, int k, bool lists)
{
    tc_call *c = &b->call;
    memcpy(b->x[X].data, b->pattern[0][k], (size_t)(b->x[X].n * BATCH) * sizeof(float));
    memcpy(b->g, b->pattern[1][k], (size_t)(c->y.n * BATCH) * sizeof(float));
    const double begin = now();
    for (int i = 0; i < 2 && lists; i++)
        b->fired[i].fired = tc_cpu()->fire(i ? b->g : b->x[X].data, 0, b->fired[i].rows, &b->fired[i]);
    c->lists.chosen = lists ? 1 << TC_Y_BY_X | 1 << TC_DX_BY_G | 1 << TC_DW_BY_G : 0;
    pass(b, false), pass(b, true);
    return (now() - begin) * 1e6;
}

static void check_lists(bed *b)
{
    double size[2][3];
    for (int lists = 0; lists < 2; lists++) {
        listed(b, 0, lists);
        size[lists][0] = squares(b->call.y.data, b->call.y.n * BATCH);
        size[lists][1] = squares(b->d[X], b->x[X].n * BATCH), size[lists][2] = squares(b->d[W], b->x[W].n);
    }
    for (int i = 0; i < 3; i++)
        if (!(fabs(size[1][i] - size[0][i]) <= 1e-4 * size[0][i])) stop("the products on lists differ", NULL);
}

void run_conv_lists(const bench_case *c, int threads)
{
    enum { POINTS = 7 };
    static const double at[POINTS] = {.6, .5, .4, .3, .2, .1, .05}, bar[POINTS] = {[4] = .60, [5] = .33, [6] = .20};
    static double us[1 + MOST_PEERS][MOST_ROUNDS];
    static bed b;
    peer q[MOST_PEERS] = {0};
    double ratio[POINTS], even = NAN;
    open_bed(&b, c->model);
    open_lists(&b);
    const int peers = open_peers(c, threads, q);
    for (int d = 0; d < POINTS; d++) {
        char name[32];
        bench_case point = *c;
        snprintf(name, sizeof name, "%s@%.2f", c->name, at[d]);
        point.name = name;
        fill(&b, at[d]);
        check_lists(&b);
        for (int i = -c->warm; i < c->rounds; i++) {
            double turn[1 + MOST_PEERS] = {0};
            for (int k = 0; k < PATTERNS; k++) turn[0] += listed(&b, k, true) / PATTERNS;
            for (int k = 0; k < peers; k++) turn[1 + k] = peer_run(&q[k], PATTERNS) / PATTERNS * 1e6;
            for (int k = 0; k <= peers && i >= 0; k++) us[k][i] = turn[k];
        }
        const row r = row_of(&point, &b, q, peers, us);
        print_row(&r);
        ratio[d] = r.ratio;
        if (isnan(even) && ratio[d] <= 1)
            even = d ? at[d - 1] + (at[d] - at[d - 1]) * (ratio[d - 1] - 1) / (ratio[d - 1] - ratio[d]) : at[d];
    }
    if (!isnan(even)) print_bar("break-even density", even, 0.35, false);
    for (int d = 0; d < POINTS; d++) {
        char what[48];
        snprintf(what, sizeof what, "ratio at density %.2f", at[d]);
        if (bar[d] > 0) print_bar(what, ratio[d], bar[d], true);
    }
    for (int k = 0; k < peers; k++) peer_close(&q[k]);
    close_lists(&b);
    close_bed(&b);
}
