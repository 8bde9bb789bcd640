/* control.c: steers a lambda until its value has the target density at the end of the run. Lambda moves in its logarithm,
 * by the distance between the logarithm of the density and that of the density that is due:
 *
 *     log lambda <- log lambda + gain * (log density - log due), the distance within +-REACH
 *
 * lambda itself is the integral, so it does not wind up at a bound (Astrom, Murray: Feedback systems, 2008, chapter 10).
 *
 * Activations. Their density never stands still: it falls with a power of the number of steps t, a different one
 * in every network, also while lambda is constant. So what is due is the density from which the present power leads to the
 * target:
 *
 *     due = target * (landing / t)^-power,  power = the slope of log density against log t
 *
 * with the slope of a regression that forgets: a step weighs as much as MEMORY / t. A density that falls by itself is
 * left alone, one that stays is too high, and as a falling density counts as on its way, this is also what damps the
 * movement. The gain falls with t, as everything slows down with it, and rises again before the end. From the landing
 * step on the target itself is due. A density that is too low early in a run often recovers by itself, because the units
 * that still fire learn to do more. So before the landing lambda moves slowly at first, above all downward, and not at all
 * while a density that is too low rises fast enough; later it falls faster than it rises, because units that were silenced
 * in haste do not come back.
 *
 * The scale of lambda is the one that makes the penalty's gradient as strong as the losses'. It is found in the first
 * step, and lambda begins at a share of it. A penalty pulls all elements of a unit toward 0, so that in the weights
 * its pulls add up; the losses' pulls add up only as far as they agree. Their agreement is measured in the first step
 * as well:
 *
 *     agreement = (sum of the losses' gradient toward 0)^2 / (n * the sum of its squares), over the n elements that fire
 *
 * which is 1 if all pulls are the same. In the settings of bench/targets.c it is 0.015 in the autoencoder, all units of
 * which shrink at first, and below 0.0003 in the classifiers, in which lambda must begin lower.
 *
 * Parameters. What is due falls linearly, in the logarithm, from the density of the first step to the target, and a
 * move is damped by DAMP (distance - that of the previous move). The path matters: weights that were silenced in haste
 * do not come back when lambda falls. A parameter is measured by the log odds of a nonzero element, which distinguish
 * 0.01 zeros from 0.05. It responds to a proximal step more slowly the smaller lambda is: an element of size w is 0
 * after w / (t lambda pull) steps. That sets the time scale on which lambda moves; its own scale is the one that makes an
 * element 0 when the target is due. */
#include "steer/steer.h"

#include <math.h>

#define REACH 1.0  /* the largest error that counts */
#define LEAST 1e-6 /* of the scale, like MOST */
#define MOST 1e4
enum { STEPS = 1000 /* if the length of the run is unknown */ };

/* Activations */
#define LANDING 0.98     /* of a run */
#define START 0.05       /* of the scale, for half the natural density and a run of START_STEPS */
#define START_AGREE 55.0 /* is added to it, times the agreement */
#define MOST_START 1.6   /* of the scale */
#define START_STEPS 200.0
#define SMOOTH 4.0      /* steps over which the density is smoothed, but at most */
#define SMOOTH_PART 0.1 /* of the steps so far */
#define MEMORY 10.0
#define PRIOR_POWER -0.5 /* the power that is expected, */
#define PRIOR 0.004      /* with as much weight as this variance of log t */
#define STEEPEST -1.2
#define GAIN 30.0 /* divided by t, */
#define MOST_GAIN 0.033
#define LAST_LOOK 30.0 /* but at least 1 / (the steps that are left + this) */
#define UP_FROM 0.15   /* of a run: until then the gain grows in proportion to the steps */
#define DOWN_FROM 0.6  /* of a run: the same while the density is too low */
#define DOWN 2.5       /* times the gain while the density is too low, from DOWN_FROM on */
#define STEPS_A_FOLD 100.0 /* that it takes at least for each e-fold from the natural density to the target */

/* Parameters, which are moved once in LOOK steps */
#define DESCENT 0.8  /* of a run, */
#define DEEPER 0.1   /* less this for every e-fold from the natural density to the target, */
#define BRIEFEST 0.4 /* but at least this; unless warmup says */
enum { LOOK = 10, SHORTEST = 10 * LOOK }; /* the fewest steps for an element to reach 0, however near the target */
#define CLOCK 6.0 /* the gain for the time in which an element goes to 0, at most MOST_HOLD a move */
#define MOST_HOLD 0.1
#define DAMP 0.3

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

/* How deep the target lies below the natural density, in e-folds. */
static double depth_of(const tacet_plan *p, int term)
{
    return log(fmax(1, natural_of(p, value_of(p, term)) / p->graph->term[term].target));
}

double tc_control_steps(const tacet_plan *p)
{
    return p->set.epochs > 0 ? p->set.epochs * (double)p->set.steps_per_epoch : 0;
}

static double steps_of_run(const tacet_plan *p)
{
    const double steps = tc_control_steps(p);
    return steps > 0 ? steps : STEPS;
}

double tc_control_least_steps(const tacet_plan *p, int term) { return STEPS_A_FOLD * depth_of(p, term); }

/* The step at which the target itself is due. A shallow target of a parameter is approached slowly, so as not to outrun
 * the sparsity that training brings; a deep one leaves more time to learn with it. */
static double landing(const tacet_plan *p, int term)
{
    const tc_arg *warmup = &p->graph->term[term].common[TC_TERM_SCHEDULE + TC_SCHEDULE_WARMUP];
    const bool parameter = tc_plan_find(p, value_of(p, term)) != NULL;
    if (warmup->given) return warmup->number * (double)p->set.steps_per_epoch;
    return steps_of_run(p) * (parameter ? fmax(BRIEFEST, DESCENT - DEEPER * depth_of(p, term)) : LANDING);
}

/* The slope of log density against log t. */
static double slope_of(const tc_trend *t) { return (t->covariance + PRIOR * PRIOR_POWER) / (t->variance + PRIOR); }

static double power_of(const tc_trend *t) { return fmax(STEEPEST, fmin(0, slope_of(t))); }

/* The density that is due now. Once the target itself has been due it stays due, even if the run is extended. */
double tc_control_due(const tacet_plan *p, int term)
{
    const tc_control *c = &p->table.control[term];
    const double target = p->graph->term[term].target, natural = natural_of(p, value_of(p, term));
    const double step = (double)p->table.step, end = landing(p, term);
    if (step >= end || c->landed > 0 || !(natural > target)) return target;
    if (tc_plan_find(p, value_of(p, term))) return natural * pow(target / natural, step / end);
    return fmin(natural, target * pow(fmax(1, step) / end, power_of(&c->trend)));
}

static void move(tacet_plan *p, int term, double error, double hold, double damp)
{
    tc_control *c = &p->table.control[term];
    const double before = c->error;
    c->error = fmax(-REACH, fmin(REACH, error));
    if (c->landed == 0 && (double)p->table.step >= landing(p, term)) c->landed = (double)p->table.step;
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

void tc_control_look(void *plan, const tacet_plan *p, int value, const float *x, const float *g)
{
    const tc_value *v = &p->graph->value[value];
    if (!v->batch) return;
    const int64_t n = tc_shape_count(&v->shape) * p->run.rows;
    double sum[3] = {0};
    for (int64_t i = 0; i < n; i++) {
        if (x[i] == 0) continue;
        sum[0] += x[i] > 0 ? (double)g[i] : -(double)g[i];
        sum[1] += (double)g[i] * (double)g[i];
        sum[2]++;
    }
    tc_exchange_sum(plan, sum, TACET_F64, 3);
    for (int i = 0; i < p->terms; i++) {
        if (!tc_control_steers(p, i) || value_of(p, i) != value) continue;
        tc_pulls *to = &p->sample.pulls[i];
        const tc_pulls before = p->parts.several && p->parts.open ? *to : (tc_pulls){0};
        *to = (tc_pulls){before.inward + sum[0], before.square + sum[1], before.fired + sum[2]};
    }
}

/* How far the losses' pulls agree. */
static double agreement(const tc_pulls *a)
{
    const double all = a->fired * a->square;
    return all > 0 && isfinite(all) ? a->inward * a->inward / all : 0;
}

/* In a weight that all positions share, the pulls of a penalty add up and those of the losses partly cancel. The fourth
 * root of the positions and the powers of the number of steps are fits to the settings of bench/targets.c. */
static void begin_value(tacet_plan *p, int term)
{
    const double depth = exp(depth_of(p, term)) / 2, slow = pow(START_STEPS / steps_of_run(p), 0.125);
    const double positions = (double)tc_shape_positions(&p->graph->value[value_of(p, term)].shape);
    const double norm = sqrt(tc_sampled_data(p, term));
    const double half = START * slow * slow * slow / pow(positions, 0.25) + START_AGREE * agreement(&p->sample.pulls[term]);
    begin(&p->table.control[term], norm / p->sample.own[term], slow * fmin(MOST_START, half * depth));
}

/* The weighted means, variance and covariance of log t and log density, with the weights w of the last step. */
static void note(tc_trend *t, double step, double density, double w)
{
    const double dx = step - t->step, dy = density - t->density;
    t->step += w * dx;
    t->density += w * dy;
    t->variance = (1 - w) * (t->variance + w * dx * dx);
    t->covariance = (1 - w) * (t->covariance + w * dx * dy);
}

/* What the gain is multiplied by in this step. */
static double pace(const tacet_plan *p, int term, double error)
{
    const tc_control *c = &p->table.control[term];
    const double step = (double)p->table.step, end = landing(p, term), slope = slope_of(&c->trend);
    if (step >= end || c->landed > 0) return error < 0 ? DOWN : 1;
    const double part = step / fmin(steps_of_run(p), end / LANDING);
    const bool recovers = slope > 0 && c->smooth + slope * log(end / step) >= log(p->graph->term[term].target);
    if (error >= 0) return fmin(1, part / UP_FROM);
    return recovers ? 0 : DOWN * fmin(1, part / DOWN_FROM);
}

static void move_value(tacet_plan *p, int term)
{
    tc_control *c = &p->table.control[term];
    const int v = value_of(p, term);
    const double one = 1 / ((double)tc_shape_count(&p->graph->value[v].shape) * (double)p->run.global_rows);
    const double now = log(fmax(tc_tally_density(p, TC_TRAIN, v), one));
    const double step = (double)p->table.step, left = fmax(0, steps_of_run(p) - step);
    c->smooth = isnan(c->smooth) ? now : c->smooth + (now - c->smooth) / fmin(SMOOTH, 1 + SMOOTH_PART * step);
    note(&c->trend, log(step), now, c->trend.density < 0 ? fmin(1, MEMORY / step) : 1);
    const double gain = fmin(MOST_GAIN, fmax(GAIN / step, 1 / (left + LAST_LOOK)));
    const double error = c->smooth - log(tc_control_due(p, term));
    move(p, term, error, gain * pace(p, term, error), 0);
}

double tc_control_density(const tacet_plan *p, int term) { return exp(p->table.control[term].smooth); }

double tc_control_steps_to_target(const tacet_plan *p, int term)
{
    const tc_control *c = &p->table.control[term];
    const double folds = c->smooth - log(p->graph->term[term].target), power = power_of(&c->trend);
    if (folds > 0 && power == 0) return INFINITY;
    return (double)p->table.step * (folds > 0 ? exp(folds / -power) : 1);
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
    const double steps = fmax(SHORTEST, landing(p, term));
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
    move(p, term, c->smooth - log_odds(tc_control_due(p, term), (double)at->n), fmin(MOST_HOLD, CLOCK * part), DAMP);
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
