/* alloc.h: every allocation of the library. Each object keeps a copy of the hook that it was created with. */
#ifndef TC_ALLOC_H
#define TC_ALLOC_H

#include "tacet/tacet.h"

typedef tacet_memory tc_mem;

tc_mem tc_mem_of(const tacet_memory *memory); /* the given hook, or realloc and free */

/* n * size bytes, zeroed; NULL when out of memory or when n * size overflows. n = 0 gives a valid pointer. */
void *tc_alloc(const tc_mem *m, size_t n, size_t size);

/* Grows or shrinks a block; added bytes are not zeroed. NULL as above, and `old` is then still valid. */
void *tc_resize(const tc_mem *m, void *old, size_t n, size_t size);

void tc_free(const tc_mem *m, void *p);
char *tc_strdup(const tc_mem *m, const char *text);

/* Zeroed and aligned to TC_ALIGN bytes, for numbers; must be freed by tc_free_aligned. */
enum { TC_ALIGN = 64 };
void *tc_alloc_aligned(const tc_mem *m, size_t n, size_t size);
void tc_free_aligned(const tc_mem *m, void *p);

#endif
