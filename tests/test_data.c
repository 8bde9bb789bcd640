/* Sources of data: every reader and type, what is refused and why, scaling, held-out rows. */
#include "data/data.h"
#include "data_files.h"
#include "failing.h"

#include <math.h>

static const char *scaling_of(const tacet_data *d)
{
    static char text[100];
    assert_int_equal(d->scale.count, 1);
    snprintf(text, sizeof text, "scale %.9g shift %.9g", d->scale.scale[0], d->scale.shift[0]);
    return text;
}

static tacet_data *open_as(const char *format, const char *schema, tacet_error *e)
{
    char spec[300];
    const char *at = strchr(format, '@');
    snprintf(spec, sizeof spec, "%.*s%s%s", (int)(at - format), format, folder, at + 1);
    return tacet_data_open_as(spec, "train", schema, true, NULL, e);
}

/* The x of all rows, as doubles. */
static void x_is(const tacet_data *d, int64_t n, const double *expected)
{
    double x[64];
    assert_int_equal(d->table->x.rows * tc_shape_count(&d->table->x.shape), n);
    tc_widen(&d->table->x, 0, n, x);
    for (int64_t i = 0; i < n; i++) assert_float_equal(x[i], expected[i], 0);
}

static int label_at(const tacet_data *d, int64_t i)
{
    double label;
    tc_widen(&d->table->y, i, 1, &label);
    return (int)label;
}

static void labels_are(const tacet_data *d, const char *expected)
{
    for (int64_t i = 0; i < d->table->y.rows; i++) assert_int_equal(label_at(d, i), expected[i] - '0');
}

static void idx_bytes_and_parts(void **state)
{
    (void)state;
    write_idx_set();
    tacet_data *d = must_open("idx @", "train");
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d, &info);
    assert_int_equal(info.rows, 10);
    assert_int_equal(info.rank, 1);
    assert_int_equal(info.shape[0], 6);
    assert_int_equal(info.stored_rank, 2); /* flat or not, rows are stored as images of 2 by 3 */
    assert_int_equal(info.stored_shape[0] * 10 + info.stored_shape[1], 23);
    assert_int_equal(info.type, TACET_U8);
    assert_int_equal(info.classes, 10);
    assert_int_equal(info.target_rank, -1);
    assert_true(info.has_test);
    assert_non_null(strstr(info.spec, folder));
    assert_string_equal(scaling_of(d), "scale 0.00392156863 shift 0");
    assert_int_equal(((unsigned char *)d->table->x.data)[59], 59);
    labels_are(d, "0123456789");
    tacet_data_free(d);

    d = must_open("idx @ flat=false scale=2 mean=1 std=4", "test");
    tacet_data_describe(d, &info);
    assert_int_equal(info.rows, 4);
    assert_int_equal(info.rank, 2);
    assert_int_equal(info.shape[1], 3);
    assert_int_equal(info.classes, 10); /* those of the training part */
    assert_string_equal(scaling_of(d), "scale 0.5 shift -0.25");
    tacet_data_free(d);

    unlink(path_of("t10k-labels-idx1-ubyte"));
    d = must_open("idx @", NULL);
    tacet_data_describe(d, &info);
    assert_false(info.has_test);
    tacet_data_free(d);
    refuses_part("idx @", "test", TACET_IO, "t10k-labels-idx1-ubyte");
    refuses_part("idx @", "dev", TACET_DESCRIPTION, "\"dev\"");
}

static void idx_types(void **state)
{
    (void)state;
    static const struct {
        int type;
        const char *bytes;
        size_t n;
        tacet_type as;
        double x[2];
    } cases[] = {
        {0x08, "\xff\x01", 2, TACET_U8, {255, 1}},
        {0x09, "\xff\x01", 2, TACET_I32, {-1, 1}},
        {0x0B, "\xff\xfe\x01\x02", 4, TACET_I32, {-2, 258}},
        {0x0C, "\xff\xff\xff\xfe\0\1\0\0", 8, TACET_I32, {-2, 65536}},
        {0x0D, "\x3f\xc0\0\0\xc0\0\0\0", 8, TACET_F32, {1.5, -2}},
        {0x0E, "\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 16, TACET_F64, {1.5, -2}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_idx("train-images-idx3-ubyte", cases[i].type, (int[]){2, 1, 0}, cases[i].bytes, cases[i].n);
        write_idx("train-labels-idx1-ubyte", 0x0B, (int[]){2, 0}, "\0\0\0\1", 4);
        tacet_data *d = must_open("idx @", "train");
        assert_int_equal(d->table->x.type, cases[i].as);
        x_is(d, 2, cases[i].x);
        labels_are(d, "01");
        tacet_data_free(d);
    }
}

static void idx_refusals(void **state)
{
    (void)state;
    unsigned char x[200], images[200];
    memset(x, 7, sizeof x);
    const char *name = "train-images-idx3-ubyte";
    write_idx_set();
    const size_t n = read_bytes(name, images, sizeof images);

    write_bytes(name, images, n - 1);
    refuses("idx @", TACET_FILE, "truncated");
    write_bytes(name, images, 7);
    refuses("idx @", TACET_FILE, "truncated: the sizes in its header");
    write_bytes(name, images, 0);
    refuses("idx @", TACET_FILE, "truncated: the start");
    images[n] = 0;
    write_bytes(name, images, n + 1);
    refuses("idx @", TACET_FILE, "more bytes than its header says");
    write_text(name, "P5 28 28 255 is another format");
    refuses("idx @", TACET_FILE, "not an IDX file");
    write_idx(name, 8, (int[]){0x7fffffff, 0x7fffffff, 0x7fffffff, 0}, x, 60);
    refuses("idx @", TACET_FILE, "too large");
    write_idx(name, 8, (int[]){0x7fffffff, 100, 0}, x, 60); /* the header claims 200 GB */
    refuses("idx @", TACET_FILE, "truncated");
    write_idx(name, 8, (int[]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0}, x, 1);
    refuses("idx @", TACET_FILE, "rank 10");
    write_idx(name, 8, (int[]){10, 0}, x, 10);
    refuses("idx @", TACET_FILE, "are these the labels?");
    write_idx(name, 8, (int[]){9, 2, 3, 0}, x, 54);
    refuses("idx @", TACET_FILE, "10 labels, but 9 images");
    memcpy(x, (unsigned char[]){0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 1}, 12); /* no rows */
    write_bytes(name, x, 12);
    refuses("idx @", TACET_FILE, "0 or too large");

    write_idx_set();
    write_idx("train-labels-idx1-ubyte", 0x0D, (int[]){10, 0}, x, 40);
    refuses("idx @", TACET_FILE, "type float; labels are");
    memset(x, 0, 10);
    x[3] = 0xff;
    write_idx("train-labels-idx1-ubyte", 9, (int[]){10, 0}, x, 10);
    refuses("idx @", TACET_FILE, "row 3 has the label -1");
    write_idx("train-labels-idx1-ubyte", 8, (int[]){10, 0}, "\1\0\1\0\1\0\1\0\1\0", 10);
    refuses_part("idx @", "test", TACET_FILE, "up to 3, but those for training end at 1");
    refuses("idx /nowhere/at/all", TACET_IO, "No such file");
    unlink(path_of(name));
    refuses("idx @", TACET_IO, "train-images-idx3-ubyte");
}

static void gzip_files(void **state)
{
    (void)state;
    unsigned char images[200], zipped[1000];
    write_idx_set();
    const size_t n = read_bytes("train-images-idx3-ubyte", images, sizeof images);
    unlink(path_of("train-images-idx3-ubyte"));
    const char *name = "train-images-idx3-ubyte.gz";
    write_gzip(name, images, n);
    tacet_data *d = must_open("idx @", "train");
    assert_int_equal(((unsigned char *)d->table->x.data)[59], 59);
    tacet_data_free(d);

    const size_t m = read_bytes(name, zipped, sizeof zipped);
    for (size_t cut = 2; cut < m; cut += 7) {
        write_bytes(name, zipped, cut);
        refuses("idx @", TACET_FILE, "truncated");
    }
    zipped[m - 5] ^= 1; /* a byte of the checksum */
    write_bytes(name, zipped, m);
    refuses("idx @", TACET_FILE, "damaged");
    zipped[m - 5] ^= 1;
    memcpy(zipped + m, "tail", 4);
    write_bytes(name, zipped, m + 4);
    refuses("idx @", TACET_FILE, "something else follows");
    memcpy(zipped + m, zipped, m); /* a second member is more data */
    write_bytes(name, zipped, 2 * m);
    refuses("idx @", TACET_FILE, "more bytes than its header says");
    memcpy(images + 4, "\0\0\1\0", 4); /* 256 rows are 1536 bytes; the file has 60 */
    write_gzip(name, images, n);
    refuses("idx @", TACET_FILE, "but only 60 are left");
    write_bytes(name, images, n); /* not compressed, despite its name */
    refuses("idx @", TACET_FILE, "truncated");
    unlink(path_of(name));
}

/* Data larger than the window, larger than the first block tried, and in two members are read completely. */
static void gzip_long(void **state)
{
    (void)state;
    enum { N = 3 << 20 };
    unsigned char *bytes = malloc(N + 16), *zipped = malloc(N + 16);
    const size_t n = idx_bytes(bytes, 8, (int[]){N / 8, 8, 0}, "", 0);
    for (uint32_t i = 0, r = 1; i < N; i++) bytes[n + i] = (unsigned char)((r = r * 1664525u + 1013904223u) >> 28);
    write_gzip("part1", bytes, 1000000);
    write_gzip("part2", bytes + 1000000, n + N - 1000000);
    size_t m = read_bytes("part1", zipped, N);
    m += read_bytes("part2", zipped + m, N - m);
    write_bytes("train-images-idx3-ubyte", zipped, m);
    memset(zipped, 0, N / 8);
    unsigned char *labels = malloc(N / 8 + 8);
    write_bytes("train-labels-idx1-ubyte", labels, idx_bytes(labels, 8, (int[]){N / 8, 0}, zipped, N / 8));
    tacet_data *d = must_open("idx @", "train");
    assert_memory_equal(d->table->x.data, bytes + n, N);
    tacet_data_free(d);
    free(labels);
    free(zipped);
    free(bytes);
}

static void npy_types_and_versions(void **state)
{
    (void)state;
    const struct {
        const char *descr;
        const void *numbers;
        size_t size;
        tacet_type type;
    } cases[] = {
        {"<f4", (float[]){1, 2, 3, 4, 5, 6}, 24, TACET_F32},
        {"<f8", (double[]){1, 2, 3, 4, 5, 6}, 48, TACET_F64},
        {"|u1", "\1\2\3\4\5\6", 6, TACET_U8},
        {"<i4", (int32_t[]){1, 2, 3, 4, 5, 6}, 24, TACET_I32},
        {"<i8", (int64_t[]){1, 2, 3, 4, 5, 6}, 48, TACET_I64},
    };
    write_npy("y.npy", 1, "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", (int64_t[]){2, 0, 1}, 24);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char dictionary[200];
        snprintf(dictionary, sizeof dictionary, "{'shape': (3, 2), \"fortran_order\": False, 'descr': '%s'}   ",
                 cases[i].descr);
        write_npy("x.npy", (int)i % 3 + 1, dictionary, cases[i].numbers, cases[i].size);
        tacet_data *d = must_open("npy @/x.npy y=@/y.npy", "train");
        assert_int_equal(d->table->x.type, cases[i].type);
        x_is(d, 6, (double[]){1, 2, 3, 4, 5, 6});
        labels_are(d, "201");
        tacet_data_info info = {.size = sizeof info};
        tacet_data_describe(d, &info);
        assert_int_equal(info.classes, 3);
        assert_int_equal(info.shape[0], 2);
        assert_string_equal(scaling_of(d),
                            cases[i].type == TACET_U8 ? "scale 0.00392156863 shift 0" : "scale 1 shift 0");
        tacet_data_free(d);
    }
}

static void npy_targets(void **state)
{
    (void)state;
    tacet_data_info info = {.size = sizeof info};
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", (float[]){1, 2}, 8);
    tacet_data *d = must_open("npy x=@/x.npy", "train");
    tacet_data_describe(d, &info);
    assert_int_equal(info.rows, 2);
    assert_int_equal(info.shape[0], 1);
    assert_int_equal(info.classes, 0);
    assert_int_equal(info.target_rank, -1);
    tacet_data_free(d);
    write_npy("y.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", (double[]){1, 2, 3, 4, 5, 6},
              48);
    d = must_open("npy x=@/x.npy y=@/y.npy", "train");
    tacet_data_describe(d, &info);
    assert_int_equal(info.target_rank, 1);
    assert_int_equal(info.target_shape[0], 3);
    assert_int_equal(d->table->y.type, TACET_F64);
    tacet_data_free(d);
    write_npy("y.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", (float[]){1, 2}, 8);
    d = must_open("npy x=@/x.npy y=@/y.npy", "train");
    tacet_data_describe(d, &info);
    assert_int_equal(info.target_shape[0], 1);
    tacet_data_free(d);
    write_npy("y.npy", 1, "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", (int32_t[]){1, -2}, 8);
    refuses("npy x=@/x.npy y=@/y.npy", TACET_FILE, "row 1 has the label -2");
    write_npy("y.npy", 1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", (int64_t[]){1, INT64_MAX}, 16);
    refuses("npy x=@/x.npy y=@/y.npy", TACET_FILE, "row 1 has the label");
    write_npy("y.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", (float[]){1, 2, 3}, 12);
    refuses("npy x=@/x.npy y=@/y.npy", TACET_FILE, "3 rows, but x has 2");
    refuses("npy x=@/none.npy", TACET_IO, "No such file");
    refuses("npy", TACET_DESCRIPTION, "x");
}

/* Whole numbers of any shape are labels: one row of labels per row of x; [rows, 1] is one label for each row. */
static void npy_labels(void **state)
{
    (void)state;
    static const struct {
        const char *shape;
        int rank;
    } cases[] = {{"(6,)", 0}, {"(6, 1)", 0}, {"(2, 3)", 1}, {"(1, 2, 3)", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int rows = cases[i].shape[1] - '0';
        char dictionary[200];
        tacet_data_info info = {.size = sizeof info};
        snprintf(dictionary, sizeof dictionary, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 1), }", rows);
        write_npy("x.npy", 1, dictionary, (float[]){1, 2, 3, 4, 5, 6}, (size_t)rows * sizeof(float));
        snprintf(dictionary, sizeof dictionary, "{'descr': '<i8', 'fortran_order': False, 'shape': %s, }",
                 cases[i].shape);
        write_npy("y.npy", 1, dictionary, (int64_t[]){3, 0, 1, 2, 4, 1}, 48);
        tacet_data *d = must_open("npy x=@/x.npy y=@/y.npy", "train");
        tacet_data_describe(d, &info);
        assert_int_equal(info.rows, rows);
        assert_int_equal(info.classes, 5);
        assert_int_equal(info.target_rank, -1);
        assert_int_equal(info.label_rank, cases[i].rank);
        int64_t n = 1;
        for (int k = 0; k < info.label_rank; k++) n *= info.label_shape[k];
        assert_int_equal(n * rows, 6);
        for (int k = 0; k < 6; k++) assert_int_equal(label_at(d, k), "301241"[k] - '0');
        tacet_data_free(d);
    }
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", (float[]){1, 2}, 8);
    write_npy("y.npy", 1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }", (int64_t[]){3, 0, 1, 2, -4, 1},
              48);
    refuses("npy x=@/x.npy y=@/y.npy", TACET_FILE, "row 1 has the label -4");
}

static void npy_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *dictionary, *message;
    } cases[] = {
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "'|O'"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "several fields"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "truncated"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "more bytes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", "no rows"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "rank 0"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "a size"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999, 999999999999999999), }", "too large"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "a size"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,2), }", "no more sizes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }", "a comma"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2", "a comma"},
        {"{'descr': '<f4', 'fortran_order': False}", "all of descr"},
        {"{'descr': '<f4', 'descr': '<f4'}", "each key once"},
        {"{'order': 'C'}", "a key 'order'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x", "nothing more"},
        {"{'descr", "short word"},
        {"[]", "a dictionary"},
        {"{'descr' '<f4'}", "a colon"},
        {"{'descr': '<f4', 'fortran_order': 0}", "True or False"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_npy("x.npy", 1, cases[i].dictionary, (float[]){1, 2}, 8);
        refuses("npy @/x.npy", TACET_FILE, cases[i].message);
    }
    write_npy("x.npy", 4, "{}", "", 0);
    refuses("npy @/x.npy", TACET_FILE, "version 4");
    write_bytes("x.npy", "\x93NUMPY\2\0\xff\xff\xff\xff", 12);
    refuses("npy @/x.npy", TACET_FILE, "claims 4294967295 bytes");
    write_bytes("x.npy", "\x93NUMPY\1\0\x10\0{}", 12);
    refuses("npy @/x.npy", TACET_FILE, "truncated: its header");
    write_text("x.npy", "P5 28 28 255");
    refuses("npy @/x.npy", TACET_FILE, "not a .npy file");
}

static void scaling_by_feature(void **state)
{
    (void)state;
    static const float x[] = {1,  0.1f, 10,   3, 0.1f,
                              20, 5,    0.1f, 60}; /* means 3, 0.1, 30; deviations sqrt(8/3), 0, ... */
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", x, sizeof x);
    tacet_data *d = must_open("npy @/x.npy normalize=feature", "train");
    assert_int_equal(d->scale.count, 3);
    const double std[] = {sqrt(8.0 / 3), 1, sqrt(1400.0 / 3)}, mean[] = {3, 0.1f, 30};
    for (int j = 0; j < 3; j++) {
        assert_true(d->scale.scale[j] == 1 / std[j]);
        assert_true(d->scale.shift[j] == -mean[j] * (1 / std[j]));
    }
    /* The schema gives other data the same scaling, to the bit. */
    char text[1000];
    assert_true(tacet_data_schema(d, text, sizeof text) < sizeof text);
    tacet_error e;
    tacet_data *other = open_as("npy @/x.npy scale=7", text, &e);
    assert_non_null(other);
    assert_memory_equal(other->scale.scale, d->scale.scale, 6 * sizeof(double));
    char again[1000];
    tacet_data_schema(other, again, sizeof again);
    assert_string_equal(again, text);
    tacet_data_free(other);
    tacet_data_free(d);
    other = open_as("npy @/x.npy", "{\"scale\":[2],\"shift\":[1]}", &e);
    assert_string_equal(scaling_of(other), "scale 2 shift 1");
    tacet_data_free(other);
    static const char *const wrong[] = {"",
                                        "[]",
                                        "scale 1 shift 0",
                                        "{\"scale\":[1,2],\"shift\":[1,2]}",
                                        "{\"scale\":[1],\"shift\":[1,2]}",
                                        "{\"scale\":[1]}",
                                        "{\"scale\":[1],\"shift\":[\"x\"]}",
                                        "{\"scale\":[1e99],\"shift\":[0]}",
                                        "{\"scale\":[0],\"shift\":[0]}",
                                        "{\"shift\":[1]}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(open_as("npy @/x.npy", wrong[i], &e));
        assert_int_equal(e.status, TACET_DESCRIPTION);
    }

    refuses("npy @/x.npy normalize=feature std=2", TACET_DESCRIPTION, "itself");
    refuses("npy @/x.npy scale=many", TACET_DESCRIPTION, "scale should be");
    refuses("npy @/x.npy scale=0", TACET_DESCRIPTION, "scale should be");
    refuses("npy @/x.npy std=0", TACET_DESCRIPTION, "std should be");
    refuses("npy @/x.npy scale=1e60", TACET_DESCRIPTION, "too large");
    refuses("npz @/x.npy", TACET_DESCRIPTION, "unknown data source \"npz\"");
    refuses_part("npy @/x.npy", "test", TACET_DESCRIPTION, "no test part");
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", (float[]){1, -INFINITY}, 8);
    refuses("npy @/x.npy", TACET_FILE, "x.npy: row 1 (counted from 0) has a value that is infinite: -inf");
    write_npy("x.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }", (double[]){1, 1e300}, 16);
    refuses("npy @/x.npy normalize=feature", TACET_FILE, "element 0 of x cannot be normalised");
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", (float[]){1, 2, 3, NAN}, 16);
    refuses("npy @/x.npy", TACET_FILE, "x.npy: row 1 (counted from 0) has a value that is missing: NaN");
    write_npy("y.npy", 1, "{'descr': '>f2', 'fortran_order': True, 'shape': (2,), }", "\x7e\0\x3c\0", 4);
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", (float[]){1, 2, 3, 4}, 16);
    refuses("npy @/x.npy y=@/y.npy", TACET_FILE, "y.npy: row 0 (counted from 0) has a value that is missing: NaN");
}

/* The test part is scaled with the figures of the training part. */
static void scaling_of_the_test_part(void **state)
{
    (void)state;
    write_idx_set();
    tacet_data *d = must_open("idx @ normalize=feature", "train"), *test = must_open("idx @ normalize=feature", "test");
    assert_int_equal(test->rows, 4);
    assert_memory_equal(d->scale.scale, test->scale.scale, 2 * (size_t)d->scale.count * sizeof(double));
    tacet_data_free(d);
    tacet_data_free(test);
}

static void rows_are_held_out(void **state)
{
    (void)state;
    write_idx_set();
    tacet_data *d = must_open("idx @", "train");
    tacet_error e;
    assert_null(tacet_data_hold_out(d, 1, 0, &e));
    assert_int_equal(e.status, TACET_DESCRIPTION);
    tacet_data *a = tacet_data_hold_out(d, 0.3, 7, &e), *b = tacet_data_hold_out(d, 0.5, 7, &e);
    assert_int_equal(a->rows, 3);
    assert_int_equal(b->rows, 4); /* of 7, rounded */
    assert_int_equal(d->rows, 3);
    int seen[10] = {0};
    const tacet_data *all[] = {a, b, d};
    for (int k = 0; k < 3; k++)
        for (int64_t i = 0; i < all[k]->rows; i++) {
            if (i) assert_true(tc_data_row(all[k], i) > tc_data_row(all[k], i - 1));
            seen[tc_data_row(all[k], i)]++;
        }
    for (int i = 0; i < 10; i++) assert_int_equal(seen[i], 1);
    assert_ptr_equal(a->table->x.data, d->table->x.data);
    assert_memory_equal(a->scale.scale, d->scale.scale, 2 * sizeof(double));
    tacet_data *again = must_open("idx @", "train"), *same = tacet_data_hold_out(again, 0.3, 7, &e);
    for (int i = 0; i < 3; i++) assert_int_equal(tc_data_row(same, i), tc_data_row(a, i));
    tacet_data *other = must_open("idx @", "train"), *differs = tacet_data_hold_out(other, 0.3, 8, &e);
    bool equal = true;
    for (int i = 0; i < 3; i++) equal = equal && tc_data_row(differs, i) == tc_data_row(a, i);
    assert_false(equal);
    tacet_data *all_data[] = {a, b, d, same, again, differs, other};
    for (size_t i = 0; i < sizeof all_data / sizeof *all_data; i++) tacet_data_free(all_data[i]);
}

/* Whichever allocation fails, the status is TACET_MEMORY and nothing leaks. */
static void any_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const spec[] = {"idx @ normalize=feature",
                                       "npy @/x.npy y=@/y.npy.gz",
                                       "npy @/[wx].npy y=@/?.npy.gz",
                                       "csv @/t.csv label=kind",
                                       "csv @/t.csv target=a,kind",
                                       "csv @/t.csv label=kind onehot=a x=b,a missing=median",
                                       "csv @/t.csv target=kind drop=a missing=mean normalize_target=true"};
    write_idx_set();
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", (float[]){1, 2}, 8);
    write_npy("y.npy", 1, "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", (int32_t[]){1, 0}, 8);
    unsigned char y[200];
    write_gzip("y.npy.gz", y, read_bytes("y.npy", y, sizeof y));
    FILE *f = fopen(path_of("t.csv"), "w");
    fputs("a,b,kind\n", f);
    for (int i = 0; i < 200; i++) fprintf(f, "%d,%d,%d\n", i, i * i, i % 40);
    fclose(f);
    for (size_t k = 0; k < sizeof spec / sizeof *spec; k++)
        for (int64_t at = 1;; at++) {
            failing hook = {.fail_at = at};
            const tacet_memory m = failing_memory(&hook);
            tacet_error e = {0};
            tacet_data *d = open_data(spec[k], k == 0 ? "test" : "train", &m, &e), *held = NULL;
            if (d) held = tacet_data_hold_out(d, 0.5, 1, &e);
            tacet_loader *l = held ? tacet_loader_new(held, 2, 0, true, &e) : NULL;
            if (hook.failed && !(d && e.status == TACET_OK)) assert_int_equal(e.status, TACET_MEMORY);
            tacet_loader_free(l);
            tacet_data_free(held);
            tacet_data_free(d);
            assert_int_equal(hook.alive, 0);
            if (!hook.failed) break;
            assert_true(at < 1000);
        }
}

static void the_list_of_sources(void **state)
{
    (void)state;
    assert_int_equal(tc_source_count(), 4);
    for (int i = 0; i < tc_source_count(); i++) {
        const tc_source *s = tc_source_at(i);
        assert_ptr_equal(tc_source_find(s->name), s);
        assert_true(*s->formula && *s->doc && *s->source && s->open);
    }
    assert_null(tc_source_find("parquet"));
}

/* Debian's dataset-fashion-mnist, if it is installed. */
static void fashion_mnist(void **state)
{
    (void)state;
    if (access("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz", R_OK) != 0) skip();
    tacet_error e = {0};
    tacet_data_info info = {.size = sizeof info};
    tacet_data *d = tacet_data_open("idx /usr/share/datasets/fashion-mnist", "train", NULL, &e);
    tacet_data *test = tacet_data_open("idx /usr/share/datasets/fashion-mnist", "test", NULL, &e);
    if (!d || !test) fail_msg("%s", e.message);
    tacet_data_describe(d, &info);
    assert_int_equal(info.rows, 60000);
    assert_int_equal(info.shape[0], 784);
    assert_int_equal(info.classes, 10);
    assert_true(info.has_test);
    tacet_data_describe(test, &info);
    assert_int_equal(info.rows, 10000);
    int64_t count[10] = {0};
    for (int i = 0; i < 10000; i++) count[label_at(test, i)]++;
    for (int i = 0; i < 10; i++) assert_int_equal(count[i], 1000);
    tacet_data_free(d);
    tacet_data_free(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idx_bytes_and_parts),
        cmocka_unit_test(idx_types),
        cmocka_unit_test(idx_refusals),
        cmocka_unit_test(gzip_files),
        cmocka_unit_test(gzip_long),
        cmocka_unit_test(npy_types_and_versions),
        cmocka_unit_test(npy_targets),
        cmocka_unit_test(npy_labels),
        cmocka_unit_test(npy_refusals),
        cmocka_unit_test(scaling_by_feature),
        cmocka_unit_test(scaling_of_the_test_part),
        cmocka_unit_test(rows_are_held_out),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(the_list_of_sources),
        cmocka_unit_test(fashion_mnist),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
