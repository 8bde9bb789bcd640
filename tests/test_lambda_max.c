/* test_lambda_max.c: the largest lambda that changes anything, compared with the gradients of a plan without penalties;
 * that computing it has no side effects; when it is refused. */
#include "cmocka_all.h"

#include "tacet/tacet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 8, IN = 5, HIDDEN = 6, OUT = 3, W1 = HIDDEN * IN, W2 = OUT * HIDDEN };

typedef struct net {
    tacet_graph *g;
    tacet_value x, y;
    tacet_plan *p;
} net;

static void compile(net *n, tacet_config config)
{
    tacet_error why;
    config.batch = ROWS;
    config.seed = 4;
    n->p = tacet_compile(n->g, &config, &why);
    if (!n->p) fail_msg("%s %s", why.message, why.hint);
}

static void describe(net *n, const char *hidden, const char *on, const char *penalty)
{
    n->g = tacet_graph_new(NULL);
    n->x = tacet_input(n->g, "x", 1, (int64_t[]){IN});
    n->y = tacet_input(n->g, "y", 1, (int64_t[]){OUT});
    tacet_loss(n->g, "mse", tacet_chain(n->g, n->x, hidden), n->y);
    if (penalty) tacet_penalize(n->g, on, penalty);
}

static void end(net *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

static void feed(const net *n)
{
    static float x[ROWS][IN], y[ROWS][OUT];
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < IN; j++) x[i][j] = (float)((i * 7 + j * 5) % 11) / 5 - 1;
        for (int j = 0; j < OUT; j++) y[i][j] = (float)((i * 3 + j * 7) % 5) - 1.5f;
    }
    assert_int_equal(tacet_feed(n->p, n->x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(n->p, n->y, TACET_F32, y), TACET_OK);
}

#define MODEL "linear 6 | relu | linear 3"

/* The largest lambda of the first penalty. */
static double largest_of(const char *on, const char *penalty, const char *optimizer, const float *w1)
{
    net n;
    double lambda = -1;
    describe(&n, MODEL, on, penalty);
    tacet_penalize(n.g, "linear2.weight", "l2 100 name=other");
    compile(&n, (tacet_config){TACET_CONFIG, .optimizer = optimizer, .epochs = 10});
    if (w1) assert_int_equal(tacet_write(n.p, "linear1.weight", w1, W1), TACET_OK);
    feed(&n);
    assert_int_equal(tacet_lambda_max(n.p, 1, ROWS, &lambda), TACET_OK);
    end(&n);
    return lambda;
}

/* Weights and the gradients of the losses, [out, in] as users see them, and the same for the hidden activations. w1
 * replaces the first weight, unless it is NULL. */
typedef struct forces {
    float w1[W1], g1[W1], w2[W2], g2[W2], relu[ROWS * HIDDEN], grelu[ROWS * HIDDEN];
} forces;

static void forces_of(forces *f, const float *w1)
{
    net n;
    describe(&n, MODEL, NULL, NULL);
    tacet_keep(n.g, "relu1");
    tacet_keep_gradient(n.g, "relu1");
    compile(&n, (tacet_config){TACET_CONFIG, .optimizer = "sgd lr=0"});
    if (w1) assert_int_equal(tacet_write(n.p, "linear1.weight", w1, W1), TACET_OK);
    feed(&n);
    assert_int_equal(tacet_step(n.p, ROWS), TACET_OK);
    tacet_read(n.p, "linear1.weight", f->w1, W1);
    tacet_read(n.p, "linear2.weight", f->w2, W2);
    tacet_read(n.p, "relu1", f->relu, ROWS * HIDDEN);
    tacet_read_gradient(n.p, "linear1.weight", f->g1, W1);
    tacet_read_gradient(n.p, "linear2.weight", f->g2, W2);
    tacet_read_gradient(n.p, "relu1", f->grelu, ROWS * HIDDEN);
    end(&n);
}

static double most_of(const float *g, const float *where, int n)
{
    double most = 0;
    for (int i = 0; i < n; i++)
        if (where[i] != 0) most = fmax(most, fabs((double)g[i]));
    return most;
}

/* The root mean square of units [u, u + units) x inputs [i, i + inputs) of the first weight's gradient. */
static double rms(const forces *f, int u, int units, int i, int inputs)
{
    double sum = 0;
    for (int a = u; a < u + units; a++)
        for (int b = i; b < i + inputs; b++) sum += pow((double)f->g1[a * IN + b], 2);
    return sqrt(sum / (units * inputs));
}

static void near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-5 * expected)) fail_msg("%.9g is not %.9g", value, expected);
}

static void lambda_max_balances_the_gradients(void **state)
{
    (void)state;
    forces f;
    forces_of(&f, NULL);
    const double l1 = most_of(f.g1, f.w1, W1);
    double unit = 0, input = 0, block = 0, squares = 0, both = 0, size = 0;
    near(largest_of("linear1.weight", "l1 3", "sgd lr=0.1", NULL), l1);
    near(largest_of("linear1.weight", "l1 3 warmup=5 prox", "sgd lr=0.1 momentum=0.9", NULL), l1);
    near(largest_of("linear1.weight", "l1 3 reduce=mean", "adam", NULL), l1 * W1);
    near(largest_of("linear1.weight", "norm 3 p=1", "sgd lr=0.1", NULL), l1);
    for (int u = 0; u < HIDDEN; u++) unit = fmax(unit, rms(&f, u, 1, 0, IN));
    for (int i = 0; i < IN; i++) input = fmax(input, rms(&f, 0, HIDDEN, i, 1));
    for (int u = 0; u < HIDDEN; u += 4)
        for (int i = 0; i < IN; i += 4)
            block = fmax(block, rms(&f, u, u + 4 > HIDDEN ? HIDDEN - u : 4, i, i + 4 > IN ? IN - i : 4));
    near(largest_of("linear1.weight", "group_lasso 1", "sgd lr=0.1", NULL), unit);
    near(largest_of("linear1.weight", "group_lasso 1 by=input", "sgd lr=0.1", NULL), input);
    near(largest_of("linear1.weight", "sparse_group_lasso 1 alpha=0 by=block", "sgd lr=0.1", NULL), block);
    for (int i = 0; i < W1; i++) squares += pow((double)f.g1[i], 2), size += pow((double)f.w1[i], 2);
    for (int i = 0; i < W2; i++) both += pow((double)f.g2[i], 2);
    near(largest_of("linear1.weight", "norm 1", "sgd lr=0.1", NULL), sqrt(squares));
    near(largest_of("linear*.weight", "norm 1 joint", "sgd lr=0.1", NULL), sqrt(squares + both));
    near(largest_of("linear1.weight", "l2 1", "sgd lr=0.1", NULL), l1 / (2 * sqrt(size / W1)));
    near(largest_of("relu1", "l1 1", "sgd lr=0.1", NULL), ROWS * most_of(f.grelu, f.relu, ROWS * HIDDEN));
    near(largest_of("relu1", "l1 1 reduce=sum", "sgd lr=0.1", NULL), most_of(f.grelu, f.relu, ROWS * HIDDEN));
    near(largest_of("relu1", "l1 density=0.5", "sgd lr=0.1", NULL), ROWS * most_of(f.grelu, f.relu, ROWS * HIDDEN));
    /* A proximal step after an optimizer that normalises the gradient. */
    near(largest_of("linear1.weight", "l1 3 prox", "adam lr=0.01", NULL), 1);
    near(largest_of("linear1.weight", "group_lasso 3 prox", "adamw lr=0.01", NULL), 1);
}

static void zeros_have_no_gradient(void **state)
{
    (void)state;
    forces f;
    float w[W1] = {0};
    assert_true(isnan(largest_of("linear1.weight", "l1 3", "sgd lr=0.1", w)));
    w[2 * IN + 1] = w[3 * IN + 4] = 0.5f;
    forces_of(&f, w);
    const double all = most_of(f.g1, f.g1, W1), there = most_of(f.g1, w, W1);
    assert_true(there > 0 && there < 0.9 * all);
    near(largest_of("linear1.weight", "l1 3", "sgd lr=0.1", w), there);
}

static void train(net *n, bool asks, float w[W1])
{
    describe(n, "linear 6 | relu | dropout 0.3 | linear 3", "linear1.weight", "spectral_norm 0.01");
    tacet_penalize(n->g, "relu1", "l1 density=0.3");
    compile(n, (tacet_config){TACET_CONFIG, .optimizer = "adam lr=0.01", .ledger = 2});
    for (int i = 0; i < 5; i++) {
        double lambda = 0;
        for (int t = 1; t < 3 && asks; t++) {
            feed(n);
            assert_int_equal(tacet_lambda_max(n->p, t, ROWS, &lambda), TACET_OK);
            assert_true(lambda > 0);
            assert_int_equal(tacet_steps(n->p), i);
        }
        feed(n);
        assert_int_equal(tacet_step(n->p, ROWS), TACET_OK);
    }
    assert_int_equal(tacet_read(n->p, "linear1.weight", w, W1), TACET_OK);
}

static void lambda_max_has_no_side_effects(void **state)
{
    (void)state;
    net a, b;
    float one[W1], other[W1];
    tacet_account here = {.size = sizeof here}, there = {.size = sizeof there};
    train(&a, false, one);
    train(&b, true, other);
    assert_memory_equal(one, other, sizeof one);
    for (int t = 0; t < 3; t++) {
        assert_int_equal(tacet_account_at(a.p, t, &here), TACET_OK);
        assert_int_equal(tacet_account_at(b.p, t, &there), TACET_OK);
        assert_memory_equal(&here, &there, sizeof here);
    }
    end(&a);
    end(&b);
}

static tacet_status no_sum(void *context, void *numbers, tacet_type type, size_t n)
{
    (void)context, (void)numbers, (void)type, (void)n;
    return TACET_FAILED;
}

static void refused(tacet_config config, int term, int64_t rows, bool fed, const char *why)
{
    net n;
    double lambda = 7;
    describe(&n, MODEL, "linear1.weight", "l1 1");
    compile(&n, config);
    if (fed) feed(&n);
    assert_int_equal(tacet_lambda_max(n.p, term, rows, &lambda), TACET_FAILED);
    if (!strstr(tacet_plan_error(n.p)->message, why)) fail_msg("no '%s' in: %s", why, tacet_plan_error(n.p)->message);
    assert_true(lambda == 7);
    end(&n);
}

static void what_cannot_be_measured_is_refused(void **state)
{
    (void)state;
    const tacet_config sgd = {TACET_CONFIG, .optimizer = "sgd lr=0.1"};
    refused(sgd, 0, ROWS, true, "not a penalty"); /* term 0 is the loss */
    refused(sgd, 2, ROWS, true, "not a penalty");
    refused(sgd, -1, ROWS, true, "not a penalty");
    refused(sgd, 1, ROWS + 1, true, "rows");
    refused(sgd, 1, ROWS, false, "fed");
    refused((tacet_config){TACET_CONFIG}, 1, ROWS, true, "a plan that trains");
    refused((tacet_config){TACET_CONFIG, .optimizer = "sgd lr=0.1", .ledger = -1}, 1, ROWS, true, "has a ledger");
    const tacet_ranks two = {.size = sizeof two, .count = 2, .sum = no_sum};
    refused((tacet_config){TACET_CONFIG, .optimizer = "sgd lr=0.1", .ranks = &two}, 1, ROWS, true, "single rank");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lambda_max_balances_the_gradients),
        cmocka_unit_test(zeros_have_no_gradient),
        cmocka_unit_test(lambda_max_has_no_side_effects),
        cmocka_unit_test(what_cannot_be_measured_is_refused),
    };
    return cmocka_run_group_tests_name("lambda_max", tests, NULL, NULL);
}
