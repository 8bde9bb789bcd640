/* cpu.h: the kernels of a CPU, and what their files share. What tc_kernel's functions do is in
 * kernel/kernel.h. */
#ifndef TC_CPU_H
#define TC_CPU_H

#include "kernel/kernel.h"

/* Small products and everything on firing lists are compiled for each instruction set (instruction_set.h); the rest is
 * the same in every table. tc_cpu_sets: the tables that this machine can run, best first, then NULL. */
const tc_kernel *const *tc_cpu_sets(void);
extern const tc_kernel tc_cpu_avx512, tc_cpu_avx2, tc_cpu_plain;

/* A product that is not small: by the BLAS that Tacet was linked with, on one thread, or without a BLAS by
 * tc_gemm_portable. The choice depends on the shape alone. */
void tc_gemm_large(const tc_gemm *g);

/* Any product: plain C, no BLAS, no allocation (about 200 KiB of stack). */
void tc_gemm_portable(const tc_gemm *g);

/* Sets every row of C to the bias, to which the product is then added. */
void tc_gemm_bias(const tc_gemm *g);

void tc_gather_cpu(const tc_gather *g, int64_t begin, int64_t end);
double tc_squares_cpu(const float *x, int64_t n);
double tc_break_even_cpu(int product, int64_t m, int64_t n, int64_t k);

/* Makes the BLAS run on the calling thread alone. Otherwise the bits of a product would depend on the number of
 * threads, and its threads would compete with those of the pool. A BLAS has this setting for the whole process: a
 * program that also uses the BLAS itself finds it single-threaded from then on. Cheap to repeat. */
void tc_blas_single_thread(void);

/* "OpenBLAS 0.3.21 ..." and the core type that its kernels were chosen for ("Zen"), or "" if unknown; without a BLAS
 * "none" and "". The strings are never freed. */
const char *tc_blas_name(void);
const char *tc_blas_core(void);

#endif
