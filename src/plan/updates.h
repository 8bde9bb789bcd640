/* updates.h: what follows the backward pass: updates of parameters, proximal steps, constraints. */
#ifndef TC_UPDATES_H
#define TC_UPDATES_H

#include "op/op.h"
#include "optim/optim.h"
#include "plan/block.h"

#include <float.h>

/* Parameters that share their options. arg[attributes of the optimizer]. */
typedef struct tc_group {
    tc_arg *arg;
    bool frozen;
    bool own_rate; /* its options set lr= */
} tc_group;

/* One update: a run of parameters of one group, neighbours in the block. */
typedef struct tc_stretch {
    int group;
    int64_t offset, n;
    tc_update update; /* of the next step, filled in by tc_run_prepare */
} tc_stretch;

/* A weight whose gradient is computed and used tile by tile. */
typedef struct tc_fused {
    const tc_place *at;
    const tc_call *call; /* of its layer's backward step */
    double *square;      /* [tiles]: sums of squares of the gradient */
    int64_t tiles;       /* for a full batch; never more */
    tc_update update;    /* likewise */
} tc_fused;

/* One proximal step or constraint, on one parameter. */
typedef struct tc_prox {
    int term, group;
    tc_call call;
    tc_view *x; /* the inputs of the call */
    float *d;   /* the gradient of its first input, if the constraint changes it; otherwise NULL */
} tc_prox;

/* Bounds on the magnitudes of trained parameters and of their moments (run/reach.c). most[0] NAN: unknown, since
 * something else than an update has written them. */
typedef struct tc_reach {
    double most[1 + TC_MAX_MOMENTS];
} tc_reach;
#define TC_REACH_UNKNOWN ((tc_reach){{NAN}})
#define TC_REACH_MOST ((double)FLT_MAX / 4) /* leaves room for rounding and for a difference of two */

typedef struct tc_updates {
    const tc_optim *optim; /* NULL: inference */
    tc_spec spec;
    tc_arg *arg, common[TC_OPTIM_COMMON]; /* the schedule's, then clip_norm and clip_value */
    int groups, stretches, fuseds, proxes;
    tc_group *group;
    tc_stretch *stretch;
    tc_fused *fused;
    tc_prox *prox;
    double gradient; /* no gradient of this step has a larger magnitude */
    bool clipped;    /* clip_norm or clip_value has made this step's gradients smaller */
    tc_reach reach, next_reach; /* before and after the next update */
} tc_updates;

#endif
