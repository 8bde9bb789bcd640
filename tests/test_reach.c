/* test_reach.c: a step whose update would not be finite is refused, and parameters and moments stay as they were. */
#include "cmocka_all.h"

#include "tacet/tacet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 2, WIDE = 256 };

typedef struct run {
    tacet_graph *g;
    tacet_plan *p;
    tacet_value x, t;
    int n;
} run;

/* n inputs, n outputs, each |y - t|: the gradient of a weight is its input, averaged, whatever the weights are. A
 * weight of 256 x 256 is updated tile by tile unless its gradient is kept. */
static run begin(int n, bool kept, const char *optimizer, const char *penalty)
{
    run r = {.g = tacet_graph_new(NULL), .n = n};
    char layer[64];
    tacet_error why;
    const int64_t shape[] = {n};
    snprintf(layer, sizeof layer, "linear %d bias=false name=a", n);
    r.x = tacet_input(r.g, "x", 1, shape);
    r.t = tacet_input(r.g, "t", 1, shape);
    tacet_loss(r.g, "l1_loss reduce=sample", tacet_chain(r.g, r.x, layer), r.t);
    if (penalty) tacet_penalize(r.g, "a.weight", penalty);
    if (kept) tacet_keep_gradient(r.g, "a.weight");
    r.p = tacet_compile(r.g, &(tacet_config){TACET_CONFIG, .batch = ROWS, .optimizer = optimizer, .seed = 3}, &why);
    if (!r.p) fail_msg("%s: %s", optimizer, why.message);
    return r;
}

static void end(run *r)
{
    tacet_plan_free(r->p);
    tacet_graph_free(r->g);
}

/* A step with inputs of this size, of which the last is 0. */
static tacet_status step(run *r, float size)
{
    static float x[ROWS * WIDE], t[ROWS * WIDE];
    for (int i = 0; i < ROWS * r->n; i++) {
        x[i] = i % r->n == r->n - 1 ? 0 : size * (i % 3 ? 1.0f : -0.5f);
        t[i] = 0.25f * size;
    }
    tacet_feed(r->p, r->x, TACET_F32, x);
    tacet_feed(r->p, r->t, TACET_F32, t);
    return tacet_step(r->p, ROWS);
}

static float *weights(const run *r)
{
    float *w = malloc(sizeof *w * (size_t)(r->n * r->n));
    assert_non_null(w);
    assert_int_equal(tacet_read(r->p, "a.weight", w, (size_t)(r->n * r->n)), TACET_OK);
    return w;
}

static void same(const run *a, const run *b)
{
    float *u = weights(a), *v = weights(b);
    assert_memory_equal(u, v, sizeof *u * (size_t)(a->n * a->n));
    free(u), free(v);
}

static void assert_finite(const run *r)
{
    float *w = weights(r);
    for (int i = 0; i < r->n * r->n; i++) assert_true(isfinite(w[i]));
    free(w);
}

/* A run in which one step goes wrong continues as one that has never tried that step. */
static void check_refusal(const char *optimizer, int n, bool kept, double rate, float size)
{
    run r = begin(n, kept, optimizer, NULL), other = begin(n, kept, optimizer, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(step(&r, 0.5f), TACET_OK);
        assert_int_equal(step(&other, 0.5f), TACET_OK);
    }
    if (rate > 0) assert_int_equal(tacet_set_rate(r.p, rate), TACET_OK);
    const tacet_status status = step(&r, size);
    const char *says = tacet_plan_error(r.p)->message;
    if (status != TACET_NOT_FINITE) fail_msg("%s, rate %g, size %g: accepted", optimizer, rate, (double)size);
    if (!strstr(says, "step 4: the update of the parameter a.weight is not finite")) fail_msg("%s", says);
    assert_int_equal(tacet_steps(r.p), 3);
    same(&r, &other);
    assert_int_equal(tacet_set_rate(r.p, 0.01), TACET_OK);
    assert_int_equal(tacet_set_rate(other.p, 0.01), TACET_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(step(&r, 0.25f), TACET_OK);
        assert_int_equal(step(&other, 0.25f), TACET_OK);
    }
    same(&r, &other);
    assert_finite(&r);
    end(&r), end(&other);
}

static void updates_that_overflow_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *optimizer;
        double rate; /* of the bad step; 0: as before */
        float size;
    } bad[] = {
        {"sgd lr=0.1", 1e30, 1e10f},
        {"sgd lr=0.1", 1e300, 0.5f}, /* infinite as a float32: times a gradient of 0, NaN */
        {"sgd lr=0.1 momentum=0.9", 1e39, 1},
        {"sgd lr=0.1 momentum=0.9 nesterov", 1e20, 1e19f},
        {"sgd lr=0.1 weight_decay=10", 1e38, 1e3f},
        {"adam", 1e39, 1},
        {"adam", 0, 3e21f}, /* the mean of squares */
        {"adam eps=0", 1e300, 1},
        {"adamw weight_decay=10", 1e38, 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int how = 0; how < 3; how++)
            check_refusal(bad[i].optimizer, how ? WIDE : 5, how == 1, bad[i].rate, bad[i].size);
}

/* eps=0: a weight without a gradient stays, and one whose squared gradient is below all numbers moves by at most lr. */
static void adam_needs_no_eps(void **state)
{
    (void)state;
    static const char *const optimizer[] = {"adam lr=0.1 eps=0", "adamw lr=0.1 eps=0 weight_decay=0",
                                            "adam lr=0.1 eps=1e-60"};
    static const float size[] = {0, 1e-30f, 1e-21f, 1e-10f, 1, 1e15f};
    for (size_t o = 0; o < sizeof optimizer / sizeof *optimizer; o++)
        for (size_t s = 0; s < sizeof size / sizeof *size; s++) {
            run r = begin(5, false, optimizer[o], NULL);
            float *before = weights(&r);
            for (int i = 0; i < 10; i++) assert_int_equal(step(&r, size[s]), TACET_OK);
            float *w = weights(&r);
            for (int i = 0; i < 25; i++) {
                if (!(fabsf(w[i] - before[i]) <= 1.01f)) fail_msg("%s: %g", optimizer[o], (double)w[i]);
                if (i % 5 == 4) assert_true(w[i] == before[i]);
            }
            free(before), free(w);
            end(&r);
        }
}

/* If the optimizer cannot tell from magnitudes, the update is tried; what fits is done. */
static void large_weights_are_no_fault(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        run r = begin(how ? WIDE : 5, how == 1, "sgd lr=0.1", NULL);
        float *w = weights(&r);
        for (int i = 0; i < r.n; i++) w[i] = i % 2 ? -2e38f : 3e38f;
        assert_int_equal(tacet_write(r.p, "a.weight", w, (size_t)(r.n * r.n)), TACET_OK);
        free(w);
        for (int i = 0; i < 3; i++) assert_int_equal(step(&r, 1e-9f), TACET_OK);
        assert_finite(&r);
        assert_int_equal(tacet_set_rate(r.p, 1e38), TACET_OK);
        assert_int_equal(step(&r, 1), TACET_NOT_FINITE);
        assert_finite(&r);
        end(&r);
    }
}

/* Proximal steps and constraints after an update, unit_norm too, which makes small weights larger. */
static void what_follows_an_update_is_within_reach(void **state)
{
    (void)state;
    static const char *const penalty[] = {"unit_norm", "max_norm 1", "l1 1e-3 prox", "l2 1e30 prox"};
    for (size_t i = 0; i < sizeof penalty / sizeof *penalty; i++) {
        run r = begin(5, false, "sgd lr=0.1", penalty[i]);
        for (int k = 0; k < 5; k++) assert_int_equal(step(&r, k % 2 ? 1 : 1e-20f), TACET_OK);
        tacet_set_rate(r.p, 1e39);
        assert_int_equal(step(&r, 1), TACET_NOT_FINITE);
        assert_finite(&r);
        end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_that_overflow_are_refused),
        cmocka_unit_test(adam_needs_no_eps),
        cmocka_unit_test(large_weights_are_no_fault),
        cmocka_unit_test(what_follows_an_update_is_within_reach),
    };
    return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
