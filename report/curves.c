/* curves.c: the sections with lines over epochs. What a line shows is a small function; which chart has which lines is a
 * table; and all charts are made alike: of several runs a chart a name, its lines in the colours of the runs; of one run
 * the same, or one chart for all names, each in a colour. */
#include "report/axis.h"
#include "report/chart.h"
#include "report/run_set.h"

#include <math.h>
#include <string.h>

/* ---- What can be read from a line of metrics.jsonl, of an epoch or of a step ------------------------------------- */

/* name: of the term or layer; NAN: there is no such number. */
typedef double (*measure)(const cli_record *r, const tc_json *line, const char *name, const char *key);

static const tc_json *validation(const tc_json *line) { return tc_json_get(line, "validation"); }

static double figure(const cli_record *r, const tc_json *line, const char *name, const char *key)
{
    (void)r, (void)name;
    return cli_record_number(line, key);
}

static double validated(const cli_record *r, const tc_json *line, const char *name, const char *key)
{
    return figure(r, validation(line), name, key);
}

static const tc_json *term(const cli_record *r, const tc_json *line, const char *name)
{
    return cli_twin(cli_last_epoch(r), name, tc_json_get(line, "terms"));
}

static double of_term(const cli_record *r, const tc_json *line, const char *name, const char *key)
{
    return cli_record_number(term(r, line, name), key);
}

static double of_term_validated(const cli_record *r, const tc_json *line, const char *name, const char *key)
{
    return of_term(r, validation(line), name, key);
}

/* Terms on parameters: they have a density, and no histogram, since parameters have no rows. */
static double of_weights(const cli_record *r, const tc_json *line, const char *name, const char *key)
{
    const tc_json *t = term(r, line, name);
    const bool weights = tc_json_get(t, "density") && !tc_json_get(t, "histogram");
    return weights ? cli_record_number(t, key) : NAN;
}

static double gradient_ratio(const cli_record *r, const tc_json *line, const char *name, const char *key)
{
    return of_term(r, line, name, key) / of_term(r, line, name, "data_gradient");
}

static double of_layer(const cli_record *r, const tc_json *line, const char *name, const char *key)
{
    (void)r;
    return cli_record_number(cli_entry_of(line, "layers", name), key);
}

/* The first term that steers a layer. */
static double of_steering(const cli_record *r, const tc_json *line, const char *name, const char *key)
{
    const tc_json *t;
    size_t k;
    (void)r;
    tc_json_each(tc_json_get(line, "terms"), k, t)
    {
        const char *on = tc_json_text(tc_json_get(t, "on"));
        if (on && strcmp(on, name) == 0 && isfinite(cli_record_number(t, "target"))) return cli_record_number(t, key);
    }
    return NAN;
}

static double step_ms(const cli_record *r, const tc_json *line, const char *name, const char *key)
{
    (void)name, (void)key;
    return cli_step_ms(r, line);
}

/* ---- Charts ------------------------------------------------------------------------------------------------------ */

enum { LINES = 3, SPAN = 100 };
enum { SOLID, DASHED, DOTTED };

typedef struct family {
    const char *list;  /* "terms", "layers": where names are from; NULL: there is one, and it is the title */
    const char *title; /* of the charts; of one for one name "title · NAME", or (NULL) the name */
    const char *y_name;
    struct {
        const char *name; /* "training" */
        measure of;       /* NULL after the last line */
        const char *key;
        int dash;
    } line[LINES];
    bool steps;    /* between epochs the first line's figure, in the background, where there is one run */
    bool apart;    /* of one run, too, a chart a name */
    bool changing; /* only what changes at all */
    bool y_log, y_zero;
} family;

/* The objective, the last, is the data loss where there are no penalties. */
static const family losses[] = {
    {.title = "Data loss",
     .y_name = "data loss",
     .line = {{"training", figure, "data_loss", SOLID}, {"validation", validated, "data_loss", DASHED}},
     .steps = true},
    {.title = "Accuracy", .y_name = "accuracy on the validation data", .line = {{"", validated, "accuracy", SOLID}}},
    {.title = "Objective: data loss and penalties",
     .y_name = "objective",
     .line = {{"training", figure, "objective", SOLID}, {"validation", validated, "objective", DASHED}},
     .steps = true},
};

static const family penalties[] = {
    {.list = "terms",
     .y_name = "value",
     .line = {{"training", of_term, "value", SOLID}, {"validation", of_term_validated, "value", DASHED}},
     .apart = true},
    {.list = "terms",
     .title = "Lambda",
     .y_name = "lambda",
     .line = {{"", of_term, "lambda", SOLID}},
     .steps = true,
     .changing = true,
     .y_log = true},
    {.list = "terms",
     .title = "Gradient beside the data's",
     .y_name = "ratio of norms",
     .line = {{"", gradient_ratio, "gradient", SOLID}},
     .y_log = true},
    {.list = "terms",
     .title = "Share of the objective",
     .y_name = "share",
     .line = {{"", of_term, "share", SOLID}},
     .y_zero = true},
};

static const family densities[] = {
    {.list = "layers",
     .title = "Units that fire",
     .y_name = "share of units that fire",
     .line = {{"", of_layer, "density", SOLID},
              {"target", of_steering, "target", DASHED},
              {"due by then", of_steering, "due", DOTTED}},
     .y_zero = true},
    {.list = "terms",
     .title = "Weights left",
     .y_name = "share of weights that are not 0",
     .line = {{"", of_weights, "density", SOLID}, {"target", of_weights, "target", DASHED}},
     .y_zero = true},
};

static const family times[] = {
    {.title = "Time per step", .y_name = "time per step [ms]", .line = {{"", step_ms, "", SOLID}}, .y_zero = true},
    {.title = "Learning rate",
     .y_name = "learning rate",
     .line = {{"", figure, "learning_rate", SOLID}},
     .steps = true,
     .changing = true},
};

static void widen(double y, double *least, double *most)
{
    if (!cli_axis_takes(y)) return;
    *least = fmin(*least, y);
    *most = fmax(*most, y);
}

/* Line k of a family over epochs or steps. */
static cli_series series_of(cli_run_set *s, const cli_record *r, const family *f, int k, const char *name,
                            const tc_json *const *lines, size_t n)
{
    double *x = cli_take(s->arena, (n + 1) * sizeof *x), *y = cli_take(s->arena, (n + 1) * sizeof *y);
    for (size_t i = 0; i < n; i++) {
        x[i] = cli_epoch_place(r, lines[i]);
        y[i] = isnan(x[i]) ? NAN : f->line[k].of(r, lines[i], name, f->line[k].key);
    }
    return (cli_series){.name = f->line[k].name,
                        .n = (int)n,
                        .x = x,
                        .y = y,
                        .dashed = f->line[k].dash == DASHED,
                        .dotted = f->line[k].dash == DOTTED};
}

/* The lowest and highest number of a series; false: it has none. */
static bool range_of(const cli_series *y, double *least, double *most)
{
    *least = HUGE_VAL, *most = -HUGE_VAL;
    for (int i = 0; i < y->n; i++) widen(y->y[i], least, most);
    return *most >= *least;
}

/* Adds the lines of one name of a run. own_colours: the lines have colours of their own; more: what comes before their
 * names, or NULL. */
static int add_lines(cli_run_set *s, const family *f, const cli_record *r, const char *name, int colour,
                     bool own_colours, const char *more, cli_series *to)
{
    double least, most;
    int n = 0;
    for (int k = 0; k < LINES && f->line[k].of; k++) {
        cli_series y = series_of(s, r, f, k, name, r->epoch, r->epochs);
        if (!range_of(&y, &least, &most)) continue;
        y.colour = own_colours ? k : colour;
        if (more) y.name = *y.name ? cli_format(s->arena, "%s, %s", more, y.name) : more;
        to[n++] = y;
    }
    if (!f->steps || s->runs > 1) return n;
    to[n] = series_of(s, r, f, 0, name, r->step, r->steps);
    to[n].name = "each so many steps";
    to[n].faint = cli_epochs(r) > 0; /* before the first epoch has ended it is all that there is */
    to[n].colour = colour;
    return n + range_of(&to[n], &least, &most);
}

static void draw(cli_run_set *s, const family *f, const char *title, int count, const cli_series *series)
{
    double least = HUGE_VAL, most = -HUGE_VAL, low, high;
    for (int k = 0; k < count; k++)
        if (range_of(&series[k], &low, &high)) widen(low, &least, &most), widen(high, &least, &most);
    if (f->changing ? most <= least : most < least) return;
    /* Where numbers span so much, a linear axis would show the largest alone. */
    const bool spans = !f->y_zero && least > 0 && most / least > SPAN;
    cli_set_begin(s);
    cli_chart_lines(s->page, &(cli_chart){.title = title,
                                          .x_name = "epoch",
                                          .y_name = f->y_name,
                                          .y_log = f->y_log || spans,
                                          .y_zero = f->y_zero,
                                          .count = count,
                                          .series = series});
}

/* One chart a name: of several runs; or of one. */
static void draw_apart(cli_run_set *s, const family *f, int names, const char *const *name)
{
    const bool several = s->runs > 1;
    for (int i = 0; i < names; i++) {
        cli_series *series = cli_take(s->arena, (size_t)s->runs * (LINES + 1) * sizeof *series);
        int n = 0;
        for (int r = 0; r < s->runs; r++)
            n += add_lines(s, f, &s->record[r], name[i], several ? r : 0, !several, several ? s->name[r] : NULL,
                           &series[n]);
        const char *title = !f->list   ? f->title
                            : f->title ? cli_format(s->arena, "%s · %s", f->title, name[i])
                                       : name[i];
        draw(s, f, title, n, series);
    }
}

/* All names of one run in one chart, as many as there are colours. */
static void draw_together(cli_run_set *s, const family *f, int names, const char *const *name)
{
    cli_series *series = cli_take(s->arena, (size_t)CLI_PALETTE * (LINES + 1) * sizeof *series);
    int shown = 0, n = 0;
    for (int i = 0; i < names; i++) {
        const int before = n;
        double least, most;
        n += add_lines(s, f, s->record, name[i], shown, false, name[i], &series[n]);
        if (f->changing && n > before && range_of(&series[before], &least, &most) && most == least) n = before;
        shown += n > before;
        if (shown == CLI_PALETTE || i + 1 == names) draw(s, f, f->title, n, series), shown = n = 0;
    }
}

static void draw_all(cli_run_set *s, const family *f, size_t count)
{
    static const char *const none[] = {""};
    for (; count--; f++) {
        int n = 1;
        const char *const *name = f->list ? cli_names(s, f->list, &n) : none;
        if (s->runs == 1 && f->list && !f->apart)
            draw_together(s, f, n, name);
        else
            draw_apart(s, f, n, name);
    }
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
        kept = kept || !cli_epochs(&s->record[r]) || validation(cli_last_epoch(&s->record[r]));
    if (!kept && !s->title)
        cli_page_paragraph(s->page, "Nothing was kept for validation: with train.validate=0.1 a tenth of the training "
                                    "data is, and there is a figure for each epoch.");
}

void cli_penalties(cli_run_set *s) { DRAW(s, penalties); }

void cli_densities(cli_run_set *s)
{
    DRAW(s, densities);
    cli_how_often(s);
}

void cli_times(cli_run_set *s) { DRAW(s, times); }
