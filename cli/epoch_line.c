/* epoch_line.c: the line of an epoch, in fixed columns.
 *
 *     Epoch 3/5 [=====>    ]   0:02 left  loss 0.3856  val loss -       val acc -       relu1 density 0.047
 *     Epoch 3/5 [==========] 1.43ms/step  loss 0.3712  val loss 0.4011  val acc 0.8373  relu1 density 0.049
 *
 * With averaged weights, "ema loss" and "ema acc" follow "val acc": they are of the validation data too.
 *
 * The bar is drawn if there is room for it after all figures. The first figure that does not fit, and all after it, are
 * left out; the line then ends in dots. */
#include "epoch_line.h"
#include "output.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { BAR = 10, TIME = 11, FIGURE = 6, LABEL = 18 /* columns of the name of a term or a value */ };
enum { LOGGED = 10 /* figures of terms and densities in a log, at most */ };

static const char more[] = "  ...";

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

/* ---- The figures, in the order in which a line and a log have them ------------------------------------------------ */

typedef struct named {
    const char *name;
    double value;
} named;

/* "val acc": the main metric, of the validation data. */
static const char *metric_name(cli_arena *a, const char *of, const char *metric)
{
    return cli_format(a, "%s %s", of, strcmp(metric, "accuracy") == 0 ? "acc" : metric);
}

enum { LOSSES = 5 };

/* The losses of the epoch and its metric; what is known only when it is over is NAN until then. */
static int losses(cli_arena *a, const cli_epoch *e, named *to)
{
    int n = 0;
    to[n++] = (named){"loss", e->loss};
    if (e->validated) to[n++] = (named){"val loss", e->over ? e->validation_loss : NAN};
    if (e->metric) to[n++] = (named){metric_name(a, "val", e->metric), e->over ? e->figure : NAN};
    if (e->averaged) to[n++] = (named){"ema loss", e->over ? e->averaged_loss : NAN};
    if (e->averaged && e->metric)
        to[n++] = (named){metric_name(a, "ema", e->metric), e->over ? e->averaged_figure : NAN};
    return n;
}

/* "relu1:l1", "relu1 density"; tc_tame also replaces a character that a cut has split. */
static const char *cell_name(cli_arena *a, const cli_cell *c, int most)
{
    const size_t n = strlen(c->label);
    const char *label = tc_tame(cli_copy(a, c->label, n <= (size_t)most ? n : (size_t)most), "");
    return c->density ? cli_format(a, "%s density", label) : label;
}

/* ---- On a terminal ----------------------------------------------------------------------------------------------- */

static int columns_of(const named *f) { return 2 + (int)strlen(f->name) + 1 + FIGURE; }

const char *cli_epoch_line(cli_arena *a, const cli_epoch *e, int columns)
{
    const char *all = cli_format(a, "%lld", (long long)e->epochs);
    const char *text = cli_format(a, "Epoch %*lld/%s", (int)strlen(all), (long long)e->epoch, all);
    const char *dim = cli_colour(stderr, "\033[2m"), *plain = cli_colour(stderr, "\033[0m");
    named *f = cli_take(a, ((size_t)e->cells + LOSSES) * sizeof *f);
    int n = losses(a, e, f), wide = 0, shown = 0;
    for (int i = 0; i < e->cells; i++) f[n++] = (named){cell_name(a, &e->cell[i], LABEL), e->cell[i].value};
    for (int i = 0; i < n; i++) wide += columns_of(&f[i]);
    int room = columns - (int)strlen(text);
    if (room < 0) return cli_copy(a, text, columns > 0 ? (size_t)columns : 0);
    if (room >= BAR + 3 + TIME + 1 + wide) text = cli_format(a, "%s%s", text, bar(a, e)), room -= BAR + 3;
    if (room >= TIME + 1) {
        const char *time = e->over ? step_text(a, e->step) : left_text(a, e->left);
        text = cli_format(a, "%s %s%*s%s", text, dim, TIME, time, plain);
        room -= TIME + 1;
    }
    const bool cut = wide > room;
    if (cut) room -= (int)strlen(more);
    for (; shown < n && columns_of(&f[shown]) <= room; room -= columns_of(&f[shown++]))
        text = cli_format(a, "%s  %s%s%s %-*s", text, dim, f[shown].name, plain, FIGURE,
                          cli_short(a, f[shown].value, FIGURE));
    return cut && room >= 0 ? cli_format(a, "%s%s", text, more) : text;
}

/* ---- In a log ---------------------------------------------------------------------------------------------------- */

const char *cli_epoch_text(cli_arena *a, const cli_epoch *e)
{
    named f[LOSSES];
    const char *text = cli_format(a, "epoch %lld/%lld", (long long)e->epoch, (long long)e->epochs);
    for (int i = 0, n = losses(a, e, f); i < n; i++)
        text = cli_format(a, "%s  %s %s", text, f[i].name, cli_digits(a, f[i].value));
    if (e->penalised) text = cli_format(a, "%s  objective %s", text, cli_digits(a, e->objective));
    for (int i = 0; i < e->cells && i < LOGGED; i++)
        text = cli_format(a, "%s  %s %s", text, cell_name(a, &e->cell[i], INT_MAX), cli_digits(a, e->cell[i].value));
    if (e->cells > LOGGED) text = cli_format(a, "%s  and %d more", text, e->cells - LOGGED);
    return cli_format(a, "%s%s", text, cli_spent(a, e->spent));
}
