/* run_record.c: writes run.json. */
#include "run_record.h"
#include "begun.h"
#include "file_sum.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *now(cli_arena *a)
{
    char text[32];
    struct tm t;
    const time_t seconds = time(NULL);
    if (!gmtime_r(&seconds, &t)) return "";
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &t);
    return cli_copy(a, text, strlen(text));
}

/* When the run began: taken from an earlier run.json that says it, otherwise now. */
static tacet_status find_began(cli_arena *a, const cli_folder *f, const char **began)
{
    const tc_mem m = cli_memory(a);
    size_t length;
    char *text = cli_file_text(a, f->run, &length);
    if (!text && errno != ENOENT) return cli_fail_file("read", f->run);
    const tc_json *before = text ? tc_json_read(&m, text, length, &(tc_json_error){0}) : NULL;
    *began = tc_json_text(tc_json_get(before, "began"));
    if (!*began) *began = now(a);
    return TACET_OK;
}

/* ---- A process that cannot write the record any more ------------------------------------------------------------- */

#define STATE_RUNNING "\"state\":\"running\""
#define STATE_STOPPED "\"state\":\"stopped\""
#define STATE_FAILED "\"state\": \"failed\""
_Static_assert(sizeof STATE_RUNNING == sizeof STATE_STOPPED && sizeof STATE_RUNNING == sizeof STATE_FAILED,
               "a state is replaced in place");

/* The path of the record that says "running" for this process, or "". */
static char running[PATH_MAX];

/* The place of the word in an open record; -1: it is not there. The state is among the first things that a record says. */
static off_t place_of_running(int file)
{
    char head[256] = "";
    const char *at = file >= 0 && read(file, head, sizeof head - 1) > 0 ? strstr(head, STATE_RUNNING) : NULL;
    return at ? (off_t)(at - head) : -1;
}

/* Without memory, and with calls that are safe in a signal handler. */
static void replace_state(const char *state)
{
    const int file = *running ? open(running, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
    const off_t at = place_of_running(file);
    if (at >= 0) (void)!pwrite(file, state, sizeof STATE_RUNNING - 1, at);
    if (file >= 0) close(file);
}

bool cli_record_running(const cli_folder *f)
{
    const int file = open(f->run, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const bool found = place_of_running(file) >= 0;
    if (file >= 0) close(file);
    return found;
}

void cli_record_stop(void) { replace_state(STATE_STOPPED); }

static void fail(void) { replace_state(STATE_FAILED); }

/* ---- The record -------------------------------------------------------------------------------------------------- */

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
    tc_json_add_text(j, "metric", job->config->value[CLI_METRIC].item.text);
    tc_json_add_members(j, cli_plan_record(a, job->plan, "metrics", NULL).to.data);
    if (!job->classes || !*job->classes) return;
    tc_json_open(j, "classes", '[');
    for (const char *at = job->classes; *at; at += strcspn(at, "\n"), at += *at == '\n')
        tc_json_add_text(j, NULL, cli_copy(a, at, strcspn(at, "\n")));
    tc_json_close(j, ']');
}

/* Checksums of what the run began from and of what it ends with, by which a sweep knows whether they are still the same. */
static tacet_status sums_json(tc_json_writer *j, cli_arena *a, const cli_folder *f, const cli_job *job)
{
    const struct {
        const char *key, *path;
    } file[] = {{"model", f->model}, {"best", f->best}, {"metrics", f->metrics}};
    tacet_error e;
    tc_json_open(j, "sums", '{');
    if (job->began_from) tc_json_add_text(j, "init", job->began_from);
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        const char *sum;
        bool there;
        tacet_status s = cli_folder_holds(file[i].path, &there);
        if (s != TACET_OK) return s;
        if (there && cli_file_sum(a, file[i].path, &sum, &e) != TACET_OK) return cli_refuse(&e, 0, NULL);
        if (there) tc_json_add_text(j, file[i].key, sum);
    }
    tc_json_close(j, '}');
    return TACET_OK;
}

tacet_status cli_record_write(cli_arena *a, const cli_folder *f, const cli_job *job, const char *state, int threads,
                              const cli_figures *figures)
{
    cli_outfile o;
    tacet_status s = cli_outfile_open(f->run, &o);
    if (s != TACET_OK) return s;
    tc_json_writer j = cli_json(a);
    tc_json_open(&j, NULL, '{');
    tc_json_add_text(&j, "tacet", tacet_version());
    tc_json_add_text(&j, "state", state);
    tc_json_add_text(&j, "began", job->began);
    if (strcmp(state, "running") != 0) tc_json_add_text(&j, "ended", now(a));
    cli_begun_json(&j, job->config, f->path);
    tc_json_add_integer(&j, "threads", threads);
    machine_json(&j, a);
    rows_json(&j, job);
    tc_json_add_integer(&j, "steps_per_epoch", cli_job_steps(job));
    tc_json_add_members(&j, cli_plan_record(a, job->plan, "network", NULL).to.data);
    metrics_json(&j, a, job);
    if (strcmp(state, "ended") == 0) s = sums_json(&j, a, f, job);
    if (figures) {
        tc_json_open(&j, "figures", '{');
        tc_json_add_text(&j, "part", figures->part);
        tc_json_add_integer(&j, "rows", figures->result.rows);
        tc_json_add_members(&j, cli_figures_json(a, job->plan, figures, true).to.data);
        tc_json_close(&j, '}');
    }
    tc_json_close(&j, '}');
    if (s == TACET_OK) cli_json_print(&j, o.f);
    if (s == TACET_OK) s = cli_outfile_close(&o);
    cli_outfile_drop(&o); /* nothing to do if it was closed */
    if (s == TACET_OK) *running = '\0';
    return s;
}

tacet_status cli_record_begin(cli_arena *a, const cli_folder *f, cli_job *job, int threads)
{
    tacet_status s = find_began(a, f, &job->began);
    if (s == TACET_OK) s = cli_record_write(a, f, job, "running", threads, NULL);
    if (s != TACET_OK) return s;
    if (strlen(f->run) < sizeof running) strcpy(running, f->run);
    if (atexit(fail) != 0) return cli_fail(TACET_MEMORY, "out of memory");
    return TACET_OK;
}
