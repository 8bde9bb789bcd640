/* mul: y = x0 x1, element by element; one of them may have one position, [C] or [1, 1, C], and is then the same at all
 * positions of the other, [H, W, C]: what squeeze-and-excitation does.
 *
 *     y(p, c) = a(p, c) b(p, c)      dL/da(p, c) = g(p, c) b(p, c)      dL/db(p, c) = g(p, c) a(p, c)
 *     y(p, c) = a(p, c) b(c)                                           dL/db(c) = sum over p of g(p, c) a(p, c)
 *
 * Sums are double. */
#include "kernel/sum.h"
#include "op/op.h"

enum { LANES = 32 };

/* Input k is the same at all positions of y. */
static bool is_spread(const tc_call *c, int k) { return c->x[k].n < c->y.n; }

static bool shape(tc_sketch *s)
{
    char a[TC_SHAPE_TEXT], b[TC_SHAPE_TEXT];
    const int64_t n[2] = {tc_shape_count(&s->x[0]), tc_shape_count(&s->x[1])};
    const int less = n[0] < n[1] ? 0 : 1;
    s->y = s->x[!less];
    const bool spread = s->y.rank >= 1 && tc_shape_positions(&s->x[less]) == 1 && s->x[less].rank >= 1 &&
                        tc_shape_units(&s->x[less]) == tc_shape_units(&s->y);
    if (s->batch[0] == s->batch[1] && (spread || tc_shape_equal(&s->x[0], &s->x[1]))) return true;
    return tc_shape_refuse(s,
                           "needs two values of the same shape, or one with a number for each channel, got %s and %s",
                           tc_shape_text(&s->x[0], s->batch[0], a), tc_shape_text(&s->x[1], s->batch[1], b));
}

static tc_span span(const tc_call *c)
{
    return (tc_span){tc_rows(c, &c->y), c->y.n < TC_RANGE ? TC_RANGE / c->y.n : 1};
}

/* to = a b, where b has n numbers and is repeated. */
TC_INLINE void product(const float *a, const float *b, float *to, int64_t all, int64_t n, bool add)
{
    for (int64_t i = 0; i < all; i += n)
        for (int64_t j = 0; j < n; j++) to[i + j] = (add ? to[i + j] : 0.0f) + a[i + j] * b[j];
}

/* to [n] = the sum of a b over positions. */
TC_INLINE void product_sum(const float *a, const float *b, float *to, int64_t all, int64_t n, bool add)
{
    for (int64_t c = 0; c < n; c += LANES) {
        const int64_t m = n - c < LANES ? n - c : LANES;
        double sum[LANES] = {0};
        for (int64_t i = c; i < all; i += n)
            for (int64_t k = 0; k < m; k++) sum[k] += (double)a[i + k] * (double)b[i + k];
        for (int64_t k = 0; k < m; k++) to[c + k] = (add ? to[c + k] : 0.0f) + (float)sum[k];
    }
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int less = is_spread(c, 0) ? 0 : 1;
    const int64_t all = c->y.n, n = c->x[less].n;
    for (int64_t r = begin; r < end; r++)
        product(c->x[!less].data + r * all, c->x[less].data + r * n, c->y.data + r * all, all, n, false);
}

/* One input after the other, since both may be the same value. */
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t all = c->y.n;
    for (int k = 0; k < 2; k++) {
        const int64_t n = c->x[k].n, other = c->x[!k].n;
        for (int64_t r = begin; r < end && c->d[k]; r++) {
            const float *g = c->g + r * all, *x = c->x[!k].data + r * other;
            float *d = c->d[k] + r * n;
            if (is_spread(c, k))
                product_sum(g, x, d, all, n, c->add[k]);
            else
                product(g, x, d, all, other, c->add[k]);
        }
    }
}

const tc_op tc_op_mul = {
    .name = "mul",
    .formula = "y = x * with",
    .doc =
        "Multiplies with another value, element by element. One of the two may have one number for each channel, [C] "
        "or [1, 1, C], which then is a factor at all positions of the other.",
    .source = "Hu, Shen, Sun: Squeeze-and-excitation networks, CVPR 2018; torch.mul",
    .role = &tc_layer,
    .flags = TC_READS_X,
    .attribute = {{"with", "value", NULL, "the other factor", true}},
    .inputs = 2,
    .shape = shape,
    .unit = tc_unit_same,
    .work = 1,
    .span = span,
    .forward = forward,
    .backward = backward,
    .probe = {{"mul other", {"7", "7"}, -2, 2, NAN},
              {"mul other", {"3 2 35", "1 1 35"}, -2, 2, NAN},
              {"mul other", {"5", "2 3 5"}, -2, 2, NAN}},
};
