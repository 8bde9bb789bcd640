/* ledger.c: what each term did, added up over steps until the ledger is reset (for instance when an epoch begins):
 * means over rows, gradients of sampled steps, how often units fired. */
#include "base/sized.h"
#include "op/groups.h"
#include "steer/steer.h"

#include <math.h>
#include <string.h>

static void note_term(tacet_plan *p, int i, double rows)
{
    tc_account *a = &p->table.account[i];
    a->value += rows * p->result.value[i];
    a->weighted += rows * p->table.lambda[i] * p->result.value[i];
    a->lambda += rows * p->table.lambda[i];
    if (!p->sample.due || !tc_plan_is_penalty(p, i)) return;
    a->gradient += p->table.lambda[i] * p->sample.own[i];
    a->data += sqrt(tc_sampled_data(p, i));
    a->samples++;
}

void tc_ledger_note(tacet_plan *p)
{
    const double rows = (double)p->run.global_rows;
    tc_total *t = &p->table.total;
    t->steps++;
    t->clipped += p->update.clipped;
    t->rows += p->run.global_rows;
    t->objective += rows * tacet_objective(p);
    t->data_loss += rows * tacet_data_loss(p);
    for (int i = 0; i < p->terms; i++) note_term(p, i, rows);
    for (int v = 0; v < p->values && p->table.step == 1; v++)
        p->count[TC_TRAIN][v].natural = tc_tally_density(p, TC_TRAIN, v);
}

/* Small changes are noise. */
#define RISE_OF_LOSS 1.02
#define RISE_OF_LAMBDA 1.05

tc_rise tc_ledger_rise(const tacet_plan *p, int i)
{
    const tc_account *a = &p->table.account[i];
    const double rows = (double)p->table.total.rows, loss = p->table.total.data_loss / rows, lambda = a->lambda / rows;
    const tc_rise before = a->rise;
    const bool rises = before.loss > 0 && loss > RISE_OF_LOSS * before.loss && a->lambda_before > 0 &&
                       lambda > RISE_OF_LAMBDA * a->lambda_before;
    if (!(rows > 0)) return before;
    if (!rises) return (tc_rise){.loss = loss};
    if (before.times == 0) return (tc_rise){1, loss, before.loss, a->lambda_before};
    return (tc_rise){before.times + 1, loss, before.loss_from, before.lambda_from};
}

void tacet_ledger_reset(tacet_plan *p)
{
    tacet_firing firing;
    for (int i = 0; i < p->terms; i++) {
        tc_account *a = &p->table.account[i];
        const tacet_account now = tc_ledger_account(p, i, &firing);
        const tc_rise rise = tc_ledger_rise(p, i);
        *a = (tc_account){.lambda_before = now.lambda, .density_before = firing.density, .rise = rise};
    }
    p->table.total = (tc_total){0};
    tc_tally_reset(p, TC_TRAIN);
    tc_metrics_reset(p, TC_TRAIN);
}

tacet_status tacet_ledger_total(const tacet_plan *p, tacet_total *total)
{
    const tc_total *t = &p->table.total;
    const double rows = (double)t->rows;
    const tacet_total own = {.steps = t->steps,
                             .rows = t->rows,
                             .objective = t->objective / rows,
                             .data_loss = t->data_loss / rows,
                             .clipped = tc_plan_clips(p) ? (double)t->clipped / (double)t->steps : NAN};
    return tc_sized_give(total, &own, sizeof own);
}

/* ---- The values of a term ---- */

double tc_parameter_density(const tacet_plan *p, const tc_place *at)
{
    const float *x = tc_plan_parameter(p, at);
    int64_t fired = 0;
    for (int64_t i = 0; i < at->n; i++) fired += x[i] != 0.0f;
    return (double)fired / (double)at->n;
}

/* The number of groups whose weights are all 0. */
static int64_t count_empty(const float *x, tc_groups g)
{
    int64_t empty = 0;
    for (int64_t i = 0; i < g.count; i++) {
        const tc_strip s = tc_strip_at(&g, i, i + 1);
        bool zero = true;
        for (int64_t k = 0; k < s.height && zero; k++)
            for (int64_t j = 0; j < g.width && zero; j++) zero = x[tc_strip_row(&g, &s, k) + j] == 0.0f;
        empty += zero;
    }
    return empty;
}

static tacet_firing parameter(const tacet_plan *p, const tc_place *at, tacet_account *a)
{
    const float *x = tc_plan_parameter(p, at);
    const tc_value *v = &p->graph->value[at->value];
    const tc_shape *s = &v->shape;
    if (s->rank >= 2) {
        const tc_groups inputs = tc_groups_of(s, v->groups, TC_BY_INPUT, 0);
        a->inputs += inputs.count;
        a->empty_inputs += count_empty(x, inputs);
    }
    return (tacet_firing){.units = tc_shape_units(s),
                          .dead = count_empty(x, tc_groups_of(s, v->groups, TC_BY_UNIT, 0)),
                          .density = tc_parameter_density(p, at),
                          .natural = NAN};
}

/* Adds the firing of one value of a term; `elements` counts the elements that could have been 0. */
static void add(const tacet_plan *p, int v, tacet_account *a, tacet_firing *all, double *fired, double *elements)
{
    const tc_place *at = tc_plan_find(p, v);
    tacet_firing f;
    if (at)
        f = parameter(p, at, a);
    else if (!tc_tally_read(p, TC_TRAIN, v, &f))
        return;
    const double n = at ? (double)at->n : (double)f.units * (double)f.rows;
    *elements += n;
    *fired += f.density * n;
    a->zeros += (int64_t)llround(n - f.density * n);
    all->rows = f.rows;
    all->units += f.units;
    all->dead += f.dead;
    all->natural = f.natural;
    for (int k = 0; k < 10; k++) all->histogram[k] += f.histogram[k];
    for (int k = 0; k < 6; k++) all->decades[k] += f.decades[k];
}

tacet_account tc_ledger_account(const tacet_plan *p, int i, tacet_firing *firing)
{
    const tc_term *t = &p->graph->term[i];
    const tc_account *a = &p->table.account[i];
    const tc_control *c = &p->table.control[i];
    const double rows = (double)p->table.total.rows;
    const bool steers = tc_control_steers(p, i);
    tacet_account account = {.value = a->value / rows,
                             .lambda = a->lambda / rows,
                             .share = a->weighted / p->table.total.objective,
                             .gradient = a->samples > 0 ? a->gradient / a->samples : NAN,
                             .data_gradient = a->samples > 0 ? a->data / a->samples : NAN,
                             .target = steers ? t->target : NAN,
                             .due = steers ? tc_control_due(p, i) : NAN,
                             .bound = !steers || c->least == 0 ? 0
                                      : c->next <= c->least    ? -1
                                      : c->next >= c->most     ? 1
                                                               : 0};
    double fired = 0, elements = 0;
    *firing = (tacet_firing){0};
    for (int k = 0; k < tc_term_values(t); k++) add(p, tc_term_on(t, k), &account, firing, &fired, &elements);
    firing->density = elements > 0 ? fired / elements : NAN;
    if (tc_term_values(t) > 1 || elements == 0) firing->natural = NAN;
    return account;
}

tacet_status tacet_account_at(const tacet_plan *p, int i, tacet_account *account)
{
    tacet_firing firing;
    if (i < 0 || i >= p->terms) return TACET_FAILED;
    const tacet_account own = tc_ledger_account(p, i, &firing);
    return tc_sized_give(account, &own, sizeof own);
}

tacet_status tacet_term_firing(const tacet_plan *p, int i, tacet_firing *firing)
{
    tacet_firing own;
    if (i < 0 || i >= p->terms) return TACET_FAILED;
    tc_ledger_account(p, i, &own);
    return tc_sized_give(firing, &own, sizeof own);
}
