/* read.c: reading values and gradients of the last run, and reading and writing parameters and what layers remember. */
#include "run/run.h"

#include "base/sized.h"

#include <string.h>

/* What a name stands for: a value, or (value -1) what a layer remembers. */
typedef struct found {
    int value;
    const tc_state *state;
} found;

static const char *value_at(const void *plan, int i)
{
    const tacet_plan *p = plan;
    return i < p->values ? tc_plan_name(p, i) : NULL;
}

/* Values, then what layers remember. */
static const char *any_at(const void *plan, int i)
{
    const tacet_plan *p = plan;
    const tc_state *state = i < p->values ? NULL : tc_state_of_layers(p, i - p->values);
    return state ? state->name : value_at(p, i);
}

/* Finds a value, or (states) what a layer remembers, with an error that lists the existing names. */
static bool find(tacet_plan *p, const char *name, bool states, found *f)
{
    const int v = tc_graph_index(p->graph, name);
    *f = (found){.value = v < p->values ? v : -1};
    for (int i = 0; f->value < 0 && states && (f->state = tc_state_of_layers(p, i)); i++)
        if (strcmp(f->state->name, name) == 0) return true;
    if (f->value >= 0) return true;
    tc_fail(&p->error, TACET_FAILED, "the value \"%.100s\" does not exist", name);
    if (!tc_shares_hint(p->graph, name, &p->error))
        tc_fail_choices(&p->error, "there are", name, states ? any_at : value_at, p);
    return false;
}

static tacet_status check_count(tacet_plan *p, const char *name, size_t count, int64_t n)
{
    if (count == (size_t)n) return TACET_OK;
    return tc_fail(&p->error, TACET_FAILED, "%s has %lld element%s here, but room for %zu was given", name,
                   (long long)n, tc_plural(n), count);
}

/* Copies a buffer of the list that ran last. */
static tacet_status read_buffer(tacet_plan *p, int v, int buffer, float *data, size_t count)
{
    const tc_list *l = &p->list[p->last];
    const tc_value *value = &p->graph->value[v];
    const tc_place *at = tc_plan_find(p, v);
    const int64_t n = tc_shape_count(&value->shape) * (value->batch ? p->run.rows : 1);
    if (check_count(p, tc_plan_name(p, v), count, n) != TACET_OK) return p->error.status;
    const float *from = tc_buffer_memory(p, l, buffer);
    if (at)
        tc_plan_copy_out(p, at, from, data);
    else
        memcpy(data, from, sizeof *data * (size_t)n);
    return TACET_OK;
}

tacet_status tacet_read(tacet_plan *p, const char *name, float *data, size_t count)
{
    found f;
    if (!find(p, name, true, &f)) return p->error.status;
    if (f.state) {
        const tacet_status s = check_count(p, name, count, f.state->n);
        if (s == TACET_OK) memcpy(data, *f.state->at, sizeof *data * count);
        return s;
    }
    const int v = f.value;
    const tc_place *at = tc_plan_find(p, v);
    if (at) {
        if (check_count(p, name, count, at->n) != TACET_OK) return p->error.status;
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

const void *tc_run_left(const tacet_plan *p, int v, tacet_type type)
{
    if (p->last < 0 || v < 0 || v >= p->values) return NULL;
    const tc_value *value = &p->graph->value[v];
    const tc_list *l = &p->list[p->last];
    if (!value->batch || value->type != type || (!value->op && !p->feed[v].held)) return NULL;
    return l->value[v] < 0 || !tc_buffer_lasts(&l->buffer[l->value[v]]) ? NULL : tc_buffer_memory(p, l, l->value[v]);
}

tacet_status tacet_read_gradient(tacet_plan *p, const char *name, float *data, size_t count)
{
    found f;
    if (!find(p, name, false, &f)) return p->error.status;
    const int v = f.value;
    if (p->last != TC_TRAIN)
        return tc_fail(&p->error, TACET_FAILED, "%s: gradients come from a step, and the last call was not one", name);
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

tacet_status tacet_add_gradient(tacet_plan *p, const char *name, const float *data, size_t count)
{
    found f;
    if (!find(p, name, false, &f)) return p->error.status;
    tc_given *t = &p->given[f.value];
    const tc_value *v = &p->graph->value[f.value];
    const int64_t n = tc_shape_count(&v->shape), given = (int64_t)count;
    if (!t->numbers)
        return tc_fail(&p->error, TACET_FAILED,
                       "%s takes no gradient here: the plan is for inference, or tacet_take_gradient did not name it before "
                       "compiling",
                       name);
    if (!v->batch && check_count(p, name, count, n) != TACET_OK) return p->error.status;
    if (given < 1 || given % n != 0 || given / n > p->set.batch || (t->count > 0 && t->count != given))
        return tc_fail(&p->error, TACET_FAILED, "%s has rows of %lld element%s, and a gradient of %zu was given", name,
                       (long long)n, tc_plural(n), count);
    for (int64_t i = 0; i < given; i++) t->numbers[i] = (t->count > 0 ? t->numbers[i] : 0) + data[i];
    t->count = given;
    return TACET_OK;
}

tacet_status tc_run_check_given(tacet_plan *p)
{
    for (const tc_given *t = p->first_given; t; t = t->next) {
        const int v = (int)(t - p->given);
        const tc_value *value = &p->graph->value[v];
        const int64_t n = tc_shape_count(&value->shape);
        if (t->count > 0 && value->batch && t->count != n * p->run.rows)
            return tc_fail(&p->error, TACET_FAILED, "the gradient given for %s has %lld rows, and this batch %lld",
                           value->name, (long long)(t->count / n), (long long)p->run.rows);
    }
    return TACET_OK;
}

void tc_run_forget_given(tacet_plan *p)
{
    for (tc_given *t = p->first_given; t; t = t->next) t->count = 0;
}

tacet_status tacet_write(tacet_plan *p, const char *name, const float *data, size_t count)
{
    found f;
    if (!find(p, name, true, &f)) return p->error.status;
    const tc_place *at = f.state ? NULL : tc_plan_find(p, f.value);
    if (!f.state && !at) return tc_fail(&p->error, TACET_FAILED, "%s is not a parameter: it cannot be written", name);
    if (check_count(p, name, count, f.state ? f.state->n : at->n) != TACET_OK) return p->error.status;
    if (f.state)
        memcpy(*f.state->at, data, sizeof *data * count);
    else
        tc_plan_copy_in(p, at, data, tc_plan_parameter(p, at));
    p->update.reach = TC_REACH_UNKNOWN;
    return TACET_OK;
}

tacet_status tacet_state_at(const tacet_plan *p, int i, tacet_state *state)
{
    const tc_state *s = i < 0 ? NULL : tc_state_of_layers(p, i);
    if (!s) return TACET_FAILED;
    tacet_state own = {.name = s->name, .rank = s->shape.rank, .elements = s->n, .layer = {(int32_t)s->node + 1}};
    memcpy(own.shape, s->shape.dim, sizeof own.shape);
    return tc_sized_give(state, &own, sizeof own);
}
