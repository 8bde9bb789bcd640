/* band.c: neighbouring elementwise steps over the same number of elements run as one loop over ranges, so that each
 * finds in cache what the previous one wrote. This is correct because element i of each depends only on element i; a
 * term's sum is added up after the whole band, and nothing inside a forward band reads it. */
#include "plan/plan.h"

void tc_plan_band(tacet_plan *p, int list)
{
    tc_list *l = &p->list[list];
    for (int i = 0; i + 1 < l->steps; i++) {
        tc_step *a = &l->step[i];
        const tc_step *b = a + 1;
        a->band = a->elementwise && b->elementwise && a->backward == b->backward && a->waits == b->waits &&
                  a->view.n == b->view.n && a->view.batch == b->view.batch;
    }
}
