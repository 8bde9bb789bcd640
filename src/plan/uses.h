/* uses.h: who reads each value, made once when a graph is compiled. It tells the passes about a value's readers: is
 * there only one? does a term send a gradient into it? which penalty is on it? */
#ifndef TC_USES_H
#define TC_USES_H

#include "graph/graph.h"

/* How a layer or a term uses a value. */
enum {
    TC_USE_INPUT = 1 << 0,    /* as one of its inputs; otherwise as a parameter */
    TC_USE_PULLS = 1 << 1,    /* a term: its gradient flows into the value */
    TC_USE_MEASURED = 1 << 2, /* a penalty: its gradient, or that of its proximal step, is measured at the value */
    TC_USE_NAMED = 1 << 3     /* a penalty on the value, whether or not it reads it */
};

typedef struct tc_use {
    int layer, term; /* the value that is computed from it, or the term; the other is -1 */
    int slot;        /* which input or parameter it is; -1: it is named but not read */
    unsigned how;
} tc_use;

/* Value v has use[first[v]] up to use[first[v + 1]]: layers in the order of the graph, then terms. */
typedef struct tc_uses {
    int *first; /* [values + 1] */
    tc_use *use;
} tc_uses;

/* for (tc_each_use(u, &uses, v)) ... */
#define tc_each_use(u, uses, v)                                                                                        \
    const tc_use *u = &(uses)->use[(uses)->first[v]], *u##_end = &(uses)->use[(uses)->first[(v) + 1]];                 \
    u < u##_end;                                                                                                       \
    u++

/* Whether some use of v has all bits of `how`. */
static inline bool tc_used(const tc_uses *uses, int v, unsigned how)
{
    for (tc_each_use(u, uses, v))
        if ((u->how & how) == how) return true;
    return false;
}

#endif
