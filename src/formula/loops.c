/* loops.c: the table of functions, with their loops for float and for double. */
#include "formula/expression.h"
#include "kernel/sum.h"

#include <math.h>

#define REAL float
#define F(name) name##f
#define LOOP(id) narrow_##id
#include "formula/formula_loops.h"
#undef REAL
#undef F
#undef LOOP

#define REAL double
#define F(name) name
#define LOOP(id) wide_##id
#include "formula/formula_loops.h"

static const tc_formula_function table[] = {
#define TC_FORMULA(id, name, operands, value) {name, operands, narrow_##id, wide_##id},
#include "formula/functions.def"
#undef TC_FORMULA
};

const tc_formula_function *tc_formula_function_at(int i)
{
    return i >= 0 && i < TC_FORMULA_FUNCTIONS ? &table[i] : NULL;
}
