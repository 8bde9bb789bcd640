/* Scaling in double: large numbers that are close together stay apart on their way into a plan, a column that never
 * changes is fed as 0, and standardised targets come back in their own unit. */
#include "data/data.h"
#include "data_files.h"
#include "run/run.h"

#include <math.h>

enum { ROWS = 100 };

typedef struct fed {
    float x[ROWS * 2], y[ROWS];
} fed;

/* What the loader feeds of data with two inputs and one target. */
static fed feed(const tacet_data *d)
{
    fed f;
    tacet_error e;
    tacet_graph *g = tacet_graph_new(NULL);
    const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){2}), y = tacet_input(g, "y", 1, (int64_t[]){1});
    tacet_loss(g, "mse", tacet_chain(g, x, "linear 1"), y);
    tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = ROWS}, &e);
    tacet_loader *l = tacet_loader_new(d, ROWS, 0, false, &e);
    assert_int_equal(tacet_loader_next(l, p, x, y), ROWS);
    assert_int_equal(tacet_forward(p, ROWS), TACET_OK);
    memcpy(f.x, tc_run_left(p, (int)x.id - 1, TACET_F32), sizeof f.x);
    memcpy(f.y, tc_run_left(p, (int)y.id - 1, TACET_F32), sizeof f.y);
    tacet_loader_free(l);
    tacet_plan_free(p);
    tacet_graph_free(g);
    return f;
}

static double time_of(int i) { return 1.7e9 + (i * 37) % ROWS; }

/* x[0]: times, x[1]: the same number in all rows. */
static void is_normal(const fed *f)
{
    double sum = 0, square = 0;
    for (int i = 0; i < ROWS; i++) {
        sum += (double)f->x[2 * i];
        square += (double)(f->x[2 * i] * f->x[2 * i]);
        assert_true(f->x[2 * i + 1] == 0);
        for (int k = 0; k < i; k++) assert_true(f->x[2 * i] != f->x[2 * k]);
    }
    assert_true(fabs(sum / ROWS) < 1e-6);
    assert_true(fabs(square / ROWS - 1) < 1e-5);
}

static void write_table(void)
{
    FILE *f = fopen(path_of("t.csv"), "w");
    fputs("time,constant,price\n", f);
    for (int i = 0; i < ROWS; i++) fprintf(f, "%.0f,0.1,%.2f\n", time_of(i), 5e6 + 1000 * i);
    fclose(f);
}

static void text(void **state)
{
    (void)state;
    write_table();
    tacet_data *d = must_open("csv @/t.csv target=price normalize=feature", "train");
    const fed f = feed(d);
    is_normal(&f);
    assert_true(f.y[3] == 5003000);
    tacet_data_free(d);
    d = must_open("csv @/t.csv target=price mean=1.7e9", "train");
    const fed shifted = feed(d);
    for (int i = 0; i < ROWS; i++) assert_true(shifted.x[2 * i] == (float)((i * 37) % ROWS));
    tacet_data_free(d);
}

static void doubles(void **state)
{
    (void)state;
    double x[ROWS * 2], y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[2 * i] = time_of(i);
        x[2 * i + 1] = 0.1;
        y[i] = 5e6 + 1000 * i;
    }
    write_npy("x.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (100, 2), }", x, sizeof x);
    write_npy("y.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (100,), }", y, sizeof y);
    tacet_data *d = must_open("npy @/x.npy @/y.npy normalize=feature normalize_target=true", "train");
    fed f = feed(d);
    is_normal(&f);
    assert_true(fabs((double)f.y[0] + 1.7148) < 1e-4);
    assert_int_equal(tacet_data_restore(d, ROWS, 1, f.y), TACET_OK);
    for (int i = 0; i < ROWS; i++) assert_true(fabs((double)f.y[i] - y[i]) < 1);
    tacet_data_free(d);
}

/* float32 numbers are scaled in double too. */
static void floats(void **state)
{
    (void)state;
    float x[ROWS * 2], y[ROWS] = {0};
    for (int i = 0; i < ROWS; i++) {
        x[2 * i] = 1e6f + (float)((i * 37) % ROWS);
        x[2 * i + 1] = 0.1f;
    }
    write_npy("x.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (100, 2), }", x, sizeof x);
    write_npy("y.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (100,), }", y, sizeof y);
    tacet_data *d = must_open("npy @/x.npy @/y.npy normalize=feature", "train");
    const fed f = feed(d);
    is_normal(&f);
    tacet_data_free(d);
}

/* Numbers whose deviation is too large for a double do not all become 0. */
static void too_far_apart(void **state)
{
    (void)state;
    const double x[] = {1e200, -1e200, 3e200};
    write_npy("x.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 1), }", x, sizeof x);
    refuses("npy @/x.npy normalize=feature", TACET_FILE, "element 0 of x cannot be normalised");
}

/* The targets of other data, and of held-out rows, are scaled as those of the training were. */
static void targets(void **state)
{
    (void)state;
    char schema[2000], spec[200];
    tacet_error e;
    write_table();
    tacet_data *d = must_open("csv @/t.csv target=price normalize_target=true", "train");
    tacet_data_schema(d, schema, sizeof schema);
    const fed f = feed(d);
    double sum = 0;
    for (int i = 0; i < ROWS; i++) sum += (double)f.y[i];
    assert_true(fabs(sum / ROWS) < 1e-6);
    tacet_data *held = tacet_data_hold_out(d, 0.5, 1, &e);
    assert_memory_equal(held->target.scale, d->target.scale, 2 * sizeof(double));
    FILE *t = fopen(path_of("u.csv"), "w");
    fputs("constant,price,time\n", t);
    for (int i = 0; i < ROWS; i++) fprintf(t, "0.1,%d,1\n", 5000000);
    fclose(t);
    snprintf(spec, sizeof spec, "csv %s", path_of("u.csv"));
    tacet_data *other = tacet_data_open_as(spec, "train", schema, true, NULL, &e);
    fed g = feed(other);
    assert_true(g.y[0] == f.y[0]);
    assert_int_equal(tacet_data_restore(other, ROWS, 1, g.y), TACET_OK);
    assert_int_equal(tacet_data_restore(other, ROWS / 2, 2, g.y), TACET_FAILED);
    assert_true(fabs((double)g.y[7] - 5e6) < 1);
    tacet_data_free(other);
    /* Without answers, outputs can still be restored. */
    other = tacet_data_open_as(spec, "train", schema, false, NULL, &e);
    float zero = 0;
    tacet_data_restore(other, 1, 1, &zero);
    assert_true(zero == 5049500);
    tacet_data_free(other);
    tacet_data_free(held);
    tacet_data_free(d);
    d = must_open("csv @/t.csv target=price", "train");
    assert_int_equal(tacet_data_restore(d, 1, 1, &zero), TACET_OK);
    assert_true(zero == 5049500);
    tacet_data_free(d);
    refuses("csv @/t.csv normalize_target=true", TACET_DESCRIPTION, "the data have no targets");
    write_text("t.csv", "a,k\n1,0\n2,1\n");
    refuses("csv @/t.csv label=k normalize_target=true", TACET_DESCRIPTION, "labels are classes, not targets");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text),          cmocka_unit_test(doubles), cmocka_unit_test(floats),
        cmocka_unit_test(too_far_apart), cmocka_unit_test(targets),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
