/* ledger_show.c: figures as tables, with "-" for unknown ones. */
#include "ledger.h"

#include <math.h>
#include <string.h>

enum { EPOCHS = 20 /* rows of a table over epochs, at most */, NAMED = 20 /* units of a layer that are named */ };

void cli_figures_columns(FILE *to, cli_arena *a, const char *head, const cli_figure *figure, int figures, size_t n,
                         const tc_json *const *entry, const char *const *row)
{
    const cli_figure **shown = cli_take(a, ((size_t)figures + 1) * sizeof *shown);
    char *align = cli_take(a, (size_t)figures + 2);
    size_t columns = 0;
    align[0] = 'l';
    for (int k = 0; k < figures; k++) {
        bool any = false;
        for (size_t i = 0; i < n && *figure[k].heading; i++)
            any = any || strcmp(figure[k].show(a, entry[i], figure[k].key), "-") != 0;
        if (any) shown[columns++] = &figure[k], align[columns] = 'r';
    }
    const char **cell = cli_take(a, (n + 1) * (columns + 1) * sizeof *cell), **c = cell;
    *c++ = head;
    for (size_t k = 0; k < columns; k++) *c++ = shown[k]->heading;
    for (size_t i = 0; i < n; i++) {
        *c++ = row[i];
        for (size_t k = 0; k < columns; k++) *c++ = shown[k]->show(a, entry[i], shown[k]->key);
    }
    cli_table(to, align, (int)n + 1, cell);
}

/* A row for each entry of a list, with its name. */
static void named_columns(FILE *to, cli_arena *a, const char *head, const cli_figure *figure, int figures,
                          const tc_json *list)
{
    const size_t n = tc_json_size(list);
    const tc_json **entry = cli_take(a, (n + 1) * sizeof *entry), *o;
    const char **row = cli_take(a, (n + 1) * sizeof *row);
    size_t i;
    tc_json_each(list, i, o) entry[i] = o, row[i] = cli_record_name(a, o);
    if (n > 0) cli_figures_columns(to, a, head, figure, figures, n, entry, row);
}

void cli_layers_table(FILE *to, cli_arena *a, const tc_json *layers)
{
    named_columns(to, a, "layer", cli_layer_figure, CLI_LAYER_FIGURES, layers);
}

/* A row for each layer that is counted in these bins. */
static void histograms(FILE *to, cli_arena *a, const tc_json *layers, const cli_bins *bins)
{
    const tc_json *layer, *bin;
    size_t i, k, skipped = (size_t)bins->n;
    tc_json_each(layers, i, layer)
    {
        const size_t empty = (size_t)cli_record_bins_empty(layer);
        if (cli_record_bins(layer) == bins && empty < skipped) skipped = empty;
    }
    const int columns = bins->n - (int)skipped + 3;
    const char **cell = cli_take(a, (tc_json_size(layers) + 1) * (size_t)columns * sizeof *cell);
    char *align = cli_take(a, (size_t)columns + 1);
    int rows = 1;
    bool positions = false;
    align[0] = 'l';
    memset(align + 1, 'r', (size_t)columns - 1);
    cell[0] = "layer", cell[1] = "density", cell[2] = "never";
    for (int b = 3; b < columns; b++) cell[b] = cli_format(a, "%s%%", bins->label[skipped + (size_t)b - 2]);
    tc_json_each(layers, i, layer)
    {
        const tc_json *list = tc_json_get(layer, bins->key);
        const double dead = cli_number(layer, "dead");
        if (cli_record_bins(layer) != bins || tc_json_size(list) != (size_t)bins->n) continue;
        const char **c = &cell[columns * rows++];
        positions = positions || cli_number(layer, "positions") > 1;
        c[0] = cli_record_name(a, layer);
        c[1] = cli_significant(a, cli_number(layer, "density"), 3);
        c[2] = cli_format(a, "%.0f", dead);
        tc_json_each(list, k, bin) if (k >= skipped)
            c[k - skipped + 3] = cli_format(a, "%.0f", tc_json_number(bin) - (k ? 0 : dead));
    }
    if (rows == 1) return;
    fputc('\n', to);
    cli_paragraph(to, "",
                  cli_format(a, "units by how often they fire: never, %s up to %s%%, %s%%, ... of the %ssamples",
                             positions ? "at" : "in", bins->label[skipped + 1], bins->label[skipped + 2],
                             positions ? "positions of all " : ""));
    cli_table(to, align, rows, cell);
}

/* Each kind of bins once, in the order of the layers. */
static void all_histograms(FILE *to, cli_arena *a, const tc_json *layers)
{
    const tc_json *layer;
    const cli_bins *first = NULL, *other = NULL;
    size_t i;
    tc_json_each(layers, i, layer)
    {
        const cli_bins *bins = cli_record_bins(layer);
        if (!first) first = bins;
        if (bins != first) other = bins;
    }
    if (first) histograms(to, a, layers, first);
    if (other) histograms(to, a, layers, other);
}

static void dead_named(FILE *to, cli_arena *a, const tc_json *layer)
{
    const tc_json *units = tc_json_get(layer, "dead_units"), *unit;
    const size_t n = tc_json_size(units);
    size_t k;
    if (n == 0) return;
    const char *text = cli_format(a, "unit%s", tc_plural((int64_t)n));
    tc_json_each(units, k, unit) if (k < NAMED)
        text = cli_format(a, "%s%s %.0f", text, k ? "," : "", tc_json_number(unit));
    if (n > NAMED) text = cli_format(a, "%s and %zu more (see metrics.jsonl)", text, n - NAMED);
    cli_paragraph(to, "", cli_format(a, "%s of %s never fire%s", text, cli_record_name(a, layer), n == 1 ? "s" : ""));
}

void cli_ledger_show(FILE *to, cli_arena *a, const tc_json *ledger, double epoch)
{
    const tc_json *terms = tc_json_get(ledger, "terms"), *layers = tc_json_get(ledger, "layers"), *o;
    size_t i;
    cli_paragraph(to, "",
                  cli_format(a, "ledger of epoch %.0f, on training data (grad: relative to the data's):", epoch));
    named_columns(to, a, "term", cli_term_figure, CLI_TERM_FIGURES, terms);
    tc_json_each(terms, i, o) if (cli_number(o, "empty_inputs") > 0)
        cli_print(to, "%s: %.0f of %.0f inputs have no weight left\n", cli_record_name(a, o),
                  cli_number(o, "empty_inputs"), cli_number(o, "inputs"));
    all_histograms(to, a, layers);
    tc_json_each(layers, i, o) dead_named(to, a, o);
}

/* Term i in each epoch, or in EPOCHS of them if there are more. */
static void term_over_epochs(FILE *to, cli_arena *a, const cli_record *r, size_t i)
{
    const size_t n = r->epochs, shown = n < EPOCHS ? n : EPOCHS;
    const tc_json **term = cli_take(a, shown * sizeof *term);
    const char **row = cli_take(a, shown * sizeof *row);
    for (size_t k = 0; k < shown; k++) {
        const tc_json *line = r->epoch[shown == 1 ? n - 1 : k * (n - 1) / (shown - 1)];
        row[k] = cli_format(a, "%.0f", cli_number(line, "epoch"));
        term[k] = tc_json_at(tc_json_get(line, "terms"), i);
    }
    cli_print(to, "\n%s\n", cli_record_name(a, term[shown - 1]));
    cli_figures_columns(to, a, "epoch", cli_term_figure, CLI_TERM_FIGURES, shown, term, row);
}

tacet_status cli_ledger_show_run(FILE *to, cli_arena *a, const char *run)
{
    cli_record r;
    bool found;
    const tacet_status s = cli_record_open(a, run, false, &r, &found);
    if (r.epochs > 0) {
        const tc_json *last = r.epoch[r.epochs - 1];
        const size_t terms = tc_json_size(tc_json_get(last, "terms"));
        int n;
        const cli_warned *w = cli_warnings_list(a, &r.warnings, &n);
        cli_ledger_show(to, a, last, cli_number(last, "epoch"));
        for (int k = 0; k < n; k++)
            cli_paragraph(to, "", cli_format(a, "warning, %s: %s: %s", w[k].when, w[k].on, w[k].text));
        for (size_t i = 0; i < terms && r.epochs > 1; i++) term_over_epochs(to, a, &r, i);
    } else if (s == TACET_OK) {
        cli_print(to, "No epoch has finished yet, so there are no figures.\n");
    }
    cli_record_close(&r);
    return s;
}
