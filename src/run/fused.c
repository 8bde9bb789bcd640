/* fused.c: gradients that are computed tile by tile in the update, in the scratch of a lane, and are never stored as a
 * whole (plan/fuse.c decides which). A tile is squared for the norm and used by the optimizer while it is in cache. */
#include "run/run.h"

#include <string.h>

void tc_fused_store(tacet_plan *p, const tc_fused *f)
{
    float *to = tc_plan_gradient(p, f->at), *scratch = (float *)(void *)p->arena.scratch;
    const int64_t pitch = tc_last(&f->call->x[f->call->inputs]), tiles = f->call->op->silent->tiles(f->call);
    for (int64_t tile = 0; tile < tiles; tile++) {
        const tc_block b = f->call->op->silent->tile(f->call, tile, scratch);
        for (int64_t i = 0; i < b.m; i++)
            memcpy(to + (b.i + i) * pitch + b.j, scratch + i * b.n, (size_t)b.n * sizeof *to);
    }
}

typedef struct job {
    tacet_plan *p;
    const tc_fused *f;
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

static void update_tile(void *context, int64_t tile, int lane)
{
    const job *j = context;
    float *g = (float *)(void *)(j->p->arena.scratch + lane * j->p->arena.scratch_bytes);
    const tc_block b = j->f->call->op->silent->tile(j->f->call, tile, g);
    j->f->square[tile] = j->p->run.kernel->squares(g, b.m * b.n);
    const int64_t rows = b.n == j->pitch ? 1 : b.m; /* whole rows are contiguous */
    for (int64_t i = 0; i < rows; i++) {
        const tc_update u = moved(&j->f->update, (b.i + i) * j->pitch + b.j, g + i * b.n);
        j->p->update.optim->update(&u, 0, b.m * b.n / rows);
    }
}

void tc_fused_apply(tacet_plan *p)
{
    for (int i = 0; i < p->update.fuseds; i++) {
        const tc_fused *f = &p->update.fused[i];
        job j = {.p = p,
                 .f = f,
                 .tiles = f->call->op->silent->tiles(f->call),
                 .pitch = tc_last(&f->call->x[f->call->inputs])};
        tc_run_for(p, (tc_span){j.tiles, 1}, true, update_tile, &j);
        p->norm_square += tc_tree_sum(f->square, j.tiles);
    }
}
