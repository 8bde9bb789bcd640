/* sized.c: copies structs between a caller and the library, either of which may know more fields than the other. */
#include "base/sized.h"

#include <string.h>

enum { FIRST = sizeof(size_t), MOST = 1 << 16 }; /* valid sizes: a larger one was never set */

static size_t size_of(const void *theirs)
{
    size_t size;
    memcpy(&size, theirs, sizeof size);
    return size;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

tacet_status tc_sized_check(const void *theirs)
{
    const size_t size = size_of(theirs);
    return size >= FIRST && size <= MOST ? TACET_OK : TACET_FAILED;
}

tacet_status tc_sized_take(void *own, size_t size, const void *theirs, const char *name, tacet_error *e)
{
    const size_t given = size_of(theirs);
    if (tc_sized_check(theirs) != TACET_OK)
        return tc_fail(e, TACET_DESCRIPTION, "%s.size is %zu: set it to sizeof(%s)", name, given, name);
    memset(own, 0, size);
    memcpy(own, theirs, least(given, size));
    for (size_t i = size; i < given; i++)
        if (((const unsigned char *)theirs)[i] != 0)
            return tc_fail(e, TACET_DESCRIPTION,
                           "%s has fields that this version of the library (" TACET_VERSION
                           ") does not know, and they are not 0: leave them 0, or use the library that the program was "
                           "compiled for",
                           name);
    return TACET_OK;
}

tacet_status tc_sized_give(void *theirs, const void *own, size_t size)
{
    const size_t room = size_of(theirs), n = least(room, size);
    if (tc_sized_check(theirs) != TACET_OK) return TACET_FAILED;
    memcpy((char *)theirs + FIRST, (const char *)own + FIRST, n - FIRST);
    memset((char *)theirs + n, 0, room - n);
    return TACET_OK;
}
