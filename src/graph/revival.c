/* revival.c: how the dead units of a layer come back, as its description says: revive=resample|aux.
 *
 * What is revived must be known from the graph: with `aux`, the linear layer whose output is compared with a target, so
 * that the units have an error to predict. With `resample`, the weights into the units and out of them, which the plan
 * looks for (plan/resample.c). */
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

extern const tc_op tc_op_linear, tc_op_add, tc_op_sub, tc_op_scale_shift, tc_op_mse, tc_op_aux;

#define ALPHA (1.0 / 32)

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

/* Makes the term LAYER:aux on the units of `layer`, whose decoder makes y of the loss. */
static bool make_term(tacet_graph *g, tc_term *t, const tc_term *loss, int layer, int decoder)
{
    char name[TC_MAX_NAME + sizeof ":aux"], spec[64], alpha[TC_NUMBER_MAX];
    const tc_value *d = &g->value[decoder];
    snprintf(name, sizeof name, "%s:%s", g->value[layer].name, tc_op_aux.name);
    snprintf(spec, sizeof spec, "%s %s", tc_op_aux.name, tc_number_text(ALPHA * loss->lambda, alpha));
    *t = (tc_term){.op = &tc_op_aux,
                   .of = layer,
                   .inputs = 3,
                   .slots = 5,
                   .input = {loss->input[0], loss->input[1], layer, d->input[d->inputs], g->value[layer].input[0]},
                   .lambda = ALPHA * loss->lambda,
                   .target = NAN,
                   .reduce = loss->reduce,
                   .turned = d->turned,
                   .name = tc_strdup(&g->mem, name),
                   .on = tc_strdup(&g->mem, g->value[layer].name),
                   .common = tc_alloc(&g->mem, TC_COMMON_ATTRS, sizeof *t->common)};
    if (!t->name || !t->on || !t->common) return tc_graph_no_memory(g);
    return tc_spec_parse(&t->spec, &g->mem, spec, &g->error) == TACET_OK;
}

/* The first loss that compares what the layer's decoder makes brings the term. */
static bool has_term(const tacet_graph *g, int layer)
{
    for (int i = 0; i < g->terms; i++)
        if (g->term[i].op == &tc_op_aux && g->term[i].of == layer) return true;
    return false;
}

bool tc_revive_add_terms(tacet_graph *g)
{
    const tc_term loss = g->term[g->terms - 1];
    for (int v = 0; v < g->values && loss.op == &tc_op_mse; v++) {
        const int decoder = g->value[v].revive == TC_REVIVE_AUX ? tc_revive_decoder(g, v, loss.input[0]) : -1;
        if (decoder < 0 || has_term(g, v)) continue;
        if (g->terms >= TC_MAX_TERMS) return tc_graph_fail(g, "more than %d terms", TC_MAX_TERMS);
        tc_term *grown = tc_resize(&g->mem, g->term, (size_t)g->terms + 1, sizeof *grown);
        if (!grown) return tc_graph_no_memory(g);
        g->term = grown;
        if (!make_term(g, &g->term[g->terms], &loss, v, decoder)) {
            tc_term_free(&g->mem, &g->term[g->terms]);
            return false;
        }
        g->terms++;
    }
    return true;
}
