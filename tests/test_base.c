/* test_base.c: errors and their text, whole files, allocation, shapes, text and numbers (also in a locale with a
 * decimal comma), words. */
#include "cmocka_all.h"

#include "base/alloc.h"
#include "base/nearest.h"
#include "base/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "base/whole_file.h"
#include "failing.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Errors ---- */

static void version_matches_the_header(void **state)
{
    (void)state;
    assert_string_equal(tacet_version(), TACET_VERSION);
}

static void fail_fills_the_struct(void **state)
{
    (void)state;
    tacet_error e;
    memset(&e, 0x5A, sizeof e); /* the header allows it to be uninitialised */
    assert_int_equal(tc_fail(&e, TACET_FILE, "%s: %d of %d", "a.npy", 3, 4), TACET_FILE);
    assert_int_equal(e.status, TACET_FILE);
    assert_string_equal(e.message, "a.npy: 3 of 4");
    assert_string_equal(e.source, "");
    assert_string_equal(e.hint, "");
    assert_int_equal(e.column, -1);
    assert_int_equal(tc_fail(NULL, TACET_IO, "x"), TACET_IO);
    tc_fail_at(NULL, "x", 0, 1);
    tc_fail_hint(NULL, "x");
    assert_int_equal(tc_fail_memory(&e), TACET_MEMORY);
    assert_string_equal(e.message, "out of memory");
}

static void expect_text(const tacet_error *e, const char *expected)
{
    char text[2048];
    assert_int_equal(tacet_error_text(e, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
    /* A shorter buffer gets the beginning of the text and a final 0; the returned length is the same. */
    for (size_t capacity = 0; capacity <= strlen(expected); capacity++) {
        char part[2048];
        memset(part, '#', sizeof part);
        assert_int_equal(tacet_error_text(e, part, capacity), strlen(expected));
        if (capacity > 0) {
            assert_int_equal(strlen(part), capacity - 1);
            assert_memory_equal(part, expected, capacity - 1);
        }
        assert_int_equal(part[capacity], '#');
    }
}

static void error_text_has_a_caret(void **state)
{
    (void)state;
    tacet_error e;
    tc_fail(&e, TACET_DESCRIPTION, "no layer liner");
    expect_text(&e, "no layer liner");
    tc_fail_at(&e, "x | liner 5", 4, 5);
    expect_text(&e, "no layer liner\n    x | liner 5\n        ^~~~~");
    tc_fail_hint(&e, "did you mean %s?", "linear");
    expect_text(&e, "no layer liner\n    x | liner 5\n        ^~~~~\n    did you mean linear?");
    /* Only the line with the mistake is shown; tabs keep their width; a two-byte character is one column. */
    tc_fail(&e, TACET_DESCRIPTION, "m");
    tc_fail_at(&e, "one\n\ttw\xC3\xB6 bad\nthree", 10, 3);
    expect_text(&e, "m\n    \ttw\xC3\xB6 bad\n    \t    ^~~");
    /* At the end of the text, and far after it. */
    tc_fail_at(&e, "abc", 3, 1);
    expect_text(&e, "m\n    abc\n       ^");
    tc_fail_at(&e, "abc", 99, 1);
    expect_text(&e, "m\n    abc\n       ^");
    /* A width that exceeds the line ends with the line. */
    tc_fail_at(&e, "ab\ncd", 1, 50);
    expect_text(&e, "m\n    ab\n     ^");
    /* Control characters are not passed on to a terminal. */
    tc_fail(&e, TACET_FILE, "\x1B[2Jx");
    expect_text(&e, "?[2Jx");
}

static void a_caret_under_a_line_of_a_long_text(void **state)
{
    (void)state;
    enum { N = 2000 };
    const char *const colour[] = {"<", ">"};
    char text[N], lines[2 * N] = "";
    const size_t length = tc_caret("a: 1\r\nb: two\n", 13, 9, 3, colour, lines, sizeof lines);
    assert_int_equal(length, strlen(lines));
    assert_string_equal(lines, "    b: two\n       <^~~>");
    memset(text, 'x', N);
    tc_caret(text, N, 1000, 2, NULL, lines, sizeof lines);
    assert_true(strlen(lines) < 1000);
    const char *second = strchr(lines, '\n') + 1;
    assert_string_equal(strchr(second, '^'), "^~");
    assert_int_equal(lines[strlen(second) - 2], 'x');                              /* the caret is under the text */
    assert_int_equal(tc_caret("abc", 3, 1, 1, NULL, lines, 5), 4 + 3 + 1 + 4 + 2); /* as snprintf counts */
    assert_string_equal(lines, "    ");
}

static void words_are_read(void **state)
{
    (void)state;
    bool on;
    assert_int_equal(tc_word_read("auto|never|always", "auto"), 0);
    assert_int_equal(tc_word_read("auto|never|always", "always"), 2);
    assert_int_equal(tc_word_read("auto|never|always", "alway"), -1);
    assert_int_equal(tc_word_read("auto|never|always", ""), -1);
    assert_int_equal(tc_word_read("auto|never|always", "auto|never"), -1);
    assert_true(tc_bool_read("yes", &on) && on);
    assert_true(tc_bool_read("0", &on) && !on);
    assert_false(tc_bool_read("maybe", &on));
}

/* A file is written whole or not at all: before the commit the old file stays; a second writer has a temporary file of its
 * own, and the last to commit decides; a writer that is dropped leaves nothing. */
static void a_whole_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/tacet_whole_XXXXXX", path[64], text[8] = "";
    tc_whole_file w, second;
    tacet_error e;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/f", folder);
    assert_int_equal(tc_whole_open(&w, path, &e), TACET_OK);
    assert_int_equal(tc_whole_open(&second, path, &e), TACET_OK);
    assert_string_not_equal(w.temporary, second.temporary);
    assert_int_equal(write(w.fd, "abc", 3), 3);
    assert_int_equal(write(second.fd, "xy", 2), 2);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(tc_whole_commit(&second, &e), TACET_OK);
    assert_int_equal(tc_whole_commit(&w, &e), TACET_OK);
    close(w.fd);
    close(second.fd);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(text, 1, sizeof text, f), 3);
    fclose(f);
    assert_string_equal(text, "abc");
    assert_int_equal(tc_whole_open(&w, path, &e), TACET_OK);
    tc_whole_drop(&w);
    close(w.fd);
    assert_int_not_equal(access(w.temporary, F_OK), 0);
    assert_int_equal(tc_whole_open(&w, folder, &e), TACET_IO); /* a folder is not replaced */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_long_source_is_cut_around_the_mistake(void **state)
{
    (void)state;
    enum { N = 3000 };
    char text[N + 1];
    memset(text, 'a', N);
    text[N] = '\0';
    const int places[] = {0, 5, 200, 300, 1500, N - 10, N - 1, N};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const int at = places[i];
        const char kept = text[at];
        if (at < N) text[at] = '!';
        tacet_error e;
        tc_fail(&e, TACET_DESCRIPTION, "m");
        tc_fail_at(&e, text, at, 1);
        assert_true(strlen(e.source) < sizeof e.source);
        assert_in_range(e.column, 0, (int)strlen(e.source));
        assert_int_equal(e.source[e.column], at < N ? '!' : '\0');
        text[at] = kept;
    }
}

/* ---- Allocation ---- */

static void allocation_zeroes_and_checks_overflow(void **state)
{
    (void)state;
    failing f = {0};
    const tacet_memory hook = failing_memory(&f);
    const tc_mem m = tc_mem_of(&hook);
    unsigned char *p = tc_alloc(&m, 100, 3);
    assert_non_null(p);
    for (int i = 0; i < 300; i++) assert_int_equal(p[i], 0);
    memset(p, 7, 300);
    p = tc_resize(&m, p, 200, 3);
    for (int i = 0; i < 300; i++) assert_int_equal(p[i], 7);
    tc_free(&m, p);
    const int64_t calls = f.calls;
    assert_null(tc_alloc(&m, SIZE_MAX / 2, 3));
    assert_null(tc_alloc(&m, SIZE_MAX, 1));
    assert_null(tc_resize(&m, NULL, SIZE_MAX / 8 + 2, 8));
    assert_null(tc_alloc_aligned(&m, SIZE_MAX / 4, 4));
    assert_int_equal(f.calls, calls); /* the hook was not called */
    p = tc_alloc(&m, 0, 8);
    assert_non_null(p);
    tc_free(&m, p);
    tc_free(&m, NULL);
    tc_free_aligned(&m, NULL);
    char *s = tc_strdup(&m, "tacet");
    assert_string_equal(s, "tacet");
    tc_free(&m, s);
    assert_int_equal(f.alive, 0);
}

static void aligned_blocks_are_aligned(void **state)
{
    (void)state;
    failing f = {0};
    const tacet_memory hook = failing_memory(&f);
    const tc_mem m = tc_mem_of(&hook);
    void *p[40];
    for (size_t i = 0; i < 40; i++) {
        p[i] = tc_alloc_aligned(&m, i * 7, 4);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % TC_ALIGN, 0);
        for (size_t j = 0; j < i * 28; j++) assert_int_equal(((char *)p[i])[j], 0);
        memset(p[i], 1, i * 28);
    }
    for (size_t i = 0; i < 40; i++) tc_free_aligned(&m, p[i]);
    assert_int_equal(f.alive, 0);
    f.fail_at = f.calls + 1;
    assert_null(tc_alloc_aligned(&m, 1, 1));
    f.fail_at = f.calls + 1;
    assert_null(tc_alloc(&m, 1, 1));
    f.fail_at = f.calls + 1;
    assert_null(tc_strdup(&m, "x"));
}

static void realloc_is_the_default_hook(void **state)
{
    (void)state;
    const tc_mem m = tc_mem_of(NULL);
    char *p = tc_resize(&m, tc_strdup(&m, "ab"), 10, 1);
    assert_string_equal(p, "ab");
    tc_free(&m, p);
}

/* ---- Shapes ---- */

static void shapes_count_and_print(void **state)
{
    (void)state;
    char text[TC_SHAPE_TEXT];
    const tc_shape scalar = {0}, a = {2, {512, 784}}, b = {2, {512, 783}}, c = {1, {512}};
    assert_int_equal(tc_shape_count(&scalar), 1);
    assert_int_equal(tc_shape_count(&a), 512 * 784);
    assert_true(tc_shape_equal(&a, &a));
    assert_false(tc_shape_equal(&a, &b));
    assert_false(tc_shape_equal(&a, &c));
    assert_string_equal(tc_shape_text(&a, false, text), "[512, 784]");
    assert_string_equal(tc_shape_text(&a, true, text), "[batch, 512, 784]");
    assert_string_equal(tc_shape_text(&scalar, true, text), "[batch]");
    assert_string_equal(tc_shape_text(&scalar, false, text), "[]");
    tc_shape most = {TC_MAX_RANK, {0}};
    for (int i = 0; i < TC_MAX_RANK; i++) most.dim[i] = INT64_MIN;
    assert_true(strlen(tc_shape_text(&most, true, text)) < TC_SHAPE_TEXT - 1);
    assert_int_equal(text[strlen(text) - 1], ']');
}

static void shapes_refuse_what_is_too_large(void **state)
{
    (void)state;
    const tc_shape refused[] = {{1, {0}},
                                {1, {-1}},
                                {2, {5, 0}},
                                {1, {TC_MAX_COUNT + 1}},
                                {2, {TC_MAX_COUNT, 2}},
                                {3, {INT64_MAX, INT64_MAX, INT64_MAX}},
                                {-1, {0}},
                                {TC_MAX_RANK + 1, {1, 1, 1, 1, 1, 1, 1, 1}}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) assert_int_equal(tc_shape_count(&refused[i]), -1);
    const tc_shape most = {2, {TC_MAX_COUNT / 2, 2}};
    assert_true(tc_shape_count(&most) == TC_MAX_COUNT);
}

/* ---- Text ---- */

static void text_grows(void **state)
{
    (void)state;
    tc_text t = {.mem = tc_mem_of(NULL)};
    tc_text_add(&t, "%s", "");
    assert_int_equal(t.length, 0);
    char expected[8000] = "";
    for (int i = 0; i < 500; i++) {
        tc_text_add(&t, "%d;", i);
        snprintf(expected + strlen(expected), 16, "%d;", i);
    }
    assert_false(t.failed);
    assert_string_equal(t.data, expected);
    assert_int_equal(t.length, strlen(expected));
    tc_text_free(&t);
    assert_null(t.data);
}

static void failed_text_stays_failed(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= 4; n++) {
        failing f = {.fail_at = n};
        const tacet_memory hook = failing_memory(&f);
        tc_text t = {.mem = tc_mem_of(&hook)};
        for (int i = 0; i < 100; i++) tc_text_add(&t, "%s", "0123456789");
        assert_true(t.failed);
        if (t.data) assert_int_equal(strlen(t.data), t.length);
        const size_t length = t.length;
        tc_text_add(&t, "x");
        assert_int_equal(t.length, length);
        tc_text_free(&t);
        assert_int_equal(f.alive, 0);
    }
}

static void text_copies_as_snprintf_does(void **state)
{
    (void)state;
    char to[4] = "###";
    assert_int_equal(tc_text_copy("hello", to, 0), 5);
    assert_string_equal(to, "###");
    assert_int_equal(tc_text_copy("hello", to, 4), 5);
    assert_string_equal(to, "hel");
    assert_int_equal(tc_text_copy("hey", to, 4), 3);
    assert_string_equal(to, "hey");
    assert_int_equal(tc_text_copy("hey", to, 1), 3);
    assert_string_equal(to, "");
}

static void expect_number(double x, const char *expected)
{
    char text[TC_NUMBER_MAX];
    double back = 0;
    assert_string_equal(tc_number_text(x, text), expected);
    assert_true(tc_number_read(text, &back));
    assert_memory_equal(&back, &x, sizeof x);
}

static void numbers_are_short_and_read_back(void **state)
{
    (void)state;
    char text[TC_NUMBER_MAX];
    expect_number(0.1, "0.1");
    expect_number(1e-4, "0.0001");
    expect_number(1e-5, "1e-05");
    expect_number(0, "0");
    expect_number(-0.0, "-0");
    expect_number(512, "512");
    expect_number(1.0 / 3, "0.3333333333333333");
    expect_number(0.1 + 0.2, "0.30000000000000004");
    expect_number(-DBL_MAX, "-1.7976931348623157e+308");
    expect_number(DBL_MIN, "2.2250738585072014e-308");
    expect_number(5e-324, "5e-324");
    assert_string_equal(tc_number_text(NAN, text), signbit((float)NAN) ? "-nan" : "nan");
    assert_string_equal(tc_number_text(INFINITY, text), "inf");
}

static void numbers_are_read_whole(void **state)
{
    (void)state;
    const char *const refused[] = {"",      " ",      " 1",    "1 ",  "1x",    "x",        "+",   "-",
                                   ".",     "e5",     "1e",    "1e+", "1,5",   "0x10",     "nan", "inf",
                                   "1e999", "-1e999", "1.2.3", "--1", "1_000", "infinity", "1d3"};
    double x = 42;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) assert_false(tc_number_read(refused[i], &x));
    assert_true(x == 42); /* untouched */
    assert_true(tc_number_read("1e-4", &x) && x == 1e-4);
    assert_true(tc_number_read("+.5", &x) && x == 0.5);
    assert_true(tc_number_read("5.", &x) && x == 5);
    assert_true(tc_number_read("-2E3", &x) && x == -2000);
    assert_true(tc_number_read("1e-999", &x) && x == 0);

    int64_t n = 42;
    const char *const no_integer[] = {
        "", "-", "+", "1.0", "1e3", " 1", "1 ", "0x1", "9223372036854775808", "-9223372036854775809"};
    for (size_t i = 0; i < sizeof no_integer / sizeof *no_integer; i++)
        assert_false(tc_integer_read(no_integer[i], &n));
    assert_int_equal(n, 42);
    static const struct {
        const char *text;
        int64_t n;
    } written[] = {{"7", 7},          {"1_000", 1000},  {"1_0_0", 100}, {"1e1", 10},    {"1E+3", 1000}, {"2.5e3", 2500},
                   {"-1.5e1", -15},   {"10.0", 10},     {"5.", 5},      {".5e1", 5},    {"100e-2", 1},  {"-0.0", 0},
                   {"0e9", 0},        {"00e-9", 0},     {"-10e-1", -1}, {"+1_0e0", 10}, {"1e18", INT64_C(1000000000000000000)},
                   {"9007199254740993.0", INT64_C(9007199254740993)}, {"9223372036854775.807e3", INT64_MAX}};
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        if (!tc_written_integer(written[i].text, &n) || n != written[i].n)
            fail_msg("%s is read as %lld", written[i].text, (long long)n);
        assert_true(tc_written_number(written[i].text, &x) && x == (double)written[i].n);
    }
    static const char *const unwritten[] = {"", "_1", "1_", "1__0", "1_e3", "1e_3", "1._5", "1_000_", "-_1", "1e", "e3", "0x10", "inf", "1 000", "1,000"};
    for (size_t i = 0; i < sizeof unwritten / sizeof *unwritten; i++)
        assert_false(tc_written_integer(unwritten[i], &n) || tc_written_number(unwritten[i], &x));
    static const char *const fractions[] = {"0.5", "1.5", "15e-1", "1e-1", "1e-70", "1.23e1", "-0.1"};
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
        assert_false(tc_written_integer(fractions[i], &n));
        assert_true(tc_written_number(fractions[i], &x));
    }
    static const char *const large[] = {"1e19", "9223372036854775808.0", "1e63", "1e64", "1e300"};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) assert_false(tc_written_integer(large[i], &n));
    assert_true(tc_written_number("1_000.25", &x) && x == 1000.25);
    assert_true(tc_integer_read("9223372036854775807", &n) && n == INT64_MAX);
    assert_true(tc_integer_read("-9223372036854775808", &n) && n == INT64_MIN);
    assert_true(tc_integer_read("+7", &n) && n == 7);
}

/* The program that uses the library may have set a locale with a decimal comma. */
static void numbers_are_in_the_c_locale(void **state)
{
    (void)state;
    const char *const with_comma[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8", "de_DE", "nl_NL.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; !set && i < sizeof with_comma / sizeof *with_comma; i++) set = setlocale(LC_ALL, with_comma[i]);
    if (!set) skip(); /* no such locale is installed */
    char text[TC_NUMBER_MAX];
    double x = 0;
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5"); /* the locale is in force */
    assert_string_equal(tc_number_text(0.5, text), "0.5");
    assert_true(tc_number_read("0.25", &x) && x == 0.25);
    assert_false(tc_number_read("0,25", &x));
    tacet_error e;
    tc_fail(&e, TACET_FAILED, "%g", 1.5);
    assert_string_equal(e.message, "1.5");
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5"); /* the locale is still in force */
    setlocale(LC_ALL, "C");
}

static const char *word_at(const void *context, int i) { return ((const char *const *)context)[i]; }

static void the_nearest_word(void **state)
{
    (void)state;
    const char *const words[] = {"linear", "relu", "gelu", "sigmoid", "layer_norm", "l1", "l2", NULL};
    assert_string_equal(tc_nearest("liner", word_at, words), "linear");
    assert_string_equal(tc_nearest("lienar", word_at, words), "linear"); /* two neighbours swapped are one edit */
    assert_string_equal(tc_nearest("rely", word_at, words), "relu");
    assert_string_equal(tc_nearest("sigmoyd", word_at, words), "sigmoid");
    assert_string_equal(tc_nearest("layernorm", word_at, words), "layer_norm");
    assert_string_equal(tc_nearest("l3", word_at, words), "l1");     /* the first of two equally near words */
    assert_string_equal(tc_nearest("ReLU", word_at, words), "relu"); /* PyTorch's spelling */
    assert_string_equal(tc_nearest("Dense", word_at, words), "linear"); /* Keras's name */
    const char *const losses[] = {"mse", "l1_loss", "cross_entropy", "sample_weight", "class_weight", NULL};
    assert_string_equal(tc_nearest("mae", word_at, losses), "l1_loss"); /* not mse, which is nearer */
    assert_string_equal(tc_nearest("weight", word_at, losses), "class_weight");
    const char *const columns[] = {"p", "Rate", NULL};
    assert_string_equal(tc_nearest("rate", word_at, columns), "Rate"); /* not p, which is what Keras calls so */
    const char *const keys[] = {"a.patience", "train.patience", NULL};
    assert_string_equal(tc_nearest("EarlyStopping", word_at, keys), "a.patience");
    assert_string_equal(tc_nearest("train.EarlyStopping", word_at, keys), "train.patience");
    assert_null(tc_nearest("b.EarlyStopping", word_at, keys));
    assert_null(tc_nearest("conv2d", word_at, words));
    assert_null(tc_nearest("attention", word_at, words));
    assert_null(tc_nearest("", word_at, words));
    char giant[5000];
    memset(giant, 'x', sizeof giant - 1);
    giant[sizeof giant - 1] = '\0';
    assert_null(tc_nearest(giant, word_at, words));
    const char *const long_words[] = {giant, NULL};
    assert_null(tc_nearest("x", word_at, long_words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_matches_the_header),
        cmocka_unit_test(fail_fills_the_struct),
        cmocka_unit_test(error_text_has_a_caret),
        cmocka_unit_test(a_long_source_is_cut_around_the_mistake),
        cmocka_unit_test(a_caret_under_a_line_of_a_long_text),
        cmocka_unit_test(words_are_read),
        cmocka_unit_test(a_whole_file),
        cmocka_unit_test(allocation_zeroes_and_checks_overflow),
        cmocka_unit_test(aligned_blocks_are_aligned),
        cmocka_unit_test(realloc_is_the_default_hook),
        cmocka_unit_test(shapes_count_and_print),
        cmocka_unit_test(shapes_refuse_what_is_too_large),
        cmocka_unit_test(text_grows),
        cmocka_unit_test(failed_text_stays_failed),
        cmocka_unit_test(text_copies_as_snprintf_does),
        cmocka_unit_test(numbers_are_short_and_read_back),
        cmocka_unit_test(numbers_are_read_whole),
        cmocka_unit_test(numbers_are_in_the_c_locale),
        cmocka_unit_test(the_nearest_word),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
