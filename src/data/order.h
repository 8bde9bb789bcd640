/* order.h: which row comes i-th, computed from i, so that an order of any number of rows takes no memory.
 *
 * A shuffle is a permutation of n rows. A split holds out some of n rows and keeps the others; both sides stay in the
 * order of the rows. */
#ifndef TC_ORDER_H
#define TC_ORDER_H

#include "base/rng.h"

#include <stdbool.h>

enum { TC_SHUFFLE_ROUNDS = 8 };

typedef struct tc_shuffle {
    int64_t n;
    int bits[2]; /* of the two halves of a number: low, high */
    uint64_t key[TC_SHUFFLE_ROUNDS];
} tc_shuffle;

tc_shuffle tc_shuffle_of(tc_stream s, int64_t n);
int64_t tc_shuffle_row(const tc_shuffle *s, int64_t i); /* of 0..n-1 */

typedef struct tc_split {
    int64_t n, count; /* count of n rows are held out, 0 < count < n */
    tc_stream draws;
    bool held; /* the side: what is held out, or what is kept */
} tc_split;

int64_t tc_split_row(const tc_split *s, int64_t i); /* ascending in i */

#endif
