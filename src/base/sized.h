/* sized.h: public structs that can grow. They begin with `size_t size`, the caller's sizeof, which differs from the
 * library's if the two were compiled with different versions of tacet.h. */
#ifndef TC_SIZED_H
#define TC_SIZED_H

#include "base/status.h"

/* Copies the caller's struct into own[size]; fields that the caller does not have are 0. Refuses an impossible size,
 * and fields that are unknown to the library and not 0 (TACET_DESCRIPTION); with such fields the known ones have been
 * copied. name: that of the struct, for the message. */
tacet_status tc_sized_take(void *own, size_t size, const void *theirs, const char *name, tacet_error *e);

/* tc_sized_check: TACET_FAILED if the caller's struct has an impossible size. tc_sized_give checks that too, then fills
 * *theirs, except its size, from own[size] as far as it has room; fields that the library does not know become 0. */
tacet_status tc_sized_check(const void *theirs);
tacet_status tc_sized_give(void *theirs, const void *own, size_t size);

#endif
