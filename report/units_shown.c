/* units_shown.c: warnings; how often units fired in the last epoch; and which units are dead. */
#include "report/chart.h"
#include "report/run_set.h"

#include <math.h>
#include <string.h>

enum { NAMED = 20 /* dead units that are listed at most */ };

/* "2 of 512 units of relu1 never fired: 316, 479.", or NULL if no unit is dead. */
static const char *dead_units(cli_arena *a, const tc_json *layer, const char *word)
{
    const tc_json *units = tc_json_get(layer, "dead_units"), *unit;
    const size_t n = tc_json_size(units);
    size_t i;
    if (n == 0) return NULL;
    const double all = cli_number(layer, "units");
    const char *text = cli_format(a, "%zu of %s %s%s of %s never fired:", n, cli_whole(a, all), word,
                                  all == 1 ? "" : "s", cli_record_text(a, layer, "name"));
    tc_json_each(units, i, unit) if (i < NAMED)
        text = cli_format(a, "%s%s %s", text, i ? "," : "", cli_whole(a, tc_json_number(unit)));
    return cli_format(a, n > NAMED ? "%s and %zu more (see metrics.jsonl)." : "%s.", text, n - NAMED);
}

/* ---- Warnings ---------------------------------------------------------------------------------------------------- */

void cli_warnings(cli_run_set *s)
{
    for (int r = 0; r < s->runs; r++) {
        int n;
        const cli_warned *w = cli_warnings_list(s->arena, &s->record[r].warnings, &n);
        if (n == 0) continue;
        cli_set_begin(s);
        if (s->runs > 1) cli_page_heading(s->page, s->name[r]);
        for (int i = 0; i < n; i++)
            cli_page_paragraph(s->page, cli_format(s->arena, "%s: %s (%s)", w[i].on, w[i].text, w[i].when));
    }
}

/* ---- Histograms -------------------------------------------------------------------------------------------------- */

static void histogram(cli_run_set *s, int run, const tc_json *layer)
{
    const cli_bins *b = cli_record_bins(layer);
    const tc_json *bins = tc_json_get(layer, b->key);
    const double dead = cli_number(layer, "dead");
    const int skipped = cli_record_bins_empty(layer);
    const char *label[CLI_MOST_BINS + 1] = {b->label[0]};
    double y[CLI_MOST_BINS + 1];
    if (tc_json_size(bins) != (size_t)b->n || !isfinite(dead)) return;
    y[0] = dead;
    int n = 1;
    for (int k = skipped; k < b->n; k++) {
        label[n] = b->label[k + 1];
        y[n++] = tc_json_number(tc_json_at(bins, (size_t)k)) - (k ? 0 : dead);
    }
    const char *name = cli_record_text(s->arena, layer, "name");
    const char *word = cli_unit_word(s->arena, &s->record[run], name), *units = dead_units(s->arena, layer, word);
    const cli_series bars = {.n = n, .y = y, .label = label, .colour = s->runs > 1 ? run : 0, .marked = dead > 0};
    const cli_chart c = {
        .title = cli_set_title(s, run, cli_format(s->arena, "How often %ss of %s fire", word, name)),
        .x_name = cli_number(layer, "positions") > 1 ? "fire at up to this % of positions (0: never)"
                                                     : "fire for up to this % of the samples (0: never)",
        .y_name = cli_format(s->arena, "%ss", word),
        .note = units ? units : cli_format(s->arena, "Every %s fired for at least one sample of that epoch.", word),
        .count = 1,
        .series = &bars};
    cli_set_begin(s);
    cli_chart_bars(s->page, &c);
}

void cli_how_often(cli_run_set *s)
{
    int n;
    const char **name = cli_names(s, "layers", &n);
    for (int i = 0; i < n; i++)
        for (int r = 0; r < s->runs; r++)
            histogram(s, r, cli_entry_of(NULL, "layers", name[i], cli_last_epoch(&s->record[r])));
}
