/* progress.h: messages of a run on standard error: lines and, on a terminal, a moving line below them. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli.h"

typedef struct cli_progress {
    bool quiet, moving; /* moving: standard error is a terminal */
    bool shown;         /* the moving line is on the screen */
    double last, pause; /* when it was drawn, and for how long it stays unchanged; seconds */
} cli_progress;

double cli_now(void); /* seconds, of a clock that never goes back */

void cli_progress_begin(cli_progress *p, bool quiet);

/* The columns that a line may take on the terminal now; 0: not a terminal, so lines may have any length. */
int cli_progress_columns(const cli_progress *p);

/* Whether to draw now: at most ten times a second, and so rarely that drawing takes at most a fiftieth of the time. */
bool cli_progress_due(cli_progress *p, double now);

/* Replaces the moving line. The new one must not be wider than the columns. */
void cli_progress_draw(cli_progress *p, const char *line);

/* Leaves the moving line as it is. If it is not on the screen, clears what was typed there (^C). */
void cli_progress_keep(cli_progress *p);

void cli_progress_clear(cli_progress *p); /* before any other output */
__attribute__((format(printf, 2, 3))) void cli_progress_say(cli_progress *p, const char *format,
                                                            ...); /* a line that stays */

/* A sentence or figures that stay. It is wrapped to the window, so it must not hold a command or a path to copy. */
void cli_progress_tell(cli_progress *p, const char *text);

#endif
