/* weighted_l1: the sum of |x| in which each unit counts as much as the norm of its weights in a layer that reads it, the
 * decoder of a sparse autoencoder. So the penalty cannot be evaded by smaller activations and larger weights.
 *
 *     value = sum_j s_j |w_j|_2,   s_j = sum of |x_j| over rows and positions
 *     dL/dx_j = seed |w_j| sign(x_j)           dL/dw_j = seed s_j w_j / |w_j|
 *
 * seed is lambda / denominator; sign(0) and 0 / 0 are 0. w_j, the weights of unit j, are a group of groups.h. The forward
 * pass, a piece of which is a unit, leaves the norms and the sums. Backward, the first pieces are those of dL/dx, BLOCK
 * elements or a position, and then come those of dL/dW, a strip of groups. */
#include "op/groups.h"

enum { NORMS, BY };
enum { X, W };
enum { BLOCK = TC_RANGE };

static bool shape(tc_sketch *s)
{
    if (s->inputs < 2) return true; /* the plan asks again, without the parameter */
    char got[TC_SHAPE_TEXT];
    const int64_t units = tc_shape_units(&s->x[X]);
    if (s->x[W].rank < 2)
        return tc_shape_refuse(s, "needs the norms of a weight of two dimensions or more, got %s",
                               tc_shape_text(&s->x[W], false, got));
    const int by = (int)s->arg[BY].number;
    const int64_t n = tc_groups_of(&s->x[W], 0, by, 0).count;
    return n == units || tc_shape_refuse(s, "needs as many norms as units, %lld, but the weight has %lld %s",
                                         (long long)units, (long long)n, by == TC_BY_INPUT ? "inputs" : "units");
}

static int64_t save(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    return 2 * tc_shape_units(&s->x[X]) * (int64_t)sizeof(double);
}

static double *norms(const tc_call *c) { return c->save; }
static double *sums(const tc_call *c) { return norms(c) + tc_units(&c->x[X]); }

static tc_groups groups_of(const tc_call *c)
{
    return tc_groups_of(&c->x[W].shape, c->x[W].groups, (int)c->arg[BY].number, 0);
}

static int64_t positions(const tc_call *c) { return tc_elements(c, &c->x[X]) / tc_units(&c->x[X]); }
static int64_t block(const tc_call *c) { return BLOCK / tc_units(&c->x[X]) + 1; }
static int64_t pieces_x(const tc_call *c) { return c->d[X] ? (positions(c) + block(c) - 1) / block(c) : 0; }

static tc_span span(const tc_call *c) { return (tc_span){tc_units(&c->x[X]), TC_STRIP}; }

static tc_span span_back(const tc_call *c)
{
    const int64_t strips = (tc_units(&c->x[X]) + TC_STRIP - 1) / TC_STRIP;
    return (tc_span){pieces_x(c) + (c->d[W] ? strips : 0), 1};
}

/* to[m] = the sums of |x_j|, units [j, j + m), over all rows and positions; m is at most TC_STRIP. */
TC_INLINE void add_up(const tc_call *c, int64_t j, int64_t m, double *to)
{
    const int64_t n = tc_units(&c->x[X]), rows = positions(c);
    const float *x = c->x[X].data + j;
    double sum[TC_STRIP] = {0};
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < m; k++) sum[k] += fabs((double)x[r * n + k]);
    for (int64_t k = 0; k < m; k++) to[k] = sum[k];
}

/* to[i] = the norm of group i, for groups [begin, end). */
TC_INLINE void set_norms(const tc_call *c, int64_t begin, int64_t end, double *to)
{
    const tc_groups g = groups_of(c);
    for (int64_t u = begin; u < end;) {
        double square[TC_STRIP];
        const tc_strip s = tc_strip_at(&g, u, end);
        tc_strip_squares(&g, &s, c->x[W].data, c->run->kernel, square);
        for (int64_t j = 0; j < s.n; j++) to[u + j] = sqrt(square[j]);
        u += s.n;
    }
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    double total = 0;
    set_norms(c, begin, end, norms(c));
    for (int64_t u = begin; u < end; u += TC_STRIP) {
        add_up(c, u, end - u < TC_STRIP ? end - u : TC_STRIP, sums(c) + u);
        for (int64_t j = u; j < end && j < u + TC_STRIP; j++) total += sums(c)[j] * norms(c)[j];
    }
    *tc_partial(c, begin) = total;
}

/* Positions [begin, end) of dL/dx. */
TC_INLINE void back_x(const tc_call *c, int64_t begin, int64_t end, double seed)
{
    const int64_t n = tc_units(&c->x[X]);
    const double *norm = norms(c);
    for (int64_t r = begin; r < end; r++) {
        const float *x = c->x[X].data + r * n;
        float *d = c->d[X] + r * n;
        for (int64_t j = 0; j < n; j++) {
            const float own = (float)(seed * norm[j]);
            d[j] = (c->add[X] ? d[j] : 0.0f) + (x[j] != 0.0f ? copysignf(own, x[j]) : 0.0f);
        }
    }
}

/* Groups [begin, end) of dL/dW. */
TC_INLINE void back_w(const tc_call *c, int64_t begin, int64_t end, double seed)
{
    const tc_groups g = groups_of(c);
    for (int64_t u = begin; u < end;) {
        double scale[TC_STRIP];
        const tc_strip s = tc_strip_at(&g, u, end);
        for (int64_t j = 0; j < s.n; j++) scale[j] = norms(c)[u + j] == 0 ? 0 : seed * sums(c)[u + j] / norms(c)[u + j];
        if (!c->add[W]) tc_strip_zero(&g, &s, c->d[W]);
        tc_strip_add(&g, &s, c->d[W], c->x[W].data, scale);
        u += s.n;
    }
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t first = pieces_x(c), each = block(c), rows = positions(c), units = tc_units(&c->x[X]);
    const double seed = tc_seed(c);
    for (int64_t u = begin; u < end; u++) {
        const int64_t at = u < first ? u * each : (u - first) * TC_STRIP;
        if (u < first)
            back_x(c, at, at + each < rows ? at + each : rows, seed);
        else
            back_w(c, at, at + TC_STRIP < units ? at + TC_STRIP : units, seed);
    }
}

const tc_op tc_op_weighted_l1 = {
    .name = "weighted_l1",
    .formula = "lambda * sum |x_j| |w_j|_2",
    .doc = "l1 in which each unit counts as much as the norm of its weights in the layer that reads it. Those get a gradient, "
           "too. For the code of a sparse autoencoder, which then gains nothing by shrinking while the decoder grows.",
    .source = "Conerly et al.: Update on how we train SAEs, Circuits Updates, April 2024",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_PER_SAMPLE | TC_SPARSIFIES,
    .attribute = {{"norms", "value", NULL, "the weight whose norms these are, LAYER.weight", false},
                  {"by", TC_BY_WORDS, "input", "which weights belong to a unit: those out of an input, or those into a unit",
                   false}},
    .inputs = 1,
    .shape = shape,
    .work = 2,
    .save = save,
    .span = span,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"weighted_l1 0.3 norms=w.weight", {"2 5", "5 3"}, -2, 2, 0},
              {"weighted_l1 0.3 norms=w.weight by=unit", {"70", "3 70"}, -2, 2, 0},
              {"weighted_l1 0.3 norms=w.weight", {"70", "70 130"}, -2, 2, 0}},
};
