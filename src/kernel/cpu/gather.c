/* gather.c: copies rows of raw data, of any type, into the rows of a batch.
 *
 * A table has one loop for each type of element. Bytes are scaled in float32. All other types are scaled in double before
 * they are rounded, so that large numbers that are close together stay distinct. */
#include "kernel/cpu/cpu.h"

typedef void row_fn(const void *from, int64_t at, int64_t n, const tacet_scaling *s, float *to);

/* NAME_row converts n elements from `at` on, scaled in `wide`. */
#define ROW(name, type, wide)                                                                                          \
    TC_CLONES static void name##_row(const void *from, int64_t at, int64_t n, const tacet_scaling *s, float *to)       \
    {                                                                                                                  \
        const type *x = (const type *)from + at;                                                                       \
        if (!s) {                                                                                                      \
            for (int64_t j = 0; j < n; j++) to[j] = (float)x[j];                                                       \
        } else if (s->count == 1) {                                                                                    \
            const wide scale = (wide)s->scale[0], shift = (wide)s->shift[0];                                           \
            for (int64_t j = 0; j < n; j++) to[j] = (float)((wide)x[j] * scale + shift);                               \
        } else {                                                                                                       \
            for (int64_t i = 0; i < n; i += s->count)                                                                  \
                for (int64_t j = 0; j < s->count; j++)                                                                 \
                    to[i + j] = (float)((wide)x[i + j] * (wide)s->scale[j] + (wide)s->shift[j]);                       \
        }                                                                                                              \
    }

ROW(f32, float, double)
ROW(u8, uint8_t, float)
ROW(i32, int32_t, double)
ROW(f64, double, double)
ROW(i64, int64_t, double)

static row_fn *const row_of[] = {
    [TACET_F32] = f32_row, [TACET_U8] = u8_row, [TACET_I32] = i32_row, [TACET_F64] = f64_row, [TACET_I64] = i64_row};

void tc_gather_cpu(const tc_gather *g, int64_t begin, int64_t end)
{
    /* Consecutive rows with the same scaling are one long row. */
    const bool one = !g->row && !g->index && (!g->scaling || g->scaling->count == 1);
    const int64_t rows = one ? end - begin : 1, n = rows * g->n;
    for (int64_t i = begin; i < end; i += rows) {
        const int64_t row = g->row ? 0 : g->index ? g->index[i] : i;
        row_of[g->type](g->row ? g->row[i] : g->from, row * g->n, n, g->scaling, g->to + i * g->n);
    }
}
