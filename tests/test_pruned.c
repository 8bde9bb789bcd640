/* What would be left of a network without the units that do nothing: known answers. */
#include "cmocka_all.h"
#include "tacet/tacet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 4096 };

typedef struct network {
    tacet_graph *g;
    tacet_plan *p;
} network;

static void begin(network *n, const char *chain, int rank, const int64_t *shape)
{
    tacet_error why;
    n->g = tacet_graph_new(NULL);
    tacet_chain(n->g, tacet_input(n->g, "x", rank, shape), chain);
    if (tacet_graph_error(n->g)) fail_msg("%s", tacet_graph_error(n->g)->message);
    n->p = tacet_compile(n->g, &(tacet_config){TACET_CONFIG, .batch = 2, .seed = 1}, &why);
    if (!n->p) fail_msg("%s", why.message);
}

static void end(network *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

static int64_t size_of(const network *n, const char *name)
{
    tacet_value_info v = {.size = sizeof v};
    assert_int_equal(tacet_value_at(n->p, tacet_find(n->g, name).id - 1, &v), TACET_OK);
    return v.elements;
}

/* Sets `count` numbers of a parameter, as users see it, from `from` on. */
static void set(network *n, const char *name, int64_t from, int64_t count, float to)
{
    float w[MOST];
    const size_t all = (size_t)size_of(n, name);
    assert_int_equal(tacet_read(n->p, name, w, all), TACET_OK);
    for (int64_t i = from; i < from + count; i++) w[i] = to;
    assert_int_equal(tacet_write(n->p, name, w, all), TACET_OK);
}

typedef struct expected {
    const char *name;
    int64_t units, units_left, parameters, parameters_left;
    double flops; /* the share that is left; 0: not checked */
} expected;

/* The layers that are not listed are not checked. */
static void check(network *n, int count, const expected *of)
{
    tacet_error why;
    tacet_pruned l = {.size = sizeof l};
    char path[] = "/tmp/tacet_pruned_XXXXXX";
    const int handle = mkstemp(path);
    int found = 0;
    assert_true(handle >= 0);
    close(handle);
    if (tacet_save(n->p, path, 0, NULL, &why)) fail_msg("%s", why.message);
    tacet_file *f = tacet_file_open(path, NULL, &why);
    unlink(path);
    tacet_graph *g = f ? tacet_file_graph(f, NULL, &why) : NULL;
    tacet_pruning *t = g ? tacet_pruning_new(f, g, NULL, &why) : NULL;
    if (!t) fail_msg("%s", why.message);
    for (int i = 0; tacet_pruning_at(t, i, &l) == TACET_OK; i++)
        for (int k = 0; k < count; k++) {
            if (strcmp(of[k].name, l.name) != 0) continue;
            if (l.units != of[k].units || l.units_left != of[k].units_left || l.parameters != of[k].parameters ||
                l.parameters_left != of[k].parameters_left)
                fail_msg("%s: %d of %d units, %d of %d parameters", l.name, (int)l.units_left, (int)l.units,
                         (int)l.parameters_left, (int)l.parameters);
            assert_true(l.flops_left <= l.flops);
            if (of[k].flops > 0 && fabs(l.flops_left / l.flops - of[k].flops) > 1e-9)
                fail_msg("%s: %g of %g flops", l.name, l.flops_left, l.flops);
            found++;
        }
    assert_int_equal(found, count);
    tacet_pruning_free(t);
    tacet_graph_free(g);
    tacet_file_free(f);
}
#define CHECK(N, ...) check(N, (int)(sizeof((expected[]){__VA_ARGS__}) / sizeof(expected)), (expected[]){__VA_ARGS__})

static void linear_layers(void **unused)
{
    (void)unused;
    network n;
    begin(&n, "linear 3 | relu | linear 2", 1, (int64_t[]){4});
    CHECK(&n, {"linear1", 3, 3, 15, 15, 0}, {"relu1", 3, 3, 0, 0, 0}, {"linear2", 2, 2, 8, 8, 0});
    set(&n, "linear1.weight", 4, 4, 0); /* unit 1 is a constant, its bias */
    CHECK(&n, {"linear1", 3, 2, 15, 10, 2. / 3}, {"relu1", 3, 2, 0, 0, 2. / 3}, {"linear2", 2, 2, 8, 6, 2. / 3});
    set(&n, "linear2.weight", 2, 1, 0); /* output 0 does not read unit 2, but output 1 does */
    CHECK(&n, {"linear1", 3, 2, 15, 10, 0}, {"linear2", 2, 2, 8, 6, 0});
    set(&n, "linear2.weight", 5, 1, 0);
    CHECK(&n, {"linear1", 3, 1, 15, 5, 0}, {"linear2", 2, 2, 8, 4, 0});
    set(&n, "linear1.weight", 3, 1, 0); /* input 3 is read only by units that are not left */
    CHECK(&n, {"linear1", 3, 1, 15, 4, 0});
    set(&n, "linear1.weight", 0, 4, 0); /* nothing depends on the input */
    CHECK(&n, {"linear1", 3, 0, 15, 0, 0}, {"linear2", 2, 0, 8, 0, 0});
    end(&n);
}

/* A prelu with a slope of 0 is a relu. */
static void slopes(void **unused)
{
    (void)unused;
    network n;
    begin(&n, "linear 3 | prelu by=unit | linear 2", 1, (int64_t[]){4});
    set(&n, "prelu1.weight", 0, 3, 0);
    CHECK(&n, {"linear1", 3, 3, 15, 15, 0}, {"prelu1", 3, 3, 3, 3, 0}, {"linear2", 2, 2, 8, 8, 0});
    set(&n, "linear1.weight", 4, 4, 0);
    CHECK(&n, {"linear1", 3, 2, 15, 10, 0}, {"prelu1", 3, 2, 3, 2, 0}, {"linear2", 2, 2, 8, 6, 0});
    end(&n);
}

/* Channels: the scale of a normalisation, pools, the two orders of flatten, groups. */
static void images(void **unused)
{
    (void)unused;
    static const char *const order[] = {"flatten", "flatten order=hwc"};
    for (int k = 0; k < 2; k++) {
        network n;
        char chain[256];
        snprintf(chain, sizeof chain,
                 "conv2d 4 3 padding=1 groups=2 bias=false | batch_norm | relu | max_pool2d 2 | %s | linear 2",
                 order[k]);
        begin(&n, chain, 3, (int64_t[]){4, 4, 4});
        CHECK(&n, {"conv2d1", 4, 4, 72, 72, 0}, {"batch_norm1", 4, 4, 8, 8, 0}, {"linear1", 2, 2, 34, 34, 0});
        set(&n, "batch_norm1.weight", 1, 2, 0);
        CHECK(&n, {"conv2d1", 4, 2, 72, 36, 0}, {"batch_norm1", 4, 2, 8, 4, 0}, {"linear1", 2, 2, 34, 18, 0});
        for (int o = 0; o < 2; o++) /* channel 3, at four positions */
            for (int p = 0; p < 4; p++) set(&n, "linear1.weight", o * 16 + (k ? p * 4 + 3 : 12 + p), 1, 0);
        CHECK(&n, {"conv2d1", 4, 1, 72, 18, 0}, {"max_pool2d1", 4, 1, 0, 0, 0}, {"linear1", 2, 2, 34, 10, 0});
        set(&n, "conv2d1.weight", 0, 9, 0); /* input (0, 0) */
        CHECK(&n, {"conv2d1", 4, 1, 72, 9, 1. / 8});
        end(&n);
    }
}

/* A channel that no filter reads; a depthwise filter takes its input with it. */
static void filters_that_are_not_read(void **unused)
{
    (void)unused;
    network n;
    begin(&n, "conv2d 3 1 | conv2d 3 3 groups=3 | relu | conv2d 2 1", 3, (int64_t[]){5, 4, 2});
    set(&n, "conv2d2.weight", 9, 9, 0);
    CHECK(&n, {"conv2d1", 3, 2, 9, 6, 0}, {"conv2d2", 3, 2, 30, 20, 0}, {"conv2d3", 2, 2, 8, 6, 0});
    set(&n, "conv2d3.weight", 0, 1, 0);
    set(&n, "conv2d3.weight", 3, 1, 0);
    CHECK(&n, {"conv2d1", 3, 1, 9, 3, 0}, {"conv2d2", 3, 1, 30, 10, 0}, {"conv2d3", 2, 2, 8, 4, 0});
    end(&n);
}

static void joins(void **unused)
{
    (void)unused;
    network n;
    begin(&n, "linear 3 name=a | linear 3 name=b | add a | linear 2 name=c", 1, (int64_t[]){3});
    set(&n, "b.weight", 0, 3, 0); /* the sum's unit 0 still has that of a */
    CHECK(&n, {"a", 3, 3, 12, 12, 0}, {"b", 3, 2, 12, 8, 0}, {"add1", 3, 3, 0, 0, 0}, {"c", 2, 2, 8, 8, 0});
    set(&n, "a.weight", 0, 3, 0); /* now neither */
    CHECK(&n, {"a", 3, 2, 12, 8, 0}, {"b", 3, 2, 12, 6, 0}, {"add1", 3, 2, 0, 0, 0}, {"c", 2, 2, 8, 6, 0});
    end(&n);
}

/* A normalisation over all units reads even those that nothing else reads; a shared weight is left. */
static void layers_that_need_everything(void **unused)
{
    (void)unused;
    network n;
    begin(&n, "linear 3 | layer_norm | linear 2", 1, (int64_t[]){2});
    set(&n, "layer_norm1.weight", 1, 1, 0);
    CHECK(&n, {"linear1", 3, 3, 9, 9, 0}, {"layer_norm1", 3, 2, 6, 4, 1}, {"linear2", 2, 2, 8, 6, 0});
    end(&n);
    begin(&n, "linear 3 | relu | layer_norm | linear 2", 1, (int64_t[]){2});
    set(&n, "linear1.weight", 2, 2, 0); /* unit 1 is a constant, which is in the mean and the variance */
    CHECK(&n, {"linear1", 3, 3, 9, 9, 0}, {"relu1", 3, 3, 0, 0, 0}, {"linear2", 2, 2, 8, 8, 0});
    end(&n);
    begin(&n, "linear 3 name=e | relu | linear 4 weight=e.weight transposed", 1, (int64_t[]){4});
    set(&n, "e.weight", 4, 4, 0);
    CHECK(&n, {"e", 3, 2, 15, 14, 0}, {"relu1", 3, 2, 0, 0, 0}, {"linear2", 4, 4, 4, 4, 0});
    set(&n, "e.weight", 0, 4, 0); /* one weight is left, from e's unit 2 to output 3 */
    set(&n, "e.weight", 8, 3, 0);
    CHECK(&n, {"e", 3, 1, 15, 13, 0}, {"linear2", 4, 1, 4, 1, 0});
    end(&n);
}

/* Layers that move units to other places. */
static void moved_units(void **unused)
{
    (void)unused;
    network n;
    begin(&n, "linear 2 name=a | from x | linear 3 name=b | concat a | linear 2 name=c", 1, (int64_t[]){4});
    set(&n, "c.weight", 4, 1, 0); /* neither output reads a's unit 1, the last of five */
    set(&n, "c.weight", 9, 1, 0);
    CHECK(&n, {"a", 2, 1, 10, 5, 0}, {"b", 3, 3, 15, 15, 0}, {"concat1", 5, 4, 0, 0, 0}, {"c", 2, 2, 12, 10, 0});
    set(&n, "b.weight", 0, 4, 0);
    CHECK(&n, {"a", 2, 1, 10, 5, 0}, {"b", 3, 2, 15, 10, 0}, {"concat1", 5, 3, 0, 0, 0}, {"c", 2, 2, 12, 8, 0});
    end(&n);
    begin(&n, "conv2d 2 1 name=a | pad before=1 | conv2d 1 1 name=c", 3, (int64_t[]){2, 2, 1});
    set(&n, "c.weight", 1, 1, 0); /* a's unit 0, after a channel of zeros */
    CHECK(&n, {"a", 2, 1, 4, 2, 0}, {"pad1", 3, 1, 0, 0, 0}, {"c", 1, 1, 4, 2, 0});
    end(&n);
    begin(&n, "conv2d 2 1 name=a | upsample 2 | reshape 16x2 | linear 1 name=c", 3, (int64_t[]){2, 2, 1});
    set(&n, "c.weight", 1, 1, 0);
    CHECK(&n, {"a", 2, 1, 4, 2, 0}, {"reshape1", 2, 1, 0, 0, 0}, {"c", 1, 1, 3, 2, 0});
    end(&n);
    begin(&n, "linear 8 name=a | reshape 2x2x2 | conv2d 1 1 name=c", 1, (int64_t[]){2});
    set(&n, "c.weight", 1, 1, 0); /* a channel is several of a's units: none of them is removed */
    CHECK(&n, {"a", 8, 8, 24, 24, 0}, {"reshape1", 2, 1, 0, 0, 0}, {"c", 1, 1, 3, 2, 0});
    end(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_layers), cmocka_unit_test(slopes),
        cmocka_unit_test(images),        cmocka_unit_test(filters_that_are_not_read),
        cmocka_unit_test(joins),         cmocka_unit_test(layers_that_need_everything),
        cmocka_unit_test(moved_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
