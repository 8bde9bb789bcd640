/* cpu.c: which instruction set's kernels run, and from which density on a list is worth reading.
 *
 * A plan asks for its table when it is made. So there are no variables, and no pickers that run before main(), which
 * sanitizers and valgrind cannot see through. */
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

/* Measured on products of 8 to 256 rows and 512 to 4096 units, the making of the lists counted in; narrow ones on
 * 128 x 512 x 10. */
double tc_break_even_cpu(int product, int64_t m, int64_t n, int64_t k)
{
    enum { NARROW = 32, FEW_ROWS = 8 };
    static const double wide[TC_PRODUCTS] = {
        [TC_SPMM] = 0.65, [TC_SDDMM] = 0.45, [TC_SPMM_TN] = 0.6, [TC_DSMM_TN] = 0.4, [TC_SPMM_NT] = 0.5};
    static const double narrow[TC_PRODUCTS] = {
        [TC_SPMM] = 0.2, [TC_SDDMM] = 0.05, [TC_SPMM_TN] = 0.12, [TC_DSMM_TN] = 0.1, [TC_SPMM_NT] = 0.1};
    /* The length of what a list picks: rows of the dense matrix. */
    const int64_t length[TC_PRODUCTS] = {
        [TC_SPMM] = n, [TC_SDDMM] = k, [TC_SPMM_TN] = n, [TC_DSMM_TN] = m, [TC_SPMM_NT] = n};
    if ((double)m * (double)n * (double)k < 32.0 * 32.0 * 32.0) return 0;
    if (product == TC_SPMM_NT && m < FEW_ROWS) return 0; /* it turns all of B, however few read it */
    return (length[product] < NARROW ? narrow : wide)[product];
}
