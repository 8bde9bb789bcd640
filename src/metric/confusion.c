/* confusion: how often each class was answered where each class was right. sum [classes, classes]: label, answer. */
#include "metric/metric.h"

static int64_t sums(const tc_compared *c) { return c->classes * c->classes; }

static void add(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum)
{
    (void)arg;
    for (int64_t i = 0; i < o->n; i++) sum[o->label[i] * c->classes + o->guess[i]] += tc_weight(o, i);
}

static double finish(const tc_arg *arg, const tc_compared *c, double *sum, int64_t n, tc_answer *to)
{
    (void)arg, (void)n;
    for (int64_t i = 0; i < sums(c); i++) to->each[i] = sum[i];
    return NAN;
}

const tc_metric tc_metric_confusion = {
    .name = "confusion",
    .formula = "rows: labels; columns: answers",
    .doc = "The confusion matrix: how often the class of each column was answered where the class of each row was the "
           "label. At most 1000 classes.",
    .source = "sklearn.metrics.confusion_matrix",
    .takes = TC_CLASSES | TC_BINARY,
    .by = 2,
    .most = 1000,
    .sums = sums,
    .add = add,
    .finish = finish,
};
