/* revive.h: what a plan knows of layers whose dead units come back by new weights (revive=resample): where the weights
 * are. steer/revive.c sets them. */
#ifndef TC_REVIVE_H
#define TC_REVIVE_H

#include "plan/block.h"
#include "step/step.h"

/* The weights of a layer that reads the units, or what is made from them. */
typedef struct tc_outlet {
    int layer;
    const tc_place *at;
    int by;              /* TC_BY_INPUT; TC_BY_UNIT where the weight is another layer's and stored transposed */
    const int64_t *unit; /* [inputs of the layer]: the unit that each is made from, or -1; NULL: the same */
    int64_t inputs;
    bool decodes; /* makes what is compared with the rows from which the units are computed */
} tc_outlet;

/* A number for each unit between the weights and the units, such as a threshold, and its first numbers [units]. */
typedef struct tc_restart {
    const tc_place *at;
    float *first;
} tc_restart;

typedef struct tc_resample {
    int value;     /* the layer whose units come back */
    int from;      /* the value that the weights multiply */
    int64_t width; /* its units: the numbers that are weighted */
    tc_tally *tally;
    const tc_place *weight, *bias; /* into the units; bias NULL: the layer has no bias */
    int by;                        /* TC_BY_UNIT; TC_BY_INPUT where the weight is stored transposed */
    int outlets, restarts;
    tc_outlet *outlet;
    tc_restart *restart;
    double part;       /* how long the weights into a unit become, of the mean of living ones */
    const char *draws; /* the name of its stream of random numbers */
    double *mean;      /* [width] */
    float *direction;  /* [width] */
} tc_resample;

/* The forward call of a loss on a single row, with tables of its own. */
typedef struct tc_row_loss {
    const tc_call *whole; /* that of the step */
    tc_call call;
    tc_view *x;
    int slots;
    int64_t partials;
} tc_row_loss;

typedef struct tc_revivals {
    int resamples, losses;
    tc_resample *resample;
    tc_row_loss *loss;
    tc_run run;  /* of a single row */
    double *key; /* [batch]: of a row: the larger, the sooner it is drawn */
} tc_revivals;

#endif
