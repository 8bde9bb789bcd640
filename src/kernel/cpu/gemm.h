/* gemm.h: the three ways to multiply matrices on a CPU. tc_gemm and its cases are described in kernel/kernel.h. */
#ifndef TC_GEMM_H
#define TC_GEMM_H

#include "kernel/kernel.h"

/* By the BLAS that Tacet was linked with, on one thread; by our own kernels where there is none, or where the product is
 * so small that a BLAS spends more on its preparations than on the product. Which one is a function of the shape and
 * the type of CPU alone. */
void tc_gemm_cpu(const tc_gemm *g);

/* Small products, at once; false: this is none, or not a CPU for it, and nothing was done. */
bool tc_gemm_small(const tc_gemm *g);

/* Any product: plain C, no BLAS, no allocation (about 200 KiB of stack). */
void tc_gemm_portable(const tc_gemm *g);

/* C's rows begin as the bias: what comes next adds to them. */
void tc_gemm_bias(const tc_gemm *g);

#endif
