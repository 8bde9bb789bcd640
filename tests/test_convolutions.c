/* conv2d and conv1d against plain loops in double, with every table of kernels: strides, paddings, dilations and groups
 * of many sizes, on images down to one pixel. */
#include "kernel/cpu/cpu.h"
#include "op/window.h"
#include "op_case.h"

enum { X, W, B };

static const struct example {
    const char *spec, *x;
    int rows;
} examples[] = {
    {"conv2d 3 3", "5 4 2", 2},
    {"conv2d 1 1", "1 1 1", 1},
    {"conv2d 7 3 padding=1", "1 1 5", 3},
    {"conv2d 2 5 padding=2", "1 3 3", 1}, /* the kernel is larger than the image */
    {"conv2d 2 7 padding=6", "2 2 3", 1}, /* some windows are all padding */
    {"conv2d 4 3 padding=5 stride=4", "3 3 2", 2},
    {"conv2d 3 2x4 padding=same", "5 6 2", 2}, /* even kernels: one more column after the image */
    {"conv2d 3 3 padding=same dilation=2x3", "5 7 2", 2},
    {"conv2d 3 3 stride=2", "8 9 2", 3},
    {"conv2d 3 3 stride=2 padding=1", "8 9 2", 3},
    {"conv2d 3 1 stride=2", "7 8 5", 2}, /* some inputs belong to no window */
    {"conv2d 3 2 stride=5x3", "11 10 2", 1},
    {"conv2d 3 3 stride=100", "4 4 2", 1},
    {"conv2d 3 4x3 stride=3x2 dilation=2x3 padding=4x2", "13 11 3", 2},
    {"conv2d 3 4 stride=4 dilation=2 padding=3", "9 10 2", 2},
    {"conv2d 2 3 stride=6 dilation=4 padding=4", "17 15 1", 1},
    {"conv2d 8 3 padding=1 groups=4", "6 5 12", 2},
    {"conv2d 66 3 padding=1 groups=2", "3 4 34", 2},
    {"conv2d 6 3 groups=3 stride=2 bias=false", "7 7 3", 2}, /* a channel has two units */
    {"conv2d 5 3 padding=1 groups=5", "6 5 5", 2},
    {"conv2d 70 3x5 padding=2 groups=70 stride=2x1", "9 8 70", 2},
    {"conv2d 33 3 padding=1 groups=33 dilation=2", "5 6 33", 5},
    {"conv2d 16 3 padding=1", "14 14 16", 5},
    {"conv2d 33 3 padding=1", "7 9 37", 3},
    {"conv2d 100 1", "5 3 40", 7},
    {"conv2d 65 2", "3 3 70", 4},
    {"conv2d 32 5 padding=2", "28 28 1", 2},
    {"conv2d 20 3 padding=1", "40 41 3", 1},
    {"conv2d 32 3 padding=1", "40 60 24", 2}, /* several bands of rows */
    {"conv2d 130 3 padding=1", "3 3 70", 3},  /* blocks of units */
    {"conv2d 32 1", "2 2 300", 1},            /* many channels, with few pixels and with more */
    {"conv2d 5 3 padding=same", "4 4 300", 2},
    {"conv1d 3 3", "7 2", 2},
    {"conv1d 4 1", "1 3", 1},
    {"conv1d 4 4 padding=same", "9 3", 2},
    {"conv1d 6 5 stride=3 padding=4 dilation=2 groups=2", "11 4", 3},
    {"conv1d 40 3 padding=1", "100 20", 2},
    {"conv1d 18 9 groups=18 padding=same", "30 18", 2},
};

typedef struct geometry {
    tc_window h, w;
    int64_t in, out, groups; /* of the whole */
} geometry;

static int64_t number(const op_case *k, const char *name, int axis)
{
    for (int i = 0; k->op->attribute[i].name; i++)
        if (strcmp(k->op->attribute[i].name, name) == 0)
            return (int64_t)(axis == 0 ? k->arg[i].number : k->arg[i].second);
    fail_msg("no attribute %s", name);
    return 0;
}

/* By the definition of each attribute, without the library's geometry of windows. */
static tc_window axis_of(const op_case *k, int axis, int64_t in)
{
    tc_window w = {.in = in, .k = number(k, "k", axis), .stride = number(k, "stride", axis)};
    w.dilation = number(k, "dilation", axis);
    w.before = w.after = number(k, "padding", axis);
    if (w.before < 0) w.before = w.dilation * (w.k - 1) / 2, w.after = w.dilation * (w.k - 1) - w.before;
    while (w.out * w.stride - w.before + w.dilation * (w.k - 1) < in + w.after) w.out++;
    return w;
}

static geometry geometry_of(const op_case *k)
{
    const tc_shape *x = &k->x[X].shape;
    const bool image = x->rank == 3;
    geometry z = {.in = x->dim[x->rank - 1], .groups = number(k, "groups", 0)};
    z.out = number(k, "out", 0);
    z.h = image ? axis_of(k, 0, x->dim[0]) : (tc_window){.in = 1, .out = 1, .k = 1, .stride = 1, .dilation = 1};
    z.w = axis_of(k, image, x->dim[image]);
    return z;
}

/* What a plain loop finds, and the sums of the magnitudes of what is added. */
typedef struct result {
    double *value[4], *size[4]; /* y, dL/dx, dL/dw, dL/db */
    int64_t n[4];
} result;

enum { Y, DX, DW, DB };

static void add(result *r, int which, int64_t i, double v) { r->value[which][i] += v, r->size[which][i] += fabs(v); }

/* One pixel of y of one sample: p and q are its taps, c and o the channel and unit in group g. */
static void add_pixel(const op_case *k, const geometry *z, result *r, int64_t s, int64_t i, int64_t j)
{
    const int64_t in = z->in / z->groups, out = z->out / z->groups;
    const int64_t y = ((s * z->h.out + i) * z->w.out + j) * z->out;
    for (int64_t o = 0; o < z->out; o++) {
        if (k->x[B].data) add(r, Y, y + o, (double)k->x[B].data[o]), add(r, DB, o, (double)k->g[y + o]);
        for (int64_t p = 0; p < z->h.k; p++)
            for (int64_t q = 0; q < z->w.k; q++) {
                const int64_t row = i * z->h.stride - z->h.before + p * z->h.dilation;
                const int64_t column = j * z->w.stride - z->w.before + q * z->w.dilation;
                if (row < 0 || row >= z->h.in || column < 0 || column >= z->w.in) continue;
                for (int64_t c = 0; c < in; c++) {
                    const int64_t x = ((s * z->h.in + row) * z->w.in + column) * z->in + o / out * in + c;
                    const int64_t w = ((p * z->w.k + q) * in + c) * z->out + o;
                    const double xs = (double)k->x[X].data[x], ws = (double)k->x[W].data[w];
                    add(r, Y, y + o, xs * ws);
                    add(r, DX, x, (double)k->g[y + o] * ws);
                    add(r, DW, w, (double)k->g[y + o] * xs);
                }
            }
    }
}

static void close_to(const op_case *k, const char *set, const result *r, int which, const float *got)
{
    static const char *const name[] = {"y", "dL/dx", "dL/dw", "dL/db"};
    for (int64_t i = 0; i < r->n[which]; i++)
        if (!(fabs((double)got[i] - r->value[which][i]) <= 1e-6 * r->size[which][i]))
            fail_msg("%s with %s: %s[%d] is %g, not %g", k->spec.source, set, name[which], (int)i, (double)got[i],
                     r->value[which][i]);
}

static void check(const struct example *e)
{
    op_case k;
    case_open(&k, e->spec, (const char *const[]){e->x, NULL}, false, 1, e->rows);
    k.probe = &(tc_probe){.low = -1, .high = 1, .kink = NAN};
    fill_case(&k);
    const geometry z = geometry_of(&k);
    const int64_t last = k.call.y.shape.rank - 1;
    assert_int_equal(k.call.y.shape.dim[last - 1], z.w.out);
    assert_int_equal(k.call.y.n, z.h.out * z.w.out * z.out);
    result r = {.n = {outputs_of(&k), count_of(&k, X), count_of(&k, W), k.x[B].data ? z.out : 0}};
    for (int i = 0; i < 4; i++) {
        r.value[i] = calloc((size_t)r.n[i] + 1, sizeof(double)), r.size[i] = calloc((size_t)r.n[i] + 1, sizeof(double));
        assert_true(r.value[i] && r.size[i]);
    }
    for (int64_t s = 0; s < e->rows; s++)
        for (int64_t i = 0; i < z.h.out; i++)
            for (int64_t j = 0; j < z.w.out; j++) add_pixel(&k, &z, &r, s, i, j);
    for (const tc_kernel *const *set = tc_cpu_sets(); *set; set++) {
        k.run.kernel = *set;
        run_forward(&k, SHUFFLED);
        run_backward(&k, SHUFFLED);
        const float *const got[] = {k.y, k.d[X], k.d[W], k.d[B]};
        for (int i = 0; i < 4; i++) close_to(&k, (*set)->name, &r, i, got[i]);
    }
    for (int i = 0; i < 4; i++) free(r.value[i]), free(r.size[i]);
    case_close(&k);
}

static void against_plain_loops(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) check(&examples[i]);
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *x, *why;
    } bad[] = {
        {"conv2d 3 3", "5 4", "image [height, width, channels]"},
        {"conv2d 3 3", "2 4 1", "a height of at least 3"},
        {"conv2d 3 3", "4 2 1", "a width of at least 3"},
        {"conv2d 3 0", "4 4 1", "of at least 1"},
        {"conv2d 3 3 stride=0", "4 4 1", "of at least 1"},
        {"conv2d 3 3 stride=2 padding=same", "4 4 1", "padding=same"},
        {"conv2d 3 3 groups=2", "4 4 2", "groups=2"},
        {"conv2d 4 3 groups=2", "4 4 3", "groups=2"},
        {"conv2d 4 3 groups=0", "4 4 3", "groups of at least 1"},
        {"conv2d 1000000000000 3", "4 4 3", "too many"},
        {"conv1d 3 3", "5 4 2", "row [length, channels]"},
        {"conv1d 3 9 padding=1", "6 2", "a length of at least 9"},
        {"conv1d 3 3 padding=1x2", "6 2", "padding"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        op_case k;
        tc_sketch s;
        if (case_try(&k, bad[i].spec, (const char *const[]){bad[i].x, NULL}, false, 1, 2, &s))
            fail_msg("%s on %s is accepted", bad[i].spec, bad[i].x);
        if (!strstr(s.why, bad[i].why)) fail_msg("%s on %s: %s", bad[i].spec, bad[i].x, s.why);
        tc_spec_free(&k.spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(against_plain_loops), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
