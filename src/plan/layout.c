/* layout.c: where the parameters are in the block, each aligned, those that train first; and copies to and from the
 * layout that users see. */
#include "plan/plan.h"

#include <assert.h>

enum { ALIGN_FLOATS = TC_ALIGN / (int)sizeof(float) };

/* Places the parameters of the given kind one after another, each on a boundary of TC_ALIGN bytes. */
static int64_t lay_out(tacet_plan *p, bool trains, bool fused, int64_t offset)
{
    for (int i = 0; i < p->block.places; i++) {
        tc_place *at = &p->block.place[i];
        if (at->trains != trains || at->fused != fused) continue;
        assert(at->n > 0 && !(at->fused && !at->trains));
        at->offset = offset;
        offset += (at->n + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
    }
    return offset;
}

/* A layer's weight [n, m] begins as the transpose of one that an earlier layer owns (init_transpose=). */
static void begin_as(const tacet_plan *p, const tc_place *at, const tc_value *layer)
{
    const tc_place *of = &p->block.place[p->block.of[layer->first]];
    const tc_shape *shape = &p->graph->value[at->value].shape;
    const int64_t n = layer->first_turned ? shape->dim[0] : 1, m = at->n / n;
    const float *from = tc_plan_parameter(p, of);
    float *to = tc_plan_parameter(p, at);
    assert(of < at && of->n == at->n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) to[i * m + j] = from[j * n + i];
}

tacet_status tc_plan_layout(tacet_plan *p)
{
    const tacet_graph *g = p->graph;
    if (!p->update.optim)
        for (int v = 0; v < p->values; v++)
            if (g->value[v].owner >= 0) p->block.place[p->block.places++] = (tc_place){.value = v, .group = -1};
    for (int v = 0; v < p->values; v++) p->block.of[v] = -1;
    for (int i = 0; i < p->block.places; i++) p->block.of[p->block.place[i].value] = i;
    for (int i = 0; i < p->block.places; i++) {
        tc_place *at = &p->block.place[i];
        at->n = tc_shape_count(&g->value[at->value].shape);
        at->trains = p->update.optim && p->list[TC_TRAIN].wants[at->value] && !p->update.group[at->group].frozen;
        at->fused = tc_fuse_wanted(p, at);
    }
    p->block.stored = lay_out(p, true, false, 0);
    p->block.part = lay_out(p, true, true, p->block.stored);
    p->block.floats = lay_out(p, false, false, p->block.part);
    const int parts = p->update.optim ? 1 + p->block.moments + (p->set.ema > 0) : 0;
    const int64_t floats = p->block.floats + p->block.part * parts;
    p->block.numbers = tc_alloc_aligned(&p->mem, (size_t)floats + 1, sizeof *p->block.numbers);
    if (!p->block.numbers) return tc_fail_memory(&p->error);
    for (int i = 0; i < p->block.places; i++) {
        const tc_value *v = &g->value[p->block.place[i].value], *owner = &g->value[v->owner];
        const tc_param *param = tc_param_of(g, p->block.place[i].value);
        if (owner->first && v->slot == 0)
            begin_as(p, &p->block.place[i], owner);
        else if (param->init)
            param->init(owner->arg, &g->value[owner->input[0]].shape, &v->shape,
                        tc_plan_parameter(p, &p->block.place[i]), p->block.place[i].n,
                        tc_stream_of(p->set.seed, 0, v->name));
    }
    return TACET_OK;
}

float *tc_plan_parameter(const tacet_plan *p, const tc_place *at) { return p->block.numbers + at->offset; }

float *tc_plan_gradient(const tacet_plan *p, const tc_place *at)
{
    return p->block.numbers + p->block.floats + at->offset;
}

float *tc_plan_moment(const tacet_plan *p, const tc_place *at, int moment)
{
    return p->block.numbers + p->block.floats + p->block.part * (1 + moment) + at->offset;
}

float *tc_plan_average(const tacet_plan *p, const tc_place *at)
{
    return p->block.numbers + p->block.floats + p->block.part * (1 + p->block.moments) + at->offset;
}

const tc_place *tc_plan_find(const tacet_plan *p, int value)
{
    return p->block.of[value] < 0 ? NULL : &p->block.place[p->block.of[value]];
}

tc_shape tc_plan_shape(const tacet_plan *p, int value) { return tc_graph_shape(p->graph, value); }

void tc_plan_copy_out(const tacet_plan *p, const tc_place *at, const float *stored, float *user)
{
    tc_weight_copy_out(tc_graph_axes(p->graph, at->value), &p->graph->value[at->value].shape, stored, user);
}

void tc_plan_copy_in(const tacet_plan *p, const tc_place *at, const float *user, float *stored)
{
    tc_weight_copy_in(tc_graph_axes(p->graph, at->value), &p->graph->value[at->value].shape, user, stored);
}
