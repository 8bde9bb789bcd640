/* run_events.c: a plan's ledger, its terms and its parameters as scalars and histograms. */
#include "run_events.h"

#include <math.h>
#include <string.h>

/* What the functions below write to. The tags are texts of the arena. */
typedef struct writer {
    cli_tensorboard *file;
    cli_arena arena;
    const tacet_plan *p;
    int64_t step;
} writer;

static void scalar(writer *w, const char *group, const char *name, double value)
{
    cli_tensorboard_scalar(w->file, w->step, cli_format(&w->arena, "%s/%s", group, name), value);
}

/* The figures of a table that are written at such an event. Those of the whole network are grouped by the event and
 * named by their keys; those of an entry are grouped by their tags, and named as it is. */
static void figures(writer *w, int when, const char *group, const char *name, const cli_figure *figure, int n,
                    const double *x)
{
    for (int k = 0; k < n; k++)
        if (figure[k].when & when) {
            if (name)
                scalar(w, cli_format(&w->arena, "%s%s", group, figure[k].tag), name, x[k]);
            else
                scalar(w, group, figure[k].tag, x[k]);
        }
}

/* A constraint has no value, and nothing here is known of it. */
static void terms(writer *w, int when, const char *group, const cli_ledger *l)
{
    for (int i = 0; i < l->terms; i++)
        if (!isnan(l->term[i].x[CLI_TERM_value]))
            figures(w, when, group, l->term[i].name, cli_term_figure, CLI_TERM_FIGURES, l->term[i].x);
}

static void layers(writer *w, int when, const char *group, const cli_ledger *l)
{
    for (int i = 0; i < l->layers; i++)
        figures(w, when, group, l->layer[i].name, cli_layer_figure, CLI_LAYER_FIGURES, l->layer[i].x);
}

static void network(writer *w, int when, const char *group, const double *x)
{
    figures(w, when, group, NULL, cli_run_figure, CLI_RUN_FIGURES, x);
}

/* Whether the density of what term i is on is that of a layer, or was written with an earlier term. */
static bool known(const cli_ledger *l, int i)
{
    bool found = false;
    for (int k = 0; k < i; k++) found = found || strcmp(l->term[k].on, l->term[i].on) == 0;
    for (int k = 0; k < l->layers; k++) found = found || strcmp(l->layer[k].name, l->term[i].on) == 0;
    return found;
}

/* What changes from step to step and holds at the end of an epoch as well: l is the ledger. */
static void states(writer *w, const cli_ledger *l)
{
    terms(w, CLI_STATE, "", l);
    for (int i = 0; i < l->terms; i++)
        if (!known(l, i)) scalar(w, "density", l->term[i].on, l->term[i].x[CLI_TERM_density]);
}

/* ---- At a step --------------------------------------------------------------------------------------------------- */

struct cli_fired {
    double elements, fired; /* since the ledger was reset */
};

static struct cli_fired fired_so_far(const tacet_plan *p, int i)
{
    tacet_firing f;
    if (tacet_firing_at(p, i, true, &f) != TACET_OK || f.rows == 0) return (struct cli_fired){0};
    const double elements = (double)f.rows * (double)f.units;
    return (struct cli_fired){elements, f.density * elements};
}

/* Means of the epoch so far would jump where the next one begins. */
static void densities(writer *w, cli_events *e)
{
    tacet_value_info v;
    tacet_total total;
    tacet_ledger_total(w->p, &total);
    const bool reset = total.steps <= w->step - e->logged; /* since the last step that was written */
    for (int i = 0; i < tacet_value_count(w->p); i++) {
        const struct cli_fired now = fired_so_far(w->p, i), before = reset ? (struct cli_fired){0} : e->fired[i];
        if (tacet_value_at(w->p, i, &v) == TACET_OK && v.silent)
            scalar(w, "density", v.name, (now.fired - before.fired) / (now.elements - before.elements));
        e->fired[i] = now;
    }
}

bool cli_events_open(cli_arena *a, const char *folder, const tacet_plan *p, cli_events *e)
{
    const int n = tacet_value_count(p);
    e->logged = tacet_steps(p);
    e->fired = cli_take(a, sizeof *e->fired * ((size_t)n + 1));
    for (int i = 0; i < n; i++) e->fired[i] = fired_so_far(p, i);
    return cli_tensorboard_open(a, folder, e->logged + 1, &e->file);
}

bool cli_events_step(cli_events *e, const tacet_plan *p, double x[CLI_RUN_FIGURES], const cli_ledger *l, double time,
                     int64_t steps)
{
    if (!e->file.f) return true;
    writer w = {.file = &e->file, .p = p, .step = tacet_steps(p)};
    const cli_ledger ledger = cli_ledger_of(&w.arena, p, true);
    x[CLI_RUN_ms_per_step] = (time - e->time) / (double)(steps - e->steps) * 1e3;
    network(&w, CLI_STEP, "train", x);
    terms(&w, CLI_STEP, "", l);
    states(&w, &ledger);
    densities(&w, e);
    e->logged = w.step;
    e->time = time;
    e->steps = steps;
    cli_arena_free(&w.arena);
    return cli_tensorboard_flush(&e->file, false);
}

/* ---- At the end of an epoch -------------------------------------------------------------------------------------- */

/* The plan holds what the evaluation found. */
static void validated(writer *w, const cli_figures *f)
{
    double x[CLI_RUN_FIGURES];
    const cli_ledger l = cli_ledger_of(&w->arena, w->p, false);
    cli_figures_run(f, x);
    network(w, CLI_VALIDATION, "validation", x);
    terms(w, CLI_VALIDATION, "validation_", &l);
    layers(w, CLI_VALIDATION, "validation_", &l);
}

/* Early in an epoch most units have not fired yet, so the dead are counted at its end alone. */
static void counts(writer *w, const cli_ledger *l)
{
    layers(w, CLI_EPOCH, "epoch_", l);
    layers(w, CLI_STATE, "", l);
    for (int i = 0; i < l->layers; i++) {
        const cli_account *e = &l->layer[i];
        cli_histogram h;
        if (!e->bin) continue;
        cli_histogram_firing(e->bin, (int64_t)e->x[CLI_LAYER_dead], &h);
        cli_tensorboard_histogram(w->file, w->step, cli_format(&w->arena, "firing/%s", e->name), &h);
    }
}

static void parameters(writer *w, tacet_plan *p)
{
    tacet_value_info v;
    cli_histogram h;
    for (int i = 0; i < tacet_value_count(p); i++) {
        if (tacet_value_at(p, i, &v) != TACET_OK || strcmp(v.kind, "parameter") != 0) continue;
        cli_arena a = {0};
        const size_t n = (size_t)v.elements;
        float *x = cli_take(&a, sizeof *x * (n + 1));
        if (tacet_read(p, v.name, x, n) == TACET_OK && cli_histogram_of(x, n, &h))
            cli_tensorboard_histogram(w->file, w->step, cli_format(&w->arena, "parameters/%s", v.name), &h);
        cli_arena_free(&a);
    }
}

bool cli_events_epoch(cli_events *e, tacet_plan *p, const double x[CLI_RUN_FIGURES], const cli_ledger *l,
                      const cli_figures *validation)
{
    if (!e->file.f) return true;
    writer w = {.file = &e->file, .p = p, .step = tacet_steps(p)};
    network(&w, CLI_EPOCH, "epoch", x);
    terms(&w, CLI_EPOCH, "epoch_", l);
    if (e->logged != w.step) states(&w, l); /* otherwise they stand there */
    counts(&w, l);
    if (validation) validated(&w, validation);
    parameters(&w, p);
    cli_arena_free(&w.arena);
    return cli_tensorboard_flush(&e->file, false);
}
