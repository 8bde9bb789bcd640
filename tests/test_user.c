/* test_user.c: operators of a caller's own. Those of own_operators.h train as the library's do, however they are cut, on
 * threads, on ranks and in steps of several batches. */
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
    /* The library's tanh has no slope. */
    const bool slope = !own && strstr(d->model, "name=t 0.5");
    const tacet_value y = tacet_chain(
        net->g, x,
        slope ? "linear 1500 name=a | relu name=r | linear 4 name=b | map \"tanh(0.5 x)\" name=t | linear 3 name=y"
              : with(d->model, own));
    const tacet_value t = d->labels ? add_feed(net, "target", 3, 0, NULL, 0, 0)
                                    : add_feed(net, "target", 0, 1, (int64_t[]){3}, -1, 1);
    tacet_loss(net->g, with(d->loss, own), y, t);
    for (int i = 0; i < 6 && d->penalty[i][0]; i++)
        tacet_penalize(net->g, d->penalty[i][0], with(d->penalty[i][1], own));
    const tacet_error *e = tacet_graph_error(net->g);
    if (e) fail_msg("%s %s", e->message, e->hint);
}

static void open_one(team *t, const network *net, int size, int threads)
{
    tacet_error why;
    if (!open_team(t, net, size, &why)) fail_msg("%s", why.message);
    if (threads < 2) return;
    tacet_plan_free(t->member[0].p);
    t->member[0].p = tacet_compile(net->g,
                                   &(tacet_config){TACET_CONFIG,
                                                   .batch = BATCH,
                                                   .optimizer = net->optimizer,
                                                   .seed = 5,
                                                   .ledger = net->ledger,
                                                   .steps_per_epoch = STEPS,
                                                   .epochs = net->epochs,
                                                   .threads = threads},
                                   &why);
    assert_non_null(t->member[0].p);
}

static void assert_near_weights(const char *what, const trace *a, const trace *b)
{
    double most = 0;
    if (a->error[0] || b->error[0]) fail_msg("%s: %s%s", what, a->error, b->error);
    assert_int_equal(a->weights, b->weights);
    for (size_t i = 0; i < STEPS * b->weights; i++) most = fmax(most, fabs((double)b->weight[i]));
    for (size_t i = 0; i < STEPS * a->weights; i++)
        if (!(fabs((double)a->weight[i] - (double)b->weight[i]) <= 1e-4 * most))
            fail_msg("%s: weight %zu is %.9g, and %.9g with the library's operators, after step %zu", what,
                     i % a->weights, (double)a->weight[i], (double)b->weight[i], i / a->weights);
}

static void own_operators_train_as_those_of_the_library(void **state)
{
    (void)state;
    for (int i = 0; i < DESCRIPTIONS; i++)
        for (int cut = TACET_WHOLE; cut <= TACET_BY_ELEMENT; cut++) {
            own_context context = {0};
            network net, own;
            team plain, one, two, three;
            describe(&net, &descriptions[i], false, TACET_WHOLE, NULL);
            describe(&own, &descriptions[i], true, (tacet_cut)cut, &context);
            open_one(&plain, &net, 0, 1), open_one(&one, &own, 0, 1), open_one(&two, &own, 0, 2);
            open_one(&three, &own, 3, 1);
            together(&plain, train), together(&one, train), together(&two, train), together(&three, train);
            assert_near_weights(descriptions[i].model, &one.member[0].t, &plain.member[0].t);
            assert_same_traces("two threads", &two.member[0].t, &one.member[0].t);
            for (int r = 1; r < 3; r++) assert_same_traces("ranks", &three.member[r].t, &three.member[0].t);
            assert_near_weights("three ranks", &three.member[0].t, &one.member[0].t);
            close_team(&plain), close_team(&one), close_team(&two), close_team(&three);
            assert_int_equal(context.freed, 0);
            free_network(&net), free_network(&own);
            assert_int_equal(context.freed, OWN_OPERATORS);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_operators_train_as_those_of_the_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
