/* r2: the coefficient of determination of each output, and the mean over outputs. */
#include "metric/moments.h"

TC_CLONES static void add(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum)
{
    (void)arg;
    tc_moments_add(c, o, sum);
}

static double finish(const tc_arg *arg, const tc_compared *c, double *sum, int64_t n, tc_answer *to)
{
    (void)arg, (void)n;
    double all = 0;
    int64_t constant = 0;
    if (sum[0] < 2 && !c->weighed) {
        tc_metric_note(to, "not defined for fewer than two rows");
        return NAN;
    }
    for (int64_t j = 0; j < c->width; j++) {
        const tc_moments m = tc_moments_of(c, sum, j);
        all += tc_explained(m.error_squares + m.rows * m.error * m.error, m.squares);
        constant += m.squares == 0;
    }
    if (constant)
        tc_metric_note(to, "the targets of %lld output%s never change", (long long)constant, tc_plural(constant));
    return all / (double)c->width;
}

const tc_metric tc_metric_r2 = {
    .name = "r2",
    .formula = "1 - sum (y - t)^2 / sum (t - mean t)^2",
    .doc =
        "The coefficient of determination: 1 for perfect outputs, 0 for those that are no better than the mean of the "
        "targets. With several outputs, the mean over them. Where a target never changes it is 1 if the output is "
        "right, otherwise 0.",
    .source = "sklearn.metrics.r2_score",
    .takes = TC_NUMBERS,
    .usual = TC_NUMBERS,
    .better = 1,
    .sums = tc_moment_sums,
    .add = add,
    .merge = tc_moments_merge,
    .finish = finish,
};
