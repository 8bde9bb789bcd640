/* network.c: a plan's layers with their parameters and penalties, as a table. */
#include "network.h"
#include "ledger.h"

#include <string.h>

/* An input or a layer, as the library lists it. */
typedef struct layer {
    const char *name, *kind, *spec; /* "linear1", "linear", "linear 512"; an input has kind "input" or "labels" */
    const char *shape;              /* its output for a row, "28 x 28" */
    int64_t parameters, frozen;     /* elements, and how many of them are not trained */
    const char *uses;               /* parameters of other layers, "linear1.weight, linear1.bias"; "" */
    const char *penalties;          /* "l1 1e-3; weight: l2 1e-4", as they were written; "" */
} layer;

/* The layers in the order of the graph, *rows of them. */
static const layer *list_layers(cli_arena *a, tacet_plan *p, int *rows)
{
    const tc_json *network = tc_json_get(cli_plan_figures(a, p, "network"), "network"), *from;
    layer *list = cli_take(a, (tc_json_size(network) + 1) * sizeof *list);
    size_t i;
    tc_json_each(network, i, from)
    {
        list[i] = (layer){.name = tc_json_text(tc_json_get(from, "name")),
                          .kind = tc_json_text(tc_json_get(from, "kind")),
                          .spec = tc_json_text(tc_json_get(from, "spec")),
                          .shape = tc_json_text(tc_json_get(from, "shape")),
                          .parameters = tc_json_get(from, "parameters")->integer,
                          .frozen = tc_json_get(from, "frozen")->integer,
                          .uses = tc_json_text(tc_json_get(from, "uses")),
                          .penalties = tc_json_text(tc_json_get(from, "penalties"))};
    }
    *rows = (int)tc_json_size(network);
    return list;
}

/* ---- For people -------------------------------------------------------------------------------------------------- */

/* A column that is cut keeps at least LEAST characters; a table below NARROW has names without descriptions. */
enum { COLUMNS = 4, GAPS = 2 * (COLUMNS - 1), LEAST = 12, NARROW = 60 };

typedef struct table {
    const char **cell;
    int rows;
} table;

static void add_row(table *t, const char *name, const char *shape, const char *parameters, const char *penalties)
{
    const char *const row[COLUMNS] = {name, shape, parameters, penalties};
    memcpy(&t->cell[COLUMNS * t->rows++], row, sizeof row);
}

static size_t width(const table *t, int column)
{
    size_t most = 0;
    for (int r = 0; r < t->rows; r++) {
        const size_t n = strlen(t->cell[r * COLUMNS + column]);
        most = n > most ? n : most;
    }
    return most;
}

static const char *cut(cli_arena *a, const char *text, size_t n)
{
    return strlen(text) > n ? cli_format(a, "%.*s..", (int)n - 2, text) : text;
}

/* Bytes of a list "l1 1e-3 prox; l2 1e-4" that fit into `room` columns: whole entries if possible, otherwise words. */
static size_t row_of(const char *list, size_t room)
{
    size_t n = strlen(list), at = room;
    if (n <= room) return n;
    while (at > 0 && list[at] != ';') at--;
    if (at) return at;
    for (at = room; at > 0 && list[at] != ' ';) at--;
    return at ? at : strcspn(list, " ;");
}

/* Continues the lists that are too long for the last column in further rows. */
static table fold(cli_arena *a, const table *t, size_t room)
{
    int rows = t->rows;
    for (int r = 0; r < t->rows; r++)
        for (const char *s = t->cell[COLUMNS * r + 3]; *s; s++) rows += *s == ' ';
    table to = {cli_take(a, (size_t)rows * COLUMNS * sizeof *to.cell), 0};
    for (int r = 0; r < t->rows; r++) {
        const char *const *c = &t->cell[COLUMNS * r], *list = c[3];
        size_t n = row_of(list, room);
        add_row(&to, c[0], c[1], c[2], cut(a, cli_copy(a, list, n), room));
        for (list += n; *list; list += n) {
            list += strspn(list, "; ");
            n = row_of(list, room);
            add_row(&to, "", "", "", cut(a, cli_copy(a, list, n), room));
        }
    }
    return to;
}

/* "encoder (linear 512)": the name and the description, without the attribute name=. */
static const char *named(cli_arena *a, const layer *l)
{
    const char *spec = *l->spec ? l->spec : l->kind, *own = strstr(spec, " name=");
    const size_t n = own ? (size_t)(own - spec) : strlen(spec);
    return cli_format(a, "%s (%.*s%s)", l->name, (int)n, spec, own ? own + 1 + strcspn(own + 1, " ") : "");
}

/* People do not think of targets as part of the network. */
static bool hidden(const layer *l)
{
    return strcmp(l->kind, tacet_role_name(TACET_ROLE_LABELS)) == 0 ||
           (strcmp(l->kind, tacet_role_name(TACET_ROLE_INPUT)) == 0 && strcmp(l->name, "target") == 0);
}

void cli_network_table(FILE *to, cli_arena *a, tacet_plan *p, int columns)
{
    int layers;
    int64_t parameters = 0, frozen = 0;
    const char *shared = "";
    const layer *l = list_layers(a, p, &layers);
    const size_t all = columns > 0 ? (size_t)columns : SIZE_MAX;
    table t = {cli_take(a, ((size_t)layers + 2) * COLUMNS * sizeof *t.cell), 0};
    add_row(&t, "layer", "output", "params", "penalties");
    add_row(&t, "", "", "", "");
    for (const layer *end = l + layers; l < end; l++) {
        parameters += l->parameters;
        frozen += l->frozen;
        if (*l->uses) shared = cli_format(a, "%s; %s uses %s", shared, l->name, l->uses);
        if (hidden(l)) continue;
        const char *name = all < NARROW ? l->name : named(a, l);
        add_row(&t, cut(a, name, all / 3 > LEAST ? all / 3 : LEAST), l->shape, cli_thousands(a, l->parameters),
                l->penalties);
    }
    const size_t others = width(&t, 0) + width(&t, 1) + width(&t, 2) + GAPS;
    t = fold(a, &t, all > others + LEAST ? all - others : LEAST);
    for (int c = 0; c < COLUMNS; c++) {
        const size_t n = width(&t, c);
        t.cell[COLUMNS + c] = n ? memset(cli_take(a, n + 1), '-', n) : "";
    }
    cli_table(to, "llrl", t.rows, t.cell);
    cli_wrap(to,
             cli_format(a, "%s: %s trainable, %s frozen%s", cli_count(a, parameters, "parameter"),
                        cli_thousands(a, parameters - frozen), cli_thousands(a, frozen), shared),
             0, 0, columns);
}

/* ---- What selectors match ---------------------------------------------------------------------------------------- */

enum { NAMED = 4 }; /* the first values are named and, if there are more, the last one */

/* "relu*: l1 1e-3 on 2 values: relu1, relu2", or "" if the selector is the whole name of a value. */
static const char *selection(cli_arena *a, const tacet_graph *g, const tacet_plan *p, const char *selector,
                             const char *text, tacet_role role)
{
    const char *names = "", *last = "";
    int n = 0;
    tacet_value_info v = {.size = sizeof v};
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) {
        if ((role && v.role != role) || !tacet_matches(g, selector, v.value)) continue;
        last = v.name;
        if (n++ < NAMED) names = cli_format(a, "%s%s%s", names, *names ? ", " : "", last);
    }
    if (n > NAMED) names = cli_format(a, "%s, %s%s", names, n > NAMED + 1 ? "..., " : "", last);
    if (strcmp(selector, last) == 0) return "";
    return cli_format(a, "%s: %s on %s: %s", selector, text, cli_count(a, n, "value"), names);
}

void cli_network_selected(FILE *to, cli_arena *a, const tacet_graph *g, const tacet_plan *p, int columns)
{
    const struct {
        const char *name;
        tacet_role role; /* of the values that it can be on; 0: any */
    } part[] = {{"penalties", 0}, {"options", TACET_ROLE_PARAMETER}};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        const char *selector, *text, *lines = cli_graph_part(a, g, part[i].name);
        while (cli_next_line(a, &lines, &selector, &text)) {
            const char *line = selection(a, g, p, selector, text, part[i].role);
            if (*line) cli_wrap(to, line, 0, 0, columns);
        }
    }
}

/* ---- What mixes samples ------------------------------------------------------------------------------------------ */

static bool mixes(const char *kind)
{
    tacet_entry e = {.size = sizeof e};
    for (int i = 0; tacet_entry_at(i, &e) == TACET_OK; i++)
        if (e.role == TACET_ROLE_LAYER && e.mixes && strcmp(e.name, kind) == 0) return true;
    return false;
}

const char *cli_network_mixes(cli_arena *a, const tacet_plan *p)
{
    tacet_value_info v = {.size = sizeof v};
    const char *kinds = "";
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++)
        if (mixes(v.kind) && !strstr(kinds, v.kind)) kinds = cli_format(a, "%s%s%s", kinds, *kinds ? ", " : "", v.kind);
    return kinds;
}
