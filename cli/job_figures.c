/* job_figures.c: evaluates a part of a job's data, with the weights and, if train.ema is set, with their averages. */
#include "figures.h"
#include "job.h"

#include <math.h>

static tacet_status take(const cli_job *job, int part, cli_figures *f)
{
    return cli_figures_take(job->plan, job->part[part].data, job->batch, job->x, job->target, job->y, f);
}

/* The weights come back in any case: the run goes on, or writes a checkpoint. */
static tacet_status take_averaged(cli_arena *a, const cli_job *job, int part, cli_averaged *to)
{
    cli_figures f = {.step_us = NAN};
    tacet_metric m = {.size = sizeof m, .value = NAN};
    tacet_status s = tacet_use_average(job->plan, true);
    if (s == TACET_OK) s = take(job, part, &f);
    if (s == TACET_OK) {
        tacet_metric_at(job->plan, job->metric < 0 ? 0 : job->metric, false, &m);
        *to = (cli_averaged){.record = cli_figures_json(a, job->plan, &f, false).to.data,
                             .line = cli_metrics_line(a, job->plan),
                             .result = f.result,
                             .metric = m.value};
    }
    tacet_use_average(job->plan, false);
    return s;
}

tacet_status cli_job_figures(cli_arena *a, const cli_job *job, int part, cli_figures *f)
{
    const bool averages = job->config->value[CLI_EMA].number > 0;
    const tacet_status s = averages ? take_averaged(a, job, part, &f->averaged) : TACET_OK;
    return s == TACET_OK ? take(job, part, f) : s;
}

tacet_status cli_job_save_average(const cli_job *job, const char *path, tacet_error *e)
{
    tacet_note note[CLI_NOTES];
    cli_job_notes(job, note);
    tacet_use_average(job->plan, true);
    const tacet_status s = tacet_save(job->plan, path, CLI_NOTES, note, e);
    tacet_use_average(job->plan, false);
    return s;
}
