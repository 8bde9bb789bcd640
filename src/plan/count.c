/* count.c: how often each unit fires. After a value that is watched a step counts, for each unit, the rows and
 * positions at which it is not 0.
 *
 *     in evaluation    values whose operator makes zeros
 *     in training      values that a penalty names; with a ledger that was asked for, those that evaluation watches too
 *
 * Positions fold into rows: the value is a matrix [rows * positions, units]. A piece of work is a tile of it. Each
 * strip of rows has counts of its own, which are added up when the pass is noted, so that an int32 holds them. */
#include "plan/plan.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 256, STRIP = 4096 /* rows of a tile */, LANES = 8, VECTORS = 2 * LANES };

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

static int64_t strips(int64_t rows) { return (rows + STRIP - 1) / STRIP; }
static int64_t across(int64_t units) { return (units + COLUMNS - 1) / COLUMNS; }

static tc_span span(const tc_call *c)
{
    const int64_t units = tc_units(&c->x[0]);
    return (tc_span){strips(tc_elements(c, &c->x[0]) / units) * across(units), 1};
}

/* Columns [begin, end) of x [rows, n], two vectors at a time. A comparison gives -1 where it holds. */
TC_CLONES static void count(const float *x, int64_t rows, int64_t n, int64_t begin, int64_t end, int32_t *now)
{
    int64_t j = begin;
    for (; j + VECTORS <= end; j += VECTORS) {
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
}

/* The same of all columns, where a row fills no vector: VECTORS rows are read as one. */
static void count_narrow(const float *x, int64_t rows, int64_t n, int32_t *now)
{
    const int64_t wide = VECTORS * n, whole = rows / VECTORS;
    int32_t wide_now[VECTORS * VECTORS];
    count(x, whole, wide, 0, wide, wide_now);
    for (int64_t j = 0; j < n; j++) {
        now[j] = 0;
        for (int64_t k = j; k < wide; k += n) now[j] += wide_now[k];
        for (int64_t i = whole * VECTORS; i < rows; i++) now[j] += x[i * n + j] != 0.0f;
    }
}

/* One tile; returns how much fired in it. */
static int64_t count_tile(const tc_call *c, int64_t tile)
{
    const tc_count_of *to = c->save;
    const int64_t n = tc_units(&c->x[0]), rows = tc_elements(c, &c->x[0]) / n;
    const int64_t strip = tile / across(n), from = strip * STRIP, high = rows - from < STRIP ? rows - from : STRIP;
    const int64_t begin = tile % across(n) * COLUMNS, end = n - begin < COLUMNS ? n : begin + COLUMNS;
    const float *x = c->x[0].data + from * n;
    int32_t *now = to->now + strip * n;
    int64_t sum = 0;
    if (n < VECTORS)
        count_narrow(x, high, n, now);
    else
        count(x, high, n, begin, end, now);
    for (int64_t j = begin; j < end; j++) sum += now[j];
    return sum;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    int64_t sum = 0;
    for (int64_t tile = begin; tile < end; tile++) sum += count_tile(c, tile);
    *tc_partial(c, begin) = (double)sum;
}

static double finish(const tc_call *c, double sum) { return *c->result = sum; }

const tc_op tc_op_count_fired = {.name = "count",
                                 .role = &tc_layer,
                                 .flags = TC_READS_X,
                                 .inputs = 1,
                                 .span = span,
                                 .forward = forward,
                                 .finish = finish};

bool tc_count_alloc(tacet_plan *p, int list, int value)
{
    const tc_value *v = &p->graph->value[value];
    const int64_t units = tc_shape_units(&v->shape), rows = tc_shape_positions(&v->shape) * (v->batch ? p->batch : 1);
    tc_count_of *c = &p->count[list][value];
    c->now = tc_plan_alloc(p, (size_t)(strips(rows) * units), sizeof *c->now);
    c->fired = tc_plan_alloc(p, (size_t)units, sizeof *c->fired);
    return c->now && c->fired;
}

void tc_count_note(tacet_plan *p, int list)
{
    for (int v = 0; v < p->values; v++) {
        const tc_value *value = &p->graph->value[v];
        tc_count_of *c = &p->count[list][v];
        if (!c->now) continue;
        const int64_t units = tc_shape_units(&value->shape);
        const int64_t rows = tc_shape_positions(&value->shape) * (value->batch ? p->run.rows : 1);
        for (int64_t k = 0; k < strips(rows); k++)
            for (int64_t j = 0; j < units; j++) c->fired[j] += c->now[k * units + j];
        c->rows += rows;
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
        memset(c->fired, 0, sizeof *c->fired * (size_t)tc_shape_units(&p->graph->value[v].shape));
        c->rows = 0;
    }
}

/* Bin k: units that fired in a share of the rows from k / BINS up to, but for the last bin, (k + 1) / BINS. */
bool tc_count_read(const tacet_plan *p, int list, int value, tacet_firing *f)
{
    enum { BINS = sizeof f->histogram / sizeof *f->histogram };
    const tc_count_of *c = &p->count[list][value];
    *f = (tacet_firing){
        .density = NAN, .natural = c->natural, .rows = c->rows, .units = tc_shape_units(&p->graph->value[value].shape)};
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
