/* count.c: how often each unit fires. Behind a value that is watched a step counts, in each column, the rows in which it
 * is not 0.
 *
 *     in evaluation    values whose operator makes zeros
 *     in training      values that a penalty names; with a ledger that was asked for, those that evaluation watches too
 */
#include "plan/plan.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 256, LANES = 8 };

typedef float floats __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t integers __attribute__((vector_size(4 * LANES), aligned(4)));

static bool penalised(const tacet_plan *p, int value)
{
    for (int i = 0; i < p->terms; i++)
        if (tc_term_penalises(p, i, value) && (p->ledger || !isnan(p->graph->term[i].target))) return true;
    return false;
}

bool tc_fire_counts(const tacet_plan *p, int list, int value)
{
    const tc_value *v = &p->graph->value[value];
    const bool zeros = v->op && (v->op->flags & TC_MAKES_ZEROS);
    if (list == TC_EVAL) return zeros;
    return v->batch && ((zeros && p->watch) || penalised(p, value));
}

/* Units are columns: each range counts its own over all rows. */
static tc_span span(const tc_call *c) { return (tc_span){c->x[0].n, COLUMNS}; }

/* Two vectors of columns at a time. A comparison gives -1 where it holds. */
TC_CLONES static double count(const float *x, int64_t rows, int64_t n, int64_t begin, int64_t end, int32_t *now)
{
    int64_t sum = 0, j = begin;
    for (; j + 2 * LANES <= end; j += 2 * LANES) {
        integers a = {0}, b = {0};
        for (int64_t i = 0; i < rows; i++) {
            const floats *at = (const void *)(x + i * n + j);
            a -= at[0] != (floats){0};
            b -= at[1] != (floats){0};
        }
        integers *to = (void *)(now + j);
        to[0] = a;
        to[1] = b;
    }
    for (; j < end; j++) {
        now[j] = 0;
        for (int64_t i = 0; i < rows; i++) now[j] += x[i * n + j] != 0.0f;
    }
    for (j = begin; j < end; j++) sum += now[j];
    return (double)sum;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_count_of *to = c->save;
    *tc_partial(c, begin) = count(c->x[0].data, tc_rows(c, &c->x[0]), c->x[0].n, begin, end, to->now);
}

static double finish(const tc_call *c, double sum) { return *c->result = sum; }

const tc_op tc_op_count_fired = {.name = "count",
                                 .role = &tc_layer,
                                 .flags = TC_READS_X,
                                 .inputs = 1,
                                 .span = span,
                                 .forward = forward,
                                 .finish = finish};

void tc_count_note(tacet_plan *p, int list)
{
    for (int v = 0; v < p->values; v++) {
        tc_count_of *c = &p->count[list][v];
        if (!c->now) continue;
        const int64_t n = tc_shape_count(&p->graph->value[v].shape);
        for (int64_t j = 0; j < n; j++) c->fired[j] += c->now[j];
        c->rows += p->graph->value[v].batch ? p->run.rows : 1;
    }
}

double tc_count_density(const tacet_plan *p, int list, int value)
{
    const tc_count_of *c = &p->count[list][value];
    const double n = (double)tc_shape_count(&p->graph->value[value].shape);
    return c->now ? c->sum / (n * (double)p->run.rows) : NAN;
}

void tc_count_reset(tacet_plan *p, int list)
{
    for (int v = 0; v < p->values; v++) {
        tc_count_of *c = &p->count[list][v];
        if (!c->now) continue;
        memset(c->fired, 0, sizeof *c->fired * (size_t)tc_shape_count(&p->graph->value[v].shape));
        c->rows = 0;
    }
}

/* Bin k: units that fired in a share of the rows from k / BINS up to, but for the last bin, (k + 1) / BINS. */
bool tc_count_read(const tacet_plan *p, int list, int value, tacet_firing *f)
{
    enum { BINS = sizeof f->histogram / sizeof *f->histogram };
    const tc_count_of *c = &p->count[list][value];
    *f = (tacet_firing){
        .density = NAN, .natural = c->natural, .rows = c->rows, .units = tc_shape_count(&p->graph->value[value].shape)};
    if (!c->now || c->rows == 0) return false;
    int64_t fired = 0;
    for (int64_t j = 0; j < f->units; j++) {
        const int64_t bin = c->fired[j] * BINS / c->rows;
        f->histogram[bin < BINS ? bin : BINS - 1]++;
        f->dead += c->fired[j] == 0;
        fired += c->fired[j];
    }
    f->density = (double)fired / ((double)f->units * (double)c->rows);
    return true;
}
