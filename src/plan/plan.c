/* plan.c: what every pass and the loop stand on: a plan's memory and its end, its names, work over its pool, sums. */
#include "plan/plan.h"

void *tc_plan_alloc(tacet_plan *p, size_t n, size_t size)
{
    void **grown = tc_resize(&p->mem, p->owned, (size_t)p->owned_count + 1, sizeof *grown);
    if (!grown) return NULL;
    p->owned = grown;
    void *memory = tc_alloc(&p->mem, n, size);
    if (memory) p->owned[p->owned_count++] = memory;
    return memory;
}

void tacet_plan_free(tacet_plan *p)
{
    if (!p) return;
    const tc_mem m = p->mem;
    for (int i = 0; i < p->owned_count; i++) tc_free(&m, p->owned[i]);
    tc_free(&m, p->owned);
    tc_free_aligned(&m, p->block);
    tc_free_aligned(&m, p->arena);
    tc_free_aligned(&m, p->scratch);
    tc_free_aligned(&m, p->sample);
    if (p->optim_spec.source) tc_spec_free(&p->optim_spec);
    tacet_pool_free(p->own_pool);
    tacet_graph_free(p->graph);
    tc_free(&m, p);
}

const char *tc_plan_name(const tacet_plan *p, int value) { return p->graph->value[value].name; }

tc_sketch tc_plan_sketch(const tacet_plan *p, const tc_op *op, const tc_arg *arg, const int *input, int inputs,
                         tc_shape *shape, bool *batch)
{
    for (int k = 0; k < inputs; k++) {
        shape[k] = p->graph->value[input[k]].shape;
        batch[k] = p->graph->value[input[k]].batch;
    }
    tc_sketch s = {.arg = arg, .inputs = inputs, .x = shape, .batch = batch};
    for (int k = 0; k < inputs; k++) s.classes[k] = p->graph->value[input[k]].classes;
    for (int k = 0; k < TC_MAX_PARAMS; k++) s.param[k].rank = -1;
    op->shape(&s);
    return s;
}

void tc_plan_for(tacet_plan *p, tc_span span, bool shared, tc_part *part, void *job)
{
    const int64_t parts = (span.pieces + span.grain - 1) / span.grain;
    tc_pool_run(shared && parts > 1 ? p->pool : NULL, parts, part, job);
}

double tc_tree_sum(const double *x, int64_t n)
{
    if (n <= 8) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += x[i];
        return sum;
    }
    return tc_tree_sum(x, n / 2) + tc_tree_sum(x + n / 2, n - n / 2);
}
