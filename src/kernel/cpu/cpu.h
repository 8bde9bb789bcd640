/* cpu.h: the kernels of a CPU, and what their files share. What tc_kernel's functions do is in
 * kernel/kernel.h. */
#ifndef TC_CPU_H
#define TC_CPU_H

#include "kernel/kernel.h"

/* The small products and all of firing lists are compiled for each instruction set (instruction_set.h); the rest is the
 * same in every table. tc_cpu_sets: those that this machine runs, best first, then NULL. */
const tc_kernel *const *tc_cpu_sets(void);
extern const tc_kernel tc_cpu_avx512, tc_cpu_avx2, tc_cpu_plain;

/* A product that is not small: by the BLAS that Tacet was linked with, on one thread, or tc_gemm_portable where there
 * is none. Which one is a function of the shape alone. */
void tc_gemm_large(const tc_gemm *g);

/* Any product: plain C, no BLAS, no allocation (about 200 KiB of stack). */
void tc_gemm_portable(const tc_gemm *g);

/* C's rows begin as the bias: what comes next adds to them. */
void tc_gemm_bias(const tc_gemm *g);

void tc_gather_cpu(const tc_gather *g, int64_t begin, int64_t end);
double tc_squares_cpu(const float *x, int64_t n);
double tc_break_even_cpu(int product, int64_t m, int64_t n, int64_t k);

/* Makes the BLAS run on the calling thread alone. Otherwise the bits of a product would depend on the number of
 * threads, and its threads would fight with those of the pool. The setting holds for the whole process, as a BLAS has
 * it: a program that also uses the BLAS itself finds it single-threaded from then on. Cheap when it is so already. */
void tc_blas_single_thread(void);

/* "OpenBLAS 0.3.21 ..." and the core type that its kernels were picked for ("Zen"), "" where it does not say; without a
 * BLAS "none" and "". The strings live forever. */
const char *tc_blas_name(void);
const char *tc_blas_core(void);

#endif
