/* run.c: the loop. A list is walked once; a band runs tile by tile; a term's partial sums are added up in a fixed
 * tree. */
#include "plan/plan.h"

#include <math.h>

typedef struct band {
    const tc_step *step;
    int steps;
    tc_span span;
} band;

static void band_part(void *context, int64_t part)
{
    const band *b = context;
    const int64_t begin = part * b->span.grain,
                  end = begin + b->span.grain < b->span.units ? begin + b->span.grain : b->span.units;
    for (int i = 0; i < b->steps; i++) b->step[i].run(&b->step[i].call, begin, end);
}

static void finish(const tc_step *s)
{
    const tc_call *c = &s->call;
    const double sum = tc_tree_sum(c->partial, s->parts);
    *c->value = c->op->finish ? c->op->finish(c, sum) : sum / tc_denominator(c);
}

/* How steps are cut depends on the rows, which seldom change. */
static void cut(tc_list *l, int64_t rows)
{
    if (l->rows == rows) return;
    l->rows = rows;
    for (int i = 0; i < l->steps; i++) {
        tc_step *s = &l->step[i];
        s->span = tc_span_of(&s->call, s->backward);
        s->parts = (s->span.units + s->span.grain - 1) / s->span.grain;
    }
}

void tc_plan_run_step(tacet_plan *p, tc_list *l, int begin, int end)
{
    tc_step *first = &l->step[begin];
    bool shared = false;
    if (begin == l->backward) tc_silence_choose_back(l);
    if (!first->backward) tc_silence_choose(first);
    for (int i = begin; i < end; i++) {
        tc_step *s = &l->step[i];
        shared = shared || s->shared;
        if (s->call.op->flags & TC_RANDOM)
            s->call.stream = tc_stream_of(p->seed, (uint64_t)p->table.step, tc_plan_name(p, s->value));
    }
    band b = {first, end - begin, first->span};
    if (first->parts == 1)
        band_part(&b, 0);
    else
        tc_pool_run(shared ? p->pool : NULL, first->parts, band_part, &b);
    for (int i = begin; i < end; i++)
        if (l->step[i].finish) finish(&l->step[i]);
}

tacet_status tc_plan_run(tacet_plan *p, int list, int64_t rows)
{
    tc_list *l = &p->list[list];
    if (rows < 1 || rows > p->batch)
        return tc_fail(&p->error, TACET_FAILED, "%lld rows, where the plan takes 1 to %lld", (long long)rows,
                       (long long)p->batch);
    p->run.rows = p->run.global_rows = rows;
    p->run.training = list == TC_TRAIN;
    p->run.step = (uint64_t)p->table.step;
    cut(l, rows);
    p->last = -1; /* from here on what the list before has left is written over */
    tacet_status status = tc_plan_gather(p, list);
    if (status != TACET_OK) return status;
    p->last = list;
    for (int i = 0; i < p->terms; i++) p->value[i] = NAN;
    for (int i = 0, end; i < l->steps; i = end) {
        for (end = i + 1; l->step[end - 1].band; end++) {}
        if (l->step[i].waits >= 0 && !p->feed[l->step[i].waits].fed) continue;
        tc_plan_run_step(p, l, i, end);
    }
    if (list == TC_TRAIN) tc_silence_note(p);
    if (list == TC_EVAL)
        for (int v = 0; v < p->values; v++)
            if (p->count[v].fired) p->count[v].rows += p->graph->value[v].batch ? rows : 1;
    return TACET_OK;
}
