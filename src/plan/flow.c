/* flow.c: which values a list must compute, and which of them need a gradient.
 *
 *     needed: a result depends on it: a term, a kept value; in evaluation an output that nothing reads, and labels
 *     wants:  a gradient flows into it (a term depends on it, or the caller gives one) and is of use there (the value is, or
 *             is computed from, a parameter that trains or a value whose gradient is kept) */
#include "plan/plan.h"

static bool has_layer(const tacet_plan *p, int v)
{
    const tc_use *u = &p->uses.use[p->uses.first[v]]; /* layers come first */
    return p->uses.first[v] < p->uses.first[v + 1] && u->layer >= 0;
}

static bool is_needed(const tacet_plan *p, int list, const bool *needed, int v)
{
    const tc_value *value = &p->graph->value[v];
    const bool answer = value->op ? !has_layer(p, v) : value->type == TACET_I32;
    if (value->keep || value->keep_gradient || (list == TC_EVAL && answer)) return true;
    for (tc_each_use(u, &p->uses, v))
        if (u->slot >= 0 && (u->term >= 0 || needed[u->layer])) return true;
    return false;
}

/* Whether a gradient flows into v, given which of the later values have one. */
static bool is_reached(const tacet_plan *p, const bool *reached, int v)
{
    if (p->graph->value[v].takes_gradient) return true;
    for (tc_each_use(u, &p->uses, v))
        if (u->layer >= 0 ? reached[u->layer] : (u->how & TC_USE_PULLS) != 0) return true;
    return false;
}

/* Marks the values in which a gradient is useful, given the earlier values in which it is. Parameters come after the
 * layer that made them, so they are marked first. */
static void mark_useful(const tacet_plan *p, bool *useful)
{
    const tacet_graph *g = p->graph;
    for (int i = 0; i < p->block.places; i++)
        useful[p->block.place[i].value] = !p->update.group[p->block.place[i].group].frozen;
    for (int v = 0; v < p->values; v++) {
        if (g->value[v].keep_gradient) useful[v] = true;
        for (int k = 0; k < g->value[v].slots; k++)
            if (g->value[v].input[k] >= 0 && useful[g->value[v].input[k]]) useful[v] = true;
    }
}

tacet_status tc_plan_flow(tacet_plan *p, int list)
{
    tc_list *l = &p->list[list];
    const size_t n = (size_t)p->values + 1;
    l->needed = tc_plan_alloc(p, n, sizeof *l->needed);
    l->wants = tc_plan_alloc(p, n, sizeof *l->wants);
    bool *useful = tc_plan_alloc(p, n, sizeof *useful), *reached = tc_plan_alloc(p, n, sizeof *reached);
    if (!l->needed || !l->wants || !useful || !reached) return tc_fail_memory(&p->error);
    /* Values are read only by later ones, but parameters by layers before and after them, so parameters come last. */
    for (int parameters = 0; parameters < 2; parameters++)
        for (int v = p->values - 1; v >= 0; v--) {
            if ((p->graph->value[v].owner >= 0) != parameters) continue;
            l->needed[v] = is_needed(p, list, l->needed, v);
            reached[v] = is_reached(p, reached, v);
        }
    if (list != TC_TRAIN) return TACET_OK;
    mark_useful(p, useful);
    for (int v = 0; v < p->values; v++) l->wants[v] = useful[v] && reached[v] && p->graph->value[v].type == TACET_F32;
    return TACET_OK;
}
