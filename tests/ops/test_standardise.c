/* test_standardise: brings each unit to mean 0 and variance 1 over the batch and its positions: an operator with
 * phases, like batch normalisation.
 *
 *     mean = sum of x / N,  var = sum of (x - mean)^2 / N,  N = rows of all ranks times positions
 *     h = (x - mean) r,  r = 1 / sqrt(var + eps),  y = h
 *     dL/dx = r (g - mean(g) - h mean(g h))
 *
 * Forward, phase 0 sums x, phase 1 sums (x - mean)^2, and phase 2 computes y. Backward, phase 0 sums g and g h, and
 * phase 1 computes dL/dx. The sums of a phase are over all ranks before the next one begins. */
#include "op/op.h"

enum { EPS };
enum { COLUMNS = 16 }; /* units of a range */

/* [4, units] in save. */
enum { SUM, SQUARES, SUM_G, SUM_GH, SUMS };

static bool shape(tc_sketch *s) { return tc_shape_last(s); }

static int64_t save(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    return SUMS * tc_shape_units(&s->x[0]) * (int64_t)sizeof(double);
}

/* The last phase iterates over rows, earlier phases over units. */
static tc_span phase_span(const tc_call *c, int last)
{
    return c->phase == last ? tc_span_rows(c) : (tc_span){tc_units(&c->x[0]), COLUMNS};
}

static tc_span span(const tc_call *c) { return phase_span(c, 2); }
static tc_span span_back(const tc_call *c) { return phase_span(c, 1); }

static double count(const tc_call *c) { return (double)c->run->global_rows * (double)tc_positions(&c->x[0]); }

static double *sums_at(const tc_call *c, int which) { return (double *)c->save + which * tc_units(&c->x[0]); }

static double *sums(const tc_call *c, bool backward, int64_t *n)
{
    const int64_t units = tc_units(&c->x[0]);
    *n = backward ? 2 * units : units;
    if (c->phase >= (backward ? 1 : 2)) return NULL;
    return sums_at(c, backward ? SUM_G : c->phase);
}

static double mean_of(const tc_call *c, int64_t unit) { return sums_at(c, SUM)[unit] / count(c); }

static double r_of(const tc_call *c, int64_t unit)
{
    return 1 / sqrt(sums_at(c, SQUARES)[unit] / count(c) + c->arg[EPS].number);
}

/* The sum of x - centre, or of its square, over the rows of this rank. */
static double sum_of(const tc_call *c, int64_t unit, double centre, bool square)
{
    const int64_t n = tc_units(&c->x[0]), rows = tc_elements(c, &c->x[0]) / n;
    double sum = 0;
    for (int64_t i = 0; i < rows; i++) {
        const double x = (double)c->x[0].data[i * n + unit] - centre;
        sum += square ? x * x : x;
    }
    return sum;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_units(&c->x[0]), per = c->x[0].n;
    for (int64_t u = begin; u < end && c->phase == 0; u++) sums_at(c, SUM)[u] = sum_of(c, u, 0, false);
    for (int64_t u = begin; u < end && c->phase == 1; u++) sums_at(c, SQUARES)[u] = sum_of(c, u, mean_of(c, u), true);
    for (int64_t i = begin * per; i < end * per && c->phase == 2; i++)
        c->y.data[i] = (float)(((double)c->x[0].data[i] - mean_of(c, i % n)) * r_of(c, i % n));
}

static double h_of(const tc_call *c, int64_t i, int64_t unit)
{
    return ((double)c->x[0].data[i] - mean_of(c, unit)) * r_of(c, unit);
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_units(&c->x[0]), rows = tc_elements(c, &c->x[0]) / n, per = c->x[0].n;
    double *g = sums_at(c, SUM_G), *gh = sums_at(c, SUM_GH);
    for (int64_t u = begin; u < end && c->phase == 0; u++) {
        g[u] = gh[u] = 0;
        for (int64_t i = 0; i < rows; i++) {
            g[u] += (double)c->g[i * n + u];
            gh[u] += (double)c->g[i * n + u] * h_of(c, i * n + u, u);
        }
    }
    for (int64_t i = begin * per; i < end * per && c->phase == 1 && c->d[0]; i++) {
        const int64_t u = i % n;
        const double d = r_of(c, u) * ((double)c->g[i] - g[u] / count(c) - h_of(c, i, u) * gh[u] / count(c));
        c->d[0][i] = (c->add[0] ? c->d[0][i] : 0.0f) + (float)d;
    }
}

const tc_op tc_op_test_standardise = {
    .name = "test_standardise",
    .formula = "y = (x - mean) / sqrt(var + eps), over the batch",
    .doc = "Brings each unit to mean 0 and variance 1 over the batch, for tests.",
    .source = "Ioffe, Szegedy: Batch normalization, ICML 2015",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_MIXES,
    .attribute = {{"eps", "float", "1e-5", "added to the variance", false}},
    .shape = shape,
    .work = 8,
    .save = save,
    .phases = 3,
    .phases_back = 2,
    .sums = sums,
    .span = span,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"test_standardise", {"6"}, -2, 2, NAN}, {"test_standardise eps=0.1", {"3 19"}, -2, 2, NAN}},
};
