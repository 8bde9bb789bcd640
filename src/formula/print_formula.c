/* print_formula.c: writes a node as a formula. */
#include "formula/expression.h"

#include <ctype.h>

/* How tightly a node's parts hold together. */
enum { CHOICE, SUM, PRODUCT, POWER, ATOM };

typedef struct printer {
    const tc_expressions *e;
    const char *const *variable;
    tc_text *to;
} printer;

static void print(const printer *p, int node, int within);

static int level_of(const tc_expression *n)
{
    static const char level[TC_FORMULA_FUNCTIONS] = {
        [TC_F_ADD] = SUM,         [TC_F_SUB] = SUM,      [TC_F_MUL] = PRODUCT,    [TC_F_DIV] = PRODUCT,
        [TC_F_POWER] = POWER,     [TC_F_LESS] = CHOICE,  [TC_F_AT_MOST] = CHOICE, [TC_F_GREATER] = CHOICE,
        [TC_F_AT_LEAST] = CHOICE, [TC_F_EQUAL] = CHOICE, [TC_F_UNEQUAL] = CHOICE};
    const tc_formula_function *f = tc_formula_function_at(n->function);
    if (n->function == TC_F_NUMBER) return n->number < 0 ? PRODUCT : ATOM;
    if (!f || (f->name && isalpha((unsigned char)f->name[0]))) return ATOM;
    return level[n->function];
}

static void between(const printer *p, const tc_expression *n, int left, const char *sign, int right)
{
    print(p, n->of[0], left);
    tc_text_add(p->to, "%s", sign);
    print(p, n->of[1], right);
}

/* A number before a name or a parenthesis needs no *, and neither does -1. */
static void print_product(const printer *p, const tc_expression *n)
{
    const tc_expression *a = &p->e->node[n->of[0]], *b = &p->e->node[n->of[1]];
    while (b->function == TC_F_MUL || b->function == TC_F_DIV || b->function == TC_F_POWER) b = &p->e->node[b->of[0]];
    if (a->function == TC_F_NUMBER && a->number == -1) {
        tc_text_add(p->to, "-");
        print(p, n->of[1], PRODUCT);
    } else {
        const bool number = a->function == TC_F_NUMBER;
        between(p, n, PRODUCT, number && b->function != TC_F_NUMBER ? " " : " * ", number ? PRODUCT : POWER);
    }
}

static void print_node(const printer *p, const tc_expression *n)
{
    const tc_formula_function *f = tc_formula_function_at(n->function);
    if (n->function == TC_F_NUMBER) tc_text_add(p->to, "%.7g", n->number);
    if (n->function == TC_F_VARIABLE) tc_text_add(p->to, "%s", p->variable[n->of[0]]);
    if (n->function == TC_F_ADD) between(p, n, SUM, " + ", PRODUCT);
    if (n->function == TC_F_SUB) between(p, n, SUM, " - ", PRODUCT);
    if (n->function == TC_F_MUL) print_product(p, n);
    if (n->function == TC_F_DIV) between(p, n, PRODUCT, " / ", POWER);
    if (n->function == TC_F_POWER) between(p, n, ATOM, "^", ATOM);
    if (!f || !f->name) return;
    if (!isalpha((unsigned char)f->name[0])) {
        print(p, n->of[0], SUM);
        tc_text_add(p->to, " %s ", f->name);
        print(p, n->of[1], SUM);
        return;
    }
    tc_text_add(p->to, "%s(", f->name);
    for (int k = 0; k < f->operands; k++) {
        if (k) tc_text_add(p->to, ", ");
        print(p, n->of[k], CHOICE);
    }
    tc_text_add(p->to, ")");
}

static void print(const printer *p, int node, int within)
{
    /* What occurs twice is written twice: a formula may be much longer than it has nodes. */
    if (p->to->capacity && p->to->length >= p->to->capacity) return;
    const tc_expression *n = &p->e->node[node];
    const bool parentheses = level_of(n) < within;
    if (parentheses) tc_text_add(p->to, "(");
    print_node(p, n);
    if (parentheses) tc_text_add(p->to, ")");
}

void tc_print_node(const tc_expressions *e, int node, const char *const *variable, tc_text *to)
{
    const printer p = {e, variable, to};
    print(&p, node, CHOICE);
}
