/* parts.c: a step of several batches, its parts: what each of them adds to the step. The parts run as parts of one batch
 * with all their rows would, and the last one updates the weights:
 *
 *     weigh            the denominators that depend on the data, before the first part
 *     forward          results of terms: the sums of the parts so far, over the denominators of the whole step
 *     backward         the gradient of this part. Terms of parameters, which every part computes, count only in the last
 *     guard            the part is checked by itself, so that a number that is not finite can be found in it
 *     add              to the gradients of the earlier parts; the last part takes their sum
 *
 * What each part changes (what layers remember, counts, metrics) is kept before the first, and put back if any is
 * refused: then no part of the step has been. */
#include "run/run.h"

#include "plan/poison.h"

#include <string.h>

/* ---- Beginning and end ------------------------------------------------------------------------------------------- */

static void copy_kept(tacet_plan *p, bool back)
{
    char *copy = p->parts.copies;
    for (int i = 0; i < p->parts.kept; copy += p->parts.keep[i++].bytes) {
        const tc_kept *k = &p->parts.keep[i];
        memcpy(back ? k->memory : copy, back ? copy : k->memory, k->bytes);
    }
}

bool tc_parts_weighs(const tacet_plan *p)
{
    for (int t = 0; t < p->terms; t++)
        if (tc_plan_weighing(p, t)) return true;
    return false;
}

static tacet_status refuse(tacet_plan *p, const char *what, int64_t rows, int64_t of)
{
    return tc_fail(&p->error, TACET_FAILED, what, (long long)rows, (long long)of);
}

tacet_status tc_parts_take(tacet_plan *p)
{
    tc_parts *parts = &p->parts;
    if (!parts->several) return TACET_OK;
    if (parts->open && parts->asked != parts->rows)
        return refuse(p, "a step of %lld rows was given for one of %lld: all its batches say the same number",
                      parts->asked, parts->rows);
    if (!parts->open) {
        parts->rows = parts->asked;
        parts->done = 0;
        if (tc_parts_weighs(p) && parts->weighed != parts->rows)
            return refuse(
                p,
                "%lld of the %lld rows of this step were weighed: tacet_weigh comes before it, for each of its "
                "batches",
                parts->weighed > 0 ? parts->weighed : 0, parts->rows);
        for (int t = 0; t < p->terms; t++) parts->sum[t] = 0;
        copy_kept(p, false);
    }
    const int64_t left = parts->rows - parts->done;
    if (p->run.rows > left) return refuse(p, "got %lld rows for a step that lacks only %lld", p->run.rows, left);
    if (parts->last && p->run.rows < left)
        return refuse(p, "got %lld rows for the last batch of a step that lacks %lld", p->run.rows, left);
    return TACET_OK;
}

void tc_parts_done(tacet_plan *p)
{
    tc_parts *parts = &p->parts;
    if (!parts->several) return;
    parts->done += p->run.rows;
    parts->open = !parts->last;
    if (parts->last) tc_parts_forget(p);
}

void tc_parts_forget(tacet_plan *p)
{
    p->parts.open = p->parts.several = false;
    p->parts.weighed = 0;
    for (int t = 0; t < p->terms && p->parts.weight; t++) p->parts.weight[t] = 0;
    for (tc_tally *c = p->list[TC_TRAIN].tally; c; c = c->next) c->earlier = 0;
}

void tc_parts_undo(tacet_plan *p)
{
    if (p->parts.open) copy_kept(p, true);
    tc_parts_forget(p);
}

/* ---- Terms ------------------------------------------------------------------------------------------------------- */

/* Gathers what the term weighs by, the target and weights of samples, and adds up its weights. */
static tacet_status weigh(tacet_plan *p, int term, const tc_call *c)
{
    const tc_term *t = &p->graph->term[term];
    tacet_status s = TACET_OK;
    for (int k = 1; k < t->slots && s == TACET_OK; k++) s = tc_run_gather_input(p, TC_TRAIN, t->input[k]);
    if (s != TACET_OK) return s;
    const tc_span span = tc_span_of(c, false);
    tc_unpoison_all(p);
    for (int64_t i = 0; i < tc_ranges(span); i++) tc_weigh(c, i * span.grain, tc_part_end(span, i));
    p->parts.weight[term] += tc_tree_sum(c->weights, tc_ranges(span));
    return TACET_OK;
}

tacet_status tc_parts_weigh(tacet_plan *p, int64_t rows)
{
    tc_parts *parts = &p->parts;
    tacet_status s = TACET_OK;
    if (parts->open) return tc_fail(&p->error, TACET_FAILED, "a step has begun: its rows were weighed before");
    if (rows < 0 || rows > p->set.batch)
        return refuse(p, "got %lld rows, but the plan takes up to %lld", rows, p->set.batch);
    p->run.rows = rows;
    p->last = -1;
    for (int t = 0; t < p->terms && s == TACET_OK; t++) {
        const tc_call *c = tc_plan_weighing(p, t);
        if (c) s = weigh(p, t, c);
    }
    parts->weighed = s == TACET_OK && parts->weighed >= 0 ? parts->weighed + rows : -1;
    return s;
}

void tc_parts_add_terms(tacet_plan *p)
{
    tc_parts *parts = &p->parts;
    if (!parts->open) tc_exchange_sum(p, parts->weight, TACET_F64, p->terms);
    for (int t = 0; t < p->terms; t++) {
        if (!tc_plan_of_batch(p, t)) continue;
        parts->sum[t] = p->result.sum[t] += parts->sum[t];
        if (tc_plan_weighing(p, t)) p->result.weight[t] = parts->weight[t];
    }
}

void tc_parts_mute(tacet_plan *p, bool mute)
{
    static const double none = 0;
    tc_list *l = &p->list[TC_TRAIN];
    for (int i = l->backward; i < l->steps && p->set.ranks.rank == 0; i++) { /* on other ranks they never send any */
        tc_step *s = &l->step[i];
        if (s->term >= 0 && !tc_plan_of_batch(p, s->term))
            s->work.call.lambda = mute ? &none : &p->table.lambda[s->term];
    }
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

typedef struct job {
    float *to;
    const float *x;
    tc_span span;
} job;

TC_CLONES static void add(float *restrict to, const float *restrict x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) to[i] += x[i];
}

static void add_part(void *context, int64_t part, int lane)
{
    (void)lane;
    const job *j = context;
    const int64_t from = part * j->span.grain;
    add(j->to + from, j->x + from, tc_part_end(j->span, part) - from);
}

static void add_up(tacet_plan *p, float *to, const float *x, int64_t n)
{
    job j = {to, x, {n, TC_RANGE}};
    tc_run_for(p, j.span, n > 4 * TC_RANGE, add_part, &j);
}

void tc_parts_add_gradient(tacet_plan *p)
{
    float *g = p->block.numbers + p->block.floats;
    if (p->parts.last)
        add_up(p, g, p->parts.gradient, p->parts.open ? p->block.part : 0);
    else if (p->parts.open)
        add_up(p, p->parts.gradient, g, p->block.part);
    else
        memcpy(p->parts.gradient, g, sizeof *g * (size_t)p->block.part);
}

const float *tc_parts_add_sampled(tacet_plan *p, const float *g, int64_t n)
{
    if (!p->parts.several) return g;
    float *to = p->parts.sampled + p->parts.at;
    p->parts.at += n;
    if (p->parts.open)
        add(to, g, n);
    else
        memcpy(to, g, sizeof *g * (size_t)n);
    return to;
}
