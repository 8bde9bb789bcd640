/* fuzz_formula.c: a description with a formula, of x or of y and t. What is refused has a place; what is accepted can be
 * run, and prints as a formula that is accepted too. */
#include "fuzz.h"

#include "formula/formula.h"

enum { MOST_BYTES = 1 << 20 };
static const tc_attribute attributes[] = {{"f", "formula", NULL, "", true}, {"lambda", "float", "1", "", true}, {0}};

static tc_formula *read_formula(const tc_mem *m, const char *text, const char *const *variable, tacet_error *e)
{
    tc_spec spec;
    tc_arg arg[2];
    const tc_binding binding = {attributes, arg};
    if (tc_spec_parse(&spec, m, text, e)) return NULL;
    tc_formula *f = NULL;
    if (tc_spec_bind(&spec, 1, &binding, true, e) == TACET_OK) {
        const tc_formula_source s = {.spec = &spec, .arg = arg, .variable = variable, .taken = {attributes, NULL}};
        f = tc_formula_new(m, &s, e);
    }
    tc_spec_free(&spec);
    return f;
}

static void run(const tc_mem *m, const tc_formula *f, int program)
{
    static const float x[] = {0, -1, 0.5f, 1e30f, -3};
    enum { N = sizeof x / sizeof *x };
    const double wide[TC_FORMULA_INPUTS] = {0.5, -2, 1};
    float y[N], *scratch = tc_alloc(m, (size_t)tc_formula_scratch(f), 1);
    bool finite;
    if (!scratch) return;
    tc_formula_begin(f, program, 1, N, scratch);
    tc_formula_tile(f, program, (const float *const[]){x, x, x}, N, scratch, y, &finite);
    (void)tc_formula_at(f, program, 1, wide);
    tc_free(m, scratch);
}

/* Also tries what is printed. */
static void check(const tc_mem *m, const char *text, const char *const *variable)
{
    char printed[1000];
    tacet_error e = {.column = -1};
    tc_formula *f = read_formula(m, text, variable, &e);
    if (!f && e.status == TACET_DESCRIPTION && (e.column < 0 || e.column > (int)strlen(e.source)))
        fuzz_fail("refused without a place: %s", e.message);
    if (!f) fuzz_refused("the formula", &e);
    for (int program = 0; f && program <= TC_FORMULA_SLOPE + (variable[1] != NULL); program++) {
        const char *is = tc_formula_text(f, program);
        run(m, f, program);
        if (strstr(is, "...") || strlen(is) > sizeof printed - 20) continue;
        snprintf(printed, sizeof printed, "formula \"%s\"", is);
        tc_formula *other = read_formula(m, printed, variable, &e);
        if (!other && e.status == TACET_DESCRIPTION && !strstr(is, "inf") && !strstr(is, "nan"))
            fuzz_fail("%s prints as %s, which is refused: %s", text, is, e.message);
        tc_free(m, other);
    }
    tc_free(m, f);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    static const char *const x[] = {"x", NULL}, *const y_and_t[] = {"y", "t", NULL};
    const tc_mem *m = fuzz_memory_begin(MOST_BYTES);
    char *text = malloc(n + 1);
    if (!text) return 0;
    memcpy(text, bytes, n);
    text[n] = '\0';
    check(m, text, x);
    check(m, text, y_and_t);
    free(text);
    fuzz_memory_end();
    return 0;
}

void fuzz_seeds(void)
{
    static const char *const seeds[] = {
        "x^2 / (c + x^2)\" 1e-3 c=0.5",
        "log(1 + abs(x) / 0.1)\"",
        "x / (1 + exp(-1.702 x))\"",
        "log(cosh(y - t))\"",
        "where(x >= 0, x, a * (exp(x) - 1))\" a=0.1",
        "sqrt(1 + x^2) - max(0, x^-3) ^ 0.5 * sin(cos(tanh(erf(x))))\"",
        "softplus(x) * sigmoid(2 x) + relu(-x) ^ x - log1p(sinh(x)) * min(x, 1) * sign(x)\"",
        "(y != t) * (y <= 2) + (t < y) - (y == 1) / log_cosh(t)\""};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        char text[300];
        snprintf(text, sizeof text, "formula \"%s", seeds[i]);
        fuzz_seed_text(text);
    }
}
