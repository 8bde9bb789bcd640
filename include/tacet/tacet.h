/* tacet.h: train neural networks in which any value can have its own penalty.
 *
 * Read this file from top to bottom: describe a network as a graph, compile the graph into a plan, feed the plan and
 * step it, read what happened, save the result. The catalogue at the end lists every word of the small language in
 * which layers, losses, penalties and optimizers are written:
 *
 *     name [positional ...] [key=value ...] [flag ...]          "linear 512", "l1 1e-4 reduce=sum", "sgd lr=0.1"
 *
 * The library never prints, never exits, keeps no global state and allocates nothing inside a step. The graph keeps the
 * first mistake in its description, and tacet_compile reports it. Other failures (memory, files) are returned as a
 * status, with a message in a struct that the caller owns.
 *
 * A struct that begins with `size_t size` can grow: later versions append fields. The caller sets size before each use,
 * `tacet_term t = {.size = sizeof t};`, so that a program works with a library of a different version. Where the caller
 * fills in the struct, fields that it lacks count as 0, and fields that the library does not know must be 0; otherwise
 * the call is refused. Where the library fills it in, it writes the fields that it knows and that fit into size bytes,
 * sets the rest to 0, and leaves size unchanged. A size that was never set makes the call fail. tacet_value,
 * tacet_error, tacet_memory and tacet_note have no size field and never grow.
 *
 * Threads: different objects may be used from different threads. One object must not be used from two threads at the
 * same time, except a pool, which several plans may share. */
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
TACET_API const char *tacet_version(void); /* the version of the linked library, "0.1.0" */

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

/* The numbers are also the exit codes of the program. */
typedef enum tacet_status {
    TACET_OK = 0,
    TACET_FAILED = 1,      /* the run failed: calls in the wrong order, data that do not fit the network */
    TACET_DESCRIPTION = 2, /* a mistake in the small language, a shape, a selector, a configuration */
    TACET_FILE = 3,        /* a file was refused: truncated, in the wrong format, or not of the size that it claims */
    TACET_MEMORY = 4,      /* an allocation failed, or the system refused a thread */
    TACET_IO = 5,          /* the system could not open, read or write a file */
    TACET_NOT_FINITE = 6   /* the objective, a gradient or the update is not finite; all is as before the step */
} tacet_status;

/* What went wrong. The struct belongs to the caller, who may leave it uninitialised: it is written only on failure.
 * `message` is one sentence. If the mistake is in a text, `source` holds that text, and `column` (from 0) and `width`
 * give the place in it; otherwise column is -1. `hint` says what to do ("did you mean ..."), or is empty. */
typedef struct tacet_error {
    tacet_status status;
    int column, width;
    char message[1024];
    char source[512];
    char hint[512];
} tacet_error;

/* Writes the error as lines for a person to read, with a caret under the place and no newline at the end, into
 * text[capacity], terminated by a NUL. Returns the length of the whole text, which may exceed the capacity, as snprintf
 * does. Here and in other calls that write into text[capacity] nothing is allocated, so they cannot run out of memory. */
TACET_API size_t tacet_error_text(const tacet_error *error, char *text, size_t capacity);

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Every allocation goes through one hook. resize(context, old, size): with size 0 it frees old; with old NULL it
 * allocates; when out of memory it returns NULL, and old stays valid. It is called from the thread that uses the
 * object. Where a constructor takes `const tacet_memory *`, NULL means realloc and free. The struct must outlive the
 * object.
 *
 * What the system allocates for itself does not go through it: the stacks of a pool's threads (pthread_create), a folder
 * while its names are read (opendir), a long table while it is sorted (qsort), mapped files, and what BLAS and libjpeg
 * need. While files of images are decoded, the hook is called from the threads of a pool, but never by two at the same
 * time. */
typedef struct tacet_memory {
    void *(*resize)(void *context, void *old, size_t size);
    void *context;
} tacet_memory;

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* Types of the numbers that a caller feeds. Inside the library, a value is TACET_F32, or TACET_I32 if it holds class
 * indices. */
typedef enum tacet_type { TACET_F32 = 0, TACET_U8 = 1, TACET_I32 = 2, TACET_F64 = 3, TACET_I64 = 4 } tacet_type;

/* ---- Graph: the description ------------------------------------------------------------------------------------- */

typedef struct tacet_graph tacet_graph;

/* A value of a graph: an input, the output of a layer, or a parameter. id 0 means "no value": a failed call returns it,
 * and every call accepts it and passes it on.
 *
 * A unit of a value is an index of its last dimension; the leading dimensions are its positions. [512] has 512 units
 * and one position, [T, D] has D units and T positions, [H, W, C] has C units and H * W positions. Units are counted,
 * penalised and steered in this sense everywhere. */
typedef struct tacet_value {
    int32_t id;
} tacet_value;

/* Makes an empty graph. NULL when out of memory; calls on a NULL graph do nothing, and tacet_compile reports it. A
 * graph may be freed as soon as it is compiled: its plans keep what they need. (They still read it: while a plan runs
 * in one thread, no other thread may add to its graph.) */
TACET_API tacet_graph *tacet_graph_new(const tacet_memory *memory);
TACET_API void tacet_graph_free(tacet_graph *g); /* NULL is allowed, here and in every other free */

/* An input of numbers, float32 [batch, shape...]. Shapes never include the batch.
 *
 * Names are unique. A name consists of segments of letters, digits and _, separated by dots, as PyTorch names its
 * modules: "layer1.0.conv1". It is at most 127 bytes long. "0" is a valid name. */
TACET_API tacet_value tacet_input(tacet_graph *g, const char *name, int rank, const int64_t *shape);

/* An input of either type. TACET_F32 (with classes 0) is what tacet_input makes. TACET_I32 holds class indices, int32
 * [batch, shape...]: labels, or words of a text. Each is at least 0 and below `classes`. With classes 0 the number of
 * classes is set by what reads the input, such as a loss with as many classes as it has logits. Class indices are read
 * only by layers and losses that ask for them, have no gradient, and are skipped by selectors. */
TACET_API tacet_value tacet_input_of(tacet_graph *g, const char *name, tacet_type type, int64_t classes, int rank,
                                     const int64_t *shape);

/* One label for each sample, int32 [batch]: the same as tacet_input_of(g, name, TACET_I32, 0, 0, NULL). If every
 * position of a sample has its own label, [batch, 12], give that shape to tacet_input_of. (Regression targets are a
 * tacet_input.) */
TACET_API tacet_value tacet_labels(tacet_graph *g, const char *name);

/* Adds layers after x, "linear 512 | relu | linear 10", and returns the output of the last one. A layer is named after
 * its kind and numbered (linear1, relu1, linear2) unless name= names it, and its output has the same name. Its
 * parameters are linear1.weight and linear1.bias: the part after the last dot is the parameter. The stage `from NAME`
 * continues from another value; `add NAME` adds another value. x may be {0} if the chain begins with `from`.
 *
 * Layers may share parameters: "linear 512 weight=linear1.weight bias=linear1.bias" makes no parameters and uses those
 * of linear1, which must already have been described and have the required shapes. "linear 784 weight=linear1.weight
 * transposed" uses the transpose of a matrix, so that linear1.weight is [out, in] for one layer and [in, out] for the
 * other. A shared parameter is one value under its owner's name: the gradients of all its users are added; it is
 * updated, penalised and saved once; and its options are those given under that name. "linear 784
 * init_transpose=linear1.weight" has a weight of its own, which only begins as that transpose. */
TACET_API tacet_value tacet_chain(tacet_graph *g, tacet_value x, const char *layers);

/* Adds a loss to the objective: "cross_entropy", "mse reduce=sum", "huber delta=2 lambda=0.5". */
TACET_API void tacet_loss(tacet_graph *g, const char *loss, tacet_value y, tacet_value target);

/* Adds a penalty (or a constraint) on every value that the selector matches: "relu1", "linear*.weight", "linear2.*".
 * Each match becomes a separate term, named relu1:l1, unless the penalty says `joint`: then all matches form one
 * vector, and the term is named after the selector.
 *
 * A selector is a glob over names: * matches any text, ? any character, [ab] a or b. In the name of an input or a layer
 * they also match dots. The name of a parameter is split at its last dot, and so is the selector; each part of the
 * selector must match that part of the name:
 *
 *     relu*            the layers relu1, relu2 ...; no parameters, since it has no dot
 *     *.weight         the weight of every layer, including layer1.0.conv1
 *     linear2.*        the parameters of linear2
 *     layer1.*         all layers in layer1: layer1.0.conv1, layer1.0.relu; and the parameters of layer1 itself
 *     layer1.*.weight  the weights of all layers in layer1
 *     layer1.*.*       the parameters of all layers in layer1; and layers with two or more dots, layer1.0.conv1
 *
 * A penalty whose selector matches both parameters and other values is refused, because that is probably a mistake. In
 * tacet_options selectors match only parameters. (fnmatch over PyTorch's named_parameters does not split names: with it
 * "layer1.*" matches every parameter in layer1.)
 *
 * reduce= says what a penalty is divided by: "sample" (the default on values of the batch), "position", "mean" or "sum"
 * (the default on parameters). With "position", and with a penalty that treats the units of a position as a vector, the
 * values of a joint term must have the same number of positions.
 *
 * Instead of a lambda, "l1 density=0.05" (or l0=40, the same as a number of units that fire at a position) on an
 * activation and "l1 zeros=0.9 prox" on a parameter steer it to a target; "l1 1e-4 warmup=2 from=1 until=8
 * schedule=cosine" changes it over the run. Both count time in epochs: set the length of an epoch
 * (tacet_config.steps_per_epoch) and the number of epochs (tacet_config.epochs). */
TACET_API void tacet_penalize(tacet_graph *g, const char *selector, const char *penalty);

/* Sets options for the parameters that match, which override those of the optimizer: "lr=0.01 weight_decay=0",
 * "frozen". If several match the same parameter, the last one wins, key by key. */
TACET_API void tacet_options(tacet_graph *g, const char *selector, const char *options);

/* Makes the values that match readable after a step or a forward pass (tacet_read). Inputs, parameters and what losses
 * read are always readable. tacet_keep_gradient does the same for dObjective/dValue after a step
 * (tacet_read_gradient). */
TACET_API void tacet_keep(tacet_graph *g, const char *selector);
TACET_API void tacet_keep_gradient(tacet_graph *g, const char *selector);

/* Makes the values that match take gradients from the caller (tacet_add_gradient), even if no term depends on them. Their
 * gradients are readable too. */
TACET_API void tacet_take_gradient(tacet_graph *g, const char *selector);

/* Whether a selector matches a value. False for class indices, which no selector matches. */
TACET_API bool tacet_matches(const tacet_graph *g, const char *selector, tacet_value value);

/* The value with that name, or {0} if it does not exist. */
TACET_API tacet_value tacet_find(const tacet_graph *g, const char *name);

/* What the dimensions of a parameter mean, one letter each, in the order in which it is read, written and saved: `o`
 * units, `i` inputs, any other letter a tap (a position in a kernel). "oi" is the weight of a linear layer, "oihw"
 * that of a convolution, "o" a bias. "" if no parameter with such letters has that name. */
TACET_API const char *tacet_axes(const tacet_graph *g, const char *name);

/* The groups into which the units of a weight are divided, each with inputs of its own, as in a grouped convolution; 1 for
 * any other value, 0 if no value has that name. */
TACET_API int64_t tacet_groups(const tacet_graph *g, const char *name);

/* The name of parameter i (from 0) of a layer: its own, "linear2.bias", or one that it shares, "linear1.weight". NULL
 * past the last one, and if no layer has that name. The string lives as long as the graph. */
TACET_API const char *tacet_parameter(const tacet_graph *g, const char *layer, int i);

/* The first mistake in the description so far, or NULL. */
TACET_API const tacet_error *tacet_graph_error(const tacet_graph *g);

/* The graph in the small language, one part at a time, from which the same calls rebuild it. part is "input" (one line
 * each: "x 28 28" is numbers with rows of that shape; "target labels" or "target labels 12" is class indices whose
 * number is set by what reads them; "tokens int32 1000 12" is class indices below 1000), "model" (a chain), "loss"
 * ("linear3 target: cross_entropy"), "penalties" ("relu1: l1 1e-4"), "options" ("linear1.*: lr=0.01") or "operators", those
 * of the caller's own that it names ("penalty log_penalty"). Text and return value as in tacet_error_text. */
TACET_API size_t tacet_graph_text(const tacet_graph *g, const char *part, char *text, size_t capacity);

/* ---- Plan: compiled once, run many times ------------------------------------------------------------------------- */

typedef struct tacet_plan tacet_plan;
typedef struct tacet_pool tacet_pool;

/* A pool of threads, including the calling thread, that plans can share. It must outlive them. In a child process that
 * fork made it has only the calling thread. NULL on failure. */
TACET_API tacet_pool *tacet_pool_new(int threads, const tacet_memory *memory);
TACET_API void tacet_pool_free(tacet_pool *pool);

/* Several processes (or threads) can train one network together, each on its own rows of every batch.
 *
 * There are `count` ranks, and this one is number `rank`, from 0. sum(context, numbers, type, n) replaces numbers[n],
 * of type TACET_F32, TACET_F64 or TACET_I64, by their sums over all ranks. It returns when the sums are complete, and
 * every rank must get the same bits. (Summing in the order of the ranks does that, and so does MPI_Allreduce as usually
 * implemented.)
 *
 * Every rank compiles the same graph with the same configuration, except for `ranks`, `batch`, `threads` and `pool`.
 * All ranks make the same calls of tacet_step, tacet_forward, tacet_evaluate (and its parts), tacet_ledger_reset,
 * tacet_set_lambda and tacet_set_rate in the same order and feed the same inputs. Each rank may have a different number
 * of rows in a step. In a short batch a rank may have none (rows 0) if another rank has some. The rows of a rank follow
 * those of the ranks before it.
 *
 * Parameters and their gradients, the objective, the results of terms, lambdas, the ledger and all counts are then the
 * same on every rank, bit for bit if the processors are of the same type. Except for rounding they are those of a
 * single rank with all the rows. tacet_read of a value of the batch gives each rank its own rows. tacet_compile refuses
 * what cannot be divided among ranks, such as batch_topk.
 *
 * sum is called on the thread that makes the call, and only in these calls: compiling, reading, saving and loading need
 * no sums.
 *
 * A call that fails on one rank fails on all, and nothing is updated on any. The rank where it failed has the reason;
 * the errors of the others name that rank. The ranks agree on failure through sums as well: if a sum fails on one rank,
 * that rank still makes the remaining sums of the call, and the last sum tells every rank whether all went well. If the
 * last sum itself fails, the other ranks can no longer be told, so the call counts as successful. */
typedef struct tacet_ranks {
    size_t size;
    int rank, count; /* count 0 or 1: this is the only rank, and sum is never called */
    tacet_status (*sum)(void *context, void *numbers, tacet_type type, size_t n);
    void *context;
} tacet_ranks;

/* Whether products run on firing lists, which hold only the nonzero elements of a value or a gradient. With AUTO they
 * do if the exact density in this batch is below the break-even density for products of that shape. The other settings
 * are for comparison. */
typedef enum tacet_sparse { TACET_SPARSE_AUTO = 0, TACET_SPARSE_NEVER = 1, TACET_SPARSE_ALWAYS = 2 } tacet_sparse;

/* What to compile for. Start from TACET_CONFIG, which sets the size. Fields left at 0 have their defaults. */
typedef struct tacet_config {
    size_t size;
    int64_t batch;           /* the most rows that a step can take; 1 by default */
    const char *optimizer;   /* "sgd lr=0.1 momentum=0.9 schedule=cosine"; NULL: inference only, without gradients */
    uint64_t seed;           /* of the initial weights and of dropout */
    int threads;             /* threads of the plan's own pool, if pool is NULL; 1 by default */
    tacet_pool *pool;        /* a shared pool */
    int64_t steps_per_epoch; /* the length of an epoch, for schedules; 1 by default */
    double epochs;           /* the length of the run, for schedules that end with it and for targets, which are
                                approached over most of it (if 0: over 1000 steps) */
    tacet_sparse sparse;     /* AUTO by default */
    int64_t ledger;          /* steps between samples of gradient norms; below 0: no ledger. 50 by default, with
                                firing counted only where a penalty needs it; if set, where an operator makes zeros */
    const tacet_ranks *ranks; /* the processes that train together, copied by tacet_compile; NULL: only this one.
                                 `batch` is that of this rank */
    const char *metrics;      /* what to measure in addition to the loss's usual metrics: "f1, top_k k=5", or NULL. In
                                 evaluations; if `ledger` is set, also over training steps (tacet_metric_at) */
    int64_t accumulate; /* up to so many batches make one step (tacet_accumulate, tacet_loader_step); 0 or 1: each is
                                 a step */
    double ema;               /* keep an exponential moving average of the weights with this decay, below 1, for
                                 tacet_use_average; 0: none */
} tacet_config;
#define TACET_CONFIG .size = sizeof(tacet_config) /* {TACET_CONFIG, .batch = 32} */

/* Compiles the graph. NULL on failure, with the reason in *why (may be NULL): the first mistake in the graph, if it has
 * one. Parameters are initialised from the seed. A graph may be compiled many times. */
TACET_API tacet_plan *tacet_compile(tacet_graph *g, const tacet_config *config, tacet_error *why);
TACET_API void tacet_plan_free(tacet_plan *p);

/* Element j of a row becomes data * scale[j % count] + shift[j % count]: count 1 is one pair for all elements, and the
 * channels of an image have a pair each. count must divide the number of elements. */
typedef struct tacet_scaling {
    size_t size;
    int64_t count;
    const double *scale, *shift;
} tacet_scaling;

/* Says where the next step or forward pass finds the data of input x: [rows, shape...], row-major. That call reads as
 * many rows as it is given, and the data must stay valid until it returns. tacet_feed_rows takes row index[i] of data
 * as row i of the batch (index NULL: 0, 1, ...), scaled (scaling NULL: not scaled); `elements` is the number of
 * elements in a row of data, which must be that of a row of x.
 *
 * A float32 input takes any type. Class indices are fed as TACET_U8, TACET_I32 or TACET_I64 and are never scaled; the
 * step or forward pass checks each of them, and its error names the row, the element and the number of classes. */
TACET_API tacet_status tacet_feed(tacet_plan *p, tacet_value x, tacet_type type, const void *data);
TACET_API tacet_status tacet_feed_rows(tacet_plan *p, tacet_value x, tacet_type type, const void *data,
                                       int64_t elements, const int64_t *index, const tacet_scaling *scaling);

/* Forgets what was fed, and gradients that were added, so that the data can be freed without a call that reads them: after
 * one that was refused, for instance. */
TACET_API void tacet_unfeed(tacet_plan *p);

/* One training step on 1..batch rows (0..batch with several ranks): forward, backward, update. If it fails, with
 * TACET_NOT_FINITE for instance, nothing is updated. Every input that is needed must have been fed since the last
 * call. */
TACET_API tacet_status tacet_step(tacet_plan *p, int64_t rows);

/* A step of several batches (tacet_config.accumulate), for a batch that is too large for the memory or the processor: apart
 * from rounding, it is the step of one batch with all their rows, which are `of` on this rank. Each batch but the last
 * is fed and given to tacet_accumulate, which adds its gradients to those before, and the last to tacet_step, which
 * updates:
 *
 *     tacet_feed(p, x, TACET_F32, first);
 *     tacet_accumulate(p, 32, 80);
 *     tacet_feed(p, x, TACET_F32, second);
 *     tacet_accumulate(p, 32, 80);
 *     tacet_feed(p, x, TACET_F32, third);
 *     tacet_step(p, 16);
 *
 * Denominators are those of all 80 rows, penalties of parameters count once, masks of dropout are those of the large batch,
 * and lambdas, the ledger and counts see one step. After tacet_step objectives and the results of terms are those of the
 * whole step; before it, of the part of it that has run. What mixes samples (tacet_entry.mixes) cannot see other batches:
 * batch_norm normalises each batch by itself, and penalties that do so are refused when the plan is compiled. If a call
 * fails, tacet_step(p, -1) for instance, the whole step has failed, and everything is as before its first batch. Between
 * the batches of a step nothing may be set, and no checkpoint written.
 *
 * A loss that divides by weights of the data, as cross_entropy with ignore= does, needs the weights of all batches before the
 * first (tacet_weighs): feed each to tacet_weigh, and then once more as above. tacet_loader_step does all this. */
TACET_API tacet_status tacet_accumulate(tacet_plan *p, int64_t rows, int64_t of);
TACET_API bool tacet_weighs(const tacet_plan *p);
TACET_API tacet_status tacet_weigh(tacet_plan *p, int64_t rows);

/* The fewest rows (of all ranks) that tacet_step takes: 1, but 2 if batch_norm has a value without positions. With fewer
 * it fails with TACET_FAILED, and nothing is updated: leave out a last batch that is so short. */
TACET_API int64_t tacet_least_rows(const tacet_plan *p);

/* Only the forward pass, in evaluation mode (dropout passes its input through). Inputs that only losses need may be
 * left unfed; those losses are then not computed. */
TACET_API tacet_status tacet_forward(tacet_plan *p, int64_t rows);

/* Sets the lambda of the term with that name, from the next step or forward pass on, to a finite number of at least 0.
 * It replaces the number in the description; a schedule continues and scales the new number. Setting it ends the
 * steering to a target: to keep the lambda that has been reached, set it to tacet_term.lambda. Constraints have no
 * lambda and are refused.
 *
 * tacet_set_rate does the same for the learning rate in the optimizer's description: its schedule continues, and
 * parameters with their own lr= (tacet_options) keep it.
 *
 * tacet_term.lambda, tacet_objective and tacet_learning_rate use the new number at once, while the values of terms are
 * still those of the last call: read the figures of a step before you set either. A plan for inference has no
 * schedules: its lambda is the number that was set.
 *
 * Checkpoints save both; tacet_resume restores what was set in the resumed run, and drops what was set before it. */
TACET_API tacet_status tacet_set_lambda(tacet_plan *p, const char *term, double lambda);
TACET_API tacet_status tacet_set_rate(tacet_plan *p, double rate);

/* With tacet_config.ema a plan also keeps averages of the parameters that it trains. The first step sets average = weight;
 * each later one, after everything that changes the weights, average = ema average + (1 - ema) weight. (PyTorch's
 * AveragedModel with get_ema_multi_avg_fn gives the same.) tacet_use_average(p, true) puts the averages in the place of the
 * weights: now they are what tacet_forward, tacet_evaluate, tacet_read and tacet_save use, while tacet_step and
 * tacet_checkpoint are refused until tacet_use_average(p, false) has put the weights back, to the bit. What layers remember
 * (the statistics of batch_norm) is not averaged. Checkpoints hold the averages too. */
TACET_API tacet_status tacet_use_average(tacet_plan *p, bool average);

/* For schedule=plateau: tells the loss of an epoch that has ended, of validation data if there are any, so that the rate
 * drops when it no longer improves. Call it once after each epoch, with the same number on all ranks. Under any other
 * schedule it does nothing. */
TACET_API tacet_status tacet_schedule_step(tacet_plan *p, double loss);

/* Whether the lambda of a term, or the learning rate (term -1), still depends on the length of the run, config.epochs: by
 * a schedule that ends with it, or by a target that is approached over most of it. A run that is resumed with another
 * length then differs from one that had that length from the start. */
TACET_API bool tacet_depends_on_length(const tacet_plan *p, int term);

/* Why the last call on this plan failed. */
TACET_API const tacet_error *tacet_plan_error(const tacet_plan *p);

/* tacet_read copies a value of the last step or forward pass, [rows, shape...], or a parameter in PyTorch's layout
 * ([out, in]; tacet_axes), into data[count]; count must be exact. tacet_read_gradient does so for dObjective/dValue of
 * the last step; every parameter that is not frozen and that a term depends on has one. tacet_write sets a
 * parameter. Both tacet_read and tacet_write also take the names of what layers remember (tacet_state_at). */
TACET_API tacet_status tacet_read(tacet_plan *p, const char *name, float *data, size_t count);
TACET_API tacet_status tacet_read_gradient(tacet_plan *p, const char *name, float *data, size_t count);
TACET_API tacet_status tacet_write(tacet_plan *p, const char *name, const float *data, size_t count);

/* Adds data to the gradient of a value in the next step, where it flows on as if it came from a term of the objective: for a
 * loss or a penalty of which only the derivatives are known. data[count] are dObjective/dValue, for a value of the batch
 * [rows, shape...] with the rows of that step, for a parameter in PyTorch's layout; they are copied, and several calls add
 * up. The result is divided by nothing, and is in no objective; clipping, the ledger and the guard see it. In a step of
 * several batches each of them is given its own, and so is each rank: gradients of parameters are summed. The value must be
 * one that tacet_take_gradient has named. Whether the step is made or refused, it is forgotten afterwards. */
TACET_API tacet_status tacet_add_gradient(tacet_plan *p, const char *name, const float *data, size_t count);

/* Tensor i of those that layers remember from step to step, such as batch_norm1.running_mean. Together with the
 * parameters they are what a model file holds. TACET_FAILED past the last one. Strings live as long as the plan. */
typedef struct tacet_state {
    size_t size;
    const char *name; /* "batch_norm1.running_mean" */
    int rank;
    int64_t shape[8];
    int64_t elements;
    tacet_value layer; /* the output of the layer that remembers it */
} tacet_state;
TACET_API tacet_status tacet_state_at(const tacet_plan *p, int i, tacet_state *state);

/* ---- What happened ----------------------------------------------------------------------------------------------- */

/* What a term, a value or an entry of the catalogue is. tacet_role_name gives the name of a role, "penalty", and "" for
 * any other number. */
typedef enum tacet_role {
    TACET_ROLE_LAYER = 1, /* also of a value: the output of a layer */
    TACET_ROLE_LOSS,
    TACET_ROLE_PENALTY,
    TACET_ROLE_CONSTRAINT,
    TACET_ROLE_OPTIMIZER,
    TACET_ROLE_SCHEDULE,
    TACET_ROLE_DATA,
    TACET_ROLE_INPUT,
    TACET_ROLE_LABELS, /* an int32 input whose number of classes is set by what reads it */
    TACET_ROLE_PARAMETER,
    TACET_ROLE_METRIC,
    TACET_ROLE_AUGMENTATION
} tacet_role;
TACET_API const char *tacet_role_name(tacet_role role);

/* A term of the objective. The objective is the sum of lambda * value over all terms, which is exactly what is
 * differentiated. */
typedef struct tacet_term {
    size_t size;
    tacet_role role;    /* a loss, a penalty or a constraint */
    const char *name;   /* "relu1:l1" */
    const char *on;     /* "relu1"; for a joint term its selector */
    const char *kind;   /* "l1", the name of the operator */
    const char *spec;   /* "l1 1e-4 reduce=sum", as it was given */
    const char *reduce; /* "sample", "sum", "mean", "position" */
    const char *note;   /* what to know when reading its figures, or "" */
    double lambda, value; /* of the last step or forward pass; value is NAN if it was not computed */
    bool prox;            /* acts by its proximal step after the update, not by its gradient */
} tacet_term;

TACET_API int tacet_term_count(const tacet_plan *p);
TACET_API tacet_status tacet_term_at(const tacet_plan *p, int i, tacet_term *term);
TACET_API double tacet_term_value(const tacet_plan *p, const char *name); /* without lambda; NAN if unknown */
TACET_API double tacet_objective(const tacet_plan *p);                    /* all terms */
TACET_API double tacet_data_loss(const tacet_plan *p);                    /* only the losses */
TACET_API double tacet_gradient_norm(const tacet_plan *p);                /* over all parameters, last step */
TACET_API double tacet_learning_rate(const tacet_plan *p);                /* of the last step, or the first to come */
TACET_API int64_t tacet_steps(const tacet_plan *p);                       /* training steps done */

/* Rows of the last step or forward pass on this rank, which are those that tacet_read gives; 0 before the first call
 * and after one that was refused. */
TACET_API int64_t tacet_rows(const tacet_plan *p);

/* Value k (from 0) of the values that term i is on; {0} past the last one. A joint term is on several; a loss is on the
 * output, then the target. */
TACET_API tacet_value tacet_term_on(const tacet_plan *p, int i, int k);

/* Value i, in the order of the graph; its handle has the id i + 1. Strings live as long as the plan. */
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
    bool silent;           /* its operator makes exact zeros, so density and dead units are counted */
    int64_t elements;      /* the product of shape: elements in a row, or in a parameter */
    int64_t units;         /* the last dimension, 1 for a scalar; of a parameter: those of its layer, so out
                              for a weight [out, in] */
    /* Counted over the forward passes since the last tacet_reset_counts: */
    int64_t dead;          /* units that never fired, at any position */
    double density;        /* share of elements that are not 0; NAN when nothing was counted */
    /* Share of the training steps so far in which a product ran on this value's firing list (forward), or on that list
     * or the list of a gradient with the same zeros (backward). NAN without a list, and before the first step. Each
     * rank has its own figures. */
    double sparse_forward, sparse_backward;
    tacet_type type;       /* TACET_F32; TACET_I32: class indices */
    int64_t classes;       /* of class indices: each is below this number, the smallest that the input and its
                              readers give; 0 if none of them gives one */
    tacet_value owner;     /* of a parameter: the output of the layer that made it; otherwise {0} */
} tacet_value_info;

/* How often the units of a value fired. */
typedef struct tacet_firing {
    size_t size;
    int64_t rows;          /* rows times positions that were counted: [14, 14, 32] has 196 in each row */
    int64_t units;         /* the last dimension */
    double density;        /* share of elements that are not 0; NAN when nothing was counted */
    int64_t dead;          /* units that never fired */
    int64_t histogram[10]; /* units by the share of `rows` at which they fired: [0, 0.1), [0.1, 0.2) ... [0.9, 1] */
    double natural;        /* in training: the density in the very first step, before any update; otherwise NAN */
    int64_t decades[6];    /* units by the same share in powers of ten: [0, 1e-5), [1e-5, 1e-4) ... [0.1, 1] */
    int64_t revived;       /* in training, of a layer with revive=: dead units that were given new weights or that fired
                              again */
} tacet_firing;

/* How often the units of value i fired: over the training steps since the ledger was reset, or over the forward passes
 * since tacet_reset_counts. tacet_dead_units gives the indices of the units that never fired, in ascending order, as
 * many as fit, and returns their total number. */
TACET_API tacet_status tacet_firing_at(const tacet_plan *p, int i, bool training, tacet_firing *firing);
TACET_API size_t tacet_dead_units(const tacet_plan *p, int i, bool training, int64_t *unit, size_t capacity);

TACET_API int tacet_value_count(const tacet_plan *p);
TACET_API tacet_status tacet_value_at(const tacet_plan *p, int i, tacet_value_info *info);
TACET_API void tacet_reset_counts(tacet_plan *p);

/* Value k (from 0) of the values that value i is computed from; {0} past the last one. The inputs of its layer come
 * first, then the parameters, both its own (tacet_value_info.owner) and those of other layers that it uses. */
TACET_API tacet_value tacet_value_input(const tacet_plan *p, int i, int k);

/* ---- The ledger -------------------------------------------------------------------------------------------------- */

/* What training did since the ledger was last reset: sums over steps, given as means over rows. The figures are the
 * same with any number of threads and after a resume, and the same except for rounding with or without firing lists.
 * Reset the ledger when an epoch begins, for instance. */
typedef struct tacet_total {
    size_t size;
    int64_t steps, rows;
    double objective, data_loss;
    double clipped; /* share of the steps whose gradients clip_norm or clip_value made smaller; NAN without either */
} tacet_total;
TACET_API tacet_status tacet_ledger_total(const tacet_plan *p, tacet_total *total);
TACET_API void tacet_ledger_reset(tacet_plan *p);

/* The same for term i. Gradient norms are means over the sampled steps (tacet_config.ledger), measured at the values
 * that the term is on: the norm of lambda times the term's own gradient, and the norm of the gradient of the losses.
 * Where zeros block a value's gradient, both norms count only the elements that fired. For a term with a proximal step,
 * its own gradient is that of its formula. */
typedef struct tacet_account {
    size_t size;
    double value, lambda;           /* means over rows; NAN before the first step */
    double share;                   /* the share of lambda * value in the objective */
    double gradient, data_gradient; /* NAN if nothing was sampled, or the losses send no gradient there */
    double target, due;             /* the density that lambda is steered to, and the one on the way to it that was due
                                       in the last step; NAN if lambda is not steered */
    int bound;                      /* lambda is at its lower (-1) or upper (1) bound; otherwise 0 */
    int64_t zeros;                  /* exact zeros: in all counted rows; of a parameter: its current ones */
    int64_t inputs, empty_inputs;   /* of a weight, which has two dimensions or more: its inputs, and those whose
                                       outgoing weights are all 0, at every tap; otherwise 0 */
} tacet_account;
TACET_API tacet_status tacet_account_at(const tacet_plan *p, int i, tacet_account *account);

/* How often the units of all values of term i fired, taken together (rows: those of the last value). A parameter has no
 * rows: its density is the current one, and a dead unit is one whose incoming weights are all 0, from every input and
 * tap. */
TACET_API tacet_status tacet_term_firing(const tacet_plan *p, int i, tacet_firing *firing);

/* The largest useful lambda for penalty `term`, estimated from the gradients before training: with a larger one the
 * penalty pulls harder at every element (group, vector) than the losses pull at any, so that all of them go to 0. Runs
 * forward and backward on `rows` rows of what was fed, as tacet_step does, but updates nothing; no values can be read
 * until the next step. Other penalties and the term's own lambda and schedule have no influence. *lambda is NAN if the
 * penalty or the losses send no gradient there. Fails in a plan without an optimizer or without a ledger, with several
 * ranks, and (TACET_NOT_FINITE) if the losses are not finite. */
TACET_API tacet_status tacet_lambda_max(tacet_plan *p, int term, int64_t rows, double *lambda);

/* Warning i from the ledger; TACET_FAILED past the last one. `kind` ("dead", "no effect") and `on`, a term or a value,
 * together identify a warning; text says what was found and what to do. Strings live as long as the plan. */
typedef struct tacet_warning {
    size_t size;
    const char *on, *kind;
    char text[512];
} tacet_warning;
TACET_API tacet_status tacet_warning_at(const tacet_plan *p, int i, tacet_warning *warning);

/* What the caller knows of a record and the plan does not; 0: it is not known, and left out. */
typedef struct tacet_stamp {
    size_t size;
    int64_t epoch;      /* from 1: that of the step, or the one that ends */
    int64_t best_epoch; /* the best so far */
    double seconds;     /* spent in the steps of the epoch; "epoch" has it even if it is 0 */
    double step_us;     /* the time of a training step of the run, in microseconds */
    bool validated;     /* of "epoch": the last evaluation was of validation data */
    const char *ema;    /* of "epoch" and "figures": the record "evaluation" of the averaged weights (tacet_config.ema),
                           which they then have as "ema" */
} tacet_stamp;

/* A plan's figures as a JSON object on one line, as `tacet train` keeps them in the folder of a run, where reports read
 * them. docs/steering.md says what the keys mean. `what` is
 *
 *     "step"        the line of metrics.jsonl of the last step
 *     "epoch"       the line of an epoch: means since the ledger was reset, metrics, terms, layers, warnings; if the stamp
 *                   says so, the last evaluation as "validation"
 *     "evaluation"  the metrics, terms and layers of the last evaluation, as tacet eval --json prints them
 *     "figures"     the same, with the ledger's figures as "training" of each term and layer, as in run.json
 *     "network"     {"network": [...]}: inputs and layers with their parameters and penalties, as in run.json
 *     "metrics"     {"metrics": [...]}: the names of the metrics, as in run.json
 *
 * stamp may be NULL. Text and return value as in tacet_error_text; 0 if the plan has no such record (tacet_plan_error). */
TACET_API size_t tacet_record(tacet_plan *p, const char *what, const tacet_stamp *stamp, char *text, size_t capacity);

/* The compiled steps, with shapes, flops, bytes and the size of the arena, as text. Return value as in
 * tacet_error_text. */
TACET_API size_t tacet_explain(const tacet_plan *p, char *text, size_t capacity);

/* ---- Data -------------------------------------------------------------------------------------------------------- */

typedef struct tacet_data tacet_data;
typedef struct tacet_loader tacet_loader;

/* Opens "idx DIR", "npy x=FILE y=FILE", "csv FILE label=COLUMN", "images DIR". part is "train" or "test"; "test" is
 * refused if the source has no test part. NULL on failure. A file may be a pipe or a FIFO, which is read to its end;
 * opening a FIFO returns once another program writes to it.
 *
 * The data are kept in the type that the file uses: in memory or, if they are npy files that are not compressed, in
 * the files, which are mapped. A mapped file must not change while the data are open. To replace it, write another file
 * and rename it. If the file becomes shorter, or its disk fails, the next read of a lost row raises SIGBUS, which ends
 * the process unless the program has a handler: the library has none, and cannot report this as an error. */
TACET_API tacet_data *tacet_data_open(const char *source, const char *part, const tacet_memory *memory,
                                      tacet_error *why);
TACET_API void tacet_data_free(tacet_data *d);

/* Rows in the caller's memory: [rows, shape...], row-major. */
typedef struct tacet_array {
    size_t size;
    tacet_type type;
    int rank;         /* of shape, without the rows */
    int64_t shape[8];
    const void *data; /* aligned for its type; it must stay valid and unchanged while the data are open */
} tacet_array;

/* Data in the caller's memory, which are used where they are: nothing is copied, except by layout=chw. x and y have the
 * same number of rows. With `labels`, y holds whole numbers from 0 on, of the type TACET_U8, TACET_I32 or TACET_I64, one
 * for each row (rank 0) or for each position; otherwise it holds targets of any type; NULL: there are neither. options
 * are those that all sources have, "normalize=feature layout=hwc", or NULL. The rest is as if the arrays were npy files,
 * so that training has the same bits. The text of such data ends up in models as their source, "arrays
 * normalize=feature", and cannot be opened. NULL on failure. */
TACET_API tacet_data *tacet_data_new(int64_t rows, const tacet_array *x, const tacet_array *y, bool labels,
                                     const char *options, const tacet_memory *memory, tacet_error *why);

typedef struct tacet_data_info {
    size_t size;
    int64_t rows;
    int rank;              /* of a row of x */
    int64_t shape[8];
    tacet_type type;       /* as stored */
    int64_t classes;       /* labels are 0..classes-1; 0 without labels */
    int target_rank;       /* of a row of regression targets; -1 without them */
    int64_t target_shape[8];
    const char *spec;      /* the source in the small language, resolved */
    bool has_test;         /* part "test" can be opened */
    int stored_rank;       /* of a row of x in the file, [28, 28], even if it is fed as one vector */
    int64_t stored_shape[8];
    int label_rank;        /* of a row of labels: 0 if each row has one */
    int64_t label_shape[8];
    int header;            /* 1: the first row of the CSV file holds names of columns; 0: it holds data; -1: not CSV */
    const char *remarks;   /* lines that tell the user what was decided about the file, "" if nothing needs telling */
    bool weighed;          /* rows have weights */
} tacet_data_info;
TACET_API tacet_status tacet_data_describe(const tacet_data *d, tacet_data_info *info);

/* Gives the rows weights, one of at least 0 for each, which loaders feed to the inputs that losses name as their
 * sample_weight. The numbers must stay valid while the data are open. Once, before anything is held out. (CSV and npy data
 * can have them in a column or a file: sample_weight=.) */
TACET_API tacet_status tacet_data_weigh(tacet_data *d, const tacet_array *weight, tacet_error *why);

/* The description of a loss with class_weight=balanced as numbers: of each class, rows / (classes * labels of the class), as
 * scikit-learn's compute_class_weight has it, with labels and rows counted by the weights of the rows. Classes without a
 * label do not count, and get 0. Any other description is copied. Text and return value as in tacet_error_text; 0 on a
 * mistake, or if the data have no labels, and *why (may be NULL) then says why. */
TACET_API size_t tacet_data_balance(const tacet_data *d, const char *loss, char *text, size_t capacity, tacet_error *why);

/* Moves a share (0 < share < 1) of the rows from d into new data, which use d's storage; d must outlive them. The rows
 * are cut into as many runs as rows are wanted, and the seed chooses one row of each. Call it before making loaders of
 * d. NULL on failure. */
TACET_API tacet_data *tacet_data_hold_out(tacet_data *d, double share, uint64_t seed, tacet_error *why);

/* What a model stores about its data, as one JSON text: the names of the input columns, what missing values become,
 * the words of categories, the label and its classes, the names of the targets, and how numbers are scaled.
 * tacet_data_open_as opens other data as the model expects them: columns are found by their names, in any order, and
 * everything else is taken from the schema instead of being learned from these data. `answers` false: labels and targets
 * are not read, and their columns may be missing. tacet_data_new_as does so with arrays, whose columns are those of the
 * model by position. */
TACET_API size_t tacet_data_schema(const tacet_data *d, char *text, size_t capacity);
TACET_API tacet_data *tacet_data_open_as(const char *source, const char *part, const char *schema, bool answers,
                                         const tacet_memory *memory, tacet_error *why);
TACET_API tacet_data *tacet_data_new_as(int64_t rows, const tacet_array *x, const tacet_array *y, bool labels,
                                        const char *options, const char *schema, const tacet_memory *memory,
                                        tacet_error *why);

/* Turns outputs y [rows, targets], in place, into the unit of the targets; does nothing if these are not standardised
 * (normalize_target=true). TACET_FAILED if the data have another number of targets. */
TACET_API tacet_status tacet_data_restore(const tacet_data *d, int64_t rows, int64_t targets, float *y);

/* The text of row i in the column that id= names; of images the path of its file; or NULL. Lives as long as the data. */
TACET_API const char *tacet_data_id(const tacet_data *d, int64_t i);

/* Goes through the rows in batches, in an order drawn from (seed, epoch) or in the order of the file. NULL on
 * failure. */
TACET_API tacet_loader *tacet_loader_new(const tacet_data *d, int64_t batch, uint64_t seed, bool shuffle,
                                         tacet_error *why);
TACET_API void tacet_loader_free(tacet_loader *l);
TACET_API int64_t tacet_loader_batches(const tacet_loader *l); /* batches in an epoch */

/* Changes the images that the loader feeds, for training: "flip | crop 4", as tacet_entry_at lists them. How a row is
 * changed depends only on the loader's seed, the epoch and the row's number in the data as they were opened, so it is
 * the same on any thread or rank and after tacet_loader_seek. Pixels are moved as they are stored, before they are
 * scaled; where none is left, they are 0. The rows of x must be images [height, width, channels]. NULL: as they are. */
TACET_API tacet_status tacet_loader_augment(tacet_loader *l, const char *chain, tacet_error *why);

/* Feeds the next batch to x and target (either may be {0}), and the weights of its rows, if the data have any, to the
 * inputs that losses name as their sample_weight. Returns its number of rows, 0 at the end of the epoch (the
 * next call begins the next epoch), or -1 if the plan refuses the feed (tacet_plan_error), as for images [3, 32, 32] and an
 * x of [32, 32, 3]. What it feeds stays valid until the next call. */
TACET_API int64_t tacet_loader_next(tacet_loader *l, tacet_plan *p, tacet_value x, tacet_value target);

/* One training step on the next batches: tacet_config.accumulate of them, or what is left of the epoch. Returns their
 * rows, 0 at the end of the epoch, or -1 if the step failed (tacet_plan_error): then the loader is where it was. */
TACET_API int64_t tacet_loader_step(tacet_loader *l, tacet_plan *p, tacet_value x, tacet_value target);

/* The loader's place, batch `position` of epoch `epoch`, both from 0; tacet_loader_seek moves it there. */
TACET_API void tacet_loader_tell(const tacet_loader *l, int64_t *epoch, int64_t *position);
TACET_API void tacet_loader_seek(tacet_loader *l, int64_t epoch, int64_t position);

/* ---- Evaluation -------------------------------------------------------------------------------------------------- */

typedef struct tacet_result {
    size_t size;
    int64_t rows;
    double objective, data_loss; /* means over the rows */
    double accuracy;             /* share of positions whose largest output is that of the label; NAN without labels */
} tacet_result;

/* Runs the forward pass on the whole of the loader's current epoch. Afterwards the values of terms are means over all
 * rows, and densities and dead units are those of this pass. y [batch, ..., classes] holds the answers: the largest
 * entry in the last dimension is compared with the label in target [batch, ...]. If the target has another shape or
 * does not hold class indices, accuracy is NAN.
 *
 * With several ranks, each passes a loader over its own share of the data and gets the figures of all rows. The loaders
 * must have the same number of batches (tacet_loader_batches), which is checked. The batches may differ in size. */
TACET_API tacet_status tacet_evaluate(tacet_plan *p, tacet_loader *l, tacet_value x, tacet_value target, tacet_value y,
                                      tacet_result *result);

/* The same on batches that the caller feeds: call tacet_evaluate_begin; for each batch tacet_feed and then
 * tacet_evaluate_batch, which calls tacet_forward and adds up its figures; then tacet_evaluate_end, which gives the
 * result. A batch that fails adds nothing. tacet_evaluate_begin discards an unfinished evaluation.
 *
 * Several ranks make the same calls, each with its own rows of every batch. A rank that cannot feed its rows passes
 * rows -1: the call then fails on all ranks, which would otherwise wait for that rank. */
TACET_API void tacet_evaluate_begin(tacet_plan *p, tacet_value target, tacet_value y);
TACET_API tacet_status tacet_evaluate_batch(tacet_plan *p, int64_t rows);
TACET_API tacet_status tacet_evaluate_end(tacet_plan *p, tacet_result *result);

/* Metric i of the plan, the loss's main metric first; TACET_FAILED past the last one. What is compared is the output and
 * the target of the first loss. training: over the training steps since the ledger was reset; otherwise over the last
 * evaluation that has ended. Strings live as long as the plan, numbers until the next step or evaluation. */
typedef struct tacet_metric {
    size_t size;
    const char *name;   /* "top_k", or what name= gives */
    const char *kind;   /* "top_k", as in the catalogue */
    const char *spec;   /* "top_k k=5" */
    int better;         /* 1: the larger the better; -1: the smaller; 0: it is not one number */
    double value;       /* NAN: not known */
    const char *note;   /* what to know about the value, or why it is not known; or "" */
    int64_t classes;
    int by;             /* 1: it also has a number for each class; 2: for each pair of classes; 0: neither */
    const double *each; /* [classes] or [classes, classes]; NULL: not known */
} tacet_metric;
TACET_API tacet_status tacet_metric_at(tacet_plan *p, int i, bool training, tacet_metric *metric);

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* A note stored in a file: any text, under a key. Keys that begin with "tacet." are reserved for the library. */
typedef struct tacet_note {
    const char *key, *text;
} tacet_note;

/* Saves the parameters as safetensors, with names and layout ([out, in]; tacet_axes) as in PyTorch, so that
 * module.load_state_dict(safetensors.torch.load_file(path)) works on a module with the same names. The description of
 * the network is in the metadata. The file is written under another name in the same folder, synced, then renamed, so
 * that path is always either the old file or the new one.
 *
 * `tacet eval` and `tacet predict` read a model whose input is called "x" and whose note "output" is the name of its
 * outputs. */
TACET_API tacet_status tacet_save(const tacet_plan *p, const char *path, int notes, const tacet_note *note,
                                  tacet_error *why);

/* An open model or checkpoint. */
typedef struct tacet_file tacet_file;
TACET_API tacet_file *tacet_file_open(const char *path, const tacet_memory *memory, tacet_error *why);
TACET_API void tacet_file_free(tacet_file *f);
TACET_API const char *tacet_file_note(const tacet_file *f, const char *key); /* NULL if missing */
TACET_API int tacet_file_count(const tacet_file *f);                         /* tensors */

/* Tensor i as float32. *data becomes NULL if its type cannot be read. */
TACET_API tacet_status tacet_file_tensor(const tacet_file *f, int i, const char **name, int *rank,
                                         const int64_t **shape, const float **data);

/* Rebuilds the graph from the metadata of a model; NULL on failure. Inputs come first in it, so a run whose inputs were
 * described after layers resumes in it with other rounding. tacet_file_describe adds all this to an empty graph instead, to
 * which the operators of the caller's own that the model names have been added (tacet_operator_add); a model that names
 * others is refused. */
TACET_API tacet_graph *tacet_file_graph(const tacet_file *f, const tacet_memory *memory, tacet_error *why);
TACET_API tacet_status tacet_file_describe(const tacet_file *f, tacet_graph *g, tacet_error *why);

/* Sets the plan's parameters, and what its layers remember, from the file, by name and shape. With strict, the file must
 * hold all of them and every tensor must be used, except PyTorch's num_batches_tracked; otherwise whatever matches is
 * taken. *taken (may be NULL) becomes the number of parameters that were set. */
TACET_API tacet_status tacet_file_load(const tacet_file *f, tacet_plan *p, bool strict, int *taken, tacet_error *why);

/* The tensors that have the name of a parameter but another shape, one on each line: "linear1.weight is [4, 3], but in
 * this network it is [3, 4] (transposed?)"; otherwise "". Returns like snprintf. */
TACET_API size_t tacet_file_differences(const tacet_file *f, const tacet_plan *p, char *text, size_t capacity);

/* What would be left of a trained network without the units that do nothing, layer by layer. A unit is left if its output
 * depends on the input of the network (it has a weight other than 0 from a unit that is left, and its scale, the weight
 * of a normalisation, is not 0) and an output of the network depends on it. A unit whose output does not depend on the
 * input is a constant. It can be removed if the biases of the next layer take what it adds, which is exact unless that
 * layer pads with zeros: near the edges the constant was missing. The graph is that of the file; both must live as long
 * as what is returned. NULL when out of memory. */
typedef struct tacet_pruning tacet_pruning;
typedef struct tacet_pruned {
    size_t size;
    const char *name;                    /* of a layer, i-th of the graph */
    int64_t units, units_left;           /* of its output: channels of an image */
    int64_t parameters, parameters_left; /* its own; those that other layers share are left */
    double flops, flops_left;            /* of a dense forward pass of one sample */
} tacet_pruned;
TACET_API tacet_pruning *tacet_pruning_new(const tacet_file *f, const tacet_graph *g, const tacet_memory *memory,
                                           tacet_error *why);
TACET_API void tacet_pruning_free(tacet_pruning *t);
TACET_API tacet_status tacet_pruning_at(const tacet_pruning *t, int i, tacet_pruned *layer); /* past the last: fails */

/* A checkpoint holds everything that the rest of a run depends on: parameters, optimizer state, lambdas and rates, the
 * step, the seed and the loader's place (l may be NULL). A resumed run ends with the same bits as one that was never
 * interrupted. A checksum in it tells tacet_file_open if it has been damaged: TACET_FILE. */
TACET_API tacet_status tacet_checkpoint(const tacet_plan *p, const tacet_loader *l, const char *path, int notes,
                                        const tacet_note *note, tacet_error *why);
TACET_API tacet_status tacet_resume(tacet_plan *p, tacet_loader *l, const tacet_file *f, tacet_error *why);

/* ---- Catalogue --------------------------------------------------------------------------------------------------- */

/* A word of the small language. */
typedef struct tacet_entry {
    size_t size;
    tacet_role role; /* a layer, a loss, a penalty, a constraint, an optimizer, a schedule, a source of data, ... */
    const char *name, *formula, *doc, *source;
    int attributes; /* their number; tacet_attribute_at gives each */
    bool mixes; /* its result for a sample depends on the other samples of the batch */
    /* For a layer: the names of its parameters, "weight", "bias", ended by NULL. The attribute weight=LAYER.weight uses
     * the parameter of another layer. */
    const char *parameter[5];
    bool logits; /* a loss of logits of yes or no, whose targets are 1 and 0 */
    bool labels; /* a loss whose target is class indices, tacet_labels or a TACET_I32 input */
} tacet_entry;

TACET_API int tacet_entry_count(void);
TACET_API tacet_status tacet_entry_at(int i, tacet_entry *entry);

/* Attribute i of an entry: its own attributes first, then those that all entries of its role have. TACET_FAILED past
 * the last one. */
typedef struct tacet_attribute {
    size_t size;
    const char *name, *type; /* "float", "int", "bool", "text", "size" (3 or 3x5), "padding" (a size, or same), "formula"
                              * ("x^2 / (c + x^2)", docs/penalties.md), or the words to choose from, "mean|sum|sample" */
    const char *preset;      /* the default; NULL if it must be given */
    const char *doc;
    bool positional;
    bool common;             /* all entries of the role have it */
} tacet_attribute;
TACET_API tacet_status tacet_attribute_at(int entry, int i, tacet_attribute *attribute);

/* Where a description sets an attribute. */
typedef struct tacet_setting {
    size_t size;
    int entry, attribute; /* as in tacet_attribute_at; -1 after a mistake. Parameters of other layers,
                             weight=linear1.weight, are numbered after its attributes */
    bool given;           /* in the description; otherwise the value is the preset */
    int column, width;    /* of the value in the text, including its quotes; -1 and 0 if it is not given */
} tacet_setting;

/* Finds the value of the attribute `key` in a description of that role, "1e-4" for lambda in "l1 1e-4 reduce=sum",
 * whether it is given by its key, by its position or as a flag. The value need not be of the attribute's type. If role
 * is TACET_ROLE_PENALTY the description may also be a constraint. Text (without quotes) and return value as in
 * tacet_error_text. On a mistake in the text, or an unknown key, it returns 0 and says why in *why (may be NULL). */
TACET_API size_t tacet_spec_find(tacet_role role, const char *text, const char *key, tacet_setting *setting,
                                 char *value, size_t capacity, tacet_error *why);

/* Writes the description with the attribute set to `value`, as key=value, in quotes if needed. A value that was given
 * is replaced; otherwise the attribute is appended. The rest of the text is unchanged. Return value as in
 * tacet_error_text. On a mistake in the text, or in the new text, it returns 0 and says why in *why (may be NULL),
 * whose `source` is the text with the mistake. */
TACET_API size_t tacet_spec_set(tacet_role role, const char *text, const char *key, const char *value, char *to,
                                size_t capacity, tacet_error *why);

/* Reads a whole text as the value of an attribute of that type: "float" into *number; "int", "bool" (1 or 0) and
 * "a|b|c" (the index of the word, from 0) into *integer and, rounded, into *number. Of a "size", 3x5, they get the first
 * number, and of a "padding" that is "same" -1. For any other type both become 0.
 * Numbers are decimal, in the C locale, and finite; "1_000" is 1000, and so is "1e3" as an int. Returns false, and writes
 * nothing, if the text is not such a value. number and integer may be NULL. */
TACET_API bool tacet_spec_number(const char *type, const char *text, double *number, int64_t *integer);

/* ---- The machine ------------------------------------------------------------------------------------------------- */

/* Compiler and flags, CPU features in use, BLAS and its core type, one "key: value" on each line. */
TACET_API size_t tacet_machine(char *text, size_t capacity);

#ifdef __cplusplus
}
#endif

#include "tacet/operator.h"
#endif
