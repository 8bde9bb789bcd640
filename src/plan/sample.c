/* sample.c: how strong a penalty's gradient is at the values that it stands on, beside the gradient that the losses send
 * there. In a step that is sampled the backward pass runs twice, first with all other lambdas 0; it is linear in them, so
 * what then arrives at a value is the losses' share. The second pass is that of any step, bit for bit.
 *
 *     forward -> own: each penalty's gradient by itself -> backward, losses alone: data -> backward -> update
 *
 * What the forward pass leaves for the backward pass must then live through the first one. Where a value's silence blocks
 * its gradient, both count only what fired: the rest goes nowhere, and products on firing lists leave it out. */
#include "plan/plan.h"

#include <math.h>

bool tc_term_penalises(const tacet_plan *p, int term, int value)
{
    const tc_term *t = &p->graph->term[term];
    bool on = value < 0;
    for (int k = 0; k < t->inputs; k++) on = on || tc_term_on(t, k) == value;
    return on && t->op->role == &tc_penalty;
}

bool tc_plan_samples(const tacet_plan *p)
{
    for (int i = 0; i < p->terms; i++)
        if (tc_term_penalises(p, i, -1) && (p->ledger || p->steers)) return true;
    return false;
}

/* Whether slot k of a penalty is a value at which its gradient is measured, and whether v is that of any penalty. */
static bool is_measured(const tc_term *t, int k)
{
    return t->op->role == &tc_penalty && t->input[k] >= 0 && (t->of < 0 ? k < t->inputs : k >= t->inputs);
}

static bool has_measure(const tc_term *t, int v)
{
    for (int k = 0; k < t->slots; k++)
        if (is_measured(t, k) && t->input[k] == v) return true;
    return false;
}

static bool penalised(const tacet_plan *p, int v)
{
    for (int i = 0; i < p->terms; i++)
        if (has_measure(&p->graph->term[i], v)) return true;
    return false;
}

/* What the forward pass has written and a backward pass reads. */
static void keep(tc_list *l, int buffer)
{
    if (buffer >= 0 && l->buffer[buffer].first < l->backward) l->buffer[buffer].stays = true;
}

void tc_plan_sample_keep(tacet_plan *p)
{
    tc_list *l = &p->list[TC_TRAIN];
    for (int i = l->backward; i < l->steps; i++) {
        const tc_step *s = &l->step[i];
        for (int k = 0; k < s->slots; k++) keep(l, s->xb[k]);
        keep(l, s->yb);
        keep(l, s->sb);
        keep(l, s->x_silence ? s->x_silence->by_row : -1);
    }
    /* A penalty's own gradient is taken whether or not the backward pass has a step of it. */
    for (int i = 0; i < l->backward; i++) {
        const tc_step *s = &l->step[i];
        if (s->term < 0 || !tc_term_penalises(p, s->term, -1)) continue;
        for (int k = 0; k < s->slots; k++) keep(l, s->xb[k]);
        keep(l, s->sb);
    }
}

/* The first step that reads v's gradient to pass it on. */
static int reader_of(const tc_list *l, int v)
{
    for (int i = l->backward; i < l->steps; i++)
        if (l->step[i].value == v && l->step[i].gb == l->gradient[v]) return i;
    return l->steps;
}

tacet_status tc_plan_sample_points(tacet_plan *p)
{
    const tc_list *l = &p->list[TC_TRAIN];
    int64_t most = 0;
    p->measure = tc_plan_alloc(p, (size_t)p->values + 1, sizeof *p->measure);
    p->own = tc_plan_alloc(p, (size_t)p->terms + 1, sizeof *p->own);
    if (!p->measure || !p->own) return tc_fail_memory(&p->error);
    for (int v = 0; v < p->values; v++) {
        if (!penalised(p, v)) continue;
        const tc_value *value = &p->graph->value[v];
        const int64_t n = tc_shape_count(&value->shape) * (value->batch ? p->batch : 1);
        most = n > most ? n : most;
        if (l->gradient[v] < 0) continue;
        p->measure[p->measures++] = (tc_measure){.value = v,
                                                 .before = value->owner >= 0 ? l->steps : reader_of(l, v),
                                                 .masked = value->batch && tc_fire_blocked(p, v)};
    }
    p->sample = tc_alloc_aligned(&p->mem, (size_t)most + 1, sizeof *p->sample);
    return p->sample ? TACET_OK : tc_fail_memory(&p->error);
}

TC_CLONES static void mask(const float *g, const float *x, float *to, int64_t n)
{
    for (int64_t i = 0; i < n; i++) to[i] = x[i] != 0.0f ? g[i] : 0.0f;
}

static double squares(const tacet_plan *p, const float *g, const float *x, int64_t n)
{
    if (x) mask(g, x, p->sample, n);
    return p->run.kernel->squares(x ? p->sample : g, n);
}

static int64_t count_of(const tacet_plan *p, int v)
{
    return tc_shape_count(&p->graph->value[v].shape) * (p->graph->value[v].batch ? p->run.rows : 1);
}

/* The norm of a term's own gradient with lambda 1, from the call of its forward step. */
static double own(const tacet_plan *p, const tc_step *s)
{
    const double one = 1;
    const bool add[TC_SLOTS] = {0};
    const tc_term *t = &p->graph->term[s->term];
    float *d[TC_SLOTS] = {0};
    tc_call c = s->call;
    double sum = 0;
    c.lambda = &one;
    c.d = d;
    c.add = add;
    for (int k = 0; k < t->slots; k++) {
        if (!is_measured(t, k)) continue;
        const int v = t->input[k];
        const bool masked = c.x[k].batch && tc_fire_blocked(p, v);
        d[k] = p->sample;
        c.op->backward(&c, 0, tc_span_of(&c, true).pieces);
        d[k] = NULL;
        sum += squares(p, p->sample, masked ? c.x[k].data : NULL, count_of(p, v));
    }
    return sqrt(sum);
}

static void measure(tacet_plan *p, int step)
{
    const tc_list *l = &p->list[TC_TRAIN];
    for (int i = 0; i < p->measures; i++) {
        tc_measure *m = &p->measure[i];
        if (m->before != step) continue;
        const float *x = m->masked ? tc_buffer_memory(p, l, l->value[m->value]) : NULL;
        const tc_place *at = tc_plan_find(p, m->value);
        if (at && at->fused) tc_fuse_store(p, tc_fuse_find(p, at));
        m->data = squares(p, tc_buffer_memory(p, l, l->gradient[m->value]), x, count_of(p, m->value));
    }
}

double tc_plan_sample_data(const tacet_plan *p, int term)
{
    double sum = 0;
    int found = 0;
    for (int i = 0; i < p->measures; i++)
        if (has_measure(&p->graph->term[term], p->measure[i].value)) sum += p->measure[i].data, found++;
    return found ? sum : NAN;
}

void tc_plan_sample(tacet_plan *p)
{
    tc_list *l = &p->list[TC_TRAIN];
    static const double none = 0;
    for (int i = 0; i < l->backward; i++)
        if (l->step[i].term >= 0 && tc_term_penalises(p, l->step[i].term, -1))
            p->own[l->step[i].term] = own(p, &l->step[i]);
    for (int i = l->backward; i < l->steps; i++) {
        tc_step *s = &l->step[i];
        const bool penalty = s->term >= 0 && tc_term_penalises(p, s->term, -1);
        const double *lambda = s->call.lambda;
        measure(p, i);
        if (penalty) s->call.lambda = &none;
        tc_plan_run_step(p, l, i);
        s->call.lambda = lambda;
    }
    measure(p, l->steps);
}
