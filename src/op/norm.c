/* norm: (sum |x|^p)^(1/p), not squared, as in torch.norm.
 *
 *     reduce=sum       the norm of the whole: of all rows and inputs together, as one vector; also on parameters
 *     reduce=mean      that, divided by the number of elements
 *     reduce=sample    the norms of the units of each position (over all inputs together), added up over the positions;
 *                      then the mean over the samples
 *     reduce=position  the mean of those norms over samples and positions
 *
 *     d norm / dx = sign(x) (|x| / norm)^(p - 1); where the norm is 0 it is 0, and for p = 1 it is 0 where x is 0.
 *
 * It is additive over the samples only with `sample` and `position`. The norm of the whole is recovered from the
 * result; the norms of the positions are kept from forward to backward. Powers and sums are in double. If a sum of powers
 * leaves its range all the same, the numbers are divided by the largest first; for the whole, which is the norm of the
 * norms of its ranges, only if this rank has all of it. */
#include "op/penalty.h"

enum { P };

static double root(double x, double p) { return p == 2 ? sqrt(x) : (p == 1 ? x : pow(x, 1 / p)); }

/* The norms of the positions, or of the ranges of the whole. */
static int64_t save(const tc_sketch *s, int64_t rows)
{
    int64_t n = 0;
    for (int i = 0; i < s->inputs; i++) n += tc_shape_count(&s->x[i]) * (s->batch[i] ? rows : 1);
    const int64_t positions = s->batch[0] ? rows * tc_shape_positions(&s->x[0]) : 0, ranges = n / TC_RANGE + rows + 1;
    return (positions > ranges ? positions : ranges) * (int64_t)sizeof(double);
}

/* Whether the units of each position are a vector; otherwise the whole is one. */
static bool is_apart(const tc_call *c) { return c->reduce == TC_SAMPLE || c->reduce == TC_POSITION; }

static tc_span span(const tc_call *c) { return is_apart(c) ? tc_span_positions(c) : tc_span_elements(c); }

/* sum of |x|^p over x[from, to) */
static double sum_of(const tc_call *c, const float *x, int64_t from, int64_t to, double p)
{
    if (p == 2) return to > from ? c->run->kernel->squares(x + from, to - from) : 0;
    double sum = 0;
    for (int64_t i = from; i < to; i++) sum += p == 1 ? fabs((double)x[i]) : pow(fabs((double)x[i]), p);
    return sum;
}

/* top (sum of |x / top|^p)^(1/p), top the largest magnitude so far: one number x more. */
typedef struct scaled {
    double top, sum;
} scaled;

static void add(scaled *s, double x, double p)
{
    const double m = fabs(x);
    if (m > s->top)
        *s = (scaled){m, s->sum * pow(s->top / m, p) + 1};
    else if (s->top > 0)
        s->sum += pow(m / s->top, p);
}

static bool is_lost(double sum) { return sum < 1e-280 || sum > 1e300; }

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const double p = c->arg[P].number;
    double total = 0, *kept = c->save;
    int64_t start = 0;
    if (!is_apart(c)) {
        scaled s = {0, 0};
        for (int i = 0; i < c->inputs; i++) {
            const tc_overlap k = tc_overlap_of(c, i, begin, end, &start);
            total += sum_of(c, c->x[i].data, k.from, k.to, p);
        }
        start = 0;
        for (int i = 0; i < c->inputs && is_lost(total); i++) {
            const tc_overlap k = tc_overlap_of(c, i, begin, end, &start);
            for (int64_t j = k.from; j < k.to; j++) add(&s, (double)c->x[i].data[j], p);
        }
        kept[tc_partial(c, begin) - c->partial] = is_lost(total) ? s.top * root(s.sum, p) : root(total, p);
    }
    for (int64_t r = begin; is_apart(c) && r < end; r++) {
        scaled s = {0, 0};
        double sum = 0;
        for (int i = 0; i < c->inputs; i++) {
            const int64_t n = tc_units(&c->x[i]);
            sum += sum_of(c, c->x[i].data + r * n, 0, n, p);
        }
        for (int i = 0; i < c->inputs && is_lost(sum); i++)
            for (int64_t j = 0, n = tc_units(&c->x[i]); j < n; j++) add(&s, (double)c->x[i].data[r * n + j], p);
        kept[r] = is_lost(sum) ? s.top * root(s.sum, p) : root(sum, p);
        total += kept[r];
    }
    *tc_partial(c, begin) = total;
}

static double finish(const tc_call *c, double sum)
{
    const double p = c->arg[P].number, *kept = c->save;
    const bool all = !c->x[0].batch || c->run->rows == c->run->batch_rows;
    double value = is_apart(c) ? sum : root(sum, p);
    if (!is_apart(c) && is_lost(sum) && all) {
        scaled s = {0, 0};
        for (int64_t i = 0; i < tc_ranges(span(c)); i++) add(&s, kept[i], p);
        value = s.top * root(s.sum, p);
    }
    return *c->result = value / tc_denominator(c);
}

/* d[from, to) = seed * d norm / dx, stored or added. */
TC_CLONES static void gradient(const float *x, float *d, bool add, int64_t from, int64_t to, double seed, double norm,
                               double p)
{
    const double inverse = norm > 0 ? 1 / norm : 0, factor = seed * inverse;
    for (int64_t i = from; i < to && p == 2; i++) d[i] = (add ? d[i] : 0.0f) + (float)(factor * (double)x[i]);
    for (int64_t i = from; i < to && p != 2; i++) {
        const double m = fabs((double)x[i]) * inverse; /* powers of m stay in range even if those of x do not */
        const double slope = p == 1 ? (double)(m > 0) : pow(m, p - 1);
        d[i] = (add ? d[i] : 0.0f) + (float)(seed * copysign(slope, (double)x[i]));
    }
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const double p = c->arg[P].number, seed = tc_seed(c), whole = *c->result * tc_denominator(c), *kept = c->save;
    int64_t start = 0;
    for (int i = 0; i < c->inputs; i++) {
        const float *x = c->x[i].data;
        float *d = c->d[i];
        if (!is_apart(c)) {
            tc_overlap k = tc_overlap_of(c, i, begin, end, &start);
            if (d) gradient(x, d, c->add[i], k.from, k.to, seed, whole, p);
            continue;
        }
        const int64_t n = tc_units(&c->x[i]);
        for (int64_t r = begin; r < end && d; r++) gradient(x, d, c->add[i], r * n, (r + 1) * n, seed, kept[r], p);
    }
}

static tc_grouping grouping(const tc_arg *arg, bool batch)
{
    if (arg[P].number == 1) return (tc_grouping){TC_BY_BLOCK, 1};
    return (tc_grouping){.by = batch ? TC_BY_INPUT : TC_BY_WHOLE};
}

const tc_op tc_op_norm = {
    .name = "norm",
    .formula = "lambda * (sum |x|^p)^(1/p)",
    .doc = "The p-norm, not squared, of each position's units (of [512]: of a sample). With reduce=sum and mean that "
           "of the whole batch as one vector: not additive over samples.",
    .source = "torch.norm",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_VECTORS,
    .attribute = {{"p", "float", "2", "the power, from 1 to 32", false}},
    .limit = {{"needs p from 1 to 32", P, 1, 32}},
    .work = 2,
    .save = save,
    .span = span,
    .forward = forward,
    .backward = backward,
    .finish = finish,
    .grouping = grouping,
    .probe = {{"norm 0.3", {"3 5"}, -2, 2, NAN},
              {"norm 0.3 p=1", {"7"}, -2, 2, 0},
              {"norm 0.3 p=3", {"2 2 3"}, -2, 2, NAN}},
};
