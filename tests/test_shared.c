/* test_shared.c: parameters that several layers use: how they are described and refused; their gradients are sums over
 * all uses; penalties, updates, files and resumed runs count them once. */
#include "data_files.h"
#include "plan/plan.h"

#include <math.h>

enum { IN = 10, BATCH = 6, MOST = 1 << 18 };

static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-23f - 1;
}

/* An autoencoder, or another network with as many outputs as inputs. */
typedef struct net {
    tacet_graph *g;
    tacet_value x;
    tacet_plan *p;
    int64_t in, batch;
} net;

static const tacet_config plain = {TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.1", .seed = 5};

/* penalties: pairs of selector and text, then NULL, then pairs for options, then NULL. */
static net begin(const char *model, const char *const *line, const tacet_config *config, int64_t in)
{
    tacet_error why;
    net n = {.g = tacet_graph_new(NULL), .in = in, .batch = config->batch};
    n.x = tacet_input(n.g, "x", 1, &in);
    tacet_loss(n.g, "mse reduce=sample", tacet_chain(n.g, n.x, model), n.x);
    for (; line && line[0]; line += 2) tacet_penalize(n.g, line[0], line[1]);
    for (line += line != NULL; line && line[0]; line += 2) tacet_options(n.g, line[0], line[1]);
    n.p = tacet_compile(n.g, config, &why);
    if (!n.p) fail_msg("%s: %s %s", model, why.message, why.hint);
    return n;
}

static void end(net *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

/* Half of the numbers are 0. */
static void feed(net *n, uint32_t seed)
{
    static float x[1 << 16];
    assert_true(n->batch * n->in <= 1 << 16);
    for (int64_t i = 0; i < n->batch * n->in; i++) x[i] = noise(&seed) > 0 ? noise(&seed) : 0;
    assert_int_equal(tacet_feed(n->p, n->x, TACET_F32, x), TACET_OK);
}

static void step(net *n, uint32_t seed)
{
    feed(n, seed);
    if (tacet_step(n->p, n->batch)) fail_msg("%s", tacet_plan_error(n->p)->message);
}

static double objective(net *n, uint32_t seed)
{
    feed(n, seed);
    assert_int_equal(tacet_forward(n->p, n->batch), TACET_OK);
    return tacet_objective(n->p);
}

static tacet_value_info info_of(const net *n, const char *name)
{
    tacet_value_info v = {.size = sizeof v};
    assert_int_equal(tacet_value_at(n->p, tacet_find(n->g, name).id - 1, &v), TACET_OK);
    return v;
}

static size_t get(net *n, const char *name, float *to)
{
    const size_t count = (size_t)info_of(n, name).elements;
    if (tacet_read(n->p, name, to, count)) fail_msg("%s", tacet_plan_error(n->p)->message);
    return count;
}

static size_t get_gradient(net *n, const char *name, float *to)
{
    const size_t count = (size_t)info_of(n, name).elements;
    if (tacet_read_gradient(n->p, name, to, count)) fail_msg("%s", tacet_plan_error(n->p)->message);
    return count;
}

static void put(net *n, const char *name, const float *from)
{
    assert_int_equal(tacet_write(n->p, name, from, (size_t)info_of(n, name).elements), TACET_OK);
}

static size_t weights(net *n, float *to)
{
    size_t count = 0;
    for (int i = 0; i < tacet_value_count(n->p); i++)
        if (n->g->value[i].owner >= 0) count += get(n, n->g->value[i].name, to + count);
    assert_true(count > 0 && count <= MOST);
    return count;
}

static void close_to(const char *what, const float *a, const float *b, size_t count, double tolerance)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)b[i]));
    assert_true(largest > 0);
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= tolerance * largest))
            fail_msg("%s: [%zu] is %g, not %g", what, i, (double)a[i], (double)b[i]);
}

/* ---- How they are described ---- */

static void one_value_under_its_owners_name(void **state)
{
    (void)state;
    net n = begin("linear 4 | relu | linear 10 weight=linear1.weight transposed | linear 4 name=again "
                  "weight=linear1.weight bias=linear1.bias | linear 10",
                  NULL, &plain, IN);
    static const char *const there[] = {"x",       "linear1",        "linear1.weight", "linear1.bias",
                                        "relu1",   "linear2",        "again",          "linear2.bias",
                                        "linear4", "linear4.weight", "linear4.bias"};
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        if (!tacet_find(n.g, there[i]).id) fail_msg("no %s", there[i]);
    assert_int_equal(tacet_value_count(n.p), sizeof there / sizeof *there);
    assert_int_equal(info_of(&n, "linear1.weight").elements, 40);
    assert_int_equal(info_of(&n, "linear1.weight").shape[0], 4);
    static const char *const used[][3] = {{"linear1", "linear1.weight", "linear1.bias"},
                                          {"linear2", "linear1.weight", "linear2.bias"},
                                          {"again", "linear1.weight", "linear1.bias"},
                                          {"linear4", "linear4.weight", "linear4.bias"}};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        for (int k = 0; k < 2; k++) assert_string_equal(tacet_parameter(n.g, used[i][0], k), used[i][1 + k]);
        assert_null(tacet_parameter(n.g, used[i][0], 2));
        assert_null(tacet_parameter(n.g, used[i][0], -1));
    }
    assert_null(tacet_parameter(n.g, "relu1", 0));
    assert_null(tacet_parameter(n.g, "x", 0));
    assert_null(tacet_parameter(n.g, "nothing", 0));
    end(&n);
}

static void the_text_is_read_back(void **state)
{
    (void)state;
    static const char model[] = "from x | linear 4 | relu | linear 10 weight=linear1.weight transposed name=back | "
                                "layer_norm | linear 4 bias=linear1.bias | layer_norm name=n | relu | "
                                "layer_norm weight=n.weight bias=n.bias | from relu1 | linear 4 "
                                "weight=linear3.weight transposed=false bias=false | from relu1 | linear 10 bias=true";
    tacet_graph *g = tacet_graph_new(NULL), *h = tacet_graph_new(NULL);
    char a[1024], b[1024];
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){IN});
    tacet_input(h, "x", 1, (int64_t[]){IN});
    tacet_chain(g, x, model);
    assert_non_null(tacet_graph_error(g)); /* linear3.weight is [4, 10] and relu1 has 4 units */
    assert_non_null(strstr(tacet_graph_error(g)->message, "needs a weight [4, 4] here, but linear3.weight is [4, 10]"));
    tacet_graph_free(g);
    g = tacet_graph_new(NULL);
    tacet_input(g, "x", 1, (int64_t[]){IN});
    char good[1024];
    snprintf(good, sizeof good, "%s", model);
    memcpy(strstr(good, "from relu1 | linear 4"), "from back  | linear 4", 21);
    tacet_chain(g, (tacet_value){0}, good);
    if (tacet_graph_error(g)) fail_msg("%s", tacet_graph_error(g)->message);
    tacet_graph_text(g, "model", a, sizeof a);
    assert_non_null(strstr(a, "linear 4 weight=linear3.weight transposed=false bias=false"));
    tc_graph_rebuild(h, "model", a);
    if (tacet_graph_error(h)) fail_msg("%s", tacet_graph_error(h)->message);
    tacet_graph_text(h, "model", b, sizeof b);
    assert_string_equal(a, b);
    assert_int_equal(g->values, h->values);
    for (int v = 0; v < g->values; v++) {
        assert_string_equal(g->value[v].name, h->value[v].name);
        assert_memory_equal(g->value[v].input, h->value[v].input, sizeof(int) * (size_t)g->value[v].slots);
        assert_int_equal(g->value[v].turned, h->value[v].turned);
    }
    tacet_graph_free(g);
    tacet_graph_free(h);
}

/* A decoder that begins as the encoder's transpose: both are trained, and saved, by themselves. */
static void a_weight_begins_as_a_transpose(void **state)
{
    (void)state;
    static const char *const model[] = {"linear 7 | relu | linear 10 init_transpose=linear1.weight",
                                        "linear 10 | relu | linear 10 init_transpose=linear1.weight",
                                        "linear 7 init=zeros | relu | linear 10 init_transpose=linear1.weight",
                                        /* the transpose of a transpose, as a layer that comes first in the options' order */
                                        "linear 7 | relu | linear 10 init_transpose=linear1.weight name=b | relu | "
                                        "linear 7 init_transpose=b.weight name=a | linear 10 name=linear2 "
                                        "init_transpose=a.weight"};
    for (size_t k = 0; k < sizeof model / sizeof *model; k++)
        for (int trains = 0; trains < 2; trains++) {
            static float a[100], b[100];
            const char *optimizer = trains ? plain.optimizer : NULL;
            const tacet_config config = {TACET_CONFIG, .batch = BATCH, .optimizer = optimizer, .seed = 5};
            net n = begin(model[k], (const char *const[]){NULL, "linear1.weight", "lr=0.2", NULL}, &config, IN);
            const size_t count = get(&n, "linear1.weight", a), units = count / IN;
            assert_int_equal(get(&n, "linear2.weight", b), count); /* [10, units] and [units, 10] */
            for (size_t i = 0; i < units; i++)
                for (size_t j = 0; j < IN; j++) assert_true(a[i * IN + j] == b[j * units + i]);
            size_t same = 0;
            if (trains) {
                step(&n, 3);
                get(&n, "linear1.weight", a), get(&n, "linear2.weight", b);
                for (size_t i = 0; i < units; i++)
                    for (size_t j = 0; j < IN; j++) same += a[i * IN + j] == b[j * units + i];
                assert_true(k == 2 || same < count / 2);
            }
            end(&n);
        }
}

/* The gradient that the optimizer gets is that of the same network without the constraint, less its part along each
 * vector; of weights that have another's owner, and of such as would otherwise be computed in the update, too. */
static void tangent_gradients(void **state)
{
    (void)state;
    static const struct {
        const char *model, *on, *spec;
        bool unit; /* vectors are rows of the weight as users see it, otherwise columns */
    } known[] = {
        {"linear 7 | relu | linear 10", "linear2.weight", "unit_norm by=input tangent", false},
        {"linear 7 | relu | linear 10", "linear2.weight", "unit_norm tangent", true},
        {"linear 7 | relu | linear 10 weight=linear1.weight transposed", "linear1.weight", "unit_norm tangent", true},
        {"linear 4000 | relu | linear 10", "linear2.weight", "unit_norm by=input tangent", false},
        {"linear 4000 | relu | linear 10", "linear1.weight", "unit_norm by=unit tangent", true},
    };
    static const char *const optimizer[] = {"sgd lr=0.1", "sgd lr=0.1 momentum=0.9 nesterov weight_decay=0.1", "adam lr=0.01",
                                            "adamw lr=0.01", "rmsprop lr=0.01", "adagrad lr=0.01"};
    static float w[MOST], g[MOST], plain_g[MOST];
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        for (size_t o = 0; o < sizeof optimizer / sizeof *optimizer; o++) {
            const tacet_config config = {TACET_CONFIG, .batch = BATCH, .optimizer = optimizer[o], .seed = 5, .ledger = -1};
            net a = begin(known[k].model, (const char *const[]){known[k].on, known[k].spec, NULL, NULL}, &config, IN);
            net b = begin(known[k].model, NULL, &config, IN);
            const size_t count = get(&a, known[k].on, w), rows = (size_t)info_of(&a, known[k].on).shape[0],
                         columns = count / rows;
            step(&a, 3);
            step(&b, 3);
            assert_int_equal(tacet_read_gradient(a.p, known[k].on, g, count), TACET_OK);
            if (tacet_read_gradient(b.p, known[k].on, plain_g, count)) fail_msg("%s", tacet_plan_error(b.p)->message);
            for (size_t i = 0; i < (known[k].unit ? rows : columns); i++) {
                const size_t n = known[k].unit ? columns : rows, from = known[k].unit ? i * columns : i,
                             by = known[k].unit ? 1 : columns;
                double square = 0, dot = 0, left = 0, length = 0;
                for (size_t j = from; j < from + n * by; j += by) {
                    square += (double)w[j] * (double)w[j];
                    dot += (double)w[j] * (double)plain_g[j];
                    length += fabs((double)plain_g[j]);
                }
                for (size_t j = from; j < from + n * by; j += by) {
                    const double expected = (double)plain_g[j] - (double)w[j] * dot / square;
                    if (!(fabs(expected - (double)g[j]) <= 1e-5 * length)) fail_msg("%g is not %g", (double)g[j], expected);
                    left += (double)w[j] * (double)g[j];
                }
                assert_true(fabs(left) <= 1e-5 * length);
            }
            end(&a);
            end(&b);
        }
}

static const struct {
    const char *chain, *says, *at, *hint;
} mistakes[] = {
    {"linear 10 weight=linear9.weight", "weight of linear: the parameter linear9.weight does not exist", "linear9.weight",
     "did you mean linear1.weight?"},
    {"linear 10 weight=3", "the parameter 3 does not exist", "3", "there are: linear1.weight, linear1.bias"},
    {"linear 10 weight=relu1", "relu1 is not a parameter, it is the output of a layer", "relu1", "linear1.weight"},
    {"linear 10 weight=x", "x is not a parameter, it is an input", "x", "linear1.weight"},
    {"linear 10 weight=linear1.weight transposed | linear 4 weight=linear2.weight",
     "the parameter linear2.weight does not exist", "linear2", "linear2 uses linear1.weight"},
    {"linear 10 weight=linear2.weight", "the parameter linear2.weight does not exist", "linear2.weight", "linear1.weight"},
    {"linear 10 weight=linear1.weight", "linear needs a weight [10, 4] here, but linear1.weight is [4, 10]",
     "linear1.weight", "its transpose fits: add the word transposed"},
    {"linear 4 weight=linear1.weight transposed",
     "linear needs a weight [4, 4] here, but linear1.weight is [4, 10], to be transposed", "linear1.weight", ""},
    {"linear 10 | linear 4 weight=linear1.weight transposed", "to be transposed", "linear1.weight",
     "it fits as it is: leave out transposed"},
    {"linear 10 weight=linear1.bias", "linear needs a weight [10, 4] here, but linear1.bias is [4]", "linear1.bias",
     ""},
    {"linear 10 bias=linear1.bias", "linear needs a bias [10] here, but linear1.bias is [4]", "linear1.bias", ""},
    {"linear 10 bias=linear1.weight", "linear needs a bias [10] here, but linear1.weight is [4, 10]", "linear1.weight",
     ""},
    {"linear 10 bias=linear1.weight transposed weight=linear1.weight", "linear would use linear1.weight twice",
     "linear1.weight", ""},
    {"linear 10 bias=linear1", "bias of linear: expected true or false, got 'linear1'", "bias=linear1", ""},
    {"linear 4 bias=linear1.bias bias=false", "bias is given twice", "bias=linear1.bias", ""},
    {"linear 4 bias bias=linear1.bias", "bias is given twice", "bias=linear1.bias", ""},
    {"linear 4 weight=linear1.weight weight=linear1.weight", "weight is given twice", "weight=linear1.weight", ""},
    {"linear 4 wieght=linear1.weight", "linear has no attribute wieght", "wieght", "did you mean weight?"},
    {"relu weight=linear1.weight", "relu has no attribute weight", "weight", ""},
    {"linear 10 init_transpose=linear9.weight", "init_transpose of linear: the parameter linear9.weight does not exist",
     "linear9.weight", "did you mean linear1.weight?"},
    {"linear 10 init_transpose=relu1", "relu1 is not a parameter", "relu1", "linear1.weight"},
    {"linear 9 init_transpose=linear1.weight",
     "linear needs a weight [9, 4] here, but linear1.weight is [4, 10], to be transposed", "linear1.weight", ""},
    {"from x | linear 4 init_transpose=linear1.weight",
     "linear needs a weight [4, 10] here, but linear1.weight is [4, 10], to be transposed", "linear1.weight", ""},
    {"linear 10 init_transpose=linear1.bias", "linear1.bias is [4], to be transposed", "linear1.bias", ""},
    {"linear 10 weight=linear1.weight transposed init_transpose=linear1.weight",
     "init_transpose: this linear has no weight of its own", "linear1.weight", ""},
    {"relu init_transpose=linear1.weight", "init_transpose: a relu has no weight", "linear1.weight", ""},
    {"linear 10 transposed", "transposed: this linear has its own weight", "transposed",
     "weight=LAYER.weight uses that of another layer transposed"},
    {"linear 4 bias=linear1.bias transposed", "transposed: this linear has its own weight", "transposed", ""},
    {"relu transposed", "transposed: a relu has no parameter that it can use transposed", "transposed", ""},
    {"layer_norm weight=linear1.bias transposed", "a layer_norm has no parameter that it can use transposed",
     "transposed", ""},
    {"layer_norm affine=false weight=linear1.bias", "this layer_norm has no weight, and cannot use another layer's",
     "linear1.bias", ""},
    {"layer_norm weight=linear1.bias bias=linear1.bias", "layer_norm would use linear1.bias twice", "linear1.bias", ""},
    {"from linear1.bias | linear 4 bias=linear1.bias", "linear would use linear1.bias twice", "linear1.bias", ""},
};

static void mistakes_have_messages_and_carets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char chain[256];
        tacet_graph *g = tacet_graph_new(NULL);
        snprintf(chain, sizeof chain, "linear 4 | relu | %s", mistakes[i].chain);
        tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){IN}), chain);
        const tacet_error *e = tacet_graph_error(g);
        if (!e) fail_msg("%s: accepted", chain);
        if (!strstr(e->message, mistakes[i].says)) fail_msg("%s: \"%s\"", chain, e->message);
        if (e->column < 0 || strncmp(e->source + e->column, mistakes[i].at, strlen(mistakes[i].at)) != 0)
            fail_msg("%s: the caret is at \"%s\"", chain, e->source + (e->column < 0 ? 0 : e->column));
        if (!strstr(e->hint, mistakes[i].hint) || (!*mistakes[i].hint && strstr(e->hint, "fits")))
            fail_msg("%s: the hint is \"%s\"", chain, e->hint);
        tacet_graph_free(g);
    }
}

/* The name of a parameter that does not exist because the layer uses another's. */
static void names_lead_to_the_owner(void **state)
{
    (void)state;
    static const char model[] = "linear 4 | relu | linear 10 weight=linear1.weight transposed";
    for (int way = 0; way < 4; way++) {
        tacet_graph *g = tacet_graph_new(NULL);
        tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){IN}), model);
        if (way == 0) tacet_penalize(g, "linear2.weight", "l1 1e-3");
        if (way == 1) tacet_penalize(g, "linear2.w*", "l1 1e-3");
        if (way == 2) tacet_options(g, "linear2.weight", "frozen");
        if (way == 3) tacet_keep(g, "linear2.weight");
        assert_non_null(tacet_graph_error(g));
        assert_string_equal(tacet_graph_error(g)->hint, "linear2 uses linear1.weight");
        tacet_graph_free(g);
    }
    float w[40];
    net n = begin(model, NULL, &plain, IN);
    assert_int_equal(tacet_read(n.p, "linear2.weight", w, 40), TACET_FAILED);
    assert_string_equal(tacet_plan_error(n.p)->hint, "linear2 uses linear1.weight");
    assert_int_equal(tacet_read(n.p, "linear2.bais", w, 40), TACET_FAILED);
    assert_string_equal(tacet_plan_error(n.p)->hint, "did you mean linear2.bias?");
    tacet_options(n.g, "linear2.*", "lr=0.01"); /* matches its bias */
    assert_null(tacet_graph_error(n.g));
    end(&n);
}

/* ---- Gradients ---- */

/* Ways to share; `pulls` is a penalty that sends a gradient into the shared parameter. */
static const char *const models[] = {
    "linear 7 | tanh | linear 10 weight=linear1.weight transposed",
    "linear 10 | tanh | linear 10 weight=linear1.weight",
    "linear 10 | tanh | linear 10 weight=linear1.weight transposed",
    "linear 10 | tanh | linear 10 bias=linear1.bias",
    "linear 10 name=a | tanh | linear 10 weight=a.weight bias=a.bias | tanh | linear 10 weight=a.weight transposed",
    "linear 7 name=a | from x | linear 7 weight=a.weight bias=a.bias name=b | tanh | add a | linear 10",
    "linear 7 name=a | tanh | linear 10 weight=a.weight transposed | tanh | linear 7 weight=a.weight | linear 10",
    "linear 10 name=a | from x | linear 10 weight=a.weight transposed name=b | tanh | add a | linear 10",
    "linear 10 bias=false | layer_norm | tanh | layer_norm weight=layer_norm1.weight bias=layer_norm1.bias",
    "linear 10 | layer_norm | linear 10 bias=layer_norm1.weight",
    "linear 7 name=a bias=false | from a.weight | tanh name=t | from a | linear 10 weight=a.weight transposed",
    "linear 10 name=a | linear 10 weight=a.weight transposed bias=false",
};
enum { MODELS = sizeof models / sizeof *models };

static const char *const pulls[] = {"*.weight", "l2 0.05", "linear1*", "l2 0.01", NULL, NULL};
static const char *const pulls_a[] = {"*.weight", "l2 0.05", NULL, NULL};

static const char *const *penalties_of(int model) { return strstr(models[model], "name=a") ? pulls_a : pulls; }

static void gradients_match_differences(void **state)
{
    (void)state;
    const float h = 4e-3f;
    float gradients[1000], w[200];
    for (int model = 0; model < MODELS; model++)
        for (int sparse = TACET_SPARSE_NEVER; sparse <= TACET_SPARSE_ALWAYS; sparse++) {
            tacet_config config = plain;
            config.optimizer = "sgd lr=0";
            config.sparse = (tacet_sparse)sparse;
            net n = begin(models[model], penalties_of(model), &config, IN);
            step(&n, 3);
            size_t all = 0;
            for (int v = 0; v < tacet_value_count(n.p); v++)
                if (n.g->value[v].owner >= 0) all += get_gradient(&n, n.g->value[v].name, gradients + all);
            const float *d = gradients;
            for (int v = 0; v < tacet_value_count(n.p); v++) {
                const char *name = n.g->value[v].name;
                if (n.g->value[v].owner < 0) continue;
                const size_t count = (size_t)info_of(&n, name).elements;
                double largest = 0;
                for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)d[i]));
                assert_true(largest > 0.01);
                get(&n, name, w);
                for (size_t i = 0; i < count; i++) {
                    const float was = w[i];
                    w[i] = was + h, put(&n, name, w);
                    const double up = objective(&n, 3);
                    w[i] = was - h, put(&n, name, w);
                    const double slope = (up - objective(&n, 3)) / (2 * (double)h);
                    w[i] = was, put(&n, name, w);
                    if (!(fabs(slope - (double)d[i]) <= 2e-3 * largest))
                        fail_msg("%s: %s[%zu] is %g, not %g", models[model], name, i, (double)d[i], slope);
                }
                d += count;
            }
            end(&n);
        }
}

/* Two networks with the same numbers: one shares a weight [units, in], the other has two copies of it. */
typedef struct twins {
    net tied, apart;
} twins;

static twins begin_twins(const tacet_config *config, int64_t in, int units)
{
    char tied[128], apart[128];
    static float w[MOST], t[MOST];
    snprintf(tied, sizeof tied, "linear %d | relu | linear %d weight=linear1.weight transposed", units, (int)in);
    snprintf(apart, sizeof apart, "linear %d | relu | linear %d", units, (int)in);
    twins b = {begin(tied, NULL, config, in), begin(apart, NULL, config, in)};
    assert_int_equal(get(&b.tied, "linear1.weight", w), units * in);
    for (int64_t i = 0; i < units; i++)
        for (int64_t j = 0; j < in; j++) t[j * units + i] = w[i * in + j];
    put(&b.apart, "linear1.weight", w);
    put(&b.apart, "linear2.weight", t);
    get(&b.tied, "linear2.bias", t);
    put(&b.apart, "linear2.bias", t);
    return b;
}

/* The tied gradient is the sum of the two. The weight is large enough for several tiles, ranges and threads, and for
 * the fused update, which must not be used for a shared weight. */
static void large_gradients_are_sums_over_uses(void **state)
{
    (void)state;
    static const struct {
        int64_t in, batch;
        int units;
    } sizes[] = {{300, 40, 270}, {1040, 24, 100}, {100, 130, 1100}, {20, 20, 2000}, {2000, 20, 20}};
    static float sum[MOST], w[MOST], t[MOST];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int sparse = TACET_SPARSE_AUTO; sparse <= TACET_SPARSE_ALWAYS; sparse++) {
            const int64_t in = sizes[s].in, units = sizes[s].units;
            tacet_config config = plain;
            config.batch = sizes[s].batch, config.threads = 2, config.sparse = (tacet_sparse)sparse;
            twins b = begin_twins(&config, in, (int)units);
            if (in * units >= 1 << 15) {
                assert_int_equal(b.tied.p->update.fuseds, 0);
                assert_int_equal(b.apart.p->update.fuseds, 2);
            }
            step(&b.tied, 9), step(&b.apart, 9);
            assert_true(fabs(tacet_objective(b.tied.p) / tacet_objective(b.apart.p) - 1) < 1e-5);
            get_gradient(&b.apart, "linear1.weight", sum);
            get_gradient(&b.apart, "linear2.weight", t);
            for (int64_t i = 0; i < units; i++)
                for (int64_t j = 0; j < in; j++) sum[i * in + j] += t[j * units + i];
            const size_t count = get_gradient(&b.tied, "linear1.weight", w);
            close_to("the gradient", w, sum, count, 1e-5);
            for (int k = 0; k < 2; k++) {
                static const char *const bias[] = {"linear1.bias", "linear2.bias"};
                const size_t m = get_gradient(&b.tied, bias[k], w);
                get_gradient(&b.apart, bias[k], t);
                close_to(bias[k], w, t, m, 1e-5);
            }
            end(&b.tied), end(&b.apart);
        }
}

/* A weight that a layer reads as its input is not fused either. */
static void readers_of_a_large_weight_add_their_part(void **state)
{
    (void)state;
    static const char *const line[] = {"t", "l2 0.3 reduce=sum", NULL, NULL};
    static float w[MOST], d[MOST], after[MOST];
    tacet_config config = plain;
    net n = begin("linear 200 | from linear1.weight | tanh name=t | from linear1 | linear 300", line, &config, 300);
    net without = begin("linear 200 | linear 300", NULL, &config, 300);
    const size_t count = get(&n, "linear1.weight", w);
    assert_int_equal(n.p->update.fuseds, 1); /* the weight of linear2 */
    step(&n, 4), step(&without, 4);
    get_gradient(&without, "linear1.weight", d);
    for (size_t i = 0; i < count; i++) {
        const float t = tanhf(w[i]);
        w[i] -= 0.1f * (d[i] + 2 * 0.3f * t * (1 - t * t));
    }
    get(&n, "linear1.weight", after);
    close_to("the update", after, w, count, 1e-5);
    end(&n), end(&without);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    static const char *const model[] = {
        "linear 200 | relu | linear 300 weight=linear1.weight transposed",
        "linear 300 | relu | linear 300 weight=linear1.weight bias=linear1.bias",
        "linear 9 | from x | linear 300 name=a | relu | linear 300 weight=a.weight transposed bias=a.bias | relu"};
    static float a[MOST], b[MOST];
    for (size_t m = 0; m < sizeof model / sizeof *model; m++)
        for (int sparse = TACET_SPARSE_AUTO; sparse <= TACET_SPARSE_ALWAYS; sparse++) {
            size_t count = 0;
            for (int threads = 1; threads <= 3; threads++) {
                tacet_config config = plain;
                config.batch = 64, config.threads = threads, config.sparse = (tacet_sparse)sparse;
                config.optimizer = "adam lr=0.001";
                net n = begin(model[m], pulls, &config, 300);
                for (uint32_t k = 0; k < 4; k++) step(&n, k);
                count = weights(&n, threads == 1 ? a : b);
                if (threads > 1) assert_memory_equal(a, b, count * sizeof *a);
                end(&n);
            }
        }
}

/* A transposed weight uses other products, and one way has none. */
static void a_transposed_weight_has_other_products(void **state)
{
    (void)state;
    enum { WIDE = 512, ROWS = 64, CODE = 256 };
    const struct {
        int way, product;
        int64_t m, n, k;
    } served[] = {{TC_Y_BY_X, TC_SPMM_NT, ROWS, WIDE, CODE},
                  {TC_DX_BY_G, TC_SPMM, ROWS, CODE, WIDE},
                  {TC_DW_BY_X, TC_DSMM_TN, WIDE, CODE, ROWS},
                  {TC_DW_BY_G, TC_SPMM_TN, WIDE, CODE, ROWS}};
    tacet_config config = plain;
    config.batch = ROWS;
    net n = begin("linear 256 | relu | linear 512 weight=linear1.weight transposed | relu", NULL, &config, WIDE);
    const int layer = tacet_find(n.g, "linear2").id - 1;
    double *most = &n.p->table.break_even[layer * TC_WAYS];
    assert_true(most[TC_DX_BY_X] == 0);
    for (size_t i = 0; i < sizeof served / sizeof *served; i++) {
        const double at = tc_cpu()->break_even(served[i].product, served[i].m, served[i].n, served[i].k);
        assert_true(at > 0 && most[served[i].way] == at);
    }
    /* A checkpoint may contain a density for the way that does not exist; it must have no effect. */
    for (int k = 0; k < TC_WAYS; k++) most[k] = 2;
    for (uint32_t k = 0; k < 3; k++) step(&n, k);
    const tacet_value_info v = info_of(&n, "relu1");
    assert_true(v.sparse_forward == 1 && v.sparse_backward == 1);
    end(&n);
}

/* ---- Counted once ---- */

static double squares(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

static const char tied[] = "linear 7 | relu | linear 10 weight=linear1.weight transposed";

static void a_penalty_counts_once(void **state)
{
    (void)state;
    static const char *const line[] = {"*.weight", "l2 0.5", NULL, NULL};
    float w[70], after[70], d[70], free[70];
    net n = begin(tied, line, &plain, IN), without = begin(tied, NULL, &plain, IN);
    assert_int_equal(tacet_term_count(n.p), 2);
    get(&n, "linear1.weight", w);
    step(&n, 1), step(&without, 1);
    assert_true(fabs(tacet_term_value(n.p, "linear1.weight:l2") / squares(w, 70) - 1) < 1e-6);
    get_gradient(&n, "linear1.weight", d), get_gradient(&without, "linear1.weight", free);
    for (int i = 0; i < 70; i++) free[i] += 2 * 0.5f * w[i];
    close_to("the penalised gradient", d, free, 70, 1e-6);
    get(&n, "linear1.weight", after);
    for (int i = 0; i < 70; i++) w[i] -= 0.1f * d[i];
    close_to("the update", after, w, 70, 1e-6);
    end(&n), end(&without);
}

static void proximal_steps_and_constraints_act_once(void **state)
{
    (void)state;
    static const char *const prox[] = {"linear*.weight", "l1 0.3 prox", NULL, NULL};
    static const char *const norm[] = {"linear1.weight", "unit_norm by=unit", NULL, NULL};
    float w[70], d[70], after[70];
    net n = begin(tied, prox, &plain, IN);
    get(&n, "linear1.weight", w);
    step(&n, 1);
    get_gradient(&n, "linear1.weight", d);
    int zeros = 0;
    for (int i = 0; i < 70; i++) {
        const float z = w[i] - 0.1f * d[i];
        w[i] = copysignf(fmaxf(fabsf(z) - 0.1f * 0.3f, 0), z);
        zeros += w[i] == 0.0f;
    }
    get(&n, "linear1.weight", after);
    close_to("the proximal step", after, w, 70, 1e-6);
    assert_true(zeros > 0);
    end(&n);
    n = begin(tied, norm, &plain, IN);
    step(&n, 1);
    get(&n, "linear1.weight", w);
    for (int i = 0; i < 7; i++) assert_true(fabs(squares(w + 10 * i, 10) - 1) < 1e-5);
    end(&n);
}

static void zeros_are_steered(void **state)
{
    (void)state;
    static const char *const line[] = {"linear1.weight", "l1 zeros=0.6 prox", NULL, NULL};
    tacet_account a = {.size = sizeof a};
    tacet_config config = plain;
    config.optimizer = "sgd lr=0.02";
    config.steps_per_epoch = 50, config.epochs = 20;
    net n = begin(tied, line, &config, IN);
    for (uint32_t k = 0; k < 1000; k++) step(&n, k % 7);
    assert_int_equal(tacet_account_at(n.p, 1, &a), TACET_OK);
    if (!(a.zeros >= 38 && a.zeros <= 46)) fail_msg("%d zeros of 70", (int)a.zeros);
    end(&n);
}

/* A frozen weight keeps its numbers; other parameters, also those of earlier layers, train as before. */
static void a_frozen_weight_is_frozen_for_all_uses(void **state)
{
    (void)state;
    static const char *const line[] = {NULL, "linear1.weight", "frozen", NULL, NULL};
    static const char model[] =
        "linear 10 name=first | linear 7 name=linear1 | relu | linear 10 weight=linear1.weight transposed";
    float w[70], after[70], d[100], other[100];
    net n = begin(model, line, &plain, IN), m = begin(model, NULL, &plain, IN);
    get(&n, "linear1.weight", w);
    step(&n, 1), step(&m, 1);
    get(&n, "linear1.weight", after);
    assert_memory_equal(w, after, sizeof w);
    assert_int_equal(tacet_read_gradient(n.p, "linear1.weight", d, 70), TACET_FAILED);
    static const char *const trains[] = {"first.weight", "linear1.bias", "linear3.bias"};
    for (size_t i = 0; i < sizeof trains / sizeof *trains; i++) {
        const size_t count = get_gradient(&n, trains[i], d);
        get_gradient(&m, trains[i], other);
        assert_memory_equal(d, other, count * sizeof *d);
    }
    end(&n), end(&m);
}

/* The ledger's norms for a shared weight: the gradient of the penalty, and that of the losses over all uses. */
static void a_sample_covers_all_uses(void **state)
{
    (void)state;
    static const char *const line[] = {"linear1.weight", "l2 0.5", NULL, NULL};
    float w[70], d[70];
    tacet_account a = {.size = sizeof a};
    tacet_config config = plain;
    config.ledger = 1;
    net n = begin(tied, line, &config, IN), without = begin(tied, NULL, &plain, IN);
    get(&n, "linear1.weight", w);
    step(&n, 1), step(&without, 1);
    get_gradient(&without, "linear1.weight", d);
    assert_int_equal(tacet_account_at(n.p, 1, &a), TACET_OK);
    assert_true(fabs(a.gradient / sqrt(squares(w, 70)) - 1) < 1e-5);
    assert_true(fabs(a.data_gradient / sqrt(squares(d, 70)) - 1) < 1e-5);
    end(&n), end(&without);
}

/* ---- Files ---- */

static tacet_file *opened(void)
{
    tacet_error why;
    tacet_file *f = tacet_file_open(path_of("file.safetensors"), NULL, &why);
    if (!f) fail_msg("%s", why.message);
    return f;
}

static void a_model_has_it_once(void **state)
{
    (void)state;
    static const char *const saved[] = {"linear1.weight", "linear1.bias", "linear2.bias"};
    tacet_error why;
    net n = begin(tied, NULL, &plain, IN), m = {.in = IN, .batch = BATCH};
    for (uint32_t k = 0; k < 4; k++) step(&n, k);
    assert_int_equal(tacet_save(n.p, path_of("file.safetensors"), 0, NULL, &why), TACET_OK);
    tacet_file *f = opened();
    assert_int_equal(tacet_file_count(f), 3);
    for (int i = 0; i < 3; i++) {
        const char *name;
        assert_int_equal(tacet_file_tensor(f, i, &name, NULL, NULL, NULL), TACET_OK);
        assert_string_equal(name, saved[i]);
    }
    m.g = tacet_file_graph(f, NULL, &why);
    if (!m.g) fail_msg("%s", why.message);
    m.x = tacet_find(m.g, "x");
    m.p = tacet_compile(m.g, &(tacet_config){TACET_CONFIG, .batch = BATCH}, &why);
    if (!m.p) fail_msg("%s", why.message);
    if (tacet_file_load(f, m.p, true, NULL, &why)) fail_msg("%s", why.message);
    assert_true(objective(&n, 8) == objective(&m, 8));
    tacet_file_free(f);
    end(&n), end(&m);
}

static void a_resumed_run_has_the_same_bits(void **state)
{
    (void)state;
    static const char *const line[] = {"linear1.weight",
                                       "l1 zeros=0.5 prox",
                                       "relu1",
                                       "l1 density=0.3",
                                       NULL,
                                       "linear1.weight",
                                       "lr=0.05",
                                       NULL,
                                       NULL};
    static float a[MOST], b[MOST];
    tacet_error why;
    tacet_config config = plain;
    config.optimizer = "sgd lr=0.1 momentum=0.9";
    net n = begin(tied, line, &config, IN), m = begin(tied, line, &config, IN);
    for (uint32_t k = 0; k < 7; k++) step(&n, k);
    assert_int_equal(tacet_checkpoint(n.p, NULL, path_of("file.safetensors"), 0, NULL, &why), TACET_OK);
    tacet_file *f = opened();
    if (tacet_resume(m.p, NULL, f, &why)) fail_msg("%s", why.message);
    for (uint32_t k = 7; k < 30; k++) step(&n, k), step(&m, k);
    const size_t count = weights(&n, a);
    assert_int_equal(weights(&m, b), count);
    assert_memory_equal(a, b, count * sizeof *a);
    end(&m);
    m = begin("linear 7 | relu | linear 10", NULL, &config, IN); /* another network, which shares nothing */
    assert_int_equal(tacet_resume(m.p, NULL, f, &why), TACET_FILE);
    tacet_file_free(f);
    end(&n), end(&m);
}

/* An attribute with the name of a parameter still accepts numbers, with or without a decimal point. */
static void attributes_named_like_parameters_take_numbers(void **state)
{
    (void)state;
    static const char *const theta[] = {"0.05", ".5", "5e-2", "1", "-0.1", "+0.5"};
    for (size_t i = 0; i < sizeof theta / sizeof *theta; i++) {
        char model[64];
        tacet_graph *g = tacet_graph_new(NULL);
        snprintf(model, sizeof model, "linear 4 | jump_relu theta=%s", theta[i]);
        tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){3}), model);
        const tacet_error *e = tacet_graph_error(g);
        if (e && theta[i][0] != '-') fail_msg("%s: %s", model, e->message);
        assert_true(!e || !strstr(e->message, "parameter"));
        tacet_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_named_like_parameters_take_numbers),
        cmocka_unit_test(one_value_under_its_owners_name),
        cmocka_unit_test(the_text_is_read_back),
        cmocka_unit_test(mistakes_have_messages_and_carets),
        cmocka_unit_test(names_lead_to_the_owner),
        cmocka_unit_test(gradients_match_differences),
        cmocka_unit_test(large_gradients_are_sums_over_uses),
        cmocka_unit_test(readers_of_a_large_weight_add_their_part),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(a_transposed_weight_has_other_products),
        cmocka_unit_test(a_penalty_counts_once),
        cmocka_unit_test(a_weight_begins_as_a_transpose),
        cmocka_unit_test(tangent_gradients),
        cmocka_unit_test(proximal_steps_and_constraints_act_once),
        cmocka_unit_test(zeros_are_steered),
        cmocka_unit_test(a_frozen_weight_is_frozen_for_all_uses),
        cmocka_unit_test(a_sample_covers_all_uses),
        cmocka_unit_test(a_model_has_it_once),
        cmocka_unit_test(a_resumed_run_has_the_same_bits),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
