/* tacet.h: train neural networks in which any value can carry a penalty of its own.
 *
 * Read from top to bottom: describe a network as a graph, compile it into a plan, feed the plan and step it, read what
 * happened, save it. The catalogue at the end lists every word of the small language in which layers, losses,
 * penalties and optimizers are written:
 *
 *     name [positional ...] [key=value ...] [flag ...]          "linear 512", "l1 1e-4 reduce=sum", "sgd lr=0.1"
 *
 * The library never prints, never exits, keeps no global state and allocates nothing inside a step. A mistake in a
 * description stays on its graph and is reported once, by tacet_compile. What the world does (memory, files) comes back
 * as a status with a message in a struct that the caller owns.
 *
 * A struct that begins with `size_t size` can grow: later versions append fields. The caller sets size before each use,
 * `tacet_term t = {.size = sizeof t};`, so that a program and a library of different versions understand each other.
 * Where the caller fills the struct, fields that it does not have count as 0, and fields that the library does not know
 * must be 0, otherwise the call is refused. Where the library fills it, it writes the fields that it knows and that
 * there is room for, and sets the others to 0; size stays as it is. A size that was never set makes the call fail.
 * tacet_value, tacet_error, tacet_memory and tacet_note have no size and never grow.
 *
 * Threads: distinct objects may be used from distinct threads. One object must not be used from two threads at a time,
 * except a pool, which several plans may share. */
#ifndef TACET_TACET_H
#define TACET_TACET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TACET_API __attribute__((visibility("default")))
#else
#define TACET_API
#endif

#define TACET_VERSION "0.1.0"
TACET_API const char *tacet_version(void); /* of the library that is linked, "0.1.0" */

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

/* The numbers are also the exit codes of the program. */
typedef enum tacet_status {
    TACET_OK = 0,
    TACET_FAILED = 1,      /* the run failed: a call out of order, data that do not fit the network */
    TACET_DESCRIPTION = 2, /* a mistake in the small language, a shape, a selector, a configuration */
    TACET_FILE = 3,        /* a file was refused: truncated, mislabelled, lying about its size */
    TACET_MEMORY = 4,      /* an allocation failed */
    TACET_IO = 5,          /* the system could not open, read or write a file */
    TACET_NOT_FINITE = 6   /* the objective or a gradient is not a number; the weights are as before the step */
} tacet_status;

/* What went wrong. Owned by the caller, who may leave it uninitialised: it is written only on failure. `message` is one
 * sentence. Where the mistake is in a text, `source` holds that text, `column` (from 0) and `width` the place in it,
 * else column is -1. `hint` says what to do ("did you mean ...") or is empty. */
typedef struct tacet_error {
    tacet_status status;
    int column, width;
    char message[1024];
    char source[512];
    char hint[512];
} tacet_error;

/* Writes the error as lines for a person, with a caret under the place and no newline at the end, into text[capacity],
 * ended with a NUL. Returns the length that the whole needs, as snprintf does. */
TACET_API size_t tacet_error_text(const tacet_error *error, char *text, size_t capacity);

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Every allocation goes through one hook. resize(context, old, size): size 0 frees old; old NULL allocates; it returns
 * NULL when there is no memory, and old then stays valid. It may be called from the thread that uses the object. Where
 * a constructor takes `const tacet_memory *`, NULL means realloc and free; the struct must outlive the object. */
typedef struct tacet_memory {
    void *(*resize)(void *context, void *old, size_t size);
    void *context;
} tacet_memory;

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* Types of the numbers that a caller feeds. Inside, a value is TACET_F32, or TACET_I32 where it holds class indices. */
typedef enum tacet_type { TACET_F32 = 0, TACET_U8 = 1, TACET_I32 = 2, TACET_F64 = 3, TACET_I64 = 4 } tacet_type;

/* ---- Graph: the description ------------------------------------------------------------------------------------- */

typedef struct tacet_graph tacet_graph;

/* A value of a graph: an input, the output of a layer, a parameter. id 0 is no value: what a failed call returns, and
 * what every call accepts and passes on.
 *
 * A unit of a value is an index of its last dimension, the leading dimensions are its positions: [512] has 512 units
 * and one position, [T, D] has D units and T positions, [H, W, C] has C units and H * W positions. What is counted,
 * penalised or steered by units means these. */
typedef struct tacet_value {
    int32_t id;
} tacet_value;

/* NULL when out of memory; calls on such a graph do nothing, and tacet_compile says why. A graph may be freed as soon
 * as it is compiled: its plans keep what they need. (They still read it: while one runs in a thread, no other thread
 * may add to the graph.) */
TACET_API tacet_graph *tacet_graph_new(const tacet_memory *memory);
TACET_API void tacet_graph_free(tacet_graph *g); /* NULL is fine, here and in every other free */

/* An input of numbers, float32 [batch, shape...]. Shapes never name the batch.
 *
 * Names are unique. A name is segments of letters, digits and _ with dots between them, as PyTorch names its modules,
 * "layer1.0.conv1", in at most 127 bytes; "0" is one. */
TACET_API tacet_value tacet_input(tacet_graph *g, const char *name, int rank, const int64_t *shape);

/* An input of either type. TACET_F32 (classes 0) is what tacet_input makes. TACET_I32 holds class indices, int32
 * [batch, shape...]: labels, or words of a text. Each is from 0 and below `classes`; with classes 0 the input does not
 * say how many there are and what reads it does, as a loss that takes as many classes as it has logits. Class indices
 * are read only by layers and losses that ask for them, they have no gradient, and selectors pass over them. */
TACET_API tacet_value tacet_input_of(tacet_graph *g, const char *name, tacet_type type, int64_t classes, int rank,
                                     const int64_t *shape);

/* One label for each sample, int32 [batch]: tacet_input_of(g, name, TACET_I32, 0, 0, NULL). Where every position of a
 * sample has its own label, [batch, 12], give tacet_input_of that shape. (Targets of a regression are an input.) */
TACET_API tacet_value tacet_labels(tacet_graph *g, const char *name);

/* Puts layers after x, "linear 512 | relu | linear 10"; returns the last one's output. A layer is named and numbered
 * by its kind (linear1, relu1, linear2) unless name= says otherwise, and its name is that of its output; its parameters
 * are linear1.weight, linear1.bias: a parameter is what follows the last dot of its name. The stage `from NAME` goes on
 * from another value; `add NAME` joins one. x may be {0} when the chain begins with `from`.
 *
 * Layers may share parameters: "linear 512 weight=linear1.weight bias=linear1.bias" makes none of its own and uses
 * those of linear1, which must have been described before and have the shapes that it needs. "linear 784
 * weight=linear1.weight transposed" uses the transpose of a matrix, so that linear1.weight is [out, in] of the one and
 * [in, out] of the other. A shared parameter is one value under its owner's name: the gradients of all its users are
 * added, it is updated, penalised and saved once, and its options are those given under that name. */
TACET_API tacet_value tacet_chain(tacet_graph *g, tacet_value x, const char *layers);

/* Adds a loss to the objective: "cross_entropy", "mse reduce=sum", "huber delta=2 lambda=0.5". */
TACET_API void tacet_loss(tacet_graph *g, const char *loss, tacet_value y, tacet_value target);

/* Adds a penalty (or a constraint) on every value that the selector matches: "relu1", "linear*.weight", "linear2.*".
 * Each match is a term of its own, named relu1:l1, unless the penalty says `joint`: then all matches are one vector and
 * the term is named by the selector.
 *
 * A selector is a glob over names: * matches any text, ? any character, [ab] a or b. In the name of an input or a layer
 * they match dots as well. A parameter's name is matched in two parts, what precedes its last dot and what follows it,
 * by the two parts of the selector:
 *
 *     relu*            the layers relu1, relu2 ...; no parameter, as there is no dot
 *     *.weight         the weight of every layer, of layer1.0.conv1 as well
 *     linear2.*        the parameters of linear2
 *     layer1.*         all layers in layer1: layer1.0.conv1, layer1.0.relu; and the parameters of layer1 itself
 *     layer1.*.weight  the weights of all layers in layer1
 *     layer1.*.*       the parameters of all layers in layer1; and layers with two more dots, layer1.0.conv1
 *
 * A penalty whose selector matches parameters and other values is refused, since it can hardly be meant for both.
 * tacet_options means parameters alone. (Python's fnmatch over named_parameters knows no parts: "layer1.*" is every
 * parameter in layer1 there.)
 *
 * reduce= says what a penalty is divided by: "sample" (the default on values of the batch), "position", "mean" or "sum"
 * (the default on parameters). With "position", and where a penalty takes the units of a position as a vector, the
 * values of a joint term must have the same number of positions.
 *
 * Instead of a lambda, "l1 density=0.05" (or l0=40, the same in units that fire at a position) on an activation and
 * "l1 zeros=0.9 prox" on a parameter steer it to a target; "l1 1e-4 warmup=2 from=1 until=8 schedule=cosine" lets it
 * change over the run. Both count in epochs: tell tacet_config what one is (steps_per_epoch) and how many there are
 * (epochs). */
TACET_API void tacet_penalize(tacet_graph *g, const char *selector, const char *penalty);

/* Options for the parameters that match, over those of the optimizer: "lr=0.01 weight_decay=0", "frozen". Of two that
 * match one parameter the later wins, key by key. */
TACET_API void tacet_options(tacet_graph *g, const char *selector, const char *options);

/* Makes the values that match readable after a step or a forward pass (tacet_read). Inputs of losses, parameters and
 * inputs are always readable. tacet_keep_gradient does so for dObjective/dValue after a step (tacet_read_gradient). */
TACET_API void tacet_keep(tacet_graph *g, const char *selector);
TACET_API void tacet_keep_gradient(tacet_graph *g, const char *selector);

/* Whether a selector matches a value. False for class indices, which no selector means. */
TACET_API bool tacet_matches(const tacet_graph *g, const char *selector, tacet_value value);

/* The value of that name, or {0}. */
TACET_API tacet_value tacet_find(const tacet_graph *g, const char *name);

/* What the dimensions of a parameter are, a letter each, in the order in which it is read, written and saved: `o`
 * units, `i` inputs, any other letter a tap, a position in a kernel. "oi" is the weight of a linear layer, "oihw" would
 * be that of a convolution, "o" a bias. "" where nothing of that name has such letters. */
TACET_API const char *tacet_axes(const tacet_graph *g, const char *name);

/* The name of parameter i, from 0, that a layer uses: its own, "linear2.bias", or another layer's, "linear1.weight".
 * NULL after the last, and where no layer has that name. It lives as long as the graph. */
TACET_API const char *tacet_parameter(const tacet_graph *g, const char *layer, int i);

/* The first mistake in the description so far, or NULL. */
TACET_API const tacet_error *tacet_graph_error(const tacet_graph *g);

/* The graph in the small language, one part at a time, such that the same calls rebuild it. part is "input" (a line
 * each: "x 28 28" numbers and the shape of a row; "target labels" or "target labels 12" class indices whose number
 * what reads them says; "tokens int32 1000 12" class indices below 1000), "model" (a chain), "loss" ("linear3 target:
 * cross_entropy"), "penalties" ("relu1: l1 1e-4") or "options" ("linear1.*: lr=0.01"). Text and return value as
 * tacet_error_text. */
TACET_API size_t tacet_graph_text(const tacet_graph *g, const char *part, char *text, size_t capacity);

/* ---- Plan: compiled once, run many times ------------------------------------------------------------------------- */

typedef struct tacet_plan tacet_plan;
typedef struct tacet_pool tacet_pool;

/* A pool of threads, the caller's own among them, for plans to share. Must outlive them. */
TACET_API tacet_pool *tacet_pool_new(int threads, const tacet_memory *memory);
TACET_API void tacet_pool_free(tacet_pool *pool);

/* Several processes (or threads) that train one network together, each on its own rows of every batch.
 *
 * There are `count` ranks, and this one is `rank`, from 0. sum(context, numbers, type, n) replaces numbers[n], of type
 * TACET_F32, TACET_F64 or TACET_I64, by their sums over all ranks. It returns when they are there, and every rank gets
 * the same bits. (A sum in the order of the ranks does that, and MPI_Allreduce as it is usually built.)
 *
 * Every rank compiles the same graph with the same configuration, but for `ranks`, `batch`, `threads` and `pool`. All
 * make the same calls of tacet_step, tacet_forward, tacet_evaluate (and its parts), tacet_ledger_reset,
 * tacet_set_lambda and tacet_set_rate in the same order and feed the same inputs. How many rows a rank has in a step is
 * its own affair. Of a short batch it may have none (rows 0) as long as another rank has some. Its rows follow those of
 * the ranks before it.
 *
 * Parameters and their gradients, the objective, the results of terms, lambdas, the ledger and all counts are then the
 * same on every rank, to the bit where the processors are of one type. To rounding they are those of one rank that has
 * all rows. tacet_read of a value of the batch gives a rank its own rows. What cannot be shared out over ranks, such as
 * batch_topk, is refused by tacet_compile.
 *
 * sum is called on the thread that makes the call, and in these calls alone: compiling, reading, saving and loading
 * need no sums.
 *
 * A call that fails on one rank fails on all, and nothing is updated on any. The rank where it failed has the reason,
 * the others name that rank. Failure is agreed on by sums as well: if a sum fails on one rank, that rank still makes
 * the remaining sums of the call, and the last one tells every rank whether all went well. If the last one itself
 * fails, no other rank could hear of it any more, so the call counts as good. */
typedef struct tacet_ranks {
    size_t size;
    int rank, count; /* count 0 or 1: this rank is alone, and sum is never called */
    tacet_status (*sum)(void *context, void *numbers, tacet_type type, size_t n);
    void *context;
} tacet_ranks;

/* Whether products run on firing lists, which hold the nonzero elements of a value or a gradient alone. AUTO: where
 * this batch's exact density is below the break-even of the product's class of shape. The others are for comparing. */
typedef enum tacet_sparse { TACET_SPARSE_AUTO = 0, TACET_SPARSE_NEVER = 1, TACET_SPARSE_ALWAYS = 2 } tacet_sparse;

/* What to compile for. Start from TACET_CONFIG, which sets the size. What is left 0 has the default. */
typedef struct tacet_config {
    size_t size;
    int64_t batch;           /* rows that a step can take at most; 1 by default */
    const char *optimizer;   /* "sgd lr=0.1 momentum=0.9 schedule=cosine"; NULL: for inference, no gradients are held */
    uint64_t seed;           /* of the initial weights and of dropout */
    int threads;             /* threads of a pool of its own, when pool is NULL; 1 by default */
    tacet_pool *pool;        /* a shared one */
    int64_t steps_per_epoch; /* what schedules count in; 1 by default */
    double epochs;           /* how long the run is, for schedules that end with it and for targets, which are led to over
                                most of it; if 0, over 1000 steps */
    tacet_sparse sparse;     /* AUTO by default */
    int64_t ledger;          /* steps from one sample of gradient norms to the next; below 0: no ledger. 50 by default, and
                                then firing is counted where a penalty looks; if set, wherever an operator makes zeros */
    const tacet_ranks *ranks; /* the processes that train together, copied by tacet_compile; NULL: this one is alone.
                                 `batch` is that of this rank */
} tacet_config;
#define TACET_CONFIG .size = sizeof(tacet_config) /* {TACET_CONFIG, .batch = 32} */

/* Compiles the graph. NULL on failure, with the reason in *why (may be NULL): the graph's own first mistake, if there
 * is one. Parameters are initialised from the seed. One graph may be compiled many times. */
TACET_API tacet_plan *tacet_compile(tacet_graph *g, const tacet_config *config, tacet_error *why);
TACET_API void tacet_plan_free(tacet_plan *p);

/* Element j of a row is taken as data * scale[j] + shift[j]; with count 1 the one pair serves for all elements. */
typedef struct tacet_scaling {
    size_t size;
    int64_t count;
    const float *scale, *shift;
} tacet_scaling;

/* Says where the next step or forward pass takes input x from: rows one after another, [rows, shape...], row-major. The
 * data are read during that call, as many rows as it is given, and must stay valid until it returns. tacet_feed_rows
 * takes row index[i] of data as row i of the batch (index NULL: 0, 1, ...), scaled (scaling NULL: as they are);
 * `elements` is how many a row of data has, and is refused unless a row of x has as many.
 *
 * A float32 input takes any type. Class indices are fed as TACET_U8, TACET_I32 or TACET_I64 and are never scaled; the
 * step or forward pass that takes them checks each, and fails with the row, the element and the number of classes. */
TACET_API tacet_status tacet_feed(tacet_plan *p, tacet_value x, tacet_type type, const void *data);
TACET_API tacet_status tacet_feed_rows(tacet_plan *p, tacet_value x, tacet_type type, const void *data,
                                       int64_t elements, const int64_t *index, const tacet_scaling *scaling);

/* One training step on 1..batch rows (0..batch where there are several ranks): forward, backward, update. If it fails,
 * with TACET_NOT_FINITE for instance, nothing was updated. Every input that is needed must have been fed since the last
 * call. */
TACET_API tacet_status tacet_step(tacet_plan *p, int64_t rows);

/* The forward pass alone, in evaluation mode (dropout passes through). Inputs that only losses need may be left unfed:
 * the losses are then not computed. */
TACET_API tacet_status tacet_forward(tacet_plan *p, int64_t rows);

/* Sets the lambda of the term of that name, from the next step or forward pass on, to a finite number that is at least
 * 0. It replaces the number in the description. A schedule goes on and scales the new number. A term that was steered
 * to a target keeps this lambda from now on: given its own (tacet_term.lambda), it holds what it has reached.
 * Constraints have no lambda and are refused.
 *
 * tacet_set_rate does the same to the learning rate in the optimizer's description: its schedule goes on, and
 * parameters with an lr= of their own (tacet_options) keep it.
 *
 * tacet_term.lambda, tacet_objective and tacet_learning_rate have the new number at once, while the values of terms are
 * still those of the last call: read the figures of a step before. A plan for inference has no schedules: its lambda is
 * the number that was set.
 *
 * Both are kept in checkpoints; tacet_resume brings back what was set in the run that it resumes, and nothing else. */
TACET_API tacet_status tacet_set_lambda(tacet_plan *p, const char *term, double lambda);
TACET_API tacet_status tacet_set_rate(tacet_plan *p, double rate);

/* Why the last call on this plan failed. */
TACET_API const tacet_error *tacet_plan_error(const tacet_plan *p);

/* Copies a value of the last step or forward pass, [rows, shape...], or a parameter, as PyTorch has it ([out, in];
 * tacet_axes), into data[count]; count must be exact. tacet_read_gradient: dObjective/dValue of the last step;
 * parameters always have one unless frozen. tacet_write sets a parameter. */
TACET_API tacet_status tacet_read(tacet_plan *p, const char *name, float *data, size_t count);
TACET_API tacet_status tacet_read_gradient(tacet_plan *p, const char *name, float *data, size_t count);
TACET_API tacet_status tacet_write(tacet_plan *p, const char *name, const float *data, size_t count);

/* ---- What happened ----------------------------------------------------------------------------------------------- */

/* What a term, a value or an entry of the catalogue is. tacet_role_name gives the word, "penalty"; "" for anything
 * else. */
typedef enum tacet_role {
    TACET_ROLE_LAYER = 1, /* also of a value: the output of a layer */
    TACET_ROLE_LOSS,
    TACET_ROLE_PENALTY,
    TACET_ROLE_CONSTRAINT,
    TACET_ROLE_OPTIMIZER,
    TACET_ROLE_SCHEDULE,
    TACET_ROLE_DATA,
    TACET_ROLE_INPUT,
    TACET_ROLE_LABELS, /* an int32 input that leaves it to its readers how many classes there are */
    TACET_ROLE_PARAMETER
} tacet_role;
TACET_API const char *tacet_role_name(tacet_role role);

/* A term of the objective. objective = sum of lambda * value over all terms, exactly what is differentiated. */
typedef struct tacet_term {
    size_t size;
    tacet_role role;    /* a loss, a penalty or a constraint */
    const char *name;   /* "relu1:l1" */
    const char *on;     /* "relu1"; of a joint term its selector */
    const char *kind;   /* "l1", the name of the operator */
    const char *spec;   /* "l1 1e-4 reduce=sum", as it was given */
    const char *reduce; /* "sample", "sum", "mean", "position" */
    const char *note;   /* what a reader of the figures must know, or "" */
    double lambda, value; /* of the last step or forward pass; value NAN where the term was not computed */
    bool prox;            /* acts by its proximal step after the update, not by its gradient */
} tacet_term;

TACET_API int tacet_term_count(const tacet_plan *p);
TACET_API tacet_status tacet_term_at(const tacet_plan *p, int i, tacet_term *term);
TACET_API double tacet_term_value(const tacet_plan *p, const char *name); /* without lambda; NAN if there is none */
TACET_API double tacet_objective(const tacet_plan *p);                    /* all terms */
TACET_API double tacet_data_loss(const tacet_plan *p);                    /* the losses alone */
TACET_API double tacet_gradient_norm(const tacet_plan *p);                /* over all parameters, last step */
TACET_API double tacet_learning_rate(const tacet_plan *p);                /* of the last step, or the first to come */
TACET_API int64_t tacet_steps(const tacet_plan *p);                       /* training steps done */

/* Rows of the last step or forward pass on this rank, those that tacet_read gives; 0 before the first, and when the
 * last was refused. */
TACET_API int64_t tacet_rows(const tacet_plan *p);

/* Value k, from 0, that term i is on; {0} past the last one. A joint term is on several; a loss is on the output and
 * then the target. */
TACET_API tacet_value tacet_term_on(const tacet_plan *p, int i, int k);

/* A value, in the order of the graph: value i is the one whose handle has the id i + 1. Strings live as long as the
 * plan. */
typedef struct tacet_value_info {
    size_t size;
    tacet_role role;       /* an input, labels, a parameter, or (the output of) a layer */
    const char *name;
    const char *kind;      /* the name of the layer's operator, "linear"; otherwise that of the role, "parameter" */
    const char *spec;      /* "linear 512", or "" */
    tacet_value value;     /* its handle in the graph */
    int rank;              /* of shape, without the batch */
    int64_t shape[8];      /* of a parameter: as tacet_read gives it */
    bool batch;            /* is [batch, shape...] */
    bool trainable;        /* a parameter that is not frozen */
    bool silent;           /* its operator makes exact zeros: density and dead are counted */
    int64_t elements;      /* the product of shape: elements of a row, or of a parameter */
    int64_t units;         /* the last dimension, 1 for a scalar; of a parameter: its layer's, so of a weight
                              [out, in] out */
    /* Counted over the forward passes since the last tacet_reset_counts: */
    int64_t dead;          /* units that never fired, at any position */
    double density;        /* share of elements that are not 0; NAN when nothing was counted */
    /* Share of the training steps so far in which a product ran on this value's firing list (forward), on it or on that
     * of a gradient with the same silence (backward). NAN without a list or before the first step. (Each rank has its own.) */
    double sparse_forward, sparse_backward;
    tacet_type type;       /* TACET_F32; TACET_I32: class indices */
    int64_t classes;       /* of class indices: each is below it. The least of what the input and its readers say; 0
                              where none of them does */
    tacet_value owner;     /* of a parameter: the output of the layer that made it; otherwise {0} */
} tacet_value_info;

/* How often the units of a value fired. */
typedef struct tacet_firing {
    size_t size;
    int64_t rows;          /* rows times positions that were counted: [14, 14, 32] has 196 a row */
    int64_t units;         /* the last dimension */
    double density;        /* share of elements that are not 0; NAN when nothing was counted */
    int64_t dead;          /* units that never fired */
    int64_t histogram[10]; /* units by the share of `rows` at which they fired: [0, 0.1), [0.1, 0.2) ... [0.9, 1] */
    double natural;        /* training: the density in the very first step, before any update; else NAN */
} tacet_firing;

/* Of value i: over the training steps since the ledger was reset, or over the forward passes since
 * tacet_reset_counts. tacet_dead_units: the numbers of the units that never fired, ascending, as many as there is room
 * for; returns how many there are. */
TACET_API tacet_status tacet_firing_at(const tacet_plan *p, int i, bool training, tacet_firing *firing);
TACET_API size_t tacet_dead_units(const tacet_plan *p, int i, bool training, int64_t *unit, size_t capacity);

TACET_API int tacet_value_count(const tacet_plan *p);
TACET_API tacet_status tacet_value_at(const tacet_plan *p, int i, tacet_value_info *info);
TACET_API void tacet_reset_counts(tacet_plan *p);

/* Value k, from 0, that value i is computed from; {0} past the last one. First come the inputs of its layer, then the
 * parameters, both those that it owns (tacet_value_info.owner) and those of other layers that it uses. */
TACET_API tacet_value tacet_value_input(const tacet_plan *p, int i, int k);

/* ---- The ledger -------------------------------------------------------------------------------------------------- */

/* What training did since the ledger was reset: sums over steps, given as means over rows. Its figures are the same at
 * any number of threads, after a resume, and, to rounding, on firing lists or without. It is reset when an epoch
 * begins, say. */
typedef struct tacet_total {
    size_t size;
    int64_t steps, rows;
    double objective, data_loss;
} tacet_total;
TACET_API tacet_status tacet_ledger_total(const tacet_plan *p, tacet_total *total);
TACET_API void tacet_ledger_reset(tacet_plan *p);

/* The same of term i. Norms of gradients are means over the steps that were sampled (tacet_config.ledger), at the
 * values that the term is about: that of lambda times its own gradient, and that of the losses' alone. Where a value's
 * silence blocks its gradient, both count what fired. A proximal step's own gradient is that of its formula. */
typedef struct tacet_account {
    size_t size;
    double value, lambda;           /* means over rows; NAN: there was no step */
    double share;                   /* of lambda * value in the objective */
    double gradient, data_gradient; /* NAN: nothing was sampled, or the losses send no gradient there */
    double target, due;             /* the density that lambda is steered to, and the one on the way there that the last
                                       step was to have; NAN: it is not steered */
    int bound;                      /* lambda is at its lower (-1) or upper (1) bound; else 0 */
    int64_t zeros;                  /* exact ones: in all rows that were counted; of a parameter: now */
    int64_t inputs, empty_inputs;   /* of a weight, which has two dimensions or more: its inputs, and those out of which
                                       all weights are 0, at every tap; otherwise 0 */
} tacet_account;
TACET_API tacet_status tacet_account_at(const tacet_plan *p, int i, tacet_account *account);

/* How often the units of all values of term i fired, together (rows: of the last). A parameter has no rows: its density
 * is that of now, and a dead unit is one into which all weights are 0, from every input and tap. */
TACET_API tacet_status tacet_term_firing(const tacet_plan *p, int i, tacet_firing *firing);

/* The largest lambda with which penalty `term` changes anything, estimated from the forces before training: with a
 * larger one the penalty pulls harder at every element (group, vector) than the losses do at any, so that all of them
 * go to 0. Runs what was fed forward and backward on `rows` rows, as tacet_step does, but updates nothing; no values
 * can be read until the next step. Other penalties play no part, nor does the term's own lambda or schedule. NAN: the
 * penalty or the losses do not pull there. Fails in a plan without an optimizer or without a ledger, where there are
 * several ranks, and with TACET_NOT_FINITE where the losses are not finite. */
TACET_API tacet_status tacet_lambda_max(tacet_plan *p, int term, int64_t rows, double *lambda);

/* The i-th warning from the ledger; TACET_FAILED past the last one. kind ("dead", "no effect") together with `on`, a
 * term or a value, tells warnings apart; text says what is so and what to do. Strings live as long as the plan. */
typedef struct tacet_warning {
    size_t size;
    const char *on, *kind;
    char text[512];
} tacet_warning;
TACET_API tacet_status tacet_warning_at(const tacet_plan *p, int i, tacet_warning *warning);

/* The compiled steps, with shapes, flops, bytes and the size of the arena, as text. Return value as
 * tacet_error_text. */
TACET_API size_t tacet_explain(const tacet_plan *p, char *text, size_t capacity);

/* ---- Data -------------------------------------------------------------------------------------------------------- */

typedef struct tacet_data tacet_data;
typedef struct tacet_loader tacet_loader;

/* Opens "idx DIR", "npy x=FILE y=FILE", "csv FILE label=COLUMN". part is "train" or "test"; a source without a test
 * part refuses it. The data stay in memory as they are stored. */
TACET_API tacet_data *tacet_data_open(const char *source, const char *part, const tacet_memory *memory,
                                      tacet_error *why);
TACET_API void tacet_data_free(tacet_data *d);

typedef struct tacet_data_info {
    size_t size;
    int64_t rows;
    int rank;              /* of a row of x */
    int64_t shape[8];
    tacet_type type;       /* as stored */
    int64_t classes;       /* labels are 0..classes-1; 0 where there are none */
    int target_rank;       /* of a row of a regression's targets; -1 where there are none */
    int64_t target_shape[8];
    const char *spec;      /* the source in the small language, resolved */
    bool has_test;         /* part "test" can be opened */
    int stored_rank;       /* of a row of x in the file, [28, 28], whether or not it is fed as one vector */
    int64_t stored_shape[8];
    int label_rank;        /* of a row of labels: 0 where each row has one */
    int64_t label_shape[8];
} tacet_data_info;
TACET_API tacet_status tacet_data_describe(const tacet_data *d, tacet_data_info *info);

/* Takes a share (0 < share < 1) of the rows, chosen by seed, out of d into a new one, which shares d's storage; d must
 * outlive it. Before loaders of d are made. NULL on failure. */
TACET_API tacet_data *tacet_data_hold_out(tacet_data *d, double share, uint64_t seed, tacet_error *why);

/* How x is scaled when it is fed, as text to be stored with a model and set on other data of the same shape. */
TACET_API size_t tacet_data_scaling(const tacet_data *d, char *text, size_t capacity);
TACET_API tacet_status tacet_data_set_scaling(tacet_data *d, const char *text, tacet_error *why);

/* The words of a column of labels, a line each, in the order of their classes; "" where classes are numbers to begin
 * with. Other data may hold other words, or not all: setting the text that was stored with a model numbers their labels
 * as the model does, and refuses a word that it does not know. Before a share is held out. */
TACET_API size_t tacet_data_classes(const tacet_data *d, char *text, size_t capacity);
TACET_API tacet_status tacet_data_set_classes(tacet_data *d, const char *text, tacet_error *why);

/* Goes over the rows in batches; in an order drawn from (seed, epoch), or as they are in the file. */
TACET_API tacet_loader *tacet_loader_new(const tacet_data *d, int64_t batch, uint64_t seed, bool shuffle,
                                         tacet_error *why);
TACET_API void tacet_loader_free(tacet_loader *l);
TACET_API int64_t tacet_loader_batches(const tacet_loader *l); /* in an epoch */

/* Feeds the next batch to x and target (either may be {0}); returns its rows, 0 at the end of the epoch (the next call
 * begins the next one), or -1 when the plan refuses the feed (tacet_plan_error). What it feeds stays valid until the
 * next call. */
TACET_API int64_t tacet_loader_next(tacet_loader *l, tacet_plan *p, tacet_value x, tacet_value target);

/* Where the loader stands: batch `position` of epoch `epoch`, both from 0; and back there. */
TACET_API void tacet_loader_tell(const tacet_loader *l, int64_t *epoch, int64_t *position);
TACET_API void tacet_loader_seek(tacet_loader *l, int64_t epoch, int64_t position);

/* ---- Evaluation -------------------------------------------------------------------------------------------------- */

typedef struct tacet_result {
    size_t size;
    int64_t rows;
    double objective, data_loss; /* means over the rows */
    double accuracy;             /* share of labels that are the largest output of their position; NAN without labels */
} tacet_result;

/* Runs the whole epoch in which the loader stands forward. Afterwards the values of terms are means over all rows, and
 * densities and dead units those of this pass. y [batch, ..., classes] holds the answers: the largest entry over its
 * last dimension is compared with the label in target [batch, ...]. With a target of another shape, or one that is not
 * class indices, where a batch had no labels, or where y cannot be read (tacet_keep), accuracy is NAN.
 *
 * Where there are several ranks each gives a loader over its own share of the data and gets the figures of all rows.
 * The loaders must have the same number of batches (tacet_loader_batches), which is checked. The batches may be of
 * different sizes. */
TACET_API tacet_status tacet_evaluate(tacet_plan *p, tacet_loader *l, tacet_value x, tacet_value target, tacet_value y,
                                      tacet_result *result);

/* The same on batches that the caller feeds: tacet_evaluate_begin; for each batch tacet_feed and then
 * tacet_evaluate_batch, which is tacet_forward and adds up what it finds; tacet_evaluate_end, which gives the result. A
 * batch that fails adds nothing. tacet_evaluate_begin drops an evaluation that has not ended.
 *
 * Several ranks make the same calls, each with its own rows of every batch. A rank that cannot feed its rows says so by
 * rows -1: the call then fails on all ranks, where they would otherwise wait for it. */
TACET_API void tacet_evaluate_begin(tacet_plan *p, tacet_value target, tacet_value y);
TACET_API tacet_status tacet_evaluate_batch(tacet_plan *p, int64_t rows);
TACET_API tacet_status tacet_evaluate_end(tacet_plan *p, tacet_result *result);

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* A note that travels with a file: free text by key. Keys that begin with "tacet." are the library's. */
typedef struct tacet_note {
    const char *key, *text;
} tacet_note;

/* Saves the parameters as safetensors: names and layout ([out, in]; tacet_axes) as PyTorch has them, so that
 * module.load_state_dict(safetensors.torch.load_file(path)) works on a module with the same names. The description of
 * the network rides in the metadata. Written beside path, synced, then renamed: path is the old file or the new one. */
TACET_API tacet_status tacet_save(const tacet_plan *p, const char *path, int notes, const tacet_note *note,
                                  tacet_error *why);

/* A model or a checkpoint that was opened. */
typedef struct tacet_file tacet_file;
TACET_API tacet_file *tacet_file_open(const char *path, const tacet_memory *memory, tacet_error *why);
TACET_API void tacet_file_free(tacet_file *f);
TACET_API const char *tacet_file_note(const tacet_file *f, const char *key); /* or NULL */
TACET_API int tacet_file_count(const tacet_file *f);                         /* tensors */
TACET_API tacet_status tacet_file_tensor(const tacet_file *f, int i, const char **name, int *rank,
                                         const int64_t **shape, const float **data);

/* Rebuilds the graph from a model's metadata alone; NULL on failure. */
TACET_API tacet_graph *tacet_file_graph(const tacet_file *f, const tacet_memory *memory, tacet_error *why);

/* Sets the plan's parameters from the file, by name and shape. strict: every parameter must be there and every tensor
 * be used; else what matches is taken and the number of parameters that were set is left in *taken (may be NULL). */
TACET_API tacet_status tacet_file_load(const tacet_file *f, tacet_plan *p, bool strict, int *taken, tacet_error *why);

/* A checkpoint holds all that the rest of a run depends on: parameters, optimizer state, lambdas and rates, the step,
 * the seed, the loader's place (l may be NULL). A resumed run ends with the same bits as one that was never stopped. */
TACET_API tacet_status tacet_checkpoint(const tacet_plan *p, const tacet_loader *l, const char *path, int notes,
                                        const tacet_note *note, tacet_error *why);
TACET_API tacet_status tacet_resume(tacet_plan *p, tacet_loader *l, const tacet_file *f, tacet_error *why);

/* ---- Catalogue --------------------------------------------------------------------------------------------------- */

/* A word of the small language. */
typedef struct tacet_entry {
    size_t size;
    tacet_role role; /* a layer, a loss, a penalty, a constraint, an optimizer, a schedule or a source of data */
    const char *name, *formula, *doc, *source;
    int attributes; /* tacet_attribute_at has them */
    bool mixes; /* what it gives for a sample depends on the others of its batch */
    /* Of a layer: the names of its parameters, "weight", "bias"; NULL ends. weight=LAYER.weight among its attributes
     * uses that of another layer. */
    const char *parameter[5];
} tacet_entry;

TACET_API int tacet_entry_count(void);
TACET_API tacet_status tacet_entry_at(int i, tacet_entry *entry);

/* Attribute i of an entry: first its own, then those that all entries of its role share. TACET_FAILED past the last
 * one. */
typedef struct tacet_attribute {
    size_t size;
    const char *name, *type; /* "float", "int", "bool", "text", or the words to choose from, "mean|sum|sample" */
    const char *preset;      /* the default; NULL where it must be given */
    const char *doc;
    bool positional;
    bool common;             /* all entries of the role have it */
} tacet_attribute;
TACET_API tacet_status tacet_attribute_at(int entry, int i, tacet_attribute *attribute);

/* Where a description sets an attribute. */
typedef struct tacet_setting {
    size_t size;
    int entry, attribute; /* as tacet_attribute_at takes them; -1: there was a mistake. Parameters of other layers,
                             weight=linear1.weight, follow the attributes that it knows */
    bool given;           /* in the description; otherwise the value is its preset */
    int column, width;    /* of the value in the text, with its quotes; -1 and 0 if it is not given */
} tacet_setting;

/* The value of the attribute `key` in a description of that role, "1e-4" of lambda in "l1 1e-4 reduce=sum", whether it
 * is given by its key, by its position or as a flag. It need not be a value of the attribute's type. Where role is
 * TACET_ROLE_PENALTY the description may be a constraint. Text (without quotes) and return value as tacet_error_text. On a
 * mistake in the text, or an unknown key, it returns 0 and says why in *why (may be NULL). */
TACET_API size_t tacet_spec_find(tacet_role role, const char *text, const char *key, tacet_setting *setting,
                                 char *value, size_t capacity, tacet_error *why);

/* Writes the description with the attribute set to `value`, as key=value, with quotes if need be: in the place of the
 * value that it has, otherwise at the end. The rest of the text stays as it is. Return value as tacet_error_text. On a
 * mistake in the text, or in what it becomes, it returns 0 and says why in *why (may be NULL), whose `source` is the
 * one or the other. */
TACET_API size_t tacet_spec_set(tacet_role role, const char *text, const char *key, const char *value, char *to,
                                size_t capacity, tacet_error *why);

/* Reads the whole of a text as a value of an attribute of that type: "float" into *number, "int", "bool" (1 or 0) and
 * "a|b|c" (which of the words, from 0) into *integer and, rounded, into *number; of any other type both become 0.
 * Numbers are decimal, in the C locale, and finite. Returns false if the text is not such a value, and then writes
 * nothing. number and integer may be NULL. */
TACET_API bool tacet_spec_number(const char *type, const char *text, double *number, int64_t *integer);

/* ---- The machine ------------------------------------------------------------------------------------------------- */

/* Compiler and flags, CPU features in use, BLAS and its core type, one "key: value" a line. */
TACET_API size_t tacet_machine(char *text, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
