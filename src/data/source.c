/* source.c: the list of sources, what all of them share, and the numbers in their tables. */
#include "data/data.h"

#include <inttypes.h>
#include <string.h>

const tacet_attribute tc_source_common[] = {
    {"scale", "text", "auto", "what every number of x is multiplied by; auto: 1/255 for bytes, else 1", false},
    {"mean", "float", "0", "taken off after scale", false},
    {"std", "float", "1", "what the rest is divided by: x = (number * scale - mean) / std", false},
    {"normalize", "none|feature", "none",
     "feature: every element of a row gets the mean and standard deviation that it has over the training rows", false},
    {"flat", "bool", "true", "a row is one vector; false keeps its shape, [28, 28]", false},
    {0},
};

static const tc_source *const source[] = {&tc_source_idx, &tc_source_npy, &tc_source_csv};

int tc_source_count(void) { return (int)(sizeof source / sizeof *source); }

const tc_source *tc_source_at(int i) { return source[i]; }

const tc_source *tc_source_find(const char *name)
{
    for (int i = 0; i < tc_source_count(); i++)
        if (strcmp(source[i]->name, name) == 0) return source[i];
    return NULL;
}

/* ---- Types ---- */

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
    void (*widen)(const void *from, int64_t first, int64_t n, double *to);
} number[] = {
    [TACET_F32] = {4, widen_f32}, [TACET_U8] = {1, widen_u8},   [TACET_I32] = {4, widen_i32},
    [TACET_F64] = {8, widen_f64}, [TACET_I64] = {8, widen_i64},
};

size_t tc_type_size(tacet_type type) { return number[type].size; }

void tc_widen(tacet_type type, const void *from, int64_t first, int64_t n, double *to)
{
    number[type].widen(from, first, n, to);
}

/* ---- Tables ---- */

void tc_samples_free(tc_samples *t)
{
    if (!t->mem.resize) return;
    tc_free(&t->mem, t->x);
    tc_free(&t->mem, t->labels);
    tc_free(&t->mem, t->words);
    tc_free(&t->mem, t->targets);
    *t = (tc_samples){.mem = t->mem};
}

tacet_status tc_labels_take(tc_samples *t, tacet_type type, const void *from, const char *path, tacet_error *e)
{
    const int64_t per = tc_shape_count(&t->label_shape), n = t->rows * per;
    t->labels = tc_resize(&t->mem, NULL, (size_t)n, sizeof *t->labels);
    if (!t->labels) return tc_fail_memory(e);
    t->classes = 0;
    for (int64_t i = 0; i < n; i++) {
        double label; /* exact below 2^53, and what lies above is refused */
        tc_widen(type, from, i, 1, &label);
        if (!(label >= 0 && label < INT32_MAX))
            return tc_fail(e, TACET_FILE, "%s: row %" PRId64 " has the label %.0f, labels are counted from 0", path,
                           i / per, label);
        t->labels[i] = (int32_t)label;
        if (t->labels[i] >= t->classes) t->classes = t->labels[i] + 1;
    }
    return TACET_OK;
}

bool tc_rows_of(int rank, const int64_t *size, int64_t *rows, tc_shape *shape)
{
    if (rank < 1 || rank > TC_MAX_RANK + 1) return false;
    *shape = (tc_shape){.rank = rank > 1 ? rank - 1 : 1, .dim = {1}};
    for (int i = 1; i < rank; i++) shape->dim[i - 1] = size[i];
    const int64_t n = tc_shape_count(shape);
    *rows = size[0];
    return n > 0 && *rows > 0 && *rows <= TC_MAX_COUNT / n;
}
