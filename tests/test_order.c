/* Orders that are computed: a shuffle is a permutation, all of them are equally frequent, and a split is complete. */
#include "cmocka_all.h"
#include "data/order.h"

#include <math.h>
#include <string.h>

static tc_shuffle shuffle_of(int64_t n, uint64_t seed) { return tc_shuffle_of(tc_stream_of(seed, 0, "test"), n); }

static void every_row_once(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= 1100; n += n < 300 ? 1 : 101) {
        const tc_shuffle s = shuffle_of(n, (uint64_t)n);
        bool seen[1100] = {false};
        for (int64_t i = 0; i < n; i++) {
            const int64_t row = tc_shuffle_row(&s, i);
            assert_true(row >= 0 && row < n && !seen[row]);
            seen[row] = true;
        }
    }
}

/* Rows far apart in an order of 2^40 rows are all in range, and spread evenly over sixteen parts of it. */
static void more_rows_than_32_bits_count(void **state)
{
    (void)state;
    const int64_t all[] = {2500000000, (INT64_C(1) << 32) + 1, INT64_C(1) << 40};
    for (int k = 0; k < 3; k++) {
        const tc_shuffle s = shuffle_of(all[k], 1);
        int64_t part[16] = {0};
        for (int64_t i = 0; i < 16000; i++) {
            const int64_t row = tc_shuffle_row(&s, all[k] - 1 - i * (all[k] / 16000));
            assert_in_range(row, 0, all[k] - 1);
            part[row / (all[k] / 16 + 1)]++;
        }
        for (int i = 0; i < 16; i++) assert_in_range(part[i], 800, 1200); /* sigma is 31 */
    }
}

/* How many standard deviations chi-squared is above its mean, for `n` counts that should be equal. */
static double excess(const int64_t *count, int64_t n, int64_t all)
{
    const double expected = (double)all / (double)n;
    double chi = 0;
    for (int64_t i = 0; i < n; i++) chi += ((double)count[i] - expected) * ((double)count[i] - expected) / expected;
    return (chi - (double)(n - 1)) / sqrt(2.0 * (double)(n - 1));
}

/* The number of an order among all orders of n rows: in base n. */
static int64_t number_of(const tc_shuffle *s)
{
    int64_t number = 0;
    for (int64_t i = 0; i < s->n; i++) number = number * s->n + tc_shuffle_row(s, i);
    return number;
}

static void all_orders_of_a_few_rows_are_equally_frequent(void **state)
{
    (void)state;
    enum { EACH = 200 };
    for (int64_t n = 3, orders = 6; n <= 5; n++, orders *= n) {
        static int64_t count[3125], used[120]; /* 5^5, 5! */
        memset(count, 0, sizeof count);
        for (int64_t seed = 0; seed < orders * EACH; seed++) {
            const tc_shuffle s = shuffle_of(n, (uint64_t)seed);
            count[number_of(&s)]++;
        }
        int64_t kinds = 0;
        for (int i = 0; i < 3125; i++)
            if (count[i]) used[kinds++] = count[i];
        assert_int_equal(kinds, orders);
        assert_true(fabs(excess(used, orders, orders * EACH)) < 4);
    }
}

/* Which row is at a place, and which follows it, says nothing about either. */
static void places_and_neighbours(void **state)
{
    (void)state;
    enum { ROWS = 50, TIMES = 100000 };
    static int64_t at[ROWS * ROWS], step[ROWS];
    for (int64_t t = 0; t < TIMES; t++) {
        const tc_shuffle s = shuffle_of(ROWS, (uint64_t)t);
        const int64_t i = t % ROWS, row = tc_shuffle_row(&s, i), next = tc_shuffle_row(&s, (i + 1) % ROWS);
        at[i * ROWS + row]++;
        step[(next - row + ROWS) % ROWS]++;
    }
    assert_true(fabs(excess(at, ROWS * ROWS, TIMES)) < 4);
    assert_int_equal(step[0], 0);
    assert_true(fabs(excess(step + 1, ROWS - 1, TIMES)) < 4);
}

static tc_split split_of(int64_t n, int64_t count, bool held, uint64_t seed)
{
    return (tc_split){.n = n, .count = count, .held = held, .draws = tc_stream_of(seed, 0, "test")};
}

/* Both sides ascend, and together they are all rows, once each. */
static void a_split_is_complete(void **state)
{
    (void)state;
    for (int64_t n = 2; n <= 60; n++)
        for (int64_t count = 1; count < n; count++) {
            bool seen[60] = {false};
            for (int held = 0; held < 2; held++) {
                const tc_split s = split_of(n, count, held, (uint64_t)n);
                for (int64_t i = 0, last = -1; i < (held ? count : n - count); i++) {
                    const int64_t row = tc_split_row(&s, i);
                    assert_true(row > last && row < n && !seen[row]);
                    seen[row] = true;
                    last = row;
                }
            }
        }
}

/* The same at both ends of 2^40 rows, where a product of two counts has 80 bits. */
static void a_split_of_very_many_rows(void **state)
{
    (void)state;
    const int64_t n = INT64_C(1) << 40, count = n / 3;
    const tc_split held = split_of(n, count, true, 5), kept = split_of(n, count, false, 5);
    int64_t last = -1, h = 0, k = 0;
    while (h < 1000) { /* merged, the two sides count from 0 */
        const int64_t a = tc_split_row(&held, h), b = tc_split_row(&kept, k);
        assert_int_equal(a < b ? a : b, ++last);
        if (a < b)
            h++;
        else
            k++;
    }
    const int64_t a = tc_split_row(&held, count - 1), b = tc_split_row(&kept, n - count - 1);
    assert_int_equal(a > b ? a : b, n - 1);
}

/* Each row of a run is as likely to be held out as the others. */
static void rows_that_are_held_out(void **state)
{
    (void)state;
    enum { ROWS = 60, RUN = 5, TIMES = 20000 };
    static int64_t count[ROWS];
    for (int64_t t = 0; t < TIMES; t++) {
        const tc_split s = split_of(ROWS, ROWS / RUN, true, (uint64_t)t);
        for (int64_t i = 0; i < ROWS / RUN; i++) {
            const int64_t row = tc_split_row(&s, i);
            assert_int_equal(row / RUN, i);
            count[row]++;
        }
    }
    for (int i = 0; i < ROWS; i++) assert_in_range(count[i], TIMES / RUN - 300, TIMES / RUN + 300); /* sigma is 57 */
}

/* Where more than half of the rows are held out, chance still decides which. */
static void most_rows_are_held_out(void **state)
{
    (void)state;
    enum { ROWS = 40, HELD = 30, TIMES = 20000 };
    static int64_t count[ROWS];
    for (int64_t t = 0; t < TIMES; t++) {
        const tc_split s = split_of(ROWS, HELD, true, (uint64_t)t);
        for (int64_t i = 0; i < HELD; i++) count[tc_split_row(&s, i)]++;
    }
    for (int i = 0; i < ROWS; i++) assert_in_range(count[i], TIMES * 3 / 4 - 350, TIMES * 3 / 4 + 350); /* sigma: 61 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_once),
        cmocka_unit_test(more_rows_than_32_bits_count),
        cmocka_unit_test(all_orders_of_a_few_rows_are_equally_frequent),
        cmocka_unit_test(places_and_neighbours),
        cmocka_unit_test(a_split_is_complete),
        cmocka_unit_test(a_split_of_very_many_rows),
        cmocka_unit_test(rows_that_are_held_out),
        cmocka_unit_test(most_rows_are_held_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
