/* max_pool2d and avg_pool2d against plain loops, whose output sizes are PyTorch's; ties, NaN, and windows that reach
 * beyond the image. What the layers that join and reorder values do with odd shapes, and what they refuse. */
#include "op_case.h"

/* Rows and columns: window, stride, padding, dilation. */
static const struct example {
    const char *spec, *x, *y;
    int k[2], stride[2], padding[2], dilation[2];
    bool count_pad;
} examples[] = {
    {"2", "4 6 3", "2 3 3", {2, 2}, {2, 2}, {0, 0}, {1, 1}, true},
    {"2", "5 7 33", "2 3 33", {2, 2}, {2, 2}, {0, 0}, {1, 1}, true},
    {"2 ceil", "5 7 3", "3 4 3", {2, 2}, {2, 2}, {0, 0}, {1, 1}, true},
    {"2 ceil", "4 6 2", "2 3 2", {2, 2}, {2, 2}, {0, 0}, {1, 1}, true},
    {"2 ceil", "1 1 1", "1 1 1", {2, 2}, {2, 2}, {0, 0}, {1, 1}, true},
    {"1", "3 2 5", "3 2 5", {1, 1}, {1, 1}, {0, 0}, {1, 1}, true},
    {"1 stride=2", "5 4 2", "3 2 2", {1, 1}, {2, 2}, {0, 0}, {1, 1}, true},
    {"3 stride=2 padding=1", "7 8 5", "4 4 5", {3, 3}, {2, 2}, {1, 1}, {1, 1}, true},
    {"3 stride=2 padding=1 ceil", "7 8 5", "4 5 5", {3, 3}, {2, 2}, {1, 1}, {1, 1}, true},
    {"2 padding=1", "1 1 4", "1 1 4", {2, 2}, {2, 2}, {1, 1}, {1, 1}, true},
    {"2x3 stride=1x2 padding=1", "5 6 2", "6 3 2", {2, 3}, {1, 2}, {1, 1}, {1, 1}, true},
    {"3 stride=3 ceil padding=1", "6 8 2", "3 3 2", {3, 3}, {3, 3}, {1, 1}, {1, 1}, true},
    {"2 stride=5", "6 11 70", "1 2 70", {2, 2}, {5, 5}, {0, 0}, {1, 1}, true},
    {"2 stride=7 padding=1 ceil", "7 8 1", "2 2 1", {2, 2}, {7, 7}, {1, 1}, {1, 1}, true},
    {"3 stride=1 padding=same", "4 5 2", "4 5 2", {3, 3}, {1, 1}, {1, 1}, {1, 1}, true},
    {"19 stride=1 padding=9", "3 2 2", "3 2 2", {19, 19}, {1, 1}, {9, 9}, {1, 1}, true},
    {"3 stride=2 padding=1 ceil count_pad=false", "6 8 3", "4 5 3", {3, 3}, {2, 2}, {1, 1}, {1, 1}, false},
    {"2x3 padding=1 dilation=2x1", "5 7 3", "3 3 3", {2, 3}, {2, 3}, {1, 1}, {2, 1}, true},
    {"3x2 stride=2x1 padding=1x0 dilation=2x3 ceil", "7 9 2", "3 6 2", {3, 2}, {2, 1}, {1, 0}, {2, 3}, true},
    {"2 stride=3 dilation=3", "8 11 2", "2 3 2", {2, 2}, {3, 3}, {0, 0}, {3, 3}, true},
};

/* Whether a tap is inside the image, and its place. */
static bool tap_of(const struct example *e, const tc_shape *x, int64_t i, int64_t j, int s, int t, int64_t *at)
{
    const int64_t row = i * e->stride[0] - e->padding[0] + s * e->dilation[0];
    const int64_t column = j * e->stride[1] - e->padding[1] + t * e->dilation[1];
    *at = (row * x->dim[1] + column) * x->dim[2];
    return row >= 0 && row < x->dim[0] && column >= 0 && column < x->dim[1];
}

/* How many taps along an axis a mean divides by: those that begin before the image and its padding end. */
static int counted(const struct example *e, const tc_shape *x, int axis, int64_t i)
{
    int n = 0;
    for (int t = 0; t < e->k[axis]; t++) {
        const int64_t at = i * e->stride[axis] - e->padding[axis] + t * e->dilation[axis];
        n += e->count_pad ? at < x->dim[axis] + e->padding[axis] : at >= 0 && at < x->dim[axis];
    }
    return n;
}

/* One output: its value, and its gradient added to d. */
static double window(const struct example *e, const op_case *k, bool max, const int64_t at[3], float g, double *d)
{
    const tc_shape *x = &k->x[0].shape;
    int64_t place, best = -1;
    double sum = 0;
    const double size = (double)counted(e, x, 0, at[0]) * (double)counted(e, x, 1, at[1]);
    for (int s = 0; s < e->k[0]; s++)
        for (int t = 0; t < e->k[1]; t++) {
            if (!tap_of(e, x, at[0], at[1], s, t, &place)) continue;
            place += at[2];
            const double v = (double)k->x[0].data[place];
            if (best < 0 || v > (double)k->x[0].data[best]) best = place;
            sum += v;
            if (!max) d[place] += (double)g / size;
        }
    if (max) d[best] += (double)g;
    return max ? (double)k->x[0].data[best] : sum / size;
}

static void near(const char *spec, const char *what, int64_t i, double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-6 * (1 + fabs(wanted))))
        fail_msg("%s: %s[%d] is %.9g, not %.9g", spec, what, (int)i, got, wanted);
}

static void compare(const struct example *e, bool max, bool ties)
{
    char spec[128];
    op_case k;
    snprintf(spec, sizeof spec, "%s %s", max ? "max_pool2d" : "avg_pool2d", e->spec);
    case_open(&k, spec, (const char *const[]){e->x, NULL}, false, 1, 1);
    const tc_probe probe = {.low = -2, .high = 2, .kink = NAN};
    const tc_shape wanted = shape_of(e->y), *y = &k.call.y.shape;
    k.probe = &probe;
    fill_case(&k);
    for (int64_t i = 0; ties && i < k.x[0].n; i++) k.x[0].data[i] = rintf(k.x[0].data[i]);
    if (!tc_shape_equal(y, &wanted)) fail_msg("%s on %s: wrong size", spec, e->x);
    run_forward(&k, WHOLE);
    run_backward(&k, WHOLE);
    double *d = calloc((size_t)k.x[0].n, sizeof *d);
    assert_non_null(d);
    for (int64_t i = 0; i < k.call.y.n; i++) {
        const int64_t at[3] = {i / y->dim[2] / y->dim[1], i / y->dim[2] % y->dim[1], i % y->dim[2]};
        near(spec, "y", i, (double)k.y[i], window(e, &k, max, at, k.g[i], d));
    }
    for (int64_t i = 0; i < k.x[0].n; i++) near(spec, "d", i, (double)k.d[0][i], d[i]);
    free(d);
    case_close(&k);
}

static void test_plain_loops(void **state)
{
    (void)state;
    for (const struct example *e = examples; e < examples + sizeof examples / sizeof *examples; e++)
        for (int ties = 0; ties < 2; ties++) {
            const bool dilated = e->dilation[0] > 1 || e->dilation[1] > 1;
            if (e->count_pad) compare(e, true, ties);
            if (!dilated) compare(e, false, ties);
        }
}

/* A NaN wins over any number, in both kinds of loops, and gets the gradient. */
static void test_nan_wins(void **state)
{
    (void)state;
    static const char *const spec[] = {"max_pool2d 2", "max_pool2d 2 stride=1"};
    for (int i = 0; i < 2; i++)
        for (int place = 0; place < 4; place++) {
            op_case k;
            case_open(&k, spec[i], (const char *const[]){"2 2 1", NULL}, false, 1, 1);
            for (int j = 0; j < 4; j++) k.x[0].data[j] = j == place ? NAN : place % 2 ? INFINITY : -INFINITY;
            k.g[0] = 3;
            run_forward(&k, WHOLE);
            run_backward(&k, WHOLE);
            assert_true(isnan(k.y[0]));
            for (int j = 0; j < 4; j++) assert_true(k.d[0][j] == (j == place ? 3.0f : 0.0f));
            for (int j = 0; j < 4; j++) k.x[0].data[j] = -INFINITY; /* the first wins */
            run_forward(&k, WHOLE);
            run_backward(&k, WHOLE);
            assert_true(k.y[0] == -INFINITY);
            for (int j = 0; j < 4; j++) assert_true(k.d[0][j] == (j == 0 ? 3.0f : 0.0f));
            case_close(&k);
        }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *x[3], *why;
    } bad[] = {
        {"max_pool2d 2", {"24"}, "an image [height, width, channels], got [batch, 24]"},
        {"max_pool2d 0", {"4 4 1"}, "at least 1"},
        {"max_pool2d 2 stride=0", {"4 4 1"}, "at least 1"},
        {"max_pool2d 5", {"4 4 1"}, "a height of at least 5"},
        {"max_pool2d 3 padding=2", {"4 4 1"}, "at most half of its window, 1, got 2"},
        {"max_pool2d 2 padding=same", {"4 4 1"}, "a stride of 1"},
        {"max_pool2d 2 stride=1 dilation=5 padding=1", {"4 4 1"}, "larger than the image"},
        {"max_pool2d 1024", {"2048 2048 1"}, "at most 65536 numbers, got 1024x1024"},
        {"avg_pool2d 2 padding=2", {"4 4 1"}, "at most half of its window, 1, got 2"},
        {"global_avg_pool", {"5"}, "got [batch, 5]"},
        {"upsample 0", {"4 4 1"}, "at least 1"},
        {"upsample 2", {"4 4"}, "[batch, 4, 4]"},
        {"pad top=-1", {"4 4 1"}, "from 0 to 1048576"},
        {"pad after=1048577", {"4 4 1"}, "from 0 to 1048576"},
        {"pad 1", {"4 4"}, "[batch, 4, 4]"},
        {"reshape 4x5", {"24"}, "as many numbers"},
        {"reshape -1x5", {"24"}, "as many numbers"},
        {"reshape -1x-1", {"24"}, "one may be -1"},
        {"reshape 0x24", {"24"}, "one may be -1"},
        {"reshape 24x", {"24"}, "one may be -1"},
        {"reshape x", {"24"}, "one may be -1"},
        {"reshape 1x1x1x1x1x1x1x1x24", {"24"}, "at most 8"},
        {"reshape 4294967296x4294967296x24", {"24"}, "as many numbers"},
        {"reshape 99999999999999999999", {"24"}, "one may be -1"},
        {"sub b", {"3", "4"}, "[batch, 3] and [batch, 4]"},
        {"mul b", {"2 3", "2"}, "[batch, 2, 3] and [batch, 2]"},
        {"mul b", {"2 3", "2 1 3"}, "[batch, 2, 3] and [batch, 2, 1, 3]"},
        {"concat b", {"2 3", "3 3"}, "[batch, 2, 3] and [batch, 3, 3]"},
        {"concat b", {"3", "1 3"}, "[batch, 3] and [batch, 1, 3]"},
        {"scale_shift weight=false bias=false", {"3"}, "a weight or a bias"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        op_case k;
        tc_sketch s;
        if (case_try(&k, bad[i].spec, bad[i].x, false, 1, 1, &s)) fail_msg("%s was accepted", bad[i].spec);
        if (!strstr(s.why, bad[i].why)) fail_msg("%s: \"%s\" does not say %s", bad[i].spec, s.why, bad[i].why);
        tc_spec_free(&k.spec);
    }
}

/* y of a layer on 0, 1, 2, ... */
static void counts(const char *spec, const char *x, const float *y)
{
    op_case k;
    case_open(&k, spec, (const char *const[]){x, NULL}, false, 1, 1);
    for (int64_t i = 0; i < k.x[0].n; i++) k.x[0].data[i] = (float)i;
    run_forward(&k, WHOLE);
    for (int64_t i = 0; i < k.call.y.n; i++) near(spec, "y", i, (double)k.y[i], (double)y[i]);
    case_close(&k);
}

/* Only a value of three dimensions is an image, and only between it and one dimension numbers change their order. */
static void test_order(void **state)
{
    (void)state;
    static const float plain[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    static const float channels[] = {0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11},
                       back[] = {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11};
    counts("flatten", "2 2 3", channels);
    counts("flatten order=hwc", "2 2 3", plain);
    counts("flatten", "4 3", plain);
    counts("flatten", "1 2 2 3", plain);
    counts("reshape -1", "2 2 3", channels);
    counts("reshape 2x2x3", "12", back);
    counts("reshape 2x2x3 order=hwc", "12", plain);
    counts("reshape 4x3", "2 2 3", plain);
    counts("reshape 2x3x2", "2 2 3", plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain_loops), cmocka_unit_test(test_nan_wins),
                                       cmocka_unit_test(test_refusals), cmocka_unit_test(test_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
