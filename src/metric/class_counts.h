/* class_counts.h: how often each class occurs, is answered, and is answered correctly; for metrics by class, and their mean
 * over the classes that occur or are answered. A share of nothing is 0 (zero_division=0 in scikit-learn).
 *
 * sum [3, classes]: labels, answers, right answers. */
#ifndef TC_CLASS_COUNTS_H
#define TC_CLASS_COUNTS_H

#include "metric/metric.h"

static inline int64_t tc_class_sums(const tc_compared *c) { return 3 * c->classes; }

static inline void tc_class_add(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum)
{
    (void)arg;
    for (int64_t i = 0; i < o->n; i++) {
        const double w = tc_weight(o, i);
        sum[o->label[i]] += w;
        sum[c->classes + o->guess[i]] += w;
        if (o->guess[i] == o->label[i]) sum[2 * c->classes + o->label[i]] += w;
    }
}

static inline double tc_class_share(double part, double of) { return of > 0 ? part / of : 0; }

/* one: the figure of a class. */
static inline double tc_class_mean(const tc_compared *c, const double *sum, tc_answer *to,
                                   double (*one)(double labels, double answers, double right))
{
    const double *labels = sum, *answers = sum + c->classes, *right = answers + c->classes;
    double all = 0;
    int64_t there = 0, absent = -1;
    for (int64_t k = 0; k < c->classes; k++) {
        to->each[k] = one(labels[k], answers[k], right[k]);
        all += to->each[k];
        if (labels[k] + answers[k] > 0)
            there++;
        else
            absent = k;
    }
    const long long rest = c->classes - there;
    if (rest == 1)
        tc_metric_note(to, "class %lld is neither a label nor an answer, and not in the mean", (long long)absent);
    if (rest > 1) tc_metric_note(to, "%lld classes are neither labels nor answers, and not in the mean", rest);
    return all / (double)there;
}

#endif
