/* steer.h: what surrounds the lists while a network trains: schedules before a step, the guard and the update after it,
 * the controllers of lambdas, the ledger; and measurements: the largest lambda, results over many batches. */
#ifndef TC_STEER_H
#define TC_STEER_H

#include "run/run.h"

/* Whether a controller sets the lambda of a term: it has a target, and no lambda has been given since. */
bool tc_control_steers(const tacet_plan *p, int term);

/* Whether a controller needs the current step to be a sample; one move of every controller, after the update. */
bool tc_control_needs_sample(const tacet_plan *p);
void tc_control_move(tacet_plan *p);
double tc_control_due(const tacet_plan *p, int term); /* the density that is due now, of a steered term */

/* A tc_look for the sample that a controller needs, with the plan as context. */
void tc_control_look(void *plan, const tacet_plan *p, int value, const float *x, const float *g);

/* Of a steered activation: the density of the last steps; the steps of the whole run, 0: unknown; the steps that a run with
 * this target takes at least, as known before it; those after which a density that goes on as it does is at the target,
 * INFINITY if it does not fall. */
double tc_control_density(const tacet_plan *p, int term);
double tc_control_steps(const tacet_plan *p);
double tc_control_least_steps(const tacet_plan *p, int term);
double tc_control_steps_to_target(const tacet_plan *p, int term);

/* Gives dead units of layers with revive=resample new weights, after the update. */
void tc_revive(tacet_plan *p);

double tc_parameter_density(const tacet_plan *p, const tc_place *at); /* the current share of nonzero elements */

/* The fingerprint of a loader's data (data/data.h), which is computed once (NULL: out of memory), and whether another one
 * is of the same data; otherwise *why says how they differ, or has failed. */
const char *tc_loader_fingerprint(const tacet_loader *l);
bool tc_loader_same_data(const tacet_loader *l, const char *fingerprint, tc_text *why);

int64_t tc_loader_rows(const tacet_loader *l, int64_t batches); /* the rows of the next batches of the epoch */

/* Enters a finished step into the ledger; reads from it the account of a term, and how often its values fired. */
void tc_ledger_note(tacet_plan *p);
tc_rise tc_ledger_rise(const tacet_plan *p, int term); /* with the time since the last reset */
tacet_account tc_ledger_account(const tacet_plan *p, int term, tacet_firing *firing);

/* Metrics: add the batch that has just run; forget all batches; replace the sums of an evaluation by those of all ranks;
 * turn them into figures. */
tacet_status tc_metrics_note(tacet_plan *p, int list);
void tc_metrics_reset(tacet_plan *p, int list);
void tc_metrics_exchange(tacet_plan *p);
tacet_status tc_metrics_finish(tacet_plan *p, int list);

#endif
