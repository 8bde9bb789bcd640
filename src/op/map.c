/* map: y = f(x), element by element, where f is a formula that the user writes. dy/dx is derived from it; at a kink it is 0,
 * so that silent units stay undisturbed (formula/formula.h). */
#include "op/by_formula.h"

static void tell(const tc_arg *arg, tc_text *to)
{
    const tc_formula *f = tc_formula_of(arg);
    tc_text_add(to, "  y = %s\n", tc_formula_text(f, TC_FORMULA_VALUE));
    tc_text_add(to, "  dy/dx = %s\n", tc_formula_text(f, TC_FORMULA_SLOPE));
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const float *x = c->x[0].data;
    const tc_by_formula b = {tc_formula_of(c->arg), TC_FORMULA_VALUE, 1, {x, x, x}, c->scratch};
    tc_formula_write(&b, begin, end, c->y.data, false);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const float *x = c->x[0].data;
    const tc_by_formula b = {tc_formula_of(c->arg), TC_FORMULA_SLOPE, 1, {x, x, c->g}, c->scratch};
    if (c->d[0]) tc_formula_write(&b, begin, end, c->d[0], c->add[0]);
}

const tc_op tc_op_map = {
    .name = "map",
    .formula = "y = f(x)",
    .doc =
        "A layer by formula, element by element: f is written over x. Its derivative is derived, and shown by explain.",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_ELEMENTWISE,
    .attribute = {TC_FORMULA_ATTRIBUTE("over x, \"x / (1 + exp(-c x))\" c=1.702")},
    TC_BY_FORMULA,
    .tell = tell,
    .forward = forward,
    .backward = backward,
    .probe = {{"map \"x / (1 + exp(-1.702 x))\"", {"7"}, -3, 3, NAN},
              {"map \"where(x > 0, x, c x)\" c=0.1", {"2 3"}, -2, 2, 0}},
};
