/* array.c: the types of numbers, as a table, and what idx and npy files have in common. */
#include "data/array.h"

#include <inttypes.h>

#define WIDEN(name, type)                                                                                              \
    static void name(const void *from, int64_t first, int64_t n, double *to)                                           \
    {                                                                                                                  \
        const type *x = (const type *)from + first;                                                                    \
        for (int64_t i = 0; i < n; i++) to[i] = (double)x[i];                                                          \
    }
WIDEN(widen_f32, float)
WIDEN(widen_u8, uint8_t)
WIDEN(widen_i32, int32_t)
WIDEN(widen_f64, double)
WIDEN(widen_i64, int64_t)

static const struct {
    size_t size;
    bool whole;
    void (*widen)(const void *from, int64_t first, int64_t n, double *to);
} number[] = {
    [TACET_F32] = {4, false, widen_f32}, [TACET_U8] = {1, true, widen_u8},   [TACET_I32] = {4, true, widen_i32},
    [TACET_F64] = {8, false, widen_f64}, [TACET_I64] = {8, true, widen_i64},
};

size_t tc_type_size(tacet_type type) { return number[type].size; }

bool tc_type_whole(tacet_type type) { return number[type].whole; }

void tc_widen(const tc_array *a, int64_t first, int64_t n, double *to) { number[a->type].widen(a->data, first, n, to); }

bool tc_array_sizes(tc_array *a, int rank, const int64_t *size)
{
    if (rank < 1 || rank > TC_MAX_RANK + 1) return false;
    a->rows = size[0];
    a->shape = (tc_shape){.rank = rank - 1};
    for (int i = 1; i < rank; i++) a->shape.dim[i - 1] = size[i];
    const int64_t n = tc_shape_count(&a->shape);
    return n > 0 && a->rows > 0 && a->rows <= TC_MAX_COUNT / n;
}

tacet_status tc_array_read(tc_array *a, tc_reader *r, size_t width)
{
    const size_t n = (size_t)(a->rows * tc_shape_count(&a->shape));
    if (tc_reader_block(r, n * width, "the numbers that its header promises", &a->data)) return r->status;
    return tc_reader_finish(r);
}

tacet_status tc_array_classes(const tc_array *a, tc_reader *r, int64_t *classes)
{
    const int64_t per = tc_shape_count(&a->shape);
    *classes = 0;
    for (int64_t i = 0; i < a->rows * per; i++) {
        double label; /* exact below 2^53, and larger ones are refused */
        tc_widen(a, i, 1, &label);
        if (!(label >= 0 && label < INT32_MAX))
            return tc_reader_refuse(r, "row %" PRId64 " has the label %.0f; labels are counted from 0", i / per, label);
        if ((int64_t)label >= *classes) *classes = (int64_t)label + 1;
    }
    return TACET_OK;
}
