/* dtype.c: the table of types. A type that memory does not have becomes the narrowest one that holds all its numbers.
 *
 * bool is int32 and not a byte, because bytes are taken for pixels, 0 to 255. uint64 becomes int64, and a number that
 * int64 cannot hold is refused. */
#include "base/dtype.h"

#include <stdio.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are taken as files store them, little-endian");

#define READ(name, stored, wide, value)                                                                                \
    static int64_t read_##name(const void *from, int64_t n, void *to)                                                  \
    {                                                                                                                  \
        const stored *x = from;                                                                                        \
        wide *y = to;                                                                                                  \
        for (int64_t i = 0; i < n; i++) y[i] = value;                                                                  \
        return n;                                                                                                      \
    }

static float of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* IEEE 754 binary16: 1 bit for the sign, 5 for the exponent (bias 15), 10 for the fraction. */
static float of_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ff;
    if (exponent == 0) return sign ? -(float)fraction * 0x1p-24f : (float)fraction * 0x1p-24f;
    return of_bits(sign | (exponent == 31 ? 255 : exponent + 127 - 15) << 23 | fraction << 13);
}

READ(bool, uint8_t, int32_t, x[i] != 0)
READ(i8, int8_t, int32_t, (int32_t)x[i])
READ(i16, int16_t, int32_t, x[i])
READ(u16, uint16_t, int32_t, x[i])
READ(u32, uint32_t, int64_t, x[i])
READ(f16, uint16_t, float, of_half(x[i]))
READ(bf16, uint16_t, float, of_bits((uint32_t)x[i] << 16))

static int64_t read_u64(const void *from, int64_t n, void *to)
{
    int64_t i = 0;
    memmove(to, from, (size_t)n * sizeof(int64_t));
    while (i < n && ((const int64_t *)to)[i] >= 0) i++;
    return i;
}

static const tc_dtype dtypes[] = {
    {"f4", "F32", 4, TACET_F32, NULL},       {"f8", "F64", 8, TACET_F64, NULL},
    {"f2", "F16", 2, TACET_F32, read_f16},   {NULL, "BF16", 2, TACET_F32, read_bf16},
    {"u1", "U8", 1, TACET_U8, NULL},         {"u2", "U16", 2, TACET_I32, read_u16},
    {"u4", "U32", 4, TACET_I64, read_u32},   {"u8", NULL, 8, TACET_I64, read_u64},
    {"i1", "I8", 1, TACET_I32, read_i8},     {"i2", "I16", 2, TACET_I32, read_i16},
    {"i4", "I32", 4, TACET_I32, NULL},       {"i8", "I64", 8, TACET_I64, NULL},
    {"b1", "BOOL", 1, TACET_I32, read_bool},
};

enum { DTYPES = sizeof dtypes / sizeof *dtypes };

static const char *numpy(const tc_dtype *d) { return d->numpy; }
static const char *safetensors(const tc_dtype *d) { return d->safetensors; }

static const tc_dtype *find(const char *name, const char *(*name_of)(const tc_dtype *d))
{
    for (const tc_dtype *d = dtypes; d < dtypes + DTYPES; d++)
        if (name_of(d) && strcmp(name_of(d), name) == 0) return d;
    return NULL;
}

static const char *list(char buffer[TC_DTYPES_TEXT], const char *(*name_of)(const tc_dtype *d))
{
    int at = 0;
    for (const tc_dtype *d = dtypes; d < dtypes + DTYPES; d++) {
        const char *before = d == dtypes ? "" : d == dtypes + DTYPES - 1 ? " and " : ", ";
        if (name_of(d)) at += snprintf(buffer + at, (size_t)(TC_DTYPES_TEXT - at), "%s%s", before, name_of(d));
    }
    return buffer;
}

const tc_dtype *tc_dtype_numpy(const char *name) { return find(name, numpy); }
const tc_dtype *tc_dtype_safetensors(const char *name) { return find(name, safetensors); }
const char *tc_dtypes_numpy(char buffer[TC_DTYPES_TEXT]) { return list(buffer, numpy); }
const char *tc_dtypes_safetensors(char buffer[TC_DTYPES_TEXT]) { return list(buffer, safetensors); }

void tc_dtype_swap(const tc_dtype *d, void *numbers, int64_t n)
{
    unsigned char *p = numbers;
    for (int64_t i = 0; i < n && d->width > 1; i++, p += d->width)
        for (size_t k = 0; k < d->width / 2; k++) {
            const unsigned char byte = p[k];
            p[k] = p[d->width - 1 - k];
            p[d->width - 1 - k] = byte;
        }
}
