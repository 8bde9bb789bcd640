/* batch_norm: brings each unit to mean 0 and variance 1 over the batch and its positions; then a weight and a bias for
 * each unit.
 *
 *     h = (x - mean) r,  r = 1 / sqrt(var + eps),  var = mean of (x - mean)^2        y = h w + b
 *     dL/dx = r w (g - mean(g) - h mean(g h))       dL/dw = sum of g h       dL/db = sum of g
 *
 * The means are over N values: rows of all ranks times positions. In evaluation mean and var are running means over the
 * training steps: running += momentum (new - running), where the new variance is the unbiased one, var N / (N - 1).
 *
 * A "row" below is one position: x is a matrix [rows, units]. It is cut into blocks of rows that fit the L1 cache. Each
 * block leaves its sum and its squares about its own mean, in double, so x is read from memory once for both; then
 *
 *     sum of (x - mean)^2 = sum over blocks of (squares + rows of the block * (mean of the block - mean)^2)
 *
 * The blocks depend on the shape alone, and are added up in their order.
 *
 *     forward    LEAVE: blocks leave sums    MEAN: sum of x    SPREAD: sum of (x - mean)^2    FACTORS    NORMALISE
 *     backward   LEAVE_BACK: likewise of g and g (x - mean)    TOTAL    FACTORS_BACK    PASS_BACK
 *
 * Only the first and the last of each go through x. The sums of MEAN, SPREAD and TOTAL are over all ranks. r is 0 where
 * var + eps is 0. If a factor of some unit is so large or small that float32 might not do, all is computed in double:
 * the functions with wide in their names. */
#include "kernel/sum.h"
#include "op/op.h"

enum { EPS, MOMENTUM, AFFINE };
enum { X, W, B };
enum { RUNNING_MEAN, RUNNING_VAR };
enum { LEAVE, MEAN, SPREAD, FACTORS, NORMALISE, PHASES };
enum { LEAVE_BACK, TOTAL, FACTORS_BACK, PASS_BACK, PHASES_BACK };
enum { COLUMNS = 128, BLOCK = 4096, LEAST_ROWS = 32, BLOCKS = 4 }; /* a block's elements and rows; blocks in a range */

/* What is kept: SUMS rows of doubles, FLOATS rows of floats, and for each block two rows of doubles, all [units].
 * OWN_G and OWN_GH are of this rank alone. */
enum { SUM, SQUARES, SUM_G, SUM_GH, OWN_G, OWN_GH, SUMS };
enum { CENTRE, SCALE, SHIFT, SLOPE, FLOATS };

static int64_t block_rows(int64_t units) { return units < BLOCK / LEAST_ROWS ? BLOCK / units : LEAST_ROWS; }
static int64_t units_of(const tc_call *c) { return tc_units(&c->x[X]); }
static int64_t rows_of(const tc_call *c) { return tc_elements(c, &c->x[X]) / units_of(c); }
static int64_t blocks_of(int64_t rows, int64_t units) { return (rows - 1 + block_rows(units)) / block_rows(units); }
static double count(const tc_call *c) { return (double)c->run->global_rows * (double)tc_positions(&c->x[X]); }
static double *sums_at(const tc_call *c, int which) { return (double *)c->save + which * units_of(c); }
static double *left_at(const tc_call *c, int64_t block) { return sums_at(c, SUMS) + 2 * block * units_of(c); }

static float *floats_at(const tc_call *c, int which)
{
    float *first = (float *)left_at(c, blocks_of(rows_of(c), units_of(c)));
    return first + which * units_of(c);
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
    return n * ((SUMS + 2 * blocks) * (int64_t)sizeof(double) + FLOATS * (int64_t)sizeof(float));
}

static void init_0(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    (void)arg, (void)x, (void)shape, (void)s;
    for (int64_t i = 0; i < n; i++) w[i] = 0.0f;
}

static void init_1(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    (void)arg, (void)x, (void)shape, (void)s;
    for (int64_t i = 0; i < n; i++) w[i] = 1.0f;
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

/* The first row of a block, and how many it has. */
typedef struct part {
    int64_t row, rows;
} part;

static part part_of(const tc_call *c, int64_t block)
{
    const int64_t most = block_rows(units_of(c)), row = block * most, left = rows_of(c) - row;
    return (part){row, left < most ? left : most};
}

/* Four rows at a time, so that the sums are loaded and stored less often. */
#define SUM_OF_ROWS(to, of)                                                                                            \
    do {                                                                                                               \
        int64_t i = 0;                                                                                                 \
        for (; i + 4 <= rows; i += 4)                                                                                  \
            for (int64_t k = 0; k < m; k++) (to)[k] += (of(i) + of(i + 1)) + (of(i + 2) + of(i + 3));                  \
        for (; i < rows; i++)                                                                                          \
            for (int64_t k = 0; k < m; k++) (to)[k] += of(i);                                                          \
    } while (0)

/* Sums over m columns, at most COLUMNS, of rows that are n apart. */
TC_INLINE void leave(const float *x, int64_t rows, int64_t n, int64_t m, double *to, double *to_squares)
{
#define VALUE(i) (double)x[(i)*n + k]
#define SQUARE(i) (((double)x[(i)*n + k] - mean[k]) * ((double)x[(i)*n + k] - mean[k]))
    double sum[COLUMNS] = {0}, squares[COLUMNS] = {0}, mean[COLUMNS];
    SUM_OF_ROWS(sum, VALUE);
    for (int64_t k = 0; k < m; k++) mean[k] = sum[k] / (double)rows;
    SUM_OF_ROWS(squares, SQUARE);
    for (int64_t k = 0; k < m; k++) to[k] = sum[k], to_squares[k] = squares[k];
}

TC_INLINE void leave_back(const float *x, const float *g, const double *mean, int64_t rows, int64_t n, int64_t m,
                          double *to, double *to_gx)
{
#define GRADIENT(i) (double)g[(i)*n + k]
#define PRODUCT(i) ((double)g[(i)*n + k] * ((double)x[(i)*n + k] - mean[k]))
    double sum[COLUMNS] = {0}, gx[COLUMNS] = {0};
    SUM_OF_ROWS(sum, GRADIENT);
    SUM_OF_ROWS(gx, PRODUCT);
    for (int64_t k = 0; k < m; k++) to[k] = sum[k], to_gx[k] = gx[k];
}

/* The mean of COLUMNS units from j on. */
static void means(const tc_call *c, int64_t j, double *mean)
{
    const double n = count(c), *sum = sums_at(c, SUM);
    for (int64_t k = 0; k < COLUMNS && j + k < units_of(c); k++) mean[k] = sum[j + k] / n;
}

TC_CLONES static void leave_blocks(const tc_call *c, bool back, int64_t begin, int64_t end)
{
    const int64_t n = units_of(c);
    for (int64_t j = 0; j < n; j += COLUMNS) {
        const int64_t m = n - j < COLUMNS ? n - j : COLUMNS;
        double mean[COLUMNS];
        if (back) means(c, j, mean);
        for (int64_t b = begin; b < end; b++) {
            const part p = part_of(c, b);
            const int64_t at = p.row * n + j;
            double *to = left_at(c, b) + j;
            if (back)
                leave_back(c->x[X].data + at, c->g + at, mean, p.rows, n, m, to, to + n);
            else
                leave(c->x[X].data + at, p.rows, n, m, to, to + n);
        }
    }
}

/* ---- Units ------------------------------------------------------------------------------------------------------- */

/* to[u] = the sum over blocks of what each left in row `which`. */
static void total(const tc_call *c, int which, double *to, int64_t begin, int64_t end)
{
    const int64_t n = units_of(c), blocks = blocks_of(rows_of(c), n);
    for (int64_t u = begin; u < end; u++) to[u] = 0;
    for (int64_t b = 0; b < blocks; b++) {
        const double *left = left_at(c, b) + which * n;
        for (int64_t u = begin; u < end; u++) to[u] += left[u];
    }
}

static void spread(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = units_of(c), blocks = blocks_of(rows_of(c), n);
    const double all = count(c), *sum = sums_at(c, SUM);
    double *to = sums_at(c, SQUARES);
    total(c, 1, to, begin, end);
    for (int64_t b = 0; b < blocks; b++) {
        const double rows = (double)part_of(c, b).rows, *left = left_at(c, b);
        for (int64_t u = begin; u < end; u++) {
            const double off = left[u] / rows - sum[u] / all;
            to[u] += rows * off * off;
        }
    }
}

/* What normalises a unit. */
typedef struct wide {
    double mean, r, w, b;
} wide;

static wide wide_of(const tc_call *c, int64_t u)
{
    const bool training = c->run->training;
    const double mean = training ? sums_at(c, SUM)[u] / count(c) : (double)c->state[RUNNING_MEAN][u];
    const double var = training ? sums_at(c, SQUARES)[u] / count(c) : (double)c->state[RUNNING_VAR][u];
    const double v = var + c->arg[EPS].number;
    return (wide){.mean = mean,
                  .r = v > 0    ? 1 / sqrt(v)
                       : v == 0 ? 0
                                : NAN,
                  .w = c->x[W].data ? (double)c->x[W].data[u] : 1,
                  .b = c->x[B].data ? (double)c->x[B].data[u] : 0};
}

/* y = (x - centre) scale + shift. What rounding takes from the mean is in the shift. */
static void factors(const tc_call *c, int64_t begin, int64_t end)
{
    float *centre = floats_at(c, CENTRE), *scale = floats_at(c, SCALE), *shift = floats_at(c, SHIFT);
    for (int64_t u = begin; u < end; u++) {
        const wide v = wide_of(c, u);
        centre[u] = (float)v.mean;
        scale[u] = (float)(v.r * v.w);
        shift[u] = (float)(v.b + ((double)centre[u] - v.mean) * v.r * v.w);
    }
}

static void totals_back(const tc_call *c, int64_t begin, int64_t end)
{
    double *g = sums_at(c, OWN_G), *gh = sums_at(c, OWN_GH);
    total(c, 0, g, begin, end);
    total(c, 1, gh, begin, end);
    for (int64_t u = begin; u < end; u++) {
        gh[u] *= wide_of(c, u).r;
        sums_at(c, SUM_G)[u] = g[u];
        sums_at(c, SUM_GH)[u] = gh[u];
    }
}

/* dL/dx = scale (g - shift - (x - centre) slope) */
static void factors_back(const tc_call *c, int64_t begin, int64_t end)
{
    const double n = count(c), *g = sums_at(c, SUM_G), *gh = sums_at(c, SUM_GH);
    float *centre = floats_at(c, CENTRE), *scale = floats_at(c, SCALE), *shift = floats_at(c, SHIFT),
          *slope = floats_at(c, SLOPE);
    for (int64_t u = begin; u < end; u++) {
        const wide v = wide_of(c, u);
        const double steep = v.r * gh[u] / n;
        centre[u] = (float)v.mean;
        scale[u] = (float)(v.r * v.w);
        shift[u] = (float)(g[u] / n + ((double)centre[u] - v.mean) * steep);
        slope[u] = (float)steep;
    }
}

/* ---- Elements ---------------------------------------------------------------------------------------------------- */

/* Whether float32 will do for all units. */
TC_CLONES static bool usual(const tc_call *c, bool back)
{
    const int64_t n = units_of(c);
    const float *centre = floats_at(c, CENTRE), *scale = floats_at(c, SCALE), *shift = floats_at(c, SHIFT),
                *slope = floats_at(c, SLOPE), most = 1e30f, least = 1e-30f;
    int odd = 0;
    for (int64_t u = 0; u < n; u++) {
        const float s = fabsf(scale[u]);
        odd |= !(fabsf(centre[u]) < most) | !(fabsf(shift[u]) < most) | !(s < most) | ((s < least) & (s != 0.0f));
        odd |= back & !(fabsf(slope[u]) < most);
    }
    return !odd;
}

TC_INLINE void wide_row(const tc_call *c, int64_t at)
{
    for (int64_t u = 0; u < units_of(c); u++) {
        const wide v = wide_of(c, u);
        c->y.data[at + u] = (float)(((double)c->x[X].data[at + u] - v.mean) * v.r * v.w + v.b);
    }
}

TC_INLINE void row(const float *x, const float *centre, const float *scale, const float *shift, float *y, int64_t n)
{
    for (int64_t k = 0; k < n; k++) y[k] = (x[k] - centre[k]) * scale[k] + shift[k];
}

TC_CLONES static void normalise(const tc_call *c, int64_t from, int64_t to)
{
    const int64_t n = units_of(c);
    const float *centre = floats_at(c, CENTRE), *scale = floats_at(c, SCALE), *shift = floats_at(c, SHIFT);
    const bool narrow = usual(c, false);
    for (int64_t i = from; i < to; i++)
        if (narrow)
            row(c->x[X].data + i * n, centre, scale, shift, c->y.data + i * n, n);
        else
            wide_row(c, i * n);
}

TC_INLINE void wide_row_back(const tc_call *c, int64_t at)
{
    const double n = count(c), *g = sums_at(c, SUM_G), *gh = sums_at(c, SUM_GH);
    for (int64_t u = 0; u < units_of(c); u++) {
        const wide v = wide_of(c, u);
        const double h = ((double)c->x[X].data[at + u] - v.mean) * v.r;
        const double d = v.r * v.w * ((double)c->g[at + u] - g[u] / n - h * (gh[u] / n));
        c->d[X][at + u] = (c->add[X] ? c->d[X][at + u] : 0.0f) + (float)d;
    }
}

TC_INLINE void row_back(const float *x, const float *g, const float *centre, const float *scale, const float *shift,
                        const float *slope, float *d, bool add, int64_t n)
{
    if (add)
        for (int64_t k = 0; k < n; k++) d[k] += scale[k] * (g[k] - shift[k] - (x[k] - centre[k]) * slope[k]);
    else
        for (int64_t k = 0; k < n; k++) d[k] = scale[k] * (g[k] - shift[k] - (x[k] - centre[k]) * slope[k]);
}

TC_CLONES static void pass_back(const tc_call *c, int64_t from, int64_t to)
{
    const int64_t n = units_of(c);
    const float *centre = floats_at(c, CENTRE), *scale = floats_at(c, SCALE), *shift = floats_at(c, SHIFT),
                *slope = floats_at(c, SLOPE);
    const bool narrow = usual(c, true);
    for (int64_t i = from; i < to; i++)
        if (narrow)
            row_back(c->x[X].data + i * n, c->g + i * n, centre, scale, shift, slope, c->d[X] + i * n, c->add[X], n);
        else
            wide_row_back(c, i * n);
}

static void parameters_back(const tc_call *c)
{
    const double *g = sums_at(c, OWN_G), *gh = sums_at(c, OWN_GH);
    float *w = c->d[W], *b = c->d[B];
    for (int64_t u = 0; u < units_of(c) && w; u++) w[u] = (c->add[W] ? w[u] : 0.0f) + (float)gh[u];
    for (int64_t u = 0; u < units_of(c) && b; u++) b[u] = (c->add[B] ? b[u] : 0.0f) + (float)g[u];
}

/* ---- The operator ------------------------------------------------------------------------------------------------ */

/* The first row of a block, or the end. */
static int64_t row_at(const tc_call *c, int64_t block)
{
    const int64_t row = block * block_rows(units_of(c));
    return row < rows_of(c) ? row : rows_of(c);
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    if (c->phase == LEAVE) leave_blocks(c, false, begin, end);
    if (c->phase == MEAN) total(c, 0, sums_at(c, SUM), begin, end);
    if (c->phase == SPREAD) spread(c, begin, end);
    if (c->phase == FACTORS) factors(c, begin, end);
    if (c->phase == NORMALISE) normalise(c, row_at(c, begin), row_at(c, end));
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    if (c->phase == LEAVE_BACK) leave_blocks(c, true, begin, end);
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
    .param = {{"weight", "o", init_1}, {"bias", "o", init_0}},
    .state = {{"running_mean", NULL, NULL}, {"running_var", NULL, init_1}},
    .shape = shape,
    .unit = tc_unit_same,
    .work = 10,
    .save = save,
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
