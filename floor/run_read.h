/* run_read.h: what a run left in its folder, read back: run.json (what was run where, and how it ended) and the lines of
 * metrics.jsonl. cli/run_record.h says what is in run.json. */
#ifndef CLI_RUN_READ_H
#define CLI_RUN_READ_H

#include "base/json.h"
#include "run_folder.h"

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
