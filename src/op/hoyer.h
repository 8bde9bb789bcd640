/* hoyer.h: a ratio of norms as a measure of sparsity: s = sum |x| against q = sum x^2 of one vector.
 *
 *     v = s / sqrt(q)    dv/dx = (sign(x) - x s / q) / sqrt(q)        or its square: v^2, 2 v dv/dx
 *
 * v is 1 if only one entry is not 0 and sqrt(n) if all n have the same magnitude; scaling the vector does not change
 * it. At the kink x = 0 the sign is 0, so that silent units stay undisturbed; a vector of zeros has the value 0 and the
 * gradient 0.
 *
 * On a batch the units of every position are a vector (over all inputs together), and the values of the vectors are
 * added up for every reduce, so the penalty is additive over positions and samples. On parameters the whole is one
 * vector. The sums of each vector are kept from forward to backward; for parameters, those of the whole, followed by
 * those of each range, which finish() adds up. */
#ifndef TC_HOYER_H
#define TC_HOYER_H

#include "op/penalty.h"

typedef struct tc_norms {
    double s, q;
} tc_norms;

extern const tc_op tc_op_hoyer_square;

/* Whether the operator is hoyer_square. */
static inline bool tc_hoyer_squares(const tc_call *c) { return c->op == &tc_op_hoyer_square; }

static inline double tc_hoyer_of(const tc_call *c, tc_norms v)
{
    const double ratio = v.q != 0 ? v.s / sqrt(v.q) : 0;
    return tc_hoyer_squares(c) ? ratio * ratio : ratio;
}

static inline int64_t tc_hoyer_save(const tc_sketch *s, int64_t rows)
{
    int64_t n = 0;
    for (int i = 0; i < s->inputs; i++) n += tc_shape_count(&s->x[i]);
    const int64_t vectors = s->batch[0] ? rows * tc_shape_positions(&s->x[0]) : (n + TC_RANGE - 1) / TC_RANGE + 1;
    return vectors * (int64_t)sizeof(tc_norms);
}

static inline tc_span tc_hoyer_span(const tc_call *c)
{
    return c->x[0].batch ? tc_span_positions(c) : tc_span_elements(c);
}

TC_INLINE void tc_hoyer_add(const tc_call *c, const float *x, int64_t from, int64_t to, tc_norms *v)
{
    if (from >= to) return;
    v->s += tc_sum(x, from, to, NULL, tc_magnitude);
    v->q += c->run->kernel->squares(x + from, to - from);
}

TC_CLONES static void tc_hoyer_forward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_norms *kept = c->save;
    double total = 0;
    int64_t start = 0;
    if (!c->x[0].batch) {
        tc_norms part = {0};
        for (int i = 0; i < c->inputs; i++) {
            const tc_overlap p = tc_overlap_of(c, i, begin, end, &start);
            tc_hoyer_add(c, c->x[i].data, p.from, p.to, &part);
        }
        kept[1 + begin / TC_RANGE] = part;
    }
    for (int64_t r = begin; c->x[0].batch && r < end; r++) {
        kept[r] = (tc_norms){0};
        for (int i = 0; i < c->inputs; i++) {
            const int64_t n = tc_units(&c->x[i]);
            tc_hoyer_add(c, c->x[i].data + r * n, 0, n, &kept[r]);
        }
        total += tc_hoyer_of(c, kept[r]);
    }
    *tc_partial(c, begin) = total;
}

static inline double tc_hoyer_finish(const tc_call *c, double sum)
{
    tc_norms *kept = c->save;
    if (!c->x[0].batch) {
        const tc_span span = tc_hoyer_span(c);
        kept[0] = (tc_norms){0};
        for (int64_t k = 0; k * TC_RANGE < span.pieces; k++) kept[0].s += kept[1 + k].s, kept[0].q += kept[1 + k].q;
        sum = tc_hoyer_of(c, kept[0]);
    }
    return *c->result = sum / tc_denominator(c);
}

/* d[from, to) = seed * gradient, stored or added; x[from, to) is part of the vector that v belongs to. */
TC_INLINE void tc_hoyer_gradient(const float *x, float *d, bool add, int64_t from, int64_t to, double seed, tc_norms v,
                                 bool square)
{
    const double inverse = v.q != 0 ? 1 / sqrt(v.q) : 0, ratio = v.s * inverse, pull = ratio * inverse;
    const double factor = seed * inverse * (square ? 2 * ratio : 1);
    for (int64_t i = from; i < to; i++) {
        const double sign = (double)((x[i] > 0.0f) - (x[i] < 0.0f));
        d[i] = (add ? d[i] : 0.0f) + (float)(factor * (sign - pull * (double)x[i]));
    }
}

TC_CLONES static void tc_hoyer_backward(const tc_call *c, int64_t begin, int64_t end)
{
    const bool square = tc_hoyer_squares(c);
    const tc_norms *kept = c->save;
    const double seed = tc_seed(c);
    int64_t start = 0;
    for (int i = 0; i < c->inputs; i++) {
        const float *x = c->x[i].data;
        float *d = c->d[i];
        if (!c->x[0].batch) {
            const tc_overlap p = tc_overlap_of(c, i, begin, end, &start);
            if (d) tc_hoyer_gradient(x, d, c->add[i], p.from, p.to, seed, kept[0], square);
            continue;
        }
        const int64_t n = tc_units(&c->x[i]);
        for (int64_t r = begin; r < end && d; r++)
            tc_hoyer_gradient(x, d, c->add[i], r * n, (r + 1) * n, seed, kept[r], square);
    }
}

#endif
