/* instruction_set.h: the table of kernels for one instruction set. Not an ordinary header: avx512.c, avx2.c and plain.c
 * each include it once, with
 *
 *     LANES         floats of a vector
 *     TARGET        the compiler's name of the set; undefined for the set that everything is compiled for
 *     KERNEL, NAME  the table, and its name for users */
#include "kernel/cpu/cpu.h"

#include <string.h>

#ifdef TARGET
#include <immintrin.h>
#define PRAGMA_OF(text) _Pragma(#text)
#define PRAGMA(text) PRAGMA_OF(text)
#if defined(__clang__)
PRAGMA(clang attribute push(__attribute__((target(TARGET))), apply_to = function))
#else
PRAGMA(GCC target(TARGET))
#endif
#endif

#include "kernel/cpu/vectors.h"

#include "kernel/cpu/lanes.h"

#include "kernel/cpu/firing_lists.h"

#include "kernel/cpu/firing_rows.h"

#include "kernel/cpu/firing_dots.h"

#include "kernel/cpu/firing_images.h"

#include "kernel/cpu/gemm_small.h"

#include "kernel/cpu/conv_tiles.h"

const tc_kernel KERNEL = {
    .name = NAME,
    .prepare = tc_blas_single_thread,
    .gemm = GEMM,
    .gather = tc_gather_cpu,
    .squares = tc_squares_cpu,
    .transpose = transpose,
    .fire = fire,
    .fire_units = fire_units,
    .sparse =
        {[TC_SPMM] = spmm, [TC_SDDMM] = sddmm, [TC_SPMM_TN] = spmm_tn, [TC_DSMM_TN] = dsmm_tn, [TC_SPMM_NT] = spmm_nt},
    .line_sum = line_sum,
    .tap_sum = tap_sum,
    .conv = conv,
    .conv_w = conv_w,
    .break_even = tc_break_even_cpu,
};

#if defined(TARGET) && defined(__clang__)
#pragma clang attribute pop
#endif
