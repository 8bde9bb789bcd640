/* by_formula.h: operators whose formula the user writes (formula/formula.h), over the output y and the target t in a loss,
 * otherwise over x. The formula is the first attribute.
 *
 * It runs tile by tile. A number that is not finite in float32 is computed again in double: squares and exponentials may
 * leave the range of a float although the result does not. */
#ifndef TC_BY_FORMULA_H
#define TC_BY_FORMULA_H

#include "formula/formula.h"
#include "kernel/sum.h"
#include "op/op.h"

enum { TC_OF_FORMULA }; /* the attribute */

#define TC_FORMULA_ATTRIBUTE(example)                                                                                   \
    {                                                                                                                   \
        "f", "formula", NULL,                                                                                           \
            "the formula " example "; it may have numbers, + - * / ^, < <= > >= == !=, where(c, a, b), abs, sign, "     \
            "min, max, exp, log, log1p, sqrt, tanh, sigmoid, relu, softplus, sin, cos, sinh, cosh, erf, log_cosh, and " \
            "constants that follow it, c=0.5",                                                                          \
            true                                                                                                        \
    }

static inline const tc_formula *tc_formula_of(const tc_arg *arg) { return arg[TC_OF_FORMULA].made; }

static inline bool tc_by_formula_prepare(const tc_op *op, const tc_mem *m, const tc_spec *spec, tc_arg *arg,
                                         tacet_error *e)
{
    static const char *const of_value[] = {"x", NULL}, *const of_pair[] = {"y", "t", NULL};
    const tc_formula_source source = {.spec = spec,
                                      .arg = &arg[TC_OF_FORMULA],
                                      .variable = op->role == &tc_loss ? of_pair : of_value,
                                      .taken = {op->attribute, op->role->common},
                                      .chained = !op->role->scalar};
    arg[TC_OF_FORMULA].made = tc_formula_new(m, &source, e);
    return arg[TC_OF_FORMULA].made != NULL;
}

static inline int64_t tc_by_formula_scratch(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    return tc_formula_scratch(tc_formula_of(s->arg));
}

/* What the rows of these operators share. */
#define TC_BY_FORMULA                                                                                                  \
    .source = "the user's own; its derivative: Wengert: A simple automatic derivative evaluation program, "            \
              "Communications of the ACM 7, 1964",                                                                     \
    .work = 10, .prepare = tc_by_formula_prepare, .scratch = tc_by_formula_scratch

/* A program, and where its inputs are. */
typedef struct tc_by_formula {
    const tc_formula *f;
    int program;
    float factor;
    const float *x[TC_FORMULA_INPUTS];
    float *scratch;
} tc_by_formula;

TC_INLINE double tc_formula_wide(const tc_by_formula *b, int64_t i)
{
    double x[TC_FORMULA_INPUTS];
    for (int k = 0; k < TC_FORMULA_INPUTS; k++) x[k] = (double)b->x[k][i];
    return tc_formula_at(b->f, b->program, (double)b->factor, x);
}

/* The program of elements [i, i + n), at most a tile; to NULL: in scratch. finite: what is not is computed again. */
TC_INLINE float *tc_formula_part(const tc_by_formula *b, int64_t i, int64_t n, float *to, bool finite)
{
    const float *x[TC_FORMULA_INPUTS];
    for (int k = 0; k < TC_FORMULA_INPUTS; k++) x[k] = b->x[k] + i;
    bool is_finite = true;
    float *tile = tc_formula_tile(b->f, b->program, x, n, b->scratch, to, finite ? &is_finite : NULL);
    for (int64_t k = 0; !is_finite && k < n; k++)
        if (!isfinite(tile[k])) tile[k] = (float)tc_formula_wide(b, i + k);
    return tile;
}

/* y[from, to) = the program, stored or added. */
TC_INLINE void tc_formula_write(const tc_by_formula *b, int64_t from, int64_t to, float *y, bool add)
{
    tc_formula_begin(b->f, b->program, b->factor, to - from, b->scratch);
    for (int64_t i = from; i < to; i += TC_FORMULA_TILE) {
        const int64_t n = to - i < TC_FORMULA_TILE ? to - i : TC_FORMULA_TILE;
        const float *tile = tc_formula_part(b, i, n, add ? NULL : y + i, true);
        for (int64_t k = 0; add && k < n; k++) y[i + k] += tile[k];
    }
}

TC_INLINE float tc_itself(float x, const float *a)
{
    (void)a;
    return x;
}

/* The sum of the program over elements [from, to). */
TC_INLINE double tc_formula_sum(const tc_by_formula *b, int64_t from, int64_t to)
{
    double sum = 0;
    tc_formula_begin(b->f, b->program, b->factor, to - from, b->scratch);
    for (int64_t i = from; i < to; i += TC_FORMULA_TILE) {
        const int64_t n = to - i < TC_FORMULA_TILE ? to - i : TC_FORMULA_TILE;
        const double part = tc_sum(tc_formula_part(b, i, n, NULL, false), 0, n, NULL, tc_itself);
        double wide = 0;
        for (int64_t k = i; !isfinite(part) && k < i + n; k++) wide += tc_formula_wide(b, k);
        sum += isfinite(part) ? part : wide;
    }
    return sum;
}

#endif
