/* op_case.h: sets up one operator so that a test can call it, using only the contract in op.h: buffers, a call, ranges
 * in any order. The tests of operators loop over such cases, which come from the table and its probes. */
#ifndef OP_CASE_H
#define OP_CASE_H

#include "cmocka_all.h"
#include "op/op.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TENSORS = 8, MAX_RANGES = 4096 };

typedef enum order {
    WHOLE,    /* one range over everything (forward pass of a scalar: the ranges in order) */
    SHUFFLED, /* the ranges of the span, in any order */
    CUT       /* ranges cut anywhere, in any order */
} order;

typedef struct op_case {
    const tc_op *op;
    const tc_probe *probe;
    tc_spec spec;
    tc_arg arg[TC_MAX_ATTRS], common[TC_COMMON_ATTRS];
    int inputs, tensors; /* parameters follow the inputs */
    int64_t capacity;    /* rows of the buffers */
    tc_view x[MAX_TENSORS];
    int32_t *ids[MAX_TENSORS]; /* what x[i].ids points to, but writable */
    float *d[MAX_TENSORS], *y, *g;
    bool add[MAX_TENSORS];
    int64_t parts;
    double *partial, value, weight, lambda;
    void *save, *scratch;
    float *state[TC_OP_STATES];
    int64_t states[TC_OP_STATES]; /* numbers in each */
    tc_run run;
    double ranks; /* the number of ranks, all with the same rows: sums over ranks are this many times as large */
    tc_call call;
    uint32_t noise;
} op_case;

/* The same numbers in every run, in [0, 1). */
static inline float noise_of(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-24f;
}

static inline float between(op_case *k, double low, double high)
{
    return (float)(low + (high - low) * (double)noise_of(&k->noise));
}

static inline bool is_ids(const op_case *k, int i) { return i < k->inputs && tc_takes_ids(k->op, i); }
static inline int64_t room_of(const op_case *k, int i) { return k->x[i].n * (k->x[i].batch ? k->capacity : 1); }

static inline float *floats(int64_t n)
{
    float *p = malloc((size_t)(n > 0 ? n : 1) * sizeof *p);
    assert_non_null(p);
    for (int64_t i = 0; i < n; i++) p[i] = NAN;
    return p;
}

/* "4 6"; for class indices "labels", "labels 3" or "ids 7 3", where 7 is the number of classes. */
static inline tc_shape shape_of(const char *text)
{
    tc_shape s = {0};
    if (strncmp(text, "labels", 6) == 0) text += 6;
    if (strncmp(text, "ids ", 4) == 0) text += 4 + strcspn(text + 4, " ");
    text += strspn(text, " ");
    for (char *end; *text && s.rank < TC_MAX_RANK; text = end) {
        s.dim[s.rank++] = strtoll(text, &end, 10);
        while (*end == ' ') end++;
    }
    return s;
}

static inline int64_t classes_of(const char *text) { return strncmp(text, "ids ", 4) == 0 ? atoll(text + 4) : 0; }

static inline void read_spec(op_case *k, const char *text)
{
    const tc_mem mem = tc_mem_of(NULL);
    tacet_error e;
    if (tc_spec_parse(&k->spec, &mem, text, &e)) fail_msg("%s: %s", text, e.message);
    k->op = tc_op_find(k->spec.name);
    if (!k->op) fail_msg("no operator %s", k->spec.name);
    const tc_binding binding[] = {{k->op->attribute, k->arg}, {k->op->role->common, k->common}};
    if (tc_spec_bind(&k->spec, 2, binding, true, &e)) fail_msg("%s: %s", text, e.message);
    if (!tc_op_prepare(k->op, &mem, &k->spec, k->arg, &e)) fail_msg("%s: %s", text, e.message);
    if (!k->op->of) return;
    tc_spec layer; /* a penalty of a layer reads the attributes of that layer */
    const tc_binding its = {k->op->of->attribute, k->arg};
    assert_int_equal(tc_spec_parse(&layer, &mem, k->op->of->probe[0].spec, &e), TACET_OK);
    assert_int_equal(tc_spec_bind(&layer, 1, &its, false, &e), TACET_OK);
    tc_spec_free(&layer);
}

static inline void add_tensor(op_case *k, tc_shape shape, bool batch, int64_t classes)
{
    const int i = k->tensors++;
    assert_true(i < MAX_TENSORS);
    const int64_t n = tc_shape_count(&shape);
    k->x[i] = (tc_view){.shape = shape, .n = n, .batch = batch, .classes = classes};
    if (is_ids(k, i)) {
        k->x[i].ids = k->ids[i] = malloc((size_t)room_of(k, i) * sizeof *k->ids[i]);
        assert_non_null(k->ids[i]);
        for (int64_t j = 0; j < room_of(k, i); j++) k->ids[i][j] = -1;
        return;
    }
    k->x[i].data = floats(room_of(k, i));
    k->d[i] = k->op->of && i < k->inputs ? NULL : floats(room_of(k, i));
}

static inline void add_parameters(op_case *k, const tc_sketch *s)
{
    const tc_param *param = k->op->of ? k->op->of->param : k->op->param;
    for (int i = 0; param[i].name; i++) {
        if (s->param[i].rank >= 0)
            add_tensor(k, s->param[i], false, 0);
        else
            k->tensors++;
    }
}

/* Whether an attribute of a penalty names a parameter, whose shape is the last of its probe. */
static inline bool names_a_parameter(const tc_op *op)
{
    for (int i = 0; op->attribute[i].name; i++)
        if (strcmp(op->attribute[i].type, "value") == 0) return true;
    return false;
}

/* Opens an operator on inputs of these shapes, `copies` times (for joint penalties); parameter: they have no batch.
 * Returns false if the shape rule refuses. */
static inline bool case_try(op_case *k, const char *spec, const char *const *x, bool parameter, int copies,
                            int64_t capacity, tc_sketch *s)
{
    *k = (op_case){.capacity = capacity, .noise = 1, .ranks = 1};
    read_spec(k, spec);
    while (x[k->inputs]) k->inputs++;
    const bool named = k->op->role == &tc_penalty && names_a_parameter(k->op);
    k->inputs = (k->inputs - named) * copies;
    tc_shape shape[MAX_TENSORS];
    bool batch[MAX_TENSORS];
    for (int i = 0; i < k->inputs; i++) shape[i] = shape_of(x[i / copies]), batch[i] = !parameter;
    *s = (tc_sketch){.arg = k->arg, .inputs = k->inputs, .x = shape, .batch = batch};
    for (int i = 0; i < k->inputs; i++) s->classes[i] = classes_of(x[i / copies]);
    for (int i = 0; i < TC_MAX_PARAMS; i++) s->param[i].rank = -1;
    if (!tc_op_shape(k->op, s)) return false;
    for (int i = 0; i < k->inputs; i++) add_tensor(k, shape[i], batch[i], s->classes[i]);
    if (named) add_tensor(k, shape_of(x[k->inputs]), false, 0);
    add_parameters(k, s);
    const bool scalar = k->op->role->scalar;
    const int64_t n = scalar ? 0 : tc_shape_count(&s->y);
    k->y = scalar ? NULL : floats(n * capacity);
    k->g = floats(n * capacity);
    k->save = malloc(k->op->save ? (size_t)k->op->save(s, capacity) + 1 : 1);
    k->scratch = malloc(k->op->scratch ? (size_t)k->op->scratch(s, capacity) + 1 : 1);
    for (int i = 0; k->op->state[i].name; i++) {
        const int64_t m = tc_shape_count(&s->state[i]);
        k->state[i] = floats(m);
        k->states[i] = m;
        memset(k->state[i], 0, (size_t)m * sizeof(float));
        if (k->op->state[i].init)
            k->op->state[i].init(k->arg, &shape[0], &s->state[i], k->state[i], m, tc_stream_of(7, 0, "state"));
    }
    k->parts = 1;
    for (int i = 0; i < k->inputs; i++) k->parts += room_of(k, i) + capacity; /* more than any span uses */
    k->partial = malloc(2 * (size_t)k->parts * sizeof *k->partial);
    k->lambda = k->common[TC_TERM_LAMBDA].given ? k->common[TC_TERM_LAMBDA].number : tc_op_lambda(k->op);
    k->run = (tc_run){.rows = capacity, .seed = 7, .step = 3, .training = true, .kernel = tc_cpu()};
    k->run.batch_rows = k->run.global_rows = capacity;
    k->call = (tc_call){.op = k->op,
                        .arg = k->arg,
                        .run = &k->run,
                        .inputs = k->inputs,
                        .x = k->x,
                        .y = {.data = k->y, .shape = s->y, .n = n, .batch = true},
                        .g = scalar ? NULL : k->g,
                        .d = k->d,
                        .add = k->add,
                        .save = k->save,
                        .scratch = k->scratch,
                        .weight = &k->weight,
                        .state = k->op->state[0].name ? k->state : NULL,
                        .stream = tc_stream_of(7, 3, "layer1"),
                        .reduce = parameter ? TC_SUM : k->op->role->reduce,
                        .partial = k->partial,
                        .weights = k->partial + k->parts,
                        .result = &k->value,
                        .lambda = &k->lambda};
    return true;
}

static inline void case_open(op_case *k, const char *spec, const char *const *x, bool parameter, int copies,
                             int64_t rows)
{
    tc_sketch s;
    if (!case_try(k, spec, x, parameter, copies, rows, &s)) fail_msg("%s: %s", spec, s.why);
}

static inline void case_close(op_case *k)
{
    for (int i = 0; i < k->tensors; i++) free(k->x[i].data), free(k->ids[i]), free(k->d[i]);
    for (int i = 0; i < TC_OP_STATES; i++) free(k->state[i]);
    free(k->y), free(k->g), free(k->save), free(k->scratch), free(k->partial);
    const tc_mem mem = tc_mem_of(NULL);
    for (int i = 0; i < TC_OWN_ATTRS; i++) tc_free(&mem, k->arg[i].made);
    tc_spec_free(&k->spec);
}

/* From now on only the first rows are real; the rows after them are NAN. */
static inline void set_rows(op_case *k, int64_t rows) { k->run.rows = k->run.batch_rows = k->run.global_rows = rows; }

static inline int64_t count_of(const op_case *k, int i) { return tc_elements(&k->call, &k->x[i]); }
static inline int64_t outputs_of(const op_case *k) { return k->y ? tc_elements(&k->call, &k->call.y) : 0; }

/* Fills the real rows as the probe says, with any class indices; parameters and g are in [-1, 1). */
static inline void fill_case(op_case *k)
{
    const tc_probe *p = k->probe;
    for (int i = 0; i < k->tensors; i++) {
        const bool first = i == 0 || (k->op->role == &tc_penalty), input = i < k->inputs;
        const double low = !input ? -1 : first ? p->low : 0, high = !input ? 1 : first ? p->high : 1;
        for (int64_t j = 0; k->x[i].data && j < count_of(k, i); j++) k->x[i].data[j] = between(k, low, high);
        for (int64_t j = 0; k->ids[i] && j < count_of(k, i); j++)
            k->ids[i][j] = (int32_t)(noise_of(&k->noise) * (float)k->x[i].classes);
    }
    const bool pair = k->op->role == &tc_loss && !k->op->ids;
    for (int i = 0; i < (k->op->role == &tc_penalty ? k->inputs : 1); i++)
        for (int64_t j = 0; k->x[i].data && j < count_of(k, i); j++) {
            const double v = (double)k->x[i].data[j] - (pair ? (double)k->x[1].data[j] : 0);
            if (fabs(fabs(v) - p->kink) < 0.03) k->x[i].data[j] += 0.1f;
        }
    for (int64_t j = 0; j < outputs_of(k); j++) k->g[j] = between(k, -1, 1);
}

typedef void range_function(const tc_call *c, int64_t begin, int64_t end);

/* whole: ranges may be cut anywhere; otherwise they are those of the span. */
static inline void run_ranges(op_case *k, tc_span s, order how, bool whole, range_function *run)
{
    int64_t edge[MAX_RANGES + 1], n = 0;
    edge[0] = 0;
    while (edge[n] < s.pieces) {
        if (n >= MAX_RANGES) fail_msg("%s: more than %d ranges: take a smaller probe", k->op->name, MAX_RANGES);
        int64_t step = s.grain;
        if (whole && how == WHOLE) step = s.pieces;
        if (whole && how == CUT) step = 1 + (int64_t)(noise_of(&k->noise) * (float)(19 + s.pieces / 20));
        edge[n + 1] = edge[n] + step < s.pieces ? edge[n] + step : s.pieces;
        n++;
    }
    int64_t turn[MAX_RANGES];
    for (int64_t i = 0; i < n; i++) turn[i] = i;
    for (int64_t i = n - 1; how != WHOLE && i > 0; i--) {
        const int64_t j = (int64_t)(noise_of(&k->noise) * (float)(i + 1)), other = turn[j];
        turn[j] = turn[i], turn[i] = other;
    }
    for (int64_t i = 0; i < n; i++) run(&k->call, edge[turn[i]], edge[turn[i] + 1]);
}

/* The number of phases; 0 in the table means 1. */
static inline int phases_of(int asked) { return asked ? asked : 1; }

static inline void sum_over_ranks(op_case *k, bool backward)
{
    int64_t n = 0;
    double *numbers = k->op->sums ? k->op->sums(&k->call, backward, &n) : NULL;
    for (int64_t i = 0; numbers && i < n; i++) numbers[i] *= k->ranks;
}

/* Runs the forward pass and sets k->value to the value of a scalar. */
static inline void run_forward(op_case *k, order how)
{
    const bool scalar = k->op->role->scalar;
    int64_t parts = 0;
    for (k->call.phase = 0; k->call.phase < phases_of(k->op->phases); k->call.phase++) {
        const tc_span s = tc_span_of(&k->call, false);
        parts = (s.pieces + s.grain - 1) / s.grain;
        assert_true(s.grain > 0 && (!scalar || parts <= k->parts));
        for (int64_t i = 0; scalar && i < parts; i++) k->partial[i] = k->call.weights[i] = NAN;
        run_ranges(k, s, how, !scalar, k->op->forward);
        sum_over_ranks(k, false);
    }
    k->call.phase = 0;
    if (!scalar) return;
    double sum = 0;
    k->weight = 0;
    for (int64_t i = 0; i < parts; i++) sum += k->partial[i], k->weight += k->call.weights[i];
    k->weight *= k->ranks;
    k->value = k->op->finish ? k->op->finish(&k->call, sum) : sum / tc_denominator(&k->call);
}

static inline void run_backward(op_case *k, order how)
{
    for (k->call.phase = 0; k->call.phase < phases_of(k->op->phases_back); k->call.phase++) {
        run_ranges(k, tc_span_of(&k->call, true), how, true, k->op->backward);
        sum_over_ranks(k, true);
    }
    k->call.phase = 0;
}

static inline void run_prox(op_case *k, double t)
{
    const tc_span s = k->op->span ? k->op->span(&k->call) : tc_span_elements(&k->call);
    for (int64_t i = 0; i < s.pieces; i += s.grain)
        k->op->prox(&k->call, t, i, i + s.grain < s.pieces ? i + s.grain : s.pieces);
}

/* The differentiated quantity: lambda * value, or sum of y g. */
static inline double objective(op_case *k)
{
    run_forward(k, WHOLE);
    if (k->op->role->scalar) return k->lambda * k->value;
    double sum = 0;
    for (int64_t i = 0; i < outputs_of(k); i++) sum += (double)k->y[i] * (double)k->g[i];
    return sum;
}

/* Calls the check for every setting of every probe: layers; losses with each reduction; penalties with each reduction,
 * on one value or three joint ones, on batch values or on parameters, if they are accepted. `rows` of `capacity` are
 * real. */
static inline void over_settings(int64_t rows, int64_t capacity, void (*test)(op_case *k))
{
    for (int o = 0; o < tc_op_count(); o++) {
        const tc_op *op = tc_op_at(o);
        const bool penalty = op->role == &tc_penalty;
        const int settings = !op->role->scalar ? 1 : penalty ? 4 * TC_REDUCES : TC_REDUCES;
        if (op->role == &tc_constraint) continue;
        for (const tc_probe *p = op->probe; p->spec; p++)
            for (int setting = 0; setting < settings; setting++) {
                const int reduce = setting % TC_REDUCES, copies = setting / TC_REDUCES % 2 ? 3 : 1;
                const bool parameter = setting >= 2 * TC_REDUCES,
                           of_rows = reduce == TC_SAMPLE || reduce == TC_POSITION;
                if (parameter && (of_rows || op->flags & TC_MIXES)) continue;
                if (!parameter && op->flags & TC_NO_BATCH) continue;
                if (penalty && copies > tc_op_inputs(op)) continue;
                op_case k;
                case_open(&k, p->spec, p->x, parameter, copies, capacity);
                k.probe = p;
                if (op->role->scalar) k.call.reduce = reduce;
                set_rows(&k, rows);
                fill_case(&k);
                test(&k);
                case_close(&k);
            }
    }
}

/* Every probe of every constraint, on a parameter. */
static inline void over_constraints(void (*test)(op_case *k))
{
    for (int o = 0; o < tc_op_count(); o++)
        for (const tc_probe *p = tc_op_at(o)->probe; tc_op_at(o)->role == &tc_constraint && p->spec; p++) {
            op_case k;
            case_open(&k, p->spec, p->x, true, 1, 1);
            k.probe = p;
            fill_case(&k);
            test(&k);
            case_close(&k);
        }
}

/* Text for messages: "norm 0.3 p=3 (reduce 1, 3 inputs, parameter)". */
static inline const char *case_text(const op_case *k, char text[160])
{
    snprintf(text, 160, "%s (reduce %d, %d inputs%s)", k->spec.source, k->call.reduce, k->inputs,
             k->x[0].batch ? "" : ", parameter");
    return text;
}

#endif
