/* test_rng.c: Philox against Random123's known answers (its file kat_vectors, philox4x32 with 10 rounds), and the
 * guarantees of the streams. */
#include "cmocka_all.h"

#include "base/rng.h"

#include <string.h>

typedef struct answer {
    uint32_t counter[4], key[2], out[4];
} answer;

static void known_answers(void **state)
{
    (void)state;
    static const answer known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
         {UINT32_MAX, UINT32_MAX},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        tc_philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

/* The block, the step, the name and both halves of the seed each have a place in the counter or the key. */
static void a_stream_is_philox_of_its_parts(void **state)
{
    (void)state;
    const tc_stream s = tc_stream_of(0x299f31d0a4093822, 0x13198a2e, "relu1");
    const uint32_t counter[4] = {0x243f6a88, 0x85a308d3, 0x13198a2e, s.name}, key[2] = {0xa4093822, 0x299f31d0};
    uint32_t expected[4], out[4];
    tc_philox(counter, key, expected);
    tc_stream_block(s, 0x85a308d3243f6a88, out);
    assert_memory_equal(out, expected, sizeof out);
    /* Published values of FNV-1a for "", "a" and "foobar". */
    assert_int_equal(tc_stream_of(0, 0, "").name, 0x811c9dc5);
    assert_int_equal(tc_stream_of(0, 0, "a").name, 0xe40c292c);
    assert_int_equal(tc_stream_of(0, 0, "foobar").name, 0xbf9cf968);
}

static void words_come_from_blocks(void **state)
{
    (void)state;
    const tc_stream s = tc_stream_of(7, 3, "dropout1");
    for (uint64_t i = 0; i < 64; i++) {
        uint32_t out[4];
        tc_stream_block(s, i / 4, out);
        assert_int_equal(tc_stream_word(s, i), out[i % 4]);
    }
}

static void streams_differ(void **state)
{
    (void)state;
    const tc_stream streams[] = {tc_stream_of(1, 1, "a"),           tc_stream_of(2, 1, "a"),
                                 tc_stream_of(1, 2, "a"),           tc_stream_of(1, 1, "b"),
                                 tc_stream_of(1 + (1ull << 32), 1, "a"), tc_stream_of(1, 1 + (1ull << 32), "a")};
    enum { N = sizeof streams / sizeof *streams };
    uint32_t out[N][4];
    for (int i = 0; i < N; i++) tc_stream_block(streams[i], 0, out[i]);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) assert_memory_not_equal(out[i], out[j], sizeof out[i]);
}

static void uniform_numbers_are_in_their_interval(void **state)
{
    (void)state;
    assert_true(tc_uniform(0) == 0.0f);
    assert_true(tc_uniform(UINT32_MAX) == 1.0f - 0x1p-24f);
    assert_true(tc_uniform(0x80000000) == 0.5f);
    assert_true(tc_uniform(0xFF) == 0.0f); /* the lower 8 bits do not count */
    double sum = 0, squares = 0;
    enum { N = 100000 };
    const tc_stream s = tc_stream_of(0, 0, "mean");
    for (uint64_t i = 0; i < N; i++) {
        const double u = (double)tc_uniform(tc_stream_word(s, i));
        sum += u;
        squares += u * u;
    }
    assert_true(sum / N > 0.497 && sum / N < 0.503);                 /* 1/2, sigma 0.0009 */
    assert_true(squares / N > 0.330 && squares / N < 0.336);         /* 1/3 */
}

static void below_covers_its_range(void **state)
{
    (void)state;
    const tc_stream s = tc_stream_of(5, 0, "shuffle");
    int64_t seen[10] = {0};
    for (uint64_t i = 0; i < 100000; i++) {
        const uint64_t x = tc_stream_below(s, i, 10);
        assert_true(x < 10);
        seen[x]++;
    }
    for (int k = 0; k < 10; k++) assert_in_range(seen[k], 9500, 10500);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(tc_stream_below(s, i, 1), 0);
        /* n = 2^32 returns the upper half of the 64 bits; n = 2^63 returns all but the lowest bit. */
        const uint64_t word = tc_stream_word(s, 2 * i) | (uint64_t)tc_stream_word(s, 2 * i + 1) << 32;
        assert_true(tc_stream_below(s, i, 1ull << 32) == word >> 32);
        assert_true(tc_stream_below(s, i, 1ull << 63) == word >> 1);
        assert_true(tc_stream_below(s, i, UINT64_MAX) == (word ? word - 1 : 0)); /* floor(word (2^64 - 1) / 2^64) */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(a_stream_is_philox_of_its_parts),
        cmocka_unit_test(words_come_from_blocks),
        cmocka_unit_test(streams_differ),
        cmocka_unit_test(uniform_numbers_are_in_their_interval),
        cmocka_unit_test(below_covers_its_range),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
