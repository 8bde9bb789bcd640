/* run_record.c: run.json and metrics.jsonl. */
#include "run_record.h"
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

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

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

double cli_record_number(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

const char *cli_record_text(cli_arena *a, const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    char *copy = cli_copy(a, s ? s : "-", s ? strlen(s) : 1);
    cli_tame(copy);
    return copy;
}

const char *cli_record_name(cli_arena *a, const json_t *entry)
{
    if (json_object_get(entry, "name")) return cli_record_text(a, entry, "name");
    return cli_format(a, "%s:%s", cli_record_text(a, entry, "on"), cli_record_text(a, entry, "kind"));
}

static tacet_status read_lines(const char *metrics, FILE *f, cli_record *r)
{
    tacet_status s = TACET_OK;
    char *line = NULL;
    size_t room = 0;
    int at = 1;
    for (ssize_t n; s == TACET_OK && (n = getline(&line, &room, f)) > 0; at++) {
        json_error_t e;
        if (line[n - 1] != '\n') break;
        json_t *o = json_loadb(line, (size_t)n, JSON_REJECT_DUPLICATES, &e);
        if (!o || !json_is_object(o))
            s = cli_fail(TACET_FILE, "%s:%d: not a line of metrics: %s", metrics, at, o ? "no object" : e.text);
        else if (json_array_append(json_object_get(o, "seconds") ? r->epochs : r->steps, o) != 0)
            s = cli_fail(TACET_MEMORY, "out of memory");
        json_decref(o);
    }
    if (s == TACET_OK && ferror(f)) s = cli_fail(TACET_IO, "cannot read %s", metrics);
    free(line);
    return s;
}

static tacet_status read_run(const char *path, cli_record *r)
{
    json_error_t e;
    if (!cli_folder_has(path)) {
        r->run = json_object();
        return r->run ? TACET_OK : cli_fail(TACET_MEMORY, "out of memory");
    }
    r->run = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
    if (json_is_object(r->run)) return TACET_OK;
    return cli_fail(TACET_FILE, "%s:%d: not what a run writes: %s", path, r->run ? 1 : e.line,
                    r->run ? "no object" : e.text);
}

tacet_status cli_record_open(cli_arena *a, const char *path, cli_record *r)
{
    *r = (cli_record){.epochs = json_array(), .steps = json_array()};
    cli_folder_name(a, path, &r->folder);
    if (!r->epochs || !r->steps) return cli_fail(TACET_MEMORY, "out of memory");
    FILE *f = fopen(r->folder.metrics, "r");
    if (!f && cli_folder_has(r->folder.sweep))
        return cli_fail_hint(TACET_IO,
                             cli_format(a, "its page is %s; its runs are the folders in it", r->folder.report),
                             "%s holds a sweep, not a run", path);
    if (!f) return cli_fail(TACET_IO, "cannot open %s: is the folder that of a run?", r->folder.metrics);
    tacet_status s = read_lines(r->folder.metrics, f, r);
    fclose(f);
    return s == TACET_OK ? read_run(r->folder.run, r) : s;
}

void cli_record_close(cli_record *r)
{
    json_decref(r->run);
    json_decref(r->epochs);
    json_decref(r->steps);
    *r = (cli_record){0};
}
