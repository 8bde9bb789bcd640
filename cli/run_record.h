/* run_record.h: run.json, the record of a run: what was run, where, and how it ended. */
#ifndef CLI_RUN_RECORD_H
#define CLI_RUN_RECORD_H

#include "figures.h"
#include "job.h"
#include "run_read.h"

/* Writes run.json: {"tacet", "state", "began", "ended", "folders" (begun.h), "threads", "machine": {...},
 * "rows": {"training", "validation", "test"}, "input": [28, 28], "steps_per_epoch", "network": [...], "metric": "f1",
 * "metrics": [{"name", "better", "by"}], "classes": ["ant", "bee"], "sums": {"init", "model", "best", "metrics"},
 * "figures": {"part", "accuracy", ...}}. state is "running", "ended", "stopped" or "failed"; sums, of a run that has ended,
 * are checksums of what it began from ("none": no model) and of the files that it leaves; figures (NULL if unknown yet)
 * are those that it ends with. */
tacet_status cli_record_write(cli_arena *a, const cli_folder *f, const cli_job *job, const char *state, int threads,
                              const cli_figures *figures);

/* Begins the record: sets job->began, which an existing record keeps, and writes "running". If the program then exits
 * without another state, because memory or the disk ran out, that becomes "failed". */
tacet_status cli_record_begin(cli_arena *a, const cli_folder *f, cli_job *job, int threads);

/* Whether the record says "running", although this process has not begun: that of a run that was killed, for example. */
bool cli_record_running(const cli_folder *f);

/* Makes "running" "stopped". For a signal handler. */
void cli_record_stop(void);

#endif
