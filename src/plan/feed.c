/* feed.c: data on their way in. tacet_feed notes where they are; the step copies them, scaled, straight from the bytes
 * into the input's buffer, as many rows as it was given. */
#include "plan/plan.h"

#include <string.h>

void tc_plan_inputs(tacet_plan *p)
{
    const tacet_graph *g = p->graph;
    tc_feed **last = &p->first_feed;
    for (int v = 0; v < p->values; v++) {
        p->feed[v].optional = !g->value[v].op && g->value[v].owner < 0;
        if (!p->feed[v].optional) continue;
        *last = &p->feed[v];
        last = &p->feed[v].next;
    }
    for (int v = 0; v < p->values; v++)
        for (int k = 0; k < g->value[v].inputs; k++) p->feed[g->value[v].input[k]].optional = false;
    for (int i = 0; i < p->terms; i++) {
        const tc_term *t = &g->term[i];
        const bool loss = t->op->role == &tc_loss;
        for (int k = 0; k < t->inputs - loss; k++) p->feed[t->input[k]].optional = false;
        if (!(t->op->flags & TC_LABELS)) continue;
        tc_feed *f = &p->feed[t->input[t->inputs - 1]];
        const tc_shape *y = &g->value[t->input[0]].shape;
        const int64_t classes = y->dim[y->rank - 1];
        if (f->classes == 0 || classes < f->classes) f->classes = classes;
    }
}

static const char *const type_name[] = {[TACET_F32] = "float32",
                                        [TACET_U8] = "uint8",
                                        [TACET_I32] = "int32",
                                        [TACET_F64] = "float64",
                                        [TACET_I64] = "int64"};

tacet_status tacet_feed_rows(tacet_plan *p, tacet_value x, tacet_type type, const void *data, int64_t elements,
                             const int64_t *index, const tacet_scaling *scaling)
{
    const int v = (int)x.id - 1;
    if (v < 0 || v >= p->values || p->graph->value[v].op || p->graph->value[v].owner >= 0)
        return tc_fail(&p->error, TACET_FAILED, "what is fed is not an input of this plan");
    const tc_value *value = &p->graph->value[v];
    const int64_t n = tc_shape_count(&value->shape);
    if ((unsigned)type >= sizeof type_name / sizeof *type_name)
        return tc_fail(&p->error, TACET_FAILED, "%s is fed data of an unknown type %d", value->name, (int)type);
    if (!data) return tc_fail(&p->error, TACET_FAILED, "%s is fed no data", value->name);
    if (elements != n)
        return tc_fail(&p->error, TACET_FAILED, "%s takes rows of %lld elements, and the data have %lld", value->name,
                       (long long)n, (long long)elements);
    if (value->labels && (type == TACET_F32 || type == TACET_F64))
        return tc_fail(&p->error, TACET_FAILED, "%s takes class numbers, and was fed %s", value->name, type_name[type]);
    if (scaling && scaling->count != 1 && scaling->count != n)
        return tc_fail(&p->error, TACET_FAILED, "%s: a scaling of %lld numbers for rows of %lld", value->name,
                       (long long)scaling->count, (long long)n);
    p->feed[v].fed = true;
    p->feed[v].gather = (tc_gather){.type = type, .from = data, .index = index, .scaling = scaling, .n = n};
    return TACET_OK;
}

tacet_status tacet_feed(tacet_plan *p, tacet_value x, tacet_type type, const void *data)
{
    const int v = (int)x.id - 1;
    return tacet_feed_rows(p, x, type, data, v >= 0 && v < p->values ? tc_shape_count(&p->graph->value[v].shape) : 0,
                           NULL, NULL);
}

/* Class numbers into int32, each checked against the classes that there are. */
static tacet_status gather_labels(tacet_plan *p, int v, int32_t *to)
{
    const tc_feed *f = &p->feed[v];
    for (int64_t i = 0; i < p->run.rows; i++) {
        const int64_t at = f->gather.index ? f->gather.index[i] : i;
        int64_t label = 0;
        if (f->gather.type == TACET_U8) label = ((const uint8_t *)f->gather.from)[at];
        if (f->gather.type == TACET_I32) label = ((const int32_t *)f->gather.from)[at];
        if (f->gather.type == TACET_I64) label = ((const int64_t *)f->gather.from)[at];
        if (label < 0 || label > INT32_MAX || (f->classes && label >= f->classes))
            return tc_fail(&p->error, TACET_FAILED,
                           "%s: the label %lld in row %lld; there are %lld classes, counted from 0", tc_plan_name(p, v),
                           (long long)label, (long long)at, (long long)f->classes);
        to[i] = (int32_t)label;
    }
    return TACET_OK;
}

typedef struct rows {
    const tacet_plan *p;
    tc_gather gather;
    tc_span span;
} rows;

static void gather_part(void *context, int64_t part)
{
    const rows *r = context;
    const int64_t begin = part * r->span.grain, end = begin + r->span.grain;
    r->p->run.kernel->gather(&r->gather, begin, end < r->span.pieces ? end : r->span.pieces);
}

tacet_status tc_plan_gather(tacet_plan *p, int list)
{
    const tc_list *l = &p->list[list];
    for (tc_feed *f = p->first_feed; f; f = f->next) {
        const int v = (int)(f - p->feed);
        const tc_value *value = &p->graph->value[v];
        if (!l->needed[v]) continue;
        f->held = f->fed;
        if (!f->fed && f->optional && list == TC_EVAL) continue;
        if (!f->fed)
            return tc_fail(&p->error, TACET_FAILED, "%s was not fed (tacet_feed) since the last call", value->name);
        const tc_buffer *b = &l->buffer[l->value[v]];
        rows r = {p, f->gather, {p->run.rows, f->gather.n < TC_RANGE ? TC_RANGE / f->gather.n : 1}};
        r.gather.to = (float *)(void *)(p->arena + b->offset);
        if (!value->labels)
            tc_plan_for(p, r.span, p->run.rows * f->gather.n > 4 * TC_RANGE, gather_part, &r);
        else if (gather_labels(p, v, (int32_t *)(void *)r.gather.to) != TACET_OK)
            return p->error.status;
    }
    return TACET_OK;
}

void tc_plan_unfeed(tacet_plan *p)
{
    for (tc_feed *f = p->first_feed; f; f = f->next) f->fed = false;
}
