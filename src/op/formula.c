/* formula: the sum of f(x), where f is a formula that the user writes. Its derivative is derived from it; at a kink it is 0,
 * as of every penalty (formula/formula.h). It has no proximal step: finding one needs the minimiser of a function that is
 * not known. */
#include "op/by_formula.h"
#include "op/penalty.h"

static void tell(const tc_arg *arg, tc_text *to)
{
    const tc_formula *f = tc_formula_of(arg);
    tc_text_add(to, "  f(x) = %s\n", tc_formula_text(f, TC_FORMULA_VALUE));
    tc_text_add(to, "  df/dx = %s\n", tc_formula_text(f, TC_FORMULA_SLOPE));
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    double sum = 0;
    int64_t start = 0;
    for (int i = 0; i < c->inputs; i++) {
        const tc_overlap p = tc_overlap_of(c, i, begin, end, &start);
        const float *x = c->x[i].data;
        const tc_by_formula b = {tc_formula_of(c->arg), TC_FORMULA_VALUE, 1, {x, x, x}, c->scratch};
        if (p.from < p.to) sum += tc_formula_sum(&b, p.from, p.to);
    }
    *tc_partial(c, begin) = sum;
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    int64_t start = 0;
    for (int i = 0; i < c->inputs; i++) {
        const tc_overlap p = tc_overlap_of(c, i, begin, end, &start);
        const float *x = c->x[i].data;
        const tc_by_formula b = {tc_formula_of(c->arg), TC_FORMULA_SLOPE, (float)tc_seed(c), {x, x, x}, c->scratch};
        if (c->d[i] && p.from < p.to) tc_formula_write(&b, p.from, p.to, c->d[i], c->add[i]);
    }
}

const tc_op tc_op_formula = {
    .name = "formula",
    .formula = "lambda * sum f(x)",
    .doc = "A penalty by formula: f is written over x. Its derivative is derived, and shown by explain.",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_ELEMENTWISE | TC_PER_SAMPLE,
    .attribute = {TC_FORMULA_ATTRIBUTE("over x, \"x^2 / (c + x^2)\" c=0.5")},
    TC_BY_FORMULA,
    .tell = tell,
    .forward = forward,
    .backward = backward,
    .probe = {{"formula \"x^2 / (1 + x^2)\" 0.3", {"3 5"}, -2, 2, NAN},
              {"formula \"log(1 + abs(x) / c)\" 0.3 c=0.1", {"7"}, -2, 2, 0}},
};
