/* check.c: compares gradients with differences of the objective: of a whole plan, and of an operator by itself, in a plan
 * that is made for it. */
#include "steer/steer.h"

#include "base/flush.h"
#include "base/sized.h"
#include "base/slope.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SIZE "tacet_gradient_check: its size must be set before the call"

enum { SAMPLES = 32 }; /* the most elements of a tensor that are tried */

/* A check in progress. */
typedef struct check {
    tacet_plan *p;
    int64_t rows;
    const char *name; /* of the tensor in which a number is changed */
    float *x;         /* [n]: its numbers */
    int64_t n;
    bool parameter; /* they are written to the plan; otherwise the plan reads them where they are */
    tacet_status status; /* of the first forward pass that failed */
    tacet_gradient_check found;
} check;

/* What is differentiated: a proximal term is not. */
static double objective(void *context)
{
    check *k = context;
    tacet_plan *p = k->p;
    double sum = 0;
    if (k->status == TACET_OK && k->parameter) tacet_write(p, k->name, k->x, (size_t)k->n);
    if (k->status == TACET_OK) k->status = tc_run_forward(p, TC_TRAIN, k->rows);
    if (k->status != TACET_OK) return NAN;
    for (int t = 0; t < p->terms; t++)
        if (!p->graph->term[t].prox) sum += p->table.lambda[t] * p->result.value[t];
    return sum;
}

/* "[3, 4]" of element i. */
static void write_index(tc_text *to, const int64_t *shape, int rank, int64_t i)
{
    int64_t n = 1;
    for (int k = 0; k < rank; k++) n *= shape[k];
    for (int k = 0; k < rank; i %= n, k++) {
        n /= shape[k];
        tc_text_add(to, "%s%lld", k ? ", " : "[", (long long)(i / n));
    }
    if (rank > 0) tc_text_add(to, "]");
}

static void note(check *k, const int64_t *shape, int rank, int64_t i, double g, double slope, double error)
{
    tacet_gradient_check *found = &k->found;
    if (error <= found->error) return;
    found->error = error;
    tc_text to = tc_text_into(found->text, sizeof found->text);
    tc_text_add(&to, "%.100s", k->name);
    write_index(&to, shape, rank, i);
    tc_text_add(&to, ": %.4g, differences say %.4g", g, slope);
}

/* How far a gradient is from the difference beyond what rounding may do. */
static double beyond(double g, const tc_slope *s) { return fmax(0, fabs(g - s->value) - s->doubt); }

/* The derivative for number i. Where there is a kink, or the gradient g seems wrong, closer numbers may tell more, as long
 * as rounding allows; and what is wrong is so at two distances, which kinks have different parts in. */
static tc_slope slope_of(check *k, int64_t i, double g, double least)
{
    float h = 4e-3f * fmaxf(1, fabsf(k->x[i]));
    tc_slope s = tc_slope_of(objective, k, &k->x[i], h, least);
    for (int n = 0; n < 4 && isfinite(s.value); n++) {
        const double size = fmax(least, fabs(s.value));
        if (!(s.kink || beyond(g, &s) > TC_SLOPE_TOLERANCE * size) || 4 * s.doubt > 0.03 * size) break;
        s = tc_slope_of(objective, k, &k->x[i], h /= 4, least);
    }
    if (s.kink || !(beyond(g, &s) > 0)) return s;
    const tc_slope closer = tc_slope_of(objective, k, &k->x[i], 0.6f * h, least);
    s.kink = closer.kink || fabs(closer.value - s.value) > fabs(g - s.value) / 4;
    return s;
}

/* Notes how far a gradient is from the difference; least: what a small gradient is compared with. */
static void compare(check *k, const int64_t *shape, int rank, int64_t i, double g, double least)
{
    const tc_slope s = slope_of(k, i, g, least);
    tacet_gradient_check *found = &k->found;
    if (isfinite(g) && (s.kink || !isfinite(s.value))) {
        found->kinks++;
        return;
    }
    found->checked++;
    if (!isfinite(g))
        note(k, shape, rank, i, g, s.value, INFINITY);
    else if (beyond(g, &s) > 0)
        note(k, shape, rank, i, g, s.value, beyond(g, &s) / fmax(least, fmax(fabs(g), fabs(s.value))));
}

/* Compares elements of a tensor, spread over it; gradient: of the same shape. */
static void compare_tensor(check *k, const int64_t *shape, int rank, const float *gradient)
{
    const int64_t samples = k->n < SAMPLES ? k->n : SAMPLES;
    double largest = 0;
    for (int64_t i = 0; i < k->n; i++)
        if (isfinite(gradient[i])) largest = fmax(largest, fabs((double)gradient[i]));
    for (int64_t i = 0; i < samples; i++) {
        const int64_t at = (i * k->n + k->n / 2) / samples;
        compare(k, shape, rank, at, (double)gradient[at], largest / 50);
    }
}

/* Hides what tacet_add_gradient has left for the next step, since it is not part of the objective. A second call brings it
 * back. */
static void hide_given(tacet_plan *p)
{
    for (tc_given *t = p->first_given; t; t = t->next) t->count = -t->count;
}

/* Forward and backward as in a step, but without an update: the gradients can then be read. */
static tacet_status find_gradients(check *k)
{
    tacet_plan *p = k->p;
    p->parts.several = false;
    p->sample.due = false;
    k->parameter = false;
    const double value = objective(k);
    if (k->status != TACET_OK) return k->status;
    if (!isfinite(value))
        return tc_fail(&p->error, TACET_NOT_FINITE, "the objective is not finite: there is nothing to compare");
    hide_given(p);
    tc_run_backward(p);
    hide_given(p);
    return tc_run_refused(p, "the call was refused");
}

/* All parameters that train. numbers: room for each of them, and then for their gradients. */
static tacet_status compare_parameters(check *k, float *numbers, float *gradients)
{
    tacet_plan *p = k->p;
    tacet_value_info v = {.size = sizeof v};
    float *x = numbers, *g = gradients;
    for (int i = 0; i < p->block.places; i++, x += v.elements, g += v.elements) {
        if (tacet_value_at(p, p->block.place[i].value, &v) != TACET_OK) return TACET_FAILED;
        tacet_read(p, v.name, x, (size_t)v.elements);
        if (p->block.place[i].trains) tacet_read_gradient(p, v.name, g, (size_t)v.elements);
    }
    x = numbers, g = gradients;
    for (int i = 0; i < p->block.places; i++, x += v.elements, g += v.elements) {
        tacet_value_at(p, p->block.place[i].value, &v);
        k->name = v.name;
        k->x = x;
        k->n = v.elements;
        k->parameter = true;
        if (p->block.place[i].trains && p->list[TC_TRAIN].gradient[p->block.place[i].value] >= 0)
            compare_tensor(k, v.shape, v.rank, g);
        tacet_write(p, v.name, x, (size_t)v.elements);
    }
    return k->status;
}

static tacet_status check_plan(check *k)
{
    tacet_plan *p = k->p;
    int64_t n = 1;
    for (int i = 0; i < p->block.places; i++) n += p->block.place[i].n;
    float *numbers = tc_alloc(&p->mem, 2 * (size_t)n, sizeof *numbers);
    if (!numbers) return tc_fail_memory(&p->error);
    tacet_status s = find_gradients(k);
    if (s == TACET_OK) s = compare_parameters(k, numbers, numbers + n);
    tc_free(&p->mem, numbers);
    return s;
}

tacet_status tacet_check_gradient(tacet_plan *p, int64_t rows, tacet_gradient_check *found)
{
    check k = {.p = p, .rows = rows, .found.size = sizeof k.found};
    if (tc_sized_check(found) != TACET_OK) return tc_fail(&p->error, TACET_FAILED, SIZE);
    if (!p->update.optim)
        return tc_fail(&p->error, TACET_FAILED, "this plan was compiled for inference: it has no gradients to check");
    if (p->parts.open || p->set.ranks.count > 1)
        return tc_fail(&p->error, TACET_FAILED, "gradients cannot be checked %s",
                       p->parts.open ? "between the batches of a step" : "on several ranks");
    const uint64_t mode = tc_flush_denormals();
    const tacet_status s = check_plan(&k);
    p->last = -1;
    tc_run_unfeed(p);
    tc_float_mode_set(mode);
    return s == TACET_OK ? tc_sized_give(found, &k.found, sizeof k.found) : s;
}

/* ---- One operator ------------------------------------------------------------------------------------------------ */

/* The network that is made for an operator. */
typedef struct stand {
    tacet_graph *g;
    tacet_plan *p;
    int inputs;
    tacet_array x[TC_MAX_INPUTS];
    tacet_value input[TC_MAX_INPUTS], target; /* target: of the loss that a layer gets */
    float *numbers; /* the inputs, one after the other, then their gradients, then the target */
    int64_t n, goals;
} stand;

static int64_t elements_of(const stand *w, int i) { return tc_shape_count(&w->g->value[w->input[i].id - 1].shape); }

static tacet_status take_inputs(stand *w, int inputs, const tacet_array *x, tacet_error *why)
{
    if (inputs < 1 || inputs > TC_MAX_INPUTS)
        return tc_fail(why, TACET_FAILED, "got %d inputs, but an operator has 1 to %d", inputs, TC_MAX_INPUTS);
    for (; w->inputs < inputs; w->inputs++) {
        char name[16] = "x";
        tacet_array *a = &w->x[w->inputs];
        const tacet_status s = tc_sized_take(a, sizeof *a, (const char *)x + (size_t)w->inputs * x->size, "tacet_array", why);
        if (s != TACET_OK) return s;
        if (!a->data) return tc_fail(why, TACET_FAILED, "input %d has no data", w->inputs + 1);
        if (w->inputs > 0) tc_snprintf(name, sizeof name, "x%d", w->inputs + 1);
        w->input[w->inputs] = tacet_input_of(w->g, name, a->type, 0, a->rank, a->shape);
    }
    return TACET_OK;
}

/* Adds the operator; after a layer a loss that pulls differently at each number of its output. */
static void describe(stand *w, const char *spec)
{
    tc_spec cut;
    if (tc_graph_failed(w->g) || tc_spec_parse(&cut, &w->g->mem, spec, &w->g->error) != TACET_OK) return;
    const tc_op *op = tc_graph_find_op(w->g, cut.name);
    const tc_role *role = op ? op->role : &tc_layer;
    tc_spec_free(&cut);
    tacet_value y = {0};
    if (role == &tc_loss)
        tacet_loss(w->g, spec, w->input[0], w->input[1]);
    else if (role == &tc_layer)
        y = tacet_chain(w->g, w->input[0], spec);
    else
        tacet_penalize(w->g, "x*", spec);
    if (y.id) {
        const tc_shape *shape = &w->g->value[y.id - 1].shape;
        w->goals = tc_shape_count(shape);
        w->target = tacet_input(w->g, "target", shape->rank, shape->dim);
        tacet_loss(w->g, "mse reduce=sum", y, w->target);
    }
    tacet_keep_gradient(w->g, role == &tc_loss ? "x" : "x*"); /* a target seldom has a gradient */
}

static void feed(stand *w, int64_t rows)
{
    float *at = w->numbers;
    for (int i = 0; i < w->inputs; at += rows * elements_of(w, i++)) {
        if (w->x[i].type == TACET_F32) memcpy(at, w->x[i].data, (size_t)(rows * elements_of(w, i)) * sizeof *at);
        tacet_feed(w->p, w->input[i], w->x[i].type, w->x[i].type == TACET_F32 ? at : w->x[i].data);
    }
    at += rows * w->n;
    for (int64_t i = 0; i < rows * w->goals; i++) at[i] = (float)sin(1.0 + 0.7 * (double)i);
    if (w->goals) tacet_feed(w->p, w->target, TACET_F32, at);
}

/* The inputs, whose numbers are read where they are. */
static tacet_status compare_inputs(check *k, const stand *w)
{
    float *x = w->numbers, *g = w->numbers + k->rows * w->n;
    for (int i = 0; i < w->inputs; i++) {
        const tc_value *v = &w->g->value[w->input[i].id - 1];
        const int64_t n = k->rows * elements_of(w, i);
        if (v->type == TACET_F32) tacet_read_gradient(k->p, v->name, g, (size_t)n);
        x += n, g += n;
    }
    x = w->numbers, g = w->numbers + k->rows * w->n;
    for (int i = 0; i < w->inputs; i++) {
        const tc_value *v = &w->g->value[w->input[i].id - 1];
        int64_t shape[1 + TC_MAX_RANK] = {k->rows};
        memcpy(shape + 1, v->shape.dim, sizeof v->shape.dim);
        k->name = v->name;
        k->x = x;
        k->n = k->rows * elements_of(w, i);
        if (v->type == TACET_F32 && w->p->list[TC_TRAIN].gradient[w->input[i].id - 1] >= 0)
            compare_tensor(k, shape, 1 + v->shape.rank, g);
        x += k->n, g += k->n;
    }
    return k->status;
}

static tacet_status check_stand(stand *w, const char *spec, int64_t rows, tacet_gradient_check *found, tacet_error *why)
{
    const tacet_config config = {TACET_CONFIG, .batch = rows, .optimizer = "sgd lr=0", .ledger = -1};
    describe(w, spec);
    w->p = tacet_compile(w->g, &config, why);
    if (!w->p) return why ? why->status : TACET_DESCRIPTION;
    for (int i = 0; i < w->inputs; i++) w->n += elements_of(w, i);
    w->numbers = tc_alloc(&w->g->mem, (size_t)(rows * (2 * w->n + w->goals)), sizeof *w->numbers);
    if (!w->numbers) return tc_fail_memory(why);
    check k = {.p = w->p, .rows = rows, .found = *found};
    feed(w, rows);
    tacet_status s = find_gradients(&k);
    if (s == TACET_OK) s = compare_inputs(&k, w);
    if (s == TACET_OK) s = check_plan(&k);
    if (s != TACET_OK && why) *why = w->p->error;
    *found = k.found;
    return s;
}

tacet_status tacet_check_operator(const tacet_graph *g, const char *spec, int64_t rows, int inputs, const tacet_array *x,
                                  tacet_gradient_check *found, tacet_error *why)
{
    tacet_error unread;
    tacet_gradient_check own = {.size = sizeof own};
    if (!why) why = &unread;
    if (tc_sized_check(found) != TACET_OK) return tc_fail(why, TACET_FAILED, SIZE);
    if (rows < 1) return tc_fail(why, TACET_FAILED, "got %lld rows: give at least 1", (long long)rows);
    stand w = {.g = tc_graph_failed(g) ? NULL : tacet_graph_new(&g->mem)};
    if (!w.g) {
        if (g && g->error.status != TACET_OK) *why = g->error;
        return g && g->error.status != TACET_OK ? why->status : tc_fail_memory(why);
    }
    w.g->own = g->own; /* lent */
    const uint64_t mode = tc_flush_denormals();
    tacet_status s = take_inputs(&w, inputs, x, why);
    if (s == TACET_OK) s = check_stand(&w, spec, rows, &own, why);
    tc_float_mode_set(mode);
    tc_free(&w.g->mem, w.numbers);
    tacet_plan_free(w.p);
    w.g->own = NULL;
    tacet_graph_free(w.g);
    return s == TACET_OK ? tc_sized_give(found, &own, sizeof own) : s;
}
