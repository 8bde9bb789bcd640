/* log_loss: the mean of -log(probability of the label), from logits. (scikit-learn is given probabilities, and raises
 * those below the precision of their type to it; here no probability is rounded to 0.) sum: loss, positions. */
#include "metric/metric.h"

static int64_t sums(const tc_compared *c)
{
    (void)c;
    return 2;
}

/* -log of the sigmoid of x. */
static double one(double x) { return fmax(-x, 0) + log1p(exp(-fabs(x))); }

static void add(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum)
{
    (void)arg;
    for (int64_t i = 0; i < o->n; i++) {
        if (c->offers & TC_BINARY) {
            sum[0] += tc_weight(o, i) * one(o->label[i] ? (double)o->logits[i] : -(double)o->logits[i]);
            continue;
        }
        const float *x = o->logits + i * c->classes;
        double top = (double)x[0], total = 0;
        for (int64_t j = 1; j < c->classes; j++) top = fmax(top, (double)x[j]);
        for (int64_t j = 0; j < c->classes; j++) total += exp((double)x[j] - top);
        sum[0] += tc_weight(o, i) * (log(total) + top - (double)x[o->label[i]]);
    }
    sum[1] += tc_weights(o);
}

static double finish(const tc_arg *arg, const tc_compared *c, double *sum, int64_t n, tc_answer *to)
{
    (void)arg, (void)c, (void)n, (void)to;
    return sum[0] / sum[1];
}

const tc_metric tc_metric_log_loss = {
    .name = "log_loss",
    .formula = "mean of -log p(label)",
    .doc = "The mean of -log of the probability that the outputs give to the label, in natural logarithms.",
    .source = "sklearn.metrics.log_loss",
    .takes = TC_CLASSES | TC_BINARY,
    .better = -1,
    .sums = sums,
    .add = add,
    .finish = finish,
};
