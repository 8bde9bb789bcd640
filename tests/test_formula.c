/* test_formula.c: formulas. Their values and derivatives, also where a float overflows; how derivatives are simplified;
 * mistakes, with their places; random formulas, whose derivatives are compared with differences in double; and every
 * allocation failing in turn. */
#include "cmocka_all.h"

#include "failing.h"
#include "formula/expression.h"
#include "op/op.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const tc_attribute attributes[] = {{"f", "formula", NULL, "", true}, {"lambda", "float", "1", "", true}, {0}};
static const char *const x_alone[] = {"x", NULL}, *const y_and_t[] = {"y", "t", NULL};

typedef struct given {
    tc_spec spec;
    tc_arg arg[2];
    tacet_error error;
    tc_formula *f;
} given;

/* Reads `formula ...`; g->f is NULL after a mistake. */
static void try_on(given *g, const char *text, const char *const *variable, const tacet_memory *memory)
{
    const tc_mem mem = tc_mem_of(memory);
    const tc_binding binding = {attributes, g->arg};
    *g = (given){.f = NULL};
    if (tc_spec_parse(&g->spec, &mem, text, &g->error) || tc_spec_bind(&g->spec, 1, &binding, true, &g->error)) return;
    const tc_formula_source source = {
        .spec = &g->spec, .arg = &g->arg[0], .variable = variable, .taken = {attributes, NULL}};
    g->f = tc_formula_new(&mem, &source, &g->error);
}

static void release(given *g, const tacet_memory *memory)
{
    const tc_mem mem = tc_mem_of(memory);
    tc_free(&mem, g->f);
    tc_spec_free(&g->spec);
}

static void read_formula(given *g, const char *formula, const char *const *variable)
{
    char text[2200];
    snprintf(text, sizeof text, "formula %s", formula);
    try_on(g, text, variable, NULL);
    if (!g->f) fail_msg("%s: %s", text, g->error.message);
}

static double at(const given *g, int program, double x, double t)
{
    return tc_formula_at(g->f, program, 1, (double[TC_FORMULA_INPUTS]){x, t, 0});
}

/* The same by the loops in float. */
static float in_float(const given *g, int program, float x, float t)
{
    float *scratch = malloc((size_t)tc_formula_scratch(g->f) + 1), y;
    assert_non_null(scratch);
    bool finite;
    tc_formula_begin(g->f, program, 1, 1, scratch);
    tc_formula_tile(g->f, program, (const float *const[]){&x, &t, &x}, 1, scratch, &y, &finite);
    assert_int_equal(finite, isfinite(y));
    free(scratch);
    return y;
}

/* ---- Values ---- */

static void check(const given *g, const char *formula, int program, double x, double t, double is)
{
    const double wide = at(g, program, x, t), narrow = (double)in_float(g, program, (float)x, (float)t);
    const bool near = isinf(is) ? wide == is : fabs(wide - is) <= 1e-12 * (1 + fabs(is));
    if (!near) fail_msg("%s, program %d at %g, %g is %.15g, not %.15g", formula, program, x, t, wide, is);
    if (isfinite(narrow) && fabs(narrow - is) > 2e-6 * (1 + fabs(is)))
        fail_msg("%s, program %d at %g, %g is %.9g in float, not %.15g", formula, program, x, t, narrow, is);
}

static const struct {
    const char *formula;
    double x, value, slope;
} known[] = {
    {"\"x^2 / (1 + x^2)\"", 2, 0.8, 4.0 / 25},
    {"\"x^2 / (1 + x^2)\"", -3, 0.9, -6.0 / 100},
    {"\"x^2 / (c + x^2)\" c=0.5", -1, 1 / 1.5, -1 / 2.25},
    {"\"log(1 + abs(x) / 0.1)\"", 0, 0, 0},
    {"\"log(1 + abs(x) / 0.1)\"", -0.3, 1.3862943611198906, -2.5},
    {"\"x / (1 + exp(-1.702 x))\"", 0, 0, 0.5},
    {"\"x / (1 + exp(-1.702 x))\"", -1e4, 0, 0},
    {"\"x / (1 + exp(-1.702 x))\"", 1e4, 1e4, 1},
    {"\"log(cosh(x))\"", 1e4, 1e4 - 0.69314718055994531, 1},
    {"\"log(cosh(x))\"", 1e-3, 4.9999991666668889e-7, 9.9999966666680000e-4},
    {"\"log(1 + exp(x))\"", 1e4, 1e4, 1},
    {"\"log(1 + exp(x))\"", -1e4, 0, 0},
    {"\"exp(x) / (1 + exp(x))\"", 1000, 1, 0},
    {"\"-log(1 / (1 + exp(-x)))\"", -1000, 1000, -1},
    {"\"-x^2\"", 3, -9, -6},
    {"\"(-2)^2 * x\"", 1, 4, 4},
    {"\"2^3^2 * x\"", 1, 512, 512},
    {"\"x^-2\"", -2, 0.25, 0.25},
    {"\"x^3\"", -2, -8, 12},
    {"\"x^7\"", -1.5, -17.0859375, 79.734375},
    {"\"x^0.5\"", 0, 0, 0},
    {"\"sqrt(abs(x))\"", 0, 0, 0},
    {"\"sqrt(x^2)\"", -3, 3, -1},
    {"\"abs(x)^1.5\"", -4, 8, -3},
    {"\"2^x\"", 3, 8, 5.5451774444795623},
    {"\"x^x\"", 2, 4, 6.7725887222397811},
    {"\"8 / 2 / 2 * x\"", 1, 2, 2},
    {"\"1 - 2 - 3 + x\"", 1, -3, 1},
    {"\"1e1 x + .5 + 2.\"", 1, 12.5, 10},
    {"\"c x + c (x - 1)\" c=3", 2, 9, 6},
    {"\"x\n  + 1\"", 2, 3, 1},
    /* What is not taken may be infinite or not a number. */
    {"\"where(x > 0, log(x), 0)\"", -1, 0, 0},
    {"\"where(x > 0, sqrt(x), x)\"", -2, -2, 1},
    {"\"x * where(x == 0, 0, 1 / x)\"", 0, 0, 0},
    {"\"relu(x) + relu(log(x))\"", 0, 0, 0},
    /* Kinks */
    {"\"abs(x)\"", 0, 0, 0},
    {"\"max(x, 0)\"", 0, 0, 0},
    {"\"max(x, -x)\"", 0, 0, 0},
    {"\"max(x, abs(x))\"", 2, 2, 1},
    {"\"min(x, 1) + max(x, -1)\"", 1, 2, 1},
    {"\"relu(x)\"", 0, 0, 0},
    {"\"sign(x)\"", -4, -1, 0},
    {"\"(0 < x) * (x <= 1) * x\"", 0.5, 0.5, 1},
    {"\"(x >= 2) + (x != 2) + 2 (x == 2)\"", 2, 3, 0},
    {"\"where(x, 2 x, 3)\"", 5, 10, 2},
    {"\"tanh(x) + sigmoid(x)\"", 0, 0.5, 1.25},
    {"\"softplus(x)\"", 0, 0.69314718055994531, 0.5},
    {"\"sin(x) + cos(x)\"", 0, 1, 1},
    {"\"sinh(x) + cosh(x) - exp(x)\"", 1, 0, 0},
    {"\"erf(x)\"", 0, 0, 1.1283791670955126},
    {"\"log1p(x)\"", 1, 0.69314718055994531, 0.5},
    {"3", 1, 3, 0},
    {"x", 4, 4, 1},
};

static void answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        given g;
        read_formula(&g, known[i].formula, x_alone);
        check(&g, known[i].formula, TC_FORMULA_VALUE, known[i].x, 0, known[i].value);
        check(&g, known[i].formula, TC_FORMULA_SLOPE, known[i].x, 0, known[i].slope);
        release(&g, NULL);
    }
}

static void two_variables(void **state)
{
    (void)state;
    given g;
    read_formula(&g, "\"where(y > t, a, 1 - a) * abs(y - t)^2\" a=0.25", y_and_t);
    check(&g, "quantile", TC_FORMULA_VALUE, 3, 1, 1);
    check(&g, "quantile", TC_FORMULA_SLOPE, 3, 1, 1);
    check(&g, "quantile", TC_FORMULA_SLOPE + 1, 3, 1, -1);
    check(&g, "quantile", TC_FORMULA_SLOPE, 1, 3, -3);
    release(&g, NULL);
    read_formula(&g, "\"y^t\"", y_and_t);
    check(&g, "power", TC_FORMULA_SLOPE, -3, 3, 27);
    check(&g, "power", TC_FORMULA_SLOPE, -3, -1, -1.0 / 9);
    check(&g, "power", TC_FORMULA_SLOPE, 0, 1, 1);
    check(&g, "power", TC_FORMULA_SLOPE, 0, 0.5, 0);
    release(&g, NULL);
}

/* Two factors are joined to one that a product of so many has no place for. */
static void nothing_is_lost_from_a_long_product(void **state)
{
    (void)state;
    given g;
    char text[700] = "\"abs(x)";
    for (int i = 1; i <= 22; i++) snprintf(text + strlen(text), 40, " * (1 + exp(x - %d))", 1000 + i);
    strcat(text, " * sign(x)\"");
    read_formula(&g, text, x_alone);
    check(&g, "a long product", TC_FORMULA_VALUE, 5, 0, 5);
    release(&g, NULL);
}

/* ---- Derivatives as text ---- */

static const struct {
    const char *formula, *value, *slope;
} simple[] = {
    {"\"x^2 / (1 + x^2)\"", "x^2 / (1 + x^2)", "2 x / (1 + x^2)^2"},
    {"\"log(1 + abs(x) / 0.1)\"", "log(1 + 10 abs(x))", "sign(x) / (0.1 + abs(x))"},
    {"\"x / (1 + exp(-1.702 x))\"", "x * sigmoid(1.702 x)",
     "sigmoid(1.702 x) * (1 + 1.702 x * (1 - sigmoid(1.702 x)))"},
    {"\"log(cosh(x - 1))\"", "log_cosh(x - 1)", "tanh(x - 1)"},
    {"\"log(1 + exp(-x))\"", "softplus(-x)", "-sigmoid(-x)"},
    {"\"x / (c + abs(x))\" c=2", "x / (2 + abs(x))", "2 / (2 + abs(x))^2"},
    {"\"sqrt(1 + x^2) - 1\"", "sqrt(1 + x^2) - 1", "x / sqrt(1 + x^2)"},
    {"\"where(x > 0, x, 0.1 x)\"", "where(x > 0, x, 0.1 x)", "where(x > 0, 1, 0.1)"},
    {"\"max(x, 0)^2\"", "max(x, 0)^2", "2 max(x, 0) * (x > 0)"},
    {"\"1 - exp(-x^2 / 2)\"", "1 - exp(-0.5 x^2)", "x * exp(-0.5 x^2)"},
    {"\"x * x * x - x\"", "x * (x^2 - 1)", "3 x^2 - 1"},
    {"\"x - x + 2 x - x * 2 + 4\"", "4", "0"},
    {"\"tanh(x)^2\"", "tanh(x)^2", "2 tanh(x) * (1 - tanh(x)^2)"},
    {"\"-(x - 2)\"", "2 - x", "-1"},
    {"\"x^0 + x^1\"", "1 + x", "1"},
    {"\"(2 x)^(-1)\"", "0.5 / x", "-0.5 / x^2"},
    {"\"abs(-3 x)\"", "3 abs(x)", "3 sign(x)"},
};

static void derivatives_are_simplified(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++) {
        given g;
        read_formula(&g, simple[i].formula, x_alone);
        assert_string_equal(tc_formula_text(g.f, TC_FORMULA_VALUE), simple[i].value);
        assert_string_equal(tc_formula_text(g.f, TC_FORMULA_SLOPE), simple[i].slope);
        release(&g, NULL);
    }
}

/* ---- Mistakes ---- */

static const struct {
    const char *text, *marked, *says, *hint;
} mistake[] = {
    {"formula \"x^2 + \"", "\"", "ends too early", NULL},
    {"formula \"\"", "\"", "ends too early", NULL},
    {"formula \"x ^ (1 + \"", "\"", "ends too early", NULL},
    {"formula \"(x + 1\"", "(", "not closed", NULL},
    {"formula \"x + 1)\"", ")", "not opened", NULL},
    {"formula \"x * / 2\"", "/", "not /", NULL},
    {"formula \"x ** 2\"", "*", "not *", "x^2"},
    {"formula \"x y\"", "y", "before y", "write *"},
    {"formula \"x 2\"", "2", "before 2", "write *"},
    {"formula \"2 3\"", "3", "before 3", "write *"},
    {"formula \"(x + 1) x\"", "x", "before x", "write *"},
    {"formula \"x (x + 1)\"", "x", "the function x does not exist", "x * ("},
    {"formula \"1 / 2 x\"", "2 x", "needs a *", "1 / (2 x)"},
    {"formula \"x^2 x\"", "2 x", "needs a *", NULL},
    {"formula \"1 / c x\" c=2", "c x", "needs a *", NULL},
    {"formula \"x + wide\"", "wide", "wide has no value", "wide=0.5"},
    {"formula \"x + lambda\"", "lambda", "attribute of formula", "another name"},
    {"formula \"tan(x)\"", "tan", "the function tan does not exist", "tanh"},
    {"formula \"if(x > 0, x, 1)\"", "if", "the function if does not exist", "where"},
    {"formula \"x > 0 ? x : 1\"", "?", "before ?", "where("},
    {"formula \"0 < x < 1\"", "<", "two sides", "multiply"},
    {"formula \"x = 1\"", "=", "before =", "=="},
    {"formula \"|x|\"", "|", "not |", "abs(x)"},
    {"formula \"max(x)\"", ")", "2 operands", NULL},
    {"formula \"abs(x, 1)\"", ",", "1 operand", NULL},
    {"formula \"exp x\"", "exp", "operand is missing", "exp(x)"},
    {"formula \"x + 1e999\"", "1e999", "not a number", NULL},
    {"formula \"x + \xc3\xa9\"", "\xc3", "expected a number", NULL},
    {"formula x^2 / 2", "/", "expected a number", "in quotes"},
    {"formula x 1 + 2", "+", "no place for '+'", "in quotes"},
    {"formula \"x\" c=2", "c", "no attribute c", NULL},
    {"formula \"c x\" c=two", "c=two", "expected a number", NULL},
    {"formula \"c x\" c=2 c=3", "c=3", "given twice", NULL},
    {"formula \"x + exp(x)\" x=2", "x", "cannot be a constant", NULL},
    {"formula \"x + exp(x)\" exp=2", "exp", "cannot be a constant", NULL},
};

static void mistakes_have_places(void **state)
{
    (void)state;
    char deep[700] = "formula \"", wide[4000] = "formula \"x", numbers[4000] = "formula \"";
    for (int i = 0; i < 300; i++) strcat(deep, "(");
    for (int i = 0; i < 330; i++) snprintf(wide + strlen(wide), 20, "+sin(x+%d)", i);
    for (int i = 0; i < 98; i++) snprintf(numbers + strlen(numbers), 40, "where(x>%d,%d.5,", i, i);
    strcat(numbers, "x");
    for (int i = 0; i < 98; i++) strcat(numbers, ")");
    strcat(deep, "x\"");
    strcat(wide, "\"");
    strcat(numbers, "\"");
    for (size_t i = 0; i < sizeof mistake / sizeof *mistake; i++) {
        given g;
        try_on(&g, mistake[i].text, x_alone, NULL);
        if (g.f) fail_msg("%s is accepted", mistake[i].text);
        if (!strstr(g.error.message, mistake[i].says)) fail_msg("%s: %s", mistake[i].text, g.error.message);
        if (mistake[i].hint && !strstr(g.error.hint, mistake[i].hint))
            fail_msg("%s: hint %s", mistake[i].text, g.error.hint);
        if (strncmp(g.error.source + g.error.column, mistake[i].marked, strlen(mistake[i].marked)) != 0)
            fail_msg("%s: marked is %s", mistake[i].text, g.error.source + g.error.column);
        release(&g, NULL);
    }
    given g;
    try_on(&g, deep, x_alone, NULL);
    assert_non_null(strstr(g.error.message, "deep"));
    release(&g, NULL);
    try_on(&g, wide, x_alone, NULL);
    assert_null(g.f);
    assert_non_null(strstr(g.error.message, "more than 1024 parts"));
    release(&g, NULL);
    try_on(&g, numbers, x_alone, NULL);
    assert_null(g.f);
    assert_non_null(strstr(g.error.message, "numbers at once"));
    release(&g, NULL);
}

/* Help lists all functions. */
static void functions_are_listed(void **state)
{
    (void)state;
    const char *doc = tc_op_find("map")->attribute[0].doc;
    for (int i = 0; tc_formula_function_at(i); i++) {
        const char *name = tc_formula_function_at(i)->name;
        if (name && !strstr(doc, name)) fail_msg("%s is not in \"%s\"", name, doc);
    }
}

/* ---- Random formulas ---- */

typedef struct source {
    uint32_t noise;
    char text[2000];
    size_t length;
} source;

static int draw(source *s, int below)
{
    s->noise = s->noise * 1664525u + 1013904223u;
    return (int)((s->noise >> 8) % (uint32_t)below);
}

static void put(source *s, const char *text)
{
    s->length += (size_t)snprintf(s->text + s->length, sizeof s->text - s->length, "%s", text);
}

/* A formula that is smooth almost everywhere, and of a size that differences can follow. */
static void grow(source *s, int depth)
{
    static const char *const leaf[] = {"x", "x", "x", "0.5", "1.702", "2", "c"};
    static const char *const between[] = {" + ", " - ", " * ", " / ", " + ", " * "};
    static const char *const of_one[] = {"abs",  "sign",     "exp", "log", "log1p", "sqrt", "tanh", "sigmoid",
                                         "relu", "softplus", "sin", "cos", "sinh",  "cosh", "erf",  "log_cosh"};
    static const char *const of_two[] = {"min", "max"};
    static const char *const power[] = {"^2", "^3", "^-1", "^0.5", "^1.5", "^-2"};
    if (depth == 0 || draw(s, 8) == 0) {
        put(s, leaf[draw(s, 7)]);
        return;
    }
    const int kind = draw(s, 12);
    put(s, kind < 5    ? "("
           : kind < 8  ? of_one[draw(s, 16)]
           : kind == 8 ? of_two[draw(s, 2)]
           : kind == 9 ? "where(x > "
                       : "-");
    if (kind > 4) put(s, kind == 9 ? "" : "(");
    grow(s, depth - 1);
    if (kind < 5) put(s, between[draw(s, 6)]);
    if (kind == 8 || kind == 9) put(s, ", ");
    if (kind < 5 || kind == 8 || kind == 9) grow(s, depth - 1);
    if (kind == 9) put(s, ", "), grow(s, depth - 1);
    put(s, ")");
    if (kind == 11) put(s, power[draw(s, 6)]);
}

static int compared, finite_slopes;

/* Compares the slope with a central difference where two of different widths agree. */
static void compare_slope(const given *g, const char *formula, double x)
{
    const double h = 1e-4, value = at(g, TC_FORMULA_VALUE, x, 0), slope = at(g, TC_FORMULA_SLOPE, x, 0);
    const double wide = (at(g, TC_FORMULA_VALUE, x + h, 0) - at(g, TC_FORMULA_VALUE, x - h, 0)) / (2 * h);
    const double near = (at(g, TC_FORMULA_VALUE, x + h / 8, 0) - at(g, TC_FORMULA_VALUE, x - h / 8, 0)) / (h / 4);
    const double scale = 1 + fabs(near) + 1e-3 * fabs(value);
    if (!isfinite(value) || !isfinite(wide) || !isfinite(near) || fabs(near) > 1e6 || fabs(value) > 1e6) return;
    if (fabs(wide - near) > 1e-6 * scale) return;
    compared++;
    finite_slopes += isfinite(slope);
    if (isfinite(slope) && fabs(slope - near) > 1e-5 * scale)
        fail_msg("%s at %g: the slope is %.9g, the difference %.9g; it is %s", formula, x, slope, near,
                 tc_formula_text(g->f, TC_FORMULA_SLOPE));
}

/* The value by the loops, and by what is printed read again. */
static void compare_value(const given *g, const given *again, const char *formula, double x)
{
    for (int program = TC_FORMULA_VALUE; program <= TC_FORMULA_SLOPE; program++) {
        const double is = at(g, program, x, 0),
                     printed = again[program].f ? at(&again[program], TC_FORMULA_VALUE, x, 0) : is;
        if (!isfinite(is) || fabs(is) > 1e6) continue;
        if (fabs(printed - is) > 1e-3 * (1 + fabs(is)))
            fail_msg("%s, printed as %s, at %g is %.9g, and %.9g", formula, tc_formula_text(g->f, program), x, is,
                     printed);
    }
}

static void random_formulas(void **state)
{
    (void)state;
    source s = {.noise = 1};
    for (int i = 0; i < 20000; i++) {
        char text[2100];
        given g, again[2];
        s.length = 0;
        grow(&s, 1 + i % 4);
        if (!strchr(s.text, 'x')) continue;
        snprintf(text, sizeof text, strchr(s.text, 'c') ? "\"%s + 0 c\" c=0.75" : "\"%s\"", s.text);
        read_formula(&g, text, x_alone);
        for (int program = 0; program < 2; program++) {
            const char *printed = tc_formula_text(g.f, program);
            again[program] = (given){.f = NULL};
            if (strstr(printed, "...")) continue;
            snprintf(text, sizeof text, "\"%s\"", printed);
            read_formula(&again[program], text, x_alone);
        }
        for (int k = 0; k < 4; k++) {
            const double x = (draw(&s, 4001) - 2000) / 653.17; /* at no kink */
            compare_slope(&g, s.text, x);
            compare_value(&g, again, s.text, x);
        }
        release(&g, NULL);
        for (int program = 0; program < 2; program++) release(&again[program], NULL);
    }
    assert_true(compared > 30000);
    assert_true(finite_slopes > compared * 999 / 1000);
}

/* ---- Tiles ---- */

/* All lengths give the same bits as one number alone. */
static void tiles(void **state)
{
    (void)state;
    static const char *const formula[] = {"\"x^2 / (1 + x^2)\"",
                                          "\"log(1 + abs(x) / 0.1) - 3 abs(x)\"",
                                          "\"x^3 - (x - 2) * x\"",
                                          "\"where(x > 0, x, 0.1 (exp(x) - 1))\"",
                                          "\"abs(x) * sign(x) - abs(x - 1) * 2\"",
                                          "5"};
    static float x[TC_FORMULA_TILE], y[TC_FORMULA_TILE];
    for (int i = 0; i < TC_FORMULA_TILE; i++) x[i] = (float)(i * 7919 % 2001 - 1000) / 300;
    for (size_t i = 0; i < sizeof formula / sizeof *formula; i++)
        for (int program = TC_FORMULA_VALUE; program <= TC_FORMULA_SLOPE; program++)
            for (int64_t n = 1; n <= TC_FORMULA_TILE; n += n < 40 ? 1 : 41) {
                given g;
                bool finite;
                read_formula(&g, formula[i], x_alone);
                float *scratch = malloc((size_t)tc_formula_scratch(g.f) + 1);
                tc_formula_begin(g.f, program, 1, n, scratch);
                tc_formula_tile(g.f, program, (const float *const[]){x, x, x}, n, scratch, y, &finite);
                assert_true(finite);
                for (int64_t k = 0; k<n; k += n> 60 ? 17 : 1) {
                    const float one = in_float(&g, program, x[k], 0);
                    assert_memory_equal(&one, &y[k], sizeof one);
                }
                free(scratch);
                release(&g, NULL);
            }
}

/* ---- Memory ---- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (int64_t n = 1;; n++) {
        failing f = {.fail_at = n};
        const tacet_memory hook = failing_memory(&f);
        given g;
        try_on(&g, "formula \"x^2 / (c + x^2)\" c=0.5", x_alone, &hook);
        assert_int_equal(g.f == NULL, f.failed);
        if (f.failed) assert_int_equal(g.error.status, TACET_MEMORY);
        release(&g, &hook);
        assert_int_equal(f.alive, 0);
        if (!f.failed) break;
        assert_true(n < 10);
    }
}

/* A graph with formulas, as text and back; mistakes are shown in the whole chain; every allocation may fail. */
static void in_a_graph(void **state)
{
    (void)state;
    const char *chain = "linear 4 | map \"x / (1 + exp(-c x))\" c=1.702 | linear 2";
    for (int64_t n = 0;; n++) {
        failing f = {.fail_at = n};
        const tacet_memory hook = failing_memory(&f);
        tacet_error e;
        char text[400];
        tacet_graph *g = tacet_graph_new(&hook);
        const tacet_value x = tacet_input(g, "x", 1, (int64_t[]){3}), t = tacet_input(g, "t", 1, (int64_t[]){2});
        tacet_loss(g, "formula_loss \"log(cosh(y - t))\"", tacet_chain(g, x, chain), t);
        tacet_penalize(g, "map1", "formula \"x^2 / (c + x^2)\" 1e-3 c=0.5");
        tacet_plan *p = tacet_compile(g, &(tacet_config){TACET_CONFIG, .batch = 2, .optimizer = "sgd lr=0.1"}, &e);
        assert_int_equal(p == NULL, f.failed);
        if (p) {
            tacet_graph_text(g, "penalties", text, sizeof text);
            assert_string_equal(text, "map1: formula \"x^2 / (c + x^2)\" 1e-3 c=0.5");
            tacet_graph_text(g, "model", text, sizeof text);
            assert_string_equal(text, "from x | linear 4 | map \"x / (1 + exp(-c x))\" c=1.702 | linear 2");
        }
        tacet_plan_free(p);
        tacet_graph_free(g);
        assert_int_equal(f.alive, 0);
        if (!f.failed && n > 0) break;
    }
    tacet_graph *g = tacet_graph_new(NULL);
    tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){3}), "linear 4 | map \"x / (1 + exq(-x))\" | linear 2");
    assert_int_equal(tacet_graph_error(g)->column, 25);
    assert_string_equal(tacet_graph_error(g)->hint, "did you mean exp?");
    tacet_graph_free(g);
    g = tacet_graph_new(NULL);
    tacet_chain(g, tacet_input(g, "x", 1, (int64_t[]){3}), "linear 4");
    tacet_penalize(g, "linear1.weight", "formula x^2 1 prox");
    assert_non_null(strstr(tacet_graph_error(g)->message, "no proximal step"));
    tacet_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(two_variables), cmocka_unit_test(nothing_is_lost_from_a_long_product),
        cmocka_unit_test(derivatives_are_simplified),
        cmocka_unit_test(mistakes_have_places),
        cmocka_unit_test(functions_are_listed),
        cmocka_unit_test(random_formulas),
        cmocka_unit_test(tiles),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(in_a_graph),
    };
    return cmocka_run_group_tests_name("formula", tests, NULL, NULL);
}
