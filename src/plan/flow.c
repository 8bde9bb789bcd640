/* flow.c: which values a list must compute, and which of them need a gradient.
 *
 *     needed: something that is asked for depends on it: a term, a kept value; in evaluation an output that nobody
 *             reads, and labels
 *     wants:  a gradient flows into it (a term depends on it) and is of use there (a parameter that trains, or one that
 *             was asked for, lies on it or behind it) */
#include "plan/plan.h"

/* In evaluation the answers, outputs that nobody reads, and the labels that they may be compared with. */
static bool is_asked_for(const tc_value *value, int list, bool read)
{
    if (value->keep || value->keep_gradient) return true;
    return list == TC_EVAL && (value->op ? !read : value->type == TACET_I32);
}

static void mark_needed(const tacet_plan *p, int list, bool *needed, bool *read)
{
    const tacet_graph *g = p->graph;
    for (int i = 0; i < p->terms; i++)
        for (int k = 0; k < g->term[i].slots; k++)
            if (g->term[i].input[k] >= 0) needed[g->term[i].input[k]] = true;
    for (int v = p->values - 1; v >= 0; v--) {
        const tc_value *value = &g->value[v];
        if (is_asked_for(value, list, read[v])) needed[v] = true;
        for (int k = 0; k < value->slots; k++) {
            if (value->input[k] < 0) continue;
            read[value->input[k]] = true;
            if (needed[v]) needed[value->input[k]] = true;
        }
    }
}

/* Whether a gradient is of use in v: parameters first, as they stand behind their layers. */
static void mark_useful(const tacet_plan *p, bool *useful)
{
    const tacet_graph *g = p->graph;
    for (int i = 0; i < p->places; i++) useful[p->place[i].value] = !p->group[p->place[i].group].frozen;
    for (int v = 0; v < p->values; v++) {
        if (g->value[v].keep_gradient) useful[v] = true;
        for (int k = 0; k < g->value[v].slots; k++)
            if (g->value[v].input[k] >= 0 && useful[g->value[v].input[k]]) useful[v] = true;
    }
}

tacet_status tc_plan_flow(tacet_plan *p, int list)
{
    tc_list *l = &p->list[list];
    const tacet_graph *g = p->graph;
    const size_t n = (size_t)p->values + 1;
    l->needed = tc_plan_alloc(p, n, sizeof *l->needed);
    l->wants = tc_plan_alloc(p, n, sizeof *l->wants);
    bool *useful = tc_plan_alloc(p, n, sizeof *useful), *reached = tc_plan_alloc(p, n, sizeof *reached);
    bool *read = tc_plan_alloc(p, n, sizeof *read);
    if (!l->needed || !l->wants || !useful || !reached || !read) return tc_fail_memory(&p->error);
    mark_needed(p, list, l->needed, read);
    if (list != TC_TRAIN) return TACET_OK;
    mark_useful(p, useful);
    for (int i = 0; i < p->terms; i++)
        for (int k = 0; k < g->term[i].slots; k++)
            if (tc_term_pulls(&g->term[i], k)) reached[g->term[i].input[k]] = true;
    for (int v = p->values - 1; v >= 0; v--)
        for (int k = 0; reached[v] && k < g->value[v].slots; k++)
            if (g->value[v].input[k] >= 0) reached[g->value[v].input[k]] = true;
    for (int v = 0; v < p->values; v++) l->wants[v] = useful[v] && reached[v] && g->value[v].type == TACET_F32;
    return TACET_OK;
}
