/* plan.c: what every pass uses: a plan's memory, how it is freed, its names. */
#include "plan/plan.h"

#include "plan/poison.h"

#include <stddef.h>

/* What was allocated for a plan is a chain; numbers follow a link, aligned for any type. */
struct tc_owned {
    _Alignas(max_align_t) struct tc_owned *next;
};

void *tc_plan_alloc(tacet_plan *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || __builtin_add_overflow(bytes, sizeof(struct tc_owned), &bytes))
        return NULL;
    struct tc_owned *link = tc_alloc(&p->mem, bytes, 1);
    if (!link) return NULL;
    link->next = p->owned;
    p->owned = link;
    return link + 1;
}

void tacet_plan_free(tacet_plan *p)
{
    if (!p) return;
    const tc_mem m = p->mem;
    for (struct tc_owned *link = p->owned, *next; link; link = next) {
        next = link->next;
        tc_free(&m, link);
    }
    for (int i = 0; i < TC_LISTS; i++) {
        tc_free(&m, p->list[i].step);
        tc_free(&m, p->list[i].buffer);
    }
    if (p->arena.memory) tc_unpoison_all(p); /* the caller's own allocator may read what it gets back */
    tc_free_aligned(&m, p->block.numbers);
    tc_free_aligned(&m, p->arena.memory);
    tc_free_aligned(&m, p->arena.scratch);
    tc_free_aligned(&m, p->sample.spare);
    if (p->update.spec.source) tc_spec_free(&p->update.spec);
    tacet_pool_free(p->own_pool);
    tacet_graph_free(p->graph);
    tc_free(&m, p);
}

const char *tc_plan_name(const tacet_plan *p, int value) { return p->graph->value[value].name; }

tc_sketch tc_plan_sketch(const tacet_plan *p, const tc_op *op, const tc_arg *arg, const int *input, int inputs,
                         tc_shape *shape, bool *batch)
{
    tc_sketch s;
    tc_graph_sketch(p->graph, op, arg, input, inputs, &s, shape, batch);
    return s;
}
