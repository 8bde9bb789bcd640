/* arrays.c: arrays in the memory of the caller, which are used where they are. */
#include "base/sized.h"
#include "data/data.h"

#include <inttypes.h>
#include <stdint.h>

static tacet_status refuse_place(const tacet_array *r, const char *name, tacet_error *e)
{
    tc_fail(e, TACET_DESCRIPTION, "the numbers of %s should begin at a multiple of %zu bytes, as %s in memory does",
            name, tc_type_size(r->type), tc_type_name(r->type));
    tc_fail_hint(e, "copy them; numpy.require(%s, requirements=\"CA\") does so if it is needed", name);
    return TACET_DESCRIPTION;
}

/* A vector, unless it is of labels, has rows of one number. */
static tacet_status take(tc_array *a, int64_t rows, const tacet_array *theirs, bool labels, const char *name,
                         tacet_error *e)
{
    tacet_array r;
    int64_t size[TC_MAX_RANK + 1] = {rows};
    const tacet_status status = tc_sized_take(&r, sizeof r, theirs, "tacet_array", e);
    if (status) return status;
    if (!tc_type_name(r.type)) return tc_fail(e, TACET_DESCRIPTION, "%s has an unknown type, %d", name, (int)r.type);
    if (!r.data) return tc_fail(e, TACET_DESCRIPTION, "%s has no data", name);
    if (r.rank < 0 || r.rank > TC_MAX_RANK)
        return tc_fail(e, TACET_DESCRIPTION, "a row of %s has rank %d; it should be from 0 to %d", name, r.rank,
                       TC_MAX_RANK);
    for (int i = 0; i < r.rank; i++) size[i + 1] = r.shape[i];
    if (!tc_array_sizes(a, r.rank + 1, size)) {
        char shape[TC_SHAPE_TEXT];
        return tc_fail(e, TACET_DESCRIPTION,
                       "%s has %" PRId64 " rows %s: there should be at least one row, no size below 1, and not more "
                       "than 2^40 numbers",
                       name, rows, tc_shape_text(&a->shape, false, shape));
    }
    a->type = r.type;
    if ((uintptr_t)r.data % tc_type_size(a->type) != 0) return refuse_place(&r, name, e);
    a->data = (void *)(uintptr_t)r.data; /* they are only read */
    a->borrowed = true;
    if (!labels && r.rank == 0) a->shape = (tc_shape){.rank = 1, .dim = {1}};
    return labels ? TACET_OK : tc_array_finite(a, name, e);
}

tacet_status tc_arrays_take(tc_samples *t, int64_t rows, const tacet_array *x, const tacet_array *y, bool labels,
                            tacet_error *e)
{
    if (!x) return tc_fail(e, TACET_DESCRIPTION, "x is missing");
    tacet_status status = take(&t->x, rows, x, false, "x", e);
    if (!status && y) status = take(&t->y, rows, y, labels, "y", e);
    if (status || !y || !labels) return status;
    if (tc_type_whole(t->y.type)) return tc_array_classes(&t->y, "y", t->ignore, &t->classes, e);
    tc_fail(e, TACET_DESCRIPTION, "y has the type %s, but labels are whole numbers", tc_type_name(t->y.type));
    tc_fail_hint(e, "numbers of a regression are targets, not labels");
    return TACET_DESCRIPTION;
}

tacet_status tc_arrays_weigh(tc_samples *t, const tacet_array *weight, tacet_error *e)
{
    tacet_status status = take(&t->weight, t->x.rows, weight, true, "sample_weight", e);
    if (!status) status = tc_array_weights(&t->weight, "sample_weight", e);
    if (!status) return status;
    t->weight = (tc_array){0};
    if (e && status == TACET_FILE) e->status = TACET_DESCRIPTION;
    return TACET_DESCRIPTION;
}
