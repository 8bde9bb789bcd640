/* revive.c: units that come back by new weights (revive=resample), after the neuron resampling of Bricken et al.:
 * Towards monosemanticity, 2023. A unit that has not fired for `dead_after` steps gets, from a row x of the batch that was
 * just seen, drawn without replacement with a probability proportional to the square of the row's loss,
 *
 *     d = (x - m) / |x - m|, m the mean of the batch
 *     weights into it     0.2 e d, e the mean norm of those of living units, or e d where units compete (topk): there a
 *                         weak one would never fire. Its bias is such that x - m is multiplied
 *     weights out of it   c d, c the mean norm of those of living units, if they make a reconstruction of x (c is 1 under
 *                         unit_norm); otherwise 0, so that the network computes what it did: the unit earns them
 *                         (Sokar et al.: The dormant neuron phenomenon in deep reinforcement learning, ICML 2023)
 *
 * and the optimizer forgets the moments of all of these. A weight that encodes and decodes gets the first. There the
 * recipe resamples all units at a few fixed steps, from a large sample of rows; here each comes back as soon as it is
 * dead, from a row of its own: in one step at most as many units as a quarter of the rows, since units with the same
 * weights would stay the same. A unit that has come back has `dead_after` steps to fire. */
#include "op/groups.h"
#include "steer/steer.h"

#include <math.h>
#include <string.h>

enum { PART = 4 /* one row in so many is used */ };
#define POSITIONS (UINT64_C(1) << 40) /* elements of the stream: those of rows begin at 0 */

/* ---- Groups of weights ---- */

static tc_groups groups_of(const tacet_plan *p, const tc_place *at, int by)
{
    const tc_value *v = &p->graph->value[at->value];
    return tc_groups_of(&v->shape, v->groups, by, 0);
}

/* Sets group i of a parameter to scale * w (NULL: 0), and its moments to 0. */
static void set_group(tacet_plan *p, const tc_place *at, int by, int64_t i, const float *w, double scale)
{
    const tc_groups g = groups_of(p, at, by);
    const tc_strip s = tc_strip_at(&g, i, i + 1);
    float *to = tc_plan_parameter(p, at);
    for (int64_t k = 0, n = 0; k < s.height; k++)
        for (int64_t j = 0; j < g.width; j++, n++) {
            const int64_t place = tc_strip_row(&g, &s, k) + j;
            to[place] = w ? (float)(scale * (double)w[n]) : 0.0f;
            for (int m = 0; m < p->block.moments; m++) tc_plan_moment(p, at, m)[place] = 0.0f;
        }
}

/* The mean norm of the groups of living units, or, if none is alive, of all. */
static double mean_norm(const tacet_plan *p, const tc_tally *t, const tc_place *at, int by)
{
    const tc_groups g = groups_of(p, at, by);
    double living = 0, all = 0, n = 0, square[TC_STRIP] = {0};
    for (int64_t i = 0; i < t->units; i++) {
        const tc_strip s = tc_strip_at(&g, i, i + 1);
        tc_strip_squares(&g, &s, tc_plan_parameter(p, at), p->run.kernel, square);
        all += sqrt(square[0]);
        living += t->dead[i] ? 0 : sqrt(square[0]);
        n += !t->dead[i];
    }
    return n > 0 ? living / n : all / (double)t->units;
}

/* ---- Rows ---- */

static double loss_of(tacet_plan *p, int64_t row)
{
    double sum = 0;
    for (int i = 0; i < p->revive.losses; i++) {
        tc_row_loss *l = &p->revive.loss[i];
        for (int k = 0; k < l->slots; k++) {
            const tc_view *x = &l->whole->x[k];
            const int64_t at = x->batch ? row * x->n : 0;
            l->x[k] = *x;
            if (x->data) l->x[k].data = x->data + at;
            if (x->ids) l->x[k].ids = x->ids + at;
        }
        double own = 0;
        const tc_span s = tc_span_of(&l->call, false);
        memset(l->call.partial, 0, sizeof *l->call.partial * (size_t)l->partials);
        for (int64_t k = 0; k < l->partials; k++) l->call.op->forward(&l->call, k * s.grain, tc_part_end(s, k));
        for (int64_t k = 0; k < l->partials; k++) own += l->call.partial[k];
        const tc_view *weight = l->whole->factor;
        sum += *l->whole->lambda * own * (weight ? (double)weight->data[row] : 1);
    }
    return sum;
}

/* The order in which rows are drawn: the largest of log(u) / weight first, u uniform in (0, 1), draws without replacement
 * (Efraimidis, Spirakis: Weighted random sampling with a reservoir, Information Processing Letters 97, 2006). Scaled by
 * the largest loss, so that no square is out of range. */
static void set_keys(tacet_plan *p, tc_stream s)
{
    double *key = p->revive.key, most = 0;
    for (int64_t i = 0; i < p->run.rows; i++) {
        key[i] = fabs(loss_of(p, i));
        most = fmax(most, key[i]);
    }
    for (int64_t i = 0; i < p->run.rows; i++) {
        const double u = ((double)tc_stream_word(s, (uint64_t)(p->run.first_row + i)) + 0.5) * 0x1p-32;
        const double weight = most > 0 ? key[i] / most * (key[i] / most) : 0;
        key[i] = weight > 0 ? log(u) / weight : -INFINITY;
    }
}

/* The next row, or -1. */
static int64_t draw(tacet_plan *p)
{
    int64_t best = -1;
    double *key = p->revive.key;
    for (int64_t i = 0; i < p->run.rows; i++)
        if (isfinite(key[i]) && (best < 0 || key[i] > key[best])) best = i;
    if (best >= 0) key[best] = -INFINITY;
    return best;
}

/* ---- Units ---- */

static const float *rows_of(const tacet_plan *p, const tc_resample *r)
{
    const tc_list *l = &p->list[TC_TRAIN];
    return tc_buffer_memory(p, l, l->value[r->from]);
}

static void set_mean(const tacet_plan *p, tc_resample *r)
{
    const int64_t n = r->width, rows = p->run.rows * tc_shape_positions(&p->graph->value[r->from].shape);
    const float *x = rows_of(p, r);
    memset(r->mean, 0, sizeof *r->mean * (size_t)n);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < n; j++) r->mean[j] += (double)x[i * n + j];
    for (int64_t j = 0; j < n; j++) r->mean[j] /= (double)rows;
}

/* Sets the direction to a row, at a position that is drawn, less the mean; returns its norm, and in *shift its product
 * with the mean. */
static double set_direction(const tacet_plan *p, tc_resample *r, int64_t row, tc_stream s, double *shift)
{
    const int64_t positions = tc_shape_positions(&p->graph->value[r->from].shape);
    const uint64_t element = POSITIONS + (uint64_t)(p->run.first_row + row);
    const int64_t at = row * positions + (int64_t)tc_stream_below(s, element, (uint64_t)positions);
    const float *x = rows_of(p, r) + at * r->width;
    double square = 0;
    *shift = 0;
    for (int64_t j = 0; j < r->width; j++) {
        const double d = (double)x[j] - r->mean[j];
        r->direction[j] = (float)d;
        square += d * d;
        *shift += d * r->mean[j];
    }
    return sqrt(square);
}

static void set_outlet(tacet_plan *p, const tc_resample *r, const tc_outlet *o, int64_t unit, double scale)
{
    if (o->at == r->weight) return; /* it has the weights of the encoder */
    if (o->decodes) set_group(p, o->at, o->by, unit, r->direction, scale);
    if (o->decodes) return;
    const tc_groups g = groups_of(p, o->at, o->by);
    const int64_t in = o->inputs / g.across; /* of each group of a convolution's channels */
    for (int64_t i = 0; i < o->inputs; i++)
        if ((o->unit ? o->unit[i] : i) == unit)
            set_group(p, o->at, o->by, o->by == TC_BY_INPUT ? i % in * g.across + i / in : i, NULL, 0);
}

/* How long the weights of a unit become, into it and out of it. */
typedef struct norms {
    double in, out;
} norms;

/* Whether the unit could be made from the row, which must differ from the mean. */
static bool revive(tacet_plan *p, tc_resample *r, int64_t unit, int64_t row, norms n, tc_stream positions)
{
    double shift;
    const double norm = set_direction(p, r, row, positions, &shift), in = r->part * n.in / norm;
    if (!(norm > 0) || !isfinite(in) || !isfinite(n.out / norm)) return false;
    set_group(p, r->weight, r->by, unit, r->direction, in);
    const float bias = (float)(-in * shift);
    if (r->bias) set_group(p, r->bias, TC_BY_UNIT, unit, &bias, 1);
    for (int i = 0; i < r->restarts; i++)
        set_group(p, r->restart[i].at, TC_BY_UNIT, unit, &r->restart[i].first[unit], 1);
    for (int i = 0; i < r->outlets; i++) set_outlet(p, r, &r->outlet[i], unit, n.out / norm);
    r->tally->silent[unit] = 0;
    r->tally->dead[unit] = false;
    r->tally->revived++;
    return true;
}

static void resample(tacet_plan *p, tc_resample *r)
{
    tc_tally *t = r->tally;
    int64_t left = (p->run.rows + PART - 1) / PART, unit = 0;
    while (unit < t->units && !t->dead[unit]) unit++;
    if (unit == t->units) return;
    norms n = {.in = mean_norm(p, t, r->weight, r->by)};
    for (int i = 0; i < r->outlets; i++)
        if (r->outlet[i].decodes) n.out = mean_norm(p, t, r->outlet[i].at, r->outlet[i].by);
    const tc_stream rows = tc_stream_of(p->set.seed, p->run.step, r->draws);
    set_keys(p, rows);
    set_mean(p, r);
    for (int64_t row; unit < t->units && left > 0 && (row = draw(p)) >= 0; left--) {
        while (unit < t->units && !t->dead[unit]) unit++;
        if (unit < t->units) revive(p, r, unit, row, n, rows);
    }
    tc_run_constrain(p, r->weight);
    if (r->bias) tc_run_constrain(p, r->bias);
    for (int i = 0; i < r->restarts; i++) tc_run_constrain(p, r->restart[i].at);
    for (int i = 0; i < r->outlets; i++) tc_run_constrain(p, r->outlet[i].at);
    p->update.reach = TC_REACH_UNKNOWN;
}

void tc_revive(tacet_plan *p)
{
    for (int i = 0; i < p->revive.resamples; i++) resample(p, &p->revive.resample[i]);
}
