/* progress.c: the moving line. It is drawn at most ten times a second and never wider than the terminal. */
#include "progress.h"

#include <stdarg.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 16 }; /* leaves room for the rest on 80 columns */

double cli_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void cli_progress_begin(cli_progress *p, bool quiet)
{
    *p = (cli_progress){.quiet = quiet, .moving = !quiet && isatty(STDERR_FILENO), .last = -1};
}

static int columns(void)
{
    struct winsize w;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

void cli_progress_step(cli_progress *p, int64_t epoch, int64_t epochs, int64_t batch, int64_t batches, double objective,
                       double seconds)
{
    double now = p->moving ? cli_now() : 0;
    if (!p->moving || now - p->last < 0.1) return;
    char bar[BAR + 1], line[256];
    int64_t full = batches > 0 ? batch * BAR / batches : 0;
    for (int i = 0; i < BAR; i++) bar[i] = i < full ? '=' : i == full ? '>' : ' ';
    bar[BAR] = 0;
    double left = seconds * (double)((epochs - epoch) * batches + batches - batch);
    long long s = left < 1e6 ? (long long)left : 999999;
    snprintf(line, sizeof line, "epoch %lld/%lld [%s] %lld/%lld  objective %.4g  %.2f ms/step  %lld:%02lld left",
             (long long)epoch, (long long)epochs, bar, (long long)batch, (long long)batches, objective, seconds * 1e3,
             s / 60, s % 60);
    fprintf(stderr, "\r%.*s\033[K", columns() - 1, line);
    fflush(stderr);
    p->shown = true;
    p->last = now;
}

void cli_progress_clear(cli_progress *p)
{
    if (p->shown) fprintf(stderr, "\r\033[K");
    p->shown = false;
}

void cli_progress_say(cli_progress *p, const char *format, ...)
{
    if (p->quiet) return;
    cli_progress_clear(p);
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}
