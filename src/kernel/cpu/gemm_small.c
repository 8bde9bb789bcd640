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

typedef void strip_fn(const tc_gemm *g, const strip *s);

#define AVX2 __attribute__((target("arch=x86-64-v3")))
#define AVX512 __attribute__((target("arch=x86-64-v4")))

#define LANES 8
#define TARGET AVX2
#define TALL 8
#define WIDE 6
#define NAME(x) x##_avx2
#define PAIR(x) _mm256_insertf128_ps(_mm256_castps128_ps256((x)[0]), (x)[1], 1)
static const int32_t head[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
#define HEAD(n) _mm256_loadu_si256((const __m256i *)(const void *)(head + 8 - (n)))
#define READ_PART(p, n) _mm256_maskload_ps(p, HEAD(n))
#define WRITE_PART(p, n, v) _mm256_maskstore_ps(p, HEAD(n), (__m256)(v))
#define READ_FOUR(p, n) _mm_maskload_ps(p, _mm256_castsi256_si128(HEAD(n)))
#define JOIN(x) PAIR(x)
#define MIX(a, b, order) _mm256_shuffle_ps((__m256)(a), (__m256)(b), order)
#include "kernel/cpu/gemm_tile.h"
#undef LANES
#undef TARGET
#undef TALL
#undef WIDE
#undef NAME
#undef READ_PART
#undef WRITE_PART
#undef READ_FOUR
#undef JOIN
#undef MIX

#define LANES 16
#define TARGET AVX512
#define TALL 8
#define WIDE 8
#define NAME(x) x##_avx512
#define READ_PART(p, n) _mm512_maskz_loadu_ps((__mmask16)((1u << (n)) - 1), p)
#define WRITE_PART(p, n, v) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (n)) - 1), (__m512)(v))
#define READ_FOUR(p, n) _mm_maskz_loadu_ps((__mmask8)((1u << (n)) - 1), p)
#define JOIN(x) _mm512_insertf32x8(_mm512_castps256_ps512(PAIR(x)), PAIR(x + 2), 1)
#define MIX(a, b, order) _mm512_shuffle_ps((__m512)(a), (__m512)(b), order)
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
