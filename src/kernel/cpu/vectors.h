/* vectors.h: the compiler's vectors of LANES floats, 16, 8 or 4: included where LANES is defined. */
#ifndef TC_VECTORS_H
#define TC_VECTORS_H

#include <stdint.h>

/* All of this is inlined: it does not matter how a machine without such vectors passes and returns them. */
#pragma GCC diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

/* Before a loop over an array of vectors that must stay in registers. */
#define UNROLL _Pragma("GCC unroll 16")

/* Floats at any address. */
typedef float vec __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE vec load(const float *from) { return *(const vec *)(const void *)from; }
INLINE void store(float *to, vec x) { *(vec *)(void *)to = x; }

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
