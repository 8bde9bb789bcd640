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

int tc_select(tacet_graph *g, const char *selector, bool parameters, int *match)
{
    int n = 0;
    for (int i = 0; i < g->values; i++) {
        const tc_value *v = &g->value[i];
        if (!tc_selects(v) || (parameters && v->owner < 0)) continue;
        if (tacet_matches(selector, v->name)) match[n++] = i;
    }
    if (n) return n;
    const bool fresh = g->error.status == TACET_OK;
    tc_graph_fail(g, TACET_DESCRIPTION, "the selector \"%.200s\" matches no %s", selector,
                  parameters ? "parameter" : "value");
    if (fresh) {
        tc_fail_at(&g->error, selector, 0, (int)strlen(selector));
        if (!tc_shares_hint(g, selector, &g->error)) tc_graph_suggest(g, selector, parameters);
    }
    return 0;
}

static void mark(tacet_graph *g, const char *selector, bool gradient)
{
    if (tc_graph_failed(g)) return;
    int *match = tc_alloc(&g->mem, (size_t)g->values + 1, sizeof *match);
    if (!match) {
        tc_graph_no_memory(g);
        return;
    }
    int n = tc_select(g, selector, false, match);
    for (int i = 0; i < n; i++) {
        tc_value *v = &g->value[match[i]];
        *(gradient ? &v->keep_gradient : &v->keep) = true;
    }
    tc_free(&g->mem, match);
}

void tacet_keep(tacet_graph *g, const char *selector) { mark(g, selector, false); }

void tacet_keep_gradient(tacet_graph *g, const char *selector) { mark(g, selector, true); }
