/* table.h: the small table next to the lists: everything that changes while training except the parameters. All of it
 * is in every checkpoint. */
#ifndef TC_TABLE_H
#define TC_TABLE_H

#include "spec/schedule.h"

/* How often in a row the mean data loss and lambda have both risen from one reset of the ledger to the next; the loss
 * before the last reset (0: none), and the loss and lambda before the first of these rises. */
typedef struct tc_rise {
    double times, loss, loss_from, lambda_from;
} tc_rise;

/* What the ledger has added up for a term since it was reset. */
typedef struct tc_account {
    double value, weighted, lambda; /* times rows: its result, lambda times it, lambda */
    double gradient, data; /* in sampled steps: the norm of its gradient at its values, and of the losses' there */
    double samples;
    double lambda_before, density_before; /* means of the time before the last reset; NAN: it was never reset */
    tc_rise rise;
} tc_account;

/* The same for the objective. */
typedef struct tc_total {
    int64_t steps, rows;
    double objective, data_loss; /* times rows */
    int64_t clipped;             /* steps whose gradients were made smaller */
} tc_total;

/* How a density falls: weighted means of log step and log density, their variance and covariance. */
typedef struct tc_trend {
    double step, density; /* density 0: none yet */
    double variance, covariance;
} tc_trend;

/* The state of a lambda's controller; see steer/control.c. */
typedef struct tc_control {
    double least, most; /* bounds on lambda; 0: not known yet */
    double pull;        /* of a proximal step: how far it moves an element, divided by t lambda */
    double smooth;      /* the logarithm of the density, smoothed; NAN: not measured yet */
    double error;       /* the error at the last move */
    double landed;      /* the step from which the target itself is due; 0: not yet */
    double next;        /* lambda of the next step: the table has that of the last one */
    tc_trend trend;     /* of activations */
} tc_control;

/* Training steps that made a value's list, and those in which a product ran on its silence, forward and backward. */
typedef struct tc_list_steps {
    int64_t steps, forward, backward;
} tc_list_steps;

typedef struct tc_table {
    int64_t step;        /* training steps done */
    double rate;         /* the schedule's factor, of the last step */
    int64_t averaged;    /* steps that the averages of the weights have seen */
    tc_plateau plateau;  /* its factor is in the rate */
    double *lambda;      /* [terms] */
    double given_rate;   /* by tacet_set_rate, instead of the description's; NAN: not given */
    double *given;       /* [terms]: the same by tacet_set_lambda */
    tc_control *control; /* [terms] */
    tc_account *account; /* [terms] */
    tc_total total;
    double *break_even;        /* [values * TC_WAYS]: of layers that can run on firing lists; densities */
    tc_list_steps *list_steps; /* [values] */
} tc_table;

#endif
