/* command_train.c: tacet train CONFIG. */
#include "command.h"
#include "report/report.h"
#include "run_record.h"
#include "samples.h"
#include "training_show.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

static const cli_option option[] = {
    CLI_OPTION_SET,
    CLI_OPTION_PENALTY,
    CLI_OPTION_NO_PENALTIES,
    {"out", 0, "DIR",
     "The folder of the run, which may not hold a run yet (default: runs/NAME for NAME.yaml, then runs/NAME-2, ...)",
     false},
    {"resume", 0, "DIR",
     "Continue the run in DIR from its last checkpoint, or begin it there. The result is the same as without a stop",
     false},
    {"data", 0, "SPEC", "The source of the training data (the key data)", false},
    {"init", 0, "MODEL", "Start from the weights in a safetensors file, matched by name and shape (the key init)",
     false},
    {"tensorboard", 0, NULL,
     "Also write an event file into the folder of the run: tensorboard --logdir runs shows it. Repeat it with --resume",
     false},
    CLI_OPTION_THREADS,
    CLI_OPTION_QUIET,
    CLI_OPTION_JSON,
    {0},
};

/* Finds the folder and reads the configuration: CONFIG or, with --resume alone, the one in the folder. */
static tacet_status prepare(const cli_args *a, cli_folder *folder, cli_config *c)
{
    const char *init = cli_given_value(a, "init"), *data = cli_given_value(a, "data");
    const bool resume = cli_given_value(a, "resume") != NULL;
    tacet_status s = cli_given_folder(a, "runs", folder);
    if (s != TACET_OK) return s;
    if (resume && cli_record_running(folder)) cli_training_listen(); /* a signal must not leave it like that */
    bool sweep = false, checkpoint = false, config = false;
    if (!folder->stem) s = cli_folder_holds(folder->sweep, &sweep);
    if (s == TACET_OK && !folder->stem) s = cli_folder_holds(folder->checkpoint, &checkpoint);
    if (s == TACET_OK && !folder->stem) s = cli_folder_holds(folder->config, &config);
    if (s != TACET_OK) return s;
    if (resume && sweep)
        return cli_fail_hint(TACET_DESCRIPTION,
                             cli_format(a->arena, "tacet sweep --resume %s continues it", folder->path),
                             "%s holds a sweep, not a run", folder->path);
    if (resume && a->operands == 0 && !config)
        return cli_fail_hint(TACET_IO, "tacet train CONFIG --resume DIR begins a run",
                             "%s does not hold a run: %s is missing", folder->path, folder->config);
    if (!resume && (checkpoint || config))
        return cli_fail_hint(
            TACET_DESCRIPTION,
            cli_format(a->arena, "--resume %s continues it; --out with another folder begins a new one", folder->path),
            "%s already holds a run", folder->path);
    s = cli_job_configure(a, a->operands ? a->operand[0] : folder->config, c);
    if (s == TACET_OK && data) s = cli_config_option(c, "--data", CLI_DATA, data);
    if (s == TACET_OK && init) s = cli_config_option(c, "--init", CLI_INIT, init);
    return s;
}

/* Writes the page of the run, however it ended, with samples if it has ended. If memory or a disk fails, the run has
 * still ended, but no page is written, because nobody would notice that it lacks a part: a resume, or tacet report,
 * writes it. A damaged file, which doing it again cannot mend, is named on the page. */
static tacet_status write_page(cli_training *t, bool ended, int threads)
{
    bool written = false;
    cli_arena a = {0};
    cli_stream_flush(&t->folder.log); /* if it fails, the run has failed, and has said so */
    tacet_status s = ended ? cli_samples_write(t->job, &t->folder, threads) : TACET_OK;
    if (s == TACET_OK) s = cli_report_write(&a, 1, &t->folder.path, t->folder.report, &written);
    const bool lacks = s == TACET_MEMORY || s == TACET_IO;
    if (lacks && unlink(t->folder.report) != 0 && errno != ENOENT) s = cli_fail_file("remove", t->folder.report);
    if (!lacks && written) cli_progress_say(&t->progress, "report: %s", t->folder.report);
    cli_arena_free(&a);
    return lacks ? s : TACET_OK;
}

/* Takes the final figures of the run, and records and prints them. */
static tacet_status report(const cli_args *a, cli_training *t)
{
    cli_job *job = t->job;
    int part = CLI_PARTS - 1;
    while (!job->part[part].data) part--;
    cli_figures f = {.part = job->part[part].name,
                     .classes = job->classes,
                     .best_epoch = t->best_epoch,
                     .step_us = t->steps ? t->time / (double)t->steps * 1e6 : NAN};
    tacet_status s = cli_job_figures(a->arena, job, part, &f);
    const bool ended = s == TACET_OK && isfinite(f.result.objective);
    const tacet_status written = cli_record_write(a->arena, &t->folder, job, ended ? "ended" : "failed", a->threads,
                                                  s == TACET_OK ? &f : NULL);
    if (s == TACET_OK) s = written;
    if (s != TACET_OK) return s;
    cli_progress_say(&t->progress, "the run is in %s", t->folder.path);
    const bool json = cli_given_value(a, "json") != NULL;
    cli_figures_print(a->arena, job->plan, &f, json, true);
    if (!json) {
        fputc('\n', stdout);
        tacet_total total = {.size = sizeof total};
        tacet_ledger_total(job->plan, &total);
        const tc_json *l = cli_plan_figures(a->arena, job->plan, "epoch");
        if (tc_json_size(tc_json_get(l, "terms")) > 0 && total.steps > 0)
            cli_ledger_show(stdout, a->arena, l, (double)cli_training_epoch(t));
    }
    return cli_figures_judge(&f);
}

static tacet_status train(const cli_args *a, cli_config *c, cli_training *t)
{
    tacet_status s = cli_job_open(c, a->threads, t->job);
    if (s == TACET_OK) s = cli_training_begin(t);
    if (s == TACET_OK) s = cli_record_begin(a->arena, &t->folder, t->job, a->threads);
    if (s != TACET_OK) return s;
    unlink(t->folder.samples); /* of another network than the one that the run goes on to */
    cli_show_start(t, a->threads);
    s = cli_training_run(t);
    if (s == TACET_OK) {
        unlink(t->folder.report); /* of a part of the run: after a kill, it would be taken for the page of its end */
        s = report(a, t);
    } else {
        cli_progress_clear(&t->progress);
        cli_record_write(a->arena, &t->folder, t->job, (int)s > 128 ? "stopped" : "failed", a->threads, NULL);
    }
    const tacet_status page = write_page(t, s == TACET_OK, a->threads);
    return s == TACET_OK ? page : s;
}

static tacet_status run(const cli_args *a)
{
    cli_config c;
    cli_job job = {0};
    cli_training t = {.arena = a->arena,
                      .job = &job,
                      .resume = cli_given_value(a, "resume") != NULL,
                      .tensorboard = cli_given_value(a, "tensorboard") != NULL};
    tacet_status s = prepare(a, &t.folder, &c);
    if (s != TACET_OK) return s;
    cli_progress_begin(&t.progress, cli_given_value(a, "quiet") != NULL);
    s = train(a, &c, &t);
    cli_progress_clear(&t.progress);
    cli_training_end(&t);
    cli_job_close(&job);
    return s;
}

const cli_command cli_command_train = {
    .name = "train",
    .operands = "CONFIG",
    .brief = "Train the network that a configuration describes",
    .doc =
        "Trains the network that CONFIG describes and writes the folder of the run. Ends with the figures of the test "
        "data if there are any, otherwise of the validation data, otherwise of the training data. Ctrl-C, SIGTERM, "
        "SIGHUP and SIGUSR1 write a checkpoint first. With --resume, CONFIG may be left out: it is then the config.yaml of "
        "the folder.",
    .most = 1,
    .outlives = true,
    .keys = true,
    .option = option,
    .run = run,
};
