/* gemm_small.c: products of small matrices, where a BLAS spends more on its preparations than on the product (4 x 32 x 128:
 * 0.2 us here, 1.5 us there). Operands are read where they are; only a transposed B is copied, a strip of two vectors
 * of columns at a time. For x86-64 with AVX2 or AVX-512: a tile's registers must be as wide as the machine's, so that
 * each set has an instance of its own. */
#include "kernel/cpu/gemm.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

/* In multiplications; above it a BLAS is as fast or faster (measured: OpenBLAS 0.3.21, which from AVX-512 on has small
 * kernels of its own). */
enum { MOST = 64 * 64 * 64, MOST_K = 256, THIN = 4 }; /* THIN: a sum so short leaves room for all of B in registers */

/* Columns [j, j + n) of the product, and the rows of B that they need. */
typedef struct strip {
    int64_t j, n, ldb;
    const float *b;
} strip;

#define AVX2 __attribute__((target("arch=x86-64-v3")))
#define AVX512 __attribute__((target("arch=x86-64-v4")))

typedef float four __attribute__((vector_size(16), aligned(sizeof(float)), may_alias));
typedef float eight __attribute__((vector_size(32), aligned(sizeof(float)), may_alias));

/* to[4][pitch] <- eight rows of four numbers, as columns. */
AVX2 INLINE void turn_block(const float *from, int64_t ld, float *to, int64_t pitch)
{
    eight x[4], y[4];
    for (int i = 0; i < 4; i++) {
        const four low = *(const four *)(const void *)(from + i * ld);
        const four high = *(const four *)(const void *)(from + (i + 4) * ld);
        x[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
    }
    for (int i = 0; i < 4; i += 2) {
        y[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        y[i + 1] = __builtin_shufflevector(x[i], x[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 2; i++) {
        *(eight *)(void *)(to + 2 * i * pitch) = __builtin_shufflevector(y[i], y[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        *(eight *)(void *)(to + (2 * i + 1) * pitch) = __builtin_shufflevector(y[i], y[i + 2], 2, 3, 10, 11, 6, 7, 14,
                                                                               15);
    }
}

/* to[k][pitch] <- from[n][ld], transposed. */
AVX2 static void turn(const float *from, int64_t ld, int64_t n, int64_t k, float *to, int64_t pitch)
{
    const int64_t n8 = n / 8 * 8, k4 = k / 4 * 4;
    for (int64_t j = 0; j < n8; j += 8)
        for (int64_t p = 0; p < k4; p += 4) turn_block(from + j * ld + p, ld, to + p * pitch + j, pitch);
    for (int64_t j = 0; j < n; j++)
        for (int64_t p = j < n8 ? k4 : 0; p < k; p++) to[p * pitch + j] = from[j * ld + p];
}

#define LANES 8
#define TARGET AVX2
#define TALL 8
#define WIDE 6
#define NAME(x) x##_avx2
static const int32_t head[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
#define HEAD(n) _mm256_loadu_si256((const __m256i *)(const void *)(head + 8 - (n)))
#define READ_PART(p, n) _mm256_maskload_ps(p, HEAD(n))
#define WRITE_PART(p, n, v) _mm256_maskstore_ps(p, HEAD(n), (__m256)(v))
#include "kernel/cpu/gemm_tile.h"
#undef LANES
#undef TARGET
#undef TALL
#undef WIDE
#undef NAME
#undef READ_PART
#undef WRITE_PART

#define LANES 16
#define TARGET AVX512
#define TALL 8
#define WIDE 8
#define NAME(x) x##_avx512
#define READ_PART(p, n) _mm512_maskz_loadu_ps((__mmask16)((1u << (n)) - 1), p)
#define WRITE_PART(p, n, v) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (n)) - 1), (__m512)(v))
#include "kernel/cpu/gemm_tile.h"

bool tc_gemm_small(const tc_gemm *g)
{
    if (g->m * g->n > MOST || g->m * g->n * g->k > MOST || (g->tb && g->k > MOST_K)) return false;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
        multiply_avx512(g);
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        multiply_avx2(g);
    else
        return false;
    return true;
}

#else

bool tc_gemm_small(const tc_gemm *g)
{
    (void)g;
    return false;
}

#endif
