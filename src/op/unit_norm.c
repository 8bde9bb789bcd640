/* unit_norm: after every update, divides by their 2-norm the incoming weights of each unit (by=unit: a column of the
 * weight's matrix) or the outgoing weights of each input, with all its taps (by=input). A vector of zeros stays, and so
 * does one whose norm is below the smallest normal float32, since the inverse would overflow. It is the projection onto
 * the set where every norm is 1, so it has no gradient and no value.
 *
 * With `tangent` the gradient loses, before the optimizer sees it, what it has along each vector, g <- g - w (g . w) / (w .
 * w): that part would change only the norm, which stays 1, but the optimizer's moments would count it. */
#include "op/groups.h"

enum { BY, TANGENT };

static tc_groups groups_of(const tc_call *c)
{
    return tc_groups_of(&c->x[0].shape, c->x[0].groups, (int)c->arg[BY].number, 0);
}

static tc_span span(const tc_call *c) { return tc_groups_span(groups_of(c)); }

TC_CLONES static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    (void)t;
    const tc_groups g = groups_of(c);
    for (int64_t u = begin; u < end;) {
        double sum[TC_STRIP];
        float scale[TC_STRIP];
        const tc_strip s = tc_strip_at(&g, u, end);
        tc_strip_squares(&g, &s, c->x[0].data, c->run->kernel, sum);
        for (int64_t j = 0; j < s.n; j++) scale[j] = sum[j] > 0x1p-252 ? (float)(1 / sqrt(sum[j])) : 1.0f;
        tc_strip_multiply(&g, &s, c->x[0].data, scale);
        u += s.n;
    }
}

TC_CLONES static void project(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_groups g = groups_of(c);
    for (int64_t u = begin; u < end;) {
        double square[TC_STRIP], scale[TC_STRIP];
        const tc_strip s = tc_strip_at(&g, u, end);
        tc_strip_squares(&g, &s, c->x[0].data, c->run->kernel, square);
        tc_strip_dots(&g, &s, c->x[0].data, c->d[0], scale);
        for (int64_t j = 0; j < s.n; j++) scale[j] = square[j] == 0 ? 0 : -scale[j] / square[j];
        tc_strip_add(&g, &s, c->d[0], c->x[0].data, scale);
        u += s.n;
    }
}

static bool projects(const tc_arg *arg) { return arg[TANGENT].number != 0; }

const tc_op tc_op_unit_norm = {
    .name = "unit_norm",
    .formula = "w / |w| for each unit or input",
    .doc = "Keeps the 2-norm of each unit's (or input's) weights at 1. Zeros stay.",
    .source = "keras.constraints.UnitNorm; Parikh, Boyd: Proximal algorithms, 2014, section 1.2; tangent: Bricken et al.: "
              "Towards monosemanticity, 2023",
    .role = &tc_constraint,
    .flags = TC_NO_BATCH,
    .attribute = {{"by", TC_BY_WORDS, "unit", "whose weights: those into each unit, or those out of each input", true},
                  {"tangent", "bool", "false", "the gradient loses its part along each vector before the optimizer sees it",
                   false}},
    .shape = tc_shape_weight,
    .work = 3,
    .span = span,
    .prox = prox,
    .project = project,
    .projects = projects,
    .probe = {{"unit_norm", {"5 3"}, -2, 2, NAN},
              {"unit_norm by=input", {"4 70"}, -2, 2, NAN},
              {"unit_norm by=input", {"3 2 4 5"}, -2, 2, NAN}},
};
