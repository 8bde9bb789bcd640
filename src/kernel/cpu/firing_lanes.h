/* firing_lanes.h: the vectors of one instruction set. LANES is 16 (AVX-512), 8 (AVX2 and FMA) or 4 (any machine).
 *
 * Plain operators on the compiler's vectors do most of the work; what the compiler has no word for is here: vectors that
 * lie partly outside of a matrix, and the packing of those lanes that are not 0. */
#ifndef TC_FIRING_LANES_H
#define TC_FIRING_LANES_H

#include "kernel/cpu/firing.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* Before a loop over an array of vectors that must stay in registers. */
#define UNROLL _Pragma("GCC unroll 16")

/* Floats at any address. */
typedef float vec __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE vec load(const float *from) { return *(const vec *)(const void *)from; }
INLINE void store(float *to, vec x) { *(vec *)(void *)to = x; }

/* `some` says which lanes lie inside: the first `count`. The others are neither read nor written, and load as 0. */
#if LANES == 16

typedef __mmask16 some;
INLINE some some_of(int64_t count) { return (some)((1u << count) - 1); }
INLINE vec load_some(const float *from, some s) { return (vec)_mm512_maskz_loadu_ps(s, from); }
INLINE void store_some(float *to, vec x, some s) { _mm512_mask_storeu_ps(to, s, (__m512)x); }

#elif LANES == 8

typedef __m256i some;
INLINE some some_of(int64_t count)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane);
}
INLINE vec load_some(const float *from, some s) { return (vec)_mm256_maskload_ps(from, s); }
INLINE void store_some(float *to, vec x, some s) { _mm256_maskstore_ps(to, s, (__m256)x); }

#else

typedef int64_t some;
INLINE some some_of(int64_t count) { return count; }
INLINE vec load_some(const float *from, some s)
{
    vec x = {0};
    for (int l = 0; l < LANES; l++)
        if (l < s) x[l] = from[l];
    return x;
}
INLINE void store_some(float *to, vec x, some s)
{
    for (int l = 0; l < LANES; l++)
        if (l < s) to[l] = x[l];
}

#endif

/* Lanes of x that are not 0 (NaN is not), as bits. */
#if LANES == 16
INLINE uint32_t nonzero(vec x)
{
    return _cvtmask16_u32(_mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_NEQ_UQ));
}
#elif LANES == 8
INLINE uint32_t nonzero(vec x)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps((__m256)x, _mm256_setzero_ps(), _CMP_NEQ_UQ));
}
#else
INLINE uint32_t nonzero(vec x)
{
    uint32_t on = 0;
    for (int l = 0; l < LANES; l++) on |= (uint32_t)(x[l] != 0) << l;
    return on;
}
#endif

/* Lanes of x that are not 0 as entries, first + their lanes; LANES entries are written. How many there are. */
#if LANES == 16

INLINE int64_t pick(vec x, int32_t first, tc_entry *to)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const uint32_t on = nonzero(x); /* in a general register: GCC 12 spills a mask as 16 bits and then counts 32 */
    const __m512i value = _mm512_castps_si512(_mm512_maskz_compress_ps((__mmask16)on, (__m512)x));
    const __m512i at = _mm512_maskz_compress_epi32((__mmask16)on, _mm512_add_epi32(lane, _mm512_set1_epi32(first)));
    _mm512_storeu_si512(to, _mm512_permutex2var_epi32(at, low, value));
    _mm512_storeu_si512(to + 8, _mm512_permutex2var_epi32(at, high, value));
    return __builtin_popcount(on);
}

#elif LANES == 8

/* For each set of lanes: its lanes, ascending, a byte each. */
#define LANE(m, l) ((uint64_t)((m) >> (l)&1) * (uint64_t)(l) << 8 * __builtin_popcount((m) & ((1 << (l)) - 1)))
#define SET(m) (LANE(m, 0) | LANE(m, 1) | LANE(m, 2) | LANE(m, 3) | LANE(m, 4) | LANE(m, 5) | LANE(m, 6) | LANE(m, 7))
#define SETS4(m) SET(m), SET((m) + 1), SET((m) + 2), SET((m) + 3)
#define SETS16(m) SETS4(m), SETS4((m) + 4), SETS4((m) + 8), SETS4((m) + 12)
#define SETS64(m) SETS16(m), SETS16((m) + 16), SETS16((m) + 32), SETS16((m) + 48)
static const uint64_t lanes_of[256] = {SETS64(0), SETS64(64), SETS64(128), SETS64(192)};

INLINE int64_t pick(vec x, int32_t first, tc_entry *to)
{
    const uint32_t on = nonzero(x);
    const __m256i lane = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)&lanes_of[on]));
    const __m256i value = _mm256_castps_si256(_mm256_permutevar8x32_ps((__m256)x, lane));
    const __m256i at = _mm256_add_epi32(lane, _mm256_set1_epi32(first));
    const __m256i even = _mm256_unpacklo_epi32(at, value), odd = _mm256_unpackhi_epi32(at, value);
    _mm256_storeu_si256((__m256i *)(void *)to, _mm256_permute2x128_si256(even, odd, 0x20));
    _mm256_storeu_si256((__m256i *)(void *)(to + 4), _mm256_permute2x128_si256(even, odd, 0x31));
    return __builtin_popcount(on);
}

#else

INLINE int64_t pick(vec x, int32_t first, tc_entry *to)
{
    int64_t n = 0;
    for (int l = 0; l < LANES; l++) {
        to[n] = (tc_entry){first + l, x[l]};
        n += x[l] != 0;
    }
    return n;
}

#endif

/* Shuffles of two vectors, the neighbours at `distance` in a butterfly: of lanes whose bit `distance` is 0, low takes a's
 * own and high a's partner; where it is 1, low takes b's partner and high b's own. */
#define BOTH(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#if LANES == 16
#define LOW8(a, b) BOTH(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
#define HIGH8(a, b) BOTH(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
#define LOW4(a, b) BOTH(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27)
#define HIGH4(a, b) BOTH(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31)
#define LOW2(a, b) BOTH(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define HIGH2(a, b) BOTH(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define LOW1(a, b) BOTH(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30)
#define HIGH1(a, b) BOTH(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31)
#elif LANES == 8
#define LOW4(a, b) BOTH(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define HIGH4(a, b) BOTH(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#define LOW2(a, b) BOTH(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGH2(a, b) BOTH(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define LOW1(a, b) BOTH(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define HIGH1(a, b) BOTH(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#else
#define LOW2(a, b) BOTH(a, b, 0, 1, 4, 5)
#define HIGH2(a, b) BOTH(a, b, 2, 3, 6, 7)
#define LOW1(a, b) BOTH(a, b, 0, 4, 2, 6)
#define HIGH1(a, b) BOTH(a, b, 1, 5, 3, 7)
#endif

#define TURN(low, high, distance)                                                                                      \
    for (int i = 0; i < LANES; i++)                                                                                    \
        if (!(i & (distance))) {                                                                                       \
            const vec a = x[i], b = x[i + (distance)];                                                                 \
            x[i] = low(a, b);                                                                                          \
            x[i + (distance)] = high(a, b);                                                                            \
        }

/* x[LANES][LANES], transposed in place. */
INLINE void turn(vec x[LANES])
{
#if LANES >= 16
    TURN(LOW8, HIGH8, 8)
#endif
#if LANES >= 8
    TURN(LOW4, HIGH4, 4)
#endif
    TURN(LOW2, HIGH2, 2)
    TURN(LOW1, HIGH1, 1)
}

/* Where there is no partner (count is a power of 2), a vector is its own: the lanes that matter come out the same. */
#define FOLD(low, high, distance)                                                                                      \
    for (int i = 0; i < (distance) && i < count; i++) {                                                                \
        if (i + (distance) < count)                                                                                    \
            x[i] = low(x[i], x[i + (distance)]) + high(x[i], x[i + (distance)]);                                       \
        else                                                                                                           \
            x[i] += high(x[i], x[i]);                                                                                  \
    }

/* Lane l: the sum of x[l]'s lanes, for the first `count`, a constant power of 2. Its bits do not depend on count. */
INLINE vec sums(const int count, vec x[LANES])
{
#if LANES >= 16
    FOLD(LOW8, HIGH8, 8)
#endif
#if LANES >= 8
    FOLD(LOW4, HIGH4, 4)
#endif
    FOLD(LOW2, HIGH2, 2)
    FOLD(LOW1, HIGH1, 1)
    return x[0];
}

#endif
