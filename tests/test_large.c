/* Data that are larger than memory, in sparse files, and several files as one. */
#include "data/data.h"
#include "data_files.h"
#include "run/run.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { WIDTH = 4, HEADER = 128 };
static const int64_t many = 2500000000; /* rows of 16 bytes */

/* The largest block that was allocated. */
static void *resize(void *context, void *old, size_t size)
{
    size_t *largest = context;
    if (size > *largest) *largest = size;
    if (size > 0) return realloc(old, size);
    free(old);
    return NULL;
}

/* A .npy file whose numbers begin at HEADER. */
static void write_array(const char *name, const char *descr, const char *shape, const void *numbers, size_t n)
{
    char dictionary[HEADER], padded[HEADER];
    snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    snprintf(padded, sizeof padded, "%-*s", HEADER - 11, dictionary);
    write_npy(name, 1, padded, numbers, n);
}

/* Makes a file of `many` rows and `more` bytes, all 0 except the given rows, which hold their number. */
static bool write_many(const char *name, int64_t more, int rows, const int64_t *row)
{
    write_array(name, "<f4", "(2500000000, 4)", NULL, 0);
    const int file = open(path_of(name), O_WRONLY);
    assert_true(file >= 0);
    const bool ok = ftruncate(file, HEADER + many * WIDTH * 4 + more) == 0;
    for (int i = 0; i < rows && ok; i++) {
        const float x[WIDTH] = {(float)row[i], 1, 2, 3};
        assert_int_equal(pwrite(file, x, sizeof x, HEADER + row[i] * WIDTH * 4), sizeof x);
    }
    close(file);
    return ok;
}

typedef struct net {
    tacet_graph *g;
    tacet_value x, target;
    tacet_plan *p;
} net;

/* Takes x [4] and labels. */
static net net_of(int64_t batch)
{
    net n = {.g = tacet_graph_new(NULL)};
    n.x = tacet_input(n.g, "x", 1, (int64_t[]){WIDTH});
    n.target = tacet_labels(n.g, "target");
    tacet_keep(n.g, "x");
    tacet_loss(n.g, "cross_entropy", tacet_chain(n.g, n.x, "linear 300"), n.target);
    tacet_error e;
    n.p = tacet_compile(n.g, &(tacet_config){TACET_CONFIG, .batch = batch}, &e);
    if (!n.p) fail_msg("%s", e.message);
    return n;
}

static void free_net(net *n)
{
    tacet_plan_free(n->p);
    tacet_graph_free(n->g);
}

/* The next batch of the loader, without labels. */
static int64_t take(net *n, tacet_loader *l, float *x)
{
    const int64_t rows = tacet_loader_next(l, n->p, n->x, (tacet_value){0});
    if (rows < 0) fail_msg("%s", tacet_plan_error(n->p)->message);
    assert_int_equal(tacet_forward(n->p, rows), TACET_OK);
    assert_int_equal(tacet_read(n->p, "x", x, (size_t)(rows * WIDTH)), TACET_OK);
    return rows;
}

/* 40 GB are opened, split, shuffled and read in batches without a block of memory that grows with them. */
static void more_rows_than_fit_into_memory(void **state)
{
    (void)state;
    enum { BATCH = 64 };
    const int64_t row[] = {0, 1234567890, INT64_C(1) << 31, many - 1};
    if (!write_many("x.npy", 0, 4, row)) skip();
    size_t largest = 0;
    tacet_error e = {0};
    tacet_data *d = open_data("npy x=@/x.npy", "train", &(tacet_memory){resize, &largest}, &e);
    if (!d) fail_msg("%s", e.message);
    assert_int_equal(d->rows, many);
    net n = net_of(BATCH);
    float x[BATCH * WIDTH];
    tacet_loader *l = tacet_loader_new(d, BATCH, 1, false, &e);
    for (int i = 0; i < 4; i++) {
        tacet_loader_seek(l, 0, row[i] / BATCH);
        take(&n, l, x);
        const float *found = x + row[i] % BATCH * WIDTH;
        assert_float_equal(found[0], (float)row[i], 0);
        assert_float_equal(found[3], 3, 0);
    }
    tacet_loader_free(l);

    tacet_data *held = tacet_data_hold_out(d, 0.1, 1, &e);
    assert_int_equal(held->rows, many / 10);
    const tacet_data *both[] = {d, held};
    for (int k = 0; k < 2; k++) {
        l = tacet_loader_new(both[k], BATCH, 1, true, &e);
        for (int i = 0; i < 4; i++) assert_int_equal(take(&n, l, x), BATCH);
        tacet_loader_seek(l, 3, tacet_loader_batches(l) - 1);
        take(&n, l, x);
        tacet_loader_free(l);
    }
    free_net(&n);
    tacet_data_free(held);
    tacet_data_free(d);
    assert_true(largest < 1 << 20);
}

/* A file that is longer or shorter than its header says is refused before anything is allocated for it. */
static void wrong_lengths(void **state)
{
    (void)state;
    static const char *const message[] = {[0] = "has more bytes", [1] = "is truncated"};
    for (int k = 0; k < 2; k++) {
        if (!write_many("x.npy", k == 0 ? 1 : -1, 0, NULL)) skip();
        size_t largest = 0;
        tacet_error e = {0};
        assert_null(open_data("npy x=@/x.npy", "train", &(tacet_memory){resize, &largest}, &e));
        assert_non_null(strstr(e.message, message[k]));
        assert_true(largest < 1 << 20);
    }
}

/* Rows 0, 1, ... as [i, 2 i, 3 i, 4 i], with the label i, in files of 3, 1 and 4 rows. */
static void write_parts(void)
{
    float x[8 * WIDTH];
    int32_t y[8];
    for (int i = 0; i < 8 * WIDTH; i++) x[i] = (float)(i / WIDTH * (i % WIDTH + 1));
    for (int i = 0; i < 8; i++) y[i] = i;
    static const char *const shape[] = {"(3, 4)", "(1, 4)", "(4, 4)"}, *const rows[] = {"(3,)", "(1,)", "(4,)"};
    static const int first[] = {0, 3, 4, 8};
    for (int k = 0; k < 3; k++) {
        char name[20];
        snprintf(name, sizeof name, "x%d.npy", k);
        write_array(name, "<f4", shape[k], x + first[k] * WIDTH, (size_t)(first[k + 1] - first[k]) * WIDTH * 4);
        snprintf(name, sizeof name, "y%d.npy", k);
        write_array(name, "<i4", rows[k], y + first[k], (size_t)(first[k + 1] - first[k]) * 4);
    }
    write_array("all.npy", "<f4", "(8, 4)", x, sizeof x);
    write_array("labels.npy", "<i4", "(8,)", y, sizeof y);
}

static void several_files_are_one(void **state)
{
    (void)state;
    write_parts();
    tacet_data *d = must_open("npy x=@/x*.npy y=@/y?.npy normalize=feature", "train");
    tacet_data *one = must_open("npy x=@/all.npy y=@/labels.npy normalize=feature", "train");
    tacet_data_info info = {.size = sizeof info};
    tacet_data_describe(d, &info);
    assert_int_equal(info.rows, 8);
    assert_int_equal(info.classes, 8);
    double x[8 * WIDTH], y[8], wanted[8 * WIDTH];
    tc_widen(&d->table->x, 0, 8 * WIDTH, x);
    tc_widen(&one->table->x, 0, 8 * WIDTH, wanted);
    assert_memory_equal(x, wanted, sizeof x);
    tc_widen(&d->table->x, 11, 7, x); /* across two borders, and from the middle of a row */
    assert_memory_equal(x, wanted + 11, 7 * sizeof *x);
    tc_widen(&d->table->y, 0, 8, y);
    for (int i = 0; i < 8; i++) assert_float_equal(y[i], i, 0);
    assert_memory_equal(d->scale.scale, one->scale.scale, 2 * WIDTH * sizeof *d->scale.scale);
    tacet_data_free(one);
    tacet_data_free(d);

    /* Shuffled and split, rows keep their labels. */
    d = must_open("npy x=@/x*.npy y=@/y?.npy", "train");
    tacet_data *held = tacet_data_hold_out(d, 0.25, 3, NULL);
    const tacet_data *const both[] = {d, held};
    net n = net_of(4);
    int seen[8] = {0};
    for (int k = 0; k < 2; k++) {
        tacet_loader *l = tacet_loader_new(both[k], 4, 1, true, NULL);
        float batch[4 * WIDTH];
        for (int64_t rows; (rows = tacet_loader_next(l, n.p, n.x, n.target)) > 0;) {
            assert_int_equal(tacet_forward(n.p, rows), TACET_OK);
            tacet_read(n.p, "x", batch, (size_t)(rows * WIDTH));
            for (int64_t i = 0; i < rows; i++) {
                const int row = (int)batch[i * WIDTH];
                assert_float_equal(batch[i * WIDTH + 3], (float)(4 * row), 0);
                assert_int_equal(((const int32_t *)tc_run_left(n.p, (int)n.target.id - 1, TACET_I32))[i], row);
                seen[row]++;
            }
        }
        tacet_loader_free(l);
    }
    for (int i = 0; i < 8; i++) assert_int_equal(seen[i], 1);
    free_net(&n);
    tacet_data_free(held);
    tacet_data_free(d);
}

static double last_of(const char *spec)
{
    tacet_data *d = must_open(spec, "train");
    double x;
    tc_widen(&d->table->x, d->table->x.rows * WIDTH - 1, 1, &x);
    tacet_data_free(d);
    return x;
}

static void what_a_pattern_matches(void **state)
{
    (void)state;
    write_parts();
    assert_float_equal(last_of("npy x=@/x[01].npy y=@/y[01].npy"), 12, 0);
    assert_float_equal(last_of("npy x=@/x1*.npy"), 12, 0);               /* one file */
    assert_float_equal(last_of("npy x=@/x*.npy y=@/labels.npy"), 28, 0); /* one file for three */
    refuses("npy x=@/none*.npy", TACET_IO, "no file matches ");
    refuses("npy x=@/none/*.npy", TACET_IO, "none/*.npy");
    refuses("npy x=@/x*.npy/*.npy", TACET_IO, "no file matches "); /* a file where a folder should be */
    assert_int_equal(mkdir(path_of("xb"), 0777), 0);
    assert_int_equal(mkdir(path_of("xa"), 0777), 0);
    write_array("xb/x.npy", "<f4", "(1, 4)", (float[]){0, 0, 0, 7}, 16);
    write_array("xa/x.npy", "<f4", "(1, 4)", (float[]){0, 0, 0, 6}, 16);
    write_array("xa/.x.npy", "<f4", "(1, 4)", (float[]){0, 0, 0, 9}, 16);
    assert_float_equal(last_of("npy x=@/x?/x.npy"), 7, 0);
    assert_float_equal(last_of("npy x=@/xa/*.npy"), 6, 0);
    assert_float_equal(last_of("npy x=@//x[!b]//*"), 6, 0);
    unlink(path_of("xa/x.npy"));
    assert_float_equal(last_of("npy x=@/x?/x.npy"), 7, 0);
    unlink(path_of("xb/x.npy")), unlink(path_of("xa/.x.npy"));
    assert_int_equal(rmdir(path_of("xa")) | rmdir(path_of("xb")), 0);
    write_array("x[01].npy", "<f4", "(1, 4)", (float[]){0, 0, 0, 5}, 16);
    assert_float_equal(last_of("npy x=@/x[01].npy"), 5, 0); /* the file of that very name */
}

static void parts_that_do_not_fit(void **state)
{
    (void)state;
    write_parts();
    write_array("x9.npy", "<f4", "(1, 5)", (float[]){1, 2, 3, 4, 5}, 20);
    refuses("npy x=@/x*.npy", TACET_FILE, "x9.npy: its rows are float32 [5], those of ");
    refuses("npy x=@/x*.npy", TACET_FILE, "x0.npy are float32 [4]");
    write_array("x9.npy", "|u1", "(1, 4)", (unsigned char[]){1, 2, 3, 4}, 4);
    refuses("npy x=@/x*.npy", TACET_FILE, "x9.npy: its rows are uint8 [4], those of ");
    write_bytes("x9.npy", "no array", 8);
    refuses("npy x=@/x*.npy", TACET_FILE, "x9.npy: is not a .npy file");
    unlink(path_of("x9.npy"));
    write_array("y1.npy", "<i4", "(2,)", (int32_t[]){1, 2}, 8);
    refuses("npy x=@/x*.npy y=@/y*.npy", TACET_FILE, "y1.npy: has 2 rows, but the file of x that goes with it has 1");
    refuses("npy x=@/x*.npy y=@/y[01].npy", TACET_FILE, "y[01].npy: has 5 rows, but x has 8");
    write_array("y1.npy", "<i4", "(1,)", (int32_t[]){-1}, 4);
    refuses("npy x=@/x*.npy y=@/y*.npy", TACET_FILE, "y1.npy: row 0 has the label -1");
    write_array("y1.npy", "<f4", "(1,)", (float[]){1}, 4);
    refuses("npy x=@/x*.npy y=@/y*.npy", TACET_FILE, "y1.npy: its rows are float32 [1], those of ");
}

/* A process with room for one mapping of the file, but not for the second: the file is read. In a child, and not under
 * sanitizers, which need memory themselves. */
static void no_room_to_map_twice(void **state)
{
    (void)state;
#ifdef TC_SANITIZED
    skip();
#else
    enum { LONG = 4000000, BYTES = LONG * WIDTH * 4 };
    const float last[] = {1, 2, 3, 4};
    write_array("long.npy", "<f4", "(4000000, 4)", NULL, 0);
    const int file = open(path_of("long.npy"), O_WRONLY);
    assert_int_equal(pwrite(file, last, sizeof last, HEADER + BYTES - sizeof last), sizeof last);
    close(file);
    FILE *f = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    if (!f || fscanf(f, "%lu", &pages) != 1) skip();
    fclose(f);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const rlim_t room = pages * (rlim_t)sysconf(_SC_PAGESIZE) + BYTES + BYTES / 2;
        setrlimit(RLIMIT_AS, &(struct rlimit){room, room});
        tacet_error e;
        char spec[200];
        snprintf(spec, sizeof spec, "npy x=%s", path_of("long.npy"));
        tacet_data *d = tacet_data_open(spec, "train", NULL, &e);
        double x = 0;
        if (d) tc_widen(&d->table->x, (int64_t)LONG * WIDTH - 1, 1, &x);
        _exit(d && d->table->x.part[0].mapped == 0 && x == 4 ? 0 : 1);
    }
    int status = -1;
    assert_true(waitpid(child, &status, 0) == child);
    assert_int_equal(status, 0);
#endif
}

/* What cannot be mapped is read: compressed files, and numbers that are not at a multiple of their size. */
static void files_that_are_not_mapped(void **state)
{
    (void)state;
    write_parts();
    unsigned char bytes[1000];
    write_gzip("x1.npy", bytes, read_bytes("x1.npy", bytes, sizeof bytes));
    write_npy("x2.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4), } ", (float[]){1, 2, 3, 99}, 16);
    tacet_data *d = must_open("npy x=@/x*.npy", "train");
    const tc_array *part = d->table->x.part;
    const bool mapped[] = {true, false, false};
    double x[5 * WIDTH];
    for (int i = 0; i < 3; i++) assert_int_equal(part[i].mapped > 0, mapped[i]);
    tc_widen(&d->table->x, 0, 5 * WIDTH, x);
    assert_float_equal(x[15], 12, 0);
    assert_float_equal(x[19], 99, 0);
    for (int access = TC_IN_ORDER; access <= TC_DRAWN; access++)
        assert_float_equal(((const float *)tc_array_row(&d->table->x, 2, (tc_access)access))[3], 8, 0);
    tacet_data_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(more_rows_than_fit_into_memory, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(wrong_lengths, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(several_files_are_one, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_a_pattern_matches, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(no_room_to_map_twice, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(parts_that_do_not_fit, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(files_that_are_not_mapped, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
