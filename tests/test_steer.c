/* Schedules and targets, which change a lambda during training, and the ledger's figures: compared with formulas and
 * with gradients, with several numbers of threads, on lists and dense, and across a checkpoint. */
#include "trained.h"

enum { WIDTH = 32, SAMPLES = 20 };

/* A network on made-up numbers: x [WIDTH] | linear | relu | linear | relu | linear 1, mse. */
typedef struct made {
    tacet_graph *g;
    tacet_value x, target;
    tacet_plan *p;
    float in[SAMPLES][WIDTH], out[SAMPLES];
    uint32_t seed;
} made;

typedef struct setting {
    const char *optimizer;
    const char *penalty[4][2]; /* selector, penalty */
    int64_t ledger, spe;
    double epochs;
    int threads;
    tacet_sparse sparse;
    const char *keep;
} setting;

static float draw(made *m)
{
    m->seed = m->seed * 1664525u + 1013904223u;
    return (float)(m->seed >> 8) * 0x1p-23f - 1;
}

static void draw_all(made *m)
{
    for (int i = 0; i < SAMPLES; i++) {
        for (int j = 0; j < WIDTH; j++) m->in[i][j] = draw(m);
        m->out[i] = m->in[i][0] - m->in[i][1] * m->in[i][2] + 0.3f * draw(m);
    }
}

static void describe(made *m, const char *model, const setting *s)
{
    m->seed = 5;
    draw_all(m);
    m->g = tacet_graph_new(NULL);
    m->x = tacet_input(m->g, "x", 1, (int64_t[]){WIDTH});
    m->target = tacet_input(m->g, "target", 1, (int64_t[]){1});
    tacet_loss(m->g, "mse", tacet_chain(m->g, m->x, model), m->target);
    for (int i = 0; i < 4 && s->penalty[i][0]; i++) tacet_penalize(m->g, s->penalty[i][0], s->penalty[i][1]);
    if (s->keep) tacet_keep_gradient(m->g, s->keep);
    if (s->keep) tacet_keep(m->g, s->keep);
}

static tacet_plan *compiled(made *m, const setting *s, tacet_error *why)
{
    return tacet_compile(m->g,
                         &(tacet_config){TACET_CONFIG, .batch = SAMPLES, .optimizer = s->optimizer, .seed = 3,
                                         .threads = s->threads, .steps_per_epoch = s->spe, .epochs = s->epochs,
                                         .sparse = s->sparse, .ledger = s->ledger},
                         why);
}

static const char two[] = "linear 64 | relu | linear 64 | relu | linear 1";

static void make(made *m, const char *model, const setting *s)
{
    tacet_error why;
    describe(m, model, s);
    m->p = compiled(m, s, &why);
    if (!m->p) fail_msg("%s %s", why.message, why.hint);
}

static void unmake(made *m)
{
    tacet_plan_free(m->p);
    tacet_graph_free(m->g);
}

static void steps(made *m, int n)
{
    for (; n > 0; n--) {
        tacet_feed(m->p, m->x, TACET_F32, m->in);
        tacet_feed(m->p, m->target, TACET_F32, m->out);
        if (tacet_step(m->p, SAMPLES)) fail_msg("%s", tacet_plan_error(m->p)->message);
    }
}

static tacet_account account_of(const tacet_plan *p, const char *name)
{
    tacet_term t = {.size = sizeof t};
    tacet_account a = {.size = sizeof a};
    for (int i = 0; i < tacet_term_count(p); i++)
        if (tacet_term_at(p, i, &t) == TACET_OK && strcmp(t.name, name) == 0) {
            assert_int_equal(tacet_account_at(p, i, &a), TACET_OK);
            return a;
        }
    fail_msg("no term %s", name);
    return a;
}

static tacet_firing firing_of(const tacet_plan *p, const char *name)
{
    tacet_term t = {.size = sizeof t};
    tacet_firing f = {.size = sizeof f};
    for (int i = 0; i < tacet_term_count(p); i++)
        if (tacet_term_at(p, i, &t) == TACET_OK && strcmp(t.name, name) == 0)
            assert_int_equal(tacet_term_firing(p, i, &f), TACET_OK);
    return f;
}

static double lambda_of(const tacet_plan *p, const char *name)
{
    tacet_term t = {.size = sizeof t};
    for (int i = 0; i < tacet_term_count(p); i++)
        if (tacet_term_at(p, i, &t) == TACET_OK && strcmp(t.name, name) == 0) return t.lambda;
    return NAN;
}

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance * (fabs(a) + fabs(b) + 1e-12))) fail_msg("%.9g is not %.9g", a, b);
}

/* ---- Schedules ---- */

static void lambdas_follow_their_schedules(void **unused)
{
    (void)unused;
    static const struct {
        const char *penalty;
        double factor[9]; /* for the steps that begin at epochs 0, 0.5, ... */
    } known[] = {
        {"l1 0.5", {1, 1, 1, 1, 1, 1, 1, 1, 1}},
        {"l1 0.5 warmup=2", {0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 1}},
        {"l1 0.5 from=1", {0, 0, 1, 1, 1, 1, 1, 1, 1}},
        {"l1 0.5 until=1.5", {1, 1, 1, 0, 0, 0, 0, 0, 0}},
        {"l1 0.5 until=1.5 floor=0.125", {1, 1, 1, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125}},
        {"l1 0.5 from=1 warmup=1 until=3", {0, 0, 0, 0.5, 1, 1, 0, 0, 0}},
        {"l1 0.5 schedule=linear", {1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0}},
        {"l1 0.5 schedule=linear from=1 until=3 floor=0.5", {0, 0, 1, 0.875, 0.75, 0.625, 0.5, 0.5, 0.5}},
        {"l1 0.5 schedule=cosine until=2", {1, 0.853553390593, 0.5, 0.146446609407, 0, 0, 0, 0, 0}},
        {"l1 0.5 schedule=step every=1 drop=0.5", {1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        made m;
        make(&m, two, &(setting){"sgd lr=1e-3", {{"relu1", known[i].penalty}}, .spe = 2, .epochs = 4});
        for (int k = 0; k < 9; k++) {
            steps(&m, 1);
            near(lambda_of(m.p, "relu1:l1"), 0.5 * known[i].factor[k], 1e-10);
        }
        unmake(&m);
    }
}

static void invalid_penalties_are_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *on, *penalty, *says;
    } bad[] = {
        {"relu1", "l1", "needs a lambda"},
        {"linear1", "l1 density=0.5", "no exact zeros"},
        {"relu1", "kl_sparsity density=0.5", "has its own target"},
        {"linear1.weight", "l2 zeros=0.5 prox", "makes no zeros"},
        {"relu1", "l1 1 density=0.1", "replaces lambda"},
        {"relu1", "l1 density=0.1 l0=3", "one target"},
        {"relu1", "l1 density=0", "above 0 and below 1"},
        {"relu1", "l1 density=1", "above 0 and below 1"},
        {"relu1", "l1 l0=64", "below the number of units"},
        {"relu1", "l1 zeros=0.5", "density="},
        {"linear1.weight", "l1 density=0.5", "zeros="},
        {"linear1.weight", "l1 zeros=0.5", "needs prox"},
        {"linear1.weight", "l1 zeros=1 prox", "above 0 and below 1"},
        {"relu*", "l1 density=0.5 joint", "joint"},
        {"relu1", "l1 density=0.5 until=3", "no schedule"},
        {"relu1", "l1 1 warmup=-1", "warmup"},
        {"relu1", "l1 1 from=3 until=2", "until must be later than from"},
        {"relu1", "l1 1 schedule=step", "every=EPOCHS"},
        {"relu1", "l1 1 schedule=linear", "set epochs, or until"},
        {"relu1", "l1 1 floor=2", "floor"},
        {"x", "l1 density=0.5", "no exact zeros"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        made m;
        tacet_error why = {0};
        const setting s = {.optimizer = "sgd lr=1", .penalty = {{bad[i].on, bad[i].penalty}}};
        describe(&m, two, &s);
        m.p = compiled(&m, &s, &why);
        if (m.p || !strstr(why.message, bad[i].says)) fail_msg("%s: \"%s\"", bad[i].penalty, why.message);
        unmake(&m);
    }
}

static void a_target_that_nothing_moves_is_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *model, *on, *penalty, *frozen;
        bool refused;
    } known[] = {
        {two, "relu1", "l1 density=0.5", "linear1.*", true},
        {two, "relu2", "l1 density=0.5", "linear1.*", false},
        {two, "relu1", "l1 density=0.5", "linear1.weight", false},
        {two, "linear1.weight", "l1 zeros=0.5 prox", "linear1.weight", true},
        {"linear 9 | jump_relu | linear 1", "jump_relu1", "l0 density=0.5", "linear1.*", false},
        {"linear 9 | jump_relu | linear 1", "jump_relu1", "l0 density=0.5", "jump_relu1.theta", true},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int inference = 0; inference < 2; inference++) {
            made m;
            tacet_error why = {0};
            const setting s = {.optimizer = inference ? NULL : "sgd lr=1",
                               .penalty = {{known[i].on, known[i].penalty}}};
            describe(&m, known[i].model, &s);
            tacet_options(m.g, known[i].frozen, "frozen");
            m.p = compiled(&m, &s, &why);
            if ((m.p == NULL) != (known[i].refused && !inference)) fail_msg("%zu: %s", i, why.message);
            unmake(&m);
        }
}

/* The reported lambda is that of the step, even if lambda changes after the step. */
static void a_step_reports_its_lambda(void **unused)
{
    (void)unused;
    made m;
    make(&m, two,
         &(setting){"sgd lr=0.01",
                    {{"relu1", "l1 density=0.2"}, {"linear2.weight", "l1 zeros=0.5 prox"}},
                    .spe = 20,
                    .epochs = 2});
    for (int k = 0; k < 30; k++) {
        tacet_total total = {.size = sizeof total};
        tacet_ledger_reset(m.p);
        steps(&m, 1);
        tacet_ledger_total(m.p, &total);
        near(tacet_objective(m.p), total.objective, 1e-12);
        near(lambda_of(m.p, "relu1:l1"), account_of(m.p, "relu1:l1").lambda, 1e-12);
        near(lambda_of(m.p, "linear2.weight:l1"), account_of(m.p, "linear2.weight:l1").lambda, 1e-12);
        assert_int_equal(account_of(m.p, "relu1:l1").bound, 0);
    }
    assert_true(lambda_of(m.p, "relu1:l1") > 0 && lambda_of(m.p, "linear2.weight:l1") > 0);
    unmake(&m);
}

/* ---- Gradients ---- */

/* The norm of the losses' gradient over the elements of a value that fired, from a network without penalties. */
static double data_norm(const char *value, bool masked, size_t n)
{
    made m;
    float *g = malloc(n * sizeof *g), *x = malloc(n * sizeof *x);
    double sum = 0;
    make(&m, two, &(setting){"sgd lr=0.1", .keep = value});
    steps(&m, 1);
    assert_int_equal(tacet_read_gradient(m.p, value, g, n), TACET_OK);
    if (masked) assert_int_equal(tacet_read(m.p, value, x, n), TACET_OK);
    for (size_t i = 0; i < n; i++)
        if (!masked || x[i] != 0) sum += (double)g[i] * (double)g[i];
    free(g), free(x);
    unmake(&m);
    return sqrt(sum);
}

static void gradients_are_those_that_can_be_read(void **unused)
{
    (void)unused;
    const double relu1 = data_norm("relu1", true, SAMPLES * 64), relu2 = data_norm("relu2", true, SAMPLES * 64);
    const double linear2 = data_norm("linear2", false, SAMPLES * 64);
    const double weight = data_norm("linear2.weight", false, 64 * 64), bias = data_norm("linear2.bias", false, 64);
    for (int sparse = TACET_SPARSE_AUTO; sparse <= TACET_SPARSE_ALWAYS; sparse++) {
        made m;
        make(&m, two,
             &(setting){"sgd lr=0.1",
                        {{"relu*", "l1 0.5"},
                         {"linear2", "l2 0.25"},
                         {"linear2.weight", "l1 0.125 prox"},
                         {"linear2.*", "l2 1e-3 joint name=both"}},
                        .sparse = (tacet_sparse)sparse});
        float w[64 * 64];
        assert_int_equal(tacet_read(m.p, "linear2.weight", w, 64 * 64), TACET_OK);
        steps(&m, 1);
        const tacet_account a = account_of(m.p, "relu1:l1"), b = account_of(m.p, "relu2:l1");
        near(a.data_gradient, relu1, 1e-6);
        near(b.data_gradient, relu2, 1e-6);
        near(account_of(m.p, "linear2:l2").data_gradient, linear2, 1e-6);
        near(account_of(m.p, "linear2.weight:l1").data_gradient, weight, 1e-6);
        near(account_of(m.p, "linear2.*:both").data_gradient, sqrt(weight * weight + bias * bias), 1e-6);
        /* Each element that fired has lambda / rows. */
        const tacet_firing f = firing_of(m.p, "relu1:l1"), g = firing_of(m.p, "relu2:l1");
        near(a.gradient, 0.5 / SAMPLES * sqrt(f.density * SAMPLES * 64), 1e-6);
        near(b.gradient, 0.5 / SAMPLES * sqrt(g.density * SAMPLES * 64), 1e-6);
        near(account_of(m.p, "linear2.weight:l1").gradient, 0.125 * 64, 1e-6);
        near(account_of(m.p, "linear2:l2").gradient,
             2 * 0.25 / SAMPLES * sqrt(account_of(m.p, "linear2:l2").value * SAMPLES), 1e-6);
        assert_int_equal(a.zeros, SAMPLES * 64 - (int64_t)llround(f.density * SAMPLES * 64));
        near(f.natural, f.density, 0);
        unmake(&m);
    }
}

/* The norm of the gradient that one penalty with lambda 1 sends to linear2.weight, from a network whose loss has lambda
 * 0. */
static double own_norm(const char *penalty)
{
    static float g[64 * 64];
    made m;
    double sum = 0;
    tacet_error why;
    const setting s = {.optimizer = "sgd lr=0"};
    m.seed = 5;
    draw_all(&m);
    m.g = tacet_graph_new(NULL);
    m.x = tacet_input(m.g, "x", 1, (int64_t[]){WIDTH});
    m.target = tacet_input(m.g, "target", 1, (int64_t[]){1});
    tacet_loss(m.g, "mse lambda=0", tacet_chain(m.g, m.x, two), m.target);
    tacet_penalize(m.g, "linear2.weight", penalty);
    tacet_keep_gradient(m.g, "linear2.weight");
    m.p = compiled(&m, &s, &why);
    if (!m.p) fail_msg("%s %s", why.message, why.hint);
    steps(&m, 1);
    assert_int_equal(tacet_read_gradient(m.p, "linear2.weight", g, 64 * 64), TACET_OK);
    for (int i = 0; i < 64 * 64; i++) sum += (double)g[i] * (double)g[i];
    unmake(&m);
    return sqrt(sum);
}

/* The ledger's gradient does not depend on what a penalty saves between the passes, nor on whether the backward pass
 * has a step for it, which it lacks if the penalty is proximal or on a frozen parameter. */
static void gradients_match_the_formulas(void **unused)
{
    (void)unused;
    static const char *const kind[] = {"l1",          "l2",         "norm",           "hoyer",   "hoyer_square",
                                       "group_lasso", "orthogonal", "transformed_l1", "log_sum", "sparse_group_lasso",
                                       "mcp",         "l1_huber",   "spectral_norm",  "orthogonal_cosine"};
    const double data = data_norm("linear2.weight", false, 64 * 64);
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
        char plain[64], text[64], name[64];
        snprintf(plain, sizeof plain, "%s 1", kind[i]);
        snprintf(name, sizeof name, "linear2.weight:%s", kind[i]);
        const double own = own_norm(plain);
        for (int k = 0; k < 3 * 3; k++) {
            made m;
            const bool prox = k % 3 == 1, frozen = k % 3 == 2;
            tacet_error why;
            snprintf(text, sizeof text, "%s 0.125%s", kind[i], prox ? " prox" : "");
            const setting s = {
                .optimizer = "sgd lr=0", .penalty = {{"linear2.weight", text}}, .sparse = (tacet_sparse)(k / 3)};
            describe(&m, two, &s);
            if (frozen) tacet_options(m.g, "linear2.weight", "frozen");
            m.p = compiled(&m, &s, &why);
            if (!m.p && !(prox && strstr(why.message, "no proximal step"))) fail_msg("%s", why.message);
            if (m.p) {
                steps(&m, 1);
                const tacet_account a = account_of(m.p, name);
                near(a.gradient, 0.125 * own, 1e-5);
                if (!frozen) near(a.data_gradient, data, 1e-5);
            }
            unmake(&m);
        }
    }
}

/* The value of a penalty may be overwritten in place by the next layer if no gradient flows into it. */
static void gradients_where_nothing_trains(void **unused)
{
    (void)unused;
    static const char *const model[] = {"linear 64 | relu | linear 1",
                                        "linear 64 | relu | dropout 0.4 | tanh | linear 1"};
    static const char *const kind[] = {"l1", "l2", "norm", "hoyer", "kl_sparsity rho=0.3", NULL};
    for (const char *const *k = kind; *k; k++) {
        double gradient[2];
        for (int i = 0; i < 2; i++) {
            made m;
            tacet_error why;
            char text[64];
            snprintf(text, sizeof text, "%s lambda=0.125 name=it", *k);
            const setting s = {.optimizer = "sgd lr=0", .penalty = {{"relu1", text}}};
            describe(&m, model[i], &s);
            tacet_options(m.g, "linear1.*", "frozen");
            m.p = compiled(&m, &s, &why);
            if (!m.p) fail_msg("%s", why.message);
            steps(&m, 1);
            gradient[i] = account_of(m.p, "relu1:it").gradient;
            unmake(&m);
        }
        near(gradient[0], gradient[1], 1e-6);
    }
}

static void a_sample_changes_no_bit(void **unused)
{
    (void)unused;
    static const char *const model[] = {
        two, "linear 40 | relu | dropout 0.3 | linear 30 | layer_norm | gelu | linear 40 | relu | add relu1 | linear 1",
        "linear 40 | topk 9 | linear 40 | jump_relu | linear 40 | relu | batch_topk 5 | linear 1"};
    for (size_t i = 0; i < sizeof model / sizeof *model; i++)
        for (int sparse = TACET_SPARSE_AUTO; sparse <= TACET_SPARSE_ALWAYS; sparse++) {
            made m[2];
            float w[2][40 * WIDTH];
            for (int k = 0; k < 2; k++) {
                make(&m[k], model[i],
                     &(setting){"adam lr=0.01",
                                {{"relu1", "l1 0.01"},
                                 {"linear2", "hoyer 0.01"},
                                 {"linear1.weight", "mcp 0.01 prox"},
                                 {"linear*.weight", "norm 1e-3 joint"}},
                                .ledger = k ? 1 : -1,
                                .sparse = (tacet_sparse)sparse});
                steps(&m[k], 12);
                const char *name = i ? "linear2.weight" : "linear1.weight";
                const size_t n = i == 0 ? 64 * WIDTH : i == 1 ? 30 * 40 : 40 * 40;
                float *x = malloc(n * sizeof *x);
                assert_int_equal(tacet_read(m[k].p, name, x, n), TACET_OK);
                memcpy(w[k], x, sizeof w[k] / 2);
                free(x);
            }
            assert_memory_equal(w[0], w[1], sizeof w[0] / 2);
            unmake(&m[0]), unmake(&m[1]);
        }
}

/* ---- The same figures ---- */

static void same_firing(const tacet_firing *a, const tacet_firing *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->dead, b->dead);
    assert_true(a->density == b->density || (isnan(a->density) && isnan(b->density)));
    assert_memory_equal(a->histogram, b->histogram, sizeof a->histogram);
}

static void same_account(const tacet_account *a, const tacet_account *b, double tolerance)
{
    near(a->value, b->value, tolerance);
    near(a->lambda, b->lambda, tolerance);
    near(a->share, b->share, tolerance);
    near(a->gradient, b->gradient, tolerance);
    near(a->data_gradient, b->data_gradient, tolerance);
}

static void figures_do_not_depend_on_threads_or_lists(void **unused)
{
    (void)unused;
    static const struct {
        int threads;
        tacet_sparse sparse;
        double tolerance;
    } way[] = {{1, TACET_SPARSE_NEVER, 0},
               {2, TACET_SPARSE_NEVER, 0},
               {3, TACET_SPARSE_NEVER, 0},
               {1, TACET_SPARSE_AUTO, 1e-3},
               {2, TACET_SPARSE_ALWAYS, 1e-3}};
    tacet_account first[2];
    tacet_firing fired[2];
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        made m;
        make(&m, two,
             &(setting){"sgd lr=0.01 momentum=0.9",
                        {{"relu*", "l1 density=0.2"}},
                        .ledger = 3,
                        .spe = 20,
                        .epochs = 2,
                        .threads = way[i].threads,
                        .sparse = way[i].sparse});
        steps(&m, 40);
        const tacet_account a[2] = {account_of(m.p, "relu1:l1"), account_of(m.p, "relu2:l1")};
        for (int k = 0; k < 2; k++) {
            const tacet_firing f = firing_of(m.p, k ? "relu2:l1" : "relu1:l1");
            if (i == 0) first[k] = a[k], fired[k] = f;
            if (way[i].tolerance == 0) same_firing(&f, &fired[k]);
            same_account(&a[k], &first[k], way[i].tolerance);
        }
        unmake(&m);
    }
}

/* The ledger, counts and controllers of a run resumed in mid-epoch equal those of a run that was never stopped. */
static void a_resumed_run_has_the_same_ledger(void **unused)
{
    (void)unused;
    variant v = usual;
    v.penalty = "l1 density=0.3 warmup=2";
    network whole, cut;
    begin(&whole, &v), begin(&cut, &v);
    train(&whole, 13), train(&cut, 7);
    checkpoint(&cut);
    end(&cut);
    begin(&cut, &v);
    tacet_error why;
    tacet_file *f = opened(checkpoint_path);
    if (tacet_resume(cut.p, cut.loader, f, &why)) fail_msg("%s", why.message);
    tacet_file_free(f);
    train(&cut, 6);
    assert_same_weights(whole.p, cut.p);
    for (int i = 0; i < tacet_term_count(whole.p); i++) {
        tacet_account a = {.size = sizeof a}, b = {.size = sizeof b};
        tacet_term s = {.size = sizeof s}, t = {.size = sizeof t};
        assert_int_equal(tacet_account_at(whole.p, i, &a), TACET_OK);
        assert_int_equal(tacet_account_at(cut.p, i, &b), TACET_OK);
        tacet_term_at(whole.p, i, &s), tacet_term_at(cut.p, i, &t);
        assert_true(s.lambda == t.lambda);
        assert_true(a.value == b.value || (isnan(a.value) && isnan(b.value)));
        assert_true(a.gradient == b.gradient || (isnan(a.gradient) && isnan(b.gradient)));
        const tacet_firing f = firing_of(whole.p, s.name), g = firing_of(cut.p, t.name);
        same_firing(&f, &g);
    }
    tacet_total a = {.size = sizeof a}, b = {.size = sizeof b};
    tacet_ledger_total(whole.p, &a), tacet_ledger_total(cut.p, &b);
    assert_int_equal(a.steps, 13);
    assert_memory_equal(&a, &b, sizeof a);
    end(&whole), end(&cut);
    unlink(checkpoint_path);
}

/* A run can be resumed with another ledger or without one: this changes only what is measured. */
static void a_run_may_resume_with_another_ledger(void **unused)
{
    (void)unused;
    for (int from = -1; from <= 1; from++)
        for (int to = -1; to <= 1; to++) {
            made m[2];
            float w[2][64 * 64];
            tacet_error why;
            setting s = {.optimizer = "adam lr=0.01", .penalty = {{"relu2", "l1 density=0.2"}}, .ledger = from};
            make(&m[0], two, &s);
            steps(&m[0], 4);
            assert_int_equal(tacet_checkpoint(m[0].p, NULL, checkpoint_path, 0, NULL, &why), TACET_OK);
            steps(&m[0], 3);
            s.ledger = to;
            make(&m[1], two, &s);
            tacet_file *f = opened(checkpoint_path);
            if (tacet_resume(m[1].p, NULL, f, &why)) fail_msg("from %d to %d: %s", from, to, why.message);
            tacet_file_free(f);
            steps(&m[1], 3);
            for (int k = 0; k < 2; k++) assert_int_equal(tacet_read(m[k].p, "linear2.weight", w[k], 64 * 64), TACET_OK);
            assert_memory_equal(w[0], w[1], sizeof w[0]);
            const tacet_account a = account_of(m[0].p, "relu2:l1"), b = account_of(m[1].p, "relu2:l1");
            assert_true(a.value == b.value && a.lambda == b.lambda);
            const tacet_firing one = firing_of(m[0].p, "relu2:l1"), other = firing_of(m[1].p, "relu2:l1");
            same_firing(&one, &other);
            unmake(&m[0]), unmake(&m[1]);
        }
    unlink(checkpoint_path);
}

/* A checkpoint with a changed state is refused or read, and does no harm either way. */
static void a_damaged_ledger_is_refused(void **unused)
{
    (void)unused;
    variant v = usual;
    v.penalty = "l1 density=0.3";
    network n;
    begin(&n, &v);
    train(&n, 3);
    checkpoint(&n);
    FILE *f = fopen(checkpoint_path, "rb");
    static char good[1 << 16], bad[1 << 16];
    const size_t size = fread(good, 1, sizeof good, f);
    fclose(f);
    int refused = 0, places = 0;
    size_t at = 8;
    while (at + 18 < size && memcmp(good + at, "\"tacet.checkpoint\"", 18) != 0) at++;
    size_t last = at;
    while (last + 2 < size && memcmp(good + last, "}\"", 2) != 0) last++;
    for (size_t k = at; k < last; k += 3, places++) {
        memcpy(bad, good, size);
        bad[k] = "x 9-"[k % 4];
        f = fopen(checkpoint_path, "wb");
        assert_int_equal(fwrite(bad, 1, size, f), size);
        fclose(f);
        tacet_error why;
        tacet_file *file = tacet_file_open(checkpoint_path, NULL, &why);
        if (!file || tacet_resume(n.p, n.loader, file, &why) != TACET_OK) refused++;
        tacet_file_free(file);
    }
    assert_true(places > 100 && refused > places / 4);
    end(&n);
    unlink(checkpoint_path);
}

/* Counts so large that their sum overflows an integer. */
static void counts_that_overflow_are_refused(void **unused)
{
    (void)unused;
    enum { ROOM = 1 << 16 };
    static const char before[] = "\\\"rows\\\":0,\\\"units\\\":[";
    static char file[ROOM];
    made m;
    make(&m, "linear 1100 | relu | linear 1", &(setting){.optimizer = "sgd lr=0.01", .penalty = {{"relu1", "l1 1"}}});
    tacet_error why;
    assert_int_equal(tacet_checkpoint(m.p, NULL, checkpoint_path, 0, NULL, &why), TACET_OK);
    FILE *f = fopen(checkpoint_path, "rb");
    uint64_t length;
    assert_int_equal(fread(&length, sizeof length, 1, f), 1);
    assert_true(length < ROOM / 2);
    assert_int_equal(fread(file, 1, length, f), length);
    memcpy(strstr(file, "tacet.sum"), "other", 5); /* a file without a checksum */
    const long data = ftell(f);
    fseek(f, 0, SEEK_END);
    const size_t rest = (size_t)(ftell(f) - data);
    char *tensors = malloc(rest), *at = strstr(file, before), *end = at ? strchr(at, ']') : NULL;
    fseek(f, data, SEEK_SET);
    assert_int_equal(fread(tensors, 1, rest, f), rest);
    fclose(f);
    assert_non_null(end);
    for (int huge = 0; huge < 2; huge++) { /* the first count is accepted */
        const char *count = huge ? "9007199254740992" : "8000000000000";
        f = fopen(checkpoint_path, "wb");
        const size_t head = (size_t)(at - file), tail = length - (size_t)(end - file);
        uint64_t n = head + tail + strlen("\\\"rows\\\":,\\\"units\\\":[") + 1101 * strlen(count) + 1099;
        const uint64_t padded = (n + 7) / 8 * 8;
        fwrite(&padded, sizeof padded, 1, f);
        fwrite(file, 1, head, f);
        fprintf(f, "\\\"rows\\\":%s,\\\"units\\\":[", count);
        for (int k = 0; k < 1100; k++) fprintf(f, "%s%s", k ? "," : "", count);
        fwrite(end, 1, tail, f);
        for (; n < padded; n++) fputc(' ', f);
        fwrite(tensors, 1, rest, f);
        fclose(f);
        tacet_file *is = opened(checkpoint_path);
        assert_int_equal(tacet_resume(m.p, NULL, is, &why), huge ? TACET_FILE : TACET_OK);
        tacet_file_free(is);
        tacet_firing of = {.size = sizeof of};
        assert_int_equal(tacet_firing_at(m.p, (int)tacet_find(m.g, "relu1").id - 1, true, &of), TACET_OK);
        assert_true(of.density == 1 && of.rows == 8000000000000);
    }
    free(tensors);
    unmake(&m);
    unlink(checkpoint_path);
}

/* ---- Targets ---- */

static void targets_are_reached(void **unused)
{
    (void)unused;
    static const struct {
        const char *on, *penalty, *name, *optimizer;
        double target;
    } way[] = {
        {"relu1", "l1 density=0.1", "relu1:l1", "sgd lr=0.02 momentum=0.9", 0.1},
        {"relu1", "l1 l0=6.4", "relu1:l1", "adam lr=2e-3", 0.1},
        {"relu2", "hoyer density=0.2", "relu2:hoyer", "adam lr=2e-3", 0.2},
        {"linear2.weight", "l1 zeros=0.9 prox", "linear2.weight:l1", "sgd lr=0.02 momentum=0.9", 0.1},
        {"linear2.weight", "l1 zeros=0.9 prox", "linear2.weight:l1", "adam lr=2e-3", 0.1},
        {"linear2.weight", "group_lasso zeros=0.5 by=input prox", "linear2.weight:group_lasso", "adam lr=2e-3", 0.5},
    };
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        made m;
        make(&m, two, &(setting){way[i].optimizer, {{way[i].on, way[i].penalty}}, .spe = 200, .epochs = 10});
        double mean = 0;                 /* over the last epoch; the ledger has it only for activations */
        for (int k = 0; k < 2000; k++) { /* fresh samples, because a fixed set would be memorised */
            draw_all(&m);
            if (k % 200 == 0) tacet_ledger_reset(m.p);
            steps(&m, 1);
            if (k >= 1800 && k % 20 == 19) mean += firing_of(m.p, way[i].name).density / 10;
        }
        const tacet_account a = account_of(m.p, way[i].name);
        const double zeros = strstr(way[i].penalty, "zeros") ? 1 : 0,
                     is = zeros > 0 ? mean : firing_of(m.p, way[i].name).density;
        near(a.target, way[i].target, 1e-9);
        if (fabs((zeros - is) / (zeros - way[i].target) - 1) > 0.1)
            fail_msg("%s under %s ends at %g", way[i].penalty, way[i].optimizer, is);
        unmake(&m);
    }
}

/* 20 epochs of 22 steps: the density arrives, and lambda is not raised so late and so far that the network forgets. */
static void a_short_run_lands_without_a_jump(void **unused)
{
    (void)unused;
    made m;
    make(&m, two, &(setting){"adam lr=1e-3", {{"relu1", "l1 density=0.1"}}, .spe = 22, .epochs = 20});
    double least = INFINITY, worst = 0;
    for (int epoch = 0; epoch < 20; epoch++) {
        tacet_total total = {.size = sizeof total};
        tacet_ledger_reset(m.p);
        for (int k = 0; k < 22; k++) draw_all(&m), steps(&m, 1);
        tacet_ledger_total(m.p, &total);
        least = fmin(least, total.data_loss);
        worst = fmax(worst, total.data_loss / least);
    }
    const double is = firing_of(m.p, "relu1:l1").density;
    if (fabs(is / 0.1 - 1) > 0.2) fail_msg("the density ends at %g", is);
    if (worst > 1.5) fail_msg("the loss rises to %g of what it was", worst);
    unmake(&m);
}

/* Steering also begins if the learning rate begins at 0, or if the target is due at once. */
static void steering_of_parameters_begins(void **unused)
{
    (void)unused;
    static const char *const way[][2] = {{"l1 zeros=0.5 prox", "sgd lr=0.02 momentum=0.9"},
                                         {"l1 zeros=0.5 prox", "sgd lr=0.02 momentum=0.9 warmup=1"},
                                         {"l1 zeros=0.5 prox warmup=0", "sgd lr=0.02 momentum=0.9"}};
    double first[3];
    for (int i = 0; i < 3; i++) {
        made m;
        make(&m, two, &(setting){way[i][1], {{"linear2.weight", way[i][0]}}, .spe = 100, .epochs = 10});
        steps(&m, 3);
        first[i] = lambda_of(m.p, "linear2.weight:l1");
        unmake(&m);
    }
    assert_true(first[0] > 0);
    near(first[1], first[0], 0.05);
    assert_true(first[2] > first[0] && first[2] < 100 * first[0]);
}

/* ---- Warnings ---- */

static bool warned(const tacet_plan *p, const char *on, const char *kind)
{
    tacet_warning w = {.size = sizeof w};
    for (int i = 0; tacet_warning_at(p, i, &w) == TACET_OK; i++)
        if (strcmp(w.on, on) == 0 && strcmp(w.kind, kind) == 0) return true;
    return false;
}

static void warnings_say_what_is_so(void **unused)
{
    (void)unused;
    static const struct {
        const char *model, *on, *penalty, *about, *kind;
        bool is;
    } known[] = {
        {two, "relu1", "l1 1e-9", "relu1:l1", "no effect", true},
        {two, "relu1", "l1 1e-3", "relu1:l1", "no effect", false},
        {two, "relu1", "l1 3", "relu1:l1", "dominating", true},
        {two, "relu1", "l1 1e-3", "relu1:l1", "dominating", false},
        {"linear 8 | sigmoid | linear 1", "sigmoid1", "l1 1e-3", "sigmoid1:l1", "never zero", true},
        {"linear 8 | sigmoid | linear 1", "sigmoid1", "l2 1e-3", "sigmoid1:l2", "never zero", false},
        {two, "relu1", "l1 1e-3", "relu1:l1", "never zero", false},
        {two, "relu1", "l1 density=0.99", "relu1:l1", "above", true},
        {two, "relu1", "l1 density=0.3", "relu1:l1", "above", false},
        {two, "linear1.weight", "l1 1e-3 warmup=9", "linear1.weight:l1", "saturated", true},
        {two, "linear1.weight", "l1 1e-3", "linear1.weight:l1", "saturated", false},
        {two, "linear1.weight", "l1 1e6 prox", "linear1.weight:l1", "empty", true},
        {two, "linear1.weight", "l1 1e-3 prox", "linear1.weight:l1", "empty", false},
        {two, "linear1.weight", "l1 1e6 prox", "linear1.weight:l1", "no effect", false},
        {two, "relu1", "l1 density=1e-3 warmup=1", "relu1:l1", "missed", true},
        {two, "relu1", "l1 density=0.05 warmup=9", "relu1:l1", "missed", false}, /* it is not due yet */
        {two, "relu1", "l1 density=0.3", "relu1:l1", "too short", false}, /* 180 steps */
        {two, "relu1", "l1 density=0.03", "relu1:l1", "too short", true},
        {two, "linear1.weight", "l1 zeros=0.97 prox", "linear1.weight:l1", "too short", false},
        {two, "relu1", "l1 density=0.03", "relu1:l1", "ended above", false}, /* it has not ended */
        {two, "relu1", "l1 1e-3", "relu1:l1", "rising", false},
        {two, "relu1", "l1 density=0.3", "relu1:l1", "rising", false},
        {two, "relu1", "l1 30", "relu1", "dead", true},
        {two, "relu1", "l1 1e-3", "relu1", "dead", false},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        made m;
        make(&m, known[i].model,
             &(setting){strcmp(known[i].kind, "dominating") ? "sgd lr=1e-2" : "sgd lr=1e-6",
                        {{known[i].on, known[i].penalty}},
                        .ledger = 5,
                        .spe = 20,
                        .epochs = 9});
        for (int epoch = strcmp(known[i].kind, "saturated") ? 0 : 2; epoch < 4;
             epoch++) { /* lambda must rise by a large factor */
            tacet_ledger_reset(m.p);
            steps(&m, 20);
        }
        if (warned(m.p, known[i].about, known[i].kind) != known[i].is)
            fail_msg("%s on %s: %s %s", known[i].penalty, known[i].on, known[i].kind, known[i].is ? "is missing" : "?");
        tacet_warning w = {.size = sizeof w};
        int n = 0;
        for (; tacet_warning_at(m.p, n, &w) == TACET_OK; n++) assert_true(strlen(w.text) > 20);
        assert_int_equal(tacet_warning_at(m.p, n, &w), TACET_FAILED);
        unmake(&m);
    }
}

static void a_warning_says_how_many_steps_a_target_takes(void **unused)
{
    (void)unused;
    made m;
    make(&m, two, &(setting){"sgd lr=1e-3", {{"relu1", "l1 density=0.01"}}, .spe = 20, .epochs = 2});
    steps(&m, 1);
    assert_true(warned(m.p, "relu1:l1", "too short"));
    assert_false(warned(m.p, "relu1:l1", "ended above"));
    steps(&m, 39);
    assert_true(warned(m.p, "relu1:l1", "ended above"));
    unmake(&m);
}

/* Lambda is raised until the network forgets its data. */
static void a_loss_that_rises_with_lambda_is_told(void **unused)
{
    (void)unused;
    made m;
    make(&m, two, &(setting){"sgd lr=0.02", {{"relu1", "l1 0"}}, .spe = 40, .epochs = 20});
    steps(&m, 400);
    for (int k = 0; k < 5; k++) {
        tacet_ledger_reset(m.p);
        assert_int_equal(tacet_set_lambda(m.p, "relu1:l1", 0.02 * pow(4, k)), TACET_OK);
        steps(&m, 40);
        if (warned(m.p, "relu1:l1", "rising") != (k >= 3)) fail_msg("after %d rises of lambda", k);
    }
    tacet_ledger_reset(m.p);
    steps(&m, 40); /* lambda stays */
    assert_false(warned(m.p, "relu1:l1", "rising"));
    unmake(&m);
}

/* If the sample had no gradient of the losses, gradients cannot be compared, and there is no warning. */
static void no_warning_without_a_gradient(void **unused)
{
    (void)unused;
    made m;
    static const float nothing[64];
    make(&m, two, &(setting){"sgd lr=0", {{"relu2", "l1 1e-9"}}, .ledger = 1});
    assert_int_equal(tacet_write(m.p, "linear3.weight", nothing, 64), TACET_OK);
    steps(&m, 2);
    assert_true(account_of(m.p, "relu2:l1").gradient > 0 && account_of(m.p, "relu2:l1").data_gradient == 0);
    assert_false(warned(m.p, "relu2:l1", "dominating"));
    unmake(&m);
}

/* Dead units, which never fired, are listed by number. */
static void dead_units_are_named(void **unused)
{
    (void)unused;
    made m;
    make(&m, two, &(setting){"sgd lr=0", .ledger = 7});
    float bias[64] = {0};
    bias[5] = bias[41] = -1000;
    assert_int_equal(tacet_write(m.p, "linear1.bias", bias, 64), TACET_OK);
    steps(&m, 2);
    const int relu1 = (int)tacet_find(m.g, "relu1").id - 1;
    int64_t unit[64] = {0};
    tacet_firing f = {.size = sizeof f};
    const size_t n = tacet_dead_units(m.p, relu1, true, unit, 64);
    assert_int_equal(tacet_firing_at(m.p, relu1, true, &f), TACET_OK);
    assert_int_equal(f.dead, n);
    assert_int_equal(f.rows, 2 * SAMPLES);
    bool found[2] = {false, false};
    for (size_t i = 0; i < n; i++) found[0] = found[0] || unit[i] == 5, found[1] = found[1] || unit[i] == 41;
    assert_true(found[0] && found[1]);
    int64_t units = 0;
    for (int k = 0; k < 10; k++) units += f.histogram[k];
    assert_int_equal(units, 64);
    int64_t one = -1;
    assert_int_equal(tacet_dead_units(m.p, relu1, true, &one, 1), n);
    assert_int_equal(one, unit[0]);
    tacet_ledger_reset(m.p);
    assert_int_equal(tacet_dead_units(m.p, relu1, true, unit, 64), 0);
    unmake(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lambdas_follow_their_schedules),
        cmocka_unit_test(invalid_penalties_are_refused),
        cmocka_unit_test(a_target_that_nothing_moves_is_refused),
        cmocka_unit_test(a_step_reports_its_lambda),
        cmocka_unit_test(gradients_are_those_that_can_be_read),
        cmocka_unit_test(gradients_match_the_formulas),
        cmocka_unit_test(gradients_where_nothing_trains),
        cmocka_unit_test(a_sample_changes_no_bit),
        cmocka_unit_test(figures_do_not_depend_on_threads_or_lists),
        cmocka_unit_test(a_resumed_run_has_the_same_ledger),
        cmocka_unit_test(a_run_may_resume_with_another_ledger),
        cmocka_unit_test(a_damaged_ledger_is_refused),
        cmocka_unit_test(counts_that_overflow_are_refused),
        cmocka_unit_test(targets_are_reached),
        cmocka_unit_test(a_short_run_lands_without_a_jump),
        cmocka_unit_test(steering_of_parameters_begins),
        cmocka_unit_test(warnings_say_what_is_so),
        cmocka_unit_test(a_warning_says_how_many_steps_a_target_takes),
        cmocka_unit_test(a_loss_that_rises_with_lambda_is_told),
        cmocka_unit_test(no_warning_without_a_gradient),
        cmocka_unit_test(dead_units_are_named),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
