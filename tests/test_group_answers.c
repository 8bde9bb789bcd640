/* Penalties and constraints on whole weights and their groups, against known answers: computed by hand, or by another
 * method in double. Weights are [in, out], as in memory; users see them transposed. */
#include "op_answers.h"

static void open_weight(op_case *k, const char *spec, const char *shape)
{
    case_open(k, spec, (const char *const[]){shape, NULL}, true, 1, 1);
    k->call.reduce = TC_SUM;
}

static void set(op_case *k, const float *from) { memcpy(k->x[0].data, from, (size_t)count_of(k, 0) * sizeof *from); }

static void draw(op_case *k)
{
    for (int64_t i = 0; i < count_of(k, 0); i++) k->x[0].data[i] = between(k, -1, 1);
}

static void run_both(op_case *k)
{
    run_forward(k, WHOLE);
    run_backward(k, WHOLE);
}

/* ---- Groups ---- */

#define R2 1.41421356237
#define R3 1.73205080757

/* Two inputs, three units; the weights of the third unit are 0. Norms by unit: 5, sqrt 5, 0; by input: sqrt 10, sqrt
 * 20. */
static const float weight[] = {3, 1, 0, 4, -2, 0};

static void test_group_lasso(void **state)
{
    (void)state;
    const double a = sqrt(5), b = sqrt(10), c = sqrt(20), d = sqrt(30);
    const struct {
        const char *spec;
        double value, d[6];
    } known[] = {
        {"group_lasso 1", R2 * (5 + a), {R2 * 0.6, R2 / a, 0, R2 * 0.8, -R2 * 2 / a, 0}},
        {"group_lasso 1 by=input", R3 * (b + c), {R3 * 3 / b, R3 / b, 0, R3 * 4 / c, -R3 * 2 / c, 0}},
        /* The second block is 2 x 1. */
        {"group_lasso 1 by=block block=2", 2 * d, {2 * 3 / d, 2 / d, 0, 2 * 4 / d, -2 * 2 / d, 0}},
        {"group_lasso 1 by=block block=1", 10, {1, 1, 0, 1, -1, 0}},
        {"group_lasso 1 by=block block=100",
         sqrt(6) * d,
         {R2 * R3 * 3 / d, R2 * R3 / d, 0, R2 * R3 * 4 / d, -R2 * R3 * 2 / d, 0}},
        {"sparse_group_lasso 1 alpha=0", R2 * (5 + a), {R2 * 0.6, R2 / a, 0, R2 * 0.8, -R2 * 2 / a, 0}},
        {"sparse_group_lasso 1 alpha=1 by=input", 10, {1, 1, 0, 1, -1, 0}},
        {"sparse_group_lasso 1 alpha=0.25",
         0.75 * R2 * (5 + a) + 2.5,
         {0.75 * R2 * 0.6 + 0.25, 0.75 * R2 / a + 0.25, 0, 0.75 * R2 * 0.8 + 0.25, -0.75 * R2 * 2 / a - 0.25, 0}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int mean = 0; mean < 2; mean++) {
            op_case k;
            open_weight(&k, known[i].spec, "2 3");
            set(&k, weight);
            k.call.reduce = mean ? TC_MEAN : TC_SUM;
            run_both(&k);
            const double by = mean ? 6 : 1;
            near(known[i].spec, k.value, known[i].value / by, 1e-9);
            for (int j = 0; j < 6; j++) near(known[i].spec, (double)k.d[0][j], known[i].d[j] / by, 1e-6);
            case_close(&k);
        }
}

/* The size of a group's gradient does not depend on that of its weights, even if they are tiny. */
static void test_small_groups(void **state)
{
    (void)state;
    op_case k;
    open_weight(&k, "group_lasso 1", "2 3");
    for (int i = 0; i < 6; i++) k.x[0].data[i] = weight[i] * 1e-30f;
    run_both(&k);
    near("the gradient of a small group", (double)k.d[0][0], R2 * 0.6, 1e-6);
    near("the gradient of a group of zeros", (double)k.d[0][2], 0, 0);
    case_close(&k);
}

static void test_group_prox(void **state)
{
    (void)state;
    const double unit = 1 - R2 / 5, half = 1 - R2 / sqrt(5), sparse = 1 - R2 / sqrt(13);
    const struct {
        const char *spec;
        double t, z[6];
    } known[] = {
        {"group_lasso 1", 1, {3 * unit, half, 0, 4 * unit, -2 * half, 0}},
        {"group_lasso 1", 2, {3 - 6 * R2 / 5, 0, 0, 4 - 8 * R2 / 5, 0, 0}}, /* the second unit is removed */
        {"group_lasso 1", 4, {0}},
        {"group_lasso 1 by=input", 4, {0}},
        {"group_lasso 1 by=input", 2, {0, 0, 0, 4 - 8 * R3 / sqrt(20), -2 + 4 * R3 / sqrt(20), 0}},
        {"group_lasso 1 by=block block=2",
         1,
         {3 - 6 / sqrt(30), 1 - 2 / sqrt(30), 0, 4 - 8 / sqrt(30), -2 + 4 / sqrt(30), 0}},
        /* Each weight shrinks by 1, to 2, 3 and 0, -1; then each unit by sqrt 2. */
        {"sparse_group_lasso 1", 2, {2 * sparse, 0, 0, 3 * sparse, 0, 0}},
        {"sparse_group_lasso 1 alpha=1", 1.5, {1.5, 0, 0, 2.5, -0.5, 0}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        op_case k;
        open_weight(&k, known[i].spec, "2 3");
        set(&k, weight);
        run_prox(&k, known[i].t);
        for (int j = 0; j < 6; j++) {
            near(known[i].spec, (double)k.x[0].data[j], known[i].z[j], 1e-6);
            if (known[i].z[j] == 0) assert_true(k.x[0].data[j] == 0 && !signbit(k.x[0].data[j]));
        }
        case_close(&k);
    }
}

/* A weight with many ranges, compared with sums in double over each group. */
static void check_large(const char *spec, const char *shape, int64_t height, int64_t width)
{
    op_case k;
    open_weight(&k, spec, shape);
    draw(&k);
    const int64_t in = k.x[0].shape.dim[0], out = k.x[0].shape.dim[1];
    float *w = k.x[0].data, *was = floats(in * out);
    run_both(&k);
    memcpy(was, w, (size_t)(in * out) * sizeof *w);
    const double t = 0.5;
    run_prox(&k, t);
    double value = 0;
    for (int64_t top = 0; top < in; top += height)
        for (int64_t left = 0; left < out; left += width) {
            const int64_t m = in - top < height ? in - top : height, n = out - left < width ? out - left : width;
            double sum = 0;
            for (int64_t i = 0; i < m * n; i++) sum += pow((double)was[(top + i / n) * out + left + i % n], 2);
            const double root = sqrt((double)(m * n)), norm = sqrt(sum), scale = fmax(0, 1 - t * root / norm);
            value += root * norm;
            for (int64_t i = 0; i < m * n; i++) {
                const int64_t at = (top + i / n) * out + left + i % n;
                near("a gradient", (double)k.d[0][at], k.lambda * root * (double)was[at] / norm, 1e-6);
                near("a step", (double)w[at], scale * (double)was[at], 1e-6);
                assert_int_equal(w[at] == 0, scale == 0 || was[at] == 0);
            }
        }
    near(spec, k.value, value, 1e-7);
    case_close(&k);
    free(was);
}

static void test_large_groups(void **state)
{
    (void)state;
    check_large("group_lasso 0.1", "150 140", 150, 1);
    check_large("group_lasso 0.1 by=input", "150 140", 1, 140);
    check_large("group_lasso 0.1 by=input", "9 1100", 1, 1100);
    check_large("group_lasso 0.1 by=input", "9 9000", 1, 9000);
    check_large("group_lasso 0.1 by=block", "30 410", 4, 4);
    check_large("group_lasso 0.1 by=block block=37", "150 140", 37, 37);
}

/* ---- Orthogonality ---- */

static void test_orthogonal(void **state)
{
    (void)state;
    /* With three inputs and two units, W W^T = diag(1, 4). With two inputs and three units, W^T W = diag(1, 4). */
    static const float tall[] = {1, 0, 0, 2, 0, 0}, wide[] = {1, 0, 0, 0, 2, 0};
    for (int i = 0; i < 2; i++) {
        op_case k;
        open_weight(&k, "orthogonal 0.5", i ? "2 3" : "3 2");
        set(&k, i ? wide : tall);
        run_both(&k);
        near("orthogonal", k.value, 9, 1e-7);
        for (int j = 0; j < 6; j++) near("its gradient", (double)k.d[0][j], k.x[0].data[j] == 2 ? 12 : 0, 1e-6);
        case_close(&k);
    }
}

/* The rows of a permuted identity matrix are orthogonal: value and gradient are 0 in every tile. */
static void test_orthogonal_rows(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        op_case k;
        open_weight(&k, "orthogonal 1", i ? "135 300" : "300 135");
        memset(k.x[0].data, 0, sizeof(float) * 300 * 135);
        for (int r = 0; r < 135; r++) k.x[0].data[i ? r * 300 + r * 7 % 300 : r * 7 % 300 * 135 + r] = 1;
        run_both(&k);
        assert_true(k.value == 0);
        for (int j = 0; j < 300 * 135; j++) assert_true(k.d[0][j] == 0);
        case_close(&k);
    }
}

/* Keras 3.15: OrthogonalRegularizer(0.5, mode) of a kernel [3, 4], and jax.grad of it. */
static void test_orthogonal_cosine(void **state)
{
    (void)state;
    static const float kernel[] = {-1, 0, 1, -0.6f, 0.4f, 1.4f, -0.2f, 0.8f, -0.8f, 0.2f, 1.2f, -0.4f};
    static const struct {
        const char *spec;
        double value, d[12];
    } keras[] = {{"orthogonal_cosine 0.5 mode=rows",
                  0.2705439031124115,
                  {0.01445285975933075, -0.07639992237091064, 0.0013199150562286377, -0.021888256072998047,
                   0.1019490510225296, -0.06799288094043732, -0.13616296648979187, 0.03397228196263313,
                   -0.027876682579517365, -0.10993819683790207, -0.020495176315307617, -0.06070128455758095}},
                 {"orthogonal_cosine 0.5 mode=columns",
                  0.28886061906814575,
                  {0.020145297050476074, -0.11416491121053696, 0.01130741462111473, -0.008870787918567657,
                   0.07783772796392441, 0.01564551144838333, -0.09594444930553436, -0.021085500717163086,
                   0.013737265020608902, -0.10951860249042511, -0.025413602590560913, -0.028864756226539612}}};
    for (size_t i = 0; i < sizeof keras / sizeof *keras; i++) {
        op_case k;
        open_weight(&k, keras[i].spec, "3 4");
        set(&k, kernel);
        run_both(&k);
        near(keras[i].spec, k.lambda * k.value, keras[i].value, 1e-6);
        for (int j = 0; j < 12; j++) near("its gradient", (double)k.d[0][j], keras[i].d[j], 1e-6);
        case_close(&k);
    }
}

/* Neither vectors of zeros nor orthogonal ones are moved, in any tile; and equal ones have a cosine of 1. */
static void test_orthogonal_cosine_edges(void **state)
{
    (void)state;
    enum { N = 135, K = 300 };
    for (int i = 0; i < 4; i++) {
        op_case k;
        const bool rows = i % 2, equal = i / 2;
        open_weight(&k, rows ? "orthogonal_cosine 1" : "orthogonal_cosine 1 mode=columns", rows ? "135 300" : "300 135");
        memset(k.x[0].data, 0, sizeof(float) * N * K);
        for (int r = 0; r < N - 1; r++) { /* the last one is 0 */
            const int at = equal ? 5 : r * 7 % K;
            k.x[0].data[rows ? r * K + at : at * N + r] = 1 + (float)r;
        }
        run_both(&k);
        near("the value", k.value, equal ? (N - 1) * (N - 2) / (double)(N * (N - 1)) : 0, 1e-6);
        for (int j = 0; j < N * K; j++) assert_true(fabs((double)k.d[0][j]) < 1e-7);
        case_close(&k);
    }
}

/* ---- Norms as weights of activations ---- */

static void test_weighted_l1(void **state)
{
    (void)state;
    static const float x[] = {1, -2, 0, 0, 3, -1}, w[] = {3, 4, 0, 0, -5, 12}; /* norms 5, 0 and 13; sums 1, 5 and 1 */
    static const double dx[] = {5, 0, 0, 0, 0, -13}, dw[] = {0.6, 0.8, 0, 0, -5 / 13.0, 12 / 13.0};
    for (int i = 0; i < 2; i++)
        for (int reduce = 0; reduce < TC_REDUCES; reduce++) {
            op_case k;
            case_open(&k, i ? "weighted_l1 0.5 norms=a.weight by=unit" : "weighted_l1 0.5 norms=a.weight",
                      (const char *const[]){"3", i ? "2 3" : "3 2", NULL}, false, 1, 2);
            k.call.reduce = reduce;
            set(&k, x);
            for (int j = 0; j < 6; j++) k.x[1].data[i ? j % 2 * 3 + j / 2 : j] = w[j];
            run_both(&k);
            const double divisor = reduce == TC_SUM ? 1 : reduce == TC_MEAN ? 6 : 2;
            near("weighted_l1", k.value, 18 / divisor, 1e-7);
            for (int j = 0; j < 6; j++) {
                near("its gradient", (double)k.d[0][j], 0.5 * dx[j] / divisor, 1e-6);
                near("that of weights", (double)k.d[1][i ? j % 2 * 3 + j / 2 : j], 0.5 * dw[j] / divisor, 1e-6);
            }
            case_close(&k);
        }
}

/* ---- Constraints ---- */

static void test_constraints(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *shape;
        float x[6], z[6];
    } known[] = {
        {"non_negative", "2 3", {-1, 0, -0.0f, 2, -1e-30f, INFINITY}, {0, 0, 0, 2, 0, INFINITY}},
        {"max_norm 2.5", "2 3", {3, 1, 0, 4, -2, 0}, {1.5f, 1, 0, 2, -2, 0}},
        {"max_norm 2 input", "3 2", {0, 4, 1, 1, -2, 0}, {0, 2, 1, 1, -2, 0}},
        {"unit_norm", "2 3", {1e-42f, 0, 3, -1e-42f, 0, 4}, {1e-42f, 0, 0.6f, -1e-42f, 0, 0.8f}},
        {"unit_norm by=input", "2 3", {3e-36f, 0, 4e-36f, 1e-42f, 0, 0}, {0.6f, 0, 0.8f, 1e-42f, 0, 0}},
        {"l1_ball 2", "2", {3, -1}, {2, 0}},
        {"l1_ball", "6", {1, 0.5f, -0.25f, 0, 0, 0.25f}, {0.75f, 0.25f, 0, 0, 0, 0}},
        {"l1_ball 5", "2 3", {1, 2, 0, -2, 0, 0}, {1, 2, 0, -2, 0, 0}}, /* on the boundary */
        {"l1_ball 2 by=unit", "2 3", {3, 1, -2, -1, 0.5f, 2}, {2, 1, -1, 0, 0.5f, 1}},
        {"l1_ball 2 by=input", "2 3", {3, 1, 0, 1, -0.5f, 0.5f}, {2, 0, 0, 1, -0.5f, 0.5f}},
        {"l1_ball 1", "6", {1, 1, 1, 1, -1, -1}, {1 / 6.f, 1 / 6.f, 1 / 6.f, 1 / 6.f, -1 / 6.f, -1 / 6.f}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        op_case k;
        open_weight(&k, known[i].spec, known[i].shape);
        set(&k, known[i].x);
        run_prox(&k, 0);
        for (int64_t j = 0; j < count_of(&k, 0); j++) {
            const float got = k.x[0].data[j], wanted = known[i].z[j];
            if (!(got == wanted || fabsf(got - wanted) <= 1e-6f * fabsf(wanted)) || (got == 0 && signbit(got)))
                fail_msg("%s: %d is %.9g, not %.9g", known[i].spec, (int)j, (double)got, (double)wanted);
        }
        case_close(&k);
    }
}

/* Large weights: every vector is inside the constraint, one that was outside is on its boundary, and a second
 * projection changes no bit. */
static void check_bound(const char *spec, const char *shape, bool by_unit, double p, double bound)
{
    op_case k;
    open_weight(&k, spec, shape);
    draw(&k);
    const int64_t in = k.x[0].shape.dim[0], out = k.x[0].shape.dim[1], n = by_unit ? in : out;
    float *w = k.x[0].data, *once = floats(in * out);
    for (int64_t i = 0; i < n; i++) w[i * (by_unit ? out : 1)] *= 1e-3f; /* the first vector is inside already */
    memcpy(once, w, (size_t)(in * out) * sizeof *w);
    run_prox(&k, 0);
    for (int64_t v = 0; v < (by_unit ? out : in); v++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) {
            const int64_t at = by_unit ? i * out + v : v * out + i;
            sum += pow(fabs((double)w[at]), p);
            if (v == 0) assert_true(w[at] == once[at]);
        }
        const double size = pow(sum, 1 / p);
        assert_true(size <= bound * (1 + 1e-14)); /* this sum is rounded too */
        if (v > 0) near(spec, size, bound, 1e-6);
    }
    memcpy(once, w, (size_t)(in * out) * sizeof *w);
    run_prox(&k, 0);
    assert_memory_equal(w, once, (size_t)(in * out) * sizeof *w);
    case_close(&k);
    free(once);
}

static void test_bounds(void **state)
{
    (void)state;
    check_bound("max_norm 0.7", "150 140", true, 2, 0.7);
    check_bound("max_norm 0.7 by=input", "150 140", false, 2, 0.7);
    check_bound("max_norm 0.7 by=input", "9 9000", false, 2, 0.7);
    check_bound("l1_ball 0.7 by=unit", "150 140", true, 1, 0.7);
    check_bound("l1_ball 0.7 by=input", "150 140", false, 1, 0.7);
}

static int descending(const void *a, const void *b)
{
    const double x = fabs((double)*(const float *)a), y = fabs((double)*(const float *)b);
    return (x < y) - (x > y);
}

/* The threshold by the method of Duchi et al.: sort, take the last k with |w|_k > (sum of the first k - radius) / k. */
static void test_l1_ball_by_sorting(void **state)
{
    (void)state;
    static const double radius[] = {1e-3, 0.5, 30, 1000};
    for (int r = 0; r < 4; r++) {
        char spec[32];
        snprintf(spec, sizeof spec, "l1_ball %g", radius[r]);
        op_case k;
        open_weight(&k, spec, "60 101");
        draw(&k);
        const int64_t n = count_of(&k, 0);
        float *w = k.x[0].data, *sorted = floats(n), *was = floats(n);
        memcpy(was, w, (size_t)n * sizeof *w);
        memcpy(sorted, w, (size_t)n * sizeof *w);
        qsort(sorted, (size_t)n, sizeof *sorted, descending);
        double sum = 0, theta = 0;
        for (int64_t i = 0; i < n; i++) {
            sum += fabs((double)sorted[i]);
            const double t = (sum - radius[r]) / (double)(i + 1);
            if (fabs((double)sorted[i]) > t) theta = t;
        }
        run_prox(&k, 0);
        double left = 0;
        for (int64_t i = 0; i < n; i++) {
            const double m = fabs((double)was[i]) - theta;
            near(spec, (double)w[i], m > 0 ? copysign(m, (double)was[i]) : 0, 1e-6 * radius[r]);
            left += fabs((double)w[i]);
        }
        assert_true(left <= radius[r]);
        near(spec, left, radius[r], 1e-6);
        case_close(&k);
        free(sorted), free(was);
    }
}

/* A constraint keeps a NaN, so that the guard can find it. */
static void test_not_a_number(void **state)
{
    (void)state;
    static const char *const spec[] = {"group_lasso 1",        "group_lasso 1 by=input",
                                       "sparse_group_lasso 1", "non_negative",
                                       "max_norm 0.1",         "l1_ball 0.1",
                                       "l1_ball by=unit",      "unit_norm"};
    for (size_t i = 0; i < sizeof spec / sizeof *spec; i++) {
        op_case k;
        open_weight(&k, spec[i], "3 4");
        draw(&k);
        k.x[0].data[5] = NAN;
        run_prox(&k, 1);
        if (!isnan(k.x[0].data[5])) fail_msg("%s turns NaN into %g", spec[i], (double)k.x[0].data[5]);
        case_close(&k);
    }
}

/* ---- Refused ---- */

static void test_refused(void **state)
{
    (void)state;
    static const op_refusal bad[] = {
        {"group_lasso 1", {"3"}, true, "two dimensions or more, got [3]"},
        {"group_lasso 1", {"3 4"}, false, "[batch, 3, 4]"},
        {"group_lasso 1 by=block block=0", {"3 4"}, true, "block of at least 1"},
        {"group_lasso 1 block=2", {"3 4"}, true, "by=block"},
        {"sparse_group_lasso 1", {"3"}, true, "[3]"},
        {"sparse_group_lasso 1 alpha=1.5", {"3 4"}, true, "alpha from 0 to 1"},
        {"sparse_group_lasso 1 alpha=-1", {"3 4"}, true, "alpha from 0 to 1"},
        {"orthogonal 1", {"3"}, true, "[3]"},
        {"orthogonal_cosine 1", {"3"}, true, "[3]"},
        {"orthogonal_cosine 1", {"1 4"}, true, "at least two inputs"},
        {"orthogonal_cosine 1 mode=columns", {"4 1"}, true, "at least two units"},
        {"max_norm", {"3"}, true, "[3]"},
        {"max_norm 0", {"3 4"}, true, "max above 0"},
        {"l1_ball -1", {"3 4"}, true, "radius above 0"},
        {"l1_ball by=unit", {"3"}, true, "[3]"},
    };
    assert_refusals(bad, sizeof bad / sizeof *bad);
}

/* Errors of the graph. */
static void test_refused_by_graphs(void **state)
{
    (void)state;
    static const struct {
        const char *on, *penalty, *why;
    } bad[] = {
        {"linear*.weight", "group_lasso 1 joint", "cannot be joint"},
        {"linear*.weight", "orthogonal 1 joint", "cannot be joint"},
        {"linear1.weight", "orthogonal 1 prox", "no proximal step"},
        {"linear1.weight", "group_lasso", "needs a lambda"},
        {"linear1.weight", "group_lasso 1 reduce=sample", "no samples"},
        {"linear1.bias", "group_lasso 1", "two dimensions"},
        {"linear1.weight", "max_norm 0", "linear1.weight [4, 6]: needs max"}, /* the users' shape */
        {"relu1", "group_lasso 1", "two dimensions"},
        {"relu1", "weighted_l1 1", "norms"},
        {"relu1", "weighted_l1 1 norms=linear3.weight", "norms of weighted_l1: the parameter linear3.weight does not exist"},
        {"relu1", "weighted_l1 1 norms=x", "x is not a parameter, it is an input"},
        {"relu1", "weighted_l1 1 norms=linear2.bias", "weight of two dimensions or more, got [4]"},
        {"relu1", "weighted_l1 1 norms=linear1.weight", "as many norms as units, 4, but the weight has 6 inputs"},
        {"relu1", "weighted_l1 1 norms=linear2.weight prox", "depends on the batch"},
        {"relu1", "weighted_l1 norms=linear2.weight", "needs a lambda"},
        {"linear*", "weighted_l1 1 norms=linear2.weight joint", "no joint form"},
        {"linear2.weight", "weighted_l1 1 norms=linear2.weight", "would use linear2.weight twice"},
        {"relu1", "non_negative", "depends on the batch"},
        {"relu1", "l1_ball", "depends on the batch"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tacet_graph *g = tacet_graph_new(NULL);
        tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){6}), "linear 4 | relu | linear 4");
        tacet_penalize(g, bad[i].on, bad[i].penalty);
        const tacet_error *e = tacet_graph_error(g);
        if (!e || !strstr(e->message, bad[i].why))
            fail_msg("%s on %s: \"%s\"", bad[i].penalty, bad[i].on, e ? e->message : "taken");
        tacet_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_group_lasso),  cmocka_unit_test(test_small_groups),
        cmocka_unit_test(test_group_prox),   cmocka_unit_test(test_large_groups),
        cmocka_unit_test(test_orthogonal),   cmocka_unit_test(test_orthogonal_rows),
        cmocka_unit_test(test_orthogonal_cosine),
        cmocka_unit_test(test_orthogonal_cosine_edges),
        cmocka_unit_test(test_weighted_l1),
        cmocka_unit_test(test_constraints),  cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_not_a_number), cmocka_unit_test(test_l1_ball_by_sorting),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_refused_by_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
