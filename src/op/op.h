/* op.h: the operator contract. ONE OPERATOR = ONE FILE, and one line in ops.def.
 *
 * Layers, losses, penalties and constraints are one kind of thing: a const struct of functions and facts. The plan
 * calls the functions; help, the small language, files, the gradient check and the benchmarks are loops over the table.
 * A penalty or a loss is an operator whose output is one number.
 *
 *        inputs x[0..inputs)         parameters x[inputs..)          output y
 *        [rows, n] each              no rows                         [rows, n], or one number
 *
 * Values are stored row-major and without gaps: [rows, shape...]. A weight is stored as [taps..., in, out], in whatever
 * order users see its dimensions (weight.h). An operator never allocates, never prints, and keeps nothing between calls
 * except what it writes to `save`.
 *
 * What an operator remembers from step to step (a running mean, a vector refined at each step) is its `state`: tensors
 * that are saved and not trained, 0 at first unless they have an init. While a list runs they are only read; the
 * forward pass of training writes their new values to `save`, and commit() copies them once the step has been accepted.
 * So a rejected step changes neither state nor weights, and can be replayed.
 *
 * Phases. An operator that must see all rows before it can continue (a mean over the batch) has several phases,
 * forward, backward or both, each with its own pieces. A phase begins when all threads have finished the previous one
 * and the numbers that sums() names have been summed over all ranks. Only the last phase writes y or d: in the others
 * y.data and every d[i] are NULL, and results go to `save`. The backward pass may run more than once after one forward
 * pass (for a sample of gradients), so it must not change what that left in `save`. The phases of the forward pass run
 * in evaluation too; a phase with nothing to do returns no pieces and no sums. backward() is called only in training.
 * batch_norm.c is an example.
 *
 * Several ranks. Each has its own rows of one batch, possibly none. Several batches may make one step, whose gradients
 * are added up. Operators divide by global_rows; what mixes samples uses batch_rows. The plan sums
 * dL/dparameter over the ranks, so an operator adds only its own rows there, not the totals that sums() has replaced
 * with global ones; it keeps a local copy if it needs both.
 *
 * How work is divided. forward and backward get a range [begin, end) of pieces. span() defines a piece (an element, a
 * row, a tile), depending only on shapes, rows, the phase and which of d are wanted. Ranges may run in any order on any
 * thread; each writes only its own part, so the bits never depend on the threads. With 0 rows there may be 0 pieces, so
 * anything that must still be written (dL/dparameter is then 0) needs pieces that do not depend on rows. */
#ifndef TC_OP_H
#define TC_OP_H

#include "base/rng.h"
#include "base/shape.h"
#include "op/silent.h"
#include "spec/spec.h"

#include <math.h> /* for all operators; a smooth probe uses NAN */
#include <stdatomic.h>

enum { TC_MAX_INPUTS = 16, TC_MAX_PARAMS = 4, TC_OP_STATES = 2, TC_OWN_ATTRS = 8, TC_PROBES = 8 };
enum { TC_NO_UNIT = -1, TC_ALL_UNITS = -2 }; /* see tc_op.unit */
enum { TC_RANGE = 8192, TC_BLOCK_FLOATS = 1 << 15 };
enum { TC_FORMULA_ARGS = 3 }; /* attributes that the formulas of pointwise.h, pair.h and penalty.h get */

/* A function of the caller's (op/user.h) that has failed: the first one in the current pass. */
typedef struct tc_refusal {
    atomic_int status; /* TACET_OK: none has */
    _Atomic(const struct tc_op *) op;
} tc_refusal;

/* Shared by all calls of one step. */
typedef struct tc_run {
    int64_t rows;        /* rows that the batch really has */
    int64_t batch_rows;  /* the same, of all ranks */
    int64_t global_rows; /* of all ranks and all batches of the step; the divisor of means over samples */
    int64_t first_row;   /* this batch's first row among them: random numbers depend on the global element */
    uint64_t seed, step;
    bool training;
    const tc_kernel *kernel;
    tc_refusal *refusal; /* where functions that fail say so; NULL: nowhere */
} tc_run;

/* One tensor as an operator sees it. The fields that small steps read come first, here and below, so that they share a
 * cache line. */
typedef struct tc_view {
    float *data; /* NULL: a parameter that is absent (bias=false), or a tensor of class indices */
    int64_t n;   /* elements of a row, or of the whole without a batch */
    bool batch;  /* [rows, shape...] */
    /* The matrix of another layer, stored transposed: data and shape are the transpose of what this layer's own first
     * parameter would be. Only for operators with TC_TURNS. */
    bool turned;
    tc_shape shape;     /* without the batch */
    const int32_t *ids; /* class indices from 0 to classes - 1; NULL: numbers, in data */
    int64_t classes;    /* 0: not known */
    int64_t groups;     /* a weight: of its units, which have inputs of their own (weight.h); 0 means 1 */
} tc_view;

/* One call, prepared at compile time. Entries that do not apply are NULL or 0. */
typedef struct tc_call {
    const struct tc_op *op;
    const tc_run *run;
    const tc_view *x;
    const float *g;      /* backward: dL/dy, like y */
    float *const *d;     /* backward: dL/dx, like x; NULL if not needed, and in all phases but the last */
    const bool *add;     /* backward: d += instead of d = */
    void *save;          /* save() bytes, kept from forward to backward; in training also to commit() */
    const tc_arg *arg;   /* the operator's attributes, in the order of its table */
    tc_view y;           /* data NULL for a scalar operator, and in all phases of the forward pass but the last */
    tc_lists lists;      /* for layers that can run on firing lists */
    int inputs;          /* inputs; parameters follow them in x, d and add */
    int phase;           /* the current phase, from 0 */
    float *const *state; /* what the operator remembers, in the order of its table; NULL: nothing */
    tc_stream stream;    /* random numbers of this layer, at this step */
    void *scratch;       /* scratch() bytes, aligned, uninitialised, for this range alone */

    /* Scalar operators */
    int reduce;            /* one of TC_SAMPLE, TC_SUM, TC_MEAN, TC_POSITION */
    double *partial;       /* forward: one number a range, partial[begin / grain] */
    double *weights;       /* TC_WEIGHS, forward: likewise, its part of the denominator */
    const double *weight;  /* tc_weighs(), backward and finish: the sum of all weights, over all ranks */
    const tc_view *factor; /* a loss: a weight for each row, which weigh.c applies; NULL: none */
    double *result;        /* the result, which finish() writes and backward may read */
    const double *lambda;  /* the term's weight; backward is linear in it, and may get another one than forward */
    const bool *dead;      /* a penalty on a layer with revive=, in training: which of its units are dead; or NULL */
} tc_call;

enum { TC_SAMPLE, TC_SUM, TC_MEAN, TC_POSITION, TC_REDUCES }; /* in the order of the words */
#define TC_REDUCE_WORDS "sample|sum|mean|position"

typedef struct tc_span {
    int64_t pieces, grain; /* ranges are [0, grain), [grain, 2 grain) ... */
} tc_span;

static inline int64_t tc_ranges(tc_span s) { return (s.pieces + s.grain - 1) / s.grain; }

/* Rows and elements of view i in this run. */
static inline int64_t tc_rows(const tc_call *c, const tc_view *v) { return v->batch ? c->run->rows : 1; }
static inline int64_t tc_elements(const tc_call *c, const tc_view *v) { return v->n * tc_rows(c, v); }
static inline int64_t tc_last(const tc_view *v) { return v->shape.dim[v->shape.rank - 1]; } /* the last dimension */
/* Units and positions of a row of view i, or of a value without a batch (tc_shape_units). */
static inline int64_t tc_units(const tc_view *v) { return tc_shape_units(&v->shape); }
static inline int64_t tc_positions(const tc_view *v) { return v->n / tc_units(v); }

/* A label that stands for no class: it may be any number, and positions that have it do not count. */
typedef struct tc_ignored {
    bool given;
    int32_t index;
} tc_ignored;

static inline bool tc_is_ignored(tc_ignored i, int32_t label) { return i.given && label == i.index; }

/* The input and the result of the shape rule. flops(), save(), scratch() and products() get it filled in. Whether y and
 * the parameters are too large is checked after the rule; an operator that needs a batch must itself refuse an x
 * without one (batch[i]). */
typedef struct tc_sketch {
    const struct tc_op *op; /* set by tc_op_shape */
    const tc_arg *arg;
    int inputs;
    const tc_shape *x;
    const bool *batch;              /* which inputs have a batch */
    int64_t classes[TC_MAX_INPUTS]; /* of class indices, which must be below it; 0: unknown. The rule may then
                                      * set it, and what is fed is checked against it */
    tc_ignored ignored;             /* of the last input, if the rule sets it */
    tc_shape y;                     /* layers: the output's */
    tc_shape param[TC_MAX_PARAMS];  /* rank -1, the initial value: absent. As stored ([in, out]) */
    int64_t groups; /* of the units of the first parameter, if the rule sets it; given to the rules of terms on it */
    bool turned;    /* given to products(): the first parameter is stored transposed (tc_view.turned) */
    tc_shape state[TC_OP_STATES]; /* of every entry of the table */
    char why[256];                /* on failure, to follow names: "needs ..., got [3, 4]" */
} tc_sketch;

/* A parameter that a layer owns or takes from another layer, or something that an operator remembers. */
typedef struct tc_param {
    const char *name;
    const char *axes; /* its dimensions as users see them, "oi" (weight.h); NULL: at most one */
    /* Fills w[n], of `shape` as stored, from the stream; x is the shape of the layer's first input. */
    void (*init)(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s);
} tc_param;

/* The numbers that an attribute may be, both ends included. */
typedef struct tc_limit {
    const char *needs; /* the message: "needs a slope of at least 0" */
    int attribute;     /* its index in the operator's own */
    double least, most;
} tc_limit;

/* For limits that are not included: the least normal double above 0 (a caller may have denormals read as 0), and the
 * largest double below 1. */
#define TC_ABOVE_0 0x1p-1022
#define TC_BELOW_1 (1 - 0x1p-53)

/* What kind of thing an operator is; see role.c. */
typedef struct tc_role {
    tacet_role is;
    const tc_attribute *common; /* attributes that the whole role shares, bound after the operator's own */
    bool scalar;
    int reduce;                  /* scalar on a batch: the default of reduce */
    int inputs;                  /* this and the next ones: for operators that leave it out, see tc_op */
    double lambda;               /* NAN: must be given */
    bool (*shape)(tc_sketch *s); /* NULL: takes anything */
} tc_role;
extern const tc_role tc_layer, tc_loss, tc_penalty, tc_constraint;

/* Order of the common attributes of terms. Every role has the first few: constraints the name, losses up to reduce,
 * penalties all. In an array of TC_COMMON_ATTRS zeroed tc_args, those that a role lacks read as not given. Layers have
 * the name and then one that only they have. */
enum {
    TC_TERM_NAME,
    TC_TERM_LAMBDA,
    TC_TERM_REDUCE,
    TC_TERM_JOINT,
    TC_TERM_PROX,
    TC_TERM_DENSITY, /* the targets */
    TC_TERM_L0,
    TC_TERM_ZEROS,
    TC_TERM_SCHEDULE, /* the first of TC_SCHEDULE_ATTRS (spec/schedule.h) */
    TC_COMMON_ATTRS = TC_TERM_SCHEDULE + 15
};
enum { TC_LAYER_NAME = TC_TERM_NAME, TC_LAYER_TRANSPOSED, TC_LAYER_FIRST, TC_LAYER_REVIVE, TC_LAYER_DEAD_AFTER };
enum { TC_REVIVE_NONE, TC_REVIVE_RESAMPLE, TC_REVIVE_AUX }; /* in the order of the words */
enum { TC_LOSS_SAMPLE_WEIGHT = TC_TERM_REDUCE + 1 };        /* only of losses */

enum {
    TC_READS_X = 1 << 0,     /* backward reads x (which includes parameters): it must be kept until then */
    TC_READS_Y = 1 << 1,     /* backward reads y */
    TC_ELEMENTWISE = 1 << 2, /* output element i depends only on input element i; pieces are elements.
                               * Scalar: a sum over elements, so joint equals separate, also for prox */
    TC_IN_PLACE = 1 << 3,    /* y may be x's buffer, d[0] may be g's */
    TC_PER_SAMPLE = 1 << 4,  /* scalar: additive over samples (except for the divisor of reduce) */
    TC_MAKES_ZEROS = 1 << 5, /* y has exact zeros where a unit is silent */
    TC_KEEPS_ZEROS = 1 << 6, /* f(0) = 0 */
    TC_BLOCKS = 1 << 7,      /* dL/dx[0] is 0 wherever y is 0, for any g */
    TC_TURNS = 1 << 8,       /* layer: its first parameter, a matrix, may be another layer's that is stored transposed
                               * (tc_view.turned) */
    TC_RANDOM = 1 << 9,      /* draws from the stream in training */
    TC_NO_BATCH = 1 << 10,   /* only for parameters (constraints, weight penalties) */
    TC_MIXES = 1 << 11,      /* mixes samples: its result for a row depends on the other rows of the batch; a scalar
                               * one is only for values of the batch, and is not a sum over samples */
    TC_SPARSIFIES = 1 << 12, /* penalty: made to set values to exactly 0 */
    TC_ESTIMATES = 1 << 13,  /* gradients into parameters are estimates by a given formula, not derivatives */
    TC_VECTORS = 1 << 14,    /* penalty: on a value of the batch, the units of a position, of all inputs together, are
                               * one vector (under sum and mean only if it is TC_PER_SAMPLE) */
    TC_WEIGHS = 1 << 15,     /* scalar: a mean divides by weights that depend on the data (tc_call.weights, weigh) */
    TC_LOGITS = 1 << 16,     /* loss: each output is the logit of a yes or no, each target 1 or 0 */
    TC_PICKS = 1 << 17,      /* layer, one input: each y is 0 or one of the x of its row, which alone gets its gradient:
                               * dL/dx has at most as many nonzeros as dL/dy (max_pool2d, flatten, pad) */
    TC_COMPETES = 1 << 18,   /* layer that makes zeros: whether a unit fires depends on the other units (topk) */
    TC_GROWS = 1 << 19       /* its proximal step may make a number larger */
};

/* How the elements of a matrix are grouped, see groups.h; {TC_BY_BLOCK, 1}: each is a group. */
enum { TC_BY_UNIT, TC_BY_INPUT, TC_BY_BLOCK, TC_BY_WHOLE }; /* the first in the order of the words in TC_BY_WORDS */
#define TC_BY_WORDS "unit|input"
typedef struct tc_grouping {
    int by;
    int64_t block;
} tc_grouping;

/* Shapes and ranges with which the generic tests run the operator. */
typedef struct tc_probe {
    const char *spec; /* "leaky_relu 0.2"; penalties with a lambda */
    const char *x[3]; /* shapes of the inputs without the batch, "4 6"; NULL ends. Class indices: "labels 3" if
                           * the rule knows the number of classes, "ids 7 3" for 7 classes */
    double low, high; /* range of x[0], uniform; that of further inputs is [0, 1) */
    double kink;      /* x[0] (a loss: x[0] - x[1]) is kept 0.02 away from +-kink; NAN: smooth */
} tc_probe;

/* A row of the table. The tables in it end with an empty entry. */
typedef struct tc_op {
    const char *name, *formula, *doc;
    const char *source; /* the paper or manual whose definition is used */
    const tc_role *role;
    /* A penalty on layers of this operator: put on their output, it gets the layer's inputs and parameters in x and the
     * layer's attributes in arg, and has no attributes itself. Gradients go only into the parameters: d of inputs is
     * NULL. */
    const struct tc_op *of;
    unsigned flags;
    tc_attribute attribute[TC_OWN_ATTRS + 1]; /* of type "value": the name of a value that becomes an input, or, for a
                                               * penalty, of a parameter that follows its inputs as a layer's do;
                                               * of type "values", the last positional: one or more of them */
    tc_limit limit[TC_OWN_ATTRS + 1];
    double lambda; /* scalar: the default of lambda; 0: that of the role */
    int inputs;    /* their number; penalties: the most that `joint` may give; 0: as the role */
    unsigned ids;  /* bit i: input i is class indices (int32); otherwise numbers (float32) */
    tc_param param[TC_MAX_PARAMS + 1];
    tc_param state[TC_OP_STATES + 1]; /* what it remembers; `axes` is not used */

    /* Makes something of the attributes, once for a layer or a term: a formula is compiled. What it puts in `made` of an
     * attribute is one block of memory, and is freed with the layer or term. False with the error, which points into the
     * source of the spec. NULL: the attributes say all. */
    bool (*prepare)(const struct tc_op *op, const tc_mem *m, const tc_spec *spec, tc_arg *arg, tacet_error *e);
    /* Adds what tacet_explain says about it, one line or more. NULL: nothing. */
    void (*tell)(const tc_arg *arg, tc_text *to);
    /* Checks input shapes and attributes (already known to be within their limits), and fills in y, param and state.
     * False with `why`. Scalar operators leave y unset. NULL: the rule of the role. */
    bool (*shape)(tc_sketch *s);
    /* Layer: the unit of input i that unit u of the output is made from, TC_NO_UNIT or TC_ALL_UNITS; for what can be
     * removed from a network (model/pruned.c). NULL: the same unit if the layer is TC_ELEMENTWISE, otherwise all, or
     * those that the letters of its first parameter tell. */
    int64_t (*unit)(const tc_sketch *s, int i, int64_t u);
    /* Floating-point operations of the forward pass, for all phases together: per element of its inputs, if that is
     * constant; otherwise flops(), for one row (or for a whole parameter). The backward pass counts as twice that. */
    double work;
    double (*flops)(const tc_sketch *s);
    /* Bytes to keep from forward to backward for a batch of `rows`, also in evaluation; NULL: 0. */
    int64_t (*save)(const tc_sketch *s, int64_t rows);
    /* How to divide the forward and the backward work. span_back NULL: as span. span NULL: elements for an elementwise
     * operator, whole rows if there is a batch, otherwise rows of x[0]; always in ranges of about TC_RANGE elements of
     * x[0]. */
    tc_span (*span)(const tc_call *c);
    tc_span (*span_back)(const tc_call *c);
    void (*forward)(const tc_call *c, int64_t begin, int64_t end);
    void (*backward)(const tc_call *c, int64_t begin, int64_t end);
    /* TC_WEIGHS: writes the weights of a range of the forward pass alone, as forward does, from what is fed and the
     * attributes: x[0].data need not be there. forward calls it too, and it makes the weights of several batches known
     * before the first one runs. NULL: they must be one batch. */
    void (*weigh)(const tc_call *c, int64_t begin, int64_t end);
    /* Whether weights can be other than 1 with these attributes; NULL: they can with any. */
    bool (*weighs)(const tc_arg *arg);
    /* The number of phases of each pass; 0 means 1. */
    int phases, phases_back;
    /* How many values of a unit, over the rows (of all ranks) and positions of a batch, a training step needs; 0: 1. A
     * step with fewer is refused before it begins. */
    int values;
    /* The *n adjacent numbers in `save` that are to be summed over all ranks when phase c->phase is done; NULL: this
     * phase has none (in evaluation, say). sums itself may be NULL, but an operator that mixes samples (TC_MIXES) then
     * cannot run on several ranks; a scalar one computes the same partial sums on every rank from these numbers, and
     * they are not summed again. */
    double *(*sums)(const tc_call *c, bool backward, int64_t *n);
    /* Bytes of scratch for each thread, for a batch of `rows`; NULL: 0. */
    int64_t (*scratch)(const tc_sketch *s, int64_t rows);
    /* Copies the new state from `save`, where the last forward pass in training left it: on one thread, after the
     * guard. (x and y may already be overwritten.) NULL: it remembers nothing. */
    void (*commit)(const tc_call *c);
    const tc_silent *silent; /* a layer that can run on firing lists; otherwise NULL */
    /* Scalar: turns the sum of all partials (a fixed tree, then over all ranks) into *result and returns it. Called
     * on one thread at the end of the forward pass, when x may already be overwritten but `save` is still valid. NULL:
     * sum / tc_denominator. */
    double (*finish)(const tc_call *c, double sum);
    /* The proximal step x <- argmin_z lambda f(z) + |z - x|^2 / (2 t), in place on x[0], where the argument t already
     * includes lambda over the denominator. NULL: no proximal step. It is a constraint's only function (t is then
     * unused). Ranges are those of span (NULL: elements). */
    void (*prox)(const tc_call *c, double t, int64_t begin, int64_t end);
    /* Constraint: changes the gradient of x[0], d[0], in place, once it has been summed over ranks and batches and before it
     * is clipped and used. Ranges are those of prox. projects: whether it does with these attributes. NULL: never. */
    void (*project)(const tc_call *c, int64_t begin, int64_t end);
    bool (*projects)(const tc_arg *arg);
    /* Penalty: which elements it pulls together, so that they become 0 together or not at all. A value of the batch is
     * grouped as a matrix [rows * positions, units]. NULL: each element is a group. */
    tc_grouping (*grouping)(const tc_arg *arg, bool batch);
    tc_probe probe[TC_PROBES + 1];
} tc_op;

static inline int tc_phases(const tc_op *op, bool backward)
{
    const int phases = backward ? op->phases_back : op->phases;
    return phases > 0 ? phases : 1;
}

static inline int tc_op_inputs(const tc_op *op) { return op->inputs ? op->inputs : op->role->inputs; }
static inline double tc_op_lambda(const tc_op *op) { return op->lambda != 0 ? op->lambda : op->role->lambda; }

/* Whether the zeros of its only input are zeros of its output, or (a pool) of a part of it. What blocks the gradient at
 * these zeros then blocks it through this operator. */
static inline bool tc_passes_zeros(const tc_op *op)
{
    return (op->flags & (TC_ELEMENTWISE | TC_PICKS)) && (op->flags & TC_KEEPS_ZEROS) && tc_op_inputs(op) == 1;
}

bool tc_op_shape(const tc_op *op, tc_sketch *s); /* limits of attributes, then the shape rule */

/* Makes what `made` of the arguments holds: lists of numbers, and what tc_op.prepare makes. tc_op_free_arg frees the
 * arguments (NULL: nothing) with all of it. */
bool tc_op_prepare(const tc_op *op, const tc_mem *m, const tc_spec *spec, tc_arg *arg, tacet_error *e);
void tc_op_free_arg(const tc_op *op, const tc_mem *m, tc_arg *arg);

/* Whether input i of the operator's calls is class indices; a penalty on a layer has the layer's inputs. */
static inline bool tc_takes_ids(const tc_op *op, int i) { return (op->of ? op->of : op)->ids >> i & 1; }

/* The attributes of its role that an operator can use. */
const tc_attribute *tc_common_shown(const tc_op *op);

/* The table, made from ops.def. */
int tc_op_count(void);
const tc_op *tc_op_at(int i);
const tc_op *tc_op_find(const char *name); /* or NULL */

/* ---- Helpers ----------------------------------------------------------------------------------------------------- */

/* The divisor of a scalar operator's sum. sample: global rows; sum: 1; mean: all elements (a loss: of its target; a
 * penalty: of all its inputs together), or the weights of the data (TC_WEIGHS); position: global rows times positions
 * (of x[0]; all inputs of a penalty have the same number). On parameters `sample` and `position` do not occur. With
 * weights for the samples a row counts as often as its weight says. Weights that are all 0: 1. */
double tc_denominator(const tc_call *c);

/* Whether the forward pass writes weights. */
static inline bool tc_has_weights(const tc_call *c) { return c->factor || (c->op->flags & TC_WEIGHS); }

/* Whether the denominator is a sum of weights of what is fed. tc_weigh writes those of a range of the forward pass to
 * tc_partial_weight, without x[0].data. */
bool tc_weighs(const tc_call *c);
void tc_weigh(const tc_call *c, int64_t begin, int64_t end);

/* Forward and backward of a loss whose samples have weights (weigh.c). */
void tc_weighed_forward(const tc_call *c, int64_t begin, int64_t end);
void tc_weighed_backward(const tc_call *c, int64_t begin, int64_t end);

/* lambda / denominator: the factor on every gradient that a scalar operator writes. */
static inline double tc_seed(const tc_call *c) { return *c->lambda / tc_denominator(c); }

/* The defaults of span, and other spans. */
tc_span tc_span_of(const tc_call *c, bool backward); /* for the plan */
/* Where the forward pass of a scalar operator writes the sum of the range that starts at `begin`. */
static inline double *tc_partial(const tc_call *c, int64_t begin)
{
    return begin == 0 ? c->partial : &c->partial[begin / tc_span_of(c, false).grain];
}
/* Likewise for the range's part of the denominator (TC_WEIGHS). */
static inline double *tc_partial_weight(const tc_call *c, int64_t begin)
{
    return c->weights + (tc_partial(c, begin) - c->partial);
}
tc_span tc_span_elements(const tc_call *c);
tc_span tc_span_rows(const tc_call *c);
tc_span tc_span_whole(const tc_call *c);     /* all at once */
tc_span tc_span_positions(const tc_call *c); /* a piece: the units of a position, of all inputs together (TC_VECTORS) */

/* Common shape rules: y has x[0]'s shape; a penalty on one weight of two dimensions or more; a loss on y and a target
 * of the same shape. */
bool tc_shape_same(tc_sketch *s);
bool tc_shape_last(tc_sketch *s); /* the same, for at least one dimension */
bool tc_shape_weight(tc_sketch *s);
bool tc_shape_pair(tc_sketch *s);
__attribute__((format(printf, 2, 3))) bool tc_shape_refuse(tc_sketch *s, const char *format, ...); /* fills why */

int64_t tc_unit_same(const tc_sketch *s, int i, int64_t u); /* tc_op.unit of layers that treat each unit alone */

tc_grouping tc_grouping_whole(const tc_arg *arg, bool batch); /* all elements as one */

#endif
