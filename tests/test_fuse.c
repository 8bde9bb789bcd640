/* test_fuse.c: a weight whose gradient is made tile by tile in the update ends with the same bits as one whose gradient
 * is stored first. What can be read, and when a step leaves the weights as they were, is the same too. */
#include "cmocka_all.h"

#include "plan/plan.h"

#include <math.h>
#include <string.h>

enum { IN = 190, WIDE = 300, LONG = 1040, OUT = 4, BATCH = 40, MOST = 1 << 20 }; /* LONG: rows are in two pieces */

typedef struct run {
    tacet_graph *g;
    tacet_plan *p;
    tacet_value x, t;
} run;

static run begin(const char *optimizer, bool stored, int threads, tacet_sparse sparse)
{
    tacet_error why;
    run r = {.g = tacet_graph_new(NULL)};
    r.x = tacet_input(r.g, "x", 1, (int64_t[]){IN});
    r.t = tacet_labels(r.g, "target");
    const tacet_value y = tacet_chain(r.g, r.x, "linear 300 | relu | linear 1040 bias=false | relu | linear 4");
    tacet_loss(r.g, "cross_entropy", y, r.t);
    tacet_penalize(r.g, "relu1", "l1 1e-3");
    tacet_penalize(r.g, "linear2.weight", "l1 1e-4 prox");
    if (stored) tacet_keep_gradient(r.g, "*.weight");
    tacet_config config = {TACET_CONFIG, .batch = BATCH,     .optimizer = optimizer,
                           .seed = 2,    .threads = threads, .sparse = sparse};
    r.p = tacet_compile(r.g, &config, &why);
    if (!r.p) fail_msg("%s", why.message);
    assert_int_equal(r.p->update.fuseds, stored ? 0 : 2);
    return r;
}

static void end(run *r)
{
    tacet_plan_free(r->p);
    tacet_graph_free(r->g);
}

/* Half of the elements are 0. */
static tacet_status step(run *r, int64_t rows, float scale)
{
    static float x[BATCH * IN];
    int32_t t[BATCH];
    for (int i = 0; i < BATCH * IN; i++) x[i] = scale * fmaxf(0, (float)sin(0.7 * i + 0.1 * (i * i % 19)));
    for (int i = 0; i < BATCH; i++) t[i] = i * 3 % OUT;
    assert_int_equal(tacet_feed(r->p, r->x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(r->p, r->t, TACET_I32, t), TACET_OK);
    return tacet_step(r->p, rows);
}

/* Reads the weights, then the gradients. */
static size_t numbers(run *r, float *to)
{
    static const char *const name[] = {"linear1.weight", "linear1.bias", "linear2.weight", "linear3.weight"};
    static const size_t count[] = {IN * WIDE, WIDE, WIDE * LONG, LONG * OUT};
    size_t n = 0;
    for (int i = 0; i < 4; i++, n += count[i - 1])
        assert_int_equal(tacet_read(r->p, name[i], to + n, count[i]), TACET_OK);
    for (int i = 0; i < 4; i++, n += count[i - 1])
        assert_int_equal(tacet_read_gradient(r->p, name[i], to + n, count[i]), TACET_OK);
    assert_true(n <= MOST);
    return n;
}

static void same_bits(const char *optimizer, int threads, tacet_sparse sparse)
{
    static float a[MOST], b[MOST];
    double norm[2];
    for (int stored = 0; stored < 2; stored++) {
        run r = begin(optimizer, stored, threads, sparse);
        for (int k = 0; k < 3; k++) assert_int_equal(step(&r, BATCH - 7 * k, 1), TACET_OK);
        const size_t n = numbers(&r, stored ? b : a);
        norm[stored] = tacet_gradient_norm(r.p);
        if (stored) assert_memory_equal(a, b, n * sizeof *a);
        end(&r);
    }
    /* With tiles, the sum of squares is split into other float32 sums, which round differently. */
    assert_true(norm[1] > 0 && fabs(norm[0] - norm[1]) < 1e-7 * norm[1]);
}

static void fused_equals_stored(void **state)
{
    (void)state;
    static const char *const optimizer[] = {"sgd lr=0.1", "sgd lr=0.1 momentum=0.9 nesterov weight_decay=0.01",
                                            "adam lr=0.01 weight_decay=0.1", "adamw lr=0.01"};
    for (int i = 0; i < 4; i++)
        for (int threads = 1; threads <= 3; threads++)
            for (int sparse = 0; sparse < 3; sparse++) same_bits(optimizer[i], threads, (tacet_sparse)sparse);
}

/* One linear layer of zeros under a squared error: dL/dW = x^T (-2 target). */
static run square(bool stored, const float *x, const float *target)
{
    tacet_error why;
    run r = {.g = tacet_graph_new(NULL)};
    r.x = tacet_input(r.g, "x", 1, (int64_t[]){256});
    r.t = tacet_input(r.g, "target", 1, (int64_t[]){256});
    tacet_loss(r.g, "mse reduce=sum", tacet_chain(r.g, r.x, "linear 256 init=zeros"), r.t);
    if (stored) tacet_keep_gradient(r.g, "*.weight");
    r.p = tacet_compile(r.g, &(tacet_config){TACET_CONFIG, .batch = 2, .optimizer = "sgd lr=1e-13"}, &why);
    if (!r.p) fail_msg("%s", why.message);
    assert_int_equal(tacet_feed(r.p, r.x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(r.p, r.t, TACET_F32, target), TACET_OK);
    return r;
}

/* |x| |g| overflows a float, but every gradient is finite, so the step succeeds. */
static void a_weak_bound_refuses_no_step(void **state)
{
    (void)state;
    static float x[512], t[512], w[256 * 256];
    for (int i = 0; i < 256; i++) x[i] = 1e30f, x[256 + i] = 1, t[256 + i] = 1e12f;
    for (int stored = 0; stored < 2; stored++) {
        run r = square(stored, x, t);
        if (tacet_step(r.p, 2) != TACET_OK) fail_msg("%s", tacet_plan_error(r.p)->message);
        assert_int_equal(tacet_read(r.p, "linear1.weight", w, 256 * 256), TACET_OK);
        for (int i = 0; i < 256 * 256; i++) assert_true(fabsf(w[i] - 0.2f) < 1e-6f);
        end(&r);
    }
}

/* All values are finite but the gradient of a weight is not: the weights do not change, and the error names it. */
static void a_gradient_that_is_not_finite_is_named(void **state)
{
    (void)state;
    static float x[512], t[512], w[256 * 256];
    for (int i = 0; i < 512; i++) x[i] = 1e30f, t[i] = 1e12f;
    for (int stored = 0; stored < 2; stored++) {
        run r = square(stored, x, t);
        assert_int_equal(tacet_step(r.p, 2), TACET_NOT_FINITE);
        assert_non_null(strstr(tacet_plan_error(r.p)->message, "the gradient of linear1.weight"));
        assert_int_equal(tacet_read(r.p, "linear1.weight", w, 256 * 256), TACET_OK);
        for (int i = 0; i < 256 * 256; i++) assert_true(w[i] == 0);
        end(&r);
    }
}

/* A parameter that a layer reads as its input may be updated before a fused gradient is made. The layer's gradient
 * depends on it, so it is stored. */
static void a_layer_of_a_parameter_is_not_fused(void **state)
{
    (void)state;
    enum { A = 300, B = 200 };
    static float w[2][A * B];
    for (int kept = 0; kept < 2; kept++) {
        tacet_error why;
        float in[3 * 4], target[3 * A];
        tacet_graph *g = tacet_graph_new(NULL);
        const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){4}), t = tacet_input(g, "t", 1, (int64_t[]){A});
        tacet_loss(g, "mse", tacet_chain(g, x, "linear 300 name=a"), t);
        tacet_chain(g, (tacet_value){0}, "from a.bias | linear 200 name=b");
        tacet_penalize(g, "b", "l2 1");
        if (kept) tacet_keep_gradient(g, "b.weight");
        tacet_plan *p = tacet_compile(
            g, &(tacet_config){TACET_CONFIG, .batch = 3, .optimizer = "sgd lr=0.5", .seed = 1, .ledger = -1}, &why);
        if (!p) fail_msg("%s", why.message);
        for (int i = 0; i < 3 * 4; i++) in[i] = (float)i / 10;
        for (int i = 0; i < 3 * A; i++) target[i] = (float)(5 + i % 7);
        assert_int_equal(tacet_feed(p, x, TACET_F32, in), TACET_OK);
        assert_int_equal(tacet_feed(p, t, TACET_F32, target), TACET_OK);
        assert_int_equal(tacet_step(p, 3), TACET_OK);
        assert_int_equal(tacet_read(p, "b.weight", w[kept], A * B), TACET_OK);
        tacet_plan_free(p);
        tacet_graph_free(g);
    }
    assert_memory_equal(w[0], w[1], sizeof w[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fused_equals_stored),
        cmocka_unit_test(a_weak_bound_refuses_no_step),
        cmocka_unit_test(a_gradient_that_is_not_finite_is_named),
        cmocka_unit_test(a_layer_of_a_parameter_is_not_fused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
