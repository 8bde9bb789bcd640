/* run_record.c: run.json. */
#include "run_record.h"
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

static const char *began(cli_arena *a, const cli_folder *f)
{
    json_t *old = json_load_file(f->run, JSON_REJECT_DUPLICATES, NULL);
    const char *text = json_string_value(json_object_get(old, "began"));
    text = text ? cli_copy(a, text, strlen(text)) : now(a);
    json_decref(old);
    return text;
}

static size_t machine_text(const void *none, char *text, size_t capacity)
{
    (void)none;
    return tacet_machine(text, capacity);
}

static void machine_json(cli_json *j, cli_arena *a)
{
    const char *text = cli_text_of(a, machine_text, NULL);
    cli_json_open(j, "machine", '{');
    while (*text) {
        const size_t n = strcspn(text, "\n"), key = strcspn(text, ":");
        if (key < n)
            cli_json_text(
                j, cli_copy(a, text, key),
                cli_copy(a, text + key + 1 + strspn(text + key + 1, " "), n - key - 1 - strspn(text + key + 1, " ")));
        text += n + (text[n] == '\n');
    }
    cli_json_close(j, '}');
}

static void rows_json(cli_json *j, const cli_job *job)
{
    const char *const name[] = {"training", "validation", "test"};
    const tacet_data *const part[] = {job->data, job->validation, job->test};
    tacet_data_info info = {.size = sizeof info};
    cli_json_open(j, "rows", '{');
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        if (!part[i]) continue;
        tacet_data_describe(part[i], &info);
        cli_json_integer(j, name[i], info.rows);
    }
    cli_json_close(j, '}');
    cli_json_open(j, "input", '[');
    for (int i = 0; i < job->info.stored_rank; i++) cli_json_integer(j, NULL, job->info.stored_shape[i]);
    cli_json_close(j, ']');
}

tacet_status cli_record_write(cli_arena *a, const cli_folder *f, const cli_job *job, const char *state, int threads,
                              const cli_figures *figures)
{
    cli_outfile o;
    const char *begin = began(a, f);
    tacet_status s = cli_outfile_open(a, f->run, &o);
    if (s != TACET_OK) return s;
    cli_json j = {.to = o.f};
    cli_json_open(&j, NULL, '{');
    cli_json_text(&j, "tacet", tacet_version());
    cli_json_text(&j, "state", state);
    cli_json_text(&j, "began", begin);
    if (strcmp(state, "running") != 0) cli_json_text(&j, "ended", now(a));
    cli_json_integer(&j, "threads", threads);
    machine_json(&j, a);
    rows_json(&j, job);
    cli_json_integer(&j, "steps_per_epoch", tacet_loader_batches(job->loader));
    cli_network_json(&j, a, job->plan);
    if (figures) {
        cli_json_open(&j, "figures", '{');
        cli_json_text(&j, "part", figures->part);
        cli_json_integer(&j, "rows", figures->result.rows);
        cli_figures_json(&j, job->plan, figures, true);
        cli_json_close(&j, '}');
    }
    cli_json_close(&j, '}');
    fputc('\n', o.f);
    return cli_outfile_close(&o);
}
