/* spectral_norm: the largest singular value sigma of a weight, by power iteration.
 *
 *     v <- W^T u / |W^T u|,  u <- W v / |W v|,  `iterations` times a step         sigma = u^T W v = |W v|
 *     d sigma / dW = u v^T
 *
 * with W [out, in] as users see it, where `in` counts an input once for each tap; u [out] and v [in]. u is remembered:
 * weights move little in a step, so one iteration per step is enough to follow them, and the reported value reaches
 * sigma in the first steps. Before each step, numbers of u nearer to 0 than FLOOR, which is below rounding, are moved
 * to FLOOR: if W consists of separate blocks, as sparse weights may, u would otherwise become exactly 0 in all but one
 * of them, and stay so. The gradient is that of |W v| for the v that was found; with two equal largest singular values
 * it is that of one of them. If W^T u or W v overflows, W is taken times SMALL. W = 0 has the gradient 0. An evaluation makes EVALUATION iterations, since models do not
 * hold u. */
#include "op/pointwise.h"
#include "op/weight.h"

enum { ITERATIONS };
enum { COLUMNS = 128, EVALUATION = 30 };
#define FLOOR 1e-8f
#define SMALL 0x1p-64

static bool shape(tc_sketch *s)
{
    if (!tc_shape_weight(s)) return false;
    s->state[0] = (tc_shape){1, {tc_matrix_of(&s->x[0]).out}};
    return true;
}

/* v [in], u [out] */
static int64_t save(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    const tc_matrix m = tc_matrix_of(&s->x[0]);
    return (m.rows + m.out) * (int64_t)sizeof(float);
}

static tc_span span_back(const tc_call *c)
{
    const tc_matrix m = tc_matrix_of(&c->x[0].shape);
    return (tc_span){m.rows, m.out < TC_RANGE ? TC_RANGE / m.out : 1};
}

/* Scales x[n] to length 1; returns its old length. A vector of zeros stays. */
static double normalise(const tc_call *c, float *x, int64_t n)
{
    const double length = sqrt(c->run->kernel->squares(x, n));
    for (int64_t i = 0; i < n && length > 0; i++) x[i] = (float)((double)x[i] / length);
    return length;
}

/* v = scale W^T u: for w [in, out] as stored, each row times u. */
TC_CLONES static void rows_times(const float *w, const float *u, float *v, tc_matrix m, double scale)
{
    for (int64_t i = 0; i < m.rows; i++) {
        double lane[TC_LANES] = {0}, rest = 0;
        int64_t j = 0;
        for (; j + TC_LANES <= m.out; j += TC_LANES)
            for (int k = 0; k < TC_LANES; k++) lane[k] += (double)w[i * m.out + j + k] * (double)u[j + k];
        for (; j < m.out; j++) rest += (double)w[i * m.out + j] * (double)u[j];
        v[i] = (float)(scale * (rest + tc_sum_lanes(lane)));
    }
}

/* u = scale W v: the rows of w, each times its element of v. */
TC_CLONES static void sum_of_rows(const float *w, const float *v, float *u, tc_matrix m, double scale)
{
    for (int64_t j = 0; j < m.out; j += COLUMNS) {
        double sum[COLUMNS] = {0};
        const int64_t n = m.out - j < COLUMNS ? m.out - j : COLUMNS;
        for (int64_t i = 0; i < m.rows; i++)
            for (int64_t k = 0; k < n; k++) sum[k] += (double)w[i * m.out + j + k] * (double)v[i];
        for (int64_t k = 0; k < n; k++) u[j + k] = (float)(scale * sum[k]);
    }
}

/* Moves a number away from 0; a NaN stays. */
static float away(float u) { return fabsf(u) < FLOOR ? copysignf(FLOOR, u) : u; }

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    (void)end;
    const tc_matrix m = tc_matrix_of(&c->x[0].shape);
    const float *w = c->x[0].data;
    float *v = c->save, *u = v + m.rows;
    const int asked = (int)c->arg[ITERATIONS].number;
    double sigma = INFINITY;
    for (double scale = 1; isinf(sigma) && scale >= SMALL; scale *= SMALL) {
        for (int64_t j = 0; j < m.out; j++) u[j] = away(c->state[0][j]);
        for (int i = 0; i < (c->run->training || asked > EVALUATION ? asked : EVALUATION); i++) {
            rows_times(w, u, v, m, scale);
            const double length = normalise(c, v, m.rows);
            sum_of_rows(w, v, u, m, scale);
            sigma = normalise(c, u, m.out) / scale;
            if (isinf(length)) sigma = length;
            if (isinf(sigma)) break;
        }
    }
    *tc_partial(c, begin) = sigma;
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_matrix m = tc_matrix_of(&c->x[0].shape);
    const float *v = c->save, *u = v + m.rows;
    float *d = c->d[0];
    for (int64_t i = begin; i < end && d; i++) {
        const float factor = (float)(tc_seed(c) * (double)v[i]);
        for (int64_t j = 0; j < m.out; j++) d[i * m.out + j] = (c->add[0] ? d[i * m.out + j] : 0.0f) + factor * u[j];
    }
}

/* With a weight of zeros u has become 0, and no further iteration would change it. */
static void commit(const tc_call *c)
{
    const tc_matrix m = tc_matrix_of(&c->x[0].shape);
    const float *u = (const float *)c->save + m.rows;
    if (*c->result > 0)
        for (int64_t j = 0; j < m.out; j++) c->state[0][j] = u[j];
}

static void init(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *u, int64_t n, tc_stream s)
{
    (void)arg, (void)x, (void)shape;
    for (int64_t i = 0; i < n; i++) u[i] = tc_uniform(tc_stream_word(s, (uint64_t)i)) - 0.5f;
}

const tc_op tc_op_spectral_norm = {
    .name = "spectral_norm",
    .formula = "lambda * (the largest singular value)",
    .doc =
        "The largest singular value of a weight: how much its layer can stretch its input. Found by power iteration, "
        "which continues from step to step.",
    .source = "Yoshida, Miyato: Spectral norm regularization for improving the generalizability of deep learning, "
              "arXiv:1705.10941, 2017",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_NO_BATCH,
    .attribute = {{"iterations", "int", "1", "of the power method in a step, from 1 to 1000", false}},
    .limit = {{"needs from 1 to 1000 iterations", ITERATIONS, 1, 1000}},
    .inputs = 1,
    .state = {{"u", NULL, init}},
    .shape = shape,
    .work = 4,
    .save = save,
    .span = tc_span_whole,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .commit = commit,
    .grouping = tc_grouping_whole,
    .probe = {{"spectral_norm 0.3 iterations=300", {"3 5"}, -2, 2, NAN},
              {"spectral_norm 0.3 iterations=300", {"40 2"}, -2, 2, NAN},
              {"spectral_norm 0.3 iterations=300", {"2 3 2 4"}, -2, 2, NAN}},
};
