/* orthogonal_cosine: the mean of |cos(v_i, v_j)| over all pairs i < j of a weight's n vectors, the rows or columns of its
 * matrix V [taps * in, out] as it is stored (weight.h), which for a `linear` is the kernel [in, out] of Keras.
 *
 *     u_i = v_i / |v_i|, 0 for a vector of zeros           c_ij = u_i . u_j
 *     value = sum over i != j of |c_ij| / (n (n - 1))
 *     dL/dv_i = 2 lambda / (n (n - 1)) / |v_i| * (sum over j != i of sign(c_ij) u_j - |c_ij| u_i)
 *
 * sign(0) is 0, and so is the gradient of a vector of zeros. No proximal step.
 *
 * The first phase leaves the lengths and U; the second the matrix [n, n] that U is multiplied by in the backward pass:
 * sign(c_ij), and on the diagonal the sums of -|c_ij|. One of its pieces is some whole rows of that matrix. */
#include "op/gram.h"
#include "op/groups.h"

enum { MODE };
enum { ROWS, COLUMNS }; /* in the order of the words */
enum { NORMALISE, COMPARE, PHASES };

static tc_gram gram_of(const tc_arg *arg, const tc_shape *v) { return tc_gram_of(v, arg[MODE].number == COLUMNS); }

static tc_groups groups_of(const tc_gram *z)
{
    return tc_groups_of(&(tc_shape){2, {z->in, z->out}}, 0, z->columns ? TC_BY_UNIT : TC_BY_INPUT, 0);
}

static bool shape(tc_sketch *s)
{
    if (!tc_shape_weight(s)) return false;
    const tc_gram z = gram_of(s->arg, &s->x[0]);
    return z.n > 1 || tc_shape_refuse(s, "needs at least two %s, which are compared", z.columns ? "units" : "inputs");
}

/* What is left for the backward pass: lengths [n], U like V, the matrix [n, n]. */
static int64_t save(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    const tc_gram z = gram_of(s->arg, &s->x[0]);
    return z.n * (int64_t)sizeof(double) + z.n * (z.k + z.n) * (int64_t)sizeof(float);
}

static double *lengths(const tc_call *c) { return c->save; }
static float *unit_vectors(const tc_call *c, const tc_gram *z) { return (float *)(lengths(c) + z->n); }
static float *signs(const tc_call *c, const tc_gram *z) { return unit_vectors(c, z) + z->n * z->k; }

static double flops(const tc_sketch *s)
{
    const tc_gram z = gram_of(s->arg, &s->x[0]);
    return tc_gram_flops(&z);
}

static tc_span span(const tc_call *c)
{
    const tc_gram z = gram_of(c->arg, &c->x[0].shape);
    return c->phase == NORMALISE ? tc_groups_span(groups_of(&z)) : (tc_span){tc_gram_cuts(z.n), 1};
}

static tc_span span_back(const tc_call *c)
{
    const tc_gram z = gram_of(c->arg, &c->x[0].shape);
    return tc_gram_span_back(&z);
}

TC_CLONES static void normalise(const tc_call *c, const tc_gram *z, int64_t begin, int64_t end)
{
    const tc_groups g = groups_of(z);
    float *u = unit_vectors(c, z);
    for (int64_t first = begin; first < end;) {
        double sum[TC_STRIP];
        const tc_strip s = tc_strip_at(&g, first, end);
        tc_strip_squares(&g, &s, c->x[0].data, c->run->kernel, sum);
        for (int64_t j = 0; j < s.n; j++) lengths(c)[s.first + j] = sqrt(sum[j]);
        for (int64_t i = 0; i < s.height; i++)
            for (int64_t j = 0; j < s.n; j++)
                for (int64_t k = 0; k < g.width; k++) {
                    const int64_t at = tc_strip_row(&g, &s, i) + j * g.width + k;
                    u[at] = sum[j] == 0 ? 0.0f : (float)((double)c->x[0].data[at] / lengths(c)[s.first + j]);
                }
        first += s.n;
    }
}

/* Turns rows [i, i + m) of the cosines into those of the signs; returns the sum of magnitudes. */
TC_CLONES static double sign_rows(float *b, int64_t n, int64_t i, int64_t m)
{
    double sum = 0;
    for (int64_t r = i; r < i + m; r++) {
        float *row = b + r * n;
        double own = 0;
        row[r] = 0;
        for (int64_t j = 0; j < n; j++) {
            own += fabs((double)row[j]);
            row[j] = row[j] != 0.0f ? copysignf(1.0f, row[j]) : row[j];
        }
        row[r] = (float)-own;
        sum += own;
    }
    return sum;
}

static double pairs(const tc_gram *z) { return (double)z->n * (double)(z->n - 1); }

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_gram z = gram_of(c->arg, &c->x[0].shape);
    double sum = 0;
    if (c->phase == NORMALISE) {
        normalise(c, &z, begin, end);
        return;
    }
    for (int64_t u = begin; u < end; u++) {
        tc_block t = tc_gram_tile(z.n, TC_GRAM_TILE, u);
        t.n = z.n;
        tc_gram_block(c->run->kernel, &z, unit_vectors(c, &z), t, signs(c, &z));
        sum += sign_rows(signs(c, &z), z.n, t.i, t.m);
    }
    *tc_partial(c, begin) = sum / pairs(&z);
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_gram z = gram_of(c->arg, &c->x[0].shape);
    const double seed = 2 * tc_seed(c) / pairs(&z), *length = lengths(c);
    for (int64_t u = begin; u < end && c->d[0]; u++) {
        const tc_block t = tc_gram_tile(z.in, z.out, u);
        const float *product = c->scratch;
        tc_gram_times(c->run->kernel, &z, unit_vectors(c, &z), signs(c, &z), t, c->scratch);
        for (int64_t i = t.i; i < t.i + t.m; i++)
            for (int64_t j = t.j; j < t.j + t.n; j++, product++) {
                const double own = length[z.columns ? j : i];
                float *d = &c->d[0][i * z.out + j];
                *d = (c->add[0] ? *d : 0.0f) + (own == 0 ? 0.0f : (float)(seed / own * (double)*product));
            }
    }
}

const tc_op tc_op_orthogonal_cosine = {
    .name = "orthogonal_cosine",
    .formula = "lambda * mean over pairs of |cos(w_i, w_j)|",
    .doc = "The mean magnitude of the cosine between two rows or two columns of a kernel [in, out]. It does not depend on "
           "their lengths.",
    .source = "keras.regularizers.OrthogonalRegularizer",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_NO_BATCH,
    .attribute = {{"mode", "rows|columns", "rows",
                   "as in Keras, whose kernel is [in, out]: the weights out of each input, or those into each unit", false}},
    .inputs = 1,
    .shape = shape,
    .flops = flops,
    .save = save,
    .scratch = tc_gram_scratch,
    .span = span,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .phases = PHASES,
    .probe = {{"orthogonal_cosine 0.3", {"4 7"}, -1, 1, NAN},
              {"orthogonal_cosine 0.3 mode=columns", {"7 4"}, -1, 1, NAN},
              {"orthogonal_cosine 0.3", {"140 9"}, 0.1, 1, NAN},
              {"orthogonal_cosine 0.3 mode=columns", {"9 140"}, 0.1, 1, NAN},
              {"orthogonal_cosine 0.3 mode=columns", {"2 3 4 5"}, 0.1, 1, NAN}},
};
