/* test_attribute.c: finding and setting one attribute of a description, however it is written; numbers as the small
 * language reads them. */
#include "cmocka_all.h"

#include "tacet/tacet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void set_is(tacet_role role, const char *text, const char *key, const char *value, const char *expected)
{
    char made[4200], small[6];
    tacet_error e;
    const size_t n = tacet_spec_set(role, text, key, value, made, sizeof made, &e);
    if (n == 0) fail_msg("%s, %s=%s: %s", text, key, value, e.message);
    assert_string_equal(made, expected);
    assert_int_equal(n, strlen(expected));
    assert_int_equal(tacet_spec_set(role, text, key, value, NULL, 0, &e), n);
    assert_int_equal(tacet_spec_set(role, text, key, value, small, sizeof small, &e), n);
    assert_memory_equal(small, expected, sizeof small - 1);
    assert_int_equal(small[5], 0);
    /* An attribute that was set can be found. */
    tacet_setting at = {.size = sizeof at};
    assert_int_equal(tacet_spec_find(role, made, key, &at, small, sizeof small, &e), strlen(value));
    assert_true(at.given);
}

static void an_attribute_is_set_in_place(void **state)
{
    (void)state;
    set_is(TACET_ROLE_PENALTY, "l1 1e-4 reduce=sum", "lambda", "1e-3", "l1 lambda=1e-3 reduce=sum");
    set_is(TACET_ROLE_PENALTY, "l1 lambda=1e-4  reduce=sum", "lambda", "1e-3", "l1 lambda=1e-3  reduce=sum");
    set_is(TACET_ROLE_PENALTY, " l1  1e-4 reduce=sum ", "reduce", "mean", " l1  1e-4 reduce=mean ");
    set_is(TACET_ROLE_PENALTY, "l1 1e-4 joint reduce=sum", "joint", "false", "l1 1e-4 joint=false reduce=sum");
    set_is(TACET_ROLE_PENALTY, "l1 1e-4", "name", "a b", "l1 1e-4 name=\"a b\"");
    set_is(TACET_ROLE_PENALTY, "l1 1e-4 name=\"a \\\" b\" prox", "name", "", "l1 1e-4 name=\"\" prox");
    set_is(TACET_ROLE_PENALTY, "l1 1e-4", "name", "say \"x|y\\\"", "l1 1e-4 name=\"say \\\"x|y\\\\\\\"\"");
    set_is(TACET_ROLE_OPTIMIZER, "sgd lr=0.1", "momentum", "0.9", "sgd lr=0.1 momentum=0.9");
    set_is(TACET_ROLE_OPTIMIZER, "sgd lr=abc", "lr", "0.1", "sgd lr=0.1"); /* repairs the description */
    set_is(TACET_ROLE_OPTIMIZER, "sgd", "lr", "1", "sgd lr=1");
    set_is(TACET_ROLE_LOSS, "huber delta=1", "reduce", "sum", "huber delta=1 reduce=sum");
    set_is(TACET_ROLE_DATA, "idx \"my data\" flat", "dir", "other", "idx dir=other flat");
    set_is(TACET_ROLE_LAYER, "linear 10 bias=false", "bias", "linear1.bias", "linear 10 bias=linear1.bias");
    set_is(TACET_ROLE_LAYER, "linear 10", "weight", "linear1.weight", "linear 10 weight=linear1.weight");
    set_is(TACET_ROLE_PENALTY, "max_norm 2 input", "by", "unit", "max_norm 2 by=unit"); /* a constraint */
}

static void find_is(tacet_role role, const char *text, const char *key, bool given, const char *place,
                    const char *expected)
{
    char value[64];
    tacet_setting at = {.size = sizeof at};
    tacet_error e;
    const size_t n = tacet_spec_find(role, text, key, &at, value, sizeof value, &e);
    if (at.attribute < 0) fail_msg("%s, %s: %s", text, key, e.message);
    tacet_attribute attribute = {.size = sizeof attribute};
    const bool listed = tacet_attribute_at(at.entry, at.attribute, &attribute) == TACET_OK;
    assert_int_equal(listed, !strstr(expected, ".bias")); /* another layer's parameter is not in the catalogue */
    if (listed) assert_string_equal(attribute.name, key);
    assert_string_equal(value, expected);
    assert_int_equal(n, strlen(expected));
    assert_int_equal(at.given, given);
    assert_int_equal(at.width, strlen(place));
    assert_int_equal(at.column, given ? strstr(text, place) - text : -1);
}

static void an_attribute_is_found(void **state)
{
    (void)state;
    find_is(TACET_ROLE_PENALTY, "l1 1e-4 reduce=sum", "lambda", true, "1e-4", "1e-4");
    find_is(TACET_ROLE_PENALTY, "l1 reduce=sum lambda=2", "lambda", true, "2", "2");
    find_is(TACET_ROLE_PENALTY, "l1 1e-6..1e-2:9 prox", "lambda", true, "1e-6..1e-2:9",
            "1e-6..1e-2:9"); /* not a number */
    find_is(TACET_ROLE_PENALTY, "l1 1e-4 prox", "prox", true, "prox", "true");
    find_is(TACET_ROLE_PENALTY, "l1 1e-4", "prox", false, "", "false");
    find_is(TACET_ROLE_PENALTY, "l1 1e-4 name=\"a \\\" b\"", "name", true, "\"a \\\" b\"", "a \" b");
    find_is(TACET_ROLE_PENALTY, "group_lasso 1 by=block block=2..8:3", "block", true, "2..8:3", "2..8:3");
    find_is(TACET_ROLE_PENALTY, "group_lasso 1", "block", false, "", "4");
    find_is(TACET_ROLE_PENALTY, "l1_ball 3 input", "by", true, "input", "input");
    find_is(TACET_ROLE_OPTIMIZER, "sgd momentum=0.5", "lr", false, "",
            ""); /* has no default, but finding does not require it */
    find_is(TACET_ROLE_LAYER, "linear 10 bias=linear1.bias", "bias", true, "linear1.bias", "linear1.bias");
}

static void refused(tacet_role role, const char *text, const char *key, const char *value, const char *message,
                    const char *source, int column)
{
    tacet_error e = {0};
    char to[16] = "as it was";
    tacet_setting at = {.size = sizeof at};
    assert_int_equal(value ? tacet_spec_set(role, text, key, value, to, sizeof to, &e)
                           : tacet_spec_find(role, text, key, &at, to, sizeof to, &e),
                     0);
    assert_int_equal(e.status, TACET_DESCRIPTION);
    if (!strstr(e.message, message)) fail_msg("no '%s' in: %s", message, e.message);
    assert_string_equal(e.source, source);
    assert_int_equal(e.column, column);
    if (value) {
        assert_string_equal(to, "as it was");
        assert_int_equal(tacet_spec_set(role, text, key, value, NULL, 0, NULL), 0);
        return;
    }
    assert_int_equal(at.attribute, -1);
    assert_false(at.given);
    assert_int_equal(at.column, -1);
    assert_string_equal(to, "");
    assert_int_equal(tacet_spec_find(role, text, key, &at, NULL, 0, NULL), 0);
}

static void mistakes_have_a_place(void **state)
{
    (void)state;
    refused(TACET_ROLE_PENALTY, "l9 1", "lambda", NULL, "unknown penalty \"l9\"", "l9 1", 0);
    refused(TACET_ROLE_LOSS, "l1 1", "lambda", NULL, "unknown loss \"l1\"", "l1 1", 0);
    refused(TACET_ROLE_INPUT, "l1 1", "lambda", NULL, "unknown input", "l1 1", 0);
    refused(TACET_ROLE_PENALTY, "l1 1 name=\"x", "lambda", NULL, "has no closing quote", "l1 1 name=\"x", 10);
    refused(TACET_ROLE_PENALTY, "l1 1 reduc=sum", "lambda", NULL, "no attribute reduc", "l1 1 reduc=sum", 5);
    refused(TACET_ROLE_PENALTY, "l1 1 2", "lambda", NULL, "no place for '2'", "l1 1 2", 5);
    refused(TACET_ROLE_PENALTY, "l1 1 lambda=2", "lambda", NULL, "given twice", "l1 1 lambda=2", 5);
    refused(TACET_ROLE_PENALTY, "l1 1", "lamda", NULL, "l1 has no attribute lamda", "lamda", 0);
    refused(TACET_ROLE_PENALTY, "l1 1 lambda=2", "reduce", "sum", "given twice", "l1 1 lambda=2", 5);
    refused(TACET_ROLE_OPTIMIZER, "sgd lr=0.1", "momentun", "0.5", "no attribute momentun", "sgd lr=0.1 momentun=0.5",
            11);
    refused(TACET_ROLE_OPTIMIZER, "sgd lr=0.1", "lr", "fast", "expected a number", "sgd lr=fast", 4);
    refused(TACET_ROLE_OPTIMIZER, "sgd lr=abc", "momentum", "0.9", "expected a number", "sgd lr=abc momentum=0.9", 4);
    refused(TACET_ROLE_OPTIMIZER, "sgd lr=0.1", "a b", "1", "no place for 'a'", "sgd lr=0.1 a b=1", 11);
    tacet_error e;
    tacet_spec_find(TACET_ROLE_PENALTY, "l1 1", "lamda", &(tacet_setting){.size = sizeof(tacet_setting)}, NULL, 0, &e);
    assert_string_equal(e.hint, "did you mean lambda?");
    tacet_spec_find(TACET_ROLE_PENALTY, "l1x 1", "lambda", &(tacet_setting){.size = sizeof(tacet_setting)}, NULL, 0,
                    &e);
    assert_string_equal(e.hint, "did you mean l1?");
}

static void long_text_is_refused(void **state)
{
    (void)state;
    static char value[5000], text[5000];
    tacet_setting at = {.size = sizeof at};
    tacet_error e;
    memset(value, 'x', sizeof value - 1);
    for (size_t n = 4080; n < 4090; n++) { /* "l1 1 name=" has 10 bytes */
        value[n] = '\0';
        assert_int_equal(tacet_spec_set(TACET_ROLE_PENALTY, "l1 1", "name", value, NULL, 0, &e),
                         n <= 4086 ? n + 10 : 0);
        value[n] = 'x';
    }
    assert_non_null(strstr(e.message, "more than 4096 bytes"));
    assert_int_equal(tacet_spec_set(TACET_ROLE_PENALTY, "l1 1", "name", value, NULL, 0, &e), 0);
    snprintf(text, sizeof text, "l1 name=%.4990s", value);
    assert_int_equal(tacet_spec_find(TACET_ROLE_PENALTY, text, "lambda", &at, NULL, 0, &e), 0);
    assert_non_null(strstr(e.message, "at most 4096 bytes"));
}

/* Random texts: if setting an attribute is accepted, it is found, and setting it again changes nothing. */
static void random_descriptions(void **state)
{
    (void)state;
    static const char *const piece[] = {"l1",      "hoyer", " ",    "  ",    "1e-4",    "lambda=", "prox",
                                        "joint",   "=",     "name", "name=", "\"a b\"", "\"",      "\\\"",
                                        "reduce=", "sum",   "|",    "\n",    "x",       "1..2:3"};
    uint32_t seed = 1;
    int taken = 0, refusals = 0;
    for (int i = 0; i < 20000; i++) {
        char text[128] = "", one[160], two[160], value[160];
        tacet_setting at = {.size = sizeof at};
        tacet_error e;
        for (int k = 0; k < i % 8; k++) {
            seed = seed * 1664525u + 1013904223u;
            strcat(text, k == 0 && i % 4 ? "l1 " : piece[(seed >> 16) % (sizeof piece / sizeof *piece)]);
        }
        const char *word = piece[(seed >> 8) % (sizeof piece / sizeof *piece)];
        const size_t n = tacet_spec_set(TACET_ROLE_PENALTY, text, "name", word, one, sizeof one, &e);
        if (n == 0) {
            refusals++;
            continue;
        }
        taken++;
        assert_true(n < sizeof one);
        assert_int_equal(tacet_spec_find(TACET_ROLE_PENALTY, one, "name", &at, value, sizeof value, &e), strlen(word));
        assert_true(at.given);
        assert_string_equal(value, word);
        assert_int_equal(tacet_spec_set(TACET_ROLE_PENALTY, one, "name", word, two, sizeof two, &e), n);
        assert_string_equal(one, two);
    }
    if (taken < 500 || refusals < 500) fail_msg("%d taken, %d refused", taken, refusals);
}

/* The order of positional attributes is the same everywhere because no entry has some in both of its tables, except those
 * that must be given, which come first. */
static void positional_attributes_are_in_one_table(void **state)
{
    (void)state;
    set_is(TACET_ROLE_PENALTY, "formula \"x^2 / c\" 1e-3 c=2", "lambda", "1", "formula \"x^2 / c\" lambda=1 c=2");
    tacet_entry e = {.size = sizeof e};
    tacet_attribute a = {.size = sizeof a};
    for (int i = 0; tacet_entry_at(i, &e) == TACET_OK; i++) {
        bool own = false, common = false;
        for (int k = 0; tacet_attribute_at(i, k, &a) == TACET_OK; k++)
            *(a.common ? &common : &own) |= a.positional && a.preset;
        if (own && common) fail_msg("%s has positional attributes in both tables", e.name);
    }
}

static void number_is(const char *type, const char *text, double number, int64_t integer)
{
    double x = NAN;
    int64_t n = -1;
    if (!tacet_spec_number(type, text, &x, &n)) fail_msg("%s '%s' is refused", type, text);
    assert_true(x == number);
    assert_int_equal(n, integer);
    assert_true(tacet_spec_number(type, text, NULL, NULL));
}

static void numbers_follow_one_rule(void **state)
{
    (void)state;
    number_is("float", "1e-4", 1e-4, 0);
    number_is("float", "-.5", -0.5, 0);
    number_is("int", "42", 42, 42);
    number_is("int", "-3", -3, -3);
    number_is("int", "9223372036854775807", 0x1p63, INT64_MAX);
    number_is("int", "1_000", 1000, 1000);
    number_is("int", "1e3", 1000, 1000);
    number_is("float", "1_000.5", 1000.5, 0);
    number_is("bool", "yes", 1, 1);
    number_is("bool", "off", 0, 0);
    number_is("auto|never|always", "always", 2, 2);
    number_is("|x", "", 0, 0);
    number_is("|x", "x", 1, 1);
    number_is("text", "anything", 0, 0);
    number_is("size", "3", 3, 3);
    number_is("size", "3x5", 3, 3);
    number_is("padding", "0x2", 0, 0);
    number_is("padding", "same", -1, -1);
    static const char *const no[][2] = {{"float", "0x1p-3"},
                                        {"float", ""},
                                        {"size", ""},
                                        {"size", "3x"},
                                        {"size", "x3"},
                                        {"size", "3x3x3"},
                                        {"size", "-1"},
                                        {"size", "1048577"},
                                        {"size", "99999999999999999999"},
                                        {"size", "same"},
                                        {"padding", "Same"},
                                        {"float", " 1"},
                                        {"float", "1 "},
                                        {"float", "inf"},
                                        {"float", "nan"},
                                        {"float", "1e999"},
                                        {"float", "1,5"},
                                        {"int", "1.5"},
                                        {"int", "1e-3"},
                                        {"int", "0x10"},
                                        {"int", ""},
                                        {"int", "9223372036854775808"},
                                        {"bool", "maybe"},
                                        {"a|b", "c"},
                                        {"a|b", "a|b"}};
    double x = 7;
    int64_t n = 7;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (tacet_spec_number(no[i][0], no[i][1], &x, &n)) fail_msg("%s '%s' is taken", no[i][0], no[i][1]);
    assert_true(x == 7 && n == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attribute_is_set_in_place), cmocka_unit_test(an_attribute_is_found),
        cmocka_unit_test(mistakes_have_a_place),        cmocka_unit_test(long_text_is_refused),
        cmocka_unit_test(random_descriptions),          cmocka_unit_test(positional_attributes_are_in_one_table),
        cmocka_unit_test(numbers_follow_one_rule),
    };
    return cmocka_run_group_tests_name("attribute", tests, NULL, NULL);
}
