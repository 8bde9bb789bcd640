/* guard.c: between backward and update the objective and the gradients' norm are looked at once. If one is not a finite
 * number the weights stay as they are, and the step is run again, which gives the same numbers, looking at each value
 * as it is made: the first that is not finite is named. */
#include "plan/plan.h"

#include <float.h>
#include <math.h>

enum { MOST_TILES = 256 }; /* a level of the tree; longer ones are cut into runs of tiles */

/* Squares of the gradients, summed tile by tile; a fixed tree over the tiles. */
typedef struct norm {
    const tc_kernel *kernel;
    const float *g;
    int64_t n;
    int64_t run;
    double *tile; /* [MOST_TILES] */
} norm;

static void norm_part(void *context, int64_t part)
{
    norm *s = context;
    const int64_t from = part * s->run, n = s->n - from < s->run ? s->n - from : s->run;
    s->tile[part] = s->kernel->squares(s->g + from, n);
}

/* Of x[n]. */
static double squares_of(tacet_plan *p, const float *x, int64_t n)
{
    double tile[MOST_TILES];
    norm s = {.kernel = p->run.kernel, .g = x, .n = n, .run = TC_RANGE, .tile = tile};
    while (s.n > s.run * MOST_TILES) s.run *= 2;
    const tc_span span = {s.n, s.run};
    tc_plan_for(p, span, s.n > 8 * TC_RANGE, norm_part, &s);
    return tc_tree_sum(tile, (s.n + s.run - 1) / s.run);
}

static const float *gradients(const tacet_plan *p) { return p->block + p->parameter_floats; }

/* Whether |x| |g|, which no element of x^T g and no partial sum of one exceeds, leaves all fused gradients finite. */
static bool fused_are_finite(tacet_plan *p)
{
    for (int i = 0; i < p->fuseds; i++) {
        const tc_call *c = p->fused[i].call;
        const double x = squares_of(p, c->x[0].data, tc_elements(c, &c->x[0])),
                     g = squares_of(p, c->g, tc_elements(c, &c->y));
        if (!(sqrt(x) * sqrt(g) < (double)FLT_MAX / 2)) return false;
    }
    return true;
}

/* The first element that is not finite, or -1. */
static int64_t bad(const float *x, int64_t n)
{
    for (int64_t i = 0; x && i < n; i++)
        if (!isfinite(x[i])) return i;
    return -1;
}

static int64_t view_count(const tacet_plan *p, const tc_view *v) { return v->n * (v->batch ? p->run.rows : 1); }

static tacet_status blame(tacet_plan *p, const char *what, const char *name, const tc_view *v, int64_t i)
{
    char shape[TC_SHAPE_TEXT];
    const int64_t row = v->batch ? i / v->n : 0, element = v->batch ? i % v->n : i;
    return tc_fail(
        &p->error, TACET_NOT_FINITE,
        "step %lld: the objective is not finite; the first value that is not is %s%s %s, row %lld, element %lld",
        (long long)p->table.step + 1, what, name, tc_shape_text(&v->shape, v->batch, shape), (long long)row,
        (long long)element);
}

/* What a step has read that it did not make itself: inputs and parameters. (Class indices are always finite.) */
static bool blame_inputs(tacet_plan *p, const tc_step *s, const int *input)
{
    for (int k = 0; k < s->slots; k++) {
        const tc_value *v = input[k] < 0 ? NULL : &p->graph->value[input[k]];
        if (!v || v->op || s->backward) continue;
        const int64_t i = bad(s->call.x[k].data, view_count(p, &s->call.x[k]));
        if (i >= 0)
            return blame(p, v->owner >= 0 ? "the parameter " : "the input ", v->name, &s->call.x[k], i) != TACET_OK;
    }
    return false;
}

static bool blame_outputs(tacet_plan *p, const tc_step *s, const int *input)
{
    if (s->finish && !isfinite(*s->call.result))
        return tc_fail(&p->error, TACET_NOT_FINITE,
                       "step %lld: the objective is not finite; the first value that is not is the term %s",
                       (long long)p->table.step + 1, p->graph->term[s->term].name) != TACET_OK;
    if (s->value >= 0 && !s->backward) {
        const int64_t i = bad(s->call.y.data, s->call.y.data ? view_count(p, &s->call.y) : 0);
        if (i >= 0) return blame(p, "", tc_plan_name(p, s->value), &s->call.y, i) != TACET_OK;
    }
    for (int k = 0; k < s->slots && s->backward; k++) {
        const int64_t i = bad(s->call.d[k], s->call.d[k] ? view_count(p, &s->call.x[k]) : 0);
        if (i >= 0) return blame(p, "the gradient of ", tc_plan_name(p, input[k]), &s->call.x[k], i) != TACET_OK;
    }
    return false;
}

static bool blame_fused(tacet_plan *p)
{
    for (int i = 0; i < p->fuseds; i++) {
        const tc_fused *f = &p->fused[i];
        tc_fuse_store(p, f);
        const int64_t at = bad(tc_plan_gradient(p, f->at), f->at->n);
        if (at >= 0)
            return blame(p, "the gradient of ", tc_plan_name(p, f->at->value), &f->call->x[f->call->inputs], at) !=
                   TACET_OK;
    }
    return false;
}

static tacet_status replay(tacet_plan *p)
{
    tc_list *l = &p->list[TC_TRAIN];
    tacet_status status = tc_plan_gather(p, TC_TRAIN);
    if (status != TACET_OK) return status;
    for (int i = 0; i < l->steps; i++) {
        const tc_step *s = &l->step[i];
        const int *input = s->term >= 0 ? p->graph->term[s->term].input : p->graph->value[s->value].input;
        if (blame_inputs(p, s, input)) return p->error.status;
        tc_plan_run_step(p, l, i);
        if (blame_outputs(p, s, input)) return p->error.status;
    }
    if (blame_fused(p)) return p->error.status;
    return tc_fail(&p->error, TACET_NOT_FINITE,
                   "step %lld: the norm of the gradients or the objective is too large for a number",
                   (long long)p->table.step + 1);
}

/* The norm so far; the update adds that of the fused gradients. */
tacet_status tc_plan_guard(tacet_plan *p)
{
    p->norm_square = squares_of(p, gradients(p), p->stored);
    if (!isfinite(p->norm_square) || !isfinite(tacet_objective(p))) return replay(p);
    if (fused_are_finite(p)) return TACET_OK;
    for (int i = 0; i < p->fuseds; i++) tc_fuse_store(p, &p->fused[i]);
    return isfinite(squares_of(p, gradients(p), p->part)) ? TACET_OK : replay(p);
}
