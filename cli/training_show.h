/* training_show.h: what training prints to standard error, on a terminal or in a log. */
#ifndef CLI_TRAINING_SHOW_H
#define CLI_TRAINING_SHOW_H

#include "training.h"

/* Before the first step: the network, the data, the threads. */
void cli_show_start(cli_training *t, int threads);

/* After the first step of a run: the densities before any update, and the targets. */
void cli_show_natural(cli_training *t);

/* During an epoch (from 1), if it is time: the moving line. */
void cli_show_step(cli_training *t, int64_t epoch);

/* At the end of an epoch, or where it was cut short: the line that stays. validation may be NULL. */
void cli_show_epoch(cli_training *t, int64_t epoch, const cli_figures *validation);

/* Warns, once, that an epoch cannot be the best: its figure is not a number. */
void cli_show_undefined(cli_training *t, int64_t epoch);

/* When a signal stops the run: the moving line stays as it is. */
void cli_show_stop(cli_training *t, int64_t epoch);

/* At the end: which epoch was the best; early: that the run has ended because no later one was better. */
void cli_show_best(cli_training *t, bool early);

/* Prints the ledger's warnings of one kind (NULL: of all), each only once in a run. */
void cli_show_warnings(cli_training *t, const char *kind);

#endif
