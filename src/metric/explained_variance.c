/* explained_variance: 1 less the share of the targets' variance that is left in the errors. */
#include "metric/moments.h"

enum { BY_VARIANCE, UNIFORM };

TC_CLONES static void add(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum)
{
    (void)arg;
    tc_moments_add(c, o, sum);
}

static double finish(const tc_arg *arg, const tc_compared *c, double *sum, int64_t n, tc_answer *to)
{
    (void)n, (void)to;
    double all = 0, left = 0, of = 0;
    if (sum[0] == 0) return NAN;
    for (int64_t j = 0; j < c->width; j++) {
        const tc_moments m = tc_moments_of(c, sum, j);
        const double square = c->unit[j] * c->unit[j];
        all += tc_explained(m.error_squares, m.squares);
        if (m.squares != 0) left += m.error_squares * square;
        of += m.squares * square;
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
    .add = add,
    .merge = tc_moments_merge,
    .finish = finish,
};
