/* count.c: steps that count how often each unit of a value fires: for each unit, the rows and positions at which it is
 * not 0. Where values are counted:
 *
 *     in evaluation    where the operator makes zeros
 *     in training      where a penalty needs it; if the configuration asks for a ledger, also where evaluation does
 *
 * Positions fold into rows: the value is a matrix [rows * positions, units]. A piece of work is a tile of it. Each
 * strip of rows has separate counts, so that an int32 holds them; they are added up when the pass is noted. */
#include "step/step.h"

enum { COLUMNS = 256, STRIP = 4096 /* rows of a tile */, LANES = 8, VECTORS = 2 * LANES };

typedef float floats __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t integers __attribute__((vector_size(4 * LANES), aligned(4)));

int64_t tc_tally_strips(int64_t rows) { return (rows + STRIP - 1) / STRIP; }

static int64_t across(int64_t units) { return (units + COLUMNS - 1) / COLUMNS; }
static int64_t rows_of(const tc_tally *t) { return t->positions * (t->batch ? t->run->rows : 1); }

static tc_span span(const tc_step *s)
{
    const tc_tally *t = s->context;
    return (tc_span){tc_tally_strips(rows_of(t)) * across(t->units), 1};
}

/* Columns [begin, end) of x [rows, n], two vectors at a time. A comparison that holds gives -1. */
TC_CLONES static void count_columns(const float *x, int64_t rows, int64_t n, int64_t begin, int64_t end, int32_t *now)
{
    int64_t j = begin;
    for (; j + VECTORS <= end; j += VECTORS) {
        integers a = {0}, b = {0};
        for (int64_t i = 0; i < rows; i++) {
            const floats *at = (const void *)(x + i * n + j);
            a -= at[0] != (floats){0};
            b -= at[1] != (floats){0};
        }
        integers *to = (void *)(now + j);
        to[0] = a;
        to[1] = b;
    }
    for (; j < end; j++) {
        now[j] = 0;
        for (int64_t i = 0; i < rows; i++) now[j] += x[i * n + j] != 0.0f;
    }
}

/* The same for all columns, if a row does not fill a vector: VECTORS rows are read as one. */
static void count_narrow(const float *x, int64_t rows, int64_t n, int32_t *now)
{
    const int64_t wide = VECTORS * n, whole = rows / VECTORS;
    int32_t wide_now[VECTORS * VECTORS];
    count_columns(x, whole, wide, 0, wide, wide_now);
    for (int64_t j = 0; j < n; j++) {
        now[j] = 0;
        for (int64_t k = j; k < wide; k += n) now[j] += wide_now[k];
        for (int64_t i = whole * VECTORS; i < rows; i++) now[j] += x[i * n + j] != 0.0f;
    }
}

/* One tile; returns how many elements fired in it. */
static int64_t count_tile(const tc_step *s, const tc_tally *t, int64_t tile)
{
    const int64_t n = t->units, wide = across(n), strip = wide == 1 ? tile : tile / wide, from = strip * STRIP;
    const int64_t begin = (tile - strip * wide) * COLUMNS, end = n - begin < COLUMNS ? n : begin + COLUMNS;
    const int64_t left = rows_of(t) - from, rows = left < STRIP ? left : STRIP;
    const float *x = (const float *)s->port[0].memory + from * n;
    int32_t *now = t->now + strip * n;
    int64_t sum = 0;
    if (n < VECTORS)
        count_narrow(x, rows, n, now);
    else
        count_columns(x, rows, n, begin, end, now);
    for (int64_t j = begin; j < end; j++) sum += now[j];
    return sum;
}

static void run(const tc_step *s, int64_t begin, int64_t end, int lane)
{
    (void)lane;
    int64_t sum = 0;
    for (int64_t tile = begin; tile < end; tile++) sum += count_tile(s, s->context, tile);
    *tc_step_partial(s, begin) = (double)sum;
}

static void finish(tc_step *s, double sum) { ((tc_tally *)s->context)->sum = sum; }

const tc_kind tc_kind_count = {.name = "count", .span = span, .run = run, .finish = finish};
