/* update.c: what follows the backward pass. Neighbouring parameters with the same options are one update;
 * after the updates come proximal steps and constraints, in the order in which they were described. */
#include "plan/plan.h"

static bool parameter_trains(const tacet_plan *p, const tc_term *t)
{
    for (int k = 0; k < t->inputs; k++) {
        const tc_place *at = tc_plan_find(p, t->input[k]);
        if (!at || p->update.group[at->group].frozen) return false;
    }
    return true;
}

static bool projects(const tc_term *t) { return t->op->projects && t->op->projects(t->arg); }

bool tc_plan_projects(const tacet_plan *p, int parameter)
{
    for (tc_each_use(u, &p->uses, parameter))
        if (u->term >= 0 && projects(&p->graph->term[u->term])) return true;
    return false;
}

/* Adds the entry for an input of a term that acts after the update. */
static tacet_status add_prox(tacet_plan *p, int t, int k)
{
    const tc_term *term = &p->graph->term[t];
    const tc_place *at = tc_plan_find(p, term->input[k]);
    const tc_value *v = &p->graph->value[term->input[k]];
    tc_view *x = tc_plan_alloc(p, (size_t)term->inputs, sizeof *x);
    if (!x) return tc_fail_memory(&p->error);
    /* The call gets all inputs, this one first: a mean divides by the elements of all of them. */
    for (int i = 0; i < term->inputs; i++) {
        const tc_value *other = &p->graph->value[term->input[i]];
        x[i] = (tc_view){.shape = other->shape, .n = tc_shape_count(&other->shape)};
    }
    x[k] = x[0];
    x[0] = (tc_view){.data = tc_plan_parameter(p, at), .shape = v->shape, .n = at->n, .groups = v->groups};
    tc_prox *prox = &p->update.prox[p->update.proxes++];
    *prox = (tc_prox){.term = t,
                      .group = at->group,
                      .x = x,
                      .d = projects(term) ? tc_plan_gradient(p, at) : NULL,
                      .call = {.op = term->op,
                               .arg = term->arg,
                               .run = &p->run,
                               .inputs = term->inputs,
                               .x = x,
                               .d = &prox->d,
                               .reduce = term->reduce,
                               .lambda = &p->table.lambda[t]}};
    return TACET_OK;
}

tacet_status tc_plan_update(tacet_plan *p)
{
    int proxes = 0;
    p->update.stretch = tc_plan_alloc(p, (size_t)p->block.places + 1, sizeof *p->update.stretch);
    for (int i = 0; i < p->terms; i++) proxes += p->graph->term[i].inputs;
    p->update.prox = tc_plan_alloc(p, (size_t)proxes + 1, sizeof *p->update.prox);
    if (!p->update.stretch || !p->update.prox) return tc_fail_memory(&p->error);
    /* The block is laid out in the order of the places, and its padding stays 0 under every optimizer. */
    for (int i = 0; i < p->block.places; i++) {
        const tc_place *at = &p->block.place[i];
        if (!at->trains || at->fused) continue;
        tc_stretch *last = p->update.stretches ? &p->update.stretch[p->update.stretches - 1] : NULL;
        if (last && last->group == at->group)
            last->n = at->offset + at->n - last->offset;
        else
            p->update.stretch[p->update.stretches++] = (tc_stretch){
                .group = at->group, .offset = at->offset, .n = at->n};
    }
    for (int t = 0; t < p->terms; t++) {
        const tc_term *term = &p->graph->term[t];
        if (!term->prox) continue;
        if (!parameter_trains(p, term))
            return tc_fail(&p->error, TACET_DESCRIPTION, "%s acts on a parameter that is frozen", term->name);
        for (int k = 0; k < term->inputs; k++)
            if (add_prox(p, t, k) != TACET_OK) return p->error.status;
    }
    return TACET_OK;
}
