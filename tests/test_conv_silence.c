/* test_conv_silence.c: convolutions on firing lists give the values, gradients and weights of dense ones, up to
 * rounding, whatever their kernel, stride, padding and dilation and the size of the image; the bits do not depend on the
 * threads; and the lists that each product should read are used. */
#include "cmocka_all.h"

#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 9, CLASSES = 5, MOST = 1 << 20, TERMS = 2 };

/* A network on images [high, wide, channels], or on rows [wide, channels] if high is 0. Its head is added. */
typedef struct network {
    const char *model;
    int64_t high, wide, channels;
    const char *penalty[TERMS][2];
} network;

static const network networks[] = {
    {"relu | conv2d 24 3 padding=1 | relu | conv2d 17 3 padding=1 | relu", 7, 6, 12, {{0}}},
    {"relu | conv2d 24 3 padding=1 | relu | max_pool2d 2 | conv2d 40 3 padding=1 | relu | max_pool2d 2",
     14,
     14,
     8,
     {{0}}},
    {"relu | conv2d 24 3 padding=1 | max_pool2d 2 | relu | conv2d 40 3 | relu | flatten | linear 20 | relu",
     9,
     10,
     8,
     {{"relu*", "l1 0.01"}}},
    {"relu | conv2d 70 1 | relu | conv2d 9 1 stride=2 | relu", 5, 4, 9, {{0}}},
    {"relu | conv2d 20 5 padding=2 | relu | conv2d 16 5x4 padding=same | relu", 6, 7, 10, {{0}}},
    {"relu | conv2d 20 3 stride=2 padding=1 | relu | conv2d 33 3x2 stride=1x2 padding=1 | relu", 9, 8, 10, {{0}}},
    {"relu | conv2d 20 2 stride=3 | relu | conv2d 12 3 stride=3x2 padding=2x1 | relu", 11, 13, 8, {{0}}},
    {"relu | conv2d 20 3 dilation=2 padding=2 | relu | conv2d 18 3x2 dilation=1x3 padding=1x2 stride=2 | relu",
     8,
     9,
     8,
     {{0}}},
    {"relu | conv2d 20 7 padding=3 | relu | conv2d 18 4 padding=5 stride=2 dilation=3 | relu", 4, 3, 8, {{0}}},
    {"relu | conv2d 16 3 padding=1 bias=false | relu | conv2d 16 3 padding=1 groups=2 | relu | conv2d 16 1 | relu",
     5,
     5,
     8,
     {{0}}},
    {"relu | conv2d 65 3 padding=1 | relu | conv2d 130 3 padding=1 | relu", 3, 4, 35, {{0}}},
    {"relu | conv2d 20 3 padding=1 | relu name=a | conv2d 20 3 padding=1 | add a | relu | conv2d 20 3 padding=1 | relu",
     5,
     5,
     20,
     {{"a", "l1 0.1"}}},
    {"relu | conv2d 12 3 padding=1 | relu | linear 20 | relu | conv2d 9 3 name=c | relu", 5, 6, 8, {{0}}},
    {"relu | conv2d 12 3 padding=1 | relu name=a | linear 20 | relu name=b | from a | conv2d 20 1 | add b | relu",
     5,
     6,
     8,
     {{0}}},
    {"relu | conv1d 20 3 padding=1 | relu | conv1d 24 4 stride=2 padding=3 | relu", 0, 17, 9, {{0}}},
    {"relu | conv2d 9 3 padding=1 | relu | conv2d 8 3 padding=1 | relu", 1, 1, 8, {{0}}},
    {"relu | conv2d 12 2 stride=9 padding=4 | relu | conv2d 10 1 stride=5x3 | relu", 20, 22, 8, {{0}}},
    {"relu | conv2d 9 1x3 padding=0x1 | relu | conv2d 8 3x1 padding=1x0 | relu", 70, 3, 8, {{0}}},
};

static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-24f;
}

typedef struct run {
    tacet_graph *g;
    tacet_plan *p;
    tacet_value x, t;
} run;

static run describe(const network *n, tacet_sparse sparse, int threads)
{
    tacet_error why;
    run r = {.g = tacet_graph_new(NULL)};
    char model[512];
    const int64_t shape[] = {n->high, n->wide, n->channels};
    r.x = tacet_input(r.g, "x", n->high ? 3 : 2, shape + !n->high);
    snprintf(model, sizeof model, "%.400s | flatten | linear %d name=head", n->model, CLASSES);
    r.t = tacet_labels(r.g, "target");
    tacet_loss(r.g, "cross_entropy", tacet_chain(r.g, r.x, model), r.t);
    for (int i = 0; i < TERMS && n->penalty[i][0]; i++) tacet_penalize(r.g, n->penalty[i][0], n->penalty[i][1]);
    r.p = tacet_compile(r.g,
                        &(tacet_config){TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.05 momentum=0.9",
                                        .seed = 3, .threads = threads, .sparse = sparse},
                        &why);
    if (!r.p) fail_msg("%s: %s", n->model, why.message);
    return r;
}

static void end(run *r)
{
    tacet_plan_free(r->p);
    tacet_graph_free(r->g);
}

static void step(run *r, const float *x, int64_t rows)
{
    int32_t t[BATCH];
    for (int i = 0; i < BATCH; i++) t[i] = i * 7 % CLASSES;
    assert_int_equal(tacet_feed(r->p, r->x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_feed(r->p, r->t, TACET_I32, t), TACET_OK);
    if (tacet_step(r->p, rows)) fail_msg("%s", tacet_plan_error(r->p)->message);
}

/* Images whose pixels are above 0 with probability `density`. */
static float *images(const network *n, double density)
{
    const int64_t count = BATCH * (n->high ? n->high : 1) * n->wide * n->channels;
    float *x = malloc((size_t)count * sizeof *x);
    assert_non_null(x);
    uint32_t s = 7;
    for (int64_t i = 0; i < count; i++) {
        const float size = 0.1f + noise(&s);
        x[i] = noise(&s) < (float)density ? size : -size;
    }
    return x;
}

/* Parameters and gradients, one after the other. */
static size_t numbers(run *r, float *to)
{
    size_t n = 0;
    for (int i = 0; i < tacet_value_count(r->p); i++) {
        tacet_value_info v = {.size = sizeof v};
        assert_int_equal(tacet_value_at(r->p, i, &v), TACET_OK);
        const size_t count = (size_t)v.elements;
        if (v.role != TACET_ROLE_PARAMETER) continue;
        assert_true(n + 2 * count <= MOST);
        if (tacet_read(r->p, v.name, to + n, count) == TACET_OK) n += count;
        if (tacet_read_gradient(r->p, v.name, to + n, count) == TACET_OK) n += count;
    }
    return n;
}

static void assert_close(const network *n, double density, const float *a, const float *b, size_t count)
{
    float largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmaxf(largest, fabsf(b[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) <= 3e-6f * largest))
            fail_msg("%s at density %g: number %zu is %g on lists, %g dense", n->model, density, i, (double)a[i],
                     (double)b[i]);
}

/* Every product of a convolution that can read a list has done so: forward, dL/dw, and dL/dx if the gradient has a list. */
static void assert_used(const network *n, const run *r)
{
    const tc_list *l = &r->p->list[TC_TRAIN];
    int forward = 0, backward = 0;
    for (int i = 0; i < l->steps; i++) {
        const tc_work *w = &l->step[i].work;
        if ((!w->x_list && !w->g_list) || !w->call.op->silent->lines) continue;
        if (l->step[i].backward && !w->d[w->call.inputs]) continue; /* it turns the weights */
        unsigned wanted = 1 << TC_Y_BY_X, either = 0;
        if (l->step[i].backward) {
            wanted = w->g_list && w->d[0] ? 1 << TC_DX_BY_G : 0;
            either = 1 << TC_DW_BY_G | (w->call.lists.break_even[TC_DW_BY_X] > 0 ? 1u << TC_DW_BY_X : 0);
            if (!w->g_list && either == 1 << TC_DW_BY_G) either = 0;
        }
        const unsigned chosen = w->call.lists.chosen;
        if ((chosen & wanted) != wanted || (either && !(chosen & either)))
            fail_msg("%s: step %d ran on lists in the ways %#x", n->model, i, chosen);
        *(l->step[i].backward ? &backward : &forward) += 1;
    }
    assert_true(forward > 0 && backward > 0);
}

static void compare(const network *n, double density)
{
    static float a[MOST], b[MOST];
    static const int64_t rows[] = {BATCH, BATCH, 4, 1};
    float *x = images(n, density);
    run sparse = describe(n, TACET_SPARSE_ALWAYS, 1), dense = describe(n, TACET_SPARSE_NEVER, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        step(&sparse, x, rows[i]);
        step(&dense, x, rows[i]);
        const size_t count = numbers(&sparse, a);
        assert_int_equal(numbers(&dense, b), count);
        assert_true(count > 0);
        assert_close(n, density, a, b, count);
    }
    assert_used(n, &sparse);
    end(&sparse);
    end(&dense);
    free(x);
}

static void lists_give_the_dense_step(void **state)
{
    (void)state;
    static const double densities[] = {0, 0.05, 0.3, 1};
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        for (size_t k = 0; k < sizeof densities / sizeof *densities; k++) compare(&networks[i], densities[k]);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    static float a[MOST], b[MOST];
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        float *x = images(&networks[i], 0.3);
        size_t count = 0;
        for (int threads = 1; threads <= 3; threads++) {
            run r = describe(&networks[i], TACET_SPARSE_ALWAYS, threads);
            for (int k = 0; k < 3; k++) step(&r, x, BATCH - k);
            const size_t n = numbers(&r, threads == 1 ? a : b);
            if (threads == 1) count = n;
            assert_int_equal(n, count);
            if (threads > 1) assert_memory_equal(a, b, n * sizeof *a);
            end(&r);
        }
        free(x);
    }
}

/* After a pool, the gradient has at most as many nonzeros as the pool has outputs that fired; a penalty on the activation
 * adds to it wherever that fired. */
static void pools_count_for_gradients(void **state)
{
    (void)state;
    static const struct {
        network net;
        const char *source; /* of the gradient of conv2d1 */
    } known[] = {
        {{"conv2d 16 3 | relu | max_pool2d 2 | conv2d 9 1", 8, 8, 8, {{0}}}, "max_pool2d1"},
        {{"conv2d 16 3 | relu | max_pool2d 2 | conv2d 9 1", 8, 8, 8, {{"relu1", "l1 0.1"}}}, "relu1"},
        {{"conv2d 16 3 | max_pool2d 2 | relu | conv2d 9 1", 8, 8, 8, {{0}}}, "relu1"},
        {{"conv2d 16 3 | relu | conv2d 9 1", 8, 8, 8, {{0}}}, "relu1"},
        {{"conv2d 16 3 | relu | avg_pool2d 2 | conv2d 9 1", 8, 8, 8, {{0}}}, "relu1"},
        {{"conv2d 16 3 | max_pool2d 2 | conv2d 9 1", 8, 8, 8, {{0}}}, NULL},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        run r = describe(&known[i].net, TACET_SPARSE_ALWAYS, 1);
        const tc_silence *s = r.p->list[TC_TRAIN].fired_gradient[tc_graph_index(r.g, "conv2d1")];
        assert_int_equal(s != NULL, known[i].source != NULL);
        if (s) assert_int_equal(s->source->value, tc_graph_index(r.g, known[i].source));
        end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists_give_the_dense_step),
                                       cmocka_unit_test(threads_change_no_bit),
                                       cmocka_unit_test(pools_count_for_gradients)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
