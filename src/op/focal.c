/* focal: the cross entropy of labels, in which answers that are already right count little.
 *
 *     per position: -alpha_t (1 - p)^gamma log p          p = softmax(x)_t, t the label
 *     dL/dx_j = alpha_t (gamma p (1 - p)^(gamma - 1) log p - (1 - p)^gamma) ([j = t] - softmax(x)_j)
 *
 * x [rows, ..., classes], labels [rows, ...]. A mean is over positions: unlike class weights of cross_entropy, alpha is no
 * part of the divisor. The forward pass keeps the gradient, except for its factor. */
#include "op/labelled.h"

enum { GAMMA, ALPHA };

static bool shape(tc_sketch *s)
{
    const tc_arg *alpha = &s->arg[ALPHA];
    if (!tc_labelled_shape(s)) return false;
    const int64_t classes = s->x[0].dim[s->x[0].rank - 1];
    if (alpha->count > 1 && alpha->count != classes)
        return tc_shape_refuse(s, "alpha needs one number, or one for each of the %lld classes, got %lld",
                               (long long)classes, (long long)alpha->count);
    for (int64_t j = 0; j < alpha->count; j++)
        if (tc_numbers(alpha)[j] < 0)
            return tc_shape_refuse(s, "needs an alpha of at least 0, got %g", (double)tc_numbers(alpha)[j]);
    return true;
}

/* The loss of one position; keeps its gradient. */
static double forward_one(const float *x, int64_t n, int32_t label, double gamma, double alpha, float *kept)
{
    const float top = tc_largest(x, n);
    double sum = 0, others = 0;
    for (int64_t j = 0; j < n; j++) {
        kept[j] = tc_exp(x[j] - top);
        sum += (double)kept[j];
        if (j != label) others += (double)kept[j];
    }
    const double log_p = (double)x[label] - (double)top - log(sum), p = exp(log_p), left = others / sum;
    const double power = pow(left, gamma), slope = left > 0 ? gamma * pow(left, gamma - 1) : 0;
    const double factor = alpha * (slope * p * log_p - power);
    for (int64_t j = 0; j < n; j++) kept[j] = (float)(factor * (j == label ? left : -(double)kept[j] / sum));
    return -alpha * power * log_p;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_last(&c->x[0]), per = c->x[0].n / n;
    const tc_arg *alpha = &c->arg[ALPHA];
    float *kept = c->save;
    double loss = 0;
    for (int64_t i = begin * per; i < end * per; i++) {
        const int32_t t = c->x[1].ids[i];
        const double own = alpha->count ? (double)tc_numbers(alpha)[alpha->count > 1 ? t : 0] : 1;
        loss += forward_one(c->x[0].data + i * n, n, t, c->arg[GAMMA].number, own, kept + i * n);
    }
    *tc_partial(c, begin) = loss;
}

const tc_op tc_op_focal = {
    .name = "focal",
    .formula = "-alpha (1 - p)^gamma log p, p the probability of the label",
    .doc =
        "Classification from logits [batch, ..., classes] and labels [batch, ...], most of which are easy: a cross entropy "
        "in which answers that are right already count little. The softmax is included.",
    .source = "Lin et al.: Focal loss for dense object detection, 2017; keras.losses.CategoricalFocalCrossentropy",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_PER_SAMPLE,
    .attribute = {{"gamma", "float", "2", "how little right answers count, at least 0; 0: the cross entropy", true},
                  {"alpha", "numbers", "1", "a factor, or one for the labels of each class, \"1 2 5\"", false}},
    .limit = {{"needs a gamma of at least 0", GAMMA, 0, INFINITY}},
    .ids = 1 << 1,
    .shape = shape,
    .work = 6,
    .save = tc_labelled_save,
    .forward = forward,
    .backward = tc_labelled_backward,
    .probe = {{"focal", {"5", "labels"}, -3, 3, NAN},
              {"focal gamma=0.5 alpha=1,2,0.5,3,1", {"3 5", "labels 3"}, -3, 3, NAN}},
};
