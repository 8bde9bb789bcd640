/* formula.h: formulas that users write in a description, "x^2 / (c + x^2)": they are read, derived, simplified, and run
 * over vectors.
 *
 *     choice      sum, or two of them with < <= > >= == != between them, which gives 1 or 0
 *     sum         products with + and - between them
 *     product     signed with * and / between them
 *     signed      power, -signed or +signed: -x^2 is -(x^2)
 *     power       atom, or atom^signed: x^2^3 is x^(2^3)
 *     atom        a number, a name, function(choice, ...) or (choice)
 *
 * A number or a constant directly followed by a name or a parenthesis multiplies: -1.702 x, 2 (x + 1), c x^2. Nothing
 * else multiplies without a *, and neither does a number after / or ^, where 1 / 2 x could be read in two ways.
 * where(c, a, b) is a where c is not 0, otherwise b, as in NumPy and PyTorch. A name is one of the variables, or a
 * constant that the description gives: c=0.5. functions.def lists the functions.
 *
 * The derivative is 0 at a kink (abs, sign, min, max, relu, comparisons), and at 0 that of sqrt(x) and of x^p,
 * 0 < p < 1, is 0 too, where it would be infinite. The derivative of where is that of the side that is taken; the other
 * side may be NaN.
 *
 * A formula is compiled to a list of instructions on registers. A register is a tile of TC_FORMULA_TILE numbers; an
 * instruction is one loop over a tile. What occurs twice is computed once. */
#ifndef TC_FORMULA_H
#define TC_FORMULA_H

#include "spec/spec.h"

enum { TC_FORMULA_VARIABLES = 2, TC_FORMULA_INPUTS, TC_FORMULA_TILE = 1024 };

/* What to compute: the value, or the derivative for variable i, TC_FORMULA_SLOPE + i, times a factor or times what is given
 * after the variables. */
enum { TC_FORMULA_VALUE, TC_FORMULA_SLOPE, TC_FORMULA_PROGRAMS = TC_FORMULA_SLOPE + TC_FORMULA_VARIABLES };

/* Where a formula is written, and what it may use. */
typedef struct tc_formula_source {
    const tc_spec *spec;          /* gives the constants */
    const tc_arg *arg;            /* the formula in it */
    const char *const *variable;  /* their names, ended by NULL: "x" */
    const tc_attribute *taken[2]; /* attributes, whose names cannot be constants */
    bool chained;                 /* derivatives are times x[TC_FORMULA_VARIABLES], otherwise times a factor */
} tc_formula_source;

/* One block, freed by tc_free. NULL with the error, which points at the mistake in the source of the spec. */
typedef struct tc_formula tc_formula;
tc_formula *tc_formula_new(const tc_mem *m, const tc_formula_source *s, tacet_error *e);

/* The program as text, simplified; a long one ends in "...". Lives as long as the formula. */
const char *tc_formula_text(const tc_formula *f, int program);

/* Bytes of scratch, aligned for floats, that the next two need. tc_formula_begin prepares it for tiles of at most n numbers,
 * and is called again for another program. */
int64_t tc_formula_scratch(const tc_formula *f);
void tc_formula_begin(const tc_formula *f, int program, float factor, int64_t n, float *scratch);

/* to[n] = the program of x[TC_FORMULA_INPUTS][n], n at most TC_FORMULA_TILE. `to` must not be one of x; NULL: a
 * tile of scratch. Returns it, and whether all of it is finite (NULL: not asked). */
float *tc_formula_tile(const tc_formula *f, int program, const float *const *x, int64_t n, float *scratch, float *to,
                       bool *finite);

/* The same for one number of each input, in double. */
double tc_formula_at(const tc_formula *f, int program, double factor, const double *x);

#endif
