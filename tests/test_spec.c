/* test_spec.c: the small language. What it reads, what it refuses, its carets and suggestions; that printed
 * descriptions can be read again; chains; and every allocation failing in turn. */
#include "cmocka_all.h"

#include "failing.h"
#include "spec/spec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* An operator with every kind of attribute, and a shared table of attributes. */
static const tc_attribute own[] = {
    {"units", "int", NULL, "", true},
    {"slope", "float", "0.01", "", true},
    {"init", "kaiming_uniform|xavier|zeros", "kaiming_uniform", "", false},
    {"bias", "bool", "true", "", false},
    {"target", "value", "", "", false},
    {0},
};
static const tc_attribute common[] = {
    {"lambda", "float", "", "", true},
    {"name", "text", "", "", false},
    {"joint", "bool", "false", "", false},
    {0},
};
enum { UNITS, SLOPE, INIT, BIAS, TARGET, OWN };
enum { LAMBDA, NAME, JOINT, COMMON };

typedef struct bound {
    tc_spec spec;
    tc_arg own[OWN], common[COMMON];
    tacet_error error;
    tacet_status status;
} bound;

static void read_with(bound *b, const char *text, bool needs, const tacet_memory *memory)
{
    const tc_mem mem = tc_mem_of(memory);
    const tc_binding binding[] = {{own, b->own}, {common, b->common}};
    memset(&b->error, 0, sizeof b->error);
    b->status = tc_spec_parse(&b->spec, &mem, text, &b->error);
    if (b->status) return;
    b->status = tc_spec_bind(&b->spec, 2, binding, needs, &b->error);
    if (b->status) tc_spec_free(&b->spec);
}

static void read_ok(bound *b, const char *text)
{
    read_with(b, text, true, NULL);
    if (b->status) fail_msg("%s: %s", text, b->error.message);
}

/* ---- What it reads ---- */

static void words_and_places(void **state)
{
    (void)state;
    tc_spec s;
    const tc_mem mem = tc_mem_of(NULL);
    assert_int_equal(tc_spec_parse(&s, &mem, "  linear\t512  name=\"a \\\"b\\\\ c\" x=  ", NULL), TACET_DESCRIPTION);
    assert_int_equal(tc_spec_parse(&s, &mem, "  linear\t512  name=\"a \\\"b\\\\ c\" \n \"two words\" relu1:l1=x ", NULL), TACET_OK);
    assert_string_equal(s.name, "linear");
    assert_int_equal(s.column, 2);
    assert_int_equal(s.width, 6);
    assert_int_equal(s.count, 4);
    assert_null(s.word[0].key);
    assert_string_equal(s.word[0].text, "512");
    assert_int_equal(s.word[0].column, 9);
    assert_int_equal(s.word[0].width, 3);
    assert_string_equal(s.word[1].key, "name");
    assert_string_equal(s.word[1].text, "a \"b\\ c");
    assert_int_equal(s.word[1].column, 14);
    assert_int_equal(s.word[1].width, 16);
    assert_null(s.word[2].key);
    assert_string_equal(s.word[2].text, "two words");
    assert_null(s.word[3].key); /* the text before its = is not a key */
    assert_string_equal(s.word[3].text, "relu1:l1=x");
    tc_spec_free(&s);
    assert_null(s.source);
    tc_spec_free(&s);
}

static void values_go_to_their_attributes(void **state)
{
    (void)state;
    bound b;
    read_ok(&b, "op 512 0.25 1e-4 init=zeros bias=off joint name=\"my layer\" target=x.y");
    assert_true(b.own[UNITS].number == 512 && b.own[SLOPE].number == 0.25 && b.common[LAMBDA].number == 1e-4);
    assert_true(b.own[INIT].number == 2 && b.own[BIAS].number == 0 && b.common[JOINT].number == 1);
    assert_string_equal(b.common[NAME].text, "my layer");
    assert_string_equal(b.own[INIT].text, "zeros");
    assert_string_equal(b.own[TARGET].text, "x.y");
    assert_int_equal(b.own[INIT].column, 22); /* the column of the value */
    assert_int_equal(b.own[INIT].width, 5);
    assert_true(b.own[UNITS].given && b.own[BIAS].given && b.common[JOINT].given);
    tc_spec_free(&b.spec);
}

static void missing_attributes_have_defaults(void **state)
{
    (void)state;
    bound b;
    read_ok(&b, "op 3");
    assert_true(b.own[SLOPE].number == 0.01 && b.own[INIT].number == 0 && b.own[BIAS].number == 1 && b.common[JOINT].number == 0);
    assert_string_equal(b.own[SLOPE].text, "0.01");
    assert_string_equal(b.own[INIT].text, "kaiming_uniform");
    assert_false(b.own[SLOPE].given || b.own[INIT].given || b.common[NAME].given || b.common[LAMBDA].given);
    tc_spec_free(&b.spec);
}

static void positionals_fill_what_is_left(void **state)
{
    (void)state;
    bound b;
    read_ok(&b, "op slope=0.5 7 0.1"); /* slope is given: the second number is lambda */
    assert_true(b.own[UNITS].number == 7 && b.own[SLOPE].number == 0.5 && b.common[LAMBDA].number == 0.1);
    tc_spec_free(&b.spec);
    read_ok(&b, "op units=7 0.1");
    assert_true(b.own[UNITS].number == 7 && b.own[SLOPE].number == 0.1);
    tc_spec_free(&b.spec);
}

static void all_words_for_true_and_false(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } known[] = {{"op 1 joint", 1},       {"op 1 joint=true", 1}, {"op 1 joint=on", 1},    {"op 1 joint=yes", 1}, {"op 1 joint=1", 1},
                 {"op 1 joint=True", 1}, {"op 1 joint=TRUE", 1}, {"op 1 joint=Yes", 1}, {"op 1 joint=ON", 1},
                 {"op 1 joint=False", 0}, {"op 1 joint=FALSE", 0}, {"op 1 joint=No", 0}, {"op 1 joint=OFF", 0},
                 {"op 1 joint=false", 0}, {"op 1 joint=off", 0},  {"op 1 joint=no", 0}, {"op 1 joint=0", 0}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bound b;
        read_ok(&b, known[i].text);
        assert_true(b.common[JOINT].number == known[i].value && b.common[JOINT].given);
        tc_spec_free(&b.spec);
    }
}

static void options_may_omit_required_attributes(void **state)
{
    (void)state;
    bound b;
    read_with(&b, "op slope=2", false, NULL);
    assert_int_equal(b.status, TACET_OK);
    assert_false(b.own[UNITS].given);
    assert_null(b.own[UNITS].text);
    tc_spec_free(&b.spec);
}

/* ---- What it refuses ---- */

typedef struct refusal {
    const char *text;
    int column, width;
    const char *message, *hint;
} refusal;

static const refusal refusals[] = {
    {"", 0, 1, "expected a name", ""},
    {"   ", 3, 1, "expected a name", ""},
    {"=3", 0, 1, "expected a name, made of letters, digits and _", "a description begins with its name: name key=value"},
    {"units=3", 0, 6, "expected a name, made of letters, digits and _", "a description begins with its name: name key=value"},
    {"op(3)", 0, 3, "expected a name, made of letters, digits and _", "without parentheses: linear 512, relu, sgd lr=0.1"},
    {"nn.ReLU", 0, 3, "expected a name, made of letters, digits and _",
     "names have no dots: relu and sgd lr=0.1, not nn.ReLU() and optim.SGD()"},
    {"op*x 3", 0, 3, "expected a name, made of letters, digits and _", ""},
    {"op =3", 3, 1, "expected a key before =", ""},
    {"op units=", 3, 6, "expected a value after units=", "an empty value is written \"\""},
    {"op units= 3", 3, 6, "expected a value after units=", "an empty value is written \"\""},
    {"op 3 name=\"abc", 10, 4, "a quoted value has no closing quote", "close it with \""},
    {"op 3 name=\"abc\\\"", 10, 6, "a quoted value has no closing quote", "close it with \""},
    {"op 3 name=\"a\"b", 13, 1, "expected a space after a quoted value", ""},
    {"op 3 name=a\"b\"", 11, 1, "a quote in the middle of a word", "put the whole value in quotes: key=\"...\""},
    {"op", 0, 2, "op needs units", "write op units, or units=..."},
    {"op joint", 0, 2, "op needs units", "write op joint units, or units=..."},
    {"op 3 slop=1", 5, 4, "op has no attribute slop", "did you mean slope?"},
    {"op 3 lamda=1", 5, 5, "op has no attribute lamda", "did you mean lambda?"},
    {"op 3 whatever=1", 5, 8, "op has no attribute whatever",
     "it takes units, slope, init, bias, target, lambda, name, joint"},
    {"op 3 units=4", 5, 7, "units is given twice", ""},
    {"op slope=1 3 slope=2", 13, 7, "slope is given twice", ""},
    {"op 3 joint joint", 11, 5, "joint is given twice", ""},
    {"op 3 joint joint=no", 11, 8, "joint is given twice", ""},
    {"op x", 3, 1, "units of op: expected a whole number, got 'x'", "it takes units, slope, init, bias, target, lambda, name, joint"},
    {"op 1.5", 3, 3, "units of op: expected a whole number, got '1.5'",
     "it takes units, slope, init, bias, target, lambda, name, joint"},
    {"op 99999999999999999", 3, 17, "units of op: expected a whole number, got '99999999999999999'",
     "it takes units, slope, init, bias, target, lambda, name, joint"},
    {"op 3 jiont", 5, 5, "slope of op: expected a number, got 'jiont'", "did you mean joint?"},
    {"op 3 slope=nan", 5, 9, "slope of op: expected a number, got 'nan'", ""},
    {"op 3 slope=1,5", 5, 9, "slope of op: expected a number, got '1,5'", ""},
    {"op 3 slope=1e999", 5, 11, "slope of op: expected a number, got '1e999'", ""},
    {"op 3 slope=\"\"", 5, 8, "slope of op: expected a number, got ''", ""},
    {"op 3 joint=maybe", 5, 11, "joint of op: expected true or false, got 'maybe'", ""},
    {"op 3 init=zeroes", 5, 11, "init of op: expected one of kaiming_uniform|xavier|zeros, got 'zeroes'", "did you mean zeros?"},
    {"op 3 init=xaver", 5, 10, "init of op: expected one of kaiming_uniform|xavier|zeros, got 'xaver'", "did you mean xavier?"},
    {"op 3 init=kaiming_uniform|xavier", 5, 27,
     "init of op: expected one of kaiming_uniform|xavier|zeros, got 'kaiming_uniform|xavier'",
     "did you mean kaiming_uniform?"},
    {"op 3 init=", 5, 5, "expected a value after init=", "an empty value is written \"\""},
    {"op 3 1 1 1", 9, 1, "op has no place for '1'", "it takes units, slope, init, bias, target, lambda, name, joint"},
    {"op 3 1 1 jont", 9, 4, "op has no place for 'jont'", "did you mean joint?"},
    {"op 3 1 1 target", 9, 6, "op has no place for 'target'", "write target=..."},
};

static void every_error_has_a_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal *r = &refusals[i];
        bound b;
        read_with(&b, r->text, true, NULL);
        if (b.status == TACET_OK) fail_msg("'%s' was taken", r->text);
        assert_int_equal(b.status, TACET_DESCRIPTION);
        assert_int_equal(b.error.status, TACET_DESCRIPTION);
        assert_string_equal(b.error.message, r->message);
        assert_string_equal(b.error.hint, r->hint);
        assert_string_equal(b.error.source, r->text);
        if (b.error.column != r->column || b.error.width != r->width)
            fail_msg("'%s': the caret is at %d, %d wide", r->text, b.error.column, b.error.width);
    }
}

static void a_name_without_attributes_takes_nothing(void **state)
{
    (void)state;
    const tc_mem mem = tc_mem_of(NULL);
    tc_spec s;
    tacet_error e;
    assert_int_equal(tc_attr_count(NULL), 0);
    assert_int_equal(tc_spec_parse(&s, &mem, "relu 3", &e), TACET_OK);
    const tc_binding none = {NULL, NULL};
    assert_int_equal(tc_spec_bind(&s, 1, &none, true, &e), TACET_DESCRIPTION);
    assert_string_equal(e.message, "relu has no place for '3'");
    assert_string_equal(e.hint, "it takes nothing");
    tc_spec_free(&s);
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    const tc_mem mem = tc_mem_of(NULL);
    tc_spec s;
    tacet_error e;
    char text[TC_MAX_SPEC + 2];
    memset(text, 'a', sizeof text);
    text[TC_MAX_SPEC] = '\0';
    assert_int_equal(tc_spec_parse(&s, &mem, text, &e), TACET_OK);
    tc_spec_free(&s);
    text[TC_MAX_SPEC] = 'a';
    text[TC_MAX_SPEC + 1] = '\0';
    assert_int_equal(tc_spec_parse(&s, &mem, text, &e), TACET_DESCRIPTION);
    assert_string_equal(e.message, "a description is at most 4096 bytes long");

    strcpy(text, "op");
    for (int i = 0; i < TC_MAX_WORDS; i++) strcat(text, " w");
    assert_int_equal(tc_spec_parse(&s, &mem, text, &e), TACET_OK);
    assert_int_equal(s.count, TC_MAX_WORDS);
    tc_spec_free(&s);
    strcat(text, " w");
    assert_int_equal(tc_spec_parse(&s, &mem, text, &e), TACET_DESCRIPTION);
    assert_string_equal(e.message, "more than 24 words after op");
}

/* Random bytes: no read past the end (sanitizers check this), and accepted text can be printed and read again. */
static void any_bytes(void **state)
{
    (void)state;
    const char alphabet[] = "ab1=\"\\ |_.-*\t\n\x80\xC3";
    const tc_mem mem = tc_mem_of(NULL);
    uint32_t random = 1;
    int taken = 0;
    for (int round = 0; round < 20000; round++) {
        char text[24];
        int n = 0;
        for (; n < (int)(random >> 28) + 4; n++) {
            random = random * 1664525u + 1013904223u;
            text[n] = alphabet[(random >> 16) % (sizeof alphabet - 1)];
        }
        text[n] = '\0';
        char *exact = tc_strdup(&mem, text);
        tc_spec s, again;
        tacet_error e;
        if (tc_spec_parse(&s, &mem, exact, &e) == TACET_OK) {
            taken++;
            tc_text t = {.mem = mem}, u = {.mem = mem};
            tc_spec_print(&s, &t);
            if (tc_spec_parse(&again, &mem, t.data, &e)) fail_msg("'%s' does not read back: %s", t.data, e.message);
            assert_int_equal(again.count, s.count);
            for (int i = 0; i < s.count; i++) {
                assert_string_equal(again.word[i].text, s.word[i].text);
                assert_true(!again.word[i].key == !s.word[i].key);
            }
            tc_spec_print(&again, &u);
            assert_string_equal(t.data, u.data);
            tc_text_free(&t);
            tc_text_free(&u);
            tc_spec_free(&again);
            tc_spec_free(&s);
        } else {
            assert_in_range(e.column, 0, n);
        }
        tc_free(&mem, exact);
    }
    assert_true(taken > 100);
}

/* ---- Printing ---- */

static void printing_quotes(void **state)
{
    (void)state;
    const tc_mem mem = tc_mem_of(NULL);
    tc_spec s;
    tc_text t = {.mem = mem};
    assert_int_equal(tc_spec_parse(&s, &mem, " l1   1e-4 name=\"my term\"  joint reduce=sum empty=\"\" \"a=b\" \"a|b\" q=\"say \\\"x\\\"\"", NULL),
                     TACET_OK);
    tc_spec_print(&s, &t);
    assert_string_equal(t.data, "l1 1e-4 name=\"my term\" joint reduce=sum empty=\"\" \"a=b\" \"a|b\" q=\"say \\\"x\\\"\"");
    tc_text_free(&t);
    tc_spec_free(&s);
}

/* ---- Chains ---- */

static void chains_are_cut_at_bars(void **state)
{
    (void)state;
    static const char chain[] = " linear 512 |relu| x name=\"a|b\\\"|\" | | tail";
    static const struct {
        const char *stage;
        int column;
    } expected[] = {{"linear 512", 1}, {"relu", 13}, {"x name=\"a|b\\\"|\"", 19}, {"", 37}, {"tail", 39}};
    const char *at = chain;
    char stage[64];
    int column;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(tc_chain_next(&at, chain, stage, sizeof stage, &column));
        assert_string_equal(stage, expected[i].stage);
        assert_int_equal(column, expected[i].column);
    }
    assert_false(tc_chain_next(&at, chain, stage, sizeof stage, &column));

    at = "a|"; /* the empty stage at the end counts */
    const char *whole = at;
    assert_true(tc_chain_next(&at, whole, stage, sizeof stage, &column));
    assert_true(tc_chain_next(&at, whole, stage, sizeof stage, &column));
    assert_string_equal(stage, "");
    assert_int_equal(column, 2);
    assert_false(tc_chain_next(&at, whole, stage, sizeof stage, &column));

    at = whole = "abcdef | g"; /* a stage that does not fit is truncated, and the next one is still found */
    assert_true(tc_chain_next(&at, whole, stage, 4, &column));
    assert_string_equal(stage, "abc");
    assert_true(tc_chain_next(&at, whole, stage, 4, &column));
    assert_string_equal(stage, "g");

    at = whole = "a \"b | c"; /* an open quote reaches to the end */
    assert_true(tc_chain_next(&at, whole, stage, sizeof stage, &column));
    assert_string_equal(stage, "a \"b | c");
    assert_false(tc_chain_next(&at, whole, stage, sizeof stage, &column));
}

/* ---- Memory ---- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    int64_t n = 1;
    for (;; n++) {
        failing f = {.fail_at = n};
        const tacet_memory hook = failing_memory(&f);
        bound b;
        read_with(&b, "op 512 0.25 init=zeros name=\"my layer\"", true, &hook);
        if (!f.failed) {
            assert_int_equal(b.status, TACET_OK);
            tc_spec_free(&b.spec);
            assert_int_equal(f.alive, 0);
            break;
        }
        assert_int_equal(b.status, TACET_MEMORY);
        assert_int_equal(b.error.status, TACET_MEMORY);
        assert_int_equal(f.alive, 0);
        tc_spec_free(&b.spec); /* harmless */
    }
    assert_true(n > 2);

    failing f = {0};
    const tacet_memory hook = failing_memory(&f);
    bound b;
    read_with(&b, "op 3 init=x", true, &hook);
    assert_int_equal(b.status, TACET_DESCRIPTION);
    assert_int_equal(f.alive, 0); /* a refused description leaks nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_places),
        cmocka_unit_test(values_go_to_their_attributes),
        cmocka_unit_test(missing_attributes_have_defaults),
        cmocka_unit_test(positionals_fill_what_is_left),
        cmocka_unit_test(all_words_for_true_and_false),
        cmocka_unit_test(options_may_omit_required_attributes),
        cmocka_unit_test(every_error_has_a_place),
        cmocka_unit_test(a_name_without_attributes_takes_nothing),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(printing_quotes),
        cmocka_unit_test(chains_are_cut_at_bars),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
