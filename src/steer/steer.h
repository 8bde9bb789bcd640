/* steer.h: what happens around the lists while a network trains: the schedule before a step, the guard and the update
 * behind it; and what is measured over many batches. */
#ifndef TC_STEER_H
#define TC_STEER_H

#include "plan/plan.h"

/* Sets the table for the step to come: the schedule's factor at this place in the run. */
void tc_steer_table(tacet_plan *p);

#endif
