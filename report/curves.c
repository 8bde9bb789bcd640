/* curves.c: the sections with lines over epochs. A table says which chart has which lines. A comparison of runs has one
 * chart for each name, with a colour for each run. The page of one run has the same, or one chart for all names, with
 * a colour for each name. */
#include "report/chart.h"
#include "report/run_set.h"

#include <math.h>
#include <string.h>

/* ---- What is read from a line of metrics.jsonl, of an epoch or of a step ----------------------------------------- */

/* The first term that has a target density for a layer. */
static const tc_json *steering(const tc_json *line, const char *name)
{
    const tc_json *t;
    size_t k;
    tc_json_each(tc_json_get(line, "terms"), k, t)
    {
        const char *on = tc_json_text(tc_json_get(t, "on"));
        if (on && strcmp(on, name) == 0 && isfinite(cli_number(t, "target"))) return t;
    }
    return NULL;
}

/* The entry of a term on weights, unless its value has another one: of several terms on a value the first is shown, a
 * penalty rather than a constraint, which has no value. Terms on the batch are left out: they have histograms, and their
 * densities are those of layers. */
static const tc_json *on_weights(const tc_json *line, const char *name)
{
    const tc_json *t, *own = cli_entry_of(line, "terms", name, line);
    size_t k;
    bool before = true;
    if (tc_json_get(own, "histogram")) return NULL;
    tc_json_each(tc_json_get(line, "terms"), k, t)
    {
        const bool has = isfinite(cli_number(t, "value")), had = isfinite(cli_number(own, "value"));
        if (t == own) before = false;
        if (t != own && tc_json_equal(tc_json_get(t, "on"), tc_json_get(own, "on")) && (has == had ? before : has))
            return NULL;
    }
    return own;
}

/* Where a line is on an axis of epochs, on which epochs end at whole numbers. */
static double place(const cli_record *r, const tc_json *line)
{
    const double epoch = cli_number(line, "epoch"), step = cli_number(line, "step");
    const double each = cli_number(r->run, "steps_per_epoch");
    /* A step lies within its epoch; so does the end of an epoch that was cut short. */
    if (each >= 1 && step <= epoch * each) return step / each;
    return tc_json_get(line, "seconds") ? epoch : NAN;
}

/* ---- Charts ------------------------------------------------------------------------------------------------------ */

enum { LINES = 3, SPAN = 100 };

typedef struct family {
    const char *list;  /* "terms" or "layers", the source of the names; NULL: there is one chart, under the title */
    const char *title; /* of the chart; the chart of one name has "title · NAME", or NAME if this is NULL */
    const char *y_name;
    struct family_line {
        const char *name; /* "training", or NULL */
        const char *key;  /* the number in the entry of the term or layer, or in the line; NULL after the last line */
        const char *of_data; /* "validation"; "ema": these data with averaged weights; NULL: of the training */
        cli_dash dash;
        const char *per; /* the number is divided by the one with this key */
        const tc_json *(*find)(const tc_json *line, const char *name); /* finds the entry, if not by its name */
        double (*of)(const cli_record *r, const tc_json *line); /* computes the number, if the file does not have it */
    } line[LINES];
    bool steps;    /* the page of one run also shows the first line step by step, in the background */
    bool apart;    /* even a single run has a chart for each name */
    bool changing; /* leaves out what is constant */
    bool below_1;  /* leaves out what is always 1 */
    bool y_log, y_zero;
} family;

/* Without penalties the last chart is left out, because the objective is then the data loss. */
static const family losses[] = {
    {.title = "Data loss",
     .y_name = "data loss",
     .line = {{.name = "training", .key = "data_loss"},
              {.name = "validation", .key = "data_loss", .of_data = "validation", .dash = CLI_DASHED},
              {.name = "validation, averaged weights", .key = "data_loss", .of_data = "ema", .dash = CLI_DOTTED}},
     .steps = true},
    {.title = "Objective: data loss and penalties",
     .y_name = "objective",
     .line = {{.name = "training", .key = "objective"},
              {.name = "validation", .key = "objective", .of_data = "validation", .dash = CLI_DASHED},
              {.name = "validation, averaged weights", .key = "objective", .of_data = "ema", .dash = CLI_DOTTED}},
     .steps = true},
};

static const family penalties[] = {
    {.list = "terms",
     .y_name = "value",
     .line = {{.name = "training", .key = "value"},
              {.name = "validation", .key = "value", .of_data = "validation", .dash = CLI_DASHED}},
     .apart = true},
    {.list = "terms",
     .title = "Lambda",
     .y_name = "lambda",
     .line = {{.key = "lambda"}},
     .steps = true,
     .changing = true,
     .y_log = true},
    {.list = "terms",
     .title = "Gradient compared with the data's",
     .y_name = "ratio of norms",
     .line = {{.key = "gradient", .per = "data_gradient"}},
     .y_log = true},
    {.list = "terms", .title = "Share of the objective", .y_name = "share", .line = {{.key = "share"}}, .y_zero = true},
};

static const family densities[] = {
    {.list = "layers",
     .title = "Units that fire",
     .y_name = "share of units that fire",
     .line = {{.key = "density"},
              {.name = "target", .key = "target", .dash = CLI_DASHED, .find = steering},
              {.name = "due by then", .key = "due", .dash = CLI_DOTTED, .find = steering}},
     .y_zero = true},
    {.list = "terms",
     .title = "Remaining weights",
     .y_name = "share of weights that are not 0",
     .line = {{.key = "density", .find = on_weights},
              {.name = "target", .key = "target", .dash = CLI_DASHED, .find = on_weights}},
     .below_1 = true,
     .y_zero = true},
};

static const family times[] = {
    {.title = "Time per step",
     .y_name = "time per step [ms]",
     .line = {{.key = "seconds", .of = cli_step_ms}},
     .y_zero = true},
    {.title = "Learning rate",
     .y_name = "learning rate",
     .line = {{.key = "learning_rate"}},
     .steps = true,
     .changing = true},
};

static double figure(const cli_record *r, const family *f, int k, const char *name, const tc_json *line)
{
    const struct family_line *l = &f->line[k];
    const tc_json *from = l->of_data ? tc_json_get(line, l->of_data) : line;
    const tc_json *entry = l->find   ? l->find(from, name)
                           : f->list ? cli_entry_of(cli_last_epoch(r), f->list, name, from)
                                     : from;
    const double x = l->of ? l->of(r, line) : cli_number(entry, l->key);
    return l->per ? x / cli_number(entry, l->per) : x;
}

/* Line k of a family over epochs or steps. */
static cli_series series_of(cli_run_set *s, const cli_record *r, const family *f, int k, const char *name,
                            const tc_json *const *lines, size_t n)
{
    double *x = cli_take(s->arena, (n + 1) * sizeof *x), *y = cli_take(s->arena, (n + 1) * sizeof *y);
    for (size_t i = 0; i < n; i++) {
        x[i] = place(r, lines[i]);
        y[i] = isnan(x[i]) ? NAN : figure(r, f, k, name, lines[i]);
    }
    return (cli_series){.name = f->line[k].name, .n = (int)n, .x = x, .y = y, .dash = f->line[k].dash};
}

/* Adds a run's lines for one name. A label is put before the names of the lines, and they all have this colour; without
 * a label (NULL) each line has a different colour. */
static int add_lines(cli_run_set *s, const family *f, const cli_record *r, const char *name, const char *label,
                     int colour, cli_series *to)
{
    cli_extent x, range;
    int n = 0;
    for (int k = 0; k < LINES && f->line[k].key; k++) {
        cli_series y = series_of(s, r, f, k, name, r->epoch, r->epochs);
        if (!cli_chart_extent(1, &y, &x, &range) || (f->below_1 && n == 0 && range.least == 1)) continue;
        y.colour = label ? colour : k;
        if (label) y.name = y.name ? cli_format(s->arena, "%s, %s", label, y.name) : label;
        to[n++] = y;
    }
    if (!f->steps || s->runs > 1) return n;
    to[n] = series_of(s, r, f, 0, name, r->step, r->steps);
    to[n].name = "single steps";
    to[n].faint = r->epochs > 0; /* before the first epoch has ended there is nothing else to see */
    to[n].colour = colour;
    return n + cli_chart_extent(1, &to[n], &x, &range);
}

static void draw(cli_run_set *s, const family *f, const char *title, int count, const cli_series *series)
{
    cli_extent x, y;
    if (!cli_chart_extent(count, series, &x, &y) || (f->changing && y.most == y.least)) return;
    /* If numbers span this much, a linear axis would show only the largest. */
    const bool spans = !f->y_zero && y.least > 0 && y.most / y.least > SPAN;
    cli_set_begin(s);
    cli_chart_lines(s->page, &(cli_chart){.title = title,
                                          .x_name = "epoch",
                                          .y_name = f->y_name,
                                          .y_log = f->y_log || spans,
                                          .y_zero = f->y_zero,
                                          .count = count,
                                          .series = series});
}

/* Draws a chart for each name or, for one run, a chart for as many names as there are colours. */
static void draw_family(cli_run_set *s, const family *f)
{
    int names = 1;
    const char *const *name = f->list ? cli_names(s, f->list, &names) : (const char *const[]){""};
    const bool together = s->runs == 1 && f->list && !f->apart;
    const int most_shown = together ? CLI_PALETTE : s->runs;
    cli_series *series = cli_take(s->arena, (size_t)most_shown * (LINES + 1) * sizeof *series);
    const char *title = f->title;
    cli_arena *const lasting = s->arena;
    cli_arena own = {0}; /* of a chart */
    int shown = 0, n = 0;
    s->arena = s->page->arena = &own;
    for (int i = 0; i < names; i++) {
        for (int r = 0; r < s->runs; r++) {
            const char *label = together ? name[i] : s->runs > 1 ? s->name[r] : NULL;
            const int added = add_lines(s, f, &s->record[r], name[i], label, together ? shown : r, &series[n]);
            cli_extent x, y;
            if (together && f->changing && cli_chart_extent(added > 0, &series[n], &x, &y) && y.most == y.least)
                continue;
            n += added;
            shown += added > 0;
        }
        if (together && shown < CLI_PALETTE && i + 1 < names) continue;
        if (!together && f->list) title = f->title ? cli_format(s->arena, "%s · %s", f->title, name[i]) : name[i];
        draw(s, f, title, n, series);
        cli_arena_free(&own);
        shown = n = 0;
    }
    s->arena = s->page->arena = lasting;
}

static void draw_all(cli_run_set *s, const family *f, size_t count)
{
    for (; count--; f++) draw_family(s, f);
}

/* ---- Sections ---------------------------------------------------------------------------------------------------- */

#define DRAW(s, table) draw_all(s, table, sizeof table / sizeof *table)

void cli_losses(cli_run_set *s)
{
    bool kept = false;
    int terms;
    cli_names(s, "terms", &terms);
    draw_all(s, losses, sizeof losses / sizeof *losses - (terms == 0));
    for (int r = 0; r < s->runs; r++)
        kept = kept || !s->record[r].epochs || tc_json_get(cli_last_epoch(&s->record[r]), "validation");
    if (!kept && !s->title)
        cli_page_paragraph(s->page, "No data were held out for validation. With train.validate=0.1, a tenth of the "
                                    "training data is held out, and each epoch is validated on it.");
}

/* A chart for each metric, then what there is by class. */
void cli_metrics(cli_run_set *s)
{
    int n;
    const char **name = cli_metric_names(s, &n);
    for (int i = 0; i < n; i++)
        draw_family(
            s,
            &(family){
                .title = name[i],
                .y_name = name[i],
                .line = {
                    {.name = "training", .key = name[i]},
                    {.name = "validation", .key = name[i], .of_data = "validation", .dash = CLI_DASHED},
                    {.name = "validation, averaged weights", .key = name[i], .of_data = "ema", .dash = CLI_DOTTED}}});
    cli_classes(s);
}

void cli_penalties(cli_run_set *s) { DRAW(s, penalties); }

void cli_densities(cli_run_set *s)
{
    DRAW(s, densities);
    cli_by_layer(s);
    cli_how_often(s);
}

void cli_times(cli_run_set *s) { DRAW(s, times); }
