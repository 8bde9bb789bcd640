/* largest.h: the k largest of n numbers, exactly k of them, without extra memory: among equal numbers the first win, 0
 * and -0 are equal, and a NaN is larger than all numbers, so that it is kept and the guard finds it.
 *
 * The bits of a float become a key that has the order of the floats. The k-th largest key is found bit by bit, from the
 * top: a bit is 1 if at least k keys are then at least as large. Each bit takes one vectorised count over all numbers;
 * if the count is exactly k, the lower bits are not needed. */
#ifndef TC_LARGEST_H
#define TC_LARGEST_H

#include "op/pointwise.h"

/* Kept are all keys above `least`, and the first `equal` of the keys that equal `least`. */
typedef struct tc_cut {
    uint32_t least;
    int64_t equal;
    bool all; /* all that equal `least` are kept */
} tc_cut;

TC_INLINE uint32_t tc_key(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t key = bits >> 31 ? ~bits : bits | 0x80000000u;
    return x != x ? UINT32_MAX : x == 0.0f ? 0x80000000u : key;
}

TC_INLINE int64_t tc_count_keys(const float *x, int64_t n, uint32_t least)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i += TC_RANGE) {
        const int64_t end = n - i < TC_RANGE ? n : i + TC_RANGE;
        int32_t here = 0;
        for (int64_t j = i; j < end; j++) here += tc_key(x[j]) >= least;
        count += here;
    }
    return count;
}

/* The cut that keeps k of x[n]; 1 <= k <= n. */
TC_INLINE tc_cut tc_cut_of(const float *x, int64_t n, int64_t k)
{
    uint32_t least = 0;
    for (int bit = 31; bit >= 0; bit--) {
        const uint32_t higher = least | 1u << bit;
        const int64_t count = tc_count_keys(x, n, higher);
        if (count == k) return (tc_cut){higher, k, true};
        if (count > k) least = higher;
    }
    const int64_t above = least < UINT32_MAX ? tc_count_keys(x, n, least + 1) : 0;
    return (tc_cut){least, k - above, false};
}

/* y = what is kept of x, otherwise 0; y may be x. */
TC_INLINE void tc_keep(const float *x, float *y, int64_t n, tc_cut cut)
{
    int64_t left = cut.equal;
    if (cut.all)
        for (int64_t i = 0; i < n; i++) y[i] = tc_key(x[i]) >= cut.least ? x[i] : 0.0f;
    else
        for (int64_t i = 0; i < n; i++) {
            const uint32_t key = tc_key(x[i]);
            const bool tie = key == cut.least && left > 0;
            left -= tie;
            y[i] = key > cut.least || tie ? x[i] : 0.0f;
        }
}

#endif
