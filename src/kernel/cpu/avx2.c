/* avx2.c: the kernels with AVX2 and FMA. */
#if defined(__x86_64__)
#define LANES 8
#define TARGET "avx2,fma,bmi,bmi2,popcnt"
#define KERNEL tc_cpu_avx2
#define NAME "x86-64-v3 (avx2, fma)"
#include "kernel/cpu/instruction_set.h"
#else
typedef int tc_avx2_is_for_x86_64; /* C forbids an empty file */
#endif
