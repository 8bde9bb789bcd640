/* divide.c: what a step of several batches needs: whether the result of every term is a sum over them, room to add up
 * gradients, and what has to be taken back if a later batch is refused. run/parts.c runs such a step. */
#include "plan/plan.h"

/* Whether the term is a sum over samples, apart from its denominator. */
static bool adds_up(const tc_term *t)
{
    const unsigned flags = t->op->flags;
    const bool apart = (flags & TC_VECTORS) && (t->reduce == TC_SAMPLE || t->reduce == TC_POSITION);
    return !(flags & TC_MIXES) && ((flags & (TC_PER_SAMPLE | TC_WEIGHS)) || apart);
}

const tc_call *tc_plan_weighing(const tacet_plan *p, int term)
{
    const tc_list *l = &p->list[TC_TRAIN];
    const tc_call *c = l->result[term] < 0 ? NULL : &tc_work_of(&l->step[l->result[term]])->call;
    return c && tc_weighs(c) ? c : NULL;
}

/* Whether the weights of its denominator can be known before a batch runs. */
static bool can_weigh(const tacet_plan *p, const tc_term *t)
{
    bool fed = t->op->weigh || !(t->op->flags & TC_WEIGHS);
    for (int k = 1; k < t->inputs; k++) fed = fed && !p->graph->value[t->input[k]].op;
    return fed;
}

static tacet_status check(tacet_plan *p, int i)
{
    const tc_term *t = &p->graph->term[i];
    const char *why = NULL;
    if (!tc_plan_of_batch(p, i)) return TACET_OK;
    if (!adds_up(t))
        why = "needs all samples of a step at once";
    else if (tc_plan_weighing(p, i) && !can_weigh(p, t))
        why = "divides by weights that are known only after the forward pass";
    if (!why) return TACET_OK;
    return tc_refuse(&p->error, t->spec.source, t->spec.column, t->spec.width,
                     "%s %s, so a step cannot be divided into batches: train without accumulate", t->name, why);
}

/* Numbers that a sample measures at parameters, in all (run/sampled.c). */
static int64_t sampled(const tacet_plan *p)
{
    int64_t n = 0;
    for (int i = 0; i < p->sample.measures; i++) {
        const tc_value *v = &p->graph->value[p->sample.measure[i].value];
        n += v->batch ? 0 : tc_shape_count(&v->shape);
    }
    for (int i = 0; i < p->terms; i++) {
        const tc_term *t = &p->graph->term[i];
        for (int k = 0; k < t->slots && tc_plan_is_penalty(p, i) && tc_plan_of_batch(p, i); k++)
            if (tc_term_acts(t, k) && !p->graph->value[t->input[k]].batch)
                n += tc_shape_count(&p->graph->value[t->input[k]].shape);
    }
    return n;
}

static void keep(tc_parts *parts, void *memory, size_t bytes)
{
    if (memory) parts->keep[parts->kept++] = (tc_kept){memory, bytes};
}

static void keep_all(tacet_plan *p)
{
    tc_parts *parts = &p->parts;
    keep(parts, p->table.list_steps, sizeof *p->table.list_steps * (size_t)p->values);
    keep(parts, &p->measured.pass[TC_TRAIN], sizeof p->measured.pass[TC_TRAIN]);
    for (int i = 0; i < p->states; i++) keep(parts, *p->state[i].at, sizeof(float) * (size_t)p->state[i].n);
    for (tc_tally *c = p->list[TC_TRAIN].tally; c; c = c->next) {
        keep(parts, c->fired, sizeof *c->fired * (size_t)c->units);
        keep(parts, &c->rows, sizeof c->rows);
        keep(parts, c->silent, sizeof *c->silent * (size_t)c->units);
    }
    for (int i = 0; i < p->measured.count; i++) {
        const tc_metric_use *u = &p->measured.use[i];
        if (tc_measures(p, u, TC_TRAIN))
            keep(parts, u->of[TC_TRAIN].sum, sizeof *u->of[TC_TRAIN].sum * (size_t)u->sums);
    }
}

tacet_status tc_plan_parts(tacet_plan *p)
{
    tc_parts *parts = &p->parts;
    size_t most = 2 + (size_t)p->states + (size_t)p->measured.count, bytes = 0;
    for (int i = 0; i < p->terms; i++)
        if (check(p, i) != TACET_OK) return p->error.status;
    for (const tc_tally *c = p->list[TC_TRAIN].tally; c; c = c->next) most += 3;
    parts->keep = tc_plan_alloc(p, most, sizeof *parts->keep);
    if (!parts->keep) return tc_fail_memory(&p->error);
    keep_all(p);
    for (int i = 0; i < parts->kept; i++) bytes += parts->keep[i].bytes;
    parts->copies = tc_plan_alloc(p, bytes, 1);
    parts->sum = tc_plan_alloc(p, (size_t)p->terms + 1, sizeof *parts->sum);
    parts->weight = tc_plan_alloc(p, (size_t)p->terms + 1, sizeof *parts->weight);
    parts->gradient = tc_alloc_aligned(&p->mem, (size_t)p->block.part + 1, sizeof *parts->gradient);
    parts->sampled = tc_alloc_aligned(&p->mem, (size_t)sampled(p) + 1, sizeof *parts->sampled);
    const bool room = parts->copies && parts->sum && parts->weight && parts->gradient && parts->sampled;
    return room ? TACET_OK : tc_fail_memory(&p->error);
}
