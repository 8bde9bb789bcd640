/* The CPU's kernels: both kinds of matrix products against a product in double, rows gathered from every type,
 * transposes. */
#include "kernel/cpu/cpu.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PAD = 3 }; /* extra columns between stored rows, which must not change */

/* The same numbers in every run, in [-1, 1). */
static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * (2.0f / 16777216.0f) - 1.0f;
}

static float *noisy(int64_t count, uint32_t *state)
{
    float *x = malloc((size_t)(count > 0 ? count : 1) * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < count; i++) x[i] = noise(state);
    return x;
}

static double element(const float *x, bool transposed, int64_t pitch, int64_t i, int64_t j)
{
    return (double)(transposed ? x[j * pitch + i] : x[i * pitch + j]);
}

static void check_product(void (*gemm)(const tc_gemm *g), int64_t m, int64_t n, int64_t k, unsigned flags)
{
    uint32_t state = (uint32_t)(m * 7919 + n * 104729 + k * 31 + flags);
    tc_gemm g = {.ta = flags & 1, .tb = (flags & 2) != 0, .add = (flags & 4) != 0, .m = m, .n = n, .k = k};
    g.lda = (g.ta ? m : k) + PAD;
    g.ldb = (g.tb ? k : n) + PAD;
    g.ldc = n + PAD;
    float *a = noisy((g.ta ? k : m) * g.lda, &state), *b = noisy((g.tb ? n : k) * g.ldb, &state);
    float *c = noisy(m * g.ldc, &state), *before = malloc((size_t)(m * g.ldc) * sizeof *before);
    assert_non_null(before);
    if (!g.add) c[0] = NAN; /* a stored result must not depend on the old content */
    memcpy(before, c, (size_t)(m * g.ldc) * sizeof *c);
    g.a = a, g.b = b, g.c = c;
    float *bias = noisy(n, &state);
    if (flags & 8) g.bias = bias;
    gemm(&g);
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            double sum = g.add ? (double)before[i * g.ldc + j] : g.bias ? (double)bias[j] : 0;
            for (int64_t p = 0; p < k; p++) sum += element(a, g.ta, g.lda, i, p) * element(b, g.tb, g.ldb, p, j);
            if (!(fabs((double)c[i * g.ldc + j] - sum) <= 2e-7 * (double)(k + 4)))
                fail_msg("m=%d n=%d k=%d flags=%u: c[%d, %d] is %g, not %g", (int)m, (int)n, (int)k, flags, (int)i,
                         (int)j, (double)c[i * g.ldc + j], sum);
        }
        assert_memory_equal(c + i * g.ldc + n, before + i * g.ldc + n, PAD * sizeof *c);
    }
    free(a), free(b), free(c), free(before), free(bias);
}

static void check_all_flags(int64_t m, int64_t n, int64_t k)
{
    for (unsigned flags = 0; flags < 12; flags++) { /* 8 to 11: with a bias, so without add */
        check_product(tc_gemm_portable, m, n, k, flags);
        for (const tc_kernel *const *set = tc_cpu_sets(); *set; set++) check_product((*set)->gemm, m, n, k, flags);
    }
}

static void small_products(void **unused)
{
    (void)unused;
    static const int64_t size[] = {1, 2, 3, 5, 6, 7, 8, 13, 16, 17, 31, 32, 33};
    enum { N = sizeof size / sizeof *size };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k += 3) check_all_flags(size[i], size[j], size[k]);
}

/* Sizes around the edges of blocks (48 x 128 x 256), and of the copies made before multiplying. */
static void larger_products(void **unused)
{
    (void)unused;
    static const int64_t shape[][3] = {{47, 127, 255}, {48, 128, 256}, {49, 129, 257}, {100, 10, 513}, {1, 300, 300},
                                       {300, 1, 300},  {97, 145, 1},   {24, 64, 70},   {25, 65, 70},   {128, 200, 784}};
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) check_all_flags(shape[i][0], shape[i][1], shape[i][2]);
}

/* An empty sum stores zero, or adds nothing. */
static void empty_products(void **unused)
{
    (void)unused;
    check_all_flags(3, 5, 0);
    float c = 7;
    tc_gemm g = {.m = 0, .n = 0, .k = 4, .lda = 4, .ldb = 1, .ldc = 1, .a = &c, .b = &c, .c = &c};
    tc_gemm_portable(&g);
    assert_float_equal(c, 7, 0);
}

static void same_shape_same_bits(void **unused)
{
    (void)unused;
    enum { M = 70, N = 90, K = 300 };
    uint32_t state = 5;
    float *a = noisy(M * K, &state), *b = noisy(K * N, &state), *c = noisy(M * N, &state), *d = noisy(M * N, &state);
    tc_blas_single_thread();
    tc_gemm g = {.m = M, .n = N, .k = K, .lda = K, .ldb = N, .ldc = N, .a = a, .b = b, .c = c};
    tc_cpu()->gemm(&g);
    g.c = d;
    tc_cpu()->gemm(&g);
    assert_memory_equal(c, d, M * N * sizeof *c);
    free(a), free(b), free(c), free(d);
}

enum { ROWS = 4, COLS = 3 };
static const int64_t picked[] = {2, 0, 3, 2};

static void check_gather(tacet_type type, const void *from, const double expect[ROWS * COLS])
{
    static const double scale1 = 0.5, shift1 = -1, scale[COLS] = {1, 2, 0.25}, shift[COLS] = {0, -3, 10};
    static const tacet_scaling one = {sizeof one, 1, &scale1, &shift1}, each = {sizeof each, COLS, scale, shift};
    static const tacet_scaling *const scalings[] = {NULL, &one, &each};
    for (int s = 0; s < 3; s++)
        for (int indexed = 0; indexed < 2; indexed++) {
            float to[ROWS * COLS] = {0};
            tc_gather g = {.type = type,
                           .from = from,
                           .index = indexed ? picked : NULL,
                           .scaling = scalings[s],
                           .n = COLS,
                           .to = to};
            tc_cpu()->gather(&g, 0, 1);
            tc_cpu()->gather(&g, 1, ROWS);
            for (int i = 0; i < ROWS; i++)
                for (int j = 0; j < COLS; j++) {
                    double x = expect[(indexed ? picked[i] : i) * COLS + j];
                    if (s == 1) x = x * scale1 + shift1;
                    if (s == 2) x = x * scale[j] + shift[j];
                    assert_true(fabs((double)to[i * COLS + j] - x) <= 1e-7 * fabs(x));
                }
        }
}

#define GATHER(type, kind, ...)                                                                                        \
    do {                                                                                                               \
        static const kind from[ROWS * COLS] = {__VA_ARGS__};                                                           \
        double expect[ROWS * COLS];                                                                                    \
        for (int i = 0; i < ROWS * COLS; i++) expect[i] = (double)from[i];                                             \
        check_gather(type, from, expect);                                                                              \
    } while (0)

static void gathers_every_type(void **unused)
{
    (void)unused;
    GATHER(TACET_F32, float, 1, 2, 3, 4, 5, 6, -7, 8.5f, 9, 10, 11, 12);
    GATHER(TACET_U8, uint8_t, 0, 255, 3, 4, 5, 128, 7, 8, 9, 10, 11, 12);
    GATHER(TACET_I32, int32_t, -1, 2, 3, 4, 100000, 6, 7, 8, 9, 10, 11, -12);
    GATHER(TACET_F64, double, 1e-3, 2, 3, 4, 5, 6, 7, 1e6, 9, 10, -11, 12);
    GATHER(TACET_I64, int64_t, 1, 2, -3, 4, 5, 6, 7, 8, 9, 1 << 20, 11, 12);
}

/* Large doubles are scaled before they are rounded to float32, which could not tell them apart. */
static void wide_types_are_scaled_before_they_are_rounded(void **unused)
{
    (void)unused;
    const double scale = 1, shift = -1600000000;
    const tacet_scaling s = {sizeof s, 1, &scale, &shift};
    const double from[] = {1600000001.0, 1600000003.0};
    const int64_t whole[] = {1600000001, 1600000003};
    float to[2];
    tc_gather g = {.type = TACET_F64, .from = from, .scaling = &s, .n = 2, .to = to};
    tc_cpu()->gather(&g, 0, 1);
    assert_true(to[0] == 1 && to[1] == 3);
    g = (tc_gather){.type = TACET_I64, .from = whole, .scaling = &s, .n = 2, .to = to};
    tc_cpu()->gather(&g, 0, 1);
    assert_true(to[0] == 1 && to[1] == 3);
}

static void check_transpose(const tc_kernel *k, int64_t m, int64_t n, bool add)
{
    uint32_t state = (uint32_t)(m * 100 + n);
    const int64_t pitch = n + PAD, to_pitch = m + PAD;
    float *from = noisy(m * pitch, &state), *to = noisy(n * to_pitch, &state), *before = noisy(n * to_pitch, &state);
    memcpy(before, to, (size_t)(n * to_pitch) * sizeof *to);
    k->transpose(from, pitch, m, n, add, to, to_pitch);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < to_pitch; i++) {
            const float was = before[j * to_pitch + i], x = i < m ? from[i * pitch + j] : 0;
            assert_true(to[j * to_pitch + i] == (i >= m ? was : add ? was + x : x));
        }
    free(from);
    free(to);
    free(before);
}

static void transposes(void **unused)
{
    (void)unused;
    static const int64_t size[][2] = {{1, 1}, {1, 40}, {40, 1}, {3, 5}, {16, 16}, {49, 64}, {33, 17}};
    for (const tc_kernel *const *set = tc_cpu_sets(); *set; set++)
        for (size_t i = 0; i < sizeof size / sizeof *size; i++)
            for (int add = 0; add < 2; add++) check_transpose(*set, size[i][0], size[i][1], add);
}

static void the_machine_is_described(void **unused)
{
    (void)unused;
    char text[2048], cut[8];
    const size_t length = tacet_machine(text, sizeof text);
    assert_int_equal(length, strlen(text));
    static const char *const key[] = {"tacet: ", "\ncompiler: ", "\nflags: ", "\ncpu: ", "\nblas: ", "\nblas core: "};
    for (size_t i = 0; i < sizeof key / sizeof *key; i++) assert_non_null(strstr(text, key[i]));
    assert_int_equal(tacet_machine(cut, sizeof cut), length);
    assert_memory_equal(cut, text, sizeof cut - 1);
    assert_int_equal(cut[sizeof cut - 1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_products),     cmocka_unit_test(larger_products),
        cmocka_unit_test(empty_products),     cmocka_unit_test(same_shape_same_bits),
        cmocka_unit_test(gathers_every_type), cmocka_unit_test(wide_types_are_scaled_before_they_are_rounded),
        cmocka_unit_test(transposes),         cmocka_unit_test(the_machine_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
