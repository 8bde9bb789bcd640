/* band.c: neighbouring elementwise steps over equally many elements run as one loop over tiles, so that what one writes
 * is still in cache when the next reads it. Sound because element i of each depends on element i alone; a term's sum is
 * added up behind the whole band, and nothing inside a forward band reads it. */
#include "plan/plan.h"

static bool tiled(const tc_step *s)
{
    const tc_op *op = s->call.op;
    return (op->flags & TC_ELEMENTWISE) && !(s->backward ? op->span_back : op->span) &&
           (!op->role->scalar || s->call.inputs == 1);
}

void tc_plan_band(tacet_plan *p, int list)
{
    tc_list *l = &p->list[list];
    for (int i = 0; i + 1 < l->steps; i++) {
        tc_step *a = &l->step[i];
        const tc_step *b = a + 1;
        const tc_view *x = &a->call.x[0], *y = &b->call.x[0];
        a->band = tiled(a) && tiled(b) && a->backward == b->backward && a->waits == b->waits && x->n == y->n &&
                  x->batch == y->batch;
    }
}
