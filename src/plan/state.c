/* state.c: what operators remember from step to step. A list only reads it; the step's end writes it, when the guard
 * has found that all is finite. */
#include "plan/plan.h"

/* The number of tensors that an operator remembers. */
static int count(const tc_op *op)
{
    int n = 0;
    while (op && op->state[n].name) n++;
    return n;
}

void tc_state_name(const tacet_plan *p, const tc_state *r, tc_text *to)
{
    tc_text_add(to, "%s.%s", r->term >= 0 ? p->graph->term[r->term].name : tc_plan_name(p, r->value), r->name);
}

/* First numbers, drawn as those of parameters are. */
static bool begin(tacet_plan *p, const tc_state *r, const tc_param *state, const tc_sketch *s)
{
    tc_text name = {.mem = p->mem};
    tc_state_name(p, r, &name);
    if (!name.failed && state->init)
        state->init(s->arg, &s->x[0], &r->shape, *r->at, r->n, tc_stream_of(p->set.seed, 0, name.data));
    const bool good = !name.failed;
    tc_text_free(&name);
    return good;
}

/* The state of one layer or term. */
static bool add(tacet_plan *p, int value, int term)
{
    const tc_value *v = value >= 0 ? &p->graph->value[value] : NULL;
    const tc_term *t = value >= 0 ? NULL : &p->graph->term[term];
    const tc_op *op = v ? v->op : t->op;
    const int n = count(op);
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    if (n == 0) return true;
    const tc_sketch s = tc_plan_sketch(p, op, v ? v->arg : tc_term_arg(p->graph, t), v ? v->input : t->input,
                                       v ? v->inputs : t->inputs, shape, batch);
    float **at = tc_plan_alloc(p, (size_t)n, sizeof *at);
    for (int k = 0; at && k < n; k++) {
        tc_state *r = &p->state[p->states++];
        *r = (tc_state){value, term, op->state[k].name, s.state[k], tc_shape_count(&s.state[k]), &at[k]};
        at[k] = tc_plan_alloc(p, (size_t)r->n, sizeof *at[k]);
        if (!at[k] || !begin(p, r, &op->state[k], &s)) return false;
    }
    return at != NULL;
}

tacet_status tc_plan_state(tacet_plan *p)
{
    int n = 0;
    for (int v = 0; v < p->values; v++) n += count(p->graph->value[v].op);
    for (int t = 0; t < p->terms; t++) n += count(p->graph->term[t].op);
    p->state = tc_plan_alloc(p, (size_t)n + 1, sizeof *p->state);
    if (!p->state) return tc_fail_memory(&p->error);
    for (int v = 0; v < p->values; v++)
        if (!add(p, v, -1)) return tc_fail_memory(&p->error);
    for (int t = 0; t < p->terms; t++)
        if (!add(p, -1, t)) return tc_fail_memory(&p->error);
    return TACET_OK;
}

float *const *tc_state_of(const tacet_plan *p, int value, int term)
{
    for (int i = 0; i < p->states; i++)
        if (p->state[i].value == value && p->state[i].term == term) return p->state[i].at;
    return NULL;
}
