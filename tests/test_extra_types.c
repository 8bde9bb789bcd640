/* test_extra_types.c: a network that reads class indices, from tokens through rows of a table to a class for each
 * position: it learns, its gradients match central differences, and it is saved, loaded and resumed. The layer is
 * tests/ops/test_table.c. */
#include "data_files.h"
#include "plan/plan.h"

#include <math.h>

enum { TOKENS = 11, LENGTH = 6, KINDS = 7, BATCH = 5, WEIGHTS = TOKENS * 4 + KINDS * 4 + KINDS };

typedef struct net {
    tacet_graph *g;
    tacet_value tokens, target;
    tacet_plan *p;
} net;

static void compile(net *n, const char *optimizer, int threads)
{
    tacet_error why;
    n->p = tacet_compile(
        n->g, &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = optimizer, .threads = threads, .seed = 3},
        &why);
    if (!n->p) fail_msg("%s", why.message);
}

static net begin(const char *optimizer, int threads)
{
    net n = {.g = tacet_graph_new(NULL)};
    n.tokens = tacet_input_of(n.g, "tokens", TACET_I32, TOKENS, 1, (int64_t[]){LENGTH});
    n.target = tacet_input_of(n.g, "target", TACET_I32, 0, 1, (int64_t[]){LENGTH});
    const tacet_value y = tacet_chain(n.g, n.tokens, "test_table 4 | linear 7");
    tacet_loss(n.g, "cross_entropy", y, n.target);
    tacet_penalize(n.g, "test_table1", "l2 1e-3");
    tacet_penalize(n.g, "test_table1.weight", "l1 1e-4");
    compile(&n, optimizer, threads);
    return n;
}

static void end(net *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

/* Row i of batch k; the target depends only on the token. */
static void feed(net *n, int k)
{
    static uint8_t tokens[BATCH * LENGTH];
    static int32_t target[BATCH * LENGTH];
    for (int i = 0; i < BATCH * LENGTH; i++) {
        tokens[i] = (uint8_t)((i * 7 + k * 13 + i * i) % TOKENS);
        target[i] = tokens[i] * 3 % KINDS;
    }
    assert_int_equal(tacet_feed(n->p, n->tokens, TACET_U8, tokens), TACET_OK);
    assert_int_equal(tacet_feed(n->p, n->target, TACET_I32, target), TACET_OK);
}

/* The objective of each step; batches have 5, 4, 3, 5 ... rows. */
static double step(net *n, int k)
{
    feed(n, k);
    if (tacet_step(n->p, BATCH - k % 3)) fail_msg("%s", tacet_plan_error(n->p)->message);
    return tacet_objective(n->p);
}

static const char *const parameter[] = {"test_table1.weight", "linear1.weight", "linear1.bias"};
static const size_t length[] = {TOKENS * 4, KINDS * 4, KINDS};

static void weights(net *n, float w[WEIGHTS])
{
    for (int i = 0; i < 3; w += length[i++]) assert_int_equal(tacet_read(n->p, parameter[i], w, length[i]), TACET_OK);
}

static void it_learns(void **state)
{
    (void)state;
    net n = begin("sgd lr=0.5 momentum=0.5", 1);
    const double first = step(&n, 0);
    for (int k = 1; k < 300; k++) step(&n, k);
    feed(&n, 0);
    assert_int_equal(tacet_forward(n.p, BATCH), TACET_OK);
    assert_true(fabs(first - log(KINDS)) < 0.5);
    if (!(tacet_data_loss(n.p) < 0.1)) fail_msg("from %g to %g", first, tacet_data_loss(n.p));
    end(&n);
}

static void any_number_of_threads(void **state)
{
    (void)state;
    float a[WEIGHTS], b[WEIGHTS];
    net n = begin("adam lr=0.01", 1), m = begin("adam lr=0.01", 3);
    for (int k = 0; k < 20; k++) assert_true(step(&n, k) == step(&m, k));
    weights(&n, a), weights(&m, b);
    assert_memory_equal(a, b, sizeof a);
    end(&n);
    end(&m);
}

/* The layer gets the number of classes of its input: in the shape rule, also when that is called again, and in its
 * calls. */
static void classes_reach_the_operator(void **state)
{
    (void)state;
    net n = begin("sgd lr=0.1", 1);
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    const tc_node node = tc_plan_node(n.p, tc_graph_index(n.g, "test_table1"));
    const tc_sketch s = tc_plan_sketch(n.p, &node, shape, batch);
    assert_int_equal(s.classes[0], TOKENS);
    assert_int_equal(s.param[0].dim[0], TOKENS);
    int calls = 0;
    for (int list = TC_TRAIN; list < TC_LISTS; list++)
        for (int i = 0; i < n.p->list[list].steps; i++) {
            const tc_work *w = tc_work_of(&n.p->list[list].step[i]);
            if (!w || w->call.op != node.op) continue;
            const tc_call *c = &w->call;
            assert_null(c->x[0].data);
            assert_non_null(c->x[0].ids);
            assert_int_equal(c->x[0].classes, TOKENS);
            assert_null(c->d[0]);
            calls++;
        }
    assert_int_equal(calls, 3);
    end(&n);
}

static double objective(net *n)
{
    feed(n, 1);
    assert_int_equal(tacet_forward(n->p, BATCH - 1), TACET_OK);
    return tacet_objective(n->p);
}

static void gradients_match_differences(void **state)
{
    (void)state;
    const float h = 1e-2f;
    float d[WEIGHTS], all[WEIGHTS], w[TOKENS * 4];
    net n = begin("sgd lr=0", 1);
    step(&n, 1);
    weights(&n, all);
    for (size_t i = 0, at = 0; i < 3; at += length[i++])
        assert_int_equal(tacet_read_gradient(n.p, parameter[i], d + at, length[i]), TACET_OK);
    for (size_t i = 0, at = 0; i < 3; at += length[i++]) {
        for (size_t j = 0; j < length[i]; j++) {
            double value[2];
            for (int up = 0; up < 2; up++) {
                memcpy(w, all + at, length[i] * sizeof *w);
                w[j] += up ? h : -h;
                assert_int_equal(tacet_write(n.p, parameter[i], w, length[i]), TACET_OK);
                value[up] = objective(&n);
            }
            const double slope = (value[1] - value[0]) / (2 * (double)h), got = (double)d[at + j];
            if (!(fabs(slope - got) < 1e-4)) fail_msg("%s[%zu]: %g, not %g", parameter[i], j, got, slope);
        }
        assert_int_equal(tacet_write(n.p, parameter[i], all + at, length[i]), TACET_OK);
    }
    end(&n);
}

static void bad_tokens_are_named(void **state)
{
    (void)state;
    uint8_t tokens[BATCH * LENGTH] = {0};
    int64_t target[BATCH * LENGTH] = {0};
    net n = begin("sgd lr=0.1", 1);
    tokens[2 * LENGTH + 3] = TOKENS;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tacet_feed(n.p, n.tokens, TACET_U8, tokens), TACET_OK);
        assert_int_equal(tacet_feed(n.p, n.target, TACET_I64, target), TACET_OK);
        assert_int_equal(tacet_step(n.p, BATCH), TACET_FAILED);
        assert_string_equal(tacet_plan_error(n.p)->message,
                            i ? "target: row 4, element 5 has the class index 7; the classes are 0 to 6"
                              : "tokens: row 2, element 3 has the class index 11; the classes are 0 to 10");
        tokens[2 * LENGTH + 3] = 0;
        target[4 * LENGTH + 5] = KINDS;
    }
    const tacet_value x = tacet_input(n.g, "x", 1, (int64_t[]){2});
    tacet_chain(n.g, x, "test_table 4");
    assert_non_null(
        strstr(tacet_graph_error(n.g)->message, "x holds float32 numbers, but test_table takes class indices"));
    assert_non_null(strstr(tacet_graph_error(n.g)->hint, "tacet_input_of"));
    end(&n);
    n.g = tacet_graph_new(NULL);
    tacet_chain(n.g, tacet_labels(n.g, "t"), "test_table 4");
    assert_non_null(strstr(tacet_graph_error(n.g)->message, "test_table 4 on t [batch]: needs class indices that say"));
    tacet_graph_free(n.g);
}

static tacet_file *opened(void)
{
    tacet_error why;
    tacet_file *f = tacet_file_open(path_of("file.safetensors"), NULL, &why);
    if (!f) fail_msg("%s", why.message);
    return f;
}

static void a_model_is_rebuilt(void **state)
{
    (void)state;
    tacet_error why;
    float a[BATCH * LENGTH * KINDS], b[BATCH * LENGTH * KINDS];
    net n = begin("sgd lr=0.1", 1), m = {0};
    for (int k = 0; k < 10; k++) step(&n, k);
    assert_int_equal(tacet_save(n.p, path_of("file.safetensors"), 0, NULL, &why), TACET_OK);
    tacet_file *f = opened();
    assert_string_equal(tacet_file_note(f, "tacet.input"), "tokens int32 11 6\ntarget labels 6");
    m.g = tacet_file_graph(f, NULL, &why);
    if (!m.g) fail_msg("%s", why.message);
    m.tokens = tacet_find(m.g, "tokens"), m.target = tacet_find(m.g, "target");
    compile(&m, NULL, 1);
    if (tacet_file_load(f, m.p, true, NULL, &why)) fail_msg("%s", why.message);
    assert_true(objective(&n) == objective(&m));
    assert_int_equal(tacet_read(n.p, "linear1", a, (BATCH - 1) * LENGTH * KINDS), TACET_OK);
    assert_int_equal(tacet_read(m.p, "linear1", b, (BATCH - 1) * LENGTH * KINDS), TACET_OK);
    assert_memory_equal(a, b, (BATCH - 1) * LENGTH * KINDS * sizeof *a);
    tacet_file_free(f);
    end(&n);
    end(&m);
}

static void a_run_is_resumed(void **state)
{
    (void)state;
    tacet_error why;
    float a[WEIGHTS], b[WEIGHTS];
    net n = begin("adam lr=0.01", 1), m = begin("adam lr=0.01", 1);
    for (int k = 0; k < 7; k++) step(&n, k);
    assert_int_equal(tacet_checkpoint(n.p, NULL, path_of("file.safetensors"), 0, NULL, &why), TACET_OK);
    tacet_file *f = opened();
    if (tacet_resume(m.p, NULL, f, &why)) fail_msg("%s", why.message);
    for (int k = 7; k < 15; k++) assert_true(step(&n, k) == step(&m, k));
    weights(&n, a), weights(&m, b);
    assert_memory_equal(a, b, sizeof a);
    tacet_file_free(f);
    end(&n);
    end(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns),
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(classes_reach_the_operator),
        cmocka_unit_test(gradients_match_differences),
        cmocka_unit_test(bad_tokens_are_named),
        cmocka_unit_test(a_model_is_rebuilt),
        cmocka_unit_test(a_run_is_resumed),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
