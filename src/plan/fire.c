/* fire.c: silence. Who makes exact zeros, and what is done with the knowledge: in evaluation, a step behind each such
 * value counts which units fired, from which densities and dead units are told. This is the pass that will also say who
 * leaves a firing list and who reads it. */
#include "plan/plan.h"

enum { COLUMNS = 256 };

bool tc_fire_counts(const tacet_plan *p, int list, int value)
{
    const tc_op *op = p->graph->value[value].op;
    return list == TC_EVAL && op && (op->flags & TC_MAKES_ZEROS);
}

/* Units are columns: each range counts its own over all rows. */
static tc_span span(const tc_call *c) { return (tc_span){c->x[0].n, COLUMNS}; }

TC_CLONES static void count(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t rows = tc_rows(c, &c->x[0]), n = c->x[0].n;
    int64_t *fired = c->save;
    int32_t here[COLUMNS] = {0};
    for (int64_t i = 0; i < rows; i++) {
        const float *x = c->x[0].data + i * n + begin;
        for (int64_t j = 0; j < end - begin; j++) here[j] += x[j] != 0.0f;
    }
    for (int64_t j = begin; j < end; j++) fired[j] += here[j - begin];
}

const tc_op tc_op_count_fired = {
    .name = "count", .role = &tc_layer, .flags = TC_READS_X, .inputs = 1, .span = span, .forward = count};
