/* test_normalise.c: batch_norm, group_norm and instance_norm with known answers; what is refused; training on them from
 * end to end: one value of a unit, running statistics, exact zeros by a proximal step. And the activations that usually
 * follow them. */
#include "op_answers.h"

#include "base/flush.h"
#include "plan/plan.h"

static void open_one(op_case *k, const char *spec, const char *shape, int64_t rows)
{
    case_open(k, spec, (const char *const[]){shape, NULL}, false, 1, rows);
    for (int i = 0; k->op->param[i].name; i++)
        if (k->x[1 + i].data)
            k->op->param[i].init(k->arg, &k->x[0].shape, NULL, k->x[1 + i].data, k->x[1 + i].n, k->call.stream);
}

/* ---- Activations ------------------------------------------------------------------------------------------------- */

/* At each kink the slope is that of PyTorch 2.15. */
static void activations(void **state)
{
    (void)state;
    static const op_answer known[] = {
        {"relu6", 5.5, 5.5, 1},
        {"relu6", 6.5, 6, 0},
        {"relu6", -1, 0, 0},
        {"relu6", 0, 0, 0},
        {"relu6", 6, 6, 0},
        {"clip -1 2", 1.5, 1.5, 1},
        {"clip -1 2", -3, -1, 0},
        {"clip low=-1 high=2", 9, 2, 0},
        {"clip -1 2", -1, -1, 0},
        {"clip -1 2", 2, 2, 0},
        {"clip -1 2", 0, 0, 1},
        {"hardswish", 1, 2.0 / 3, 5.0 / 6},
        {"hardswish", -2, -1.0 / 3, -1.0 / 6},
        {"hardswish", 4, 4, 1},
        {"hardswish", -4, 0, 0},
        {"hardswish", 0, 0, 0.5},
        {"hardswish", -3, 0, 0},
        {"hardswish", 3, 3, 1},
        {"hardsigmoid", 1.5, 0.75, 1.0 / 6},
        {"hardsigmoid", 3.5, 1, 0},
        {"hardsigmoid", -4, 0, 0},
        {"hardsigmoid", -3, 0, 0},
        {"hardsigmoid", 3, 1, 0},
        {"hardsigmoid", 2.9999998, 1, 1.0 / 6},
    };
    assert_answers(known, sizeof known / sizeof *known);
}

/* ---- Normalisation ----------------------------------------------------------------------------------------------- */

/* Two units over two rows of two positions: 1 3 5 7 and 2 2 2 6. With momentum 0.25 the running means are a quarter of
 * the means, the running variances 3/4 + 1/4 of the unbiased variances. */
static void statistics_of_a_batch(void **state)
{
    (void)state;
    static const float x[] = {1, 2, 3, 2, 5, 2, 7, 6};
    op_case k;
    open_one(&k, "batch_norm momentum=0.25 eps=0", "2 2", 2);
    memcpy(k.x[0].data, x, sizeof x);
    run_forward(&k, WHOLE);
    for (int i = 0; i < 8; i++) {
        const double mean = i % 2 ? 3 : 4, var = i % 2 ? 3 : 5;
        near("y", (double)k.y[i], ((double)x[i] - mean) / sqrt(var), 1e-6);
    }
    k.op->commit(&k.call);
    near("running_mean", (double)k.state[0][0], 1, 1e-7);
    near("running_mean", (double)k.state[0][1], 0.75, 1e-7);
    near("running_var", (double)k.state[1][0], 0.75 + 0.25 * 20 / 3, 1e-6);
    near("running_var", (double)k.state[1][1], 0.75 + 0.25 * 12 / 3, 1e-6);
    k.run.training = false;
    run_forward(&k, WHOLE);
    near("y in evaluation", (double)k.y[0], (1 - 1) / sqrt(0.75 + 0.25 * 20 / 3), 1e-6);
    near("y in evaluation", (double)k.y[7], (6 - 0.75) / sqrt(0.75 + 0.25 * 12 / 3), 1e-6);
    case_close(&k);
}

/* A spread of 1 around a mean of 100,000: squares of x would lose all of it. */
static void far_from_0(void **state)
{
    (void)state;
    static const char *const spec[] = {"batch_norm eps=0", "group_norm 1 eps=0", "instance_norm eps=0"};
    for (int s = 0; s < 3; s++) {
        op_case k;
        open_one(&k, spec[s], "400 1", 3);
        for (int i = 0; i < 1200; i++) k.x[0].data[i] = 1e5f + (i % 2 ? 1.0f : -1.0f);
        run_forward(&k, WHOLE);
        for (int i = 0; i < 1200; i++) near(spec[s], (double)k.y[i], i % 2 ? 1 : -1, 1e-6);
        case_close(&k);
    }
}

/* Many blocks of rows, whose means drift, against the formulas in double. */
static void many_blocks(void **state)
{
    (void)state;
    enum { N = 3, POSITIONS = 5000, ROWS = 2, ALL = POSITIONS * ROWS };
    op_case k;
    open_one(&k, "batch_norm", "5000 3", ROWS);
    for (int i = 0; i < ALL * N; i++) {
        k.x[0].data[i] = (float)(100 + i / 4000 + sin(i * 0.7));
        k.g[i] = (float)(cos(i * 0.3) + 1e-4 * i);
    }
    for (int u = 0; u < N; u++) k.x[1].data[u] = 0.5f + (float)u, k.x[2].data[u] = (float)u;
    run_forward(&k, CUT);
    run_backward(&k, CUT);
    for (int u = 0; u < N; u++) {
        double mean = 0, var = 0, g = 0, gh = 0, worst = 0, worst_back = 0;
        for (int i = u; i < ALL * N; i += N) mean += (double)k.x[0].data[i] / ALL;
        for (int i = u; i < ALL * N; i += N) var += pow((double)k.x[0].data[i] - mean, 2) / ALL;
        const double r = 1 / sqrt(var + 1e-5), w = 0.5 + u;
        for (int i = u; i < ALL * N; i += N)
            g += (double)k.g[i], gh += (double)k.g[i] * ((double)k.x[0].data[i] - mean) * r;
        for (int i = u; i < ALL * N; i += N) {
            const double h = ((double)k.x[0].data[i] - mean) * r;
            const double d = r * w * ((double)k.g[i] - g / ALL - h * gh / ALL);
            worst = fmax(worst, fabs((double)k.y[i] - (h * w + u)));
            worst_back = fmax(worst_back, fabs((double)k.d[0][i] - d));
        }
        near("the largest error of y", worst, 0, 5e-6);
        near("the largest error of dL/dx", worst_back, 0, 2e-6);
        near("dL/dw", (double)k.d[1][u], gh, 1e-6);
        near("dL/db", (double)k.d[2][u], g, 1e-6);
    }
    case_close(&k);
}

/* A constant unit has variance 0, with eps=0 too; nothing comes of it but its bias. */
static void constant_units(void **state)
{
    (void)state;
    static const char *const spec[] = {"batch_norm eps=0", "batch_norm", "group_norm 2 eps=0", "instance_norm eps=0"};
    for (int s = 0; s < 4; s++) {
        op_case k;
        open_one(&k, spec[s], "3 2", 4);
        for (int i = 0; i < 24; i++) k.x[0].data[i] = i % 2 ? 0.1f : -3e37f, k.g[i] = (float)i;
        run_forward(&k, WHOLE);
        run_backward(&k, WHOLE);
        for (int i = 0; i < 24; i++) {
            near(spec[s], (double)k.y[i], 0, 1e-7);
            assert_true(isfinite(k.d[0][i]));
        }
        case_close(&k);
    }
}

/* The gradient of large values has a factor that float32 cannot hold; so has y, with a small weight. */
static void large_values(void **state)
{
    (void)state;
    enum { N = 6 };
    static const char *const spec[] = {"batch_norm eps=0", "group_norm 1 eps=0", "instance_norm eps=0 affine=true"};
    static const double x[N] = {1, -2, 3, -1, 0.5, 2.5}, g[N] = {1, 0.2, 3, -1, -2, 0.7};
    double mean = 0, var = 0, mean_g = 0, gh = 0;
    for (int i = 0; i < N; i++) mean += x[i] / N, mean_g += g[i] / N;
    for (int i = 0; i < N; i++) var += pow(x[i] - mean, 2) / N;
    for (int i = 0; i < N; i++) gh += g[i] * (x[i] - mean) / sqrt(var) / N;
    const uint64_t mode = tc_flush_denormals();
    for (int s = 0; s < 3; s++)
        for (double large = 1, small = 1; large < 1e37; large *= 1e4, small *= 0.1) {
            op_case k;
            open_one(&k, spec[s], "6 1", 1);
            k.x[1].data[0] = (float)small;
            for (int i = 0; i < N; i++) k.x[0].data[i] = (float)(x[i] * large), k.g[i] = (float)(g[i] / small * 1e-6);
            run_forward(&k, WHOLE);
            run_backward(&k, WHOLE);
            for (int i = 0; i < N; i++) {
                const double h = (x[i] - mean) / sqrt(var), d = (g[i] - mean_g - h * gh) / sqrt(var);
                near(spec[s], (double)k.y[i] / small, h, 1e-6);
                if (large < 1e30) near(spec[s], (double)k.d[0][i] * large * 1e6, d, 1e-5);
            }
            case_close(&k);
        }
    tc_float_mode_set(mode);
}

/* Groups are of neighbouring units: 1 3 | 2 6 at one position, 5 7 | 2 2 at the other. */
static void groups_of_neighbours(void **state)
{
    (void)state;
    static const float x[] = {1, 3, 2, 6, 5, 7, 2, 2};
    op_case k;
    open_one(&k, "group_norm 2 eps=0", "2 4", 1);
    memcpy(k.x[0].data, x, sizeof x);
    run_forward(&k, WHOLE);
    for (int i = 0; i < 8; i++) {
        const double mean = i % 4 < 2 ? 4 : 3, var = i % 4 < 2 ? 5 : 3;
        near("y", (double)k.y[i], ((double)x[i] - mean) / sqrt(var), 1e-6);
    }
    case_close(&k);
}

static void refused(void **state)
{
    (void)state;
    static const op_refusal bad[] = {
        {"batch_norm", {""}, false, "at least one dimension"},
        {"batch_norm", {"3"}, true, "a parameter has no samples"},
        {"batch_norm momentum=1.5", {"3"}, false, "momentum from 0 to 1"},
        {"batch_norm eps=-1", {"3"}, false, "eps of at least 0"},
        {"group_norm 4", {"2 6"}, false, "divides the 6 units, got 4"},
        {"group_norm 0", {"6"}, false, "divides the 6 units, got 0"},
        {"group_norm 9007199254740992", {"6"}, false, "divides the 6 units"},
        {"group_norm -2", {"6"}, false, "divides the 6 units, got -2"},
        {"instance_norm", {"6"}, false, "at least two positions, because one value has no variance, got [batch, 6]"},
        {"instance_norm", {"1 1 6"}, false, "at least two positions"},
        {"clip 1 1", {"3"}, false, "below high, got 1 and 1"},
        {"clip 2 1", {"3"}, false, "below high, got 2 and 1"},
    };
    assert_refusals(bad, sizeof bad / sizeof *bad);
}

/* ---- Training ---------------------------------------------------------------------------------------------------- */

enum { SIDE = 4, CHANNELS = 3, UNITS = 8, CLASSES = 3, BATCH = 6 };

typedef struct net {
    tacet_graph *g;
    tacet_plan *p;
    tacet_value x, t;
    float in[BATCH * SIDE * SIDE * CHANNELS];
    int32_t label[BATCH * SIDE * SIDE];
} net;

static tacet_plan *compiled(net *n, const char *model, int rank, const int64_t *shape, int64_t batch, int threads,
                            tacet_error *why)
{
    *n = (net){.g = tacet_graph_new(NULL)};
    n->x = tacet_input(n->g, "x", rank, shape);
    n->t = tacet_input_of(n->g, "t", TACET_I32, 0, rank - 1, shape);
    tacet_loss(n->g, "cross_entropy", tacet_chain(n->g, n->x, model), n->t);
    if (tacet_find(n->g, "batch_norm1.weight").id) tacet_penalize(n->g, "batch_norm1.weight", "l1 0.02 prox");
    tacet_keep(n->g, "batch_norm*");
    for (size_t i = 0; i < sizeof n->in / sizeof *n->in; i++)
        n->in[i] = (float)sin(1.3 * (double)i + (double)(i * i % 31));
    for (size_t i = 0; i < sizeof n->label / sizeof *n->label; i++) n->label[i] = (int32_t)(i * i + i / 4) % CLASSES;
    return n->p = tacet_compile(
               n->g,
               &(tacet_config){TACET_CONFIG, .batch = batch, .optimizer = "sgd lr=0.1", .seed = 5, .threads = threads},
               why);
}

static void begin(net *n, const char *model, bool image, int threads)
{
    tacet_error why = {0};
    compiled(n, model, image ? 3 : 1, image ? (int64_t[]){SIDE, SIDE, CHANNELS} : (int64_t[]){CHANNELS}, BATCH, threads,
             &why);
    if (!n->p) fail_msg("%s", why.message);
}

static void end(net *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

static tacet_status step(net *n, int rows)
{
    assert_int_equal(tacet_feed(n->p, n->x, TACET_F32, n->in), TACET_OK);
    assert_int_equal(tacet_feed(n->p, n->t, TACET_I32, n->label), TACET_OK);
    return tacet_step(n->p, rows);
}

static void must_step(net *n, int rows)
{
    if (step(n, rows)) fail_msg("%s", tacet_plan_error(n->p)->message);
}

static const char slim[] = "linear 8 bias=false | batch_norm | relu | linear 3";

/* A step on one row is refused and changes nothing, if the row has one position; a plan for one row is not compiled. */
static void one_value_of_a_unit(void **state)
{
    (void)state;
    float before[UNITS], after[UNITS];
    tacet_error why;
    net n;
    assert_null(compiled(&n, slim, 1, (int64_t[]){CHANNELS}, 1, 1, &why));
    assert_non_null(strstr(why.message, "batch_norm1 has one value of each unit in a batch of 1 row"));
    assert_non_null(strstr(why.message, "2 rows or more"));
    end(&n);
    begin(&n, slim, false, 1);
    assert_int_equal(tacet_least_rows(n.p), 2);
    must_step(&n, 2);
    assert_int_equal(tacet_read(n.p, "batch_norm1.bias", before, UNITS), TACET_OK);
    assert_int_equal(step(&n, 1), TACET_FAILED);
    assert_non_null(strstr(tacet_plan_error(n.p)->message, "2 rows or more"));
    assert_int_equal(tacet_read(n.p, "batch_norm1.bias", after, UNITS), TACET_OK);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(tacet_steps(n.p), 1);
    must_step(&n, BATCH);
    assert_int_equal(tacet_feed(n.p, n.x, TACET_F32, n.in), TACET_OK);
    assert_int_equal(tacet_forward(n.p, 1), TACET_OK); /* evaluation has no such limit */
    end(&n);
    begin(&n, slim, true, 1);
    assert_int_equal(tacet_least_rows(n.p), 1);
    must_step(&n, 1);
    end(&n);
}

/* The running statistics are means over steps of what a batch had, and evaluation uses them. */
static void evaluation_uses_running_statistics(void **state)
{
    (void)state;
    enum { ALL = BATCH * SIDE * SIDE };
    static float x[ALL * UNITS], y[ALL * UNITS], weight[UNITS], bias[UNITS];
    net n;
    begin(&n, "linear 8 | batch_norm momentum=0.5 | relu | linear 3", true, 1);
    double mean[UNITS] = {0}, var[UNITS];
    for (int u = 0; u < UNITS; u++) var[u] = 1;
    for (int k = 0; k < 3; k++) {
        float w[UNITS * CHANNELS], b[UNITS];
        tacet_read(n.p, "linear1.weight", w, UNITS * CHANNELS), tacet_read(n.p, "linear1.bias", b, UNITS);
        const int rows = (BATCH - k) * SIDE * SIDE;
        for (int u = 0; u < UNITS; u++) {
            double sum = 0, squares = 0;
            for (int i = 0; i < rows; i++) {
                double v = (double)b[u];
                for (int c = 0; c < CHANNELS; c++) v += (double)w[u * CHANNELS + c] * (double)n.in[i * CHANNELS + c];
                sum += v, squares += v * v;
            }
            mean[u] = 0.5 * mean[u] + 0.5 * sum / rows;
            var[u] = 0.5 * var[u] + 0.5 * (squares - sum * sum / rows) / (rows - 1);
        }
        must_step(&n, BATCH - k);
    }
    for (int u = 0; u < UNITS; u++) {
        near("running_mean", (double)(*n.p->state[0].at)[u], mean[u], 1e-5);
        near("running_var", (double)(*n.p->state[1].at)[u], var[u], 1e-5);
    }
    float w[UNITS * CHANNELS], b[UNITS];
    tacet_read(n.p, "linear1.weight", w, UNITS * CHANNELS), tacet_read(n.p, "linear1.bias", b, UNITS);
    tacet_read(n.p, "batch_norm1.weight", weight, UNITS), tacet_read(n.p, "batch_norm1.bias", bias, UNITS);
    assert_int_equal(tacet_feed(n.p, n.x, TACET_F32, n.in), TACET_OK);
    assert_int_equal(tacet_forward(n.p, BATCH), TACET_OK);
    assert_int_equal(tacet_read(n.p, "batch_norm1", y, ALL * UNITS), TACET_OK);
    for (int i = 0; i < ALL * UNITS; i++) {
        const int u = i % UNITS;
        double v = (double)b[u];
        for (int c = 0; c < CHANNELS; c++) v += (double)w[u * CHANNELS + c] * (double)n.in[i / UNITS * CHANNELS + c];
        x[i] = (float)((v - mean[u]) / sqrt(var[u] + 1e-5) * (double)weight[u] + (double)bias[u]);
        near("y", (double)y[i], (double)x[i], 1e-5);
    }
    end(&n);
}

static void same_bits_on_any_number_of_threads(void **state)
{
    (void)state;
    static const char model[] = "linear 200 | batch_norm | relu | linear 150 | group_norm 3 | relu6 | linear 70 | "
                                "instance_norm affine=true | hardswish | linear 3";
    net one;
    begin(&one, model, true, 1);
    for (int k = 0; k < 4; k++) must_step(&one, BATCH - k % 2);
    for (int threads = 2; threads <= 3; threads++) {
        net other;
        begin(&other, model, true, threads);
        for (int k = 0; k < 4; k++) must_step(&other, BATCH - k % 2);
        assert_memory_equal(other.p->block.numbers, one.p->block.numbers, (size_t)one.p->block.floats * sizeof(float));
        for (int i = 0; i < 2; i++)
            assert_memory_equal(*other.p->state[i].at, *one.p->state[i].at, 200 * sizeof(float));
        end(&other);
    }
    end(&one);
}

/* Network slimming: under the proximal step scales become exactly 0, their units are their bias everywhere, and a model
 * keeps both. */
static void slimming_gives_exact_zeros(void **state)
{
    (void)state;
    enum { ALL = BATCH * SIDE * SIDE };
    static float y[ALL * UNITS];
    float weight[UNITS], bias[UNITS];
    net n;
    begin(&n, slim, true, 1);
    for (int k = 0; k < 2000; k++) must_step(&n, BATCH);
    assert_int_equal(tacet_read(n.p, "batch_norm1.weight", weight, UNITS), TACET_OK);
    assert_int_equal(tacet_read(n.p, "batch_norm1.bias", bias, UNITS), TACET_OK);
    assert_int_equal(tacet_feed(n.p, n.x, TACET_F32, n.in), TACET_OK);
    assert_int_equal(tacet_forward(n.p, BATCH), TACET_OK);
    assert_int_equal(tacet_read(n.p, "batch_norm1", y, ALL * UNITS), TACET_OK);
    int zeros = 0;
    for (int u = 0; u < UNITS; u++) {
        zeros += weight[u] == 0;
        for (int i = u; i < ALL * UNITS && weight[u] == 0; i += UNITS) assert_true(y[i] == bias[u]);
    }
    if (zeros == 0 || zeros == UNITS) fail_msg("%d of %d scales are 0", zeros, UNITS);
    end(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations),
        cmocka_unit_test(statistics_of_a_batch),
        cmocka_unit_test(far_from_0),
        cmocka_unit_test(many_blocks),
        cmocka_unit_test(constant_units),
        cmocka_unit_test(large_values),
        cmocka_unit_test(groups_of_neighbours),
        cmocka_unit_test(refused),
        cmocka_unit_test(one_value_of_a_unit),
        cmocka_unit_test(evaluation_uses_running_statistics),
        cmocka_unit_test(same_bits_on_any_number_of_threads),
        cmocka_unit_test(slimming_gives_exact_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
