/* cross_entropy: the negative log likelihood of the labels under softmax(x), from logits.
 *
 *     per row: log(sum_j exp x_j) - x_t      dL/dx_j = softmax(x)_j - [j = t]       x [rows, classes], t the label
 *
 * The largest logit is taken out before exp, so that nothing overflows. What is kept from forward to backward is each
 * row's log of the sum. */
#include "op/rows.h"

static bool shape(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    if (s->x[0].rank == 1 && s->batch[0]) return true;
    return tc_shape_refuse(s, "needs logits [batch, classes], got %s",
                           tc_shape_text(&s->x[0], s->batch[0], got));
}

static int64_t save(const tc_sketch *s, int64_t rows)
{
    (void)s;
    return rows * (int64_t)sizeof(double);
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = c->x[0].n;
    const int32_t *label = tc_labels(&c->x[1]);
    double *lse = c->save, sum = 0;
    for (int64_t i = begin; i < end; i++) {
        const float *x = c->x[0].data + i * n;
        lse[i] = tc_log_sum_exp(x, n);
        sum += lse[i] - (double)x[label[i]];
    }
    *tc_partial(c, begin) = sum;
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = c->x[0].n;
    const int32_t *label = tc_labels(&c->x[1]);
    const double *lse = c->save;
    const float seed = (float)tc_seed(c);
    if (!c->d[0]) return;
    for (int64_t i = begin; i < end; i++) {
        const float *x = c->x[0].data + i * n;
        float *d = c->d[0] + i * n;
        for (int64_t j = 0; j < n; j++) {
            const float p = expf((float)((double)x[j] - lse[i]));
            d[j] = (c->add[0] ? d[j] : 0.0f) + seed * (p - (j == label[i] ? 1.0f : 0.0f));
        }
    }
}

static const tc_probe probe[] = {{"cross_entropy", {"5", "labels"}, -3, 3, NAN}, {0}};

const tc_op tc_op_cross_entropy = {
    .name = "cross_entropy",
    .formula = "log(sum_j exp x_j) - x_label",
    .doc = "Classification from logits [batch, classes] and class numbers; the softmax is inside.",
    .source = "torch.nn.CrossEntropyLoss; Bridle: Probabilistic interpretation of feedforward classification network "
              "outputs, Neurocomputing, 1990",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_PER_SAMPLE | TC_LABELS,
    .lambda = 1,
    .reduce = TC_MEAN,
    .inputs = 2,
    .shape = shape,
    .work = 4,
    .save = save,
    .forward = forward,
    .backward = backward,
    .probe = probe,
};
