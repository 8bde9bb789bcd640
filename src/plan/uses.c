/* uses.c: fills the table of uses in two passes over the graph: the first counts the uses of each value, the second
 * enters them. */
#include "plan/plan.h"

#include <assert.h>

typedef struct entering {
    tc_uses *uses;
    int *next; /* [values]: where the next use of a value goes; NULL in the first pass */
} entering;

static void enter(entering *e, int value, tc_use use)
{
    if (value < 0) return;
    if (e->next)
        e->uses->use[e->next[value]++] = use;
    else
        e->uses->first[value + 1]++;
}

/* How a term uses its slot k, apart from TC_USE_INPUT. */
static unsigned how(const tc_term *t, int k)
{
    const unsigned pulls = tc_term_pulls(t, k) ? TC_USE_PULLS : 0;
    if (t->op->role != &tc_penalty) return pulls;
    return pulls | (tc_term_acts(t, k) ? TC_USE_MEASURED : 0) | (t->of < 0 && k < t->inputs ? TC_USE_NAMED : 0);
}

static void enter_all(entering *e, const tacet_plan *p)
{
    for (int i = 0; i < tc_plan_nodes(p); i++) {
        const tc_node n = tc_plan_node(p, i);
        const tc_term *t = n.term < 0 ? NULL : &p->graph->term[n.term];
        for (int k = 0; k < n.slots; k++)
            enter(e, n.input[k],
                  (tc_use){n.value, n.term, k, (k < n.inputs ? TC_USE_INPUT : 0u) | (t ? how(t, k) : 0u)});
        if (t && t->of >= 0) enter(e, t->of, (tc_use){-1, n.term, -1, TC_USE_NAMED});
    }
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

/* An input is optional if only losses read it, as their target. (A penalty on a layer reads what the layer or a loss
 * reads.) */
static bool is_optional(const tacet_plan *p, int v)
{
    for (tc_each_use(u, &p->uses, v)) {
        if (u->layer >= 0) return false;
        const tc_term *t = &p->graph->term[u->term];
        if (t->of < 0 && (t->op->role != &tc_loss || u->slot < t->inputs - 1)) return false;
    }
    return true;
}

/* Class indices must be below the number of classes that the shape rule of each of their readers sets, or one that all
 * of them ignore: the first pass finds the number and the index, the second drops an index that this reader takes for a
 * class. */
static void limit(tacet_plan *p, const tc_node *n, int pass)
{
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    const tc_sketch s = tc_plan_sketch(p, n, shape, batch);
    for (int k = 0; k < n->inputs; k++) {
        tc_feed *f = &p->feed[n->input[k]];
        const tc_ignored own = k == n->inputs - 1 ? s.ignored : (tc_ignored){0};
        if (s.classes[k] > 0 && (f->classes == 0 || s.classes[k] < f->classes)) f->classes = s.classes[k];
        if (pass == 0 && own.given) f->ignored = own;
        if (pass == 1 && tc_takes_ids(n->op, k) && !tc_is_ignored(own, f->ignored.index)) f->ignored.given = false;
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
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < tc_plan_nodes(p); i++) {
            const tc_node n = tc_plan_node(p, i);
            if (n.op && n.op->ids) limit(p, &n, pass);
            if (n.weighed) p->feed[n.input[n.slots - 1]].weights = true;
        }
}
