/* schedule.h: how a rate changes while training: a factor as a function of the epoch, which need not be whole.
 *
 * A schedule is a row of a table; the attributes below may follow any optimizer ("sgd lr=0.1 schedule=cosine
 * warmup=1"). */
#ifndef TC_SCHEDULE_H
#define TC_SCHEDULE_H

#include "spec/spec.h"

/* Attributes, in this order: schedule=constant|step|cosine, warmup (epochs, linear from 0), every (epochs, step), gamma
 * (factor, step), floor (share of the rate that remains at the end, cosine). */
extern const tacet_attribute tc_schedule_attribute[];
enum {
    TC_SCHEDULE_KIND,
    TC_SCHEDULE_WARMUP,
    TC_SCHEDULE_EVERY,
    TC_SCHEDULE_GAMMA,
    TC_SCHEDULE_FLOOR,
    TC_SCHEDULE_ATTRS
};

typedef struct tc_schedule {
    const char *name, *formula, *doc, *source;
    bool needs_end; /* the length of the run must be known */
    double (*factor)(const tc_arg *arg, double epoch, double epochs);
} tc_schedule;

int tc_schedule_count(void);
const tc_schedule *tc_schedule_at(int i);

/* Refuses attributes that do not go together: the reason, or NULL. (That the end is known, where it is needed, is the
 * caller's to check.) */
const char *tc_schedule_check(const tc_arg *arg);

/* The factor of the step that begins at `epoch` of `epochs` (0: unknown), warm-up included. */
double tc_schedule_factor(const tc_arg *arg, double epoch, double epochs);

#endif
