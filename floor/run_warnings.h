/* run_warnings.h: the warnings in the lines of metrics.jsonl, gathered line by line. */
#ifndef CLI_RUN_WARNINGS_H
#define CLI_RUN_WARNINGS_H

#include "base/json.h"
#include "cli.h"

/* Zero-initialise. */
typedef struct cli_warning_list {
    cli_arena arena;
    struct cli_warning *list;
    int n, room;
    int64_t more; /* left out, because there are too many different ones */
} cli_warning_list;

/* Adds the warnings of an epoch. */
void cli_warnings_add(cli_warning_list *w, const tc_json *line);

/* Each warning once: what it is on, its text in the last epoch that has it, and the epochs, as "epoch 3" or "epochs 1, 4 to
 * 9". */
typedef struct cli_warned {
    const char *on, *text, *when;
} cli_warned;
const cli_warned *cli_warnings_list(cli_arena *a, const cli_warning_list *w, int *n);

void cli_warnings_free(cli_warning_list *w);

#endif
