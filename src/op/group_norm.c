/* group_norm: cuts the units into groups of neighbours and brings each group of a sample, over its units and all
 * positions, to mean 0 and variance 1; then a weight and a bias for each unit.
 *
 *     h = (x - mean) r,  r = 1 / sqrt(var + eps),  var = mean of (x - mean)^2        y = h w + b
 *     dL/dx = r (q - mean(q) - h mean(q h)),  q = g w       dL/dw = sum of g h       dL/db = sum of g
 *
 * The means are over a group of a sample, the sums over samples and positions. instance_norm is the same with a group
 * for each unit.
 *
 * Each unit of a sample leaves sums over positions (normalise.h), of which its group's are made. Backward, the first
 * phase leaves those of g and g (x - mean) for each sample; the second computes dL/dx, and in its last piece adds them
 * up over samples, in their order, to dL/dw and dL/db. */
#include "op/group_norm.h"

enum { GROUPS, EPS, AFFINE }; /* instance_norm has the last two */
enum { X, W, B };
enum { MEAN, R, SUM_G, SUM_GX, KEPT }; /* rows of [units] doubles that are kept for each sample */
enum { SUM, SQUARES, SCRATCH };        /* likewise in scratch, before the factors */
enum { LEAVE_BACK, PASS_BACK, PHASES_BACK };

static int64_t units_of(const tc_call *c) { return tc_units(&c->x[X]); }
static double *kept_at(const tc_call *c, int64_t sample, int which)
{
    return (double *)c->save + (sample * KEPT + which) * units_of(c);
}

static bool has_groups(const tc_call *c) { return c->op->attribute[AFFINE].name != NULL; }
static double eps_of(const tc_call *c) { return c->arg[has_groups(c) ? EPS : EPS - 1].number; }

/* The number of units in a group. */
static int64_t size_of(const tc_call *c) { return has_groups(c) ? units_of(c) / (int64_t)c->arg[GROUPS].number : 1; }

static tc_factors factors_at(const tc_call *c)
{
    return tc_factors_at((double *)c->scratch + SCRATCH * units_of(c), units_of(c));
}

static double weight_of(const tc_call *c, int64_t unit) { return c->x[W].data ? (double)c->x[W].data[unit] : 1; }

bool tc_group_shape(tc_sketch *s, bool affine)
{
    if (!tc_shape_last(s)) return false;
    for (int i = 0; i < 2; i++) s->param[i] = (tc_shape){affine ? 1 : -1, {tc_shape_units(&s->x[X])}};
    return true;
}

static bool shape(tc_sketch *s)
{
    if (!tc_group_shape(s, s->arg[AFFINE].number != 0)) return false;
    const int64_t n = tc_shape_units(&s->x[X]);
    const double groups = s->arg[GROUPS].number;
    if (groups >= 1 && groups <= (double)n && n % (int64_t)groups == 0) return true;
    return tc_shape_refuse(s, "needs a number of groups that divides the %lld unit%s, got %g", (long long)n,
                           tc_plural(n), groups);
}

int64_t tc_group_save(const tc_sketch *s, int64_t rows)
{
    return rows * KEPT * tc_shape_units(&s->x[X]) * (int64_t)sizeof(double);
}

int64_t tc_group_scratch(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    return tc_shape_units(&s->x[X]) * (SCRATCH * (int64_t)sizeof(double) + (int64_t)TC_FACTOR_BYTES);
}

/* Fills in mean and r of the units of a sample. */
TC_INLINE void measure(const tc_call *c, int64_t sample)
{
    const int64_t n = units_of(c), size = size_of(c), positions = tc_positions(&c->x[X]);
    double *sum = c->scratch, *squares = sum + SQUARES * n;
    double *mean = kept_at(c, sample, MEAN), *r = kept_at(c, sample, R);
    tc_norm_leave(c->x[X].data + sample * c->x[X].n, positions, n, sum, squares);
    for (int64_t u = 0; u < n; u += size) {
        double all = 0, spread = 0;
        for (int64_t k = u; k < u + size; k++) all += sum[k];
        all /= (double)(size * positions);
        for (int64_t k = u; k < u + size; k++) {
            const double off = sum[k] / (double)positions - all;
            spread += squares[k] + (double)positions * off * off;
        }
        const double to = tc_norm_r(spread / (double)(size * positions) + eps_of(c));
        for (int64_t k = u; k < u + size; k++) mean[k] = all, r[k] = to;
    }
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = units_of(c), positions = tc_positions(&c->x[X]);
    const tc_factors f = factors_at(c);
    for (int64_t i = begin; i < end; i++) {
        measure(c, i);
        for (int64_t u = 0; u < n; u++) {
            f.wide[TC_CENTRE * n + u] = kept_at(c, i, MEAN)[u];
            f.wide[TC_SCALE * n + u] = kept_at(c, i, R)[u] * weight_of(c, u);
            f.wide[TC_SHIFT * n + u] = c->x[B].data ? (double)c->x[B].data[u] : 0;
            f.wide[TC_SLOPE * n + u] = 0;
        }
        tc_factors_round(f, false, 0, n);
        tc_factors_apply(f, c->x[X].data + i * c->x[X].n, c->y.data + i * c->x[X].n, positions);
    }
}

/* The last piece of the second phase is dL/dw and dL/db. */
tc_span tc_group_span_back(const tc_call *c)
{
    const tc_span samples = tc_span_rows(c);
    if (c->phase == LEAVE_BACK) return samples;
    return (tc_span){(c->d[X] ? samples.pieces : 0) + (c->d[W] || c->d[B]), samples.grain};
}

TC_INLINE void sample_back(const tc_call *c, int64_t i)
{
    const int64_t n = units_of(c), size = size_of(c), positions = tc_positions(&c->x[X]), at = i * c->x[X].n;
    const tc_factors f = factors_at(c);
    const double *r = kept_at(c, i, R), *g = kept_at(c, i, SUM_G), *gx = kept_at(c, i, SUM_GX);
    for (int64_t u = 0; u < n; u += size) {
        double q = 0, qx = 0;
        for (int64_t k = u; k < u + size; k++) q += weight_of(c, k) * g[k], qx += weight_of(c, k) * gx[k];
        for (int64_t k = u; k < u + size; k++) {
            f.wide[TC_CENTRE * n + k] = kept_at(c, i, MEAN)[k];
            f.wide[TC_SCALE * n + k] = r[k] * weight_of(c, k);
            f.wide[TC_SHIFT * n + k] = r[k] * q / (double)(size * positions);
            f.wide[TC_SLOPE * n + k] = r[k] * (r[k] * (r[k] * qx)) / (double)(size * positions);
        }
    }
    tc_factors_round(f, true, 0, n);
    tc_factors_apply_back(f, c->x[X].data + at, c->g + at, c->d[X] + at, c->add[X], positions);
}

static void parameters_back(const tc_call *c)
{
    const int64_t n = units_of(c), samples = tc_rows(c, &c->x[X]);
    float *w = c->d[W], *b = c->d[B];
    for (int64_t u = 0; u < n; u++) {
        double dw = 0, db = 0;
        for (int64_t i = 0; i < samples; i++) {
            dw += kept_at(c, i, SUM_GX)[u] * kept_at(c, i, R)[u];
            db += kept_at(c, i, SUM_G)[u];
        }
        if (w) w[u] = (c->add[W] ? w[u] : 0.0f) + (float)dw;
        if (b) b[u] = (c->add[B] ? b[u] : 0.0f) + (float)db;
    }
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = units_of(c), positions = tc_positions(&c->x[X]), samples = tc_rows(c, &c->x[X]);
    const int64_t blocks = c->phase == LEAVE_BACK || c->d[X] ? samples : 0;
    for (int64_t i = begin; i < end && i < blocks; i++) {
        const int64_t at = i * c->x[X].n;
        if (c->phase == PASS_BACK)
            sample_back(c, i);
        else
            tc_norm_leave_back(c->x[X].data + at, c->g + at, kept_at(c, i, MEAN), positions, n, kept_at(c, i, SUM_G),
                               kept_at(c, i, SUM_GX));
    }
    if (c->phase == PASS_BACK && end > blocks) parameters_back(c);
}

/* Functions with clones must be static: the resolvers of others would be exported. */
void tc_group_forward(const tc_call *c, int64_t begin, int64_t end) { forward(c, begin, end); }
void tc_group_backward(const tc_call *c, int64_t begin, int64_t end) { backward(c, begin, end); }

const tc_op tc_op_group_norm = {
    .name = "group_norm",
    .formula = "y = (x - mean) / sqrt(var + eps) * w + b, over each group of units of a sample",
    .doc = "Normalises groups of neighbouring units of each sample, over all its positions, to mean 0 and variance 1.",
    .source = "Wu, He: Group normalization, ECCV 2018; torch.nn.GroupNorm",
    .role = &tc_layer,
    .flags = TC_READS_X,
    .attribute = {{"groups", "int", NULL, "how many groups the units are cut into: a divisor of their number", true},
                  {"eps", "float", "1e-5", "added to the variance", false},
                  {"affine", "bool", "true", "whether it has a weight and a bias", false}},
    .limit = {{"needs eps of at least 0", EPS, 0, INFINITY}},
    .param = {{"weight", "o", tc_norm_ones}, {"bias", "o", tc_norm_zeros}},
    .shape = shape,
    .work = 8,
    .save = tc_group_save,
    .scratch = tc_group_scratch,
    .phases_back = PHASES_BACK,
    .span = tc_span_rows,
    .span_back = tc_group_span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"group_norm 2", {"6"}, -2, 2, NAN},
              {"group_norm 3 affine=false eps=0.1", {"5 6"}, -2, 2, NAN},
              {"group_norm 1", {"2 3 4"}, -2, 2, NAN},
              {"group_norm 5", {"3 2 130"}, -2, 2, NAN}},
};
