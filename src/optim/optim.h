/* optim.h: the contract of optimizers. ONE OPTIMIZER = ONE FILE, and one line in optims.def.
 *
 * An optimizer updates a run of parameters from their gradients, element by element. What it remembers between steps
 * are its moments, a few numbers for each parameter, initially zero, which the plan keeps next to the parameters and
 * checkpoints contain. */
#ifndef TC_OPTIM_H
#define TC_OPTIM_H

#include "spec/schedule.h"

#include <math.h>

enum { TC_MAX_MOMENTS = 3, TC_UPDATE_FACTORS = 8, TC_OPTIM_ATTRS = 6 };
enum { TC_OPTIM_LR = 0 }; /* every optimizer's first attribute */

/* The least eps that is added to the root of a sum of squares: the root of the smallest normal number. Any root that is
 * not 0 is as large, so with eps=0 a parameter whose sum is 0 stays (0 / 0 would be NaN), and where the sum is not tiny
 * rounding hides it. */
#define TC_LEAST_EPS 0x1p-63

/* One update of parameters that share their options. */
typedef struct tc_update {
    const tc_arg *arg;  /* the optimizer's attributes, as overridden by the options of these parameters */
    double lr;          /* of this step, with the schedule */
    int64_t step;       /* this update's number, from 1 */
    float *p;           /* parameters, updated in place */
    const float *g;     /* their gradients */
    float *moment[TC_MAX_MOMENTS];
    float factor[TC_UPDATE_FACTORS]; /* computed by prepare() */
} tc_update;

typedef struct tc_optim {
    const char *name, *formula, *doc, *source;
    tc_attribute attribute[TC_OPTIM_ATTRS + 1];    /* ends with a NULL name */
    const char *moment[TC_MAX_MOMENTS + 1];        /* names, "momentum"; ends with NULL */
    int (*moments)(const tc_arg *arg);             /* how many of them these options need; NULL: all */
    void (*prepare)(tc_update *u);                 /* once per update: factors from arg, lr and step */
    void (*update)(const tc_update *u, int64_t begin, int64_t end); /* elements; any order, any thread */
    /* most[0] and most[1 + k] bound the magnitudes of parameters and of moment k, `gradient` those of gradients. Turns
     * most into bounds for after the update; no number on the way may exceed the largest of them more than twice. */
    void (*bound)(const tc_update *u, double gradient, double *most);
    /* Returns the reason to refuse attributes that do not go together, or NULL. May be NULL. */
    const char *(*check)(const tc_arg *arg);
    /* t of the proximal step after update number `step`, from 1, with this lr, and what users must know about it ("" or a
     * sentence). */
    double (*prox_time)(const tc_arg *arg, double lr, int64_t step);
    const char *prox_note;
    bool normalises; /* divides the gradient by its size: an update moves a parameter by about lr at most */
} tc_optim;

/* The attributes that all optimizers share: those of a schedule, then the clipping of gradients. In an array of
 * TC_OPTIM_COMMON tc_args TC_SCHEDULE_FROM and TC_SCHEDULE_UNTIL stay zeroed: the table begins at TC_SCHEDULE_KIND. */
extern const tc_attribute tc_optim_common[];
enum { TC_OPTIM_CLIP_NORM = TC_SCHEDULE_ATTRS, TC_OPTIM_CLIP_VALUE, TC_OPTIM_COMMON };

/* The reason to refuse them, or NULL. */
const char *tc_optim_check_common(const tc_arg *arg);

int tc_optim_moments(const tc_optim *o, const tc_arg *arg);

int tc_optim_count(void);
const tc_optim *tc_optim_at(int i);
const tc_optim *tc_optim_find(const char *name); /* or NULL */

#endif
