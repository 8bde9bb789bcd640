/* feed.c: input data. tacet_feed notes where they are; the step copies as many rows as it was given directly into the
 * input's buffer, scales numbers, and checks class indices. */
#include "run/run.h"

#include "base/sized.h"
#include "plan/poison.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* NAME_ids copies n class indices, from the element `at` of `from` on, each from 0 to classes - 1 or ignored. Returns how
 * many come before the first bad one, which is stored in *bad. */
#define IDS(name, type)                                                                                                \
    static int64_t name##_ids(const void *from, int64_t at, int64_t n, const tc_feed *f, int32_t *to, int64_t *bad)    \
    {                                                                                                                  \
        const type *x = (const type *)from + at;                                                                       \
        const int64_t classes = f->classes ? f->classes : INT64_C(1) + INT32_MAX;                                      \
        const int64_t ignored = f->ignored.given ? f->ignored.index : 0;                                               \
        for (int64_t j = 0; j < n; j++) {                                                                              \
            *bad = (int64_t)x[j];                                                                                      \
            if ((*bad < 0 || *bad >= classes) && !(f->ignored.given && *bad == ignored)) return j;                     \
            to[j] = (int32_t)*bad;                                                                                     \
        }                                                                                                              \
        return n;                                                                                                      \
    }

IDS(u8, uint8_t)
IDS(i32, int32_t)
IDS(i64, int64_t)

/* By the type of the data; NULL: a type that cannot hold class indices. */
static int64_t (*const take_ids[])(const void *from, int64_t at, int64_t n, const tc_feed *f, int32_t *to,
                                   int64_t *bad) = {
    [TACET_F32] = NULL, [TACET_U8] = u8_ids, [TACET_I32] = i32_ids, [TACET_F64] = NULL, [TACET_I64] = i64_ids};

/* Without sides of 1, which do not change the order of the numbers. */
static tc_shape order_of(const tc_shape *shape)
{
    tc_shape s = {0};
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] > 1) s.dim[s.rank++] = shape->dim[i];
    return s;
}

/* Whether rows hold the numbers of an image in another order, as [3, 32, 32] for [32, 32, 3]. */
static bool other_order(const tc_shape *takes, const tc_shape *stored)
{
    if (takes->rank != 3 || !stored || stored->rank < 2) return false;
    const tc_shape a = order_of(takes), b = order_of(stored);
    return a.rank == b.rank && !tc_shape_equal(&a, &b);
}

tacet_status tc_run_feed(tacet_plan *p, tacet_value x, const tc_gather *data, const tc_shape *stored)
{
    const int v = (int)x.id - 1;
    if (v < 0 || v >= p->values || p->graph->value[v].op || p->graph->value[v].owner >= 0)
        return tc_fail(&p->error, TACET_FAILED, "the value is not an input of this plan");
    const tc_value *value = &p->graph->value[v];
    const int64_t n = tc_shape_count(&value->shape);
    if (!tc_type_name(data->type))
        return tc_fail(&p->error, TACET_FAILED, "%s is fed data of an unknown type %d", value->name, (int)data->type);
    if (!data->from && !data->row) return tc_fail(&p->error, TACET_FAILED, "%s is fed no data", value->name);
    if (data->n != n)
        return tc_fail(&p->error, TACET_FAILED, "%s takes rows of %lld element%s, but the data have %lld", value->name,
                       (long long)n, tc_plural(n), (long long)data->n);
    if (other_order(&value->shape, stored)) {
        char takes[TC_SHAPE_TEXT], has[TC_SHAPE_TEXT];
        tc_fail(&p->error, TACET_FAILED, "%s takes rows %s, but those of the data are %s", value->name,
                tc_shape_text(&value->shape, false, takes), tc_shape_text(stored, false, has));
        tc_fail_hint(&p->error, "layout=hwc or layout=chw says in which order the data hold images");
        return TACET_FAILED;
    }
    if (value->type == TACET_I32 && !take_ids[data->type])
        return tc_fail(&p->error, TACET_FAILED, "%s takes class indices, but was fed %s", value->name,
                       tc_type_name(data->type));
    tc_feed *f = &p->feed[v];
    if (data->scaling) {
        tacet_scaling taken; /* if the scaling is refused, the previous feed stays */
        if (tc_sized_take(&taken, sizeof taken, data->scaling, "tacet_scaling", &p->error)) return p->error.status;
        if (taken.count < 1 || n % taken.count != 0)
            return tc_fail(&p->error, TACET_FAILED, "%s: the scaling has %lld number%s, but rows have %lld elements",
                           value->name, (long long)taken.count, tc_plural(taken.count), (long long)n);
        f->scaling = taken;
    }
    f->fed = true;
    f->gather = *data;
    if (data->scaling) f->gather.scaling = &f->scaling;
    return TACET_OK;
}

tacet_status tacet_feed_rows(tacet_plan *p, tacet_value x, tacet_type type, const void *data, int64_t elements,
                             const int64_t *index, const tacet_scaling *scaling)
{
    const tc_gather rows = {.type = type, .from = data, .index = index, .scaling = scaling, .n = elements};
    return tc_run_feed(p, x, &rows, NULL);
}

tacet_status tacet_feed(tacet_plan *p, tacet_value x, tacet_type type, const void *data)
{
    const int v = (int)x.id - 1;
    return tacet_feed_rows(p, x, type, data, v >= 0 && v < p->values ? tc_shape_count(&p->graph->value[v].shape) : 0,
                           NULL, NULL);
}

/* Copies the class indices of the batch: all rows at once if they are contiguous. */
static tacet_status gather_ids(tacet_plan *p, int v, int32_t *to)
{
    const tc_feed *f = &p->feed[v];
    const tc_gather *g = &f->gather;
    const int64_t rows = g->row || g->index ? 1 : p->run.rows, n = rows * g->n;
    for (int64_t i = 0; i < p->run.rows; i += rows) {
        const int64_t first = g->index ? g->index[i] : i;
        int64_t bad, good = take_ids[g->type](g->row ? g->row[i] : g->from, g->row ? 0 : first * g->n, n, f,
                                              to + i * g->n, &bad);
        if (good == n) continue;
        char element[40] = "";
        if (g->n > 1) snprintf(element, sizeof element, ", element %lld", (long long)(good % g->n));
        return tc_fail(&p->error, TACET_FAILED, "%s: row %lld%s has the class index %lld; the classes are 0 to %lld",
                       tc_plan_name(p, v), (long long)(first + good / g->n), element, (long long)bad,
                       (long long)(f->classes ? f->classes - 1 : INT32_MAX));
    }
    return TACET_OK;
}

/* The weights of the samples of the batch: refuses those that are none. */
static tacet_status check_weights(tacet_plan *p, int v, const float *weight)
{
    const tc_gather *g = &p->feed[v].gather;
    for (int64_t i = 0; i < p->run.rows; i++)
        if (!(weight[i] >= 0 && isfinite(weight[i])))
            return tc_fail(&p->error, TACET_FAILED,
                           "%s: row %lld has the weight %g; a weight is a number of at least 0", tc_plan_name(p, v),
                           (long long)(g->index ? g->index[i] : i), (double)weight[i]);
    return TACET_OK;
}

typedef struct rows {
    const tacet_plan *p;
    tc_gather gather;
    tc_span span;
} rows;

static void gather_part(void *context, int64_t part, int lane)
{
    (void)lane;
    const rows *r = context;
    r->p->run.kernel->gather(&r->gather, part * r->span.grain, tc_part_end(r->span, part));
}

tacet_status tc_run_gather_input(tacet_plan *p, int list, int v)
{
    const tc_list *l = &p->list[list];
    const tc_value *value = &p->graph->value[v];
    tc_feed *f = &p->feed[v];
    f->held = f->fed || f->weights;
    if (!f->fed && f->optional && !f->weights && list == TC_EVAL) return TACET_OK;
    if (!f->fed && !f->weights)
        return tc_fail(&p->error, TACET_FAILED, "%s was not fed since the last call", value->name);
    tc_unpoison(p, l, l->value[v]);
    void *to = tc_buffer_memory(p, l, l->value[v]);
    for (int64_t i = 0; !f->fed && i < p->run.rows; i++) ((float *)to)[i] = 1;
    if (!f->fed) return TACET_OK;
    if (value->type == TACET_I32) return gather_ids(p, v, to);
    rows r = {p, f->gather, {p->run.rows, f->gather.n < TC_RANGE ? TC_RANGE / f->gather.n : 1}};
    r.gather.to = to;
    tc_run_for(p, r.span, p->run.rows * f->gather.n > 4 * TC_RANGE, gather_part, &r);
    return f->weights ? check_weights(p, v, to) : TACET_OK;
}

tacet_status tc_run_gather(tacet_plan *p, int list)
{
    tacet_status s = TACET_OK;
    for (tc_feed *f = p->first_feed; f && s == TACET_OK; f = f->next)
        if (p->list[list].needed[f - p->feed]) s = tc_run_gather_input(p, list, (int)(f - p->feed));
    return s;
}

void tc_run_unfeed(tacet_plan *p)
{
    for (tc_feed *f = p->first_feed; f; f = f->next) f->fed = false;
}

void tacet_unfeed(tacet_plan *p)
{
    tc_run_unfeed(p);
    tc_run_forget_given(p);
}
