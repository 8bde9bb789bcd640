/* evaluate.c: runs a program: over a tile, one loop for each instruction; or for one number, in double. */
#include "formula/magnitude.h"
#include "formula/program.h"

#include <math.h>

/* Tiles are not a multiple of 4096 bytes apart, where a load may have to wait for the store of another tile. */
enum { PITCH = TC_FORMULA_TILE + 16 };

enum { NOT_FINITE = 0x7f800000 }; /* the bits of infinity; those of a NaN are above */

static float *tile_of(float *scratch, int number) { return scratch + (number - TC_FIRST_REGISTER) * PITCH; }

int64_t tc_formula_scratch(const tc_formula *f)
{
    return (int64_t)(f->registers - TC_FIRST_REGISTER) * PITCH * (int64_t)sizeof(float);
}

const char *tc_formula_text(const tc_formula *f, int which) { return f->text[which]; }

TC_CLONES static void fill(float *to, int64_t n, float x)
{
    for (int64_t i = 0; i < n; i++) to[i] = x;
}

void tc_formula_begin(const tc_formula *f, int which, float factor, int64_t n, float *scratch)
{
    const tc_program *p = &f->program[which];
    for (int k = 0; k < p->constants; k++) {
        float *tile = tile_of(scratch, TC_FIRST_REGISTER + k);
        const float is = (float)f->constant[p->constant + k] * (k < p->scaled ? 1 : factor);
        fill(tile, n < TC_FORMULA_TILE ? n : TC_FORMULA_TILE, is);
    }
}

TC_CLONES static int32_t largest(const float *x, int64_t n)
{
    int32_t most = 0;
    for (int64_t i = 0; i < n; i++) most = tc_larger(most, x[i]);
    return most;
}

/* Returns tc_larger of a tree. */
static int32_t run(const tc_instruction *i, int64_t n, const float *const from[TC_LEAVES], float *to)
{
    if (!i->tree) {
        tc_formula_function_at(i->function)->run(n, to, from[0], from[1], from[2]);
        return 0;
    }
    tc_formula_tree *tree = tc_formula_tree_at(i->one, i->function, i->three);
    return tree(n, to, from, i->magnitudes & 1 ? INT32_MAX : -1, i->magnitudes & 4 ? INT32_MAX : -1);
}

float *tc_formula_tile(const tc_formula *f, int which, const float *const *x, int64_t n, float *scratch, float *to,
                       bool *finite)
{
    const tc_program *p = &f->program[which];
    const tc_instruction *last = &f->code[p->first + p->count - 1];
    for (const tc_instruction *i = &f->code[p->first]; i <= last; i++) {
        const float *from[TC_LEAVES];
        for (int k = 0; k < TC_LEAVES; k++)
            from[k] = i->from[k] < TC_FIRST_REGISTER ? x[i->from[k]] : tile_of(scratch, i->from[k]);
        float *out = i == last && to ? to : tile_of(scratch, i->to);
        const int32_t most = run(i, n, from, out);
        if (i < last) continue;
        if (finite) *finite = (i->tree ? most : largest(out, n)) < NOT_FINITE;
        to = out;
    }
    return to;
}

static double apply(int function, double a, double b, double c)
{
    double y;
    tc_formula_function_at(function)->run_wide(1, &y, &a, &b, &c);
    return y;
}

double tc_formula_at(const tc_formula *f, int which, double factor, const double *x)
{
    double number[TC_MAX_REGISTERS];
    const tc_program *p = &f->program[which];
    const tc_instruction *end = &f->code[p->first + p->count];
    for (int k = 0; k < TC_FORMULA_INPUTS; k++) number[k] = x[k];
    for (int k = 0; k < p->constants; k++)
        number[TC_FIRST_REGISTER + k] = f->constant[p->constant + k] * (k < p->scaled ? 1 : factor);
    for (const tc_instruction *i = end - p->count; i < end; i++) {
        double v[TC_LEAVES];
        for (int k = 0; k < TC_LEAVES; k++) {
            v[k] = number[i->from[k]];
            if (i->magnitudes >> k & 1) v[k] = fabs(v[k]);
        }
        number[i->to] = i->tree ? apply(i->function, apply(i->one, v[0], v[1], 0), apply(i->three, v[2], v[3], 0), 0)
                                : apply(i->function, v[0], v[1], v[2]);
    }
    return number[end[-1].to];
}
