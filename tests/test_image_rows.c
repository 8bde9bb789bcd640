/* Rows that are fed as images: layout=hwc and layout=chw, and what is refused. */
#include "data/data.h"
#include "data_files.h"

#include <math.h>

static tacet_data *open_as(const char *format, const char *schema)
{
    char spec[300];
    const char *at = strchr(format, '@');
    snprintf(spec, sizeof spec, "%.*s%s%s", (int)(at - format), format, folder, at + 1);
    tacet_error e = {0};
    tacet_data *d = tacet_data_open_as(spec, "train", schema, true, NULL, &e);
    if (!d) fail_msg("%s: %s", spec, e.message);
    return d;
}

static void layout_is(const char *source, int64_t h, int64_t w, int64_t c)
{
    tacet_data *d = must_open(source, "train");
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d, &info);
    assert_int_equal(info.rank, 3);
    const int64_t expected[] = {h, w, c};
    assert_memory_equal(info.shape, expected, sizeof expected);
    tacet_data_free(d);
}

static void rows_as_images(void **state)
{
    (void)state;
    unsigned char x[2 * 2 * 3 * 4];
    for (size_t i = 0; i < sizeof x; i++) x[i] = (unsigned char)i;
    write_idx_set();
    write_npy("x.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 3, 4), }", x, sizeof x);
    write_npy("v.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 24), }", x, sizeof x);
    layout_is("idx @ layout=hwc", 2, 3, 1);
    layout_is("idx @ layout=chw flat=false", 2, 3, 1);
    layout_is("npy @/x.npy layout=hwc", 2, 3, 4);
    layout_is("npy @/x.npy layout=chw", 3, 4, 2);

    /* Element [c, h, w] of the file becomes [h, w, c]; the file itself is mapped, and stays as it is. */
    tacet_data *d = must_open("npy @/x.npy layout=chw normalize=feature", "train");
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d, &info);
    assert_int_equal(info.stored_shape[0], 2);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++)
            for (int j = 0; j < 12; j++)
                assert_int_equal(((unsigned char *)d->table->x.data)[i * 24 + j * 2 + k], i * 24 + k * 12 + j);
    assert_float_equal(d->scale.shift[1], -(12 + 36) / 2.0 / 12, 1e-12); /* of element [0, 0, 1] */

    /* Other data are read as the model's, unless they say otherwise. */
    size_t n = tacet_data_schema(d, NULL, 0) + 1;
    char *schema = malloc(n);
    tacet_data_schema(d, schema, n);
    tacet_data_free(d);
    const struct {
        const char *source;
        int rank;
        int64_t last;
    } other[] = {{"npy @/x.npy", 3, 2}, {"npy @/x.npy layout=hwc", 3, 4}, {"npy @/v.npy flat=true", 1, 24}};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        d = open_as(other[i].source, schema);
        tacet_data_describe(d, &info);
        assert_int_equal(info.rank, other[i].rank);
        assert_int_equal(info.shape[info.rank - 1], other[i].last);
        tacet_data_free(d);
    }
    free(schema);
    write_npy("y.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1), }", "\0\1", 2);
    d = must_open("npy @/x.npy @/y.npy layout=hwc", "train");
    tacet_data_describe(d, &info);
    assert_int_equal(info.label_rank, 0); /* positions of images have two indices */
    tacet_data_free(d);

    refuses("npy @/v.npy layout=hwc", TACET_DESCRIPTION, "the rows of this npy are [24]");
    refuses("npy @/x.npy layout=chw flat=true", TACET_DESCRIPTION, "leave one of them out");
    refuses("npy @/x.npy layout=nchw", TACET_DESCRIPTION, "none|hwc|chw");
}

static void channels_are_normalized(void **state)
{
    (void)state;
    const float x[2 * 2 * 1 * 2] = {1, 5, 3, 5, 5, 5, 7, 5}; /* [2, 2, 1, 2]: 1 3 5 7 in one channel, 5 in the other */
    const double pairs[] = {1 / sqrt(5), 1, -4 / sqrt(5), -5};
    write_npy("c.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 1, 2), }", x, sizeof x);
    tacet_data *d = must_open("npy @/c.npy layout=hwc normalize=channel", "train");
    assert_int_equal(d->scale.count, 2);
    for (int i = 0; i < 4; i++) assert_float_equal(d->scale.scale[i], pairs[i], 1e-12);

    /* What is fed: the pairs repeat at every position. */
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value in = tacet_input(g, "x", 3, (int64_t[]){2, 1, 2});
    const tacet_value y = tacet_chain(g, in, "relu");
    tacet_error e = {0};
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 2}, &e);
    tacet_loader *l = tacet_loader_new(d, 2, 0, false, &e);
    float fed[8];
    assert_true(y.id);
    assert_int_equal(tacet_loader_next(l, p, in, (tacet_value){0}), 2);
    assert_int_equal(tacet_forward(p, 2), TACET_OK);
    assert_int_equal(tacet_read(p, "x", fed, 8), TACET_OK);
    for (int k = 0; k < 8; k++) {
        const double expected = k % 2 ? 0 : (k - 3) / sqrt(5);
        assert_float_equal(fed[k], expected, 1e-6);
    }
    tacet_loader_free(l);
    tacet_plan_free(p);
    tacet_graph_free(g);
    tacet_data_free(d);
    refuses("npy @/c.npy normalize=channel", TACET_DESCRIPTION, "add layout=hwc or layout=chw");
    refuses("npy @/c.npy layout=hwc normalize=channel scale=2", TACET_DESCRIPTION, "sets scale, mean and std itself");
}

/* Rows with as many numbers as the network takes, but in another order. */
static void other_orders_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        int64_t takes[3];
        const char *says; /* NULL: they are fed */
    } order[] = {{"npy @/o.npy layout=chw", {2, 3, 2}, NULL},
                 {"npy @/o.npy layout=hwc", {2, 3, 2}, "x takes rows [2, 3, 2], but those of the data are [2, 2, 3]"},
                 {"npy @/o.npy flat=false", {2, 2, 3}, NULL},
                 {"npy @/o.npy", {2, 2, 3}, NULL},
                 {"npy @/o.npy", {2, 3, 2}, "x takes rows [2, 3, 2], but those of the data are [2, 2, 3]"},
                 {"npy @/o.npy", {12, 1, 1}, NULL},
                 {"npy @/g.npy", {2, 6, 1}, NULL},
                 {"npy @/g.npy", {6, 2, 1}, "x takes rows [6, 2, 1], but those of the data are [1, 2, 6]"},
                 {"npy @/f.npy", {2, 3, 2}, NULL}};
    const unsigned char bytes[12] = {0};
    write_npy("o.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2, 3), }", bytes, sizeof bytes);
    write_npy("g.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 2, 6), }", bytes, sizeof bytes);
    write_npy("f.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 12), }", bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        tacet_error e = {0};
        tacet_data *d = must_open(order[i].source, "train");
        tacet_graph *g = tacet_graph_new(NULL);
        const tacet_value in = tacet_input(g, "x", 3, order[i].takes);
        tacet_chain(g, in, "relu");
        tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 1}, &e);
        tacet_loader *l = tacet_loader_new(d, 1, 0, false, &e);
        const int64_t rows = tacet_loader_next(l, p, in, (tacet_value){0});
        if (rows != (order[i].says ? -1 : 1)) fail_msg("%s: %d rows", order[i].source, (int)rows);
        if (order[i].says) {
            assert_non_null(strstr(tacet_plan_error(p)->message, order[i].says));
            assert_non_null(strstr(tacet_plan_error(p)->hint, "layout="));
        }
        tacet_loader_free(l);
        tacet_plan_free(p);
        tacet_graph_free(g);
        tacet_data_free(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_as_images),
        cmocka_unit_test(channels_are_normalized),
        cmocka_unit_test(other_orders_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
