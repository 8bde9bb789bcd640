/* run_read.c: run.json and metrics.jsonl, read back. */
#include "run_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
