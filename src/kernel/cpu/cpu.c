/* cpu.c: the kernels of a CPU. */
#include "kernel/cpu/blas.h"
#include "kernel/cpu/firing.h"
#include "kernel/cpu/gather.h"
#include "kernel/cpu/gemm.h"
#include "kernel/cpu/reduce.h"

const tc_kernel tc_cpu = {
    .name = "cpu",
    .prepare = tc_blas_single_thread,
    .gemm = tc_gemm_cpu,
    .gather = tc_gather_cpu,
    .squares = tc_squares_cpu,
    .fire = tc_fire_cpu,
    .fire_units = tc_fire_units_cpu,
    .sparse = {[TC_SPMM] = tc_spmm_cpu,
               [TC_SDDMM] = tc_sddmm_cpu,
               [TC_SPMM_TN] = tc_spmm_tn_cpu,
               [TC_DSMM_TN] = tc_dsmm_tn_cpu,
               [TC_SPMM_NT] = tc_spmm_nt_cpu},
    .break_even = tc_break_even_cpu,
};
