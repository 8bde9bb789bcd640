/* apply.c: the end of a step: what operators remember, then the updates, which the guard has prepared and knows to be
 * finite, then proximal steps and constraints, then averages of the weights. */
#include "run/run.h"

/* The job of the pool. */
typedef struct job {
    tacet_plan *p;
    tc_span span;
    const tc_update *update;
    const tc_prox *prox;
    double t;
} job;

static void update_part(void *context, int64_t part, int lane)
{
    (void)lane;
    const job *j = context;
    j->p->update.optim->update(j->update, part * j->span.grain, tc_part_end(j->span, part));
}

static void prox_part(void *context, int64_t part, int lane)
{
    (void)lane;
    const job *j = context;
    j->prox->call.op->prox(&j->prox->call, j->t, part * j->span.grain, tc_part_end(j->span, part));
}

static void project_part(void *context, int64_t part, int lane)
{
    (void)lane;
    const job *j = context;
    j->prox->call.op->project(&j->prox->call, part * j->span.grain, tc_part_end(j->span, part));
}

static double rate_of(const tacet_plan *p, int group) { return tc_plan_rate(p, group) * p->table.rate; }

static tc_update update_of(const tacet_plan *p, int group, int64_t offset)
{
    tc_update u = {.arg = p->update.group[group].arg,
                   .lr = rate_of(p, group),
                   .step = p->table.step + 1,
                   .p = p->block.numbers + offset,
                   .g = p->block.numbers + p->block.floats + offset};
    for (int k = 0; k < p->block.moments; k++)
        u.moment[k] = p->block.numbers + p->block.floats + p->block.part * (1 + k) + offset;
    p->update.optim->prepare(&u);
    return u;
}

void tc_run_prepare(tacet_plan *p)
{
    for (int i = 0; i < p->update.stretches; i++) {
        tc_stretch *s = &p->update.stretch[i];
        s->update = update_of(p, s->group, s->offset);
    }
    for (int i = 0; i < p->update.fuseds; i++) {
        tc_fused *f = &p->update.fused[i];
        f->update = update_of(p, f->at->group, f->at->offset);
    }
}

double tc_run_prox_time(const tacet_plan *p, int group)
{
    return p->update.optim->prox_time(p->update.group[group].arg, rate_of(p, group), p->table.step);
}

static tc_span span_of(const tc_prox *prox)
{
    const tc_op *op = prox->call.op;
    return op->span ? op->span(&prox->call) : (tc_span){prox->call.x[0].n, TC_RANGE};
}

static void apply_prox(tacet_plan *p, const tc_prox *prox)
{
    job j = {.p = p, .prox = prox, .span = span_of(prox)};
    if (prox->call.op->role != &tc_constraint) j.t = tc_run_prox_time(p, prox->group) * tc_seed(&prox->call);
    tc_run_for(p, j.span, prox->call.x[0].n > 4 * TC_RANGE, prox_part, &j);
}

void tc_run_project(tacet_plan *p)
{
    for (int i = 0; i < p->update.proxes; i++) {
        const tc_prox *prox = &p->update.prox[i];
        job j = {.p = p, .prox = prox, .span = span_of(prox)};
        if (prox->d) tc_run_for(p, j.span, prox->call.x[0].n > 4 * TC_RANGE, project_part, &j);
    }
}

void tc_run_constrain(tacet_plan *p, const tc_place *at)
{
    for (int i = 0; i < p->update.proxes; i++) {
        const tc_prox *prox = &p->update.prox[i];
        if (prox->call.op->role == &tc_constraint && prox->x[0].data == tc_plan_parameter(p, at)) apply_prox(p, prox);
    }
}

void tc_run_commit(tacet_plan *p)
{
    const tc_list *l = &p->list[TC_TRAIN];
    for (int i = 0; i < l->backward && p->states; i++) {
        const tc_work *w = tc_work_of(&l->step[i]);
        if (l->step[i].term >= 0 && tc_parts_go_on(p)) continue;
        if (w && w->call.op->commit && w->call.phase + 1 == tc_phases(w->call.op, false)) w->call.op->commit(&w->call);
    }
}

/* Whether proximal steps or constraints may leave more than the update's bound. */
static bool may_grow(const tacet_plan *p)
{
    bool grows = false;
    for (int i = 0; i < p->update.proxes; i++) grows |= (p->update.prox[i].call.op->flags & TC_GROWS) != 0;
    return grows;
}

void tc_run_apply(tacet_plan *p)
{
    p->table.step++;
    p->update.reach = may_grow(p) ? TC_REACH_UNKNOWN : p->update.next_reach;
    for (int i = 0; i < p->update.stretches; i++) {
        const tc_stretch *s = &p->update.stretch[i];
        job j = {.p = p, .span = {s->n, TC_RANGE}, .update = &s->update};
        tc_run_for(p, j.span, s->n > 4 * TC_RANGE, update_part, &j);
    }
    tc_fused_apply(p);
    for (int i = 0; i < p->update.proxes; i++) apply_prox(p, &p->update.prox[i]);
    if (p->set.ema > 0) tc_run_average(p);
}
