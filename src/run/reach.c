/* reach.c: an update is known to be finite before it changes anything.
 *
 * An update changes parameters and moments in place, so it cannot be undone. But it does little in one step: from the
 * largest magnitude of any parameter and moment, the reach, and from the norm of the gradients, which the guard has,
 * the optimizer can nearly always tell that no result is beyond the range of a float32 (tc_optim.holds). The reach is
 * measured while the numbers are still in cache from their update. If the optimizer cannot tell, the update is tried
 * on copies first, which takes as long as the update itself.
 *
 * Proximal steps and constraints come after the update. They keep finite numbers finite, and none makes a number
 * larger, except unit_norm, and that not beyond 1. */
#include "run/run.h"

#include <string.h>

/* The largest magnitude of x[n], as the bits of a float. They have the order of the magnitudes, NaN last. */
TC_CLONES static int32_t largest(const float *x, int64_t n)
{
    int32_t top = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= INT32_MAX;
        top = bits > top ? bits : top;
    }
    return top;
}

static int32_t largest_of(const tacet_plan *p, const tc_update *u, int64_t begin, int64_t end)
{
    int32_t top = largest(u->p + begin, end - begin);
    for (int k = 0; k < p->block.moments; k++) {
        const int32_t m = largest(u->moment[k] + begin, end - begin);
        top = m > top ? m : top;
    }
    return top;
}

void tc_reach_update(tacet_plan *p, const tc_update *u, int64_t begin, int64_t end, atomic_int *top)
{
    p->update.optim->update(u, begin, end);
    const int here = largest_of(p, u, begin, end);
    int before = atomic_load_explicit(top, memory_order_relaxed);
    while (here > before &&
           !atomic_compare_exchange_weak_explicit(top, &before, here, memory_order_relaxed, memory_order_relaxed)) {}
}

void tc_reach_set(tacet_plan *p, int top)
{
    float reach;
    const int32_t bits = top;
    memcpy(&reach, &bits, sizeof reach);
    p->update.reach = reach < 1 ? 1 : (double)reach;
}

/* The i-th update: of a stretch or, after those, of a fused parameter. */
static const tc_update *update_at(const tacet_plan *p, int i, int64_t *offset, int64_t *n)
{
    const tc_fused *f = i < p->update.stretches ? NULL : &p->update.fused[i - p->update.stretches];
    const tc_stretch *s = &p->update.stretch[f ? 0 : i];
    *offset = f ? f->at->offset : s->offset;
    *n = f ? f->at->n : s->n;
    return f ? &f->update : &s->update;
}

static int updates_of(const tacet_plan *p) { return p->update.stretches + p->update.fuseds; }

static void measure(tacet_plan *p)
{
    int32_t top = 0;
    for (int i = 0; i < updates_of(p); i++) {
        int64_t offset, n;
        const tc_update *u = update_at(p, i, &offset, &n);
        const int32_t here = largest_of(p, u, 0, n);
        top = here > top ? here : top;
    }
    tc_reach_set(p, top);
}

/* Tries an update of n parameters on copies: the first whose number or moment would not be finite, or -1. */
static int64_t rehearse(const tacet_plan *p, const tc_update *u, int64_t n)
{
    enum { CHUNK = 512 };
    float copy[1 + TC_MAX_MOMENTS][CHUNK];
    for (int64_t from = 0; from < n; from += CHUNK) {
        const int64_t m = n - from < CHUNK ? n - from : CHUNK;
        const size_t bytes = (size_t)m * sizeof(float);
        tc_update trial = *u;
        trial.p = memcpy(copy[0], u->p + from, bytes);
        trial.g = u->g + from;
        for (int k = 0; k < p->block.moments; k++) trial.moment[k] = memcpy(copy[1 + k], u->moment[k] + from, bytes);
        p->update.optim->update(&trial, 0, m);
        for (int64_t i = 0; i < m; i++)
            for (int k = 0; k <= p->block.moments; k++)
                if (!isfinite(copy[k][i])) return from + i;
    }
    return -1;
}

int64_t tc_reach_check(tacet_plan *p)
{
    if (isnan(p->update.reach)) measure(p);
    for (int i = 0; i < updates_of(p); i++) {
        int64_t offset, n;
        const tc_update *u = update_at(p, i, &offset, &n);
        if (p->update.optim->holds(u, p->update.reach, p->update.gradient)) continue;
        if (i >= p->update.stretches) tc_fused_store(p, &p->update.fused[i - p->update.stretches]);
        const int64_t at = rehearse(p, u, n);
        if (at >= 0) return offset + at;
    }
    return -1;
}
