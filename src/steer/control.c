/* control.c: steers a lambda until its value has the target density. It steers the logarithm of lambda, by the distance
 * of the logarithms:
 *
 *     e = log density - log of the density that is due, within +-REACH
 *     log lambda <- log lambda + HOLD e + DAMP (e - e of the previous move)
 *
 * which is a proportional-integral controller in incremental form (Astrom, Murray: Feedback systems, 2008, chapter 10):
 * lambda itself is the integral, so there is no windup at a bound.
 *
 * The density that is due falls linearly, in the logarithm, from that of the first step to the target. The path
 * matters: units that were silenced in haste do not come back when lambda falls, so a network that was driven below its
 * target stays there with lambda at its bound; one that comes from above settles with a lambda that holds it.
 *
 * Activations are measured in every batch and smoothed, m <- m + (log density - m) / MEMORY. The scale of lambda is the
 * one that makes the penalty's gradient as strong as the losses'; it is found in the first step.
 *
 * A parameter is measured by the log odds of a nonzero element, which distinguish 0.01 zeros from 0.05. It responds to
 * a proximal step more slowly the smaller lambda is: an element of size w is 0 after w / (t lambda pull) steps. That
 * sets the time scale on which lambda moves; its own scale is the one that makes an element 0 when the target is
 * due. */
#include "steer/steer.h"

#include <math.h>

#define REACH 1.0  /* the largest error that counts */
#define LEAST 1e-6 /* of the scale, like MOST */
#define MOST 1e4
#define DESCENT 0.8  /* of a run, */
#define DEEPER 0.1   /* less this for every e-fold from the natural density to the target, */
#define BRIEFEST 0.4 /* but at least this; unless warmup says */
enum { STEPS = 1000 /* if the length of the run is unknown */ };

/* Activations; a parameter is moved once in LOOK steps. */
#define MEMORY 8     /* steps */
#define START 0.0001 /* of the scale */
#define EFFECT 0.001 /* likewise: below it lambda has almost no effect, and if the error is above FAR it rises */
#define HURRY 6.0    /* times faster */
#define FAR 0.1
#define HOLD 0.05
#define DAMP 4.0
enum { LOOK = 10, SHORTEST = 10 * LOOK }; /* the fewest steps for an element to reach 0, however near the target */
#define CLOCK 6.0 /* HOLD for the time in which an element goes to 0, at most MOST_HOLD a move */
#define MOST_HOLD 0.1
#define CALM 0.3 /* DAMP */

static int value_of(const tacet_plan *p, int term) { return tc_term_on(&p->graph->term[term], 0); }

bool tc_control_steers(const tacet_plan *p, int term)
{
    return !isnan(p->graph->term[term].target) && isnan(p->table.given[term]);
}

bool tc_control_needs_sample(const tacet_plan *p)
{
    for (int i = 0; i < p->terms; i++)
        if (tc_control_steers(p, i) && p->table.control[i].least == 0) return true;
    return false;
}

static double natural_of(const tacet_plan *p, int v) { return tc_plan_find(p, v) ? 1 : p->count[TC_TRAIN][v].natural; }

/* The number of steps from the natural density, that of the first step, to the target. A shallow target is approached
 * slowly, so as not to outrun the sparsity that training brings; a deep one leaves more time to learn with it. */
static double descent(const tacet_plan *p, int term)
{
    const tc_term *t = &p->graph->term[term];
    const tc_arg *warmup = &t->common[TC_TERM_SCHEDULE + TC_SCHEDULE_WARMUP];
    const double depth = log(fmax(1, natural_of(p, value_of(p, term)) / t->target));
    if (warmup->given) return warmup->number * (double)p->set.steps_per_epoch;
    return p->set.epochs > 0 ? fmax(BRIEFEST, DESCENT - DEEPER * depth) * p->set.epochs * (double)p->set.steps_per_epoch
                             : STEPS;
}

/* The density that is due now. Once the target itself has been due it stays due, even if the run is extended. */
double tc_control_due(const tacet_plan *p, int term)
{
    const double target = p->graph->term[term].target, natural = natural_of(p, value_of(p, term));
    const double part = (double)p->table.step / descent(p, term);
    if (part >= 1 || p->table.control[term].landed > 0 || !(natural > target)) return target;
    return natural * pow(target / natural, part);
}

static void move(tacet_plan *p, int term, double error, double hold, double damp)
{
    tc_control *c = &p->table.control[term];
    const double before = c->error;
    c->error = fmax(-REACH, fmin(REACH, error));
    if (c->landed == 0 && tc_control_due(p, term) == p->graph->term[term].target) c->landed = (double)p->table.step;
    const double wanted = p->table.lambda[term] * exp(hold * c->error + damp * (c->error - before));
    c->next = fmax(c->least, fmin(c->most, wanted));
}

/* Nothing is steered before the scale is known. */
static void begin(tc_control *c, double scale, double start)
{
    if (!isfinite(scale) || scale == 0) return;
    c->least = LEAST * scale;
    c->most = MOST * scale;
    c->next = start * scale;
}

/* ---- Activations ---- */

static void begin_value(tacet_plan *p, int term)
{
    begin(&p->table.control[term], sqrt(tc_sampled_data(p, term)) / p->sample.own[term], START);
}

static void move_value(tacet_plan *p, int term)
{
    tc_control *c = &p->table.control[term];
    const int v = value_of(p, term);
    const double one = 1 / ((double)tc_shape_count(&p->graph->value[v].shape) * (double)p->run.global_rows);
    const double now = log(fmax(tc_tally_density(p, TC_TRAIN, v), one));
    c->smooth = isnan(c->smooth) ? now : c->smooth + (now - c->smooth) / MEMORY;
    const double error = c->smooth - log(tc_control_due(p, term));
    const bool idle = error > FAR && p->table.lambda[term] * MOST < EFFECT * c->most;
    move(p, term, error, idle ? HURRY * HOLD : HOLD, DAMP);
}

/* ---- Parameters ---- */

/* The mean magnitude of the elements that are not 0. */
static double size_of(const tacet_plan *p, const tc_place *at, double density)
{
    const float *x = tc_plan_parameter(p, at);
    double sum = 0;
    for (int64_t i = 0; i < at->n; i++) sum += fabs((double)x[i]);
    return sum / fmax(1, density * (double)at->n);
}

/* The log odds of a nonzero element among n; half an element more on each side keeps them finite. */
static double log_odds(double density, double n) { return log((density * n + 0.5) / ((1 - density) * n + 0.5)); }

static void begin_parameter(tacet_plan *p, int term, const tc_place *at)
{
    tc_control *c = &p->table.control[term];
    const double rate = tc_plan_rate(p, at->group); /* without the warm-up */
    const double time = p->update.optim->prox_time(p->update.group[at->group].arg, rate, p->table.step + 1);
    const double steps = fmax(SHORTEST, descent(p, term));
    c->pull = p->sample.own[term] / sqrt((double)at->n);
    begin(c, size_of(p, at, 1) / (time * c->pull * steps), 1);
}

static void move_parameter(tacet_plan *p, int term, const tc_place *at)
{
    tc_control *c = &p->table.control[term];
    const double density = tc_parameter_density(p, at);
    const double step = tc_run_prox_time(p, at->group) * p->table.lambda[term] * c->pull;
    const double part = LOOK * step / size_of(p, at, density); /* of an element's size, since the last move */
    c->smooth = log_odds(density, (double)at->n);
    move(p, term, c->smooth - log_odds(tc_control_due(p, term), (double)at->n), fmin(MOST_HOLD, CLOCK * part), CALM);
}

void tc_control_move(tacet_plan *p)
{
    for (int i = 0; p->set.steers && i < p->terms; i++) {
        if (!tc_control_steers(p, i)) continue;
        const tc_place *at = tc_plan_find(p, value_of(p, i));
        const bool begun = p->table.control[i].least > 0;
        if (!at)
            (begun ? move_value : begin_value)(p, i);
        else if (!begun || p->table.step % LOOK == 0)
            (begun ? move_parameter : begin_parameter)(p, i, at);
    }
}
