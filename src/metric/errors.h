/* errors.h: the mean over outputs of a figure of their errors, y - t. sum: rows, then one sum for each output. */
#ifndef TC_ERRORS_H
#define TC_ERRORS_H

#include "metric/metric.h"

static inline int64_t tc_error_sums(const tc_compared *c) { return 1 + c->width; }

static inline void tc_error_add(const tc_compared *c, const tc_outputs *o, double *sum, double (*size)(double error))
{
    for (int64_t i = 0; i < o->rows; i++) {
        const double w = tc_row_weight(c, o, i);
        for (int64_t j = 0; j < c->width; j++)
            sum[1 + j] += w * size((double)o->y[i * c->width + j] - (double)o->t[i * c->width + j]);
        sum[0] += w;
    }
}

static inline double tc_error_mean(const tc_compared *c, const double *sum, double (*one)(double mean))
{
    double all = 0;
    for (int64_t j = 0; j < c->width; j++) all += one(sum[1 + j] / sum[0]) * c->unit[j];
    return all / (double)c->width;
}

#endif
