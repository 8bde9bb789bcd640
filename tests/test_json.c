/* test_json.c: JSON: what is refused and where, what is read, running out of memory, and that written numbers are read
 * back bit for bit. */
#include "base/json.h"
#include "cmocka_all.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[4096];

static tc_json *read_with(const tc_mem *m, const char *json, tc_json_error *why)
{
    snprintf(text, sizeof text, "%s", json);
    return tc_json_read(m, text, strlen(text), why);
}

static tc_json *read_json(const char *json)
{
    tc_json_error why;
    const tc_mem m = tc_mem_of(NULL);
    tc_json *v = read_with(&m, json, &why);
    if (!v) fail_msg("%s: %s at %zu", json, why.text, why.at);
    return v;
}

/* ---- Reading ---- */

static void what_is_refused(void **state)
{
    static const struct {
        const char *json;
        size_t at, line, column;
        const char *why;
    } bad[] = {{"", 0, 1, 1, "a value"},
               {"[1,]", 3, 1, 4, "a value"},
               {"[1 2]", 3, 1, 4, ", or ]"},
               {"[1,,2]", 3, 1, 4, "a value"},
               {"{\"a\":1,}", 7, 1, 8, "a string"},
               {"{\"a\" 1}", 5, 1, 6, "expected :"},
               {"{\"a\":}", 5, 1, 6, "a value"},
               {"{1:2}", 1, 1, 2, "a string"},
               {"{\n \"a\": 1\n \"b\": 2}", 11, 3, 2, ", or }"},
               {"[01]", 2, 1, 3, ", or ]"},
               {"[1.]", 1, 1, 2, "a value"},
               {"[.5]", 1, 1, 2, "a value"},
               {"[-]", 1, 1, 2, "a value"},
               {"[+1]", 1, 1, 2, "a value"},
               {"[1e]", 1, 1, 2, "a value"},
               {"[0x10]", 2, 1, 3, ", or ]"},
               {"[1e999]", 1, 1, 2, "too large"},
               {"[nan]", 1, 1, 2, "a value"},
               {"[tru]", 1, 1, 2, "a value"},
               {"[\"a]", 1, 1, 2, "has no closing quote"},
               {"[\"\x01\"]", 2, 1, 3, "control character"},
               {"[\"a\xff\"]", 3, 1, 4, "not UTF-8"},
               {"[\"\xc0\xaf\"]", 2, 1, 3, "not UTF-8"},
               {"[\"\xed\xa0\x80\"]", 2, 1, 3, "not UTF-8"},
               {"[\"\\x\"]", 2, 1, 3, "escape"},
               {"[\"\\u12g4\"]", 2, 1, 3, "hexadecimal"},
               {"[\"\\u12", 2, 1, 3, "hexadecimal"},
               {"[\"\\u0000\"]", 2, 1, 3, "U+0000"},
               {"[\"\\ud800\"]", 2, 1, 3, "surrogate"},
               {"[\"\\ud800\\u0041\"]", 2, 1, 3, "surrogate"},
               {"[\"\\udc00\"]", 2, 1, 3, "surrogate"},
               {"{\"a\":1,\"\\u0061\":2}", 8, 1, 9, "duplicate key"},
               {"[1]x", 3, 1, 4, "nothing more"}};
    const tc_mem m = tc_mem_of(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tc_json_error why;
        if (read_with(&m, bad[i].json, &why)) fail_msg("%s was accepted", bad[i].json);
        if (!strstr(why.text, bad[i].why) || why.at != bad[i].at || why.line != bad[i].line ||
            why.column != bad[i].column)
            fail_msg("%s: %s at %zu, %zu:%zu", bad[i].json, why.text, why.at, why.line, why.column);
    }
}

static void depth_is_bounded(void **state)
{
    char deep[2 * TC_JSON_DEPTH + 3] = "";
    (void)state;
    memset(deep, '[', TC_JSON_DEPTH);
    memset(deep + TC_JSON_DEPTH, ']', TC_JSON_DEPTH);
    free(read_json(deep));
    memset(deep, '[', TC_JSON_DEPTH + 1);
    memset(deep + TC_JSON_DEPTH + 1, ']', TC_JSON_DEPTH + 1);
    tc_json_error why;
    const tc_mem m = tc_mem_of(NULL);
    assert_null(read_with(&m, deep, &why));
    assert_non_null(strstr(why.text, "nested too deeply"));
}

/* More keys than are compared in pairs. */
static void duplicate_keys_among_many(void **state)
{
    enum { KEYS = 200 };
    (void)state;
    for (int twice = -1; twice < KEYS - 1; twice += 20) {
        char json[KEYS * 12];
        int n = 0;
        for (int i = 0; i < KEYS; i++)
            n += snprintf(json + n, sizeof json - (size_t)n, "%c\"k%d\":%d", i ? ',' : '{',
                          i == KEYS - 1 && twice >= 0 ? twice : i, i);
        snprintf(json + n, sizeof json - (size_t)n, "}");
        tc_json_error why;
        const tc_mem m = tc_mem_of(NULL);
        tc_json *v = read_with(&m, json, &why);
        assert_true((v != NULL) == (twice < 0));
        if (v) assert_int_equal(tc_json_whole(tc_json_get(v, "k150"), KEYS), 150);
        free(v);
    }
}

static void what_is_read(void **state)
{
    (void)state;
    tc_json *v = read_json(
        " {\"a\" : [1, -2.5e3, \"x\\n\\u00e9\\ud83c\\udfb5\\/\", true, false, null, [], {}],\n"
        "\"big\": 9223372036854775807, \"less\": -9223372036854775808, \"more\": 9223372036854775808, "
        "\"zero\": -0, \"o\": {\"p\": {\"q\": 3}}} ");
    const tc_json *a = tc_json_get(v, "a"), *e;
    size_t i;
    assert_int_equal(tc_json_size(a), 8);
    assert_int_equal(tc_json_whole(tc_json_at(a, 0), 1), 1);
    assert_int_equal(tc_json_whole(tc_json_at(a, 0), 0), -1); /* above the limit */
    assert_true(tc_json_number(tc_json_at(a, 1)) == -2500.0);
    assert_int_equal(tc_json_whole(tc_json_at(a, 1), INT64_MAX), -1);
    assert_string_equal(tc_json_text(tc_json_at(a, 2)), "x\n\xc3\xa9\xf0\x9f\x8e\xb5/");
    assert_null(tc_json_at(a, 8));
    static const tc_json_kind kind[] = {TC_JSON_INTEGER, TC_JSON_REAL, TC_JSON_TEXT, TC_JSON_TRUE,
                                        TC_JSON_FALSE,   TC_JSON_NULL, TC_JSON_LIST, TC_JSON_OBJECT};
    tc_json_each(a, i, e) assert_int_equal(e->kind, kind[i]);
    assert_int_equal(i, 8);
    assert_int_equal(tc_json_get(v, "big")->integer, INT64_MAX);
    assert_int_equal(tc_json_get(v, "less")->integer, INT64_MIN);
    assert_true(tc_json_number(tc_json_get(v, "more")) == 9223372036854775808.0);
    assert_true(signbit(tc_json_number(tc_json_get(v, "zero"))));
    assert_int_equal(tc_json_whole(tc_json_get(tc_json_get(tc_json_get(v, "o"), "p"), "q"), 9), 3);
    /* Values and keys that do not exist. */
    assert_null(tc_json_get(tc_json_get(v, "none"), "q"));
    assert_null(tc_json_text(tc_json_get(v, "o")));
    assert_true(isnan(tc_json_number(tc_json_get(v, "o"))));
    assert_true(tc_json_equal(tc_json_get(v, "o"), tc_json_get(v, "o")));
    assert_false(tc_json_equal(tc_json_get(v, "o"), a));
    assert_true(tc_json_equal(NULL, NULL) && !tc_json_equal(a, NULL));
    free(v);
}

/* ---- Memory ---- */

static int calls, failing;
static void *resize(void *context, void *old, size_t size)
{
    (void)context;
    if (size == 0) {
        free(old);
        return NULL;
    }
    return ++calls == failing ? NULL : realloc(old, size);
}

/* If any allocation fails, reading fails: no value is left out or truncated. */
static void short_of_memory(void **state)
{
    char json[2048] = "{\"list\":[";
    const tc_mem m = {resize, NULL};
    tc_json_error why;
    (void)state;
    for (int i = 0; i < 40; i++) snprintf(json + strlen(json), 48, "%s%d.25", i ? "," : "", i);
    strcat(json, "]");
    for (int i = 0; i < 40; i++) snprintf(json + strlen(json), 48, ",\"key%d\":\"a\\u00e9 text\"", i);
    strcat(json, "}");
    calls = failing = 0;
    tc_json *v = read_with(&m, json, &why);
    const int all = calls;
    assert_non_null(v);
    assert_true(all > 0);
    free(v);
    for (failing = 1; failing <= all; failing++) {
        calls = 0;
        assert_null(read_with(&m, json, &why));
        assert_null(why.text);
    }
    /* A writer reports a failed allocation at the end. */
    for (failing = 1; failing < 4; failing++) {
        tc_json_writer j = {.to.mem = m};
        calls = 0;
        for (int i = 0; i < 100; i++) tc_json_add_text(&j, NULL, "some text");
        assert_true(j.to.failed);
        tc_text_free(&j.to);
    }
}

/* ---- Writing ---- */

static void numbers_are_read_back(void **state)
{
    static const double x[] = {0,    -0.0, 1,       0.1,  1.0 / 3, 1e300,    5e-324, 1.7976931348623157e308,
                               1e15, 1e16, 1234567, -2.5, 1e-5,    123456.5, 1e22,   9007199254740993.0};
    tc_json_writer j = {.to.mem = tc_mem_of(NULL)};
    (void)state;
    tc_json_open(&j, NULL, '[');
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) tc_json_add_number(&j, NULL, x[i]);
    tc_json_add_number(&j, NULL, NAN);
    tc_json_add_number(&j, NULL, HUGE_VAL);
    tc_json_add_integer(&j, NULL, INT64_MIN);
    tc_json_close(&j, ']');
    assert_false(j.to.failed);
    tc_json *v = read_json(j.to.data);
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        const double back = tc_json_number(tc_json_at(v, i));
        assert_memory_equal(&back, &x[i], sizeof back);
    }
    const size_t n = sizeof x / sizeof *x;
    assert_int_equal(tc_json_at(v, n)->kind, TC_JSON_NULL);
    assert_int_equal(tc_json_at(v, n + 1)->kind, TC_JSON_NULL);
    assert_int_equal(tc_json_at(v, n + 2)->integer, INT64_MIN);
    free(v);
    tc_text_free(&j.to);
}

static void text_is_read_back(void **state)
{
    tc_json_writer j = {.to.mem = tc_mem_of(NULL)};
    (void)state;
    tc_json_open(&j, NULL, '{');
    tc_json_add_text(&j, "a\"\\", "line\nend\x1b[1m \xc2\x9b \xe2\x80\xae \xc3\xa9");
    tc_json_add_text(&j, "bad", "a\xff z\xe2\x82");
    tc_json_add_text(&j, "hidden", "\xe2\x80\x8b\xf3\xa0\x81\x81\xef\xb8\x8f");
    tc_json_close(&j, '}');
    assert_string_equal(j.to.data, "{\"a\\\"\\\\\":\"line\\u000aend\\u001b[1m \\u009b \\u202e \xc3\xa9\","
                                   "\"bad\":\"a\\ufffd z\\ufffd\\ufffd\","
                                   "\"hidden\":\"\\u200b\\udb40\\udc41\xef\xb8\x8f\"}");
    tc_json *v = read_json(j.to.data);
    assert_string_equal(tc_json_text(tc_json_get(v, "a\"\\")), "line\nend\x1b[1m \xc2\x9b \xe2\x80\xae \xc3\xa9");
    assert_string_equal(tc_json_text(tc_json_get(v, "hidden")), "\xe2\x80\x8b\xf3\xa0\x81\x81\xef\xb8\x8f");
    free(v);
    tc_text_free(&j.to);
}

static void text_in_parts_and_members_of_others(void **state)
{
    (void)state;
    tc_json_writer inner = {.to.mem = tc_mem_of(NULL)}, empty = inner, j = inner;
    tc_json_open(&inner, NULL, '{');
    tc_json_begin_text(&inner, "text");
    tc_json_put_text(&inner, "one \"");
    tc_json_put_text(&inner, "");
    tc_json_put_text(&inner, ", two\n");
    tc_json_end_text(&inner);
    tc_json_add_integer(&inner, "n", 1);
    tc_json_close(&inner, '}');
    tc_json_open(&empty, NULL, '{');
    tc_json_close(&empty, '}');
    tc_json_open(&j, NULL, '{');
    tc_json_add_members(&j, empty.to.data);
    tc_json_add_members(&j, inner.to.data);
    tc_json_add_members(&j, empty.to.data);
    tc_json_add_integer(&j, "m", 2);
    tc_json_close(&j, '}');
    assert_string_equal(j.to.data, "{\"text\":\"one \\\", two\\u000a\",\"n\":1,\"m\":2}");
    tc_text_free(&inner.to), tc_text_free(&empty.to), tc_text_free(&j.to);
}

static void control_characters_are_replaced(void **state)
{
    char hostile[] = "a\x1b[31m\x7f\xc2\x9b"
                     "b\xe2\x80\xae\xe2\x81\xa6\xd8\x9c"
                     "c\xff\xc3(\n\t\xc3\xa9";
    (void)state;
    assert_string_equal(tc_tame(hostile, "\n\t"), "a?[31m??b???c?"
                                                  "?(\n\t\xc3\xa9");
    assert_true(tc_text_line("\xc3\xa9 \xf0\x9f\x8e\xb5"));
    assert_false(tc_text_line("a\n"));
    assert_false(tc_text_line("\xff"));
    assert_false(tc_text_line("\xe2\x80\xae"));
    assert_true(tc_text_line("a\xe2\x80\x8d"));
    assert_int_equal(tc_text_acting("a\t\n\xe2\x80\x8d\xff"), 0);
    assert_int_equal(tc_text_acting("a\xe2\x80\xae"), 0x202E);
    assert_int_equal(tc_text_acting("\xc2\x9b"), 0x9B);
}

/* The block ends with the text, so that a sanitizer sees reads past the end. */
static void truncated_text_is_not_read_past(void **state)
{
    static const char *const cut[] = {"\"\\u", "\"\\u12", "\"\\ud800\\u", "{\"a\":\"\\u", "[1,", "\"\\",
                                      "tru",   "-",       "{\"a\""};
    const tc_mem m = tc_mem_of(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        tc_json_error why;
        char *copy = strdup(cut[i]);
        assert_null(tc_json_read(&m, copy, strlen(copy), &why));
        assert_non_null(why.text);
        assert_true(why.at <= strlen(cut[i]));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(duplicate_keys_among_many),
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(short_of_memory),
        cmocka_unit_test(numbers_are_read_back),
        cmocka_unit_test(text_is_read_back),
        cmocka_unit_test(text_in_parts_and_members_of_others),
        cmocka_unit_test(control_characters_are_replaced),
        cmocka_unit_test(truncated_text_is_not_read_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
