/* test_schedule.c: the learning rates of whole runs against PyTorch's schedulers (tests/schedules.def, made by
 * tools/schedules.py), step by step; that schedule=plateau goes on from a checkpoint; clip_norm= and clip_value= beyond
 * what test_golden.c compares. */
#include "tacet/tacet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"

enum { IN = 3, BATCH = 4 };

typedef struct run {
    tacet_graph *g;
    tacet_plan *p;
    tacet_value x, t;
} run;

static run begin(const char *model, const char *optimizer, double epochs, int64_t each)
{
    run r = {.g = tacet_graph_new(NULL)};
    tacet_error why;
    r.x = tacet_input(r.g, "x", 1, (int64_t[]){IN});
    const tacet_value y = tacet_chain(r.g, r.x, model);
    r.t = tacet_labels(r.g, "target");
    tacet_loss(r.g, "cross_entropy", y, r.t);
    r.p = tacet_compile(r.g,
                        &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = optimizer, .steps_per_epoch = each,
                                        .epochs = epochs, .seed = 3},
                        &why);
    if (!r.p) fail_msg("%s: %s %s", optimizer, why.message, why.hint);
    return r;
}

static void end(run *r)
{
    tacet_plan_free(r->p);
    tacet_graph_free(r->g);
}

static tacet_status step(run *r, float scale)
{
    static const int32_t target[BATCH] = {0, 1, 1, 0};
    float x[BATCH * IN];
    for (int i = 0; i < BATCH * IN; i++) x[i] = scale * (float)((i * 7 + (int)tacet_steps(r->p) * 3) % 11 - 5);
    assert_int_equal(tacet_feed(r->p, r->x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(r->p, r->t, TACET_I32, target), TACET_OK);
    return tacet_step(r->p, BATCH);
}

static void check_rates(const char *text, int epochs, int each, const double *loss, const double *rate)
{
    run r = begin("linear 2", text, epochs, each);
    char path[] = "/tmp/tacet_schedule_XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    tacet_error why;
    for (int i = 0; i < epochs * each; i++) {
        assert_int_equal(step(&r, 1), TACET_OK);
        const double is = tacet_learning_rate(r.p);
        if (!(fabs(is - rate[i]) <= 1e-12 * rate[i])) fail_msg("%s, step %d: %.17g, not %.17g", text, i, is, rate[i]);
        if ((i + 1) % each == 0) assert_int_equal(tacet_schedule_step(r.p, loss[i / each]), TACET_OK);
        if (i % 3 != 1) continue;
        assert_int_equal(tacet_checkpoint(r.p, NULL, path, 0, NULL, &why), TACET_OK);
        end(&r);
        r = begin("linear 2", text, epochs, each);
        tacet_file *f = tacet_file_open(path, NULL, &why);
        assert_non_null(f);
        if (tacet_resume(r.p, NULL, f, &why)) fail_msg("%s", why.message);
        tacet_file_free(f);
    }
    end(&r);
    unlink(path);
}

static void rates_of_pytorch(void **state)
{
    (void)state;
#define LIST(...)                                                                                                      \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define SCHEDULE(text, epochs, each, losses, rates)                                                                    \
    {                                                                                                                  \
        static const double loss[] = losses, rate[] = rates;                                                           \
        assert_int_equal(sizeof rate / sizeof *rate, (epochs) * (each));                                               \
        const double none[epochs] = {0};                                                                               \
        check_rates(text, epochs, each, sizeof loss / sizeof *loss > 1 ? loss : none, rate);                           \
    }
#include "schedules.def"
}

/* A loss that is NaN is not an improvement; other schedules ignore losses. */
static void losses_that_say_nothing(void **state)
{
    (void)state;
    run r = begin("linear 2", "sgd lr=1 schedule=plateau patience=1", 0, 1);
    for (int i = 0; i < 4; i++) assert_int_equal(tacet_schedule_step(r.p, i ? (double)NAN : 0.5), TACET_OK);
    assert_int_equal(step(&r, 1), TACET_OK);
    assert_true(fabs(tacet_learning_rate(r.p) - 0.1) < 1e-15);
    end(&r);
    r = begin("linear 2", "sgd lr=1 warmup=2", 0, 1);
    for (int i = 0; i < 30; i++) tacet_schedule_step(r.p, 1);
    assert_int_equal(step(&r, 1), TACET_OK);
    assert_int_equal(step(&r, 1), TACET_OK);
    assert_true(tacet_learning_rate(r.p) == 0.5);
    end(&r);
}

static void refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"sgd lr=1 schedule=one_cycle", "set epochs"},
        {"sgd lr=1 schedule=warmup_cosine", "set epochs"},
        {"sgd lr=1 schedule=step milestones=\"3 2\"", "later than the one before"},
        {"sgd lr=1 schedule=step milestones=\"3 x\"", "numbers of epochs"},
        {"sgd lr=1 schedule=step milestones=\"\"", "numbers of epochs"},
        {"sgd lr=1 schedule=step milestones=0,1", "above 0"},
        {"sgd lr=1 schedule=step milestones=1 every=2", "exclude"},
        {"sgd lr=1 schedule=cosine milestones=1", "schedule=step"},
        {"sgd lr=1 schedule=one_cycle pct_start=1.5", "pct_start"},
        {"sgd lr=1 schedule=one_cycle div_factor=0", "div_factor"},
        {"sgd lr=1 schedule=one_cycle floor=0.1", "final_div_factor"},
        {"sgd lr=1 div_factor=3", "schedule=one_cycle"},
        {"sgd lr=1 schedule=cosine cooldown=3", "schedule=plateau"},
        {"sgd lr=1 schedule=plateau gamma=1", "gamma below 1"},
        {"sgd lr=1 schedule=plateau patience=-1", "patience"},
        {"sgd lr=1 schedule=plateau threshold=-1", "threshold"},
        {"sgd lr=1 clip_norm=0", "clip_norm must be above 0"},
        {"adam clip_value=-1", "clip_value must be above 0"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tacet_error why;
        tacet_graph *g = tacet_graph_new(NULL);
        const tacet_value y = tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){IN}), "linear 2");
        tacet_loss(g, "cross_entropy", y, tacet_labels(g, "target"));
        tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 1, .optimizer = bad[i][0]}, &why);
        if (p || !strstr(why.message, bad[i][1])) fail_msg("%s: %s", bad[i][0], p ? "was taken" : why.message);
        tacet_graph_free(g);
    }
}

/* Weights that are large enough to be updated tile by tile are not while gradients are clipped: a norm that is never
 * reached changes nothing, and one that always is makes every update that long. */
static void large_weights(void **state)
{
    (void)state;
    enum { WIDE = 20000 };
    static float w[3][WIDE * IN], g[WIDE * IN];
    static const char *const optimizer[] = {"sgd lr=0.1", "sgd lr=0.1 clip_norm=1e9", "sgd lr=0.1 clip_norm=1e-3"};
    double norm[3];
    for (int i = 0; i < 3; i++) {
        run r = begin("linear 20000 | relu | linear 2", optimizer[i], 0, 1);
        for (int k = 0; k < 2; k++) assert_int_equal(step(&r, 1), TACET_OK);
        assert_int_equal(tacet_read(r.p, "linear1.weight", w[i], WIDE * IN), TACET_OK);
        norm[i] = tacet_gradient_norm(r.p);
        tacet_total total = {.size = sizeof total};
        assert_int_equal(tacet_ledger_total(r.p, &total), TACET_OK);
        assert_true(i == 0 ? isnan(total.clipped) : total.clipped == (i == 2));
        end(&r);
    }
    for (int k = 0; k < WIDE * IN; k++) assert_true(fabsf(w[0][k] - w[1][k]) <= 1e-6f);
    assert_true(fabs(norm[0] - norm[1]) < 1e-6 * norm[0] && norm[2] > 1e-2);
    run r = begin("linear 20000 | relu | linear 2", optimizer[2], 0, 1);
    static const char *const parameter[] = {"linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"};
    static const size_t size[] = {WIDE * IN, WIDE, 2 * WIDE, 2};
    double square = 0;
    assert_int_equal(step(&r, 1), TACET_OK);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(tacet_read_gradient(r.p, parameter[k], g, size[k]), TACET_OK);
        for (size_t i = 0; i < size[k]; i++) square += (double)g[i] * (double)g[i];
    }
    assert_true(fabs(sqrt(square) - 1e-3) < 1e-3 * 1e-3);
    end(&r);
}

/* A norm that is not finite is refused as without clipping. */
static void not_finite(void **state)
{
    (void)state;
    run r = begin("linear 2", "sgd lr=0.1 clip_norm=1 clip_value=1", 0, 1);
    assert_int_equal(step(&r, 1), TACET_OK);
    assert_int_equal(step(&r, 3e38f), TACET_NOT_FINITE);
    assert_int_equal(tacet_steps(r.p), 1);
    assert_int_equal(step(&r, 1), TACET_OK);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_of_pytorch), cmocka_unit_test(losses_that_say_nothing),
        cmocka_unit_test(refused),          cmocka_unit_test(large_weights),
        cmocka_unit_test(not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
