/* firing_avx512.c: firing lists with AVX-512. */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "kernel/cpu/firing.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi,bmi2,popcnt"))),   \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi,bmi2,popcnt")
#endif

#define LANES 16
#define FIRING_SET tc_firing_avx512
#define FIRING_NAME "avx512"
#include "kernel/cpu/firing_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else
typedef int tc_firing_avx512_is_for_x86_64; /* an empty file is no C */
#endif
