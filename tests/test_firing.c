/* Firing lists and the products that read them, in every instruction set of this machine, compared with products in
 * double. Dense matrices are allocated without spare room, so that the address sanitizer sees reads past their end. */
#include "kernel/cpu/cpu.h"

#include "cmocka_all.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 3, SPECIAL = 2 }; /* GUARD: columns next to a block of C that must not change; SPECIAL: not a density */

static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * (2.0f / 16777216.0f) - 1.0f;
}

static void *room(int64_t bytes)
{
    void *p = malloc((size_t)(bytes > 0 ? bytes : 1));
    assert_non_null(p);
    return p;
}

static float *noisy(int64_t count, uint32_t *state)
{
    float *x = room(count * (int64_t)sizeof *x);
    for (int64_t i = 0; i < count; i++) x[i] = noise(state);
    return x;
}

/* Makes x [rows, n], of which the share `density` is not 0; a density below 0 means one element. Half the zeros are
 * -0. */
static float *firing_matrix(int64_t rows, int64_t n, double density, uint32_t *state)
{
    float *x = noisy(rows * n, state);
    for (int64_t i = 0; i < rows * n; i++) {
        const bool fires = density < 0 ? i == rows * n / 2 : (double)noise(state) < 2 * density - 1;
        if (!fires || x[i] == 0) x[i] = noise(state) < 0 ? -0.0f : 0;
        if (density >= SPECIAL && i % 7 == 3) x[i] = i % 2 ? NAN : i % 4 ? INFINITY : -INFINITY;
        if (density >= SPECIAL && i % 3) x[i] = 0;
    }
    return x;
}

static tc_firing lists_of(int64_t rows, int64_t n)
{
    tc_firing f = {.rows = rows, .n = n, .parts = 1, .pitch = n + TC_FIRING_PAD, .row_pitch = rows};
    f.count = room(rows * 4);
    f.in_row = room(rows * f.pitch * (int64_t)sizeof *f.in_row);
    f.hits = room(n * 4);
    f.of_unit = room(n * f.row_pitch * (int64_t)sizeof *f.of_unit);
    memset(f.in_row, 0x7f, (size_t)(rows * f.pitch) * sizeof *f.in_row);
    memset(f.of_unit, 0x7f, (size_t)(n * f.row_pitch) * sizeof *f.of_unit);
    return f;
}

static void lists_free(tc_firing *f) { free(f->count), free(f->in_row), free(f->hits), free(f->of_unit); }

/* Makes both lists in several calls, as threads do. */
static void make_lists(const tc_kernel *set, const float *x, tc_firing *f)
{
    f->fired = set->fire(x, 0, f->rows / 3, f) + set->fire(x, f->rows / 3, f->rows, f);
    const int64_t middle = f->n * 3 / 7;
    set->fire_units(middle, f->n, f);
    set->fire_units(0, middle, f);
}

static void check_lists(const float *x, const tc_firing *f)
{
    int64_t fired = 0;
    for (int64_t i = 0; i < f->rows; i++) {
        int64_t p = 0;
        for (int64_t j = 0; j < f->n; j++) {
            if (x[i * f->n + j] == 0) continue;
            assert_true(p < f->count[i] && f->in_row[i * f->pitch + p].at == j);
            assert_memory_equal(&f->in_row[i * f->pitch + p].value, &x[i * f->n + j], sizeof *x);
            p++;
        }
        assert_int_equal(f->count[i], p);
        fired += p;
    }
    assert_int_equal(f->fired, fired);
    for (int64_t j = 0; j < f->n; j++) {
        int64_t p = 0;
        for (int64_t i = 0; i < f->rows; i++) {
            if (x[i * f->n + j] == 0) continue;
            assert_true(p < f->hits[j] && f->of_unit[j * f->row_pitch + p].at == i);
            assert_memory_equal(&f->of_unit[j * f->row_pitch + p].value, &x[i * f->n + j], sizeof *x);
            p++;
        }
        assert_int_equal(f->hits[j], p);
    }
}

/* A product of x [rows, n] with a third size w, and its expected result. */
typedef struct task {
    int product;
    int64_t rows, n, w;
    double density;
    const float *x;
    float *a, *b, *bias;
    int64_t lda, ldb, m, cols; /* C [m, cols] */
    double *sum, *size;        /* [m, cols]: the product, and the sum of the absolute values of its terms */
} task;

/* Sets the shapes of C, A and B in memory. */
static void shape_of(task *t, uint32_t *state)
{
    const int64_t rows = t->rows, n = t->n, w = t->w;
    const int64_t shape[TC_PRODUCTS][6] = {/* C, A, B */
                                           [TC_SPMM] = {rows, w, 0, 0, n, w},
                                           [TC_SDDMM] = {rows, n, rows, w, n, w},
                                           [TC_SPMM_TN] = {n, w, 0, 0, rows, w},
                                           [TC_DSMM_TN] = {w, n, rows, w, 0, 0},
                                           [TC_SPMM_NT] = {rows, w, 0, 0, w, n}};
    const int64_t *s = shape[t->product];
    t->m = s[0], t->cols = s[1], t->lda = s[3] + GUARD, t->ldb = s[5] + GUARD;
    t->a = noisy(s[2] > 0 ? (s[2] - 1) * t->lda + s[3] : 0, state); /* the last row ends with its last element */
    t->b = noisy(s[4] > 0 ? (s[4] - 1) * t->ldb + s[5] : 0, state);
    t->bias = noisy(w, state);
}

static void add_term(task *t, int64_t i, int64_t j, float p, float q)
{
    t->sum[i * t->cols + j] += (double)p * (double)q;
    t->size[i * t->cols + j] += fabs((double)p * (double)q);
}

static void expect(task *t)
{
    t->sum = room(t->m * t->cols * 8), t->size = room(t->m * t->cols * 8);
    for (int64_t i = 0; i < t->m * t->cols; i++) t->sum[i] = t->size[i] = 0;
    for (int64_t i = 0; i < t->rows; i++)
        for (int64_t u = 0; u < t->n; u++) {
            const float x = t->x[i * t->n + u];
            for (int64_t k = 0; x != 0 && k < t->w; k++) {
                const float *a = t->a + i * t->lda + k, *b = t->b;
                if (t->product == TC_SPMM) add_term(t, i, k, x, b[u * t->ldb + k]);
                if (t->product == TC_SDDMM) add_term(t, i, u, *a, b[u * t->ldb + k]);
                if (t->product == TC_SPMM_TN) add_term(t, u, k, x, b[i * t->ldb + k]);
                if (t->product == TC_DSMM_TN) add_term(t, k, u, x, *a);
                if (t->product == TC_SPMM_NT) add_term(t, i, k, x, b[k * t->ldb + u]);
            }
        }
}

static bool takes_bias(int product) { return product == TC_SPMM || product == TC_SPMM_NT; }

static tc_sparse block_of(const task *t, const tc_firing *f, unsigned flags)
{
    return (tc_sparse){.x = f,
                       .m = t->m,
                       .n = t->cols,
                       .k = t->product == TC_SDDMM ? t->w : 0,
                       .a = t->a,
                       .b = t->b,
                       .lda = t->lda,
                       .ldb = t->ldb,
                       .ldc = t->cols + GUARD,
                       .bias = (flags & 2) && takes_bias(t->product) ? t->bias : NULL,
                       .add = flags & 1};
}

/* Compares c [m, cols + GUARD], which held `before`, with the expected result. */
static void check_result(const task *t, const tc_sparse *s, const float *c, const float *before, const char *set)
{
    for (int64_t i = 0; i < t->m; i++) {
        for (int64_t j = 0; j < t->cols; j++) {
            const float was = before[i * s->ldc + j], is = c[i * s->ldc + j];
            const bool untouched = t->product == TC_SDDMM && t->x[i * t->n + j] == 0;
            double want = t->sum[i * t->cols + j] + (s->add ? (double)was : 0);
            if (s->bias) want += (double)s->bias[j];
            const double off = fabs((double)is - want), bound = 1e-6 * (t->size[i * t->cols + j] + 2);
            if (isnan(want) ? isnan(is) : untouched ? is == (s->add ? was : 0) : (double)is == want || off <= bound)
                continue;
            fail_msg("%s, product %d of x [%d, %d] and %d at density %g, add %d: c[%d, %d] is %g, not %g", set,
                     t->product, (int)t->rows, (int)t->n, (int)t->w, t->density, s->add, (int)i, (int)j, (double)is,
                     want);
        }
        assert_memory_equal(c + i * s->ldc + t->cols, before + i * s->ldc + t->cols, GUARD * sizeof *c);
    }
}

/* Computes C in blocks that begin and end anywhere. */
static void run_in_blocks(const tc_kernel *set, const task *t, tc_sparse s, float *c)
{
    const tc_sparse whole = s;
    const int64_t down[] = {0, t->m / 5, t->m / 5 + (t->m > 1), t->m * 2 / 3, t->m};
    const int64_t across[] = {0, t->cols / 7, t->cols / 7 + (t->cols > 1), t->cols / 2, t->cols};
    for (int q = 0; q < 4; q++)
        for (int p = 0; p < 4; p++) {
            s.i = down[p], s.m = down[p + 1] - down[p];
            s.j = across[q], s.n = across[q + 1] - across[q];
            s.c = c + s.i * whole.ldc + s.j;
            set->sparse[t->product](&s);
        }
}

static void check_task(const tc_kernel *set, const task *t, const tc_firing *f, uint32_t *state)
{
    for (unsigned flags = 0; flags < 4; flags++) {
        tc_sparse s = block_of(t, f, flags);
        const int64_t size = t->m * s.ldc;
        float *before = noisy(size, state), *whole = room(size * 4), *blocks = room(size * 4);
        if (!s.add) before[0] = NAN; /* a stored result must not depend on the old content */
        memcpy(whole, before, (size_t)size * 4);
        memcpy(blocks, before, (size_t)size * 4);
        s.c = whole;
        set->sparse[t->product](&s);
        check_result(t, &s, whole, before, set->name);
        run_in_blocks(set, t, s, blocks);
        assert_memory_equal(whole, blocks, (size_t)size * 4);
        free(before), free(whole), free(blocks);
    }
}

static void check_shape(int64_t rows, int64_t n, int64_t w, double density)
{
    uint32_t state = (uint32_t)(rows * 7919 + n * 104729 + w * 31);
    float *x = firing_matrix(rows, n, density, &state);
    tc_firing f = lists_of(rows, n);
    for (int product = 0; product < TC_PRODUCTS; product++) {
        task t = {.product = product, .rows = rows, .n = n, .w = w, .density = density, .x = x};
        shape_of(&t, &state);
        expect(&t);
        for (const tc_kernel *const *set = tc_cpu_sets(); *set; set++) {
            make_lists(*set, x, &f);
            check_lists(x, &f);
            check_task(*set, &t, &f, &state);
        }
        free(t.a), free(t.b), free(t.bias), free(t.sum), free(t.size);
    }
    lists_free(&f);
    free(x);
}

static void small_shapes(void **unused)
{
    (void)unused;
    static const int64_t rows[] = {1, 2, 5, 16, 33}, n[] = {1, 7, 15, 16, 17, 63, 130}, w[] = {1, 10, 16, 17, 63, 131};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof n / sizeof *n; j++)
            for (size_t k = 0; k < sizeof w / sizeof *w; k++) check_shape(rows[i], n[j], w[k], 0.3);
}

static void every_density(void **unused)
{
    (void)unused;
    static const int64_t shape[][3] = {{1, 784, 300}, {5, 512, 64},    {128, 512, 10}, {127, 63, 257},
                                       {130, 17, 96}, {128, 200, 128}, {34, 130, 512}, {300, 70, 33}};
    static const double density[] = {0, -1, .005, .02, .1, .3, .5, 1, SPECIAL};
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
        for (size_t d = 0; d < sizeof density / sizeof *density; d++)
            check_shape(shape[i][0], shape[i][1], shape[i][2], density[d]);
}

/* Sizes beyond all internal blocks and buffers. */
static void large_shapes(void **unused)
{
    (void)unused;
    check_shape(128, 784, 130, .5);
    check_shape(128, 512, 512, .1);
    check_shape(130, 1100, 144, .02);
    check_shape(1100, 80, 272, .04);
    check_shape(2, 2100, 1100, .05);
}

/* The table that plans use is one of the sets. */
static void the_table_works(void **unused)
{
    (void)unused;
    enum { ROWS = 20, N = 40, W = 30 };
    uint32_t state = 3;
    float *x = firing_matrix(ROWS, N, .3, &state), *b = noisy(N * W, &state), *c = noisy(ROWS * W, &state);
    float *dense = noisy(ROWS * W, &state);
    tc_firing f = lists_of(ROWS, N);
    f.fired = tc_cpu()->fire(x, 0, ROWS, &f);
    tc_cpu()->fire_units(0, N, &f);
    check_lists(x, &f);
    tc_sparse s = {.x = &f, .m = ROWS, .n = W, .b = b, .ldb = W, .ldc = W, .c = c};
    tc_cpu()->sparse[TC_SPMM](&s);
    tc_cpu()->gemm(&(tc_gemm){.m = ROWS, .n = W, .k = N, .lda = N, .ldb = W, .ldc = W, .a = x, .b = b, .c = dense});
    for (int64_t i = 0; i < ROWS * W; i++) assert_true(fabsf(c[i] - dense[i]) < 1e-5f);
    for (int product = 0; product < TC_PRODUCTS; product++) {
        assert_non_null(tc_cpu()->sparse[product]);
        assert_true(tc_cpu()->break_even(product, 4, 4, 4) == 0); /* too small to be worth a list */
        const double at = tc_cpu()->break_even(product, 128, 512, 512);
        assert_true(at >= 0 && at <= 1);
    }
    lists_free(&f);
    free(x), free(b), free(c), free(dense);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(small_shapes), cmocka_unit_test(every_density),
                                       cmocka_unit_test(large_shapes), cmocka_unit_test(the_table_works)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
