/* vectors.h: the compiler's vectors of LANES floats, 16, 8 or 4: included where LANES is defined. */
#ifndef TC_VECTORS_H
#define TC_VECTORS_H

#include <stdint.h>

/* Everything is inlined, so it does not matter how a machine without such vectors passes and returns them. */
#pragma GCC diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

/* Before a loop over an array of vectors that must stay in registers. */
#define UNROLL _Pragma("GCC unroll 32")

/* Unaligned vectors. */
typedef float vec __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE vec load(const float *from) { return *(const vec *)(const void *)from; }
INLINE void store(float *to, vec x) { *(vec *)(void *)to = x; }

/* Shuffles of two vectors, the neighbours at distance d in a butterfly: the lane of a, or plus LANES of b, from which
 * lane l comes. If l does not have the bit d, low takes a's own lane and high a's partner; if it does, low takes b's
 * partner and high b's own lane. */
#define LOW(l, d) ((l) & (d) ? LANES + (l) - (d) : (l))
#define HIGH(l, d) ((l) & (d) ? LANES + (l) : (l) + (d))
#define FOUR(of, l, d) of((l), d), of((l) + 1, d), of((l) + 2, d), of((l) + 3, d)
#if LANES == 16
#define ALL(of, d) FOUR(of, 0, d), FOUR(of, 4, d), FOUR(of, 8, d), FOUR(of, 12, d)
#define EACH_DISTANCE(DO) DO(8) DO(4) DO(2) DO(1)
#elif LANES == 8
#define ALL(of, d) FOUR(of, 0, d), FOUR(of, 4, d)
#define EACH_DISTANCE(DO) DO(4) DO(2) DO(1)
#else
#define ALL(of, d) FOUR(of, 0, d)
#define EACH_DISTANCE(DO) DO(2) DO(1)
#endif
#define BOTH(of, a, b, d) __builtin_shufflevector(a, b, ALL(of, d))

#define TURN(d)                                                                                                        \
    for (int i = 0; i < LANES; i++)                                                                                    \
        if (!(i & (d))) {                                                                                              \
            const vec a = x[i], b = x[i + (d)];                                                                        \
            x[i] = BOTH(LOW, a, b, d);                                                                                 \
            x[i + (d)] = BOTH(HIGH, a, b, d);                                                                          \
        }

/* x[LANES][LANES], transposed in place. */
INLINE void turn(vec x[LANES]) { EACH_DISTANCE(TURN) }

/* A vector without a partner (count is a power of 2) is its own partner: the lanes that matter come out the same. */
#define FOLD(d)                                                                                                        \
    for (int i = 0; i < (d) && i < count; i++) {                                                                       \
        if (i + (d) < count)                                                                                           \
            x[i] = BOTH(LOW, x[i], x[i + (d)], d) + BOTH(HIGH, x[i], x[i + (d)], d);                                   \
        else                                                                                                           \
            x[i] += BOTH(HIGH, x[i], x[i], d);                                                                         \
    }

/* Lane l is the sum of x[l]'s lanes, for the first `count`, a constant power of 2. Its bits do not depend on count. */
INLINE vec sums(const int count, vec x[LANES])
{
    EACH_DISTANCE(FOLD)
    return x[0];
}

#endif
