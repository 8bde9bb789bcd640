/* tally.c: how often each unit fired, over many passes of a list: the counts of each pass (step/count.c) are added up
 * once the pass can no longer be undone. */
#include "run/run.h"

#include <math.h>
#include <string.h>

static void add(int64_t *restrict to, const int32_t *restrict from, int64_t n)
{
    for (int64_t j = 0; j < n; j++) to[j] += from[j];
}

/* How many steps each unit has been silent, and which have come back. In a step of several batches, -1 says that a unit
 * has fired in an earlier one; which are dead changes only after the last. */
static void note_silence(tc_tally *c, int64_t strips, bool part)
{
    for (int64_t j = 0; j < c->units; j++) {
        int64_t fired = (c->all ? (int64_t)c->all[j] : 0) + (c->silent[j] < 0);
        for (int64_t k = 0; !c->all && k < strips; k++) fired += c->now[k * c->units + j];
        if (part) {
            if (fired) c->silent[j] = -1;
            continue;
        }
        c->revived += fired && c->dead[j];
        c->silent[j] = fired ? 0 : c->silent[j] + 1;
        c->dead[j] = c->silent[j] >= c->after;
    }
}

void tc_tally_note(tacet_plan *p, int list)
{
    const bool part = list == TC_TRAIN && tc_parts_go_on(p);
    for (tc_tally *c = p->list[list].tally; c; c = c->next) {
        if (part && !c->batch) continue; /* it is the same in all parts of a step */
        if (part) c->earlier += c->sum;
        const int64_t rows = c->positions * (c->batch ? p->run.rows : 1);
        for (int64_t k = 0; !c->all && k < tc_tally_strips(rows); k++) add(c->fired, c->now + k * c->units, c->units);
        for (int64_t j = 0; c->all && j < c->units; j++) c->fired[j] += (int64_t)c->all[j];
        c->rows += c->positions * (c->batch ? p->run.batch_rows : 1);
        if (c->after) note_silence(c, tc_tally_strips(rows), part);
    }
}

double tc_tally_density(const tacet_plan *p, int list, int value)
{
    const tc_tally *c = &p->count[list][value];
    const double n = (double)tc_shape_count(&p->graph->value[value].shape);
    return c->now ? (c->earlier + c->sum) / (n * (double)p->run.global_rows) : NAN;
}

void tc_tally_reset(tacet_plan *p, int list)
{
    for (tc_tally *c = p->list[list].tally; c; c = c->next) {
        memset(c->fired, 0, sizeof *c->fired * (size_t)c->units);
        c->rows = c->revived = 0;
    }
}

/* The power of ten of a share of the rows: the last bin is that from 0.1 on. */
static int decade(int64_t fired, int64_t rows, int bins)
{
    int k = bins - 1;
    for (double bound = 0.1; k > 0 && (double)fired < bound * (double)rows; bound /= 10) k--;
    return k;
}

/* Bin k: units that fired in a share of the rows from k / BINS to (k + 1) / BINS, which only the last bin includes. */
bool tc_tally_read(const tacet_plan *p, int list, int value, tacet_firing *f)
{
    enum { BINS = sizeof f->histogram / sizeof *f->histogram, DECADES = sizeof f->decades / sizeof *f->decades };
    const tc_tally *c = &p->count[list][value];
    *f = (tacet_firing){.density = NAN,
                        .natural = c->natural,
                        .rows = c->rows,
                        .units = tc_shape_units(&p->graph->value[value].shape),
                        .revived = c->revived};
    if (!c->now || c->rows == 0) return false;
    int64_t fired = 0;
    for (int64_t j = 0; j < f->units; j++) {
        const int64_t bin = c->fired[j] * BINS / c->rows;
        f->histogram[bin < BINS ? bin : BINS - 1]++;
        f->decades[decade(c->fired[j], c->rows, DECADES)]++;
        f->dead += c->fired[j] == 0;
        fired += c->fired[j];
    }
    f->density = (double)fired / ((double)f->units * (double)c->rows);
    return true;
}
