/* mae: the mean absolute error. */
#include "metric/errors.h"

static void add(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum)
{
    (void)arg;
    tc_error_add(c, o, sum, fabs);
}

static double same(double x) { return x; }

static double finish(const tc_arg *arg, const tc_compared *c, double *sum, int64_t n, tc_answer *to)
{
    (void)arg, (void)n, (void)to;
    return tc_error_mean(c, sum, same);
}

const tc_metric tc_metric_mae = {
    .name = "mae",
    .formula = "mean |y - t|",
    .doc = "The mean absolute error.",
    .source = "sklearn.metrics.mean_absolute_error",
    .takes = TC_NUMBERS,
    .usual = TC_NUMBERS,
    .better = -1,
    .sums = tc_error_sums,
    .add = add,
    .finish = finish,
};
