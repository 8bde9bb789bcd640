/* failing.h: a memory hook for tests. It counts live blocks, and can fail the n-th allocation. */
#ifndef FAILING_H
#define FAILING_H

#include "tacet/tacet.h"

#include <stdlib.h>

typedef struct failing {
    int64_t alive;   /* blocks not yet freed */
    int64_t calls;   /* allocations and reallocations so far */
    int64_t fail_at; /* the call that fails, from 1; 0: none */
    bool failed;
} failing;

static inline void *failing_resize(void *context, void *old, size_t size)
{
    failing *f = context;
    if (size == 0) {
        free(old);
        f->alive -= old != NULL;
        return NULL;
    }
    if (++f->calls == f->fail_at) {
        f->failed = true;
        return NULL;
    }
    void *p = realloc(old, size);
    if (p && !old) f->alive++;
    return p;
}

static inline tacet_memory failing_memory(failing *f) { return (tacet_memory){failing_resize, f}; }

#endif
