/* fuse.c: weights whose gradient is never needed as a whole. It is computed tile by tile in the update, where each tile
 * is used while it is in cache, and never stored. Only the update's own streams (parameters and states) then go through
 * memory.
 *
 *     backward    dL/dx, dL/db; what the weight's product reads is kept
 *     guard       bounds |dL/dW| by |x| |g|, because the weights must not change if it is not finite. If the bound is
 *                 too weak to tell, the gradients are stored after all and checked
 *     update      for each tile: dL/dW, its squares for the norm, the optimizer on the tile's rows
 *
 * A weight is updated in the usual way if a penalty in the objective is on it, if several layers use it, if it is
 * small, if a constraint changes its gradient, if gradients are clipped, whose norm must be known before the first
 * update, or if they must be summed, over several ranks or several batches. run/fused.c does the work of a step. */
#include "plan/plan.h"

enum { LEAST = 1 << 15 }; /* elements */

/* Whether the whole gradient is the product of one layer with a value of the batch: a parameter that a layer reads as
 * input would be updated before the product is computed. */
static bool has_one_source(const tacet_plan *p, int v)
{
    const tc_value *owner = &p->graph->value[p->graph->value[v].owner];
    int layers = 0;
    for (tc_each_use(u, &p->uses, v)) {
        if (u->how & TC_USE_PULLS) return false;
        layers += u->layer >= 0;
    }
    return layers == 1 && p->graph->value[owner->input[0]].batch;
}

bool tc_plan_clips(const tacet_plan *p)
{
    return p->update.common[TC_OPTIM_CLIP_NORM].given || p->update.common[TC_OPTIM_CLIP_VALUE].given;
}

bool tc_fuse_wanted(const tacet_plan *p, const tc_place *at)
{
    const tc_value *v = &p->graph->value[at->value];
    const tc_silent *silent = p->graph->value[v->owner].op->silent;
    return at->trains && at->n >= LEAST && p->set.ranks.count == 1 && p->set.accumulate < 2 && !tc_plan_clips(p) &&
           v->slot == 0 && !v->keep_gradient && !tc_plan_projects(p, at->value) && silent && silent->tile &&
           has_one_source(p, at->value);
}

tacet_status tc_plan_fuse(tacet_plan *p)
{
    const tc_list *l = &p->list[TC_TRAIN];
    p->update.fused = tc_plan_alloc(p, (size_t)p->block.places + 1, sizeof *p->update.fused);
    if (!p->update.fused) return tc_fail_memory(&p->error);
    for (int i = l->backward; i < l->steps; i++) {
        const tc_work *w = tc_work_of(&l->step[i]);
        if (!w || !w->call.lists.fused) continue;
        const tc_call *c = &w->call;
        tc_fused *f = &p->update.fused[p->update.fuseds++];
        f->at = tc_plan_find(p, p->graph->value[l->step[i].value].input[c->inputs]);
        f->call = c;
        f->tiles = c->op->silent->tiles(c);
        f->square = tc_plan_alloc(p, (size_t)f->tiles, sizeof *f->square);
        if (!f->square) return tc_fail_memory(&p->error);
    }
    return TACET_OK;
}

const tc_fused *tc_fuse_find(const tacet_plan *p, const tc_place *at)
{
    for (int i = 0; i < p->update.fuseds; i++)
        if (p->update.fused[i].at == at) return &p->update.fused[i];
    return NULL;
}
