/* program.c: makes instructions of a formula and its derivatives, and runs them.
 *
 * Registers are numbered: first the variables, then the program's constants, then those that instructions write. A
 * register is used again when its number is no longer needed. An instruction never writes what it reads, so that its loop
 * is one of vectors. */
#include "formula/expression.h"
#include "kernel/kernel.h"

#include <math.h>
#include <string.h>

enum { MAX_REGISTERS = 192, MAX_TEXT = 500, CONSTANTS = TC_FORMULA_VARIABLES };

typedef struct instruction {
    uint8_t function, to, from[TC_OPERANDS];
} instruction;

typedef struct program {
    int first, count;      /* instructions */
    int constant, numbers; /* constants */
    int registers;
} program;

struct tc_formula {
    program program[TC_FORMULA_PROGRAMS];
    int registers; /* the most of any program */
    const double *constant;
    const instruction *code;
    const char *text[TC_FORMULA_PROGRAMS];
};

/* What is made, before it is copied to a block of its size. */
typedef struct maker {
    tc_expressions e;
    bool failed; /* too many registers */
    int instructions, constants;
    instruction code[TC_FORMULA_PROGRAMS * TC_MAX_NODES];
    double constant[TC_FORMULA_PROGRAMS * MAX_REGISTERS];
    program program[TC_FORMULA_PROGRAMS];
    char text[TC_FORMULA_PROGRAMS][MAX_TEXT];
    /* The program that is being made. */
    int last[TC_MAX_NODES]; /* the last node that a node is an operand of */
    int in[TC_MAX_NODES];   /* the register that it is in */
    bool needed[TC_MAX_NODES], used[MAX_REGISTERS];
} maker;

/* ---- Making ---- */

/* x^n by multiplication. */
static int whole_power(tc_expressions *e, int x, int n)
{
    int power = x;
    for (int bit = 30 - __builtin_clz((unsigned)n) + 1; bit-- > 0;) {
        power = tc_raw_node(e, TC_F_MUL, power, power, 0);
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

static int take_register(maker *m, program *p)
{
    int i = CONSTANTS;
    while (i < MAX_REGISTERS && m->used[i]) i++;
    if (i == MAX_REGISTERS) {
        m->failed = true;
        return 0;
    }
    m->used[i] = true;
    if (i >= p->registers) p->registers = i + 1;
    return i;
}

/* Where each node that is needed comes from: variables and constants have registers for the whole program. */
static void place_inputs(maker *m, program *p, int root)
{
    for (int i = 0; i <= root; i++) {
        const tc_expression *n = &m->e.node[i];
        m->last[i] = i;
        if (!m->needed[i]) continue;
        if (n->function == TC_F_VARIABLE) m->in[i] = n->of[0];
        if (n->function == TC_F_NUMBER) {
            m->in[i] = take_register(m, p);
            if (m->failed) return;
            m->constant[m->constants++] = n->number;
            p->numbers++;
        }
        for (int k = 0; n->function < TC_FORMULA_FUNCTIONS && k < tc_formula_function_at(n->function)->operands; k++)
            m->last[n->of[k]] = i;
    }
}

static void emit(maker *m, program *p, int node)
{
    const tc_expression n = m->e.node[node];
    const int operands = tc_formula_function_at(n.function)->operands;
    instruction *i = &m->code[m->instructions++];
    m->in[node] = take_register(m, p);
    *i = (instruction){.function = (uint8_t)n.function, .to = (uint8_t)m->in[node]};
    for (int k = 0; k < TC_OPERANDS; k++) i->from[k] = (uint8_t)m->in[n.of[k < operands ? k : 0]];
    for (int k = 0; k < operands; k++)
        if (m->last[n.of[k]] == node && m->e.node[n.of[k]].function < TC_FORMULA_FUNCTIONS)
            m->used[m->in[n.of[k]]] = false;
}

static void make_program(maker *m, int which, int root)
{
    program *p = &m->program[which];
    memset(m->needed, 0, sizeof m->needed);
    tc_mark_needed(&m->e, root, m->needed);
    root = lowered(m, root);
    if (m->e.node[root].function >= TC_FORMULA_FUNCTIONS) root = tc_raw_node(&m->e, TC_F_COPY, root, 0, 0);
    if (m->e.full) return;
    memset(m->needed, 0, sizeof m->needed);
    tc_mark_needed(&m->e, root, m->needed);
    memset(m->used, 0, sizeof m->used);
    *p = (program){.first = m->instructions, .constant = m->constants, .registers = CONSTANTS};
    place_inputs(m, p, root);
    for (int i = 0; i <= root && !m->failed; i++)
        if (m->needed[i] && m->e.node[i].function < TC_FORMULA_FUNCTIONS) emit(m, p, i);
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
        make_program(m, TC_FORMULA_SLOPE + i, slope);
    }
    if (!m->failed && !m->e.full) return true;
    tc_refuse(why, s->spec->source, s->arg->column, s->arg->width,
              "the formula is too long: it and its derivative have more than %d parts", TC_MAX_NODES);
    tc_fail_hint(why, "write it as several layers or terms");
    return false;
}

/* Copies what was made to one block. */
static tc_formula *pack(const tc_mem *m, const maker *from)
{
    size_t letters = 0;
    for (int i = 0; i < TC_FORMULA_PROGRAMS; i++) letters += strlen(from->text[i]) + 1;
    const size_t constants = (size_t)from->constants * sizeof(double),
                 code = (size_t)from->instructions * sizeof(instruction);
    tc_formula *f = tc_alloc(m, sizeof *f + constants + code + letters, 1);
    if (!f) return NULL;
    char *at = memcpy((char *)(f + 1), from->constant, constants);
    f->constant = (const double *)(const void *)at;
    at = memcpy(at + constants, from->code, code);
    f->code = (const instruction *)(const void *)at;
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

const char *tc_formula_text(const tc_formula *f, int which) { return f->text[which]; }

/* ---- Running ---- */

int64_t tc_formula_scratch(const tc_formula *f)
{
    return (int64_t)(f->registers - CONSTANTS) * TC_FORMULA_TILE * (int64_t)sizeof(float);
}

static float *tile_of(float *scratch, int number) { return scratch + (number - CONSTANTS) * TC_FORMULA_TILE; }

void tc_formula_begin(const tc_formula *f, int which, int64_t n, float *scratch)
{
    const program *p = &f->program[which];
    for (int k = 0; k < p->numbers; k++) {
        float *tile = tile_of(scratch, CONSTANTS + k);
        const float is = (float)f->constant[p->constant + k];
        for (int64_t i = 0; i < n && i < TC_FORMULA_TILE; i++) tile[i] = is;
    }
}

float *tc_formula_tile(const tc_formula *f, int which, const float *const *x, int64_t n, float *scratch, float *to)
{
    const program *p = &f->program[which];
    const instruction *i = &f->code[p->first], *end = i + p->count;
    for (; i < end; i++) {
        const float *from[TC_OPERANDS];
        for (int k = 0; k < TC_OPERANDS; k++)
            from[k] = i->from[k] < CONSTANTS ? x[i->from[k]] : tile_of(scratch, i->from[k]);
        float *out = i + 1 == end && to ? to : tile_of(scratch, i->to);
        tc_formula_function_at(i->function)->run(n, out, from[0], from[1], from[2]);
        if (i + 1 == end) return out;
    }
    return to;
}

double tc_formula_at(const tc_formula *f, int which, const double *x)
{
    double number[MAX_REGISTERS];
    const program *p = &f->program[which];
    const instruction *i = &f->code[p->first], *end = i + p->count;
    number[0] = x[0];
    number[1] = x[CONSTANTS - 1];
    for (int k = 0; k < p->numbers; k++) number[CONSTANTS + k] = f->constant[p->constant + k];
    for (; i < end; i++)
        tc_formula_function_at(i->function)
            ->run_wide(1, &number[i->to], &number[i->from[0]], &number[i->from[1]], &number[i->from[2]]);
    return number[end[-1].to];
}
