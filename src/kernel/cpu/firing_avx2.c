/* firing_avx2.c: firing lists with AVX2. */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "kernel/cpu/firing.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,popcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2,popcnt")
#endif

#define LANES 8
#define FIRING_SET tc_firing_avx2
#define FIRING_NAME "avx2"
#include "kernel/cpu/firing_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else
typedef int tc_firing_avx2_is_for_x86_64; /* an empty file is no C */
#endif
