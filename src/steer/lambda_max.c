/* lambda_max.c: the largest lambda that changes anything.
 *
 * For the lasso it is known exactly: all coefficients are 0 as soon as lambda is max |g|, g the gradient of the data
 * term at 0, because |x| pulls every coefficient with the same force lambda and the data pull none more strongly
 * (Friedman, Hastie, Tibshirani: Regularization paths for generalized linear models via coordinate descent, Journal of
 * Statistical Software 33, 2010, section 2.5). A network has no such point, and its gradients change while it learns.
 * Before training only the initial forces can be measured. With g the gradient of the losses and d that of the penalty
 * with lambda 1, at the nonzero elements,
 *
 *     largest = max over groups of rms(g in the group) / rms(d)
 *
 * A group is a set of elements that the penalty pulls together (tc_op.grouping). For l1 it is a single element, and
 * rms(d) is the pull on each: 1 on a weight, 1 / rows on an activation with reduce=sample, where g has the same 1 /
 * rows from the mean over samples, so that the batch size cancels. For a lasso of groups d in a group has norm
 * sqrt(n_g), so rms(d) is 1, and |g_g| <= lambda sqrt(n_g) is the condition for the group to be 0 (Yuan, Lin: Model
 * selection and estimation in regression with grouped variables, JRSS B 68, 2006). For a norm it is the whole vector:
 * rms(d) is 1 / sqrt(n), and the result is |g|. If the pull depends on the size of an element (l2, log_sum), rms(d) is
 * the pull on a typical one.
 *
 * A proximal step under sgd has the same fixed point as the objective, so the same holds. Under an optimizer that
 * divides the gradient by its size the data move a weight by at most the rate, and the proximal step moves it by rate *
 * lambda * d, so the pull of the data is then 1 for any g. */
#include "base/flush.h"
#include "op/groups.h"
#include "steer/steer.h"

#include <math.h>

typedef struct pull {
    const tc_term *term;
    double most;  /* the largest rms(g) of a group so far */
    int64_t some; /* nonzero elements */
} pull;

static tc_grouping grouping_of(const tacet_plan *p, const tc_term *t)
{
    const bool batch = p->graph->value[tc_term_on(t, 0)].batch;
    return t->op->grouping ? t->op->grouping(tc_term_arg(p->graph, t), batch) : (tc_grouping){TC_BY_BLOCK, 1};
}

static bool acts_on(const tc_term *t, int value)
{
    for (int k = 0; k < t->slots; k++)
        if (t->input[k] == value && tc_term_acts(t, k)) return true;
    return false;
}

/* A value as a matrix: a weight's own, or that of all positions of a batch. */
static tc_shape matrix_of(const tacet_plan *p, int value)
{
    const tc_value *v = &p->graph->value[value];
    if (!v->batch) return v->shape;
    return (tc_shape){2, {p->run.rows * tc_shape_positions(&v->shape), tc_shape_units(&v->shape)}};
}

static void look(void *context, const tacet_plan *p, int value, const float *x, const float *g)
{
    pull *to = context;
    if (!acts_on(to->term, value)) return;
    const tc_shape shape = matrix_of(p, value);
    const tc_grouping by = grouping_of(p, to->term);
    const tc_groups groups = tc_groups_of(&shape, p->graph->value[value].groups, by.by, by.block);
    for (int64_t i = 0; i < groups.count; i++) {
        const tc_strip s = tc_strip_at(&groups, i, i + 1);
        double sum = 0;
        int64_t n = 0;
        for (int64_t k = 0; k < s.height; k++) {
            const int64_t from = tc_strip_row(&groups, &s, k), end = from + tc_strip_columns(&groups, &s);
            for (int64_t j = from; j < end; j++)
                if (x[j] != 0.0f) sum += (double)g[j] * (double)g[j], n++;
        }
        const double rms = n > 0 ? sqrt(sum / (double)n) : 0;
        if (rms > to->most || !isfinite(rms)) to->most = rms; /* a NaN stays */
        to->some += n;
    }
}

/* The ratio of the two pulls in the sample. */
static double largest(const tacet_plan *p, int term, const pull *a)
{
    const tc_term *t = a->term;
    const bool even = t->prox && p->update.optim->normalises;
    /* All elements count for several values as one vector, and for thresholds, which l0 pulls even where they are 0. */
    const bool all = grouping_of(p, t).by == TC_BY_WHOLE && (t->inputs > 1 || t->of >= 0) && !even;
    const double data = all ? sqrt(tc_sampled_data(p, term)) : even ? 1 : a->most;
    const double ratio = data / (p->sample.own[term] / (all ? 1 : sqrt((double)a->some)));
    return ratio > 0 && isfinite(ratio) ? ratio : NAN;
}

static tacet_status refuse(tacet_plan *p, const char *why) { return tc_fail(&p->error, TACET_FAILED, "%s", why); }

tacet_status tacet_lambda_max(tacet_plan *p, int term, int64_t rows, double *lambda)
{
    if (term < 0 || term >= p->terms || !tc_plan_is_penalty(p, term)) return refuse(p, "this term is not a penalty");
    if (!p->update.optim || !tc_plan_samples(p))
        return refuse(p, "the largest lambda can be measured only by a plan that trains and has a ledger");
    if (p->parts.open) return refuse(p, "the largest lambda cannot be measured between the batches of a step");
    if (p->set.ranks.count > 1) return refuse(p, "the largest lambda can be measured only with a single rank");
    pull a = {.term = &p->graph->term[term]};
    const uint64_t mode = tc_flush_denormals();
    tacet_status status = tc_run_forward(p, TC_TRAIN, rows);
    if (status == TACET_OK && !isfinite(tacet_data_loss(p))) {
        p->last = -1;
        status = tc_fail(&p->error, TACET_NOT_FINITE, "the losses are not finite, so the largest lambda is undefined");
    }
    if (status == TACET_OK) {
        tc_run_sample(p, look, &a);
        status = tc_run_refused(p, "the call was refused");
        *lambda = largest(p, term, &a);
        p->last = -1; /* the backward pass was only for the losses */
    }
    tc_run_unfeed(p);
    tc_float_mode_set(mode);
    return status;
}
