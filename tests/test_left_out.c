/* Lists are not made of what fires too often for every product: neither of a whole value, nor, until the whole has been
 * counted, of a range of it. */
#include "cmocka_all.h"

#include "plan/plan.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 512, LINES = 8, OUT = 300, ROWS = 256 }; /* LINES: of an image */

static const tc_kernel *kernel; /* of this machine */
static atomic_llong listed;     /* rows */

static int64_t counted_fire(const float *x, int64_t begin, int64_t end, tc_firing *f)
{
    listed += end - begin;
    return kernel->fire(x, begin, end, f);
}

typedef struct run {
    tacet_plan *p;
    tacet_value x, y;
    tc_kernel spy;
} run;

/* The layer reads the list of a ReLU of the inputs. */
static void begin(run *r, const char *model, tacet_sparse sparse, int threads)
{
    tacet_error why;
    tacet_graph *g = tacet_graph_new(NULL);
    r->x = tacet_input(g, "x", 3, (int64_t[]){LINES, 4, IN / LINES / 4});
    r->y = tacet_chain(g, r->x, model);
    r->p = tacet_compile(
        g, &(tacet_config){TACET_CONFIG, .batch = ROWS, .seed = 1, .threads = threads, .sparse = sparse}, &why);
    if (!r->p) fail_msg("%s", why.message);
    tacet_graph_free(g);
    kernel = r->p->run.kernel;
    r->spy = *kernel;
    r->spy.fire = counted_fire;
    r->p->run.kernel = &r->spy;
}

/* The outputs for x [ROWS, IN]. Returns the number of rows that were listed. */
static long long forward(run *r, const float *x, float *y)
{
    listed = 0;
    assert_int_equal(tacet_feed(r->p, r->x, TACET_F32, x), TACET_OK);
    assert_int_equal(tacet_forward(r->p, ROWS), TACET_OK);
    tacet_value_info v = {.size = sizeof v};
    assert_int_equal(tacet_value_at(r->p, r->y.id - 1, &v), TACET_OK);
    assert_int_equal(tacet_read(r->p, v.name, y, (size_t)(ROWS * v.elements)), TACET_OK);
    return listed;
}

/* One in `seldom` numbers is above 0; from row `from` up to row `to` all are. */
static void fill(float *x, int seldom, int from, int to)
{
    for (int i = 0; i < ROWS * IN; i++) {
        const bool fires = i * 7 % seldom == 0 || (i / IN >= from && i / IN < to);
        x[i] = fires ? 1 + (float)(i % 13) / 16 : -1;
    }
}

static void check(const char *model, int64_t lists_of_sample)
{
    static float x[ROWS * IN], y[2][ROWS * OUT];
    for (int threads = 1; threads <= 3; threads += 2) {
        run chosen, always;
        begin(&chosen, model, TACET_SPARSE_AUTO, threads);
        begin(&always, model, TACET_SPARSE_ALWAYS, threads);
        /* Too dense as a whole: no list. */
        fill(x, 1, 0, 0);
        assert_int_equal(forward(&chosen, x, y[0]), 0);
        /* Likewise, though one line of each image is silent. */
        for (int line = 0; line < LINES; line++) {
            fill(x, 1, 0, 0);
            for (int r = 0; r < ROWS; r++)
                for (int i = 0; i < IN / LINES; i++) x[r * IN + line * IN / LINES + i] = -1;
            assert_int_equal(forward(&chosen, x, y[0]), 0);
        }
        /* Silent everywhere: all are listed at once. */
        fill(x, 50, 0, 0);
        assert_int_equal(forward(&chosen, x, y[0]), ROWS * lists_of_sample);
        assert_int_equal(forward(&always, x, y[1]), ROWS * lists_of_sample);
        assert_memory_equal(y[0], y[1], sizeof y[0]);
        /* Dense in some rows only, at the beginning, between others, at the end: all are listed, some later. */
        for (int from = 0; from < ROWS; from += 96) {
            memset(y, 0, sizeof y);
            fill(x, 50, from, from + 32);
            assert_int_equal(forward(&chosen, x, y[0]), ROWS * lists_of_sample);
            assert_int_equal(forward(&always, x, y[1]), ROWS * lists_of_sample);
            assert_memory_equal(y[0], y[1], sizeof y[0]);
        }
        /* Dense in most rows: those that are silent are listed in vain. */
        fill(x, 50, 64, ROWS);
        assert_true(forward(&chosen, x, y[0]) <= 64 * lists_of_sample);
        tacet_plan_free(chosen.p);
        tacet_plan_free(always.p);
    }
}

static void rows_of_numbers(void **state)
{
    (void)state;
    check("flatten order=hwc | relu | linear 300", 1);
}

static void lines_of_images(void **state)
{
    (void)state;
    check("relu | conv2d 64 3 | flatten | linear 300", LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_numbers), cmocka_unit_test(lines_of_images)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
