/* epoch_line.c: the line of an epoch, and what of it has room.
 *
 *     Epoch 3/5 [==============>         ] 281/469  0:02 left  loss 0.3856  relu1:l1 13.3  relu1 .047
 *     Epoch 3/5 [======================]  0.7s 1.43ms/step  loss 0.3712  relu1:l1 12.9  relu1 .049  val 0.4413  acc .8373
 *
 * Between the head and the loss is a block of a fixed width: bar, steps and the time that is left; when the epoch is
 * over, the times that were spent. What is in the line is decided by the width and the names alone. */
#include "epoch_line.h"
#include "output.h"

#include <math.h>
#include <string.h>

enum {
    LOSS = 6, /* columns of figures */
    VALUE = 4,
    ACCURACY = 5,
    LEFT = 10,  /* "12:34 left" */
    SPENT = 5,  /* "0.7s" */
    STEP = 11,  /* "1.43ms/step" */
    LABEL = 18, /* a name, at most */
    EDGES = 3,  /* of a bar: its brackets and a space */
    LEAST = 4,  /* inside of a bar */
    GOOD = 10,
    MOST = 30,
    LOGGED = 5 /* figures of terms in a log, at most */
};

/* ---- Figures of a width ------------------------------------------------------------------------------------------ */

/* "1.3e-05" as "1.3e-5", with as many digits as go into `width`; "0" where none do. */
static const char *tiny(cli_arena *a, double x, int width)
{
    for (int digits = 1; digits >= 0; digits--) {
        char *text = cli_format(a, "%.*e", digits, x), *e = strchr(text, 'e');
        const int sign = e[1] == '-';
        if (e[2] == '0') memmove(e + 1 + sign, e + 3, strlen(e + 3) + 1);
        if ((int)strlen(text) <= width) return text;
    }
    return "0";
}

/* x in at most `width` columns, four at least; a short one has no 0 before the point: ".047", "13.3", "1331", "13k". */
static const char *fixed(cli_arena *a, double x, int width)
{
    static const char *const unit[] = {"", "k", "M", "G", "T", "P", "E"};
    size_t u = 0;
    if (!isfinite(x)) return isnan(x) ? "-" : "inf";
    if (x != 0 && fabs(x) < 0.001) return tiny(a, x, width);
    for (; u + 1 < sizeof unit / sizeof *unit; u++, x /= 1000)
        for (int decimals = width - (u ? 3 : 1); decimals >= 0; decimals--) {
            char *text = cli_format(a, "%.*f%s", decimals, x, unit[u]);
            if (width < LOSS && text[0] == '0' && text[1] == '.') text++;
            if ((int)strlen(text) <= width) return text;
        }
    return "big";
}

/* Four columns and "left", five of time: "12:34", " 3h07", "  12d". */
static const char *left_text(cli_arena *a, double seconds)
{
    const long long s = seconds < 1e9 ? (long long)ceil(fmax(seconds, 0)) : 999999999;
    if (s < 3600) return cli_format(a, "%2lld:%02lld left", s / 60, s % 60);
    if (s < 360000) return cli_format(a, "%2lldh%02lld left", s / 3600, s / 60 % 60);
    return cli_format(a, "%4lldd left", s / 86400 < 9999 ? s / 86400 : 9999);
}

static const char *spent_text(cli_arena *a, double s)
{
    if (s < 0.1) return s < 1e-3 ? cli_format(a, "%.0fus", s * 1e6) : cli_format(a, "%.0fms", s * 1e3);
    if (s < 100) return cli_format(a, "%.1fs", s);
    if (s < 3600) return cli_format(a, "%d:%02d", (int)s / 60, (int)s % 60);
    return s < 360000 ? cli_format(a, "%dh%02d", (int)s / 3600, (int)s / 60 % 60) : cli_format(a, "%.0fd", s / 86400);
}

static const char *step_text(cli_arena *a, double s)
{
    const char *unit = s < 1e-3 ? "us" : s < 1 ? "ms" : "s";
    return cli_format(a, "%s%s/step", fixed(a, s < 1e-3 ? s * 1e6 : s < 1 ? s * 1e3 : s, VALUE), unit);
}

/* The beginning and the end of a long name tell more than its middle. (What is cut within a character is shown as a
 * question mark: the line has escapes of its own and goes out as it is.) */
static const char *label(cli_arena *a, const char *name)
{
    const size_t n = strlen(name), half = LABEL / 2 - 1;
    return tc_tame(n <= LABEL ? cli_copy(a, name, n) : cli_format(a, "%.*s..%s", (int)half, name, name + n - half), "");
}

/* ---- What has room ----------------------------------------------------------------------------------------------- */

typedef struct layout {
    int room, gap, block; /* columns that are free; between figures; of the block, 0: there is none */
    bool bar, loss, validation, accuracy, *cell;
} layout;

static bool take(layout *l, int columns)
{
    if (columns > l->room) return false;
    l->room -= columns;
    return true;
}

static bool widen(layout *l, int columns)
{
    const bool room = l->block && take(l, columns);
    l->block += room ? columns : 0;
    return room;
}

static int head_width(const cli_epoch *e)
{
    return snprintf(NULL, 0, "Epoch %lld/%lld", (long long)e->epochs, (long long)e->epochs);
}
static int count_width(const cli_epoch *e)
{
    return snprintf(NULL, 0, " %lld/%lld", (long long)e->batches, (long long)e->batches);
}

static void take_cell(cli_arena *a, layout *l, const cli_epoch *e, int i)
{
    if (!l->cell[i]) l->cell[i] = take(l, l->gap + (int)strlen(label(a, e->cell[i].label)) + 1 + VALUE);
}

/* Of a term's value and the density behind it, the density has room first: it is what the penalty is there for. */
static void take_cells(cli_arena *a, layout *l, const cli_epoch *e, int from, int to)
{
    for (int i = from; i < to && i < e->cells; i++) {
        if (!e->cell[i].density && i + 1 < to && i + 1 < e->cells && e->cell[i + 1].density) take_cell(a, l, e, i + 1);
        take_cell(a, l, e, i);
    }
}

/* In the order of importance. */
static layout lay_out(cli_arena *a, const cli_epoch *e, int columns, int gap)
{
    layout l = {.room = columns - head_width(e), .gap = gap, .cell = cli_take(a, (size_t)e->cells + 1)};
    l.loss = take(&l, gap + 5 + LOSS);
    l.block = take(&l, 1 + LEFT) ? 1 + LEFT : 0;
    l.accuracy = e->answered && take(&l, gap + 4 + ACCURACY);
    l.validation = e->validated && !e->answered && take(&l, gap + 4 + LOSS);
    take_cells(a, &l, e, 0, 2);
    l.bar = widen(&l, EDGES + LEAST);
    l.validation = l.validation || (e->validated && take(&l, gap + 4 + LOSS));
    if (l.bar) widen(&l, count_width(e));
    if (l.bar) widen(&l, GOOD - LEAST);
    take_cells(a, &l, e, 2, e->cells);
    if (l.bar) widen(&l, 1 + STEP);
    if (l.bar) widen(&l, l.room < MOST - GOOD ? l.room : MOST - GOOD);
    return l;
}

/* ---- The line ---------------------------------------------------------------------------------------------------- */

static const char *bar(cli_arena *a, const cli_epoch *e, int width)
{
    char *text = cli_take(a, (size_t)width + EDGES + 1);
    const int full = e->batches > 0 ? (int)((double)e->batch / (double)e->batches * width) : 0;
    for (int i = 0; i < width; i++) text[2 + i] = i < full ? '=' : i == full ? '>' : ' ';
    text[0] = ' ', text[1] = '[', text[width + 2] = ']';
    return text;
}

/* What stands behind the bar in the block, and how long the bar is to be inside, at least; NONE: no bar. */
enum { NONE = -EDGES };
typedef struct tail {
    bool count, step;
    int least;
} tail;

/* The bar, and the richest tail that leaves it room; of a width that is too small for any, the time alone. */
static const char *block(cli_arena *a, const cli_epoch *e, int width)
{
    static const tail running[] = {
        {true, true, GOOD}, {true, false, LEAST}, {false, false, LEAST}, {false, false, NONE}};
    static const tail over[] = {{true, true, GOOD}, {false, true, LEAST}, {false, true, NONE}, {false, false, NONE}};
    const char *dim = cli_colour(stderr, "\033[2m"), *plain = cli_colour(stderr, "\033[0m");
    const tail *t = e->over ? over : running;
    const char *count = cli_format(a, " %*lld/%lld", (count_width(e) - 2) / 2, (long long)e->batch,
                                   (long long)e->batches);
    const char *time = e->over ? cli_format(a, " %*s", SPENT, spent_text(a, e->spent))
                               : cli_format(a, " %s", left_text(a, e->left));
    const char *step = cli_format(a, " %*s", STEP, step_text(a, e->step)), *text;
    for (;; t++) {
        text = cli_format(a, "%s%s%s", t->count ? count : "", time, t->step ? step : "");
        const int inside = width - (int)strlen(text) - EDGES;
        if (inside >= t->least && t->least != NONE)
            return cli_format(a, "%s%s%s%s", bar(a, e, inside), dim, text, plain);
        if (t->least == NONE && (inside >= NONE || !t->step)) return cli_format(a, "%s%*s%s", dim, width, text, plain);
    }
}

/* A figure behind its name, which is less to look at. */
static const char *add(cli_arena *a, const char *line, const layout *l, const char *name, int width, double value)
{
    const char *dim = cli_colour(stderr, "\033[2m"), *plain = cli_colour(stderr, "\033[0m");
    return cli_format(a, "%s%*s%s%s%s %-*s", line, l->gap, "", dim, name, plain, width, fixed(a, value, width));
}

const char *cli_epoch_line(cli_arena *a, const cli_epoch *e, int columns)
{
    layout l = lay_out(a, e, columns, 2);
    if (!l.bar) l = lay_out(a, e, columns, 1);
    const int digits = (head_width(e) - 7) / 2;
    const char *line = cli_format(a, "Epoch %*lld/%lld", digits, (long long)e->epoch, (long long)e->epochs);
    if (l.room < 0) return cli_copy(a, line, columns > 0 ? (size_t)columns : 0);
    if (l.block) line = cli_format(a, "%s%s", line, block(a, e, l.block));
    if (l.loss) line = add(a, line, &l, "loss", LOSS, e->loss);
    for (int i = 0; i < e->cells; i++)
        if (l.cell[i]) line = add(a, line, &l, label(a, e->cell[i].label), VALUE, e->cell[i].value);
    if (e->over && l.validation) line = add(a, line, &l, "val", LOSS, e->validation_loss);
    return e->over && l.accuracy ? add(a, line, &l, "acc", ACCURACY, e->accuracy) : line;
}

/* ---- In a log ---------------------------------------------------------------------------------------------------- */

static const char *add_cells(cli_arena *a, const char *line, const cli_epoch *e, bool density, const char *before)
{
    int n = 0;
    for (int i = 0; i < e->cells; i++) {
        const cli_cell *c = &e->cell[i];
        if (c->density != density || n++ >= LOGGED) continue;
        line = cli_format(a, "%s%s%s %s", line, n == 1 ? before : " ", c->label, cli_digits(a, c->value));
    }
    return n > LOGGED ? cli_format(a, "%s and %d more", line, n - LOGGED) : line;
}

const char *cli_epoch_text(cli_arena *a, const cli_epoch *e)
{
    const char *line = cli_format(a, "epoch %lld/%lld  loss %.4g  objective %.4g", (long long)e->epoch,
                                  (long long)e->epochs, e->loss, e->objective);
    line = add_cells(a, line, e, false, "  ");
    line = add_cells(a, line, e, true, "  density ");
    if (e->validated) line = cli_format(a, "%s  validation loss %.4g", line, e->validation_loss);
    if (e->answered) line = cli_format(a, "%s accuracy %.4f", line, e->accuracy);
    return cli_format(a, "%s  %.1f s", line, e->spent);
}
