/* run_read.c: run.json and metrics.jsonl, read back. */
#include "run_read.h"

#include "output.h"

#include <errno.h>
#include <string.h>

double cli_number(const tc_json *object, const char *key)
{
    char first[32];
    const char *over = strchr(key, '/');
    if (!over) return tc_json_number(tc_json_get(object, key));
    snprintf(first, sizeof first, "%.*s", (int)(over - key), key);
    return cli_number(object, first) / cli_number(object, over + 1);
}

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

/* Sorts the lines of metrics.jsonl: only those that end an epoch have "seconds". */
static tacet_status read_lines(cli_record *r, char *text, size_t length)
{
    const tc_mem m = cli_memory(&r->arena);
    size_t lines = 0;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    r->epoch = cli_take(&r->arena, sizeof *r->epoch * (lines + 1));
    r->step = cli_take(&r->arena, sizeof *r->step * (lines + 1));
    for (size_t at = 1; at <= lines; at++) {
        tc_json_error e;
        char *end = memchr(text, '\n', length);
        *end = '\0';
        const tc_json *o = tc_json_read(&m, text, (size_t)(end - text), &e);
        if (o && o->kind != TC_JSON_OBJECT) e = (tc_json_error){.text = "expected an object", .column = 1};
        if (!o || e.text)
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
    bool there, sweep = false;
    char *text = NULL;
    tacet_status s = cli_folder_holds(r->folder.metrics, &there);
    if (s == TACET_OK && !there) s = cli_folder_holds(r->folder.sweep, &sweep);
    if (s != TACET_OK) return s;
    if (sweep)
        return cli_fail_hint(TACET_IO,
                             cli_format(a, "its page is %s; the folders in it are its runs", r->folder.report),
                             "%s holds a sweep, not a run", path);
    if (!there) return cli_fail(TACET_IO, "cannot open %s: is this the folder of a run?", r->folder.metrics);
    text = cli_file_text(&r->arena, r->folder.metrics, &length);
    if (!text) return cli_fail(TACET_IO, "cannot read %s: %s", r->folder.metrics, strerror(errno));
    s = read_lines(r, text, length);
    if (s == TACET_OK) s = cli_folder_holds(r->folder.run, &there);
    if (s != TACET_OK || !there) return s;
    return cli_json_file(&r->arena, r->folder.run, "not a record of a run", &r->run);
}

void cli_record_close(cli_record *r)
{
    cli_arena_free(&r->arena);
    *r = (cli_record){0};
}

/* ---- How often units fire ---------------------------------------------------------------------------------------- */

const cli_bins *cli_record_bins(const tc_json *layer)
{
    static const cli_bins tenths = {
        "histogram", 10, {"0", "10", "20", "30", "40", "50", "60", "70", "80", "90", "100"}};
    static const cli_bins decades = {"decades", 6, {"0", ".001", ".01", ".1", "1", "10", "100"}};
    const double few = tc_json_number(tc_json_at(tc_json_get(layer, tenths.key), 0));
    const bool rare = few > cli_number(layer, "dead") && few > cli_number(layer, "units") / 2;
    return rare && tc_json_size(tc_json_get(layer, decades.key)) == (size_t)decades.n ? &decades : &tenths;
}

int cli_record_bins_empty(const tc_json *layer)
{
    const cli_bins *b = cli_record_bins(layer);
    const tc_json *bins = tc_json_get(layer, b->key);
    int k = 0;
    if (b->n == CLI_MOST_BINS) return 0;
    while (k + 2 < b->n && tc_json_number(tc_json_at(bins, (size_t)k)) == (k ? 0 : cli_number(layer, "dead"))) k++;
    return k;
}

/* ---- Warnings ---------------------------------------------------------------------------------------------------- */

/* A warning, and the last of the ranges of epochs in which it held. */
typedef struct seen {
    cli_warned shown;
    const char *kind;
    double from, to;
} seen;

static void end_range(cli_arena *a, seen *w, bool last)
{
    const bool first = !*w->shown.when, one = w->from == w->to;
    const char *range = one ? cli_format(a, "%.0f", w->to) : cli_format(a, "%.0f to %.0f", w->from, w->to);
    w->shown.when = cli_format(a, "%s%s%s", w->shown.when, first ? "" : ", ", range);
    if (last) w->shown.when = cli_format(a, "epoch%s %s", first && one ? "" : "s", w->shown.when);
}

static void add_warning(cli_arena *a, seen *list, int *n, double epoch, const tc_json *warning)
{
    const char *on = cli_record_text(a, warning, "on"), *kind = cli_record_text(a, warning, "kind");
    int i = 0;
    while (i < *n && (strcmp(list[i].shown.on, on) != 0 || strcmp(list[i].kind, kind) != 0)) i++;
    seen *w = &list[i];
    if (i == *n) {
        *w = (seen){{on, "", ""}, kind, epoch, epoch};
        ++*n;
    } else if (epoch > w->to + 1) {
        end_range(a, w, false);
        w->from = epoch;
    }
    w->to = epoch;
    w->shown.text = cli_record_text(a, warning, "text");
}

const cli_warned *cli_record_warnings(cli_arena *a, const cli_record *r, int *n)
{
    const tc_json *w;
    size_t all = 0, k;
    *n = 0;
    for (size_t i = 0; i < r->epochs; i++) all += tc_json_size(tc_json_get(r->epoch[i], "warnings"));
    seen *list = cli_take(a, (all + 1) * sizeof *list);
    for (size_t i = 0; i < r->epochs; i++)
        tc_json_each(tc_json_get(r->epoch[i], "warnings"), k, w)
            add_warning(a, list, n, cli_number(r->epoch[i], "epoch"), w);
    cli_warned *shown = cli_take(a, ((size_t)*n + 1) * sizeof *shown);
    for (int i = 0; i < *n; i++) {
        end_range(a, &list[i], true);
        shown[i] = list[i].shown;
    }
    return shown;
}
