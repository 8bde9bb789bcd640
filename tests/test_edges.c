/* test_edges.c: what a plan reports about its graph: the inputs of each value, the owner of a parameter, the values of
 * a term. */
#include "cmocka_all.h"

#include "tacet/tacet.h"

#include <stdio.h>
#include <string.h>

/* The names of a list of values, "x w b". */
static const char *names(const tacet_plan *p, int i, tacet_value (*at)(const tacet_plan *p, int i, int k))
{
    static char text[256];
    tacet_value_info v = {.size = sizeof v};
    size_t n = 0;
    text[0] = '\0';
    for (int k = 0; at(p, i, k).id; k++) {
        assert_int_equal(tacet_value_at(p, at(p, i, k).id - 1, &v), TACET_OK);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", k ? " " : "", v.name);
    }
    for (int k = -3; k < 0; k++) assert_int_equal(at(p, i, k).id, 0);
    return text;
}

static tacet_plan *compiled(tacet_graph *g)
{
    tacet_error why;
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 4, .optimizer = "sgd lr=0.1"}, &why);
    if (!p) fail_msg("%s", why.message);
    return p;
}

static tacet_graph *described(void)
{
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){6}), target = tacet_labels(g, "target");
    tacet_input_of(g, "kind", TACET_I32, 3, 0, NULL);
    const tacet_value y = tacet_chain(g, x,
                                      "linear 6 bias=false | jump_relu | linear 6 weight=linear1.weight | add "
                                      "linear1 | linear 3 name=head");
    tacet_loss(g, "cross_entropy", y, target);
    tacet_penalize(g, "jump_relu1", "l0 0.1");
    tacet_penalize(g, "linear*.weight", "l1 0.1 joint");
    tacet_penalize(g, "head.*", "l2 0.5 reduce=mean");
    tacet_penalize(g, "*.weight", "max_norm 2");
    return g;
}

static void values_have_inputs_and_owners(void **state)
{
    (void)state;
    static const struct {
        const char *name, *inputs, *owner;
        tacet_role role;
    } are[] = {
        {"x", "", NULL, TACET_ROLE_INPUT},
        {"target", "", NULL, TACET_ROLE_LABELS},
        {"kind", "", NULL, TACET_ROLE_INPUT},
        {"linear1", "x linear1.weight", NULL, TACET_ROLE_LAYER},
        {"linear1.weight", "", "linear1", TACET_ROLE_PARAMETER},
        {"jump_relu1", "linear1 jump_relu1.theta", NULL, TACET_ROLE_LAYER},
        {"jump_relu1.theta", "", "jump_relu1", TACET_ROLE_PARAMETER},
        {"linear2", "jump_relu1 linear1.weight linear2.bias", NULL, TACET_ROLE_LAYER},
        {"linear2.bias", "", "linear2", TACET_ROLE_PARAMETER},
        {"add1", "linear2 linear1", NULL, TACET_ROLE_LAYER},
        {"head", "add1 head.weight head.bias", NULL, TACET_ROLE_LAYER},
        {"head.weight", "", "head", TACET_ROLE_PARAMETER},
        {"head.bias", "", "head", TACET_ROLE_PARAMETER},
    };
    tacet_graph *g = described();
    tacet_plan *p = compiled(g);
    assert_int_equal(tacet_value_count(p), sizeof are / sizeof *are);
    for (size_t i = 0; i < sizeof are / sizeof *are; i++) {
        tacet_value_info v = {.size = sizeof v}, owner = {.size = sizeof owner};
        const int at = tacet_find(g, are[i].name).id - 1;
        assert_int_equal(tacet_value_at(p, at, &v), TACET_OK);
        assert_string_equal(v.name, are[i].name);
        assert_int_equal(v.value.id, at + 1);
        assert_int_equal(v.role, are[i].role);
        assert_string_equal(names(p, at, tacet_value_input), are[i].inputs);
        assert_int_equal(tacet_value_at(p, v.owner.id - 1, &owner) == TACET_OK, are[i].owner != NULL);
        if (are[i].owner) assert_string_equal(owner.name, are[i].owner);
        if (v.role != TACET_ROLE_LAYER) assert_string_equal(v.kind, tacet_role_name(v.role));
    }
    assert_string_equal(names(p, -1, tacet_value_input), "");
    assert_string_equal(names(p, tacet_value_count(p), tacet_value_input), "");
    tacet_plan_free(p);
    tacet_graph_free(g);
}

static void terms_are_on_values(void **state)
{
    (void)state;
    static const struct {
        const char *name, *on, *spec;
        tacet_role role;
    } are[] = {
        {"head:cross_entropy", "head target", "cross_entropy", TACET_ROLE_LOSS},
        {"jump_relu1:l0", "jump_relu1", "l0 0.1", TACET_ROLE_PENALTY},
        {"linear*.weight:l1", "linear1.weight", "l1 0.1 joint", TACET_ROLE_PENALTY},
        {"head.weight:l2", "head.weight", "l2 0.5 reduce=mean", TACET_ROLE_PENALTY},
        {"head.bias:l2", "head.bias", "l2 0.5 reduce=mean", TACET_ROLE_PENALTY},
        {"linear1.weight:max_norm", "linear1.weight", "max_norm 2", TACET_ROLE_CONSTRAINT},
        {"head.weight:max_norm", "head.weight", "max_norm 2", TACET_ROLE_CONSTRAINT},
        {"*1:all", "linear1 jump_relu1 add1", "l2 1 joint name=all", TACET_ROLE_PENALTY},
    };
    enum { TERMS = sizeof are / sizeof *are };
    tacet_graph *g = described();
    tacet_penalize(g, "*1", "l2 1 joint name=all");
    tacet_plan *p = compiled(g);
    assert_int_equal(tacet_term_count(p), TERMS);
    for (int i = 0; i < TERMS; i++) {
        tacet_term t = {.size = sizeof t};
        assert_int_equal(tacet_term_at(p, i, &t), TACET_OK);
        assert_string_equal(t.name, are[i].name);
        assert_string_equal(t.spec, are[i].spec);
        assert_int_equal(t.role, are[i].role);
        assert_string_equal(names(p, i, tacet_term_on), are[i].on);
    }
    assert_string_equal(names(p, -1, tacet_term_on), "");
    assert_string_equal(names(p, TERMS, tacet_term_on), "");
    tacet_plan_free(p);
    tacet_graph_free(g);
}

/* A plan reports the graph as it was when it was compiled, even if the graph grows later. */
static void edges_outlive_the_graph(void **state)
{
    (void)state;
    tacet_graph *g = described();
    tacet_plan *p = compiled(g);
    const int head = tacet_find(g, "head").id - 1, values = tacet_value_count(p);
    for (int k = 0; k < 100; k++) tacet_chain(g, tacet_find(g, "head"), "relu | linear 3");
    assert_null(tacet_graph_error(g));
    tacet_graph_free(g);
    assert_string_equal(names(p, head, tacet_value_input), "add1 head.weight head.bias");
    assert_string_equal(names(p, values, tacet_value_input), "");
    tacet_plan_free(p);
}

/* The number of rows that tacet_read returns. */
static void rows_are_those_of_the_last_run(void **state)
{
    (void)state;
    static const float data[4 * 6];
    float y[4 * 3];
    tacet_graph *g = described();
    tacet_plan *p = compiled(g);
    const tacet_value x = tacet_find(g, "x"), target = tacet_find(g, "target");
    assert_int_equal(tacet_rows(p), 0);
    for (int rows = 1; rows <= 4; rows++) {
        tacet_feed(p, x, TACET_F32, data);
        assert_int_equal(tacet_forward(p, rows), TACET_OK);
        assert_int_equal(tacet_rows(p), rows);
        assert_int_equal(tacet_read(p, "head", y, (size_t)tacet_rows(p) * 3), TACET_OK);
    }
    tacet_feed(p, x, TACET_F32, data), tacet_feed(p, target, TACET_I32, (int32_t[]){0, 1});
    assert_int_equal(tacet_step(p, 2), TACET_OK);
    assert_int_equal(tacet_rows(p), 2);
    assert_int_equal(tacet_step(p, 2), TACET_FAILED); /* nothing was fed */
    assert_int_equal(tacet_rows(p), 0);
    tacet_plan_free(p);
    tacet_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_inputs_and_owners),
        cmocka_unit_test(terms_are_on_values),
        cmocka_unit_test(edges_outlive_the_graph),
        cmocka_unit_test(rows_are_those_of_the_last_run),
    };
    return cmocka_run_group_tests_name("edges", tests, NULL, NULL);
}
