/* count.c: steps that count how often each unit of a value fires: in each column of [rows, units], positions folded into
 * rows, the rows in which it is not 0. Where values are counted:
 *
 *     in evaluation    where the operator makes zeros
 *     in training      where a penalty asks; with a ledger that was asked for, where evaluation counts too */
#include "step/step.h"

enum { COLUMNS = 256, LANES = 8 };

typedef float floats __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t integers __attribute__((vector_size(4 * LANES), aligned(4)));

/* Each range counts its own columns, over all rows. */
static tc_span span(const tc_step *s) { return (tc_span){((const tc_tally *)s->context)->units, COLUMNS}; }

/* Two vectors of columns at a time. A comparison gives -1 where it holds. */
TC_CLONES static double count_columns(const float *x, int64_t rows, int64_t n, int64_t begin, int64_t end, int32_t *now)
{
    int64_t sum = 0, j = begin;
    for (; j + 2 * LANES <= end; j += 2 * LANES) {
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
    for (j = begin; j < end; j++) sum += now[j];
    return (double)sum;
}

static void run(const tc_step *s, int64_t begin, int64_t end, int lane)
{
    (void)lane;
    const tc_tally *t = s->context;
    const int64_t rows = s->view.n / t->units * (s->view.batch ? t->run->rows : 1);
    *tc_step_partial(s, begin) = count_columns(s->port[0].memory, rows, t->units, begin, end, t->now);
}

static void finish(tc_step *s, double sum) { ((tc_tally *)s->context)->sum = sum; }

const tc_kind tc_kind_count = {.name = "count", .span = span, .run = run, .finish = finish};
