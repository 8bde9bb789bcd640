/* job_metrics.c: which metrics a job measures, and by which of them an epoch is the best. */
#include "figures.h"
#include "job.h"

#include <string.h>

static const cli_item *item(const cli_config *c, int key) { return &c->value[key].item; }
static const char *text(const cli_config *c, int key) { return c->value[key].item.text; }

/* What the figure of a metric is called: its own name, or what name= gives. */
static const char *metric_name(cli_arena *a, const char *spec)
{
    char name[256];
    tacet_setting at = {.size = sizeof at};
    if (tacet_spec_find(TACET_ROLE_METRIC, spec, "name", &at, name, sizeof name, NULL) < sizeof name && *name)
        return cli_copy(a, name, strlen(name));
    return cli_copy(a, spec, strcspn(spec, " "));
}

/* The losses by which an epoch can be the best. */
static bool is_loss(const char *metric) { return strcmp(metric, "data_loss") == 0 || strcmp(metric, "objective") == 0; }

const char *cli_job_metrics(const cli_config *c)
{
    const char *own = text(c, CLI_METRIC), *all = text(c, CLI_METRICS);
    if (!*own || is_loss(own)) return all;
    for (const cli_pair *p = c->metrics; p; p = p->next)
        if (strcmp(metric_name(c->arena, p->spec.text), own) == 0) return all;
    return cli_format(c->arena, "%s%s%s", all, *all ? ", " : "", own);
}

/* The names of metrics must differ from those of the other figures of a line. */
static tacet_status check_names(const cli_job *job)
{
    static const char *const other[] = {"terms", "layers", "warnings", "validation", "ema", "notes", "part", "rows"};
    tacet_metric m = {.size = sizeof m};
    bool taken = false;
    for (int i = 0; tacet_metric_at(job->plan, i, false, &m) == TACET_OK; i++) {
        for (size_t k = 0; k < sizeof other / sizeof *other; k++) taken = taken || strcmp(other[k], m.name) == 0;
        for (int k = 0; k < CLI_RUN_FIGURES; k++) taken = taken || strcmp(cli_run_figure[k].key, m.name) == 0;
        if (taken)
            return cli_fail_at(item(job->config, CLI_METRICS)->place, 1,
                               "choose another with name=", "%s is the name of another figure", m.name);
    }
    return TACET_OK;
}

tacet_status cli_job_choose_metric(cli_job *job)
{
    const cli_config *c = job->config;
    const cli_item *own = item(c, CLI_METRIC);
    tacet_metric m = {.size = sizeof m};
    job->metric = -1;
    const tacet_status s = check_names(job);
    if (s != TACET_OK) return s;
    for (int i = 0; !is_loss(own->text) && tacet_metric_at(job->plan, i, false, &m) == TACET_OK; i++) {
        if (strcmp(m.name, metric_name(c->arena, own->text)) != 0) continue;
        if (m.better == 0)
            return cli_fail_at(own->place, strlen(own->text), "choose one like accuracy or f1",
                               "%s is not one number, so no epoch can be the best by it", m.name);
        job->metric = i;
    }
    const cli_item *patience = item(c, CLI_PATIENCE);
    const bool stops = c->value[CLI_PATIENCE].integer > 0;
    const bool usual = strcmp(own->text, cli_key_table[CLI_METRIC].value) == 0;
    if (job->part[CLI_VALIDATION_PART].data || (!stops && usual)) return TACET_OK;
    return cli_fail_at(stops ? patience->place : own->place, strlen(stops ? patience->text : own->text),
                       "train.validate=0.1 holds a tenth of the training data out", "%s needs data for validation",
                       stops ? "train.patience" : "train.metric");
}
