/* test_user.c: operators of a caller's own. Those of own_operators.h train as the library's do, however they are cut, on
 * threads, on ranks and in steps of several batches. */
#include "failing.h"
#include "own_operators.h"
#include "ranks.h"

enum { WIDE = 1500 }; /* wide enough that a batch is cut into several parts */

/* A description; @ stands for "my_", or for nothing. */
typedef struct description {
    const char *model, *loss, *penalty[6][2];
    const char *optimizer;
    bool labels;
} description;

static const description descriptions[] = {
    {.model = "linear 1500 name=a | @relu name=r | linear 12 name=b | @tanh name=t | linear 12 name=c | @add t name=s | "
              "linear 3 name=y",
     .loss = "@cross_entropy",
     .penalty = {{"r", "@l1 1e-2"}, {"[abc].weight", "@l1 1e-3 joint"}, {"[bc]", "@l1 1e-2 joint reduce=position"}},
     .optimizer = "sgd lr=0.1 momentum=0.9",
     .labels = true},
    {.model = "linear 1500 name=a | @relu name=r | linear 4 name=b | @tanh name=t 0.5 | linear 3 name=y",
     .loss = "@mse lambda=0.5 reduce=sample",
     .penalty = {{"a.weight", "@l1 1e-3 prox"}, {"b.weight", "@l1 zeros=0.5 prox"}, {"y.bias", "@non_negative"}},

     .optimizer = "sgd lr=0.05"},
};
enum { DESCRIPTIONS = sizeof descriptions / sizeof *descriptions };

static const char *with(const char *text, bool own)
{
    static char filled[512];
    size_t n = 0;
    for (; *text; text++)
        if (*text != '@')
            filled[n++] = *text;
        else if (own)
            memcpy(filled + n, "my_", 3), n += 3;
    filled[n] = '\0';
    return filled;
}

static void describe(network *net, const description *d, bool own, tacet_cut cut, own_context *context)
{
    *net = (network){.g = tacet_graph_new(NULL), .optimizer = d->optimizer, .ledger = -1, .epochs = 1};
    if (own) add_own_operators(net->g, cut, context);
    const tacet_value x = add_feed(net, "x", 0, 1, (int64_t[]){6}, -1, 1);
    const tacet_value t = d->labels ? add_feed(net, "target", 3, 0, NULL, 0, 0)
                                    : add_feed(net, "target", 0, 1, (int64_t[]){3}, -1, 1);
    /* The library's tanh has no slope. */
    const bool slope = !own && strstr(d->model, "name=t 0.5");
    const tacet_value y = tacet_chain(
        net->g, x,
        slope ? "linear 1500 name=a | relu name=r | linear 4 name=b | map \"tanh(0.5 x)\" name=t | linear 3 name=y"
              : with(d->model, own));
    tacet_loss(net->g, with(d->loss, own), y, t);
    for (int i = 0; i < 6 && d->penalty[i][0]; i++)
        tacet_penalize(net->g, d->penalty[i][0], with(d->penalty[i][1], own));
    const tacet_error *e = tacet_graph_error(net->g);
    if (e) fail_msg("%s %s", e->message, e->hint);
}

static void open_one(team *t, const network *net, int size)
{
    tacet_error why;
    if (!open_team(t, net, size, &why)) fail_msg("%s", why.message);
}

static void own_operators_train_as_those_of_the_library(void **state)
{
    (void)state;
    for (int i = 0; i < DESCRIPTIONS; i++)
        for (int cut = TACET_WHOLE; cut <= TACET_BY_ELEMENT; cut++) {
            own_context context = {0};
            network net, own;
            team plain, one, two, three, parts;
            describe(&net, &descriptions[i], false, TACET_WHOLE, NULL);
            describe(&own, &descriptions[i], true, (tacet_cut)cut, &context);
            network wide = own, several = own;
            wide.threads = 2, several.parts = 3;
            open_one(&plain, &net, 0), open_one(&one, &own, 0), open_one(&two, &wide, 0), open_one(&three, &own, 3);
            open_one(&parts, &several, 0);
            together(&parts, train);
            together(&plain, train), together(&one, train), together(&two, train), together(&three, train);
            assert_near_weights(descriptions[i].model, &one.member[0].t, &plain.member[0].t);
            assert_same_traces("two threads", &two.member[0].t, &one.member[0].t);
            for (int r = 1; r < 3; r++) assert_same_traces("ranks", &three.member[r].t, &three.member[0].t);
            assert_near_weights("three ranks", &three.member[0].t, &one.member[0].t);
            assert_near_weights("steps of three batches", &parts.member[0].t, &one.member[0].t);
            close_team(&parts), close_team(&plain), close_team(&one), close_team(&two), close_team(&three);
            assert_int_equal(context.freed, 0);
            free_network(&net), free_network(&own);
            assert_int_equal(context.freed, OWN_OPERATORS);
        }
}

/* Samples have weights, which the functions do not know of, if a loss is cut. */
static void losses_take_weights_of_samples(void **state)
{
    (void)state;
    for (int cut = TACET_BY_ROW; cut <= TACET_BY_ELEMENT; cut++) {
        own_context context = {0};
        team t[2];
        network net[2];
        for (int own = 0; own < 2; own++) {
            network *n = &net[own];
            *n = (network){.g = tacet_graph_new(NULL), .optimizer = "sgd lr=0.1", .ledger = -1};
            add_own_operators(n->g, (tacet_cut)cut, &context);
            const tacet_value x = add_feed(n, "x", 0, 1, (int64_t[]){6}, -1, 1),
                              target = add_feed(n, "target", 0, 1, (int64_t[]){3}, -1, 1);
            add_feed(n, "w", 0, 1, (int64_t[]){1}, 0, 2);
            tacet_loss(n->g, own ? "my_mse sample_weight=w" : "mse sample_weight=w", tacet_chain(n->g, x, "linear 3"),
                       target);
            open_one(&t[own], n, 0);
            together(&t[own], train);
        }
        assert_near_weights("weights", &t[1].member[0].t, &t[0].member[0].t);
        for (int own = 0; own < 2; own++) close_team(&t[own]), free_network(&net[own]);
    }
    own_context context = {0};
    tacet_graph *g = tacet_graph_new(NULL);
    add_own_operators(g, TACET_WHOLE, &context);
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){3}), w = tacet_input(g, "w", 1, (int64_t[]){1});
    tacet_loss(g, "my_mse sample_weight=w", x, x);
    assert_non_null(strstr(tacet_graph_error(g)->message, "has no samples to weigh"));
    (void)w;
    tacet_graph_free(g);
}

static void they_are_told_like_others(void **state)
{
    (void)state;
    own_context context = {0};
    network net;
    team t;
    describe(&net, &descriptions[0], true, TACET_BY_ELEMENT, &context);
    open_one(&t, &net, 0);
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; strcmp(v.name ? v.name : "", "r") != 0; i++)
        assert_int_equal(tacet_value_at(t.member[0].p, i, &v), TACET_OK);
    assert_string_equal(v.kind, "my_relu");
    assert_true(v.silent);
    tacet_term term = {.size = sizeof term};
    assert_int_equal(tacet_term_at(t.member[0].p, 1, &term), TACET_OK);
    assert_string_equal(term.name, "r:my_l1");
    assert_string_equal(term.spec, "my_l1 1e-2");
    close_team(&t), free_network(&net);
}

static void assert_says(const tacet_error *e, tacet_status status, const char *part);

/* ---- Checks against differences ---------------------------------------------------------------------------------- */

enum { CHECK_ROWS = 5 };

static tacet_array float_rows(const float *x, int rank, int64_t a, int64_t b)
{
    return (tacet_array){.size = sizeof(tacet_array), .type = TACET_F32, .rank = rank, .shape = {a, b}, .data = x};
}

static tacet_gradient_check checked(const tacet_graph *g, const char *spec, int inputs, bool labels)
{
    float x[2][CHECK_ROWS * 6];
    int32_t t[CHECK_ROWS * 2];
    uint32_t state = 3;
    tacet_error why;
    for (int i = 0; i < 2 * CHECK_ROWS * 6; i++) x[i / (CHECK_ROWS * 6)][i % (CHECK_ROWS * 6)] = 4 * noise(&state) - 2;
    for (int i = 0; i < CHECK_ROWS * 2; i++) t[i] = (int32_t)(3 * noise(&state));
    tacet_array a[] = {float_rows(x[0], 2, 2, 3), float_rows(x[1], 2, 2, 3)};
    if (labels)
        a[1] = (tacet_array){.size = sizeof *a, .type = TACET_I32, .rank = 1, .shape = {2}, .data = t};
    tacet_gradient_check c = {.size = sizeof c};
    if (tacet_check_operator(g, spec, CHECK_ROWS, inputs, a, &c, &why)) fail_msg("%s: %s", spec, why.message);
    return c;
}

static const struct {
    const char *spec;
    int inputs;
    bool labels, wrong; /* wrong: it adds own_context.wrong to its derivatives */
} checks[] = {
    {"my_l1 0.5", 1, false, true},       {"my_l1 0.5 joint", 2, false, true}, {"my_mse", 2, false, false},
    {"my_relu", 1, false, false},        {"my_tanh slope=1.5", 1, false, true}, {"my_add x2", 2, false, false},
    {"my_cross_entropy", 2, true, false}, {"l2 0.3", 1, false, false},         {"linear 4", 1, false, false},
};

static void gradients_are_checked(void **state)
{
    (void)state;
    for (int cut = TACET_WHOLE; cut <= TACET_BY_ELEMENT; cut++) {
        own_context context = {0};
        tacet_graph *g = tacet_graph_new(NULL);
        add_own_operators(g, (tacet_cut)cut, &context);
        for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
            context.wrong = 0;
            tacet_gradient_check c = checked(g, checks[i].spec, checks[i].inputs, checks[i].labels);
            if (c.error > 0.01) fail_msg("%s: %s (error %g)", checks[i].spec, c.text, c.error);
            assert_in_range(c.checked + c.kinks, CHECK_ROWS * 6, 2 * CHECK_ROWS * 6 + 100);
            if (c.kinks > 5) fail_msg("%s: %d kinks", checks[i].spec, (int)c.kinks);
            if (!checks[i].wrong) continue;
            context.wrong = 0.1f;
            c = checked(g, checks[i].spec, checks[i].inputs, checks[i].labels);
            if (!(c.error > 0.05 && c.text[0] == 'x' && strchr(c.text, '[') && strstr(c.text, "differences say")))
                fail_msg("%s: \"%s\" (error %g)", checks[i].spec, c.text, c.error);
            for (int k = 0; k < 2; k++) {
                context.wrong = k ? NAN : INFINITY;
                c = checked(g, checks[i].spec, checks[i].inputs, checks[i].labels);
                if (!(isinf(c.error) && strstr(c.text, k ? "nan, differences say" : "inf, differences say")))
                    fail_msg("%s: \"%s\" (error %g)", checks[i].spec, c.text, c.error);
            }
        }
        tacet_graph_free(g);
    }
}

/* Where hundreds of units have kinks near a number, right gradients raise no alarm, and wrong ones still do. */
static void kinks_raise_no_alarm(void **state)
{
    (void)state;
    enum { ROWS = 64 };
    float x[ROWS * 8];
    int32_t t[ROWS];
    uint32_t noises = 5;
    tacet_error why;
    for (int i = 0; i < ROWS * 8; i++) x[i] = 4 * noise(&noises) - 2;
    for (int i = 0; i < ROWS; i++) t[i] = i % 3;
    for (uint64_t seed = 1; seed <= 8; seed++)
        for (int wrong = 0; wrong < 2; wrong++) {
            own_context context = {.wrong = wrong ? 0.01f : 0};
            tacet_graph *g = tacet_graph_new(NULL);
            add_own_operators(g, TACET_WHOLE, &context);
            const tacet_value in = tacet_input(g, "x", 1, (int64_t[]){8}), target = tacet_labels(g, "t");
            tacet_loss(g, "cross_entropy", tacet_chain(g, in, "linear 32 | relu | linear 32 | relu | my_tanh | linear 3"), target);
            tacet_plan *p = tacet_compile(
                g, &(tacet_config){TACET_CONFIG, .batch = ROWS, .optimizer = "sgd lr=0.1", .seed = seed}, &why);
            if (!p) fail_msg("%s", why.message);
            tacet_feed(p, in, TACET_F32, x), tacet_feed(p, target, TACET_I32, t);
            tacet_gradient_check c = {.size = sizeof c};
            assert_int_equal(tacet_check_gradient(p, ROWS, &c), TACET_OK);
            if (wrong ? c.error < 0.1 : c.error > 0.015) fail_msg("seed %d: %s (error %g)", (int)seed, c.text, c.error);
            assert_true(c.kinks < c.checked / 2);
            tacet_plan_free(p), tacet_graph_free(g);
        }
}

/* What fails or cannot be computed while differences are taken is not a number that was found right. */
static void a_check_can_fail(void **state)
{
    (void)state;
    own_context context = {.fail_in = 1, .spared = 20, .status = TACET_IO};
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_gradient_check c = {.size = sizeof c};
    tacet_error why;
    const float x[6] = {1e-3f, 1, 2, 3, 4, 5};
    tacet_array a = float_rows(x, 1, 2, 0);
    add_own_operators(g, TACET_WHOLE, &context);
    assert_int_equal(tacet_check_operator(g, "my_tanh", 3, 1, &a, &c, &why), TACET_IO);
    assert_says(&why, TACET_IO, "a function of the layer my_tanh failed");
    assert_int_equal(tacet_check_operator(g, "formula \"log(x)\" 1", 3, 1, &a, &c, &why), TACET_OK);
    assert_int_equal(c.kinks, 1); /* log has no value on one side */
    assert_int_equal(c.checked, 5);
    assert_true(c.error < 0.01);
    a.data = NULL;
    assert_int_equal(tacet_check_operator(g, "l2 1", 3, 1, &a, &c, &why), TACET_FAILED);
    assert_says(&why, TACET_FAILED, "input 1 has no data");
    tacet_graph_free(g);
}

/* Of a whole plan: a wrong derivative is found in the weights below it, and a right one is not. */
static void gradients_of_a_plan_are_checked(void **state)
{
    (void)state;
    own_context context = {0};
    network net = {.g = tacet_graph_new(NULL), .optimizer = "sgd lr=0.1", .ledger = -1, .epochs = 1};
    add_own_operators(net.g, TACET_BY_ROW, &context);
    const tacet_value x = add_feed(&net, "x", 0, 1, (int64_t[]){6}, -1, 1);
    const tacet_value y = tacet_chain(net.g, x, "linear 8 | my_tanh | layer_norm | linear 3");
    tacet_loss(net.g, "cross_entropy", y, add_feed(&net, "target", 3, 0, NULL, 0, 0));
    tacet_penalize(net.g, "linear1.weight", "l1 0.1 prox");
    tacet_penalize(net.g, "my_tanh1", "my_l1 0.01");
    team t;
    open_one(&t, &net, 0);
    member *m = &t.member[0];
    float before[256], after[256];
    const size_t n = read_weights(m->p, before);
    assert_in_range(n, 90, 256);
    for (int wrong = 0; wrong < 2; wrong++) {
        tacet_gradient_check c = {.size = sizeof c};
        context.wrong = wrong ? 0.05f : 0;
        feed_from(m, 0);
        assert_int_equal(tacet_check_gradient(m->p, BATCH, &c), TACET_OK);
        if ((c.error > 0.01) != wrong) fail_msg("error %g: %s", c.error, c.text);
        if (wrong) assert_memory_equal(c.text, "linear1.", 8);
        assert_true(c.checked > 60 && c.kinks < 10);
        assert_int_equal(read_weights(m->p, after), n);
        assert_memory_equal(before, after, n * sizeof *before);
        assert_int_equal(tacet_steps(m->p), 0);
    }
    close_team(&t);
    free_network(&net);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static void assert_says(const tacet_error *e, tacet_status status, const char *part)
{
    if (e->status != status || (!strstr(e->message, part) && !strstr(e->hint, part)))
        fail_msg("%d: %s %s", (int)e->status, e->message, e->hint);
}

/* Trains steps [from, to). */
static void train_steps(member *m, int from, int to)
{
    for (int step = from; step < to; step++)
        if (step_of(m, step)) fail_msg("%s", tacet_plan_error(m->p)->message);
}

/* A model names its operators: it is read into a graph that has them, and refused elsewhere. A run that is resumed ends
 * with the same bits. */
static void files_name_their_operators(void **state)
{
    (void)state;
    char text[512], again[512], folder[] = "/tmp/tacet_user_XXXXXX", file[2][64];
    assert_non_null(mkdtemp(folder));
    snprintf(file[0], sizeof file[0], "%s/model.safetensors", folder);
    snprintf(file[1], sizeof file[1], "%s/checkpoint.safetensors", folder);
    own_context context = {0};
    network net;
    team t;
    tacet_error why;
    describe(&net, &descriptions[1], true, TACET_BY_ELEMENT, &context);
    tacet_graph_text(net.g, "operators", text, sizeof text);
    assert_string_equal(text, "penalty my_l1\nloss my_mse\nlayer my_relu\nlayer my_tanh\nconstraint my_non_negative");
    open_one(&t, &net, 0);
    train_steps(&t.member[0], 0, 3);
    assert_int_equal(tacet_save(t.member[0].p, file[0], 0, NULL, &why), TACET_OK);
    assert_int_equal(tacet_checkpoint(t.member[0].p, NULL, file[1], 0, NULL, &why), TACET_OK);
    train_steps(&t.member[0], 3, STEPS);
    tacet_file *f = tacet_file_open(file[0], NULL, &why);
    assert_non_null(f);
    assert_null(tacet_file_graph(f, NULL, &why));
    assert_says(&why, TACET_FILE, "the penalty my_l1 is not an operator of the library");
    assert_says(&why, TACET_FILE, "tacet_operator_add");

    network read = net;
    team other;
    read.g = tacet_graph_new(NULL);
    add_own_operators(read.g, TACET_BY_ELEMENT, &context);
    if (tacet_file_describe(f, read.g, &why)) fail_msg("%s", why.message);
    tacet_graph_text(read.g, "operators", again, sizeof again);
    assert_string_equal(text, again);
    read.feed[0].value = tacet_find(read.g, "x"), read.feed[1].value = tacet_find(read.g, "target");
    open_one(&other, &read, 0);
    tacet_file *c = tacet_file_open(file[1], NULL, &why);
    assert_non_null(c);
    if (tacet_resume(other.member[0].p, NULL, c, &why)) fail_msg("%s", why.message);
    train_steps(&other.member[0], 3, STEPS);
    const size_t n = read_weights(t.member[0].p, NULL);
    float *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
    read_weights(t.member[0].p, a), read_weights(other.member[0].p, b);
    assert_memory_equal(a, b, n * sizeof *a);
    free(a), free(b);
    tacet_file_free(f), tacet_file_free(c);
    close_team(&t), close_team(&other);
    tacet_graph_free(read.g), free_network(&net);
    unlink(file[0]), unlink(file[1]), rmdir(folder);
}

/* Every allocation fails in turn. */
static tacet_status use_operators(const tacet_memory *memory, own_context *context)
{
    tacet_error why = {0};
    float x[CHECK_ROWS * 6] = {0.5f, -1, 2};
    const tacet_array a = float_rows(x, 1, 6, 0);
    tacet_gradient_check c = {.size = sizeof c};
    tacet_graph *g = tacet_graph_new(memory);
    add_own_operators(g, TACET_BY_ROW, context);
    const tacet_value y = tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){6}), "linear 3 | my_tanh slope=2");
    tacet_penalize(g, "my_tanh1", "my_l1 0.1");
    (void)y;
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = CHECK_ROWS, .optimizer = "sgd lr=0.1"}, &why);
    tacet_status s = p ? TACET_OK : why.status;
    if (p) tacet_feed(p, tacet_find(g, "x"), TACET_F32, x);
    if (p) s = tacet_check_gradient(p, CHECK_ROWS, &c);
    if (p && s == TACET_OK) s = tacet_check_operator(g, "my_l1 1", CHECK_ROWS, 1, &a, &c, &why);
    tacet_plan_free(p);
    tacet_graph_free(g);
    return s;
}

static void memory_can_run_out(void **state)
{
    (void)state;
    failing f = {0};
    const tacet_memory memory = failing_memory(&f);
    own_context context = {0};
    assert_int_equal(use_operators(&memory, &context), TACET_OK);
    const int64_t calls = f.calls;
    assert_true(calls > 50);
    for (int64_t at = 1; at <= calls; at++) {
        f = (failing){.fail_at = at};
        context.freed = 0;
        const tacet_status s = use_operators(&memory, &context);
        assert_true(f.failed && f.alive == 0);
        assert_int_equal(context.freed, OWN_OPERATORS);
        if (s != TACET_MEMORY) fail_msg("allocation %d: %d", (int)at, (int)s);
    }
}

/* ---- Mistakes ---------------------------------------------------------------------------------------------------- */

/* A function that fails refuses the call and leaves everything as it was; then the step can be made. */
static void a_function_can_fail(void **state)
{
    (void)state;
    for (int threads = 1; threads < 3; threads++)
        for (int in = 1; in < 3; in++) {
            own_context context = {0};
            network net;
            team t, other;
            describe(&net, &descriptions[1], true, TACET_BY_ROW, &context);
            net.threads = threads;
            open_one(&t, &net, 0), open_one(&other, &net, 0);
            member *m = &t.member[0];
            context.fail_in = in, context.status = TACET_IO;
            feed_share(m, 0);
            assert_int_equal(tacet_step(m->p, BATCH), TACET_IO);
            assert_says(tacet_plan_error(m->p), TACET_IO, "a function of the ");
            assert_int_equal(tacet_steps(m->p), 0);
            feed_share(m, 0);
            assert_int_equal(tacet_forward(m->p, BATCH), in == 1 ? TACET_IO : TACET_OK);
            context.fail_in = 0;
            together(&t, train), together(&other, train);
            assert_same_traces("after a failure", &t.member[0].t, &other.member[0].t);
            close_team(&t), close_team(&other), free_network(&net);
        }
}

static void a_proximal_step_can_fail(void **state)
{
    (void)state;
    own_context context = {.fail_in = 3, .status = TACET_FAILED};
    network net;
    team t;
    describe(&net, &descriptions[1], true, TACET_WHOLE, &context);
    open_one(&t, &net, 0);
    feed_share(&t.member[0], 0);
    assert_int_equal(tacet_step(t.member[0].p, BATCH), TACET_FAILED);
    assert_says(tacet_plan_error(t.member[0].p), TACET_FAILED, "the step was made without");
    assert_int_equal(tacet_steps(t.member[0].p), 1);
    close_team(&t), free_network(&net);
}

static tacet_status raise_second(const tacet_call *call, double t)
{
    (void)t;
    call->y[1] = 3e38f;
    return TACET_OK;
}

/* An update is known to be finite before it changes anything, also after a constraint that makes a number larger. */
static void a_constraint_may_grow(void **state)
{
    (void)state;
    tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_operator_add(
        g, &(tacet_operator){TACET_OPERATOR, .role = TACET_ROLE_CONSTRAINT, .name = "raise_second", .prox = raise_second});
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){2}), aim = tacet_input(g, "aim", 1, (int64_t[]){1});
    tacet_loss(g, "mse", tacet_chain(g, x, "linear 1 bias=false"), aim);
    tacet_penalize(g, "linear1.weight", "raise_second");
    tacet_plan *p = tacet_compile(
        g, &(tacet_config){TACET_CONFIG, .batch = 1, .optimizer = "sgd lr=1 weight_decay=10"}, &why);
    if (!p) fail_msg("%s", why.message);
    for (int step = 0; step < 2; step++) {
        assert_int_equal(tacet_feed(p, x, TACET_F32, (float[]){1, 0}), TACET_OK);
        assert_int_equal(tacet_feed(p, aim, TACET_F32, (float[]){1}), TACET_OK);
        assert_int_equal(tacet_step(p, 1), step == 0 ? TACET_OK : TACET_NOT_FINITE);
    }
    float w[2];
    assert_int_equal(tacet_read(p, "linear1.weight", w, 2), TACET_OK);
    assert_true(isfinite(w[0]) && w[1] == 3e38f);
    assert_int_equal(tacet_steps(p), 1);
    tacet_plan_free(p), tacet_graph_free(g);
}

/* On one of several ranks: the call fails on all. */
static void *fail_together(void *argument)
{
    member *m = argument;
    const tacet_status s = tacet_step(m->p, feed_share(m, 0));
    snprintf(m->t.error, sizeof m->t.error, "%d %.200s", (int)s, tacet_plan_error(m->p)->message);
    return NULL;
}

static void a_function_can_fail_on_a_rank(void **state)
{
    (void)state;
    own_context context[2] = {{0}};
    network net[2];
    team t;
    tacet_error why;
    for (int i = 0; i < 2; i++) describe(&net[i], &descriptions[1], true, TACET_WHOLE, &context[i]);
    if (!open_team(&t, &net[0], 2, &why)) fail_msg("%s", why.message);
    tacet_plan_free(t.member[1].p); /* a graph, and so a context, of its own */
    const tacet_ranks ranks = {sizeof ranks, 1, 2, sum_over_ranks, &t.member[1].seat};
    t.member[1].p = tacet_compile(net[1].g,
                                  &(tacet_config){TACET_CONFIG,
                                                  .batch = BATCH,
                                                  .optimizer = net[1].optimizer,
                                                  .seed = 5,
                                                  .ledger = -1,
                                                  .steps_per_epoch = STEPS,
                                                  .epochs = 1,
                                                  .ranks = &ranks},
                                  &why);
    t.member[1].net = &net[1];
    context[1].fail_in = 2, context[1].status = TACET_MEMORY;
    together(&t, fail_together);
    assert_string_equal(t.member[1].t.error, "4 a function of the penalty my_l1 failed: the call was refused");
    assert_non_null(strstr(t.member[0].t.error, "1 the call was refused on rank 1"));
    assert_int_equal(tacet_steps(t.member[0].p), 0);
    context[1].fail_in = 0;
    t.member[0].t.error[0] = t.member[1].t.error[0] = '\0';
    together(&t, train);
    assert_same_traces("ranks", &t.member[1].t, &t.member[0].t);
    close_team(&t), free_network(&net[0]), free_network(&net[1]);
}

static int no_shape(const tacet_call *c, int64_t shape[8])
{
    (void)c, (void)shape;
    return -1;
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    own_context context = {0};
    tacet_operator op = own_operator(OWN_L1, TACET_WHOLE, &context), layer = own_operator(OWN_TANH, TACET_WHOLE, &context),
                   constraint = own_operator(OWN_NON_NEGATIVE, TACET_WHOLE, &context);
    int freed = 0;
#define REFUSED(base, says, ...)                                                                                        \
    {                                                                                                                   \
        tacet_operator wrong = base;                                                                                    \
        tacet_graph *g = tacet_graph_new(NULL);                                                                         \
        wrong.__VA_ARGS__;                                                                                              \
        tacet_operator_add(g, &wrong);                                                                                  \
        assert_non_null(tacet_graph_error(g));                                                                          \
        assert_says(tacet_graph_error(g), TACET_DESCRIPTION, says);                                                     \
        assert_int_equal(context.freed, ++freed);                                                                       \
        tacet_graph_free(g);                                                                                            \
    }
    REFUSED(op, "a name consists of", name = NULL)
    REFUSED(op, "a name consists of", name = "1a")
    REFUSED(op, "a name consists of", name = "a.b")
    REFUSED(op, "word of the library", name = "relu")
    REFUSED(op, "word of the library", name = "from")
    REFUSED(op, "its role", role = TACET_ROLE_OPTIMIZER)
    REFUSED(op, "needs the functions", value = NULL)
    REFUSED(op, "needs the functions", gradient = NULL)
    REFUSED(layer, "only penalties and constraints", prox = l1_prox)
    REFUSED(constraint, "has a function prox", prox = NULL)
    REFUSED(op, "zeros are", prox = NULL)
    REFUSED(op, "only the target of a loss", labels = true)
    REFUSED(op, "not one of tacet_cut", cut = (tacet_cut)3)
    REFUSED(layer, "has one shape", cut = TACET_BY_ELEMENT, wrong.shape = no_shape)
    REFUSED(layer, "must see them all", cut = TACET_BY_ROW, wrong.mixes = true)
    REFUSED(layer, "a layer reads 1 to 4", inputs = 5)
    REFUSED(layer, "the name of an attribute", attribute[0].name = "name")
    REFUSED(layer, "the name of an attribute", attribute[0].name = "a b")
    REFUSED(layer, "not finite", attribute[0].preset = INFINITY)
    context.freed++; /* which cannot be known of a struct of another size */
    REFUSED(op, "size", size = 3)
}

static void mistakes_around_an_operator_are_refused(void **state)
{
    (void)state;
    own_context context = {0};
    tacet_operator op = own_operator(OWN_L1, TACET_WHOLE, &context), layer = own_operator(OWN_TANH, TACET_WHOLE, &context);
    int freed = 0;
    struct {
        tacet_operator known;
        long unknown;
    } later = {op, 1};
    later.known.size = sizeof later;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_operator_add(g, &later.known);
    assert_says(tacet_graph_error(g), TACET_DESCRIPTION, "does not know");
    assert_int_equal(context.freed, ++freed);
    tacet_graph_free(g);
    g = tacet_graph_new(NULL);
    tacet_operator_add(g, &op);
    tacet_operator_add(g, &op);
    assert_says(tacet_graph_error(g), TACET_DESCRIPTION, "the graph has one of that name");
    assert_int_equal(context.freed, ++freed);
    tacet_graph_free(g);
    assert_int_equal(context.freed, ++freed);
    layer.shape = no_shape;
    g = tacet_graph_new(NULL);
    tacet_operator_add(g, &layer);
    tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){3}), "my_tanh");
    assert_says(tacet_graph_error(g), TACET_DESCRIPTION, "its shape function does not take [batch, 3]");
    tacet_graph_free(g);
    g = tacet_graph_new(NULL);
    tacet_operator_add(g, &op);
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){3});
    tacet_penalize(g, "x", "my_l2 1");
    assert_says(tacet_graph_error(g), TACET_DESCRIPTION, "did you mean my_l1?");
    tacet_graph_free(g);
    (void)x;
    tacet_operator_add(NULL, &op);
    assert_int_equal(context.freed, freed += 3);
}

/* What mixes rows is refused where no function sees them all. */
static void what_mixes_is_refused_on_ranks_and_in_parts(void **state)
{
    (void)state;
    own_context context = {0};
    seat s = {0};
    const tacet_ranks ranks = {sizeof ranks, 0, 2, sum_over_ranks, &s};
    const char *what[] = {"my_tanh", "my_l1"};
    for (int layer = 0; layer < 2; layer++) {
        tacet_error why;
        tacet_operator op = own_operator(layer ? OWN_TANH : OWN_L1, TACET_WHOLE, &context);
        op.mixes = true;
        tacet_graph *g = tacet_graph_new(NULL);
        tacet_operator_add(g, &op);
        const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){3}),
                          y = tacet_chain(g, x, layer ? "linear 3 | my_tanh" : "linear 3");
        tacet_loss(g, "mse", y, x);
        if (!layer) tacet_penalize(g, "linear1", "my_l1 0.1");
        tacet_config c = {TACET_CONFIG, .batch = 4, .optimizer = "sgd lr=0.1", .ranks = &ranks};
        assert_null(tacet_compile(g, &c, &why));
        assert_non_null(strstr(why.message, what[!layer]));
        c.ranks = NULL, c.accumulate = 2;
        tacet_plan *p = tacet_compile(g, &c, &why);
        assert_true((p != NULL) == layer); /* a layer sees each batch by itself */
        tacet_plan_free(p);
        c.accumulate = 0;
        p = tacet_compile(g, &c, &why);
        assert_non_null(p);
        tacet_plan_free(p);
        tacet_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_operators_train_as_those_of_the_library),
        cmocka_unit_test(losses_take_weights_of_samples),
        cmocka_unit_test(they_are_told_like_others),
        cmocka_unit_test(gradients_are_checked),
        cmocka_unit_test(kinks_raise_no_alarm),
        cmocka_unit_test(a_check_can_fail),
        cmocka_unit_test(gradients_of_a_plan_are_checked),
        cmocka_unit_test(files_name_their_operators),
        cmocka_unit_test(memory_can_run_out),
        cmocka_unit_test(a_function_can_fail),
        cmocka_unit_test(a_proximal_step_can_fail),
        cmocka_unit_test(a_constraint_may_grow),
        cmocka_unit_test(a_function_can_fail_on_a_rank),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(mistakes_around_an_operator_are_refused),
        cmocka_unit_test(what_mixes_is_refused_on_ranks_and_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
