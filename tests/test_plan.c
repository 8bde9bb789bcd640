/* test_plan.c: properties of compiled lists for any network: short and long batches, shared memory or not, threads,
 * options, what can be read and what cannot, the guard, and no allocation in a step. */
#include "cmocka_all.h"

#include "failing.h"
#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { IN = 9, OUT = 3, BATCH = 6, MOST = 4096 };

/* A network with a branch, a join, dropout, a norm, and penalties on all kinds of values. */
typedef struct network {
    tacet_graph *g;
    tacet_value x, t;
    tacet_plan *p;
} network;

static const char model[] =
    "linear 8 name=a | relu | linear 8 | gelu | add relu1 | dropout 0.3 | layer_norm | linear 3 name=head";

static void describe(network *n, const tacet_memory *memory)
{
    n->g = tacet_graph_new(memory);
    n->x = tacet_input(n->g, "x", 1, (int64_t[]){IN});
    n->t = tacet_labels(n->g, "target");
    tacet_value y = tacet_chain(n->g, n->x, model);
    tacet_loss(n->g, "cross_entropy", y, n->t);
    tacet_penalize(n->g, "a", "l2 1e-2");
    tacet_penalize(n->g, "relu1", "l1 1e-2");
    tacet_penalize(n->g, "relu1", "norm 1e-2 p=2");
    tacet_penalize(n->g, "linear2.*", "norm 1e-2 joint");
    tacet_penalize(n->g, "a.weight", "l1 1e-3 prox");
}

static void compile(network *n, const tacet_config *config)
{
    tacet_error why;
    n->p = tacet_compile(n->g, config, &why);
    if (!n->p) fail_msg("%s", why.message);
}

static void end(network *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

static void data(int64_t rows, float *x, int32_t *t)
{
    for (int64_t i = 0; i < rows * IN; i++) x[i] = (float)sin(0.7 * (double)i + 0.1 * (double)(i * i % 17));
    for (int64_t i = 0; i < rows; i++) t[i] = (int32_t)(i * 2 % OUT);
}

static void feed(network *n, const float *x, const int32_t *t)
{
    assert_int_equal(tacet_feed(n->p, n->x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(n->p, n->t, TACET_I32, t), TACET_OK);
}

static void steps(network *n, int count, int64_t rows)
{
    float x[BATCH * IN];
    int32_t t[BATCH];
    data(rows, x, t);
    for (int i = 0; i < count; i++) {
        feed(n, x, t);
        if (tacet_step(n->p, rows)) fail_msg("%s", tacet_plan_error(n->p)->message);
    }
}

/* All parameters, concatenated. */
static size_t weights(tacet_plan *p, float *w)
{
    size_t n = 0;
    for (int i = 0; i < tacet_value_count(p); i++) {
        tacet_value_info info = {.size = sizeof info};
        assert_int_equal(tacet_value_at(p, i, &info), TACET_OK);
        if (info.role != TACET_ROLE_PARAMETER) continue;
        assert_true(n + (size_t)info.elements <= MOST);
        assert_int_equal(tacet_read(p, info.name, w + n, (size_t)info.elements), TACET_OK);
        n += (size_t)info.elements;
    }
    return n;
}

static void train_and_read(const char *keep, int threads, float *w, size_t *count, const char *optimizer)
{
    network n;
    describe(&n, NULL);
    if (keep) {
        tacet_keep(n.g, keep);
        tacet_keep_gradient(n.g, keep);
    }
    compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = optimizer, .seed = 5, .threads = threads});
    steps(&n, 7, BATCH);
    steps(&n, 3, BATCH - 1);
    *count = weights(n.p, w);
    end(&n);
}

/* Results with shared buffers have the same bits as with separate buffers. */
static void shared_memory_changes_no_bit(void **state)
{
    (void)state;
    float a[MOST], b[MOST];
    size_t n, m;
    train_and_read(NULL, 1, a, &n, "sgd lr=0.1 momentum=0.9");
    train_and_read("*", 1, b, &m, "sgd lr=0.1 momentum=0.9");
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n * sizeof *a);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    static const char *const optimizer[] = {"sgd lr=0.1 nesterov momentum=0.9", "adam lr=0.01", "adamw lr=0.01"};
    for (int o = 0; o < 3; o++) {
        float a[MOST], b[MOST];
        size_t n, m;
        train_and_read(NULL, 1, a, &n, optimizer[o]);
        for (int threads = 2; threads <= 3; threads++) {
            train_and_read(NULL, threads, b, &m, optimizer[o]);
            assert_memory_equal(a, b, n * sizeof *a);
        }
    }
}

/* The same for a network large enough to wake threads. */
static void threads_change_no_bit_when_they_share(void **state)
{
    (void)state;
    enum { WIDE = 300, ROWS = 128 };
    static float x[ROWS * WIDE], first[WIDE * WIDE], w[WIDE * WIDE];
    for (int i = 0; i < ROWS * WIDE; i++) x[i] = (float)sin(i);
    for (int threads = 1; threads <= 3; threads++) {
        network n;
        n.g = tacet_graph_new(NULL);
        n.x = tacet_input(n.g, "x", 1, (int64_t[]){WIDE});
        tacet_value y = tacet_chain(n.g, n.x, "linear 300 | relu | linear 300 | sigmoid | linear 300 name=out");
        tacet_loss(n.g, "mse", y, n.x);
        tacet_penalize(n.g, "relu1", "l1 1e-3");
        tacet_penalize(n.g, "linear*.weight", "norm 1e-3");
        compile(&n, &(tacet_config){TACET_CONFIG, .batch = ROWS, .optimizer = "adam lr=0.01", .threads = threads});
        for (int i = 0; i < 5; i++) {
            assert_int_equal(tacet_feed(n.p, n.x, TACET_F32, x), TACET_OK);
            assert_int_equal(tacet_step(n.p, i == 3 ? ROWS - 9 : ROWS), TACET_OK);
        }
        assert_int_equal(tacet_read(n.p, "linear1.weight", w, WIDE * WIDE), TACET_OK);
        if (threads == 1) memcpy(first, w, sizeof w);
        assert_memory_equal(first, w, sizeof w);
        end(&n);
    }
}

/* In a network in which everything is additive, the objective and its gradient do not depend on the plan's batch
 * size. */
static void a_lambda_does_not_depend_on_the_batch_size(void **state)
{
    (void)state;
    static const int64_t batches[] = {1, 2, 5, 128};
    float first[IN * 8], g[IN * 8];
    double objective = 0;
    for (size_t b = 0; b < 4; b++) {
        network n;
        float x[128 * IN];
        int32_t t[128];
        n.g = tacet_graph_new(NULL);
        n.x = tacet_input(n.g, "x", 1, (int64_t[]){IN});
        n.t = tacet_labels(n.g, "target");
        tacet_value y = tacet_chain(n.g, n.x, "linear 8 name=a | relu | linear 3");
        tacet_loss(n.g, "cross_entropy", y, n.t);
        tacet_penalize(n.g, "relu1", "l1 0.1");
        tacet_penalize(n.g, "a", "norm 0.1 p=3");
        tacet_penalize(n.g, "x", "l2 0.1");
        tacet_penalize(n.g, "a.weight", "l2 0.1");
        compile(&n, &(tacet_config){TACET_CONFIG, .batch = 130, .optimizer = "sgd lr=0"});
        data(1, x, t);
        for (int64_t i = 1; i < batches[b]; i++) {
            memcpy(x + i * IN, x, IN * sizeof *x);
            t[i] = t[0];
        }
        feed(&n, x, t);
        assert_int_equal(tacet_step(n.p, batches[b]), TACET_OK);
        assert_int_equal(tacet_read_gradient(n.p, "a.weight", g, IN * 8), TACET_OK);
        if (b == 0) {
            objective = tacet_objective(n.p);
            memcpy(first, g, sizeof g);
        }
        assert_true(fabs(tacet_objective(n.p) - objective) < 1e-6 * objective);
        for (int i = 0; i < IN * 8; i++) assert_true(fabsf(g[i] - first[i]) < 1e-6f);
        end(&n);
    }
}

/* The reported objective is the one that is differentiated: its central differences match every gradient. */
static void the_gradient_is_that_of_the_objective(void **state)
{
    (void)state;
    network n;
    n.g = tacet_graph_new(NULL);
    n.x = tacet_input(n.g, "x", 1, (int64_t[]){IN});
    n.t = tacet_labels(n.g, "target");
    tacet_value y = tacet_chain(n.g, n.x, "linear 8 name=a | tanh | linear 8 name=b | silu | add tanh1 | layer_norm | linear 3");
    tacet_loss(n.g, "cross_entropy", y, n.t);
    tacet_penalize(n.g, "a", "l2 0.3");
    tacet_penalize(n.g, "silu1", "norm 0.2 p=2 reduce=sum");
    tacet_penalize(n.g, "tanh1", "norm 0.2 p=3");
    tacet_penalize(n.g, "tanh1", "l1 0.2 reduce=mean");
    tacet_penalize(n.g, "a.*", "norm 0.2 joint");
    tacet_penalize(n.g, "[ab]", "l2 0.1 joint reduce=mean");
    compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0"});
    float x[BATCH * IN];
    int32_t t[BATCH];
    data(BATCH, x, t);
    tacet_gradient_check found = {.size = sizeof found};
    feed(&n, x, t);
    assert_int_equal(tacet_check_gradient(n.p, BATCH, &found), TACET_OK);
    if (found.error > 2e-3) fail_msg("%s (%g)", found.text, found.error);
    if (found.checked < 100 || found.kinks > 3) fail_msg("%d checked, %d kinks", (int)found.checked, (int)found.kinks);
    end(&n);
}

static void terms_add_up(void **state)
{
    (void)state;
    network n;
    describe(&n, NULL);
    compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1"});
    steps(&n, 1, BATCH);
    double sum = 0;
    for (int i = 0; i < tacet_term_count(n.p); i++) {
        tacet_term t = {.size = sizeof t};
        assert_int_equal(tacet_term_at(n.p, i, &t), TACET_OK);
        assert_true(isfinite(t.value));
        sum += t.lambda * t.value;
        assert_true(t.value == tacet_term_value(n.p, t.name));
    }
    assert_true(sum == tacet_objective(n.p));
    assert_true(tacet_data_loss(n.p) == tacet_term_value(n.p, "head:cross_entropy"));
    assert_true(isnan(tacet_term_value(n.p, "nobody")));
    end(&n);
}

static void options_act_on_their_parameters(void **state)
{
    (void)state;
    network n;
    float before[3][IN * 8], after[IN * 8];
    static const char *const name[] = {"a.weight", "linear2.weight", "head.bias"};
    static const size_t count[] = {IN * 8, 64, 3};
    describe(&n, NULL);
    n.g->terms--; /* removes the proximal step on the parameter that will be frozen */
    tacet_options(n.g, "a.*", "frozen");
    tacet_options(n.g, "linear2.*", "lr=0");
    compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1"});
    for (int i = 0; i < 3; i++) tacet_read(n.p, name[i], before[i], count[i]);
    steps(&n, 2, BATCH);
    for (int i = 0; i < 3; i++) {
        tacet_read(n.p, name[i], after, count[i]);
        assert_int_equal(memcmp(after, before[i], count[i] * sizeof *after) == 0, i < 2);
    }
    assert_int_equal(tacet_read_gradient(n.p, "a.weight", after, IN * 8), TACET_FAILED);
    n.g->terms++;
    end(&n);
}

static void options_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *optimizer, *options, *says, *at;
    } bad[] = {
        {"sdg lr=1", "lr=1", "unknown optimizer", "sdg"},
        {"sgd momentum=0.5", "lr=1", "lr", ""},
        {"sgd lr=0.1", "rl=0.1", "rl", "rl"},
        {"sgd lr=0.1", "nesterov", "nesterov", ""},
        {"sgd lr=0.1 schedule=cosine", "lr=1", "epochs", ""},
        {"sgd lr=0.1 schedule=step", "lr=1", "every", ""},
        {"sgd lr=0.1 schedule=cosin", "lr=1", "cosin", "schedule=cosin"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        network n;
        tacet_error why = {0};
        describe(&n, NULL);
        tacet_options(n.g, "head.*", bad[i].options);
        n.p = tacet_compile(n.g, &(tacet_config){TACET_CONFIG, .optimizer = bad[i].optimizer}, &why);
        if (n.p || !strstr(why.message, bad[i].says)) fail_msg("%zu: %s", i, n.p ? "accepted" : why.message);
        assert_int_equal(why.status, TACET_DESCRIPTION);
        if (bad[i].at[0] && strncmp(why.source + why.column, bad[i].at, strlen(bad[i].at)) != 0) fail_msg("%zu: caret at %d", i, why.column);
        tacet_graph_free(n.g);
    }
}

static void the_schedule_sets_the_rate(void **state)
{
    (void)state;
    network n;
    describe(&n, NULL);
    compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1 schedule=step every=1 gamma=0.5", .steps_per_epoch = 2});
    const double want[] = {0.1, 0.1, 0.05, 0.05, 0.025};
    for (int i = 0; i < 5; i++) {
        steps(&n, 1, BATCH);
        assert_true(fabs(tacet_learning_rate(n.p) - want[i]) < 1e-12);
    }
    end(&n);
}

static void what_was_not_kept_cannot_be_read(void **state)
{
    (void)state;
    network n;
    float out[MOST];
    describe(&n, NULL);
    tacet_keep(n.g, "relu1");
    tacet_keep_gradient(n.g, "gelu1");
    compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1"});
    assert_int_equal(tacet_read(n.p, "relu1", out, BATCH * 8), TACET_FAILED); /* nothing has run yet */
    steps(&n, 1, BATCH - 2);
    assert_int_equal(tacet_read(n.p, "relu1", out, (BATCH - 2) * 8), TACET_OK);
    assert_int_equal(tacet_read(n.p, "relu1", out, BATCH * 8), TACET_FAILED); /* only the rows of the call */
    assert_int_equal(tacet_read(n.p, "head", out, (BATCH - 2) * 3), TACET_OK);
    assert_int_equal(tacet_read(n.p, "x", out, (BATCH - 2) * IN), TACET_OK);
    assert_int_equal(tacet_read(n.p, "gelu1", out, (BATCH - 2) * 8), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "tacet_keep"));
    assert_int_equal(tacet_read_gradient(n.p, "gelu1", out, (BATCH - 2) * 8), TACET_OK);
    assert_int_equal(tacet_read_gradient(n.p, "relu1", out, (BATCH - 2) * 8), TACET_FAILED);
    /* A kept value was made in place: the old numbers of its buffer must not be returned for it. */
    assert_int_equal(tacet_read(n.p, "a", out, (BATCH - 2) * 8), TACET_FAILED);
    assert_int_equal(tacet_read_gradient(n.p, "add1", out, (BATCH - 2) * 8), TACET_FAILED);
    assert_int_equal(tacet_read(n.p, "nobody", out, 1), TACET_FAILED);
    assert_int_equal(tacet_read(n.p, "relu11", out, 1), TACET_FAILED);
    assert_string_equal(tacet_plan_error(n.p)->hint, "did you mean relu1?");
    assert_int_equal(tacet_write(n.p, "relu1", out, 8), TACET_FAILED);
    assert_int_equal(tacet_read(n.p, "target", out, BATCH - 2), TACET_FAILED);
    end(&n);
}

static void calls_out_of_order_are_refused(void **state)
{
    (void)state;
    network n;
    float x[BATCH * IN], y[BATCH * OUT];
    int32_t t[BATCH];
    data(BATCH, x, t);
    describe(&n, NULL);
    compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1"});
    assert_int_equal(tacet_step(n.p, 1), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "not fed"));
    feed(&n, x, t);
    tacet_unfeed(n.p);
    assert_int_equal(tacet_step(n.p, 1), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "not fed"));
    feed(&n, x, t);
    assert_int_equal(tacet_step(n.p, BATCH + 1), TACET_FAILED);
    feed(&n, x, t);
    assert_int_equal(tacet_step(n.p, 0), TACET_FAILED);
    t[1] = OUT;
    feed(&n, x, t);
    assert_int_equal(tacet_step(n.p, BATCH), TACET_FAILED);
    assert_non_null(
        strstr(tacet_plan_error(n.p)->message, "row 1 has the class index 3; the classes are 0 to 2"));
    assert_int_equal(tacet_feed(n.p, n.t, TACET_F32, x), TACET_FAILED);
    assert_int_equal(tacet_feed(n.p, (tacet_value){99}, TACET_F32, x), TACET_FAILED);
    assert_int_equal(tacet_feed_rows(n.p, n.x, TACET_F32, x, IN + 1, NULL, NULL), TACET_FAILED);
    /* Without labels, evaluation still gives outputs; only the losses are unknown. */
    assert_int_equal(tacet_feed(n.p, n.x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_forward(n.p, BATCH), TACET_OK);
    assert_int_equal(tacet_read(n.p, "head", y, BATCH * OUT), TACET_OK);
    assert_true(isnan(tacet_data_loss(n.p)));
    assert_true(isfinite(tacet_term_value(n.p, "relu1:l1")));
    tacet_plan_free(n.p);
    compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH});
    feed(&n, x, (int32_t[BATCH]){0});
    assert_int_equal(tacet_step(n.p, BATCH), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "inference"));
    end(&n);
}

/* The same rows give the same outputs in a full batch or a larger plan; training and evaluation share parameters. */
static void evaluation_uses_the_trained_parameters(void **state)
{
    (void)state;
    network n;
    float x[BATCH * IN], y[BATCH * OUT], z[OUT], w[MOST];
    int32_t t[BATCH];
    data(BATCH, x, t);
    describe(&n, NULL);
    compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1"});
    steps(&n, 3, BATCH);
    feed(&n, x, t);
    assert_int_equal(tacet_forward(n.p, BATCH), TACET_OK);
    assert_int_equal(tacet_read(n.p, "head", y, BATCH * OUT), TACET_OK);
    tacet_plan *inference = tacet_compile(n.g, &(tacet_config){TACET_CONFIG, .batch = 1, .seed = 77}, NULL);
    for (int i = 0; i < tacet_value_count(n.p); i++) {
        tacet_value_info info = {.size = sizeof info};
        tacet_value_at(n.p, i, &info);
        if (info.role != TACET_ROLE_PARAMETER) continue;
        assert_int_equal(tacet_read(n.p, info.name, w, (size_t)info.elements), TACET_OK);
        assert_int_equal(tacet_write(inference, info.name, w, (size_t)info.elements), TACET_OK);
    }
    for (int i = 0; i < BATCH; i++) {
        assert_int_equal(tacet_feed(inference, n.x, TACET_F32, x + i * IN), TACET_OK);
        assert_int_equal(tacet_forward(inference, 1), TACET_OK);
        assert_int_equal(tacet_read(inference, "head", z, OUT), TACET_OK);
        for (int k = 0; k < OUT; k++) assert_true(fabsf(z[k] - y[i * OUT + k]) < 1e-5f);
    }
    tacet_plan_free(inference);
    end(&n);
}

static void the_guard_keeps_the_weights_and_names_the_culprit(void **state)
{
    (void)state;
    network n;
    float x[BATCH * IN], before[MOST], after[MOST];
    int32_t t[BATCH];
    data(BATCH, x, t);
    describe(&n, NULL);
    compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "adam lr=0.1"});
    steps(&n, 2, BATCH);
    const size_t count = weights(n.p, before);
    x[2 * IN + 4] = NAN;
    feed(&n, x, t);
    assert_int_equal(tacet_step(n.p, BATCH), TACET_NOT_FINITE);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "step 3"));
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "input x [batch, 9], row 2, element 4"));
    weights(n.p, after);
    assert_memory_equal(before, after, count * sizeof *before);
    assert_int_equal(tacet_steps(n.p), 2);
    /* An overflow inside the network: the error names the layer, not the loss. */
    x[2 * IN + 4] = 3e38f;
    feed(&n, x, t);
    assert_int_equal(tacet_step(n.p, BATCH), TACET_NOT_FINITE);
    assert_null(strstr(tacet_plan_error(n.p)->message, "cross_entropy"));
    /* A parameter that is not finite. */
    float bias[8] = {INFINITY};
    tacet_write(n.p, "a.bias", bias, 8);
    data(BATCH, x, t);
    feed(&n, x, t);
    assert_int_equal(tacet_step(n.p, BATCH), TACET_NOT_FINITE);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "parameter a.bias"));
    end(&n);
}

/* The error names the bad input, although steps that make lists and count come between the inputs and their readers. */
static void the_guard_names_the_right_input(void **state)
{
    (void)state;
    enum { SIZE = 40 };
    float in[2][BATCH * SIZE];
    int32_t t[BATCH] = {0, 1, 2, 0, 1, 2};
    for (int bad = 0; bad < 2; bad++) {
        tacet_error why;
        char named[64];
        tacet_graph *g = tacet_graph_new(NULL);
        const tacet_value x[2] = {tacet_input(g, "a", 1, (int64_t[]){SIZE}), tacet_input(g, "b", 1, (int64_t[]){SIZE})};
        const tacet_value target = tacet_labels(g, "t");
        tacet_chain(g, x[0], "linear 30 | relu name=one");
        tacet_loss(g, "cross_entropy", tacet_chain(g, x[1], "linear 30 | relu | add one | linear 3"), target);
        tacet_penalize(g, "relu2", "l1 1e-3");
        tacet_plan *p = tacet_compile(g,
                                      &(tacet_config){TACET_CONFIG,
                                                      .batch = BATCH,
                                                      .optimizer = "sgd lr=0.1",
                                                      .sparse = TACET_SPARSE_ALWAYS,
                                                      .ledger = 1},
                                      &why);
        if (!p) fail_msg("%s", why.message);
        for (int i = 0; i < 2; i++) {
            for (int k = 0; k < BATCH * SIZE; k++) in[i][k] = k % 3 ? 0 : (float)(k % 7);
            if (i == bad) in[i][2 * SIZE + 7] = NAN;
            assert_int_equal(tacet_feed(p, x[i], TACET_F32, in[i]), TACET_OK);
        }
        assert_int_equal(tacet_feed(p, target, TACET_I32, t), TACET_OK);
        assert_int_equal(tacet_step(p, BATCH), TACET_NOT_FINITE);
        snprintf(named, sizeof named, "the input %s [batch, 40], row 2, element 7", bad ? "b" : "a");
        if (!strstr(tacet_plan_error(p)->message, named))
            fail_msg("%s: not %s", tacet_plan_error(p)->message, named);
        tacet_plan_free(p);
        tacet_graph_free(g);
    }
}

/* The state of an optimizer depends on its options: if no parameter has momentum, no momentum is stored. */
static void only_requested_moments_are_stored(void **state)
{
    (void)state;
    static const struct {
        const char *optimizer, *options;
        int moments;
    } known[] = {{"sgd lr=0.1", NULL, 0},
                 {"sgd lr=0.1 momentum=0.9", NULL, 1},
                 {"sgd lr=0.1", "momentum=0.5", 1},
                 {"sgd lr=0.1 momentum=0.9", "momentum=0", 1},
                 {"adam", NULL, 2}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        network n;
        describe(&n, NULL);
        if (known[i].options) tacet_options(n.g, "linear2.*", known[i].options);
        compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = known[i].optimizer});
        assert_int_equal(n.p->block.moments, known[i].moments);
        steps(&n, 3, BATCH);
        end(&n);
    }
}

static void a_step_allocates_nothing(void **state)
{
    (void)state;
    failing f = {0};
    tacet_memory memory = failing_memory(&f);
    network n;
    describe(&n, &memory);
    compile(&n, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "adam lr=0.1", .threads = 2});
    steps(&n, 1, BATCH);
    const int64_t calls = f.calls;
    steps(&n, 5, BATCH - 1);
    assert_int_equal(f.calls, calls);
    end(&n);
    assert_int_equal(f.alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_memory_changes_no_bit),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(threads_change_no_bit_when_they_share),
        cmocka_unit_test(a_lambda_does_not_depend_on_the_batch_size),
        cmocka_unit_test(the_gradient_is_that_of_the_objective),
        cmocka_unit_test(terms_add_up),
        cmocka_unit_test(options_act_on_their_parameters),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(the_schedule_sets_the_rate),
        cmocka_unit_test(what_was_not_kept_cannot_be_read),
        cmocka_unit_test(calls_out_of_order_are_refused),
        cmocka_unit_test(evaluation_uses_the_trained_parameters),
        cmocka_unit_test(the_guard_keeps_the_weights_and_names_the_culprit),
        cmocka_unit_test(the_guard_names_the_right_input),
        cmocka_unit_test(only_requested_moments_are_stored),
        cmocka_unit_test(a_step_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
