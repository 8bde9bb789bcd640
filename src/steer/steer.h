/* steer.h: what happens around the lists while a network trains: schedules before a step, the guard and the update
 * after it, what steers lambdas, the ledger; and what is measured: the largest lambda, results over many batches. */
#ifndef TC_STEER_H
#define TC_STEER_H

#include "run/run.h"

/* Whether a controller sets the lambda of a term: it has a target, and no lambda has been given since. */
bool tc_control_steers(const tacet_plan *p, int term);

/* Whether a controller needs the step that runs to be a sample; one move of every controller, after the update. */
bool tc_control_needs_sample(const tacet_plan *p);
void tc_control_move(tacet_plan *p);
double tc_control_due(const tacet_plan *p, int term); /* the density that is due now, of a steered term */

double tc_parameter_density(const tacet_plan *p, const tc_place *at); /* the current share of elements that are not 0 */

/* Enters the step that was done into the ledger; what the ledger says about a term, and about what fired in its
 * values. */
void tc_ledger_note(tacet_plan *p);
tacet_account tc_ledger_account(const tacet_plan *p, int term, tacet_firing *firing);

#endif
