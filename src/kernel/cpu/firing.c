/* firing.c: which instruction set's kernels run, and from which density on a list is worth reading.
 *
 * The set is asked for at each call, which is a few loads; so there are no variables, and no pickers that run before
 * main(), which sanitizers and valgrind cannot see through. */
#include "kernel/cpu/firing.h"

#if defined(__x86_64__)
static bool runs_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
}
static bool runs_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif
static bool runs_plain(void) { return true; }

const tc_firing_choice tc_firing_choices[] = {
#if defined(__x86_64__)
    {&tc_firing_avx512, runs_avx512},
    {&tc_firing_avx2, runs_avx2},
#endif
    {&tc_firing_plain, runs_plain},
};
const int tc_firing_choice_count = sizeof tc_firing_choices / sizeof *tc_firing_choices;

static const tc_firing_set *picked(void)
{
    const tc_firing_choice *c = tc_firing_choices;
    while (!c->runs()) c++;
    return c->set;
}

int64_t tc_fire_cpu(const float *x, int64_t begin, int64_t end, tc_firing *f)
{
    return picked()->fire(x, begin, end, f);
}
void tc_fire_units_cpu(int64_t begin, int64_t end, tc_firing *f) { picked()->fire_units(begin, end, f); }
void tc_spmm_cpu(const tc_sparse *s) { picked()->sparse[TC_SPMM](s); }
void tc_sddmm_cpu(const tc_sparse *s) { picked()->sparse[TC_SDDMM](s); }
void tc_spmm_tn_cpu(const tc_sparse *s) { picked()->sparse[TC_SPMM_TN](s); }
void tc_dsmm_tn_cpu(const tc_sparse *s) { picked()->sparse[TC_DSMM_TN](s); }
void tc_spmm_nt_cpu(const tc_sparse *s) { picked()->sparse[TC_SPMM_NT](s); }

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
