/* run.c: the loop. A list is run in one pass; a band runs range by range; the partial sums of a step's ranges are added
 * up in a fixed tree. The terms' results follow at the end of the forward pass, once their sums are those of all
 * ranks. */
#include "run/run.h"

#include "plan/poison.h"

#include <assert.h>
#include <math.h>

double tc_tree_sum(const double *x, int64_t n)
{
    if (n <= 8) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += x[i];
        return sum;
    }
    return tc_tree_sum(x, n / 2) + tc_tree_sum(x + n / 2, n - n / 2);
}

void tc_run_for(tacet_plan *p, tc_span span, bool shared, tc_part *part, void *job)
{
    const int64_t parts = tc_ranges(span);
    tc_pool_run(shared && parts > 1 ? p->pool : NULL, parts, part, job);
}

typedef struct band {
    const tc_step *step;
    int steps;
    tc_span span;
} band;

static void band_part(void *context, int64_t part, int lane)
{
    const band *b = context;
    const int64_t begin = part * b->span.grain, end = tc_part_end(b->span, part);
    for (int i = 0; i < b->steps; i++) b->step[i].kind->run(&b->step[i], begin, end, lane);
}

/* Adds up the partial sums of the ranges. */
static void add_up(tacet_plan *p, tc_step *s)
{
    const double sum = tc_tree_sum(s->partial, s->parts);
    if (s->kind->finish) {
        s->kind->finish(s, sum);
        return;
    }
    p->result.sum[s->term] = sum;
    if (tc_has_weights(&tc_work_of(s)->call)) p->result.weight[s->term] = tc_tree_sum(s->weights, s->parts);
}

static void finish(tacet_plan *p, tc_step *s)
{
    if (s->sums) add_up(p, s);
    while (s->kind->again && s->kind->again(s))
        tc_pool_run(s->shared ? p->pool : NULL, s->parts, band_part, &(band){s, 1, s->span});
    if (p->set.ranks.count > 1 && tc_work_of(s)) tc_run_sums(p, &tc_work_of(s)->call, s->backward);
}

void tc_run_sums(tacet_plan *p, const tc_call *c, bool backward)
{
    int64_t n = 0;
    double *numbers = c->op->sums ? c->op->sums(c, backward, &n) : NULL;
    if (numbers) tc_exchange_sum(p, numbers, TACET_F64, n);
}

/* The cut of the steps depends on the number of rows, which seldom changes. */
static void cut(tc_list *l, int64_t rows)
{
    if (l->rows == rows) return;
    l->rows = rows;
    for (int i = 0; i < l->steps; i++) {
        tc_step *s = &l->step[i];
        s->span = s->kind->span(s);
        s->parts = tc_ranges(s->span);
    }
}

static void run_whole(tacet_plan *p, tc_step *s)
{
    if (s->prepares) s->kind->prepare(s);
    s->kind->run(s, 0, s->span.pieces, 0);
    finish(p, s);
}

/* Runs a band in several parts, or a step outside any band. */
static void run_parts(tacet_plan *p, tc_step *first, int steps)
{
    band b = {first, steps, first->span};
    bool shared = false;
    for (tc_step *s = first; s < first + steps; s++) {
        assert(s->parts == first->parts);
        shared = shared || s->shared;
        if (s->prepares) s->kind->prepare(s);
    }
    tc_pool_run(shared ? p->pool : NULL, first->parts, band_part, &b);
    for (tc_step *s = first; s < first + steps; s++) finish(p, s);
}

static void run_band(tacet_plan *p, tc_list *l, int i, int steps)
{
    tc_poison_all_but(p, l, i, steps);
    if (l->step[i].parts == 1 && steps == 1)
        run_whole(p, &l->step[i]);
    else
        run_parts(p, &l->step[i], steps);
}

void tc_run_step(tacet_plan *p, tc_list *l, int i)
{
    if (i == l->backward) tc_choose_back(l);
    run_band(p, l, i, 1);
}

/* Runs steps [begin, end). Work of a single part does not need its band. */
static void run_steps(tacet_plan *p, tc_list *l, int begin, int end)
{
    for (int i = begin, steps = 1; i < end; i += steps) {
        const tc_step *s = &l->step[i];
        for (steps = 1; s->parts > 1 && s[steps - 1].band; steps++) {}
        if (s->waits < 0 || p->feed[s->waits].fed) run_band(p, l, i, steps);
    }
}

static void finish_term(const tc_call *c, double sum)
{
    *c->result = c->op->finish ? c->op->finish(c, sum) : sum / tc_denominator(c);
}

void tc_run_finish_terms(tacet_plan *p, int list)
{
    const tc_list *l = &p->list[list];
    tc_exchange_terms(p, list);
    if (list == TC_TRAIN && p->parts.several) tc_parts_add_terms(p);
    tc_unpoison_all(p);
    for (int t = 0; t < p->terms; t++) {
        const tc_step *s = l->result[t] < 0 ? NULL : &l->step[l->result[t]];
        if (s && (s->waits < 0 || p->feed[s->waits].fed)) finish_term(&tc_work_of(s)->call, p->result.sum[t]);
    }
}

/* Until they are computed, terms have no result and add nothing to the sums over ranks. */
static void forget_terms(tacet_plan *p)
{
    for (int t = 0; t < p->terms; t++) {
        p->result.sum[t] = p->result.weight[t] = 0;
        p->result.value[t] = NAN;
    }
}

/* With several ranks, a rank may have 0 rows of a short batch. */
static tacet_status take_rows(tacet_plan *p, int list, int64_t rows)
{
    const int64_t least = p->set.ranks.count > 1 ? 0 : 1;
    if (list == TC_TRAIN && p->averaged)
        return tc_fail(
            &p->error, TACET_FAILED,
            "the averages of the weights are in their place: tacet_use_average(plan, false) comes before the "
            "next step");
    if (rows < least || rows > p->set.batch)
        return tc_fail(&p->error, TACET_FAILED, "got %lld row%s, but the plan takes %lld to %lld", (long long)rows,
                       tc_plural(rows), (long long)least, (long long)p->set.batch);
    atomic_store(&p->refusal.status, TACET_OK);
    p->run.rows = rows;
    p->run.training = list == TC_TRAIN;
    p->run.step = (uint64_t)p->table.step;
    p->last = -1; /* the results of the previous list are overwritten from now on */
    tacet_status status = list == TC_TRAIN ? tc_parts_take(p) : TACET_OK;
    if (status == TACET_OK && list == TC_TRAIN) status = tc_run_check_given(p);
    return status == TACET_OK ? tc_run_gather(p, list) : status;
}

tacet_status tc_run_refused(tacet_plan *p, const char *so)
{
    const tacet_status status = (tacet_status)atomic_load(&p->refusal.status);
    if (status == TACET_OK) return TACET_OK;
    const tc_op *op = atomic_load(&p->refusal.op);
    p->last = -1;
    return tc_fail(&p->error, status, "a function of the %s %s failed: %s", tacet_role_name(op->role->is), op->name, so);
}

tacet_status tc_run_forward(tacet_plan *p, int list, int64_t rows)
{
    tc_list *l = &p->list[list];
    const tacet_status status = tc_exchange_rows(p, list, take_rows(p, list, rows));
    if (status != TACET_OK) return status;
    cut(l, p->run.rows);
    tc_choose_most(l);
    p->last = list;
    forget_terms(p);
    run_steps(p, l, 0, l->backward);
    tc_run_finish_terms(p, list);
    if (list == TC_TRAIN) return p->set.ranks.count > 1 ? TACET_OK : tc_run_refused(p, "the call was refused");
    tc_poison_all_but_lasting(p, l);
    return tc_exchange_verdict(p, &(bool){false});
}

void tc_run_backward(tacet_plan *p)
{
    tc_list *l = &p->list[TC_TRAIN];
    tc_choose_back(l);
    if (tc_parts_go_on(p)) tc_parts_mute(p, true);
    run_steps(p, l, l->backward, l->steps);
    tc_poison_all_but_lasting(p, l);
    if (tc_parts_go_on(p)) {
        tc_parts_mute(p, false);
        return;
    }
    if (p->parts.several) tc_parts_add_gradient(p);
    tc_exchange_sum(p, p->block.numbers + p->block.floats, TACET_F32, p->block.part);
}
