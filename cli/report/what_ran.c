/* what_ran.c: what was trained, on what, when, and how it ended. */
#include "report/run_set.h"
#include "yaml_tree.h"

#include <math.h>
#include <string.h>

static const char *thousands(cli_arena *a, double x)
{
    return x >= 0 && x < 1e18 ? cli_thousands(a, (int64_t)x) : cli_digits(a, x);
}

/* ---- Facts: a row of the table each ------------------------------------------------------------------------------ */

static const char *state(cli_arena *a, const cli_record *r)
{
    static const char *const said[][2] = {
        {"ended", "ended"},
        {"stopped", "stopped before its end"},
        {"failed", "failed"},
        {"running", "running, or killed"},
    };
    const char *text = cli_record_text(a, r->run, "state");
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (strcmp(said[i][0], text) == 0) return said[i][1];
    return text;
}

/* "2026-11-25T04:19:00Z" for people. */
static const char *when(cli_arena *a, const cli_record *r, const char *key)
{
    char *text = cli_copy(a, cli_record_text(a, r->run, key), strlen(cli_record_text(a, r->run, key)));
    const size_t n = strlen(text);
    if (n != 20 || text[10] != 'T' || text[19] != 'Z') return text;
    text[10] = ' ';
    text[19] = '\0';
    return cli_format(a, "%s UTC", text);
}

static const char *began(cli_arena *a, const cli_record *r) { return when(a, r, "began"); }
static const char *ended(cli_arena *a, const cli_record *r) { return when(a, r, "ended"); }

static const char *done(cli_arena *a, const cli_record *r)
{
    const tc_json *last = cli_last_epoch(r);
    const double each = cli_record_number(r->run, "steps_per_epoch");
    if (!last) return "no epoch is finished";
    const double epoch = cli_record_number(last, "epoch"), step = cli_record_number(last, "step");
    const bool part = step < epoch * each;
    const double whole = part ? epoch - 1 : epoch;
    const char *text = cli_format(a, "%s epoch%s%s, %s steps", thousands(a, whole), whole == 1 ? "" : "s",
                                  part ? " and a part" : "", thousands(a, step));
    return isfinite(each) ? cli_format(a, "%s, %s in an epoch", text, thousands(a, each)) : text;
}

static const char *rows(cli_arena *a, const cli_record *r)
{
    static const char *const part[] = {"training", "validation", "test"};
    const tc_json *rows = tc_json_get(r->run, "rows");
    const char *text = "";
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        const double n = cli_record_number(rows, part[i]);
        if (n > 0) text = cli_format(a, "%s%s%s %s", text, *text ? ", " : "", thousands(a, n), part[i]);
    }
    return *text ? text : "-";
}

static const char *machine(cli_arena *a, const cli_record *r)
{
    const tc_json *m = tc_json_get(r->run, "machine");
    const char *blas = cli_record_text(a, m, "blas");
    size_t name = strcspn(blas, " "); /* and its version; how it was built is for run.json */
    if (blas[name]) name += 1 + strcspn(blas + name + 1, " ");
    return cli_format(a, "%s, %s processors; %.*s", cli_record_text(a, m, "cpu"), cli_record_text(a, m, "processors"),
                      (int)name, blas);
}

static const char *threads(cli_arena *a, const cli_record *r)
{
    return cli_digits(a, cli_record_number(r->run, "threads"));
}

static const char *version(cli_arena *a, const cli_record *r)
{
    const tc_json *m = tc_json_get(r->run, "machine");
    return cli_format(a, "%s, made with %s (%s)", cli_record_text(a, r->run, "tacet"),
                      cli_record_text(a, m, "compiler"), cli_record_text(a, m, "flags"));
}

static const char *folder(cli_arena *a, const cli_record *r)
{
    char *text = cli_copy(a, r->folder.path, strlen(r->folder.path));
    tc_tame(text, "\n");
    return text;
}

static const struct {
    const char *name;
    const char *(*of)(cli_arena *a, const cli_record *r);
} fact[] = {
    {"state", state},   {"done", done},       {"began", began},     {"ended", ended},   {"rows", rows},
    {"folder", folder}, {"machine", machine}, {"threads", threads}, {"tacet", version},
};
enum { FACTS = sizeof fact / sizeof *fact };

static void facts(cli_run_set *s)
{
    const size_t columns = (size_t)s->runs + 1;
    const char **cell = cli_take(s->arena, columns * (FACTS + 1) * sizeof *cell), **to = cell;
    char *align = cli_take(s->arena, columns + 1);
    memset(align, 'l', columns);
    *to++ = "run";
    for (int r = 0; r < s->runs; r++) *to++ = s->name[r];
    for (int i = 0; i < FACTS; i++) {
        *to++ = fact[i].name;
        for (int r = 0; r < s->runs; r++) *to++ = fact[i].of(s->arena, &s->record[r]);
    }
    cli_page_table(s->page, align, FACTS + 1, cell);
}

/* ---- The network ------------------------------------------------------------------------------------------------- */

static const char *parameters(cli_arena *a, const tc_json *layer)
{
    const double n = cli_record_number(layer, "parameters"), frozen = cli_record_number(layer, "frozen");
    const char *uses = cli_record_text(a, layer, "uses"), *own = n > 0 ? thousands(a, n) : "";
    if (frozen > 0) own = cli_format(a, "%s, %s of them frozen", own, thousands(a, frozen));
    if (!*uses || strcmp(uses, "-") == 0) return own;
    return cli_format(a, "%s%s%s", own, *own ? " and " : "", uses);
}

/* Whether two networks are the same but for the penalties on them. */
static bool same_network(const tc_json *a, const tc_json *b)
{
    static const char *const key[] = {"name", "kind", "spec", "shape", "parameters", "frozen"};
    const tc_json *layer;
    size_t i;
    bool same = tc_json_size(a) == tc_json_size(b);
    tc_json_each(a, i, layer) for (size_t k = 0; k < sizeof key / sizeof *key && same; k++)
        same = tc_json_equal(tc_json_get(layer, key[k]), tc_json_get(tc_json_at(b, i), key[k]));
    return same;
}

/* penalties: whether they have a column. */
static void network(cli_run_set *s, const tc_json *layers, const char *title, bool penalties)
{
    static const char *const head[] = {"name", "layer", "output", "parameters", "penalties"};
    const size_t n = tc_json_size(layers), columns = 4 + penalties;
    const char **cell = cli_take(s->arena, columns * (n + 2) * sizeof *cell), **to = cell + columns;
    const tc_json *layer;
    size_t i;
    double sum = 0;
    memcpy(cell, head, columns * sizeof *head);
    tc_json_each(layers, i, layer)
    {
        const char *spec = cli_record_text(s->arena, layer, "spec"), *kind = cli_record_text(s->arena, layer, "kind");
        *to++ = cli_record_text(s->arena, layer, "name");
        *to++ = *spec && strcmp(spec, "-") != 0 ? spec : kind;
        *to++ = cli_record_text(s->arena, layer, "shape");
        *to++ = parameters(s->arena, layer);
        if (penalties) *to++ = cli_record_text(s->arena, layer, "penalties");
        sum += fmax(0, cli_record_number(layer, "parameters"));
    }
    *to++ = "all", *to++ = "", *to++ = "", *to++ = thousands(s->arena, sum);
    if (penalties) *to++ = "";
    cli_page_table_card(s->page, title, penalties ? "lllrl" : "lllr", (int)n + 2, cell);
}

/* A network once, for all the runs that have it; then without the penalties, which are among the differences. */
static void networks(cli_run_set *s)
{
    for (int r = 0; r < s->runs; r++) {
        const tc_json *own = tc_json_get(s->record[r].run, "network");
        const char *names = s->name[r];
        bool seen = !tc_json_size(own);
        for (int q = 0; q < r && !seen; q++) seen = same_network(tc_json_get(s->record[q].run, "network"), own);
        if (seen) continue;
        for (int q = r + 1; q < s->runs; q++)
            if (same_network(tc_json_get(s->record[q].run, "network"), own))
                names = cli_format(s->arena, "%s, %s", names, s->name[q]);
        network(s, own, s->runs > 1 ? cli_format(s->arena, "Network of %s", names) : "Network", names == s->name[r]);
    }
}

/* ---- The configuration ------------------------------------------------------------------------------------------- */

static void configuration(cli_run_set *s, int run)
{
    cli_source source;
    const char *path = s->record[run].folder.config;
    if (!cli_folder_has(path) || cli_source_read(s->arena, path, &source) != TACET_OK) return;
    if (s->runs == 1)
        cli_page_code(s->page, "config.yaml", source.text);
    else
        cli_page_fold(s->page, cli_format(s->arena, "config.yaml of %s", s->name[run]), source.text);
}

void cli_trained(cli_run_set *s)
{
    cli_set_begin(s);
    facts(s);
    networks(s);
    for (int r = 0; r < s->runs; r++) configuration(s, r);
}
