/* run_set.c: what the sections of a report read from runs. Whatever the files of a run lack is NULL or NAN. */
#include "report/run_set.h"

#include <math.h>
#include <string.h>

void cli_set_begin(cli_run_set *s)
{
    if (s->title) cli_page_section(s->page, s->title, s->note);
    s->title = s->note = NULL;
}

tacet_status cli_set_holds(cli_run_set *s, const char *path, bool *there)
{
    tacet_error e;
    const int exists = tc_file_exists(path);
    *there = exists > 0;
    if (exists >= 0) return TACET_OK;
    cli_file_error(&e, "read", path);
    cli_set_begin(s);
    cli_page_missing(s->page, e.status, "%s", e.message);
    return e.status;
}

const char *cli_set_title(const cli_run_set *s, int run, const char *what)
{
    return s->runs > 1 ? cli_format(s->arena, "%s · %s", what, s->name[run]) : what;
}

const tc_json *cli_last_epoch(const cli_record *r) { return r->epochs ? r->epoch[r->epochs - 1] : NULL; }

/* ---- Entries by name --------------------------------------------------------------------------------------------- */

/* The arena is freed after each call, because a long run has a great many lines. */
static size_t index_of(const tc_json *list, const char *name)
{
    const tc_json *entry;
    size_t i, found = SIZE_MAX;
    cli_arena a = {0};
    tc_json_each(list, i, entry) if (found == SIZE_MAX && strcmp(cli_record_name(&a, entry), name) == 0) found = i;
    cli_arena_free(&a);
    return found;
}

const tc_json *cli_entry_of(const tc_json *last, const char *list, const char *name, const tc_json *line)
{
    static const char *const key[] = {"on", "kind"};
    const tc_json *entries = tc_json_get(line, list), *own = tc_json_get(last, list);
    if (strcmp(list, "terms") != 0) return tc_json_at(entries, index_of(entries, name));
    const size_t i = index_of(own, name);
    const tc_json *term = tc_json_at(own, i), *twin = tc_json_at(entries, i);
    for (size_t k = 0; k < sizeof key / sizeof *key; k++)
        if (!tc_json_equal(tc_json_get(term, key[k]), tc_json_get(twin, key[k]))) return NULL;
    return twin;
}

const char **cli_names(cli_run_set *s, const char *list, int *n)
{
    size_t room = 1, i;
    const tc_json *entry;
    for (int r = 0; r < s->runs; r++) room += tc_json_size(tc_json_get(cli_last_epoch(&s->record[r]), list));
    const char **name = cli_take(s->arena, room * sizeof *name);
    *n = 0;
    for (int r = 0; r < s->runs; r++) tc_json_each(tc_json_get(cli_last_epoch(&s->record[r]), list), i, entry)
        {
            const char *text = cli_record_name(s->arena, entry);
            int seen = 0;
            while (seen < *n && strcmp(name[seen], text) != 0) seen++;
            if (seen == *n) name[(*n)++] = text;
        }
    return name;
}

static int add_name(const char **name, int n, const char *text)
{
    for (int i = 0; i < n; i++)
        if (strcmp(name[i], text) == 0) return n;
    name[n] = text;
    return n + 1;
}

/* Records of earlier versions have no list of metrics: they have an accuracy or nothing. */
const char **cli_metric_names(cli_run_set *s, int *n)
{
    const char *part;
    const tc_json *m;
    size_t room = 1, i;
    for (int r = 0; r < s->runs; r++) room += 1 + tc_json_size(tc_json_get(s->record[r].run, "metrics"));
    const char **name = cli_take(s->arena, room * sizeof *name);
    *n = 0;
    for (int r = 0; r < s->runs; r++) {
        const tc_json *list = tc_json_get(s->record[r].run, "metrics");
        tc_json_each(list, i, m) if (cli_number(m, "better") != 0) *n = add_name(name, *n,
                                                                                 cli_record_text(s->arena, m, "name"));
        if (!list && isfinite(cli_number(cli_final_figures(s->arena, &s->record[r], &part), "accuracy")))
            *n = add_name(name, *n, "accuracy");
    }
    return name;
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

const tc_json *cli_final_figures(cli_arena *a, const cli_record *r, const char **part)
{
    const tc_json *figures = tc_json_get(r->run, "figures"), *last = cli_last_epoch(r);
    const tc_json *validation = tc_json_get(last, "validation");
    *part = figures ? cli_record_text(a, figures, "part") : validation ? "validation" : last ? "training" : "-";
    return figures ? figures : validation ? validation : last;
}

/* The shape of an image is "28 x 28 x 32". */
const char *cli_unit_word(cli_arena *a, const cli_record *r, const char *layer)
{
    const tc_json *l;
    size_t i;
    const char *word = "unit";
    tc_json_each(tc_json_get(r->run, "network"), i, l)
    {
        const char *shape = strcmp(cli_record_text(a, l, "name"), layer) == 0 ? cli_record_text(a, l, "shape") : "";
        const char *first = strstr(shape, " x ");
        if (first && strstr(first + 1, " x ")) word = "channel";
    }
    return word;
}

const char *cli_whole(cli_arena *a, double count)
{
    return fabs(count) < 1e15 ? cli_format(a, "%.0f", count) : cli_digits(a, count);
}

double cli_step_ms(const cli_record *r, const tc_json *line)
{
    const double each = cli_number(r->run, "steps_per_epoch");
    const double steps = cli_number(line, "step") - (cli_number(line, "epoch") - 1) * each;
    return steps > 0 ? cli_number(line, "seconds") / steps * 1e3 : NAN;
}
