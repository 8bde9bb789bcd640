/* run_record.h: run.json, the record of a run: what was run, where, and how it ended. */
#ifndef CLI_RUN_RECORD_H
#define CLI_RUN_RECORD_H

#include "figures.h"
#include "job.h"
#include "run_read.h"

/* Writes run.json: {"tacet", "state", "began", "ended", "folders" (begun.h), "threads", "machine": {...},
 * "rows": {"training", "validation", "test"}, "input": [28, 28], "steps_per_epoch", "network": [...], "metric": "f1",
 * "metrics": [{"name", "better", "by"}], "classes": ["ant", "bee"], "sums": {"init", "model", "best",
 * "metrics"}, "figures": {"part", "accuracy", ...}}. state is "running", "ended", "stopped" or "failed"; sums, of a run
 * that has ended, are checksums of what it began from ("none": no model) and of the files that it leaves; figures (NULL if
 * unknown yet) are those that it ends with. An existing file's "began" is kept. */
tacet_status cli_record_write(cli_arena *a, const cli_folder *f, const cli_job *job, const char *state, int threads,
                              const cli_figures *figures);

#endif
