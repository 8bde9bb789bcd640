/* schedule.h: how a number changes over a run: a factor as a function of the epoch, which need not be whole.
 *
 * A schedule is a row of a table; its attributes may follow any optimizer, whose learning rate it scales ("sgd lr=0.1
 * schedule=cosine warmup=1"), and any penalty, whose lambda it scales ("l1 1e-4 warmup=2 until=8"). */
#ifndef TC_SCHEDULE_H
#define TC_SCHEDULE_H

#include "spec/spec.h"

/* The attributes, in the order of the enumeration below; those of an optimizer end before TC_SCHEDULE_FROM, and an
 * array of TC_SCHEDULE_ATTRS zeroed tc_args means that none was given. drop: the name of a step's factor, which must
 * not be that of an attribute of an operator. */
#define TC_SCHEDULE_ROWS(what, drop)                                                                                   \
    {"schedule", "constant|linear|cosine|step", "constant", "how the " what " changes over the run", false},           \
        {"warmup", "float", "0", "epochs in which the " what " rises linearly from 0, before the schedule starts",     \
         false},                                                                                                       \
        {"every", "float", "0", "step: epochs between the drops, above 0", false},                                     \
        {drop, "float", "0.1", "step: the factor of a drop", false},                                                   \
    {                                                                                                                  \
        "floor", "float", "0", "share of the " what " that remains at the schedule's end, 0 to 1", false               \
    }
#define TC_SCHEDULE_BOUNDS                                                                                             \
    {"from", "float", "0", "epochs after which it begins; before, lambda is 0", false},                                \
    {                                                                                                                  \
        "until", "float", "", "epochs after which it ends; from there on lambda is floor times its value", false       \
    }

extern const tc_attribute tc_schedule_attribute[]; /* an optimizer's */
enum {
    TC_SCHEDULE_KIND,
    TC_SCHEDULE_WARMUP,
    TC_SCHEDULE_EVERY,
    TC_SCHEDULE_DROP,
    TC_SCHEDULE_FLOOR,
    TC_SCHEDULE_FROM,
    TC_SCHEDULE_UNTIL,
    TC_SCHEDULE_ATTRS
};

typedef struct tc_schedule {
    const char *name, *formula, *doc, *source;
    bool needs_end; /* its length must be known */
    double (*factor)(const tc_arg *arg, double epoch, double epochs);
} tc_schedule;

int tc_schedule_count(void);
const tc_schedule *tc_schedule_at(int i);

/* The reason to refuse attributes that do not go together, or NULL. tc_schedule_end: likewise if the schedule needs the
 * length of the run, `epochs`, and it is unknown (0). */
const char *tc_schedule_check(const tc_arg *arg);
const char *tc_schedule_end(const tc_arg *arg, double epochs);

/* The factor of the step that begins at `epoch` of `epochs` (0: unknown), warm-up included. */
double tc_schedule_factor(const tc_arg *arg, double epoch, double epochs);

#endif
