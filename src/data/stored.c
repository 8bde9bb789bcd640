/* stored.c: reads the numbers of a file as they are stored and turns them into an array as it is in memory.
 *
 *     file --swap--> little-endian --turn--> rows first --read--> type in memory        each arrow only where it is needed
 *
 * Numbers that need none of them stay in the file, if it can be mapped (mapping.c). */
#include "data/array.h"

#include <inttypes.h>
#include <string.h>

/* An array that has at most one size above 1 is the same in both orders. */
static bool same_order(const tc_array *a)
{
    int above = a->rows > 1;
    for (int i = 0; i < a->shape.rank; i++) above += a->shape.dim[i] > 1;
    return above < 2;
}

/* Copies an array whose first index runs fastest to one whose last index does. */
static void to_rows(const tc_array *a, size_t width, const char *from, char *to)
{
    const int rank = a->shape.rank;
    int64_t step[TC_MAX_RANK], at[TC_MAX_RANK] = {0}; /* elements in `from` from one index to the next, by dimension */
    const int64_t n = tc_shape_count(&a->shape);
    for (int k = 0; k < rank; k++) step[k] = k ? step[k - 1] * a->shape.dim[k - 1] : a->rows;
    for (int64_t row = 0; row < a->rows; row++) {
        int64_t place = row;
        for (int64_t i = 0; i < n; i++, to += width) {
            memcpy(to, from + (size_t)place * width, width);
            for (int k = rank - 1; k >= 0; k--) {
                place += step[k];
                if (++at[k] < a->shape.dim[k]) break;
                place -= step[k] * a->shape.dim[k];
                at[k] = 0;
            }
        }
    }
}

/* Replaces the numbers by a new block of n elements, and keeps the old block in *old. */
static bool replace(tc_array *a, tc_reader *r, int64_t n, size_t width, void **old)
{
    void *block = tc_resize(&r->mem, NULL, (size_t)n, width);
    if (!block) return r->status = tc_fail_memory(r->error), false;
    *old = a->data;
    a->data = block;
    return true;
}

static tacet_status refuse(const tc_array *a, tc_reader *r, int64_t at)
{
    uint64_t number;
    memcpy(&number, (const uint64_t *)a->data + at, sizeof number);
    tc_reader_refuse(r,
                     "row %" PRId64 " (counted from 0) has the number %" PRIu64 ", but at most %" PRId64 " can be read",
                     at / tc_shape_count(&a->shape), number, INT64_MAX);
    tc_fail_hint(r->error, "save such large numbers as float64");
    return r->status;
}

static tacet_status take(tc_array *a, tc_reader *r, const tc_layout *l)
{
    const tc_dtype *d = l->dtype;
    const int64_t n = a->rows * tc_shape_count(&a->shape);
    void *old = NULL;
    const bool turned = l->columns && !same_order(a), swapped = l->big_endian && d->width > 1;
    a->type = d->type;
    if (!turned && !swapped && !d->read) return tc_array_map(a, r);
    if (tc_array_read(a, r, d->width)) return r->status;
    if (swapped) tc_dtype_swap(d, a->data, n);
    if (turned) {
        if (!replace(a, r, n, d->width, &old)) return r->status;
        to_rows(a, d->width, old, a->data);
        tc_free(&r->mem, old);
    }
    if (!d->read) return TACET_OK;
    old = a->data;
    const size_t width = tc_type_size(a->type);
    if (d->width != width && !replace(a, r, n, width, &old)) return r->status;
    const int64_t fit = d->read(old, n, a->data);
    if (old != a->data) tc_free(&r->mem, old);
    return fit == n ? TACET_OK : refuse(a, r, fit);
}

tacet_status tc_array_take(tc_array *a, tc_reader *r, const tc_layout *l)
{
    if (!take(a, r, l)) r->status = tc_array_finite(a, r->path, r->error);
    return r->status;
}
