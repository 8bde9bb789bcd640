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
                  end = begin + b->span.grain < b->span.pieces ? begin + b->span.grain : b->span.pieces;
    for (int i = 0; i < b->steps; i++) b->step[i].run(&b->step[i].call, begin, end);
}

static void finish(const tc_step *s)
{
    const tc_call *c = &s->call;
    const double sum = tc_tree_sum(c->partial, s->parts);
    *c->result = c->op->finish ? c->op->finish(c, sum) : sum / tc_denominator(c);
}

/* How steps are cut depends on the rows, which seldom change. */
static void cut(tc_list *l, int64_t rows)
{
    if (l->rows == rows) return;
    l->rows = rows;
    for (int i = 0; i < l->steps; i++) {
        tc_step *s = &l->step[i];
        s->span = tc_span_of(&s->call, s->backward);
        s->parts = (s->span.pieces + s->span.grain - 1) / s->span.grain;
    }
}

static void prepare(tacet_plan *p, tc_step *s)
{
    if (s->random) s->call.stream = tc_stream_of(p->seed, (uint64_t)p->table.step, tc_plan_name(p, s->value));
    if (s->call.fired && !s->backward) tc_silence_choose(s);
}

static void run_whole(tacet_plan *p, tc_step *s)
{
    prepare(p, s);
    s->run(&s->call, 0, s->span.pieces);
    if (s->finish) finish(s);
}

/* A band of several parts. */
static void run_parts(tacet_plan *p, tc_step *first, int steps)
{
    band b = {first, steps, first->span};
    bool shared = false;
    for (tc_step *s = first; s < first + steps; s++) {
        shared = shared || s->shared;
        prepare(p, s);
    }
    tc_pool_run(shared ? p->pool : NULL, first->parts, band_part, &b);
    for (const tc_step *s = first; s < first + steps; s++)
        if (s->finish) finish(s);
}

void tc_plan_run_step(tacet_plan *p, tc_list *l, int i)
{
    if (i == l->backward) tc_silence_choose_back(l);
    if (l->step[i].parts == 1)
        run_whole(p, &l->step[i]);
    else
        run_parts(p, &l->step[i], 1);
}

/* Steps [begin, end). What is one part has no need of its band. */
static void run_steps(tacet_plan *p, tc_list *l, int begin, int end)
{
    for (int i = begin, steps = 1; i < end; i += steps) {
        tc_step *s = &l->step[i];
        for (steps = 1; s->parts > 1 && s[steps - 1].band; steps++) {}
        if (s->waits >= 0 && !p->feed[s->waits].fed) continue;
        if (s->parts == 1)
            run_whole(p, s);
        else
            run_parts(p, s, steps);
    }
}

tacet_status tc_plan_run_forward(tacet_plan *p, int list, int64_t rows)
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
    for (int i = 0; i < p->terms; i++) p->result[i] = NAN;
    run_steps(p, l, 0, l->backward);
    return TACET_OK;
}

void tc_plan_run_backward(tacet_plan *p)
{
    tc_list *l = &p->list[TC_TRAIN];
    tc_silence_choose_back(l);
    run_steps(p, l, l->backward, l->steps);
    tc_silence_note(p);
}
