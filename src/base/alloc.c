/* alloc.c: allocation. Every size is checked for overflow here, so callers can pass counts and sizes unchecked. */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

static void *resize(void *context, void *old, size_t size)
{
    (void)context;
    if (size > 0) return realloc(old, size);
    free(old);
    return NULL;
}

tc_mem tc_mem_of(const tacet_memory *memory)
{
    return memory && memory->resize ? *memory : (tc_mem){.resize = resize};
}

/* n * size, at least 1; 0 on overflow. */
static size_t bytes(size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total) || total > PTRDIFF_MAX) return 0;
    return total ? total : 1;
}

void *tc_resize(const tc_mem *m, void *old, size_t n, size_t size)
{
    const size_t total = bytes(n, size);
    return total ? m->resize(m->context, old, total) : NULL;
}

void *tc_alloc(const tc_mem *m, size_t n, size_t size)
{
    void *p = tc_resize(m, NULL, n, size);
    if (p) memset(p, 0, bytes(n, size));
    return p;
}

void tc_free(const tc_mem *m, void *p)
{
    if (p) m->resize(m->context, p, 0);
}

char *tc_strdup(const tc_mem *m, const char *text)
{
    const size_t n = strlen(text) + 1;
    char *copy = tc_resize(m, NULL, n, 1);
    if (copy) memcpy(copy, text, n);
    return copy;
}

/* A hint, before the memory is first touched: in huge pages, large matrices and images miss the processor's cache of
 * addresses (TLB) less often. */
static void prefer_huge_pages(char *block, size_t total)
{
#ifdef MADV_HUGEPAGE
    enum { HUGE_PAGE = 1 << 21 };
    const size_t before = (HUGE_PAGE - (uintptr_t)block % HUGE_PAGE) % HUGE_PAGE;
    if (total >= before + HUGE_PAGE) madvise(block + before, (total - before) / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#else
    (void)block, (void)total;
#endif
}

/* The address that the hook returned is stored just before the aligned one. */
void *tc_alloc_aligned(const tc_mem *m, size_t n, size_t size)
{
    size_t total = bytes(n, size);
    if (!total || __builtin_add_overflow(total, (size_t)TC_ALIGN + sizeof(void *), &total)) return NULL;
    char *block = tc_resize(m, NULL, total, 1);
    if (!block) return NULL;
    prefer_huge_pages(block, total);
    memset(block, 0, total);
    const uintptr_t first = (uintptr_t)block + sizeof(void *);
    char *p = block + sizeof(void *) + (TC_ALIGN - first % TC_ALIGN) % TC_ALIGN;
    memcpy(p - sizeof(void *), &block, sizeof block);
    return p;
}

void tc_free_aligned(const tc_mem *m, void *p)
{
    if (!p) return;
    void *block;
    memcpy(&block, (char *)p - sizeof(void *), sizeof block);
    tc_free(m, block);
}
