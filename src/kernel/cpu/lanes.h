/* lanes.h: operations that the compiler's vectors lack, in one instruction set: vectors that are partly outside a
 * matrix, and packing the nonzero lanes. Part of instruction_set.h; LANES is 16 (AVX-512), 8 (AVX2 and FMA) or 4 (any
 * machine).
 *
 *     some           which lanes are inside: the first some_of(count). The others are neither read by load_some nor
 *                    written by store_some, and load as 0
 *     nonzero        the lanes that are not 0 (NaN is not 0), as bits
 *     pick           the same as entries, first + their lanes; LANES entries are written. Returns how many there are
 *     pick_few       the same of 16 lanes, faster if at most 8 are not 0 */
#if LANES == 16

typedef __mmask16 some;
INLINE some some_of(int64_t count) { return (some)((1u << count) - 1); }
INLINE vec load_some(const float *from, some s) { return (vec)_mm512_maskz_loadu_ps(s, from); }
INLINE void store_some(float *to, vec x, some s) { _mm512_mask_storeu_ps(to, s, (__m512)x); }

INLINE uint32_t nonzero(vec x)
{
    return _cvtmask16_u32(_mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_NEQ_UQ));
}

INLINE int64_t pick_either(vec x, int32_t first, const bool few, tc_entry *to)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const uint32_t on = nonzero(x); /* in a general register: GCC 12 spills a mask as 16 bits and then counts 32 */
    const __m512i value = _mm512_castps_si512(_mm512_maskz_compress_ps((__mmask16)on, (__m512)x));
    const __m512i at = _mm512_maskz_compress_epi32((__mmask16)on, _mm512_add_epi32(lane, _mm512_set1_epi32(first)));
    const int count = __builtin_popcount(on);
    _mm512_storeu_si512(to, _mm512_permutex2var_epi32(at, low, value));
    if (!few || count > 8) _mm512_storeu_si512(to + 8, _mm512_permutex2var_epi32(at, high, value));
    return count;
}

INLINE int64_t pick(vec x, int32_t first, tc_entry *to) { return pick_either(x, first, false, to); }
INLINE int64_t pick_few(vec x, int32_t first, tc_entry *to) { return pick_either(x, first, true, to); }

#elif LANES == 8

typedef __m256i some;
INLINE some some_of(int64_t count)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane);
}
INLINE vec load_some(const float *from, some s) { return (vec)_mm256_maskload_ps(from, s); }
INLINE void store_some(float *to, vec x, some s) { _mm256_maskstore_ps(to, s, (__m256)x); }

INLINE uint32_t nonzero(vec x)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps((__m256)x, _mm256_setzero_ps(), _CMP_NEQ_UQ));
}

/* For each set of lanes: its lanes, ascending, one byte each. */
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

INLINE uint32_t nonzero(vec x)
{
    uint32_t on = 0;
    for (int l = 0; l < LANES; l++) on |= (uint32_t)(x[l] != 0) << l;
    return on;
}

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

/* The first n floats of a vector, or all of them if n is larger. */
INLINE vec load_first(const float *p, int64_t n) { return n >= LANES ? load(p) : load_some(p, some_of(n)); }
INLINE void store_first(float *p, vec v, int64_t n)
{
    if (n >= LANES)
        store(p, v);
    else
        store_some(p, v, some_of(n));
}
