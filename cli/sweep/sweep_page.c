/* sweep_page.c: the page of a sweep: which point is taken and why, the settings, every point, what silence costs, and
 * how the figures change along the path. */
#include "sweep/sweep.h"

#include "report/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PLUS "\u00b1"
enum { PATHS = 8 /* lines in one chart */, RUNS_SHOWN = 400 };

/* What CLI_OF_SILENCE is the density of. */
static const char *density_of(const cli_sweep *s)
{
    const char *name = NULL;
    for (int i = 0; i < s->overs; i++) {
        if (s->over[i].parameter != s->weights) continue;
        name = name ? "the swept values" : s->over[i].on;
    }
    return cli_format(s->arena, "density of %s", name ? name : "the swept values");
}

/* ---- Head -------------------------------------------------------------------------------------------------------- */

static void numbers(cli_sweep *s, cli_page *page)
{
    const cli_sweep_point *p = &s->point[s->chosen];
    const char *pair[10];
    int n = 0;
    const struct {
        int figure;
        const char *name;
    } one[] = {{s->by.figure, s->by.name},
               {CLI_OF_SILENCE, density_of(s)},
               {CLI_OF_FIRING, s->weights ? "weights that are not 0" : "units that fire"},
               {CLI_OF_STEP_US, "time per step [ms]"}};
    for (size_t i = 0; i < sizeof one / sizeof *one; i++) {
        if (isnan(p->mean[one[i].figure])) continue;
        pair[n++] = cli_sweep_figure(s, one[i].figure, p->mean[one[i].figure], NAN, "");
        pair[n++] = one[i].name;
    }
    cli_page_numbers(page, cli_format(s->arena, "Taken: %s", cli_sweep_point_text(s, s->chosen)), n / 2, pair);
}

static void asked(cli_sweep *s, const char *config, cli_page *page)
{
    cli_arena *a = s->arena;
    bool lambda = false;
    for (int i = 0; i < s->overs; i++) lambda = lambda || s->over[i].lambda;
    cli_sheet t = {.align = lambda ? "lrlr" : "lrl"};
    cli_sheet_add(a, &t, "swept", "points", "", lambda ? "largest that changes anything" : NULL, NULL);
    for (int i = 0; i < s->overs; i++) {
        const cli_over *o = &s->over[i];
        cli_sheet_add(a, &t, o->text, cli_format(a, "%d", o->count),
                      cli_format(a, "%s to %s", o->value[0], o->value[o->count - 1]),
                      !lambda     ? NULL
                      : o->lambda ? cli_digits(a, o->largest)
                                  : "",
                      NULL);
    }
    cli_page_section(
        page, "Settings",
        lambda ? "The largest lambda is estimated before training, from the gradients on the first batch with the "
                 "initial weights: from there on, the penalty pulls on each element at least as hard as the data pull "
                 "on any."
               : NULL);
    cli_page_table(page, NULL, &t);
    const char *seeds = cli_count(a, s->seeds, "seed");
    cli_page_paragraph(page, cli_format(a,
                                        s->warm ? "%s; along the path, each run starts from the weights of the "
                                                  "previous one."
                                                : "%s; every run starts from initial weights.",
                                        seeds));
    cli_page_fold(page, "Configuration", config);
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* The page of a run, relative to the folder of the sweep; NULL if it does not exist. */
static const char *page_of(const cli_sweep *s, const cli_sweep_run *r)
{
    return r && r->page ? cli_format(s->arena, "%s/report.html", r->name) : NULL;
}

/* One row per point; with one seed, its first cell links to the page of its run. */
static void points(cli_sweep *s, cli_page *page)
{
    int columns;
    const char *align, **cell = cli_sweep_cells(s, PLUS, &columns, &align);
    const char **href = cli_take(s->arena, ((size_t)s->points + 1) * (size_t)columns * sizeof *href);
    for (int i = 0; i < s->runs && s->seeds == 1; i++)
        href[(size_t)columns * (size_t)(s->run[i].point + 1)] = page_of(s, &s->run[i]);
    const cli_sweep_run *r = s->best < 0 ? NULL : cli_sweep_run_of(s, s->best);
    cli_page_section(page, "Points",
                     r ? cli_format(s->arena, "Figures of the %s data, %s; times are those of training steps.", r->part,
                                    cli_count(s->arena, r->rows, "row"))
                       : NULL);
    cli_page_table(page, NULL,
                   &(cli_sheet){.align = align, .cells = columns * (s->points + 1), .cell = cell, .href = href});
    const char *notes = cli_sweep_notes(s, PLUS);
    for (size_t n; *notes; notes += n + (notes[n] == '\n')) {
        n = strcspn(notes, "\n");
        cli_page_paragraph(page, cli_copy(s->arena, notes, n));
    }
}

/* If there are several seeds, a separate table links to the pages of the runs. */
static void runs(cli_sweep *s, cli_page *page)
{
    enum { COLUMNS = 5 };
    cli_arena *a = s->arena;
    const int shown = s->runs < RUNS_SHOWN ? s->runs : RUNS_SHOWN;
    const char **href = cli_take(a, ((size_t)shown + 1) * COLUMNS * sizeof *href);
    cli_sheet t = {.align = "lrrrr", .href = href};
    if (s->seeds == 1) return;
    cli_sheet_add(a, &t, "run", "seed", s->by.name, "density", "ms/step", NULL);
    for (int i = 0; i < shown; i++) {
        const cli_sweep_run *r = &s->run[i];
        href[t.cells] = page_of(s, r);
        cli_sheet_add(a, &t, r->name, cli_format(a, "%lld", (long long)r->seed),
                      cli_sweep_figure(s, s->by.figure, r->figure[s->by.figure], NAN, ""),
                      cli_sweep_figure(s, CLI_OF_SILENCE, r->figure[CLI_OF_SILENCE], NAN, ""),
                      cli_sweep_figure(s, CLI_OF_STEP_US, r->figure[CLI_OF_STEP_US], NAN, ""), NULL);
    }
    cli_page_section(page, "Runs",
                     shown < s->runs ? "Only the first runs are listed. Each run has its own page." : NULL);
    cli_page_table(page, NULL, &t);
}

/* ---- Fronts ------------------------------------------------------------------------------------------------------ */

typedef struct at {
    double x, y;
    int point;
} at;

/* No two are equal: qsort has no fixed order of equal ones. */
static int compare(const void *one, const void *two)
{
    const at *a = one, *b = two;
    return a->x != b->x ? (a->x > b->x) - (a->x < b->x) : a->point - b->point;
}

/* The points on a front, or the others, in ascending order of x. */
static cli_series gather(const cli_sweep *s, int figure, double scale, bool front)
{
    at *list = cli_take(s->arena, (size_t)s->points * sizeof *list);
    double *x = cli_take(s->arena, (size_t)s->points * sizeof *x),
           *y = cli_take(s->arena, (size_t)s->points * sizeof *y);
    const char **name = cli_take(s->arena, (size_t)s->points * sizeof *name);
    int n = 0;
    for (int i = 0; i < s->points; i++) {
        const cli_sweep_point *p = &s->point[i];
        if (!isnan(p->mean[figure]) && cli_sweep_on_front(s, p, figure) == front)
            list[n++] = (at){p->mean[figure] * scale, p->mean[s->by.figure], i};
    }
    qsort(list, (size_t)n, sizeof *list, compare);
    cli_series series = {
        .name = front ? "no point is better in both" : "others", .n = n, .x = x, .y = y, .label = name};
    for (int i = 0; i < n; i++) {
        x[i] = list[i].x;
        y[i] = list[i].y;
        name[i] = cli_sweep_point_text(s, list[i].point);
        if (list[i].point == s->chosen) series.marked = i + 1;
    }
    series.points = !front;
    series.colour = front ? 0 : CLI_PALETTE - 1;
    return series;
}

static void front(cli_sweep *s, cli_page *page, int figure, double scale, const char *what, const char *x_name)
{
    const cli_series series[] = {gather(s, figure, scale, true), gather(s, figure, scale, false)};
    cli_chart_lines(page, &(cli_chart){.title = cli_format(s->arena, "%s against %s", s->by.title, what),
                                       .x_name = x_name,
                                       .y_name = s->by.name,
                                       .note = "The ring marks the point that was taken.",
                                       .x_log = figure == CLI_OF_SILENCE,
                                       .count = series[1].n ? 2 : 1,
                                       .series = series});
}

/* ---- Along the path ---------------------------------------------------------------------------------------------- */

/* One line per path: the points of the first --over, with the others held fixed. */
static void along(cli_sweep *s, cli_page *page, int figure, const char *title, const char *y_name)
{
    const cli_over *o = &s->over[0];
    const int length = o->count, all = s->points / length, paths = all < PATHS ? all : PATHS;
    cli_series *series = cli_take(s->arena, (size_t)paths * sizeof *series);
    for (int i = 0; i < paths; i++) {
        double *y = cli_take(s->arena, (size_t)length * sizeof *y);
        const char *name = "";
        for (int k = 1; k < s->overs; k++)
            name = cli_format(s->arena, "%s%s%s=%s", name, *name ? ", " : "", s->over[k].on,
                              s->over[k].value[s->point[i * length].index[k]]);
        for (int k = 0; k < length; k++) y[k] = s->point[i * length + k].mean[figure];
        series[i] = (cli_series){.name = name, .n = length, .x = o->number, .y = y, .colour = i};
        if (s->chosen / length == i) series[i].marked = s->chosen % length + 1;
    }
    cli_chart_lines(page, &(cli_chart){.title = title,
                                       .x_name = cli_format(s->arena, "%s of %s:%s", o->attribute, o->on, o->kind),
                                       .y_name = y_name,
                                       .note = paths < all ? "Only the first paths are shown." : NULL,
                                       .x_log = true,
                                       .count = paths,
                                       .series = series});
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

static const char *title(const cli_sweep *s)
{
    const char *text = "";
    for (int i = 0; i < s->overs; i++)
        text = cli_format(s->arena, "%s%s%s of %s:%s", text, *text ? ", " : "Sweep over ", s->over[i].attribute,
                          s->over[i].on, s->over[i].kind);
    return text;
}

tacet_status cli_sweep_page(cli_sweep *s)
{
    cli_page page;
    cli_source config;
    tacet_status status = cli_source_read(s->arena, s->folder.config, &config);
    if (status == TACET_OK) status = cli_page_open(s->arena, s->folder.report, title(s), &page);
    if (status != TACET_OK) return status;
    if (s->chosen >= 0) {
        char *reason = cli_format(s->arena, "%s.", cli_sweep_reason(s));
        if (*reason >= 'a' && *reason <= 'z') *reason = (char)(*reason - 'a' + 'A');
        cli_page_paragraph(&page, reason);
        if (cli_sweep_misled(s)) cli_page_paragraph(&page, cli_sweep_misled(s));
        numbers(s, &page);
    }
    asked(s, config.text, &page);
    points(s, &page);
    if (s->chosen >= 0) {
        cli_page_section(
            &page, "What silence costs",
            "No other point beats those on the line in both figures. The tooltip of a point, and the table, give its "
            "penalties.");
        front(s, &page, CLI_OF_SILENCE, 1, "density", density_of(s));
        front(s, &page, CLI_OF_STEP_US, 1e-3, "time", "time per step [ms]");
        cli_page_section(&page, "Along the path", NULL);
        along(s, &page, CLI_OF_OVER, "Density", cli_format(s->arena, "density of %s", s->over[0].on));
        along(s, &page, s->by.figure, s->by.title, s->by.name);
        along(s, &page, CLI_OF_FIRING, "What fires", s->weights ? "weights that are not 0" : "units per sample");
    }
    runs(s, &page);
    status = cli_page_close(&page);
    return status == TACET_OK ? page.missing.status : status;
}
