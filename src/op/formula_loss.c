/* formula_loss: the mean of f(y, t) over the elements of an output y and its target t, where f is a formula that the user
 * writes. df/dy and df/dt are derived from it; at a kink they are 0 (formula/formula.h). */
#include "op/by_formula.h"

static void tell(const tc_arg *arg, tc_text *to)
{
    const tc_formula *f = tc_formula_of(arg);
    tc_text_add(to, "  f(y, t) = %s\n", tc_formula_text(f, TC_FORMULA_VALUE));
    tc_text_add(to, "  df/dy = %s\n", tc_formula_text(f, TC_FORMULA_SLOPE));
    tc_text_add(to, "  df/dt = %s\n", tc_formula_text(f, TC_FORMULA_SLOPE + 1));
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const float *y = c->x[0].data, *t = c->x[1].data;
    const tc_by_formula b = {tc_formula_of(c->arg), TC_FORMULA_VALUE, 1, {y, t, y}, c->scratch};
    *tc_partial(c, begin) = tc_formula_sum(&b, begin, end);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const float *y = c->x[0].data, *t = c->x[1].data;
    for (int i = 0; i < c->inputs; i++) {
        const tc_by_formula b = {tc_formula_of(c->arg), TC_FORMULA_SLOPE + i, (float)tc_seed(c), {y, t, y}, c->scratch};
        if (c->d[i]) tc_formula_write(&b, begin, end, c->d[i], c->add[i]);
    }
}

const tc_op tc_op_formula_loss = {
    .name = "formula_loss",
    .formula = "sum of f(y, t)",
    .doc =
        "A loss by formula: f is written over the output y and the target t. Its derivative is derived, and shown by explain.",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE,
    .attribute = {TC_FORMULA_ATTRIBUTE("over y and t, \"log(cosh(y - t))\"")},
    TC_BY_FORMULA,
    .tell = tell,
    .forward = forward,
    .backward = backward,
    .probe = {{"formula_loss \"log(cosh(y - t))\"", {"5", "5"}, -3, 3, NAN},
              {"formula_loss \"where(y > t, a, 1 - a) * abs(y - t)\" a=0.3", {"2 3", "2 3"}, -2, 2, 0}},
};
