/* shape.c: counting and printing the sizes of a tensor. */
#include "base/shape.h"

#include <inttypes.h>
#include <stdio.h>

int64_t tc_shape_count(const tc_shape *s)
{
    if (s->rank < 0 || s->rank > TC_MAX_RANK) return -1;
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++) {
        if (s->dim[i] <= 0 || s->dim[i] > TC_MAX_COUNT / n) return -1;
        n *= s->dim[i];
    }
    return n;
}

int64_t tc_shape_units(const tc_shape *s) { return s->rank > 0 ? s->dim[s->rank - 1] : 1; }

int64_t tc_shape_positions(const tc_shape *s) { return tc_shape_count(s) / tc_shape_units(s); }

bool tc_shape_equal(const tc_shape *a, const tc_shape *b)
{
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

const char *tc_shape_text(const tc_shape *s, bool batch, char buffer[TC_SHAPE_TEXT])
{
    /* At most "[batch" and eight times ", " with 20 digits: TC_SHAPE_TEXT is enough. */
    const int rank = s->rank < TC_MAX_RANK ? s->rank : TC_MAX_RANK;
    int at = snprintf(buffer, TC_SHAPE_TEXT, batch ? "[batch" : "[");
    for (int i = 0; i < rank; i++)
        at += snprintf(buffer + at, (size_t)(TC_SHAPE_TEXT - at), "%s%" PRId64, i || batch ? ", " : "", s->dim[i]);
    snprintf(buffer + at, (size_t)(TC_SHAPE_TEXT - at), "]");
    return buffer;
}

const char *tc_type_name(tacet_type type)
{
    static const char *const name[] = {"float32", "uint8", "int32", "float64", "int64"}; /* in the order of the types */
    return (unsigned)type < sizeof name / sizeof *name ? name[type] : NULL;
}
