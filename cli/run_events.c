/* run_events.c: a plan's ledger, terms and parameters as scalars and histograms. */
#include "run_events.h"
#include "run_record.h"

#include <math.h>
#include <string.h>

typedef struct writer {
    cli_tensorboard *file;
    cli_arena arena;
    tacet_plan *p;
    int64_t step;
} writer;

static void scalar(writer *w, const char *group, const char *name, double value)
{
    cli_tensorboard_scalar(w->file, w->step, cli_format(&w->arena, "%s/%s", group, name), value);
}

/* The plan's metrics: each is in the line under its name. */
static void metrics(writer *w, const char *group, const tc_json *line)
{
    tacet_metric m = {.size = sizeof m};
    for (int i = 0; tacet_metric_at(w->p, i, false, &m) == TACET_OK; i++)
        if (m.better) scalar(w, group, m.name, cli_number(line, m.name));
}

/* Figures of the whole network: the group is that of the event. */
static void network(writer *w, int when, const char *group, const tc_json *line)
{
    for (int k = 0; k < CLI_RUN_FIGURES; k++)
        if (cli_run_figure[k].when & when)
            scalar(w, group, cli_run_figure[k].tag, cli_number(line, cli_run_figure[k].key));
}

/* Figures of an entry of a list: the group is the figure's tag. */
static void figures(writer *w, int when, const char *group, const char *name, const cli_figure *figure, int n,
                    const tc_json *entry)
{
    for (int k = 0; k < n; k++)
        if (figure[k].when & when)
            scalar(w, cli_format(&w->arena, "%s%s", group, figure[k].tag), name, cli_number(entry, figure[k].key));
}

/* Only the ledger has the names of terms. Constraints are left out, because they have no value. */
static void terms(writer *w, int when, const char *group, const tc_json *from, const tc_json *ledger)
{
    const tc_json *t, *list = tc_json_get(from, "terms"), *named = tc_json_get(ledger, "terms");
    size_t i;
    tc_json_each(list, i, t) if (!isnan(cli_number(t, "value")))
        figures(w, when, group, cli_record_name(&w->arena, tc_json_at(named, i)), cli_term_figure, CLI_TERM_FIGURES, t);
}

static void layers(writer *w, int when, const char *group, const tc_json *from)
{
    const tc_json *l;
    size_t i;
    tc_json_each(tc_json_get(from, "layers"), i, l)
        figures(w, when, group, cli_record_name(&w->arena, l), cli_layer_figure, CLI_LAYER_FIGURES, l);
}

/* Whether the value that term i is on has its density written already: as a layer, or for an earlier term. */
static bool known(const tc_json *ledger, size_t i, const char *on)
{
    const tc_json *o;
    size_t k;
    bool found = false;
    tc_json_each(tc_json_get(ledger, "terms"), k, o)
        found = found || (k < i && strcmp(tc_json_text(tc_json_get(o, "on")), on) == 0);
    tc_json_each(tc_json_get(ledger, "layers"), k, o)
        found = found || strcmp(tc_json_text(tc_json_get(o, "name")), on) == 0;
    return found;
}

/* Writes what is known both after a step and at the end of an epoch. */
static void states(writer *w, const tc_json *ledger)
{
    const tc_json *t;
    size_t i;
    terms(w, CLI_STATE, "", ledger, ledger);
    tc_json_each(tc_json_get(ledger, "terms"), i, t)
    {
        const char *on = tc_json_text(tc_json_get(t, "on"));
        if (!known(ledger, i, on)) scalar(w, "density", on, cli_number(t, "density"));
    }
}

/* ---- At a step --------------------------------------------------------------------------------------------------- */

struct cli_fired {
    double elements, fired; /* since the ledger was reset */
};

static struct cli_fired fired_so_far(const tacet_plan *p, int i)
{
    tacet_firing f = {.size = sizeof f};
    if (tacet_firing_at(p, i, true, &f) != TACET_OK || f.rows == 0) return (struct cli_fired){0};
    const double elements = (double)f.rows * (double)f.units;
    return (struct cli_fired){elements, f.density * elements};
}

/* Densities since the last step that was written: those of the epoch so far would jump when an epoch begins. */
static void densities(writer *w, cli_events *e)
{
    tacet_value_info v = {.size = sizeof v};
    tacet_total total = {.size = sizeof total};
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

bool cli_events_step(cli_events *e, tacet_plan *p, const tc_json *line, double time, int64_t steps)
{
    if (!e->file.to.f) return true;
    writer w = {.file = &e->file, .p = p, .step = tacet_steps(p)};
    const tc_json *ledger = cli_plan_figures(&w.arena, p, "epoch"), *t;
    size_t i;
    network(&w, CLI_STEP, "train", line);
    scalar(&w, "train", "ms_per_step", (time - e->time) / (double)(steps - e->steps) * 1e3);
    terms(&w, CLI_STEP, "", line, ledger);
    tc_json_each(tc_json_get(line, "terms"), i, t)
        scalar(&w, "share", cli_record_name(&w.arena, tc_json_at(tc_json_get(ledger, "terms"), i)),
               cli_number(t, "lambda") * cli_number(t, "value") / cli_number(line, "objective"));
    states(&w, ledger);
    densities(&w, e);
    e->logged = w.step;
    e->time = time;
    e->steps = steps;
    cli_arena_free(&w.arena);
    return cli_tensorboard_flush(&e->file, false);
}

/* ---- At the end of an epoch -------------------------------------------------------------------------------------- */

/* Dead units are counted only at the end of an epoch: early in it, most units have not fired yet. */
static void counts(writer *w, const tc_json *ledger)
{
    const tc_json *l, *bin;
    size_t i, k;
    layers(w, CLI_EPOCH, "epoch_", ledger);
    layers(w, CLI_STATE, "", ledger);
    tc_json_each(tc_json_get(ledger, "layers"), i, l)
    {
        int64_t bins[CLI_BINS] = {0};
        cli_histogram h;
        if (!tc_json_get(l, "histogram")) continue;
        tc_json_each(tc_json_get(l, "histogram"), k, bin) bins[k] = bin->integer;
        cli_histogram_firing(bins, (int64_t)cli_number(l, "dead"), &h);
        cli_tensorboard_histogram(w->file, w->step, cli_format(&w->arena, "firing/%s", cli_record_name(&w->arena, l)),
                                  &h);
    }
}

static void parameters(writer *w, tacet_plan *p)
{
    tacet_value_info v = {.size = sizeof v};
    cli_histogram h;
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) {
        if (v.role != TACET_ROLE_PARAMETER) continue;
        cli_arena a = {0};
        const size_t n = (size_t)v.elements;
        float *x = cli_take(&a, sizeof *x * (n + 1));
        if (tacet_read(p, v.name, x, n) == TACET_OK && cli_histogram_of(x, n, &h))
            cli_tensorboard_histogram(w->file, w->step, cli_format(&w->arena, "parameters/%s", v.name), &h);
        cli_arena_free(&a);
    }
}

bool cli_events_epoch(cli_events *e, tacet_plan *p, const tc_json *line, double step)
{
    if (!e->file.to.f) return true;
    writer w = {.file = &e->file, .p = p, .step = tacet_steps(p)};
    const tc_json *validation = tc_json_get(line, "validation"), *averaged = tc_json_get(line, "ema");
    network(&w, CLI_EPOCH, "epoch", line);
    metrics(&w, "epoch", line);
    scalar(&w, "epoch", "ms_per_step", step * 1e3);
    terms(&w, CLI_EPOCH, "epoch_", line, line);
    if (e->logged != w.step) states(&w, line); /* otherwise they have been written already */
    counts(&w, line);
    network(&w, CLI_VALIDATION, "validation", validation);
    metrics(&w, "validation", validation);
    terms(&w, CLI_VALIDATION, "validation_", validation, line);
    layers(&w, CLI_VALIDATION, "validation_", validation);
    network(&w, CLI_VALIDATION, "ema", averaged);
    metrics(&w, "ema", averaged);
    parameters(&w, p);
    cli_arena_free(&w.arena);
    return cli_tensorboard_flush(&e->file, false);
}
