/* recall: the share of right answers among the labels of a class. */
#include "metric/class_counts.h"

static double one(double labels, double answers, double right)
{
    (void)answers;
    return tc_class_share(right, labels);
}

static double finish(const tc_arg *arg, const tc_compared *c, double *sum, int64_t n, tc_answer *to)
{
    (void)arg, (void)n;
    return tc_class_mean(c, sum, to, one);
}

const tc_metric tc_metric_recall = {
    .name = "recall",
    .formula = "right answers / labels, by class",
    .doc =
        "Of the labels of a class, the share that is answered correctly; the figure is the mean over classes (macro). A share of nothing is 0. "
        "Classes that are neither labels nor answers are not in the mean.",
    .source = "sklearn.metrics.recall_score with average=macro, zero_division=0",
    .takes = TC_CLASSES | TC_BINARY,
    .better = 1,
    .by = 1,
    .sums = tc_class_sums,
    .add = tc_class_add,
    .finish = finish,
};
