/* binary_accuracy: the share of targets, 0 or 1, on whose side the logit is: above 0 for 1, otherwise 0. */
#include "metric/right.h"

const tc_metric tc_metric_binary_accuracy = {
    .name = "binary_accuracy",
    .formula = "share of targets t with (x > 0) = t",
    .doc = "For logits of yes or no: the share of targets, 1 or 0, for which the logit is above 0 just when the target "
           "is 1. With several outputs each counts by itself.",
    .source = "sklearn.metrics.accuracy_score of x > 0",
    .takes = TC_BINARY,
    .usual = TC_BINARY,
    .better = 1,
    .sums = tc_right_sums,
    .add = tc_right_add,
    .finish = tc_right_share,
};
