/* test_extra_phases.c: operators with phases, and losses whose denominator depends on the data, run by a plan. The
 * operators are those of tests/ops. */
#include "cmocka_all.h"

#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { T = 3, IN = 4, BATCH = 7, CLASSES = 3 };

typedef struct net {
    tacet_graph *g;
    tacet_plan *p;
    tacet_value x, t;
    float in[BATCH * T * IN];
    int32_t label[BATCH * T];
} net;

static void begin(net *n, const char *model, const char *loss, const char *optimizer, int threads)
{
    tacet_error why;
    *n = (net){.g = tacet_graph_new(NULL)};
    n->x = tacet_input(n->g, "x", 2, (int64_t[]){T, IN});
    n->t = tacet_input_of(n->g, "t", TACET_I32, 0, 1, (int64_t[]){T});
    tacet_loss(n->g, loss, tacet_chain(n->g, n->x, model), n->t);
    tacet_keep(n->g, "*1");
    n->p = tacet_compile(
        n->g, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = optimizer, .seed = 5, .threads = threads},
        &why);
    if (!n->p) fail_msg("%s", why.message);
    for (int i = 0; i < BATCH * T * IN; i++) n->in[i] = (float)sin(1.3 * i + 0.01 * (i * i % 31));
    for (int i = 0; i < BATCH * T; i++) n->label[i] = (i * i + i / 4) % CLASSES;
}

static void end(net *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

static void feed(net *n)
{
    assert_int_equal(tacet_feed(n->p, n->x, TACET_F32, n->in), TACET_OK);
    assert_int_equal(tacet_feed(n->p, n->t, TACET_I32, n->label), TACET_OK);
}

static void step(net *n, int rows)
{
    feed(n);
    if (tacet_step(n->p, rows)) fail_msg("%s", tacet_plan_error(n->p)->message);
}

/* Compares the gradients of all parameters with differences, in training: evaluation would use running means. */
static void check_gradients(net *n, int rows)
{
    tacet_gradient_check found = {.size = sizeof found};
    feed(n);
    if (tacet_check_gradient(n->p, rows, &found)) fail_msg("%s", tacet_plan_error(n->p)->message);
    if (found.error > 3e-3 || found.checked < 5) fail_msg("%d rows: %s (%g)", rows, found.text, found.error);
}

static const char standard[] = "linear 5 | batch_norm affine=false | tanh | linear 3";

static void phases_have_the_right_gradient(void **state)
{
    (void)state;
    net n;
    begin(&n, standard, "cross_entropy", "sgd lr=0", 1);
    for (int rows = BATCH; rows >= 2; rows -= 3) {
        check_gradients(&n, rows);
    }
    end(&n);
}

/* Each unit has mean 0 and variance 1 over the real rows and their positions. */
static void phases_see_all_rows(void **state)
{
    (void)state;
    net n;
    begin(&n, standard, "cross_entropy", "sgd lr=0", 2);
    for (int rows = BATCH; rows >= 2; rows--) {
        float y[BATCH * T * 5];
        step(&n, rows);
        assert_int_equal(tacet_read(n.p, "batch_norm1", y, (size_t)(rows * T * 5)), TACET_OK);
        for (int u = 0; u < 5; u++) {
            double mean = 0, square = 0;
            for (int i = 0; i < rows * T; i++) mean += (double)y[i * 5 + u], square += pow((double)y[i * 5 + u], 2);
            assert_true(fabs(mean / (rows * T)) < 1e-6 && fabs(square / (rows * T) - 1) < 1e-2);
        }
    }
    end(&n);
}

static void same_bits_on_any_number_of_threads(void **state)
{
    (void)state;
    static const char wide[] = "linear 200 | batch_norm | relu | linear 150 | batch_norm | relu | linear 3";
    net one;
    begin(&one, wide, "cross_entropy", "adam lr=0.01", 1);
    for (int k = 0; k < 5; k++) step(&one, BATCH - k % 2);
    for (int threads = 2; threads <= 3; threads++) {
        net other;
        begin(&other, wide, "cross_entropy", "adam lr=0.01", threads);
        for (int k = 0; k < 5; k++) step(&other, BATCH - k % 2);
        assert_memory_equal(other.p->block.numbers, one.p->block.numbers, (size_t)one.p->block.floats * sizeof(float));
        end(&other);
    }
    end(&one);
}

/* A list has a step for each phase; the text says only once that samples are mixed. */
static void explain_lists_phases(void **state)
{
    (void)state;
    net n;
    static char text[1 << 14];
    begin(&n, standard, "cross_entropy", "sgd lr=0.1", 1);
    assert_true(tacet_explain(n.p, text, sizeof text) < sizeof text);
    for (int k = 1; k <= 5; k++) {
        char line[64];
        snprintf(line, sizeof line, "batch_norm1 forward, phase %d", k);
        if (!strstr(text, line)) fail_msg("\"%s\" is not in\n%s", line, text);
    }
    assert_non_null(strstr(text, "batch_norm1 backward, phase 4"));
    assert_null(strstr(text, "batch_norm1 backward, phase 5"));
    const char *mixes = strstr(text, "mixes samples");
    assert_non_null(mixes);
    assert_null(strstr(mixes + 1, "mixes samples"));
    end(&n);
}

/* The mean is over the positions that are not ignored. */
static void means_divide_by_the_positions_not_ignored(void **state)
{
    (void)state;
    net n;
    begin(&n, "linear 2", "test_ignore", "sgd lr=0", 1);
    for (int rows = BATCH; rows >= 1; rows -= 2) {
        float y[BATCH * T * 2];
        double sum = 0, weight = 0;
        tacet_plan *p = n.p;
        step(&n, rows);
        assert_int_equal(tacet_read(p, "linear1", y, (size_t)(rows * T * 2)), TACET_OK);
        for (int i = 0; i < rows * T; i++) {
            weight += n.label[i] > 0;
            for (int j = 0; j < 2 && n.label[i] > 0; j++) sum += pow((double)y[i * 2 + j] - n.label[i], 2);
        }
        const double value = tacet_term_value(p, "linear1:test_ignore");
        if (fabs(value - sum / weight) > 1e-6 * sum) fail_msg("%d rows: %g is not %g", rows, value, sum / weight);
        check_gradients(&n, rows);
    }
    end(&n);
}

/* Other values of reduce still divide by the number of rows. */
static void other_reductions_divide_by_rows(void **state)
{
    (void)state;
    double value[2];
    for (int k = 0; k < 2; k++) {
        net n;
        begin(&n, "linear 2", k ? "test_ignore reduce=sample" : "test_ignore reduce=sum", "sgd lr=0", 1);
        step(&n, BATCH);
        value[k] = tacet_term_value(n.p, "linear1:test_ignore");
        end(&n);
    }
    assert_true(fabs(value[0] / BATCH - value[1]) < 1e-9 * value[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_have_the_right_gradient),
        cmocka_unit_test(phases_see_all_rows),
        cmocka_unit_test(same_bits_on_any_number_of_threads),
        cmocka_unit_test(explain_lists_phases),
        cmocka_unit_test(means_divide_by_the_positions_not_ignored),
        cmocka_unit_test(other_reductions_divide_by_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
