/* plan.c: a plan's memory and names, which every pass uses, and freeing a plan. */
#include "plan/plan.h"

#include "plan/poison.h"

#include <stddef.h>

/* The allocations of a plan are a chain; the memory follows its link, aligned for any type. */
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
    for (int i = 0; i < p->measured.count; i++)
        if (p->measured.use[i].is->keeps) tc_free(&m, p->measured.use[i].of[TC_EVAL].sum);
    for (struct tc_owned *link = p->owned, *next; link; link = next) {
        next = link->next;
        tc_free(&m, link);
    }
    for (int i = 0; i < TC_LISTS; i++) {
        tc_free(&m, p->list[i].step);
        tc_free(&m, p->list[i].buffer);
    }
    if (p->arena.memory) tc_unpoison_all(p); /* the caller's allocator may read memory that it gets back */
    tc_free_aligned(&m, p->block.numbers);
    tc_free_aligned(&m, p->arena.memory);
    tc_free_aligned(&m, p->arena.scratch);
    tc_free_aligned(&m, p->sample.spare);
    tc_free_aligned(&m, p->parts.gradient);
    tc_free_aligned(&m, p->parts.sampled);
    if (p->update.spec.source) tc_spec_free(&p->update.spec);
    tacet_pool_free(p->own_pool);
    tacet_graph_free(p->graph);
    tc_free(&m, p);
}

const char *tc_plan_name(const tacet_plan *p, int value) { return p->graph->value[value].name; }

int tc_plan_nodes(const tacet_plan *p) { return p->values + p->terms; }

tc_node tc_plan_node(const tacet_plan *p, int i)
{
    const tacet_graph *g = p->graph;
    if (i < p->values) {
        const tc_value *v = &g->value[i];
        return (tc_node){i, i, -1, v->name, v->op, v->arg, v->input, v->inputs, v->slots, v->turned, false, 0};
    }
    const tc_term *t = &g->term[i - p->values];
    return (tc_node){i,        -1,        i - p->values, t->name,   t->op,      tc_term_arg(g, t),
                     t->input, t->inputs, t->slots,      t->turned, t->weighed, t->of >= 0 ? t->inputs : 0};
}

tc_sketch tc_plan_sketch(const tacet_plan *p, const tc_node *n, tc_shape *shape, bool *batch)
{
    tc_sketch s;
    tc_graph_sketch(p->graph, n->op, n->arg, n->input, n->inputs, &s, shape, batch);
    s.turned = n->turned;
    return s;
}
