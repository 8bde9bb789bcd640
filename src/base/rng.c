/* rng.c: Philox4x32-10, as published: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC
 * 2011, section 4.3 and table 2 (multipliers and Weyl constants). */
#include "base/rng.h"

void tc_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    enum { ROUNDS = 10 };
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int i = 0; i < ROUNDS; i++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; /* the golden ratio */
        k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* Fowler, Noll, Vo: FNV-1a, 32 bit. */
static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}

tc_stream tc_stream_of(uint64_t seed, uint64_t step, const char *name)
{
    /* The bits of a step above 32 go into the name's word: the counter has no other room for them. */
    const uint32_t high = (uint32_t)(step >> 32);
    return (tc_stream){.seed = seed, .step = (uint32_t)step, .name = hash(name) ^ (high * 0x9E3779B9u)};
}

void tc_stream_block(tc_stream s, uint64_t block, uint32_t out[4])
{
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), s.step, s.name};
    const uint32_t key[2] = {(uint32_t)s.seed, (uint32_t)(s.seed >> 32)};
    tc_philox(counter, key, out);
}

uint32_t tc_stream_word(tc_stream s, uint64_t i)
{
    uint32_t out[4];
    tc_stream_block(s, i / 4, out);
    return out[i % 4];
}

float tc_uniform(uint32_t word) { return (float)(word >> 8) * 0x1p-24f; }

uint64_t tc_stream_below(tc_stream s, uint64_t i, uint64_t n)
{
    /* The upper half of word * n: its bias is below n / 2^64 (Lemire, ACM TOMACS 29(1), 2019). Elements 2i and 2i + 1
     * lie in one block. */
    uint32_t out[4];
    tc_stream_block(s, i / 2, out);
    const uint32_t *w = out + i % 2 * 2;
    const uint64_t lo = w[0], hi = w[1], n_lo = n & UINT32_MAX, n_hi = n >> 32;
    const uint64_t middle = hi * n_lo + (lo * n_lo >> 32), cross = lo * n_hi + (middle & UINT32_MAX);
    return hi * n_hi + (middle >> 32) + (cross >> 32);
}
