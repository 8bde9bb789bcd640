/* network.c: a case's network in Tacet: made, fed, run. What is fed and from which weights it begins is what peer.py does
 * on its side. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void open_data(network *n, const char *part, const network_options *o)
{
    tacet_error why;
    const bench_case *c = n->c;
    if (c->images) {
        n->data = tacet_data_open("idx /usr/share/datasets/fashion-mnist", part, NULL, &why);
        if (n->data) n->loader = tacet_loader_new(n->data, c->batch, o->seed, o->shuffle, &why);
        if (!n->loader) stop(c->name, &why);
        return;
    }
    const int64_t count = MADE_UP_ROWS * c->in;
    n->made_up = malloc((size_t)count * sizeof *n->made_up);
    if (!n->made_up) stop("no memory", NULL);
    for (int64_t i = 0; i < count; i++) n->made_up[i] = (float)sin((double)i);
}

static void load(network *n, const char *path)
{
    tacet_error why;
    tacet_file *f = tacet_file_open(path, NULL, &why);
    if (!f || tacet_file_load(f, n->p, true, NULL, &why) != TACET_OK) stop(path, &why);
    tacet_file_free(f);
}

/* Multiplications of a dense step, times two: three products a layer, two for the first, or the forward pass alone. */
static double flops_of(const network *n, bool training)
{
    double flops = 0, first = 0;
    for (int i = 0; i < tacet_value_count(n->p); i++) {
        tacet_value_info v;
        if (tacet_value_at(n->p, i, &v) != TACET_OK || strcmp(v.kind, "parameter") != 0 || v.rank != 2) continue;
        const double product = 2.0 * (double)(n->c->batch * v.shape[0] * v.shape[1]);
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
    if (!n || !g) stop("no memory", NULL);
    n->c = c;
    n->x = tacet_input(g, "x", 1, &c->in);
    n->y = tacet_chain(g, n->x, c->model);
    const bool labels = c->loss && strcmp(c->loss, "cross_entropy") == 0;
    if (labels) n->target = tacet_labels(g, "target");
    if (c->loss) tacet_loss(g, c->loss, n->y, labels ? n->target : n->x);
    for (int i = 0; i < 2 && !o->no_penalties; i++)
        if (c->penalty[i][0]) tacet_penalize(g, c->penalty[i][0], c->penalty[i][1]);
    if (o->keep) tacet_keep(g, o->keep);
    const tacet_config config = {TACET_CONFIG,          .batch = c->batch,   .optimizer = c->optimizer,
                                 .threads = o->threads, .sparse = o->sparse, .seed = o->seed};
    n->p = tacet_compile(g, &config, &why);
    if (!n->p) stop(c->name, &why);
    tacet_graph_free(g);
    if (o->model) load(n, o->model);
    open_data(n, "train", o);
    n->dense_flops = flops_of(n, config.optimizer != NULL);
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

/* The next batch; an epoch's end is passed over. Returns its rows. */
static int64_t feed(network *n)
{
    static const int32_t labels[SEED_ROWS] = {0, 1, 1, 0};
    if (n->loader) {
        const int64_t rows = tacet_loader_next(n->loader, n->p, n->x, n->target);
        return rows ? rows : tacet_loader_next(n->loader, n->p, n->x, n->target);
    }
    tacet_feed(n->p, n->x, TACET_F32, n->made_up + n->at * n->c->in);
    if (n->target.id && n->c->batch == SEED_ROWS) tacet_feed(n->p, n->target, TACET_I32, labels);
    n->at = n->c->batch == 1 ? (n->at + 1) % MADE_UP_ROWS : 0;
    return n->c->batch;
}

static double first_answer(network *n)
{
    float y[64];
    if (tacet_read(n->p, "linear4", y, 10) != TACET_OK) stop("read", tacet_plan_error(n->p));
    return (double)y[0];
}

double network_run(network *n, int steps)
{
    const bool training = n->c->optimizer != NULL;
    const double begin = now();
    n->loss = 0;
    for (int i = 0; i < steps; i++) {
        const int64_t rows = feed(n);
        if ((training ? tacet_step : tacet_forward)(n->p, rows) != TACET_OK) stop("step", tacet_plan_error(n->p));
        if (training) n->loss += tacet_data_loss(n->p) / steps;
    }
    const double seconds = now() - begin;
    if (!training) n->loss = first_answer(n);
    return seconds;
}

static void count(network *n)
{
    tacet_reset_counts(n->p);
    for (int i = 0; i < (n->c->batch == 1 ? MADE_UP_ROWS : 64); i++)
        if (tacet_forward(n->p, feed(n)) != TACET_OK) stop("forward", tacet_plan_error(n->p));
}

double network_density(network *n)
{
    double sum = 0;
    int values = 0;
    count(n);
    for (int i = 0; i < tacet_value_count(n->p); i++) {
        tacet_value_info v;
        if (tacet_value_at(n->p, i, &v) == TACET_OK && v.silent) sum += v.density, values++;
    }
    return sum / values;
}

void network_densities(network *n)
{
    count(n);
    printf("   ");
    for (int i = 0; i < tacet_value_count(n->p); i++) {
        tacet_value_info v;
        if (tacet_value_at(n->p, i, &v) == TACET_OK && v.silent) printf(" %s fires at %.4f", v.name, v.density);
    }
    printf("\n");
}

double network_accuracy(network *n)
{
    tacet_error why;
    tacet_result r;
    tacet_data *d = tacet_data_open("idx /usr/share/datasets/fashion-mnist", "test", NULL, &why);
    tacet_loader *l = d ? tacet_loader_new(d, n->c->batch, 0, false, &why) : NULL;
    if (!l) stop("test images", &why);
    if (tacet_evaluate(n->p, l, n->x, n->target, n->y, &r) != TACET_OK) stop("evaluate", tacet_plan_error(n->p));
    tacet_loader_free(l);
    tacet_data_free(d);
    return r.accuracy;
}

/* ---- Weights to begin with ---- */

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Lowers each unit's bias by what all but the share `density` of its pre-activations h [rows, units] do not exceed. */
static void lower_biases(float *bias, const float *h, int rows, int64_t units, double density)
{
    float column[MADE_UP_ROWS];
    const int fire = (int)lround(density * rows);
    for (int64_t u = 0; u < units; u++) {
        for (int i = 0; i < rows; i++) column[i] = h[i * units + u];
        qsort(column, (size_t)rows, sizeof *column, ascending);
        bias[u] -= fire == rows ? column[0] - 1 : (column[rows - fire - 1] + column[rows - (fire ? fire : 1)]) / 2;
    }
}

void network_silence(const bench_case *c, double density, const char *path)
{
    bench_case many = *c;
    many.batch = MADE_UP_ROWS;
    many.optimizer = NULL;
    network *n = network_open(&many, &(network_options){.threads = 1, .keep = "linear*"});
    float *h = malloc(sizeof *h * MADE_UP_ROWS * 4096), *bias = malloc(sizeof *bias * 4096);
    tacet_error why;
    if (!h || !bias) stop("no memory", NULL);
    for (int layer = 1; layer < 9; layer++) {
        char name[32], bias_name[32];
        int64_t units = 0;
        snprintf(name, sizeof name, "linear%d", layer);
        snprintf(bias_name, sizeof bias_name, "linear%d.bias", layer);
        for (int i = 0; i < tacet_value_count(n->p); i++) {
            tacet_value_info v;
            if (tacet_value_at(n->p, i, &v) == TACET_OK && strcmp(v.name, name) == 0) units = v.units;
        }
        if (units <= 10) break; /* the answers, or no such layer */
        if (n->loader) tacet_loader_seek(n->loader, 0, 0);
        const int64_t rows = feed(n);
        if (tacet_forward(n->p, rows) != TACET_OK || tacet_read(n->p, name, h, (size_t)(rows * units)) != TACET_OK ||
            tacet_read(n->p, bias_name, bias, (size_t)units) != TACET_OK)
            stop(name, tacet_plan_error(n->p));
        lower_biases(bias, h, (int)rows, units, density);
        if (tacet_write(n->p, bias_name, bias, (size_t)units) != TACET_OK) stop(name, tacet_plan_error(n->p));
    }
    if (tacet_save(n->p, path, 0, NULL, &why) != TACET_OK) stop("save", &why);
    free(h), free(bias);
    network_close(n);
}

void network_begin(const bench_case *c, int threads, char path[])
{
    tacet_error why;
    const int handle = mkstemp(path);
    if (handle < 0) stop("no temporary file", NULL);
    close(handle);
    if (c->density > 0) {
        network_silence(c, c->density, path);
        return;
    }
    network *n = network_open(c, &(network_options){.threads = threads});
    if (c->alone) network_run(n, c->alone);
    if (tacet_save(n->p, path, 0, NULL, &why) != TACET_OK) stop("save", &why);
    network_close(n);
}
