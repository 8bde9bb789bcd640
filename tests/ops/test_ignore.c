/* test_ignore: the squared distance of each position's units from its label, ignoring labels of 0: a loss whose
 * denominator depends on the data, because it is the number of positions that are not ignored.
 *
 *     value = sum over positions with t > 0 of sum_j (x_j - t)^2 / their number        dL/dx_j = 2 (x_j - t) / number
 *
 * x [rows, ..., n], t [rows, ...] class indices. */
#include "op/op.h"

enum { CLASSES = 4 };

static bool shape(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT], labels[TC_SHAPE_TEXT];
    tc_shape lead = s->x[0];
    if (lead.rank > 0) lead.rank--;
    s->classes[1] = CLASSES;
    if (s->batch[0] && s->x[0].rank > 0 && tc_shape_equal(&lead, &s->x[1])) return true;
    return tc_shape_refuse(s, "needs a value and labels for its positions, got %s and %s",
                           tc_shape_text(&s->x[0], s->batch[0], got), tc_shape_text(&s->x[1], s->batch[1], labels));
}

static void weigh(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t per = tc_positions(&c->x[0]);
    double weight = 0;
    for (int64_t i = begin * per; i < end * per; i++) weight += c->x[1].ids[i] > 0;
    *tc_partial_weight(c, begin) = weight;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_units(&c->x[0]), per = tc_positions(&c->x[0]);
    double sum = 0;
    weigh(c, begin, end);
    for (int64_t i = begin * per; i < end * per; i++) {
        const int32_t t = c->x[1].ids[i];
        for (int64_t j = 0; j < n && t > 0; j++) sum += pow((double)c->x[0].data[i * n + j] - t, 2);
    }
    *tc_partial(c, begin) = sum;
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_units(&c->x[0]), per = tc_positions(&c->x[0]);
    const double seed = tc_seed(c);
    float *d = c->d[0];
    for (int64_t i = begin * per; i < end * per && d; i++) {
        const int32_t t = c->x[1].ids[i];
        for (int64_t j = i * n; j < (i + 1) * n; j++)
            d[j] = (c->add[0] ? d[j] : 0.0f) + (t > 0 ? (float)(seed * 2 * ((double)c->x[0].data[j] - t)) : 0.0f);
    }
}

const tc_op tc_op_test_ignore = {
    .name = "test_ignore",
    .formula = "sum of (x - t)^2 where t > 0, over the number of t > 0",
    .doc = "A loss that ignores labels of 0, for tests.",
    .source = "torch.nn.CrossEntropyLoss (ignore_index)",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_WEIGHS,
    .ids = 1 << 1,
    .shape = shape,
    .work = 3,
    .forward = forward,
    .backward = backward,
    .weigh = weigh,
    .probe = {{"test_ignore", {"5", "labels"}, -2, 2, NAN}, {"test_ignore", {"3 4", "labels 3"}, -2, 2, NAN}},
};
