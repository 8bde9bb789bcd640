/* updates.h: what follows the backward pass: updates of parameters, proximal steps, constraints. */
#ifndef TC_UPDATES_H
#define TC_UPDATES_H

#include "op/op.h"
#include "optim/optim.h"
#include "plan/block.h"
#include "spec/schedule.h"

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
    tc_update update; /* of the next step, as tc_reach_prepare left it */
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
} tc_prox;

typedef struct tc_updates {
    const tc_optim *optim; /* NULL: inference */
    tc_spec spec;
    tc_arg *arg, schedule[TC_SCHEDULE_ATTRS];
    int groups, stretches, fuseds, proxes;
    tc_group *group;
    tc_stretch *stretch;
    tc_fused *fused;
    tc_prox *prox;
    /* What shows that the next update is finite (run/reach.c). reach: the largest magnitude of what updates change,
     * parameters and moments; NAN: unknown, something else has written them. gradient: no gradient is larger. */
    double reach, gradient;
} tc_updates;

#endif
