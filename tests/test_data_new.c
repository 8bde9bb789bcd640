/* Data in the caller's memory: they train like the same numbers in npy files, to the bit; nothing is copied; what cannot be
 * used is refused. */
#include "data/data.h"
#include "data_files.h"
#include "failing.h"

#include <math.h>

enum { ROWS = 24, PIXELS = 3 * 4 * 2, BATCH = 5, MOST = 4096 };

/* One type of x. */
typedef struct kind {
    tacet_type type;
    const char *descr;
} kind;

static const kind kinds[] = {
    {TACET_F32, "<f4"}, {TACET_U8, "|u1"}, {TACET_I32, "<i4"}, {TACET_F64, "<f8"}, {TACET_I64, "<i8"},
};

/* Fills numbers of a type, and returns their size in bytes. */
static size_t fill(tacet_type type, int n, int below, void *to)
{
    for (int i = 0; i < n; i++) {
        const int v = (i * 37 + i / 7 * 11) % below;
        if (type == TACET_F32) ((float *)to)[i] = (float)v / 3;
        if (type == TACET_U8) ((uint8_t *)to)[i] = (uint8_t)v;
        if (type == TACET_I32) ((int32_t *)to)[i] = v;
        if (type == TACET_F64) ((double *)to)[i] = v / 3.0;
        if (type == TACET_I64) ((int64_t *)to)[i] = v;
    }
    return (size_t)n * tc_type_size(type);
}

/* Rows of x and y, in memory and in x.npy and y.npy. */
typedef struct rows {
    _Alignas(8) char x_data[8 * ROWS * PIXELS], y_data[8 * ROWS];
    tacet_array x, y;
    bool labels;
} rows;

static void write_rows(const char *file, const char *descr, const char *shape, const void *data, size_t bytes)
{
    char dictionary[200];
    snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }", descr, shape);
    size_t length = strlen(dictionary) + 1;
    static char file_bytes[MOST * 4];
    memcpy(file_bytes, "\x93NUMPY\1\0", 8);
    file_bytes[8] = (char)length, file_bytes[9] = 0;
    memcpy(file_bytes + 10, dictionary, length - 1);
    file_bytes[9 + length] = '\n';
    memcpy(file_bytes + 10 + length, data, bytes);
    write_bytes(file, file_bytes, 10 + length + bytes);
}

static void make(rows *r, const kind *x, const kind *y, bool labels)
{
    r->x = (tacet_array){sizeof r->x, x->type, 3, {3, 4, 2}, r->x_data};
    r->y = (tacet_array){sizeof r->y, y->type, 0, {0}, r->y_data};
    r->labels = labels;
    write_rows("x.npy", x->descr, "24, 3, 4, 2", r->x_data, fill(x->type, ROWS * PIXELS, 200, r->x_data));
    write_rows("y.npy", y->descr, "24", r->y_data, fill(y->type, ROWS, 3, r->y_data));
}

static tacet_data *in_memory(const rows *r, const char *options)
{
    tacet_error e = {0};
    tacet_data *d = tacet_data_new(ROWS, &r->x, &r->y, r->labels, options, NULL, &e);
    if (!d) fail_msg("%s: %s", options, e.message);
    return d;
}

static tacet_data *in_files(const char *options)
{
    char source[300];
    snprintf(source, sizeof source, "npy @/x.npy @/y.npy %s", options ? options : "");
    return must_open(source, "train");
}

/* Trains on the data, from a checkpoint if `resumed`, and evaluates on what was held out. Leaves what the network is and
 * what was measured in to[], and a checkpoint of the middle. */
static void train(tacet_data *d, bool resumed, float to[MOST])
{
    tacet_error e = {0};
    tacet_data_info info = {.size = sizeof info};
    memset(to, 0, MOST * sizeof *to);
    tacet_data *held = tacet_data_hold_out(d, 0.25, 3, &e);
    assert_non_null(held);
    assert_int_equal(tacet_data_describe(held, &info), TACET_OK);
    const bool images = info.rank == 3;
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value x = tacet_input(g, "x", info.rank, info.shape);
    const tacet_value y = tacet_chain(g, x,
                                      images         ? "conv2d 3 2 | relu | global_avg_pool | linear 3"
                                      : info.classes ? "linear 4 | relu | linear 3"
                                                     : "linear 1");
    const tacet_value target = info.classes ? tacet_labels(g, "target") : tacet_input(g, "target", 1, (int64_t[]){1});
    tacet_loss(g, info.classes ? "cross_entropy" : "mse", y, target);
    const tacet_config c = {TACET_CONFIG, .batch = BATCH, .optimizer = "sgd lr=0.01 momentum=0.9",
                            .steps_per_epoch = 4};
    tacet_plan *p = tacet_compile(g, &c, &e);
    if (!p) fail_msg("%s", e.message);
    tacet_loader *l = tacet_loader_new(d, BATCH, 1, true, &e), *test = tacet_loader_new(held, BATCH, 1, false, &e);
    if (images) assert_int_equal(tacet_loader_augment(l, "flip | crop 1", &e), TACET_OK);
    if (resumed) {
        tacet_file *f = tacet_file_open(path_of("half"), NULL, &e);
        if (!f || tacet_resume(p, l, f, &e) != TACET_OK) fail_msg("%s", e.message);
        tacet_file_free(f);
    }
    while (tacet_steps(p) < 12) {
        const int64_t n = tacet_loader_next(l, p, x, target);
        if (n < 0 || (n > 0 && tacet_step(p, n) != TACET_OK)) fail_msg("%s", tacet_plan_error(p)->message);
        if (n > 0 && tacet_steps(p) == 6 && tacet_checkpoint(p, l, path_of("half"), 0, NULL, &e) != TACET_OK)
            fail_msg("%s", e.message);
    }
    tacet_result r = {.size = sizeof r};
    assert_int_equal(tacet_evaluate(p, test, x, target, y, &r), TACET_OK);
    assert_int_equal(r.rows, 6);
    to[0] = (float)r.objective, to[1] = (float)r.accuracy;
    size_t at = 2;
    for (int i = 0; i < tacet_value_count(p); i++) {
        tacet_value_info v = {.size = sizeof v};
        tacet_value_at(p, i, &v);
        if (v.role != TACET_ROLE_PARAMETER) continue;
        assert_int_equal(tacet_read(p, v.name, to + at, (size_t)v.elements), TACET_OK);
        at += (size_t)v.elements;
    }
    tacet_loader_free(l), tacet_loader_free(test);
    tacet_plan_free(p), tacet_graph_free(g);
    tacet_data_free(held), tacet_data_free(d);
}

/* The schema, and what tells the rows from others. */
static void same_text(tacet_data *a, tacet_data *b)
{
    static char one[MOST], other[MOST];
    tc_text mine = {.mem = tc_mem_of(NULL)}, theirs = mine;
    assert_true(tacet_data_schema(a, one, MOST) < MOST);
    tacet_data_schema(b, other, MOST);
    assert_string_equal(one, other);
    tc_fingerprint(a, &mine), tc_fingerprint(b, &theirs);
    assert_string_equal(mine.data, theirs.data);
    tc_text_free(&mine), tc_text_free(&theirs);
    tacet_data_free(a), tacet_data_free(b);
}

static const struct {
    const char *options;
    bool regression;
} cases[] = {
    {NULL, false},
    {"", true},
    {"normalize=feature", false},
    {"normalize=feature normalize_target=true", true},
    {"scale=0.0039 mean=0.5 std=0.25", false},
    {"layout=hwc normalize=channel", false},
    {"layout=chw", false},
};

static void training_has_the_bits_of_files(void **unused)
{
    (void)unused;
    static rows r;
    static float one[MOST], other[MOST];
    for (size_t k = 0; k < 7 * sizeof cases / sizeof *cases; k++) {
        const bool regression = cases[k / 7].regression;
        const kind *x = &kinds[k % 5], *y = &kinds[regression ? k % 5 : (size_t[]){1, 2, 4}[k % 3]];
        const char *options = cases[k / 7].options;
        make(&r, x, y, !regression);
        if (regression && tc_type_whole(y->type)) continue; /* whole numbers in a file are labels */
        same_text(in_memory(&r, options), in_files(options));
        train(in_memory(&r, options), false, one);
        train(in_files(options), true, other); /* from the checkpoint of the other */
        if (memcmp(one, other, sizeof one) != 0) fail_msg("%s, %s: other numbers", options, x->descr);
        train(in_files(options), false, other);
        if (memcmp(one, other, sizeof one) != 0) fail_msg("%s, %s: other numbers", options, x->descr);
    }
}

static const char *schema_of(const tacet_data *d)
{
    static char text[MOST];
    assert_true(tacet_data_schema(d, text, sizeof text) < sizeof text);
    return text;
}

/* Some rows, as a model that was trained on all of them expects them: the same numbers reach the network. */
static void other_rows_are_scaled_as_the_model_expects(void **unused)
{
    (void)unused;
    static rows r;
    make(&r, &kinds[3], &kinds[3], false);
    tacet_error e;
    tacet_data *all = in_memory(&r, "normalize=feature normalize_target=true");
    const char *schema = schema_of(all);
    tacet_array x = r.x;
    x.data = r.x_data + 8 * 5 * PIXELS; /* rows 5 and 6 */
    tacet_data *two = tacet_data_new_as(2, &x, NULL, false, NULL, schema, NULL, &e);
    if (!two) fail_msg("%s", e.message);
    assert_string_equal(schema_of(two), schema);
    assert_int_equal(two->scale.count, PIXELS);
    assert_memory_equal(two->scale.scale, all->scale.scale, 2 * PIXELS * sizeof(double));
    float y[2] = {0, 1}, same[2] = {0, 1};
    assert_int_equal(tacet_data_restore(two, 2, 1, y), TACET_OK);
    assert_int_equal(tacet_data_restore(all, 2, 1, same), TACET_OK);
    assert_memory_equal(y, same, sizeof y);
    assert_true(y[0] != 0);
    tacet_data_free(two);
    x.shape[2] = 3;
    assert_null(tacet_data_new_as(2, &x, NULL, false, NULL, schema, NULL, &e));
    assert_string_equal(e.message, "the model scales rows of 24 elements; these have 36");
    assert_null(tacet_data_new_as(2, &r.x, NULL, false, NULL, "[]", NULL, &e));
    assert_string_equal(e.message, "the schema of the data is not one: it is not an object");
    assert_null(tacet_data_new_as(2, &r.x, NULL, false, NULL, "{", NULL, &e));
    tacet_data_free(all);
}

static void nothing_is_copied(void **unused)
{
    (void)unused;
    static rows r, before;
    make(&r, &kinds[0], &kinds[2], true);
    memcpy(&before, &r, sizeof r);
    for (const char *const *options = (const char *const[]){NULL, "layout=hwc", "layout=chw flat=false", NULL};;) {
        tacet_data *d = in_memory(&r, *options);
        const bool turned = *options && strstr(*options, "chw");
        assert_true((d->table->x.data == r.x_data) == !turned && d->table->y.data == r.y_data);
        tacet_data_free(d);
        if (!*++options) break;
    }
    assert_memory_equal(&before, &r, sizeof r);
}

static void labels_may_have_positions(void **unused)
{
    (void)unused;
    static const float x[6 * 4] = {1};
    static const int64_t y[12] = {0, 3, 1, 1, 2, 0, 0, 1, 1, 0, 0, 0};
    const tacet_array in = {sizeof in, TACET_F32, 2, {2, 2}, x};
    tacet_data_info info = {.size = sizeof info};
    tacet_error e;
    tacet_data *d = tacet_data_new(6, &in, &(tacet_array){sizeof in, TACET_I64, 1, {2}, y}, true, "flat=false", NULL,
                                   &e);
    assert_non_null(d);
    assert_int_equal(tacet_data_describe(d, &info), TACET_OK);
    assert_true(info.rows == 6 && info.rank == 2 && info.classes == 4 && info.label_rank == 1 &&
                info.label_shape[0] == 2);
    assert_string_equal(info.spec, "arrays flat=false");
    tacet_data_free(d);
    d = tacet_data_new(6, &in, NULL, false, NULL, NULL, &e);
    assert_non_null(d);
    assert_int_equal(tacet_data_describe(d, &info), TACET_OK);
    assert_true(info.classes == 0 && info.target_rank == -1 && info.shape[0] == 4 && info.has_test == false);
    assert_string_equal(info.spec, "arrays");
    assert_string_equal(info.remarks, "");
    tacet_data_free(d);
    /* Labels [rows, 1] are one for each row; whole numbers may be targets. */
    const tacet_array column = {sizeof in, TACET_I64, 1, {1}, y};
    d = tacet_data_new(6, &in, &column, true, NULL, NULL, &e);
    assert_non_null(d);
    assert_int_equal(tacet_data_describe(d, &info), TACET_OK);
    assert_true(info.classes == 4 && info.label_rank == 0);
    tacet_data_free(d);
    d = tacet_data_new(6, &in, &column, false, NULL, NULL, &e);
    assert_non_null(d);
    assert_int_equal(tacet_data_describe(d, &info), TACET_OK);
    assert_true(info.classes == 0 && info.target_rank == 1 && info.target_shape[0] == 1);
    tacet_data_free(d);
}

/* ---- What is refused ---- */

static const float numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
static const float gap[8] = {0, 1, 2, NAN, 4, 5, 6, 7}, infinite[8] = {INFINITY};
static const int32_t few[4] = {0, 1, 0, 1}, below[4] = {0, 1, -2, 1};
static const int64_t above[4] = {0, 1, INT64_C(1) << 40, 1};

#define ARRAY(...)                                                                                                     \
    &(const tacet_array) { sizeof(tacet_array), __VA_ARGS__ }
static const tacet_array good = {sizeof good, TACET_F32, 1, {2}, numbers};

static const struct {
    int64_t rows;
    const tacet_array *x, *y;
    bool labels;
    const char *options, *message;
} refused[] = {
    {4, NULL, NULL, false, NULL, "x is missing"},
    {0, &good, NULL, false, NULL, "x has 0 rows [2]: there should be at least one row"},
    {-1, &good, NULL, false, NULL, "x has -1 rows"},
    {INT64_C(1) << 40, &good, NULL, false, NULL, "not more than 2^40 numbers"},
    {INT64_MAX, &good, NULL, false, NULL, "not more than 2^40 numbers"},
    {4, ARRAY(TACET_F32, 1, {2}, NULL), NULL, false, NULL, "x has no data"},
    {4, ARRAY(TACET_F32, 1, {0}, numbers), NULL, false, NULL, "no size below 1"},
    {4, ARRAY(TACET_F32, 1, {-2}, numbers), NULL, false, NULL, "no size below 1"},
    {4, ARRAY(TACET_F32, 3, {INT32_MAX, INT32_MAX, INT32_MAX}, numbers), NULL, false, NULL, "2^40 numbers"},
    {4, ARRAY(TACET_F32, 9, {1}, numbers), NULL, false, NULL, "x has rank 9"},
    {4, ARRAY(TACET_F32, -1, {1}, numbers), NULL, false, NULL, "x has rank -1"},
    {4, ARRAY((tacet_type)5, 1, {2}, numbers), NULL, false, NULL, "unknown type, 5"},
    {4, ARRAY((tacet_type)-1, 1, {2}, numbers), NULL, false, NULL, "unknown type, -1"},
    {4, &(const tacet_array){.type = TACET_F32}, NULL, false, NULL, "tacet_array.size is 0"},
    {1, ARRAY(TACET_F32, 1, {2}, (const char *)numbers + 1), NULL, false, NULL, "multiple of 4 bytes"},
    {1, ARRAY(TACET_F64, 1, {2}, numbers + 1), NULL, false, NULL, "multiple of 8 bytes"},
    {4, ARRAY(TACET_F32, 1, {2}, gap), NULL, false, NULL, "x: row 1 (counted from 0) has a value that is missing"},
    {4, &good, ARRAY(TACET_F32, 0, {0}, gap), false, NULL, "y: row 3 (counted from 0)"},
    {4, &good, ARRAY(TACET_F32, 0, {0}, numbers), true, NULL, "y has the type float32, but labels are whole"},
    {4, &good, ARRAY(TACET_I32, 0, {0}, below), true, NULL, "y: row 2 has the label -2"},
    {4, &good, ARRAY(TACET_I64, 0, {0}, above), true, NULL, "y: row 2 has the label 1099511627776"},
    {4, &good, ARRAY(TACET_I32, 0, {0}, NULL), true, NULL, "y has no data"},
    {4, &good, NULL, false, "scal=2", "scal"},
    {4, &good, NULL, false, "npy", "npy"},
    {4, &good, NULL, false, "layout=hwc", "layout=hwc takes rows that are images"},
    {4, &good, NULL, false, "normalize_target=true", "the data have no targets"},
    {4, &good, ARRAY(TACET_I32, 0, {0}, few), true, "normalize_target=true", "labels are classes, not targets"},
    {4, ARRAY(TACET_F32, 1, {2}, infinite), NULL, false, NULL,
     "x: row 0 (counted from 0) has a value that is infinite"},
};

static void mistakes_are_refused(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        tacet_error e = {0};
        tacet_data *d = tacet_data_new(refused[i].rows, refused[i].x, refused[i].y, refused[i].labels,
                                       refused[i].options, NULL, &e);
        if (d) fail_msg("%s: not refused", refused[i].message);
        if (!strstr(e.message, refused[i].message)) fail_msg("\"%s\" has no \"%s\"", e.message, refused[i].message);
        assert_int_equal(e.status, TACET_DESCRIPTION);
        assert_null(tacet_data_new(refused[i].rows, refused[i].x, refused[i].y, refused[i].labels, refused[i].options,
                                   NULL, NULL));
    }
    tacet_error e = {0};
    assert_null(tacet_data_open("arrays layout=hwc", "train", NULL, &e));
    assert_non_null(strstr(e.message, "arrays in the memory of a program"));
    assert_non_null(strstr(e.hint, "--data"));
}

static void memory_may_run_out_anywhere(void **unused)
{
    (void)unused;
    static rows r;
    make(&r, &kinds[0], &kinds[2], true);
    bool failed = true;
    for (int64_t i = 1; failed; i++) {
        tacet_error e = {0};
        failing f = {.fail_at = i};
        const tacet_memory m = failing_memory(&f);
        tacet_data *d = tacet_data_new(ROWS, &r.x, &r.y, true, "normalize=channel layout=chw", &m, &e);
        char schema[MOST] = "";
        if (d) tacet_data_schema(d, schema, sizeof schema);
        tacet_data *other = d ? tacet_data_new_as(ROWS, &r.x, &r.y, true, NULL, schema, &m, &e) : NULL;
        failed = f.failed;
        assert_true(failed ? !other && e.status == TACET_MEMORY : other != NULL);
        tacet_data_free(d);
        tacet_data_free(other);
        assert_int_equal(f.alive, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_has_the_bits_of_files),
        cmocka_unit_test(other_rows_are_scaled_as_the_model_expects),
        cmocka_unit_test(nothing_is_copied),
        cmocka_unit_test(labels_may_have_positions),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
