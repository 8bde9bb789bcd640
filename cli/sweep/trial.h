/* trial.h: what is found out before the first run: what a penalty is on, whether the library takes it, and the largest
 * lambda that changes anything. */
#ifndef CLI_TRIAL_H
#define CLI_TRIAL_H

#include "job.h"
#include "sweep/range.h"

/* Fills what the penalty is on: the values of the plan that the selector matches. */
void cli_over_match(cli_arena *a, const tacet_graph *g, const tacet_plan *p, cli_over *o);

/* Whether the library takes the penalties at one end of all ranges (0: the first points, 1: the last). Here and below
 * the job is open, and the status says what failed, after saying it. */
tacet_status cli_over_try(cli_arena *a, const cli_job *job, int overs, const cli_over *over, int end);

/* Fills `largest` of a range over lambda: the most that tacet_lambda_max gives of its terms, on the initial weights (or
 * those of the key init) and the first batch of the job's data. NAN where a penalty or the data have no pull there. */
tacet_status cli_over_estimate(cli_arena *a, const cli_job *job, int threads, cli_over *o);

#endif
