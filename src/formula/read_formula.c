/* read_formula.c: reads a formula by recursive descent, one function for each line of the grammar (formula.h). Depth is
 * limited, and every mistake is shown at its place in the description. */
#include "formula/expression.h"

#include "base/nearest.h"

#include <ctype.h>
#include <string.h>

enum { MAX_DEPTH = 100, MAX_NAME = 64 };

typedef struct reader {
    tc_expressions *e;
    const tc_formula_source *s;
    const char *text;
    int at, depth;
    bool tight;  /* after / or ^, where a number does not multiply what follows it */
    bool number; /* whether the last atom was a number or a constant */
    tacet_error *why;
} reader;

static int choice(reader *r);
static int sign(reader *r);

static bool is_letter(char c) { return isascii((unsigned char)c) && (isalpha((unsigned char)c) || c == '_'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Refuses the text from `at` on, at its place in the description. Returns -1. */
__attribute__((format(printf, 4, 5))) static int refuse(const reader *r, int at, int width, const char *format, ...)
{
    const char *source = r->s->spec->source;
    const int quote = source[r->s->arg->column] == '"';
    va_list list;
    va_start(list, format);
    tc_fail_list(r->why, TACET_DESCRIPTION, format, list);
    va_end(list);
    tc_fail_at(r->why, source, r->s->arg->column + quote + at, width > 0 ? width : 1);
    return -1;
}

static char next(reader *r)
{
    while (r->text[r->at] && strchr(" \t\r\n", r->text[r->at])) r->at++;
    return r->text[r->at];
}

static bool take(reader *r, char c)
{
    if (next(r) != c) return false;
    r->at++;
    return true;
}

/* The length of the name at `at`; of what stands there, for a caret. */
static int name_length(const reader *r, int at)
{
    int n = 0;
    while (is_letter(r->text[at + n]) || (n > 0 && is_digit(r->text[at + n]))) n++;
    return n;
}

static int word_length(const reader *r, int at)
{
    int n = name_length(r, at);
    uint32_t code;
    if (n > 0) return n;
    while (is_digit(r->text[at + n]) || r->text[at + n] == '.') n++;
    const size_t bytes = n > 0 ? 0 : tc_char(r->text + at, &code);
    return n > 0 ? n : bytes > 0 ? (int)bytes : r->text[at] ? 1 : 0;
}

/* ---- Names ---- */

static int variable_of(const reader *r, const char *name)
{
    for (int i = 0; r->s->variable[i]; i++)
        if (strcmp(r->s->variable[i], name) == 0) return i;
    return -1;
}

/* The function of that name: a sign such as < is not one. */
static int function_of(const char *name)
{
    for (int i = 0; i < TC_FORMULA_FUNCTIONS; i++) {
        const char *is = tc_formula_function_at(i)->name;
        if (is && is_letter(is[0]) && strcmp(is, name) == 0) return i;
    }
    return -1;
}

static bool is_taken(const reader *r, const char *name)
{
    for (size_t t = 0; t < sizeof r->s->taken / sizeof *r->s->taken; t++)
        for (const tc_attribute *a = r->s->taken[t]; a && a->name; a++)
            if (strcmp(a->name, name) == 0) return true;
    return false;
}

static const char *name_at(const void *context, int i)
{
    const reader *r = context;
    for (int k = 0; r->s->variable[k]; k++)
        if (i-- == 0) return r->s->variable[k];
    for (int k = 0; k < TC_FORMULA_FUNCTIONS; k++) {
        const char *is = tc_formula_function_at(k)->name;
        if (is && is_letter(is[0]) && i-- == 0) return is;
    }
    return NULL;
}

/* The constant of that name, which the description gives. */
static bool is_given(const reader *r, const char *name, double *x)
{
    const tc_spec *s = r->s->spec;
    for (int i = 0; i < s->count && !is_taken(r, name); i++)
        if (s->word[i].key && strcmp(s->word[i].key, name) == 0 && tc_written_number(s->word[i].text, x)) return true;
    return false;
}

static int refuse_name(const reader *r, const char *name, int at)
{
    const tc_spec *s = r->s->spec;
    const int width = (int)strlen(name);
    if (function_of(name) >= 0) {
        refuse(r, at, width, "%s is a function: its operand is missing", name);
        tc_fail_hint(r->why, "write %s(%s)", name, r->s->variable[0]);
        return -1;
    }
    refuse(r, at, width,
           is_taken(r, name) ? "%s is an attribute of %s, so it cannot be a constant" : "%s has no value in this %s",
           name, s->name);
    const char *near = tc_nearest(name, name_at, r);
    if (is_taken(r, name))
        tc_fail_hint(r->why, "give the constant another name");
    else if (near && strlen(name) > 1)
        tc_fail_hint(r->why, "did you mean %s? a constant is given after the formula: %s=0.5", near, name);
    else
        tc_fail_hint(r->why, "a constant is given after the formula, %s=0.5; the variable%s %s%s%s", name,
                     r->s->variable[1] ? "s are" : " is", r->s->variable[0], r->s->variable[1] ? " and " : "",
                     r->s->variable[1] ? r->s->variable[1] : "");
    return -1;
}

/* The operands of a function, in parentheses. */
static int call(reader *r, const char *name, int at)
{
    const int function = function_of(name);
    int of[TC_OPERANDS] = {0}, count = 0;
    if (function < 0) {
        refuse(r, at, (int)strlen(name), "the function %s does not exist", name);
        const char *near = strcmp(name, "if") == 0 ? "where" : tc_nearest(name, name_at, r);
        if (variable_of(r, name) >= 0)
            tc_fail_hint(r->why, "to multiply, write %s * (", name);
        else if (near)
            tc_fail_hint(r->why, "did you mean %s?", near);
        else
            tc_fail_choices(r->why, "it may use", name, name_at, r);
        return -1;
    }
    const int due = tc_formula_function_at(function)->operands;
    r->at++;
    do {
        if (count == due) return refuse(r, r->at - 1, 1, "%s takes %d operand%s", name, due, tc_plural(due));
        of[count] = choice(r);
        if (of[count++] < 0) return -1;
    } while (take(r, ','));
    r->number = false;
    if (next(r) != ')' || count < due)
        return refuse(r, r->at, word_length(r, r->at),
                      count < due ? "%s takes %d operands, and a comma between them"
                                  : "expected ) after the operands of %s",
                      name, due);
    r->at++;
    return tc_make_node(r->e, function, of[0], of[1], of[2]);
}

static int named(reader *r)
{
    char name[MAX_NAME + 1];
    double x;
    const int at = r->at, length = name_length(r, at);
    if (length > MAX_NAME) return refuse(r, at, length, "a name is at most %d letters long", MAX_NAME);
    memcpy(name, r->text + at, (size_t)length);
    name[length] = '\0';
    r->at += length;
    r->number = is_given(r, name, &x);
    if (r->number) return tc_number_node(r->e, x);
    if (next(r) == '(') return call(r, name, at);
    const int variable = variable_of(r, name);
    return variable >= 0 ? tc_variable_node(r->e, variable) : refuse_name(r, name, at);
}

/* ---- Atoms ---- */

static int literal(reader *r)
{
    char digits[MAX_NAME + 1];
    const int at = r->at;
    int n = 0;
    double x;
    while (is_digit(r->text[at + n])) n++;
    if (r->text[at + n] == '.')
        for (n++; is_digit(r->text[at + n]);) n++;
    if (r->text[at + n] == 'e' || r->text[at + n] == 'E') {
        const int sign_at = r->text[at + n + 1] == '-' || r->text[at + n + 1] == '+', first = n + 1 + sign_at;
        if (is_digit(r->text[at + first]))
            for (n = first; is_digit(r->text[at + n]);) n++;
    }
    if (n <= MAX_NAME) memcpy(digits, r->text + at, (size_t)n);
    digits[n <= MAX_NAME ? n : 0] = '\0';
    if (!tc_number_read(digits, &x)) return refuse(r, at, n, "this is not a number");
    r->at += n;
    return tc_number_node(r->e, x);
}

static int parenthesis(reader *r)
{
    const int at = r->at++, node = choice(r);
    r->number = false;
    if (node < 0) return -1;
    if (take(r, ')')) return node;
    if (next(r)) return refuse(r, r->at, word_length(r, r->at), "expected an operator or )");
    return refuse(r, at, 1, "this parenthesis is not closed");
}

static int refuse_atom(const reader *r)
{
    const char c = r->text[r->at];
    refuse(r, r->at, word_length(r, r->at),
           c ? "expected a number, a name or (, not %.*s" : "the formula ends too early", word_length(r, r->at),
           r->text + r->at);
    if (c == '*') tc_fail_hint(r->why, "a power is written x^2");
    if (c == '|') tc_fail_hint(r->why, "a magnitude is written abs(x)");
    return -1;
}

static int atom(reader *r)
{
    const char c = next(r);
    r->number = is_digit(c) || (c == '.' && is_digit(r->text[r->at + 1]));
    if (r->number) return literal(r);
    if (is_letter(c)) return named(r);
    return c == '(' ? parenthesis(r) : refuse_atom(r);
}

/* ---- Operators ---- */

static int power(reader *r)
{
    next(r);
    const int at = r->at, base = atom(r);
    const bool tight = r->tight, number = r->number;
    int node = base;
    if (node < 0) return -1;
    if (take(r, '^')) {
        r->tight = true;
        const int exponent = sign(r);
        r->tight = tight;
        return exponent < 0 ? -1 : tc_make_node(r->e, TC_F_POWER, base, exponent, 0);
    }
    const char after = next(r);
    if (!number || !(is_letter(after) || after == '(')) return node;
    if (tight) {
        refuse(r, at, r->at - at + 1, "a number that multiplies needs a * after / or ^");
        tc_fail_hint(r->why, "write 1 / (2 x) or 1 / 2 * x");
        return -1;
    }
    node = power(r);
    return node < 0 ? -1 : tc_make_node(r->e, TC_F_MUL, base, node, 0);
}

static int sign(reader *r)
{
    int node = -1;
    if (r->depth++ == MAX_DEPTH) return refuse(r, r->at, 1, "this is nested more than %d deep", MAX_DEPTH);
    if (take(r, '-')) {
        node = sign(r);
        if (node >= 0) node = tc_make_node(r->e, TC_F_SUB, 0, node, 0);
    } else {
        node = take(r, '+') ? sign(r) : power(r);
    }
    r->depth--;
    return node;
}

static int product(reader *r)
{
    int node = sign(r);
    while (node >= 0 && (next(r) == '*' || next(r) == '/')) {
        const bool over = r->text[r->at++] == '/', tight = r->tight;
        r->tight = over;
        const int other = sign(r);
        r->tight = tight;
        node = other < 0 ? -1 : tc_make_node(r->e, over ? TC_F_DIV : TC_F_MUL, node, other, 0);
    }
    return node;
}

static int sum(reader *r)
{
    int node = product(r);
    while (node >= 0 && (next(r) == '+' || next(r) == '-')) {
        const int function = r->text[r->at++] == '-' ? TC_F_SUB : TC_F_ADD, other = product(r);
        node = other < 0 ? -1 : tc_make_node(r->e, function, node, other, 0);
    }
    return node;
}

/* The comparison that stands here, or -1. */
static int comparison(reader *r)
{
    int found = -1;
    next(r);
    for (int i = TC_F_LESS; i <= TC_F_UNEQUAL; i++) {
        const char *is = tc_formula_function_at(i)->name;
        const size_t n = strlen(is);
        if (strncmp(r->text + r->at, is, n) == 0 && (found < 0 || n == 2)) found = i;
    }
    return found;
}

static int choice(reader *r)
{
    const bool tight = r->tight;
    r->tight = false;
    const int a = sum(r), compare = a < 0 ? -1 : comparison(r);
    int node = a;
    if (compare >= 0) {
        r->at += (int)strlen(tc_formula_function_at(compare)->name);
        const int b = sum(r);
        node = b < 0 ? -1 : tc_make_node(r->e, compare, a, b, 0);
        if (node >= 0 && comparison(r) >= 0) {
            refuse(r, r->at, 1, "a comparison has two sides");
            tc_fail_hint(r->why, "for both of two conditions multiply them: (0 < x) * (x < 1)");
            return -1;
        }
    }
    r->tight = tight;
    return node;
}

static int refuse_rest(const reader *r)
{
    const char c = r->text[r->at];
    refuse(r, r->at, word_length(r, r->at),
           c == ')' ? "this parenthesis was not opened" : "expected an operator before %.*s", word_length(r, r->at),
           r->text + r->at);
    if (is_letter(c) || is_digit(c) || c == '(')
        tc_fail_hint(r->why, "to multiply, write *; without it only a number or a constant multiplies");
    if (c == '?') tc_fail_hint(r->why, "a choice is written where(x > 0, x, 0.1 x)");
    if (c == '=') tc_fail_hint(r->why, "whether two numbers are equal is written ==");
    return -1;
}

bool tc_formula_read(tc_expressions *e, const tc_formula_source *s, int *root, tacet_error *why)
{
    reader r = {.e = e, .s = s, .text = s->arg->text, .why = why};
    tc_number_node(e, 0);
    for (int i = 0; i < s->spec->count; i++) {
        const tc_word *w = &s->spec->word[i];
        if (w->key && !is_taken(&r, w->key) && (variable_of(&r, w->key) >= 0 || function_of(w->key) >= 0)) {
            tc_refuse(why, s->spec->source, w->column, (int)strlen(w->key), "%s is %s, so it cannot be a constant",
                      w->key, variable_of(&r, w->key) >= 0 ? "what the formula is of" : "a function");
            return false;
        }
    }
    *root = choice(&r);
    if (*root >= 0 && next(&r)) *root = refuse_rest(&r);
    return *root >= 0;
}
