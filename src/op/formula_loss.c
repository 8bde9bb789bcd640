/* formula_loss: the mean of f(y, t) over the elements of an output y and its target t, where f is a formula that the user
 * writes. df/dy and df/dt are derived from it; at a kink they are 0 (formula/formula.h). */
#include "op/by_formula.h"

static const char *const variable[] = {"y", "t", NULL};

static bool prepare(const tc_op *op, const tc_mem *m, const tc_spec *spec, tc_arg *arg, tacet_error *e)
{
    return tc_by_formula_prepare(op, m, spec, arg, variable, e);
}

static void tell(const tc_arg *arg, tc_text *to)
{
    const tc_formula *f = tc_formula_of(arg);
    tc_text_add(to, "  f(y, t) = %s\n", tc_formula_text(f, TC_FORMULA_VALUE));
    for (int i = 0; variable[i]; i++)
        tc_text_add(to, "  df/d%s = %s\n", variable[i], tc_formula_text(f, TC_FORMULA_SLOPE + i));
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
    for (int i = 0; variable[i]; i++) {
        const tc_by_formula b = {tc_formula_of(c->arg), TC_FORMULA_SLOPE + i, (float)tc_seed(c), {y, t, y}, c->scratch};
        if (c->d[i]) tc_formula_write(&b, begin, end, c->d[i], c->add[i]);
    }
}

const tc_op tc_op_formula_loss = {
    .name = "formula_loss",
    .formula = "sum of f(y, t)",
    .doc =
        "A loss by formula: f is written over the output y and the target t. Its derivative is derived, and shown by explain.",
    .source =
        "the user's own; its derivative: Wengert: A simple automatic derivative evaluation program, Communications of "
        "the ACM 7, 1964",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE,
    .attribute = {TC_FORMULA_ATTRIBUTE("over y and t, \"log(cosh(y - t))\"")},
    .work = 10,
    .prepare = prepare,
    .tell = tell,
    .scratch = tc_by_formula_scratch,
    .forward = forward,
    .backward = backward,
    .probe = {{"formula_loss \"log(cosh(y - t))\"", {"5", "5"}, -3, 3, NAN},
              {"formula_loss \"where(y > t, a, 1 - a) * abs(y - t)\" a=0.3", {"2 3", "2 3"}, -2, 2, 0}},
};
