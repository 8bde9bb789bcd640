/* rmse: the root of the mean squared error of each output, and the mean over outputs. */
#include "metric/errors.h"

static double square(double x) { return x * x; }

static void add(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum)
{
    (void)arg;
    tc_error_add(c, o, sum, square);
}

static double finish(const tc_arg *arg, const tc_compared *c, double *sum, int64_t n, tc_answer *to)
{
    (void)arg, (void)n, (void)to;
    return tc_error_mean(c, sum, sqrt);
}

const tc_metric tc_metric_rmse = {
    .name = "rmse",
    .formula = "sqrt(mean (y - t)^2)",
    .doc = "The root of the mean squared error. With several outputs, the mean of the roots of each.",
    .source = "sklearn.metrics.root_mean_squared_error",
    .takes = TC_NUMBERS,
    .usual = TC_NUMBERS,
    .better = -1,
    .sums = tc_error_sums,
    .add = add,
    .finish = finish,
};
