/* array.c: the types of numbers, as a table, and what idx and npy files have in common. */
#include "data/array.h"

#include <inttypes.h>
#include <math.h>

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

/* The part that holds the row. */
static const tc_array *part_of(const tc_array *a, int64_t row)
{
    int first = 0;
    for (int end = a->parts; end - first > 1;) {
        const int middle = first + (end - first) / 2;
        if (a->part[middle].before <= row)
            first = middle;
        else
            end = middle;
    }
    return a->parts ? &a->part[first] : a;
}

const void *tc_array_row(const tc_array *a, int64_t row, tc_access access)
{
    const tc_array *part = part_of(a, row);
    const size_t bytes = (size_t)tc_shape_count(&a->shape) * tc_type_size(a->type);
    const size_t at = (size_t)(row - part->before) * bytes, all = (size_t)part->rows * bytes;
    return part->mapped ? (const char *)part->map[access] + (part->mapped - all) + at : (const char *)part->data + at;
}

void tc_widen(const tc_array *a, int64_t first, int64_t n, double *to)
{
    const int64_t width = tc_shape_count(&a->shape);
    while (n > 0) {
        const tc_array *part = part_of(a, a->parts ? first / width : 0);
        const int64_t at = first - part->before * width, left = part->rows * width - at, count = n < left ? n : left;
        number[a->type].widen(part->data, at, count, to);
        first += count, to += count, n -= count;
    }
}

tacet_status tc_array_join(tc_array *a, const char *const *path, tacet_error *e)
{
    const int last = a->parts - 1;
    tc_array *part = &a->part[last];
    char own[TC_SHAPE_TEXT], other[TC_SHAPE_TEXT];
    if (last == 0) *a = (tc_array){part->type, 0, part->shape, part->data, .parts = 1, .part = part};
    if (part->type != a->type || !tc_shape_equal(&part->shape, &a->shape))
        return tc_fail(e, TACET_FILE, "%s: its rows are %s %s, those of %s are %s %s", path[last],
                       tc_type_name(part->type), tc_shape_text(&part->shape, false, own), path[0],
                       tc_type_name(a->type), tc_shape_text(&a->shape, false, other));
    if (part->rows > TC_MAX_COUNT / tc_shape_count(&a->shape) - a->rows)
        return tc_fail(e, TACET_FILE, "%s: with this file there are too many rows", path[last]);
    part->before = a->rows;
    a->rows += part->rows;
    return TACET_OK;
}

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
    if (tc_reader_left(r, n * width, TC_ARRAY_NUMBERS)) return r->status;
    if (tc_reader_block(r, n * width, TC_ARRAY_NUMBERS, &a->data)) return r->status;
    return tc_reader_finish(r);
}

/* The first number that is not finite, from 0; -1: no number is. */
static int64_t first_not_finite(const tc_array *a)
{
    enum { FEW = 256 };
    const int64_t all = tc_type_whole(a->type) ? 0 : a->rows * tc_shape_count(&a->shape);
    double x[FEW];
    for (int64_t i = 0; i < all; i += FEW) {
        const int64_t n = all - i < FEW ? all - i : FEW;
        tc_widen(a, i, n, x);
        for (int64_t j = 0; j < n; j++)
            if (!isfinite(x[j])) return i + j;
    }
    return -1;
}

/* Data that are larger are not read from end to end before training; a step refuses what it finds there. */
tacet_status tc_array_finite(const tc_array *a, const char *name, tacet_error *e)
{
    const int64_t n = tc_shape_count(&a->shape), most = INT64_C(1) << 28;
    const int64_t at = a->rows <= most / n ? first_not_finite(a) : -1;
    if (at < 0) return TACET_OK;
    double value;
    tc_widen(a, at, 1, &value);
    tc_fail(e, TACET_FILE, "%s: row %" PRId64 " (counted from 0) has a value that is %s", name, at / n,
            isnan(value) ? "missing: NaN"
            : value > 0  ? "infinite: inf"
                         : "infinite: -inf");
    tc_fail_hint(e, "numpy.nan_to_num replaces such values; x[numpy.isfinite(x).all(axis=1)] drops their rows");
    return TACET_FILE;
}

tacet_status tc_array_classes(const tc_array *a, const char *name, double ignore, int64_t *classes, tacet_error *e)
{
    enum { FEW = 256 };
    const int64_t per = tc_shape_count(&a->shape), all = a->rows * per;
    double label[FEW]; /* exact below 2^53, and larger ones are refused */
    *classes = 0;
    for (int64_t i = 0; i < all; i += FEW) {
        const int64_t n = all - i < FEW ? all - i : FEW;
        tc_widen(a, i, n, label);
        for (int64_t j = 0; j < n; j++) {
            if (label[j] == ignore) continue;
            if (!(label[j] >= 0 && label[j] < INT32_MAX)) {
                tc_fail(e, TACET_FILE, "%s: row %" PRId64 " has the label %.0f; labels are counted from 0", name,
                        (i + j) / per, label[j]);
                if (label[j] < 0)
                    tc_fail_hint(e, "ignore=%.0f in the loss, and in the data, leaves such labels out", label[j]);
                return TACET_FILE;
            }
            if ((int64_t)label[j] >= *classes) *classes = (int64_t)label[j] + 1;
        }
    }
    return TACET_OK;
}

tacet_status tc_array_weights(const tc_array *a, const char *name, tacet_error *e)
{
    char shape[TC_SHAPE_TEXT];
    if (tc_shape_count(&a->shape) != 1)
        return tc_fail(e, TACET_FILE, "%s: has rows %s, but a row has one weight", name,
                       tc_shape_text(&a->shape, false, shape));
    for (int64_t i = 0; i < a->rows; i++) {
        double weight;
        tc_widen(a, i, 1, &weight);
        if (!(weight >= 0 && isfinite((float)weight)))
            return tc_fail(e, TACET_FILE,
                           "%s: row %" PRId64 " (counted from 0) has the weight %g; a weight is a finite float32 of at "
                           "least 0",
                           name, i, weight);
    }
    return TACET_OK;
}
