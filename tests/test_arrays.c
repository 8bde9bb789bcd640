/* Arrays as other programs store them: every type in both orders of bytes, column by column, as labels; the names of IDX
 * files; .npz; what is refused. */
#include "data/data.h"
#include "failing.h"
#include "zip_files.h"

#include <math.h>
#include <sys/stat.h>

/* Opens x.npy with these numbers, or must refuse it. */
static tacet_data *open_npy(const char *descr, const char *order, const char *shape, const void *numbers, size_t n)
{
    char dictionary[200];
    snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, order, shape);
    write_npy("x.npy", 1, dictionary, numbers, n);
    return must_open("npy @/x.npy flat=false", "train");
}

/* The x of all rows is `expected`. */
static void x_is(const tacet_data *d, int64_t n, const double *expected)
{
    double x[64];
    assert_int_equal(d->table->x.rows * tc_shape_count(&d->table->x.shape), n);
    tc_widen(&d->table->x, 0, n, x);
    for (int64_t i = 0; i < n; i++)
        if (!(x[i] == expected[i] || (isnan(x[i]) && isnan(expected[i]))))
            fail_msg("element %d is %.17g, not %.17g", (int)i, x[i], expected[i]);
}

static const struct type {
    const char *descr, *bytes; /* of two numbers */
    size_t width;
    double x[2];
} types[] = {
    {"<f2", "\x01\x3c\x00\xc0", 2, {1 + 0x1p-10, -2}},
    {">f2", "\x3c\x01\xc0\x00", 2, {1 + 0x1p-10, -2}},
    {"<f4", "\x00\x00\xc0\x3f\x00\x00\x00\xc0", 4, {1.5, -2}},
    {">f4", "\x3f\xc0\x00\x00\xc0\x00\x00\x00", 4, {1.5, -2}},
    {"<f8", "\0\0\0\0\0\0\xf8\x3f\0\0\0\0\0\0\0\xc0", 8, {1.5, -2}},
    {">f8", "\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 8, {1.5, -2}},
    {"|b1", "\0\1", 1, {0, 1}},
    {"|u1", "\xff\1", 1, {255, 1}},
    {"|i1", "\xff\1", 1, {-1, 1}},
    {"<u2", "\xff\xfe\1\0", 2, {65279, 1}},
    {">u2", "\xfe\xff\0\1", 2, {65279, 1}},
    {"<i2", "\xff\xfe\1\0", 2, {-257, 1}},
    {">i2", "\xfe\xff\0\1", 2, {-257, 1}},
    {"<u4", "\xfe\xff\xff\xff\1\0\0\0", 4, {4294967294.0, 1}},
    {">u4", "\xff\xff\xff\xfe\0\0\0\1", 4, {4294967294.0, 1}},
    {"<i4", "\xfe\xff\xff\xff\1\0\0\0", 4, {-2, 1}},
    {">i4", "\xff\xff\xff\xfe\0\0\0\1", 4, {-2, 1}},
    {"<u8", "\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0", 8, {4294967296.0, 1}},
    {">u8", "\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\1", 8, {4294967296.0, 1}},
    {"<i8", "\xfe\xff\xff\xff\xff\xff\xff\xff\1\0\0\0\0\0\0\0", 8, {-2, 1}},
    {">i8", "\xff\xff\xff\xff\xff\xff\xff\xfe\0\0\0\0\0\0\0\1", 8, {-2, 1}},
};

static void every_type(void **state)
{
    (void)state;
    for (const struct type *t = types; t < types + sizeof types / sizeof *types; t++) {
        tacet_data *d = open_npy(t->descr, "False", "(2,)", t->bytes, 2 * t->width);
        x_is(d, 2, t->x);
        /* Only bytes are pixels: a bool is 0 or 1 in the network too. */
        assert_true(d->scale.count == 1);
        assert_true(fabs((double)d->scale.scale[0] - (strcmp(t->descr, "|u1") ? 1 : 1.0 / 255)) < 1e-9);
        tacet_data_free(d);
    }
}

/* Zero, the smallest and largest numbers below 1, the largest of all; infinity is refused. */
static void halves(void **state)
{
    (void)state;
    static const uint16_t half[] = {0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x3bff, 0x7bff};
    static const double x[] = {0, -0.0, 0x1p-24, -1023 * 0x1p-24, 0x1p-14, 1 - 0x1p-11, 65504.};
    tacet_data *d = open_npy("<f2", "False", "(7,)", half, sizeof half);
    x_is(d, 7, x);
    tacet_data_free(d);
    write_npy("x.npy", 1, "{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", "\0\xfc", 2);
    refuses("npy @/x.npy", TACET_FILE, "infinite: -inf");
}

/* [rows, 2, 3] column by column is the same array as row by row. Where the order means nothing it changes nothing. */
static void column_by_column(void **state)
{
    (void)state;
    static const struct {
        const char *shape;
        int64_t n;
        double x[12];
    } cases[] = {
        {"(3,)", 3, {0, 1, 2}},
        {"(3, 1)", 3, {0, 1, 2}},
        {"(1, 3)", 3, {0, 1, 2}},
        {"(3L, 1L)", 3, {0, 1, 2}},
        {"(2, 3)", 6, {0, 2, 4, 1, 3, 5}},
        {"(3, 2)", 6, {0, 3, 1, 4, 2, 5}},
        {"(2, 2, 3)", 12, {0, 4, 8, 2, 6, 10, 1, 5, 9, 3, 7, 11}},
    };
    static const uint8_t bytes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    uint8_t shorts[24] = {0};
    for (int i = 0; i < 12; i++) shorts[2 * i + 1] = bytes[i];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tacet_data *d = open_npy("|u1", "True", cases[i].shape, bytes, (size_t)cases[i].n);
        x_is(d, cases[i].n, cases[i].x);
        tacet_data_free(d);
        d = open_npy(">i2", "True", cases[i].shape, shorts, 2 * (size_t)cases[i].n); /* turned, then widened */
        x_is(d, cases[i].n, cases[i].x);
        tacet_data_free(d);
    }
}

/* Labels [rows] and [rows, 1] of every whole type; bool makes two classes. */
static void labels_of_every_type(void **state)
{
    (void)state;
    static const char *const whole[] = {"|b1", "|u1", "|i1", "<u2", ">u2", "<i2", ">i2", "<u4",
                                        ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8"};
    static const char *const shape[] = {"(3,)", "(3, 1)", "(3L, 1L)"};
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", (float[]){1, 2, 3, 4, 5, 6},
              24);
    for (size_t i = 0; i < 3 * (sizeof whole / sizeof *whole); i++) {
        const char *descr = whole[i / 3];
        const size_t width = (size_t)(descr[2] - '0');
        unsigned char bytes[24] = {0};
        for (size_t row = 0; row < 3; row++) bytes[row * width + (*descr == '>' ? width - 1 : 0)] = row != 1;
        char dictionary[100];
        snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': True, 'shape': %s, }", descr,
                 shape[i % 3]);
        write_npy("y.npy", 1, dictionary, bytes, 3 * width);
        tacet_data *d = must_open("npy @/x.npy y=@/y.npy", "train");
        tacet_data_info info = {.size = sizeof info};
        tacet_data_describe(d, &info);
        assert_int_equal(info.classes, 2);
        assert_int_equal(info.label_rank, 0);
        double label[3];
        tc_widen(&d->table->y, 0, 3, label);
        for (int row = 0; row < 3; row++) assert_int_equal((int)label[row], row != 1);
        tacet_data_free(d);
    }
    /* x of one position keeps labels of one position. */
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1, 2), }", (float[]){1, 2, 3, 4, 5, 6},
              24);
    tacet_data *d = must_open("npy @/x.npy y=@/y.npy flat=false", "train");
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d, &info);
    assert_int_equal(info.label_rank, 1);
    tacet_data_free(d);
}

static void types_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *descr, *message;
    } cases[] = {
        {"|O", "holds Python objects, '|O'"},
        {"<U3", "holds words, '<U3'"},
        {"|S3", "holds words"},
        {"<M8[ns]", "holds dates"},
        {"<c8", "holds complex numbers"},
        {"<f16", "'<f16'; the types that can"},
        {"|V4", "cannot be read, '|V4'"},
        {"f4", "'f4'"},
        {"|f4", "'|f4'"},
        {"=f4", "'=f4'"},
        {"", "''"},
        {"<", "'<'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char dictionary[100];
        snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (2,), }",
                 cases[i].descr);
        write_npy("x.npy", 1, dictionary, "12345678", 8);
        refuses("npy @/x.npy", TACET_FILE, cases[i].message);
        refuses("npy @/x.npy", TACET_FILE, "f4, f8, f2, u1, u2, u4, u8, i1, i2, i4, i8 and b1");
    }
    /* A number that int64 cannot hold, with its row. */
    write_npy("x.npy", 1, "{'descr': '<u8', 'fortran_order': False, 'shape': (2, 2), }",
              (uint64_t[]){1, 2, 3, UINT64_C(9223372036854775808)}, 32);
    refuses("npy @/x.npy", TACET_FILE, "row 1 (counted from 0) has the number 9223372036854775808");
}

/* ---- The names of IDX files ---- */

static const uint8_t images[] = {1, 2, 3, 4, 5, 6}, labels[] = {0, 1, 2};

static void write_images(const char *name, const void *x) { write_idx(name, 8, (int[]){3, 2, 0}, x, 6); }
static void write_labels(const char *name) { write_idx(name, 8, (int[]){3, 0}, labels, 3); }

static void clear(void)
{
    remove_folder(NULL);
    make_folder(NULL);
}

static void names_of_idx_files(void **state)
{
    (void)state;
    static const char *const names[][4] = {
        {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
        {"train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"},
        {"train-images-idx2-ubyte", "train-labels-idx1-ubyte", "test-images-idx2-ubyte", "test-labels-idx1-ubyte"},
        {"train_images_idx3_ubyte", "train-labels.idx1", "t10k-images.idx", "t10k-labels_idx1.ubyte"},
        {"emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte",
         "emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte"},
        {"k49.train-images.idx3-ubyte", "k49_train-labels.idx1-ubyte", "k49-t10k-images.idx3-ubyte",
         "k49-test-labels.idx1-ubyte"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int gzip = 0; gzip < 2; gzip++) {
            clear();
            for (int k = 0; k < 4; k++) {
                k % 2 ? write_labels(names[i][k]) : write_images(names[i][k], images);
                if (!gzip) continue;
                unsigned char bytes[100];
                char name[100];
                const size_t n = read_bytes(names[i][k], bytes, sizeof bytes);
                unlink(path_of(names[i][k]));
                snprintf(name, sizeof name, "%s.gz", names[i][k]);
                write_gzip(name, bytes, n);
            }
            write_text("emnist-letters-mapping.txt", "1 65 97\n");
            write_text("train-images-idx3-ubyte.txt", "?");
            write_text("xtrain-images-idx3-ubyte", "?");
            tacet_data_info info = {.size = sizeof info};
            tacet_data *d = must_open("idx @", "train");
            tacet_data_describe(d, &info);
            assert_true(info.rows == 3 && info.classes == 3 && info.has_test);
            tacet_data_free(d);
            tacet_data_free(must_open("idx @", "test"));
        }
    clear();
}

static void several_idx_sets(void **state)
{
    (void)state;
    static const uint8_t other[] = {9, 9, 9, 9, 9, 9};
    refuses("idx @", TACET_IO, "has no file train-images-idx3-ubyte, neither plain nor .gz");
    refuses("idx @/none", TACET_IO, "cannot open");
    refuses("idx @ prefix=a", TACET_FILE, "whose names begin with a");
    write_images("a-train-images-idx3-ubyte", images);
    write_labels("a-train-labels-idx1-ubyte");
    write_images("b-c-train-images-idx3-ubyte", other);
    write_labels("b-c-train-labels-idx1-ubyte");
    tacet_error e = {0};
    assert_null(open_data("idx @", "train", NULL, &e));
    assert_non_null(strstr(e.message, "has several data sets"));
    assert_string_equal(e.hint, "choose one with prefix=; there are: a, b-c");
    assert_null(open_data("idx @ prefix=b", "train", NULL, &e));
    assert_non_null(strstr(e.message, "no files of a data set whose names begin with b"));
    assert_string_equal(e.hint, "choose one with prefix=; there are: a, b-c");
    tacet_data *d = must_open("idx @ prefix=b-c", "train");
    x_is(d, 6, (double[]){9, 9, 9, 9, 9, 9});
    tacet_data_free(d);
    /* The usual names are the ones meant when nothing is said. */
    write_images("train-images.idx3-ubyte", images);
    write_labels("train-labels.idx1-ubyte");
    d = must_open("idx @", "train");
    x_is(d, 6, (double[]){1, 2, 3, 4, 5, 6});
    tacet_data_free(d);
    /* A folder with the name of a file is left by some programs; NAME comes before NAME.gz; two plain ones are too many. */
    assert_int_equal(mkdir(path_of("train-images-idx3-ubyte"), 0700), 0);
    write_text("train-images-idx3-ubyte.gz", "not read");
    tacet_data_free(must_open("idx @", "train"));
    assert_int_equal(rmdir(path_of("train-images-idx3-ubyte")), 0);
    write_images("train-images-idx3-ubyte", other);
    refuses("idx @", TACET_FILE, "has both train-images-idx3-ubyte and train-images.idx3-ubyte");
    clear();
}

/* Rows to predict from need no labels, and labels that are given are not read. */
static void without_labels(void **state)
{
    (void)state;
    tacet_error e = {0};
    char spec[200];
    write_images("t10k-images-idx3-ubyte", images);
    write_images("train-images-idx3-ubyte", images);
    snprintf(spec, sizeof spec, "idx %s", folder);
    for (int test = 0; test < 2; test++) {
        tacet_data *d = tacet_data_open_as(spec, test ? "test" : "train", "{}", false, NULL, &e);
        if (!d) fail_msg("%s", e.message);
        assert_null(d->table->y.data);
        tacet_data_free(d);
        assert_null(tacet_data_open_as(spec, test ? "test" : "train", "{}", true, NULL, &e));
    }
    write_npy("x.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), }", images, 6);
    snprintf(spec, sizeof spec, "npy %s/x.npy y=%s/none.npy", folder, folder);
    tacet_data *d = tacet_data_open_as(spec, "train", "{}", false, NULL, &e);
    if (!d) fail_msg("%s", e.message);
    tacet_data_free(d);
    clear();
}

/* Zeros after a gzip member are filling; anything else after it is not. */
static void filled_up_gzip(void **state)
{
    (void)state;
    static unsigned char bytes[70000], whole[100];
    static const double x[] = {1, 2, 3, 4, 5, 6, 0};
    write_npy("p.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), }", images, 6);
    write_gzip("x.npy.gz", whole, read_bytes("p.npy", whole, sizeof whole));
    const size_t n = read_bytes("x.npy.gz", bytes, sizeof bytes);
    for (size_t zeros = 0; zeros < sizeof bytes - n; zeros = 3 * zeros + 1) {
        write_bytes("x.npy.gz", bytes, n + zeros);
        tacet_data *d = must_open("npy @/x.npy.gz", "train");
        x_is(d, 6, x);
        tacet_data_free(d);
    }
    memcpy(bytes + n, "xy", 2);
    write_bytes("x.npy.gz", bytes, n + 2);
    refuses("npy @/x.npy.gz", TACET_FILE, "something else follows");
    memcpy(bytes + n, "\0\0x", 3);
    write_bytes("x.npy.gz", bytes, n + 3);
    refuses("npy @/x.npy.gz", TACET_FILE, "zeros after its compressed data, and then other bytes");
    memcpy(bytes + n, "\0\x1f\x8b", 3);
    write_bytes("x.npy.gz", bytes, n + 3);
    refuses("npy @/x.npy.gz", TACET_FILE, "zeros after its compressed data, and then other bytes");
    memset(bytes + n, 0, 3);
    /* A cut member is not filled up by zeros. */
    memset(bytes + n - 4, 0, 4);
    write_bytes("x.npy.gz", bytes, n);
    refuses("npy @/x.npy.gz", TACET_FILE, "x.npy.gz");
    clear();
}

/* ---- .npz ---- */

static void write_three(void)
{
    write_npy("f.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", (float[]){1, 2, 3, 4, 5, 6},
              24);
    write_npy("i.npy", 1, "{'descr': '>i2', 'fortran_order': True, 'shape': (3, 1), }", "\0\1\0\0\0\2", 6);
}

static void arrays_of_npz(void **state)
{
    (void)state;
    static const double x[] = {1, 2, 3, 4, 5, 6};
    write_three();
    for (int kind = 0; kind < 4; kind++) {
        zip z = {.deflated = kind % 2, .wide = kind / 2};
        zip_add(&z, "notes.txt", "PK\5\6", 4);
        zip_add_file(&z, "x.npy", "f.npy");
        zip_add_file(&z, "a/b:c.npy", "i.npy");
        zip_end(&z, "s.npz");
        tacet_data *d = must_open("npy @/s.npz:x y=@/s.npz:a/b:c", "train");
        x_is(d, 6, x);
        assert_int_equal(d->table->classes, 3);
        tacet_data_free(d);
        refuses("npy @/s.npz", TACET_FILE, "s.npz: holds several arrays");
        refuses("npy @/s.npz:", TACET_FILE, "no array \"\"");
        tacet_error e = {0};
        assert_null(open_data("npy @/s.npz:y", "train", NULL, &e));
        assert_non_null(strstr(e.message, "s.npz:y: there is no array \"y\""));
        assert_string_equal(e.hint, "it holds x, a/b:c");
        /* A comment may follow the end, and may look like one. */
        unsigned char bytes[4200];
        const size_t n = read_bytes("s.npz", bytes, sizeof bytes);
        memcpy(bytes + n, "PK\5\6 a comment of 30 bytes ....", 30);
        bytes[n - 2] = 30;
        write_bytes("s.npz", bytes, n + 30);
        d = must_open("npy @/s.npz:x", "train");
        x_is(d, 6, x);
        tacet_data_free(d);

        zip one = {.deflated = kind % 2, .wide = kind / 2};
        zip_add_file(&one, "arr_0.npy", "f.npy");
        zip_end(&one, "one.npz");
        d = must_open("npy @/one.npz", "train");
        x_is(d, 6, x);
        tacet_data_free(d);
    }
    /* A path with a colon is a path. */
    write_npy("o:x", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), }", x, 6);
    tacet_data_free(must_open("npy @/o:x", "train"));
    refuses("npy @/none.npz:x", TACET_IO, "none.npz: No such file");
    refuses("npy @/f.npy:x", TACET_FILE, "f.npy:x: is not a .npz file");
    clear();
}

/* Sets bytes of a good file with one array, and expects this message. */
static void refuses_zip(const zip *good, size_t at, const void *bytes, size_t n, const char *message)
{
    zip z = *good;
    memcpy(z.bytes + at, bytes, n);
    write_bytes("s.npz", z.bytes, z.n);
    refuses("npy @/s.npz", TACET_FILE, message);
}

static void npz_refusals(void **state)
{
    (void)state;
    write_three();
    for (int deflated = 0; deflated < 2; deflated++) {
        zip z = {.deflated = deflated};
        zip_add_file(&z, "x.npy", "f.npy");
        const size_t data = 30 + 5 + 4, entry = z.n, end = entry + z.length;
        zip_end(&z, "s.npz");
        assert_int_equal(z.bytes[entry + 2], 1);
        assert_int_equal(z.bytes[end + 2], 5);
        refuses_zip(&z, entry + 16, "\1\2\3\4", 4, "is damaged: its checksum is");
        refuses_zip(&z, data + 70, "\xee", 1, deflated ? "s.npz" : "checksum");
        refuses_zip(&z, entry + 8, "\1", 1, "encrypted");
        refuses_zip(&z, entry + 10, "\14", 1, "method 12");
        refuses_zip(&z, entry + 42, "\xff\xff\0\0", 4, "not in the file");
        refuses_zip(&z, entry + 42, "\1", 1, "not where the directory says");
        refuses_zip(&z, entry + 42, "\xff\xff\xff\xff", 4, "a large size is missing");
        refuses_zip(&z, entry + 20, "\xff\xff\1\0", 4, "not where the directory says");
        refuses_zip(&z, entry + 28, "\xff\xff", 2, "an entry that is too long");
        refuses_zip(&z, entry, "X", 1, "an invalid entry");
        refuses_zip(&z, end, "X", 1, "no directory");
        refuses_zip(&z, end + 4, "\1", 1, "several parts");
        refuses_zip(&z, end + 10, "\2", 1, "not in the file");
        refuses_zip(&z, end + 16, "\xff\xff\xff\xff", 4, "not in the file");
        refuses_zip(&z, end + 12, "\xff\xff\xff\xff", 4, "not in the file");
        if (deflated) refuses_zip(&z, entry + 24, "\x77\0\0\0", 4, "bytes, but should have 119");
        for (size_t n = z.n - 1; n > 4; n--) {
            write_bytes("s.npz", z.bytes, n);
            refuses("npy @/s.npz", TACET_FILE, "damaged or truncated .npz file");
        }
        zip two = {.deflated = deflated};
        zip_add_file(&two, "x.npy", "f.npy");
        zip_add_file(&two, "x.npy", "i.npy");
        zip_end(&two, "s.npz");
        refuses("npy @/s.npz:x", TACET_FILE, "several arrays of this name");
    }
    zip none = {0};
    zip_end(&none, "s.npz");
    refuses("npy @/s.npz", TACET_FILE, "without arrays of NumPy");
    clear();
}

/* Every allocation of every way of reading fails in turn. */
static void out_of_memory(void **state)
{
    (void)state;
    static const char *const specs[] = {"npy @/t.npy", "npy @/f.npy y=@/i.npy", "npy @/s.npz:x y=@/s.npz:y",
                                        "idx @ prefix=a"};
    zip z = {.deflated = true};
    write_three();
    write_npy("t.npy", 1, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 2), }", "\0\1\0\2\0\3\0\4", 8);
    zip_add_file(&z, "x.npy", "f.npy");
    zip_add_file(&z, "y.npy", "i.npy");
    zip_end(&z, "s.npz");
    write_images("a-train-images.idx3-ubyte", images);
    write_labels("a-train-labels.idx1-ubyte");
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        for (int64_t at = 1, done = 0; !done; at++) {
            failing hook = {.fail_at = at};
            const tacet_memory m = failing_memory(&hook);
            tacet_error e = {0};
            tacet_data *d = open_data(specs[i], "train", &m, &e);
            if (!d && e.status != TACET_MEMORY) fail_msg("%s, call %d: %s", specs[i], (int)at, e.message);
            done = hook.calls < at;
            assert_int_equal(d != NULL, done);
            tacet_data_free(d);
            assert_int_equal(hook.alive, 0);
        }
    clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type),
        cmocka_unit_test(halves),
        cmocka_unit_test(column_by_column),
        cmocka_unit_test(labels_of_every_type),
        cmocka_unit_test(types_that_are_refused),
        cmocka_unit_test(names_of_idx_files),
        cmocka_unit_test(several_idx_sets),
        cmocka_unit_test(filled_up_gzip),
        cmocka_unit_test(without_labels),
        cmocka_unit_test(arrays_of_npz),
        cmocka_unit_test(npz_refusals),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
