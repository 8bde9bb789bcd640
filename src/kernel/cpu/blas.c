/* blas.c: OpenBLAS's own functions, as weak symbols, so that any other CBLAS links as well. */
#include "kernel/cpu/cpu.h"

#ifdef TC_CBLAS

__attribute__((weak)) void openblas_set_num_threads(int threads);
__attribute__((weak)) int openblas_get_num_threads(void);
__attribute__((weak)) char *openblas_get_config(void);
__attribute__((weak)) char *openblas_get_corename(void);

void tc_blas_single_thread(void)
{
    if (!openblas_set_num_threads || !openblas_get_num_threads) return;
    if (openblas_get_num_threads() != 1) openblas_set_num_threads(1);
}

const char *tc_blas_name(void)
{
    return openblas_get_config ? openblas_get_config() : "a CBLAS that does not say its name";
}
const char *tc_blas_core(void) { return openblas_get_corename ? openblas_get_corename() : ""; }

#else

void tc_blas_single_thread(void) {}
const char *tc_blas_name(void) { return "none"; }
const char *tc_blas_core(void) { return ""; }

#endif
