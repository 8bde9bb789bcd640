/* cpu.c: the kernels of a CPU. */
#include "kernel/cpu/blas.h"
#include "kernel/cpu/gather.h"
#include "kernel/cpu/gemm.h"

const tc_kernel tc_cpu = {
    .name = "cpu",
    .prepare = tc_blas_single_thread,
    .gemm = tc_gemm_cpu,
    .gather = tc_gather_cpu,
};
