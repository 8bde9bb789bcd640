/* training_show.h: what a run that trains says on standard error, on a terminal or in a log. */
#ifndef CLI_TRAINING_SHOW_H
#define CLI_TRAINING_SHOW_H

#include "training.h"

/* Before the first step: the network, the data, what works on them. */
void cli_show_start(cli_training *t, int threads);

/* After the first step ever: what the network is like before it has learned anything. */
void cli_show_natural(cli_training *t);

/* While epoch `epoch` (from 1) runs, when it is time: the moving line. */
void cli_show_step(cli_training *t, int64_t epoch);

/* At its end, or where it was cut short: the line that stays. validation NULL: none. */
void cli_show_epoch(cli_training *t, int64_t epoch, const cli_figures *validation);

/* When a signal stops the run: the moving line stays as it is. */
void cli_show_stop(cli_training *t, int64_t epoch);

/* Each warning of the ledger once in a run; of one kind, or (NULL) of all. */
void cli_show_warnings(cli_training *t, const char *kind);

#endif
