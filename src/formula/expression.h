/* expression.h: formulas while they are read and derived: nodes, of which no two are the same, so that what occurs twice
 * is one node. A node comes after its operands. It is simplified when it is made (simplify.c). */
#ifndef TC_EXPRESSION_H
#define TC_EXPRESSION_H

#include "formula/formula.h"

enum {
#define TC_FORMULA(id, name, operands, value) TC_F_##id,
#include "formula/functions.def"
#undef TC_FORMULA
    TC_FORMULA_FUNCTIONS,
    TC_F_NUMBER = TC_FORMULA_FUNCTIONS,
    TC_F_VARIABLE,
    TC_F_SCALED /* a number times the factor that tc_formula_begin gets */
};

enum { TC_OPERANDS = 3, TC_MAX_NODES = 1024 };

typedef struct tc_expression {
    int function;
    int of[TC_OPERANDS]; /* nodes; unused: 0. Of a variable: its index */
    double number;
} tc_expression;

/* Node 0 is the number 0. If there would be too many nodes, `full` is set and new nodes are node 0. */
typedef struct tc_expressions {
    int count;
    bool full;
    tc_expression node[TC_MAX_NODES];
} tc_expressions;

/* The functions, by their number; name and value as in functions.def. The loops are for numbers in memory; the operands
 * that a function lacks may be any pointer. */
typedef struct tc_formula_function {
    const char *name;
    int operands;
    void (*run)(int64_t n, float *restrict to, const float *a, const float *b, const float *c);
    void (*run_wide)(int64_t n, double *restrict to, const double *a, const double *b, const double *c);
} tc_formula_function;
const tc_formula_function *tc_formula_function_at(int i);

/* Three operations at once, which is what makes a formula fast: to = (a one b) two (c three d), where one, two and three
 * are TC_F_ADD, SUB, MUL or (two) DIV, and one and three may be TC_F_COPY or SQUARE, without b or d. If two is ADD or MUL,
 * one comes before three in the order COPY, SQUARE, ADD, SUB, MUL. The bits of a
 * and c are first masked: with -1, or with INT32_MAX, which drops the sign. Returns tc_larger of what it wrote. */
enum { TC_LEAVES = 4 };
typedef int32_t tc_formula_tree(int64_t n, float *restrict to, const float *const from[TC_LEAVES], int32_t keep_a,
                                int32_t keep_c);
tc_formula_tree *tc_formula_tree_at(int one, int two, int three);

int tc_number_node(tc_expressions *e, double x);
int tc_variable_node(tc_expressions *e, int variable);
int tc_raw_node(tc_expressions *e, int function, int a, int b, int c);  /* as it is */
int tc_make_node(tc_expressions *e, int function, int a, int b, int c); /* simplified */

static inline bool tc_is_number(const tc_expressions *e, int node, double x)
{
    return e->node[node].function == TC_F_NUMBER && e->node[node].number == x;
}

/* Whether a node is a product or a quotient that has a number as a factor: *factor and the rest; otherwise 1 and itself. */
int tc_split_number(tc_expressions *e, int node, double *factor);

/* Marks the nodes that a node is made of, and itself, among needed[e->count]. */
void tc_mark_needed(const tc_expressions *e, int node, bool *needed);

/* Reads the formula; false with the error. */
bool tc_formula_read(tc_expressions *e, const tc_formula_source *s, int *root, tacet_error *why);

/* The derivative of a node for a variable. */
int tc_derive(tc_expressions *e, int node, int variable);

/* Writes a node as a formula, which reads back as the same one (numbers with 7 digits). */
void tc_print_node(const tc_expressions *e, int node, const char *const *variable, tc_text *to);

#endif
