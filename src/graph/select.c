/* select.c: selectors, globs over names. How a name is matched depends on what the value is, not on how the selector is
 * written. The name of an input or of a layer's output is a path, and * matches any part of it, dots included: relu* is
 * relu1 and relu2, layer1.* is everything in layer1. A parameter's name ends in a dot and a last segment. There the
 * last dot of the selector matches that dot, and * matches only the other dots: *.weight is every weight, linear1.* is
 * the parameters of linear1, and a selector without a dot matches no parameter. */
#include "graph/graph.h"

#include <fnmatch.h>
#include <string.h>

enum { ROOM = 256 };

/* A copy of a selector or a name. For a parameter the last dot becomes a slash, which fnmatch's * does not cross; false
 * if it has no dot. */
static bool copy(const char *from, bool parameter, char to[ROOM])
{
    if (strchr(from, '/') || strlen(from) >= ROOM) return false;
    strcpy(to, from);
    char *dot = strrchr(to, '.');
    if (dot && parameter) *dot = '/';
    return dot || !parameter;
}

bool tc_matches(const char *selector, const char *name, bool parameter)
{
    char s[ROOM], n[ROOM];
    return copy(selector, parameter, s) && copy(name, parameter, n) && fnmatch(s, n, FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

static bool selects(const tacet_graph *g, const char *selector, int v)
{
    return tc_matches(selector, g->value[v].name, g->value[v].owner >= 0);
}

bool tacet_matches(const tacet_graph *g, const char *selector, tacet_value value)
{
    const int v = (int)value.id - 1;
    return g && v >= 0 && v < g->values && tc_selectable(&g->value[v], false) && selects(g, selector, v);
}

int tc_select(const tacet_graph *g, const char *selector, bool parameters, int from)
{
    int v = from;
    while (v < g->values && !(tc_selectable(&g->value[v], parameters) && selects(g, selector, v))) v++;
    return v;
}

/* If parameters are meant but the selector matches layers, hints how to select their parameters. */
static bool hint_deeper(tacet_graph *g, const char *selector, bool parameters)
{
    char deeper[ROOM];
    if (!parameters || strlen(selector) + 3 > sizeof deeper) return false;
    strcat(strcpy(deeper, selector), ".*");
    if (tc_select(g, deeper, true, 0) == g->values) return false;
    tc_fail_hint(&g->error, "the parameters of %s are %s", selector, deeper);
    return true;
}

bool tc_select_any(tacet_graph *g, const char *selector, bool parameters)
{
    if (tc_graph_failed(g)) return false;
    if (tc_select(g, selector, parameters, 0) < g->values) return true;
    tc_graph_fail(g, "the selector \"%.200s\" matches no %s", selector, parameters ? "parameter" : "value");
    tc_fail_at(&g->error, selector, 0, (int)strlen(selector));
    if (!tc_shares_hint(g, selector, &g->error) && !hint_deeper(g, selector, parameters))
        tc_graph_suggest(g, selector, parameters);
    return false;
}

static void mark(tacet_graph *g, const char *selector, bool value, bool gradient, bool takes)
{
    if (!tc_select_any(g, selector, false)) return;
    for (int i = 0; (i = tc_select(g, selector, false, i)) < g->values; i++) {
        tc_value *v = &g->value[i];
        v->keep = v->keep || value;
        v->keep_gradient = v->keep_gradient || gradient;
        v->takes_gradient = v->takes_gradient || takes;
    }
}

void tacet_keep(tacet_graph *g, const char *selector) { mark(g, selector, true, false, false); }

void tacet_keep_gradient(tacet_graph *g, const char *selector) { mark(g, selector, false, true, false); }

void tacet_take_gradient(tacet_graph *g, const char *selector) { mark(g, selector, false, true, true); }
