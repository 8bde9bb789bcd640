/* accuracy: the share of labels that are the largest output. Of several equal outputs the first counts as the largest,
 * as with numpy.argmax. */
#include "metric/right.h"

const tc_metric tc_metric_accuracy = {
    .name = "accuracy",
    .formula = "share of labels that are the largest output",
    .doc = "The share of labels that are the largest output, or that are on the right side of 0 if there is one logit "
           "for yes or no.",
    .source = "sklearn.metrics.accuracy_score",
    .takes = TC_CLASSES | TC_BINARY,
    .usual = TC_CLASSES,
    .better = 1,
    .sums = tc_right_sums,
    .add = tc_right_add,
    .finish = tc_right_share,
};
