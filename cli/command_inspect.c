/* command_inspect.c: tacet inspect MODEL. */
#include "command.h"
#include "job.h"
#include "ledger.h"
#include "output.h"
#include "run_folder.h"
#include "weight_view.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

static void described(cli_arena *a, const tacet_graph *g)
{
    static const char *const name[] = {"input", "model", "loss", "penalties", "options"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        const char *text = cli_graph_part(a, g, name[i]), *head = name[i];
        for (; *text; head = "") {
            int n = (int)strcspn(text, "\n");
            cli_print(stdout, "%-10s %.*s\n", head, n, text);
            text += n + (text[n] == '\n');
        }
    }
}

/* A name in the schema of the data: a text, or the "name" of an object. */
static const char *name_of(const tc_json *value)
{
    return tc_json_text(value && value->kind == TC_JSON_OBJECT ? tc_json_get(value, "name") : value);
}

static void listed(const char *head, const tc_json *list)
{
    enum { SHOWN = 20 };
    size_t i;
    const tc_json *value;
    if (!name_of(tc_json_first(list))) return;
    tc_json_each(list, i, value)
    {
        if (i < SHOWN)
            cli_print(stdout, i ? ", %s%s" : "%-10s %s", i ? "" : head, name_of(value) ? name_of(value) : "");
        if (i == SHOWN) cli_print(stdout, ", ...");
    }
    cli_print(stdout, "\n");
}

static void noted(cli_arena *a, const tacet_file *f)
{
    static const char *const name[] = {"output", "data", "test", "batch"};
    static const char *const list[][2] = {
        {"columns", "inputs"}, {"classes", "classes"}, {"targets", "targets"}, {"left out", "left_out"}};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        const char *text = tacet_file_note(f, name[i]);
        int n = text ? (int)strcspn(text, "\n") : 0;
        if (n) cli_print(stdout, "%-10s %.*s%s\n", name[i], n > 200 ? 200 : n, text, n > 200 || text[n] ? " ..." : "");
    }
    const tc_json *schema = cli_schema_read(a, cli_model_schema(a, f));
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) listed(list[i][0], tc_json_get(schema, list[i][1]));
}

/* One row: name, shape, mean, deviation, largest magnitude, share of exact zeros. */
static void tensor_row(cli_arena *a, const char **cell, const char *name, int rank, const int64_t *shape,
                       const float *x)
{
    const char *text = "";
    int64_t n = 1, zeros = 0;
    double sum = 0, square = 0, most = 0;
    for (int i = 0; i < rank; i++) {
        text = cli_format(a, "%s%s%lld", text, i ? ", " : "", (long long)shape[i]);
        n *= shape[i];
    }
    if (!x) n = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += (double)x[i];
        zeros += x[i] == 0.0f;
        most = fmax(most, fabs((double)x[i]));
    }
    double mean = n ? sum / (double)n : NAN;
    for (int64_t i = 0; i < n; i++) square += ((double)x[i] - mean) * ((double)x[i] - mean);
    cell[0] = name;
    cell[1] = cli_format(a, "[%s]", text);
    cell[2] = x ? cli_digits(a, mean) : "cannot be read";
    cell[3] = cli_digits(a, n ? sqrt(square / (double)n) : NAN);
    cell[4] = cli_digits(a, n ? most : NAN);
    cell[5] = cli_digits(a, n ? (double)zeros / (double)n : NAN);
}

/* Names the units or inputs that have weights other than 0, if some have none. */
static void left(const char *name, const cli_weight *w, bool input)
{
    enum { NAMED = 20 };
    const int64_t count = input ? w->inputs * w->groups : w->units;
    int64_t named[NAMED], used = 0;
    for (int64_t k = 0; k < count; k++) {
        if (cli_weight_is_empty(w, input, k)) continue;
        if (used < NAMED) named[used] = k;
        used++;
    }
    if (used == 0 || used == count) return;
    cli_print(stdout, "%s: %lld of %lld %s have no weight left; the others:", name, (long long)(count - used),
              (long long)count, input ? "inputs" : "units");
    for (int i = 0; i < NAMED && i < used; i++) cli_print(stdout, "%s %lld", i ? "," : "", (long long)named[i]);
    if (used > NAMED) cli_print(stdout, " and %lld more", (long long)used - NAMED);
    cli_print(stdout, "\n");
}

static void tensors(cli_arena *a, const tacet_file *f, const tacet_graph *g)
{
    const char *const head[] = {"tensor", "shape", "mean", "deviation", "largest", "zeros"};
    int n = tacet_file_count(f), rows = 1, rank;
    const char **cell = cli_take(a, ((size_t)n + 1) * sizeof head), *name;
    const int64_t *shape;
    const float *data;
    memcpy(cell, head, sizeof head);
    for (int i = 0; i < n; i++)
        if (tacet_file_tensor(f, i, &name, &rank, &shape, &data) == TACET_OK)
            tensor_row(a, &cell[6 * rows++], name, rank, shape, data);
    cli_print(stdout, "\n");
    cli_table(stdout, "llrrrr", rows, cell);
    for (int i = 0; i < n; i++) {
        cli_weight w;
        if (!cli_weight_in(f, g, i, &w)) continue;
        const char *dot = strrchr(w.name, '.'); /* a checkpoint also holds the optimizer's moments */
        if (!dot || strcmp(dot, ".weight") != 0) continue;
        left(w.name, &w, true);
        left(w.name, &w, false);
    }
}

/* ---- What would be left without the units that do nothing ---- */

/* Layers with parameters of their own; the last entry has the sums of all layers. */
typedef struct pruned {
    int layers;
    tacet_pruned *layer, all;
} pruned;

static pruned pruned_of(cli_arena *a, const tacet_file *f, const tacet_graph *g)
{
    tacet_error e;
    pruned p = {.all.name = "all layers"};
    tacet_pruned own = {.size = sizeof own};
    tacet_pruning *t = tacet_pruning_new(f, g, NULL, &e);
    if (!t) cli_no_memory();
    int n = 0;
    while (tacet_pruning_at(t, n, &own) == TACET_OK) n++;
    p.layer = cli_take(a, ((size_t)n + 1) * sizeof *p.layer);
    for (int i = 0; i < n; i++) {
        tacet_pruning_at(t, i, &own);
        p.all.parameters += own.parameters, p.all.parameters_left += own.parameters_left;
        p.all.flops += own.flops, p.all.flops_left += own.flops_left;
        if (own.parameters > 0) p.layer[p.layers++] = own;
    }
    tacet_pruning_free(t);
    return p;
}

static const char *whole(cli_arena *a, int64_t n) { return cli_format(a, "%lld", (long long)n); }

static void pruned_row(cli_arena *a, const char **cell, const tacet_pruned *l)
{
    cell[0] = l->name;
    cell[1] = l->units ? whole(a, l->units) : "";
    cell[2] = l->units ? whole(a, l->units_left) : "";
    cell[3] = whole(a, l->parameters);
    cell[4] = whole(a, l->parameters_left);
    cell[5] = cli_digits(a, l->flops);
    cell[6] = cli_digits(a, l->flops_left);
}

/* Prints nothing if nothing can be removed. */
static void pruned_show(cli_arena *a, const pruned *p)
{
    static const char *const head[] = {"layer", "units", "left", "parameters", "left", "flops", "left"};
    const char **cell = cli_take(a, ((size_t)p->layers + 2) * sizeof head);
    if (p->all.parameters_left == p->all.parameters) return;
    memcpy(cell, head, sizeof head);
    for (int i = 0; i < p->layers; i++) pruned_row(a, &cell[7 * (i + 1)], &p->layer[i]);
    pruned_row(a, &cell[7 * (p->layers + 1)], &p->all);
    cli_print(stdout, "\nWithout the units that do nothing:\n");
    cli_table(stdout, "lrrrrrr", p->layers + 2, cell);
}

static void pruned_members(tc_json_writer *j, const tacet_pruned *l)
{
    tc_json_add_integer(j, "parameters", l->parameters);
    tc_json_add_integer(j, "parameters_left", l->parameters_left);
    tc_json_add_number(j, "flops", l->flops);
    tc_json_add_number(j, "flops_left", l->flops_left);
}

static void pruned_json(cli_arena *a, const pruned *p)
{
    tc_json_writer j = cli_json(a);
    tc_json_open(&j, NULL, '{');
    tc_json_open(&j, "layers", '[');
    for (int i = 0; i < p->layers; i++) {
        tc_json_open(&j, NULL, '{');
        tc_json_add_text(&j, "layer", p->layer[i].name);
        tc_json_add_integer(&j, "units", p->layer[i].units);
        tc_json_add_integer(&j, "units_left", p->layer[i].units_left);
        pruned_members(&j, &p->layer[i]);
        tc_json_close(&j, '}');
    }
    tc_json_close(&j, ']');
    pruned_members(&j, &p->all);
    tc_json_close(&j, '}');
    cli_json_print(&j, stdout);
}

static tacet_status run_of(cli_arena *a, const char *path)
{
    cli_folder folder;
    cli_folder_name(a, path, &folder);
    tacet_status s = cli_ledger_show_run(stdout, a, path);
    if (s == TACET_OK) cli_print(stdout, "\ntacet inspect %s shows the weights.\n", folder.model);
    return s;
}

static tacet_status run(const cli_args *a)
{
    tacet_error e;
    tacet_status s = TACET_OK;
    struct stat st;
    if (stat(a->operand[0], &st) != 0) return cli_fail_file("open", a->operand[0]);
    const bool json = cli_given_value(a, "json") != NULL, folder = S_ISDIR(st.st_mode);
    if (folder && !json) return run_of(a->arena, a->operand[0]);
    cli_folder in = {.model = a->operand[0]};
    if (folder) cli_folder_name(a->arena, a->operand[0], &in);
    tacet_file *f = cli_model_file(in.model, &s);
    if (!f) return s;
    tacet_graph *g = tacet_file_graph(f, NULL, &e);
    const pruned left = g ? pruned_of(a->arena, f, g) : (pruned){0};
    if (json && g) {
        pruned_json(a->arena, &left);
        tacet_graph_free(g);
        tacet_file_free(f);
        return s;
    }
    if (g)
        described(a->arena, g);
    else if (e.status == TACET_FILE && !json)
        cli_warn("%s", e.message);
    else
        return tacet_file_free(f), cli_refuse(&e, 0, NULL);
    noted(a->arena, f);
    tensors(a->arena, f, g);
    pruned_show(a->arena, &left);
    tacet_graph_free(g);
    tacet_file_free(f);
    return s;
}

static const cli_option option[] = {
    {"json", 0, NULL, "Print only what would be left without the units that do nothing, as one JSON object", false},
    {0},
};

const cli_command cli_command_inspect = {
    .name = "inspect",
    .operands = "MODEL|RUN",
    .brief = "Show the contents of a model or a checkpoint, or what the penalties of a run did",
    .doc =
        "Prints the network that a model describes, what it was trained on, and its tensors: shape, mean, deviation, "
        "largest magnitude, share of exact zeros; and, if some inputs or units of a weight are all 0, which ones are "
        "left, counted from 0; and what would be left of the network without the units that do nothing: those whose "
        "output is the same for every input, because all their weights or the scale of their normalisation are 0, and "
        "those that no other unit reads. For the folder of a run it prints the ledger: for each penalty, on training "
        "data, "
        "lambda, value, share of the objective, the norm of its gradient and of the data's, density, exact zeros and "
        "dead units, for the last epoch and over the epochs; and how often units fire.",
    .least = 1,
    .most = 1,
    .option = option,
    .run = run,
};
