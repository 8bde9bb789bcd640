/* rng.h: random numbers that depend only on what they are for.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011) turns a key and a
 * counter into four words. The key is the seed; the counter is (element / 4, step, name), so the same element of the
 * same layer at the same step draws the same number on any thread, in any order, and in a replay. */
#ifndef TC_RNG_H
#define TC_RNG_H

#include <stdint.h>

void tc_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Element i of a stream is word i % 4 of block i / 4. */
typedef struct tc_stream {
    uint64_t seed;
    uint32_t step, name;
} tc_stream;

tc_stream tc_stream_of(uint64_t seed, uint64_t step, const char *name); /* the name is hashed (FNV-1a, 32 bit) */
void tc_stream_block(tc_stream s, uint64_t block, uint32_t out[4]);     /* elements 4 * block .. + 3 */
uint32_t tc_stream_word(tc_stream s, uint64_t i);                       /* element i */
float tc_uniform(uint32_t word);                                       /* to [0, 1), the upper 24 bits */
uint64_t tc_stream_below(tc_stream s, uint64_t i, uint64_t n);          /* 0..n-1 from elements 2i and 2i + 1 */

#endif
