/* uses.c: fills the table of uses in two rounds over the graph: the first counts each value's, the second enters
 * them. */
#include "plan/plan.h"

#include <assert.h>

typedef struct entering {
    tc_uses *uses;
    int *next; /* [values]: where the next use of a value goes; NULL while they are counted */
} entering;

static void enter(entering *e, int value, tc_use use)
{
    if (value < 0) return;
    if (e->next)
        e->uses->use[e->next[value]++] = use;
    else
        e->uses->first[value + 1]++;
}

static void enter_layer(entering *e, const tacet_graph *g, int v)
{
    const tc_value *value = &g->value[v];
    for (int k = 0; k < value->slots; k++)
        enter(e, value->input[k], (tc_use){v, -1, k, k < value->inputs ? TC_USE_INPUT : 0});
}

static void enter_term(entering *e, const tacet_graph *g, int t)
{
    const tc_term *term = &g->term[t];
    const bool penalty = term->op->role == &tc_penalty;
    for (int k = 0; k < term->slots; k++) {
        const bool measured = penalty && tc_term_acts(term, k), named = penalty && term->of < 0;
        enter(e, term->input[k],
              (tc_use){-1, t, k,
                       (k < term->inputs ? TC_USE_INPUT : 0u) | (tc_term_pulls(term, k) ? TC_USE_PULLS : 0u) |
                           (measured ? TC_USE_MEASURED : 0u) | (named ? TC_USE_NAMED : 0u)});
    }
    if (term->of >= 0) enter(e, term->of, (tc_use){-1, t, -1, TC_USE_NAMED});
}

static void enter_all(entering *e, const tacet_plan *p)
{
    for (int v = 0; v < p->values; v++) enter_layer(e, p->graph, v);
    for (int t = 0; t < p->terms; t++) enter_term(e, p->graph, t);
}

tacet_status tc_plan_uses(tacet_plan *p)
{
    tc_uses *uses = &p->uses;
    const size_t n = (size_t)p->values + 1;
    entering e = {.uses = uses};
    uses->first = tc_plan_alloc(p, n, sizeof *uses->first);
    int *next = tc_plan_alloc(p, n, sizeof *next);
    if (!uses->first || !next) return tc_fail_memory(&p->error);
    enter_all(&e, p);
    for (int v = 0; v < p->values; v++) uses->first[v + 1] += next[v] = uses->first[v];
    uses->use = tc_plan_alloc(p, (size_t)uses->first[p->values] + 1, sizeof *uses->use);
    if (!uses->use) return tc_fail_memory(&p->error);
    e.next = next;
    enter_all(&e, p);
    for (int v = 0; v < p->values; v++) assert(next[v] == uses->first[v + 1]);
    return TACET_OK;
}

bool tc_plan_is_penalty(const tacet_plan *p, int term) { return p->graph->term[term].op->role == &tc_penalty; }

/* An input is optional where losses alone read it, as their target. */
static bool is_optional(const tacet_plan *p, int v)
{
    for (tc_each_use(u, &p->uses, v)) {
        if (u->layer >= 0) return false;
        const tc_term *t = &p->graph->term[u->term];
        if (t->op->role != &tc_loss || u->slot < t->inputs - 1) return false;
    }
    return true;
}

/* What an operator reads as class indices is held to the number of classes that its shape rule says. */
static void limit(tacet_plan *p, const tc_op *op, const tc_arg *arg, const int *input, int inputs)
{
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    if (!op->ids) return;
    const tc_sketch s = tc_plan_sketch(p, op, arg, input, inputs, shape, batch);
    for (int k = 0; k < inputs; k++) {
        int64_t *classes = &p->feed[input[k]].classes;
        if (s.classes[k] > 0 && (*classes == 0 || s.classes[k] < *classes)) *classes = s.classes[k];
    }
}

void tc_plan_inputs(tacet_plan *p)
{
    const tacet_graph *g = p->graph;
    tc_feed **last = &p->first_feed;
    for (int v = 0; v < p->values; v++) {
        tc_feed *f = &p->feed[v];
        f->classes = g->value[v].classes;
        if (g->value[v].op || g->value[v].owner >= 0) continue;
        f->optional = is_optional(p, v);
        *last = f;
        last = &f->next;
    }
    for (int v = 0; v < p->values; v++)
        if (g->value[v].op) limit(p, g->value[v].op, g->value[v].arg, g->value[v].input, g->value[v].inputs);
    for (int t = 0; t < p->terms; t++)
        limit(p, g->term[t].op, tc_term_arg(g, &g->term[t]), g->term[t].input, g->term[t].inputs);
}
