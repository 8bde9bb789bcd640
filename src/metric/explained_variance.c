/* explained_variance: 1 less the share of the targets' variance that is left in the errors. */
#include "metric/moments.h"

enum { BY_VARIANCE, UNIFORM };

static double finish(const tc_arg *arg, const tc_compared *c, double *sum, int64_t n, tc_answer *to)
{
    (void)n, (void)to;
    double all = 0, left = 0, of = 0;
    if (sum[0] == 0) return NAN;
    for (int64_t j = 0; j < c->width; j++) {
        const double *t = sum + 1 + 4 * j, *error = t + 2, square = c->unit[j] * c->unit[j];
        all += tc_explained(error[1], t[1]);
        if (t[1] != 0) left += error[1] * square;
        of += t[1] * square;
    }
    return (int)arg[0].number == UNIFORM || of == 0 ? all / (double)c->width : tc_explained(left, of);
}

const tc_metric tc_metric_explained_variance = {
    .name = "explained_variance",
    .formula = "1 - var(y - t) / var(t)",
    .doc = "The share of the targets' variance that the outputs explain: the usual figure of a reconstruction.",
    .source = "sklearn.metrics.explained_variance_score with multioutput=variance_weighted, or uniform_average",
    .attribute = (const tc_attribute[]){{"average", "variance|uniform", "variance",
                                         "over outputs: variance, each counts by the variance of its target, so that "
                                         "pixels that hardly change hardly count; uniform, all count alike",
                                         false},
                                        {0}},
    .takes = TC_NUMBERS,
    .usual = TC_COPIES,
    .better = 1,
    .sums = tc_moment_sums,
    .add = tc_moments_add,
    .merge = tc_moments_merge,
    .finish = finish,
};
