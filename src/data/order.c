/* order.c: shuffles and splits.
 *
 * A shuffle is a Feistel network (Luby, Rackoff: How to construct pseudorandom permutations from pseudorandom
 * functions, SIAM J. Computing 17(2), 1988) over the numbers below a power of two; as long as the result is not below
 * n, it goes through the network again ("cycle walking": Black, Rogaway: Ciphers with arbitrary finite domains, CT-RSA
 * 2002). That power of two is below 2n, except for few rows, so two passes are enough on average. Eight rounds, and
 * numbers of at least six bits, are what it takes for all orders of a few rows to be equally frequent
 * (tests/test_order.c).
 *
 * A split cuts the rows into `count` runs whose lengths differ by at most one and holds out one row of each, drawn by
 * seed (sampling with one unit per stratum: Cochran, Sampling Techniques, 3rd ed., chapter 5). So a file that is sorted
 * by class gives a share of every class, and either side can be counted through without a list of its rows. If more
 * than half of the rows are held out, the others are drawn instead: a run of one row would leave nothing to chance. */
#include "data/order.h"

enum { LOW, HIGH, LEAST_BITS = 6 };

tc_shuffle tc_shuffle_of(tc_stream stream, int64_t n)
{
    int bits = LEAST_BITS;
    while (INT64_C(1) << bits < n) bits++;
    tc_shuffle s = {.n = n, .bits = {bits - bits / 2, bits / 2}};
    for (uint64_t r = 0; r < TC_SHUFFLE_ROUNDS; r++)
        s.key[r] = (uint64_t)tc_stream_word(stream, 2 * r) << 32 | tc_stream_word(stream, 2 * r + 1);
    return s;
}

/* The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). */
static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

int64_t tc_shuffle_row(const tc_shuffle *s, int64_t i)
{
    const int low_bits = s->bits[LOW], high_bits = s->bits[HIGH];
    uint64_t x = (uint64_t)i;
    do {
        uint64_t low = x & ((UINT64_C(1) << low_bits) - 1), high = x >> low_bits;
        for (int r = 0; r < TC_SHUFFLE_ROUNDS; r += 2) {
            high ^= mix(low + s->key[r]) >> (64 - high_bits);
            low ^= mix(high + s->key[r + 1]) >> (64 - low_bits);
        }
        x = high << low_bits | low;
    } while (x >= (uint64_t)s->n);
    return (int64_t)x;
}

/* floor((a * b - less) / c), which fits although a * b may not. */
static int64_t scaled(int64_t a, int64_t b, int64_t less, int64_t c)
{
    __extension__ typedef __int128 wide;
    return (int64_t)(((wide)a * b - less) / c);
}

/* The row that is held out of run k: the run begins at floor(k n / count). */
static int64_t held(const tc_split *s, int64_t k)
{
    const int64_t begin = scaled(k, s->n, 0, s->count), end = scaled(k + 1, s->n, 0, s->count);
    return begin + (int64_t)tc_stream_below(s->draws, (uint64_t)k, (uint64_t)(end - begin));
}

/* floor(k (n - count) / count) rows are kept in the runs before run k, so the kept row i is in the last run for which
 * this is at most i. */
int64_t tc_split_row(const tc_split *split, int64_t i)
{
    tc_split s = *split;
    if (s.count > s.n - s.count) {
        s.count = s.n - s.count;
        s.held = !s.held;
    }
    if (s.held) return held(&s, i);
    const int64_t k = scaled(i + 1, s.count, 1, s.n - s.count), row = i + k;
    return row + (row >= held(&s, k));
}
