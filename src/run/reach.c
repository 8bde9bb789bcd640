/* reach.c: an update is known to be finite before it changes anything.
 *
 * An update changes parameters and moments in place, so it cannot be undone. But it does little in one step: from the
 * largest magnitudes of parameters and moments, the reach, and the norm of the gradients, which the guard has, the
 * optimizer gives the largest that the update may leave (tc_optim.bound). That is the reach of the next step, so the
 * numbers themselves are measured only at first, and again when the bound has grown out of the range of a float32:
 * never in most runs, but every few steps with the weight_decay of adam, whose bound multiplies. If the bound from
 * measured numbers is out of range too, the update is tried on copies first, which takes as long as the update itself.
 *
 * Proximal steps and constraints come after the update. Those of the library keep finite numbers finite, and none makes a
 * number larger, except unit_norm, and that not beyond 1. After those of a caller (TC_GROWS) the numbers are measured. */
#include "run/run.h"

#include <float.h>
#include <string.h>

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

/* The largest magnitude of x[n], a NaN being the largest. Bits of floats have the order of the magnitudes. */
TC_CLONES static double largest(const float *x, int64_t n)
{
    int32_t top = 0;
    float most;
    for (int64_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= INT32_MAX;
        top = bits > top ? bits : top;
    }
    memcpy(&most, &top, sizeof most);
    return most <= FLT_MAX ? (double)most : INFINITY;
}

static tc_reach measured(const tacet_plan *p)
{
    tc_reach now = {{0}};
    for (int i = 0; i < updates_of(p); i++) {
        int64_t offset, n;
        const tc_update *u = update_at(p, i, &offset, &n);
        now.most[0] = fmax(now.most[0], largest(u->p, n));
        for (int k = 0; k < p->block.moments; k++) now.most[1 + k] = fmax(now.most[1 + k], largest(u->moment[k], n));
    }
    return now;
}

/* What update u may leave. */
static tc_reach after(const tacet_plan *p, const tc_update *u, tc_reach now)
{
    const double rounding = 1 + 1e-6;
    p->update.optim->bound(u, p->update.gradient, now.most);
    for (int k = 0; k <= p->block.moments; k++)
        now.most[k] = now.most[k] < INFINITY ? rounding * now.most[k] : INFINITY;
    return now;
}

static bool in_range(const tacet_plan *p, const tc_reach *r)
{
    bool fits = true;
    for (int k = 0; k <= p->block.moments; k++) fits = fits && r->most[k] < TC_REACH_MOST;
    return fits;
}

/* The reach of the next step from that of this one, of all updates together. */
static tc_reach after_all(const tacet_plan *p, tc_reach now)
{
    tc_reach next = {{1}}; /* after unit_norm */
    int64_t offset, n;
    for (int i = 0; i < updates_of(p); i++) {
        const tc_reach r = after(p, update_at(p, i, &offset, &n), now);
        for (int k = 0; k <= p->block.moments; k++) next.most[k] = fmax(next.most[k], r.most[k]);
    }
    return next;
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
    if (isnan(p->update.reach.most[0])) p->update.reach = measured(p);
    p->update.next_reach = after_all(p, p->update.reach);
    if (in_range(p, &p->update.next_reach)) return -1;
    p->update.reach = measured(p);
    p->update.next_reach = after_all(p, p->update.reach);
    if (in_range(p, &p->update.next_reach)) return -1;
    for (int i = 0; i < updates_of(p); i++) {
        int64_t offset, n;
        const tc_update *u = update_at(p, i, &offset, &n);
        const tc_reach r = after(p, u, p->update.reach);
        if (in_range(p, &r)) continue;
        if (i >= p->update.stretches) tc_fused_store(p, &p->update.fused[i - p->update.stretches]);
        const int64_t at = rehearse(p, u, n);
        if (at >= 0) return offset + at;
    }
    p->update.next_reach = TC_REACH_UNKNOWN;
    return -1;
}
