/* trial.c: compiles a second graph and plan with other penalties on the data of an open job. */
#include "ledger.h"
#include "sweep/range.h"

#include <math.h>
#include <string.h>

void cli_over_match(cli_arena *a, const tacet_graph *g, const tacet_plan *p, cli_over *o)
{
    tacet_value_info v = {.size = sizeof v};
    cli_matched *m = cli_take(a, ((size_t)tacet_value_count(p) + 1) * sizeof *m);
    o->matches = 0;
    o->parameter = false;
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) {
        if (!tacet_matches(g, o->on, v.value)) continue;
        m[o->matches++] = (cli_matched){cli_copy(a, v.name, strlen(v.name)), v.elements};
        o->parameter = v.role == TACET_ROLE_PARAMETER;
    }
    o->matched = m;
}

typedef struct trial {
    cli_config config;
    cli_job job;
} trial;

static void close_trial(trial *t)
{
    tacet_plan_free(t->job.plan);
    tacet_graph_free(t->job.graph);
}

/* Opens the job with these penalties and those of all ranges at one end (with the value 1 if max is not known yet). */
static tacet_status open_trial(trial *t, cli_arena *a, const cli_job *job, const cli_pair *penalties, int overs,
                               const cli_over *over, int end, int threads)
{
    *t = (trial){.config = *job->config, .job = *job};
    t->job.config = &t->config;
    t->job.graph = NULL;
    t->job.plan = NULL;
    t->config.penalties = NULL;
    tacet_status s = TACET_OK;
    for (const cli_pair *p = penalties; p && s == TACET_OK; p = p->next)
        s = cli_pair_add(&t->config, &t->config.penalties, p->on, p->spec);
    for (const cli_over *o = over; o < over + overs && s == TACET_OK; o++) {
        const char *value = o->value ? o->value[end ? o->count - 1 : 0] : "1";
        s = cli_config_penalty(&t->config, "--over", cli_over_penalty(a, o, value));
    }
    if (s == TACET_OK) s = cli_job_describe(&t->job);
    return s == TACET_OK ? cli_job_compile(&t->job, threads) : s;
}

tacet_status cli_over_try(cli_arena *a, const cli_job *job, int overs, const cli_over *over, int end)
{
    trial t;
    const tacet_status s = open_trial(&t, a, job, job->config->penalties, overs, over, end, 1);
    close_trial(&t);
    return s;
}

tacet_status cli_over_estimate(cli_arena *a, const cli_job *job, int threads, cli_over *o)
{
    trial t;
    tacet_term term = {.size = sizeof term};
    tacet_status s = open_trial(&t, a, job, NULL, 1, o, 0, threads);
    if (s == TACET_OK) s = cli_job_initialise(&t.job, NULL);
    for (int i = 0; s == TACET_OK && i < tacet_term_count(t.job.plan); i++) {
        double lambda;
        if (!cli_penalises(t.job.plan, i, &term)) continue;
        tacet_loader_seek(job->loader, 0, 0);
        const int64_t rows = tacet_loader_next(job->loader, t.job.plan, t.job.x, t.job.target);
        /* The run has the same error, and reports it. */
        if (rows > 0 && tacet_lambda_max(t.job.plan, i, rows, &lambda) == TACET_OK)
            o->largest = fmax(o->largest, lambda);
    }
    tacet_loader_seek(job->loader, 0, 0);
    close_trial(&t);
    return s;
}
