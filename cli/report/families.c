/* families.c: line charts over epochs, for one run or several. */
#include "report/families.h"
#include "report/axis.h"

#include <math.h>

enum { TOGETHER = CLI_PALETTE /* names in one chart, at most: one a colour */, SPAN = 100 };

/* A chart in the making. */
typedef struct plot {
    cli_series *series;
    int count;
} plot;

static plot new_plot(cli_run_set *s, int room)
{
    return (plot){cli_take(s->arena, ((size_t)room + 1) * sizeof(cli_series)), 0};
}

void cli_set_chart(cli_run_set *s, const cli_chart *c)
{
    bool any = false;
    for (int k = 0; k < c->count; k++)
        for (int i = 0; i < c->series[k].n && !any; i++)
            any = cli_axis_takes(c->series[k].y[i]) && (!c->series[k].x || cli_axis_takes(c->series[k].x[i]));
    if (!any) return;
    cli_set_begin(s);
    cli_chart_lines(s->page, c);
}

/* ---- Series ------------------------------------------------------------------------------------------------------ */

static cli_series over_epochs(cli_run_set *s, const cli_record *r, const cli_line *line, const char *name)
{
    const size_t n = cli_epochs(r);
    double *x = cli_take(s->arena, (n + 1) * sizeof *x), *y = cli_take(s->arena, (n + 1) * sizeof *y);
    for (size_t i = 0; i < n; i++) {
        x[i] = cli_epoch_place(r, r->epoch[i]);
        y[i] = line->of(r, i, name, line->key);
    }
    return (cli_series){.name = line->name,
                        .n = (int)n,
                        .x = x,
                        .y = y,
                        .dashed = line->dash == CLI_DASHED,
                        .dotted = line->dash == CLI_DOTTED};
}

static cli_series over_steps(cli_run_set *s, const cli_record *r, const cli_family *f, const char *name)
{
    const size_t n = r->steps;
    double *x = cli_take(s->arena, (n + 1) * sizeof *x), *y = cli_take(s->arena, (n + 1) * sizeof *y);
    for (size_t i = 0; i < n; i++) {
        const tc_json *step = r->step[i];
        x[i] = cli_epoch_place(r, step);
        y[i] = f->step(r, step, name, f->line[0].key);
    }
    /* Before the first epoch has ended it is all that there is. */
    return (cli_series){.name = "each so many steps", .n = (int)n, .x = x, .y = y, .faint = cli_epochs(r) > 0};
}

static bool has_numbers(const cli_series *s)
{
    for (int i = 0; i < s->n; i++)
        if (cli_axis_takes(s->y[i])) return true;
    return false;
}

/* The lines of one name of a run into a plot. more: what its names are called by before the line's own. */
static void add_run(cli_run_set *s, const cli_family *f, plot *p, const cli_record *r, const char *name, int colour,
                    bool own_colours, const char *more)
{
    for (int k = 0; k < CLI_LINES && f->line[k].of; k++) {
        cli_series y = over_epochs(s, r, &f->line[k], name);
        if (!has_numbers(&y)) continue;
        y.colour = own_colours ? k : colour;
        if (more) y.name = *y.name ? cli_format(s->arena, "%s, %s", more, y.name) : more;
        p->series[p->count++] = y;
    }
    if (!f->step || s->runs > 1) return;
    cli_series y = over_steps(s, r, f, name);
    y.colour = colour;
    if (has_numbers(&y)) p->series[p->count++] = y;
}

/* ---- Charts ------------------------------------------------------------------------------------------------------ */

static void widen(double y, double *least, double *most)
{
    if (!cli_axis_takes(y)) return;
    *least = fmin(*least, y);
    *most = fmax(*most, y);
}

/* Whether numbers span so much that a linear axis would show the largest alone. */
static bool spans(const plot *p)
{
    double least = HUGE_VAL, most = -HUGE_VAL;
    for (int k = 0; k < p->count; k++)
        for (int i = 0; i < p->series[k].n; i++) widen(p->series[k].y[i], &least, &most);
    return least > 0 && most / least > SPAN;
}

static void draw(cli_run_set *s, const cli_family *f, const plot *p, const char *title, const char *name)
{
    cli_chart c = {.title = title,
                   .x_name = "epoch",
                   .y_name = f->y_name,
                   .note = f->note ? f->note(s, name) : NULL,
                   .y_log = f->y_log || (!f->y_zero && spans(p)),
                   .y_zero = f->y_zero,
                   .count = p->count,
                   .series = p->series};
    cli_set_chart(s, &c);
}

static void draw_one(cli_run_set *s, const cli_family *f, const char *name)
{
    plot p = new_plot(s, s->runs * (CLI_LINES + 1));
    for (int r = 0; r < s->runs; r++)
        add_run(s, f, &p, &s->record[r], name, s->runs > 1 ? r : 0, s->runs == 1, s->runs > 1 ? s->name[r] : NULL);
    const char *title = f->title;
    if (f->list) title = title ? cli_format(s->arena, "%s · %s", title, name) : name;
    draw(s, f, &p, title, name);
}

static void draw_together(cli_run_set *s, const cli_family *f, int n, const char *const *name)
{
    plot p = new_plot(s, n * (CLI_LINES + 1));
    for (int i = 0; i < n; i++) add_run(s, f, &p, s->record, name[i], i, false, name[i]);
    draw(s, f, &p, f->title, n == 1 ? name[0] : NULL);
}

/* ---- Which names ------------------------------------------------------------------------------------------------- */

static bool wanted(cli_run_set *s, const cli_family *f, const char *name)
{
    bool any = false;
    for (int r = 0; r < s->runs && !any; r++) {
        const cli_record *record = &s->record[r];
        double least = HUGE_VAL, most = -HUGE_VAL;
        for (size_t i = 0; i < cli_epochs(record); i++)
            widen(f->line[0].of(record, i, name, f->line[0].key), &least, &most);
        for (size_t i = 0; i < record->steps && f->step; i++)
            widen(f->step(record, record->step[i], name, f->line[0].key), &least, &most);
        any = f->changing ? most > least : most >= least;
    }
    return any;
}

void cli_family_draw(cli_run_set *s, const cli_family *f)
{
    int n = 1, kept = 0;
    const char *none[1] = {""}, **name = f->list ? cli_names(s, f->list, &n) : none;
    for (int i = 0; i < n; i++)
        if (wanted(s, f, name[i])) name[kept++] = name[i];
    for (int i = 0; i < kept; i += TOGETHER)
        if (s->runs == 1 && f->list && !f->apart)
            draw_together(s, f, kept - i < TOGETHER ? kept - i : TOGETHER, name + i);
    for (int i = 0; i < kept; i++)
        if (s->runs > 1 || !f->list || f->apart) draw_one(s, f, name[i]);
}
