/* run_record.c: writes run.json. */
#include "run_record.h"
#include "begun.h"
#include "network.h"

#include <string.h>
#include <time.h>

static const char *now(cli_arena *a)
{
    char text[32];
    struct tm t;
    const time_t seconds = time(NULL);
    if (!gmtime_r(&seconds, &t)) return "";
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &t);
    return cli_copy(a, text, strlen(text));
}

/* When the run began: taken from an earlier run.json if it can be read, otherwise now. */
static const char *began(cli_arena *a, const cli_folder *f)
{
    const tc_mem m = cli_memory(a);
    size_t length;
    char *text = cli_file_text(a, f->run, &length);
    const char *then = tc_json_text(
        tc_json_get(text ? tc_json_read(&m, text, length, &(tc_json_error){0}) : NULL, "began"));
    return then ? then : now(a);
}

static void machine_json(tc_json_writer *j, cli_arena *a)
{
    const char *key, *value, *lines = cli_machine(a);
    tc_json_open(j, "machine", '{');
    while (cli_next_line(a, &lines, &key, &value)) tc_json_add_text(j, key, value);
    tc_json_close(j, '}');
}

static void rows_json(tc_json_writer *j, const cli_job *job)
{
    tacet_data_info info = {.size = sizeof info};
    tc_json_open(j, "rows", '{');
    for (int i = 0; i < CLI_PARTS; i++) {
        if (!job->part[i].data) continue;
        tacet_data_describe(job->part[i].data, &info);
        tc_json_add_integer(j, job->part[i].name, info.rows);
    }
    tc_json_close(j, '}');
    tc_json_open(j, "input", '[');
    for (int i = 0; i < job->info.stored_rank; i++) tc_json_add_integer(j, NULL, job->info.stored_shape[i]);
    tc_json_close(j, ']');
}

/* What is measured, so that a page needs no list of metrics, and what the classes are called. */
static void metrics_json(tc_json_writer *j, cli_arena *a, const cli_job *job)
{
    tacet_metric m = {.size = sizeof m};
    tc_json_add_text(j, "metric", job->config->value[CLI_METRIC].item.text);
    tc_json_open(j, "metrics", '[');
    for (int i = 0; tacet_metric_at(job->plan, i, false, &m) == TACET_OK; i++) {
        tc_json_open(j, NULL, '{');
        tc_json_add_text(j, "name", m.name);
        tc_json_add_integer(j, "better", m.better);
        tc_json_add_integer(j, "by", m.by);
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
    if (!job->classes || !*job->classes) return;
    tc_json_open(j, "classes", '[');
    for (const char *at = job->classes; *at; at += strcspn(at, "\n"), at += *at == '\n')
        tc_json_add_text(j, NULL, cli_copy(a, at, strcspn(at, "\n")));
    tc_json_close(j, ']');
}

tacet_status cli_record_write(cli_arena *a, const cli_folder *f, const cli_job *job, const char *state, int threads,
                              const cli_figures *figures)
{
    cli_outfile o;
    const char *begin = began(a, f);
    tacet_status s = cli_outfile_open(f->run, &o);
    if (s != TACET_OK) return s;
    tc_json_writer j = cli_json(a);
    tc_json_open(&j, NULL, '{');
    tc_json_add_text(&j, "tacet", tacet_version());
    tc_json_add_text(&j, "state", state);
    tc_json_add_text(&j, "began", begin);
    if (strcmp(state, "running") != 0) tc_json_add_text(&j, "ended", now(a));
    cli_begun_json(&j, job->config, f->path);
    tc_json_add_integer(&j, "threads", threads);
    machine_json(&j, a);
    rows_json(&j, job);
    tc_json_add_integer(&j, "steps_per_epoch", tacet_loader_batches(job->loader));
    cli_network_json(&j, a, job->plan);
    metrics_json(&j, a, job);
    if (figures) {
        tc_json_open(&j, "figures", '{');
        tc_json_add_text(&j, "part", figures->part);
        tc_json_add_integer(&j, "rows", figures->result.rows);
        cli_figures_json(&j, job->plan, figures, true);
        tc_json_close(&j, '}');
    }
    tc_json_close(&j, '}');
    cli_json_print(&j, o.f);
    return cli_outfile_close(&o);
}
