/* measured.h: the metrics of a plan, and what has been added up for each: in training since the ledger was reset, and in
 * the current evaluation. */
#ifndef TC_MEASURED_H
#define TC_MEASURED_H

#include "metric/metric.h"
#include "op/op.h"

typedef struct tc_metric_sum {
    double *sum;
    int64_t room; /* of a metric that keeps its scores: how many positions `sum` has room for */
    bool lost;    /* a checkpoint of the middle of an epoch did not have it */
    double value; /* from finish, like the answer */
    tc_answer answer;
} tc_metric_sum;

typedef struct tc_metric_use {
    const tc_metric *is;
    const char *name, *text; /* what the figure is called; the description */
    tc_arg arg[TC_MAX_ATTRS], common[TC_METRIC_COMMON];
    tc_spec spec;
    int64_t sums, each;
    tc_metric_sum of[2]; /* [TC_LISTS] */
} tc_metric_use;

/* What the batches of a pass had. */
typedef struct tc_metric_pass {
    double batches, without; /* with and without outputs and targets */
    double soft;             /* batches of TC_BINARY in which a target was neither 0 nor 1 */
    double kept;             /* positions whose scores have been kept, or would have been */
} tc_metric_pass;

typedef struct tc_measured {
    int count;
    tc_metric_use *use;
    int output, target;     /* the values that are compared */
    int factor;             /* the weights of the samples; -1: none */
    tc_ignored ignored;     /* a label that does not count */
    tc_compared on;         /* kind 0: nothing can be compared */
    int64_t positions;      /* of a row */
    int32_t *guess, *label; /* [batch, positions], or NULL */
    float *weight;          /* [batch, positions], or NULL: all count */
    float *probability;     /* [batch, width]: of logits that are compared as numbers, or NULL */
    double *told;           /* [ranks, the most sums of a metric with merge], or NULL */
    tc_metric_pass pass[2]; /* [TC_LISTS] */
} tc_measured;

#endif
