/* ranks.h: threads as ranks. A world sums over its ranks; a team is one network trained by all ranks, or by one plan
 * without ranks. A trace records all weights and figures after every step.
 *
 * Only the main thread asserts; errors on a rank are recorded in its trace. alarm() ends a rank that waits for ever. */
#ifndef RANKS_H
#define RANKS_H

#include "cmocka_all.h"

#include "tacet/tacet.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_RANKS = 5, MOST_FEEDS = 4, BATCH = 7, SECONDS = 60 };

/* ---- The sum ---- */

typedef struct part {
    const void *numbers;
    tacet_type type;
    size_t n;
} part;

typedef struct world {
    int size;
    pthread_barrier_t barrier;
    part part[MOST_RANKS];
    bool unlike[MOST_RANKS]; /* this rank's type or n differs from that of rank 0 */
    int calls[MOST_RANKS];
    int fails, at; /* the rank on which a sum fails, and the number of the sum, from 0; fails -1: no sum fails */
    bool for_good; /* all later sums fail too */
} world;

static inline void open_world(world *w, int size)
{
    *w = (world){.size = size, .fails = -1};
    assert_int_equal(pthread_barrier_init(&w->barrier, NULL, (unsigned)size), 0);
}

static inline void close_world(world *w)
{
    pthread_barrier_destroy(&w->barrier);
    for (int r = 0; r < w->size; r++) {
        assert_false(w->unlike[r]);
        assert_int_equal(w->calls[r], w->calls[0]);
    }
}

/* A rank in its world: the context of its sum. */
typedef struct seat {
    world *w;
    int rank;
} seat;

#define ADD(type_of_numbers)                                                                                           \
    for (size_t i = 0; i < n; i++) {                                                                                   \
        type_of_numbers sum = 0;                                                                                       \
        for (int r = 0; r < w->size; r++) sum += ((const type_of_numbers *)w->part[r].numbers)[i];                     \
        ((type_of_numbers *)to)[i] = sum;                                                                              \
    }

/* Every rank adds in the order of the ranks, so that all get the same bits. A sum that fails leaves garbage. */
static inline tacet_status sum_over_ranks(void *context, void *numbers, tacet_type type, size_t n)
{
    const seat *s = context;
    world *w = s->w;
    const size_t size = type == TACET_F32 ? sizeof(float) : sizeof(double);
    void *to = malloc(n * size);
    if (!to) abort();
    w->part[s->rank] = (part){numbers, type, n};
    pthread_barrier_wait(&w->barrier);
    const bool like = w->part[0].type == type && w->part[0].n == n;
    w->unlike[s->rank] |= !like;
    if (like && type == TACET_F32) ADD(float)
    if (like && type == TACET_F64) ADD(double)
    if (like && type == TACET_I64) ADD(int64_t)
    pthread_barrier_wait(&w->barrier);
    const int call = w->calls[s->rank]++;
    const bool failed = w->fails == s->rank && (w->for_good ? call >= w->at : call == w->at);
    if (failed) memset(numbers, 0xFF, n * size);
    if (!failed && like) memcpy(numbers, to, n * size);
    free(to);
    return failed ? TACET_IO : TACET_OK;
}

/* ---- A network and its data ---- */

typedef struct feed {
    tacet_value value;
    tacet_type type;
    int64_t n; /* elements of a row */
    void *data;
} feed;

typedef struct network {
    tacet_graph *g;
    int feeds;
    feed feed[MOST_FEEDS];
    const char *optimizer;
    int64_t ledger;
    double epochs;
    tacet_sparse sparse;
    int threads; /* of each plan; 0: one */
    int parts; /* into which every step is divided (tacet_accumulate); 0: one */
} network;

/* The rows of the global batch in each step. */
static const int64_t rows_of_step[] = {BATCH, BATCH, BATCH, 3, BATCH, 1};
enum { STEPS = sizeof rows_of_step / sizeof *rows_of_step, ALL_ROWS = STEPS * BATCH };

/* Numbers in [0, 1), the same in every run. */
static inline float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-24f;
}

static inline int64_t count_of(int rank, const int64_t *shape)
{
    int64_t n = 1;
    for (int k = 0; k < rank; k++) n *= shape[k];
    return n;
}

/* Adds an input with numbers in [low, high), or class indices if classes is above 0, and data for all steps. */
static inline tacet_value add_feed(network *net, const char *name, int64_t classes, int rank, const int64_t *shape,
                                   double low, double high)
{
    feed *f = &net->feed[net->feeds++];
    const tacet_type type = classes > 0 ? TACET_I32 : TACET_F32;
    uint32_t state = 17 * (uint32_t)net->feeds;
    *f = (feed){tacet_input_of(net->g, name, type, classes, rank, shape), type, count_of(rank, shape), NULL};
    f->data = malloc((size_t)(ALL_ROWS * f->n) * sizeof(float));
    if (!f->data) abort();
    for (int64_t i = 0; i < ALL_ROWS * f->n; i++) {
        const double unit = (double)noise(&state);
        if (classes > 0)
            ((int32_t *)f->data)[i] = (int32_t)(unit * (double)classes);
        else
            ((float *)f->data)[i] = (float)(low + (high - low) * unit);
    }
    return f->value;
}

static inline void free_network(network *net)
{
    for (int i = 0; i < net->feeds; i++) free(net->feed[i].data);
    tacet_graph_free(net->g);
}

/* ---- A team ---- */

/* The record of a run: all weights, concatenated, and all figures after each step. */
typedef struct trace {
    size_t weights, figures; /* numbers per step */
    float *weight;           /* [STEPS, weights] */
    double *figure;          /* [STEPS, figures] */
    char error[sizeof((tacet_error *)0)->message];
} trace;

typedef struct member {
    const network *net;
    seat seat;
    tacet_plan *p;
    trace t;
    pthread_t thread;
    void *more; /* for the test's use */
} member;

typedef struct team {
    world w;
    int size; /* 0: one plan without ranks */
    member member[MOST_RANKS];
} team;

/* Compiles a plan for every rank. Returns false, with a reason in *why, if one is refused. */
static inline bool open_team(team *t, const network *net, int size, tacet_error *why)
{
    *t = (team){.size = size};
    open_world(&t->w, size > 0 ? size : 1);
    for (int r = 0; r < t->w.size; r++) {
        member *m = &t->member[r];
        m->net = net;
        m->seat = (seat){&t->w, r};
        tacet_config c = {TACET_CONFIG,
                          .batch = BATCH,
                          .optimizer = net->optimizer,
                          .seed = 5,
                          .ledger = net->ledger,
                          .steps_per_epoch = STEPS,
                          .epochs = net->epochs,
                          .sparse = net->sparse,
                          .threads = net->threads,
                          .accumulate = net->parts};
        const tacet_ranks ranks = {sizeof ranks, r, size, sum_over_ranks, &m->seat};
        if (size > 0) c.ranks = &ranks;
        m->p = tacet_compile(net->g, &c, why);
        if (!m->p) return false;
    }
    return true;
}

static inline void close_team(team *t)
{
    for (int r = 0; r < t->w.size; r++) {
        tacet_plan_free(t->member[r].p);
        free(t->member[r].t.weight);
        free(t->member[r].t.figure);
    }
    close_world(&t->w);
}

/* Runs work(member) on all ranks in parallel. */
static inline void together(team *t, void *(*work)(void *member))
{
    alarm(SECONDS);
    for (int r = 0; r < t->w.size; r++)
        assert_int_equal(pthread_create(&t->member[r].thread, NULL, work, &t->member[r]), 0);
    for (int r = 0; r < t->w.size; r++) pthread_join(t->member[r].thread, NULL);
    alarm(0);
}

/* The number of rows before those of this rank. The shares alternate: equal, none for the first rank, none for the
 * last. */
static inline int64_t rows_before(int64_t rows, int size, int rank, int step)
{
    const int idle = size > 1 && step % 3 > 0, shares = size - idle;
    const int share = rank - (idle && step % 3 == 1);
    return rows * (share < 0 ? 0 : share < shares ? share : shares) / shares;
}

/* The rows of the step. A network that cannot train on one row gets more. */
static inline int64_t rows_of(const member *m, int step)
{
    const int64_t least = tacet_least_rows(m->p);
    return rows_of_step[step] > least ? rows_of_step[step] : least;
}

static inline void feed_from(const member *m, int64_t row)
{
    for (int i = 0; i < m->net->feeds; i++) {
        const feed *f = &m->net->feed[i];
        tacet_feed(m->p, f->value, f->type, (const float *)f->data + row * f->n);
    }
}

/* Feeds this rank's rows of the step and returns their number. */
static inline int64_t feed_share(const member *m, int step)
{
    const int64_t rows = rows_of(m, step), before = rows_before(rows, m->seat.w->size, m->seat.rank, step);
    feed_from(m, step * BATCH + before);
    return rows_before(rows, m->seat.w->size, m->seat.rank + 1, step) - before;
}

/* The parts of a step, the same number on every rank, some of which may have no rows in a part. */
static inline int parts_of(const member *m, int step)
{
    int64_t most = 1;
    for (int r = 0; r < m->seat.w->size; r++) {
        const int64_t rows = rows_of(m, step), from = rows_before(rows, m->seat.w->size, r, step),
                      to = rows_before(rows, m->seat.w->size, r + 1, step);
        if (to - from > most) most = to - from;
    }
    return most < m->net->parts ? (int)most : m->net->parts;
}

/* One step, in one part or several. */
static inline tacet_status step_of(const member *m, int step)
{
    const int64_t rows = feed_share(m, step);
    const int parts = parts_of(m, step);
    const int64_t first = step * BATCH + rows_before(rows_of(m, step), m->seat.w->size, m->seat.rank, step);
    tacet_status s = TACET_OK;
    if (parts < 2) return tacet_step(m->p, rows);
    for (int pass = !tacet_weighs(m->p); pass < 2; pass++)
        for (int i = 0; i < parts && s == TACET_OK; i++) {
            const int64_t from = rows * i / parts, n = rows * (i + 1) / parts - from;
            feed_from(m, first + from);
            s = pass == 0       ? tacet_weigh(m->p, n)
                : i < parts - 1 ? tacet_accumulate(m->p, n, rows)
                                : tacet_step(m->p, n);
        }
    return s;
}

/* ---- Figures ---- */

static inline size_t read_weights(tacet_plan *p, float *to)
{
    size_t n = 0;
    for (int i = 0; i < tacet_value_count(p); i++) {
        tacet_value_info info = {.size = sizeof info};
        tacet_value_at(p, i, &info);
        if (info.role != TACET_ROLE_PARAMETER) continue;
        if (to) tacet_read(p, info.name, to + n, (size_t)info.elements);
        n += (size_t)info.elements;
    }
    return n;
}

static inline size_t add_firing(const tacet_firing *f, double *to)
{
    size_t n = 0;
    const double figure[] = {(double)f->rows, (double)f->units, f->density, (double)f->dead, f->natural};
    for (size_t k = 0; k < sizeof figure / sizeof *figure; k++) to[n++] = figure[k];
    for (int k = 0; k < 10; k++) to[n++] = (double)f->histogram[k];
    return n;
}

enum { OF_PLAN = 7, OF_TERM = 28, OF_VALUE = 15 };
static inline size_t figures_of(const tacet_plan *p)
{
    return OF_PLAN + OF_TERM * (size_t)tacet_term_count(p) + OF_VALUE * (size_t)tacet_value_count(p);
}

/* Writes every figure that must be equal on all ranks to to[figures_of(p)]. */
static inline size_t read_figures(const tacet_plan *p, double *to)
{
    size_t n = 0;
    tacet_total total = {.size = sizeof total};
    tacet_ledger_total(p, &total);
    const double plan[OF_PLAN] = {tacet_objective(p), tacet_data_loss(p), tacet_gradient_norm(p), (double)total.steps,
                                  (double)total.rows, total.objective,    total.data_loss};
    for (int k = 0; k < OF_PLAN; k++) to[n++] = plan[k];
    for (int i = 0; i < tacet_term_count(p); i++) {
        tacet_term t = {.size = sizeof t};
        tacet_account a = {.size = sizeof a};
        tacet_term_at(p, i, &t);
        tacet_account_at(p, i, &a);
        const double term[] = {t.value,
                               t.lambda,
                               a.value,
                               a.lambda,
                               a.share,
                               a.gradient,
                               a.data_gradient,
                               a.target,
                               a.due,
                               (double)a.bound,
                               (double)a.zeros,
                               (double)a.inputs,
                               (double)a.empty_inputs};
        for (size_t k = 0; k < sizeof term / sizeof *term; k++) to[n++] = term[k];
        tacet_firing f = {.size = sizeof f};
        tacet_term_firing(p, i, &f);
        n += add_firing(&f, to + n);
    }
    for (int i = 0; i < tacet_value_count(p); i++) {
        tacet_firing f = {.size = sizeof f};
        tacet_firing_at(p, i, true, &f);
        n += add_firing(&f, to + n);
    }
    return n;
}

static inline void open_trace(member *m)
{
    m->t.weights = read_weights(m->p, NULL);
    m->t.figures = figures_of(m->p);
    m->t.weight = calloc(STEPS * m->t.weights + 1, sizeof *m->t.weight);
    m->t.figure = calloc(STEPS * m->t.figures + 1, sizeof *m->t.figure);
    if (!m->t.weight || !m->t.figure) abort();
}

/* Trains all steps. */
static inline void *train(void *argument)
{
    member *m = argument;
    trace *t = &m->t;
    open_trace(m);
    for (int step = 0; step < STEPS; step++) {
        if (step_of(m, step) && !t->error[0])
            snprintf(t->error, sizeof t->error, "%s", tacet_plan_error(m->p)->message);
        read_weights(m->p, t->weight + (size_t)step * t->weights);
        if (read_figures(m->p, t->figure + (size_t)step * t->figures) != t->figures) abort();
    }
    return NULL;
}

/* ---- Comparisons ---- */

/* Asserts that all weights and figures have the same bits. */
static inline void assert_same_traces(const char *what, const trace *a, const trace *b)
{
    if (a->error[0] || b->error[0]) fail_msg("%s: %s%s", what, a->error, b->error);
    assert_int_equal(a->weights, b->weights);
    assert_int_equal(a->figures, b->figures);
    for (size_t i = 0; i < STEPS * a->weights; i++)
        if (memcmp(&a->weight[i], &b->weight[i], sizeof *a->weight) != 0)
            fail_msg("%s: weight %zu is %.9g and %.9g after step %zu", what, i % a->weights, (double)a->weight[i],
                     (double)b->weight[i], i / a->weights);
    for (size_t i = 0; i < STEPS * a->figures; i++) {
        const bool nan = isnan(a->figure[i]) && isnan(b->figure[i]);
        if (!nan && memcmp(&a->figure[i], &b->figure[i], sizeof *a->figure) != 0)
            fail_msg("%s: figure %zu is %.17g and %.17g after step %zu", what, i % a->figures, a->figure[i],
                     b->figure[i], i / a->figures);
    }
}

/* Asserts equality up to rounding. Ranks add the same numbers in another order, in float32, so each gradient is off by
 * a few units in the last place, 6e-8; STEPS steps with momentum accumulate this and the network amplifies it: to 1e-6
 * at most, to 1e-5 for log_sum, whose slope changes by 1 / eps^2 near 0. A row that counts twice would change 1e-2. */
#define PRECISION 2e-5
static inline void assert_near_traces(const char *what, const trace *a, const trace *b)
{
    double most = 0;
    if (a->error[0] || b->error[0]) fail_msg("%s: %s%s", what, a->error, b->error);
    for (size_t i = 0; i < STEPS * b->weights; i++) most = fmax(most, fabs((double)b->weight[i]));
    for (size_t i = 0; i < STEPS * a->weights; i++)
        if (!(fabs((double)a->weight[i] - (double)b->weight[i]) <= PRECISION * most))
            fail_msg("%s: weight %zu is %.9g, and on one rank %.9g, after step %zu", what, i % a->weights,
                     (double)a->weight[i], (double)b->weight[i], i / a->weights);
    for (size_t i = 0; i < STEPS * a->figures; i++) {
        const double x = a->figure[i], y = b->figure[i];
        if (!(isnan(x) && isnan(y)) && !(fabs(x - y) <= PRECISION * fmax(fabs(y), 1e-2)))
            fail_msg("%s: figure %zu is %.17g, and on one rank %.17g, after step %zu", what, i % a->figures, x, y,
                     i / a->figures);
    }
}

/* Trains on `size` ranks and compares them with each other and with the trace of one plan without ranks. */
static inline void train_and_compare(const char *what, const network *net, int size, const trace *alone)
{
    team t;
    tacet_error why;
    char text[512];
    snprintf(text, sizeof text, "%s on %d ranks", what, size);
    if (!open_team(&t, net, size, &why)) fail_msg("%s: %s", text, why.message);
    together(&t, train);
    for (int r = 1; r < size; r++) assert_same_traces(text, &t.member[r].t, &t.member[0].t);
    if (size == 1) {
        assert_same_traces(text, &t.member[0].t, alone);
        assert_int_equal(t.w.calls[0], 0);
    } else {
        assert_near_traces(text, &t.member[0].t, alone);
        assert_true(t.w.calls[0] >= 4 * STEPS);
    }
    close_team(&t);
}

/* Whether a layer mixes the samples of a batch: then the batches of a step do not give what one batch gives. */
static inline bool mixes(const network *net)
{
    char text[4096];
    tacet_entry e = {.size = sizeof e};
    tacet_graph_text(net->g, "model", text, sizeof text);
    for (int i = 0; tacet_entry_at(i, &e) == TACET_OK; i++)
        if (e.mixes && e.role == TACET_ROLE_LAYER && strstr(text, e.name)) return true;
    return false;
}

/* Whether an error says that a penalty needs all samples of a step at once, and it is one that does. */
static inline bool needs_all(const tacet_error *e)
{
    return strstr(e->message, "cannot be divided into batches") &&
           (strstr(e->message, ":norm needs") || strstr(e->message, ":kl_sparsity needs"));
}

/* Trains in steps of several parts and compares that with the trace of one part. */
static inline void compare_over_parts(const char *what, const network *net, const trace *alone)
{
    static const struct {
        int size, parts;
    } way[] = {{0, 2}, {0, 5}, {2, 2}, {3, 3}};
    for (size_t i = 0; i < sizeof way / sizeof *way && !mixes(net); i++) {
        team t;
        tacet_error why;
        char text[512];
        network several = *net;
        several.parts = way[i].parts;
        snprintf(text, sizeof text, "%s in %d parts on %d ranks", what, way[i].parts, way[i].size);
        const bool good = open_team(&t, &several, way[i].size, &why);
        if (!good && !needs_all(&why)) fail_msg("%s: %s", text, why.message);
        if (good) {
            together(&t, train);
            for (int r = 1; r < t.w.size; r++) assert_same_traces(text, &t.member[r].t, &t.member[0].t);
            assert_near_traces(text, &t.member[0].t, alone);
        }
        close_team(&t);
    }
}

/* Compares 1, 2, 3 and 5 ranks; and steps of several parts, unless a penalty needs the whole batch. */
static inline void compare_over_ranks(const char *what, const network *net)
{
    team alone;
    tacet_error why;
    if (!open_team(&alone, net, 0, &why)) fail_msg("%s: %s", what, why.message);
    train(&alone.member[0]);
    static const int sizes[] = {1, 2, 3, 5};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        train_and_compare(what, net, sizes[i], &alone.member[0].t);
    compare_over_parts(what, net, &alone.member[0].t);
    close_team(&alone);
}

/* Asserts that the weights alone are equal up to the rounding of two ways to compute the same. */
static inline void assert_near_weights(const char *what, const trace *a, const trace *b)
{
    double most = 0;
    if (a->error[0] || b->error[0]) fail_msg("%s: %s%s", what, a->error, b->error);
    assert_int_equal(a->weights, b->weights);
    for (size_t i = 0; i < STEPS * b->weights; i++) most = fmax(most, fabs((double)b->weight[i]));
    for (size_t i = 0; i < STEPS * a->weights; i++)
        if (!(fabs((double)a->weight[i] - (double)b->weight[i]) <= 1e-4 * most))
            fail_msg("%s: weight %zu is %.9g, and otherwise %.9g, after step %zu", what, i % a->weights,
                     (double)a->weight[i], (double)b->weight[i], i / a->weights);
}

#endif
