/* cross_entropy: the negative log likelihood of the labels under softmax(x), from logits.
 *
 *     per position: log(sum_j exp x_j) - x_t        dL/dx_j = softmax(x)_j - [j = t]        t the label
 *
 * x [rows, ..., classes], labels [rows, ...]: a position is one last dimension of x, of which a row has `per`.
 * The forward pass computes the softmax, so it keeps the gradient, except for its factor. */
#include "op/rows.h"

static bool shape(tc_sketch *s)
{
    char logits[TC_SHAPE_TEXT], wanted[TC_SHAPE_TEXT], got[TC_SHAPE_TEXT];
    tc_shape leading = s->x[0];
    tc_shape_text(&s->x[0], s->batch[0], logits);
    if (leading.rank < 1 || !s->batch[0])
        return tc_shape_refuse(s, "needs logits [batch, ..., classes], got %s", logits);
    const int64_t classes = leading.dim[--leading.rank];
    if (!s->batch[1] || !tc_shape_equal(&leading, &s->x[1]))
        return tc_shape_refuse(s, "needs labels %s with logits %s, whose last dimension is the classes; got %s%s",
                               tc_shape_text(&leading, true, wanted), logits, tc_shape_text(&s->x[1], s->batch[1], got),
                               leading.rank < s->x[1].rank ? " (data keep their positions with flat=false)" : "");
    if (s->classes[1] > classes)
        return tc_shape_refuse(s, "needs a logit for each class: the labels are of %lld classes, the logits %s",
                               (long long)s->classes[1], logits);
    if (s->classes[1] == 0) s->classes[1] = classes;
    return true;
}

static int64_t save(const tc_sketch *s, int64_t rows)
{
    return rows * tc_shape_count(&s->x[0]) * (int64_t)sizeof(float);
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_last(&c->x[0]), per = c->x[0].n / n, first = begin * per, last = end * per;
    const int32_t *label = c->x[1].ids;
    double loss = 0, product = 1; /* product: of the sums, so that one logarithm serves many positions */
    float *kept = c->save;
    for (int64_t i = first; i < last; i++) {
        const float *x = c->x[0].data + i * n, top = tc_largest(x, n);
        for (int64_t j = 0; j < n; j++) kept[i * n + j] = x[j] - top;
        loss += (double)top - (double)x[label[i]];
    }
    for (int64_t i = first * n; i < last * n; i++) kept[i] = tc_exp(kept[i]);
    for (int64_t i = first; i < last; i++) {
        float *p = kept + i * n;
        double sum = 0;
        for (int64_t j = 0; j < n; j++) sum += (double)p[j];
        const float share = (float)(1 / sum);
        for (int64_t j = 0; j < n; j++) p[j] *= share;
        p[label[i]] -= 1.0f;
        product *= sum;
        if (product < 1e200 && i + 1 < last) continue;
        loss += log(product);
        product = 1;
    }
    *tc_partial(c, begin) = loss;
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = c->x[0].n;
    const float *kept = c->save, seed = (float)tc_seed(c);
    float *d = c->d[0];
    if (!d) return;
    for (int64_t i = begin * n; i < end * n; i++) d[i] = (c->add[0] ? d[i] : 0.0f) + seed * kept[i];
}

const tc_op tc_op_cross_entropy = {
    .name = "cross_entropy",
    .formula = "log(sum_j exp x_j) - x_label",
    .doc = "Classification from logits [batch, ..., classes] and labels [batch, ...]: one class index for each sample "
           "or, with more dimensions, for each position. The softmax is included.",
    .source = "torch.nn.CrossEntropyLoss; Bridle: Probabilistic interpretation of feedforward classification network "
              "outputs, Neurocomputing, 1990",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_PER_SAMPLE,
    .ids = 1 << 1,
    .shape = shape,
    .work = 4,
    .save = save,
    .forward = forward,
    .backward = backward,
    .probe = {{"cross_entropy", {"5", "labels"}, -3, 3, NAN},
              {"cross_entropy", {"3 5", "labels 3"}, -3, 3, NAN},
              {"cross_entropy", {"2 3 4", "ids 3 2 3"}, -3, 3, NAN}},
};
