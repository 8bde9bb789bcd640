/* training_show.c: the table before a run, the line of each epoch, warnings.
 *
 * Which figures have a place in the lines, and in which order, is decided when the first one is drawn: terms that are
 * steered, then the others by their share in the objective, each with the density of what it is on; then the other
 * layers that are silent. */
#include "training_show.h"
#include "epoch_line.h"
#include "ledger.h"
#include "network.h"

#include <math.h>
#include <string.h>

/* ---- Before the run ---------------------------------------------------------------------------------------------- */

void cli_show_start(cli_training *t, int threads)
{
    const cli_job *job = t->job;
    const char *const name[] = {" rows to train", " to validate", " to test"};
    const tacet_data *const part[] = {job->data, job->validation, job->test};
    const int columns = cli_progress_columns(&t->progress);
    cli_arena a = {0};
    tacet_data_info info = {.size = sizeof info};
    const char *rows = "";
    if (t->progress.quiet) return;
    cli_network_table(stderr, &a, job->plan, columns);
    cli_network_selected(stderr, &a, job->graph, job->plan, columns);
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        if (!part[i]) continue;
        tacet_data_describe(part[i], &info);
        rows = cli_format(&a, "%s%s%s%s", rows, i ? ", " : "", cli_thousands(&a, info.rows), name[i]);
    }
    cli_wrap(stderr, rows, 0, 0, columns ? columns : 120);
    rows = cli_format(&a, "%s steps of %s rows an epoch, on %d thread%s",
                      cli_thousands(&a, tacet_loader_batches(job->loader)), cli_thousands(&a, job->batch), threads,
                      threads == 1 ? "" : "s");
    cli_wrap(stderr, rows, 0, 0, columns ? columns : 120);
    fputc('\n', stderr);
    cli_arena_free(&a);
}

/* ---- The figures of an epoch's line ------------------------------------------------------------------------------ */

/* The value of a term; the density of a value that makes zeros; or, of a term on parameters, theirs. */
struct cli_watched {
    const char *label;
    int term, value; /* below 0: not of one */
    bool density;
};

/* A lambda that is still 0, on its way up, says nothing of what is to come. */
static double importance(const tacet_plan *p, int i)
{
    tacet_account a = {.size = sizeof a};
    if (tacet_account_at(p, i, &a) != TACET_OK) return 0;
    if (!isnan(a.target)) return HUGE_VAL;
    if (a.share == 0 && a.value > 0) return 1;
    return isnan(a.share) ? 0 : fabs(a.share);
}

/* The penalties, the most important ones first, else in their order. */
static int rank(cli_arena *a, const tacet_plan *p, int *order)
{
    const int n = tacet_term_count(p);
    double *weight = cli_take(a, sizeof *weight * ((size_t)n + 1));
    tacet_term t = {.size = sizeof t};
    int terms = 0;
    for (int i = 0; i < n; i++) {
        if (!cli_penalises(p, i, &t)) continue;
        int at = terms++;
        weight[i] = importance(p, i);
        for (; at > 0 && weight[order[at - 1]] < weight[i]; at--) order[at] = order[at - 1];
        order[at] = i;
    }
    return terms;
}

static void watch(cli_training *t, const char *label, int term, int value, bool density)
{
    for (int i = 0; i < t->watches; i++)
        if (density && t->watched[i].density && strcmp(t->watched[i].label, label) == 0) return;
    t->watched[t->watches++] = (struct cli_watched){label, term, value, density};
}

static void choose_watched(cli_training *t)
{
    const tacet_plan *p = t->job->plan;
    const int n = tacet_term_count(p), values = tacet_value_count(p);
    cli_arena a = {0};
    int *order = cli_take(&a, sizeof *order * ((size_t)n + 1));
    const int terms = rank(&a, p, order);
    tacet_term term = {.size = sizeof term};
    tacet_account account = {.size = sizeof account};
    tacet_value_info v = {.size = sizeof v};
    t->watched = cli_take(t->arena, sizeof *t->watched * ((size_t)(2 * n + values) + 1));
    for (int k = 0; k < terms; k++) {
        const int i = order[k];
        tacet_term_at(p, i, &term);
        tacet_account_at(p, i, &account);
        const int on = cli_silent_value(p, i);
        if (!isnan(account.value)) watch(t, term.name, i, -1, false);
        if (on >= 0 || term.prox || !isnan(account.target)) watch(t, term.on, i, on, true);
    }
    for (int i = 0; i < values; i++)
        if (tacet_value_at(p, i, &v) == TACET_OK && v.silent) watch(t, v.name, -1, i, true);
    cli_arena_free(&a);
}

static double figure(const tacet_plan *p, const struct cli_watched *w)
{
    tacet_firing f = {.size = sizeof f};
    tacet_account a = {.size = sizeof a};
    if (w->value >= 0) return tacet_firing_at(p, w->value, true, &f) == TACET_OK && f.rows ? f.density : NAN;
    if (w->density) return tacet_term_firing(p, w->term, &f) == TACET_OK ? f.density : NAN;
    return tacet_account_at(p, w->term, &a) == TACET_OK ? a.value : NAN;
}

/* ---- The line ---------------------------------------------------------------------------------------------------- */

/* Seconds until the run ends, at the pace that it has had: with validation, checkpoints and all. */
static double left(const cli_training *t, double now)
{
    const cli_job *job = t->job;
    const int64_t limit = job->config->value[CLI_STEPS].integer, done = tacet_steps(job->plan);
    const double all = (double)job->epochs * (double)tacet_loader_batches(job->loader);
    const double steps = (limit > 0 && (double)limit < all ? (double)limit : all) - (double)done;
    return t->steps ? (now - t->begun) / (double)t->steps * steps : NAN;
}

static cli_epoch look(cli_training *t, cli_arena *a, int64_t epoch, double now)
{
    const cli_job *job = t->job;
    tacet_total total = {.size = sizeof total};
    tacet_ledger_total(job->plan, &total);
    if (!t->watched) choose_watched(t);
    cli_cell *cell = cli_take(a, sizeof *cell * ((size_t)t->watches + 1));
    for (int i = 0; i < t->watches; i++) {
        const struct cli_watched *w = &t->watched[i];
        cell[i] = (cli_cell){w->label, figure(job->plan, w), w->density};
    }
    return (cli_epoch){.epoch = epoch,
                       .epochs = job->epochs,
                       .batch = total.steps,
                       .batches = tacet_loader_batches(job->loader),
                       .left = left(t, now),
                       .spent = t->seconds,
                       .step = total.steps ? t->seconds / (double)total.steps : NAN,
                       .loss = total.data_loss,
                       .objective = total.objective,
                       .validated = job->validation != NULL,
                       .answered = job->validation && job->target.id && job->info.classes > 0,
                       .cell = cell,
                       .cells = t->watches};
}

static void draw(cli_training *t, int64_t epoch, double now)
{
    cli_arena a = {0};
    const cli_epoch e = look(t, &a, epoch, now);
    cli_progress_draw(&t->progress, cli_epoch_line(&a, &e, cli_progress_columns(&t->progress)));
    cli_arena_free(&a);
}

void cli_show_step(cli_training *t, int64_t epoch)
{
    const double now = t->progress.moving ? cli_now() : 0;
    if (cli_progress_due(&t->progress, now)) draw(t, epoch, now);
}

/* Drawn again: the ^C that was typed stands in it. */
void cli_show_stop(cli_training *t, int64_t epoch)
{
    if (t->progress.shown) draw(t, epoch, cli_now());
    cli_progress_keep(&t->progress);
}

void cli_show_epoch(cli_training *t, int64_t epoch, const cli_figures *validation)
{
    if (t->progress.quiet) return;
    cli_arena a = {0};
    cli_epoch e = look(t, &a, epoch, cli_now());
    e.over = true;
    if (validation) e.validation_loss = validation->result.data_loss, e.accuracy = validation->result.accuracy;
    if (t->progress.moving) {
        cli_progress_draw(&t->progress, cli_epoch_line(&a, &e, cli_progress_columns(&t->progress)));
        cli_progress_keep(&t->progress);
    } else {
        cli_progress_say(&t->progress, "%s", cli_epoch_text(&a, &e));
    }
    cli_arena_free(&a);
}

/* ---- Remarks ----------------------------------------------------------------------------------------------------- */

void cli_show_warnings(cli_training *t, const char *kind)
{
    cli_arena a = {0};
    tacet_warning *w = cli_take(&a, sizeof *w);
    w->size = sizeof *w;
    for (int i = 0; tacet_warning_at(t->job->plan, i, w) == TACET_OK; i++) {
        const char *key = cli_format(&a, "\n%s\t%s\n", w->on, w->kind);
        if (kind && strcmp(kind, w->kind) != 0) continue;
        if (strstr(t->warned ? t->warned : "", key)) continue;
        t->warned = cli_format(t->arena, "%s%s", t->warned ? t->warned : "", key);
        cli_progress_clear(&t->progress);
        cli_warn("%s: %s", w->on, w->text);
    }
    cli_arena_free(&a);
}

/* A target above what the densities are by nature cannot be reached. */
void cli_show_natural(cli_training *t)
{
    const tacet_plan *p = t->job->plan;
    tacet_value_info v = {.size = sizeof v};
    tacet_firing f = {.size = sizeof f};
    const char *line = "";
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++)
        if (v.silent && tacet_firing_at(p, i, true, &f) == TACET_OK && f.rows)
            line = cli_format(t->arena, "%s%s %s %.3g", line, *line ? "," : "", v.name, f.natural);
    if (*line) cli_progress_say(&t->progress, "density by nature, before the first update:%s", line);
    tacet_term term = {.size = sizeof term};
    tacet_account a = {.size = sizeof a};
    for (int i = 0; tacet_term_at(p, i, &term) == TACET_OK; i++)
        if (tacet_account_at(p, i, &a) == TACET_OK && !isnan(a.target))
            cli_progress_say(&t->progress, "%s is steered to %s of %.3g", term.name,
                             term.prox ? "a share of zeros" : "a density", term.prox ? 1 - a.target : a.target);
    cli_show_warnings(t, "above"); /* what cannot be reached is said at once */
}
