/* progress.h: what a run says on standard error while it goes: a moving line on a terminal, a line an epoch always. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli.h"

typedef struct cli_progress {
    bool quiet, moving; /* moving: standard error is a terminal */
    bool shown;         /* the moving line stands there now */
    double last;        /* when it was drawn, seconds */
} cli_progress;

double cli_now(void); /* seconds, of a clock that never goes back */

void cli_progress_begin(cli_progress *p, bool quiet);
/* Batch `batch` of `batches` in epoch `epoch` of `epochs` (from 1) is done; seconds for one step on average. */
void cli_progress_step(cli_progress *p, int64_t epoch, int64_t epochs, int64_t batch, int64_t batches, double objective,
                       double seconds);
void cli_progress_clear(cli_progress *p); /* before anything else is printed */
__attribute__((format(printf, 2, 3))) void cli_progress_say(cli_progress *p, const char *format,
                                                            ...); /* a line that stays */

#endif
