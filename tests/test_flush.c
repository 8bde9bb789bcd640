/* test_flush.c: a step treats denormals as zeros on all its threads, and restores the caller's mode. */
#include "cmocka_all.h"

#include "base/flush.h"
#include "base/pool.h"
#include "plan/plan.h"

#include <float.h>
#include <math.h>

enum { IN = 2, STEPS = 1200 }; /* 0.9^1200 is below the smallest denormal */

/* linear 1 with momentum; the second input is 1 in the first step, and 0 later. */
typedef struct tiny {
    tacet_value x, t;
    tacet_plan *p;
} tiny;

static tiny compile(const char *optimizer)
{
    tacet_error why;
    tiny n;
    tacet_graph *g = tacet_graph_new(NULL);
    n.x = tacet_input(g, "x", 1, (int64_t[]){IN});
    n.t = tacet_input(g, "t", 1, (int64_t[]){1});
    tacet_loss(g, "mse", tacet_chain(g, n.x, "linear 1 bias=false"), n.t);
    n.p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 1, .optimizer = optimizer}, &why);
    if (!n.p) fail_msg("%s", why.message);
    tacet_graph_free(g);
    return n;
}

static void step(tiny *n, float second)
{
    const float x[IN] = {1, second}, t = 5;
    tacet_feed(n->p, n->x, TACET_F32, x);
    tacet_feed(n->p, n->t, TACET_F32, &t);
    assert_int_equal(tacet_step(n->p, 1), TACET_OK);
}

static void a_momentum_under_no_gradient_ends_at_zero(void **state)
{
    (void)state;
    if (!TC_FLUSHES) skip();
    tiny n = compile("sgd lr=0.01 momentum=0.9");
    step(&n, 1);
    const float *m = tc_plan_moment(n.p, &n.p->block.place[0], 0);
    assert_true(m[1] != 0);
    for (int i = 0; i < STEPS; i++) {
        step(&n, 0);
        assert_true(m[1] == 0 || fabsf(m[1]) >= FLT_MIN);
    }
    assert_true(m[1] == 0);
    tacet_plan_free(n.p);
}

/* Whether denormals are enabled on this thread. */
static bool denormals(void)
{
    volatile float x = FLT_MIN;
    x *= 0.25f;
    return x != 0;
}

static void the_callers_mode_is_restored(void **state)
{
    (void)state;
    const uint64_t mine = tc_float_mode();
    tiny n = compile("sgd lr=0.01");
    for (int flushed = 0; flushed < (TC_FLUSHES ? 2 : 1); flushed++) {
        tc_float_mode_set(flushed ? mine | TC_FLUSHES : mine & ~(uint64_t)TC_FLUSHES);
        assert_int_equal(denormals(), !flushed); /* this also raises the floating-point flags before the step */
        const uint64_t before = tc_float_mode();
        step(&n, 1);
        assert_true(tc_float_mode() == before && denormals() == !flushed);
        assert_int_equal(tacet_step(n.p, 1), TACET_FAILED); /* not fed */
        assert_true(tc_float_mode() == before);
        tacet_feed(n.p, n.x, TACET_F32, (const float[]){1, 2});
        assert_int_equal(tacet_forward(n.p, 1), TACET_OK);
        assert_true(tc_float_mode() == before);
    }
    tc_float_mode_set(mine);
    tacet_plan_free(n.p);
}

enum { PARTS = 64 };

static void look(void *job, int64_t part, int lane)
{
    (void)lane;
    bool *with = job;
    with[part] = denormals();
}

/* A part runs in the same mode on the caller and on a worker. */
static void workers_flush(void **state)
{
    (void)state;
    tacet_pool *pool = tc_pool_new(3, NULL, NULL);
    assert_non_null(pool);
    const uint64_t mine = tc_flush_denormals();
    for (int round = 0; round < 200; round++) {
        bool with[PARTS];
        tc_pool_run(pool, PARTS, look, with);
        for (int i = 0; i < PARTS; i++) assert_int_equal(with[i], !TC_FLUSHES);
    }
    tc_float_mode_set(mine);
    tacet_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_momentum_under_no_gradient_ends_at_zero),
                                       cmocka_unit_test(the_callers_mode_is_restored), cmocka_unit_test(workers_flush)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
