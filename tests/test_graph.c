/* test_graph.c: descriptions. Names, selectors, what is refused and with which message, the text that rebuilds a graph,
 * and every allocation failing in turn. */
#include "cmocka_all.h"

#include "failing.h"
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

static tacet_graph *with_input(tacet_value *x)
{
    tacet_graph *g = tacet_graph_new(NULL);
    assert_non_null(g);
    *x = tacet_input(g, "x", 1, (int64_t[]){6});
    return g;
}

static void names_are_numbered_by_kind(void **state)
{
    (void)state;
    tacet_value x;
    tacet_graph *g = with_input(&x);
    tacet_chain(g, x, "linear 5 | relu | linear 4 name=code | relu | linear 3 bias=false | from relu1 | linear 2");
    assert_null(tacet_graph_error(g));
    static const char *const there[] = {"x", "linear1", "linear1.weight", "linear1.bias", "relu1", "code", "code.weight",
                                        "code.bias", "relu2", "linear3", "linear3.weight", "linear4", "linear4.bias"};
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        if (!tacet_find(g, there[i]).id) fail_msg("no %s", there[i]);
    assert_int_equal(tacet_find(g, "linear2").id, 0);
    assert_int_equal(tacet_find(g, "linear3.bias").id, 0);
    tacet_graph_free(g);
}

/* A network with names like those of PyTorch's modules. */
static tacet_graph *nested(void)
{
    tacet_value x;
    tacet_graph *g = with_input(&x);
    tacet_chain(g, x,
                "linear 6 name=0 | relu | linear 6 name=layer1.0.conv1 | relu name=layer1.0.relu | add 0 | "
                "linear 6 name=layer1.1.conv1 weight=0.weight bias=0.bias | linear 3 name=layer1 | "
                "from layer1.0.relu | jump_relu theta=0.1 name=1 | jump_relu name=2 theta=1.theta");
    if (tacet_graph_error(g)) fail_msg("%s", tacet_graph_error(g)->message);
    return g;
}

/* The values that each selector matches, in order. */
static void a_star_matches_dots_of_layers_but_not_of_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *selector, *values;
    } cases[] = {
        {"linear*", ""},
        {"*", " x 0 relu1 layer1.0.conv1 layer1.0.relu add1 layer1.1.conv1 layer1 1 2"},
        {"*.weight", " 0.weight layer1.0.conv1.weight layer1.weight"},
        {"*.*", " 0.weight 0.bias layer1.0.conv1 layer1.0.conv1.weight layer1.0.conv1.bias layer1.0.relu layer1.1.conv1 "
                "layer1.weight layer1.bias 1.theta"},
        {"0.*", " 0.weight 0.bias"},
        {"0", " 0"},
        {"[0-2]", " 0 1 2"},
        {"layer1", " layer1"},
        {"layer1*", " layer1.0.conv1 layer1.0.relu layer1.1.conv1 layer1"},
        {"layer1.*", " layer1.0.conv1 layer1.0.relu layer1.1.conv1 layer1.weight layer1.bias"},
        {"layer1.*.weight", " layer1.0.conv1.weight"},
        {"layer?.weight", " layer1.weight"},
        {"layer1?0?conv1", " layer1.0.conv1"},
        {"layer1.0?conv1.bias", " layer1.0.conv1.bias"},
        {"layer1.*.conv1", " layer1.0.conv1 layer1.1.conv1"},
        {"*.relu", " layer1.0.relu"},
        {"*weight", ""},
        {"layer1/weight", ""},
        {"layer1[.]weight", ""},
        {"layer1.0.conv1*", " layer1.0.conv1"},
    };
    tacet_graph *g = nested();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char all[512] = "";
        for (int v = 0; v < g->values; v++)
            if (tacet_matches(g, cases[i].selector, (tacet_value){v + 1}))
                strcat(strcat(all, " "), g->value[v].name);
        if (strcmp(all, cases[i].values) != 0) fail_msg("%s matches%s", cases[i].selector, all);
    }
    assert_false(tacet_matches(g, "*", (tacet_value){0}));
    assert_false(tacet_matches(g, "*", (tacet_value){g->values + 1}));
    tacet_labels(g, "target");
    assert_false(tacet_matches(g, "target", tacet_find(g, "target")));
    tacet_graph_free(g);
}

static void names_have_segments(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool good;
    } cases[] = {
        {"0", true},   {"a", true},    {"_", true},   {"0.1", true}, {"layer1.0.conv1", true}, {"A_1.b", true},
        {"", false},   {".", false},   {".a", false}, {"a.", false}, {"a..b", false},          {"a-b", false},
        {"a b", false}, {"a/b", false}, {"a:b", false}, {"*", false},  {"\xe9t\xe9", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tacet_graph *g = tacet_graph_new(NULL);
        const tacet_value x = tacet_input(g, cases[i].name, 1, (int64_t[]){2});
        if ((x.id != 0) != cases[i].good) fail_msg("\"%s\"", cases[i].name);
        if (x.id)
            assert_int_equal(tacet_find(g, cases[i].name).id, x.id);
        else
            assert_non_null(strstr(tacet_graph_error(g)->message, "cannot be a name"));
        tacet_graph_free(g);
    }
    char name[TC_MAX_NAME + 2] = "";
    for (int n = TC_MAX_NAME; n <= TC_MAX_NAME + 1; n++) {
        tacet_graph *g = tacet_graph_new(NULL);
        memset(name, 'a', (size_t)n);
        assert_int_equal(tacet_input(g, name, 0, NULL).id != 0, n == TC_MAX_NAME);
        tacet_graph_free(g);
    }
}

/* The table of names grows with the graph, and each name can still be found. */
static void many_names_are_found(void **state)
{
    (void)state;
    enum { LAYERS = 3000 };
    tacet_value x;
    char name[32];
    tacet_graph *g = with_input(&x);
    assert_int_equal(tacet_find(g, "x").id, x.id);
    for (int i = 0; i < LAYERS; i++) x = tacet_chain(g, x, i % 3 ? "relu" : "linear 2 bias=false");
    assert_null(tacet_graph_error(g));
    for (int i = 0; i < g->values; i++) assert_int_equal(tacet_find(g, g->value[i].name).id, i + 1);
    snprintf(name, sizeof name, "relu%d", LAYERS / 3 * 2);
    assert_int_equal(tacet_find(g, name).id, x.id);
    snprintf(name, sizeof name, "relu%d", LAYERS / 3 * 2 + 1);
    assert_int_equal(tacet_find(g, name).id, 0);
    tacet_graph_free(g);
    assert_int_equal(tacet_find(NULL, "x").id, 0);
}

/* One description and the error that it must cause. */
typedef struct mistake {
    const char *chain, *on, *penalty, *loss;
    const char *says, *at, *hint;
} mistake;

static const mistake mistakes[] = {
    {"linear 4 | rleu", NULL, NULL, NULL, "unknown layer \"rleu\"", "rleu", "relu"},
    {"linear 4 | l1 1e-4", NULL, NULL, NULL, "l1 is a penalty, not a layer", "l1", ""},
    {"linear 4 | linear four", NULL, NULL, NULL, "out", "four", ""},
    {"linear 4 | from nowhere", NULL, NULL, NULL, "the value nowhere does not exist", "nowhere", "linear1"},
    {"linear 4 | add x", NULL, NULL, NULL, "linear1 [batch, 4] and x [batch, 6]", NULL, ""},
    {"linear 4 | relu name=x", NULL, NULL, NULL, "the name x is taken", "x", ""},
    {"linear 4 | relu name=linear1.bias", NULL, NULL, NULL, "the name linear1.bias is taken", "linear1.bias", ""},
    {"linear 4 | relu name=a.weight | linear 4 name=a", NULL, NULL, NULL, "the name a.weight is taken", NULL, ""},
    {"linear 4 | relu name=a..b", NULL, NULL, NULL, "\"a..b\" cannot be a name", "a..b", "dots between them"},
    {"linear 4 name=0 | linear 4 bias=1.bias", NULL, NULL, NULL, "the parameter 1.bias does not exist", "1.bias", "0.bias"},
    {"linear 4 name=0 | from 1", NULL, NULL, NULL, "the value 1 does not exist", "1", "there are: x, 0"},
    {"jump_relu theta=0.1x", NULL, NULL, NULL, "expected a number", "theta=0.1x", ""},
    {"linear 4 name=b.0", "b.1.weight", "l1 1", NULL, "matches no value", "b.1.weight", "did you mean b.0.weight?"},
    {"linear 4 name=b.0", "*.*", "l1 1", NULL, "matches both b.0 and the parameter b.0.weight", "*.*", ".weight matches only parameters"},
    {"linear 4 | | relu", NULL, NULL, NULL, "", NULL, ""},
    {"linear 4 | relu", "rely1", "l1 1", NULL, "matches no value", "rely1", "relu1"},
    {"linear 4 | relu", "relu1", "relu", NULL, "relu is a layer, not a penalty", "relu", ""},
    {"linear 4 | relu", "relu1", "l1_l3 1", NULL, "unknown penalty", "l1_l3", "l1_l2"},
    {"linear 4 | relu", "relu1", "l1", NULL, "lambda", "l1", ""},
    {"linear 4 | relu", "relu1", "l1 -1", NULL, "", NULL, ""},
    {"linear 4 | relu", "relu1", "l1 1 prox", NULL, "l1 on relu1: prox acts on parameters", NULL, ""},
    {"linear 4 | relu", "linear1.weight", "norm 1 prox", NULL, "no proximal step", NULL, ""},
    {"linear 4 | relu", "linear1.weight", "l1 1 reduce=sample", NULL, "no samples", NULL, ""},
    {"linear 4 | relu", "linear1", "unit_norm", NULL, "needs a weight of two dimensions or more, LAYER.weight, got [batch, 4]", NULL, ""},
    {"linear 4 | relu", "*1*", "l1 1 joint reduce=sum", NULL, NULL, NULL, NULL}, /* both have a batch: accepted */
    {"linear 4 | relu", "linear1.*", "l1 1 joint", NULL, NULL, NULL, NULL},
    {"linear 4 | relu", NULL, NULL, "l1 1", "l1 is a penalty, not a loss", "l1", ""},
    {"linear 4 | relu", NULL, NULL, "crossentropy", "unknown loss", "crossentropy", "cross_entropy"},
    {"linear 4 | relu", NULL, NULL, "mse", "target holds int32 class indices, but mse takes numbers", "mse", "float"},
    {"linear 4 | add target", NULL, NULL, NULL, "add: target holds int32 class indices, but add takes numbers", "add",
     ""},
};

static void mistakes_have_messages_and_carets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        const mistake *m = &mistakes[i];
        tacet_value x;
        tacet_graph *g = with_input(&x);
        tacet_value t = tacet_labels(g, "target"), y = tacet_chain(g, x, m->chain);
        if (m->penalty) tacet_penalize(g, m->on, m->penalty);
        if (m->loss) tacet_loss(g, m->loss, y, t);
        const tacet_error *e = tacet_graph_error(g);
        if (!e != !m->says) fail_msg("%zu: %s", i, e ? e->message : "accepted");
        if (e && !strstr(e->message, m->says)) fail_msg("%zu: \"%s\" does not say \"%s\"", i, e->message, m->says);
        if (e && m->at && strncmp(e->source + e->column, m->at, strlen(m->at)) != 0)
            fail_msg("%zu: caret at \"%s\" in \"%s\"", i, e->source + (e->column < 0 ? 0 : e->column), e->source);
        if (e && m->hint[0] && !strstr(e->hint, m->hint)) fail_msg("%zu: the hint is \"%s\"", i, e->hint);
        /* The first error is kept, and later calls do nothing. */
        if (e) {
            char first[sizeof e->message];
            strcpy(first, e->message);
            assert_int_equal(tacet_chain(g, x, "nonsense").id, 0);
            assert_string_equal(tacet_graph_error(g)->message, first);
            tacet_error why;
            assert_null(tacet_compile(g, &(tacet_config){TACET_CONFIG}, &why));
            assert_string_equal(why.message, first);
        }
        tacet_graph_free(g);
    }
}

/* Options are for parameters. Selectors in PyTorch's style get a hint. */
static void options_on_layers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *selector, *hint;
    } cases[] = {{"layer1.0*", "the parameters of layer1.0* are layer1.0*.*"}, {"layer2.*", "there are: 0.weight"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tacet_graph *g = nested();
        tacet_options(g, cases[i].selector, "frozen");
        const tacet_error *e = tacet_graph_error(g);
        assert_non_null(e);
        assert_non_null(strstr(e->message, "matches no parameter"));
        if (!strstr(e->hint, cases[i].hint)) fail_msg("%s: %s", cases[i].selector, e->hint);
        tacet_graph_free(g);
    }
}

static void parameters_and_batches_do_not_mix(void **state)
{
    (void)state;
    tacet_value x;
    tacet_graph *g = tacet_graph_new(NULL);
    x = tacet_input(g, "x", 1, (int64_t[]){6});
    tacet_chain(g, x, "linear 4 name=a | relu name=b");
    tacet_penalize(g, "*", "l1 1 joint");
    assert_null(tacet_graph_error(g)); /* x, a and b all have a batch */
    assert_non_null(g->term[0].name);
    assert_string_equal(g->term[0].name, "*:l1");
    assert_int_equal(g->term[0].inputs, 3);
    tacet_graph_free(g);
}

static void terms_have_unique_names(void **state)
{
    (void)state;
    tacet_value x;
    tacet_graph *g = with_input(&x);
    tacet_chain(g, x, "linear 4 | relu | linear 4 | relu");
    tacet_penalize(g, "relu*", "l1 1e-3");
    tacet_penalize(g, "linear*.weight", "l2 1e-2");
    tacet_penalize(g, "relu1", "l1 1e-3 name=more");
    assert_null(tacet_graph_error(g));
    static const char *const name[] = {"relu1:l1", "relu2:l1", "linear1.weight:l2", "linear2.weight:l2", "relu1:more"};
    assert_int_equal(g->terms, 5);
    for (int i = 0; i < 5; i++) assert_string_equal(g->term[i].name, name[i]);
    tacet_penalize(g, "relu2", "l1 5");
    assert_non_null(tacet_graph_error(g));
    assert_non_null(strstr(tacet_graph_error(g)->message, "relu2:l1"));
    tacet_graph_free(g);
}

/* A mistake three layers deep in a chain gives one message with names and shapes. */
static void shape_errors_name_layers_and_shapes(void **state)
{
    (void)state;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_value x = tacet_input(g, "image", 2, (int64_t[]){28, 28}), t = tacet_labels(g, "target");
    tacet_value y = tacet_chain(g, x, "linear 512 | relu | linear 10");
    tacet_loss(g, "cross_entropy", y, t);
    const char *says = tacet_graph_error(g)->message;
    assert_non_null(strstr(says, "cross_entropy"));
    assert_non_null(strstr(says, "linear2 [batch, 28, 10]"));
    tacet_graph_free(g);
}

static const char *const part[] = {"input", "model", "loss", "penalties", "options"};

static tacet_graph *describe(const tacet_memory *memory)
{
    tacet_graph *g = tacet_graph_new(memory);
    if (!g) return NULL;
    tacet_value x = tacet_input(g, "x", 2, (int64_t[]){3, 4}), t = tacet_labels(g, "target"), r = tacet_input(g, "r", 1, (int64_t[]){2});
    tacet_input_of(g, "tokens", TACET_I32, 9, 1, (int64_t[]){2});
    tacet_value y = tacet_chain(g, x, "flatten | linear 5 name=code init=xavier | relu | linear 5 | add code | dropout 0.25 | linear 3");
    tacet_value z = tacet_chain(g, (tacet_value){0}, "from relu1 | linear 2 bias=false name=head | tanh");
    tacet_chain(g, (tacet_value){0},
                "from relu1 | linear 12 weight=code.weight transposed | relu | linear 5 weight=code.weight "
                "bias=code.bias name=again | linear 5 name=0 | relu name=block.0.1 | add 0 | linear 5 bias=0.bias | "
                "from block.0.1 | tanh");
    tacet_loss(g, "cross_entropy reduce=sum", y, t);
    tacet_loss(g, "huber delta=2 lambda=0.5", z, r);
    tacet_penalize(g, "relu1", "l1 1e-4");
    tacet_penalize(g, "code.*", "norm 0.01 p=2 joint");
    tacet_penalize(g, "head.weight", "unit_norm by=input");
    tacet_penalize(g, "block.*", "l1 1e-3");
    tacet_penalize(g, "0.*", "l2 1e-3");
    tacet_options(g, "code.*", "lr=0.01 frozen=false");
    tacet_options(g, "0.bias", "lr=0.02");
    return g;
}

static void the_text_rebuilds_the_graph(void **state)
{
    (void)state;
    tacet_graph *g = describe(NULL), *h = tacet_graph_new(NULL);
    char a[2048], b[2048];
    for (int i = 0; i < 5; i++) {
        assert_true(tacet_graph_text(g, part[i], a, sizeof a) < sizeof a);
        assert_true(strlen(a) > 0);
        tc_graph_rebuild(h, part[i], a);
        if (tacet_graph_error(h)) fail_msg("%s: %s", a, tacet_graph_error(h)->message);
    }
    for (int i = 0; i < 5; i++) {
        tacet_graph_text(g, part[i], a, sizeof a);
        tacet_graph_text(h, part[i], b, sizeof b);
        assert_string_equal(a, b);
    }
    assert_int_equal(g->values, h->values);
    assert_int_equal(g->terms, h->terms);
    for (int i = 0; i < g->values; i++) assert_int_equal(tacet_find(h, g->value[i].name).id != 0, 1);
    for (int i = 0; i < g->terms; i++) assert_string_equal(g->term[i].name, h->term[i].name);
    /* As with snprintf, a short buffer is filled and terminated, and the returned length is that of the whole text. */
    char small[8];
    assert_int_equal(tacet_graph_text(g, "model", small, sizeof small), tacet_graph_text(g, "model", a, sizeof a));
    assert_int_equal(strlen(small), sizeof small - 1);
    tacet_graph_free(g);
    tacet_graph_free(h);
}

static void describe_and_compile(const tacet_memory *memory, bool *failed)
{
    tacet_graph *g = describe(memory);
    tacet_error why;
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 3, .optimizer = "adam lr=0.1", .threads = 2}, &why);
    *failed = !p;
    if (!p) assert_int_equal(why.status, TACET_MEMORY);
    tacet_graph_free(g);
    tacet_plan_free(p);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bool failed = true;
    int64_t n = 1;
    for (; failed; n++) {
        failing f = {.fail_at = n};
        tacet_memory memory = failing_memory(&f);
        describe_and_compile(&memory, &failed);
        assert_int_equal(f.alive, 0);
        assert_true(f.failed == failed);
    }
    assert_true(n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_numbered_by_kind),
        cmocka_unit_test(a_star_matches_dots_of_layers_but_not_of_parameters),
        cmocka_unit_test(names_have_segments),
        cmocka_unit_test(many_names_are_found),
        cmocka_unit_test(options_on_layers_are_refused),
        cmocka_unit_test(mistakes_have_messages_and_carets),
        cmocka_unit_test(parameters_and_batches_do_not_mix),
        cmocka_unit_test(terms_have_unique_names),
        cmocka_unit_test(shape_errors_name_layers_and_shapes),
        cmocka_unit_test(the_text_rebuilds_the_graph),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
