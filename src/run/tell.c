/* tell.c: what a plan tells of itself: its terms and values, what the last run made of them, why a call failed. */
#include "run/run.h"

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
