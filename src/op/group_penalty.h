/* group_penalty.h: what the group lasso and the sparse group lasso share, over the groups of groups.h.
 *
 *     value = (1 - alpha) sum_g sqrt(size of g) |w_g|_2 + alpha |w|_1, over the denominator
 *     dL/dw = lambda / denominator * ((1 - alpha) sqrt(size of g) w / |w_g| + alpha sign(w)); 0 / 0 is 0, sign(0) is 0
 *     prox:  z = soft threshold of w by t alpha, then max(0, 1 - t (1 - alpha) sqrt(size of g) / |z_g|) z_g
 *
 * The norms are kept from forward to backward. Quotients of them are in double, so weights may be arbitrarily small. */
#ifndef TC_GROUP_PENALTY_H
#define TC_GROUP_PENALTY_H

#include "op/groups.h"
#include "op/penalty.h"

enum { TC_GROUP_BY, TC_GROUP_BLOCK, TC_GROUP_ALPHA }; /* attributes; the group lasso has the first two */

#define TC_GROUP_BY_ATTRIBUTE                                                                                          \
    {"by", TC_BY_WORDS "|block", "unit",                                                                               \
     "what a group is: the weights into a unit, those out of an input, or a square block of the matrix", false}
#define TC_GROUP_BLOCK_ATTRIBUTE                                                                                       \
    {"block", "int", "4", "by=block: rows and columns of a block, at least 1; smaller at the edges", false}

static inline bool tc_group_shape(tc_sketch *s)
{
    if (!tc_shape_weight(s)) return false;
    const tc_arg *block = &s->arg[TC_GROUP_BLOCK];
    if (!block->given || s->arg[TC_GROUP_BY].number == TC_BY_BLOCK) return true;
    return tc_shape_refuse(s, "takes block= only with by=block");
}

TC_INLINE tc_groups tc_group_groups(const tc_arg *arg, const tc_shape *weight, int64_t parts)
{
    return tc_groups_of(weight, parts, (int)arg[TC_GROUP_BY].number, (int64_t)arg[TC_GROUP_BLOCK].number);
}

static inline tc_grouping tc_group_grouping(const tc_arg *arg, bool batch)
{
    (void)batch;
    return (tc_grouping){(int)arg[TC_GROUP_BY].number, (int64_t)arg[TC_GROUP_BLOCK].number};
}

static inline int64_t tc_group_save(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    return tc_group_groups(s->arg, &s->x[0], s->groups).count * (int64_t)sizeof(double);
}

static inline tc_span tc_group_span(const tc_call *c)
{
    return tc_groups_span(tc_group_groups(c->arg, &c->x[0].shape, c->x[0].groups));
}

/* 0 for the group lasso, which does not have this attribute. */
static inline double tc_group_alpha(const tc_call *c)
{
    return tc_attr_count(c->op->attribute) > TC_GROUP_ALPHA ? c->arg[TC_GROUP_ALPHA].number : 0;
}

/* (1 - alpha) sqrt(size) of the strip's group j */
TC_INLINE double tc_group_weight(const tc_groups *g, const tc_strip *s, int64_t j, double alpha)
{
    return (1 - alpha) * sqrt((double)(s->height * tc_strip_width(g, s, j)));
}

TC_CLONES static void tc_group_forward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_groups g = tc_group_groups(c->arg, &c->x[0].shape, c->x[0].groups);
    const float *w = c->x[0].data;
    const double alpha = tc_group_alpha(c);
    double total = 0, l1 = 0, *norm = c->save;
    for (int64_t u = begin; u < end;) {
        double sum[TC_STRIP];
        const tc_strip s = tc_strip_at(&g, u, end);
        tc_strip_squares(&g, &s, w, c->run->kernel, sum);
        for (int64_t j = 0; j < s.n; j++) {
            norm[u + j] = sqrt(sum[j]);
            total += tc_group_weight(&g, &s, j, alpha) * norm[u + j];
        }
        for (int64_t i = 0; i < s.height && alpha > 0; i++)
            l1 += tc_sum(w + tc_strip_row(&g, &s, i), 0, tc_strip_columns(&g, &s), NULL, tc_magnitude);
        u += s.n;
    }
    *tc_partial(c, begin) = total + alpha * l1;
}

/* d = scale[j step] x + l1 sign(x), stored or added. */
TC_INLINE void tc_group_line(const float *x, float *d, bool add, int64_t n, const double *scale, int64_t step,
                             double l1)
{
    for (int64_t j = 0; j < n; j++) {
        const double v = (double)x[j];
        d[j] = (add ? d[j] : 0.0f) + (float)(scale[j * step] * v + (v != 0 ? copysign(l1, v) : 0));
    }
}

TC_CLONES static void tc_group_backward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_groups g = tc_group_groups(c->arg, &c->x[0].shape, c->x[0].groups);
    const double alpha = tc_group_alpha(c), seed = tc_seed(c), l1 = seed * alpha, *norm = c->save;
    const bool add = c->add[0];
    for (int64_t u = begin; u < end && c->d[0];) {
        double scale[TC_STRIP];
        const tc_strip s = tc_strip_at(&g, u, end);
        for (int64_t j = 0; j < s.n; j++)
            scale[j] = norm[u + j] != 0 ? seed * tc_group_weight(&g, &s, j, alpha) / norm[u + j] : 0;
        for (int64_t i = 0; i < s.height; i++) {
            const float *x = c->x[0].data + tc_strip_row(&g, &s, i);
            float *d = c->d[0] + tc_strip_row(&g, &s, i);
            if (g.width == 1) tc_group_line(x, d, add, s.n, scale, 1, l1);
            for (int64_t j = 0; j < s.n && g.width > 1; j++, x += g.width, d += g.width)
                tc_group_line(x, d, add, tc_strip_width(&g, &s, j), &scale[j], 0, l1);
        }
        u += s.n;
    }
}

TC_CLONES static void tc_group_prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    const tc_groups g = tc_group_groups(c->arg, &c->x[0].shape, c->x[0].groups);
    const double alpha = tc_group_alpha(c);
    float *w = c->x[0].data;
    for (int64_t u = begin; u < end;) {
        double sum[TC_STRIP];
        float scale[TC_STRIP];
        const tc_strip s = tc_strip_at(&g, u, end);
        for (int64_t i = 0, n = tc_strip_columns(&g, &s); i < s.height && alpha > 0; i++) {
            float *line = w + tc_strip_row(&g, &s, i);
            for (int64_t j = 0; j < n; j++) line[j] = tc_soft(line[j], (float)(t * alpha));
        }
        tc_strip_squares(&g, &s, w, c->run->kernel, sum);
        for (int64_t j = 0; j < s.n; j++) {
            const double norm = sqrt(sum[j]), most = t * tc_group_weight(&g, &s, j, alpha);
            scale[j] = norm > most ? (float)(1 - most / norm) : norm == norm ? 0.0f : 1.0f;
        }
        tc_strip_multiply(&g, &s, w, scale);
        u += s.n;
    }
}

#endif
