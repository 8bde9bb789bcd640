/* cpu.c: selects the kernels by instruction set, and the density below which a list is faster than a dense product.
 *
 * A plan gets its table when it is compiled, which needs no variables, and no resolvers that run before main(), which
 * sanitizers and valgrind cannot handle. */
#include "kernel/cpu/cpu.h"

const tc_kernel *const *tc_cpu_sets(void)
{
#if defined(__x86_64__)
    static const tc_kernel *const sets[] = {&tc_cpu_avx512, &tc_cpu_avx2, &tc_cpu_plain, NULL};
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    return sets + (avx512 ? 0 : avx2 ? 1 : 2);
#else
    static const tc_kernel *const sets[] = {&tc_cpu_plain, NULL};
    return sets;
#endif
}

const tc_kernel *tc_cpu(void) { return *tc_cpu_sets(); }

/* Measured on batches of 16 to 64 images of 7 x 7 to 28 x 28 pixels with 16 to 256 channels, including the time to make
 * the lists. Sums by lines load a row of n weights for each entry and tap. Sums at taps sort the entries of m units and
 * copy pixels of n numbers, which several taps must pay for; entries of more units than a block has are passed over. */
static double break_even_of_images(int product, int64_t m, int64_t n, int64_t taps)
{
    enum { FEW = 32, MANY = 64, FEW_TAPS = 6 };
    if (product == TC_LINE_SUM) return n < FEW ? 0.05 : n < MANY ? 0.3 : 0.4;
    return (m <= MANY ? 0.4 : m <= 2 * MANY ? 0.3 : 0.15) * (n < FEW ? 0.5 : 1) * (taps < FEW_TAPS ? 0.2 : 1);
}

/* Measured on products of 8 to 256 rows and 512 to 4096 units, including the time to make the lists; the narrow ones on
 * 128 x 512 x 10. */
double tc_break_even_cpu(int product, int64_t m, int64_t n, int64_t k)
{
    enum { NARROW = 32, FEW_ROWS = 8 };
    static const double wide[TC_PRODUCTS] = {
        [TC_SPMM] = 0.65, [TC_SDDMM] = 0.45, [TC_SPMM_TN] = 0.6, [TC_DSMM_TN] = 0.4, [TC_SPMM_NT] = 0.5};
    static const double narrow[TC_PRODUCTS] = {
        [TC_SPMM] = 0.2, [TC_SDDMM] = 0.05, [TC_SPMM_TN] = 0.12, [TC_DSMM_TN] = 0.1, [TC_SPMM_NT] = 0.1};
    /* The length of the dense rows that a list selects. */
    const int64_t length[TC_PRODUCTS] = {
        [TC_SPMM] = n, [TC_SDDMM] = k, [TC_SPMM_TN] = n, [TC_DSMM_TN] = m, [TC_SPMM_NT] = n};
    if (product >= TC_PRODUCTS) return break_even_of_images(product, m, n, k);
    if ((double)m * (double)n * (double)k < 32.0 * 32.0 * 32.0) return 0;
    if (product == TC_SPMM_NT && m < FEW_ROWS) return 0; /* it transposes all of B, for however few rows */
    return (length[product] < NARROW ? narrow : wide)[product];
}
