/* sample.c: what the lists must keep for a sample of gradients, and where gradients are measured. run/sampled.c takes
 * the samples: in such a step the backward pass runs twice, so whatever it reads from the forward pass must survive the
 * first run. Where a value's zeros block its gradient, only the nonzero elements count: the others have no effect, and
 * products on firing lists leave them out. */
#include "plan/plan.h"

bool tc_plan_samples(const tacet_plan *p)
{
    for (int i = 0; i < p->terms; i++)
        if (tc_plan_is_penalty(p, i) && (p->set.ledger || p->set.steers)) return true;
    return false;
}

/* Keeps the buffers that the forward pass has written and that step s touches. */
static void keep(tc_list *l, const tc_step *s)
{
    for (int k = 0; k < s->ports; k++) {
        const int b = s->port[k].buffer;
        if (b >= 0 && (l->buffer[b].before || l->buffer[b].first < l->backward)) l->buffer[b].stays = true;
    }
}

/* The gradient of a penalty itself is measured even if the backward pass has no step for it. */
void tc_plan_sample_keep(tacet_plan *p)
{
    tc_list *l = &p->list[TC_TRAIN];
    for (int i = 0; i < l->steps; i++) {
        const tc_step *s = &l->step[i];
        if (i >= l->backward || (s->term >= 0 && tc_plan_is_penalty(p, s->term))) keep(l, s);
    }
}

/* The first step that passes each value's gradient on: the one that reads it as the gradient of its output. */
static void find_readers(const tc_list *l, int values, int *reader)
{
    for (int v = 0; v < values; v++) reader[v] = l->steps;
    for (int i = l->steps - 1; i >= l->backward; i--)
        for (int k = 0; k < l->step[i].ports; k++) {
            const tc_port *port = &l->step[i].port[k];
            if (port->gradient && !port->write) reader[port->value] = i;
        }
}

tacet_status tc_plan_sample_points(tacet_plan *p)
{
    const tc_list *l = &p->list[TC_TRAIN];
    tc_sampling *to = &p->sample;
    int64_t most = 0;
    to->measure = tc_plan_alloc(p, (size_t)p->values + 1, sizeof *to->measure);
    to->own = tc_plan_alloc(p, (size_t)p->terms + 1, sizeof *to->own);
    to->pulls = tc_plan_alloc(p, (size_t)p->terms + 1, sizeof *to->pulls);
    int *reader = tc_plan_alloc(p, (size_t)p->values + 1, sizeof *reader);
    if (!to->measure || !to->own || !to->pulls || !reader) return tc_fail_memory(&p->error);
    find_readers(l, p->values, reader);
    for (int v = 0; v < p->values; v++) {
        if (!tc_used(&p->uses, v, TC_USE_MEASURED)) continue;
        const tc_value *value = &p->graph->value[v];
        const int64_t n = tc_shape_count(&value->shape) * (value->batch ? p->set.batch : 1);
        most = n > most ? n : most;
        if (l->gradient[v] < 0) continue;
        to->measure[to->measures++] = (tc_measure){.value = v,
                                                   .before = value->owner >= 0 ? l->steps : reader[v],
                                                   .masked = value->batch && tc_fire_blocked(p, v)};
    }
    to->spare = tc_alloc_aligned(&p->mem, (size_t)most + 1, sizeof *to->spare);
    return to->spare ? TACET_OK : tc_fail_memory(&p->error);
}
