/* run_record.c: run.json and metrics.jsonl. */
#include "run_record.h"
#include "network.h"

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

/* When the run began is kept from the file that is there, if it can be read. */
static const char *began(cli_arena *a, const cli_folder *f)
{
    const tc_mem m = cli_memory(a);
    size_t length;
    char *text = cli_file_text(a, f->run, &length);
    const char *then = tc_json_text(
        tc_json_get(text ? tc_json_read(&m, text, length, &(tc_json_error){0}) : NULL, "began"));
    return then ? then : now(a);
}

static size_t machine_text(const void *none, char *text, size_t capacity)
{
    (void)none;
    return tacet_machine(text, capacity);
}

static void machine_json(tc_json_writer *j, cli_arena *a)
{
    const char *text = cli_text_of(a, machine_text, NULL);
    tc_json_open(j, "machine", '{');
    while (*text) {
        const size_t n = strcspn(text, "\n"), key = strcspn(text, ":");
        if (key < n)
            tc_json_add_text(
                j, cli_copy(a, text, key),
                cli_copy(a, text + key + 1 + strspn(text + key + 1, " "), n - key - 1 - strspn(text + key + 1, " ")));
        text += n + (text[n] == '\n');
    }
    tc_json_close(j, '}');
}

static void rows_json(tc_json_writer *j, const cli_job *job)
{
    const char *const name[] = {"training", "validation", "test"};
    const tacet_data *const part[] = {job->data, job->validation, job->test};
    tacet_data_info info = {.size = sizeof info};
    tc_json_open(j, "rows", '{');
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        if (!part[i]) continue;
        tacet_data_describe(part[i], &info);
        tc_json_add_integer(j, name[i], info.rows);
    }
    tc_json_close(j, '}');
    tc_json_open(j, "input", '[');
    for (int i = 0; i < job->info.stored_rank; i++) tc_json_add_integer(j, NULL, job->info.stored_shape[i]);
    tc_json_close(j, ']');
}

tacet_status cli_record_write(cli_arena *a, const cli_folder *f, const cli_job *job, const char *state, int threads,
                              const cli_figures *figures)
{
    cli_outfile o;
    const char *begin = began(a, f);
    tacet_status s = cli_outfile_open(a, f->run, &o);
    if (s != TACET_OK) return s;
    tc_json_writer j = cli_json(a);
    tc_json_open(&j, NULL, '{');
    tc_json_add_text(&j, "tacet", tacet_version());
    tc_json_add_text(&j, "state", state);
    tc_json_add_text(&j, "began", begin);
    if (strcmp(state, "running") != 0) tc_json_add_text(&j, "ended", now(a));
    tc_json_add_integer(&j, "threads", threads);
    machine_json(&j, a);
    rows_json(&j, job);
    tc_json_add_integer(&j, "steps_per_epoch", tacet_loader_batches(job->loader));
    cli_network_json(&j, a, job->plan);
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

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

double cli_record_number(const tc_json *object, const char *key) { return tc_json_number(tc_json_get(object, key)); }

const char *cli_record_text(cli_arena *a, const tc_json *object, const char *key)
{
    const char *s = tc_json_text(tc_json_get(object, key));
    return s ? tc_tame(cli_copy(a, s, strlen(s)), "\n") : "-";
}

const char *cli_record_name(cli_arena *a, const tc_json *entry)
{
    if (tc_json_get(entry, "name")) return cli_record_text(a, entry, "name");
    return cli_format(a, "%s:%s", cli_record_text(a, entry, "on"), cli_record_text(a, entry, "kind"));
}

/* The lines of metrics.jsonl. Those of epochs have their seconds. */
static tacet_status read_lines(cli_record *r, char *text, size_t length)
{
    const tc_mem m = cli_memory(&r->arena);
    size_t lines = 0;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    r->epoch = cli_take(&r->arena, sizeof *r->epoch * (lines + 1));
    r->step = cli_take(&r->arena, sizeof *r->step * (lines + 1));
    for (size_t at = 1; at <= lines; at++) {
        tc_json_error e = {.column = 1, .text = "expected an object"};
        char *end = memchr(text, '\n', length);
        *end = '\0';
        const tc_json *o = tc_json_read(&m, text, (size_t)(end - text), &e);
        if (!o || o->kind != TC_JSON_OBJECT)
            return cli_fail(TACET_FILE, "%s:%zu:%zu: not a line of metrics: %s", r->folder.metrics, at, e.column,
                            e.text);
        if (tc_json_get(o, "seconds"))
            r->epoch[r->epochs++] = o;
        else
            r->step[r->steps++] = o;
        length -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return TACET_OK;
}

tacet_status cli_record_open(cli_arena *a, const char *path, cli_record *r)
{
    size_t length;
    *r = (cli_record){0};
    cli_folder_name(a, path, &r->folder);
    char *text = cli_file_text(&r->arena, r->folder.metrics, &length);
    if (!text && cli_folder_has(r->folder.sweep))
        return cli_fail_hint(TACET_IO,
                             cli_format(a, "its page is %s; its runs are the folders in it", r->folder.report),
                             "%s holds a sweep, not a run", path);
    if (!text) return cli_fail(TACET_IO, "cannot open %s: is the folder that of a run?", r->folder.metrics);
    const tacet_status s = read_lines(r, text, length);
    if (s != TACET_OK || !cli_folder_has(r->folder.run)) return s;
    return cli_json_file(&r->arena, r->folder.run, "not what a run writes", &r->run);
}

void cli_record_close(cli_record *r)
{
    cli_arena_free(&r->arena);
    *r = (cli_record){0};
}
