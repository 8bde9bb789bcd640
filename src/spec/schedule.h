/* schedule.h: how a number changes over a run: a factor as a function of the epoch, which need not be whole.
 *
 * A schedule is a row of a table; its attributes may follow any optimizer, whose learning rate it scales ("sgd lr=0.1
 * schedule=cosine warmup=1"), and any penalty, whose lambda it scales ("l1 1e-4 warmup=2 until=8"). */
#ifndef TC_SCHEDULE_H
#define TC_SCHEDULE_H

#include "spec/spec.h"

#include <math.h>

/* The attributes, in the order of the enumeration below. A penalty's are TC_SCHEDULE_BOUNDS, then TC_SCHEDULE_ROWS; an
 * optimizer's are TC_SCHEDULE_ROWS, then TC_SCHEDULE_OF_RATES, and begin at TC_SCHEDULE_KIND. An array of
 * TC_SCHEDULE_ATTRS zeroed tc_args means that none was given. drop: the name of a step's factor, which must not be that
 * of an attribute of an operator. */
#define TC_SCHEDULE_BOUNDS                                                                                             \
    {"from", "float", "0", "epochs after which it begins; before, lambda is 0", false},                                \
    {                                                                                                                  \
        "until", "float", "", "epochs after which it ends; from there on lambda is floor times its value", false       \
    }
#define TC_SCHEDULE_WORDS "constant|linear|cosine|step|warmup_cosine"
#define TC_SCHEDULE_ROWS(what, drop, words, drops)                                                                     \
    {"schedule", words, "constant", "how the " what " changes over the run", false},                                   \
        {"warmup", "float", "0",                                                                                       \
         "epochs in which the " what " rises linearly from 0, before the schedule starts; of warmup_cosine a tenth of "\
         "its length, unless given",                                                                                   \
         false},                                                                                                       \
        {"every", "float", "0", "step: epochs between the drops, above 0", false},                                     \
        {drop, "float", "0.1", drops ": the factor of a drop", false},                                                 \
    {                                                                                                                  \
        "floor", "float", "0", "share of the " what " that remains at the schedule's end, 0 to 1", false               \
    }
#define TC_SCHEDULE_OF_RATES                                                                                           \
    {"milestones", "text", "", "step: instead of every, the epochs of the drops, as in \"30 60 80\"", false},          \
        {"pct_start", "float", "0.3", "one_cycle: share of the run in which the rate rises", false},                   \
        {"div_factor", "float", "25", "one_cycle: the rate begins at lr / div_factor", false},                         \
        {"final_div_factor", "float", "1e4", "one_cycle: and ends at lr / div_factor / final_div_factor", false},      \
        {"patience", "int", "10",                                                                                      \
         "plateau: epochs in a row without an improvement that are let pass; the next one drops the rate", false},     \
        {"threshold", "float", "1e-4", "plateau: how much smaller than the best a loss must be to be an improvement",  \
         false},                                                                                                       \
        {"threshold_mode", "rel|abs", "rel", "plateau: whether threshold is a share of the best", false},              \
    {                                                                                                                  \
        "cooldown", "int", "0", "plateau: epochs after a drop that do not count", false                                \
    }

#define TC_SCHEDULE_RATE                                                                                               \
    TC_SCHEDULE_ROWS("rate", "gamma", TC_SCHEDULE_WORDS "|one_cycle|plateau", "step, plateau"), TC_SCHEDULE_OF_RATES

extern const tc_attribute tc_schedule_attribute[]; /* an optimizer's */
enum {
    TC_SCHEDULE_FROM,
    TC_SCHEDULE_UNTIL,
    TC_SCHEDULE_KIND,
    TC_SCHEDULE_WARMUP,
    TC_SCHEDULE_EVERY,
    TC_SCHEDULE_DROP,
    TC_SCHEDULE_FLOOR,
    TC_SCHEDULE_MILESTONES,
    TC_SCHEDULE_PCT_START,
    TC_SCHEDULE_DIV_FACTOR,
    TC_SCHEDULE_FINAL_DIV_FACTOR,
    TC_SCHEDULE_PATIENCE,
    TC_SCHEDULE_THRESHOLD,
    TC_SCHEDULE_THRESHOLD_MODE,
    TC_SCHEDULE_COOLDOWN,
    TC_SCHEDULE_ATTRS
};

typedef struct tc_schedule {
    const char *name, *formula, *doc, *source;
    /* each: the epochs that a step takes. */
    double (*factor)(const tc_arg *arg, double epoch, double epochs, double each);
    const char *(*check)(const tc_arg *arg); /* the reason to refuse attributes that do not go together, or NULL */
    bool needs_end;                          /* its length must be known */
    double warmup;                           /* unless given: a share of the length */
    int own, owns;                           /* attributes that only it has: the first, and their number */
    const char *alone;                       /* the reason to refuse these under another schedule */
} tc_schedule;

int tc_schedule_count(void);
const tc_schedule *tc_schedule_at(int i);

/* The reason to refuse attributes that do not go together, or NULL. tc_schedule_end: likewise if the schedule needs the
 * length of the run, `epochs`, and it is unknown (0). */
const char *tc_schedule_check(const tc_arg *arg);
const char *tc_schedule_end(const tc_arg *arg, double epochs);

/* The factor of the step that begins at `epoch` of `epochs` (0: unknown) and takes `each`, warm-up included. */
double tc_schedule_factor(const tc_arg *arg, double epoch, double epochs, double each);

/* What schedule=plateau remembers from epoch to epoch. */
typedef struct tc_plateau {
    double factor;         /* of all drops so far */
    double best;           /* the smallest loss; NAN: none yet */
    int64_t bad, cooldown; /* epochs in a row without an improvement; that are still left out */
} tc_plateau;
#define TC_PLATEAU_NEW ((tc_plateau){.factor = 1, .best = NAN})

/* Takes note of the loss of an epoch that has ended. Does nothing under other schedules. */
void tc_plateau_note(tc_plateau *p, const tc_arg *arg, double loss);

#endif
