/* Layers that silence units by a rule, and the penalties that belong to them: answers computed by hand or with numpy,
 * behaviour at ties and steps, and what is remembered. */
#include "op_answers.h"

static void set(op_case *k, int i, const float *from)
{
    memcpy(k->x[i].data, from, (size_t)room_of(k, i) * sizeof *from);
}

static void open_one(op_case *k, const char *spec, const char *shape, bool parameter, int64_t rows)
{
    case_open(k, spec, (const char *const[]){shape, NULL}, parameter, 1, rows);
}

/* Exactly k are kept, the first of equal ones; 0 and -0 are equal; a NaN is kept; a 0 passes no gradient. */
static void test_topk(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        float x[6], y[6];
    } known[] = {
        {"topk 2", {1, 5, -3, 4, 0, 2}, {0, 5, 0, 4, 0, 0}},
        {"topk 3", {7, 7, 7, 7, 7, 7}, {7, 7, 7, 0, 0, 0}},
        {"topk 3", {1, 2, 9, 2, 2, 2}, {0, 2, 9, 2, 0, 0}},
        {"topk 4", {-1, -2, -3, -4, -5, -6}, {-1, -2, -3, -4, 0, 0}},
        {"topk 6", {-1, 0, 3, 4, 5, 6}, {-1, 0, 3, 4, 5, 6}},
        {"topk 1", {-0.0f, 0, 0, -0.0f, -1, -2}, {0, 0, 0, 0, 0, 0}},
        {"topk 3", {0, -0.0f, 0, 2, -1, 3}, {0, 0, 0, 2, 0, 3}},
        {"topk 1", {1, -INFINITY, 3, INFINITY, 5, 6}, {0, 0, 0, INFINITY, 0, 0}},
        {"topk 2", {1, NAN, 3, INFINITY, -NAN, 6}, {0, NAN, 0, 0, -NAN, 0}},
        {"topk 2", {1e30f, 1e-30f, 1e-31f, -1e-30f, 0, -1e30f}, {1e30f, 1e-30f, 0, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        op_case k;
        open_one(&k, known[i].spec, "6", false, 1);
        set(&k, 0, known[i].x);
        for (int j = 0; j < 6; j++) k.g[j] = (float)(j + 1);
        run_forward(&k, WHOLE);
        run_backward(&k, WHOLE);
        for (int j = 0; j < 6; j++) {
            const float y = known[i].y[j], d = y != 0 ? (float)(j + 1) : 0;
            if (isnan(y) ? !isnan(k.y[j]) : k.y[j] != y || k.d[0][j] != d)
                fail_msg("%s, case %zu: y[%d] is %g, not %g; d %g", known[i].spec, i, j, (double)k.y[j], (double)y,
                         (double)k.d[0][j]);
        }
        case_close(&k);
    }
}

/* Rows with many equal numbers, compared with counting how many are larger or equal and earlier. */
static void test_topk_of_many(void **state)
{
    (void)state;
    enum { ROWS = 3, PER = 2, N = 300 };
    static const int kept[] = {1, 2, 31, 299, 300};
    for (size_t s = 0; s < sizeof kept / sizeof *kept; s++)
        for (int levels = 1; levels < 100000; levels *= 10) {
            char spec[32];
            snprintf(spec, sizeof spec, "topk %d", kept[s]);
            op_case k;
            open_one(&k, spec, "2 300", false, ROWS);
            for (int j = 0; j < ROWS * PER * N; j++) k.x[0].data[j] = 1 + floorf(noise_of(&k.noise) * (float)levels);
            run_forward(&k, SHUFFLED);
            for (int j = 0; j < ROWS * PER * N; j++) {
                const float *row = k.x[0].data + j / N * N, x = k.x[0].data[j];
                int before = 0;
                for (int i = 0; i < N; i++) before += row[i] > x || (row[i] == x && i < j % N);
                assert_true(k.y[j] == (before < kept[s] ? x : 0));
            }
            case_close(&k);
        }
}

/* Some inputs are within eps / 2 of their thresholds, some exactly there; the last theta is below 0 and counts as 0. */
static void test_jump_relu(void **state)
{
    (void)state;
    static const float x[] = {15.5f, 2, 0.2f, /* the second sample */ 13.2f, 4, -0.6f, /* the third */ 14, 6, 0.8f};
    static const float theta[] = {14, 4, -2}, g[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const double y[] = {15.5, 0, 0.2, 0, 0, 0, 0, 6, 0.8}, d[] = {1, 0, 3, 0, 0, 0, 0, 8, 9};
    /* With eps = 2, these are near: 13.2 and 14 of the first unit, 4 of the second, all of the third (theta is 0). */
    static const double of_g[] = {-14 / 2 * (4.0 + 7), -4 / 2 * 5.0, 0}, of_l0[] = {-2 / 2.0, -1 / 2.0, -3 / 2.0};
    op_case k, l;
    open_one(&k, "jump_relu eps=2", "3", false, 3);
    set(&k, 0, x), set(&k, 1, theta), memcpy(k.g, g, sizeof g);
    run_forward(&k, WHOLE);
    run_backward(&k, WHOLE);
    for (int i = 0; i < 9; i++) near("jump_relu", (double)k.y[i], y[i], 1e-7);
    for (int i = 0; i < 9; i++) near("its d", (double)k.d[0][i], d[i], 0);
    for (int i = 0; i < 3; i++) near("its theta's d", (double)k.d[1][i], of_g[i], 1e-6);
    for (int reduce = 0; reduce < 3; reduce++) {
        static const double divisor[] = {[TC_SAMPLE] = 3, [TC_SUM] = 1, [TC_MEAN] = 9};
        open_one(&l, "l0 0.5", "3", false, 3);
        set(&l, 0, x), set(&l, 1, theta);
        l.arg[1].number = 2; /* eps of the layer */
        l.call.reduce = reduce;
        run_forward(&l, WHOLE);
        run_backward(&l, WHOLE);
        near("l0", l.value, 4 / divisor[reduce], 1e-12);
        for (int i = 0; i < 3; i++) near("l0's d", (double)l.d[1][i], 0.5 * of_l0[i] / divisor[reduce], 1e-7);
        case_close(&l);
    }
    k.x[0].data[4] = NAN;
    run_forward(&k, WHOLE);
    assert_true(isnan(k.y[4]));
    case_close(&k);
}

/* In training, k * rows are kept over the batch; the threshold follows the smallest of them that is not 0. */
static void test_batch_topk(void **state)
{
    (void)state;
    static const float x[] = {1, 5, 3, 9, 0, 0, /* the second sample */ 2, 0, 3, 3, 0, 0};
    static const float kept[] = {0, 5, 3, 9, 0, 0, 0, 0, 3, 0, 0, 0}, above[] = {0, 5, 3, 9, 0, 0, 0, 0, 3, 3, 0, 0};
    op_case k;
    open_one(&k, "batch_topk 2 decay=0.75", "6", false, 2);
    set(&k, 0, x);
    for (int i = 0; i < 12; i++) k.g[i] = (float)(i + 1);
    run_forward(&k, WHOLE);
    run_backward(&k, WHOLE);
    for (int i = 0; i < 12; i++) assert_true(k.y[i] == kept[i] && k.d[0][i] == (kept[i] != 0 ? (float)(i + 1) : 0));
    assert_true(k.state[0][0] == 0); /* unchanged until commit() */
    k.op->commit(&k.call);
    assert_true(k.state[0][0] == 3);
    k.state[0][0] = 2.5f;
    k.run.training = false;
    run_forward(&k, WHOLE);
    for (int i = 0; i < 12; i++) assert_true(k.y[i] == above[i]);
    k.run.training = true;
    run_forward(&k, WHOLE);
    k.op->commit(&k.call);
    near("the running mean", (double)k.state[0][0], 0.75 * 2.5 + 0.25 * 3, 1e-7);
    for (int i = 0; i < 12; i++) k.x[0].data[i] = 0; /* nothing fires, so the mean does not change */
    run_forward(&k, WHOLE);
    k.op->commit(&k.call);
    near("the running mean", (double)k.state[0][0], 0.75 * 2.5 + 0.25 * 3, 1e-7);
    k.x[0].data[7] = NAN;
    run_forward(&k, WHOLE);
    assert_true(isnan(k.y[7]));
    case_close(&k);
}

/* Expected values are from numpy.linalg.svd. One iteration per step converges to the same; a weight of zeros leaves the
 * state unchanged. */
static void test_spectral_norm(void **state)
{
    (void)state;
    static const float w[] = {1, 2, -3, 0.5f, 4, -1}; /* [in 2, out 3] */
    static const double sigma = 5.2191227552,
                        d[] = {0.1298271225, 0.5442318396, -0.3420517683, 0.1494619770, 0.6265406270, -0.3937831523};
    op_case k;
    for (int steps = 1; steps <= 60; steps += 59) {
        float u[3];
        open_one(&k, steps == 1 ? "spectral_norm 0.5 iterations=60" : "spectral_norm 0.5", "2 3", true, 1);
        k.call.reduce = TC_SUM;
        set(&k, 0, w);
        for (int i = 0; i < steps; i++) run_forward(&k, WHOLE), k.op->commit(&k.call);
        run_backward(&k, WHOLE);
        near("spectral_norm", k.value, sigma, 1e-7);
        for (int i = 0; i < 6; i++) near("its d", (double)k.d[0][i], 0.5 * d[i], 1e-6);
        memcpy(u, k.state[0], sizeof u);
        for (int i = 0; i < 6; i++) k.x[0].data[i] = 0;
        run_forward(&k, WHOLE);
        k.op->commit(&k.call);
        run_backward(&k, WHOLE);
        assert_true(k.value == 0);
        for (int i = 0; i < 6; i++) assert_true(k.d[0][i] == 0);
        assert_memory_equal(u, k.state[0], sizeof u);
        case_close(&k);
    }
}

/* A diagonal weight, whose units share no input: if the largest entry is made small or 0, the next one is found. */
static void test_spectral_norm_of_blocks(void **state)
{
    (void)state;
    op_case k;
    open_one(&k, "spectral_norm 1", "3 3", true, 1);
    k.call.reduce = TC_SUM;
    set(&k, 0, (const float[]){4, 0, 0, 0, 2, 0, 0, 0, 1});
    for (int i = 0; i < 300; i++) run_forward(&k, WHOLE), k.op->commit(&k.call);
    near("spectral_norm", k.value, 4, 1e-7);
    k.x[0].data[0] = 0.5f;
    for (int i = 0; i < 60; i++) run_forward(&k, WHOLE), k.op->commit(&k.call);
    near("spectral_norm", k.value, 2, 1e-7);
    for (int i = 0; i < 300; i++) run_forward(&k, WHOLE), k.op->commit(&k.call);
    k.x[0].data[4] = 0;
    for (int i = 0; i < 60; i++) run_forward(&k, WHOLE), k.op->commit(&k.call);
    near("spectral_norm", k.value, 1, 1e-7);
    case_close(&k);
}

static void test_refused(void **state)
{
    (void)state;
    static const op_refusal bad[] = {
        {"threshold_relu -1", {"3"}, false, "theta of at least 0"},
        {"topk 0", {"3"}, false, "k from 1 to 3"},
        {"topk 4", {"9 3"}, false, "k from 1 to 3"},
        {"topk 1", {""}, false, "at least one dimension"},
        {"batch_topk 4", {"9 3"}, false, "k from 1 to 3"},
        {"batch_topk 1 decay=1", {"3"}, false, "decay of at least 0 and below 1"},
        {"jump_relu -1", {"3"}, false, "theta of at least 0"},
        {"jump_relu eps=1e-60", {"3"}, false, "eps from 1e-15"},
        {"jump_relu eps=0", {"3"}, false, "eps from 1e-15"},
        {"spectral_norm 1", {"3"}, true, "two dimensions or more, got [3]"},
        {"spectral_norm 1", {"3 4"}, false, "[batch, 3, 4]"},
        {"spectral_norm 1 iterations=0", {"3 4"}, true, "from 1 to 1000 iterations"},
    };
    assert_refusals(bad, sizeof bad / sizeof *bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topk),          cmocka_unit_test(test_topk_of_many),
        cmocka_unit_test(test_jump_relu),     cmocka_unit_test(test_batch_topk),
        cmocka_unit_test(test_spectral_norm), cmocka_unit_test(test_spectral_norm_of_blocks),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
