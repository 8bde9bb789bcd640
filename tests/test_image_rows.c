/* Rows that are fed as images: layout=hwc and layout=chw, and what is refused. */
#include "data/data.h"
#include "data_files.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_as_images),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
