/* fuse.c: weights whose gradient nobody needs as a whole: it is made tile by tile in the update, each used up while
 * it is in cache, and never stored. Only the update's own streams (parameters and states) then go through memory.
 *
 *     backward    dL/dx, dL/db; what the weight's product reads stays where it is
 *     guard       bounds |dL/dW| by |x| |g|, for the weights must stay as they are if it is not finite. If the bound is
 *                 too weak for that, the gradients are stored after all and looked at
 *     update      for each tile: dL/dW, its squares for the norm, the optimizer on the tile's rows
 *
 * A weight with a penalty in the objective, or one that is small, is updated as all others are. */
#include "plan/plan.h"

#include <string.h>

enum { LEAST = 1 << 15, LANES = 8 }; /* elements; pieces of the work, each with a tile of its own */

bool tc_fuse_wanted(const tacet_plan *p, const tc_place *at)
{
    const tc_value *v = &p->graph->value[at->value];
    if (!at->trains || at->n < LEAST || v->slot != 0 || v->keep_gradient || !p->graph->value[v->owner].op->tile)
        return false;
    for (int i = 0; i < p->terms; i++)
        for (int k = 0; k < p->graph->term[i].slots; k++)
            if (p->graph->term[i].input[k] == at->value && tc_term_pulls(&p->graph->term[i], k)) return false;
    return true;
}

tacet_status tc_plan_fuse(tacet_plan *p)
{
    const tc_list *l = &p->list[TC_TRAIN];
    p->fused = tc_plan_alloc(p, (size_t)p->places + 1, sizeof *p->fused);
    if (!p->fused) return tc_fail_memory(&p->error);
    for (int i = l->backward; i < l->steps; i++) {
        const tc_call *c = &l->step[i].call;
        if (!c->fused) continue;
        tc_fused *f = &p->fused[p->fuseds++];
        f->at = tc_plan_find(p, p->graph->value[l->step[i].value].input[c->inputs]);
        f->call = c;
        f->tiles = c->op->tiles(c);
        f->square = tc_plan_alloc(p, (size_t)f->tiles, sizeof *f->square);
        if (!f->square) return tc_fail_memory(&p->error);
    }
    p->lanes = p->pool ? LANES : 1;
    if (p->fuseds) p->scratch = tc_alloc_aligned(&p->mem, (size_t)(p->lanes * TC_BLOCK_FLOATS), sizeof *p->scratch);
    return p->fuseds && !p->scratch ? tc_fail_memory(&p->error) : TACET_OK;
}

const tc_fused *tc_fuse_find(const tacet_plan *p, const tc_place *at)
{
    for (int i = 0; i < p->fuseds; i++)
        if (p->fused[i].at == at) return &p->fused[i];
    return NULL;
}

void tc_fuse_store(tacet_plan *p, const tc_fused *f)
{
    float *to = tc_plan_gradient(p, f->at);
    const int64_t pitch = tc_last(&f->call->x[f->call->inputs]), tiles = f->call->op->tiles(f->call);
    for (int64_t tile = 0; tile < tiles; tile++) {
        const tc_block b = f->call->op->tile(f->call, tile, p->scratch);
        for (int64_t i = 0; i < b.m; i++)
            memcpy(to + (b.i + i) * pitch + b.j, p->scratch + i * b.n, (size_t)b.n * sizeof *to);
    }
}

typedef struct job {
    tacet_plan *p;
    const tc_fused *f;
    tc_update update;
    int64_t tiles, pitch;
} job;

static tc_update moved(const tc_update *u, int64_t by, const float *g)
{
    tc_update m = *u;
    m.p += by;
    m.g = g;
    for (int k = 0; k < TC_MAX_MOMENTS; k++)
        if (m.moment[k]) m.moment[k] += by;
    return m;
}

static void lane(void *context, int64_t part)
{
    const job *j = context;
    float *g = j->p->scratch + part * TC_BLOCK_FLOATS;
    for (int64_t tile = part; tile < j->tiles; tile += j->p->lanes) {
        const tc_block b = j->f->call->op->tile(j->f->call, tile, g);
        j->f->square[tile] = j->p->run.kernel->squares(g, b.m * b.n);
        const int64_t rows = b.n == j->pitch ? 1 : b.m; /* whole rows lie one behind another */
        for (int64_t i = 0; i < rows; i++) {
            const tc_update u = moved(&j->update, (b.i + i) * j->pitch + b.j, g + i * b.n);
            j->p->optim->update(&u, 0, b.m * b.n / rows);
        }
    }
}

void tc_fuse_apply(tacet_plan *p)
{
    for (int i = 0; i < p->fuseds; i++) {
        const tc_fused *f = &p->fused[i];
        job j = {.p = p,
                 .f = f,
                 .update = tc_plan_update_of(p, f->at->group, f->at->offset),
                 .tiles = f->call->op->tiles(f->call),
                 .pitch = tc_last(&f->call->x[f->call->inputs])};
        tc_plan_for(p, (tc_span){p->lanes, 1}, true, lane, &j);
        p->norm_square += tc_tree_sum(f->square, j.tiles);
    }
}
