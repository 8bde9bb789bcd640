/* run_record.h: what a run leaves for those who look at it later: run.json, what was run where and how it ended, and the
 * lines of metrics.jsonl; written by the run, read back by everything that shows one. */
#ifndef CLI_RUN_RECORD_H
#define CLI_RUN_RECORD_H

#include "figures.h"
#include "job.h"
#include "run_folder.h"

/* Writes run.json: {"tacet", "state", "began", "ended", "threads", "machine": {...}, "rows": {"training", "validation",
 * "test"}, "input": [28, 28], "steps_per_epoch", "network": [...], "figures": {"part", "accuracy", ...}}. state is
 * "running", "ended", "stopped" or "failed"; figures (NULL: none yet) are those that the run ends with. A file that is
 * there keeps its "began". */
tacet_status cli_record_write(cli_arena *a, const cli_folder *f, const cli_job *job, const char *state, int threads,
                              const cli_figures *figures);

/* A run as it is read back. */
typedef struct cli_record {
    cli_folder folder;
    cli_arena arena;
    const tc_json *run; /* run.json; NULL: there is none */
    size_t epochs, steps;
    const tc_json **epoch; /* [epochs], the lines of metrics.jsonl that end an epoch */
    const tc_json **step;  /* [steps], the others */
} cli_record;

/* The status says what was wrong, after saying it; cli_record_close in either case. A last line without its end is left
 * out: a run that goes on, or was killed, is in the middle of it. */
tacet_status cli_record_open(cli_arena *a, const char *path, cli_record *r);
void cli_record_close(cli_record *r);

/* A member's number, NAN where there is none; its text without control characters, "-" where there is none. */
double cli_record_number(const tc_json *object, const char *key);
/* Of a term or layer, "relu1:l1". */
const char *cli_record_name(cli_arena *a, const tc_json *entry);
const char *cli_record_text(cli_arena *a, const tc_json *object, const char *key);

#endif
