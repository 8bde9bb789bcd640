/* silent.c: which products of a layer run on firing lists in a step: one rule for all layers. */
#include "op/op.h"

/* The density of a list as a share of the way's break-even; below 1 the product on the list is faster. */
static double share(const tc_call *c, int way, const tc_firing *f)
{
    const double most = c->lists.ways >> way & 1 ? c->lists.break_even[way] : 0; /* a checkpoint may have any density */
    return f && most > 0 ? (double)f->fired / (most * (double)f->rows * (double)f->n) : 1;
}

/* The better of two ways, as a bit, if it is better than dense. */
static unsigned better(int a, double share_a, int b, double share_b)
{
    const double least = share_a <= share_b ? share_a : share_b;
    return least < 1 ? 1u << (share_a <= share_b ? a : b) : 0;
}

unsigned tc_silent_choose(const tc_call *c, bool backward)
{
    if (!backward) return share(c, TC_Y_BY_X, c->lists.x) < 1 ? 1u << TC_Y_BY_X : 0;
    const double dx_by_x = c->lists.blocked ? share(c, TC_DX_BY_X, c->lists.x) : 1;
    unsigned chosen = 0;
    if (c->d[0]) chosen |= better(TC_DX_BY_X, dx_by_x, TC_DX_BY_G, share(c, TC_DX_BY_G, c->lists.g));
    if (c->d[c->inputs])
        chosen |= better(TC_DW_BY_X, share(c, TC_DW_BY_X, c->lists.x), TC_DW_BY_G, share(c, TC_DW_BY_G, c->lists.g));
    return chosen;
}
