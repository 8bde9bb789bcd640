/* epoch_line.c: the line of an epoch, in fixed columns.
 *
 *     Epoch 3/5 [=====>    ]   0:02 left  loss 0.3856  accuracy -       relu1:l1 13.34   relu1 0.047
 *     Epoch 3/5 [==========] 1.43ms/step  loss 0.3712  accuracy 0.8373  relu1:l1 12.9    relu1 0.049
 *
 * The first figure that does not fit, and all after it, are left out. */
#include "epoch_line.h"
#include "output.h"

#include <math.h>
#include <string.h>

enum { BAR = 10, TIME = 11, FIGURE = 6, LABEL = 18 /* columns */, WIDE = 60 /* a line at least this wide has a bar */ };
enum { LOGGED = 5 /* figures of terms in a log, at most */ };

static const char *left_text(cli_arena *a, double seconds)
{
    const long long s = seconds < 1e9 ? (long long)ceil(fmax(seconds, 0)) : 999999999;
    if (s < 3600) return cli_format(a, "%lld:%02lld left", s / 60, s % 60);
    if (s < 360000) return cli_format(a, "%lldh%02lld left", s / 3600, s / 60 % 60);
    return cli_format(a, "%lldd left", s / 86400);
}

static const char *step_text(cli_arena *a, double s)
{
    if (s < 0.9995e-3) return cli_format(a, "%.3gus/step", s * 1e6);
    return s < 0.9995 ? cli_format(a, "%.3gms/step", s * 1e3) : cli_format(a, "%.3gs/step", s);
}

static const char *bar(cli_arena *a, const cli_epoch *e)
{
    char text[BAR + 1] = "";
    const int full = e->batches > 0 ? (int)((double)e->batch / (double)e->batches * BAR) : 0;
    for (int i = 0; i < BAR; i++) text[i] = i < full ? '=' : i == full ? '>' : ' ';
    return cli_format(a, " [%s]", text);
}

typedef struct line {
    cli_arena *arena;
    const char *text;
    int room; /* columns that are free; 0 once something did not fit */
} line;

/* Adds three texts, the second of them faint, that together take `columns` columns. */
static void add(line *l, int columns, const char *before, const char *faint, const char *text)
{
    l->room = columns < l->room ? l->room - columns : 0;
    if (l->room == 0) return;
    const char *dim = *faint ? cli_colour(stderr, "\033[2m") : "", *plain = *faint ? cli_colour(stderr, "\033[0m") : "";
    l->text = cli_format(l->arena, "%s%s%s%s%s%s", l->text, before, dim, faint, plain, text);
}

static void add_figure(line *l, const char *name, double value)
{
    const char *text = cli_format(l->arena, " %-*s", FIGURE, cli_short(l->arena, value, FIGURE));
    const int n = (int)strlen(name) < LABEL ? (int)strlen(name) : LABEL;
    /* tc_tame replaces a character that the cut has split by a question mark. */
    add(l, 2 + n + 1 + FIGURE, "  ", tc_tame(cli_copy(l->arena, name, (size_t)n), ""), text);
}

const char *cli_epoch_line(cli_arena *a, const cli_epoch *e, int columns)
{
    const char *all = cli_format(a, "%lld", (long long)e->epochs);
    const char *head = cli_format(a, "Epoch %*lld/%s", (int)strlen(all), (long long)e->epoch, all);
    const char *time = e->over ? step_text(a, e->step) : left_text(a, e->left);
    if ((int)strlen(head) > columns) return cli_copy(a, head, columns > 0 ? (size_t)columns : 0);
    line l = {a, head, columns + 1 - (int)strlen(head)};
    if (columns >= WIDE) add(&l, BAR + 3, bar(a, e), "", "");
    add(&l, TIME + 1, " ", cli_format(a, "%*s", TIME, time), "");
    add_figure(&l, "loss", e->loss);
    if (e->metric) add_figure(&l, e->metric, e->over ? e->figure : NAN);
    if (e->validated && !e->metric) add_figure(&l, "val", e->over ? e->validation_loss : NAN);
    for (int i = 0; i < e->cells; i++) add_figure(&l, e->cell[i].label, e->cell[i].value);
    if (e->metric) add_figure(&l, "val", e->over ? e->validation_loss : NAN);
    return l.text;
}

/* ---- In a log ---------------------------------------------------------------------------------------------------- */

static const char *add_cells(cli_arena *a, const char *text, const cli_epoch *e, bool density, const char *before)
{
    int n = 0;
    for (int i = 0; i < e->cells; i++) {
        const cli_cell *c = &e->cell[i];
        if (c->density != density || n++ >= LOGGED) continue;
        text = cli_format(a, "%s%s%s %s", text, n == 1 ? before : " ", c->label, cli_digits(a, c->value));
    }
    return n > LOGGED ? cli_format(a, "%s and %d more", text, n - LOGGED) : text;
}

const char *cli_epoch_text(cli_arena *a, const cli_epoch *e)
{
    const char *text = cli_format(a, "epoch %lld/%lld  loss %.4g  objective %.4g", (long long)e->epoch,
                                  (long long)e->epochs, e->loss, e->objective);
    text = add_cells(a, text, e, false, "  ");
    text = add_cells(a, text, e, true, "  density ");
    if (e->validated) text = cli_format(a, "%s  validation loss %.4g", text, e->validation_loss);
    if (e->metric)
        text = cli_format(a, "%s %s %s", text, e->metric,
                          fabs(e->figure) < 1 ? cli_format(a, "%.4f", e->figure) : cli_digits(a, e->figure));
    return cli_format(a, "%s  %.1f s", text, e->spent);
}
