/* rows.c: runs the C cells of the tables in docs/from-*.md, which rows.awk turns into functions (rows.inc). Each row is
 * compiled into the network of tests/golden/l1_activations and stepped once on PyTorch's inputs and weights. If that
 * file has the row's term, its value is compared; if the row's YAML cell was run, its model must describe the same
 * network.
 *
 *     rows data                      writes x.npy, images.npy, labels.npy and targets.npy for the YAML cells
 *     rows run GOLDEN YAML-FOLDER    runs all rows; returns 0 on success */
#include "tacet/tacet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4, IN = 128, SAMPLES = 8, HIDDEN = 128, ROOM = 4096 };

typedef struct frame {
    const char *name;
    tacet_graph *g;
    tacet_value x, t, y;
    tacet_plan *p;
    bool target; /* t is numbers */
} frame;

typedef struct row {
    const char *name;
    bool chain, target, loss, steps; /* the row has its own chain, target, loss; it steps the plan */
    bool image;                      /* x is an image */
    void (*describe)(frame *f);
    tacet_plan *(*compile)(tacet_graph *g, tacet_error *why);
    void (*after)(frame *f);
} row;

static float hidden[ROOM]; /* the snippets read into it */
static int failures;

static void fail(const char *row, const char *what, const char *detail)
{
    fprintf(stderr, "%s: %s %s\n", row, what, detail);
    failures++;
}

static void must(const frame *f, tacet_status s)
{
    if (s != TACET_OK) fail(f->name, "a call failed:", tacet_plan_error(f->p)->message);
}

static void expect_ok(const frame *f, const tacet_error *why)
{
    if (why->status != TACET_OK) fail(f->name, "a call failed:", why->message);
}

static void feed(const frame *f);

/* The functions of operators that rows add: y = x^3, sum x^2 / (1 + x^2), sum (x - t)^2 / 2. */
static tacet_status cube(const tacet_call *c, double *sum)
{
    (void)sum;
    for (int64_t i = 0; i < c->outputs; i++) c->y[i] = c->input->x[i] * c->input->x[i] * c->input->x[i];
    return TACET_OK;
}

static tacet_status cube_gradient(const tacet_call *c)
{
    for (int64_t i = 0; i < c->outputs; i++) c->input->d[i] = 3 * c->g[i] * c->input->x[i] * c->input->x[i];
    return TACET_OK;
}

static double square(const float *x, int64_t i) { return (double)x[i] * (double)x[i]; }

static tacet_status bend(const tacet_call *c, double *sum)
{
    for (int64_t i = 0; i < c->input->elements; i++) *sum += square(c->input->x, i) / (1 + square(c->input->x, i));
    return TACET_OK;
}

static tacet_status bend_gradient(const tacet_call *c)
{
    for (int64_t i = 0; i < c->input->elements; i++)
        c->input->d[i] = (float)(2 * (double)c->input->x[i] / pow(1 + square(c->input->x, i), 2));
    return TACET_OK;
}

static tacet_status gap(const tacet_call *c, double *sum)
{
    for (int64_t i = 0; i < c->input->elements; i++) *sum += pow((double)(c->input[0].x[i] - c->input[1].x[i]), 2) / 2;
    return TACET_OK;
}

static tacet_status gap_gradient(const tacet_call *c)
{
    for (int64_t i = 0; i < c->input->elements; i++) c->input->d[i] = c->input[0].x[i] - c->input[1].x[i];
    return TACET_OK;
}

#include "rows.inc"

static const struct {
    const row *row;
    size_t count;
} tables[] = {{rows_pytorch, sizeof rows_pytorch / sizeof *rows_pytorch}, {rows_keras, sizeof rows_keras / sizeof *rows_keras}};

/* ---- The golden file --------------------------------------------------------------------------------------------- */

static const tacet_file *golden;

static const float *tensor(const char *name, size_t *count)
{
    for (int i = 0; i < tacet_file_count(golden); i++) {
        const char *at;
        int rank;
        const int64_t *shape;
        const float *data;
        if (tacet_file_tensor(golden, i, &at, &rank, &shape, &data) != TACET_OK || strcmp(at, name) != 0) continue;
        *count = 1;
        for (int k = 0; k < rank; k++) *count *= (size_t)shape[k];
        return data;
    }
    fprintf(stderr, "the golden file has no %s\n", name);
    exit(1);
}

static void write_weights(const frame *f)
{
    static const char *const name[] = {"linear1.weight", "linear1.bias", "linear2.weight",
                                       "linear2.bias",   "linear3.weight", "linear3.bias"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        char full[64];
        size_t n;
        snprintf(full, sizeof full, "before.%s", name[i]);
        const float *data = tensor(full, &n);
        tacet_write(f->p, name[i], data, n); /* the row's network may lack it, or have it in another size */
    }
}

/* ---- Known values of a row --------------------------------------------------------------------------------------- */

enum { MAGNITUDES, SQUARES, ROOT, FIRST };

static const struct {
    const char *row, *term;
    int what;                /* of the entries of the tensors */
    double divisor, lambda;
    const char *tensor[2];
} known[] = {
    {"pytorch_cross_entropy", "linear3:cross_entropy", FIRST, 1, 1, {"term.linear3:cross_entropy"}},
    {"pytorch_gradient_accumulation", "linear3:cross_entropy", FIRST, 1, 1, {"term.linear3:cross_entropy"}},
    {"keras_gradient_accumulation", "linear3:cross_entropy", FIRST, 1, 1, {"term.linear3:cross_entropy"}},
    {"pytorch_l1_of_one_layer_s_activations", "relu1:l1", MAGNITUDES, 1, 0.5, {"value.relu1"}},
    {"pytorch_the_same_at_any_batch_size", "relu1:l1", MAGNITUDES, ROWS, 0.5, {"value.relu1"}},
    {"pytorch_l2_norm_of_one_layer_s_activations", "relu2:norm", ROOT, 1, 0.01, {"value.relu2"}},
    {"pytorch_l1_of_every_layer_s_activations", "relu1:l1", MAGNITUDES, ROWS, 0.1, {"value.relu1"}},
    {"pytorch_l1_of_every_layer_s_activations", "relu2:l1", MAGNITUDES, ROWS, 0.1, {"value.relu2"}},
    {"pytorch_l1_of_one_layer_s_weights", "linear1.weight:l1", MAGNITUDES, 1, 0.5, {"before.linear1.weight"}},
    {"pytorch_l2_norm_of_one_layer_s_weights", "linear2.weight:norm", ROOT, 1, 0.01, {"before.linear2.weight"}},
    {"pytorch_one_layer_s_parameters_as_one_vector",
     "linear2.*:norm",
     ROOT,
     1,
     0.01,
     {"before.linear2.weight", "before.linear2.bias"}},
    {"pytorch_sum_of_squares_of_all_weights", "linear1.weight:l2", SQUARES, 1, 0.005, {"before.linear1.weight"}},
    {"pytorch_sum_of_squares_of_all_weights", "linear3.weight:l2", SQUARES, 1, 0.005, {"before.linear3.weight"}},
    {"pytorch_exact_zeros_in_the_weights", "linear1.weight:l1", MAGNITUDES, 1, 0.01, {"before.linear1.weight"}},
    {"pytorch_l1penalty", "relu1:l1", MAGNITUDES, 1, 0.5, {"value.relu1"}},
    {"pytorch_l1penalty_with_sizeaverage", "relu1:l1", MAGNITUDES, ROWS * 32, 0.5, {"value.relu1"}},
    {"keras_sparse_categorical_crossentropy", "linear3:cross_entropy", FIRST, 1, 1, {"term.linear3:cross_entropy"}},
    {"keras_kernel_regularizer", "linear1.weight:l1", MAGNITUDES, 1, 0.01, {"before.linear1.weight"}},
    {"keras_kernel_regularizer_l2", "linear1.weight:l2", SQUARES, 1, 0.01, {"before.linear1.weight"}},
    {"keras_bias_regularizer", "linear1.bias:l2", SQUARES, 1, 0.01, {"before.linear1.bias"}},
    {"keras_activity_regularizer", "relu1:l1", MAGNITUDES, ROWS, 0.01, {"value.relu1"}},
    {"keras_activity_regularizer_without_an_activation", "linear1:l2", SQUARES, ROWS, 0.01, {"value.linear1"}},
    {"keras_activity_regularizer_of_keras_3_0_to_3_13", "relu1:l1", MAGNITUDES, 1, 0.01, {"value.relu1"}},
    {"keras_all_three_on_one_layer", "linear1.weight:l2", SQUARES, 1, 0.01, {"before.linear1.weight"}},
    {"keras_all_three_on_one_layer", "linear1.bias:l2", SQUARES, 1, 0.01, {"before.linear1.bias"}},
    {"keras_all_three_on_one_layer", "relu1:l2", SQUARES, ROWS, 0.01, {"value.relu1"}},
};
enum { KNOWN = sizeof known / sizeof *known };
static bool used[KNOWN];

static double known_value(size_t k)
{
    double sum = 0;
    for (int i = 0; i < 2 && known[k].tensor[i]; i++) {
        size_t n;
        const float *x = tensor(known[k].tensor[i], &n);
        if (known[k].what == FIRST) return (double)x[0];
        for (size_t j = 0; j < n; j++) sum += known[k].what == MAGNITUDES ? fabs((double)x[j]) : (double)x[j] * (double)x[j];
    }
    return (known[k].what == ROOT ? sqrt(sum) : sum) / known[k].divisor;
}

static double lambda_of(const tacet_plan *p, const char *name)
{
    tacet_term t = {.size = sizeof t};
    for (int i = 0; i < tacet_term_count(p); i++)
        if (tacet_term_at(p, i, &t) == TACET_OK && strcmp(t.name, name) == 0) return t.lambda;
    return NAN;
}

static void compare_terms(const frame *f)
{
    for (size_t k = 0; k < KNOWN; k++) {
        if (strcmp(known[k].row, f->name) != 0) continue;
        used[k] = true;
        const double value = known_value(k), got = tacet_term_value(f->p, known[k].term);
        char detail[128];
        snprintf(detail, sizeof detail, "is %.9g, not %.9g", got, value);
        if (!(fabs(got - value) <= 1e-5 * value)) fail(f->name, known[k].term, detail);
        if (!(fabs(lambda_of(f->p, known[k].term) - known[k].lambda) < 1e-12)) fail(f->name, known[k].term, "has another lambda");
    }
}

/* A parameter after the step: the golden initial value less rate * (gradient + decay * initial value). */
static void expect_moved(const frame *f, const char *name, double rate, double decay)
{
    static float now[ROOM], gradient[ROOM];
    char full[64];
    size_t n;
    snprintf(full, sizeof full, "before.%s", name);
    const float *start = tensor(full, &n);
    must(f, tacet_read(f->p, name, now, n));
    if (rate > 0) must(f, tacet_read_gradient(f->p, name, gradient, n));
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        const double w = (double)start[i], expected = w - rate * ((double)gradient[i] + decay * w);
        worst = fmax(worst, fabs((double)now[i] - expected));
    }
    if (!(worst < 1e-7)) fail(f->name, name, "did not move as it should");
}

static void moved_by_decay(const frame *f) { expect_moved(f, "linear2.weight", 0.1, 0.01); }

static void moved_by_group(const frame *f)
{
    expect_moved(f, "linear1.weight", 0.01, 0);
    expect_moved(f, "linear2.weight", 1e-4, 0);
}

static void stays(const frame *f)
{
    expect_moved(f, "linear1.weight", 0, 0);
    expect_moved(f, "linear2.weight", 1e-4, 0);
}

static void hidden_is_relu1(const frame *f)
{
    size_t n;
    const float *relu1 = tensor("value.relu1", &n);
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)(hidden[i] - relu1[i])) < 1e-5)) {
            fail(f->name, "hidden", "is not the output of relu1");
            return;
        }
}

static const struct {
    const char *row;
    void (*check)(const frame *f);
} check[] = {
    {"pytorch_weight_decay_on_all_layers", moved_by_decay}, {"pytorch_parameter_groups", moved_by_group},
    {"pytorch_frozen_parameters", stays},                   {"pytorch_hidden_outputs", hidden_is_relu1},
    {"keras_frozen_layer", stays},                          {"keras_hidden_outputs", hidden_is_relu1},
};
enum { CHECKS = sizeof check / sizeof *check };
static bool checked[CHECKS];

/* ---- A row --------------------------------------------------------------------------------------------------------- */

static void compare_yaml(const frame *f, const char *folder)
{
    static const char *const part[] = {"model", "loss", "penalties", "options"};
    char path[1024], here[2048], there[2048];
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, f->name);
    FILE *exists = fopen(path, "rb");
    if (!exists) return;
    fclose(exists);
    tacet_error why = {0};
    tacet_file *file = tacet_file_open(path, NULL, &why);
    tacet_graph *g = file ? tacet_file_graph(file, NULL, &why) : NULL;
    if (!g) fail(f->name, "the model of the YAML cell:", why.message);
    for (size_t i = 0; g && i < sizeof part / sizeof *part; i++) {
        tacet_graph_text(f->g, part[i], here, sizeof here);
        tacet_graph_text(g, part[i], there, sizeof there);
        if (strcmp(here, there) != 0) {
            fail(f->name, part[i], "differs between C and YAML:");
            fprintf(stderr, "C:    %s\nYAML: %s\n", here, there);
        }
    }
    tacet_graph_free(g);
    tacet_file_free(file);
}

static void feed(const frame *f)
{
    static const float targets[ROWS * 2];
    static int32_t labels[ROWS]; /* read by the step */
    size_t n;
    const float *from = tensor("feed.target", &n);
    for (int i = 0; i < ROWS; i++) labels[i] = (int32_t)from[i];
    must(f, tacet_feed(f->p, f->x, TACET_F32, tensor("feed.x", &n)));
    must(f, f->target ? tacet_feed(f->p, f->t, TACET_F32, targets) : tacet_feed(f->p, f->t, TACET_I32, labels));
}

static void run(const row *r, const char *folder)
{
    frame f = {.name = r->name, .g = tacet_graph_new(NULL), .target = r->target};
    tacet_error why = {0};
    f.x = r->image ? tacet_input(f.g, "x", 3, (int64_t[]){8, 4, 4}) : tacet_input(f.g, "x", 1, (int64_t[]){IN});
    if (!r->target) f.t = tacet_labels(f.g, "target");
    if (!r->chain)
        f.y = tacet_chain(f.g, f.x, r->image ? "conv2d 8 3 | relu | flatten | linear 2"
                                             : "linear 32 | relu | linear 16 | relu | linear 2");
    r->describe(&f);
    if (!r->loss) tacet_loss(f.g, "cross_entropy", f.y, f.t);
    f.p = r->compile(f.g, &why);
    if (!f.p) {
        fail(r->name, why.message, why.hint);
        tacet_graph_free(f.g);
        return;
    }
    write_weights(&f);
    feed(&f);
    if (!r->steps) must(&f, tacet_step(f.p, ROWS));
    r->after(&f);
    if (!isfinite(tacet_objective(f.p))) fail(r->name, "the objective", "is not a number");
    compare_terms(&f);
    for (size_t i = 0; i < CHECKS; i++)
        if (strcmp(check[i].row, r->name) == 0) checked[i] = true, check[i].check(&f);
    compare_yaml(&f, folder);
    tacet_plan_free(f.p);
    tacet_graph_free(f.g);
}

/* ---- The program --------------------------------------------------------------------------------------------------- */

static void npy(const char *path, const char *type, const char *shape, const void *data, size_t bytes)
{
    char header[128];
    FILE *file = fopen(path, "wb");
    if (!file) exit(1);
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, shape);
    fprintf(file, "\x93NUMPY%c%c%c%c%-117s\n", 1, 0, 118, 0, header);
    fwrite(data, 1, bytes, file);
    fclose(file);
}

static void write_data(void)
{
    static float x[SAMPLES][IN], targets[SAMPLES][2];
    int32_t labels[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        for (int j = 0; j < IN; j++) x[i][j] = (float)((i * IN + j) * 37 % 101) / 101.0f;
        labels[i] = i % 2;
        targets[i][i % 2] = 1;
    }
    npy("x.npy", "<f4", "8, 128", x, sizeof x);
    npy("images.npy", "<f4", "8, 8, 4, 4", x, sizeof x);
    npy("labels.npy", "<i4", "8,", labels, sizeof labels);
    npy("targets.npy", "<f4", "8, 2", targets, sizeof targets);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        write_data();
        return 0;
    }
    if (argc != 4) return 2;
    tacet_error why;
    tacet_file *file = tacet_file_open(argv[2], NULL, &why);
    if (!file) {
        fprintf(stderr, "%s\n", why.message);
        return 1;
    }
    golden = file;
    size_t count = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (size_t k = 0; k < tables[i].count; k++, count++) run(&tables[i].row[k], argv[3]);
    for (size_t k = 0; k < KNOWN; k++)
        if (!used[k]) fail(known[k].row, "is missing from the tables;", known[k].term);
    for (size_t k = 0; k < CHECKS; k++)
        if (!checked[k]) fail(check[k].row, "is missing from the tables", "");
    tacet_file_free(file);
    printf("%zu rows, %d failures\n", count, failures);
    return failures > 0;
}
