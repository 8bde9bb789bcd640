/* place.c: where every buffer of a list lies in the arena. Two buffers may share bytes when no band touches both:
 * bands, not steps, are the clock, since a band's tiles run through all of its steps before the next tile begins.
 *
 *     bands ->     0   1   2   3   4
 *     x            ##################      pinned: lives to the end
 *     linear1          ########
 *     relu1            ........            in place: takes linear1's memory over
 *     d relu1                  ####        may lie where linear1 lay */
#include "plan/plan.h"

/* The buffer whose memory b is in. */
static int root_of(const tc_list *l, int b)
{
    while (l->buffer[b].alias >= 0) b = l->buffer[b].alias;
    return b;
}

/* Lets `to`, first written by step i, take over `from`, last read by it. */
static void take_over(tc_list *l, int i, int from, int to)
{
    if (from < 0 || to < 0) return;
    from = root_of(l, from);
    tc_buffer *f = &l->buffer[from], *t = &l->buffer[to];
    if (f->fixed || t->fixed || f->pinned || f->stays || f->first < 0 || f->last != i || t->first != i ||
        t->alias >= 0 || f->bytes != t->bytes)
        return;
    t->alias = from;
    f->last = t->last;
    f->pinned = t->pinned;
    f->stays = t->stays;
    f->taken = true;
}

static void share_in_place(tc_list *l)
{
    for (int i = 0; i < l->steps; i++) {
        const tc_step *s = &l->step[i];
        if (!(s->call.op->flags & TC_IN_PLACE)) continue;
        if (s->backward)
            take_over(l, i, s->gb, s->db[0]);
        else
            take_over(l, i, s->xb[0], s->yb);
    }
}

/* Bands that a buffer lives through. */
typedef struct life {
    int from, to;
    int64_t bytes;
    int buffer;
} life;

static bool meet(const life *a, const life *b) { return a->from <= b->to && b->from <= a->to; }

/* Lives of the buffers that need a place of their own, the largest first; the number of them. */
static int lives(const tc_list *l, const int *band, life *to)
{
    int n = 0;
    for (int b = 0; b < l->buffers; b++) {
        const tc_buffer *f = &l->buffer[b];
        if (f->fixed || f->alias >= 0 || f->first == -2) continue;
        life new = {f->first < 0 ? -1 : band[f->first], f->pinned || f->stays || f->last < 0 ? l->steps : band[f->last],
                    (f->bytes + TC_ALIGN - 1) / TC_ALIGN * TC_ALIGN, b};
        int i = n++;
        for (; i > 0 && to[i - 1].bytes < new.bytes; i--) to[i] = to[i - 1];
        to[i] = new;
    }
    return n;
}

/* The lowest offset at which nothing that lives at the same time lies. */
static int64_t lowest(const tc_list *l, const life *all, int i)
{
    int64_t at = 0;
    for (int k = 0; k < i; k++) {
        const int64_t other = l->buffer[all[k].buffer].offset;
        if (!meet(&all[i], &all[k]) || at + all[i].bytes <= other || other + all[k].bytes <= at) continue;
        at = other + all[k].bytes;
        k = -1;
    }
    return at;
}

tacet_status tc_plan_place(tacet_plan *p, int list)
{
    tc_list *l = &p->list[list];
    int *band = tc_plan_alloc(p, (size_t)l->steps + 1, sizeof *band);
    life *all = tc_plan_alloc(p, (size_t)l->buffers + 1, sizeof *all);
    if (!band || !all) return tc_fail_memory(&p->error);
    for (int i = 1; i < l->steps; i++) band[i] = band[i - 1] + !l->step[i - 1].band;
    share_in_place(l);
    const int n = lives(l, band, all);
    for (int i = 0; i < n; i++) {
        tc_buffer *b = &l->buffer[all[i].buffer];
        b->offset = lowest(l, all, i);
        if (b->offset + all[i].bytes > l->arena) l->arena = b->offset + all[i].bytes;
    }
    /* Partial sums: every term its own, since several may run in one band. */
    int64_t partials = 0;
    for (int i = 0; i < l->steps; i++) {
        if (!l->step[i].finish) continue;
        const tc_span s = tc_span_of(&l->step[i].call, false);
        partials += (s.pieces + s.grain - 1) / s.grain;
    }
    if (partials > p->partials) p->partials = partials;
    return TACET_OK;
}

float *tc_buffer_memory(const tacet_plan *p, const tc_list *l, int b)
{
    if (b < 0 || l->buffer[b].ids) return NULL;
    const tc_buffer *f = &l->buffer[root_of(l, b)];
    return f->fixed ? f->fixed : (float *)(void *)(p->arena + f->offset);
}

int32_t *tc_buffer_ids(const tacet_plan *p, const tc_list *l, int b)
{
    return b < 0 || !l->buffer[b].ids ? NULL : (int32_t *)(void *)(p->arena + l->buffer[b].offset);
}

static double bytes_of(const tc_list *l, int b) { return b < 0 ? 0 : (double)l->buffer[b].bytes; }

void tc_plan_resolve(tacet_plan *p, int list)
{
    enum { WORTH_WAKING = 1 << 18 }; /* bytes and flops together: some tens of microseconds */
    tc_list *l = &p->list[list];
    int64_t partials = 0;
    for (tc_silence *s = l->silence; s; s = s->next)
        tc_silence_resolve(s, tc_buffer_memory(p, l, s->by_row), tc_buffer_memory(p, l, s->by_unit));
    for (int i = 0; i < l->steps; i++) {
        tc_step *s = &l->step[i];
        tc_view *x = (tc_view *)(uintptr_t)s->call.x;
        float **d = (float **)(uintptr_t)s->call.d;
        for (int k = 0; k < s->slots; k++) {
            x[k].data = tc_buffer_memory(p, l, s->xb[k]);
            x[k].ids = tc_buffer_ids(p, l, s->xb[k]);
            d[k] = tc_buffer_memory(p, l, s->db[k]);
            s->bytes += bytes_of(l, s->xb[k]) + bytes_of(l, s->db[k]);
        }
        s->call.y.data = tc_buffer_memory(p, l, s->yb);
        s->call.g = tc_buffer_memory(p, l, s->gb);
        if (!s->call.save) s->call.save = tc_buffer_memory(p, l, s->sb);
        s->bytes += bytes_of(l, s->yb) + bytes_of(l, s->gb);
        s->shared = s->bytes + s->flops > WORTH_WAKING;
        if (!s->finish) continue;
        const tc_span span = tc_span_of(&s->call, false);
        s->call.partial = p->partial + partials;
        partials += (span.pieces + span.grain - 1) / span.grain;
    }
}
