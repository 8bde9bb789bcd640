/* network.c: the plan's values put together layer by layer, with the penalties whose selectors match. */
#include "network.h"

#include <string.h>

/* The penalties of the lines "selector: penalty" that are on this value, behind those that `before` holds. */
static const char *add_penalties(cli_arena *a, const char *before, const char *lines, const char *name)
{
    const char *dot = strchr(name, '.');
    while (*lines) {
        const size_t n = strcspn(lines, "\n"), selector = strcspn(lines, ":");
        if (selector < n && tacet_matches(cli_copy(a, lines, selector), name))
            before = cli_format(a, "%s%s%s%s%.*s", before, *before ? "; " : "", dot ? dot + 1 : "", dot ? ": " : "",
                                (int)(n - selector - 2), lines + selector + 2);
        lines += n + (lines[n] == '\n');
    }
    return before;
}

static const char *shape_text(cli_arena *a, const tacet_value_info *v)
{
    const char *text = v->rank ? "" : "1";
    for (int i = 0; i < v->rank; i++) text = cli_format(a, "%s%s%lld", text, i ? " x " : "", (long long)v->shape[i]);
    return text;
}

static size_t penalties_text(const void *graph, char *text, size_t capacity)
{
    return tacet_graph_text(graph, "penalties", text, capacity);
}

const cli_layer *cli_network(cli_arena *a, const tacet_graph *g, const tacet_plan *p, int *rows)
{
    const int n = tacet_value_count(p);
    const char *penalties = cli_text_of(a, penalties_text, g);
    cli_layer *layer = cli_take(a, ((size_t)n + 1) * sizeof *layer);
    tacet_value_info v;
    *rows = 0;
    for (int i = 0; i < n; i++)
        if (tacet_value_at(p, i, &v) == TACET_OK && strcmp(v.kind, "parameter") != 0)
            layer[(*rows)++] = (cli_layer){.name = v.name,
                                           .kind = v.kind,
                                           .spec = v.spec,
                                           .shape = shape_text(a, &v),
                                           .penalties = add_penalties(a, "", penalties, v.name)};
    for (int i = 0; i < n; i++) {
        if (tacet_value_at(p, i, &v) != TACET_OK || strcmp(v.kind, "parameter") != 0) continue;
        const size_t length = strcspn(v.name, ".");
        for (int k = 0; k < *rows; k++) {
            cli_layer *l = &layer[k];
            if (strncmp(l->name, v.name, length) != 0 || l->name[length]) continue;
            l->parameters += v.units;
            l->frozen += v.trainable ? 0 : v.units;
            l->penalties = add_penalties(a, l->penalties, penalties, v.name);
        }
    }
    return layer;
}

void cli_network_json(cli_json *j, cli_arena *a, const tacet_graph *g, const tacet_plan *p)
{
    int rows;
    const cli_layer *l = cli_network(a, g, p, &rows);
    cli_json_open(j, "network", '[');
    for (; rows > 0; rows--, l++) {
        cli_json_open(j, NULL, '{');
        cli_json_text(j, "name", l->name);
        cli_json_text(j, "kind", l->kind);
        cli_json_text(j, "spec", l->spec);
        cli_json_text(j, "shape", l->shape);
        cli_json_integer(j, "parameters", l->parameters);
        cli_json_integer(j, "frozen", l->frozen);
        cli_json_text(j, "penalties", l->penalties);
        cli_json_close(j, '}');
    }
    cli_json_close(j, ']');
}
