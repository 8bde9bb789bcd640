/* kl_sparsity: how far each unit's mean over the batch is from rho, for values within (0, 1), such as a sigmoid's.
 *
 *     p_j = mean of x_j over samples and positions, clipped to [1e-7, 1 - 1e-7]
 *     value = sum_j rho log(rho / p_j) + (1 - rho) log((1 - rho) / (1 - p_j));  reduce=mean: divided by the units
 *     dL/dx_ij = lambda * ((1 - rho) / (1 - p_j) - rho / p_j) / (rows * positions); 0 where p_j is clipped
 *
 * It is NOT additive over samples: two halves of a batch do not add up to the whole, and the size of the batch matters.
 * It already contains the mean over samples and positions, so `sample` and `position` are the same as `sum`.
 *
 * So the forward pass has two phases. The first adds up each unit over all rows and positions of this rank; these sums
 * are added up over the ranks. From them the second computes the same value on every rank, and overwrites each unit's
 * sum with its derivative. In both phases a piece of work is a unit; backward it is a row. */
#include "op/penalty.h"

enum { RHO };
enum { ADD_UP, COMPARE, PHASES };
enum { COLUMNS = 128 };

static bool shape(tc_sketch *s)
{
    return s->batch[0] || tc_shape_refuse(s, "needs a value of the batch: a parameter has no samples");
}

static int64_t save(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    int64_t n = 0;
    for (int i = 0; i < s->inputs; i++) n += tc_shape_units(&s->x[i]);
    return n * (int64_t)sizeof(double);
}

static int64_t units(const tc_call *c)
{
    int64_t n = 0;
    for (int i = 0; i < c->inputs; i++) n += tc_units(&c->x[i]);
    return n;
}

static double divisor(const tc_call *c) { return c->reduce == TC_MEAN ? (double)units(c) : 1; }

static tc_span span(const tc_call *c) { return (tc_span){units(c), COLUMNS}; }

static tc_span span_back(const tc_call *c)
{
    int64_t n = 0;
    for (int i = 0; i < c->inputs; i++) n += c->x[i].n;
    return (tc_span){c->run->rows, n < TC_RANGE ? TC_RANGE / n : 1};
}

/* sum[m] = units [j, j + m) of v, m at most COLUMNS, over all its rows and positions. */
TC_CLONES static void add_up(const tc_call *c, const tc_view *v, int64_t j, int64_t m, double *sum)
{
    const int64_t n = tc_units(v), rows = c->run->rows * tc_positions(v);
    const float *x = v->data + j;
    double column[COLUMNS] = {0};
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < m; k++) column[k] += (double)x[r * n + k];
    for (int64_t k = 0; k < m; k++) sum[k] = column[k];
}

/* The value of m units from their sums over n samples and positions, each of which becomes d value / dx. */
TC_CLONES static double compare(const tc_call *c, double n, int64_t m, double *kept)
{
    const double rho = c->arg[RHO].number, least = 1e-7, most = 1 - least;
    double value = 0;
    for (int64_t k = 0; k < m; k++) {
        const double mean = kept[k] / n, p = mean < least ? least : (mean > most ? most : mean);
        value += rho * log(rho / p) + (1 - rho) * log((1 - rho) / (1 - p));
        kept[k] = p == mean || mean != mean ? ((1 - rho) / (1 - p) - rho / p) / n : 0;
    }
    return value;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    double total = 0, *kept = c->save;
    int64_t start = 0;
    for (int i = 0; i < c->inputs; start += tc_units(&c->x[i++])) {
        const tc_view *v = &c->x[i];
        const double samples = (double)(c->run->batch_rows * tc_positions(v));
        const int64_t n = tc_units(v), to = end - start < n ? end - start : n;
        for (int64_t j = begin > start ? begin - start : 0; j < to; j += COLUMNS) {
            const int64_t m = to - j < COLUMNS ? to - j : COLUMNS;
            if (c->phase == ADD_UP)
                add_up(c, v, j, m, kept + start + j);
            else
                total += compare(c, samples, m, kept + start + j);
        }
    }
    if (c->phase == COMPARE) *tc_partial(c, begin) = total;
}

static double *sums(const tc_call *c, bool backward, int64_t *n)
{
    if (backward || c->phase != ADD_UP) return NULL;
    *n = units(c);
    return c->save;
}

static double finish(const tc_call *c, double sum) { return *c->result = sum / divisor(c); }

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const double seed = *c->lambda / divisor(c), *kept = c->save;
    for (int i = 0; i < c->inputs; kept += tc_units(&c->x[i++])) {
        const int64_t n = tc_units(&c->x[i]), positions = tc_positions(&c->x[i]);
        const bool add = c->add[i];
        for (int64_t r = begin * positions; r < end * positions && c->d[i]; r++) {
            float *d = c->d[i] + r * n;
            for (int64_t j = 0; j < n; j++) d[j] = (add ? d[j] : 0.0f) + (float)(seed * kept[j]);
        }
    }
}

static tc_grouping grouping(const tc_arg *arg, bool batch)
{
    (void)arg, (void)batch;
    return (tc_grouping){.by = TC_BY_UNIT};
}

const tc_op tc_op_kl_sparsity = {
    .name = "kl_sparsity",
    .formula = "lambda * sum over units of KL(rho || the unit's mean over the batch)",
    .doc = "Draws the mean of each unit over the batch (and its positions) to rho; for values within (0, 1), such as a "
           "sigmoid's. Not additive over samples: its value depends on the batch. reduce=sample and position are as "
           "sum, mean is over the units.",
    .source = "Ng: Sparse autoencoder, CS294A lecture notes, Stanford, 2011",
    .role = &tc_penalty,
    .flags = TC_MIXES,
    .attribute = {{"rho", "float", "0.05", "the target of each unit's mean over the batch, between 0 and 1", false}},
    .limit = {{"needs rho between 0 and 1", RHO, TC_ABOVE_0, TC_BELOW_1}},
    .shape = shape,
    .work = 2,
    .save = save,
    .span = span,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .phases = PHASES,
    .sums = sums,
    .finish = finish,
    .grouping = grouping,
    .probe = {{"kl_sparsity 0.3", {"3 5"}, 0.1, 0.9, NAN}, {"kl_sparsity 0.3 rho=0.4", {"131"}, 0.1, 0.9, NAN}},
};
