/* magnitude.h: magnitudes by bits. */
#ifndef TC_MAGNITUDE_H
#define TC_MAGNITUDE_H

#include "kernel/sum.h"

typedef union tc_bits {
    float number;
    int32_t bits;
} tc_bits;

/* The larger of `most` and the bits of |x|, which are in the order of the magnitudes: those of what is not finite are at
 * least 0x7f800000. */
TC_INLINE int32_t tc_larger(int32_t most, float x)
{
    const tc_bits u = {x};
    const int32_t size = u.bits & INT32_MAX;
    return size > most ? size : most;
}

/* x with the bits of the mask: all of them, or all but the sign. */
TC_INLINE float tc_kept(float x, int32_t keep)
{
    tc_bits u = {x};
    u.bits &= keep;
    return u.number;
}

#endif
