/* update.c: the end of a step. Parameters that lie side by side and share their options are one update; behind the
 * updates come proximal steps and constraints, in the order in which they were described. What operators remember is
 * written first: it is what they have seen, not what the update makes of it. */
#include "plan/plan.h"

static bool parameter_trains(const tacet_plan *p, const tc_term *t)
{
    for (int k = 0; k < t->inputs; k++) {
        const tc_place *at = tc_plan_find(p, t->input[k]);
        if (!at || p->group[at->group].frozen) return false;
    }
    return true;
}

/* One entry for every input of a term that acts after the update. */
static tacet_status add_prox(tacet_plan *p, int t, int k)
{
    const tc_term *term = &p->graph->term[t];
    const tc_place *at = tc_plan_find(p, term->input[k]);
    const tc_value *v = &p->graph->value[term->input[k]];
    tc_view *x = tc_plan_alloc(p, (size_t)term->inputs, sizeof *x);
    if (!x) return tc_fail_memory(&p->error);
    /* All inputs are in view, this one first: a mean divides by the elements of all. */
    for (int i = 0; i < term->inputs; i++) {
        const tc_value *other = &p->graph->value[term->input[i]];
        x[i] = (tc_view){.shape = other->shape, .n = tc_shape_count(&other->shape)};
    }
    x[k] = x[0];
    x[0] = (tc_view){.data = tc_plan_parameter(p, at), .shape = v->shape, .n = at->n};
    p->prox[p->proxes++] = (tc_prox){.term = t,
                                     .group = at->group,
                                     .call = {.op = term->op,
                                              .arg = term->arg,
                                              .run = &p->run,
                                              .inputs = term->inputs,
                                              .x = x,
                                              .reduce = term->reduce,
                                              .lambda = &p->table.lambda[t]}};
    return TACET_OK;
}

tacet_status tc_plan_update(tacet_plan *p)
{
    int proxes = 0;
    p->stretch = tc_plan_alloc(p, (size_t)p->places + 1, sizeof *p->stretch);
    for (int i = 0; i < p->terms; i++) proxes += p->graph->term[i].inputs;
    p->prox = tc_plan_alloc(p, (size_t)proxes + 1, sizeof *p->prox);
    if (!p->stretch || !p->prox) return tc_fail_memory(&p->error);
    /* The block is laid out in the order of the places, and what pads it stays 0 under every optimizer. */
    for (int i = 0; i < p->places; i++) {
        const tc_place *at = &p->place[i];
        if (!at->trains || at->fused) continue;
        tc_stretch *last = p->stretches ? &p->stretch[p->stretches - 1] : NULL;
        if (last && last->group == at->group)
            last->n = at->offset + at->n - last->offset;
        else
            p->stretch[p->stretches++] = (tc_stretch){at->group, at->offset, at->n};
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

/* A piece of work for the pool. */
typedef struct job {
    tacet_plan *p;
    tc_span span;
    tc_update update;
    const tc_prox *prox;
    double t;
} job;

static int64_t end_of(const job *j, int64_t part)
{
    const int64_t end = (part + 1) * j->span.grain;
    return end < j->span.pieces ? end : j->span.pieces;
}

static void update_part(void *context, int64_t part)
{
    const job *j = context;
    j->p->optim->update(&j->update, part * j->span.grain, end_of(j, part));
}

static void prox_part(void *context, int64_t part)
{
    const job *j = context;
    j->prox->call.op->prox(&j->prox->call, j->t, part * j->span.grain, end_of(j, part));
}

static double rate_of(const tacet_plan *p, int group)
{
    return p->group[group].arg[TC_OPTIM_LR].number * p->table.rate;
}

tc_update tc_plan_update_of(const tacet_plan *p, int group, int64_t offset)
{
    tc_update u = {.arg = p->group[group].arg,
                   .lr = rate_of(p, group),
                   .step = p->table.step,
                   .p = p->block + offset,
                   .g = p->block + p->parameter_floats + offset};
    for (int k = 0; k < p->optim->moments; k++) u.moment[k] = p->block + p->parameter_floats + p->part * (1 + k) + offset;
    p->optim->prepare(&u);
    return u;
}

double tc_plan_prox_time(const tacet_plan *p, int group)
{
    return p->optim->prox_time(p->group[group].arg, rate_of(p, group));
}

static void apply_prox(tacet_plan *p, const tc_prox *prox)
{
    const tc_op *op = prox->call.op;
    job j = {.p = p,
             .prox = prox,
             .span = op->prox_span ? op->prox_span(&prox->call) : (tc_span){prox->call.x[0].n, TC_RANGE}};
    if (op->role != &tc_constraint) j.t = tc_plan_prox_time(p, prox->group) * tc_seed(&prox->call);
    tc_plan_for(p, j.span, prox->call.x[0].n > 4 * TC_RANGE, prox_part, &j);
}

void tc_plan_apply(tacet_plan *p)
{
    tc_state_commit(p);
    p->table.step++;
    for (int i = 0; i < p->stretches; i++) {
        const tc_stretch *s = &p->stretch[i];
        job j = {.p = p, .span = {s->n, TC_RANGE}, .update = tc_plan_update_of(p, s->group, s->offset)};
        tc_plan_for(p, j.span, s->n > 4 * TC_RANGE, update_part, &j);
    }
    tc_fuse_apply(p);
    for (int i = 0; i < p->proxes; i++) apply_prox(p, &p->prox[i]);
}
