/* select.c: selectors, globs over names in which * does not cross a dot: linear* is outputs, linear*.weight weights. */
#include "graph/graph.h"

#include <fnmatch.h>
#include <string.h>

/* A dot becomes a slash, which fnmatch's * does not cross. */
static bool slashed(const char *from, char *to, size_t capacity)
{
    size_t n = strlen(from);
    if (n >= capacity) return false;
    for (size_t i = 0; i <= n; i++) to[i] = from[i] == '.' ? '/' : from[i];
    return true;
}

bool tacet_matches(const char *selector, const char *name)
{
    char p[256], n[256];
    return slashed(selector, p, sizeof p) && slashed(name, n, sizeof n) &&
           fnmatch(p, n, FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

int tc_select(const tacet_graph *g, const char *selector, bool parameters, int from)
{
    int v = from;
    while (v < g->values && !(tc_selects(&g->value[v], parameters) && tacet_matches(selector, g->value[v].name))) v++;
    return v;
}

bool tc_select_any(tacet_graph *g, const char *selector, bool parameters)
{
    if (tc_graph_failed(g)) return false;
    if (tc_select(g, selector, parameters, 0) < g->values) return true;
    tc_graph_fail(g, "the selector \"%.200s\" matches no %s", selector, parameters ? "parameter" : "value");
    tc_fail_at(&g->error, selector, 0, (int)strlen(selector));
    if (!tc_shares_hint(g, selector, &g->error)) tc_graph_suggest(g, selector, parameters);
    return false;
}

static void mark(tacet_graph *g, const char *selector, bool gradient)
{
    if (!tc_select_any(g, selector, false)) return;
    for (int v = 0; (v = tc_select(g, selector, false, v)) < g->values; v++)
        *(gradient ? &g->value[v].keep_gradient : &g->value[v].keep) = true;
}

void tacet_keep(tacet_graph *g, const char *selector) { mark(g, selector, false); }

void tacet_keep_gradient(tacet_graph *g, const char *selector) { mark(g, selector, true); }
