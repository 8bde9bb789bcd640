/* fuzz_json.c: a document that is read and written again is the same when it is read back. */
#include "fuzz.h"

/* Queries that must bear any value. */
static void ask(const tc_json *v)
{
    const double x = tc_json_number(v);
    const int64_t whole = tc_json_whole(v, 1000);
    if (whole >= 0 && (double)whole != x) fuzz_fail("%lld is not %g", (long long)whole, x);
    if (tc_json_text(v) && !tc_text_utf8(tc_json_text(v))) fuzz_fail("a text that is not UTF-8");
    (void)tc_json_get(v, "a");
    (void)tc_json_at(v, 1);
    if (!tc_json_equal(v, v)) fuzz_fail("a value that is not equal to itself");
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    const tc_mem *m = fuzz_memory_begin(64 << 20);
    char *text = tc_alloc(m, n + 1, 1);
    tc_json_error e = {0};
    memcpy(text, bytes, n);
    tc_json *v = tc_json_read(m, text, n, &e);
    if (!v && (!e.text || e.at > n || e.line < 1 || e.column < 1)) fuzz_fail("refused without a place");
    if (v) {
        for (uint32_t i = 0; i < v->span; i++) ask(v + i);
        tc_json_writer to = {.to.mem = *m}, back = {.to.mem = *m};
        fuzz_json(&to, v);
        if (to.to.failed) fuzz_fail("out of memory");
        char *first = tc_strdup(m, to.to.data);
        tc_json *again = tc_json_read(m, to.to.data, to.to.length, &e);
        if (!again) fuzz_fail("its own text is refused: %s: %s", e.text, first);
        fuzz_json(&back, again);
        if (back.to.failed || strcmp(first, back.to.data) != 0) fuzz_fail("%s becomes %s", first, back.to.data);
        tc_free(m, again);
        tc_free(m, first);
        tc_text_free(&to.to);
        tc_text_free(&back.to);
    }
    tc_free(m, v);
    tc_free(m, text);
    fuzz_memory_end();
    return 0;
}

void fuzz_seeds(void)
{
    static const char *const files[] = {"tests/metrics/five_numbers.json", "tests/checkpoints/version2.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t n;
        char *text = fuzz_source(files[i], "", &n);
        fuzz_seed(text, n);
        free(text);
    }
    fuzz_seed_text("{\"a\": [1, -0, 0.1e-7, 9223372036854775807, 1e308], \"b\\u00e9\\ud83d\\ude00\": {\"c\": null}}");
    fuzz_seed_text("[true, false, \"\\\"\\\\\\/\\b\\f\\n\\r\\t\", [], {}]");
}
