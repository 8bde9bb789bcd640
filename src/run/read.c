/* read.c: numbers on their way out, and what a plan tells of its terms and values. */
#include "run/run.h"

#include <math.h>
#include <string.h>

const tacet_error *tacet_plan_error(const tacet_plan *p) { return &p->error; }

static const char *name_at(const void *plan, int i)
{
    const tacet_plan *p = plan;
    return i < p->values ? tc_plan_name(p, i) : NULL;
}

/* The index of a value by name, with an error that says what there is. */
static int find(tacet_plan *p, const char *name)
{
    const int v = tc_graph_index(p->graph, name);
    if (v >= 0 && v < p->values) return v;
    tc_fail(&p->error, TACET_FAILED, "there is no value \"%.100s\"", name);
    tc_fail_choices(&p->error, "there are", name ? name : "", name_at, p);
    return -1;
}

static tacet_status check_count(tacet_plan *p, int v, size_t count, int64_t n)
{
    if (count == (size_t)n) return TACET_OK;
    return tc_fail(&p->error, TACET_FAILED, "%s has %lld elements here, and room for %zu was given", tc_plan_name(p, v),
                   (long long)n, count);
}

/* Copies a buffer of the list that ran last. */
static tacet_status read_buffer(tacet_plan *p, int v, int buffer, float *data, size_t count)
{
    const tc_list *l = &p->list[p->last];
    const tc_value *value = &p->graph->value[v];
    const tc_place *at = tc_plan_find(p, v);
    const int64_t n = tc_shape_count(&value->shape) * (value->batch ? p->run.rows : 1);
    if (check_count(p, v, count, n) != TACET_OK) return p->error.status;
    const float *from = tc_buffer_memory(p, l, buffer);
    if (at)
        tc_plan_copy_out(p, at, from, data);
    else
        memcpy(data, from, sizeof *data * (size_t)n);
    return TACET_OK;
}

tacet_status tacet_read(tacet_plan *p, const char *name, float *data, size_t count)
{
    const int v = find(p, name);
    if (v < 0) return p->error.status;
    const tc_place *at = tc_plan_find(p, v);
    if (at) {
        if (check_count(p, v, count, at->n) != TACET_OK) return p->error.status;
        tc_plan_copy_out(p, at, tc_plan_parameter(p, at), data);
        return TACET_OK;
    }
    if (p->graph->value[v].type == TACET_I32)
        return tc_fail(&p->error, TACET_FAILED, "%s holds class indices, which cannot be read as float32", name);
    if (p->last < 0)
        return tc_fail(&p->error, TACET_FAILED, "%s: nothing has run yet, or the last call was refused", name);
    const tc_list *l = &p->list[p->last];
    const int b = l->value[v];
    if (b < 0 || !tc_buffer_lasts(&l->buffer[b]))
        return tc_fail(&p->error, TACET_FAILED, "%s was not kept: name it with tacet_keep before compiling", name);
    if (!p->graph->value[v].op && !p->feed[v].held)
        return tc_fail(&p->error, TACET_FAILED, "%s was not fed to the last forward pass", name);
    return read_buffer(p, v, b, data, count);
}

/* The buffer of a value that the last run has left, or -1. */
static int left(const tacet_plan *p, int v)
{
    if (p->last < 0 || v < 0 || v >= p->values || !p->graph->value[v].batch) return -1;
    const int b = p->list[p->last].value[v];
    if (b < 0 || !tc_buffer_lasts(&p->list[p->last].buffer[b])) return -1;
    return p->graph->value[v].op || p->feed[v].held ? b : -1;
}

const float *tc_run_left(const tacet_plan *p, int v)
{
    const int b = left(p, v);
    return b < 0 ? NULL : tc_buffer_memory(p, &p->list[p->last], b);
}

const int32_t *tc_run_left_ids(const tacet_plan *p, int v)
{
    const int b = left(p, v);
    return b < 0 ? NULL : tc_buffer_ids(p, &p->list[p->last], b);
}

tacet_status tacet_read_gradient(tacet_plan *p, const char *name, float *data, size_t count)
{
    const int v = find(p, name);
    if (v < 0) return p->error.status;
    if (p->last != TC_TRAIN)
        return tc_fail(&p->error, TACET_FAILED, "%s: gradients are those of a step, and none ran last", name);
    const int b = p->list[TC_TRAIN].gradient[v];
    if (b < 0 || (!tc_buffer_lasts(&p->list[TC_TRAIN].buffer[b]) && !p->list[TC_TRAIN].buffer[b].fixed))
        return tc_fail(
            &p->error, TACET_FAILED,
            "%s has no gradient here: it is frozen, nothing depends on it, or it was not kept (tacet_keep_gradient)",
            name);
    const tc_place *at = tc_plan_find(p, v);
    if (at && at->fused) tc_fused_store(p, tc_fuse_find(p, at));
    return read_buffer(p, v, b, data, count);
}

tacet_status tacet_write(tacet_plan *p, const char *name, const float *data, size_t count)
{
    const int v = find(p, name);
    if (v < 0) return p->error.status;
    const tc_place *at = tc_plan_find(p, v);
    if (!at) return tc_fail(&p->error, TACET_FAILED, "%s is not a parameter: it cannot be written", name);
    if (check_count(p, v, count, at->n) != TACET_OK) return p->error.status;
    tc_plan_copy_in(p, at, data, tc_plan_parameter(p, at));
    return TACET_OK;
}

int tacet_term_count(const tacet_plan *p) { return p->terms; }

tacet_status tacet_term_at(const tacet_plan *p, int i, tacet_term *term)
{
    static const char *const reduce[TC_REDUCES] = {
        [TC_SAMPLE] = "sample", [TC_SUM] = "sum", [TC_MEAN] = "mean", [TC_POSITION] = "position"};
    if (i < 0 || i >= p->terms) return TACET_FAILED;
    const tc_term *t = &p->graph->term[i];
    const bool constraint = t->op->role == &tc_constraint;
    *term = (tacet_term){.name = t->name,
                         .on = t->on,
                         .kind = t->op->name,
                         .role = t->op->role->name,
                         .reduce = reduce[t->reduce],
                         .note = t->prox && !constraint && p->update.optim ? p->update.optim->prox_note : "",
                         .lambda = p->table.lambda[i],
                         .value = p->result.value[i],
                         .prox = t->prox};
    return TACET_OK;
}

double tacet_term_value(const tacet_plan *p, const char *name)
{
    for (int i = 0; i < p->terms; i++)
        if (strcmp(p->graph->term[i].name, name) == 0) return p->result.value[i];
    return NAN;
}

/* Sums lambda * value over the losses, or over all terms. A term that was not computed is NAN, and so is the sum. */
static double sum_terms(const tacet_plan *p, bool losses)
{
    double sum = 0;
    for (int i = 0; i < p->terms; i++) {
        const tc_role *role = p->graph->term[i].op->role;
        if (role != &tc_constraint && (!losses || role == &tc_loss)) sum += p->table.lambda[i] * p->result.value[i];
    }
    return sum;
}

double tacet_objective(const tacet_plan *p) { return sum_terms(p, false); }
double tacet_data_loss(const tacet_plan *p) { return sum_terms(p, true); }
double tacet_gradient_norm(const tacet_plan *p) { return sqrt(p->norm_square); }
int64_t tacet_steps(const tacet_plan *p) { return p->table.step; }

int tacet_value_count(const tacet_plan *p) { return p->values; }

static const char *kind_of(const tc_value *v)
{
    if (v->op) return v->op->name;
    if (v->owner >= 0) return "parameter";
    return v->type == TACET_I32 && v->classes == 0 ? "labels" : "input";
}

tacet_status tacet_value_at(const tacet_plan *p, int i, tacet_value_info *info)
{
    if (i < 0 || i >= p->values) return TACET_FAILED;
    const tc_value *v = &p->graph->value[i];
    const tc_shape shape = tc_plan_shape(p, i);
    const tc_place *at = v->owner >= 0 ? tc_plan_find(p, i) : NULL;
    const tc_list_steps *use = &p->table.list_steps[i];
    *info = (tacet_value_info){.name = v->name,
                               .kind = kind_of(v),
                               .spec = v->op ? v->spec.source : "",
                               .value = {(int32_t)i + 1},
                               .rank = shape.rank,
                               .batch = v->batch,
                               .trainable = at && at->group >= 0 && !p->update.group[at->group].frozen,
                               .silent = v->op && (v->op->flags & TC_MAKES_ZEROS),
                               .units = tc_shape_units(&v->shape),
                               .elements = tc_shape_count(&shape),
                               .density = NAN,
                               .sparse_forward = use->steps ? (double)use->forward / (double)use->steps : NAN,
                               .sparse_backward = use->steps ? (double)use->backward / (double)use->steps : NAN,
                               .type = v->type,
                               .classes = p->feed[i].classes};
    memcpy(info->shape, shape.dim, sizeof info->shape);
    tacet_firing f;
    if (tc_tally_read(p, TC_EVAL, i, &f)) {
        info->dead = f.dead;
        info->density = f.density;
    }
    return TACET_OK;
}

tacet_status tacet_firing_at(const tacet_plan *p, int i, bool training, tacet_firing *firing)
{
    if (i < 0 || i >= p->values) return TACET_FAILED;
    tc_tally_read(p, training ? TC_TRAIN : TC_EVAL, i, firing);
    return TACET_OK;
}

size_t tacet_dead_units(const tacet_plan *p, int i, bool training, int64_t *unit, size_t capacity)
{
    tacet_firing f;
    size_t dead = 0;
    if (i < 0 || i >= p->values || !tc_tally_read(p, training ? TC_TRAIN : TC_EVAL, i, &f)) return 0;
    const int64_t *fired = p->count[training ? TC_TRAIN : TC_EVAL][i].fired;
    for (int64_t k = 0; k < f.units; k++)
        if (fired[k] == 0 && dead++ < capacity) unit[dead - 1] = k;
    return dead;
}

void tacet_reset_counts(tacet_plan *p) { tc_tally_reset(p, TC_EVAL); }
