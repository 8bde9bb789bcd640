/* max_norm: after every update, vectors of weights whose 2-norm is above `max` are scaled down to it; others stay. The
 * vectors are the incoming weights of each unit (by=unit) or the outgoing ones of each input, with all its taps
 * (by=input). It is the projection onto balls, so it has no gradient and no value. */
#include "op/groups.h"

enum { MAX, BY };

static tc_groups groups_of(const tc_call *c)
{
    return tc_groups_of(&c->x[0].shape, c->x[0].groups, (int)c->arg[BY].number, 0);
}

static tc_span span(const tc_call *c) { return tc_groups_span(groups_of(c)); }

TC_CLONES static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    (void)t;
    const tc_groups g = groups_of(c);
    const double max = c->arg[MAX].number;
    for (int64_t u = begin; u < end;) {
        double sum[TC_STRIP];
        float scale[TC_STRIP];
        const tc_strip s = tc_strip_at(&g, u, end);
        tc_strip_squares(&g, &s, c->x[0].data, c->run->kernel, sum);
        /* Slightly below max, so that rounding cannot leave the ball and a second projection changes nothing. */
        for (int64_t j = 0; j < s.n; j++)
            scale[j] = sum[j] > max * max ? (float)(max / sqrt(sum[j]) * (1 - 0x1p-22)) : 1.0f;
        tc_strip_multiply(&g, &s, c->x[0].data, scale);
        u += s.n;
    }
}

const tc_op tc_op_max_norm = {
    .name = "max_norm",
    .formula = "w min(1, max / |w|) for each unit or input",
    .doc = "Keeps the 2-norm of each unit's (or input's) weights at or below max.",
    .source =
        "Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout: A simple way to prevent neural networks "
        "from overfitting, JMLR 15, 2014, section 5.1; keras.constraints.MaxNorm",
    .role = &tc_constraint,
    .flags = TC_NO_BATCH,
    .attribute = {{"max", "float", "1", "the largest norm, above 0", true},
                  {"by", TC_BY_WORDS, "unit", "whose weights: those into each unit, or those out of each input", true}},
    .limit = {{"needs max above 0", MAX, TC_ABOVE_0, INFINITY}},
    .shape = tc_shape_weight,
    .work = 3,
    .span = span,
    .prox = prox,
    .probe = {{"max_norm 2.5", {"5 70"}, -2, 2, NAN},
              {"max_norm 2 by=input", {"70 4"}, -2, 2, NAN},
              {"max_norm 2 by=input", {"3 2 4 5"}, -2, 2, NAN}},
};
