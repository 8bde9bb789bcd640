/* simplify.c: makes nodes, simplified.
 *
 * A sum is made from all the terms of its operands, each a number times a node: equal terms are added, and what all of
 * them have as a factor is taken out. A product is made from all the factors of its operands, each a node with a whole
 * exponent: equal factors are joined and cancelled. So (2 x (1 + x^2) - 2 x x^2) / (1 + x^2)^2 becomes 2 x / (1 + x^2)^2.
 *
 * Some rules are there so that nothing overflows where the result does not: a / (1 + exp(u)) is a * sigmoid(-u), log(1 +
 * exp(u)) is softplus(u), and log(cosh(u)) has a function of its own. */
#include "formula/expression.h"

#include <math.h>

enum { MOST = 24 }; /* terms of a sum, factors of a product; what has more is left as it is */

/* ---- Nodes ---- */

int tc_raw_node(tc_expressions *e, int function, int a, int b, int c)
{
    for (int i = e->count - 1; i >= 0; i--) {
        const tc_expression *n = &e->node[i];
        if (n->function == function && n->of[0] == a && n->of[1] == b && n->of[2] == c && function != TC_F_NUMBER)
            return i;
    }
    if (e->count == TC_MAX_NODES) {
        e->full = true;
        return 0;
    }
    e->node[e->count] = (tc_expression){.function = function, .of = {a, b, c}};
    return e->count++;
}

int tc_number_node(tc_expressions *e, double x)
{
    for (int i = 0; i < e->count; i++)
        if (tc_is_number(e, i, x)) return i;
    const int node = tc_raw_node(e, TC_F_NUMBER, 0, 0, 0);
    e->node[node].number = e->full ? 0 : x + 0.0; /* no negative zero */
    return node;
}

int tc_variable_node(tc_expressions *e, int variable) { return tc_raw_node(e, TC_F_VARIABLE, variable, 0, 0); }

static bool is(const tc_expressions *e, int node, int function) { return e->node[node].function == function; }
static bool is_constant(const tc_expressions *e, int node) { return is(e, node, TC_F_NUMBER); }
static int operand(const tc_expressions *e, int node, int k) { return e->node[node].of[k]; }
static int make1(tc_expressions *e, int function, int a) { return tc_make_node(e, function, a, 0, 0); }
static int make2(tc_expressions *e, int function, int a, int b) { return tc_make_node(e, function, a, b, 0); }
static int times(tc_expressions *e, double k, int a) { return make2(e, TC_F_MUL, tc_number_node(e, k), a); }

/* ---- Products ---- */

typedef struct factor {
    int node, exponent;
} factor;

typedef struct product {
    double number;
    int count;
    bool full;
    factor of[MOST];
} product;

static void add_factor(product *p, int node, int exponent)
{
    for (int i = 0; i < p->count; i++)
        if (p->of[i].node == node) {
            p->of[i].exponent += exponent;
            return;
        }
    if (p->count == MOST)
        p->full = true;
    else
        p->of[p->count++] = (factor){node, exponent};
}

/* The u of 1 + exp(u); -1: it is not such a sum. */
static int exponent_of_logistic(const tc_expressions *e, int node)
{
    const int *of = e->node[node].of;
    if (!is(e, node, TC_F_ADD)) return -1;
    for (int k = 0; k < 2; k++)
        if (tc_is_number(e, of[k], 1) && is(e, of[1 - k], TC_F_EXP)) return operand(e, of[1 - k], 0);
    return -1;
}

/* Multiplies by node^exponent. */
static void multiply(tc_expressions *e, product *p, int node, int exponent)
{
    const tc_expression n = e->node[node];
    const double power = n.function == TC_F_POWER ? e->node[n.of[1]].number : 0;
    const double number = n.function == TC_F_NUMBER ? pow(n.number, exponent) : 1;
    if (p->full) return;
    if (n.function == TC_F_NUMBER && isfinite(p->number * number) && (p->number * number != 0 || n.number == 0)) {
        p->number *= number;
    } else if (n.function == TC_F_MUL || n.function == TC_F_DIV) {
        multiply(e, p, n.of[0], exponent);
        multiply(e, p, n.of[1], n.function == TC_F_DIV ? -exponent : exponent);
    } else if (n.function == TC_F_POWER && is_constant(e, n.of[1]) && power == trunc(power) &&
               fabs(power * exponent) < 1000) {
        multiply(e, p, n.of[0], (int)power * exponent);
    } else if (exponent < 0 && exponent_of_logistic(e, node) >= 0) {
        add_factor(p, make1(e, TC_F_SIGMOID, times(e, -1, exponent_of_logistic(e, node))), -exponent);
    } else {
        add_factor(p, node, exponent);
    }
}

/* exp(u) sigmoid(-u) is sigmoid(u), |u| sign(u) is u, and u sign(u) is |u|. */
static void join_factors(tc_expressions *e, product *p)
{
    for (int i = 0; i < p->count; i++)
        for (int j = 0; j < p->count; j++) {
            factor *a = &p->of[i], *b = &p->of[j];
            if (a->exponent <= 0 || b->exponent <= 0) continue;
            const int u = operand(e, a->node, 0), v = operand(e, b->node, 0);
            int joined = -1;
            if (is(e, a->node, TC_F_EXP) && is(e, b->node, TC_F_SIGMOID) && times(e, -1, u) == v)
                joined = make1(e, TC_F_SIGMOID, u);
            if (is(e, a->node, TC_F_ABS) && is(e, b->node, TC_F_SIGN) && u == v) joined = u;
            if (is(e, b->node, TC_F_SIGN) && v == a->node) joined = make1(e, TC_F_ABS, v);
            if (joined < 0 || p->count == MOST) continue;
            a->exponent--, b->exponent--;
            add_factor(p, joined, 1);
        }
}

/* The product of the factors with positive exponents, or (sign -1) of the others; -1 if it has none. */
static int product_of(tc_expressions *e, const product *p, int sign, double number)
{
    int node = -1;
    int turn[MOST];
    for (int i = 0; i < p->count; i++) {
        int at = i;
        for (; at > 0 && p->of[turn[at - 1]].node > p->of[i].node; at--) turn[at] = turn[at - 1];
        turn[at] = i;
    }
    for (int i = 0; i < p->count; i++) {
        const factor *f = &p->of[turn[i]];
        if (f->exponent * sign <= 0) continue;
        const int exponent = f->exponent * sign;
        const int power = exponent == 1 ? f->node : tc_raw_node(e, TC_F_POWER, f->node, tc_number_node(e, exponent), 0);
        node = node < 0 ? power : tc_raw_node(e, TC_F_MUL, node, power, 0);
    }
    if (number == 1 && node >= 0) return node;
    if (node < 0) return sign < 0 ? -1 : tc_number_node(e, number);
    return tc_raw_node(e, TC_F_MUL, tc_number_node(e, number), node, 0);
}

/* k / (1 + k u) is 1 / (1 / k + u): a sum below, whose terms all have the product's number as a factor, is divided by it. */
static void divide_sum(tc_expressions *e, product *p)
{
    for (int i = 0; i < p->count && p->number != 1 && p->number != -1; i++) {
        factor *f = &p->of[i];
        const tc_expression n = e->node[f->node];
        double number;
        if (f->exponent != -1 || n.function != TC_F_ADD || !is_constant(e, n.of[0])) continue;
        const int rest = tc_split_number(e, n.of[1], &number);
        if (fabs(number) != fabs(p->number) || is(e, n.of[1], TC_F_ADD) || is(e, n.of[1], TC_F_SUB)) continue;
        const int constant = tc_number_node(e, e->node[n.of[0]].number / number);
        f->node = tc_raw_node(e, TC_F_ADD, constant, rest, 0);
        p->number /= number;
    }
}

static int make_product(tc_expressions *e, product *p)
{
    join_factors(e, p);
    divide_sum(e, p);
    if (p->number == 0) return 0;
    const int above = product_of(e, p, 1, p->number), below = product_of(e, p, -1, 1);
    return below < 0 ? above : tc_raw_node(e, TC_F_DIV, above, below, 0);
}

int tc_split_number(tc_expressions *e, int node, double *number)
{
    const tc_expression n = e->node[node];
    *number = 1;
    if (n.function == TC_F_MUL && is_constant(e, n.of[0])) {
        *number = e->node[n.of[0]].number;
        return n.of[1];
    }
    if (n.function != TC_F_DIV) return node;
    const int above = n.of[0], rest = is_constant(e, above) ? tc_number_node(e, 1) : tc_split_number(e, above, number);
    if (is_constant(e, above)) *number = e->node[above].number;
    return rest == above ? node : tc_raw_node(e, TC_F_DIV, rest, n.of[1], 0);
}

static int make_product_of(tc_expressions *e, int function, int a, int b)
{
    product p = {.number = 1};
    multiply(e, &p, a, 1);
    multiply(e, &p, b, function == TC_F_DIV ? -1 : 1);
    return p.full ? tc_raw_node(e, function, a, b, 0) : make_product(e, &p);
}

/* ---- Sums ---- */

typedef struct term {
    double number;
    int node;
} term;

typedef struct sum {
    double number;
    int count;
    bool full;
    term of[MOST];
} sum;

static void add_terms(tc_expressions *e, sum *s, int node, double number)
{
    const tc_expression n = e->node[node];
    double factor;
    if (s->full) return;
    if (n.function == TC_F_NUMBER) {
        s->number += number * n.number;
        return;
    }
    if (n.function == TC_F_ADD || n.function == TC_F_SUB) {
        add_terms(e, s, n.of[0], number);
        add_terms(e, s, n.of[1], n.function == TC_F_SUB ? -number : number);
        return;
    }
    const int rest = tc_split_number(e, node, &factor);
    for (int i = 0; i < s->count; i++)
        if (s->of[i].node == rest) {
            s->of[i].number += number * factor;
            return;
        }
    if (s->count == MOST)
        s->full = true;
    else
        s->of[s->count++] = (term){number * factor, rest};
}

/* Adds number * node to a sum that is being written, -1 at first: positive terms come before negative ones. */
static int append(tc_expressions *e, int to, double number, int node)
{
    const double size = fabs(number);
    if (to < 0) return times(e, number, node);
    return tc_raw_node(e, number < 0 ? TC_F_SUB : TC_F_ADD, to, times(e, size, node), 0);
}

static int make_sum(tc_expressions *e, const sum *s)
{
    const int one = tc_number_node(e, 1);
    int node = s->number > 0 ? tc_number_node(e, s->number) : -1;
    for (int i = 0; i < s->count; i++)
        if (s->of[i].number > 0) node = append(e, node, s->of[i].number, s->of[i].node);
    for (int i = 0; i < s->count; i++)
        if (s->of[i].number < 0) node = append(e, node, s->of[i].number, s->of[i].node);
    if (s->number < 0) node = append(e, node, s->number, one);
    return node < 0 ? 0 : node;
}

/* What all terms have as a factor; count 0: nothing. */
static product common_factors(tc_expressions *e, const sum *s)
{
    product common = {.number = 1};
    for (int i = 0; i < s->count; i++) {
        product p = {.number = 1};
        multiply(e, &p, s->of[i].node, 1);
        if (i == 0) common = p;
        for (int k = 0; k < common.count; k++) {
            factor *f = &common.of[k];
            int exponent = 0;
            for (int j = 0; j < p.count; j++)
                if (p.of[j].node == f->node) exponent = p.of[j].exponent;
            /* Only what every term multiplies by, or divides by. */
            if (exponent * f->exponent <= 0)
                f->exponent = 0;
            else if (f->exponent > 0 ? exponent < f->exponent : exponent > f->exponent)
                f->exponent = exponent;
        }
    }
    int left = 0;
    for (int k = 0; k < common.count; k++)
        if (common.of[k].exponent != 0) common.of[left++] = common.of[k];
    common.count = left;
    return common;
}

static int make_sum_of(tc_expressions *e, int function, int a, int b)
{
    sum s = {0}, rest = {0};
    add_terms(e, &s, a, 1);
    add_terms(e, &s, b, function == TC_F_SUB ? -1 : 1);
    int left = 0;
    for (int i = 0; i < s.count; i++)
        if (s.of[i].number != 0) s.of[left++] = s.of[i];
    s.count = left;
    if (s.full || !isfinite(s.number)) return tc_raw_node(e, function, a, b, 0);
    if (s.number != 0 || s.count < 2) return make_sum(e, &s);
    product common = common_factors(e, &s);
    if (common.count == 0 || common.full) return make_sum(e, &s);
    double number = fabs(s.of[0].number);
    for (int i = 1; i < s.count; i++)
        if (fabs(s.of[i].number) != number) number = 1;
    common.number = 1;
    const int factor = make_product(e, &common);
    for (int i = 0; i < s.count && !rest.full; i++)
        add_terms(e, &rest, make_product_of(e, TC_F_DIV, s.of[i].node, factor), s.of[i].number / number);
    left = 0;
    for (int i = 0; i < rest.count; i++)
        if (rest.of[i].number != 0) rest.of[left++] = rest.of[i];
    rest.count = left;
    return rest.full ? make_sum(e, &s) : times(e, number, make_product_of(e, TC_F_MUL, factor, make_sum(e, &rest)));
}

/* ---- Functions ---- */

static bool is_whole(double x) { return x == trunc(x) && fabs(x) < 1000; }

static int make_power(tc_expressions *e, int a, int b)
{
    const double power = e->node[b].number;
    if (!is_constant(e, b)) return tc_raw_node(e, TC_F_POWER, a, b, 0);
    if (power == 0) return tc_number_node(e, 1);
    if (power == 0.5) return make1(e, TC_F_SQRT, a);
    if (!is_whole(power)) return tc_raw_node(e, TC_F_POWER, a, b, 0);
    if (is(e, a, TC_F_SQRT) && power == 2) return operand(e, a, 0);
    if (is(e, a, TC_F_ABS) && fmod(power, 2) == 0) a = operand(e, a, 0);
    product p = {.number = 1};
    multiply(e, &p, a, (int)power);
    return p.full ? tc_raw_node(e, TC_F_POWER, a, b, 0) : make_product(e, &p);
}

/* What a function's values are, whatever its operands (NaN aside); those of exp and its kind may be rounded to 0. */
enum { ANY, NOT_NEGATIVE, POSITIVE };
static const char range_of[TC_F_VARIABLE + 1] = {
    [TC_F_EXP] = NOT_NEGATIVE,      [TC_F_SIGMOID] = NOT_NEGATIVE, [TC_F_SOFTPLUS] = NOT_NEGATIVE,
    [TC_F_ABS] = NOT_NEGATIVE,      [TC_F_SQRT] = NOT_NEGATIVE,    [TC_F_RELU] = NOT_NEGATIVE,
    [TC_F_LOG_COSH] = NOT_NEGATIVE, [TC_F_COSH] = POSITIVE};

static int sign_of(const tc_expressions *e, int node, int depth)
{
    enum { DEPTH = 20 };
    const tc_expression n = e->node[node];
    if (n.function == TC_F_NUMBER) return n.number > 0 ? POSITIVE : n.number == 0 ? NOT_NEGATIVE : ANY;
    if (n.function == TC_F_POWER && is_constant(e, n.of[1]) && fmod(e->node[n.of[1]].number, 2) == 0)
        return NOT_NEGATIVE;
    if ((n.function != TC_F_ADD && n.function != TC_F_MUL) || depth == DEPTH) return range_of[n.function];
    const int a = sign_of(e, n.of[0], depth + 1), b = sign_of(e, n.of[1], depth + 1);
    if (a == ANY || b == ANY) return ANY;
    return n.function == TC_F_ADD && (a == POSITIVE || b == POSITIVE) ? POSITIVE : NOT_NEGATIVE;
}

/* A function of a number times a node: an even one (abs) or an odd one (sign). */
static int make_signed(tc_expressions *e, int function, int a)
{
    double number;
    const int rest = tc_split_number(e, a, &number);
    const int sign = sign_of(e, a, 0);
    if (function == TC_F_ABS && sign != ANY) return a;
    if (function == TC_F_SIGN && sign == POSITIVE) return tc_number_node(e, 1);
    if (number == 1) return tc_raw_node(e, function, a, 0, 0);
    return times(e, function == TC_F_ABS ? fabs(number) : number > 0 ? 1 : -1, make1(e, function, rest));
}

static int make_log(tc_expressions *e, int a)
{
    const int u = operand(e, a, 0), v = exponent_of_logistic(e, a);
    if (is(e, a, TC_F_EXP)) return u;
    if (is(e, a, TC_F_COSH)) return make1(e, TC_F_LOG_COSH, u);
    if (is(e, a, TC_F_SIGMOID)) return times(e, -1, make1(e, TC_F_SOFTPLUS, times(e, -1, u)));
    return v >= 0 ? make1(e, TC_F_SOFTPLUS, v) : tc_raw_node(e, TC_F_LOG, a, 0, 0);
}

static bool is_comparison(const tc_expressions *e, int node)
{
    return e->node[node].function >= TC_F_LESS && e->node[node].function <= TC_F_UNEQUAL;
}

static int make_other(tc_expressions *e, int function, int a, int b, int c)
{
    if (function == TC_F_ABS || function == TC_F_SIGN) return make_signed(e, function, a);
    if (function == TC_F_LOG) return make_log(e, a);
    if (function == TC_F_LOG1P && is(e, a, TC_F_EXP)) return make1(e, TC_F_SOFTPLUS, operand(e, a, 0));
    if (function == TC_F_SQRT && is(e, a, TC_F_POWER) && tc_is_number(e, operand(e, a, 1), 2))
        return make1(e, TC_F_ABS, operand(e, a, 0));
    if (function == TC_F_WHERE && is_constant(e, a)) return tc_is_number(e, a, 0) ? c : b;
    if (function == TC_F_WHERE && b == c) return b;
    if (function == TC_F_WHERE && is_comparison(e, a) && tc_is_number(e, b, 1) && c == 0) return a;
    if ((function == TC_F_MIN || function == TC_F_MAX) && a == b) return a;
    if (function == TC_F_GREATER && tc_is_number(e, b, 0) && sign_of(e, a, 0) == POSITIVE) return tc_number_node(e, 1);
    return tc_raw_node(e, function, a, b, c);
}

/* The value of a function of numbers; NAN if an operand is something else. */
static double value_of(const tc_expressions *e, int function, const int *of)
{
    const tc_formula_function *f = tc_formula_function_at(function);
    double x[TC_OPERANDS] = {0}, y = NAN;
    for (int k = 0; k < f->operands; k++) {
        if (!is_constant(e, of[k])) return NAN;
        x[k] = e->node[of[k]].number;
    }
    f->run_wide(1, &y, &x[0], &x[1], &x[2]);
    return y;
}

int tc_make_node(tc_expressions *e, int function, int a, int b, int c)
{
    const double value = value_of(e, function, (int[TC_OPERANDS]){a, b, c});
    if (isfinite(value)) return tc_number_node(e, value);
    if (function == TC_F_ADD || function == TC_F_SUB) return make_sum_of(e, function, a, b);
    if (function == TC_F_MUL && tc_is_number(e, a, -1) && (is(e, b, TC_F_ADD) || is(e, b, TC_F_SUB)))
        return make_sum_of(e, TC_F_SUB, 0, b);
    if (function == TC_F_MUL || function == TC_F_DIV) return make_product_of(e, function, a, b);
    if (function == TC_F_POWER) return make_power(e, a, b);
    return make_other(e, function, a, b, c);
}
