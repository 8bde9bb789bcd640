/* training_show.c: the table before a run, the line of each epoch, warnings. In a line each penalty is followed by the
 * density of what it is on; the densities of other layers come last. */
#include "training_show.h"
#include "epoch_line.h"
#include "ledger.h"
#include "network.h"

#include <math.h>
#include <string.h>

/* ---- Before the run ---------------------------------------------------------------------------------------------- */

/* A loss of logits applies the softmax or the sigmoid itself: if the network ends with one, it is applied twice. The
 * logarithm that kl_div needs is not applied by it. */
static void warn_of_logits(const cli_job *job)
{
    tacet_value_info y = {.size = sizeof y};
    tacet_term term = {.size = sizeof term};
    if (tacet_value_at(job->plan, (int)job->y.id - 1, &y) != TACET_OK) return;
    for (int i = 0; tacet_term_at(job->plan, i, &term) == TACET_OK; i++) {
        if (term.role != TACET_ROLE_LOSS) continue;
        const char *within = cli_loss_of_labels(term.kind) ? "softmax" : cli_loss_of_logits(term.kind) ? "sigmoid" : NULL;
        if (within && strcmp(y.kind, within) == 0)
            cli_warn("%s includes the %s, so after %s it is applied twice: leave out the %s at the end of the model",
                     term.kind, y.kind, y.name, y.kind);
        if (strcmp(term.kind, "kl_div") == 0 && (strcmp(y.kind, "linear") == 0 || strcmp(y.kind, "softmax") == 0))
            cli_warn("kl_div takes logarithms of probabilities, which %s does not give: end the model with %s", y.name,
                     strcmp(y.kind, "linear") == 0 ? "log_softmax" : "log_softmax instead of softmax");
    }
}

void cli_show_start(cli_training *t, int threads)
{
    const cli_job *job = t->job;
    const char *const name[CLI_PARTS] = {"to train", "to validate", "to test"};
    const int columns = cli_progress_columns(&t->progress);
    cli_arena a = {0};
    tacet_data_info info = {.size = sizeof info};
    const char *rows = "";
    warn_of_logits(job);
    if (t->progress.quiet) return;
    cli_wrap(cli_log(), job->read, 0, 0, columns);
    cli_network_table(cli_log(), &a, job->plan, columns);
    cli_network_selected(cli_log(), &a, job->graph, job->plan, columns);
    for (int i = 0; i < CLI_PARTS; i++) {
        if (!job->part[i].data) continue;
        tacet_data_describe(job->part[i].data, &info);
        rows = cli_format(&a, "%s%s%s %s", rows, i ? ", " : "",
                          i ? cli_thousands(&a, info.rows) : cli_count(&a, info.rows, "row"), name[i]);
    }
    cli_wrap(cli_log(), rows, 0, 0, columns);
    const int64_t parts = job->config->value[CLI_ACCUMULATE].integer;
    rows = cli_format(&a, "%s of %s%s per epoch, on %s", cli_count(&a, cli_job_steps(job), "step"),
                      parts > 1 ? cli_format(&a, "%lld batches of ", (long long)parts) : "",
                      cli_count(&a, job->batch, "row"), cli_count(&a, threads, "thread"));
    cli_wrap(cli_log(), rows, 0, 0, columns);
    const char *mixes = parts > 1 ? cli_network_mixes(&a, job->plan) : "";
    if (*mixes)
        cli_wrap(cli_log(),
                 cli_format(&a, "%s mixes samples: it sees each batch by itself, not all rows of a step", mixes), 0, 0,
                 columns);
    fputc('\n', cli_log());
    cli_arena_free(&a);
}

/* ---- The figures of an epoch's line ------------------------------------------------------------------------------ */

static void add_density(cli_epoch *e, cli_cell *cell, const char *label, double density)
{
    for (int i = 0; i < e->cells; i++)
        if (cell[i].density && strcmp(cell[i].label, label) == 0) return;
    cell[e->cells++] = (cli_cell){label, density, true};
}

static double density_of(const tacet_plan *p, int value)
{
    tacet_firing f = {.size = sizeof f};
    return tacet_firing_at(p, value, true, &f) == TACET_OK && f.rows ? f.density : NAN;
}

static void add_cells(cli_arena *a, const tacet_plan *p, cli_epoch *e)
{
    const int terms = tacet_term_count(p), values = tacet_value_count(p);
    cli_cell *cell = cli_take(a, sizeof *cell * ((size_t)(2 * terms + values) + 1));
    tacet_term t = {.size = sizeof t};
    tacet_account account = {.size = sizeof account};
    tacet_value_info v = {.size = sizeof v};
    tacet_firing f = {.size = sizeof f};
    e->cell = cell;
    for (int i = 0; i < terms; i++) {
        if (!cli_penalises(p, i, &t) || tacet_account_at(p, i, &account) != TACET_OK) continue;
        const int on = cli_silent_value(p, i);
        if (!isnan(account.value)) cell[e->cells++] = (cli_cell){t.name, account.value, false};
        if (on < 0 && (t.prox || !isnan(account.target)) && tacet_term_firing(p, i, &f) == TACET_OK)
            add_density(e, cell, t.on, f.density);
        if (on >= 0) add_density(e, cell, t.on, density_of(p, on));
    }
    for (int i = 0; i < values; i++)
        if (tacet_value_at(p, i, &v) == TACET_OK && v.silent) add_density(e, cell, v.name, density_of(p, i));
}

/* ---- The line ---------------------------------------------------------------------------------------------------- */

/* Seconds until the run ends, at the pace so far, which includes validation and checkpoints. */
static double left(const cli_training *t, double now)
{
    const cli_job *job = t->job;
    const int64_t limit = job->config->value[CLI_STEPS].integer, done = tacet_steps(job->plan);
    const double all = (double)job->epochs * (double)cli_job_steps(job);
    const double steps = (limit > 0 && (double)limit < all ? (double)limit : all) - (double)done;
    return t->steps ? (now - t->begun) / (double)t->steps * steps : NAN;
}

static cli_epoch look(cli_training *t, cli_arena *a, int64_t epoch, double now)
{
    const cli_job *job = t->job;
    const bool validated = job->part[CLI_VALIDATION_PART].data != NULL;
    tacet_total total = {.size = sizeof total};
    tacet_ledger_total(job->plan, &total);
    cli_epoch e = {.epoch = epoch,
                   .epochs = job->epochs,
                   .batch = total.steps,
                   .batches = cli_job_steps(job),
                   .left = left(t, now),
                   .spent = t->seconds,
                   .step = total.steps ? t->seconds / (double)total.steps : NAN,
                   .loss = total.data_loss,
                   .objective = total.objective,
                   .validated = validated,
                   .averaged = validated && job->config->value[CLI_EMA].number > 0,
                   .penalised = tacet_term_count(job->plan) > 1,
                   .figure = NAN};
    tacet_metric m = {.size = sizeof m};
    if (validated && tacet_metric_at(job->plan, job->metric < 0 ? 0 : job->metric, false, &m) == TACET_OK && m.better)
        e.metric = m.name, e.figure = m.value;
    add_cells(a, job->plan, &e);
    return e;
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

/* Draws the line again, without the ^C that was typed into it. */
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
    if (validation) {
        e.validation_loss = validation->result.data_loss;
        e.averaged_loss = validation->averaged.result.data_loss;
        e.averaged_figure = validation->averaged.metric;
    }
    if (t->progress.moving) {
        cli_progress_draw(&t->progress, cli_epoch_line(&a, &e, cli_progress_columns(&t->progress)));
        cli_progress_keep(&t->progress);
    } else {
        cli_progress_say(&t->progress, "%s", cli_epoch_text(&a, &e));
    }
    cli_arena_free(&a);
}

void cli_show_undefined(cli_training *t, int64_t epoch)
{
    tacet_metric m = {.size = sizeof m, .note = ""};
    if (t->undefined) return;
    t->undefined = true;
    if (t->job->metric >= 0) tacet_metric_at(t->job->plan, t->job->metric, false, &m);
    cli_progress_clear(&t->progress);
    cli_warn("%s of the validation data is not a number%s%s, so epoch %lld and others like it cannot be the best",
             t->job->config->value[CLI_METRIC].item.text, *m.note ? ": " : "", m.note, (long long)epoch);
}

void cli_show_best(cli_training *t, bool early)
{
    const char *figure = t->job->config->value[CLI_METRIC].item.text;
    if (early && !t->best_epoch)
        cli_progress_say(&t->progress, "stopped early: in %s, none had a %s on the validation data that is a number",
                         cli_count(t->arena, t->waited, "epoch"), figure);
    else if (early)
        cli_progress_say(&t->progress, "stopped early: %s on the validation data has not improved for %s", figure,
                         cli_count(t->arena, t->waited, "epoch"));
    if (t->best_epoch)
        cli_progress_say(&t->progress, "the best epoch is %lld, with %s %s on the validation data%s: %s",
                         (long long)t->best_epoch, figure, cli_digits(t->arena, t->best),
                         t->job->config->value[CLI_EMA].number > 0 ? " (the weights, not their averages)" : "",
                         t->folder.best);
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

void cli_show_natural(cli_training *t)
{
    const tacet_plan *p = t->job->plan;
    tacet_value_info v = {.size = sizeof v};
    tacet_firing f = {.size = sizeof f};
    const char *line = "";
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++)
        if (v.silent && tacet_firing_at(p, i, true, &f) == TACET_OK && f.rows)
            line = cli_format(t->arena, "%s%s %s %.3g", line, *line ? "," : "", v.name, f.natural);
    if (*line) cli_progress_tell(&t->progress, cli_format(t->arena, "natural density (before training):%s", line));
    tacet_term term = {.size = sizeof term};
    tacet_account a = {.size = sizeof a};
    for (int i = 0; tacet_term_at(p, i, &term) == TACET_OK; i++)
        if (tacet_account_at(p, i, &a) == TACET_OK && !isnan(a.target))
            cli_progress_say(&t->progress, "%s is steered to %s of %.3g", term.name,
                             term.prox ? "a share of zeros" : "a density", term.prox ? 1 - a.target : a.target);
    cli_show_warnings(t, "above"); /* a target above the natural density cannot be reached */
    cli_show_warnings(t, "too short");
}
