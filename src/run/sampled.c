/* sampled.c: measures a penalty's gradient at the values that it is on, and the gradient of the losses there. In a
 * sampled step the backward pass runs twice, first with the lambdas of all penalties 0; it is linear in them, so this
 * gives the losses' share of each gradient. The second pass is the same as in any step, bit for bit.
 *
 *     forward -> own: each penalty's gradient by itself -> backward, only the losses: data -> backward -> update
 *
 * In a step of several batches every one is measured: squares at values of the batch add up, and so do gradients at
 * parameters, whose squares are taken in the last. */
#include "run/run.h"

#include "plan/poison.h"

#include <math.h>
#include <string.h>

TC_CLONES static void mask(const float *g, const float *x, float *to, int64_t n)
{
    for (int64_t i = 0; i < n; i++) to[i] = x[i] != 0.0f ? g[i] : 0.0f;
}

static double squares(const tacet_plan *p, const float *g, const float *x, int64_t n)
{
    if (x) mask(g, x, p->sample.spare, n);
    return p->run.kernel->squares(x ? p->sample.spare : g, n);
}

static int64_t elements_of(const tacet_plan *p, int v)
{
    return tc_shape_count(&p->graph->value[v].shape) * (p->graph->value[v].batch ? p->run.rows : 1);
}

/* g[n] summed over all ranks, each of which has a part; in `spare` if there are several ranks. */
static const float *over_ranks(tacet_plan *p, const float *g, int64_t n)
{
    if (p->set.ranks.count == 1) return g;
    if (g != p->sample.spare) memcpy(p->sample.spare, g, sizeof *g * (size_t)n);
    tc_exchange_sum(p, p->sample.spare, TACET_F32, n);
    return p->sample.spare;
}

static void run_phases(tacet_plan *p, tc_call *c)
{
    for (c->phase = 0; c->phase < tc_phases(c->op, true); c->phase++) {
        c->op->backward(c, 0, tc_span_of(c, true).pieces);
        tc_run_sums(p, c, true);
    }
}

/* The same over the batches of a step so far as well. */
static const float *over_all(tacet_plan *p, const float *g, int64_t n)
{
    const float *sum = tc_parts_add_sampled(p, g, n);
    return tc_parts_go_on(p) ? sum : over_ranks(p, sum, n);
}

/* The squared norm of a term's own gradient with lambda 1, from the call of its forward step: at this rank's rows of
 * the values of a batch, or at parameters. */
static double own_square(tacet_plan *p, const tc_step *s, bool batch)
{
    const double one = 1;
    const bool add[TC_SLOTS] = {0};
    const tc_term *t = &p->graph->term[s->term];
    float *d[TC_SLOTS] = {0};
    tc_call c = tc_work_of(s)->call;
    double sum = 0;
    c.lambda = &one;
    c.d = d;
    c.add = add;
    c.scratch = p->arena.scratch;
    for (int k = 0; k < t->slots; k++) {
        if (!tc_term_acts(t, k) || c.x[k].batch != batch) continue;
        const int v = t->input[k];
        const bool masked = batch && tc_fire_blocked(p, v), apart = !batch && tc_plan_of_batch(p, s->term);
        d[k] = p->sample.spare;
        run_phases(p, &c);
        d[k] = NULL;
        const float *g = apart ? over_all(p, p->sample.spare, elements_of(p, v)) : p->sample.spare;
        sum += squares(p, g, masked ? c.x[k].data : NULL, elements_of(p, v));
    }
    return sum;
}

/* The rows of a batch are divided among the ranks, so the squares must be summed over them. */
static void own(tacet_plan *p, const tc_step *s)
{
    double sum = own_square(p, s, true);
    const bool of_batch = tc_plan_of_batch(p, s->term);
    if (of_batch) tc_exchange_sum(p, &sum, TACET_F64, 1);
    if (p->parts.several && p->parts.open) sum += p->sample.own[s->term]; /* the squares of the earlier batches */
    const double parameters = of_batch || !tc_parts_go_on(p) ? own_square(p, s, false) : 0;
    p->sample.own[s->term] = tc_parts_go_on(p) ? sum : sqrt(sum + parameters);
}

static void measure(tacet_plan *p, int step, tc_look look, void *context)
{
    const tc_list *l = &p->list[TC_TRAIN];
    for (int i = 0; i < p->sample.measures; i++) {
        tc_measure *m = &p->sample.measure[i];
        if (m->before != step) continue;
        tc_unpoison_all(p);
        const bool batch = p->graph->value[m->value].batch;
        const int64_t n = elements_of(p, m->value);
        const float *x = tc_buffer_memory(p, l, l->value[m->value]);
        const tc_place *at = tc_plan_find(p, m->value);
        const float *g = tc_buffer_memory(p, l, l->gradient[m->value]);
        if (at && at->fused) tc_fused_store(p, tc_fuse_find(p, at));
        if (look) look(context, p, m->value, x, g);
        double square = squares(p, batch ? g : over_all(p, g, n), m->masked ? x : NULL, n);
        if (batch) tc_exchange_sum(p, &square, TACET_F64, 1);
        m->data = square + (batch && p->parts.several && p->parts.open ? m->data : 0);
    }
}

double tc_sampled_data(const tacet_plan *p, int term)
{
    double sum = 0;
    int found = 0;
    for (int i = 0; i < p->sample.measures; i++)
        for (tc_each_use(u, &p->uses, p->sample.measure[i].value)) {
            if (u->term != term || !(u->how & TC_USE_MEASURED)) continue;
            sum += p->sample.measure[i].data;
            found++;
            break;
        }
    return found ? sum : NAN;
}

void tc_run_sample(tacet_plan *p, tc_look look, void *context)
{
    tc_list *l = &p->list[TC_TRAIN];
    static const double none = 0;
    p->parts.at = 0;
    for (int t = 0; t < p->terms; t++)
        if (l->result[t] >= 0 && tc_plan_is_penalty(p, t)) own(p, &l->step[l->result[t]]);
    for (int i = l->backward; i < l->steps; i++) {
        tc_step *s = &l->step[i];
        const bool once = s->term >= 0 && !tc_plan_of_batch(p, s->term) && tc_parts_go_on(p); /* in the last part */
        const bool mute = once || (s->term >= 0 && tc_plan_is_penalty(p, s->term));
        tc_work *w = &s->work;
        const double *lambda = mute ? w->call.lambda : NULL;
        measure(p, i, look, context);
        if (mute) w->call.lambda = &none;
        tc_run_step(p, l, i);
        if (mute) w->call.lambda = lambda;
    }
    measure(p, l->steps, look, context);
}
