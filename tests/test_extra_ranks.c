/* test_extra_ranks.c: every operator trains the same on several ranks as on one. Each probe of the table is run in a
 * small network built around it, with every reduction; penalties on one value, on two jointly, on a weight, as a
 * proximal step. Weights and figures have the same bits on all ranks, and equal those of one plan with all rows up to
 * rounding. */
#include "op/op.h"
#include "ranks.h"

static const char *const reductions[] = {"sample", "sum", "mean", "position"};

typedef enum place { LAYER, LOSS, WEIGHED_LOSS, ON_VALUE, ON_TWO_VALUES, ON_WEIGHT, ON_TWO_WEIGHTS, PROX, PLACES } place;

typedef struct setting {
    const tc_op *op;
    const tc_probe *probe;
    place place;
    const char *reduce; /* NULL: the operator has no reductions */
} setting;

/* ---- The network around an operator ---- */

/* shape: "4 6", "labels 3" or "ids 7 3". */
static int shape_of(const char *text, int64_t dim[8], int64_t *classes)
{
    int rank = 0;
    *classes = 0;
    if (strncmp(text, "labels", 6) == 0) text += 6, *classes = 2;
    if (strncmp(text, "ids ", 4) == 0) *classes = strtoll(text + 4, (char **)&text, 10);
    for (char *end; *text && rank < 8; text = end) {
        dim[rank++] = strtoll(text, &end, 10);
        while (*end == ' ') end++;
    }
    return rank;
}

static tacet_value feed_of(network *net, const setting *s, int i, const char *name)
{
    int64_t dim[8], classes;
    const int rank = shape_of(s->probe->x[i], dim, &classes);
    return add_feed(net, name, classes, rank, dim, i == 0 ? s->probe->low : 0, i == 0 ? s->probe->high : 1);
}

/* A layer with weights that keeps the shape of x, so that the network has weights before the operator. Its outputs are
 * in (0, 1) if the probe requires it. */
static tacet_value begin(network *net, const setting *s, const char *name, tacet_value x)
{
    int64_t dim[8], classes;
    char chain[160];
    const int rank = shape_of(s->probe->x[0], dim, &classes);
    const bool narrow = s->probe->low >= 0 && s->probe->high <= 1;
    if (classes > 0) return x;
    snprintf(chain, sizeof chain, "linear %d name=pre%s%s", (int)dim[rank - 1], name, narrow ? " | sigmoid" : "");
    return tacet_chain(net->g, x, chain);
}

static void finish(network *net, tacet_value y)
{
    const tacet_value t = add_feed(net, "t", 0, 1, (int64_t[]){3}, -1, 1);
    tacet_loss(net->g, "mse", tacet_chain(net->g, y, "flatten | linear 3 name=head"), t);
}

static void build_layer(network *net, const setting *s)
{
    tacet_value x = feed_of(net, s, 0, "x");
    if (s->probe->x[1]) feed_of(net, s, 1, "other");
    finish(net, tacet_chain(net->g, begin(net, s, "", x), s->probe->spec));
}

static void build_loss(network *net, const setting *s)
{
    char spec[256];
    const tacet_value x = feed_of(net, s, 0, "x"), t = feed_of(net, s, 1, "t");
    if (s->place == WEIGHED_LOSS) add_feed(net, "share", 0, 1, (int64_t[]){1}, 0, 1);
    snprintf(spec, sizeof spec, "%s reduce=%s%s", s->probe->spec, s->reduce,
             s->place == WEIGHED_LOSS ? " sample_weight=share" : "");
    tacet_loss(net->g, spec, begin(net, s, "", x), t);
}

static void penalize(network *net, const setting *s, const char *selector, const char *more)
{
    char spec[160];
    snprintf(spec, sizeof spec, "%s%s%s%s", s->probe->spec, s->reduce ? " reduce=" : "", s->reduce ? s->reduce : "",
             more);
    tacet_penalize(net->g, selector, spec);
}

/* The value has the shape of the probe, or is the output of the layer that the penalty belongs to. */
static void build_on_value(network *net, const setting *s)
{
    static const char *const name[] = {"a", "b"};
    const tacet_value x = feed_of(net, s, 0, "x");
    tacet_value y = {0};
    for (int i = 0; i < (s->place == ON_TWO_VALUES ? 2 : 1); i++) {
        char chain[160];
        snprintf(chain, sizeof chain, "%s name=here_%s", s->op->of ? s->op->of->probe[0].spec : "leaky_relu 0.5",
                 name[i]);
        if (i > 0) strcat(chain, " | add here_a");
        y = tacet_chain(net->g, begin(net, s, name[i], x), chain);
    }
    if (s->probe->x[1]) { /* the weight that the penalty names */
        int64_t dim[8], classes;
        char chain[160];
        assert_int_equal(shape_of(s->probe->x[1], dim, &classes), 2);
        snprintf(chain, sizeof chain, "linear %d | linear %d name=w", (int)dim[0], (int)dim[1]);
        y = tacet_chain(net->g, y, chain);
    }
    penalize(net, s, "here_*", s->place == ON_TWO_VALUES ? " joint" : "");
    finish(net, y);
}

/* A weight of the probe's shape, if a linear layer can have it. */
static void build_on_weight(network *net, const setting *s)
{
    static const char *const more[PLACES] = {[ON_WEIGHT] = "", [ON_TWO_WEIGHTS] = " joint", [PROX] = " prox"};
    int64_t dim[8], classes;
    char chain[160];
    if (shape_of(s->probe->x[0], dim, &classes) != 2) dim[0] = 6, dim[1] = 9;
    const tacet_value x = add_feed(net, "x", 0, 1, dim, -1, 1);
    snprintf(chain, sizeof chain, "linear %d name=w1 | tanh | linear 5 name=w2 | tanh", (int)dim[1]);
    const tacet_value y = tacet_chain(net->g, x, chain);
    penalize(net, s, s->place == ON_TWO_WEIGHTS ? "w*.weight" : "w1.weight",
             s->op->role == &tc_constraint ? "" : more[s->place]);
    finish(net, y);
}

static void (*const build[PLACES])(network *, const setting *) = {
    build_layer, build_loss, build_loss, build_on_value, build_on_value, build_on_weight, build_on_weight, build_on_weight};

/* ---- Over the table ---- */

/* An operator that cannot run on several ranks is refused by name there, but not on one rank. */
static void assert_refused(const char *what, const network *net, const setting *s)
{
    tacet_error why;
    team t;
    assert_true(open_team(&t, net, 1, &why));
    close_team(&t);
    if (open_team(&t, net, 2, &why)) fail_msg("%s was not refused", what);
    assert_int_equal(why.status, TACET_DESCRIPTION);
    assert_non_null(strstr(why.message, s->op->name));
    assert_non_null(strstr(why.message, "mixes the samples"));
    close_team(&t);
}

/* Whether the operator accepts the setting. */
static bool try_setting(const setting *s)
{
    network net = {.g = tacet_graph_new(NULL), .optimizer = "sgd lr=0.02 momentum=0.9", .ledger = 2};
    char what[200];
    snprintf(what, sizeof what, "%s, place %d, reduce=%s", s->probe->spec, (int)s->place, s->reduce ? s->reduce : "-");
    build[s->place](&net, s);
    const bool taken = !tacet_graph_error(net.g);
    if (taken && (s->op->flags & TC_MIXES) && !s->op->sums)
        assert_refused(what, &net, s);
    else if (taken)
        compare_over_ranks(what, &net);
    free_network(&net);
    return taken;
}

/* Tries every reduction. Returns how many settings were accepted. */
static int try_place(const tc_op *op, const tc_probe *probe, place place)
{
    const bool reduces = op->role == &tc_loss || op->role == &tc_penalty;
    int taken = 0;
    for (size_t i = 0; i < (reduces ? sizeof reductions / sizeof *reductions : 1); i++)
        taken += try_setting(&(setting){op, probe, place, reduces ? reductions[i] : NULL});
    return taken;
}

/* The least number of accepted settings, so that a mistake in the networks above cannot leave everything out. */
static int least_of(const tc_op *op, int probes)
{
    if (!op->role->scalar || op->role == &tc_constraint) return probes;
    if (op->role == &tc_loss) return 8 * probes;
    if (op->flags & TC_NO_BATCH) return 2 * probes;
    return 4 * probes;
}

static void over_the_table(const tc_role *role)
{
    for (int i = 0; i < tc_op_count(); i++) {
        const tc_op *op = tc_op_at(i);
        int taken = 0, probes = 0;
        if (op->role != role) continue;
        for (const tc_probe *p = op->probe; p->spec; p++, probes++) {
            if (role == &tc_layer) taken += try_place(op, p, LAYER);
            if (role == &tc_loss) taken += try_place(op, p, LOSS) + try_place(op, p, WEIGHED_LOSS);
            if (role == &tc_constraint) taken += try_place(op, p, ON_WEIGHT);
            for (place k = ON_VALUE; role == &tc_penalty && k < PLACES; k++) taken += try_place(op, p, k);
        }
        if (taken < least_of(op, probes)) fail_msg("%s was tried in only %d settings", op->name, taken);
    }
}

static void test_layers(void **state) { (void)state, over_the_table(&tc_layer); }
static void test_losses(void **state) { (void)state, over_the_table(&tc_loss); }
static void test_penalties(void **state) { (void)state, over_the_table(&tc_penalty); }
static void test_constraints(void **state) { (void)state, over_the_table(&tc_constraint); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_penalties),
        cmocka_unit_test(test_constraints),
    };
    return cmocka_run_group_tests_name("ranks", tests, NULL, NULL);
}
