/* reduce.h: sums over many numbers; see tc_kernel in kernel/kernel.h. */
#ifndef TC_REDUCE_H
#define TC_REDUCE_H

#include "kernel/kernel.h"

double tc_squares_cpu(const float *x, int64_t n);

#endif
