/* state.c: what operators remember from step to step. A list only reads it; it is written at the end of the step, after
 * the guard has found everything finite. */
#include "plan/plan.h"

#include <string.h>

/* The number of tensors that an operator remembers. */
static int count(const tc_op *op)
{
    int n = 0;
    while (op && op->state[n].name) n++;
    return n;
}

/* "batch_topk1.threshold"; NULL when out of memory. */
static const char *name_of(tacet_plan *p, const tc_node *node, const char *own)
{
    const size_t n = strlen(node->name) + strlen(own) + 2;
    char *name = tc_plan_alloc(p, n, 1);
    if (name) tc_snprintf(name, n, "%s.%s", node->name, own);
    return name;
}

/* The state of one node. */
static bool add(tacet_plan *p, const tc_node *node)
{
    const int n = count(node->op);
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    if (n == 0) return true;
    const tc_sketch s = tc_plan_sketch(p, node, shape, batch);
    float **at = tc_plan_alloc(p, (size_t)n, sizeof *at);
    for (int k = 0; at && k < n; k++) {
        const tc_param *state = &node->op->state[k];
        tc_state *r = &p->state[p->states++];
        *r = (tc_state){node->index, name_of(p, node, state->name), s.state[k], tc_shape_count(&s.state[k]), &at[k]};
        at[k] = tc_plan_alloc(p, (size_t)r->n, sizeof *at[k]);
        if (!at[k] || !r->name) return false;
        if (state->init) /* drawn as the first numbers of parameters are */
            state->init(s.arg, &s.x[0], &r->shape, at[k], r->n, tc_stream_of(p->set.seed, 0, r->name));
    }
    return at != NULL;
}

tacet_status tc_plan_state(tacet_plan *p)
{
    int n = 0;
    for (int i = 0; i < tc_plan_nodes(p); i++) n += count(tc_plan_node(p, i).op);
    p->state = tc_plan_alloc(p, (size_t)n + 1, sizeof *p->state);
    bool room = p->state != NULL;
    for (int i = 0; i < tc_plan_nodes(p) && room; i++) {
        const tc_node node = tc_plan_node(p, i);
        room = add(p, &node);
    }
    return room ? TACET_OK : tc_fail_memory(&p->error);
}

float *const *tc_state_of(const tacet_plan *p, int node)
{
    for (int i = 0; i < p->states; i++)
        if (p->state[i].node == node) return p->state[i].at;
    return NULL;
}

const tc_state *tc_state_of_layers(const tacet_plan *p, int i)
{
    for (int k = 0; k < p->states; k++)
        if (p->state[k].node < p->values && i-- == 0) return &p->state[k];
    return NULL;
}
