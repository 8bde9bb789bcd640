/* test_networks.c: whole networks against PyTorch: LeNet, VGG-11, ResNet-20, MobileNetV2. tools/golden_networks.py
 * explains the files (tests/golden/networks), the formula for weights and images, and what a sketch is: a few sums, by
 * which one sees how far two tensors are apart.
 *
 * PyTorch in float64 is the truth. Tacet may be three times as far from it as PyTorch in float32, which is not close: the
 * error of a gradient is about the root of that of the outputs, because rounding turns some ReLUs on or off. A fixed bound
 * holds for the outputs before training, and for all of LeNet. */
#include "tacet/tacet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"

enum { STEPS = 10, SKETCH = 128, SIDE = 28, CLASSES = 10, NAME = 160 };

static const double BOUND = 1e-5, TIMES = 3;

typedef struct network {
    const char *name;
    tacet_file *golden, *saved;
    tacet_graph *graph;
    tacet_plan *plan;
    tacet_value output;
    int64_t rows;
    bool fixed;  /* BOUND holds for everything */
    float *room; /* for the largest tensor */
    size_t count;
} network;

/* The distances of some tensors from the truth. */
typedef struct distances {
    double tacet, torch, size; /* sums of squares */
} distances;

/* ---- The formula ------------------------------------------------------------------------------------------------- */

static uint32_t seed_of(const char *name)
{
    uint32_t seed = 2166136261u;
    for (; *name; name++) seed = (seed ^ (unsigned char)*name) * 16777619u;
    return seed;
}

/* 24 bits. */
static uint32_t hash(uint32_t seed, size_t i)
{
    uint32_t x = (uint32_t)i * 0x9E3779B9u + seed;
    x = (x ^ x >> 16) * 0x7FEB352Du;
    x = (x ^ x >> 15) * 0x846CA68Bu;
    return (x ^ x >> 16) >> 8;
}

static float uniform(uint32_t seed, size_t i) { return (float)hash(seed, i) * 0x1p-23f - 1; }

static size_t count_of(int rank, const int64_t *shape)
{
    size_t n = 1;
    for (int k = 0; k < rank; k++) n *= (size_t)shape[k];
    return n;
}

static void first_weights(const network *o)
{
    for (int i = 0; i < tacet_value_count(o->plan); i++) {
        tacet_value_info v = {.size = sizeof v};
        assert_int_equal(tacet_value_at(o->plan, i, &v), TACET_OK);
        if (v.role != TACET_ROLE_PARAMETER) continue;
        const size_t n = count_of(v.rank, v.shape);
        const uint32_t seed = seed_of(v.name);
        const float bound = (float)sqrt(6 / ((double)n / (double)v.shape[0]));
        const bool scale = strcmp(strrchr(v.name, '.'), ".weight") == 0;
        assert_true(n <= o->count);
        for (size_t j = 0; j < n; j++) {
            const float u = uniform(seed, j);
            o->room[j] = v.rank > 1 ? u * bound : scale ? 1 + u / 4 : u / 10;
        }
        assert_int_equal(tacet_write(o->plan, v.name, o->room, n), TACET_OK);
    }
}

static void feed(const network *o, int step)
{
    static float x[64 * SIDE * SIDE]; /* read by the step */
    static int32_t target[64];
    const size_t rows = (size_t)o->rows, n = rows * SIDE * SIDE, k = (size_t)step;
    assert_true(rows <= 64);
    const uint32_t images = seed_of(tacet_file_note(o->golden, "images"));
    for (size_t i = 0; i < n; i++) x[i] = uniform(images, k * n + i);
    for (size_t i = 0; i < rows; i++) target[i] = (int32_t)(hash(seed_of("target"), k * rows + i) % CLASSES);
    assert_int_equal(tacet_feed(o->plan, tacet_find(o->graph, "x"), TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(o->plan, tacet_find(o->graph, "target"), TACET_I32, target), TACET_OK);
}

/* ---- The comparison ---------------------------------------------------------------------------------------------- */

/* The tensor of a file, which must exist, and how many numbers it has. */
static const float *tensor(const tacet_file *f, const char *name, size_t *n)
{
    for (int i = 0; i < tacet_file_count(f); i++) {
        const char *at;
        int rank;
        const int64_t *shape;
        const float *data;
        assert_int_equal(tacet_file_tensor(f, i, &at, &rank, &shape, &data), TACET_OK);
        if (strcmp(at, name) != 0) continue;
        *n = count_of(rank, shape);
        return data;
    }
    fail_msg("no tensor %s", name);
    return NULL;
}

static double square(double x) { return x * x; }

/* How far got[n] and PyTorch's float32 are from the truth. */
static distances distances_of(const network *o, const char *name, const float *got, size_t n)
{
    char own[NAME + 8];
    size_t stored, one;
    snprintf(own, sizeof own, "float32.%s", name);
    const float *truth = tensor(o->golden, name, &stored), *torch = tensor(o->golden, own, &one);
    double sketch[SKETCH] = {0};
    assert_int_equal(stored, n < SKETCH ? n : SKETCH);
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = n > SKETCH ? hash(seed_of("sketch"), i) : (uint32_t)i << 1 | 1;
        sketch[bits >> 1 & (SKETCH - 1)] += bits & 1 ? (double)got[i] : -(double)got[i];
    }
    distances d = {.torch = square((double)*torch)};
    for (size_t i = 0; i < stored; i++) {
        d.tacet += square(sketch[i] - (double)truth[i]);
        d.size += square((double)truth[i]);
    }
    return d;
}

static void check(const network *o, const char *name, distances d, double usual, bool fixed)
{
    const double bound = o->fixed || fixed ? BOUND * sqrt(d.size) : TIMES * fmax(sqrt(d.torch), usual * sqrt(d.size));
    if (getenv("TACET_DISTANCES"))
        printf("%s %s: %.2g, PyTorch %.2g, of %.2g\n", o->name, name, sqrt(d.tacet), sqrt(d.torch), sqrt(d.size));
    if (sqrt(d.tacet) <= bound) return;
    fail_msg("%s: %s is %g from the truth, which is %g; the bound is %g, and PyTorch is %g from it", o->name, name,
             sqrt(d.tacet), sqrt(d.size), bound, sqrt(d.torch));
}

typedef const float *reader(const network *o, const char *name, size_t *n);

/* All tensors whose names begin with prefix: as a whole, and each for itself. By chance PyTorch can be very close to the
 * truth in a small tensor, so one tensor may also be as far, relative to its size, as PyTorch usually is. */
static void check_all(const network *o, const char *prefix, reader *read)
{
    distances all = {0};
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < tacet_file_count(o->golden); i++) {
            const char *name;
            int rank;
            const int64_t *shape;
            const float *data;
            size_t n;
            assert_int_equal(tacet_file_tensor(o->golden, i, &name, &rank, &shape, &data), TACET_OK);
            if (strncmp(name, prefix, strlen(prefix)) != 0) continue;
            const float *got = read(o, name + strlen(prefix), &n);
            const distances d = distances_of(o, name, got, n);
            if (pass == 1) check(o, name, d, sqrt(all.torch / all.size), false);
            if (pass == 0) all = (distances){all.tacet + d.tacet, all.torch + d.torch, all.size + d.size};
        }
    assert_true(all.size > 0);
    check(o, prefix, all, 0, false);
}

static tacet_value_info value(const network *o, tacet_value v)
{
    tacet_value_info info = {.size = sizeof info};
    assert_int_equal(tacet_value_at(o->plan, v.id - 1, &info), TACET_OK);
    return info;
}

static const float *read_gradient(const network *o, const char *name, size_t *n)
{
    const tacet_value_info v = value(o, tacet_find(o->graph, name));
    *n = count_of(v.rank, v.shape);
    assert_true(*n <= o->count);
    assert_int_equal(tacet_read_gradient(o->plan, name, o->room, *n), TACET_OK);
    return o->room;
}

static const float *read_saved(const network *o, const char *name, size_t *n) { return tensor(o->saved, name, n); }

static void check_output(const network *o, const char *name, bool fixed)
{
    const size_t n = (size_t)o->rows * CLASSES;
    assert_int_equal(tacet_read(o->plan, value(o, o->output).name, o->room, n), TACET_OK);
    check(o, name, distances_of(o, name, o->room, n), 0, fixed);
}

static void evaluate(const network *o, const char *name, bool fixed)
{
    feed(o, 0);
    assert_int_equal(tacet_forward(o->plan, o->rows), TACET_OK);
    check_output(o, name, fixed);
}

/* ---- The run ----------------------------------------------------------------------------------------------------- */

static void build(network *o)
{
    tacet_error why;
    tacet_graph *g = o->graph = tacet_graph_new(NULL);
    const tacet_value x = tacet_input(g, "x", 3, (int64_t[]){SIDE, SIDE, 1});
    o->rows = atoi(tacet_file_note(o->golden, "rows"));
    o->output = tacet_chain(g, x, tacet_file_note(o->golden, "model"));
    tacet_loss(g, "cross_entropy", o->output, tacet_labels(g, "target"));
    const tacet_config config = {TACET_CONFIG, .batch = o->rows, .optimizer = tacet_file_note(o->golden, "optimizer"),
                                 .threads = 2};
    o->plan = tacet_compile(g, &config, &why);
    if (!o->plan) fail_msg("%s: %s %s", o->name, why.message, why.hint);
    o->count = (size_t)o->rows * CLASSES;
    for (int i = 0; i < tacet_value_count(o->plan); i++) {
        const tacet_value_info v = value(o, (tacet_value){i + 1});
        const size_t n = v.role == TACET_ROLE_PARAMETER ? count_of(v.rank, v.shape) : 0;
        if (n > o->count) o->count = n;
    }
    o->room = malloc(o->count * sizeof *o->room);
    assert_non_null(o->room);
}

static tacet_file *saved(const network *o)
{
    char path[] = "/tmp/tacet_networks_XXXXXX";
    tacet_error why;
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    assert_int_equal(tacet_save(o->plan, path, 0, NULL, &why), TACET_OK);
    tacet_file *f = tacet_file_open(path, NULL, &why);
    unlink(path);
    assert_non_null(f);
    return f;
}

static void run(const char *name)
{
    network o = {.name = name, .fixed = strcmp(name, "lenet") == 0};
    char path[1024];
    float objective[STEPS];
    tacet_error why;
    const char *source = getenv("TACET_SOURCE");
    snprintf(path, sizeof path, "%s/tests/golden/networks/%s.safetensors", source ? source : ".", name);
    o.golden = tacet_file_open(path, NULL, &why);
    if (!o.golden) fail_msg("%s", why.message);
    build(&o);
    first_weights(&o);
    evaluate(&o, "output0", true);
    for (int k = 0; k < STEPS; k++) {
        feed(&o, k);
        assert_int_equal(tacet_step(o.plan, o.rows), TACET_OK);
        objective[k] = (float)tacet_objective(o.plan);
        if (k > 0) continue;
        check_output(&o, "output1", false);
        check_all(&o, "gradient1.", read_gradient);
    }
    o.saved = saved(&o);
    check_all(&o, "after10.", read_saved);
    evaluate(&o, "output10", false);
    check(&o, "objective", distances_of(&o, "objective", objective, STEPS), 0, false);
    tacet_file_free(o.saved);
    tacet_plan_free(o.plan);
    tacet_graph_free(o.graph);
    tacet_file_free(o.golden);
    free(o.room);
}

static void lenet(void **state) { (void)state, run("lenet"); }
static void vgg11(void **state) { (void)state, run("vgg11"); }
static void resnet20_a(void **state) { (void)state, run("resnet20_a"); }
static void resnet20(void **state) { (void)state, run("resnet20"); }
static void mobilenet_v2(void **state) { (void)state, run("mobilenet_v2"); }

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lenet), cmocka_unit_test(vgg11), cmocka_unit_test(resnet20_a),
                                       cmocka_unit_test(resnet20), cmocka_unit_test(mobilenet_v2)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
