/* test_extra_shared.c: sharing between layers of different kinds: a table that a linear uses transposed, kernels of
 * four dimensions, and orders of dimensions that cannot be shared. The layers are those of tests/ops. */
#include "cmocka_all.h"

#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TOKENS = 9, LENGTH = 4, DIM = 8, BATCH = 5 };

static void any_two_rows_are_compared(void **state)
{
    (void)state;
    static const struct {
        const char *axes;
        tc_shape stored;
        const char *own_axes;
        tc_shape own;
        tc_fit as_it_is, transposed;
    } known[] = {
        /* users see the owner's weight as [5, 3], and need [5, 3] or [3, 5] */
        {"oi", {2, {3, 5}}, "oi", {2, {3, 5}}, TC_FIT_AS_IS, TC_FIT_SHAPE},
        {"oi", {2, {3, 5}}, "oi", {2, {5, 3}}, TC_FIT_SHAPE, TC_FIT_TURNED},
        {"oi", {2, {4, 4}}, "oi", {2, {4, 4}}, TC_FIT_AS_IS, TC_FIT_TURNED},
        {"io", {2, {5, 3}}, "oi", {2, {3, 5}}, TC_FIT_TURNED, TC_FIT_SHAPE},
        {"io", {2, {5, 3}}, "oi", {2, {5, 3}}, TC_FIT_SHAPE, TC_FIT_AS_IS},
        {"oi", {2, {3, 5}}, "io", {2, {5, 3}}, TC_FIT_TURNED, TC_FIT_SHAPE},
        {"io", {2, {5, 3}}, "io", {2, {5, 3}}, TC_FIT_AS_IS, TC_FIT_SHAPE},
        {"o", {1, {5}}, "o", {1, {5}}, TC_FIT_AS_IS, TC_FIT_SHAPE},
        {"o", {1, {5}}, NULL, {1, {5}}, TC_FIT_AS_IS, TC_FIT_SHAPE},
        {"o", {1, {5}}, "o", {1, {6}}, TC_FIT_SHAPE, TC_FIT_SHAPE},
        {"o", {1, {5}}, "oi", {2, {1, 5}}, TC_FIT_SHAPE, TC_FIT_SHAPE},
        {"oihw", {4, {2, 3, 4, 5}}, "oihw", {4, {2, 3, 4, 5}}, TC_FIT_AS_IS, TC_FIT_SHAPE},
        {"oihw", {4, {3, 2, 4, 5}}, "oihw", {4, {2, 3, 4, 5}}, TC_FIT_SHAPE, TC_FIT_SHAPE},
        {"iohw", {4, {2, 3, 5, 4}}, "oihw", {4, {2, 3, 5, 4}}, TC_FIT_SHAPE, TC_FIT_SHAPE},
        {"iohw", {4, {2, 3, 5, 4}}, "oihw", {4, {2, 3, 4, 5}}, TC_FIT_ORDER, TC_FIT_SHAPE},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int transposed = 0; transposed < 2; transposed++) {
            const tc_fit fit = tc_weight_fit(known[i].axes, &known[i].stored, known[i].own_axes, &known[i].own,
                                             transposed);
            const tc_fit wanted = transposed ? known[i].transposed : known[i].as_it_is;
            if (fit != wanted) fail_msg("%zu, transposed %d: %d, not %d", i, transposed, (int)fit, (int)wanted);
        }
}

/* ---- A table, and a head that shares its weight ---- */

typedef struct net {
    tacet_graph *g;
    tacet_plan *p;
} net;

static const char head[] = "test_table 8 | linear 8 | relu | linear 9 weight=test_table1.weight | relu | linear 9";

static net begin(const char *model, tacet_sparse sparse)
{
    tacet_error why;
    net n = {.g = tacet_graph_new(NULL)};
    const tacet_value x = tacet_input_of(n.g, "x", TACET_I32, TOKENS, 1, (int64_t[]){LENGTH});
    const tacet_value t = tacet_input_of(n.g, "target", TACET_I32, 0, 1, (int64_t[]){LENGTH});
    tacet_loss(n.g, "cross_entropy", tacet_chain(n.g, x, model), t);
    n.p = tacet_compile(
        n.g, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1", .seed = 4, .sparse = sparse},
        &why);
    if (!n.p) fail_msg("%s: %s", model, why.message);
    return n;
}

static void end(net *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

static void step(net *n)
{
    uint8_t x[BATCH * LENGTH], t[BATCH * LENGTH];
    for (int i = 0; i < BATCH * LENGTH; i++) {
        x[i] = (uint8_t)(i * 7 % TOKENS);
        t[i] = (uint8_t)(i * i % TOKENS);
    }
    assert_int_equal(tacet_feed(n->p, tacet_find(n->g, "x"), TACET_U8, x), TACET_OK);
    assert_int_equal(tacet_feed(n->p, tacet_find(n->g, "target"), TACET_U8, t), TACET_OK);
    if (tacet_step(n->p, BATCH)) fail_msg("%s", tacet_plan_error(n->p)->message);
}

static void close_to(const float *a, const float *b, int n)
{
    float largest = 0;
    for (int i = 0; i < n; i++) largest = fmaxf(largest, fabsf(b[i]));
    assert_true(largest > 0);
    for (int i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= 2e-6f * largest)) fail_msg("[%d] is %g, not %g", i, (double)a[i], (double)b[i]);
}

/* The gradient of the table is the sum over its two uses, on lists and dense. */
static void a_head_uses_its_table_transposed(void **state)
{
    (void)state;
    enum { N = TOKENS * DIM };
    float w[N], d[N], sum[N], other[N];
    for (int sparse = TACET_SPARSE_NEVER; sparse <= TACET_SPARSE_ALWAYS; sparse++) {
        net n = begin(head, (tacet_sparse)sparse);
        net apart = begin("test_table 8 | linear 8 | relu | linear 9 | relu | linear 9", (tacet_sparse)sparse);
        const int layer = tc_graph_index(n.g, "linear2");
        assert_true(n.g->value[layer].turned);
        assert_int_equal(n.g->value[layer].input[1], tc_graph_index(n.g, "test_table1.weight"));
        assert_int_equal(tacet_read(n.p, "test_table1.weight", w, N), TACET_OK);
        assert_int_equal(tacet_write(apart.p, "linear2.weight", w, N), TACET_OK);
        assert_int_equal(tacet_read(n.p, "linear2.bias", w, TOKENS), TACET_OK);
        assert_int_equal(tacet_write(apart.p, "linear2.bias", w, TOKENS), TACET_OK);
        step(&n), step(&apart);
        assert_true(fabs(tacet_objective(n.p) - tacet_objective(apart.p)) < 1e-6);
        assert_int_equal(tacet_read_gradient(n.p, "test_table1.weight", d, N), TACET_OK);
        assert_int_equal(tacet_read_gradient(apart.p, "test_table1.weight", sum, N), TACET_OK);
        assert_int_equal(tacet_read_gradient(apart.p, "linear2.weight", other, N), TACET_OK);
        for (int i = 0; i < N; i++) sum[i] += other[i];
        close_to(d, sum, N);
        end(&n), end(&apart);
    }
}

static void orders_that_no_layer_can_use_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *chain, *says, *hint;
    } mistakes[] = {
        {"test_table 8 | linear 9 name=head | from x | test_table 8 weight=head.weight",
         "test_table cannot use head.weight: its dimensions are stored in another order than those of the layer's "
         "own weight",
         "describe this layer first, and let head use its weight"},
        {"test_table 8 | linear 9 weight=test_table1.weight transposed",
         "linear needs a weight [9, 8] here, but test_table1.weight is [9, 8], to be transposed",
         "it fits as it is: leave out transposed"},
        {"test_table 8 | from x | test_table 8 weight=test_table1.weight transposed",
         "transposed: a test_table has no parameter that it can use transposed", ""},
        {"test_table 8 | from x | test_table 7 weight=test_table1.weight",
         "test_table needs a weight [9, 7] here, but test_table1.weight is [9, 8]", ""},
        {"test_table 8 | from x | test_table 8 weight=test_table1.weight", NULL, NULL},
        {"test_table 8 | linear 9 weight=test_table1.weight", NULL, NULL},
        {"test_table 8 | linear 9 | linear 8 weight=test_table1.weight transposed", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        tacet_graph *g = tacet_graph_new(NULL);
        tacet_chain(g, tacet_input_of(g, "x", TACET_I32, TOKENS, 1, (int64_t[]){LENGTH}), mistakes[i].chain);
        const tacet_error *e = tacet_graph_error(g);
        if (!e != !mistakes[i].says) fail_msg("%s: %s", mistakes[i].chain, e ? e->message : "accepted");
        if (e && (!strstr(e->message, mistakes[i].says) || strcmp(e->hint, mistakes[i].hint) != 0))
            fail_msg("%s: \"%s\", \"%s\"", mistakes[i].chain, e->message, e->hint);
        tacet_graph_free(g);
    }
}

/* ---- Kernels ---- */

enum { H = 6, W = 5, C = 2, N = C * C * 3 * 3 };

static net convolutions(const char *model)
{
    tacet_error why;
    net n = {.g = tacet_graph_new(NULL)};
    const tacet_value x = tacet_input(n.g, "x", 3, (int64_t[]){H, W, C});
    const tacet_value t = tacet_input(n.g, "target", 3, (int64_t[]){H - 4, W - 4, C});
    tacet_loss(n.g, "mse", tacet_chain(n.g, x, model), t);
    n.p = tacet_compile(n.g, &(tacet_config){TACET_CONFIG, .batch = 3, .optimizer = "sgd lr=0.1", .seed = 4}, &why);
    if (!n.p) fail_msg("%s: %s", model, why.message);
    return n;
}

static void kernels_of_four_dimensions_are_shared(void **state)
{
    (void)state;
    float x[3 * H * W * C], t[3 * (H - 4) * (W - 4) * C], w[N], d[N], sum[N], other[N];
    net n = convolutions("test_conv 2 | tanh | test_conv 2 weight=test_conv1.weight");
    net apart = convolutions("test_conv 2 | tanh | test_conv 2");
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = (float)sin(1.7 * (double)i);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) t[i] = (float)cos(2.3 * (double)i);
    assert_int_equal(tacet_value_count(n.p), tacet_value_count(apart.p) - 1);
    assert_int_equal(tacet_read(n.p, "test_conv1.weight", w, N), TACET_OK);
    assert_int_equal(tacet_write(apart.p, "test_conv2.weight", w, N), TACET_OK);
    assert_int_equal(tacet_read(n.p, "test_conv2.bias", w, C), TACET_OK);
    assert_int_equal(tacet_write(apart.p, "test_conv2.bias", w, C), TACET_OK);
    for (net *each = &n; each; each = each == &n ? &apart : NULL) {
        assert_int_equal(tacet_feed(each->p, tacet_find(each->g, "x"), TACET_F32, x), TACET_OK);
        assert_int_equal(tacet_feed(each->p, tacet_find(each->g, "target"), TACET_F32, t), TACET_OK);
        assert_int_equal(tacet_step(each->p, 3), TACET_OK);
    }
    assert_int_equal(tacet_read_gradient(n.p, "test_conv1.weight", d, N), TACET_OK);
    assert_int_equal(tacet_read_gradient(apart.p, "test_conv1.weight", sum, N), TACET_OK);
    assert_int_equal(tacet_read_gradient(apart.p, "test_conv2.weight", other, N), TACET_OK);
    for (int i = 0; i < N; i++) sum[i] += other[i];
    close_to(d, sum, N);
    end(&n), end(&apart);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_two_rows_are_compared),
        cmocka_unit_test(a_head_uses_its_table_transposed),
        cmocka_unit_test(orders_that_no_layer_can_use_are_refused),
        cmocka_unit_test(kernels_of_four_dimensions_are_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
