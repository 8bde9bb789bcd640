/* make_list.c: steps that make a firing list. Lists by row are made in the loop over ranges that made the value or
 * gradient, while it is in cache; lists by unit are made from the lists by row. */
#include "step/step.h"

TC_CLONES static int64_t count_fired(const float *x, int64_t n)
{
    int64_t fired = 0;
    for (int64_t i = 0; i < n; i++) fired += x[i] != 0.0f;
    return fired;
}

/* ---- By row ---- */

static const tc_run *run_of(const tc_step *s) { return ((const tc_silence *)s->context)->run; }

static tc_span row_span(const tc_step *s)
{
    const int64_t n = s->view.n, elements = n * (s->view.batch ? run_of(s)->rows : 1);
    return (tc_span){elements, !s->view.batch ? TC_RANGE : n < TC_RANGE ? TC_RANGE / n * n : n};
}

/* A range is whole rows. */
static void by_row(const tc_step *s, int64_t begin, int64_t end, int lane)
{
    (void)lane;
    tc_silence *l = s->context;
    const float *x = s->port[TC_PORT_FROM].memory;
    double *fired = tc_step_partial(s, begin);
    *fired = 0;
    if (!l->rows) return;
    *fired = (double)(l->read ? run_of(s)->kernel->fire(x, begin / l->f.n, end / l->f.n, &l->f)
                              : count_fired(x + begin, end - begin));
}

static void finish(tc_step *s, double sum)
{
    tc_silence *l = s->context;
    l->f.rows = l->each * run_of(s)->rows;
    l->f.fired = (int64_t)sum;
    l->forward = false;
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

const tc_kind tc_kind_list = {.name = "fire", .span = row_span, .resolve = resolve, .run = by_row, .finish = finish};

const tc_kind tc_kind_list_by_unit = {.name = "fire units", .span = unit_span, .resolve = resolve, .run = by_unit};
