/* run_events.c: a plan's ledger, its terms and its parameters as scalars and histograms. */
#include "run_events.h"
#include "ledger.h"

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

/* Terms by their names: the value, without lambda, of the last step or of the evaluation since. */
static void values(writer *w, const char *group)
{
    tacet_term t = {.size = sizeof t};
    for (int i = 0; i < tacet_term_count(w->p); i++)
        if (cli_penalises(w->p, i, &t)) scalar(w, group, t.name, t.value);
}

/* Whether the density of what term i is on is that of a layer, or was written with an earlier term. */
static bool known(const tacet_plan *p, int i, const char *on)
{
    tacet_term t = {.size = sizeof t};
    for (int k = 0; k < i; k++)
        if (cli_penalises(p, k, &t) && strcmp(t.on, on) == 0) return true;
    return cli_silent_value(p, i) >= 0;
}

/* What changes from step to step and holds at the end of an epoch as well. */
static void states(writer *w)
{
    tacet_firing f = {.size = sizeof f};
    tacet_term t = {.size = sizeof t};
    tacet_account a = {.size = sizeof a};
    for (int i = 0; i < tacet_term_count(w->p); i++) {
        if (!cli_penalises(w->p, i, &t) || tacet_account_at(w->p, i, &a) != TACET_OK) continue;
        if (!isnan(a.value)) scalar(w, "lambda", t.name, t.lambda); /* a constraint has neither */
        scalar(w, "gradient", t.name, a.gradient / a.data_gradient);
        if (!known(w->p, i, t.on) && tacet_term_firing(w->p, i, &f) == TACET_OK) scalar(w, "density", t.on, f.density);
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

/* Means of the epoch so far would jump where the next one begins. */
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

static void shares(writer *w)
{
    tacet_term t = {.size = sizeof t};
    for (int i = 0; i < tacet_term_count(w->p); i++)
        if (cli_penalises(w->p, i, &t)) scalar(w, "share", t.name, t.lambda * t.value / tacet_objective(w->p));
}

bool cli_events_open(cli_arena *a, const char *folder, const tacet_plan *p, cli_events *e)
{
    const int n = tacet_value_count(p);
    e->logged = tacet_steps(p);
    e->fired = cli_take(a, sizeof *e->fired * ((size_t)n + 1));
    for (int i = 0; i < n; i++) e->fired[i] = fired_so_far(p, i);
    return cli_tensorboard_open(a, folder, e->logged + 1, &e->file);
}

bool cli_events_step(cli_events *e, const tacet_plan *p, double time, int64_t steps)
{
    if (!e->file.f) return true;
    writer w = {.file = &e->file, .p = p, .step = tacet_steps(p)};
    scalar(&w, "train", "data_loss", tacet_data_loss(p));
    scalar(&w, "train", "objective", tacet_objective(p));
    scalar(&w, "train", "gradient_norm", tacet_gradient_norm(p));
    scalar(&w, "train", "learning_rate", tacet_learning_rate(p));
    scalar(&w, "train", "ms_per_step", (time - e->time) / (double)(steps - e->steps) * 1e3);
    values(&w, "penalty");
    shares(&w);
    states(&w);
    densities(&w, e);
    e->logged = w.step;
    e->time = time;
    e->steps = steps;
    cli_arena_free(&w.arena);
    return cli_tensorboard_flush(&e->file, false);
}

/* ---- At the end of an epoch -------------------------------------------------------------------------------------- */

static void means(writer *w, double seconds)
{
    tacet_total total = {.size = sizeof total};
    tacet_term t = {.size = sizeof t};
    tacet_account a = {.size = sizeof a};
    tacet_ledger_total(w->p, &total);
    scalar(w, "epoch", "data_loss", total.data_loss);
    scalar(w, "epoch", "objective", total.objective);
    scalar(w, "epoch", "ms_per_step", seconds / (double)total.steps * 1e3);
    for (int i = 0; i < tacet_term_count(w->p); i++)
        if (cli_penalises(w->p, i, &t) && tacet_account_at(w->p, i, &a) == TACET_OK) {
            scalar(w, "epoch_penalty", t.name, a.value);
            if (!isnan(a.value)) scalar(w, "epoch_share", t.name, a.share);
        }
}

/* The plan holds what the evaluation found. */
static void validated(writer *w, const cli_figures *f)
{
    tacet_value_info v = {.size = sizeof v};
    scalar(w, "validation", "data_loss", f->result.data_loss);
    scalar(w, "validation", "objective", f->result.objective);
    scalar(w, "validation", "accuracy", f->result.accuracy);
    values(w, "validation_penalty");
    for (int i = 0; tacet_value_at(w->p, i, &v) == TACET_OK; i++)
        if (v.silent) scalar(w, "validation_density", v.name, v.density);
}

/* Early in an epoch most units have not fired yet, so the dead are counted at its end alone. */
static void layers(writer *w)
{
    tacet_value_info v = {.size = sizeof v};
    tacet_firing f = {.size = sizeof f};
    cli_histogram h;
    for (int i = 0; tacet_value_at(w->p, i, &v) == TACET_OK; i++) {
        if (!v.silent || tacet_firing_at(w->p, i, true, &f) != TACET_OK || f.rows == 0) continue;
        scalar(w, "epoch_density", v.name, f.density);
        scalar(w, "dead", v.name, (double)f.dead);
        cli_histogram_firing(f.histogram, f.dead, &h);
        cli_tensorboard_histogram(w->file, w->step, cli_format(&w->arena, "firing/%s", v.name), &h);
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

bool cli_events_epoch(cli_events *e, tacet_plan *p, const cli_figures *validation, double seconds)
{
    if (!e->file.f) return true;
    writer w = {.file = &e->file, .p = p, .step = tacet_steps(p)};
    means(&w, seconds);
    if (e->logged != w.step) states(&w); /* else they stand there */
    layers(&w);
    if (validation) validated(&w, validation);
    parameters(&w, p);
    cli_arena_free(&w.arena);
    return cli_tensorboard_flush(&e->file, false);
}
