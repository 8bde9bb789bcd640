/* place.c: where each buffer of a list is in the arena. Two buffers may share bytes when no band touches both:
 * time is counted in bands, not steps, since one range of a band runs through all its steps before the next range
 * begins.
 *
 *     bands ->     0   1   2   3   4
 *     x            ##################      pinned: kept to the end
 *     linear1          ########
 *     relu1            ........            in place: takes over linear1's memory
 *     d relu1                  ####        may reuse the memory of linear1 */
#include "plan/plan.h"

#include <assert.h>
#include <stdlib.h>

/* The buffer whose memory b uses. */
static int root_of(const tc_list *l, int b)
{
    while (l->buffer[b].alias >= 0) b = l->buffer[b].alias;
    return b;
}

/* Makes `to`, first written by step i, take over the memory of `from`, last read by it. */
static void take_over(tc_list *l, int i, int from, int to)
{
    if (from < 0 || to < 0) return;
    from = root_of(l, from);
    tc_buffer *f = &l->buffer[from], *t = &l->buffer[to];
    if (f->fixed || t->fixed || f->pinned || f->stays || f->before || f->last != i || t->first != i || t->alias >= 0 ||
        f->bytes != t->bytes)
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
        const tc_work *w = tc_work_of(s);
        if (!w || !(w->call.op->flags & TC_IN_PLACE)) continue;
        if (s->backward)
            take_over(l, i, s->port[TC_PORT_G].buffer, tc_port_d(s, 0)->buffer);
        else
            take_over(l, i, tc_port_x(s, 0)->buffer, s->port[TC_PORT_Y].buffer);
    }
}

/* The bands during which a buffer is live. */
typedef struct life {
    int from, to;
    int64_t bytes, offset;
    int buffer;
} life;

static bool meet(const life *a, const life *b) { return a->from <= b->to && b->from <= a->to; }

/* The largest first; among equal ones, the one that was described first. */
static int by_size(const void *a, const void *b)
{
    const life *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return x->buffer - y->buffer;
}

/* Lists the lifetimes of the buffers that need their own place; returns their number. */
static int lives(const tc_list *l, const int *band, life *to)
{
    int n = 0;
    for (int b = 0; b < l->buffers; b++) {
        const tc_buffer *f = &l->buffer[b];
        if (f->fixed || f->alias >= 0 || (!f->before && !tc_buffer_touched(f))) continue;
        const bool touched = tc_buffer_touched(f), ends = touched && !f->pinned && !f->stays;
        to[n++] = (life){.from = f->before || !touched ? -1 : band[f->first],
                         .to = ends ? band[f->last] : l->steps,
                         .bytes = (f->bytes + TC_ALIGN - 1) / TC_ALIGN * TC_ALIGN,
                         .buffer = b};
    }
    qsort(to, (size_t)n, sizeof *to, by_size);
    return n;
}

/* Gives `new` the lowest offset at which it overlaps nothing that is live at the same time among placed[n], which is
 * kept in the order of offsets. */
static void place_one(life *placed, int n, life new)
{
    for (int k = 0; k < n; k++) {
        if (!meet(&new, &placed[k])) continue;
        if (new.offset + new.bytes <= placed[k].offset) break;
        const int64_t end = placed[k].offset + placed[k].bytes;
        if (end > new.offset) new.offset = end;
    }
    int at = n;
    for (; at > 0 && placed[at - 1].offset > new.offset; at--) placed[at] = placed[at - 1];
    placed[at] = new;
}

/* Buffers that are live at the same time must not share a byte. */
static void check_apart(const life *placed, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = i + 1; k < n && placed[k].offset < placed[i].offset + placed[i].bytes; k++)
            assert(!meet(&placed[i], &placed[k]));
    (void)placed, (void)n;
}

/* What a step reads must have been written before, and not been overwritten. */
static void check_reads(const tc_list *l)
{
    for (int i = 0; i < l->steps; i++)
        for (int k = 0; k < l->step[i].ports; k++) {
            const tc_port *port = &l->step[i].port[k];
            if (port->buffer < 0 || port->write) continue;
            const tc_buffer *b = &l->buffer[port->buffer];
            assert(b->fixed || b->before || b->first < i || (b->first == i && port->value < 0));
            assert(b->last >= i);
            (void)b;
        }
}

tacet_status tc_plan_place(tacet_plan *p, int list)
{
    tc_list *l = &p->list[list];
    int *band = tc_plan_alloc(p, (size_t)l->steps + 1, sizeof *band);
    life *all = tc_plan_alloc(p, 2 * (size_t)l->buffers + 2, sizeof *all);
    if (!band || !all) return tc_fail_memory(&p->error);
    life *placed = all + l->buffers + 1;
    for (int i = 1; i < l->steps; i++) band[i] = band[i - 1] + !l->step[i - 1].band;
    check_reads(l);
    share_in_place(l);
    const int n = lives(l, band, all);
    for (int i = 0; i < n; i++) place_one(placed, i, all[i]);
    for (int i = 0; i < n; i++) {
        l->buffer[placed[i].buffer].offset = placed[i].offset;
        if (placed[i].offset + placed[i].bytes > l->arena) l->arena = placed[i].offset + placed[i].bytes;
    }
    check_apart(placed, n);
    return TACET_OK;
}

/* ---- Pointers ---- */

void *tc_buffer_memory(const tacet_plan *p, const tc_list *l, int b)
{
    if (b < 0) return NULL;
    const tc_buffer *f = &l->buffer[root_of(l, b)];
    return f->fixed ? (void *)f->fixed : p->arena.memory + f->offset;
}

/* Weights of the denominator follow the sums. */
static int64_t partials_of(const tc_step *s)
{
    const tc_work *w = tc_work_of(s);
    const tc_span span = s->kind->span(s);
    const int64_t parts = s->sums ? tc_ranges(span) : 0;
    return w && tc_has_weights(&w->call) ? 2 * parts : parts;
}

int64_t tc_plan_partials(const tc_list *l)
{
    int64_t n = 0;
    for (int i = 0; i < l->steps; i++) n += partials_of(&l->step[i]);
    return n;
}

static double bytes_of(const tc_list *l, const tc_port *port)
{
    return port->buffer < 0 || port->value < 0 ? 0 : (double)l->buffer[port->buffer].bytes;
}

void tc_plan_resolve(tacet_plan *p, int list)
{
    enum { WORTH_WAKING = 1 << 18 }; /* bytes and flops together: some tens of microseconds */
    tc_list *l = &p->list[list];
    double *partial = p->arena.partial;
    for (int i = 0; i < l->steps; i++) {
        tc_step *s = &l->step[i];
        for (int k = 0; k < s->ports; k++) {
            s->port[k].memory = tc_buffer_memory(p, l, s->port[k].buffer);
            s->bytes += bytes_of(l, &s->port[k]);
        }
        s->shared = s->bytes + s->flops > WORTH_WAKING;
        s->partial = partial;
        s->weights = partial + partials_of(s) / 2;
        s->work.lanes = p->arena.scratch;
        if (s->kind->resolve) s->kind->resolve(s);
        partial += partials_of(s);
    }
}
