/* A unit is an index of the last dimension, and the leading dimensions are positions. Compares counts, penalties and
 * targets with naive loops over values that were read; also a checkpoint of version 1, which counted elements. */
#include "op_case.h"

#include <unistd.h>

/* ---- Counts ---- */

enum { BATCH = 7, STEPS = 3, MOST = BATCH * 45 * 31 * 5 };

/* A network on made-up numbers, x [shape] | linear units | relu | flatten | linear 1: some units never fire. */
typedef struct network {
    tacet_graph *g;
    tacet_plan *p;
    tacet_value x, target;
    int64_t in, positions, units;
    uint32_t noise;
} network;

typedef struct setting {
    int rank;
    int64_t shape[4], units;
    const char *penalty, *optimizer, *also; /* also: another value with the penalty */
    int threads;
    tacet_sparse sparse;
    int64_t spe;
    double epochs;
} setting;

static void make(network *n, const setting *s)
{
    char model[128];
    tacet_error why;
    *n = (network){.g = tacet_graph_new(NULL), .units = s->units, .positions = 1, .noise = 3};
    n->in = s->shape[s->rank - 1];
    for (int i = 0; i + 1 < s->rank; i++) n->positions *= s->shape[i];
    n->x = tacet_input(n->g, "x", s->rank, s->shape);
    n->target = tacet_input(n->g, "target", 1, (int64_t[]){1});
    snprintf(model, sizeof model, "linear %lld | relu | flatten | linear 1", (long long)s->units);
    tacet_loss(n->g, "mse", tacet_chain(n->g, n->x, model), n->target);
    if (s->penalty) tacet_penalize(n->g, "relu1", s->penalty);
    if (s->also) tacet_penalize(n->g, s->also, s->penalty);
    tacet_keep(n->g, "relu1");
    const tacet_config c = {TACET_CONFIG,
                            .batch = BATCH,
                            .optimizer = s->optimizer ? s->optimizer : "sgd lr=0",
                            .seed = 5,
                            .ledger = 1,
                            .threads = s->threads,
                            .sparse = s->sparse,
                            .steps_per_epoch = s->spe,
                            .epochs = s->epochs};
    n->p = tacet_compile(n->g, &c, &why);
    if (!n->p) fail_msg("%s", why.message);
    float *bias = floats(s->units);
    for (int64_t j = 0; j < s->units; j++) bias[j] = j % 4 == 1 ? -1000 : noise_of(&n->noise) - 0.8f;
    assert_int_equal(tacet_write(n->p, "linear1.bias", bias, (size_t)s->units), TACET_OK);
    free(bias);
}

static void unmake(network *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

static void go(network *n, int64_t rows, bool training)
{
    const int64_t width = n->positions * n->in;
    float *x = floats(BATCH * width), t[BATCH] = {0};
    for (int64_t i = 0; i < BATCH * width; i++) {
        x[i] = 2 * noise_of(&n->noise) - 1;
        t[i / width] += fabsf(x[i]) * (float)(i % n->in);
    }
    assert_int_equal(tacet_feed(n->p, n->x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(n->p, n->target, TACET_F32, t), TACET_OK);
    if (training ? tacet_step(n->p, rows) : tacet_forward(n->p, rows)) fail_msg("%s", tacet_plan_error(n->p)->message);
    free(x);
}

/* Adds to fired[units] how often each unit fired in the rows of the last pass. */
static void count(network *n, int64_t rows, int64_t *fired)
{
    static float y[MOST];
    const int64_t all = rows * n->positions * n->units;
    assert_true(all <= MOST);
    assert_int_equal(tacet_read(n->p, "relu1", y, (size_t)all), TACET_OK);
    for (int64_t i = 0; i < all; i++) fired[i % n->units] += y[i] != 0;
}

static void assert_firing(const network *n, const tacet_firing *f, int64_t rows, const int64_t *fired)
{
    int64_t dead = 0, all = 0, histogram[10] = {0};
    rows *= n->positions;
    for (int64_t j = 0; j < n->units; j++) {
        const int64_t bin = 10 * fired[j] / rows;
        dead += fired[j] == 0;
        all += fired[j];
        histogram[bin < 10 ? bin : 9]++;
    }
    assert_true(dead > 0 && dead < n->units);
    assert_int_equal(f->units, n->units);
    assert_int_equal(f->rows, rows);
    assert_int_equal(f->dead, dead);
    assert_memory_equal(f->histogram, histogram, sizeof histogram);
    assert_true(f->density == (double)all / (double)(rows * n->units));
}

/* Checks the library's counts for relu1 in every call that reports them. */
static void assert_counts(const network *n, bool training, int64_t rows, const int64_t *fired)
{
    const int relu1 = (int)tacet_find(n->g, "relu1").id - 1;
    tacet_firing f = {.size = sizeof f};
    assert_int_equal(tacet_firing_at(n->p, relu1, training, &f), TACET_OK);
    assert_firing(n, &f, rows, fired);
    int64_t unit[512], found = 0;
    assert_int_equal(tacet_dead_units(n->p, relu1, training, unit, 512), f.dead);
    for (int64_t j = 0; j < n->units; j++)
        if (fired[j] == 0) assert_int_equal(unit[found++], j);
    tacet_value_info v = {.size = sizeof v};
    assert_int_equal(tacet_value_at(n->p, relu1, &v), TACET_OK);
    assert_int_equal(v.units, n->units);
    assert_int_equal(v.elements, n->units * n->positions);
    if (!training) assert_true(v.dead == f.dead && v.density == f.density);
    tacet_account a = {.size = sizeof a};
    if (!training || tacet_term_count(n->p) < 2) return;
    assert_int_equal(tacet_account_at(n->p, 1, &a), TACET_OK);
    tacet_firing g = {.size = sizeof g};
    assert_int_equal(tacet_term_firing(n->p, 1, &g), TACET_OK);
    assert_int_equal(g.units, n->units);
    assert_int_equal(g.rows, f.rows);
    assert_int_equal(g.dead, f.dead);
    assert_int_equal(a.zeros, llround((1 - f.density) * (double)(f.rows * f.units)));
}

/* Counts are by units over all rows and positions, for any partition: fewer units than a vector, more than a tile, more
 * rows than a tile, a short batch, any number of threads, on lists or dense. */
static void units_are_counted(void **unused)
{
    (void)unused;
    static const setting shapes[] = {{1, {6}, .units = 9},         {2, {5, 3}, .units = 7},
                                     {2, {2, 3}, .units = 300},    {3, {4, 6, 3}, .units = 21},
                                     {3, {45, 31, 2}, .units = 5}, {4, {2, 2, 2, 3}, .units = 16}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int way = 0; way < 6; way++) {
            setting s = shapes[i];
            network n;
            s.penalty = i % 2 ? NULL : "l1 1e-3";
            s.threads = way % 2 + 1;
            s.sparse = (tacet_sparse)(way / 2);
            make(&n, &s);
            for (int training = 0; training < 2; training++) {
                int64_t fired[512] = {0}, rows = 0;
                for (int k = 0; k < STEPS; k++) {
                    const int64_t here = k == 1 ? 3 : BATCH;
                    go(&n, here, training);
                    count(&n, here, fired);
                    rows += here;
                }
                assert_counts(&n, training, rows, fired);
            }
            tacet_ledger_reset(n.p);
            assert_int_equal(tacet_dead_units(n.p, (int)tacet_find(n.g, "relu1").id - 1, true, NULL, 0), 0);
            unmake(&n);
        }
}

/* The warning gives the number of samples, and of positions per sample. */
static void dead_units_are_warned_of(void **unused)
{
    (void)unused;
    static const setting shapes[] = {{1, {3}, .units = 7}, {2, {5, 3}, .units = 7}};
    static const char *const says[] = {"7 of 7 units never fired in 10 samples, and",
                                       "7 of 7 units never fired in 10 samples of 5 positions, and"};
    for (int i = 0; i < 2; i++) {
        network n;
        tacet_warning w = {.size = sizeof w};
        make(&n, &shapes[i]);
        assert_int_equal(tacet_write(n.p, "linear1.bias", (float[]){-9, -9, -9, -9, -9, -9, -9}, 7), TACET_OK);
        go(&n, BATCH, true);
        go(&n, 3, true);
        assert_int_equal(tacet_warning_at(n.p, 0, &w), TACET_OK);
        if (strncmp(w.text, says[i], strlen(says[i])) != 0) fail_msg("%s", w.text);
        assert_null(strstr(w.text, "penalty")); /* it has none */
        assert_non_null(strstr(w.text, "normalize=feature, for images normalize=channel"));
        unmake(&n);
    }
}

/* A parameter's units are those of its layer. */
static void parameters_have_units(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        int64_t units, elements;
    } known[] = {
        {"linear1.weight", 7, 21}, {"linear1.bias", 7, 7}, {"x", 3, 15}, {"flatten1", 35, 35}, {"target", 1, 1}};
    network n;
    make(&n, &(setting){2, {5, 3}, .units = 7});
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        tacet_value_info v = {.size = sizeof v};
        assert_int_equal(tacet_value_at(n.p, (int)tacet_find(n.g, known[i].name).id - 1, &v), TACET_OK);
        assert_int_equal(v.units, known[i].units);
        assert_int_equal(v.elements, known[i].elements);
    }
    unmake(&n);
}

/* Scalars: one unit, one position. */
static void scalars_are_one_unit(void **unused)
{
    (void)unused;
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_value x = tacet_input(g, "x", 0, NULL);
    tacet_loss(g, "mse reduce=position", tacet_chain(g, x, "relu"), x);
    tacet_penalize(g, "relu1", "hoyer 1 reduce=position");
    tacet_penalize(g, "relu1", "norm 1");
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 4}, NULL);
    assert_non_null(p);
    assert_int_equal(tacet_feed(p, x, TACET_F32, (float[]){-1, 2, 0, 3}), TACET_OK);
    assert_int_equal(tacet_forward(p, 4), TACET_OK);
    tacet_firing f = {.size = sizeof f};
    assert_int_equal(tacet_firing_at(p, (int)tacet_find(g, "relu1").id - 1, false, &f), TACET_OK);
    assert_true(f.units == 1 && f.rows == 4 && f.density == 0.5);
    assert_true(tacet_term_value(p, "relu1:hoyer") == 0.5 && tacet_term_value(p, "relu1:norm") == 1.25);
    assert_true(tacet_data_loss(p) == 0.25);
    tacet_plan_free(p);
    tacet_graph_free(g);
}

/* ---- Penalties ---- */

enum { T = 3 }; /* positions of the values in the tests below */

static double total(const op_case *k, int i, int64_t position, int power)
{
    const int64_t n = tc_units(&k->x[i]);
    double sum = 0;
    for (int64_t j = 0; j < n; j++) sum += pow(fabs((double)k->x[i].data[position * n + j]), power);
    return sum;
}

/* The same for all inputs together. */
static double together(const op_case *k, int64_t position, int power)
{
    double sum = 0;
    for (int i = 0; i < k->inputs; i++) sum += total(k, i, position, power);
    return sum;
}

static double of_l1(const op_case *k, int64_t position) { return together(k, position, 1); }
static double of_hoyer(const op_case *k, int64_t position)
{
    return together(k, position, 1) / sqrt(together(k, position, 2));
}
static double of_hoyer_square(const op_case *k, int64_t position) { return pow(of_hoyer(k, position), 2); }
static double of_norm(const op_case *k, int64_t position) { return sqrt(together(k, position, 2)); }

/* The sum over samples and positions. */
static double over(const op_case *k, double (*of)(const op_case *k, int64_t position))
{
    double sum = 0;
    for (int64_t t = 0; t < k->run.rows * T; t++) sum += of(k, t);
    return sum;
}

static double divisor(const op_case *k)
{
    double elements = 0;
    for (int i = 0; i < k->inputs; i++) elements += (double)(k->run.rows * T * tc_units(&k->x[i]));
    const double by[] = {
        [TC_SAMPLE] = (double)k->run.rows, [TC_SUM] = 1, [TC_MEAN] = elements, [TC_POSITION] = (double)k->run.rows * T};
    return by[k->call.reduce];
}

static double l1(const op_case *k) { return over(k, of_l1) / divisor(k); }
static double hoyer(const op_case *k) { return over(k, of_hoyer) / divisor(k); }
static double hoyer_square(const op_case *k) { return over(k, of_hoyer_square) / divisor(k); }

static double square(const op_case *k, int64_t position) { return together(k, position, 2); }
static double norm(const op_case *k)
{
    const bool whole = k->call.reduce == TC_SUM || k->call.reduce == TC_MEAN;
    return (whole ? sqrt(over(k, square)) : over(k, of_norm)) / divisor(k);
}

static double kl(const op_case *k)
{
    const double rho = 0.3;
    double sum = 0, units = 0;
    for (int i = 0; i < k->inputs; i++)
        for (int64_t n = tc_units(&k->x[i]), j = 0; j < n; j++, units++) {
            double p = 0;
            for (int64_t t = 0; t < k->run.rows * T; t++) p += (double)k->x[i].data[t * n + j];
            p /= (double)(k->run.rows * T);
            sum += rho * log(rho / p) + (1 - rho) * log((1 - rho) / (1 - p));
        }
    return k->call.reduce == TC_MEAN ? sum / units : sum;
}

static void check_slopes(op_case *k, double (*naive)(const op_case *k))
{
    for (int i = 0; i < k->inputs; i++)
        for (int64_t j = 0; j < count_of(k, i); j += 3) {
            float *x = &k->x[i].data[j];
            const float was = *x, h = 1e-3f;
            *x = was + h;
            const double up = naive(k), high = (double)*x;
            *x = was - h;
            const double down = naive(k), low = (double)*x;
            *x = was;
            const double slope = k->lambda * (up - down) / (high - low);
            if (!(fabs((double)k->d[i][j] - slope) <= 2e-5 * (1 + fabs(slope))))
                fail_msg("%s, reduce %d: d[%d] is %.9g, not %.9g", k->spec.source, k->call.reduce, (int)j,
                         (double)k->d[i][j], slope);
        }
}

/* Each penalty with each reduction, alone and joint, on batches of several sizes, including short ones. */
static void penalties_are_their_formulas(void **unused)
{
    (void)unused;
    static const struct {
        const char *spec;
        double (*naive)(const op_case *k);
    } known[] = {{"l1 0.3", l1},
                 {"hoyer 0.3", hoyer},
                 {"hoyer_square 0.3", hoyer_square},
                 {"norm 0.3", norm},
                 {"kl_sparsity 0.3 rho=0.3", kl}};
    static const int64_t rows[] = {1, 2, 5, 128};
    static const tc_probe probe = {.low = 0.1, .high = 0.9, .kink = NAN};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int way = 0; way < 2 * 4 * TC_REDUCES; way++) {
            const int joint = way / TC_REDUCES % 2;
            const int64_t here = rows[way / TC_REDUCES / 2];
            op_case k;
            case_open(&k, known[i].spec, (const char *const[]){"3 5", joint ? "3 2" : NULL, NULL}, false, 1, here + 1);
            k.probe = &probe;
            k.call.reduce = way % TC_REDUCES;
            set_rows(&k, here);
            fill_case(&k);
            run_forward(&k, SHUFFLED);
            run_backward(&k, SHUFFLED);
            const double is = known[i].naive(&k);
            if (!(fabs(k.value - is) <= 1e-6 * (1 + is)))
                fail_msg("%s, reduce %d, %d inputs: %.9g, not %.9g", known[i].spec, k.call.reduce, k.inputs, k.value,
                         is);
            if (here < 10) check_slopes(&k, known[i].naive);
            case_close(&k);
        }
}

/* All values of a term must have the same number of positions if each position is a vector, or divides the sum. */
static void positions_must_agree(void **unused)
{
    (void)unused;
    static const struct {
        const char *penalty, *on, *says; /* NULL: accepted */
    } known[] = {
        {"hoyer 1 joint", "[xz]", "z [batch, 4, 2]: needs values with the same number of positions"},
        {"hoyer 1 joint reduce=mean", "[xz]", "got 3 and 4"},
        {"norm 1 joint", "[xz]", "got 3 and 4"},
        {"norm 1 joint reduce=position", "[xz]", "got 3 and 4"},
        {"norm 1 joint reduce=sum", "[xz]", NULL},
        {"l1 1 joint reduce=position", "[xz]", "got 3 and 4"},
        {"l1 1 joint", "[xz]", NULL},
        {"kl_sparsity 1 joint", "[xz]", NULL},
        {"hoyer 1 joint", "[xy]", NULL},
        {"l1 1 reduce=position", "[xz]", NULL},
        {"l1 1 reduce=position", "linear1.weight", "no positions"},
        {"hoyer 1 joint", "linear1.*", NULL},
        {"l1 l0=5", "relu1", "below the number of units"},
        {"l1 l0=4", "relu1", NULL},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        tacet_graph *g = tacet_graph_new(NULL);
        tacet_value x = tacet_input(g, "x", 2, (int64_t[]){3, 5});
        tacet_input(g, "y", 2, (int64_t[]){3, 2});
        tacet_input(g, "z", 2, (int64_t[]){4, 2});
        tacet_chain(g, x, "linear 5 | relu");
        tacet_penalize(g, known[i].on, known[i].penalty);
        const tacet_error *e = tacet_graph_error(g);
        if (!e != !known[i].says) fail_msg("%s: %s", known[i].penalty, e ? e->message : "accepted");
        if (e && !strstr(e->message, known[i].says)) fail_msg("%s: %s", known[i].penalty, e->message);
        tacet_graph_free(g);
    }
}

static void reductions_are_named(void **unused)
{
    (void)unused;
    static const char *const words[] = {"sample", "sum", "mean", "position"};
    for (int i = 0; i < 4; i++) {
        char penalty[64];
        network n;
        snprintf(penalty, sizeof penalty, "l1 1 reduce=%s", words[i]);
        make(&n, &(setting){2, {5, 3}, .units = 7, .penalty = penalty});
        tacet_term t = {.size = sizeof t};
        assert_int_equal(tacet_term_at(n.p, 1, &t), TACET_OK);
        assert_string_equal(t.reduce, words[i]);
        unmake(&n);
    }
}

/* ---- Silence by rule ---- */

/* topk keeps k units at every position, batch_topk k units on average over all positions of the batch. */
static void topk_keeps_units(void **unused)
{
    (void)unused;
    static float x[BATCH * 12 * 9], y[BATCH * 12 * 9];
    uint32_t noise = 9;
    for (int i = 0; i < BATCH * 12 * 9; i++) x[i] = noise_of(&noise) + 0.1f;
    for (int batch = 0; batch < 2; batch++) {
        tacet_graph *g = tacet_graph_new(NULL);
        tacet_value in = tacet_input(g, "x", 3, (int64_t[]){3, 4, 9});
        tacet_value out = tacet_chain(g, in, batch ? "linear 9 bias=false | batch_topk 2 name=k" : "topk 2 name=k");
        tacet_loss(g, "mse", out, in);
        tacet_keep(g, "k");
        const tacet_config c = {TACET_CONFIG, .batch = BATCH, .optimizer = batch ? "sgd lr=0" : NULL, .ledger = 1};
        tacet_plan *p = tacet_compile(g, &c, NULL);
        assert_non_null(p);
        assert_int_equal(tacet_feed(p, in, TACET_F32, x), TACET_OK);
        assert_int_equal(batch ? tacet_step(p, BATCH) : tacet_forward(p, BATCH), TACET_OK);
        assert_int_equal(tacet_read(p, "k", y, BATCH * 12 * 9), TACET_OK);
        int all = 0;
        for (int t = 0; t < BATCH * 12; t++) {
            int here = 0;
            for (int j = 0; j < 9; j++) here += y[t * 9 + j] != 0;
            if (!batch) assert_int_equal(here, 2);
            all += here;
        }
        assert_int_equal(all, 2 * BATCH * 12);
        tacet_firing f = {.size = sizeof f};
        assert_int_equal(tacet_firing_at(p, (int)out.id - 1, batch, &f), TACET_OK);
        assert_true(f.units == 9 && f.rows == BATCH * 12 && fabs(f.density - 2.0 / 9) < 1e-12);
        tacet_plan_free(p);
        tacet_graph_free(g);
    }
}

/* ---- Targets ---- */

static double density_after(const char *penalty, double *target)
{
    enum { EPOCHS = 40, SPE = 50 };
    network n;
    make(&n, &(setting){
                 2, {6, 4}, .units = 24, .penalty = penalty, .optimizer = "sgd lr=0.01", .spe = SPE, .epochs = EPOCHS});
    tacet_account a = {.size = sizeof a};
    for (int e = 0; e < EPOCHS; e++) {
        tacet_ledger_reset(n.p);
        for (int k = 0; k < SPE; k++) go(&n, BATCH, true);
    }
    assert_int_equal(tacet_account_at(n.p, 1, &a), TACET_OK);
    tacet_firing f = {.size = sizeof f};
    assert_int_equal(tacet_term_firing(n.p, 1, &f), TACET_OK);
    *target = a.target;
    unmake(&n);
    return f.density;
}

/* l0=N means N units per position, for any number of positions; and training reaches it. */
static void targets_are_units_at_a_position(void **unused)
{
    (void)unused;
    double target;
    const double density = density_after("l1 density=0.125", &target);
    assert_true(target == 0.125 && fabs(density / target - 1) < 0.1);
    assert_true(density_after("l1 l0=3", &target) == density && target == 0.125);
    const double units = 24 * density_after("l1 l0=2 reduce=position", &target);
    assert_true(fabs(units / 2 - 1) < 0.1 && target == 2.0 / 24);
}

/* ---- Checkpoints ---- */

static char path[] = "/tmp/tacet_units_XXXXXX";

static int make_path(void **unused)
{
    (void)unused;
    const int f = mkstemp(path);
    return f < 0 ? -1 : close(f);
}

static int remove_path(void **unused)
{
    (void)unused;
    return unlink(path);
}

static void resume(network *n, const char *from)
{
    tacet_error why;
    tacet_file *f = tacet_file_open(from, NULL, &why);
    if (!f || tacet_resume(n->p, NULL, f, &why)) fail_msg("%s", why.message);
    tacet_file_free(f);
}

/* A checkpoint has counts by units; the counts by elements of version 1 are summed over the positions. The file was made
 * by an earlier commit, after two steps. */
static void checkpoints_count_units(void **unused)
{
    (void)unused;
    enum { UNITS = 7, POSITIONS = 5 };
    const char *root = getenv("TACET_SOURCE");
    char first[512];
    const setting s = {
        2, {POSITIONS, 3}, .units = UNITS, .penalty = "l1 1e-3", .also = "linear1", .optimizer = "sgd lr=0.1"};
    int64_t fired[UNITS] = {0};
    network n;
    make(&n, &s);
    for (int k = 0; k < 2; k++) {
        go(&n, BATCH, true);
        count(&n, BATCH, fired);
    }
    assert_int_equal(tacet_checkpoint(n.p, NULL, path, 0, NULL, NULL), TACET_OK);
    snprintf(first, sizeof first, "%s/tests/checkpoints/version1.safetensors", root ? root : ".");
    for (int version = 3; version >= 1; version -= 2) {
        network again;
        make(&again, &s);
        resume(&again, version == 1 ? first : path);
        const int64_t theirs[UNITS] = {3, 0, 14, 36, 25, 0, 14};
        if (version == 1) memcpy(fired, theirs, sizeof fired);
        assert_counts(&again, true, 2 * BATCH, fired);
        again.noise = n.noise;
        int64_t later[UNITS];
        memcpy(later, fired, sizeof later);
        go(&again, 3, true);
        count(&again, 3, later);
        assert_counts(&again, true, 2 * BATCH + 3, later);
        unmake(&again);
    }
    unmake(&n);
}

static void other_versions_are_refused(void **unused)
{
    (void)unused;
    network n;
    make(&n, &(setting){2, {5, 3}, .units = 7, .penalty = "l1 1e-3", .optimizer = "sgd lr=0.1"});
    assert_int_equal(tacet_checkpoint(n.p, NULL, path, 0, NULL, NULL), TACET_OK);
    FILE *f = fopen(path, "r+b");
    static char head[1 << 14];
    const size_t size = fread(head, 1, sizeof head - 1, f);
    static const char version[] = "\\\"version\\\":";
    long at = -1;
    for (size_t i = 0; i + sizeof version < size; i++)
        if (memcmp(head + i, version, sizeof version - 1) == 0) at = (long)(i + sizeof version - 1);
    assert_true(at > 0);
    fseek(f, at, SEEK_SET);
    fputc('4', f);
    fseek(f, strstr(head + 8, "tacet.sum") - head, SEEK_SET); /* a file without a checksum */
    fputs("other", f);
    fclose(f);
    tacet_error why;
    tacet_file *file = tacet_file_open(path, NULL, &why);
    assert_non_null(file);
    assert_int_equal(tacet_resume(n.p, NULL, file, &why), TACET_FILE);
    assert_non_null(strstr(why.message, "version 4, and versions 1 to 3 are read"));
    tacet_file_free(file);
    unmake(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_counted),
        cmocka_unit_test(dead_units_are_warned_of),
        cmocka_unit_test(parameters_have_units),
        cmocka_unit_test(scalars_are_one_unit),
        cmocka_unit_test(penalties_are_their_formulas),
        cmocka_unit_test(positions_must_agree),
        cmocka_unit_test(reductions_are_named),
        cmocka_unit_test(topk_keeps_units),
        cmocka_unit_test(targets_are_units_at_a_position),
        cmocka_unit_test(checkpoints_count_units),
        cmocka_unit_test(other_versions_are_refused),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
