/* command_train.c: tacet train CONFIG. */
#include "command.h"
#include "report/report.h"
#include "run_record.h"
#include "training_show.h"

#include <math.h>
#include <string.h>

static const cli_option option[] = {
    CLI_OPTION_SET,
    CLI_OPTION_PENALTY,
    CLI_OPTION_NO_PENALTIES,
    {"out", 0, "DIR",
     "The run's folder; one that holds a run is refused. If not given: runs/NAME for NAME.yaml, then runs/NAME-2, ...",
     false},
    {"resume", 0, "DIR",
     "Go on with the run in DIR from its last checkpoint, or begin it there; the result is that of a run never stopped",
     false},
    {"init", 0, "MODEL", "Start from the weights in a safetensors file, matched by name and shape (the key init)",
     false},
    {"tensorboard", 0, NULL,
     "Write an event file into the run's folder, too: tensorboard --logdir runs shows it. With --resume, say it again",
     false},
    CLI_OPTION_THREADS,
    CLI_OPTION_QUIET,
    CLI_OPTION_JSON,
    {0},
};

/* The folder, and the configuration that is in force: CONFIG, or with --resume alone that of the folder. */
static tacet_status prepare(const cli_args *a, cli_folder *folder, cli_config *c)
{
    const char *out = cli_given_value(a, "out"), *resume = cli_given_value(a, "resume");
    const char *init = cli_given_value(a, "init");
    if (out && resume) return cli_fail(TACET_DESCRIPTION, "--resume DIR goes on in DIR; leave --out away");
    if (!resume && a->operands == 0)
        return cli_fail_hint(TACET_DESCRIPTION, "see tacet train --help", "CONFIG is missing");
    if (resume) {
        cli_folder_name(a->arena, resume, folder);
        if (cli_folder_has(folder->sweep))
            return cli_fail_hint(TACET_DESCRIPTION,
                                 cli_format(a->arena, "tacet sweep --resume %s goes on with it", folder->path),
                                 "%s holds a sweep, not a run", folder->path);
        if (a->operands == 0 && !cli_folder_has(folder->config))
            return cli_fail_hint(TACET_IO, "tacet train CONFIG --resume DIR begins the run if there is none",
                                 "there is no run in %s: %s is missing", resume, folder->config);
    } else {
        cli_folder_name(a->arena, out ? out : cli_folder_free_name(a->arena, "runs", a->operand[0]), folder);
        if (cli_folder_has(folder->checkpoint) || cli_folder_has(folder->config))
            return cli_fail_hint(TACET_DESCRIPTION, "--resume goes on with it; --out with another folder begins anew",
                                 "%s holds a run already", folder->path);
    }
    tacet_status s = cli_job_configure(a, a->operands ? a->operand[0] : folder->config, c);
    if (s == TACET_OK && init) s = cli_config_set(c, cli_format(a->arena, "init=%s", init));
    return s;
}

/* The page of the run, however it ended. That it cannot be written is said, and is no failure of the run. */
static void write_page(cli_training *t)
{
    cli_arena a = {0};
    if (fflush(t->folder.log) == 0 && cli_report_write(&a, 1, &t->folder.path, t->folder.report) == TACET_OK)
        cli_progress_say(&t->progress, "to look at it: %s", t->folder.report);
    cli_arena_free(&a);
}

/* The figures that the run ends with, in its record and for the reader. */
static tacet_status report(const cli_args *a, int threads, cli_training *t)
{
    cli_job *job = t->job;
    int part = CLI_PARTS - 1;
    while (!job->part[part].data) part--;
    cli_figures f = {.part = job->part[part].name, .step_us = t->steps ? t->time / (double)t->steps * 1e6 : NAN};
    tacet_status s = cli_figures_take(job->plan, job->part[part].data, job->batch, job->x, job->target, job->y, &f);
    const bool ended = s == TACET_OK && isfinite(f.result.objective);
    const tacet_status written = cli_record_write(a->arena, &t->folder, job, ended ? "ended" : "failed", threads,
                                                  s == TACET_OK ? &f : NULL);
    if (s == TACET_OK) s = written;
    if (s != TACET_OK) return s;
    cli_progress_say(&t->progress, "the run is in %s", t->folder.path);
    if (cli_given_value(a, "json")) {
        tc_json_writer j = cli_json(a->arena);
        tc_json_open(&j, NULL, '{');
        cli_figures_json(&j, job->plan, &f, true);
        tc_json_close(&j, '}');
        cli_json_print(&j, stdout);
    } else {
        cli_figures_table(stdout, a->arena, job->plan, &f);
        fputc('\n', stdout);
        tacet_total total = {.size = sizeof total};
        tacet_ledger_total(job->plan, &total);
        const tc_json *l = cli_ledger_of(a->arena, job->plan, CLI_OF_LEDGER);
        if (tc_json_size(tc_json_get(l, "terms")) > 0 && total.steps > 0)
            cli_ledger_show(stdout, a->arena, l, (double)cli_training_epoch(t));
    }
    return cli_figures_judge(&f);
}

static tacet_status train(const cli_args *a, int threads, cli_config *c, cli_training *t)
{
    tacet_status s = cli_job_open(c, threads, t->job);
    if (s == TACET_OK) s = cli_training_begin(t);
    if (s == TACET_OK) s = cli_record_write(a->arena, &t->folder, t->job, "running", threads, NULL);
    if (s != TACET_OK) return s;
    cli_show_start(t, threads);
    s = cli_training_run(t);
    if (s == TACET_OK) {
        s = report(a, threads, t);
    } else {
        cli_progress_clear(&t->progress);
        cli_record_write(a->arena, &t->folder, t->job, (int)s > 128 ? "stopped" : "failed", threads, NULL);
    }
    write_page(t);
    return s;
}

static tacet_status run(const cli_args *a)
{
    cli_config c;
    cli_job job = {0};
    cli_training t = {.arena = a->arena, .job = &job, .tensorboard = cli_given_value(a, "tensorboard") != NULL};
    int threads;
    tacet_status s = cli_threads(a, &threads);
    if (s == TACET_OK) s = prepare(a, &t.folder, &c);
    if (s != TACET_OK) return s;
    cli_progress_begin(&t.progress, cli_given_value(a, "quiet") != NULL);
    if (cli_given_value(a, "resume") && !cli_folder_has(t.folder.checkpoint))
        cli_progress_say(&t.progress, "%s holds no checkpoint: the run begins there", t.folder.path);
    s = train(a, threads, &c, &t);
    cli_progress_clear(&t.progress);
    cli_training_end(&t);
    cli_job_close(&job);
    return s;
}

const cli_command cli_command_train = {
    .name = "train",
    .operands = "CONFIG",
    .brief = "Train a network as a configuration says",
    .doc =
        "Trains the network that CONFIG describes and writes the run's folder. Ends with the figures of the test data "
        "where there are any, else of the validation data, else of the training data. Ctrl-C and SIGTERM write a "
        "checkpoint first. With --resume, CONFIG may be left out: it is the folder's config.yaml then.",
    .most = 1,
    .keys = true,
    .option = option,
    .run = run,
};
