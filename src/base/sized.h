/* sized.h: public structs that can grow. They begin with `size_t size`, the caller's sizeof, which is not the library's
 * where the two were compiled against different versions of tacet.h. */
#ifndef TC_SIZED_H
#define TC_SIZED_H

#include "base/status.h"

/* Copies what the caller gives into own[size]: fields that the caller does not have are 0. Refused, as
 * TACET_DESCRIPTION: a size that no struct has, and fields that are unknown here and not 0. name is that of the
 * struct. */
tacet_status tc_sized_take(void *own, size_t size, const void *theirs, const char *name, tacet_error *e);

/* Whether the caller's struct can be filled; then *theirs, but for its size, is filled from own[size], as far as there
 * is room for, and its fields that are unknown here become 0. TACET_FAILED: it has a size that no struct has. */
tacet_status tc_sized_check(const void *theirs);
tacet_status tc_sized_give(void *theirs, const void *own, size_t size);

#endif
