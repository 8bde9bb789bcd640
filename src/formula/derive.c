/* derive.c: the derivative of a node, made from the derivatives of its operands.
 *
 * Each function has a rule. At a kink the derivative is 0. It is chosen with `where` rather than by multiplying with 0 or 1,
 * so that what is not chosen may be infinite. */
#include "formula/expression.h"

#include <math.h>

/* What a rule knows: the node itself, its operands and their derivatives. */
typedef struct around {
    tc_expressions *e;
    int self, a, b, c, da, db, dc;
} around;

typedef int rule(const around *n);

static int make1(const around *n, int function, int a) { return tc_make_node(n->e, function, a, 0, 0); }
static int make2(const around *n, int function, int a, int b) { return tc_make_node(n->e, function, a, b, 0); }
static int add(const around *n, int a, int b) { return make2(n, TC_F_ADD, a, b); }
static int sub(const around *n, int a, int b) { return make2(n, TC_F_SUB, a, b); }
static int mul(const around *n, int a, int b) { return make2(n, TC_F_MUL, a, b); }
static int over(const around *n, int a, int b) { return make2(n, TC_F_DIV, a, b); }
static int number(const around *n, double x) { return tc_number_node(n->e, x); }
static int square(const around *n, int a) { return make2(n, TC_F_POWER, a, number(n, 2)); }

/* b where a > 0, otherwise 0. */
static int where_positive(const around *n, int a, int b)
{
    return b == 0 ? 0 : tc_make_node(n->e, TC_F_WHERE, make2(n, TC_F_GREATER, a, 0), b, 0);
}

static int d_copy(const around *n) { return n->da; }
static int d_square(const around *n) { return mul(n, mul(n, number(n, 2), n->a), n->da); }
static int d_add(const around *n) { return add(n, n->da, n->db); }
static int d_sub(const around *n) { return sub(n, n->da, n->db); }
static int d_mul(const around *n) { return add(n, mul(n, n->da, n->b), mul(n, n->a, n->db)); }

static int d_div(const around *n)
{
    if (n->db == 0) return over(n, n->da, n->b);
    return over(n, sub(n, mul(n, n->da, n->b), mul(n, n->a, n->db)), square(n, n->b));
}

/* a^b: b a^(b - 1) a' + a^b log(a) b' */
static int d_power(const around *n)
{
    const tc_expression *b = &n->e->node[n->b];
    if (b->function == TC_F_NUMBER) {
        const double p = b->number;
        const int d = mul(n, mul(n, n->b, n->da), make2(n, TC_F_POWER, n->a, number(n, p - 1)));
        return p > 0 && p < 1 ? where_positive(n, n->a, d) : d;
    }
    if (n->db == 0) { /* where the exponent is whole, a may be negative */
        const int kink = mul(n, make2(n, TC_F_EQUAL, n->a, 0), make2(n, TC_F_LESS, n->b, number(n, 1)));
        const int d = mul(n, mul(n, n->b, n->da), make2(n, TC_F_POWER, n->a, sub(n, n->b, number(n, 1))));
        return tc_make_node(n->e, TC_F_WHERE, kink, 0, d);
    }
    const int d = mul(n, n->self, mul(n, make1(n, TC_F_LOG, n->a), n->db));
    if (n->da == 0) return n->e->node[n->a].function == TC_F_NUMBER ? d : where_positive(n, n->a, d);
    return where_positive(n, n->a, add(n, d, mul(n, n->self, over(n, mul(n, n->b, n->da), n->a))));
}

static int d_flat(const around *n)
{
    (void)n;
    return 0;
}

static int d_where(const around *n) { return tc_make_node(n->e, TC_F_WHERE, n->a, n->db, n->dc); }
static int d_abs(const around *n) { return mul(n, make1(n, TC_F_SIGN, n->a), n->da); }

/* Where a and b are equal it is a kink, unless they have the same derivative. */
static int choose(const around *n, int compare)
{
    int tie = 0;
    if (n->da == n->db) return n->da;
    if (n->da != 0 && n->db != 0) tie = tc_make_node(n->e, TC_F_WHERE, make2(n, TC_F_EQUAL, n->da, n->db), n->da, 0);
    const int other = n->db == tie ? tie : tc_make_node(n->e, TC_F_WHERE, make2(n, compare, n->b, n->a), n->db, tie);
    return tc_make_node(n->e, TC_F_WHERE, make2(n, compare, n->a, n->b), n->da, other);
}

static int d_min(const around *n) { return choose(n, TC_F_LESS); }
static int d_max(const around *n) { return choose(n, TC_F_GREATER); }
static int d_exp(const around *n) { return mul(n, n->self, n->da); }
static int d_log(const around *n) { return over(n, n->da, n->a); }
static int d_log1p(const around *n) { return over(n, n->da, add(n, number(n, 1), n->a)); }
static int d_sqrt(const around *n) { return where_positive(n, n->a, over(n, n->da, mul(n, number(n, 2), n->self))); }
static int d_tanh(const around *n) { return mul(n, sub(n, number(n, 1), square(n, n->self)), n->da); }
static int d_sigmoid(const around *n) { return mul(n, mul(n, n->self, sub(n, number(n, 1), n->self)), n->da); }
static int d_relu(const around *n) { return where_positive(n, n->a, n->da); }
static int d_softplus(const around *n) { return mul(n, make1(n, TC_F_SIGMOID, n->a), n->da); }
static int d_sin(const around *n) { return mul(n, make1(n, TC_F_COS, n->a), n->da); }
static int d_cos(const around *n) { return mul(n, make1(n, TC_F_SIN, n->a), mul(n, number(n, -1), n->da)); }
static int d_sinh(const around *n) { return mul(n, make1(n, TC_F_COSH, n->a), n->da); }
static int d_cosh(const around *n) { return mul(n, make1(n, TC_F_SINH, n->a), n->da); }
static int d_log_cosh(const around *n) { return mul(n, make1(n, TC_F_TANH, n->a), n->da); }

static int d_erf(const around *n)
{
    const int bell = make1(n, TC_F_EXP, mul(n, number(n, -1), square(n, n->a)));
    return mul(n, mul(n, number(n, 1.1283791670955126), bell), n->da); /* 2 / sqrt(pi) */
}

static rule *const rules[TC_FORMULA_FUNCTIONS] = {
    [TC_F_COPY] = d_copy,    [TC_F_SQUARE] = d_square,     [TC_F_ADD] = d_add,       [TC_F_SUB] = d_sub,
    [TC_F_MUL] = d_mul,      [TC_F_DIV] = d_div,           [TC_F_POWER] = d_power,   [TC_F_LESS] = d_flat,
    [TC_F_AT_MOST] = d_flat, [TC_F_GREATER] = d_flat,      [TC_F_AT_LEAST] = d_flat, [TC_F_EQUAL] = d_flat,
    [TC_F_UNEQUAL] = d_flat, [TC_F_WHERE] = d_where,       [TC_F_ABS] = d_abs,       [TC_F_SIGN] = d_flat,
    [TC_F_MIN] = d_min,      [TC_F_MAX] = d_max,           [TC_F_EXP] = d_exp,       [TC_F_LOG] = d_log,
    [TC_F_LOG1P] = d_log1p,  [TC_F_SQRT] = d_sqrt,         [TC_F_TANH] = d_tanh,     [TC_F_SIGMOID] = d_sigmoid,
    [TC_F_RELU] = d_relu,    [TC_F_SOFTPLUS] = d_softplus, [TC_F_SIN] = d_sin,       [TC_F_COS] = d_cos,
    [TC_F_SINH] = d_sinh,    [TC_F_COSH] = d_cosh,         [TC_F_ERF] = d_erf,       [TC_F_LOG_COSH] = d_log_cosh};

void tc_mark_needed(const tc_expressions *e, int node, bool *needed)
{
    needed[node] = true;
    for (int i = node; i >= 0; i--) {
        const tc_formula_function *f = tc_formula_function_at(e->node[i].function);
        for (int k = 0; needed[i] && f && k < f->operands; k++) needed[e->node[i].of[k]] = true;
    }
}

int tc_derive(tc_expressions *e, int node, int variable)
{
    int d[TC_MAX_NODES] = {0}; /* operands come before the nodes that they are of */
    bool needed[TC_MAX_NODES] = {0};
    tc_mark_needed(e, node, needed);
    for (int i = 0; i <= node; i++) {
        const tc_expression n = e->node[i];
        if (!needed[i]) continue;
        if (n.function == TC_F_VARIABLE) d[i] = n.of[0] == variable ? tc_number_node(e, 1) : 0;
        if (n.function >= TC_FORMULA_FUNCTIONS) continue;
        const around of = {e, i, n.of[0], n.of[1], n.of[2], d[n.of[0]], d[n.of[1]], d[n.of[2]]};
        d[i] = rules[n.function](&of);
    }
    return d[node];
}
