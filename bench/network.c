/* network.c: compiles, feeds and runs a case's network in Tacet. The data and initial weights are the same as in
 * peer.py. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_UNITS = 2048, IMAGES = 1024 }; /* of a layer whose biases are set, and images used to set them */
enum { LEARNS = 64 };                      /* the batch that makes the weights of an inference */
enum { COUNTED = 64 };                     /* the batches in which it is counted what fires */

/* Numbers in [-1, 1) that look like noise: a hash of the index (Wellons: Prospecting for hash functions, 2018). */
float made_up(uint32_t i)
{
    i = (i ^ i >> 16) * 0x7feb352du;
    i = (i ^ i >> 15) * 0x846ca68bu;
    i ^= i >> 16;
    return (float)(i >> 8) * 0x1p-23f - 1;
}

static const char *images_of(const bench_case *c)
{
    return c->hwc ? "idx /usr/share/datasets/fashion-mnist layout=hwc" : "idx /usr/share/datasets/fashion-mnist";
}

static bool trains(const bench_case *c) { return c->optimizer && !c->infer; }

static void open_data(network *n, const char *part, const network_options *o)
{
    tacet_error why;
    const bench_case *c = n->c;
    if (c->images) {
        n->data = tacet_data_open(images_of(c), part, NULL, &why);
        if (n->data) n->loader = tacet_loader_new(n->data, c->batch, o->seed, o->shuffle, &why);
        if (!n->loader) stop(c->name, &why);
        return;
    }
    const int64_t count = MADE_UP_ROWS * c->in;
    n->made_up = malloc((size_t)count * sizeof *n->made_up);
    if (!n->made_up) stop("out of memory", NULL);
    for (int64_t i = 0; i < count; i++) n->made_up[i] = made_up((uint32_t)i);
    for (int i = 0; i < MADE_UP_ROWS; i++) n->labels[i] = (i + 1) / 2 % 2;
}

void network_load(network *n, const char *path)
{
    tacet_error why;
    tacet_file *f = tacet_file_open(path, NULL, &why);
    if (!f || tacet_file_load(f, n->p, true, NULL, &why) != TACET_OK) stop(path, &why);
    tacet_file_free(f);
}

/* Twice the multiplications of a dense step: three products per layer, two for the first, or one each in inference. */
static double flops_of(const network *n, bool training)
{
    double flops = 0, first = 0;
    for (int i = 0; i < tacet_value_count(n->p); i++) {
        tacet_value_info v = {.size = sizeof v}, y = v;
        if (tacet_value_at(n->p, i, &v) != TACET_OK || v.role != TACET_ROLE_PARAMETER || v.rank < 2) continue;
        if (tacet_value_at(n->p, v.owner.id - 1, &y) != TACET_OK) continue;
        const double product = 2.0 * (double)(n->c->batch * v.elements * (y.elements / y.units));
        if (first == 0) first = product;
        flops += product * (training ? 3 : 1);
    }
    return training ? flops - first : flops;
}

network *network_open(const bench_case *c, const network_options *o)
{
    tacet_error why;
    network *n = calloc(1, sizeof *n);
    tacet_graph *g = tacet_graph_new(NULL);
    if (!n || !g) stop("out of memory", NULL);
    n->c = c;
    n->x = c->hwc ? tacet_input(g, "x", 3, (int64_t[]){28, 28, 1}) : tacet_input(g, "x", 1, &c->in);
    n->y = tacet_chain(g, n->x, c->model);
    const bool learns = c->loss && !c->infer, labels = learns && strcmp(c->loss, "cross_entropy") == 0;
    if (labels) n->target = tacet_labels(g, "target");
    if (learns) tacet_loss(g, c->loss, n->y, labels ? n->target : n->x);
    for (int i = 0; i < PENALTIES && !c->infer && !o->no_penalties; i++)
        if (c->penalty[i][0]) tacet_penalize(g, c->penalty[i][0], c->penalty[i][1]);
    if (!trains(c)) tacet_keep(g, "linear*");
    for (int i = 0; i < PENALTIES && !trains(c); i++)
        if (c->reads[i]) tacet_keep(g, c->reads[i]);
    const tacet_config config = {
        TACET_CONFIG,          .batch = c->batch,   .optimizer = c->infer ? NULL : c->optimizer,
        .threads = o->threads, .sparse = o->sparse, .ledger = o->ledger,
        .seed = o->seed,       .epochs = c->alone};
    n->p = tacet_compile(g, &config, &why);
    if (!n->p) stop(c->name, &why);
    tacet_graph_free(g);
    if (o->model) network_load(n, o->model);
    open_data(n, "train", o);
    n->dense_flops = flops_of(n, trains(c));
    place_threads(getpid(), o->threads);
    return n;
}

void network_close(network *n)
{
    tacet_loader_free(n->loader);
    tacet_data_free(n->data);
    tacet_plan_free(n->p);
    free(n->made_up);
    free(n);
}

/* Feeds the next batch of images or made-up rows, beginning again at the end of the data. Returns its rows. */
static int64_t feed(network *n)
{
    if (n->loader) {
        const int64_t rows = tacet_loader_next(n->loader, n->p, n->x, n->target);
        return rows ? rows : tacet_loader_next(n->loader, n->p, n->x, n->target);
    }
    tacet_feed(n->p, n->x, TACET_F32, n->made_up + n->at * n->c->in);
    if (n->target.id) tacet_feed(n->p, n->target, TACET_I32, n->labels + n->at);
    n->at = (n->at + n->c->batch) % MADE_UP_ROWS;
    return n->c->batch;
}

void network_rewind(network *n)
{
    n->at = 0;
    if (n->loader) tacet_loader_seek(n->loader, 0, 0);
}

/* The value with this name; all 0 if it does not exist. */
static tacet_value_info named(const network *n, const char *name)
{
    for (int i = 0; i < tacet_value_count(n->p); i++) {
        tacet_value_info v = {.size = sizeof v};
        if (tacet_value_at(n->p, i, &v) == TACET_OK && strcmp(v.name, name) == 0) return v;
    }
    return (tacet_value_info){0};
}

/* The outputs of a forward pass on one row. */
static void read_outputs(network *n)
{
    float y[MOST_ANSWERS];
    tacet_value_info out = {.size = sizeof out};
    if (tacet_value_at(n->p, n->y.id - 1, &out) != TACET_OK) stop("the network has no outputs", NULL);
    n->answers = (int)out.units;
    if (tacet_read(n->p, out.name, y, (size_t)n->answers) != TACET_OK)
        stop("cannot read the outputs", tacet_plan_error(n->p));
    for (int i = 0; i < n->answers; i++) n->answer[i] = (double)y[i];
}

double network_run(network *n, int steps)
{
    const bool training = trains(n->c);
    const double begin = now();
    double loss = 0;
    for (int i = 0; i < steps; i++) {
        const int64_t rows = feed(n);
        if ((training ? tacet_step : tacet_forward)(n->p, rows) != TACET_OK)
            stop("a step failed", tacet_plan_error(n->p));
        if (training) loss += tacet_data_loss(n->p) / steps;
    }
    const double seconds = now() - begin;
    n->answer[0] = loss, n->answers = 1;
    if (!training) read_outputs(n);
    return seconds;
}

/* Counts what fires over the next 64 batches of images, or all made-up rows. */
static void count(network *n)
{
    tacet_reset_counts(n->p);
    for (int i = 0; i < (n->loader ? COUNTED : MADE_UP_ROWS / n->c->batch); i++)
        if (tacet_forward(n->p, feed(n)) != TACET_OK) stop("a forward pass failed", tacet_plan_error(n->p));
}

double network_density(network *n)
{
    double sum = 0;
    int values = 0;
    count(n);
    for (int i = 0; i < tacet_value_count(n->p); i++) {
        tacet_value_info v = {.size = sizeof v};
        if (tacet_value_at(n->p, i, &v) == TACET_OK && v.silent) sum += v.density, values++;
    }
    return sum / values;
}

void network_densities(network *n)
{
    count(n);
    printf("    density:");
    for (int i = 0; i < tacet_value_count(n->p); i++) {
        tacet_value_info v = {.size = sizeof v};
        if (tacet_value_at(n->p, i, &v) == TACET_OK && v.silent) printf(" %s %.4f", v.name, v.density);
    }
    printf("\n");
}

/* The share of the elements of a value that are not 0 in the last forward pass. */
static double share_read(network *n, const char *name, int64_t rows)
{
    int64_t fired = 0;
    const int64_t count = rows * named(n, name).elements;
    float *x = malloc((size_t)count * sizeof *x);
    if (!x) stop("out of memory", NULL);
    if (tacet_read(n->p, name, x, (size_t)count) != TACET_OK) stop(name, tacet_plan_error(n->p));
    for (int64_t i = 0; i < count; i++) fired += x[i] != 0;
    free(x);
    return (double)fired / (double)count;
}

void network_reads(network *n, double density[PENALTIES])
{
    for (int i = 0; i < PENALTIES; i++) density[i] = 0;
    for (int k = 0; k < COUNTED; k++) {
        const int64_t rows = feed(n);
        if (tacet_forward(n->p, rows) != TACET_OK) stop("a forward pass failed", tacet_plan_error(n->p));
        for (int i = 0; i < PENALTIES; i++) density[i] += share_read(n, n->c->reads[i], rows) / COUNTED;
    }
}

double network_accuracy(network *n)
{
    tacet_error why;
    tacet_result r = {.size = sizeof r};
    tacet_data *d = tacet_data_open(images_of(n->c), "test", NULL, &why);
    tacet_loader *l = d ? tacet_loader_new(d, n->c->batch, 0, false, &why) : NULL;
    if (!l) stop("cannot open the test images", &why);
    if (tacet_evaluate(n->p, l, n->x, n->target, n->y, &r) != TACET_OK)
        stop("an evaluation failed", tacet_plan_error(n->p));
    tacet_loader_free(l);
    tacet_data_free(d);
    return r.accuracy;
}

/* ---- Initial weights ---- */

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Lowers each unit's bias so that only the share `density` of its pre-activations h [rows, units] stays above 0. */
static void lower_biases(float *bias, const float *h, int rows, int64_t units, double density)
{
    float column[IMAGES];
    const int fire = (int)lround(density * rows);
    for (int64_t u = 0; u < units; u++) {
        for (int i = 0; i < rows; i++) column[i] = h[i * units + u];
        qsort(column, (size_t)rows, sizeof *column, ascending);
        bias[u] -= fire == rows ? column[0] - 1 : (column[rows - fire - 1] + column[rows - (fire ? fire : 1)]) / 2;
    }
}

/* Sets the biases of the hidden layers, one after the other, so that each unit fires on the share `density` of rows. */
static void silence(network *n, double density)
{
    float *h = malloc(sizeof *h * IMAGES * MOST_UNITS), bias[MOST_UNITS];
    if (!h) stop("out of memory", NULL);
    for (int layer = 1;; layer++) {
        char name[32], next[32], bias_name[32];
        snprintf(name, sizeof name, "linear%d", layer);
        snprintf(next, sizeof next, "linear%d", layer + 1);
        snprintf(bias_name, sizeof bias_name, "linear%d.bias", layer);
        const int64_t units = named(n, name).units;
        if (named(n, next).units == 0) break; /* the outputs */
        if (units > MOST_UNITS) stop("a layer is too wide", NULL);
        network_rewind(n);
        const int64_t rows = feed(n);
        if (tacet_forward(n->p, rows) != TACET_OK || tacet_read(n->p, name, h, (size_t)(rows * units)) != TACET_OK ||
            tacet_read(n->p, bias_name, bias, (size_t)units) != TACET_OK)
            stop(name, tacet_plan_error(n->p));
        lower_biases(bias, h, (int)rows, units, density);
        if (tacet_write(n->p, bias_name, bias, (size_t)units) != TACET_OK) stop(name, tacet_plan_error(n->p));
    }
    free(h);
}

void network_teach(const bench_case *c, const network_options *o, char path[PATH])
{
    tacet_error why;
    bench_case at = *c;
    if (c->before[0][0]) memcpy(at.penalty, c->before, sizeof at.penalty);
    if (c->teacher) at.optimizer = c->teacher;
    if (c->infer) at.infer = false, at.batch = LEARNS;
    if (c->density > 0) at.batch = c->images ? IMAGES : MADE_UP_ROWS, at.optimizer = NULL;
    snprintf(path, PATH, "/tmp/tacet_bench_XXXXXX");
    const int handle = mkstemp(path);
    if (handle < 0) stop("cannot create a temporary file", NULL);
    close(handle);
    network *n = network_open(&at, o);
    if (c->density > 0) silence(n, c->density);
    if (c->alone) network_run(n, c->alone);
    if (tacet_save(n->p, path, 0, NULL, &why) != TACET_OK) stop("cannot save the weights", &why);
    network_close(n);
}

void network_begin(const bench_case *c, int threads, char path[PATH])
{
    network_teach(c, &(network_options){.threads = threads, .shuffle = c->teacher != NULL}, path);
}
