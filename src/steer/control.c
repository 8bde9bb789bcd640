/* control.c: steers a lambda until its value has the density that was asked for. After each step the density of the batch
 * is measured; what is steered is the logarithm of lambda, by the distance of the logarithms:
 *
 *     m <- m + (log density - m) / MEMORY                 smoothed, for a batch is a sample
 *     e = m - log of what is due, within +-REACH
 *     log lambda <- log lambda + HOLD e + DAMP (e - e of the step before)
 *
 * which is a proportional and integral controller in the form that adds up its moves (Astrom, Murray: Feedback systems,
 * 2008, chapter 10): lambda itself is the integral, so where a bound holds it nothing winds up behind the bound. The unit
 * of lambda is found in the first step: the one at which the penalty's gradient is as strong as the losses'. It begins at
 * a share of it, and the bounds are multiples of it.
 *
 * What is due goes in a straight line, in the logarithm, from the density of the first step down to the target. The way
 * matters: units that were silenced in haste do not come back when lambda falls, so that a network which was driven below
 * its target stays there with lambda at its bound; one that comes from above settles with a lambda that holds it. */
#include "steer/steer.h"

#include <math.h>

#define MEMORY 8      /* steps */
#define REACH 1.0     /* the most that an error counts */
#define HOLD 0.05     /* a step */
#define DAMP 4.0
#define START 0.0001  /* of the unit */
#define LEAST 1e-6    /* likewise */
#define MOST 1e4
#define DESCENT 0.7   /* of a run, unless warmup says */
enum { STEPS = 1000 /* where nobody knows how long it is */, PARAMETER_STEPS = 10 /* between looks at a parameter */ };

bool tc_control_needs_sample(const tacet_plan *p)
{
    for (int i = 0; i < p->terms; i++)
        if (!isnan(p->graph->term[i].target) && p->table.control[i].least == 0) return true;
    return false;
}

/* The unit of lambda, from the sample that was taken. */
static void find_unit(tacet_plan *p, int term)
{
    tc_control *c = &p->table.control[term];
    const double unit = sqrt(tc_plan_sample_data(p, term)) / p->own[term];
    if (!isfinite(unit) || unit == 0) return;
    c->least = LEAST * unit;
    c->most = MOST * unit;
    p->table.lambda[term] = START * unit;
}

static double density_of(const tacet_plan *p, int v)
{
    const tc_place *at = tc_plan_find(p, v);
    return at ? tc_parameter_density(p, at) : tc_count_density(p, TC_TRAIN, v);
}

/* The steps in which the density is led from what it is by nature down to the target. */
static double descent(const tacet_plan *p, const tc_term *t)
{
    const tc_arg *warmup = &t->common[TC_TERM_SCHEDULE + TC_SCHEDULE_WARMUP];
    if (warmup->given) return warmup->number * (double)p->steps_per_epoch;
    return p->epochs > 0 ? DESCENT * p->epochs * (double)p->steps_per_epoch : STEPS;
}

/* The logarithm of the density that is due now. */
static double due(const tacet_plan *p, const tc_term *t)
{
    const int v = tc_term_on(t, 0);
    const double natural = tc_plan_find(p, v) ? 1 : p->count[TC_TRAIN][v].natural;
    const double steps = descent(p, t), done = (double)p->table.step;
    if (done >= steps || !(natural > t->target)) return log(t->target);
    return log(natural) + log(t->target / natural) * done / steps;
}

static void move(tacet_plan *p, int term)
{
    tc_control *c = &p->table.control[term];
    const tc_term *t = &p->graph->term[term];
    const double n = (double)tc_shape_count(&p->graph->value[tc_term_on(t, 0)].shape);
    const double now = log(fmax(density_of(p, tc_term_on(t, 0)), 0.1 / n)), before = c->error;
    c->smooth = isnan(c->smooth) ? now : c->smooth + (now - c->smooth) / MEMORY;
    c->error = fmax(-REACH, fmin(REACH, c->smooth - due(p, t)));
    const double wanted = p->table.lambda[term] * exp(HOLD * c->error + DAMP * (c->error - before));
    p->table.lambda[term] = fmax(c->least, fmin(c->most, wanted));
}

void tc_control_move(tacet_plan *p)
{
    for (int i = 0; p->steers && i < p->terms; i++) {
        const tc_term *t = &p->graph->term[i];
        if (isnan(t->target)) continue;
        if (p->table.control[i].least == 0)
            find_unit(p, i);
        else if (p->graph->value[tc_term_on(t, 0)].batch || p->table.step % PARAMETER_STEPS == 0)
            move(p, i);
    }
}
