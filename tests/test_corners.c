/* test_corners.c: descriptions that are allowed but rare (one value read twice, a layer after a parameter, a penalty on
 * an input), and calls at the wrong moment. */
#include "cmocka_all.h"

#include "tacet/tacet.h"

#include <math.h>
#include <string.h>

enum { IN = 3 };

static const float numbers[2 * IN] = {1, -2, 3, 0.5f, 4, -1};

static tacet_plan *compile(tacet_graph *g, int64_t batch, const char *optimizer)
{
    tacet_error why;
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = batch, .optimizer = optimizer}, &why);
    if (!p) fail_msg("%s", why.message);
    return p;
}

static void refused(tacet_graph *g, const tacet_config *config, const char *part)
{
    tacet_error why;
    tacet_plan *p = tacet_compile(g, config, &why);
    if (p || !strstr(why.message, part)) fail_msg("\"%s\" is not in: %s", part, p ? "no error" : why.message);
}

static void step(tacet_plan *p, tacet_value x, int64_t rows)
{
    assert_int_equal(tacet_feed(p, x, TACET_F32, numbers), TACET_OK);
    if (tacet_step(p, rows)) fail_msg("%s", tacet_plan_error(p)->message);
}

static tacet_graph *with_input(tacet_value *x)
{
    tacet_graph *g = tacet_graph_new(NULL);
    *x = tacet_input(g, "x", 1, (int64_t[]){IN});
    return g;
}

/* If a step reads one value twice, both gradients count. */
static void a_value_may_be_read_twice(void **state)
{
    (void)state;
    tacet_value x;
    float d[IN];
    tacet_graph *g = with_input(&x);
    tacet_chain(g, x, "add x");
    tacet_penalize(g, "add1", "l2 1 reduce=sum");
    tacet_loss(g, "bce_with_logits reduce=sum", x, x);
    tacet_keep_gradient(g, "x");
    tacet_plan *p = compile(g, 1, "sgd lr=0");
    step(p, x, 1);
    assert_int_equal(tacet_read_gradient(p, "x", d, IN), TACET_OK);
    for (int i = 0; i < IN; i++) {
        const double v = (double)numbers[i]; /* (2 v)^2, and the loss with v for both its logit and its target */
        assert_float_equal(d[i], (float)(6 * v + 1 / (1 + exp(-v))), 1e-5);
    }
    tacet_plan_free(p);
    tacet_graph_free(g);
}

/* The gradient of a frozen weight, if it is kept, has the same layout as that of a trained one. */
static void a_kept_gradient_of_a_frozen_weight(void **state)
{
    (void)state;
    float d[2][2 * IN];
    for (int frozen = 0; frozen < 2; frozen++) {
        tacet_value x;
        tacet_graph *g = with_input(&x);
        tacet_chain(g, x, "linear 2 | linear 2");
        tacet_penalize(g, "linear2", "l2 1");
        if (frozen) tacet_options(g, "linear1.weight", "frozen");
        tacet_keep_gradient(g, "linear1.weight");
        tacet_plan *p = compile(g, 2, "sgd lr=0");
        step(p, x, 2);
        assert_int_equal(tacet_read_gradient(p, "linear1.weight", d[frozen], 2 * IN), TACET_OK);
        tacet_plan_free(p);
        tacet_graph_free(g);
    }
    assert_memory_equal(d[0], d[1], sizeof d[0]);
}

static void a_layer_may_read_a_parameter(void **state)
{
    (void)state;
    tacet_value x;
    tacet_value_info info = {.size = sizeof info};
    tacet_graph *g = with_input(&x);
    tacet_chain(g, x, "linear 2 | from linear1.weight | relu");
    tacet_penalize(g, "relu1", "l1 1");
    tacet_plan *p = compile(g, 2, NULL);
    assert_int_equal(tacet_write(p, "linear1.weight", numbers, 2 * IN), TACET_OK);
    tacet_feed(p, x, TACET_F32, numbers);
    assert_int_equal(tacet_forward(p, 2), TACET_OK);
    assert_float_equal((float)tacet_term_value(p, "relu1:l1"), 8.5f, 1e-6);
    assert_int_equal(tacet_value_at(p, tacet_find(g, "relu1").id - 1, &info), TACET_OK);
    assert_float_equal((float)info.density, 4.0f / 6, 1e-6); /* counted once, whatever the number of rows */
    tacet_plan_free(p);
    /* Users see a weight transposed, which matters to every operator that is not elementwise. */
    tacet_chain(g, x, "from linear1.weight | softmax");
    refused(g, &(tacet_config){TACET_CONFIG}, "is a weight");
    tacet_graph_free(g);
}

static void sizes_are_checked(void **state)
{
    (void)state;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){INT64_C(1) << 32}), "relu");
    refused(g, &(tacet_config){TACET_CONFIG, .batch = INT64_C(1) << 31}, "too large for x");
    tacet_graph_free(g);
}

static void schedules_are_checked(void **state)
{
    (void)state;
    tacet_value x;
    tacet_graph *g = with_input(&x);
    tacet_chain(g, x, "linear 2");
    refused(g, &(tacet_config){TACET_CONFIG, .optimizer = "sgd lr=0.1 schedule=step"}, "every");
    refused(g, &(tacet_config){TACET_CONFIG, .optimizer = "sgd lr=0.1 warmup=-1"}, "warmup");
    refused(g, &(tacet_config){TACET_CONFIG, .optimizer = "sgd lr=0.1 schedule=cosine"}, "epochs");
    tacet_graph_free(g);
}

/* Results of an earlier run that are still in a plan's memory are never returned as those of the last one. */
static void nothing_stale_is_read(void **state)
{
    (void)state;
    tacet_value x;
    float out[2 * IN];
    tacet_graph *g = with_input(&x);
    tacet_value labels = tacet_labels(g, "labels"), target = tacet_input(g, "target", 1, (int64_t[]){2});
    tacet_value y = tacet_chain(g, x, "linear 2");
    tacet_loss(g, "cross_entropy", y, labels);
    tacet_loss(g, "mse", y, target);
    tacet_plan *p = compile(g, 2, "sgd lr=0.1");
    for (int32_t bad = 0; bad < 2; bad++) {
        tacet_feed(p, x, TACET_F32, numbers);
        tacet_feed(p, target, TACET_F32, numbers);
        tacet_feed(p, labels, TACET_I32, (int32_t[]){0, bad * 7});
        assert_int_equal(tacet_step(p, 2), bad ? TACET_FAILED : TACET_OK);
        assert_int_equal(tacet_read(p, "linear1", out, 4), bad ? TACET_FAILED : TACET_OK);
    }
    tacet_feed(p, x, TACET_F32, numbers);
    assert_int_equal(tacet_forward(p, 2), TACET_OK);
    assert_int_equal(tacet_read(p, "x", out, 2 * IN), TACET_OK);
    assert_int_equal(tacet_read(p, "target", out, 4), TACET_FAILED);
    tacet_plan_free(p);
    tacet_graph_free(g);
}

/* Whole numbers of any type; none is truncated to 32 bits. */
static void labels_are_checked_before_conversion(void **state)
{
    (void)state;
    const struct {
        tacet_type type;
        const void *from;
        tacet_status status;
    } kase[] = {{TACET_U8, (const uint8_t[]){9, 1}, TACET_OK},
                {TACET_I32, (const int32_t[]){9, 1}, TACET_OK},
                {TACET_I64, (const int64_t[]){9, 1}, TACET_OK},
                {TACET_U8, (const uint8_t[]){9, 2}, TACET_FAILED},
                {TACET_I32, (const int32_t[]){9, -1}, TACET_FAILED},
                {TACET_I64, (const int64_t[]){9, (INT64_C(1) << 32) + 1}, TACET_FAILED}};
    tacet_value x;
    tacet_graph *g = with_input(&x);
    tacet_value labels = tacet_labels(g, "labels");
    tacet_loss(g, "cross_entropy", tacet_chain(g, x, "linear 2 init=zeros"), labels);
    tacet_plan *p = compile(g, 1, "sgd lr=1");
    for (size_t i = 0; i < sizeof kase / sizeof *kase; i++) {
        tacet_feed(p, x, TACET_F32, numbers);
        tacet_feed_rows(p, labels, kase[i].type, kase[i].from, 1, (const int64_t[]){1}, NULL);
        assert_int_equal(tacet_step(p, 1), kase[i].status);
        if (i == 0) assert_float_equal((float)tacet_objective(p), logf(2), 1e-6);
    }
    assert_int_equal(tacet_feed(p, labels, TACET_F32, numbers), TACET_FAILED);
    tacet_plan_free(p);
    tacet_graph_free(g);
}

/* A statement is one line in a model's file, however much white space it had. */
static void statements_are_lines(void **state)
{
    (void)state;
    tacet_value x;
    char text[64];
    tacet_graph *g = with_input(&x);
    tacet_penalize(g, "x", "l1\r\n1e-4");
    tacet_graph_text(g, "penalties", text, sizeof text);
    assert_string_equal(text, "x: l1  1e-4");
    tacet_penalize(g, "x", "l2 1 name=\"a\nb\"");
    assert_non_null(strstr(tacet_graph_error(g)->message, "one line"));
    tacet_graph_free(g);
}

/* A penalty is on the values that existed when it was described, and its text says so however the graph grows later. */
static void a_selector_matches_existing_values(void **state)
{
    (void)state;
    tacet_value x;
    char text[64];
    tacet_graph *g = with_input(&x);
    tacet_value y = tacet_chain(g, x, "relu | relu");
    tacet_penalize(g, "relu*", "l1 1");
    tacet_graph_text(g, "penalties", text, sizeof text);
    assert_string_equal(text, "relu*: l1 1");
    tacet_chain(g, y, "relu");
    tacet_graph_text(g, "penalties", text, sizeof text);
    assert_string_equal(text, "relu1: l1 1\nrelu2: l1 1");
    tacet_graph_free(g);
}

/* A stage that is too long is refused, not truncated. */
static void long_stages_are_refused(void **state)
{
    (void)state;
    tacet_value x;
    char chain[6000] = "linear 4";
    tacet_graph *g = with_input(&x);
    memset(chain + 8, ' ', 5000);
    memcpy(chain + 5008, "bogus", 6);
    assert_int_equal(tacet_chain(g, x, chain).id, 0);
    assert_non_null(tacet_graph_error(g));
    tacet_graph_free(g);
}

/* All calls accept the graph that could not be allocated. */
static void no_graph_is_no_memory(void **state)
{
    (void)state;
    tacet_value x = tacet_input(NULL, "x", 1, (int64_t[]){IN});
    tacet_loss(NULL, "mse", tacet_chain(NULL, x, "linear 2"), tacet_labels(NULL, "t"));
    tacet_penalize(NULL, "x", "l1 1");
    tacet_options(NULL, "x", "frozen");
    tacet_keep(NULL, "x");
    tacet_keep_gradient(NULL, "x");
    assert_int_equal(tacet_find(NULL, "x").id, 0);
    assert_int_equal(tacet_graph_text(NULL, "model", (char[8]){0}, 8), 0);
    assert_int_equal(tacet_graph_error(NULL)->status, TACET_MEMORY);
    tacet_error why;
    assert_null(tacet_compile(NULL, &(tacet_config){TACET_CONFIG}, &why));
    assert_int_equal(why.status, TACET_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_may_be_read_twice),
        cmocka_unit_test(a_kept_gradient_of_a_frozen_weight),
        cmocka_unit_test(a_layer_may_read_a_parameter),
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(schedules_are_checked),
        cmocka_unit_test(nothing_stale_is_read),
        cmocka_unit_test(labels_are_checked_before_conversion),
        cmocka_unit_test(statements_are_lines),
        cmocka_unit_test(a_selector_matches_existing_values),
        cmocka_unit_test(long_stages_are_refused),
        cmocka_unit_test(no_graph_is_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
