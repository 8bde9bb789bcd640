/* estimate.h: the largest lambda that changes anything, estimated before anything is trained. */
#ifndef CLI_ESTIMATE_H
#define CLI_ESTIMATE_H

#include "job.h"
#include "sweep/range.h"

/* Fills what the penalty is on: the values of the plan that the selector matches. */
void cli_over_match(cli_arena *a, const tacet_graph *g, const tacet_plan *p, cli_over *o);

/* Fills `largest` of each range over lambda: on the initial weights (or those of the key init) and the first batch
 * of the job's data, without the configuration's other penalties. NAN where a penalty or the data have no pull
 * there; the status says what failed, after saying it. */
tacet_status cli_over_estimate(cli_arena *a, const cli_job *job, int threads, int overs, cli_over *over);

#endif
