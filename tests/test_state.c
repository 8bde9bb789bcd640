/* test_state.c: the state of operators from step to step: it is saved in checkpoints and models and restored, a refused
 * step does not change it, evaluation reads it, and no bit depends on the number of threads. */
#include "cmocka_all.h"

#include "failing.h"
#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN = 6, OUT = 3, BATCH = 5, MOST = 4096 };

static char path[] = "/tmp/tacet_state_XXXXXX";

static const char usual[] =
    "linear 40 | relu | batch_topk 4 decay=0.5 | linear 30 | batch_norm | jump_relu 0.1 eps=0.3 | linear 3";

typedef struct run {
    tacet_graph *g;
    tacet_plan *p;
    tacet_value x, t;
} run;

static run begin(const char *model, bool penalties, const char *optimizer, int threads, const tacet_memory *m)
{
    tacet_error why;
    run r = {.g = tacet_graph_new(m)};
    r.x = tacet_input(r.g, "x", 1, (int64_t[]){IN});
    r.t = tacet_labels(r.g, "t");
    tacet_loss(r.g, "cross_entropy", tacet_chain(r.g, r.x, model), r.t);
    if (penalties) {
        tacet_penalize(r.g, "linear*.weight", "spectral_norm 0.05");
        tacet_penalize(r.g, "jump_relu1", "l0 1e-2");
    }
    r.p = tacet_compile(
        r.g, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = optimizer, .seed = 3, .threads = threads},
        &why);
    if (!r.p) fail_msg("%s", why.message);
    return r;
}

static void end(run *r)
{
    tacet_plan_free(r->p);
    tacet_graph_free(r->g);
}

/* The numbers of step k; bad: one of them is not finite. */
static tacet_status step(run *r, int k, bool bad)
{
    float x[BATCH * IN];
    int32_t t[BATCH];
    for (int i = 0; i < BATCH * IN; i++) x[i] = (float)((i * 37 + k * 101) % 19 - 9) / 5;
    for (int i = 0; i < BATCH; i++) t[i] = (i + k) % OUT;
    if (bad) x[7] = NAN;
    assert_int_equal(tacet_feed(r->p, r->x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(r->p, r->t, TACET_I32, t), TACET_OK);
    return tacet_step(r->p, BATCH - k % 2);
}

static void train(run *r, int from, int to)
{
    for (int k = from; k < to; k++)
        if (step(r, k, false)) fail_msg("%s", tacet_plan_error(r->p)->message);
}

/* All states, then all parameters. */
static size_t numbers(const run *r, float *to)
{
    size_t n = 0;
    const tacet_plan *p = r->p;
    for (int i = 0; i < p->states; i++) {
        memcpy(to + n, *p->state[i].at, (size_t)p->state[i].n * sizeof *to);
        n += (size_t)p->state[i].n;
    }
    for (int i = 0; i < p->block.places; i++) {
        assert_true(n + (size_t)p->block.place[i].n < MOST);
        memcpy(to + n, tc_plan_parameter(p, &p->block.place[i]), (size_t)p->block.place[i].n * sizeof *to);
        n += (size_t)p->block.place[i].n;
    }
    return n;
}

static void assert_same(const run *a, const run *b)
{
    float one[MOST], two[MOST];
    const size_t n = numbers(a, one);
    assert_int_equal(numbers(b, two), n);
    assert_memory_equal(one, two, n * sizeof *one);
}

static tacet_file *opened(void)
{
    tacet_error why;
    tacet_file *f = tacet_file_open(path, NULL, &why);
    if (!f) fail_msg("%s", why.message);
    return f;
}

static void states_have_names_and_values(void **state)
{
    (void)state;
    run r = begin(usual, true, "sgd lr=0.1", 1, NULL);
    static const char *const name[] = {"batch_topk1.threshold",          "batch_norm1.running_mean",
                                       "batch_norm1.running_var",        "linear1.weight:spectral_norm.u",
                                       "linear2.weight:spectral_norm.u", "linear3.weight:spectral_norm.u"};
    enum { NAMES = sizeof name / sizeof *name };
    assert_int_equal(r.p->states, NAMES);
    for (int i = 0; i < NAMES; i++) assert_string_equal(r.p->state[i].name, name[i]);
    assert_true(r.p->state[0].at[0][0] == 0);
    train(&r, 0, 1);
    assert_true(r.p->state[0].at[0][0] > 0);
    double length = 0;
    for (int i = 0; i < 40; i++) length += pow((double)r.p->state[3].at[0][i], 2);
    assert_true(fabs(length - 1) < 1e-6);
    end(&r);
}

static void a_checkpoint_has_it(void **state)
{
    (void)state;
    tacet_error why;
    run whole = begin(usual, true, "adam lr=0.01", 1, NULL), first = begin(usual, true, "adam lr=0.01", 1, NULL);
    run second = begin(usual, true, "adam lr=0.01", 1, NULL);
    train(&whole, 0, 12);
    train(&first, 0, 5);
    assert_int_equal(tacet_checkpoint(first.p, NULL, path, 0, NULL, &why), TACET_OK);
    train(&second, 3, 5); /* loading must discard these steps */
    tacet_file *f = opened();
    if (tacet_resume(second.p, NULL, f, &why)) fail_msg("%s", why.message);
    tacet_file_free(f);
    assert_same(&first, &second);
    train(&second, 5, 12);
    assert_same(&whole, &second);
    assert_true(tacet_objective(whole.p) == tacet_objective(second.p));
    end(&whole), end(&first), end(&second);
}

/* A model has the states of layers, and evaluation with the loaded states gives the same outputs. */
static void a_model_has_what_layers_remember(void **state)
{
    (void)state;
    tacet_error why;
    float x[BATCH * IN], y[2][BATCH * OUT];
    for (int i = 0; i < BATCH * IN; i++) x[i] = (float)(i % 11) * 0.25f - 1;
    run a = begin(usual, true, "sgd lr=0.1", 1, NULL);
    train(&a, 0, 5);
    assert_int_equal(tacet_save(a.p, path, 0, NULL, &why), TACET_OK);
    tacet_file *f = opened();
    for (int i = 0; i < tacet_file_count(f); i++) {
        const char *name;
        assert_int_equal(tacet_file_tensor(f, i, &name, NULL, NULL, NULL), TACET_OK);
        assert_null(strchr(name, ':')); /* the states of terms are only in checkpoints */
    }
    run b = begin(usual, false, NULL, 1, NULL);
    if (tacet_file_load(f, b.p, true, NULL, &why)) fail_msg("%s", why.message);
    tacet_file_free(f);
    assert_true(b.p->state[0].at[0][0] == a.p->state[0].at[0][0] && b.p->state[0].at[0][0] > 0);
    run *both[] = {&a, &b};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tacet_feed(both[i]->p, both[i]->x, TACET_F32, x), TACET_OK);
        assert_int_equal(tacet_forward(both[i]->p, BATCH), TACET_OK);
        assert_int_equal(tacet_read(both[i]->p, "linear3", y[i], BATCH * OUT), TACET_OK);
    }
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    end(&a), end(&b);
}

/* All parameters and what layers remember, from one plan to another without a file. */
static void copy(run *from, run *to)
{
    static float data[MOST];
    tacet_value_info v = {.size = sizeof v};
    tacet_state s = {.size = sizeof s};
    for (int i = 0; tacet_value_at(from->p, i, &v) == TACET_OK; i++) {
        if (v.role != TACET_ROLE_PARAMETER) continue;
        assert_int_equal(tacet_read(from->p, v.name, data, (size_t)v.elements), TACET_OK);
        assert_int_equal(tacet_write(to->p, v.name, data, (size_t)v.elements), TACET_OK);
    }
    for (int i = 0; tacet_state_at(from->p, i, &s) == TACET_OK; i++) {
        assert_int_equal(tacet_read(from->p, s.name, data, (size_t)s.elements), TACET_OK);
        assert_int_equal(tacet_write(to->p, s.name, data, (size_t)s.elements), TACET_OK);
    }
}

static void callers_read_and_write_it(void **state)
{
    (void)state;
    static const struct {
        const char *name, *layer;
        int rank;
        int64_t elements;
    } expected[] = {{"batch_topk1.threshold", "batch_topk1", 1, 1},
                    {"batch_norm1.running_mean", "batch_norm1", 1, 30},
                    {"batch_norm1.running_var", "batch_norm1", 1, 30}};
    enum { STATES = sizeof expected / sizeof *expected };
    float data[MOST] = {0};
    tacet_state s = {.size = sizeof s};
    run a = begin(usual, true, "sgd lr=0.1", 1, NULL), b = begin(usual, false, "sgd lr=0.1", 1, NULL);
    train(&a, 0, 5);
    for (int i = 0; i < STATES; i++) {
        assert_int_equal(tacet_state_at(a.p, i, &s), TACET_OK);
        assert_string_equal(s.name, expected[i].name);
        assert_int_equal(s.layer.id, tacet_find(a.g, expected[i].layer).id);
        assert_true(s.rank == expected[i].rank && s.elements == expected[i].elements);
        if (s.rank > 0) assert_int_equal(s.shape[0], s.elements);
    }
    assert_int_equal(tacet_state_at(a.p, STATES, &s), TACET_FAILED); /* those of terms are not the network's */
    assert_int_equal(tacet_state_at(a.p, -1, &s), TACET_FAILED);
    copy(&a, &b);
    assert_int_equal(b.p->states, STATES);
    for (int i = 0; i < STATES; i++)
        assert_memory_equal(*a.p->state[i].at, *b.p->state[i].at, (size_t)a.p->state[i].n * sizeof(float));
    assert_true(**b.p->state[0].at > 0);
    assert_int_equal(tacet_read(a.p, "batch_norm1.running_mean", data, 29), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(a.p)->message, "batch_norm1.running_mean has 30 elements"));
    assert_int_equal(tacet_write(a.p, "batch_norm1.running_mean", data, 31), TACET_FAILED);
    assert_int_equal(tacet_write(a.p, "batch_norm1.runing_mean", data, 30), TACET_FAILED);
    assert_string_equal(tacet_plan_error(a.p)->hint, "did you mean batch_norm1.running_mean?");
    assert_int_equal(tacet_read(a.p, "linear1.weight:spectral_norm.u", data, 40), TACET_FAILED);
    assert_int_equal(tacet_read_gradient(a.p, "batch_norm1.running_mean", data, 30), TACET_FAILED);
    assert_int_equal(tacet_write(a.p, "relu1", data, 40), TACET_FAILED);
    end(&a), end(&b);
}

/* A file without the state is refused if it must be complete; so is a checkpoint without the lines of a term. */
static void a_file_without_the_state_is_refused(void **state)
{
    (void)state;
    tacet_error why;
    run a = begin("linear 40 | relu | topk 4 name=batch_topk1 | linear 3", false, "sgd lr=0.1", 1, NULL);
    run b = begin("linear 40 | relu | batch_topk 4 | linear 3", false, "sgd lr=0.1", 1, NULL);
    train(&b, 0, 1);
    const float before = b.p->state[0].at[0][0];
    assert_int_equal(tacet_save(a.p, path, 0, NULL, &why), TACET_OK);
    tacet_file *f = opened();
    assert_int_equal(tacet_file_load(f, b.p, true, NULL, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "batch_topk1.threshold"));
    assert_true(b.p->state[0].at[0][0] == before);
    assert_int_equal(tacet_file_load(f, b.p, false, NULL, &why), TACET_OK);
    tacet_file_free(f);
    assert_int_equal(tacet_save(b.p, path, 0, NULL, &why), TACET_OK);
    f = opened();
    assert_int_equal(tacet_file_load(f, a.p, true, NULL, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "batch_topk1.threshold"));
    tacet_file_free(f);
    end(&a), end(&b);
}

/* A refused step leaves the state and the weights as they were, and the next good step is as if it had not happened. */
static void a_refused_step_keeps_the_state(void **state)
{
    (void)state;
    run a = begin(usual, true, "sgd lr=0.1", 1, NULL), b = begin(usual, true, "sgd lr=0.1", 1, NULL);
    train(&a, 0, 3), train(&b, 0, 3);
    assert_int_equal(step(&a, 3, true), TACET_NOT_FINITE);
    assert_same(&a, &b);
    train(&a, 3, 6), train(&b, 3, 6);
    assert_same(&a, &b);
    end(&a), end(&b);
}

/* Evaluation between steps does not change the state. */
static void evaluation_only_reads(void **state)
{
    (void)state;
    float x[BATCH * IN] = {0.5f, 1, -2, 3};
    run a = begin(usual, true, "sgd lr=0.1", 1, NULL), b = begin(usual, true, "sgd lr=0.1", 1, NULL);
    for (int k = 0; k < 6; k++) {
        train(&a, k, k + 1), train(&b, k, k + 1);
        assert_int_equal(tacet_feed(a.p, a.x, TACET_F32, x), TACET_OK);
        assert_int_equal(tacet_forward(a.p, BATCH), TACET_OK);
    }
    assert_same(&a, &b);
    end(&a), end(&b);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    static const char *const model[] = {
        usual, "linear 300 | batch_topk 20 | linear 280 | jump_relu 0.1 eps=0.3 | linear 200 | topk 9 | linear 3"};
    for (int i = 0; i < 2; i++) {
        run one = begin(model[i], i == 0, "adam lr=0.01", 1, NULL);
        train(&one, 0, 4);
        for (int threads = 2; threads <= 3; threads++) {
            run other = begin(model[i], i == 0, "adam lr=0.01", threads, NULL);
            train(&other, 0, 4);
            const tc_parameters *a = &one.p->block, *b = &other.p->block;
            const int64_t floats = a->floats + a->part * (1 + a->moments);
            assert_int_equal(b->floats + b->part * (1 + b->moments), floats);
            assert_memory_equal(b->numbers, a->numbers, (size_t)floats * sizeof(float));
            for (int k = 0; k < one.p->states; k++)
                assert_memory_equal(*other.p->state[k].at, *one.p->state[k].at,
                                    (size_t)one.p->state[k].n * sizeof(float));
            end(&other);
        }
        end(&one);
    }
}

/* l0 reads the thresholds of a jump_relu, and nothing else. */
static void l0_is_of_a_jump_relu(void **state)
{
    (void)state;
    static const struct {
        const char *on, *penalty, *why;
    } bad[] = {{"relu1", "l0 1e-3", "reads the theta of a jump_relu"},
               {"linear1.weight", "l0 1e-3", "reads the theta of a jump_relu"},
               {"jump_relu*", "l0 1e-3 joint", "no joint form"},
               {"jump_relu1", "l0", "needs a lambda"},
               {"jump_relu1", "l0 1e-3 eps=1", "eps"},
               {"linear*.weight", "spectral_norm 1 joint", "cannot be joint"},
               {"relu1", "spectral_norm 1", "[batch, 5]"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tacet_graph *g = tacet_graph_new(NULL);
        tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){IN}), "linear 5 | relu | linear 4 | jump_relu | jump_relu");
        tacet_penalize(g, bad[i].on, bad[i].penalty);
        const tacet_error *e = tacet_graph_error(g);
        if (!e || !strstr(e->message, bad[i].why)) fail_msg("%s: %s", bad[i].penalty, e ? e->message : "was taken");
        if (i == 0) assert_string_equal(e->hint, "use l1, or make the layer a jump_relu");
        tacet_graph_free(g);
    }
}

/* l0 adds nothing to the gradient at x, which is still 0 for silent units; a penalty on x itself changes that. */
static void l0_keeps_the_silence(void **state)
{
    (void)state;
    static const char *const penalty[][2] = {{"jump_relu1", "l0 1e-2"}, {"linear1", "l2 1e-2"}};
    for (int i = 0; i < 2; i++) {
        tacet_error why;
        tacet_graph *g = tacet_graph_new(NULL);
        const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){IN}), t = tacet_labels(g, "t");
        tacet_loss(g, "cross_entropy", tacet_chain(g, x, "linear 20 | jump_relu | linear 3"), t);
        tacet_penalize(g, penalty[i][0], penalty[i][1]);
        tacet_plan *p = tacet_compile(
            g, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1", .sparse = TACET_SPARSE_ALWAYS},
            &why);
        assert_non_null(p);
        const tc_silence *s = p->list[TC_TRAIN].fired_gradient[tc_graph_index(g, "linear1")];
        assert_int_equal(s != NULL, i == 0);
        if (s) assert_int_equal(s->source->value, tc_graph_index(g, "jump_relu1"));
        assert_false(tc_fire_blocked(p, tc_graph_index(g, "jump_relu1"))); /* the gradient of theta reads all of it */
        tacet_plan_free(p);
        tacet_graph_free(g);
    }
}

/* Thresholds rise under l0, and fewer units fire; the reported value is the number that fire. */
static void l0_raises_thresholds(void **state)
{
    (void)state;
    double fired[2];
    for (int with = 0; with < 2; with++) {
        tacet_error why;
        run r = {.g = tacet_graph_new(NULL)};
        r.x = tacet_input(r.g, "x", 1, (int64_t[]){IN});
        r.t = tacet_labels(r.g, "t");
        tacet_loss(r.g, "cross_entropy", tacet_chain(r.g, r.x, "linear 60 | jump_relu 0.1 eps=1 | linear 3"), r.t);
        tacet_penalize(r.g, "jump_relu1", with ? "l0 0.02" : "l0 0");
        tacet_keep(r.g, "jump_relu1");
        r.p = tacet_compile(r.g, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "adam lr=0.02", .seed = 3},
                            &why);
        if (!r.p) fail_msg("%s", why.message);
        train(&r, 0, 60);
        float y[BATCH * 60];
        int64_t rows = r.p->run.rows;
        assert_int_equal(tacet_read(r.p, "jump_relu1", y, (size_t)rows * 60), TACET_OK);
        int count = 0;
        for (int64_t i = 0; i < rows * 60; i++) count += y[i] != 0;
        fired[with] = tacet_term_value(r.p, "jump_relu1:l0");
        assert_true(fabs(fired[with] - (double)count / (double)rows) < 1e-9);
        end(&r);
    }
    assert_true(fired[1] < 0.7 * fired[0]);
}

static tacet_status load_and_free(tacet_file *f, tacet_plan *p, tacet_error *why)
{
    const tacet_status s = f ? tacet_file_load(f, p, true, NULL, why) : why->status;
    tacet_file_free(f);
    return s;
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    failing memory = {0};
    const tacet_memory m = failing_memory(&memory);
    tacet_error why;
    run r = begin(usual, true, "adam lr=0.01", 1, &m);
    const int64_t alive = memory.alive;
    bool done[4] = {0};
    assert_int_equal(tacet_checkpoint(r.p, NULL, path, 0, NULL, &why), TACET_OK);
    for (int64_t n = 1; !done[0] || !done[1] || !done[2] || !done[3]; n++) {
        assert_true(n < 2000);
#define TRY(i, call)                                                                                                   \
    do {                                                                                                               \
        memory.calls = 0, memory.fail_at = n, memory.failed = false;                                                   \
        const tacet_status s = (call);                                                                                 \
        if (memory.failed ? s != TACET_MEMORY : s != TACET_OK)                                                         \
            fail_msg("%s, allocation %d: %s", #call, (int)n, why.message);                                             \
        done[i] = !memory.failed;                                                                                      \
        memory.fail_at = 0;                                                                                            \
        assert_int_equal(memory.alive, alive);                                                                         \
    } while (0)
        TRY(0, tacet_checkpoint(r.p, NULL, path, 0, NULL, &why));
        tacet_file *f = opened(), *own;
        TRY(1, tacet_resume(r.p, NULL, f, &why));
        tacet_plan *p;
        const tacet_config c = {TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1"};
        TRY(2, ((p = tacet_compile(r.g, &c, &why)), tacet_plan_free(p), p ? TACET_OK : why.status));
        TRY(3, ((own = tacet_file_open(path, &m, &why)), load_and_free(own, r.p, &why)));
        tacet_file_free(f);
    }
    end(&r);
    assert_int_equal(memory.alive, 0);
}

static int make_path(void **state)
{
    (void)state;
    const int handle = mkstemp(path);
    return handle < 0 ? -1 : close(handle);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_have_names_and_values),
        cmocka_unit_test(a_checkpoint_has_it),
        cmocka_unit_test(a_model_has_what_layers_remember),
        cmocka_unit_test(callers_read_and_write_it),
        cmocka_unit_test(a_file_without_the_state_is_refused),
        cmocka_unit_test(a_refused_step_keeps_the_state),
        cmocka_unit_test(evaluation_only_reads),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(l0_is_of_a_jump_relu),
        cmocka_unit_test(l0_raises_thresholds),
        cmocka_unit_test(l0_keeps_the_silence),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
