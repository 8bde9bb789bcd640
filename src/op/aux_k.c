/* aux_k.c: the auxiliary loss of revive=aux (AuxK): at each position, the dead units of a layer predict the error of the
 * reconstruction that the living ones make, through the same decoder.
 *
 *     e = t - y           the error, taken as given: y and t get no gradient
 *     a_j = x_j           for the k largest inputs x_j of the layer among its dead units; otherwise 0
 *     value = sum |e - W^T a|^2        dL/dx_j = 2 (W^T a - e) . W_j where a_j is not 0        dL/dW_j = 2 a_j (W^T a - e)
 *
 * k is the power of two nearest to half the size of y. x_j, not f(x_j), predicts: the output of a dead relu is 0, and so
 * is its derivative. It is 0 while no unit is dead, and in evaluation. The loss that compares y with t brings this term
 * (graph/revival.c), whose `reduce` and lambda it shares.
 *
 * The forward pass leaves, for each position, which units predict, their a_j, and W^T a - e. The weights of a unit are a
 * row of W, or, where W is another layer's and stored transposed, a column. */
#include "kernel/sum.h"
#include "op/largest.h"

enum { Y, T, UNITS, W, X }; /* y, the target, the layer's output; parameters: the decoder's weight, the layer's input */
enum { ROWS = 64 };         /* of dL/dW in a piece */

static int64_t most(int64_t outputs)
{
    const int power = (int)lround(log2((double)outputs / 2));
    return power > 0 ? INT64_C(1) << power : 1;
}

/* What is left for a position, one after the other: how many units predict, which, their a, and W^T a - e. */
typedef struct trace {
    int32_t *n, *unit;
    float *a, *error;
} trace;

static int64_t trace_words(int64_t outputs) { return 1 + 2 * most(outputs) + outputs; }

static trace trace_at(const tc_call *c, int64_t position)
{
    const int64_t outputs = tc_units(&c->x[Y]), k = most(outputs);
    int32_t *at = (int32_t *)c->save + position * trace_words(outputs);
    float *a = (float *)c->save + position * trace_words(outputs) + 1 + k;
    return (trace){at, at + 1, a, a + k};
}

static int64_t save(const tc_sketch *s, int64_t rows)
{
    return rows * tc_shape_positions(&s->x[Y]) * trace_words(tc_shape_units(&s->x[Y])) * (int64_t)sizeof(float);
}

/* The inputs of the dead units, and which these are. */
static int64_t scratch(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    return tc_shape_units(&s->x[UNITS]) * (int64_t)(sizeof(float) + sizeof(int32_t));
}

/* Chooses the units that predict at a position, in their order. */
TC_INLINE void choose(const tc_call *c, int64_t position, trace t)
{
    const int64_t units = tc_units(&c->x[UNITS]), k = most(tc_units(&c->x[Y]));
    const float *x = c->x[X].data + position * units;
    float *of = c->scratch;
    int32_t *dead = (int32_t *)(of + units);
    int64_t n = 0;
    for (int64_t j = 0; j < units; j++)
        if (c->dead[j]) {
            dead[n] = (int32_t)j;
            of[n++] = x[j];
        }
    if (n > k) tc_keep(of, of, n, tc_cut_of(of, n, k));
    *t.n = 0;
    for (int64_t i = 0; i < n; i++) {
        if (of[i] == 0.0f) continue;
        t.unit[*t.n] = dead[i];
        t.a[(*t.n)++] = of[i];
    }
}

/* error += W^T a */
TC_INLINE void predict(const tc_call *c, trace t)
{
    const int64_t outputs = tc_units(&c->x[Y]), units = tc_units(&c->x[UNITS]);
    const float *w = c->x[W].data;
    if (!c->x[W].turned)
        for (int32_t i = 0; i < *t.n; i++)
            for (int64_t o = 0; o < outputs; o++) t.error[o] += t.a[i] * w[t.unit[i] * outputs + o];
    else
        for (int64_t o = 0; o < outputs; o++)
            for (int32_t i = 0; i < *t.n; i++) t.error[o] += t.a[i] * w[o * units + t.unit[i]];
}

static bool any_dead(const tc_call *c)
{
    const int64_t units = tc_units(&c->x[UNITS]);
    for (int64_t j = 0; c->dead && j < units; j++)
        if (c->dead[j]) return true;
    return false;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t outputs = tc_units(&c->x[Y]);
    const bool any = any_dead(c);
    double sum = 0;
    for (int64_t i = begin; i < end; i++) {
        const trace t = trace_at(c, i);
        if (c->dead) *t.n = 0;
        if (!any) continue;
        const float *y = c->x[Y].data + i * outputs, *target = c->x[T].data + i * outputs;
        choose(c, i, t);
        for (int64_t o = 0; o < outputs; o++) t.error[o] = y[o] - target[o];
        predict(c, t);
        for (int64_t o = 0; o < outputs; o++) sum += (double)t.error[o] * (double)t.error[o];
    }
    *tc_partial(c, begin) = sum;
}

static int64_t positions(const tc_call *c) { return tc_rows(c, &c->x[Y]) * tc_positions(&c->x[Y]); }

static tc_span span(const tc_call *c) { return (tc_span){positions(c), 1}; }

/* First pieces of dL/dx, then of dL/dW. */
static int64_t pieces_x(const tc_call *c) { return c->d[X] ? positions(c) : 0; }
static int64_t rows_w(const tc_call *c) { return c->x[W].turned ? tc_units(&c->x[Y]) : tc_units(&c->x[UNITS]); }

static tc_span span_back(const tc_call *c)
{
    return (tc_span){pieces_x(c) + (c->d[W] ? (rows_w(c) + ROWS - 1) / ROWS : 0), 1};
}

/* With LOSS's mean: over the elements of the target alone. */
static double denominator(const tc_call *c)
{
    return c->reduce == TC_MEAN ? (double)c->x[T].n * (double)c->run->global_rows : tc_denominator(c);
}

TC_INLINE void back_x(const tc_call *c, int64_t position, float seed)
{
    const int64_t outputs = tc_units(&c->x[Y]), units = tc_units(&c->x[UNITS]);
    const trace t = trace_at(c, position);
    const float *w = c->x[W].data;
    float *d = c->d[X] + position * units;
    if (!c->add[X]) memset(d, 0, sizeof *d * (size_t)units);
    if (!c->x[W].turned)
        for (int32_t i = 0; i < *t.n; i++) d[t.unit[i]] += seed * (float)tc_dot(t.error, w + t.unit[i] * outputs, outputs);
    else
        for (int64_t o = 0; o < outputs; o++)
            for (int32_t i = 0; i < *t.n; i++) d[t.unit[i]] += seed * t.error[o] * w[o * units + t.unit[i]];
}

/* Rows [begin, end) of W as it is stored. */
TC_INLINE void back_w(const tc_call *c, int64_t begin, int64_t end, float seed)
{
    const int64_t outputs = tc_units(&c->x[Y]), units = tc_units(&c->x[UNITS]), n = positions(c);
    const int64_t width = c->x[W].turned ? units : outputs;
    float *d = c->d[W];
    if (!c->add[W]) memset(d + begin * width, 0, sizeof *d * (size_t)((end - begin) * width));
    for (int64_t r = 0; r < n; r++) {
        const trace t = trace_at(c, r);
        if (c->x[W].turned) {
            for (int64_t o = begin; o < end; o++)
                for (int32_t i = 0; i < *t.n; i++) d[o * units + t.unit[i]] += seed * t.a[i] * t.error[o];
            continue;
        }
        int32_t i = 0;
        while (i < *t.n && t.unit[i] < begin) i++;
        for (; i < *t.n && t.unit[i] < end; i++)
            for (int64_t o = 0; o < outputs; o++) d[t.unit[i] * outputs + o] += seed * t.a[i] * t.error[o];
    }
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t first = pieces_x(c), rows = rows_w(c);
    const float seed = (float)(2 * *c->lambda / denominator(c));
    for (int64_t u = begin; u < end; u++) {
        const int64_t from = (u - first) * ROWS, to = from + ROWS;
        if (u < first)
            back_x(c, u, seed);
        else
            back_w(c, from, to < rows ? to : rows, seed);
    }
}

static double finish(const tc_call *c, double sum) { return *c->result = sum / denominator(c); }

const tc_op tc_op_aux = {
    .name = "aux",
    .formula = "sum |e - W^T a|^2, e the error of the reconstruction, a of the dead units",
    .doc = "The error of a reconstruction, as the dead units of a layer predict it: revive=aux.",
    .source = "Gao et al.: Scaling and evaluating sparse autoencoders, arXiv:2406.04093, 2024, section 2.4 and A.2",
    .role = &tc_penalty,
    .flags = TC_PER_SAMPLE,
    .inputs = 3,
    .work = 0,
    .save = save,
    .scratch = scratch,
    .span = span,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .finish = finish,
};
