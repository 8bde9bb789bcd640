/* avx512.c: the kernels with AVX-512. */
#if defined(__x86_64__)
#define LANES 16
#define TARGET "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi,bmi2,popcnt"
#define KERNEL tc_cpu_avx512
#define NAME "x86-64-v4 (avx2, fma, avx512f)"
#include "kernel/cpu/instruction_set.h"
#else
typedef int tc_avx512_is_for_x86_64; /* C forbids an empty file */
#endif
