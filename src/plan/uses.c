/* uses.c: fills the table of uses in two rounds over the graph: the first counts each value's, the second enters them. */
#include "plan/plan.h"

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
        const bool measured = penalty && (term->of < 0 || k >= term->inputs), named = penalty && term->of < 0;
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
    for (int v = 0; v < p->values; v++) next[v] = uses->first[v + 1] += uses->first[v];
    for (int v = p->values - 1; v > 0; v--) next[v] = next[v - 1];
    next[0] = 0;
    uses->use = tc_plan_alloc(p, (size_t)uses->first[p->values] + 1, sizeof *uses->use);
    if (!uses->use) return tc_fail_memory(&p->error);
    e.next = next;
    enter_all(&e, p);
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

/* Labels are below the number of classes of every loss that reads them. */
static int64_t classes_of(const tacet_plan *p, int v)
{
    int64_t least = 0;
    for (tc_each_use(u, &p->uses, v)) {
        const tc_term *t = u->term >= 0 ? &p->graph->term[u->term] : NULL;
        if (!t || !(t->op->flags & TC_LABELS) || u->slot != t->inputs - 1) continue;
        const tc_shape *y = &p->graph->value[t->input[0]].shape;
        const int64_t classes = y->dim[y->rank - 1];
        if (least == 0 || classes < least) least = classes;
    }
    return least;
}

void tc_plan_inputs(tacet_plan *p)
{
    tc_feed **last = &p->first_feed;
    for (int v = 0; v < p->values; v++) {
        tc_feed *f = &p->feed[v];
        if (p->graph->value[v].op || p->graph->value[v].owner >= 0) continue;
        f->optional = is_optional(p, v);
        f->classes = classes_of(p, v);
        *last = f;
        last = &f->next;
    }
}
