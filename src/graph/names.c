/* names.c: what may be a name, and the values by name.
 *
 * A name consists of segments of letters, digits and _, separated by dots, as PyTorch names its modules:
 * layer1.0.conv1. A parameter's name is that of its layer, a dot, and a last segment.
 *
 * The values are found by a hash table of their indices, with open addressing: the number at a place is the index of a
 * value + 1, or 0. At most half of the places are taken. */
#include "graph/graph.h"

#include "base/nearest.h"

#include <stdio.h>
#include <string.h>

/* ---- The table ---- */

/* The place of a name: it holds the value of that name, or is free. The hash is FNV-1a (Fowler, Noll, Vo). */
static int *place_of(const tacet_graph *g, const char *name)
{
    const unsigned mask = (unsigned)g->places - 1;
    uint32_t hash = tc_text_hash(name, 0);
    int *place;
    while (*(place = &g->named[hash & mask]) && strcmp(g->value[*place - 1].name, name) != 0) hash++;
    return place;
}

void tc_name_take(tacet_graph *g, int value) { *place_of(g, g->value[value].name) = value + 1; }

/* Makes room for one more name. */
static bool make_room(tacet_graph *g)
{
    if (2 * (g->values + 1) <= g->places) return true;
    const int places = g->places ? 2 * g->places : 64;
    int *named = tc_alloc(&g->mem, (size_t)places, sizeof *named);
    if (!named) return tc_graph_no_memory(g);
    tc_free(&g->mem, g->named);
    g->named = named;
    g->places = places;
    for (int v = 0; v < g->values; v++) tc_name_take(g, v);
    return true;
}

int tc_graph_index(const tacet_graph *g, const char *name) { return g && g->places ? *place_of(g, name) - 1 : -1; }

tacet_value tacet_find(const tacet_graph *g, const char *name)
{
    return (tacet_value){(int32_t)(tc_graph_index(g, name) + 1)};
}

/* ---- What may be a name ---- */

/* Unlike isalpha, this does not depend on the locale. */
static bool is_name(const char *name, size_t most)
{
    static const char segment[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    const char *end = name;
    for (size_t n; (n = strspn(end, segment)) > 0; end++) {
        end += n;
        if (*end != '.') return *end == '\0' && (size_t)(end - name) <= most;
    }
    return false; /* a segment is empty */
}

bool tc_name_free(tacet_graph *g, const char *name, bool parameter)
{
    if (!is_name(name, parameter ? TC_MAX_NAME + 64 : TC_MAX_NAME)) {
        tc_graph_fail(g, "\"%.100s\" cannot be a name", name);
        tc_fail_hint(&g->error,
                     "use letters, digits and _, with dots between them, as in layer1.0.conv1; at most %d bytes",
                     TC_MAX_NAME);
        return false;
    }
    if (tc_graph_index(g, name) >= 0) return tc_graph_fail(g, "the name %s is taken already", name);
    if (g->values >= TC_MAX_VALUES) return tc_graph_fail(g, "more than %d values", TC_MAX_VALUES);
    return make_room(g);
}

/* ---- What was meant ---- */

typedef struct names {
    const tacet_graph *g;
    bool parameters;
} names;

static const char *name_at(const void *context, int i)
{
    const names *n = context;
    for (int v = 0; v < n->g->values; v++)
        if (tc_selectable(&n->g->value[v], n->parameters) && i-- == 0) return n->g->value[v].name;
    return NULL;
}

void tc_graph_suggest(tacet_graph *g, const char *name, bool parameters)
{
    const names all = {g, parameters};
    const char *one, *near = tc_nearest(name, name_at, &all);
    char list[sizeof g->error.hint] = "";
    size_t used = 0;
    for (int i = 0; (one = name_at(&all, i)); i++) {
        int n = snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", one);
        if (n < 0 || (size_t)n >= sizeof list - used - 40) {
            snprintf(list + used, sizeof list - used, "%s", ", ...");
            break;
        }
        used += (size_t)n;
    }
    tc_fail_hint(&g->error, "%s%s%sthere are: %s", near ? "did you mean " : "", near ? near : "", near ? "? " : "",
                 list[0] ? list : "none yet");
}
