/* progress.c: the moving line. The cursor waits in the first column, so that the ^C that a terminal echoes cannot push
 * the line over the edge, and clearing from there to the end of the screen also removes a line that was wrapped when the
 * window became narrower. A line is written at once, so that it does not flicker. */
#include "progress.h"

#include <math.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

double cli_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void cli_progress_begin(cli_progress *p, bool quiet)
{
    *p = (cli_progress){.quiet = quiet, .moving = !quiet && cli_terminal(stderr)};
}

int cli_progress_columns(const cli_progress *p) { return p->moving ? cli_columns(stderr) : 0; }

bool cli_progress_due(cli_progress *p, double now)
{
    if (!p->moving || now - p->last < p->pause) return false;
    p->last = now;
    return true;
}

void cli_progress_draw(cli_progress *p, const char *line)
{
    if (!p->moving) return;
    fprintf(cli_log(), "\r%s\033[J\r", line);
    fflush(stderr);
    p->shown = true;
    /* At most 2: a terminal that was paused by Ctrl-S is not slow for ever. */
    p->pause = fmin(fmax(0.1, 50 * (cli_now() - p->last)), 2);
}

void cli_progress_keep(cli_progress *p)
{
    if (p->moving) fputs(p->shown ? "\n" : "\r\033[J", cli_log());
    fflush(stderr);
    p->shown = false;
    p->last = cli_now(); /* the time between two epochs is not drawing time */
    p->pause = 0.1;
}

void cli_progress_clear(cli_progress *p)
{
    if (p->shown) fputs("\r\033[J", cli_log());
    fflush(stderr);
    p->shown = false;
}

void cli_progress_say(cli_progress *p, const char *format, ...)
{
    if (p->quiet) return;
    cli_progress_clear(p);
    va_list list;
    va_start(list, format);
    cli_print_list(cli_log(), format, list);
    fputc('\n', cli_log());
    va_end(list);
}

void cli_progress_tell(cli_progress *p, const char *text)
{
    if (p->quiet) return;
    cli_progress_clear(p);
    cli_paragraph(cli_log(), "", text);
}
