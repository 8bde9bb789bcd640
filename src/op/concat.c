/* concat: several values side by side along the last dimension, [..., a] and [..., b] to [..., a + b]: the channels of
 * images, as in DenseNet. dL/dx is its part of g. */
#include "kernel/sum.h"
#include "op/op.h"

static bool shape(tc_sketch *s)
{
    char a[TC_SHAPE_TEXT], b[TC_SHAPE_TEXT];
    s->y = s->x[0];
    if (s->y.rank < 1) return tc_shape_last(s);
    int64_t *units = &s->y.dim[s->y.rank - 1];
    for (int i = 1; i < s->inputs; i++) {
        tc_shape other = s->x[i];
        if (other.rank == s->y.rank) other.dim[other.rank - 1] = *units;
        if (s->batch[i] != s->batch[0] || !tc_shape_equal(&other, &s->y))
            return tc_shape_refuse(s, "needs values that differ only in their last size, got %s and %s",
                                   tc_shape_text(&s->x[0], s->batch[0], a), tc_shape_text(&s->x[i], s->batch[i], b));
        *units += tc_shape_units(&s->x[i]);
    }
    return true;
}

static int64_t unit(const tc_sketch *s, int i, int64_t u)
{
    for (int k = 0; k < i; k++) u -= tc_shape_units(&s->x[k]);
    return u >= 0 && u < tc_shape_units(&s->x[i]) ? u : TC_NO_UNIT;
}

static tc_span span(const tc_call *c)
{
    return (tc_span){tc_rows(c, &c->y), c->y.n < TC_RANGE ? TC_RANGE / c->y.n : 1};
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t units = tc_units(&c->y), positions = tc_positions(&c->y);
    float *y = c->y.data;
    for (int i = 0; i < c->inputs; i++) {
        const int64_t n = tc_units(&c->x[i]);
        for (int64_t p = begin * positions; p < end * positions; p++)
            for (int64_t k = 0; k < n; k++) y[p * units + k] = c->x[i].data[p * n + k];
        y += n;
    }
}

/* One input after the other, since two may be the same value. */
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t units = tc_units(&c->y), positions = tc_positions(&c->y);
    const float *g = c->g;
    for (int i = 0; i < c->inputs; i++) {
        const int64_t n = tc_units(&c->x[i]);
        float *d = c->d[i];
        for (int64_t p = begin * positions; p < end * positions && d; p++)
            for (int64_t k = 0; k < n; k++) d[p * n + k] = (c->add[i] ? d[p * n + k] : 0.0f) + g[p * units + k];
        g += n;
    }
}

const tc_op tc_op_concat = {
    .name = "concat",
    .formula = "y = [x, with, ...]",
    .doc =
        "Puts values side by side along the last dimension: concat relu1 relu2 appends the units (channels) of relu1 "
        "and relu2 to those of its input.",
    .source = "Huang, Liu, van der Maaten, Weinberger: Densely connected convolutional networks, CVPR 2017; torch.cat",
    .role = &tc_layer,
    .attribute = {{"with", "values", NULL, "the values to append, one or more, of the same other sizes", true}},
    .inputs = TC_MAX_INPUTS,
    .shape = shape,
    .unit = unit,
    .span = span,
    .forward = forward,
    .backward = backward,
    .probe = {{"concat other", {"7", "3"}, -2, 2, NAN}, {"concat other", {"2 3 2", "2 3 5"}, -2, 2, NAN}},
};
