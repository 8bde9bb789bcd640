/* command_sweep.c: tacet sweep CONFIG --over ...: the path from lambda to silence. */
#include "command.h"
#include "sweep/sweep.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const cli_option option[] = {
    {"over", 0, "SELECTOR: PENALTY",
     "A penalty in which one value is a range FROM..TO:POINTS, 'relu1: l1 lambda=1e-6..1e-2:9'. The points are evenly "
     "spaced on a logarithmic scale and run in this order. An end of a range of lambdas may be max, the largest lambda "
     "that changes anything, or max/1000. It replaces the same penalty on the same selector in CONFIG. Given more than "
     "once, it runs every combination; the first range is the path",
     true},
    {"warm", 0, NULL,
     "Start each run from the weights of the previous one on its path (default: every run starts from initial weights). "
     "Later points are then trained longer than earlier ones",
     false},
    {"seeds", 0, "N", "Run every point with N seeds, from train.seed on; figures are then means with standard errors",
     false},
    {"jobs", 0, "N", "Run N paths in parallel (default: 1)", false},
    {"out", 0, "DIR",
     "The folder of the sweep, which may not hold a sweep yet (default: sweeps/NAME for NAME.yaml, then "
     "sweeps/NAME-2, ...)",
     false},
    {"resume", 0, "DIR",
     "Continue the sweep in DIR, or begin it there. Runs that have ended are not repeated; the result is that of a "
     "sweep that was never stopped",
     false},
    CLI_OPTION_SET,
    CLI_OPTION_PENALTY,
    CLI_OPTION_NO_PENALTIES,
    {"threads", 0, "N",
     "Use N threads, shared by the paths (default: the available cores). The result does not depend on it", false},
    CLI_OPTION_QUIET,
    CLI_OPTION_JSON,
    {0},
};

/* ---- Options ----------------------------------------------------------------------------------------------------- */

static tacet_status locate(const cli_args *a, cli_sweep *s)
{
    tacet_status status = cli_given_folder(a, "sweeps", &s->folder);
    const bool resume = cli_given_value(a, "resume") != NULL;
    bool begun = false, run = false;
    if (status == TACET_OK && !s->folder.stem) status = cli_folder_holds(s->folder.sweep, &begun);
    if (status == TACET_OK && !s->folder.stem) status = cli_folder_holds(s->folder.run, &run);
    if (status != TACET_OK) return status;
    s->begun = begun;
    if (!begun && run)
        return cli_fail_hint(TACET_DESCRIPTION, "use another folder", "%s holds a run of tacet train", s->folder.path);
    if (resume && a->operands == 0 && !begun)
        return cli_fail_hint(TACET_IO, "tacet sweep CONFIG --over ... --resume DIR begins a sweep",
                             "%s does not hold a sweep: %s is missing", s->folder.path, s->folder.sweep);
    if (!resume && begun)
        return cli_fail_hint(TACET_DESCRIPTION,
                             cli_format(a->arena,
                                        "--resume %s continues it; --out with another folder begins a new one",
                                        s->folder.path),
                             "%s already holds a sweep", s->folder.path);
    return TACET_OK;
}

static tacet_status differs(const cli_sweep *s, const char *theirs, const char *own)
{
    return cli_fail_hint(TACET_DESCRIPTION, "a sweep keeps the settings it was begun with; --out DIR begins a new one",
                         "%s was begun with %s, not with %s", s->folder.path, theirs, own);
}

/* Checks that a sweep is continued with the options that it was begun with. With --resume and no CONFIG, options that
 * are not given are taken from its folder. */
static tacet_status same_as(const cli_args *a, cli_sweep *s, const cli_sweep_asked *asked)
{
    static const char *const start[] = {"runs that start from initial weights", "--warm"};
    const bool alone = a->operands == 0;
    if ((!alone || s->warm) && s->warm != asked->warm) return differs(s, start[asked->warm], start[s->warm]);
    if ((!alone || cli_given_value(a, "seeds")) && s->seeds != asked->seeds)
        return differs(s, cli_format(a->arena, "--seeds %d", asked->seeds),
                       cli_format(a->arena, "--seeds %d", s->seeds));
    for (int i = 0; i < (s->overs > asked->overs ? s->overs : asked->overs) && (s->overs || !alone); i++) {
        const char *theirs = i < asked->overs ? cli_format(a->arena, "--over '%s'", asked->over[i]) : "no more --over";
        const char *own = i < s->overs ? cli_format(a->arena, "--over '%s'", s->over[i].text) : "no more --over";
        if (strcmp(theirs, own) != 0) return differs(s, theirs, own);
    }
    s->warm = asked->warm;
    s->seeds = asked->seeds;
    return TACET_OK;
}

static tacet_status read_overs(const cli_args *a, cli_sweep *s, cli_sweep_asked *asked)
{
    for (int i = 0; i < a->count; i++) {
        if (strcmp(a->given[i].option->name, "over") != 0) continue;
        if (s->overs == CLI_OVERS) return cli_fail(TACET_DESCRIPTION, "--over is given more than %d times", CLI_OVERS);
        s->over[s->overs++].text = a->given[i].value;
    }
    if (s->begun) {
        tacet_status status = cli_sweep_asked_read(s, asked);
        if (status == TACET_OK) status = same_as(a, s, asked);
        if (status != TACET_OK) return status;
        s->overs = asked->overs;
        for (int i = 0; i < s->overs; i++) s->over[i].text = asked->over[i];
    }
    if (s->warm && !tc_text_utf8(s->folder.path)) /* the path is in the configurations of the runs: init */
        return cli_fail(TACET_DESCRIPTION, "with --warm, the folder's name must be UTF-8: %s", s->folder.path);
    if (s->overs == 0)
        return cli_fail_hint(TACET_DESCRIPTION, "--over 'relu1: l1 lambda=1e-6..1e-2:9'", "--over is missing");
    for (int i = 0; i < s->overs; i++) {
        tacet_status status = cli_over_read(a->arena, s->over[i].text, &s->over[i]);
        if (status != TACET_OK) return status;
    }
    return TACET_OK;
}

/* ---- Before the first run ---------------------------------------------------------------------------------------- */

static void say_largest(cli_sweep *s, const cli_over *o)
{
    double most = 0;
    if (!o->lambda) return;
    const char *name = cli_format(s->arena, "%s:%s", o->on, o->kind);
    if (isnan(o->largest)) {
        cli_progress_tell(&s->progress,
                          cli_format(s->arena,
                                     "%s: the largest lambda cannot be estimated: the penalty or the data have no "
                                     "gradient at the start",
                                     name));
        return;
    }
    cli_progress_tell(
        &s->progress,
        cli_format(s->arena,
                   "%s: the largest lambda that changes anything is about %.3g, from the gradients at the start", name,
                   o->largest));
    for (int i = 0; i < o->count; i++) most = fmax(most, o->number[i]);
    if (most > 1.001 * o->largest)
        cli_warn(
            "%s: the range goes up to %g: according to the estimate, a network that starts with more than %.3g falls "
            "silent, and larger values change nothing",
            name, most, o->largest);
}

static bool known(const cli_over *o) { return !o->end[0].of_largest && !o->end[1].of_largest; }

static tacet_status open_once(cli_sweep *s, cli_config *c, const cli_sweep_asked *asked, int threads)
{
    cli_job job = {0};
    tacet_status status = cli_job_open(c, threads, &job);
    for (int i = 0; i < s->overs && status == TACET_OK; i++)
        if (known(&s->over[i])) status = cli_over_fill(s->arena, &s->over[i]);
    for (int end = 0; end < 2 && status == TACET_OK; end++)
        status = cli_over_try(s->arena, &job, s->overs, s->over, end);
    s->weights = true;
    for (int i = 0; i < s->overs && status == TACET_OK; i++) {
        cli_over_match(s->arena, job.graph, job.plan, &s->over[i]);
        s->weights = s->weights && s->over[i].parameter;
    }
    for (int i = 0; i < s->overs && status == TACET_OK; i++) {
        if (asked->overs)
            s->over[i].largest = asked->largest[i];
        else if (s->over[i].lambda)
            status = cli_over_estimate(s->arena, &job, threads, &s->over[i]);
        if (status == TACET_OK && !known(&s->over[i])) status = cli_over_fill(s->arena, &s->over[i]);
        if (status == TACET_OK) say_largest(s, &s->over[i]);
    }
    cli_job_close(&job);
    return status;
}

static tacet_status prepare(const cli_args *a, cli_sweep *s, cli_config *c)
{
    cli_sweep_asked asked = {0};
    tacet_status status = cli_given_count(a, "jobs", CLI_SWEEP_JOBS, &s->jobs);
    if (status == TACET_OK) status = cli_given_count(a, "seeds", CLI_SWEEP_SEEDS, &s->seeds);
    if (status == TACET_OK) status = locate(a, s);
    if (status == TACET_OK) status = read_overs(a, s, &asked);
    if (status == TACET_OK) status = cli_job_configure(a, a->operands ? a->operand[0] : s->folder.config, c);
    if (status != TACET_OK) return status;
    s->config = c;
    s->init = asked.init;
    if (!s->begun) status = cli_job_origin(c, &s->init);
    if (status != TACET_OK) return status;
    for (int i = 0; i < s->overs; i++) cli_over_replace(&s->over[i], c);
    s->seed = c->value[CLI_SEED].integer;
    status = open_once(s, c, &asked, a->threads);
    if (status == TACET_OK) status = cli_sweep_lay_out(s);
    if (status != TACET_OK) return status;
    const int paths = s->warm ? s->runs / s->over[0].count : s->runs;
    if (s->jobs > paths && paths == 1)
        cli_warn(
            "there is only one path, and its runs cannot run in parallel: --jobs %d needs more seeds, or no --warm",
            s->jobs);
    if (s->jobs > paths) s->jobs = paths;
    s->threads = a->threads / s->jobs > 1 ? a->threads / s->jobs : 1;
    return TACET_OK;
}

/* ---- After the last run ------------------------------------------------------------------------------------------ */

static tacet_status report(const cli_args *a, cli_sweep *s)
{
    cli_sweep_weigh(s);
    (cli_given_value(a, "json") ? cli_sweep_json : cli_sweep_table)(s, stdout);
    tacet_status status = cli_sweep_csv(s);
    if (status == TACET_OK) status = cli_sweep_page(s);
    if (status != TACET_OK) return status;
    cli_progress_say(&s->progress, "report: %s", s->folder.report);
    bool ended = false;
    for (int i = 0; i < s->points; i++) ended = ended || s->point[i].ended > 0;
    if (s->chosen >= 0) return TACET_OK;
    if (ended) return cli_fail(TACET_FAILED, "no point can be taken: %s is not a number in any run", s->by.name);
    return cli_fail(TACET_FAILED, "no run of the sweep has finished");
}

static tacet_status run(const cli_args *a)
{
    cli_config c;
    cli_sweep *s = cli_take(a->arena, sizeof *s);
    *s = (cli_sweep){.arena = a->arena, .program = a->program, .jobs = 1, .seeds = 1};
    s->warm = cli_given_value(a, "warm") != NULL;
    cli_progress_begin(&s->progress, cli_given_value(a, "quiet") != NULL);
    tacet_status status = prepare(a, s, &c);
    if (status == TACET_OK) status = cli_folder_make(a->arena, &s->folder);
    if (status == TACET_OK)
        status = cli_folder_lock(a->arena, &s->folder, true); /* until the last of its runs has ended */
    if (status == TACET_OK) status = cli_sweep_begin(s, &c);
    if (status == TACET_OK) status = cli_sweep_paths(s);
    if (status == TACET_OK) status = report(a, s);
    cli_progress_clear(&s->progress);
    cli_folder_unlock(&s->folder);
    return status;
}

const cli_command cli_command_sweep = {
    .name = "sweep",
    .operands = "CONFIG",
    .brief = "Train over a range of lambdas, and show what silence costs",
    .doc =
        "Trains the network that CONFIG describes once for each value of a penalty, or for each combination of "
        "several, and compares accuracy, density and time: as a table, in DIR/sweep.csv and in DIR/report.html. "
        "Recommends a point: of those within one standard error of the best, the one with the fewest units that fire. "
        "Figures are taken on the validation data if there are any (train.validate), otherwise on the test data. Each "
        "run is a folder in DIR, as tacet train writes it. With --resume, CONFIG and --over may be left out. The keys "
        "of a configuration are listed by tacet train --help.",
    .most = 1,
    .outlives = true,
    .option = option,
    .run = run,
};
