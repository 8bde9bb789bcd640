/* runs.c: what was trained, on what, when, how it ended, and in what the configurations of several runs differ: tables with
 * a column for each run. */
#include "report/run_set.h"
#include "yaml_tree.h"

#include <math.h>
#include <string.h>

/* ---- A table that grows by rows ---------------------------------------------------------------------------------- */

typedef struct sheet {
    cli_run_set *set;
    const char **cell;
    int rows, room;
} sheet;

static const char **add_row(sheet *t, const char *name)
{
    const size_t columns = (size_t)t->set->runs + 1;
    if (t->rows == t->room) {
        const char **more = cli_take(t->set->arena, columns * (size_t)(2 * t->room + 16) * sizeof *more);
        if (t->rows) memcpy(more, t->cell, columns * (size_t)t->rows * sizeof *more);
        t->cell = more;
        t->room = 2 * t->room + 16;
    }
    const char **row = &t->cell[columns * (size_t)t->rows++];
    row[0] = name;
    return row + 1;
}

static sheet new_sheet(cli_run_set *s, const char *corner)
{
    sheet t = {.set = s};
    memcpy(add_row(&t, corner), s->name, (size_t)s->runs * sizeof *s->name);
    return t;
}

static bool all_same(const cli_run_set *s, const char *const *row)
{
    for (int r = 1; r < s->runs; r++)
        if (strcmp(row[r], row[0]) != 0) return false;
    return true;
}

static void show(const sheet *t)
{
    char *align = cli_take(t->set->arena, (size_t)t->set->runs + 2);
    memset(align, 'l', (size_t)t->set->runs + 1);
    cli_page_table(t->set->page, align, t->rows, t->cell);
}

/* ---- Results and facts ------------------------------------------------------------------------------------------- */

static const char *thousands(cli_arena *a, double x)
{
    return x >= 0 && x < 1e18 ? cli_thousands(a, (int64_t)x) : cli_digits(a, x);
}

static const char *count_of(cli_arena *a, double x, const char *name)
{
    return x >= 0 && x < 1e18 ? cli_count(a, (int64_t)x, name) : cli_format(a, "%s %ss", cli_digits(a, x), name);
}

static const char *part(cli_arena *a, const cli_record *r)
{
    return cli_last_epoch(r) || tc_json_get(r->run, "figures") ? cli_ending_of(a, r).part : "-";
}

static const char *accuracy(cli_arena *a, const cli_record *r)
{
    const double x = cli_ending_of(a, r).accuracy;
    return isfinite(x) ? cli_format(a, "%.4f", x) : "-";
}

static const char *data_loss(cli_arena *a, const cli_record *r) { return cli_digits(a, cli_ending_of(a, r).data_loss); }

static const char *density(cli_arena *a, const cli_record *r)
{
    const double x = cli_mean_density(cli_ending_of(a, r).layers);
    return isfinite(x) ? cli_format(a, "%.3f", x) : "-";
}

static const char *dead(cli_arena *a, const cli_record *r)
{
    const double n = cli_dead(cli_ending_of(a, r).layers);
    return n > 0 ? cli_whole(a, n) : "-";
}

static const char *step_time(cli_arena *a, const cli_record *r)
{
    const double ms = cli_ending_of(a, r).step_ms;
    if (!isfinite(ms)) return "-";
    return ms < 0.9995 ? cli_format(a, "%.3g µs", 1e3 * ms) : cli_format(a, "%.*f ms", ms < 10 ? 2 : ms < 100, ms);
}

/* "0.8822 in epoch 8": the best figure on the validation data. */
static const char *best(cli_arena *a, const cli_record *r, const char *key)
{
    const int sign = strcmp(key, "accuracy") == 0 ? 1 : -1;
    const tc_json *found = NULL;
    double most = -HUGE_VAL;
    for (size_t i = 0; i < r->epochs; i++) {
        const double x = sign * cli_record_number(tc_json_get(r->epoch[i], "validation"), key);
        if (!isfinite(x) || x <= most) continue;
        most = x;
        found = r->epoch[i];
    }
    return found ? cli_format(a, "%s in epoch %s", cli_digits(a, sign * most),
                              cli_whole(a, cli_record_number(found, "epoch")))
                 : "-";
}

static const char *best_accuracy(cli_arena *a, const cli_record *r) { return best(a, r, "accuracy"); }
static const char *best_loss(cli_arena *a, const cli_record *r) { return best(a, r, "data_loss"); }

static const char *state(cli_arena *a, const cli_record *r)
{
    static const char *const said[][2] = {{"stopped", "stopped before its end"}, {"running", "running, or killed"}};
    const char *text = cli_record_text(a, r->run, "state");
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (strcmp(said[i][0], text) == 0) return said[i][1];
    return text;
}

/* "2026-11-25T04:19:00Z" as "2026-11-25 04:19:00 UTC". */
static const char *when(cli_arena *a, const cli_record *r, const char *key)
{
    const char *text = cli_record_text(a, r->run, key);
    return strlen(text) == 20 ? cli_format(a, "%.10s %.8s UTC", text, text + 11) : text;
}

static const char *began(cli_arena *a, const cli_record *r) { return when(a, r, "began"); }
static const char *ended(cli_arena *a, const cli_record *r) { return when(a, r, "ended"); }

static const char *done(cli_arena *a, const cli_record *r)
{
    const tc_json *last = cli_last_epoch(r);
    const double each = cli_record_number(r->run, "steps_per_epoch");
    if (!last) return "no epoch is finished";
    const double epoch = cli_record_number(last, "epoch"), step = cli_record_number(last, "step");
    const bool cut = step < epoch * each;
    const char *text = cli_format(a, "%s%s, %s", count_of(a, cut ? epoch - 1 : epoch, "epoch"),
                                  cut ? " and a part" : "", count_of(a, step, "step"));
    return isfinite(each) ? cli_format(a, "%s, %s in an epoch", text, thousands(a, each)) : text;
}

static const char *rows(cli_arena *a, const cli_record *r)
{
    static const char *const name[] = {"training", "validation", "test"};
    const char *text = "";
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        const double n = cli_record_number(tc_json_get(r->run, "rows"), name[i]);
        if (n > 0) text = cli_format(a, "%s%s%s %s", text, *text ? ", " : "", thousands(a, n), name[i]);
    }
    return *text ? text : "-";
}

static const char *folder(cli_arena *a, const cli_record *r)
{
    char *text = cli_copy(a, r->folder.path, strlen(r->folder.path));
    tc_tame(text, "\n");
    return text;
}

static const char *machine(cli_arena *a, const cli_record *r)
{
    const tc_json *m = tc_json_get(r->run, "machine");
    const char *blas = cli_record_text(a, m, "blas");
    size_t name = strcspn(blas, " "); /* and its version; how it was built is in run.json */
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

/* Of one run the first ones stand large at the top of the page instead. */
enum { LARGE = 5, ON_PART = 4 /* of them measured on the data that the run ends with */ };
static const struct {
    const char *name;
    const char *(*of)(cli_arena *a, const cli_record *r);
} fact[] = {
    {"accuracy", accuracy},
    {"data loss", data_loss},
    {"mean density", density},
    {"dead units", dead},
    {"time per step", step_time},
    {"measured on", part},
    {"best accuracy, validation", best_accuracy},
    {"best data loss, validation", best_loss},
    {"state", state},
    {"done", done},
    {"began", began},
    {"ended", ended},
    {"rows", rows},
    {"folder", folder},
    {"machine", machine},
    {"threads", threads},
    {"tacet", version},
};
enum { FACTS = sizeof fact / sizeof *fact };

void cli_results(cli_run_set *s)
{
    const cli_record *r = s->record;
    const char *pair[2 * LARGE];
    int n = 0;
    for (int i = 0; i < LARGE; i++) {
        const char *text = fact[i].of(s->arena, r);
        if (strcmp(text, "-") == 0) continue;
        pair[2 * n] = text;
        pair[2 * n++ + 1] = i < ON_PART ? cli_format(s->arena, "%s, %s", fact[i].name, part(s->arena, r))
                                        : fact[i].name;
    }
    if (n) cli_page_numbers(s->page, NULL, n, pair);
}

static void facts(cli_run_set *s)
{
    sheet t = new_sheet(s, "run");
    for (int i = s->runs > 1 ? 0 : LARGE; i < FACTS; i++) {
        const char **row = add_row(&t, fact[i].name);
        for (int r = 0; r < s->runs; r++) row[r] = fact[i].of(s->arena, &s->record[r]);
        if (all_same(s, row) && strcmp(row[0], "-") == 0) t.rows--;
    }
    show(&t);
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

static void network(cli_run_set *s, const tc_json *layers, const char *title)
{
    enum { COLUMNS = 5 };
    static const char *const head[COLUMNS] = {"name", "layer", "output", "parameters", "penalties"};
    const size_t n = tc_json_size(layers);
    const char **cell = cli_take(s->arena, COLUMNS * (n + 2) * sizeof *cell), **to = cell + COLUMNS;
    const tc_json *layer;
    size_t i;
    double sum = 0;
    memcpy(cell, head, sizeof head);
    tc_json_each(layers, i, layer)
    {
        const char *spec = cli_record_text(s->arena, layer, "spec");
        *to++ = cli_record_text(s->arena, layer, "name");
        *to++ = *spec && strcmp(spec, "-") != 0 ? spec : cli_record_text(s->arena, layer, "kind");
        *to++ = cli_record_text(s->arena, layer, "shape");
        *to++ = parameters(s->arena, layer);
        *to++ = cli_record_text(s->arena, layer, "penalties");
        sum += fmax(0, cli_record_number(layer, "parameters"));
    }
    *to++ = "all", *to++ = "", *to++ = "", *to++ = thousands(s->arena, sum), *to++ = "";
    cli_page_table_card(s->page, title, "lllrl", (int)n + 2, cell);
}

/* A network once, for all the runs that have it with the same penalties. */
static void networks(cli_run_set *s)
{
    for (int r = 0; r < s->runs; r++) {
        const tc_json *own = tc_json_get(s->record[r].run, "network");
        const char *names = s->name[r];
        bool seen = !tc_json_size(own);
        for (int q = 0; q < s->runs; q++) {
            if (q == r || !tc_json_equal(tc_json_get(s->record[q].run, "network"), own)) continue;
            seen = seen || q < r;
            names = cli_format(s->arena, "%s, %s", names, s->name[q]);
        }
        if (!seen) network(s, own, s->runs > 1 ? cli_format(s->arena, "Network of %s", names) : "Network");
    }
}

/* ---- Configurations ---------------------------------------------------------------------------------------------- */

/* What stands at the end of a path through config.yaml: "train.seed", "penalties.relu1". A list has the same path again
 * for each of its texts. */
typedef struct leaf {
    const char *path, *text;
    struct leaf *next;
} leaf;

static leaf **add_leaves(cli_arena *a, const char *path, const cli_node *node, leaf **end)
{
    if (node->kind == CLI_SCALAR) {
        *end = cli_take(a, sizeof **end);
        **end = (leaf){path, node->text.text, NULL};
        return &(*end)->next;
    }
    for (const cli_node *e = node->first; e; e = e->next) {
        const char *to = node->kind == CLI_LIST ? path : e->key.text;
        end = add_leaves(a, node->kind == CLI_MAP && *path ? cli_format(a, "%s.%s", path, to) : to, e, end);
    }
    return end;
}

static leaf *read_leaves(cli_arena *a, const char *config)
{
    cli_source source;
    cli_node *root = NULL;
    leaf *list = NULL;
    if (!cli_folder_has(config)) return NULL;
    if (cli_source_read(a, config, &source) != TACET_OK || cli_yaml_read(a, &source, &root) != TACET_OK)
        cli_warn("%s is left out of the comparison", config);
    else if (root)
        add_leaves(a, "", root, &list);
    return list;
}

/* "l1 1e-4, l2 1e-2": all texts at a path, "-" where there are none. */
static const char *text_at(cli_arena *a, const leaf *list, const char *path)
{
    const char *text = NULL;
    for (; list; list = list->next)
        if (strcmp(list->path, path) == 0) text = text ? cli_format(a, "%s, %s", text, list->text) : list->text;
    return text && *text ? text : "-";
}

static bool has_row(const sheet *t, const char *path)
{
    for (int i = 1; i < t->rows; i++)
        if (strcmp(t->cell[(t->set->runs + 1) * i], path) == 0) return true;
    return false;
}

void cli_differences(cli_run_set *s)
{
    if (s->runs < 2) return;
    const leaf **list = cli_take(s->arena, (size_t)s->runs * sizeof *list);
    for (int r = 0; r < s->runs; r++) list[r] = read_leaves(s->arena, s->record[r].folder.config);
    sheet t = new_sheet(s, "");
    for (int r = 0; r < s->runs; r++)
        for (const leaf *l = list[r]; l; l = l->next) {
            if (has_row(&t, l->path)) continue;
            const char **row = add_row(&t, l->path);
            for (int q = 0; q < s->runs; q++) row[q] = text_at(s->arena, list[q], l->path);
            if (all_same(s, row)) t.rows--;
        }
    cli_set_begin(s);
    if (t.rows > 1)
        show(&t);
    else
        cli_page_paragraph(s->page, "The configurations are the same.");
}

void cli_trained(cli_run_set *s)
{
    cli_source source;
    cli_set_begin(s);
    facts(s);
    networks(s);
    for (int r = 0; r < s->runs; r++) {
        const char *path = s->record[r].folder.config;
        if (!cli_folder_has(path) || cli_source_read(s->arena, path, &source) != TACET_OK) continue;
        cli_page_fold(s->page, s->runs > 1 ? cli_format(s->arena, "config.yaml of %s", s->name[r]) : "config.yaml",
                      source.text);
    }
}
