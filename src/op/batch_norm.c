/* batch_norm: brings each unit to mean 0 and variance 1 over the batch and its positions; then a weight and a bias for
 * each unit.
 *
 *     h = (x - mean) r,  r = 1 / sqrt(var + eps),  var = mean of (x - mean)^2        y = h w + b
 *     dL/dx = r w (g - mean(g) - h mean(g h))       dL/dw = sum of g h       dL/db = sum of g
 *
 * The means are over N values: rows of all ranks times positions. In evaluation mean and var are running means over the
 * training steps: running += momentum (new - running), where the new variance is the unbiased one, var N / (N - 1).
 *
 * A "row" below is one position: x is a matrix [rows, units], cut into blocks of rows that fit the L1 cache, so that it
 * is read from memory once for both sums (normalise.h). The blocks depend on the shape alone, and what they leave is
 * added up in their order.
 *
 *     forward    LEAVE: blocks leave sums    MEAN: sum of x    SPREAD: sum of (x - mean)^2    FACTORS    NORMALISE
 *     backward   LEAVE_BACK: likewise of g and g (x - mean)    TOTAL    FACTORS_BACK    PASS_BACK
 *
 * Only the first and the last of each go through x. The sums of MEAN, SPREAD and TOTAL are over all ranks. r is 0 where
 * var + eps is 0. */
#include "op/normalise.h"

enum { EPS, MOMENTUM, AFFINE };
enum { X, W, B };
enum { RUNNING_MEAN, RUNNING_VAR };
enum { LEAVE, MEAN, SPREAD, FACTORS, NORMALISE, PHASES };
enum { LEAVE_BACK, TOTAL, FACTORS_BACK, PASS_BACK, PHASES_BACK };
enum { COLUMNS = 128, BLOCK = 4096, LEAST_ROWS = 32, BLOCKS = 4 }; /* a block's elements and rows; blocks in a range */

/* What is kept: SUMS rows of doubles, the factors, and two rows of doubles for each block, all [units]. OWN_G and
 * OWN_GH are of this rank alone; CENTRES are the means. */
enum { SUM, SQUARES, CENTRES, SUM_G, SUM_GH, OWN_G, OWN_GH, SUMS };

static int64_t block_rows(int64_t units) { return units < BLOCK / LEAST_ROWS ? BLOCK / units : LEAST_ROWS; }
static int64_t units_of(const tc_call *c) { return tc_units(&c->x[X]); }
static int64_t rows_of(const tc_call *c) { return tc_elements(c, &c->x[X]) / units_of(c); }
static int64_t blocks_of(int64_t rows, int64_t units) { return (rows - 1 + block_rows(units)) / block_rows(units); }
static double count(const tc_call *c) { return (double)c->run->batch_rows * (double)tc_positions(&c->x[X]); }
static double *sums_at(const tc_call *c, int which) { return (double *)c->save + which * units_of(c); }
static tc_factors factors_at(const tc_call *c) { return tc_factors_at(sums_at(c, SUMS), units_of(c)); }

static double *left_at(const tc_call *c, int64_t block)
{
    const int64_t n = units_of(c), factors = n * (int64_t)TC_FACTOR_BYTES / (int64_t)sizeof(double);
    return sums_at(c, SUMS) + factors + 2 * block * n;
}

static bool shape(tc_sketch *s)
{
    if (!tc_shape_last(s)) return false;
    if (!s->batch[X]) return tc_shape_refuse(s, "needs a value of the batch: a parameter has no samples");
    const int64_t n = tc_shape_units(&s->x[X]);
    for (int i = 0; i < 2; i++) s->state[i] = (tc_shape){1, {n}};
    for (int i = 0; i < 2; i++) s->param[i] = (tc_shape){s->arg[AFFINE].number != 0 ? 1 : -1, {n}};
    return tc_shape_same(s);
}

static int64_t save(const tc_sketch *s, int64_t rows)
{
    const int64_t n = tc_shape_units(&s->x[X]), blocks = blocks_of(rows * tc_shape_positions(&s->x[X]), n);
    return n * ((SUMS + 2 * blocks) * (int64_t)sizeof(double) + (int64_t)TC_FACTOR_BYTES);
}

static tc_span span_blocks(const tc_call *c) { return (tc_span){blocks_of(rows_of(c), units_of(c)), BLOCKS}; }
static tc_span span_units(const tc_call *c) { return (tc_span){units_of(c), COLUMNS}; }

static tc_span span(const tc_call *c)
{
    if (c->phase < FACTORS && !c->run->training) return (tc_span){0, 1};
    return c->phase == LEAVE || c->phase == NORMALISE ? span_blocks(c) : span_units(c);
}

/* The last piece of the last phase is dL/dw and dL/db. */
static tc_span span_back(const tc_call *c)
{
    if (c->phase == LEAVE_BACK) return span_blocks(c);
    if (c->phase != PASS_BACK) return span_units(c);
    const tc_span blocks = span_blocks(c);
    return (tc_span){(c->d[X] ? blocks.pieces : 0) + (c->d[W] || c->d[B]), BLOCKS};
}

static double *sums(const tc_call *c, bool backward, int64_t *n)
{
    *n = backward ? 2 * units_of(c) : units_of(c);
    if (backward) return c->phase == TOTAL ? sums_at(c, SUM_G) : NULL;
    if (!c->run->training) return NULL;
    return c->phase == MEAN ? sums_at(c, SUM) : c->phase == SPREAD ? sums_at(c, SQUARES) : NULL;
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

/* The first row of a block, or the end. */
static int64_t row_at(const tc_call *c, int64_t block)
{
    const int64_t row = block * block_rows(units_of(c)), rows = rows_of(c);
    return row < rows ? row : rows;
}

TC_CLONES static void leave(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = units_of(c);
    for (int64_t b = begin; b < end; b++) {
        double *to = left_at(c, b);
        tc_norm_leave(c->x[X].data + row_at(c, b) * n, row_at(c, b + 1) - row_at(c, b), n, to, to + n);
    }
}

TC_CLONES static void leave_back(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = units_of(c);
    for (int64_t b = begin; b < end; b++) {
        const int64_t row = row_at(c, b), rows = row_at(c, b + 1) - row;
        double *to = left_at(c, b);
        tc_norm_leave_back(c->x[X].data + row * n, c->g + row * n, sums_at(c, CENTRES), rows, n, to, to + n);
    }
}

TC_CLONES static void normalise(const tc_call *c, int64_t from, int64_t to)
{
    const int64_t n = units_of(c);
    tc_factors_apply(factors_at(c), c->x[X].data + from * n, c->y.data + from * n, to - from);
}

TC_CLONES static void pass_back(const tc_call *c, int64_t from, int64_t to)
{
    const int64_t n = units_of(c);
    tc_factors_apply_back(factors_at(c), c->x[X].data + from * n, c->g + from * n, c->d[X] + from * n, c->add[X],
                          to - from);
}

/* ---- Units ------------------------------------------------------------------------------------------------------- */

/* to[u] = the sum over blocks of what each left in row `which`. */
static void total(const tc_call *c, int which, double *to, int64_t begin, int64_t end)
{
    const int64_t n = units_of(c), blocks = span_blocks(c).pieces;
    for (int64_t u = begin; u < end; u++) to[u] = 0;
    for (int64_t b = 0; b < blocks; b++) {
        const double *left = left_at(c, b) + which * n;
        for (int64_t u = begin; u < end; u++) to[u] += left[u];
    }
}

static void spread(const tc_call *c, int64_t begin, int64_t end)
{
    const double n = count(c), *sum = sums_at(c, SUM);
    const int64_t blocks = span_blocks(c).pieces;
    double *to = sums_at(c, SQUARES), *mean = sums_at(c, CENTRES);
    for (int64_t u = begin; u < end; u++) mean[u] = sum[u] / n;
    total(c, 1, to, begin, end);
    for (int64_t b = 0; b < blocks; b++) {
        const double rows = (double)(row_at(c, b + 1) - row_at(c, b)), *left = left_at(c, b);
        for (int64_t u = begin; u < end; u++) {
            const double off = left[u] / rows - mean[u];
            to[u] += rows * off * off;
        }
    }
}

/* What normalises a unit. */
typedef struct factor {
    double mean, r, w, b;
} factor;

static factor factor_of(const tc_call *c, int64_t u)
{
    const bool training = c->run->training;
    const double var = training ? sums_at(c, SQUARES)[u] / count(c) : (double)c->state[RUNNING_VAR][u];
    return (factor){.mean = training ? sums_at(c, CENTRES)[u] : (double)c->state[RUNNING_MEAN][u],
                    .r = tc_norm_r(var + c->arg[EPS].number),
                    .w = c->x[W].data ? (double)c->x[W].data[u] : 1,
                    .b = c->x[B].data ? (double)c->x[B].data[u] : 0};
}

static void factors(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_factors f = factors_at(c);
    for (int64_t u = begin; u < end; u++) {
        const factor v = factor_of(c, u);
        f.wide[TC_CENTRE * f.n + u] = v.mean;
        f.wide[TC_SCALE * f.n + u] = v.r * v.w;
        f.wide[TC_SHIFT * f.n + u] = v.b;
        f.wide[TC_SLOPE * f.n + u] = 0;
    }
    tc_factors_round(f, false, begin, end);
}

static void totals_back(const tc_call *c, int64_t begin, int64_t end)
{
    double *g = sums_at(c, OWN_G), *gh = sums_at(c, OWN_GH);
    total(c, 0, g, begin, end);
    total(c, 1, gh, begin, end);
    for (int64_t u = begin; u < end; u++) {
        gh[u] *= factor_of(c, u).r;
        sums_at(c, SUM_G)[u] = g[u];
        sums_at(c, SUM_GH)[u] = gh[u];
    }
}

static void factors_back(const tc_call *c, int64_t begin, int64_t end)
{
    const double n = count(c), *g = sums_at(c, SUM_G), *gh = sums_at(c, SUM_GH);
    const tc_factors f = factors_at(c);
    for (int64_t u = begin; u < end; u++) {
        const factor v = factor_of(c, u);
        f.wide[TC_CENTRE * f.n + u] = v.mean;
        f.wide[TC_SCALE * f.n + u] = v.r * v.w;
        f.wide[TC_SHIFT * f.n + u] = v.r * v.w * g[u] / n;
        f.wide[TC_SLOPE * f.n + u] = v.r * v.w * v.r * gh[u] / n;
    }
    tc_factors_round(f, true, begin, end);
}

static void parameters_back(const tc_call *c)
{
    const double *g = sums_at(c, OWN_G), *gh = sums_at(c, OWN_GH);
    float *w = c->d[W], *b = c->d[B];
    for (int64_t u = 0; u < units_of(c) && w; u++) w[u] = (c->add[W] ? w[u] : 0.0f) + (float)gh[u];
    for (int64_t u = 0; u < units_of(c) && b; u++) b[u] = (c->add[B] ? b[u] : 0.0f) + (float)g[u];
}

/* ---- The operator ------------------------------------------------------------------------------------------------ */

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    if (c->phase == LEAVE) leave(c, begin, end);
    if (c->phase == MEAN) total(c, 0, sums_at(c, SUM), begin, end);
    if (c->phase == SPREAD) spread(c, begin, end);
    if (c->phase == FACTORS) factors(c, begin, end);
    if (c->phase == NORMALISE) normalise(c, row_at(c, begin), row_at(c, end));
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    if (c->phase == LEAVE_BACK) leave_back(c, begin, end);
    if (c->phase == TOTAL) totals_back(c, begin, end);
    if (c->phase == FACTORS_BACK) factors_back(c, begin, end);
    if (c->phase != PASS_BACK) return;
    const int64_t blocks = c->d[X] ? span_blocks(c).pieces : 0;
    if (begin < blocks) pass_back(c, row_at(c, begin), row_at(c, end));
    if (end > blocks) parameters_back(c);
}

static void commit(const tc_call *c)
{
    const double n = count(c), momentum = c->arg[MOMENTUM].number, *sum = sums_at(c, SUM),
                 *squares = sums_at(c, SQUARES);
    float *mean = c->state[RUNNING_MEAN], *var = c->state[RUNNING_VAR];
    for (int64_t u = 0; u < units_of(c); u++) {
        mean[u] = (float)((1 - momentum) * (double)mean[u] + momentum * sum[u] / n);
        var[u] = (float)((1 - momentum) * (double)var[u] + momentum * squares[u] / (n > 1 ? n - 1 : 1));
    }
}

const tc_op tc_op_batch_norm = {
    .name = "batch_norm",
    .formula = "y = (x - mean) / sqrt(var + eps) * w + b, over the batch; in evaluation with running means",
    .doc = "Normalises each unit to mean 0 and variance 1 over the batch and its positions. Remembers running_mean and "
           "running_var (unbiased), which evaluation uses. Training needs at least two values of a unit in a batch.",
    .source = "Ioffe, Szegedy: Batch normalization, ICML 2015; torch.nn.BatchNorm2d",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_MIXES,
    .attribute = {{"eps", "float", "1e-5", "added to the variance", false},
                  {"momentum", "float", "0.1", "weight of a new batch in the running means, from 0 to 1", false},
                  {"affine", "bool", "true", "whether it has a weight and a bias", false}},
    .limit = {{"needs eps of at least 0", EPS, 0, INFINITY}, {"needs a momentum from 0 to 1", MOMENTUM, 0, 1}},
    .param = {{"weight", "o", tc_norm_ones}, {"bias", "o", tc_norm_zeros}},
    .state = {{"running_mean", NULL, NULL}, {"running_var", NULL, tc_norm_ones}},
    .shape = shape,
    .unit = tc_unit_same,
    .work = 10,
    .save = save,
    .values = 2,
    .phases = PHASES,
    .phases_back = PHASES_BACK,
    .sums = sums,
    .span = span,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .commit = commit,
    .probe = {{"batch_norm", {"6"}, -2, 2, NAN},
              {"batch_norm affine=false eps=0.1", {"3 19"}, -2, 2, NAN},
              {"batch_norm momentum=0.3", {"5 4 3"}, -2, 2, NAN},
              {"batch_norm", {"131"}, -2, 2, NAN}},
};
