/* make_list.c: steps that make a firing list. Lists by row are made in the loop over ranges that made the value or
 * gradient, while it is in cache; lists by unit are made from the lists by row.
 *
 * Nothing runs on the list of a value that fires too often, which is known only once all ranges have been counted. So a
 * range that looks too dense is only counted, and is listed afterwards if the whole value is not too dense. */
#include "step/step.h"

enum { BLOCK = 1 << 16 }; /* an int32 holds its count, so that a vector has as many counts as numbers */

TC_CLONES static int64_t count_fired(const float *x, int64_t n)
{
    int64_t fired = 0;
    for (int64_t i = 0; i < n; i += BLOCK) {
        int32_t now = 0;
        for (int64_t k = i, end = n - i < BLOCK ? n : i + BLOCK; k < end; k++) now += x[k] != 0.0f;
        fired += now;
    }
    return fired;
}

/* ---- By row ---- */

static const tc_run *run_of(const tc_step *s) { return ((const tc_silence *)s->context)->run; }

static tc_span row_span(const tc_step *s)
{
    const int64_t n = s->view.n, elements = n * (s->view.batch ? run_of(s)->rows : 1);
    return (tc_span){elements, !s->view.batch ? TC_RANGE : n < TC_RANGE ? TC_RANGE / n * n : n};
}

enum { LEFT_OUT = -1 };

/* Few images have a multiple of so many lines, so that the sample has lines from all parts of them. */
enum { ONE_IN = 11 };

/* Whether a sample of these rows, one in ONE_IN, is too dense for every product. */
static bool looks_dense(const tc_silence *l, const float *x, int64_t row, int64_t end)
{
    int64_t fired = 0, seen = 0;
    for (; l->most < 1 && row < end; row += ONE_IN, seen += l->f.n) fired += count_fired(x + row * l->f.n, l->f.n);
    return (double)fired > l->most * (double)seen;
}

/* Makes the lists of these rows; or, in the first pass over a value's ranges, leaves them out if they look too dense.
 * Returns the exact count either way. */
static int64_t fire(tc_silence *l, const float *x, int64_t row, int64_t end)
{
    const bool leave_out = !l->again && !l->source && looks_dense(l, x, row, end);
    if (!leave_out) return l->run->kernel->fire(x, row, end, &l->f);
    l->f.count[row * l->f.parts] = LEFT_OUT;
    atomic_store_explicit(&l->left_out, true, memory_order_relaxed);
    return count_fired(x + row * l->f.n, (end - row) * l->f.n);
}

/* A range is whole rows. */
static void by_row(const tc_step *s, int64_t begin, int64_t end, int lane)
{
    (void)lane;
    tc_silence *l = s->context;
    const float *x = s->port[TC_PORT_FROM].memory;
    const int64_t row = begin / l->f.n;
    if (l->again && l->f.count[row * l->f.parts] != LEFT_OUT) return;
    double *fired = tc_step_partial(s, begin);
    *fired = 0;
    if (!l->rows) return;
    *fired = (double)(l->read ? fire(l, x, row, end / l->f.n) : count_fired(x + begin, end - begin));
}

static void finish(tc_step *s, double sum)
{
    tc_silence *l = s->context;
    l->f.rows = l->each * run_of(s)->rows;
    l->f.fired = (int64_t)sum;
    l->forward = false;
}

/* Whether ranges have been left out of a list that a product may read. */
static bool again(tc_step *s)
{
    tc_silence *l = s->context;
    const bool left_out = atomic_exchange_explicit(&l->left_out, false, memory_order_relaxed);
    l->again = left_out && !l->again && (double)l->f.fired <= l->most * (double)l->f.rows * (double)l->f.n;
    return l->again;
}

/* ---- By unit ---- */

enum { UNITS = 256 }; /* of a range, which covers all rows and must find its beginning in each */

static tc_span unit_span(const tc_step *s) { return (tc_span){((const tc_silence *)s->context)->f.n, UNITS}; }

static void by_unit(const tc_step *s, int64_t begin, int64_t end, int lane)
{
    (void)lane;
    tc_silence *l = s->context;
    if (l->units) run_of(s)->kernel->fire_units(begin, end, &l->f);
}

/* ---- Memory: counts, one for each list (or part of a row), then the entries ---- */

enum { ROUND = TC_ALIGN / 4 };

static int64_t rounded(int64_t n) { return (n + ROUND - 1) / ROUND * ROUND; }

static int64_t bytes_of(int64_t counts, int64_t entries)
{
    return 4 * rounded(counts) + (int64_t)sizeof(tc_entry) * entries;
}

int64_t tc_silence_row_bytes(const tc_silence *s)
{
    return bytes_of(s->capacity * s->f.parts, s->capacity * s->f.pitch);
}

int64_t tc_silence_unit_bytes(const tc_silence *s) { return bytes_of(s->f.n, s->f.n * s->f.row_pitch); }

static void cut(char *memory, int64_t counts, int32_t **count, tc_entry **entry)
{
    *count = (int32_t *)(void *)memory;
    *entry = (tc_entry *)(void *)(memory + 4 * rounded(counts));
}

static void resolve(tc_step *s)
{
    tc_silence *l = s->context;
    if (s->port[TC_PORT_ROWS].memory)
        cut(s->port[TC_PORT_ROWS].memory, l->capacity * l->f.parts, &l->f.count, &l->f.in_row);
    if (s->port[TC_PORT_UNITS].memory) cut(s->port[TC_PORT_UNITS].memory, l->f.n, &l->f.hits, &l->f.of_unit);
}

const tc_kind tc_kind_list = {
    .name = "fire", .span = row_span, .resolve = resolve, .run = by_row, .finish = finish, .again = again};

const tc_kind tc_kind_list_by_unit = {.name = "fire units", .span = unit_span, .resolve = resolve, .run = by_unit};
