/* plan.h: a compiled graph: two flat lists of steps, for training and for evaluation, over one block of parameters.
 *
 * tacet_compile (compile.c) calls the passes in the order of the declarations below. Each fills in one part of the
 * plan, which is declared in a separate header:
 *
 *     uses.h     who reads each value
 *     block.h    parameters, gradients, moments            updates.h   what follows the backward pass
 *     list.h     steps and buffers                         table.h     what changes while training
 *     measured.h metrics                                   revive.h    how dead units come back
 *
 * The loop that runs the lists is in run/. A step of it allocates nothing. */
#ifndef TC_PLAN_H
#define TC_PLAN_H

#include "base/pool.h"
#include "graph/graph.h"
#include "plan/block.h"
#include "plan/list.h"
#include "plan/measured.h"
#include "plan/revive.h"
#include "plan/table.h"
#include "plan/updates.h"
#include "plan/uses.h"

enum { TC_TRAIN, TC_EVAL, TC_LISTS };

/* The configuration given to tacet_compile, with defaults filled in. */
typedef struct tc_settings {
    int64_t batch;
    uint64_t seed;
    tacet_sparse sparse;
    int64_t steps_per_epoch;
    double epochs;
    int64_t ledger;     /* steps from one sample of gradients to the next; 0: no ledger */
    int64_t accumulate; /* the most batches that make one step */
    double ema;         /* the decay of the averages of the weights; 0: no averages are kept */
    bool watch, steers; /* training counts how often all values that make zeros fire; a term is steered */
    tacet_ranks ranks;  /* count 1: this rank is the only one */
    int64_t least;      /* rows of all ranks that a training step needs; more than 1 if some operator needs that... */
    int least_by;       /* ...this node's */
} tc_settings;

/* The data fed to an input. */
typedef struct tc_feed {
    bool fed;
    bool held;       /* the input's buffer holds the data of the last run */
    bool optional;   /* only losses read it: evaluation can run without */
    bool weights;    /* of samples: 1 where nothing is fed */
    int64_t classes; /* class indices must be below this, the least of the input and its readers; 0: unknown */
    tc_ignored ignored; /* or equal to this, if all its readers ignore it */
    tc_gather gather;
    tacet_scaling scaling; /* what gather.scaling points at */
    struct tc_feed *next;  /* the next input's */
} tc_feed;

/* An operator in use: node v is the layer of value v, node values + t is term t. */
typedef struct tc_node {
    int index, value, term; /* of `value` and `term`, one is -1 */
    const char *name;
    const tc_op *op; /* NULL: the value is not the output of a layer */
    const tc_arg *arg;
    const int *input; /* [slots]: inputs, then parameters; owned by the graph, which may move it when it grows */
    int inputs, slots;
    bool turned;  /* tc_value.turned, of the layer */
    bool weighed; /* tc_term.weighed */
    int pulls;    /* the first slot that gets a gradient */
} tc_node;

/* Something that an operator remembers from step to step: one tensor. */
typedef struct tc_state {
    int node;
    const char *name; /* "batch_topk1.threshold" */
    tc_shape shape;
    int64_t n;
    float **at; /* where the operator's call finds it; the operator's next one follows */
} tc_state;

/* Memory that the two lists use in turn. */
typedef struct tc_arena {
    char *memory;
    int64_t bytes;
    double *partial; /* partial sums of the steps of a list */
    int64_t partials;
    int lanes;     /* the most threads at work at a time */
    char *scratch; /* [lanes, scratch_bytes] */
    int64_t scratch_bytes;
} tc_arena;

/* A step of several batches, its parts (run/parts.c). */
typedef struct tc_parts {
    bool
        several; /* the current call is one of them; otherwise it is a step by itself, and `rows` and `done` mean nothing */
    bool last;          /* ...the last one, which makes the update */
    bool open;          /* parts have run, and the step has not been made */
    int64_t asked;      /* the rows of the step, as the current call gives them */
    int64_t rows, done; /* of this rank: of the step; of the parts that have run */
    int64_t weighed;    /* rows that have been weighed for the next step; -1: they could not be */
    double *sum;        /* [terms]: what result.sum was after the last part */
    double *weight;     /* [terms]: TC_WEIGHS, of the whole step */
    float *gradient;    /* [block.part]: added up */
    float *sampled;     /* likewise what a sample measures at parameters, one after another */
    int64_t at;         /* the next place in it */
    int kept;
    struct tc_kept *keep; /* [kept]: what every part changes, and a refused step takes back */
    char *copies;
} tc_parts;

/* Memory that a part changes. */
typedef struct tc_kept {
    void *memory;
    size_t bytes;
} tc_kept;

/* A value at which gradients are measured. */
typedef struct tc_measure {
    int value;
    int before;  /* the step of the training list before which its gradient is complete; its length: at the end */
    bool masked; /* the gradient does not count where the value is 0: a list leaves it out */
    double data; /* the squared norm of the losses' gradient in the last sampled step */
} tc_measure;

/* The losses' gradient at the elements of a value that are not 0: its sum toward 0, the sum of its squares, and the
 * number of these elements. */
typedef struct tc_pulls {
    double inward, square, fired;
} tc_pulls;

typedef struct tc_sampling {
    int measures;
    tc_measure *measure;
    float *spare; /* room for the gradient of the largest measured value */
    double *own;  /* [terms]: the norm of its gradient with lambda 1, in the last sampled step */
    tc_pulls *pulls; /* [terms]: of a steered one, at its value, in the step that its controller needs */
    bool due;     /* the current step is a sample */
} tc_sampling;

/* The state of this rank in the current call, from good to bad. The worst vote of any rank decides for all. */
typedef enum tc_vote { TC_GOOD, TC_NOT_FINITE, TC_REFUSED, TC_SUM_FAILED } tc_vote;

/* What the ranks send to each other (run/exchange.c). */
typedef struct tc_exchange {
    double *numbers; /* in transit */
    double hash;     /* of the plan and its parameters at the beginning of the first call; 0: no call yet */
    tc_vote vote;    /* the reason is in the plan's error */
} tc_exchange;
enum { TC_RANK_TELLS = 9 }; /* the most numbers that a rank tells the others at a time */

/* The results of a list's terms. */
typedef struct tc_results {
    double *sum, *weight; /* [terms]: over all rows of all ranks, before any division */
    double *value;        /* [terms]; NAN if not computed */
} tc_results;

/* The results of an evaluation over many batches so far (steer/measure.c). */
typedef struct tc_evaluation {
    bool open;
    int y, labels;              /* the values that are compared */
    int64_t positions, classes; /* of a row, and of a position; classes 0: they cannot be compared */
    int64_t batches, rows;      /* rows: of all ranks */
    double *sum, *weight;       /* [terms]: of the results, times what they are means over (rows); of that */
    double right, counted;      /* positions with the right answer, and all, by their weights, on this rank */
    bool compared;
} tc_evaluation;

struct tacet_plan {
    tc_mem mem;
    struct tc_owned *owned; /* freed with the plan */
    tacet_graph *graph;
    int values, terms; /* of the graph when it was compiled */
    tc_extent extent;
    tc_settings set;
    tacet_pool *pool, *own_pool;

    tc_uses uses;
    tc_parameters block;
    tc_updates update;
    int states;
    tc_state *state;
    tc_feed *feed, *first_feed; /* [values]; that of the first input */
    tc_given *given, *first_given; /* [values]; the first that takes any */
    tc_tally *count[TC_LISTS];  /* [values] */
    tc_list list[TC_LISTS];
    tc_arena arena;
    tc_sampling sample;
    tc_revivals revive;

    tc_run run;
    tc_refusal refusal;
    int last; /* the list that ran last, or -1 */
    bool averaged; /* the averages of the weights are in their place (run/average.c) */
    tc_results result;
    tc_evaluation evaluation;
    tc_measured measured;
    double norm_square; /* of the gradients of the last step, over all parameters; NAN before it */
    tc_parts parts;
    tc_exchange exchange;
    tc_table table;
    tacet_error error;
};

/* Zeroed memory that is freed with the plan; NULL when out of memory. */
void *tc_plan_alloc(tacet_plan *p, size_t n, size_t size);

/* The passes. Each returns a status; the reason is in p->error. */
tacet_status tc_plan_ranks(tacet_plan *p); /* whether every operator can run on several ranks */
/* Whether a training step can have so few rows; if not, the error has this status. */
tacet_status tc_plan_least(tacet_plan *p, int64_t rows, tacet_status status);
tacet_status tc_plan_uses(tacet_plan *p);
void tc_plan_inputs(tacet_plan *p);          /* which inputs only losses read; the number of classes of class indices */
void tc_plan_break_even(tacet_plan *p);      /* densities below which lists are read, into the table */
tacet_status tc_plan_options(tacet_plan *p); /* the optimizer's attributes for each parameter: groups */
tacet_status tc_plan_flow(tacet_plan *p, int list);  /* what is computed, and what needs a gradient */
tacet_status tc_plan_layout(tacet_plan *p);          /* the block, and initial numbers in it */
tacet_status tc_plan_state(tacet_plan *p);           /* what operators remember, and its initial numbers */
tacet_status tc_plan_revive(tacet_plan *p);          /* the weights into and out of units that come back */
tacet_status tc_plan_fire(tacet_plan *p, int list);  /* which values and gradients get a firing list, who reads it */
tacet_status tc_plan_lower(tacet_plan *p, int list); /* operators -> steps, with the buffers that they touch */
void tc_plan_sample_keep(tacet_plan *p);             /* keeps alive what a second backward pass reads */
void tc_plan_band(tacet_plan *p, int list);          /* neighbouring elementwise steps -> one loop over ranges */
tacet_status tc_plan_place(tacet_plan *p, int list); /* lifetimes -> offsets in the arena */
int64_t tc_plan_partials(const tc_list *l);          /* the number of partial sums of its steps */
tacet_status tc_plan_exchange(tacet_plan *p);        /* room for numbers in transit to other ranks */
tacet_status tc_plan_parts(tacet_plan *p);           /* whether a step can have several batches, and room for that */
void tc_plan_resolve(tacet_plan *p, int list);       /* buffers -> pointers, once the arena exists */
tacet_status tc_plan_update(tacet_plan *p);        /* parameters with the same options -> one update; proximal steps */
tacet_status tc_plan_fuse(tacet_plan *p);          /* gradients that are computed in the update */
tacet_status tc_plan_sample_points(tacet_plan *p); /* where gradients are measured */
tacet_status tc_plan_row_losses(tacet_plan *p);    /* calls that give the losses of single rows, for revivals */
tacet_status tc_plan_measured(tacet_plan *p, const char *list); /* the usual metrics, and those of a list (or NULL) */

/* ---- Queries of the passes and the loop ---- */

const char *tc_plan_name(const tacet_plan *p, int value); /* "linear1.weight", for messages */

int tc_plan_nodes(const tacet_plan *p);
tc_node tc_plan_node(const tacet_plan *p, int i);

/* Applies the shape rule of a node again, for its costs; shape and batch hold TC_SLOTS. */
tc_sketch tc_plan_sketch(const tacet_plan *p, const tc_node *n, tc_shape *shape, bool *batch);

/* The rate of a group before the schedule's factor: that of its own options, or otherwise the one that was set last. */
double tc_plan_rate(const tacet_plan *p, int group);

/* Whether samples can be taken at all, and whether a term is a penalty. */
bool tc_plan_samples(const tacet_plan *p);
bool tc_plan_is_penalty(const tacet_plan *p, int term);
/* Whether a term is on values of the batch: then each rank has only the share of its own rows. Every rank has the whole
 * of any other term. */
bool tc_plan_of_batch(const tacet_plan *p, int term);

/* Whether dL/dv may be left out where v is 0; whether a list counts how often v fires. */
bool tc_fire_blocked(const tacet_plan *p, int value);
bool tc_fire_counts(const tacet_plan *p, int list, int value);
unsigned tc_fire_ways(const tacet_plan *p,
                      int layer); /* the ways in which the layer has products on lists (tc_lists) */

/* The call of a term in training if its denominator is a sum of weights that are fed; otherwise NULL. */
const tc_call *tc_plan_weighing(const tacet_plan *p, int term);

/* The training steps without firing after which a unit of a layer with revive= is dead; otherwise 0. Whether a unit that
 * comes back is made from rows of the value. */
int64_t tc_revive_after(const tacet_plan *p, int value);
bool tc_revive_reads(const tacet_plan *p, int value);
const tc_resample *tc_revive_of(const tacet_plan *p, int layer); /* how its units are given new weights, or NULL */

/* Whether a weight's gradient is fused with its update, and its entry, or NULL. */
bool tc_plan_projects(const tacet_plan *p, int parameter); /* whether a constraint changes its gradient */
bool tc_plan_clips(const tacet_plan *p); /* clip_norm or clip_value */
bool tc_fuse_wanted(const tacet_plan *p, const tc_place *at);
const tc_fused *tc_fuse_find(const tacet_plan *p, const tc_place *at);

/* Whether a metric is measured in training or in evaluation. */
bool tc_measures(const tacet_plan *p, const tc_metric_use *u, int list);

/* Where a buffer's numbers or class indices are; NULL for the buffer -1. */
void *tc_buffer_memory(const tacet_plan *p, const tc_list *l, int buffer);

/* Where the call of a node finds what it remembers, or NULL. */
float *const *tc_state_of(const tacet_plan *p, int node);

/* What layers, not terms, remember: the i-th, or NULL past the last one. */
const tc_state *tc_state_of_layers(const tacet_plan *p, int i);

/* Where a parameter's numbers are, in each part of the block. */
float *tc_plan_parameter(const tacet_plan *p, const tc_place *at);
float *tc_plan_gradient(const tacet_plan *p, const tc_place *at);           /* if it trains */
float *tc_plan_moment(const tacet_plan *p, const tc_place *at, int moment); /* likewise */
float *tc_plan_average(const tacet_plan *p, const tc_place *at);            /* likewise, if there are averages */
const tc_place *tc_plan_find(const tacet_plan *p, int value);               /* or NULL */
/* Copies a parameter, its gradient or moments between the block's layout and the one that users see (op/weight.h). */
void tc_plan_copy_out(const tacet_plan *p, const tc_place *at, const float *stored, float *user);
void tc_plan_copy_in(const tacet_plan *p, const tc_place *at, const float *user, float *stored);
/* The shape that users see. */
tc_shape tc_plan_shape(const tacet_plan *p, int value);

#endif
