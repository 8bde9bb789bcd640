/* operator.c: operators of the caller's own (op/user.h). They belong to the graph, and are found there before the table. */
#include "graph/graph.h"

#include "base/sized.h"
#include "op/user.h"

#include <string.h>

const tc_op *tc_graph_find_op(const tacet_graph *g, const char *name)
{
    for (const tc_user_op *o = g->own; o; o = o->next)
        if (strcmp(o->op.name, name) == 0) return &o->op;
    return tc_op_find(name);
}

void tacet_operator_add(tacet_graph *g, const tacet_operator *op)
{
    tacet_operator taken = {0};
    tacet_error why;
    tc_user_op *o = NULL;
    const tacet_status status = tc_sized_take(&taken, sizeof taken, op, "tacet_operator", &why);
    if (!tc_graph_failed(g)) {
        if (status != TACET_OK)
            g->error = why;
        else if (taken.name && tc_graph_find_op(g, taken.name) && !tc_op_find(taken.name))
            tc_graph_fail(g, "the operator %.100s cannot be added: the graph has one of that name", taken.name);
        else
            o = tc_user_op_new(&g->mem, &taken, &g->error);
    }
    if (o) {
        tc_user_op **last = &g->own;
        while (*last) last = &(*last)->next;
        *last = o;
    } else if (taken.free) {
        taken.free(taken.context);
    }
}

void tc_graph_free_own(tacet_graph *g)
{
    for (tc_user_op *o = g->own, *next; o; o = next) {
        next = o->next;
        tc_user_op_free(o);
    }
}
