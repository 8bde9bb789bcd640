/* gemm.h: the two ways to multiply matrices on a CPU. tc_gemm and its cases are described in kernel/kernel.h. */
#ifndef TC_GEMM_H
#define TC_GEMM_H

#include "kernel/kernel.h"

/* By the BLAS that Tacet was linked with, on one thread; by the own kernel where there is none, or where the product is
 * so small that a BLAS spends more on its preparations than on the product. Which one is a function of the shape
 * alone. */
void tc_gemm_cpu(const tc_gemm *g);

/* The own kernel: plain C, no BLAS, no allocation (about 200 KiB of stack). */
void tc_gemm_portable(const tc_gemm *g);

#endif
