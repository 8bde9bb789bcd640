/* test_paths.c: regularization paths compared with scikit-learn's (paths.h, made by tools/paths.py): the lasso, the
 * elastic net, and the group lasso of a layer with several outputs, in which the weights of an input form a group.
 * Training by sgd, without and with momentum, must end at the same weights: within 1e-4, and with exact zeros in the
 * same places. */
#include "tacet/tacet.h"

#include <math.h>
#include <stdio.h>

#include "cmocka_all.h"
#include "paths.h"

enum { STEPS = 2500 };

static const char *const optimizer[] = {"sgd lr=0.1", "sgd lr=0.03 momentum=0.9"};

/* Trains from weights of 0 to the end. w is in the users' layout, [outputs, inputs]. */
static void train(int outputs, const char *penalty, const char *by, float *w)
{
    char layer[64];
    float y[ROWS * OUTPUTS];
    for (int i = 0; i < ROWS * outputs; i++) y[i] = paths_y[i / outputs * OUTPUTS + i % outputs];
    snprintf(layer, sizeof layer, "linear %d bias=false init=zeros", outputs);
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_value x = tacet_input(g, "x", 1, (int64_t[]){INPUTS}), t = tacet_input(g, "t", 1, (int64_t[]){outputs});
    tacet_loss(g, "mse", tacet_chain(g, x, layer), t);
    tacet_penalize(g, "linear1.weight", penalty);
    tacet_error why;
    tacet_plan *plan = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = ROWS, .optimizer = by}, &why);
    if (!plan) fail_msg("%s %s", why.message, why.hint);
    for (int i = 0; i < STEPS; i++) {
        tacet_feed(plan, x, TACET_F32, paths_x);
        tacet_feed(plan, t, TACET_F32, y);
        assert_int_equal(tacet_step(plan, ROWS), TACET_OK);
    }
    assert_int_equal(tacet_read(plan, "linear1.weight", w, (size_t)(INPUTS * outputs)), TACET_OK);
    tacet_plan_free(plan);
    tacet_graph_free(g);
}

/* exact is [inputs, outputs]. Returns how many weights are 0. */
static int expect(int outputs, const char *penalty, const double *exact)
{
    int zeros = 0;
    for (int i = 0; i < INPUTS * outputs; i++) zeros += exact[i] == 0;
    for (size_t k = 0; k < sizeof optimizer / sizeof *optimizer; k++) {
        float w[INPUTS * OUTPUTS];
        train(outputs, penalty, optimizer[k], w);
        for (int i = 0; i < INPUTS * outputs; i++) {
            const double got = (double)w[i % outputs * INPUTS + i / outputs];
            if (!(fabs(got - exact[i]) < 1e-4) || (got == 0) != (exact[i] == 0))
                fail_msg("%s by %s: weight %d is %.9g, not %.9g", penalty, optimizer[k], i, got, exact[i]);
        }
    }
    return zeros;
}

/* The path goes from few nonzero weights to nearly all. */
static void check_zeros(int outputs, const int zeros[POINTS])
{
    assert_true(zeros[0] >= INPUTS * outputs * 3 / 4 && zeros[POINTS - 1] <= INPUTS * outputs / 4);
}

static void test_lasso_path(void **state)
{
    (void)state;
    int zeros[POINTS];
    for (int i = 0; i < POINTS; i++) {
        char penalty[96];
        snprintf(penalty, sizeof penalty, "l1 %.17g prox", 2 * lasso_alpha[i]);
        zeros[i] = expect(1, penalty, lasso_w + i * INPUTS);
    }
    check_zeros(1, zeros);
}

static void test_elastic_net_path(void **state)
{
    (void)state;
    int zeros[POINTS];
    for (int i = 0; i < POINTS; i++) {
        char penalty[96];
        snprintf(penalty, sizeof penalty, "l1_l2 l1=%.17g l2=%.17g prox", 2 * elastic_alpha[i] * elastic_share,
                 elastic_alpha[i] * (1 - elastic_share));
        zeros[i] = expect(1, penalty, elastic_w + i * INPUTS);
    }
    check_zeros(1, zeros);
}

static void test_group_lasso_path(void **state)
{
    (void)state;
    int zeros[POINTS];
    for (int i = 0; i < POINTS; i++) {
        char penalty[96];
        snprintf(penalty, sizeof penalty, "group_lasso %.17g by=input prox",
                 2 * group_alpha[i] / (OUTPUTS * sqrt(OUTPUTS)));
        zeros[i] = expect(OUTPUTS, penalty, group_w + i * INPUTS * OUTPUTS);
        assert_int_equal(zeros[i] % OUTPUTS, 0);
    }
    check_zeros(OUTPUTS, zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lasso_path),
        cmocka_unit_test(test_elastic_net_path),
        cmocka_unit_test(test_group_lasso_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
