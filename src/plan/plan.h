/* plan.h: a graph compiled. Two flat lists of steps, for training and for evaluation, over one block of parameters.
 *
 *     tacet_compile calls the passes in order:
 *       flow    which values a list needs, which of them need a gradient
 *       fire    which values and gradients leave a firing list, and who reads it
 *       lower   operators -> steps, each with the buffers that it reads and writes
 *       band    neighbouring elementwise steps -> one loop over tiles that stay in cache
 *       place   buffers that live at different times share memory: lifetimes -> offsets in the arena
 *       update  parameters with the same options -> one update; proximal steps and constraints behind it
 *
 *     memory:  | parameters | gradients | optimizer state 1 | 2 |      one aligned block, the same layout in each part:
 *              | trainable ... | fused ... | frozen ...|           trainable ones first, frozen ones in the first part
 *              | arena of the list that runs |                         both lists use the same bytes, one at a time
 *
 * What changes while training is the table, which is small and part of every checkpoint. A step allocates nothing. */
#ifndef TC_PLAN_H
#define TC_PLAN_H

#include "base/pool.h"
#include "graph/graph.h"
#include "optim/optim.h"
#include "spec/schedule.h"

#include <stdio.h>

enum { TC_TRAIN, TC_EVAL, TC_LISTS };

/* A stretch of memory that a list uses: in the arena, at `offset` bytes, or fixed (parameters and their gradients). */
typedef struct tc_buffer {
    int64_t bytes;
    int first, last; /* steps that touch it; first -1: before all (inputs) */
    bool pinned;     /* lives to the end and shares with nobody */
    bool stays;      /* lives to the end, though nobody may read it then: the update does */
    bool taken;      /* another took its memory over: what was in it is gone */
    int alias;       /* the buffer whose memory it takes over, or -1 */
    int64_t offset;  /* in the arena */
    float *fixed;    /* not in the arena */
} tc_buffer;

/* Whether what was put into it is still there when the list has run. */
static inline bool tc_buffer_lasts(const tc_buffer *b) { return b->pinned && !b->taken; }

/* A firing list that the steps make, of a value or of a gradient. */
typedef struct tc_silence {
    tc_firing f;
    int value;
    int64_t capacity;          /* rows, those of leading dimensions counted */
    int by_row, by_unit;       /* buffers, or -1 */
    bool read;                 /* a layer reads the entries; else the count alone is of use */
    bool rows, units;          /* wanted in this step */
    bool forward, backward;    /* a product ran on it, or on a gradient's that has its silence, in this step */
    double fired;              /* the count as a step's result */
    struct tc_silence *source; /* a gradient's: the list of the value whose silence it has; NULL: a value's */
    struct tc_silence *next;
} tc_silence;

/* One entry of a list. The buffers beside the call say which pointers it gets once they are placed. */
typedef struct tc_step {
    int value, term; /* what it computes for; the other is -1 */
    bool backward;
    void (*run)(const tc_call *c, int64_t begin, int64_t end); /* the operator's forward or backward */
    tc_call call;
    int slots;
    int *xb, yb, gb, *db, sb; /* buffers, -1: none; xb[slots], db[slots] */
    tc_silence *x_silence, *g_silence; /* lists that the call's fired and fired_g are, or NULL */
    int waits;                /* an input that may be left unfed in evaluation; the step is then passed over; or -1 */
    bool band;                /* runs tile by tile together with the next step */
    bool finish;              /* sums its partials up when it is done */
    bool random;              /* draws: gets a stream of this training step */
    tc_span span;             /* how it is cut, for the list's rows, and into how many parts */
    int64_t parts;
    bool shared;              /* large enough to be worth waking threads for */
    double flops, bytes;
} tc_step;

typedef struct tc_list {
    int steps, buffers;
    tc_step *step;
    tc_buffer *buffer;
    bool *needed, *wants;  /* [values]: is computed; has a gradient */
    int *value, *gradient; /* [values]: buffer, or -1 */
    tc_silence *silence;   /* all firing lists */
    tc_silence **fired, **fired_gradient; /* [values]: of it, of its gradient, or NULL */
    int backward;          /* the first step of the backward pass */
    int64_t rows;          /* the steps are cut for so many; 0: not yet */
    int64_t arena;         /* bytes */
} tc_list;

/* What is fed to an input. */
typedef struct tc_feed {
    bool fed;
    bool held;       /* the input's buffer has what was fed to the last run */
    bool optional;   /* only losses read it: evaluation may do without */
    int64_t classes; /* labels: they are below this */
    tc_gather gather;
    struct tc_feed *next; /* the next input's */
} tc_feed;

/* The life of a parameter. */
typedef struct tc_place {
    int value;         /* in the graph */
    int64_t offset, n; /* in floats, in every part of the block */
    int group;         /* of options */
    bool trains;       /* not frozen, and a term depends on it: has a gradient and state */
    bool fused;        /* its gradient is made tile by tile in the update */
} tc_place;

/* Parameters that share their options. arg[attributes of the optimizer]. */
typedef struct tc_group {
    tc_arg *arg;
    bool frozen;
} tc_group;

/* One update: a run of parameters of one group, neighbours in the block. */
typedef struct tc_stretch {
    int group;
    int64_t offset, n;
} tc_stretch;

/* A weight whose gradient is made and used up tile by tile. */
typedef struct tc_fused {
    const tc_place *at;
    const tc_call *call; /* of its layer's backward step */
    double *square;      /* [tiles]: sums of squares of the gradient */
    int64_t tiles;       /* for a full batch; never more */
} tc_fused;

/* Something that an operator remembers from step to step: one tensor. */
typedef struct tc_state {
    int value, term;  /* the layer's, or the term's; the other is -1 */
    const char *name; /* in the operator's table */
    tc_shape shape;
    int64_t n;
    float **at; /* where the operator's call finds it; the next of the same operator lies behind */
} tc_state;

/* One proximal step or constraint. */
typedef struct tc_prox {
    int term, group;
    tc_call call;
} tc_prox;

/* How often each unit of a value fired, over the passes of one list since it was reset. A pass leaves its own counts in
 * `now`; they are added up when nothing can take the pass back any more. */
typedef struct tc_count_of {
    int32_t *now;   /* [strips of rows (count.c), units]; NULL: nothing is counted */
    double sum;     /* of now, as a step's result */
    int64_t *fired; /* [units] */
    int64_t rows;   /* times positions */
    double natural; /* training: the density in the first step of all, before any update; NAN: there was none */
} tc_count_of;

/* What the ledger adds up of a term over steps, since it was reset. */
typedef struct tc_account {
    double value, weighted, lambda; /* times rows: its value, lambda times it, lambda */
    double gradient, data; /* in sampled steps: the norm of its gradient at its values, and of the losses' there */
    double samples;
    double lambda_before, density_before; /* means up to the last reset; NAN: there was none */
} tc_account;

/* The same of the objective. */
typedef struct tc_total {
    int64_t steps, rows;
    double objective, data_loss; /* times rows */
} tc_total;

/* What steers a lambda; see steer/control.c. */
typedef struct tc_control {
    double least, most; /* bounds on lambda; 0: not known yet */
    double pull;        /* of a proximal step: how far it moves an element, by t lambda */
    double smooth;      /* the logarithm of the density, smoothed; NAN: nothing was measured */
    double error;       /* the last one that was acted upon */
    double landed;      /* the step since which the target itself is due; 0: it is not yet */
    double next;        /* lambda of the step to come: the table has that of the step that was done */
} tc_control;

/* A value at which gradients are measured. */
typedef struct tc_measure {
    int value;
    int before;  /* the step of the training list before which its gradient is whole; its length: at the end */
    bool masked; /* what lies where the value is 0 does not count: a list leaves it out */
    double data; /* the squared norm of the losses' gradient in the last sampled step */
} tc_measure;

/* Training steps that made a value's list, and those in which a product ran on its silence, forward and backward. */
typedef struct tc_use {
    int64_t steps, forward, backward;
} tc_use;

/* The small table beside the lists; all of it is in every checkpoint. */
typedef struct tc_table {
    int64_t step;   /* training steps done */
    double rate;    /* the schedule's factor, of the last step */
    double *lambda; /* [terms] */
    tc_control *control; /* [terms] */
    tc_account *account; /* [terms] */
    tc_total total;
    double *break_even; /* [values * TC_PRODUCTS]: of layers that can run on firing lists; densities */
    tc_use *use;        /* [values] */
} tc_table;

struct tacet_plan {
    tc_mem mem;
    tacet_graph *graph;
    int values, terms; /* of the graph when it was compiled */
    tc_extent extent;
    void **owned; /* what is freed with the plan */
    int owned_count;

    int64_t batch;
    tacet_sparse sparse;
    uint64_t seed;
    int64_t steps_per_epoch;
    double epochs;
    tacet_pool *pool, *own_pool;

    const tc_optim *optim; /* NULL: inference */
    tc_spec optim_spec;
    tc_arg *optim_arg, schedule_arg[TC_SCHEDULE_ATTRS];
    int groups, stretches, fuseds, proxes;
    tc_group *group;
    tc_stretch *stretch;
    tc_fused *fused;
    float *scratch; /* [lanes, TC_BLOCK_FLOATS]: tiles of fused gradients */
    int64_t lanes;
    tc_prox *prox;

    float *block; /* parameters first */
    int64_t part; /* floats of the trainable part, which gradients and states repeat */
    int64_t stored; /* those before the fused weights: gradients that a step leaves behind */
    int64_t block_floats, parameter_floats;
    int places;
    tc_place *place;
    int states;
    tc_state *state;

    tc_list list[TC_LISTS];
    int last; /* the list that ran last, or -1 */
    char *arena;
    int64_t arena_bytes;
    double *partial; /* one a range, for the scalar operator that runs */
    int64_t partials;
    tc_feed *feed, *first_feed; /* [values]; of the first input */
    tc_run run;
    tc_table table;
    double *result; /* [terms] of the last run; NAN where it was not computed */
    double norm_square; /* of the last step's gradients, over all parameters; NAN before it */
    tc_count_of *count[TC_LISTS]; /* [values] */
    int64_t ledger;     /* steps from one sample of gradients to the next; 0: there is no ledger */
    bool watch, steers; /* training counts what fires in all values that make zeros; a term is steered */
    bool sampled;       /* the step that runs is a sample */
    int measures;
    tc_measure *measure;
    float *sample;      /* a gradient as large as the largest value that is measured */
    double *own;        /* [terms]: the norm of its gradient with lambda 1, in the last sampled step */
    tacet_error error;
};

/* Memory that lives as long as the plan: zeroed; NULL when out of memory. */
void *tc_plan_alloc(tacet_plan *p, size_t n, size_t size);

/* The passes. Each returns a status; the reason is in p->error. */
tacet_status tc_plan_options(tacet_plan *p); /* the optimizer's attributes for each parameter: groups */
tacet_status tc_plan_flow(tacet_plan *p, int list);
tacet_status tc_plan_layout(tacet_plan *p); /* the block, and initial numbers in it */
tacet_status tc_plan_lower(tacet_plan *p, int list);
void tc_plan_band(tacet_plan *p, int list);
tacet_status tc_plan_place(tacet_plan *p, int list);
void tc_plan_resolve(tacet_plan *p, int list); /* buffers -> pointers, once the arena is there */
float *tc_buffer_memory(const tacet_plan *p, const tc_list *l, int buffer); /* NULL: there is no buffer (-1) */
tacet_status tc_plan_update(tacet_plan *p);
tacet_status tc_plan_fuse(tacet_plan *p);

/* sample: lets live what a second backward pass reads (before place), and finds where to measure (behind it). A sample
 * is taken between the passes: own and measure[].data. The squared norm of the losses' gradient at a term's values. */
void tc_plan_sample_keep(tacet_plan *p);
tacet_status tc_plan_sample_points(tacet_plan *p);
void tc_plan_sample(tacet_plan *p);
double tc_plan_sample_data(const tacet_plan *p, int term);
bool tc_plan_samples(const tacet_plan *p); /* whether samples can be taken at all */
bool tc_term_penalises(const tacet_plan *p, int term, int value); /* value -1: any */

/* state: what operators remember. The first steps' numbers; where the call of a layer or (value -1) of a term finds
 * its own, or NULL; all of them written after a good step; "batch_topk1.threshold", added to a text. */
tacet_status tc_plan_state(tacet_plan *p);
float *const *tc_state_of(const tacet_plan *p, int value, int term);
void tc_state_commit(tacet_plan *p);
void tc_state_name(const tacet_plan *p, const tc_state *r, tc_text *to);

/* fuse: whether a weight's gradient is fused with its update; that of a fused one written out, after a step; a bound on
 * the magnitude of all their elements; one update, and its factors. */
bool tc_fuse_wanted(const tacet_plan *p, const tc_place *at);
void tc_fuse_store(tacet_plan *p, const tc_fused *f);
const tc_fused *tc_fuse_find(const tacet_plan *p, const tc_place *at); /* or NULL */
void tc_fuse_apply(tacet_plan *p);
double tc_plan_prox_time(const tacet_plan *p, int group); /* t */
tc_update tc_plan_update_of(const tacet_plan *p, int group, int64_t offset);

/* fire: the lists of a list; whether dL/dv may be left out where v is 0; and the operators that make lists (save: the
 * tc_silence). */
tacet_status tc_plan_fire(tacet_plan *p, int list);
void tc_fire_break_even(tacet_plan *p); /* fills the table's */
bool tc_fire_blocked(const tacet_plan *p, int value);
extern const tc_op tc_op_fire, tc_op_fire_units;
void tc_silence_choose(tc_step *s);      /* before a forward step that may run on a list: whether it does */
void tc_silence_choose_back(tc_list *l); /* before the backward pass: what does, and so which lists are wanted */
void tc_silence_note(tacet_plan *p);     /* behind a training list: how often lists were used */
int64_t tc_silence_row_bytes(const tc_silence *s);
int64_t tc_silence_unit_bytes(const tc_silence *s);
void tc_silence_resolve(tc_silence *s, float *by_row, float *by_unit); /* NULL: it has none */

/* Whether a list counts what fires in a value, and the operator that does (save: the tc_count_of). The counts of the
 * last pass are added up, or all are forgotten. */
bool tc_fire_counts(const tacet_plan *p, int list, int value);
extern const tc_op tc_op_count_fired;
bool tc_count_alloc(tacet_plan *p, int list, int value); /* false: out of memory */
void tc_count_note(tacet_plan *p, int list);
bool tc_count_read(const tacet_plan *p, int list, int value, tacet_firing *f); /* false: nothing was counted */
double tc_count_density(const tacet_plan *p, int list, int value); /* in the last pass; NAN: it is not counted */
void tc_count_reset(tacet_plan *p, int list);

/* Where a parameter's numbers are, in each part of the block. */
float *tc_plan_parameter(const tacet_plan *p, const tc_place *at);
float *tc_plan_gradient(const tacet_plan *p, const tc_place *at);         /* where it trains */
float *tc_plan_moment(const tacet_plan *p, const tc_place *at, int state); /* likewise */
const tc_place *tc_plan_find(const tacet_plan *p, int value);             /* or NULL */
/* Copies a parameter, its gradient or state between the block's layout and the one that users see ([out, in]). */
void tc_plan_copy_out(const tacet_plan *p, const tc_place *at, const float *stored, float *user);
void tc_plan_copy_in(const tacet_plan *p, const tc_place *at, const float *user, float *stored);
/* The shape that users see. */
tc_shape tc_plan_shape(const tacet_plan *p, int value);
bool tc_plan_transposed(const tacet_plan *p, int value);

/* The loop. Gathers what was fed and runs the list, pass by pass. tc_plan_apply is the update. */
tacet_status tc_plan_run_forward(tacet_plan *p, int list, int64_t rows);
void tc_plan_run_backward(tacet_plan *p);
void tc_plan_inputs(tacet_plan *p); /* which inputs only losses read, and how many classes labels may name */
tacet_status tc_plan_gather(tacet_plan *p, int list);
void tc_plan_unfeed(tacet_plan *p);
void tc_plan_apply(tacet_plan *p);
void tc_plan_for(tacet_plan *p, tc_span span, bool shared, tc_part *part, void *job); /* ranges over the pool */
void tc_plan_run_step(tacet_plan *p, tc_list *l, int i);                              /* one step by itself */
double tc_tree_sum(const double *x, int64_t n);                                       /* a fixed tree */

/* The guard: after a training list and before the update. On failure the error names the first value not finite. */
tacet_status tc_plan_guard(tacet_plan *p);

/* What a layer's shape rule says, asked again for costs; shape and batch hold TC_SLOTS. */
tc_sketch tc_plan_sketch(const tacet_plan *p, const tc_op *op, const tc_arg *arg, const int *input, int inputs,
                         tc_shape *shape, bool *batch);

/* "linear1.weight", for messages. */
const char *tc_plan_name(const tacet_plan *p, int value);

#endif
