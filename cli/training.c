/* training.c: the loop. Everything that the rest of a run depends on is in the checkpoint: the library's part, and in
 * notes the time of the running epoch, the best figure, the length of metrics.jsonl. */
#include "training.h"
#include "training_show.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Set by the signal that asks to stop. A second one ends the program at once, which harms no file. */
static volatile sig_atomic_t stop;
static void on_signal(int number) { stop = number; }

static void listen(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static tacet_status refuse(cli_training *t, const tacet_error *e)
{
    cli_progress_clear(&t->progress);
    return cli_refuse(e, 0, NULL);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static tacet_status unwritten(cli_training *t, const char *path)
{
    const char *why = strerror(errno);
    cli_progress_clear(&t->progress);
    return cli_fail(TACET_IO, "cannot write %s: %s", path, why);
}

/* Of the event file, which may not be there. */
static tacet_status written(cli_training *t, bool ok) { return ok ? TACET_OK : unwritten(t, t->events.file.path); }

/* Brings what was written along the way to the disk; the length of metrics.jsonl. */
static tacet_status sync_logs(cli_training *t, int64_t *length)
{
    *length = cli_folder_sync(&t->folder);
    if (*length < 0) return unwritten(t, t->folder.metrics);
    return written(t, cli_tensorboard_flush(&t->events.file, true));
}

/* Writes config.yaml. */
static tacet_status write_config(cli_arena *a, const cli_folder *f, const cli_config *c)
{
    cli_outfile o;
    tacet_status s = cli_outfile_open(a, f->config, &o);
    if (s != TACET_OK) return s;
    fprintf(o.f, "# The run's configuration as resolved. Go on with it: tacet train --resume FOLDER\n");
    cli_config_print(c, o.f);
    return cli_outfile_close(&o);
}

/* What a resumed run must have in common with the one that was begun, beside what the library compares: with another
 * order of the rows, or other rows held out, it would be neither of two runs. */
static const char *begun_with(const cli_training *t)
{
    const cli_config *c = t->job->config;
    return cli_format(t->arena, "batch %lld, seed %lld, shuffle %lld, validate %g",
                      (long long)c->value[CLI_BATCH].integer, (long long)c->value[CLI_SEED].integer,
                      (long long)c->value[CLI_SHUFFLE].integer, c->value[CLI_SHARE].number);
}

static size_t penalties_text(const void *graph, char *text, size_t capacity)
{
    return tacet_graph_text(graph, "penalties", text, capacity);
}

static tacet_status checkpoint(cli_training *t)
{
    enum { MORE = 4 };
    cli_arena arena = {0}, *outer = t->arena;
    int64_t length;
    tacet_status s = sync_logs(t, &length);
    if (s != TACET_OK) return s;
    tacet_note note[CLI_NOTES + MORE];
    tacet_error e;
    cli_job_notes(t->job, note);
    t->arena = &arena; /* these texts are done with after the call */
    note[CLI_NOTES] = (tacet_note){"run.metrics", cli_format(&arena, "%lld", (long long)length)};
    note[CLI_NOTES + 1] = (tacet_note){"run.seconds", cli_format(&arena, "%a", t->seconds)};
    note[CLI_NOTES + 2] = (tacet_note){"run.best", cli_format(&arena, "%a", t->best)};
    note[CLI_NOTES + 3] = (tacet_note){"run.begun", begun_with(t)};
    s = tacet_checkpoint(t->job->plan, t->job->loader, t->folder.checkpoint, CLI_NOTES + MORE, note, &e);
    t->arena = outer;
    cli_arena_free(&arena);
    return s == TACET_OK ? s : refuse(t, &e);
}

static tacet_status save(cli_training *t, const char *path)
{
    tacet_note note[CLI_NOTES];
    tacet_error e;
    cli_job_notes(t->job, note);
    tacet_status s = tacet_save(t->job->plan, path, CLI_NOTES, note, &e);
    return s == TACET_OK ? s : refuse(t, &e);
}

/* ---- Begin ------------------------------------------------------------------------------------------------------- */

/* Both are read in the checkpoint; "" where it does not say. */
static tacet_status compare(const cli_training *t, const char *theirs, const char *own)
{
    if (!theirs) theirs = "";
    if (strcmp(theirs, own) == 0) return TACET_OK;
    return cli_fail_hint(TACET_DESCRIPTION, "a run goes on as it was begun; --init begins another with its weights",
                         "%s is a run with \"%s\", not with \"%s\"", t->folder.path, theirs, own);
}

static tacet_status same_run(const cli_training *t, const tacet_file *f)
{
    tacet_status s = compare(t, tacet_file_note(f, "run.begun"), begun_with(t));
    if (s != TACET_OK) return s;
    return compare(t, tacet_file_note(f, "tacet.penalties"), cli_text_of(t->arena, penalties_text, t->job->graph));
}

static tacet_status resume(cli_training *t)
{
    tacet_error e;
    tacet_file *f = tacet_file_open(t->folder.checkpoint, NULL, &e);
    if (!f) return refuse(t, &e);
    const char *metrics = tacet_file_note(f, "run.metrics"), *seconds = tacet_file_note(f, "run.seconds");
    const char *best = tacet_file_note(f, "run.best");
    int64_t length = 0;
    tacet_status s = tacet_resume(t->job->plan, t->job->loader, f, &e);
    if (s != TACET_OK)
        refuse(t, &e);
    else if (!metrics || !seconds || !best || !tc_integer_read(metrics, &length) || length < 0)
        s = cli_fail(TACET_FILE, "%s is not a checkpoint of tacet train: its notes are missing", t->folder.checkpoint);
    else
        s = same_run(t, f);
    if (s == TACET_OK) {
        t->best = strtod(best, NULL);
        t->seconds = strtod(seconds, NULL);
    }
    tacet_file_free(f);
    if (s == TACET_OK) s = write_config(t->arena, &t->folder, t->job->config);
    if (s == TACET_OK) s = cli_folder_log(&t->folder, length);
    if (s == TACET_OK)
        cli_progress_say(&t->progress, "resumed %s at step %lld", t->folder.path, (long long)tacet_steps(t->job->plan));
    return s;
}

static int parameters(const tacet_plan *p)
{
    int n = 0;
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) n += v.role == TACET_ROLE_PARAMETER;
    return n;
}

static tacet_status initialise(cli_training *t)
{
    const char *path = t->job->config->value[CLI_INIT].item.text;
    int taken = 0, all = parameters(t->job->plan);
    tacet_status s = cli_job_initialise(t->job, &taken);
    if (s != TACET_OK || !*path) return s;
    if (taken == 0)
        return cli_fail(TACET_DESCRIPTION, "%s has no tensor that is a parameter here by name and shape", path);
    cli_progress_say(&t->progress, "%d of %d parameter%s from %s", taken, all, tc_plural(all), path);
    return TACET_OK;
}

static tacet_status begin(cli_training *t)
{
    tacet_status s = initialise(t);
    if (s == TACET_OK) s = cli_folder_make(&t->folder);
    if (s == TACET_OK) s = write_config(t->arena, &t->folder, t->job->config);
    if (s == TACET_OK) s = cli_folder_log(&t->folder, 0);
    return s == TACET_OK ? checkpoint(t) : s;
}

tacet_status cli_training_begin(cli_training *t)
{
    t->best = HUGE_VAL;
    tacet_status s = cli_folder_has(t->folder.checkpoint) ? resume(t) : begin(t);
    if (s != TACET_OK || !t->tensorboard) return s;
    return written(t, cli_events_open(t->arena, t->folder.path, t->job->plan, &t->events));
}

void cli_training_end(cli_training *t)
{
    cli_tensorboard_close(&t->events.file);
    if (t->folder.log) fclose(t->folder.log);
}

/* ---- Metrics ----------------------------------------------------------------------------------------------------- */

/* A line: figures of the network, terms; of an epoch the whole ledger, and validation (NULL: none). It is given back as it
 * can be read. */
static const tc_json *line(cli_training *t, cli_arena *a, const double x[CLI_RUN_FIGURES], bool epoch,
                           const cli_figures *validation)
{
    static const int order[2][6] = {{CLI_RUN_step, CLI_RUN_epoch, CLI_RUN_objective, CLI_RUN_data_loss,
                                     CLI_RUN_gradient_norm, CLI_RUN_learning_rate},
                                    {CLI_RUN_epoch, CLI_RUN_step, CLI_RUN_objective, CLI_RUN_data_loss,
                                     CLI_RUN_learning_rate, CLI_RUN_gradient_norm}};
    const tacet_plan *p = t->job->plan;
    tc_json_writer j = cli_json(a);
    tc_json_open(&j, NULL, '{');
    cli_run_json(&j, x, 6, order[epoch]);
    if (epoch)
        cli_ledger_json(&j, p);
    else
        cli_terms_json(&j, p, CLI_OF_PASS);
    if (validation) {
        tc_json_open(&j, "validation", '{');
        cli_figures_json(&j, p, validation, false);
        tc_json_close(&j, '}');
    }
    if (epoch) cli_run_json(&j, x, 1, (int[]){CLI_RUN_seconds});
    tc_json_close(&j, '}');
    cli_json_print(&j, t->folder.log);
    return cli_json_value(&j);
}

static tacet_status log_step(cli_training *t, int64_t epoch)
{
    const tacet_plan *p = t->job->plan;
    cli_arena a = {0};
    double x[CLI_RUN_FIGURES];
    cli_run_blank(x);
    x[CLI_RUN_epoch] = (double)epoch + 1;
    x[CLI_RUN_step] = (double)tacet_steps(p);
    x[CLI_RUN_objective] = tacet_objective(p);
    x[CLI_RUN_data_loss] = tacet_data_loss(p);
    x[CLI_RUN_gradient_norm] = tacet_gradient_norm(p);
    x[CLI_RUN_learning_rate] = tacet_learning_rate(p);
    const bool ok = cli_events_step(&t->events, p, line(t, &a, x, false, NULL), t->time, t->steps);
    cli_arena_free(&a);
    return written(t, ok);
}

/* The means of the epoch, or of what there is of it; validation NULL: none. */
static tacet_status log_epoch(cli_training *t, int64_t epoch, const cli_figures *validation)
{
    const tacet_plan *p = t->job->plan;
    tacet_total total = {.size = sizeof total};
    cli_arena a = {0};
    double x[CLI_RUN_FIGURES];
    tacet_ledger_total(p, &total);
    cli_run_blank(x);
    x[CLI_RUN_epoch] = (double)epoch;
    x[CLI_RUN_step] = (double)tacet_steps(p);
    x[CLI_RUN_objective] = total.objective;
    x[CLI_RUN_data_loss] = total.data_loss;
    x[CLI_RUN_learning_rate] = tacet_learning_rate(p);
    x[CLI_RUN_seconds] = t->seconds;
    const tc_json *told = line(t, &a, x, true, validation);
    /* A run that had nothing left to do has written its events before. */
    const bool ok = t->steps == 0 || cli_events_epoch(&t->events, t->job->plan, told, t->seconds / (double)total.steps);
    cli_arena_free(&a);
    return written(t, ok);
}

/* ---- The loop ---------------------------------------------------------------------------------------------------- */

/* Epochs whose last batch is done. */
static int64_t epochs_done(const cli_job *job)
{
    int64_t epoch, position;
    tacet_loader_tell(job->loader, &epoch, &position);
    return epoch + (position >= tacet_loader_batches(job->loader));
}

/* One batch. When the objective is not a number, the loader goes back to it, for the checkpoint. */
static tacet_status step(cli_training *t)
{
    cli_job *job = t->job;
    int64_t epoch, position, rows = 0;
    double begin = cli_now();
    tacet_loader_tell(job->loader, &epoch, &position);
    for (int i = 0; i < 2 && rows == 0; i++) /* 0 rows: the end of the epoch before */
        rows = tacet_loader_next(job->loader, job->plan, job->x, job->target);
    tacet_status s = rows > 0 ? tacet_step(job->plan, rows) : TACET_FAILED;
    if (s == TACET_OK) {
        const double seconds = cli_now() - begin;
        t->seconds += seconds;
        t->time += seconds;
        t->steps++;
        return s;
    }
    refuse(t, tacet_plan_error(job->plan));
    if (s == TACET_NOT_FINITE) {
        tacet_loader_seek(job->loader, epoch, position);
        if (checkpoint(t) == TACET_OK)
            cli_progress_say(&t->progress, "the weights before that step are in %s", t->folder.checkpoint);
    }
    return s;
}

/* Whether all that is steered was to have its target by now: a network from before is not the one that was asked for. */
static bool on_target(const tacet_plan *p)
{
    tacet_account a = {.size = sizeof a};
    for (int i = 0; i < tacet_term_count(p); i++)
        if (tacet_account_at(p, i, &a) == TACET_OK && !isnan(a.target) && a.due != a.target) return false;
    return true;
}

/* Validation, the lines, best, model. A whole epoch ends with a checkpoint behind its line. */
static tacet_status end_epoch(cli_training *t, int64_t epoch, bool whole)
{
    cli_job *job = t->job;
    cli_figures figures = {.part = "validation", .step_us = NAN};
    tacet_status s = TACET_OK;
    if (job->validation) {
        s = cli_figures_take(job->plan, job->validation, job->batch, job->x, job->target, job->y, &figures);
        if (s != TACET_OK) return s;
    }
    const cli_figures *validation = job->validation ? &figures : NULL;
    s = log_epoch(t, epoch, validation);
    if (s != TACET_OK) return s;
    cli_show_epoch(t, epoch, validation);
    cli_show_warnings(t, NULL);
    if (validation && on_target(job->plan) && figures.result.data_loss < t->best) {
        t->best = figures.result.data_loss;
        s = save(t, t->folder.best);
    }
    if (!whole) return s;
    if (s == TACET_OK) s = checkpoint(t);
    return s == TACET_OK ? save(t, t->folder.model) : s;
}

/* Whether an epoch was begun and is not whole. */
static bool in_epoch(const cli_job *job)
{
    int64_t epoch, position;
    tacet_loader_tell(job->loader, &epoch, &position);
    return position > 0 && position < tacet_loader_batches(job->loader);
}

int64_t cli_training_epoch(const cli_training *t) { return epochs_done(t->job) + in_epoch(t->job); }

static tacet_status interrupted(cli_training *t)
{
    int number = stop;
    cli_show_stop(t, epochs_done(t->job) + 1);
    tacet_status s = checkpoint(t);
    if (s != TACET_OK) return s;
    cli_progress_say(&t->progress, "stopped at step %lld; go on with: tacet train --resume %s",
                     (long long)tacet_steps(t->job->plan), t->folder.path);
    return (tacet_status)(128 + number);
}

/* A ledger is of one epoch. */
static void begin_epoch(cli_training *t)
{
    if (in_epoch(t->job)) return; /* it goes on */
    tacet_ledger_reset(t->job->plan);
    t->seconds = 0;
}

/* Steps until an epoch is whole, the steps are done, or a signal comes. */
static tacet_status run_epoch(cli_training *t, int64_t limit)
{
    cli_job *job = t->job;
    int64_t every = job->config->value[CLI_CHECKPOINT].integer, log = job->config->value[CLI_LOG].integer;
    int64_t epoch = epochs_done(job);
    begin_epoch(t);
    while (!stop && epochs_done(job) == epoch && (limit == 0 || tacet_steps(job->plan) < limit)) {
        tacet_status s = step(t);
        if (s != TACET_OK) return s;
        int64_t done = tacet_steps(job->plan);
        if (done == 1) cli_show_natural(t);
        if (log > 0 && done % log == 0) s = log_step(t, epoch);
        if (s != TACET_OK) return s;
        cli_show_step(t, epoch + 1);
        if (every > 0 && done % every == 0 && epochs_done(job) == epoch) s = checkpoint(t);
        if (s != TACET_OK) return s;
    }
    return epochs_done(job) > epoch ? end_epoch(t, epoch + 1, true) : TACET_OK;
}

tacet_status cli_training_run(cli_training *t)
{
    cli_job *job = t->job;
    int64_t limit = job->config->value[CLI_STEPS].integer;
    tacet_status s = TACET_OK;
    t->begun = cli_now();
    listen();
    while (s == TACET_OK && !stop && epochs_done(job) < job->epochs && (limit == 0 || tacet_steps(job->plan) < limit))
        s = run_epoch(t, limit);
    if (s == TACET_OK && stop) s = interrupted(t);
    /* An epoch that the limit cut short has its line behind the checkpoint, which is cut off again on resume. */
    if (s == TACET_OK && in_epoch(job)) {
        s = checkpoint(t);
        if (s == TACET_OK) s = end_epoch(t, epochs_done(job) + 1, false);
        if (s == TACET_OK) s = sync_logs(t, &(int64_t){0});
    }
    return s == TACET_OK ? save(t, t->folder.model) : s;
}
