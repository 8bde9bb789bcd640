/* dtype.h: the types of numbers in files, and what becomes of them in memory, where there are only five types. */
#ifndef TC_DTYPE_H
#define TC_DTYPE_H

#include "tacet/tacet.h"

typedef struct tc_dtype {
    const char *numpy;       /* "f4", without the order of its bytes; NULL: NumPy does not have it */
    const char *safetensors; /* "F32"; NULL: not read from such files */
    size_t width;            /* bytes, in files */
    tacet_type type;         /* in memory */
    /* Converts n little-endian numbers, and returns how many fitted before the first that did not. `to` may be `from` if
     * the width is the same. NULL: they are in memory as they are in files. */
    int64_t (*read)(const void *from, int64_t n, void *to);
} tc_dtype;

/* The type of this name, or NULL. */
const tc_dtype *tc_dtype_numpy(const char *name);
const tc_dtype *tc_dtype_safetensors(const char *name);

/* "F32, F64 and U8": the types that can be read, for messages. Returns buffer. */
enum { TC_DTYPES_TEXT = 128 };
const char *tc_dtypes_numpy(char buffer[TC_DTYPES_TEXT]);
const char *tc_dtypes_safetensors(char buffer[TC_DTYPES_TEXT]);

/* Turns the bytes of each of n numbers around: big-endian to little-endian. */
void tc_dtype_swap(const tc_dtype *d, void *numbers, int64_t n);

#endif
