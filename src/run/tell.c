/* tell.c: what callers can ask a plan: its terms and values, their results in the last run, why a call failed. */
#include "run/run.h"

#include "base/sized.h"

#include <math.h>
#include <string.h>

const tacet_error *tacet_plan_error(const tacet_plan *p) { return &p->error; }

int tacet_term_count(const tacet_plan *p) { return p->terms; }

tacet_status tacet_term_at(const tacet_plan *p, int i, tacet_term *term)
{
    static const char *const reduce[TC_REDUCES] = {
        [TC_SAMPLE] = "sample", [TC_SUM] = "sum", [TC_MEAN] = "mean", [TC_POSITION] = "position"};
    if (i < 0 || i >= p->terms) return TACET_FAILED;
    const tc_term *t = &p->graph->term[i];
    const bool constraint = t->op->role == &tc_constraint;
    const tacet_term own = {.role = t->op->role->is,
                            .name = t->name,
                            .on = t->on,
                            .kind = t->op->name,
                            .spec = t->spec.source,
                            .reduce = reduce[t->reduce],
                            .note = t->prox && !constraint && p->update.optim ? p->update.optim->prox_note : "",
                            .lambda = p->table.lambda[i],
                            .value = p->result.value[i],
                            .prox = t->prox};
    return tc_sized_give(term, &own, sizeof own);
}

/* The k-th entry of slot[n] that is a value. */
static tacet_value value_of(const int *slot, int n, int k)
{
    for (int i = 0; i < n && k >= 0; i++)
        if (slot[i] >= 0 && k-- == 0) return (tacet_value){(int32_t)slot[i] + 1};
    return (tacet_value){0};
}

tacet_value tacet_value_input(const tacet_plan *p, int i, int k)
{
    if (i < 0 || i >= p->values) return (tacet_value){0};
    return value_of(p->graph->value[i].input, p->graph->value[i].slots, k);
}

tacet_value tacet_term_on(const tacet_plan *p, int i, int k)
{
    if (i < 0 || i >= p->terms) return (tacet_value){0};
    const tc_term *t = &p->graph->term[i];
    return t->of >= 0 ? value_of(&t->of, 1, k) : value_of(t->input, t->inputs, k);
}

int tc_run_term(const tacet_plan *p, const char *name)
{
    int i = 0;
    while (i < p->terms && strcmp(p->graph->term[i].name, name) != 0) i++;
    return i < p->terms ? i : -1;
}

double tacet_term_value(const tacet_plan *p, const char *name)
{
    const int i = tc_run_term(p, name);
    return i < 0 ? NAN : p->result.value[i];
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
int64_t tacet_rows(const tacet_plan *p) { return p->last < 0 ? 0 : p->run.rows; }

int tacet_value_count(const tacet_plan *p) { return p->values; }

static tacet_role role_of(const tc_value *v)
{
    if (v->op) return TACET_ROLE_LAYER;
    if (v->owner >= 0) return TACET_ROLE_PARAMETER;
    return v->type == TACET_I32 && v->classes == 0 ? TACET_ROLE_LABELS : TACET_ROLE_INPUT;
}

tacet_status tacet_value_at(const tacet_plan *p, int i, tacet_value_info *info)
{
    if (i < 0 || i >= p->values) return TACET_FAILED;
    const tc_value *v = &p->graph->value[i];
    const tc_shape shape = tc_plan_shape(p, i);
    const tc_place *at = v->owner >= 0 ? tc_plan_find(p, i) : NULL;
    const tc_list_steps *use = &p->table.list_steps[i];
    const tacet_role role = role_of(v);
    tacet_value_info own = {.role = role,
                            .name = v->name,
                            .kind = v->op ? v->op->name : tacet_role_name(role),
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
                            .classes = p->feed[i].classes,
                            .owner = {(int32_t)v->owner + 1}};
    memcpy(own.shape, shape.dim, sizeof own.shape);
    tacet_firing f;
    if (tc_tally_read(p, TC_EVAL, i, &f)) {
        own.dead = f.dead;
        own.density = f.density;
    }
    return tc_sized_give(info, &own, sizeof own);
}

tacet_status tacet_firing_at(const tacet_plan *p, int i, bool training, tacet_firing *firing)
{
    if (i < 0 || i >= p->values) return TACET_FAILED;
    tacet_firing own;
    tc_tally_read(p, training ? TC_TRAIN : TC_EVAL, i, &own);
    return tc_sized_give(firing, &own, sizeof own);
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
