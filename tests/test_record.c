/* Records: what a plan writes as JSON has the figures that its other calls give, needs no memory, and is cut off as snprintf
 * cuts. That the program's files are made of them is in its own tests. */
#include "cmocka_all.h"

#include "base/json.h"
#include "failing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 12, IN = 3, ROOM = 1 << 14 };

typedef struct run {
    failing memory;
    tacet_memory hook;
    tacet_graph *g;
    tacet_plan *p;
    tacet_value x, target, y;
    float data[ROWS * IN];
    int32_t label[ROWS];
} run;

static void feed(run *r)
{
    assert_int_equal(tacet_feed(r->p, r->x, TACET_F32, r->data), TACET_OK);
    assert_int_equal(tacet_feed(r->p, r->target, TACET_I32, r->label), TACET_OK);
}

/* Three steps, then an evaluation. */
static int begin(void **state)
{
    static run r;
    tacet_error why = {0};
    tacet_result result = {.size = sizeof result};
    r.hook = failing_memory(&r.memory);
    r.g = tacet_graph_new(&r.hook);
    r.x = tacet_input(r.g, "x", 1, (int64_t[]){IN});
    r.target = tacet_labels(r.g, "target");
    r.y = tacet_chain(r.g, r.x, "linear 4 | relu | linear 3 | linear 4 weight=linear2.weight transposed | linear 3");
    tacet_loss(r.g, "cross_entropy", r.y, r.target);
    tacet_penalize(r.g, "relu1", "l1 50");
    tacet_penalize(r.g, "linear1.*", "norm 1e-3 joint");
    tacet_options(r.g, "linear1.bias", "frozen");
    r.p = tacet_compile(r.g,
                        &(tacet_config){TACET_CONFIG, .batch = ROWS, .optimizer = "sgd lr=0.5", .ledger = 1,
                                        .metrics = "f1, confusion"},
                        &why);
    if (!r.p) return print_error("%s\n", why.message), 1;
    for (int i = 0; i < ROWS * IN; i++) r.data[i] = (float)(i * 7 % 5) - 1;
    for (int i = 0; i < ROWS; i++) r.label[i] = i % 3;
    for (int i = 0; i < 3; i++) {
        feed(&r);
        if (tacet_step(r.p, ROWS) != TACET_OK) return 1;
    }
    *state = &r;
    feed(&r);
    tacet_evaluate_begin(r.p, r.target, r.y);
    if (tacet_evaluate_batch(r.p, ROWS) != TACET_OK) return 1;
    return tacet_evaluate_end(r.p, &result) != TACET_OK;
}

static int end(void **state)
{
    run *r = *state;
    tacet_plan_free(r->p);
    tacet_graph_free(r->g);
    return r->memory.alive != 0;
}

/* A record, parsed; to be freed. */
static tc_json *record(run *r, const char *what, const tacet_stamp *stamp)
{
    static char text[ROOM];
    const tc_mem m = tc_mem_of(NULL);
    tc_json_error why;
    const int64_t calls = r->memory.calls;
    const size_t n = tacet_record(r->p, what, stamp, text, sizeof text);
    assert_int_equal(r->memory.calls, calls); /* it needs no memory */
    assert_true(n > 2 && n < sizeof text && strlen(text) == n && !strchr(text, '\n'));
    tc_json *j = tc_json_read(&m, text, n, &why);
    if (!j) fail_msg("%s: %s", what, why.text);
    return j;
}

static double number(const tc_json *j, const char *key) { return tc_json_number(tc_json_get(j, key)); }

static const char *text(const tc_json *j, const char *key)
{
    const char *t = tc_json_text(tc_json_get(j, key));
    return t ? t : "";
}

/* The keys of an object in their order, "a b c". */
static const char *keys(const tc_json *j)
{
    static char to[400];
    size_t i;
    const tc_json *member;
    *to = '\0';
    tc_json_each(j, i, member) strcat(strcat(to, i ? " " : ""), member->key);
    return to;
}

static void a_step(void **state)
{
    run *r = *state;
    feed(r);
    assert_int_equal(tacet_step(r->p, ROWS), TACET_OK);
    const tacet_stamp stamp = {.size = sizeof stamp, .epoch = 2, .best_epoch = 1, .seconds = 1};
    tc_json *j = record(r, "step", &stamp);
    assert_string_equal(keys(j), "step epoch objective data_loss gradient_norm learning_rate terms");
    assert_true(number(j, "step") == 4 && number(j, "epoch") == 2 && number(j, "learning_rate") == 0.5);
    assert_true(number(j, "objective") == tacet_objective(r->p) && number(j, "data_loss") == tacet_data_loss(r->p));
    assert_true(number(j, "gradient_norm") == tacet_gradient_norm(r->p));
    const tc_json *terms = tc_json_get(j, "terms"), *t = tc_json_at(terms, 0);
    assert_int_equal(tc_json_size(terms), 2); /* not the loss */
    assert_string_equal(keys(t), "on kind lambda value");
    assert_string_equal(text(t, "on"), "relu1");
    assert_true(number(t, "value") == tacet_term_value(r->p, "relu1:l1") && number(t, "lambda") == 50);
    free(j);
    j = record(r, "step", NULL);
    assert_string_equal(keys(j), "step objective data_loss gradient_norm learning_rate terms");
    free(j);
}

static void an_epoch(void **state)
{
    run *r = *state;
    tacet_total total = {.size = sizeof total};
    tacet_firing f = {.size = sizeof f};
    tacet_stamp stamp = {.size = sizeof stamp, .epoch = 3, .best_epoch = 2, .seconds = 0.25, .step_us = 7};
    tacet_ledger_total(r->p, &total);
    tacet_firing_at(r->p, tacet_find(r->g, "relu1").id - 1, true, &f);
    tc_json *j = record(r, "epoch", &stamp);
    assert_string_equal(keys(j),
                        "epoch step objective data_loss learning_rate accuracy f1 f1_by_class confusion terms layers "
                        "warnings best_epoch seconds");
    assert_true(number(j, "objective") == total.objective && number(j, "data_loss") == total.data_loss);
    assert_true(number(j, "epoch") == 3 && number(j, "best_epoch") == 2 && number(j, "seconds") == 0.25);
    assert_true(f.dead > 0);
    const tc_json *layer = tc_json_at(tc_json_get(j, "layers"), 0), *dead = tc_json_get(layer, "dead_units");
    assert_string_equal(text(layer, "name"), "relu1");
    assert_true(number(layer, "density") == f.density && (int64_t)tc_json_size(dead) == f.dead);
    int64_t unit[8];
    assert_true(tacet_dead_units(r->p, tacet_find(r->g, "relu1").id - 1, true, unit, 8) == tc_json_size(dead));
    for (size_t i = 0; i < tc_json_size(dead); i++) assert_true(tc_json_number(tc_json_at(dead, i)) == (double)unit[i]);
    assert_string_equal(text(tc_json_at(tc_json_get(j, "terms"), 0), "name"), "relu1:l1");
    free(j);
    stamp.validated = true;
    j = record(r, "epoch", &stamp);
    assert_string_equal(keys(tc_json_get(j, "validation")),
                        "accuracy f1 f1_by_class confusion data_loss objective terms layers");
    free(j);
}

static void an_evaluation(void **state)
{
    run *r = *state;
    const tacet_stamp stamp = {.size = sizeof stamp, .best_epoch = 2, .step_us = 7};
    tacet_metric m = {.size = sizeof m};
    tacet_metric_at(r->p, 1, false, &m);
    tc_json *j = record(r, "evaluation", NULL);
    assert_string_equal(keys(j), "accuracy f1 f1_by_class confusion data_loss objective terms layers");
    assert_string_equal(m.name, "f1");
    assert_true(number(j, "f1") == m.value && number(j, "objective") == tacet_objective(r->p));
    assert_null(tc_json_get(tc_json_at(tc_json_get(j, "layers"), 0), "training"));
    free(j);
    j = record(r, "figures", &stamp);
    assert_string_equal(keys(j),
                        "accuracy f1 f1_by_class confusion data_loss objective best_epoch step_us terms layers");
    assert_non_null(tc_json_get(tc_json_at(tc_json_get(j, "layers"), 0), "training"));
    assert_non_null(tc_json_get(tc_json_at(tc_json_get(j, "terms"), 0), "training"));
    free(j);
}

static void what_the_network_is(void **state)
{
    run *r = *state;
    static const struct {
        const char *name, *kind, *shape, *uses, *penalties;
        int parameters, frozen;
    } expected[] = {
        {"x", "input", "3", "", "", 0, 0},
        {"target", "labels", "1", "", "", 0, 0},
        {"linear1", "linear", "4", "", "weight: norm 1e-3 joint; bias: norm 1e-3 joint", 16, 4},
        {"relu1", "relu", "4", "", "l1 50", 0, 0},
        {"linear2", "linear", "3", "", "", 15, 0},
        {"linear3", "linear", "4", "linear2.weight", "", 4, 0},
        {"linear4", "linear", "3", "", "", 15, 0},
    };
    tc_json *j = record(r, "network", NULL);
    const tc_json *list = tc_json_get(j, "network");
    assert_int_equal(tc_json_size(list), sizeof expected / sizeof *expected);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const tc_json *l = tc_json_at(list, i);
        assert_string_equal(text(l, "name"), expected[i].name);
        assert_string_equal(text(l, "kind"), expected[i].kind);
        assert_string_equal(text(l, "shape"), expected[i].shape);
        assert_string_equal(text(l, "uses"), expected[i].uses);
        assert_string_equal(text(l, "penalties"), expected[i].penalties);
        assert_true(number(l, "parameters") == expected[i].parameters && number(l, "frozen") == expected[i].frozen);
    }
    free(j);
    j = record(r, "metrics", NULL);
    list = tc_json_get(j, "metrics");
    assert_int_equal(tc_json_size(list), 3);
    assert_string_equal(text(tc_json_at(list, 1), "name"), "f1");
    assert_true(number(tc_json_at(list, 1), "better") == 1 && number(tc_json_at(list, 2), "by") == 2);
    free(j);
}

static void text_is_cut_as_by_snprintf(void **state)
{
    run *r = *state;
    char whole[ROOM], part[ROOM];
    const size_t n = tacet_record(r->p, "epoch", NULL, whole, sizeof whole);
    assert_int_equal(tacet_record(r->p, "epoch", NULL, NULL, 0), n);
    for (size_t room = 1; room <= n + 1; room++) {
        memset(part, '#', sizeof part);
        assert_int_equal(tacet_record(r->p, "epoch", NULL, part, room), n);
        assert_true(memcmp(part, whole, room - 1) == 0 && part[room - 1] == '\0' && part[room] == '#');
    }
}

static void other_records_are_refused(void **state)
{
    run *r = *state;
    char to[8] = "same";
    assert_int_equal(tacet_record(r->p, "epochs", NULL, to, sizeof to), 0);
    assert_string_equal(tacet_plan_error(r->p)->message, "a plan has no record \"epochs\"");
    assert_string_equal(tacet_plan_error(r->p)->hint, "did you mean epoch?");
    assert_int_equal(tacet_record(r->p, "step", &(tacet_stamp){.epoch = 1}, to, sizeof to), 0);
    assert_non_null(strstr(tacet_plan_error(r->p)->message, "tacet_stamp.size is 0"));
}

/* A plan that only evaluates has records too, with what is not known left out or null. */
static void without_training(void **state)
{
    run *r = *state;
    run other = {.hook = r->hook, .g = r->g};
    other.p = tacet_compile(r->g, &(tacet_config){TACET_CONFIG, .batch = ROWS}, NULL);
    assert_non_null(other.p);
    for (const char *const *what =
             (const char *const[]){"step", "epoch", "evaluation", "figures", "network", "metrics", NULL};
         *what; what++)
        free(record(&other, *what, NULL));
    tc_json *j = record(&other, "evaluation", NULL);
    assert_int_equal(tc_json_get(j, "objective")->kind, TC_JSON_NULL);
    assert_true(isnan(number(j, "objective")));
    free(j);
    j = record(&other, "epoch", NULL);
    assert_int_equal(tc_json_size(tc_json_get(j, "warnings")), 0);
    free(j);
    j = record(&other, "step", &(tacet_stamp){.size = sizeof(tacet_stamp), .epoch = INT64_MAX});
    assert_true(number(j, "epoch") == 0x1p63);
    free(j);
    tacet_plan_free(other.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_evaluation),
        cmocka_unit_test(a_step),
        cmocka_unit_test(an_epoch),
        cmocka_unit_test(what_the_network_is),
        cmocka_unit_test(text_is_cut_as_by_snprintf),
        cmocka_unit_test(other_records_are_refused),
        cmocka_unit_test(without_training),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
