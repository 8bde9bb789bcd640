/* poison.h: under AddressSanitizer a step can reach the buffers of its ports and nothing else of the arena: a read of
 * memory that another buffer has taken over, or of a buffer that no port names, ends the test. Otherwise these are
 * empty. */
#ifndef TC_POISON_H
#define TC_POISON_H

#include "plan/plan.h"

#if defined(__SANITIZE_ADDRESS__)
#define TC_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TC_POISONS 1
#endif
#endif

#ifdef TC_POISONS
#include <sanitizer/asan_interface.h>
#else
#define TC_POISONS 0
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

static inline void tc_unpoison(const tacet_plan *p, const tc_list *l, int buffer)
{
    if (!TC_POISONS || buffer < 0 || l->buffer[buffer].fixed) return;
    ASAN_UNPOISON_MEMORY_REGION(tc_buffer_memory(p, l, buffer), (size_t)l->buffer[buffer].bytes);
}

static inline void tc_poison_all_but(const tacet_plan *p, const tc_list *l, int first, int steps)
{
    ASAN_POISON_MEMORY_REGION(p->arena.memory, (size_t)p->arena.bytes);
    for (int i = first; TC_POISONS && i < first + steps; i++)
        for (int k = 0; k < l->step[i].ports; k++) tc_unpoison(p, l, l->step[i].port[k].buffer);
}

static inline void tc_poison_all_but_lasting(const tacet_plan *p, const tc_list *l)
{
    ASAN_POISON_MEMORY_REGION(p->arena.memory, (size_t)p->arena.bytes);
    for (int b = 0; TC_POISONS && b < l->buffers; b++)
        if (l->buffer[b].pinned || l->buffer[b].stays) tc_unpoison(p, l, b);
}

static inline void tc_unpoison_all(const tacet_plan *p)
{
    ASAN_UNPOISON_MEMORY_REGION(p->arena.memory, (size_t)p->arena.bytes);
}

#endif
