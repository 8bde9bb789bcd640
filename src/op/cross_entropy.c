/* cross_entropy: the negative log likelihood of the labels under softmax(x), from logits.
 *
 *     per position: log(sum_j exp x_j) - x_t        dL/dx_j = softmax(x)_j - [j = t]        t the label
 *
 * x [rows, ..., classes], labels [rows, ...]: a position is one last dimension of x, of which a row has `per`.
 * The forward pass computes the softmax, so it keeps the gradient, except for its factor.
 *
 * With class weights w_j and a smoothing s, a position's loss is
 *
 *     (1 - s) w_t (L - x_t) + s / classes sum_j w_j (L - x_j)        L = log(sum_j exp x_j)
 *
 * and in a mean it counts as w_t; one whose label is ignored has the loss 0 and counts as 0. That is PyTorch's mean, except
 * where no label counts: there the loss is 0 and not NaN, since such a batch says nothing. */
#include "op/labelled.h"

enum { SMOOTHING, CLASS_WEIGHT, IGNORE };

/* The attributes, as the loops read them. */
typedef struct ways {
    double smoothing;
    const float *weight; /* [classes], or NULL */
    tc_ignored ignored;
} ways;

static ways ways_of(const tc_arg *arg)
{
    return (ways){arg[SMOOTHING].number,
                  tc_numbers(&arg[CLASS_WEIGHT]),
                  {arg[IGNORE].given, arg[IGNORE].given ? (int32_t)arg[IGNORE].number : 0}};
}

static bool attributes(tc_sketch *s, int64_t classes)
{
    const tc_arg *weight = &s->arg[CLASS_WEIGHT], *ignore = &s->arg[IGNORE];
    if (ignore->given && fabs(ignore->number) > INT32_MAX)
        return tc_shape_refuse(s, "needs a label to ignore that fits into 32 bits, got %.0f", ignore->number);
    s->ignored = ways_of(s->arg).ignored;
    if (!weight->given) return true;
    if (!tc_numbers(weight))
        return tc_shape_refuse(
            s, "class_weight=balanced needs the number of labels of each class: tacet_data_balance writes the "
               "weights of some data, or give them as numbers, class_weight=\"1 2 5\"");
    if (weight->count != classes)
        return tc_shape_refuse(s, "class_weight needs a number for each of the %lld classes, got %lld",
                               (long long)classes, (long long)weight->count);
    for (int64_t j = 0; j < classes; j++)
        if (tc_numbers(weight)[j] < 0)
            return tc_shape_refuse(s, "class_weight needs numbers of at least 0, got %g", (double)tc_numbers(weight)[j]);
    return true;
}

static bool shape(tc_sketch *s) { return tc_labelled_shape(s) && attributes(s, s->x[0].dim[s->x[0].rank - 1]); }

/* How much a position counts in a mean. */
static inline double weight_of(const ways *w, int32_t label)
{
    return tc_is_ignored(w->ignored, label) ? 0 : w->weight ? (double)w->weight[label] : 1;
}

static bool weighs(const tc_arg *arg) { return tc_numbers(&arg[CLASS_WEIGHT]) || arg[IGNORE].given; }

static void weigh(const tc_call *c, int64_t begin, int64_t end)
{
    const ways w = ways_of(c->arg);
    const int64_t per = tc_positions(&c->x[0]);
    double sum = 0;
    for (int64_t i = begin * per; i < end * per; i++) sum += weight_of(&w, c->x[1].ids[i]);
    *tc_partial_weight(c, begin) = sum;
}

/* The loss of one position; keeps its gradient. */
static double forward_one(const ways *w, const float *x, int64_t n, int32_t label, float *kept)
{
    const float top = tc_largest(x, n);
    double sum = 0, all = 0, left = 0; /* left: sum_j w_j (top - x_j) */
    for (int64_t j = 0; j < n; j++) kept[j] = tc_exp(x[j] - top);
    for (int64_t j = 0; j < n; j++) sum += (double)kept[j];
    for (int64_t j = 0; j < n; j++) {
        const double weight = w->weight ? (double)w->weight[j] : 1;
        all += weight;
        left += weight * ((double)top - (double)x[j]);
    }
    const double own = (1 - w->smoothing) * weight_of(w, label), even = w->smoothing / (double)n, l = log(sum);
    const double share = (own + even * all) / sum;
    for (int64_t j = 0; j < n; j++)
        kept[j] = (float)(share * (double)kept[j] - even * (w->weight ? (double)w->weight[j] : 1));
    kept[label] -= (float)own;
    const double spread = even > 0 ? even * (all * l + left) : 0; /* a logit that is ruled out may be -inf */
    return own * (l + ((double)top - (double)x[label])) + spread;
}

/* With attributes. */
static void forward_ways(const tc_call *c, int64_t begin, int64_t end, const ways *w)
{
    const int64_t n = tc_last(&c->x[0]), per = c->x[0].n / n;
    float *kept = c->save;
    double loss = 0;
    for (int64_t i = begin * per; i < end * per; i++) {
        const int32_t label = c->x[1].ids[i];
        if (tc_is_ignored(w->ignored, label))
            memset(kept + i * n, 0, (size_t)n * sizeof *kept);
        else
            loss += forward_one(w, c->x[0].data + i * n, n, label, kept + i * n);
    }
    *tc_partial(c, begin) = loss;
}

/* Without. */
TC_CLONES static void forward_plain(const tc_call *c, int64_t begin, int64_t end)
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

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const ways w = ways_of(c->arg);
    weigh(c, begin, end);
    if (w.smoothing == 0 && !w.weight && !w.ignored.given)
        forward_plain(c, begin, end);
    else
        forward_ways(c, begin, end, &w);
}

const tc_op tc_op_cross_entropy = {
    .name = "cross_entropy",
    .formula = "log(sum_j exp x_j) - x_label",
    .doc = "Classification from logits [batch, ..., classes] and labels [batch, ...]: one class index for each sample "
           "or, with more dimensions, for each position. The softmax is included.",
    .source =
        "torch.nn.CrossEntropyLoss; label smoothing: Szegedy et al.: Rethinking the Inception architecture, 2016; "
        "balanced: sklearn.utils.class_weight.compute_class_weight; Bridle: Probabilistic interpretation of feedforward "
        "classification network outputs, Neurocomputing, 1990",
    .role = &tc_loss,
    .flags = TC_READS_X | TC_PER_SAMPLE | TC_WEIGHS,
    .attribute =
        {{"label_smoothing", "float", "0",
          "the share of each label that is spread evenly over all classes, from 0 to 1", false},
         {"class_weight", "weights", "",
          "a factor for the labels of each class, in the order of the classes, \"1 2 5\", by which a mean also divides; "
          "balanced: rows / (classes * labels of the class), of the training data",
          false},
         {"ignore", "int", "", "a label, such as -100, whose positions do not count", false}},
    .limit = {{"needs a label_smoothing from 0 to 1", SMOOTHING, 0, 1}},
    .ids = 1 << 1,
    .shape = shape,
    .work = 4,
    .save = tc_labelled_save,
    .forward = forward,
    .backward = tc_labelled_backward,
    .weigh = weigh,
    .weighs = weighs,
    .probe = {{"cross_entropy", {"5", "labels"}, -3, 3, NAN},
              {"cross_entropy label_smoothing=0.1 class_weight=1,2,0.5,3,1 ignore=2", {"5", "labels"}, -3, 3, NAN},
              {"cross_entropy label_smoothing=0.2 ignore=1", {"2 5", "labels 2"}, -3, 3, NAN},
              {"cross_entropy", {"3 5", "labels 3"}, -3, 3, NAN},
              {"cross_entropy", {"2 3 4", "ids 3 2 3"}, -3, 3, NAN}},
};
