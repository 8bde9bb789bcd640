/* progress.h: how a run speaks on standard error: on a terminal a line that moves, and lines that stay; else lines. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli.h"

typedef struct cli_progress {
    bool quiet, moving; /* moving: standard error is a terminal */
    bool shown;         /* the moving line stands there now */
    double last, pause; /* when it was drawn, and how long it is left alone, in seconds */
} cli_progress;

double cli_now(void); /* seconds, of a clock that never goes back */

void cli_progress_begin(cli_progress *p, bool quiet);

/* Columns that a line may take on the terminal as it is now; 0: there is none, lines are as long as they are. */
int cli_progress_columns(const cli_progress *p);

/* Whether it is time to draw again: ten times a second at most, and never so often that drawing takes more than a
 * fiftieth of the time. What is drawn is made only then. */
bool cli_progress_due(cli_progress *p, double now);

/* Draws the moving line, in place of the last one; no wider than the columns. */
void cli_progress_draw(cli_progress *p, const char *line);

/* It stays as it is. Where there is none, what was typed there, ^C say, is wiped away. */
void cli_progress_keep(cli_progress *p);

void cli_progress_clear(cli_progress *p); /* before anything else is printed */
__attribute__((format(printf, 2, 3))) void cli_progress_say(cli_progress *p, const char *format,
                                                            ...); /* a line that stays */

#endif
