/* ledger_show.c: the ledger as tables, from the lines of epochs in metrics.jsonl. What a line lacks is shown as "-". */
#include "ledger.h"
#include "run_read.h"

#include <math.h>
#include <string.h>

enum {
    BINS = 10,
    EPOCHS = 20 /* rows of a table over epochs, at most */,
    NAMED = 20 /* dead units that are named */,
    FIGURE = 5 /* columns */
};

static const char *three(cli_arena *a, double x) { return isfinite(x) ? cli_format(a, "%.3g", x) : "-"; }

static const char *percent(cli_arena *a, double x)
{
    return isfinite(x) ? cli_format(a, x > 0 && x < 0.001 ? "%.1g%%" : "%.1f%%", 100 * x) : "-";
}

static const char *of(cli_arena *a, double part, double whole)
{
    return isnan(part) ? "-" : cli_format(a, "%.0f/%.0f", part, whole);
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

enum { TERM_COLUMNS = 9 };
static const char *const term_head[TERM_COLUMNS] = {"term",   "lambda",  "value", "share", "grad",
                                                    "target", "density", "zeros", "dead"};

static void term_row(cli_arena *a, const char **c, const char *name, const json_t *t)
{
    c[0] = name;
    c[1] = three(
        a, isnan(cli_record_number(t, "value")) ? NAN : cli_record_number(t, "lambda")); /* a constraint has neither */
    c[2] = cli_digits(a, cli_record_number(t, "value"));
    c[3] = percent(a, cli_record_number(t, "share"));
    c[4] = three(a, cli_record_number(t, "gradient") / cli_record_number(t, "data_gradient"));
    c[5] = three(a, cli_record_number(t, "target"));
    c[6] = three(a, cli_record_number(t, "density"));
    c[7] = cli_short(a, cli_record_number(t, "zeros"), FIGURE);
    c[8] = of(a, cli_record_number(t, "dead"), cli_record_number(t, "units"));
}

/* A table without the columns in which nobody has a figure. The cells move up, row by row. */
static void print_terms(FILE *to, int rows, const char **cell)
{
    char align[TERM_COLUMNS + 1];
    int columns = 0, from[TERM_COLUMNS];
    for (int c = 0; c < TERM_COLUMNS; c++) {
        bool any = c == 0;
        for (int r = 1; r < rows && !any; r++) any = strcmp(cell[TERM_COLUMNS * r + c], "-") != 0;
        if (!any) continue;
        align[columns] = c ? 'r' : 'l';
        from[columns++] = c;
    }
    align[columns] = '\0';
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) cell[columns * r + c] = cell[TERM_COLUMNS * r + from[c]];
    cli_table(to, align, rows, cell);
}

static void terms_table(FILE *to, cli_arena *a, const json_t *epoch)
{
    const json_t *terms = json_object_get(epoch, "terms"), *t;
    const char **cell = cli_take(a, (json_array_size(terms) + 1) * sizeof term_head);
    size_t i;
    int rows = 1;
    memcpy(cell, term_head, sizeof term_head);
    json_array_foreach(terms, i, t) term_row(a, &cell[TERM_COLUMNS * rows++], cli_record_name(a, t), t);
    if (rows > 1) print_terms(to, rows, cell);
    json_array_foreach(terms, i, t) if (cli_record_number(t, "empty_inputs") > 0)
        fprintf(to, "%s: %.0f of %.0f inputs have no weight left\n", cli_record_name(a, t),
                cli_record_number(t, "empty_inputs"), cli_record_number(t, "inputs"));
}

static void layers_table(FILE *to, cli_arena *a, const json_t *epoch)
{
    enum { COLUMNS = BINS + 3 };
    const json_t *layers = json_object_get(epoch, "layers"), *layer;
    const char **cell = cli_take(a, (json_array_size(layers) + 1) * COLUMNS * sizeof *cell);
    size_t i;
    int rows = 1;
    bool positions = false;
    cell[0] = "layer", cell[1] = "density", cell[2] = "never";
    for (int k = 0; k < BINS; k++) cell[k + 3] = cli_format(a, "%d%%", 10 * k + 10);
    json_array_foreach(layers, i, layer)
    {
        const json_t *bins = json_object_get(layer, "histogram");
        if (json_array_size(bins) != BINS) continue;
        const char **c = &cell[COLUMNS * rows++];
        positions = positions || cli_record_number(layer, "positions") > 1;
        c[0] = cli_record_text(a, layer, "name");
        c[1] = three(a, cli_record_number(layer, "density"));
        c[2] = cli_format(a, "%.0f", cli_record_number(layer, "dead"));
        for (size_t k = 0; k < BINS; k++)
            c[k + 3] = cli_format(
                a, "%.0f", json_number_value(json_array_get(bins, k)) - (k ? 0 : cli_record_number(layer, "dead")));
    }
    if (rows == 1) return;
    fprintf(to, "\nunits by how often they fire: never, %s, up to 20%%, ...\n",
            positions ? "at up to 10% of the positions of all samples" : "in up to 10% of the samples");
    cli_table(to, "lrrrrrrrrrrrr", rows, cell);
}

static void dead_named(FILE *to, cli_arena *a, const json_t *epoch)
{
    const json_t *layer, *unit;
    size_t i, k;
    json_array_foreach(json_object_get(epoch, "layers"), i, layer)
    {
        const json_t *units = json_object_get(layer, "dead_units");
        const size_t n = json_array_size(units);
        if (n == 0) continue;
        fprintf(to, "dead units of %s:", cli_record_text(a, layer, "name"));
        json_array_foreach(units, k, unit) if (k < NAMED) fprintf(to, "%s %.0f", k ? "," : "", json_number_value(unit));
        if (n > NAMED) fprintf(to, " and %zu more, in metrics.jsonl", n - NAMED);
        fprintf(to, "\n");
    }
}

/* How term `i` of the last epoch's line went, from epoch to epoch. */
static void term_over_epochs(FILE *to, cli_arena *a, const json_t *epochs, size_t i)
{
    const size_t n = json_array_size(epochs), shown = n < EPOCHS ? n : EPOCHS;
    const char **cell = cli_take(a, (shown + 1) * sizeof term_head);
    const json_t *last = json_array_get(json_object_get(json_array_get(epochs, n - 1), "terms"), i);
    int rows = 1;
    memcpy(cell, term_head, sizeof term_head);
    cell[0] = "epoch";
    for (size_t k = 0; k < shown; k++) {
        const json_t *e = json_array_get(epochs, shown == 1 ? n - 1 : k * (n - 1) / (shown - 1));
        term_row(a, &cell[TERM_COLUMNS * rows++], cli_format(a, "%.0f", cli_record_number(e, "epoch")),
                 json_array_get(json_object_get(e, "terms"), i));
    }
    fprintf(to, "\n%s\n", cli_record_name(a, last));
    print_terms(to, rows, cell);
}

static void warnings(FILE *to, cli_arena *a, const json_t *epoch)
{
    const json_t *w;
    size_t i;
    json_array_foreach(json_object_get(epoch, "warnings"), i, w)
        fprintf(to, "warning: %s: %s\n", cli_record_text(a, w, "on"), cli_record_text(a, w, "text"));
}

tacet_status cli_ledger_show(FILE *to, cli_arena *a, const char *run, bool all)
{
    cli_record r;
    tacet_status s = cli_record_open(a, run, &r);
    const size_t n = json_array_size(r.epochs);
    const json_t *last = json_array_get(r.epochs, n - 1);
    const size_t terms = json_array_size(json_object_get(last, "terms"));
    if (s == TACET_OK && last && (terms || all)) {
        fprintf(to, "ledger of epoch %.0f, on training data (grad: of the data's):\n",
                cli_record_number(last, "epoch"));
        terms_table(to, a, last);
        layers_table(to, a, last);
        dead_named(to, a, last);
        if (all) warnings(to, a, last);
    }
    for (size_t i = 0; s == TACET_OK && all && i < terms && n > 1; i++) term_over_epochs(to, a, r.epochs, i);
    cli_record_close(&r);
    return s;
}
