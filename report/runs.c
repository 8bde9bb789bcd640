/* runs.c: what was trained, on which data, when, and how it ended; and how the configurations of several runs differ.
 * The tables have a column for each run. */
#include "report/run_set.h"
#include "yaml_tree.h"

#include <math.h>
#include <string.h>

/* ---- A table with a column for each run -------------------------------------------------------------------------- */

static cli_sheet new_sheet(const cli_run_set *s, const char *corner)
{
    char *align = cli_take(s->arena, (size_t)s->runs + 2);
    memset(align, 'l', (size_t)s->runs + 1);
    cli_sheet t = {.align = align};
    cli_sheet_add(s->arena, &t, corner, NULL);
    for (int r = 0; r < s->runs; r++) cli_sheet_add(s->arena, &t, s->name[r], NULL);
    return t;
}

/* Whether the last row is the same for all runs. */
static bool all_same(const cli_run_set *s, const cli_sheet *t)
{
    const char *const *row = &t->cell[t->cells - s->runs];
    for (int r = 1; r < s->runs; r++)
        if (strcmp(row[r], row[0]) != 0) return false;
    return true;
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

static const char *part(cli_arena *a, const cli_record *r, const char *key)
{
    const char *of;
    (void)key;
    cli_final_figures(a, r, &of);
    return of;
}

static const tc_json *figures_of(cli_arena *a, const cli_record *r)
{
    const char *of;
    return cli_final_figures(a, r, &of);
}

static const char *metric(cli_arena *a, const cli_record *r, const char *key)
{
    const double x = cli_number(figures_of(a, r), key);
    return isfinite(x) && fabs(x) < 1 ? cli_format(a, "%.4f", x) : cli_digits(a, x);
}

static const char *data_loss(cli_arena *a, const cli_record *r, const char *key)
{
    return cli_digits(a, cli_number(figures_of(a, r), key));
}

/* The mean over the units of all layers. */
static const char *density(cli_arena *a, const cli_record *r, const char *key)
{
    const tc_json *layer;
    size_t i;
    double sum = 0, units = 0;
    tc_json_each(tc_json_get(figures_of(a, r), "layers"), i, layer)
    {
        const double x = cli_number(layer, key), n = cli_number(layer, "units");
        if (!isfinite(x) || !isfinite(n)) continue;
        sum += x * n;
        units += n;
    }
    return units > 0 ? cli_format(a, "%.3f", sum / units) : "-";
}

/* How many units, in all layers, never fired on these data. */
static const char *dead(cli_arena *a, const cli_record *r, const char *key)
{
    const tc_json *layer;
    size_t i;
    double sum = 0;
    tc_json_each(tc_json_get(figures_of(a, r), "layers"), i, layer)
    {
        const double n = cli_number(layer, key);
        if (isfinite(n)) sum += n;
    }
    return sum > 0 ? cli_whole(a, sum) : "-";
}

static const char *step_time(cli_arena *a, const cli_record *r, const char *key)
{
    double ms = cli_number(tc_json_get(r->run, "figures"), key) / 1e3;
    if (!isfinite(ms)) ms = cli_step_ms(r, cli_last_epoch(r));
    if (!isfinite(ms)) return "-";
    return ms < 0.9995 ? cli_format(a, "%.3g µs", 1e3 * ms) : cli_format(a, "%.*f ms", ms < 10 ? 2 : ms < 100, ms);
}

/* "epoch 8, f1 0.8822": the epoch that training has chosen, whose network is in best.safetensors. */
static const char *best(cli_arena *a, const cli_record *r, const char *key)
{
    const double epoch = cli_number(cli_last_epoch(r), key);
    const char *by = tc_json_get(r->run, "metric") ? cli_record_text(a, r->run, "metric") : "data_loss";
    if (!r->best || cli_number(r->best, "epoch") != epoch) return "-";
    return cli_format(a, "epoch %s, %s %s", cli_whole(a, epoch), by,
                      cli_digits(a, cli_number(tc_json_get(r->best, "validation"), by)));
}

/* "data loss 0.3812, accuracy 0.9312": what the averaged weights reach on the data of the ending. */
static const char *averaged(cli_arena *a, const cli_record *r, const char *key)
{
    const tc_json *ema = tc_json_get(figures_of(a, r), key), *metric = tc_json_at(tc_json_get(r->run, "metrics"), 0);
    const char *name = metric ? cli_record_text(a, metric, "name") : "";
    if (!ema) return "-";
    const char *text = cli_format(a, "data loss %s", cli_digits(a, cli_number(ema, "data_loss")));
    const double x = cli_number(ema, name);
    return isfinite(x) ? cli_format(a, "%s, %s %s", text, name, cli_digits(a, x)) : text;
}

static const char *state(cli_arena *a, const cli_record *r, const char *key)
{
    static const char *const said[][2] = {{"stopped", "stopped by a signal"}, {"running", "running, or killed"}};
    const char *text = cli_record_text(a, r->run, key);
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

static const char *done(cli_arena *a, const cli_record *r, const char *key)
{
    const tc_json *last = cli_last_epoch(r);
    const double each = cli_number(r->run, "steps_per_epoch");
    if (!last) return "no epoch";
    const double epoch = cli_number(last, "epoch"), step = cli_number(last, key);
    const bool cut = step < epoch * each;
    const char *text = cli_format(a, "%s%s, %s", count_of(a, cut ? epoch - 1 : epoch, "epoch"),
                                  cut ? " and part of the next" : "", count_of(a, step, "step"));
    return isfinite(each) ? cli_format(a, "%s, %s per epoch", text, thousands(a, each)) : text;
}

static const char *rows(cli_arena *a, const cli_record *r, const char *key)
{
    static const char *const name[] = {"training", "validation", "test"};
    const char *text = "";
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        const double n = cli_number(tc_json_get(r->run, key), name[i]);
        if (n > 0) text = cli_format(a, "%s%s%s %s", text, *text ? ", " : "", thousands(a, n), name[i]);
    }
    return *text ? text : "-";
}

static const char *folder(cli_arena *a, const cli_record *r, const char *key)
{
    (void)key;
    return tc_tame(cli_copy(a, r->folder.path, strlen(r->folder.path)), "\n");
}

static const char *machine(cli_arena *a, const cli_record *r, const char *key)
{
    const tc_json *m = tc_json_get(r->run, key);
    if (!m) return "-";
    const char *blas = cli_record_text(a, m, "blas");
    size_t name = strcspn(blas, " "); /* then its version; run.json also has the build options */
    if (blas[name]) name += 1 + strcspn(blas + name + 1, " ");
    return cli_format(a, "%s, %s processors; %.*s", cli_record_text(a, m, "cpu"), cli_record_text(a, m, "processors"),
                      (int)name, blas);
}

static const char *threads(cli_arena *a, const cli_record *r, const char *key)
{
    return cli_digits(a, cli_number(r->run, key));
}

static const char *version(cli_arena *a, const cli_record *r, const char *key)
{
    const tc_json *m = tc_json_get(r->run, "machine");
    if (!m) return "-";
    return cli_format(a, "%s, built with %s (%s)", cli_record_text(a, r->run, key), cli_record_text(a, m, "compiler"),
                      cli_record_text(a, m, "flags"));
}

/* The page of one run shows the first ones in large type at its top instead of in the table. */
enum { LARGE = 4, ON_PART = 3 /* the first of them are measured on the data of the ending */, METRICS = 3 };
static const struct fact {
    const char *name;
    const char *(*of)(cli_arena *a, const cli_record *r, const char *key);
    const char *key; /* of the record */
} fact[] = {
    {"data loss", data_loss, "data_loss"},
    {"mean density", density, "density"},
    {"dead units", dead, "dead"},
    {"time per step", step_time, "step_us"},
    {"measured on", part, ""},
    {"best, on the validation data", best, "best_epoch"},
    {"with averaged weights", averaged, "ema"},
    {"state", state, "state"},
    {"done", done, "step"},
    {"began", when, "began"},
    {"ended", when, "ended"},
    {"rows", rows, "rows"},
    {"folder", folder, ""},
    {"machine", machine, "machine"},
    {"threads", threads, "threads"},
    {"tacet", version, "tacet"},
};
enum { FACTS = sizeof fact / sizeof *fact };

static void add_large(cli_run_set *s, const struct fact *f, bool on_part, const char **pair, int *n)
{
    const cli_record *r = s->record;
    const char *text = f->of(s->arena, r, f->key);
    if (strcmp(text, "-") == 0) return;
    pair[(*n)++] = text;
    pair[(*n)++] = on_part ? cli_format(s->arena, "%s, %s", f->name, part(s->arena, r, "")) : f->name;
}

void cli_results(cli_run_set *s)
{
    const char *pair[2 * (LARGE + METRICS)];
    int n = 0, metrics;
    const char **name = cli_metric_names(s, &metrics);
    for (int i = 0; i < metrics && i < METRICS; i++)
        add_large(s, &(struct fact){name[i], metric, name[i]}, true, pair, &n);
    for (int i = 0; i < LARGE; i++) add_large(s, &fact[i], i < ON_PART, pair, &n);
    if (n) cli_page_numbers(s->page, NULL, n / 2, pair);
}

static void add_fact(cli_run_set *s, cli_sheet *t, const struct fact *f)
{
    cli_sheet_add(s->arena, t, f->name, NULL);
    for (int r = 0; r < s->runs; r++) cli_sheet_add(s->arena, t, f->of(s->arena, &s->record[r], f->key), NULL);
    if (all_same(s, t) && strcmp(t->cell[t->cells - 1], "-") == 0) t->cells -= s->runs + 1;
}

static void facts(cli_run_set *s)
{
    cli_sheet t = new_sheet(s, "run");
    int metrics;
    const char **name = cli_metric_names(s, &metrics);
    for (int i = s->runs > 1 ? 0 : METRICS; i < metrics; i++) add_fact(s, &t, &(struct fact){name[i], metric, name[i]});
    for (int i = s->runs > 1 ? 0 : LARGE; i < FACTS; i++) add_fact(s, &t, &fact[i]);
    cli_page_table(s->page, NULL, &t);
}

/* ---- The network ------------------------------------------------------------------------------------------------- */

static const char *parameters(cli_arena *a, const tc_json *layer)
{
    const double n = cli_number(layer, "parameters"), frozen = cli_number(layer, "frozen");
    const char *uses = cli_record_text(a, layer, "uses"), *own = n > 0 ? thousands(a, n) : "";
    if (frozen > 0) own = cli_format(a, "%s, %s of them frozen", own, thousands(a, frozen));
    if (!*uses || strcmp(uses, "-") == 0) return own;
    return cli_format(a, "%s%s%s", own, *own ? " and " : "", uses);
}

static void network(cli_run_set *s, const tc_json *layers, const char *title)
{
    cli_arena *a = s->arena;
    cli_sheet t = {.align = "lllrl"};
    const tc_json *layer;
    size_t i;
    double sum = 0;
    cli_sheet_add(a, &t, "name", "layer", "output", "parameters", "penalties", NULL);
    tc_json_each(layers, i, layer)
    {
        const char *spec = cli_record_text(a, layer, "spec");
        if (!*spec || strcmp(spec, "-") == 0) spec = cli_record_text(a, layer, "kind");
        cli_sheet_add(a, &t, cli_record_text(a, layer, "name"), spec, cli_record_text(a, layer, "shape"),
                      parameters(a, layer), cli_record_text(a, layer, "penalties"), NULL);
        sum += fmax(0, cli_number(layer, "parameters"));
    }
    cli_sheet_add(a, &t, "total", "", "", thousands(a, sum), "", NULL);
    cli_page_table(s->page, title, &t);
}

/* Whether an earlier run has the same network with the same penalties. */
static bool seen(const cli_run_set *s, int run, const tc_json *own)
{
    for (int q = 0; q < run; q++)
        if (tc_json_equal(tc_json_get(s->record[q].run, "network"), own)) return true;
    return false;
}

/* Shows each network once, for all runs that have it with the same penalties. */
static void networks(cli_run_set *s)
{
    for (int r = 0; r < s->runs; r++) {
        const tc_json *own = tc_json_get(s->record[r].run, "network");
        const char *names = s->name[r];
        if (!tc_json_size(own) || seen(s, r, own)) continue;
        for (int q = r + 1; q < s->runs; q++)
            if (tc_json_equal(tc_json_get(s->record[q].run, "network"), own))
                names = cli_format(s->arena, "%s, %s", names, s->name[q]);
        network(s, own, s->runs > 1 ? cli_format(s->arena, "Network of %s", names) : "Network");
    }
}

/* ---- Configurations ---------------------------------------------------------------------------------------------- */

/* A text of config.yaml and the path to it: "train.seed", "penalties.relu1". All texts of a list have the same path. */
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

/* The configuration of a run; false if it does not exist, or cannot be read, which the page says then. */
static bool read_config(cli_run_set *s, int run, cli_source *source)
{
    tacet_error e;
    bool there;
    const char *path = s->record[run].folder.config;
    if (cli_set_holds(s, path, &there) != TACET_OK) return false;
    if (there && cli_source_load(s->arena, path, source, &e) == TACET_OK) return true;
    if (there)
        cli_page_missing(s->page, e.status, "%s", e.message);
    else if (cli_record_ended(&s->record[run]))
        cli_page_missing(s->page, TACET_IO, "%s does not exist", path);
    return false;
}

/* The leaves of a run's configuration; false if it is missing. */
static bool read_leaves(cli_run_set *s, int run, const leaf **list)
{
    cli_source source;
    cli_node *root = NULL;
    leaf *first = NULL;
    if (!read_config(s, run, &source)) return false;
    const tacet_status status = cli_yaml_read(s->arena, &source, &root);
    if (status != TACET_OK)
        cli_page_missing(s->page, status == TACET_MEMORY ? status : TACET_FILE, "%s is left out of the comparison: %s",
                         source.name, status == TACET_MEMORY ? "out of memory" : "it is not YAML");
    if (root) add_leaves(s->arena, "", root, &first);
    *list = first;
    return status == TACET_OK;
}

/* "l1 1e-4, l2 1e-2": all texts at a path, or "-". */
static const char *text_at(cli_arena *a, const leaf *list, const char *path)
{
    const char *text = NULL;
    for (; list; list = list->next)
        if (strcmp(list->path, path) == 0) text = text ? cli_format(a, "%s, %s", text, list->text) : list->text;
    return text && *text ? text : "-";
}

static bool has_row(const cli_run_set *s, const cli_sheet *t, const char *path)
{
    for (int i = s->runs + 1; i < t->cells; i += s->runs + 1)
        if (strcmp(t->cell[i], path) == 0) return true;
    return false;
}

/* Whether all runs whose configuration is known have the same texts at a path. */
static bool agree(const cli_run_set *s, const leaf *const *list, const bool *known, const char *path)
{
    const char *first = NULL;
    for (int r = 0; r < s->runs; r++) {
        if (!known[r]) continue;
        const char *text = text_at(s->arena, list[r], path);
        if (first && strcmp(first, text) != 0) return false;
        first = text;
    }
    return true;
}

void cli_differences(cli_run_set *s)
{
    if (s->runs < 2) return;
    const leaf **list = cli_take(s->arena, (size_t)s->runs * sizeof *list);
    bool *known = cli_take(s->arena, (size_t)s->runs * sizeof *known);
    cli_set_begin(s);
    for (int r = 0; r < s->runs; r++) known[r] = read_leaves(s, r, &list[r]);
    cli_sheet t = new_sheet(s, "setting");
    for (int r = 0; r < s->runs; r++)
        for (const leaf *l = list[r]; l; l = l->next) {
            if (has_row(s, &t, l->path) || agree(s, list, known, l->path)) continue;
            cli_sheet_add(s->arena, &t, l->path, NULL);
            for (int q = 0; q < s->runs; q++)
                cli_sheet_add(s->arena, &t, known[q] ? text_at(s->arena, list[q], l->path) : "?", NULL);
        }
    if (t.cells > s->runs + 1)
        cli_page_table(s->page, NULL, &t);
    else
        cli_page_paragraph(s->page, "The configurations are the same.");
}

void cli_trained(cli_run_set *s)
{
    cli_source source;
    cli_set_begin(s);
    for (int r = 0; r < s->runs; r++) cli_page_was_missing(s->page, &s->record[r].missing[CLI_MISSING_RUN]);
    facts(s);
    networks(s);
    for (int r = 0; r < s->runs; r++) {
        if (!read_config(s, r, &source)) continue;
        cli_page_fold(s->page, s->runs > 1 ? cli_format(s->arena, "config.yaml of %s", s->name[r]) : "config.yaml",
                      source.text);
    }
}
