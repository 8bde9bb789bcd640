/* compare_runs.c: several runs beside each other: what is different in their configurations, and what came out. */
#include "config.h"
#include "report/run_set.h"

#include <math.h>
#include <string.h>

/* ---- A table that grows by rows, a column a run ------------------------------------------------------------------ */

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

static sheet new_sheet(cli_run_set *s)
{
    sheet t = {.set = s};
    memcpy(add_row(&t, ""), s->name, (size_t)s->runs * sizeof *s->name);
    return t;
}

/* Whether all runs have the same in the last row. */
static bool all_same(const sheet *t)
{
    const char **row = &t->cell[(t->set->runs + 1) * (t->rows - 1) + 1];
    for (int r = 1; r < t->set->runs; r++)
        if (strcmp(row[r], row[0]) != 0) return false;
    return true;
}

static bool all_empty(const sheet *t)
{
    return all_same(t) && strcmp(t->cell[(t->set->runs + 1) * (t->rows - 1) + 1], "-") == 0;
}

static void show(const sheet *t, char letter)
{
    char *align = cli_take(t->set->arena, (size_t)t->set->runs + 2);
    memset(align, letter, (size_t)t->set->runs + 1);
    align[0] = 'l';
    cli_page_table(t->set->page, align, t->rows, t->cell);
}

/* ---- Configurations ---------------------------------------------------------------------------------------------- */

/* What a map has for a selector: "l1 1e-4, l2 1e-2". */
static const char *specs(cli_arena *a, const cli_pair *list, const char *on)
{
    const char *text = NULL;
    for (; list; list = list->next)
        if (strcmp(list->on.text, on) == 0)
            text = text ? cli_format(a, "%s, %s", text, list->spec.text) : list->spec.text;
    return text ? text : "-";
}

static const cli_pair *map_of(const cli_config *c, int key)
{
    return key == CLI_PENALTIES ? c->penalties : c->parameters;
}

static bool met(const cli_config *c, int key, int run, const cli_pair *pair)
{
    for (int r = 0; r <= run; r++)
        for (const cli_pair *p = map_of(&c[r], key); p && p != pair; p = p->next)
            if (strcmp(p->on.text, pair->on.text) == 0) return true;
    return false;
}

static void compare_map(sheet *t, const cli_config *c, int key)
{
    cli_arena *a = t->set->arena;
    for (int r = 0; r < t->set->runs; r++)
        for (const cli_pair *p = map_of(&c[r], key); p; p = p->next) {
            if (met(c, key, r, p)) continue;
            const char **row = add_row(t, cli_format(a, "%s.%s", cli_key_table[key].name, p->on.text));
            for (int q = 0; q < t->set->runs; q++) row[q] = specs(a, map_of(&c[q], key), p->on.text);
            if (all_same(t)) t->rows--;
        }
}

static void compare_value(sheet *t, const cli_config *c, int key)
{
    const char **row = add_row(t, cli_key_table[key].name);
    for (int r = 0; r < t->set->runs; r++) {
        const char *text = c[r].value[key].item.text;
        row[r] = text && *text ? text : "-";
    }
    if (all_same(t)) t->rows--;
}

void cli_differences(cli_run_set *s)
{
    if (s->runs < 2) return;
    cli_config *c = cli_take(s->arena, (size_t)s->runs * sizeof *c);
    for (int r = 0; r < s->runs; r++)
        if (cli_folder_has(s->record[r].folder.config) &&
            cli_config_read(s->arena, s->record[r].folder.config, &c[r]) != TACET_OK) {
            c[r] = (cli_config){0};
            cli_warn("%s is left out of the comparison", s->record[r].folder.config);
        }
    sheet t = new_sheet(s);
    for (int key = 0; key < CLI_KEYS; key++) {
        if (cli_key_table[key].type->map)
            compare_map(&t, c, key);
        else
            compare_value(&t, c, key);
    }
    cli_set_begin(s);
    if (t.rows > 1)
        show(&t, 'l');
    else
        cli_page_paragraph(s->page, "The configurations are the same.");
}

/* ---- What came out ----------------------------------------------------------------------------------------------- */

static const char *ending_part(cli_arena *a, const cli_record *r)
{
    return cli_last_epoch(r) || tc_json_get(r->run, "figures") ? cli_ending_of(a, r).part : "-";
}

static const char *ending_accuracy(cli_arena *a, const cli_record *r)
{
    const double x = cli_ending_of(a, r).accuracy;
    return isfinite(x) ? cli_format(a, "%.4f", x) : "-";
}
static const char *ending_loss(cli_arena *a, const cli_record *r)
{
    return cli_digits(a, cli_ending_of(a, r).data_loss);
}
static const char *ending_ms(cli_arena *a, const cli_record *r) { return cli_digits(a, cli_ending_of(a, r).step_ms); }

static const char *best_accuracy(cli_arena *a, const cli_record *r)
{
    const char *text = cli_best(a, r, "accuracy", 1);
    return text ? text : "-";
}

static const char *best_loss(cli_arena *a, const cli_record *r)
{
    const char *text = cli_best(a, r, "data_loss", -1);
    return text ? text : "-";
}

static const char *ending_density(cli_arena *a, const cli_record *r)
{
    return cli_digits(a, cli_mean_density(cli_ending_of(a, r).layers));
}

static const char *dead(cli_arena *a, const tc_json *layer)
{
    const double n = cli_record_number(layer, "dead");
    return isfinite(n) ? cli_format(a, "%s of %s", cli_whole(a, n), cli_whole(a, cli_record_number(layer, "units")))
                       : "-";
}

static const char *density(cli_arena *a, const tc_json *layer)
{
    return cli_digits(a, cli_record_number(layer, "density"));
}

static const tc_json *layer_of(cli_arena *a, const cli_record *r, const char *name)
{
    const tc_json *layer, *found = NULL;
    size_t i;
    tc_json_each(cli_ending_of(a, r).layers, i,
                       layer) if (!found && strcmp(cli_record_text(a, layer, "name"), name) == 0) found = layer;
    return found;
}

static void layer_rows(sheet *t, const char *what, const char *(*of)(cli_arena *a, const tc_json *layer))
{
    cli_run_set *s = t->set;
    int n;
    const char **name = cli_names(s, "layers", &n);
    for (int i = 0; i < n; i++) {
        const char **row = add_row(t, cli_format(s->arena, "%s of %s", what, name[i]));
        for (int r = 0; r < s->runs; r++) row[r] = of(s->arena, layer_of(s->arena, &s->record[r], name[i]));
        if (all_empty(t)) t->rows--;
    }
}

void cli_summary(cli_run_set *s)
{
    static const struct {
        const char *name;
        const char *(*of)(cli_arena *a, const cli_record *r);
    } figure[] = {{"measured on", ending_part},
                  {"accuracy", ending_accuracy},
                  {"data loss", ending_loss},
                  {"best accuracy, validation", best_accuracy},
                  {"best data loss, validation", best_loss},
                  {"time per step [ms]", ending_ms},
                  {"mean density", ending_density}};
    if (s->runs < 2) return;
    sheet t = new_sheet(s);
    for (size_t i = 0; i < sizeof figure / sizeof *figure; i++) {
        const char **row = add_row(&t, figure[i].name);
        for (int r = 0; r < s->runs; r++) row[r] = figure[i].of(s->arena, &s->record[r]);
        if (all_empty(&t)) t.rows--;
    }
    layer_rows(&t, "density", density);
    layer_rows(&t, "dead units", dead);
    cli_set_begin(s);
    show(&t, 'r');
}
