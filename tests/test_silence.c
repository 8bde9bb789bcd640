/* test_silence.c: a step on firing lists gives the same values, gradients and weights as a dense step, up to rounding,
 * for any density, penalties, readers of a list, operators between and rows of a batch; and which steps run on lists
 * depends only on the batch. */
#include "cmocka_all.h"

#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN = 40, OUT = 5, BATCH = 20, MOST = 1 << 19, TERMS = 3 };

/* A network whose first ReLU is silent for negative inputs. */
typedef struct network {
    const char *name, *model;
    const char *penalty[TERMS][2];
    const char *keep_gradient;
    const char *used; /* a value whose lists must be used, forward and backward */
} network;

static const network networks[] = {
    {"plain", "relu | linear 24 | relu | linear 5", {{0}}, NULL, "relu2"},
    {"wide", "relu | linear 300 | relu | linear 270 | relu | linear 5", {{0}}, NULL, NULL},
    {"longer rows than a tile", "relu | linear 1100 | relu | linear 24 | relu | linear 5", {{0}}, NULL, NULL},
    {"penalties on activations",
     "relu | linear 24 | relu | linear 5",
     {{"relu*", "l1 0.01"}, {"relu2", "norm 0.1"}},
     NULL,
     "relu2"},
    {"a penalty on a pre-activation", "relu | linear 24 | relu | linear 5", {{"linear1", "l2 0.1"}}, NULL, "relu2"},
    {"two readers",
     "relu | linear 24 | relu | linear 24 name=a | relu name=b | from relu2 | linear 24 name=c | add b | linear 5",
     {{0}},
     NULL,
     "relu2"},
    {"a second reader of a pre-activation",
     "linear 24 | relu | add linear1 | linear 24 | relu | linear 5",
     {{0}},
     NULL,
     NULL},
    {"read twice by one operator", "linear 24 | relu | add relu1 | linear 5", {{0}}, NULL, NULL},
    {"dropout behind",
     "linear 24 | relu | dropout 0.4 | linear 30 | relu | dropout | linear 5",
     {{0}},
     NULL,
     "dropout1"},
    {"dropout before", "relu | linear 24 | dropout 0.4 | relu | linear 5", {{0}}, NULL, "relu2"},
    {"leaky", "relu | linear 24 | leaky_relu | relu | leaky_relu | linear 5", {{0}}, NULL, NULL},
    {"a gradient that is read", "relu | linear 24 | relu | linear 20 | relu | linear 5", {{0}}, "relu2", NULL},
    {"a gradient that is read between layers",
     "relu | linear 24 | relu | dropout 0.3 | linear 20 | relu | linear 5",
     {{0}},
     "relu*",
     NULL},
    {"a gradient at the input", "linear 24 | relu | linear 5", {{0}}, "x", NULL},
    {"the largest", "linear 24 | topk 5 | linear 30 | topk 4 | linear 5", {{0}}, NULL, "topk1"},
    {"topk after relu", "relu | linear 24 | relu | topk 5 | linear 5", {{0}}, NULL, "topk1"},
    {"the largest, and dropout",
     "linear 24 | dropout 0.3 | topk 5 | dropout 0.3 | linear 30 | topk 30 | linear 5",
     {{0}},
     NULL,
     "dropout2"},
    {"pools of an image",
     "linear 96 | relu | reshape -1x6x4 | max_pool2d 2 | flatten | linear 5",
     {{"max_pool2d1", "l1 0.01"}},
     NULL,
     "flatten1"},
    {"pools that overlap, before a ReLU",
     "relu | linear 96 | reshape -1x4x4 | max_pool2d 3 stride=1 padding=1 | relu | pad 1 | upsample 2 | flatten order=hwc | "
     "linear 5",
     {{0}},
     NULL,
     "flatten1"},
    {"a threshold", "linear 24 | threshold_relu 0.2 | linear 30 | threshold_relu 0.1 | linear 5", {{0}}, NULL, NULL},
    {"learned thresholds",
     "linear 24 | jump_relu 0.1 eps=0.5 | linear 30 | jump_relu 0.1 eps=0.5 | linear 5",
     {{"jump_relu*", "l0 0.01"}, {"jump_relu1", "l1 0.01"}},
     NULL,
     "jump_relu1"},
    {"dropout after learned thresholds",
     "linear 24 | jump_relu 0.1 eps=0.5 | dropout 0.3 | linear 30 | jump_relu 0.1 eps=0.5 | linear 5",
     {{"jump_relu*", "l0 0.01"}},
     NULL,
     NULL},
    {"the largest of a batch",
     "linear 24 | batch_topk 5 | linear 30 | batch_topk 4 | linear 5",
     {{0}},
     NULL,
     "batch_topk1"},
    {"the norm of weights",
     "relu | linear 24 | relu | linear 5",
     {{"linear*.weight", "spectral_norm 0.1"}},
     NULL,
     "relu2"},
    {"a gradient that is read after topk", "linear 24 | topk 5 | linear 20 | topk 4 | linear 5", {{0}}, "topk*", NULL},
    {"not blocked", "relu | linear 24 | sigmoid | linear 20 | tanh | linear 5", {{0}}, NULL, NULL},
    {"a shared weight",
     "relu | linear 24 | relu | linear 24 name=a | relu | linear 24 weight=a.weight bias=a.bias | relu | linear 5",
     {{0}},
     NULL,
     NULL},
    {"a shared weight, transposed",
     "relu | linear 24 | relu | linear 30 name=a | relu | linear 24 weight=a.weight transposed | relu | linear 5",
     {{"a.weight", "l2 0.01"}, {"relu*", "l1 0.01"}},
     NULL,
     "relu4"},
    {"a wide shared weight, transposed",
     "relu | linear 270 | relu | linear 300 name=a | relu | linear 270 weight=a.weight transposed | relu | linear 5",
     {{0}},
     NULL,
     "relu4"},
    {"a transposed weight, and dense gradients after it",
     "relu | linear 6 | relu | linear 24 name=a | relu | linear 6 weight=a.weight transposed | linear 5",
     {{0}},
     NULL,
     "relu3"},
    {"a transposed weight that is the first to write in the backward pass, and a bias shared alone",
     "relu | linear 24 | relu | linear 30 name=a | relu | linear 24 weight=a.weight transposed bias=linear1.bias | "
     "relu | linear 30 weight=a.weight bias=false | relu | linear 5",
     {{0}},
     "relu3",
     NULL},
};

static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-24f;
}

/* x[BATCH, IN], above 0 with probability `density`; ONE: only one element is above 0. */
static const double densities[] = {0, -1, 0.02, 0.1, 0.5, 1};

static void fill(float *x, int32_t *t, double density)
{
    uint32_t s = 7;
    for (int i = 0; i < BATCH * IN; i++) {
        const float size = 0.1f + noise(&s);
        x[i] = noise(&s) < (float)density ? size : -size;
    }
    if (density < 0) x[3 * IN + 5] = 0.8f;
    for (int i = 0; i < BATCH; i++) t[i] = i * 7 % OUT;
}

typedef struct run {
    tacet_graph *g;
    tacet_plan *p;
    tacet_value x, t;
} run;

static run describe(const network *n, const char *optimizer, tacet_sparse sparse, int threads, bool folded)
{
    tacet_error why;
    run r = {.g = tacet_graph_new(NULL)};
    char model[512];
    /* folded: every sample has two rows of half the length, which are joined before the last layer. */
    if (folded)
        r.x = tacet_input(r.g, "x", 2, (int64_t[]){2, IN / 2});
    else
        r.x = tacet_input(r.g, "x", 1, (int64_t[]){IN});
    snprintf(model, sizeof model, "%.400s%s", n->model, folded ? " | flatten | linear 5 name=head" : "");
    r.t = tacet_labels(r.g, "target");
    const tacet_value y = tacet_chain(r.g, r.x, model);
    tacet_loss(r.g, "cross_entropy", y, r.t);
    for (int i = 0; i < TERMS && n->penalty[i][0]; i++) tacet_penalize(r.g, n->penalty[i][0], n->penalty[i][1]);
    if (n->keep_gradient) tacet_keep_gradient(r.g, n->keep_gradient);
    r.p = tacet_compile(r.g,
                        &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = optimizer, .seed = 3,
                                        .threads = threads, .sparse = sparse},
                        &why);
    if (!r.p) fail_msg("%s: %s", n->name, why.message);
    return r;
}

static void end(run *r)
{
    tacet_plan_free(r->p);
    tacet_graph_free(r->g);
}

static void step(run *r, const float *x, const int32_t *t, int64_t rows)
{
    assert_int_equal(tacet_feed(r->p, r->x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(r->p, r->t, TACET_I32, t), TACET_OK);
    if (tacet_step(r->p, rows)) fail_msg("%s", tacet_plan_error(r->p)->message);
}

/* Parameters and gradients, concatenated, including kept gradients of values. */
static size_t numbers(run *r, float *to)
{
    size_t n = 0;
    for (int i = 0; i < tacet_value_count(r->p); i++) {
        tacet_value_info v = {.size = sizeof v};
        assert_int_equal(tacet_value_at(r->p, i, &v), TACET_OK);
        size_t count = (size_t)v.elements;
        assert_true(n + 2 * count * (v.batch ? BATCH : 1) <= MOST);
        if (v.role == TACET_ROLE_PARAMETER && tacet_read(r->p, v.name, to + n, count) == TACET_OK) n += count;
        if (v.batch) count *= (size_t)r->p->run.rows;
        if (tacet_read_gradient(r->p, v.name, to + n, count) == TACET_OK) n += count;
    }
    return n;
}

static void assert_close(const network *n, double density, const float *a, const float *b, size_t count)
{
    float largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmaxf(largest, fabsf(b[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) <= 2e-6f * largest))
            fail_msg("%s at density %g: number %zu is %g on lists, %g dense", n->name, density, i, (double)a[i],
                     (double)b[i]);
}

static void compare(const network *n, double density, bool folded)
{
    static float x[BATCH * IN], a[MOST], b[MOST];
    static const int64_t rows[] = {BATCH, BATCH, 7, 1};
    int32_t t[BATCH];
    fill(x, t, density);
    run sparse = describe(n, "sgd lr=0.05 momentum=0.9", TACET_SPARSE_ALWAYS, 1, folded);
    run dense = describe(n, "sgd lr=0.05 momentum=0.9", TACET_SPARSE_NEVER, 1, folded);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        step(&sparse, x, t, rows[i]);
        step(&dense, x, t, rows[i]);
        const size_t count = numbers(&sparse, a);
        assert_int_equal(numbers(&dense, b), count);
        assert_true(count > 0);
        assert_close(n, density, a, b, count);
    }
    for (int i = 0; i < tacet_value_count(sparse.p); i++) {
        tacet_value_info v = {.size = sizeof v};
        assert_int_equal(tacet_value_at(dense.p, i, &v), TACET_OK);
        assert_true(isnan(v.sparse_forward) && isnan(v.sparse_backward));
        assert_int_equal(tacet_value_at(sparse.p, i, &v), TACET_OK);
        if (!n->used || strcmp(v.name, n->used) != 0) continue;
        if (v.sparse_forward != 1 || v.sparse_backward != 1)
            fail_msg("%s: %s was used %g forward, %g backward", n->name, v.name, v.sparse_forward, v.sparse_backward);
    }
    end(&sparse);
    end(&dense);
}

static void lists_give_the_dense_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        for (size_t k = 0; k < sizeof densities / sizeof *densities; k++)
            for (int folded = 0; folded < 2; folded++) compare(&networks[i], densities[k], folded);
}

static bool is_model(const char *text)
{
    tacet_graph *g = tacet_graph_new(NULL);
    const bool good = tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){IN}), text).id != 0;
    tacet_graph_free(g);
    return good;
}

/* Tests every layer of the table that makes or keeps zeros, between two layers that read lists. */
static void every_operator_passes_silence_on(void **state)
{
    (void)state;
    for (int i = 0; i < tc_op_count(); i++) {
        const tc_op *op = tc_op_at(i);
        if (op->role != &tc_layer || tc_op_inputs(op) != 1 || !(op->flags & (TC_MAKES_ZEROS | TC_KEEPS_ZEROS))) continue;
        char model[512];
        const network n = {op->probe->spec, model, {{0}}, NULL, NULL};
        snprintf(model, sizeof model, "linear 24 | %s | linear 24 | relu | %s | linear 24 | relu | linear 5",
                 op->probe->spec, op->probe->spec);
        if (!is_model(model)) continue; /* it needs an image: see the networks */
        for (size_t k = 0; k < sizeof densities / sizeof *densities; k++) compare(&n, densities[k], false);
    }
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    static float x[BATCH * IN], a[MOST], b[MOST];
    int32_t t[BATCH];
    fill(x, t, 0.3);
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        size_t count = 0;
        for (int threads = 1; threads <= 3; threads++) {
            run r = describe(&networks[i], "adam lr=0.01", TACET_SPARSE_ALWAYS, threads, false);
            for (int k = 0; k < 4; k++) step(&r, x, t, BATCH - k);
            const size_t n = numbers(&r, threads == 1 ? a : b);
            if (threads == 1) count = n;
            assert_int_equal(n, count);
            if (threads > 1) assert_memory_equal(a, b, n * sizeof *a);
            end(&r);
        }
    }
}

/* Results with shared buffers have the same bits as with separate buffers. */
static void shared_memory_changes_no_bit(void **state)
{
    (void)state;
    static float x[BATCH * IN], a[MOST], b[MOST];
    int32_t t[BATCH];
    fill(x, t, 0.3);
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        if (networks[i].keep_gradient) continue;
        for (int kept = 0; kept < 2; kept++) {
            network n = networks[i];
            run r = {.g = tacet_graph_new(NULL)};
            tacet_error why;
            r.x = tacet_input(r.g, "x", 1, (int64_t[]){IN});
            r.t = tacet_labels(r.g, "target");
            tacet_loss(r.g, "cross_entropy", tacet_chain(r.g, r.x, n.model), r.t);
            if (kept) tacet_keep(r.g, "*");
            r.p = tacet_compile(r.g,
                                &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1", .seed = 3,
                                                .sparse = TACET_SPARSE_ALWAYS},
                                &why);
            if (!r.p) fail_msg("%s: %s", n.name, why.message);
            for (int k = 0; k < 3; k++) step(&r, x, t, BATCH);
            const size_t count = numbers(&r, kept ? b : a);
            if (kept) assert_memory_equal(a, b, count * sizeof *a);
            end(&r);
        }
    }
}

/* Batches so large that each thread gets whole rows. */
static void large_batches_agree(void **state)
{
    enum { ROWS = 300, N = 30 };
    (void)state;
    static float x[ROWS * N], w[2][MOST];
    static int32_t t[ROWS];
    uint32_t s = 5;
    size_t count[2];
    for (int i = 0; i < ROWS * N; i++) x[i] = noise(&s) < 0.3f ? noise(&s) : 0;
    for (int i = 0; i < ROWS; i++) t[i] = i % OUT;
    for (int dense = 0; dense < 2; dense++) {
        tacet_error why;
        run r = {.g = tacet_graph_new(NULL)};
        r.x = tacet_input(r.g, "x", 1, (int64_t[]){N}), r.t = tacet_labels(r.g, "target");
        tacet_loss(r.g, "cross_entropy", tacet_chain(r.g, r.x, "linear 280 | relu | linear 270 | relu | linear 5"),
                   r.t);
        r.p = tacet_compile(r.g,
                            &(tacet_config){TACET_CONFIG, .batch = ROWS, .optimizer = "sgd lr=0.05", .seed = 3,
                                            .threads = 2, .sparse = dense ? TACET_SPARSE_NEVER : TACET_SPARSE_ALWAYS},
                            &why);
        assert_non_null(r.p);
        step(&r, x, t, ROWS), step(&r, x, t, 131), step(&r, x, t, ROWS);
        count[dense] = 0;
        for (int i = 0; i < tacet_value_count(r.p); i++) {
            tacet_value_info v = {.size = sizeof v};
            assert_int_equal(tacet_value_at(r.p, i, &v), TACET_OK);
            if (v.role != TACET_ROLE_PARAMETER) continue;
            assert_int_equal(tacet_read(r.p, v.name, w[dense] + count[dense], (size_t)v.elements), TACET_OK);
            count[dense] += (size_t)v.elements;
        }
        end(&r);
    }
    assert_true(count[0] == count[1] && count[0] > 0);
    assert_close(&networks[0], 0.3, w[0], w[1], count[0]);
}

/* The forward pass of evaluation and its counts, on lists and dense. */
static void evaluation_agrees(void **state)
{
    (void)state;
    static float x[BATCH * IN], y[2][BATCH * OUT];
    int32_t t[BATCH];
    double density[2];
    for (size_t k = 0; k < sizeof densities / sizeof *densities; k++) {
        fill(x, t, densities[k]);
        for (int dense = 0; dense < 2; dense++) {
            run r = describe(&networks[0], NULL, dense ? TACET_SPARSE_NEVER : TACET_SPARSE_ALWAYS, 1, false);
            tacet_value_info v = {.size = sizeof v};
            assert_int_equal(tacet_feed(r.p, r.x, TACET_F32, x), TACET_OK);
            assert_int_equal(tacet_forward(r.p, 13), TACET_OK);
            assert_int_equal(tacet_read(r.p, "linear2", y[dense], 13 * OUT), TACET_OK);
            assert_int_equal(tacet_value_at(r.p, 2, &v), TACET_OK);
            assert_string_equal(v.name, "relu1");
            density[dense] = v.density;
            end(&r);
        }
        assert_close(&networks[0], densities[k], y[0], y[1], 13 * OUT);
        assert_true(density[0] == density[1]);
    }
}

/* AUTO decides by the batch: a network that is large enough runs on lists if its input is silent, otherwise dense. The
 * shares of steps on lists show this, and a checkpoint keeps them. */
static void the_batch_decides(void **state)
{
    (void)state;
    enum { WIDE = 512, ROWS = 64 };
    float *x = calloc(ROWS * WIDE, sizeof *x);
    int32_t t[ROWS] = {0};
    assert_non_null(x);
    run r = {.g = tacet_graph_new(NULL)};
    tacet_error why;
    r.x = tacet_input(r.g, "x", 1, (int64_t[]){WIDE});
    r.t = tacet_labels(r.g, "target");
    tacet_loss(r.g, "cross_entropy", tacet_chain(r.g, r.x, "relu | linear 512 | relu | linear 5"), r.t);
    r.p = tacet_compile(r.g, &(tacet_config){TACET_CONFIG, .batch = ROWS, .optimizer = "sgd lr=0"}, &why);
    if (!r.p) fail_msg("%s", why.message);
    for (int i = 0; i < ROWS * WIDE; i++) x[i] = i % 50 == 0 ? 1.0f : -1.0f;
    for (int k = 0; k < 3; k++) step(&r, x, t, ROWS);
    for (int i = 0; i < ROWS * WIDE; i++) x[i] = 1;
    step(&r, x, t, ROWS);
    tacet_value_info v = {.size = sizeof v};
    assert_int_equal(tacet_value_at(r.p, 2, &v), TACET_OK);
    assert_string_equal(v.name, "relu1");
    assert_true(v.sparse_forward == 0.75);
    assert_true(v.sparse_backward >= 0.75);
    end(&r);
    free(x);
}

/* A checkpoint has the shares of steps on lists, and the break-even densities, which a resumed run keeps using. */
static void a_checkpoint_keeps_the_figures(void **state)
{
    (void)state;
    static float x[BATCH * IN];
    int32_t t[BATCH];
    char path[] = "/tmp/tacet_silence_XXXXXX";
    const int handle = mkstemp(path);
    assert_true(handle >= 0);
    close(handle);
    fill(x, t, 0.1);
    const network n = {"wide", "relu | linear 300 | relu | linear 5", {{0}}, NULL, NULL};
    tacet_error why;
    run first = describe(&n, "sgd lr=0.1", TACET_SPARSE_AUTO, 1, false);
    run second = describe(&n, "sgd lr=0.1", TACET_SPARSE_AUTO, 1, false);
    const int layer = 3;
    tacet_value_info a = {.size = sizeof a}, b = {.size = sizeof b};
    assert_int_equal(tacet_value_at(first.p, layer, &a), TACET_OK);
    assert_string_equal(a.kind, "linear");
    for (int k = 0; k < 3; k++) step(&first, x, t, BATCH);
    first.p->table.break_even[layer * TC_WAYS + TC_Y_BY_X] = 0.05; /* as in another version of the library */
    step(&first, x, t, BATCH);
    assert_int_equal(tacet_value_at(first.p, layer - 1, &a), TACET_OK);
    assert_true(a.sparse_forward == 0.75 && a.sparse_backward == 1);
    assert_int_equal(tacet_checkpoint(first.p, NULL, path, 0, NULL, &why), TACET_OK);
    tacet_file *f = tacet_file_open(path, NULL, &why);
    assert_non_null(f);
    assert_int_equal(tacet_resume(second.p, NULL, f, &why), TACET_OK);
    tacet_file_free(f);
    assert_int_equal(tacet_value_at(second.p, layer - 1, &b), TACET_OK);
    assert_true(b.sparse_forward == a.sparse_forward && b.sparse_backward == a.sparse_backward);
    step(&first, x, t, BATCH);
    step(&second, x, t, BATCH);
    assert_int_equal(tacet_value_at(second.p, layer - 1, &b), TACET_OK);
    assert_true(fabs(b.sparse_forward - 0.6) < 1e-12);
    static float w[2][MOST];
    const size_t count = numbers(&first, w[0]);
    assert_int_equal(numbers(&second, w[1]), count);
    assert_memory_equal(w[0], w[1], count * sizeof(float));
    unlink(path);
    end(&first);
    end(&second);
}

/* A list of few units costs more than it can save: the operator gives the least width for which lists are made. */
static void narrow_values_have_no_list(void **state)
{
    (void)state;
    const int64_t least = tc_op_find("linear")->silent->least;
    assert_true(least > 3); /* 3: the colours of a pixel */
    for (int64_t units = least - 1; units <= least; units++) {
        tacet_error why;
        tacet_graph *g = tacet_graph_new(NULL);
        const tacet_value x = tacet_input(g, "x", 2, (int64_t[]){6, units});
        char model[64];
        snprintf(model, sizeof model, "linear %d | relu | linear 40", (int)units);
        tacet_loss(g, "mse", tacet_chain(g, x, model), tacet_input(g, "t", 2, (int64_t[]){6, 40}));
        tacet_plan *p = tacet_compile(
            g, &(tacet_config){TACET_CONFIG, .batch = 9, .optimizer = "sgd lr=0.1", .sparse = TACET_SPARSE_ALWAYS},
            &why);
        if (!p) fail_msg("%s", why.message);
        const tc_list *l = &p->list[TC_TRAIN];
        assert_int_equal(l->fired[tc_graph_index(g, "x")] != NULL, units >= least);
        assert_int_equal(l->fired[tc_graph_index(g, "relu1")] != NULL, units >= least);
        assert_int_equal(l->fired_gradient[tc_graph_index(g, "linear1")] != NULL, units >= least);
        tacet_plan_free(p);
        tacet_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrow_values_have_no_list),
        cmocka_unit_test(lists_give_the_dense_step),
        cmocka_unit_test(every_operator_passes_silence_on),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(shared_memory_changes_no_bit),
        cmocka_unit_test(large_batches_agree),
        cmocka_unit_test(evaluation_agrees),
        cmocka_unit_test(the_batch_decides),
        cmocka_unit_test(a_checkpoint_keeps_the_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
