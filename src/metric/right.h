/* right.h: the share of positions that are right, for metrics that count them. sum: right positions, positions, each by its
 * weight. */
#ifndef TC_RIGHT_H
#define TC_RIGHT_H

#include "metric/metric.h"

static inline int64_t tc_right_sums(const tc_compared *c)
{
    (void)c;
    return 2;
}

static inline void tc_right_add(const tc_arg *arg, const tc_compared *c, const tc_outputs *o, double *sum)
{
    (void)arg, (void)c;
    double right = 0;
    for (int64_t i = 0; i < o->n; i++) right += o->guess[i] == o->label[i] ? tc_weight(o, i) : 0;
    sum[0] += right;
    sum[1] += tc_weights(o);
}

static inline double tc_right_share(const tc_arg *arg, const tc_compared *c, double *sum, int64_t n, tc_answer *to)
{
    (void)arg, (void)c, (void)n, (void)to;
    return sum[0] / sum[1];
}

#endif
