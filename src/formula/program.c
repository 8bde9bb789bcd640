/* program.c: makes instructions of a formula and its derivatives.
 *
 * A register is reused once the number in it is no longer needed. No instruction writes to a register that it reads, so
 * that its loop can be vectorised. Operations are joined three at a time (tc_formula_tree), and the sign of a magnitude is dropped when
 * it is read. */
#include "formula/program.h"

#include <math.h>
#include <string.h>

enum { MAX_TEXT = 500 };

/* What is made, before it is copied to a block of its size. */
typedef struct maker {
    tc_expressions e;
    bool failed; /* too many registers */
    int instructions, constants;
    tc_instruction code[TC_FORMULA_PROGRAMS * TC_MAX_NODES];
    double constant[TC_FORMULA_PROGRAMS * TC_MAX_REGISTERS];
    tc_program program[TC_FORMULA_PROGRAMS];
    char text[TC_FORMULA_PROGRAMS][MAX_TEXT];
    /* The program that is being made, by node. */
    int uses[TC_MAX_NODES], last[TC_MAX_NODES], in[TC_MAX_NODES]; /* how often, where last, in which register */
    bool needed[TC_MAX_NODES], used[TC_MAX_REGISTERS];
} maker;

/* ---- Making ---- */

/* x^n by multiplication. */
static int whole_power(tc_expressions *e, int x, int n)
{
    int power = x;
    for (int bit = 30 - __builtin_clz((unsigned)n) + 1; bit-- > 0;) {
        power = tc_raw_node(e, TC_F_SQUARE, power, 0, 0);
        if (n >> bit & 1) power = tc_raw_node(e, TC_F_MUL, power, x, 0);
    }
    return power;
}

/* The same node with whole powers as products. */
static int lowered(maker *m, int root)
{
    enum { MOST = 64 };
    tc_expressions *e = &m->e;
    int to[TC_MAX_NODES] = {0};
    for (int i = 0; i <= root; i++) {
        const tc_expression n = e->node[i];
        const double power = n.function == TC_F_POWER ? e->node[n.of[1]].number : 0;
        to[i] = i;
        if (!m->needed[i] || n.function >= TC_FORMULA_FUNCTIONS) continue;
        if (power >= 2 && power <= MOST && power == trunc(power))
            to[i] = whole_power(e, to[n.of[0]], (int)power);
        else
            to[i] = tc_raw_node(e, n.function, to[n.of[0]], to[n.of[1]], to[n.of[2]]);
    }
    return to[root];
}

/* The node times the factor, or (chained) times what is given after the variables. */
static int scaled(maker *m, int node, bool chained)
{
    tc_expressions *e = &m->e;
    const tc_expression n = e->node[node];
    const bool product = n.function == TC_F_MUL && e->node[n.of[0]].function == TC_F_NUMBER;
    const double number = n.function == TC_F_NUMBER ? n.number : product ? e->node[n.of[0]].number : 1;
    if (chained) return tc_raw_node(e, TC_F_MUL, tc_variable_node(e, TC_FORMULA_VARIABLES), node, 0);
    if (n.function == TC_F_DIV) return tc_raw_node(e, TC_F_DIV, scaled(m, n.of[0], false), n.of[1], 0);
    const int factor = tc_raw_node(e, TC_F_SCALED, node, 0, 0);
    if (!e->full) e->node[factor].number = number;
    if (n.function == TC_F_NUMBER) return factor;
    return tc_raw_node(e, TC_F_MUL, factor, product ? n.of[1] : node, 0);
}

static int take_register(maker *m, tc_program *p)
{
    int i = TC_FIRST_REGISTER;
    while (i < TC_MAX_REGISTERS && m->used[i]) i++;
    if (i == TC_MAX_REGISTERS) {
        m->failed = true;
        return 0;
    }
    m->used[i] = true;
    if (i >= p->registers) p->registers = i + 1;
    return i;
}

static bool is_function(const maker *m, int node) { return m->e.node[node].function < TC_FORMULA_FUNCTIONS; }

/* What an instruction reads and does. */
typedef struct plan {
    tc_instruction of;
    int node[TC_LEAVES];
} plan;

/* The first operand of a side: of a magnitude what it is of, without the sign. */
static int unsigned_leaf(const maker *m, plan *p, int k, int node)
{
    const bool magnitude = m->e.node[node].function == TC_F_ABS;
    p->of.magnitudes |= (uint8_t)(magnitude << k);
    return p->node[k] = magnitude ? m->e.node[node].of[0] : node;
}

/* One side of an operation: a node, or, if only this operation uses it, a sum or product of two. */
static uint8_t side(const maker *m, plan *p, int k, int node)
{
    const tc_expression n = m->e.node[node];
    const bool joins = m->uses[node] == 1 && n.function >= TC_F_SQUARE && n.function <= TC_F_MUL;
    const bool turn = n.function >= TC_F_ADD && n.function != TC_F_SUB && m->e.node[n.of[1]].function == TC_F_ABS;
    p->node[k + 1] = unsigned_leaf(m, p, k, !joins ? node : turn ? n.of[1] : n.of[0]);
    if (joins && n.function >= TC_F_ADD) p->node[k + 1] = turn ? n.of[0] : n.of[1];
    return joins ? (uint8_t)n.function : TC_F_COPY;
}

static plan plan_of(const maker *m, int node)
{
    const tc_expression n = m->e.node[node];
    plan p = {.of = {.function = (uint8_t)n.function, .tree = n.function >= TC_F_ADD && n.function <= TC_F_DIV}};
    const int operands = tc_formula_function_at(n.function)->operands;
    for (int k = 0; k < TC_LEAVES; k++) p.node[k] = n.of[k < operands ? k : 0];
    if (!p.of.tree) return p;
    plan turned = p;
    p.of.one = side(m, &p, 0, n.of[0]);
    p.of.three = side(m, &p, 2, n.of[1]);
    if (p.of.one <= p.of.three || n.function == TC_F_SUB || n.function == TC_F_DIV) return p;
    turned.of.one = side(m, &turned, 0, n.of[1]);
    turned.of.three = side(m, &turned, 2, n.of[0]);
    return turned;
}

/* Which nodes get an instruction (needed becomes that), and the last one that reads each. */
static void choose(maker *m, int root)
{
    memset(m->needed, 0, sizeof m->needed);
    memset(m->uses, 0, sizeof m->uses);
    tc_mark_needed(&m->e, root, m->needed);
    for (int i = 0; i <= root; i++)
        for (int k = 0;
             m->needed[i] && is_function(m, i) && k < tc_formula_function_at(m->e.node[i].function)->operands; k++)
            m->uses[m->e.node[i].of[k]]++;
    memset(m->needed, 0, sizeof m->needed);
    m->needed[root] = true;
    for (int i = root; i >= 0; i--) {
        if (!m->needed[i] || !is_function(m, i)) continue;
        const plan p = plan_of(m, i);
        for (int k = 0; k < TC_LEAVES; k++) {
            if (!m->needed[p.node[k]]) m->last[p.node[k]] = i;
            m->needed[p.node[k]] = true;
        }
    }
}

/* Inputs and constants have registers for the whole program. */
static void place_constants(maker *m, tc_program *p, int root, int function)
{
    for (int i = 0; i <= root && !m->failed; i++) {
        const tc_expression *n = &m->e.node[i];
        if (m->needed[i] && n->function == TC_F_VARIABLE) m->in[i] = n->of[0];
        if (!m->needed[i] || n->function != function) continue;
        m->in[i] = take_register(m, p);
        if (m->failed) return;
        m->constant[m->constants++] = n->number;
        p->constants++;
    }
}

static void emit(maker *m, tc_program *p, int node)
{
    plan of = plan_of(m, node);
    of.of.to = (uint8_t)(m->in[node] = take_register(m, p));
    for (int k = 0; k < TC_LEAVES; k++) of.of.from[k] = (uint8_t)m->in[of.node[k]];
    for (int k = 0; k < TC_LEAVES; k++)
        if (is_function(m, of.node[k]) && m->last[of.node[k]] == node) m->used[m->in[of.node[k]]] = false;
    m->code[m->instructions++] = of.of;
}

static void make_program(maker *m, int which, int root)
{
    tc_program *p = &m->program[which];
    memset(m->needed, 0, sizeof m->needed);
    tc_mark_needed(&m->e, root, m->needed);
    root = lowered(m, root);
    if (!is_function(m, root)) root = tc_raw_node(&m->e, TC_F_COPY, root, 0, 0);
    if (m->e.full) return;
    choose(m, root);
    memset(m->used, 0, sizeof m->used);
    *p = (tc_program){.first = m->instructions, .constant = m->constants, .registers = TC_FIRST_REGISTER};
    place_constants(m, p, root, TC_F_NUMBER);
    p->scaled = p->constants;
    place_constants(m, p, root, TC_F_SCALED);
    for (int i = 0; i <= root && !m->failed; i++)
        if (m->needed[i] && is_function(m, i)) emit(m, p, i);
    p->count = m->instructions - p->first;
}

static void make_text(maker *m, int which, int node, const char *const *variable)
{
    static const char more[] = "...";
    tc_text t = tc_text_into(m->text[which], MAX_TEXT);
    tc_print_node(&m->e, node, variable, &t);
    if (t.length >= MAX_TEXT) memcpy(m->text[which] + MAX_TEXT - sizeof more, more, sizeof more);
}

/* The value and the derivatives; false with the error. */
static bool make(maker *m, const tc_formula_source *s, tacet_error *why)
{
    int root;
    if (!tc_formula_read(&m->e, s, &root, why)) return false;
    make_text(m, TC_FORMULA_VALUE, root, s->variable);
    make_program(m, TC_FORMULA_VALUE, root);
    for (int i = 0; s->variable[i] && !m->failed && !m->e.full; i++) {
        const int slope = tc_derive(&m->e, root, i);
        make_text(m, TC_FORMULA_SLOPE + i, slope, s->variable);
        make_program(m, TC_FORMULA_SLOPE + i, scaled(m, slope, s->chained));
    }
    if (!m->failed && !m->e.full) return true;
    tc_refuse(why, s->spec->source, s->arg->column, s->arg->width,
              m->e.full ? "the formula is too long: it and its derivative have more than %d parts"
                        : "the formula is too long: it needs more than %d numbers at once",
              m->e.full ? TC_MAX_NODES : TC_MAX_REGISTERS - TC_FIRST_REGISTER);
    tc_fail_hint(why, "write it as several layers or terms");
    return false;
}

/* Copies what was made to one block. */
static tc_formula *pack(const tc_mem *m, const maker *from)
{
    size_t letters = 0;
    for (int i = 0; i < TC_FORMULA_PROGRAMS; i++) letters += strlen(from->text[i]) + 1;
    const size_t constants = (size_t)from->constants * sizeof(double),
                 code = (size_t)from->instructions * sizeof(tc_instruction);
    tc_formula *f = tc_alloc(m, sizeof *f + constants + code + letters, 1);
    if (!f) return NULL;
    char *at = memcpy((char *)(f + 1), from->constant, constants);
    f->constant = (const double *)(const void *)at;
    at = memcpy(at + constants, from->code, code);
    f->code = (const tc_instruction *)(const void *)at;
    at += code;
    for (int i = 0; i < TC_FORMULA_PROGRAMS; i++) {
        f->program[i] = from->program[i];
        if (f->registers < f->program[i].registers) f->registers = f->program[i].registers;
        f->text[i] = strcpy(at, from->text[i]);
        at += strlen(at) + 1;
    }
    return f;
}

tc_formula *tc_formula_new(const tc_mem *m, const tc_formula_source *s, tacet_error *why)
{
    tc_formula *f = NULL;
    maker *k = tc_alloc(m, 1, sizeof *k);
    if (!k) {
        tc_fail_memory(why);
    } else if (make(k, s, why)) {
        f = pack(m, k);
        if (!f) tc_fail_memory(why);
    }
    tc_free(m, k);
    return f;
}
