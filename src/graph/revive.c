/* revive.c: how the dead units of a layer come back, as its description says: revive=resample|aux.
 *
 * What is revived must be known from the graph: with `aux`, the linear layer whose output is compared with a target, so
 * that the units have an error to predict. With `resample`, the weights into the units and out of them, which the plan
 * looks for (plan/revive.c). */
#include "graph/graph.h"

extern const tc_op tc_op_linear, tc_op_add, tc_op_sub, tc_op_scale_shift;

bool tc_revive_set(tacet_graph *g, tc_value *layer, const tc_arg *common)
{
    const tc_arg *revive = &common[TC_LAYER_REVIVE], *after = &common[TC_LAYER_DEAD_AFTER];
    const tc_arg *given = revive->given ? revive : after;
    if (given->given && !(layer->op->flags & TC_MAKES_ZEROS)) {
        tc_graph_refuse(g, &layer->spec, given, "the units of a %s are never silent, so none of them is dead",
                        layer->op->name);
        tc_fail_hint(&g->error, "revive= and dead_after= are for layers that make zeros, such as relu and topk");
        return false;
    }
    layer->revive = (int)revive->number;
    if (!after->given) return true;
    if (layer->revive == TC_REVIVE_NONE)
        return tc_graph_refuse(g, &layer->spec, after, "dead_after= needs revive=resample or revive=aux");
    if (after->number < 1)
        return tc_graph_refuse(g, &layer->spec, after, "dead_after is a number of steps, at least 1");
    layer->dead_after = (int64_t)after->number;
    return true;
}

/* Whether a layer's output is its first input plus something else. */
static bool adds(const tc_value *v)
{
    if (v->op == &tc_op_add || v->op == &tc_op_sub) return true;
    return v->op == &tc_op_scale_shift && v->input[v->inputs] < 0;
}

bool tc_revive_reaches(const tacet_graph *g, int v, int y)
{
    while (y != v && adds(&g->value[y])) y = g->value[y].input[0];
    return y == v;
}

int tc_revive_decoder(const tacet_graph *g, int layer, int y)
{
    for (int v = layer + 1; v < g->values; v++)
        if (g->value[v].op == &tc_op_linear && g->value[v].input[0] == layer && tc_revive_reaches(g, v, y)) return v;
    return -1;
}
