/* guard.c: checks the objective and the norm of the gradients once, between backward and update, and that the update
 * will leave finite numbers (reach.c). If something is not finite the weights stay as they are, and the step is run
 * again, which gives the same numbers: each value is now checked as it is made, and the first that is not finite is
 * named. */
#include "run/run.h"

#include "plan/poison.h"

#include <float.h>
#include <math.h>

enum { MOST_RUNS = 256 }; /* of the length that this requires */

typedef struct squares {
    const tc_kernel *kernel;
    const float *x;
    tc_span span;
    double *sum; /* [MOST_RUNS] */
} squares;

static void squares_part(void *context, int64_t part, int lane)
{
    (void)lane;
    squares *s = context;
    const int64_t from = part * s->span.grain;
    s->sum[part] = s->kernel->squares(s->x + from, tc_part_end(s->span, part) - from);
}

double tc_run_squares(tacet_plan *p, const float *x, int64_t n)
{
    double sum[MOST_RUNS];
    squares s = {.kernel = p->run.kernel, .x = x, .span = {n, TC_RANGE}, .sum = sum};
    while (n > s.span.grain * MOST_RUNS) s.span.grain *= 2;
    tc_run_for(p, s.span, n > 8 * TC_RANGE, squares_part, &s);
    return tc_tree_sum(sum, tc_ranges(s.span));
}

static const float *gradients(const tacet_plan *p) { return p->block.numbers + p->block.floats; }

/* Whether |x| |g|, which bounds every element and partial sum of x^T g, shows all fused gradients to be finite. Raises
 * the bound on the magnitude of gradients. */
static bool fused_are_finite(tacet_plan *p)
{
    for (int i = 0; i < p->update.fuseds; i++) {
        const tc_call *c = p->update.fused[i].call;
        const double x = tc_run_squares(p, c->x[0].data, tc_elements(c, &c->x[0])),
                     g = tc_run_squares(p, c->g, tc_elements(c, &c->y));
        const double most = sqrt(x) * sqrt(g);
        if (!(most < (double)FLT_MAX / 2)) return false;
        if (most > p->update.gradient) p->update.gradient = most;
    }
    return true;
}

/* The first element that is not finite, or -1. */
static int64_t not_finite(const float *x, int64_t n)
{
    for (int64_t i = 0; x && i < n; i++)
        if (!isfinite(x[i])) return i;
    return -1;
}

static tacet_status blame(tacet_plan *p, const char *what, int value, int64_t i)
{
    char shape[TC_SHAPE_TEXT];
    const tc_value *v = &p->graph->value[value];
    const int64_t n = tc_shape_count(&v->shape), row = v->batch ? i / n : 0, element = v->batch ? i % n : i;
    return tc_fail(
        &p->error, TACET_NOT_FINITE,
        "step %lld: the objective is not finite; the first value that is not is %s%s %s, row %lld, element %lld",
        (long long)p->table.step + 1, what, v->name, tc_shape_text(&v->shape, v->batch, shape), (long long)row,
        (long long)element);
}

static int64_t first_bad(const tacet_plan *p, const tc_port *port)
{
    const tc_value *v = &p->graph->value[port->value];
    const int64_t rows = v->batch ? p->run.rows : 1;
    return port->memory && !port->ids ? not_finite(port->memory, tc_shape_count(&v->shape) * rows) : -1;
}

/* Checks what a step writes; or what it reads that no step made: inputs and parameters. */
static bool blame_ports(tacet_plan *p, const tc_step *s, bool writes)
{
    for (int k = 0; k < s->ports; k++) {
        const tc_port *port = &s->port[k];
        const tc_value *v = port->value < 0 ? NULL : &p->graph->value[port->value];
        if (!v || port->write != writes || (!writes && (s->backward || v->op || port->gradient))) continue;
        const char *kind = v->op ? "" : v->owner >= 0 ? "the parameter " : "the input ";
        const int64_t i = first_bad(p, port);
        if (i >= 0) return blame(p, port->gradient ? "the gradient of " : kind, port->value, i) != TACET_OK;
    }
    return false;
}

static bool blame_term(tacet_plan *p, int t)
{
    return tc_fail(&p->error, TACET_NOT_FINITE,
                   "step %lld: the objective is not finite; the first value that is not is the term %s",
                   (long long)p->table.step + 1, p->graph->term[t].name) != TACET_OK;
}

static bool blame_sum(tacet_plan *p, const tc_step *s)
{
    return s->sums && s->term >= 0 && !isfinite(p->result.sum[s->term]) && blame_term(p, s->term);
}

static bool blame_results(tacet_plan *p)
{
    for (int t = 0; t < p->terms; t++)
        if (p->list[TC_TRAIN].result[t] >= 0 && !isfinite(p->result.value[t])) return blame_term(p, t);
    return false;
}

static bool blame_fused(tacet_plan *p)
{
    for (int i = 0; i < p->update.fuseds; i++) {
        const tc_fused *f = &p->update.fused[i];
        tc_fused_store(p, f);
        const int64_t at = not_finite(tc_plan_gradient(p, f->at), f->at->n);
        if (at >= 0) return blame(p, "the gradient of ", f->at->value, at) != TACET_OK;
    }
    return false;
}

/* Runs steps [begin, end) once more and blames the first value that is not finite. Returns 1 + the step that has it; 0:
 * all are finite. With several ranks all steps run, since other ranks may wait for this one's part of the sums. */
static int64_t search_steps(tacet_plan *p, int begin, int end, int64_t found)
{
    tc_list *l = &p->list[TC_TRAIN];
    for (int i = begin; i < end && (found == 0 || p->set.ranks.count > 1); i++) {
        const tc_step *s = &l->step[i];
        tc_unpoison_all(p);
        if (found == 0 && blame_ports(p, s, false)) found = i + 1;
        tc_run_step(p, l, i);
        tc_unpoison_all(p);
        if (found == 0 && (blame_ports(p, s, true) || blame_sum(p, s))) found = i + 1;
    }
    return found;
}

static int64_t search(tacet_plan *p)
{
    const tc_list *l = &p->list[TC_TRAIN];
    int64_t found = search_steps(p, 0, l->backward, 0);
    tc_run_finish_terms(p, TC_TRAIN);
    if (found == 0 && blame_results(p)) found = l->backward + 1;
    found = search_steps(p, l->backward, l->steps, found);
    tc_unpoison_all(p);
    if (found == 0 && blame_fused(p)) found = l->steps + 1;
    return found;
}

/* The error if nothing is wrong up to the update. at: as tc_reach_check returned it. */
static void blame_update(tacet_plan *p, int64_t at)
{
    const long long step = p->table.step + 1;
    for (int i = 0; i < p->block.places; i++) {
        const tc_place *b = &p->block.place[i];
        if (b->trains && at >= b->offset && at < b->offset + b->n) {
            tc_fail(
                &p->error, TACET_NOT_FINITE,
                "step %lld: the update of the parameter %s is not finite: its gradient or the learning rate (%g) is "
                "too large",
                step, p->graph->value[b->value].name, tc_plan_rate(p, b->group) * p->table.rate);
            return;
        }
    }
    tc_fail(&p->error, TACET_NOT_FINITE,
            "step %lld: the norm of the gradients or the objective is too large for a number", step);
}

/* A value that is not finite on one rank soon spreads to all, so the rank that had the first one names it. */
static tacet_status replay(tacet_plan *p, int64_t at)
{
    const tacet_status status = tc_run_gather(p, TC_TRAIN);
    if (status != TACET_OK) return status;
    const int64_t found = search(p);
    const int first = tc_exchange_first(p, found);
    if (first == p->set.ranks.rank) return p->error.status;
    if (first < 0) {
        blame_update(p, at);
        tc_fail_hint(&p->error, "a smaller lr, or its warmup, may keep the numbers from growing so fast");
        return TACET_NOT_FINITE;
    }
    return tc_fail(
        &p->error, TACET_NOT_FINITE,
        "step %lld: the objective is not finite; the first value that is not is on rank %d, whose message names it",
        (long long)p->table.step + 1, first);
}

/* Whether the update has finite numbers. Keeps the norm so far, to which the update adds that of the fused
 * gradients. */
static bool is_finite(tacet_plan *p)
{
    tc_run_project(p);
    p->norm_square = tc_run_squares(p, gradients(p), p->block.stored);
    if (!isfinite(p->norm_square) || !isfinite(tacet_objective(p))) return false;
    p->update.gradient = tc_run_clip(p, sqrt(p->norm_square));
    if (fused_are_finite(p)) return true;
    for (int i = 0; i < p->update.fuseds; i++) tc_fused_store(p, &p->update.fused[i]);
    p->update.gradient = sqrt(tc_run_squares(p, gradients(p), p->block.part));
    return isfinite(p->update.gradient);
}

tacet_status tc_run_guard_part(tacet_plan *p)
{
    bool bad = !isfinite(tc_run_squares(p, gradients(p), p->block.part)) || !isfinite(tacet_objective(p));
    const tacet_status status = tc_exchange_verdict(p, &bad);
    return status == TACET_OK && bad ? replay(p, -1) : status;
}

tacet_status tc_run_guard(tacet_plan *p)
{
    tc_run_prepare(p);
    const bool finite = is_finite(p);
    const int64_t at = finite ? tc_reach_check(p) : -1;
    bool bad = !finite || at >= 0;
    const tacet_status status = tc_exchange_verdict(p, &bad);
    return status == TACET_OK && bad ? replay(p, at) : status;
}
