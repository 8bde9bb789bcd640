/* Penalties with known answers: figures from PyTorch's autograd in double, proximal steps from a search over a fine
 * grid. Slopes at kinks and zeros, what counts as a vector, what is refused. (test_operators.c tests what all penalties
 * have in common.) */
#include "op_answers.h"

static void set(op_case *k, int i, const float *from)
{
    memcpy(k->x[i].data, from, (size_t)room_of(k, i) * sizeof *from);
}

static void open_one(op_case *k, const char *spec, const char *shape, bool parameter, int64_t rows)
{
    case_open(k, spec, (const char *const[]){shape, NULL}, parameter, 1, rows);
}

/* One number in; expected values are from the formula, in double: at 0 (where the slope is a choice), inside, outside,
 * far out. */
static void test_elements(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        double x, value, slope;
    } known[] = {
        {"transformed_l1 1", 0, 0, 0},
        {"transformed_l1 1", 0.0625, 0.1176470588, 1.771626298},
        {"transformed_l1 1", -3, 1.5, -0.125},
        {"transformed_l1 1", 40, 1.951219512, 0.001189767995},
        {"transformed_l1 1 beta=0.25", 0.0625, 0.25, 3.2},
        {"transformed_l1 1 beta=0.25", -0.75, 0.9375, -0.3125},
        {"log_sum 1", 0, 0, 0},
        {"log_sum 1", 0.0625, 0.4855078158, 6.153846154},
        {"log_sum 1", -0.75, 2.140066163, -1.176470588},
        {"log_sum 1", 40, 5.993961427, 0.02493765586},
        {"log_sum 1 eps=2", 2, 0.6931471806, 0.25},
        {"log_sum 1 eps=2", -3, 0.9162907319, -0.2},
        {"mcp 1", 0, 0, 0},
        {"mcp 1", 0.0625, 0.06184895833, 0.9791666667},
        {"mcp 1", 2, 1.333333333, 0.3333333333},
        {"mcp 1", -3, 1.5, 0}, /* the point where it becomes flat */
        {"mcp 1", 40, 1.5, 0},
        {"mcp 1 gamma=0.5", -0.75, 0.25, 0},
        {"l1_huber 1", 0, 0, 0},
        {"l1_huber 1", 0.0625, 0.01953125, 0.625},
        {"l1_huber 1", -0.75, 0.7, -1},
        {"l1_huber 1 delta=2", -0.75, 0.140625, -0.375},
        {"l1_huber 1 delta=2", 2, 1, 1}, /* the point where the square ends */
        {"l1_huber 1 delta=2", -3, 2, -1},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        op_case k;
        open_one(&k, known[i].spec, "1", false, 1);
        k.x[0].data[0] = (float)known[i].x;
        run_forward(&k, WHOLE);
        run_backward(&k, WHOLE);
        near(known[i].spec, k.value, known[i].value, 1e-6);
        near(known[i].spec, (double)k.d[0][0], known[i].slope, 1e-6);
        k.x[0].data[0] = -k.x[0].data[0]; /* all are even functions; -0 counts as 0 */
        run_forward(&k, WHOLE);
        run_backward(&k, WHOLE);
        near(known[i].spec, k.value, known[i].value, 1e-6);
        near(known[i].spec, (double)k.d[0][0], -known[i].slope, 1e-6);
        case_close(&k);
    }
}

/* lambda * mcp is Zhang's penalty, the integral of max(lambda - u / g, 0), with gamma = g lambda. */
static void test_mcp_of_zhang(void **state)
{
    (void)state;
    const double lambda = 0.4, g = 3.5; /* g: Zhang's gamma */
    op_case k;
    open_one(&k, "mcp 0.4 gamma=1.4", "1", true, 1);
    k.call.reduce = TC_SUM;
    double integral = 0;
    for (int i = 1; i <= 2000; i++) {
        const double u = (i - 0.5) * 1e-3;
        integral += 1e-3 * fmax(lambda - u / g, 0);
        k.x[0].data[0] = (float)(i * 1e-3);
        run_forward(&k, WHOLE);
        if (i % 100 == 0) near("mcp", k.lambda * k.value, integral, 1e-6);
    }
    case_close(&k);
}

/* Vectors with one nonzero entry, with equal entries, and of zeros have, at any scale, the value 1, sqrt(n) or n, 0. */
static void test_hoyer_ends(void **state)
{
    (void)state;
    static const float scale[] = {1e-30f, 1, 1e30f};
    for (int square = 0; square < 2; square++)
        for (int s = 0; s < 3; s++) {
            const float v = scale[s];
            op_case k;
            open_one(&k, square ? "hoyer_square 1" : "hoyer 1", "4", false, 3);
            k.call.reduce = TC_SUM;
            set(&k, 0, (const float[]){0, 0, -v, 0, v, -v, v, -v, 0, 0, -0.0f, 0});
            run_forward(&k, WHOLE);
            run_backward(&k, WHOLE);
            near("hoyer", k.value, 1 + (square ? 4 : 2), 1e-6);
            for (int j = 0; j < 4; j++) assert_true(fabsf(k.d[0][j] * v) < 1e-6f && fabsf(k.d[0][4 + j] * v) < 1e-6f);
            for (int j = 8; j < 12; j++) assert_true(k.d[0][j] == 0);
            case_close(&k);
        }
}

static const float hoyer_x[] = {3, -4, 0, /* */ 0, 0, 0, /* */ 0.5f, -0.25f, 1};

/* The samples {3, -4, 0}, {0, 0, 0}, {0.5, -0.25, 1} have 1.4, 0, 1.5275; their squares 1.96, 0, 2.3333. */
static void test_hoyer_samples(void **state)
{
    (void)state;
    static const double divisor[] = {[TC_SAMPLE] = 3, [TC_SUM] = 1, [TC_MEAN] = 9};
    static const struct {
        const char *spec;
        double value, d[9];
    } known[] = {
        {"hoyer 1", 2.9275252316519467, {0.032, 0.024, 0, 0, 0, 0, 0.29095719, -0.58191437, -0.29095719}},
        {"hoyer_square 1", 4.293333333333333, {0.0896, 0.0672, 0, 0, 0, 0, 0.88888889, -1.77777778, -0.88888889}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int reduce = 0; reduce < 3; reduce++) {
            op_case k;
            open_one(&k, known[i].spec, "3", false, 3);
            assert_int_equal(k.call.reduce, TC_SAMPLE);
            k.call.reduce = reduce;
            set(&k, 0, hoyer_x);
            run_forward(&k, WHOLE);
            run_backward(&k, WHOLE);
            near(known[i].spec, k.value, known[i].value / divisor[reduce], 1e-7);
            for (int j = 0; j < 9; j++) near(known[i].spec, (double)k.d[0][j], known[i].d[j] / divisor[reduce], 1e-7);
            case_close(&k);
        }
}

/* The same nine numbers as one parameter, or as three joint parameters, are one vector. */
static void test_hoyer_whole(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        double value, d[9];
    } known[] = {
        {"hoyer 1", 1.7057956259000275, {0.00046306, 0.06436528, 0, 0, 0, 0, 0.1625339, -0.17874099, 0.13011973}},
        {"hoyer_square 1",
         2.9097387173396676,
         {0.00157977, 0.21958802, 0, 0, 0, 0, 0.55449924, -0.60979119, 0.44391535}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int joint = 0; joint < 2; joint++) {
            op_case k;
            const char *const shape[] = {joint ? "3" : "3 3", NULL};
            case_open(&k, known[i].spec, shape, true, joint ? 3 : 1, 1);
            k.call.reduce = TC_SUM;
            for (int j = 0; j < k.inputs; j++) set(&k, j, hoyer_x + 3 * j);
            run_forward(&k, WHOLE);
            run_backward(&k, WHOLE);
            near(known[i].spec, k.value, known[i].value, 1e-7);
            for (int j = 0; j < 9; j++)
                near(known[i].spec, (double)(joint ? k.d[j / 3][j % 3] : k.d[0][j]), known[i].d[j], 1e-7);
            case_close(&k);
        }
}

/* A parameter with several ranges: 1 and -2 in turn. */
static void test_hoyer_large(void **state)
{
    (void)state;
    enum { N = 30000 };
    const double v = 1.5 * sqrt(N / 2.5); /* sum |x| = 1.5 N, sum x^2 = 2.5 N */
    for (int square = 0; square < 2; square++)
        for (int joint = 0; joint < 2; joint++) {
            op_case k;
            const char *const shape[] = {joint ? "10000" : "150 200", NULL};
            case_open(&k, square ? "hoyer_square 1" : "hoyer 1", shape, true, joint ? 3 : 1, 1);
            k.call.reduce = TC_SUM;
            for (int i = 0; i < k.inputs; i++)
                for (int64_t j = 0; j < k.x[i].n; j++) k.x[i].data[j] = j % 2 ? -2 : 1;
            run_forward(&k, SHUFFLED);
            run_backward(&k, CUT);
            near("hoyer", k.value, square ? v * v : v, 1e-9);
            const double factor = (square ? 2 * v : 1) / sqrt(2.5 * N); /* sum |x| / sum x^2 = 0.6 */
            near("d of 1", (double)k.d[0][4] / factor, 1 - 0.6, 1e-6);
            near("d of -2", (double)k.d[0][5] / factor, -1 + 2 * 0.6, 1e-6);
            case_close(&k);
        }
}

/* Means 0.7, 0.09, 0 and 1. The last two are clamped, so their value is finite and their gradient 0. */
static void test_kl(void **state)
{
    (void)state;
    static const float x[] = {0.9f, 0.2f, 0, 1, 0.5f, 0.05f, 0, 1, 0.7f, 0.02f, 0, 1};
    static const struct {
        const char *spec;
        double value, d[4];
    } known[] = {
        {"kl_sparsity 1", 16.69563511531172, {1.03174603, 0.16280016, 0, 0}},
        {"kl_sparsity 1 rho=0.3", 15.412823147542404, {0.63492063, -0.85470085, 0, 0}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int reduce = 0; reduce < 3; reduce++) {
            op_case k;
            open_one(&k, known[i].spec, "4", false, 3);
            const double divisor = reduce == TC_MEAN ? 4 : 1;
            k.call.reduce = reduce;
            set(&k, 0, x);
            run_forward(&k, WHOLE);
            run_backward(&k, WHOLE);
            near(known[i].spec, k.value, known[i].value / divisor, 1e-6);
            for (int j = 0; j < 12; j++) near(known[i].spec, (double)k.d[0][j], known[i].d[j % 4] / divisor, 1e-6);
            case_close(&k);
        }
    op_case k; /* with all means equal to rho */
    open_one(&k, "kl_sparsity 1 rho=0.25", "2", false, 2);
    set(&k, 0, (const float[]){0.5f, 0.25f, 0, 0.25f});
    run_forward(&k, WHOLE);
    run_backward(&k, WHOLE);
    near("kl_sparsity", k.value, 0, 1e-12);
    for (int j = 0; j < 4; j++) near("kl_sparsity", (double)k.d[0][j], 0, 1e-12);
    case_close(&k);
}

static void test_prox(void **state)
{
    (void)state;
    static const float x[] = {4, -2.5f, 1, -0.25f, 0};
    static const struct {
        const char *spec;
        double t;
        double z[5];
    } known[] = {
        {"log_sum 1", 1, {3.73955, 0, 0, 0, 0}},
        {"log_sum 1 eps=2", 1, {3.828427, -2.265564, 0.618034, 0, 0}},
        {"mcp 1", 1, {4, -2.25, 0, 0, 0}}, /* the firm threshold */
        {"mcp 1", 4, {4, 0, 0, 0, 0}},     /* the hard one, beyond sqrt(12) */
        {"l1_huber 1 delta=0.5", 1, {3, -1.5, 1.0 / 3, -0.25 / 3, 0}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        op_case k;
        open_one(&k, known[i].spec, "5", true, 1);
        set(&k, 0, x);
        run_prox(&k, known[i].t);
        for (int j = 0; j < 5; j++) {
            near(known[i].spec, (double)k.x[0].data[j], known[i].z[j], 2e-6);
            assert_int_equal(k.x[0].data[j] == 0, known[i].z[j] == 0); /* exact zeros */
        }
        case_close(&k);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const op_refusal bad[] = {
        {"transformed_l1 1 beta=0", {"3"}, false, "beta from 1e-15 to 1e+15, got 0"},
        {"log_sum 1 eps=-1", {"3"}, true, "eps from"},
        {"log_sum 1 eps=1e-50", {"3"}, true, "eps from"}, /* 0 as a float32 */
        {"mcp 1 gamma=0", {"3"}, true, "gamma from"},
        {"l1_huber 1 delta=1e300", {"3"}, false, "delta from"},
        {"kl_sparsity 1 rho=0", {"3"}, false, "rho between 0 and 1"},
        {"kl_sparsity 1 rho=1", {"3"}, false, "rho between 0 and 1"},
        {"kl_sparsity 1", {"3"}, true, "needs a value of the batch"},
    };
    assert_refusals(bad, sizeof bad / sizeof *bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements),    cmocka_unit_test(test_mcp_of_zhang),
        cmocka_unit_test(test_hoyer_ends),  cmocka_unit_test(test_hoyer_samples),
        cmocka_unit_test(test_hoyer_whole), cmocka_unit_test(test_hoyer_large),
        cmocka_unit_test(test_kl),          cmocka_unit_test(test_prox),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
