/* training.c: the loop. A checkpoint contains everything that the rest of a run depends on: the library's state and, in
 * notes, the seconds of the current epoch, which epoch is the best, the length of metrics.jsonl, what the run began from,
 * and "run.order", which a run does not have whose rows were drawn in the order of earlier versions, from a list. */
#include "training.h"
#include "run_record.h"
#include "stop_signals.h"
#include "training_show.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Set by the signal that asks to stop. To be ended at once, by a second signal, damages no file. */
static volatile sig_atomic_t stop;
static void on_signal(int number) { stop = number; }

static void on_second(int number)
{
    cli_record_stop();
    signal(number, SIG_DFL);
    raise(number);
}

static void on_first(int number)
{
    stop = number;
    signal(number, on_second);
}

void cli_training_listen(void)
{
    for (int i = 0; i < CLI_STOP_SIGNALS && !stop; i++) {
        const cli_stop_signal *s = &cli_stop_signal_table[i];
        const struct sigaction action = {.sa_handler = s->twice ? on_first : on_signal};
        if (!cli_stop_signal_ignored(s->number)) sigaction(s->number, &action, NULL);
    }
}

static tacet_status refuse(cli_training *t, const tacet_error *e)
{
    cli_progress_clear(&t->progress);
    return cli_refuse(e, 0, NULL);
}

/* Epochs whose last batch is done. in_epoch: whether another one has begun. */
static int64_t epochs_done(const cli_job *job)
{
    int64_t epoch, position;
    tacet_loader_tell(job->loader, &epoch, &position);
    return epoch + (position >= tacet_loader_batches(job->loader));
}

static bool in_epoch(const cli_job *job)
{
    int64_t epoch, position;
    tacet_loader_tell(job->loader, &epoch, &position);
    return position > 0 && position < tacet_loader_batches(job->loader);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static tacet_status unwritten(cli_training *t, const char *path)
{
    const int why = errno;
    cli_progress_clear(&t->progress);
    errno = why;
    return cli_fail_file("write", path);
}

/* OK, or the error that the event file cannot be written. */
static tacet_status written(cli_training *t, bool ok) { return ok ? TACET_OK : unwritten(t, t->events.file.path); }

/* Flushes metrics.jsonl, whose length it returns, and the event file to the disk. */
static tacet_status sync_logs(cli_training *t, int64_t *length)
{
    *length = cli_folder_sync(&t->folder);
    if (*length < 0) return unwritten(t, t->folder.metrics);
    return written(t, cli_tensorboard_flush(&t->events.file, true));
}

/* Writes config.yaml and opens metrics.jsonl at `length`. */
static tacet_status open_files(cli_training *t, int64_t length)
{
    cli_outfile o;
    tacet_status s = cli_outfile_open(t->folder.config, &o);
    if (s != TACET_OK) return s;
    fprintf(o.f, "# The run's configuration as resolved. To continue the run: tacet train --resume FOLDER\n");
    cli_config_print(t->job->config, o.f);
    s = cli_outfile_close(&o);
    return s == TACET_OK ? cli_folder_log(&t->folder, length) : s;
}

/* What a resumed run must have in common with its beginning, in addition to what the library compares: the order of the
 * rows, the rows that are held out, and what earlier versions did not have, if it is set. */
static const char *begun_with(cli_arena *a, const cli_config *c)
{
    const int64_t parts = c->value[CLI_ACCUMULATE].integer;
    const double ema = c->value[CLI_EMA].number;
    return cli_format(a, "batch %lld, seed %lld, shuffle %lld, validate %g%s%s", (long long)c->value[CLI_BATCH].integer,
                      (long long)c->value[CLI_SEED].integer, (long long)c->value[CLI_SHUFFLE].integer,
                      c->value[CLI_SHARE].number, parts > 1 ? cli_format(a, ", accumulate %lld", (long long)parts) : "",
                      ema > 0 ? cli_format(a, ", ema %g", ema) : "");
}

static tacet_status checkpoint(cli_training *t)
{
    enum { MORE = 10 };
    cli_arena a = {0};
    int64_t length;
    tacet_status s = sync_logs(t, &length);
    if (s != TACET_OK) return s;
    tacet_note note[CLI_NOTES + MORE];
    tacet_error e;
    cli_job_notes(t->job, note);
    note[CLI_NOTES] = (tacet_note){"run.metrics", cli_format(&a, "%lld", (long long)length)};
    note[CLI_NOTES + 1] = (tacet_note){"run.seconds", cli_format(&a, "%a", t->seconds)};
    note[CLI_NOTES + 2] = (tacet_note){"run.best", cli_format(&a, "%a", t->best)};
    note[CLI_NOTES + 3] = (tacet_note){"run.best_epoch", cli_format(&a, "%lld", (long long)t->best_epoch)};
    note[CLI_NOTES + 4] = (tacet_note){"run.waited", cli_format(&a, "%lld", (long long)t->waited)};
    note[CLI_NOTES + 5] = (tacet_note){"run.metric", t->job->config->value[CLI_METRIC].item.text};
    note[CLI_NOTES + 6] = (tacet_note){"run.begun", begun_with(&a, t->job->config)};
    note[CLI_NOTES + 7] = (tacet_note){"run.length", cli_format(&a, "%g", t->job->length)};
    note[CLI_NOTES + 8] = (tacet_note){"run.order", "2"};
    const char *from = t->job->began_from;
    note[CLI_NOTES + 9] = (tacet_note){"run.init", from};
    s = tacet_checkpoint(t->job->plan, t->job->loader, t->folder.checkpoint, CLI_NOTES + MORE - !from, note, &e);
    cli_arena_free(&a);
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

/* Writes the network as it is now and, with train.ema, with the averages of its weights. */
static tacet_status save_models(cli_training *t)
{
    tacet_error e;
    tacet_status s = save(t, t->folder.model);
    if (s != TACET_OK || t->job->config->value[CLI_EMA].number == 0) return s;
    s = cli_job_save_average(t->job, t->folder.average, &e);
    return s == TACET_OK ? s : refuse(t, &e);
}

/* ---- Begin ------------------------------------------------------------------------------------------------------- */

/* Compares a checkpoint's note (missing: `otherwise`) with what it would be now. */
static tacet_status same(const cli_training *t, const tacet_file *f, const char *note, const char *otherwise,
                         const char *own)
{
    const char *theirs = tacet_file_note(f, note);
    if (!theirs) theirs = otherwise;
    if (strcmp(theirs, own) == 0) return TACET_OK;
    return cli_fail_hint(TACET_DESCRIPTION,
                         "a run keeps the settings it was begun with; --init starts a new run from its weights",
                         "%s was begun with \"%s\", not with \"%s\"", t->folder.path, theirs, own);
}

/* Takes over which epoch is the best. Checkpoints of earlier versions do not say which epoch it was, or how many have
 * followed. */
static void resume_best(cli_training *t, const tacet_file *f)
{
    const char *epoch = tacet_file_note(f, "run.best_epoch"), *waited = tacet_file_note(f, "run.waited");
    t->best = strtod(tacet_file_note(f, "run.best"), NULL);
    if (!epoch || !tc_integer_read(epoch, &t->best_epoch)) t->best_epoch = 0;
    if (!waited || !tc_integer_read(waited, &t->waited)) t->waited = 0;
    if (!isfinite(t->best)) remove(t->folder.best); /* of an epoch that is about to be done again */
}

/* Warns if the run gets another length and something in it depends on that. */
static void compare_length(const cli_training *t, const char *before)
{
    const char *now = cli_format(t->arena, "%g", t->job->length), *what = "";
    const bool rate = tacet_depends_on_length(t->job->plan, -1);
    tacet_term term = {.size = sizeof term};
    if (!before || strcmp(before, now) == 0) return;
    for (int i = 0; tacet_term_at(t->job->plan, i, &term) == TACET_OK; i++)
        if (tacet_depends_on_length(t->job->plan, i))
            what = cli_format(t->arena, "%s%s%s", what,
                              *what  ? ", "
                              : rate ? " and the lambda of "
                                     : "the lambda of ",
                              term.name);
    if (rate || *what)
        cli_warn(
            "%s%s depend%s on the length of the run, which was %s epochs and is now %s: the result is not that of a "
            "run of %s epochs",
            rate ? "the learning rate" : "", what, rate && *what ? "" : "s", before, now, now);
}

static tacet_status resume(cli_training *t)
{
    tacet_error e;
    tacet_file *f = tacet_file_open(t->folder.checkpoint, NULL, &e);
    if (!f) return refuse(t, &e);
    const char *metrics = tacet_file_note(f, "run.metrics"), *seconds = tacet_file_note(f, "run.seconds");
    const char *best = tacet_file_note(f, "run.best"), *from = tacet_file_note(f, "run.init");
    int64_t length = 0;
    tacet_status s = tacet_resume(t->job->plan, t->job->loader, f, &e);
    if (s != TACET_OK)
        refuse(t, &e);
    else if (!metrics || !seconds || !best || !tc_integer_read(metrics, &length) || length < 0)
        s = cli_fail(TACET_FILE, "%s is not a checkpoint of tacet train: its notes are missing", t->folder.checkpoint);
    if (s == TACET_OK) s = same(t, f, "run.begun", "", begun_with(t->arena, t->job->config));
    if (s == TACET_OK)
        s = same(t, f, "run.metric", cli_key_table[CLI_METRIC].value, t->job->config->value[CLI_METRIC].item.text);
    if (s == TACET_OK) s = same(t, f, "tacet.penalties", "", cli_graph_part(t->arena, t->job->graph, "penalties"));
    if (s == TACET_OK) {
        resume_best(t, f);
        compare_length(t, tacet_file_note(f, "run.length"));
        t->seconds = strtod(seconds, NULL);
        t->job->began_from = from ? cli_copy(t->arena, from, strlen(from)) : NULL;
    }
    if (s == TACET_OK && !tacet_file_note(f, "run.order"))
        cli_warn("%s was begun by an earlier version of Tacet: from here on, its rows come in another order%s",
                 t->folder.path,
                 t->job->config->value[CLI_SHARE].number > 0 ? ", and other rows are held out for validation" : "");
    tacet_file_free(f);
    if (s == TACET_OK) s = open_files(t, length);
    if (s == TACET_OK && isfinite(t->best) && !in_epoch(t->job) && epochs_done(t->job) == t->best_epoch)
        s = save(t, t->folder.best); /* the run may have been killed before it did so */
    if (s == TACET_OK)
        cli_progress_say(&t->progress, "resumed %s at step %lld", t->folder.path, (long long)tacet_steps(t->job->plan));
    return s;
}

static tacet_status initialise(cli_training *t)
{
    const char *path = t->job->config->value[CLI_INIT].item.text;
    int taken = 0, all = 0;
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; tacet_value_at(t->job->plan, i, &v) == TACET_OK; i++) all += v.role == TACET_ROLE_PARAMETER;
    tacet_status s = cli_job_initialise(t->job, &taken);
    if (s != TACET_OK || !*path) return s;
    if (taken == 0)
        return cli_fail(TACET_DESCRIPTION, "no tensor in %s has the name and shape of a parameter of this network",
                        path);
    cli_progress_say(&t->progress, "%d of %d parameter%s from %s", taken, all, tc_plural(all), path);
    return TACET_OK;
}

static tacet_status begin(cli_training *t)
{
    tacet_status s = initialise(t);
    if (s == TACET_OK) s = cli_job_origin(t->job->config, &t->job->began_from);
    if (s == TACET_OK) s = open_files(t, 0);
    return s == TACET_OK ? checkpoint(t) : s;
}

/* Takes the folder for this process alone. *begun: it holds a checkpoint, from which the run is continued. */
static tacet_status take_folder(cli_training *t, bool *begun)
{
    tacet_status s = cli_folder_make(t->arena, &t->folder);
    if (s == TACET_OK) s = cli_folder_lock(t->arena, &t->folder, false);
    if (s == TACET_OK) s = cli_folder_holds(t->folder.checkpoint, begun);
    if (s == TACET_OK && *begun && !t->resume)
        s = cli_fail(TACET_FAILED, "another run has begun in %s in the meantime", t->folder.path);
    if (s == TACET_OK && !*begun && t->resume)
        cli_progress_say(&t->progress, "%s has no checkpoint: the run begins there", t->folder.path);
    return s;
}

tacet_status cli_training_begin(cli_training *t)
{
    t->best = NAN;
    cli_training_listen();
    bool begun = false;
    tacet_status s = take_folder(t, &begun);
    if (s == TACET_OK) s = begun ? resume(t) : begin(t);
    if (s != TACET_OK || !t->tensorboard) return s;
    return written(t, cli_events_open(t->arena, t->folder.path, t->job->plan, &t->events));
}

void cli_training_end(cli_training *t)
{
    cli_tensorboard_close(&t->events.file);
    cli_folder_close(&t->folder);
    cli_folder_unlock(&t->folder);
}

/* ---- Metrics ----------------------------------------------------------------------------------------------------- */

/* Writes the line of a step, or of an epoch (its means so far, the ledger, and validation unless it is NULL), and the
 * events that go with it. */
static tacet_status write_line(cli_training *t, int64_t epoch, bool whole, const cli_figures *validation)
{
    tacet_plan *p = t->job->plan;
    const tacet_stamp stamp = {.size = sizeof stamp,
                               .epoch = epoch,
                               .best_epoch = t->best_epoch,
                               .seconds = t->seconds,
                               .validated = validation != NULL,
                               .ema = validation ? validation->averaged.record : NULL};
    tacet_total total = {.size = sizeof total};
    cli_arena a = {0};
    tc_json_writer j = cli_plan_record(&a, p, whole ? "epoch" : "step", &stamp);
    tacet_ledger_total(p, &total);
    cli_json_print(&j, t->folder.log.f);
    const tc_json *line = cli_json_value(&j);
    bool ok = true;
    if (!whole)
        ok = cli_events_step(&t->events, p, line, t->time, t->steps);
    else if (t->steps > 0) /* otherwise an earlier process has written the events */
        ok = cli_events_epoch(&t->events, p, line, t->seconds / (double)total.steps);
    const tacet_status s = written(t, ok);
    cli_arena_free(&a);
    return s;
}

/* ---- The loop ---------------------------------------------------------------------------------------------------- */

int64_t cli_training_epoch(const cli_training *t) { return epochs_done(t->job) + in_epoch(t->job); }

/* Whether steps are left and no signal has come. */
static bool goes_on(const cli_job *job)
{
    const int64_t limit = job->config->value[CLI_STEPS].integer;
    return !stop && epochs_done(job) < job->epochs && (limit == 0 || tacet_steps(job->plan) < limit);
}

/* Whether train.patience has run out. */
static bool gives_up(const cli_training *t)
{
    const int64_t patience = t->job->config->value[CLI_PATIENCE].integer;
    return patience > 0 && t->waited >= patience;
}

/* One step. If it fails, the loader is where it was, for the checkpoint. */
static tacet_status step(cli_training *t)
{
    cli_job *job = t->job;
    int64_t rows = 0;
    double begin = cli_now();
    for (int i = 0; i < 2 && rows == 0; i++) /* 0 rows: the end of the previous epoch */
        rows = tacet_loader_step(job->loader, job->plan, job->x, job->target);
    const tacet_status s = rows > 0 ? TACET_OK : tacet_plan_error(job->plan)->status;
    if (s == TACET_OK) {
        const double seconds = cli_now() - begin;
        t->seconds += seconds;
        t->time += seconds;
        t->steps++;
        return s;
    }
    refuse(t, tacet_plan_error(job->plan));
    if (s == TACET_NOT_FINITE && checkpoint(t) == TACET_OK)
        cli_progress_say(&t->progress, "the weights from before that step are in %s", t->folder.checkpoint);
    return s;
}

/* Whether every schedule of a target has ended: until then a network is not on target, and cannot be the best. */
static bool on_target(const tacet_plan *p)
{
    tacet_account a = {.size = sizeof a};
    for (int i = 0; i < tacet_term_count(p); i++)
        if (tacet_account_at(p, i, &a) == TACET_OK && !isnan(a.target) && a.due != a.target) return false;
    return true;
}

/* The figure of the validation data by which epochs are compared, and whether the larger (1) or the smaller (-1) is the
 * better. */
static double figure_of(const cli_training *t, const cli_figures *f, int *better)
{
    const cli_job *job = t->job;
    tacet_metric m = {.size = sizeof m};
    *better = -1;
    if (job->metric < 0)
        return strcmp(job->config->value[CLI_METRIC].item.text, "objective") == 0 ? f->result.objective
                                                                                  : f->result.data_loss;
    tacet_metric_at(job->plan, job->metric, false, &m);
    *better = m.better;
    return m.value;
}

/* Decides whether an epoch is the best so far. An epoch in which a target is not yet due does not count; nor does part of
 * an epoch, which a resume does again, unless there is nothing else. */
static bool compare(cli_training *t, int64_t epoch, bool whole, const cli_figures *validation)
{
    int better;
    if (!validation || !on_target(t->job->plan) || (!whole && isfinite(t->best))) return false;
    const double x = figure_of(t, validation, &better);
    const bool best = isfinite(x) && (!isfinite(t->best) || better * x > better * t->best);
    if (!isfinite(x)) cli_show_undefined(t, epoch);
    t->waited = best ? 0 : t->waited + whole;
    if (best) t->best = x, t->best_epoch = epoch;
    return best;
}

/* By which schedule=plateau goes: of the validation data, or of the epoch's steps. */
static double loss_of(const tacet_plan *p, const cli_figures *validation)
{
    tacet_total total = {.size = sizeof total};
    tacet_ledger_total(p, &total);
    return validation ? validation->result.data_loss : total.data_loss;
}

/* Validates, and writes the line, the checkpoint of a whole epoch, best and model. Best comes after the checkpoint that says
 * so: a run that is killed between them saves it when it is resumed. */
static tacet_status end_epoch(cli_training *t, int64_t epoch, bool whole)
{
    cli_job *job = t->job;
    cli_arena a = {0};
    cli_figures figures = {.part = "validation", .step_us = NAN};
    const cli_figures *validation = job->part[CLI_VALIDATION_PART].data ? &figures : NULL;
    bool best = false;
    tacet_status s = validation ? cli_job_figures(&a, job, CLI_VALIDATION_PART, &figures) : TACET_OK;
    if (s == TACET_OK) {
        best = compare(t, epoch, whole, validation);
        if (whole) tacet_schedule_step(job->plan, loss_of(job->plan, validation));
        s = write_line(t, epoch, true, validation);
    }
    if (s == TACET_OK) {
        cli_show_epoch(t, epoch, validation);
        cli_show_warnings(t, NULL);
    }
    cli_arena_free(&a);
    if (s == TACET_OK && whole) s = checkpoint(t);
    if (s == TACET_OK && best) s = save(t, t->folder.best);
    return s == TACET_OK && whole ? save_models(t) : s;
}

static tacet_status interrupted(cli_training *t)
{
    int number = stop;
    cli_show_stop(t, epochs_done(t->job) + 1);
    tacet_status s = checkpoint(t);
    if (s != TACET_OK) return s;
    cli_progress_say(&t->progress, "stopped at step %lld; continue with: tacet train --resume %s",
                     (long long)tacet_steps(t->job->plan), t->folder.path);
    return (tacet_status)(128 + number);
}

/* Runs steps until the epoch ends, the steps are done, or a signal comes. */
static tacet_status run_epoch(cli_training *t)
{
    cli_job *job = t->job;
    int64_t every = job->config->value[CLI_CHECKPOINT].integer, log = job->config->value[CLI_LOG].integer;
    int64_t epoch = epochs_done(job);
    if (!in_epoch(job)) { /* a new one: the ledger covers one epoch */
        tacet_ledger_reset(job->plan);
        t->seconds = 0;
    }
    while (goes_on(job) && epochs_done(job) == epoch) {
        tacet_status s = step(t);
        if (s != TACET_OK) return s;
        int64_t done = tacet_steps(job->plan);
        if (done == 1) cli_show_natural(t);
        if (log > 0 && done % log == 0) s = write_line(t, epoch + 1, false, NULL);
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
    tacet_status s = TACET_OK;
    t->begun = cli_now();
    while (s == TACET_OK && goes_on(job) && !gives_up(t)) s = run_epoch(t);
    if (s == TACET_OK && stop) s = interrupted(t);
    /* The line of an epoch that the limit cut short comes after the checkpoint, and is cut off again on resume. */
    if (s == TACET_OK && in_epoch(job)) {
        s = checkpoint(t);
        if (s == TACET_OK) s = end_epoch(t, epochs_done(job) + 1, false);
        if (s == TACET_OK) s = sync_logs(t, &(int64_t){0});
    }
    if (s == TACET_OK) cli_show_best(t, gives_up(t));
    return s == TACET_OK ? save_models(t) : s;
}
