/* explain.c: the compiled steps as a table for people: what runs, on which shapes, at what cost, in which memory. */
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

static const char *const list_name[] = {[TC_TRAIN] = "training step", [TC_EVAL] = "evaluation"};

/* 1234567 as "1.2M". */
static const char *short_number(double x, char buffer[24])
{
    static const char *const prefix[] = {"", "k", "M", "G", "T"};
    size_t u = 0;
    for (; x >= 1000 && u + 1 < sizeof prefix / sizeof *prefix; u++) x /= 1000;
    tc_snprintf(buffer, 24, x >= 100 || u == 0 ? "%.0f%s" : "%.1f%s", x, prefix[u]);
    return buffer;
}

static void add_where(const tc_list *l, int b, tc_text *t)
{
    if (b < 0) return;
    const bool alias = l->buffer[b].alias >= 0;
    while (l->buffer[b].alias >= 0) b = l->buffer[b].alias;
    if (l->buffer[b].fixed)
        tc_text_add(t, "block");
    else
        tc_text_add(t, "%lld%s", (long long)l->buffer[b].offset, alias ? " in place" : "");
}

/* The first value or gradient that a step writes: its line shows where that is stored. */
static int written(const tc_step *s)
{
    for (int k = 0; k < s->ports; k++)
        if (s->port[k].write && s->port[k].value >= 0) return s->port[k].buffer;
    return -1;
}

static void add_step(const tacet_plan *p, const tc_list *l, const tc_step *s, bool joined, tc_text *t)
{
    char shape[TC_SHAPE_TEXT], flops[24], bytes[24], name[160], phase[24] = "";
    const char *of = s->term >= 0 ? p->graph->term[s->term].name : tc_plan_name(p, s->value);
    const char *what = s->kind->name ? s->kind->name : s->backward ? "backward" : "forward";
    const char *mark = joined ? "|" : s->band ? "/" : " ";
    const tc_work *w = tc_work_of(s);
    if (w && tc_phases(w->call.op, s->backward) > 1) snprintf(phase, sizeof phase, ", phase %d", w->call.phase + 1);
    snprintf(name, sizeof name, "%.100s %s%s", of, what, phase);
    tc_text_add(t, "%s %-34s %-20s %8s %8s  ", mark, name, tc_shape_text(&s->view.shape, s->view.batch, shape),
                short_number(s->flops, flops), short_number(s->bytes, bytes));
    add_where(l, written(s), t);
    tc_text_add(t, "\n");
}

static void add_list(const tacet_plan *p, int list, tc_text *t)
{
    const tc_list *l = &p->list[list];
    double flops = 0;
    tc_text_add(t, "%s, batch %lld: %d step%s\n  %-34s %-20s %8s %8s  %s\n", list_name[list], (long long)p->set.batch,
                l->steps, tc_plural(l->steps), "step", "shape", "flops", "bytes", "at (byte of the arena)");
    for (int i = 0; i < l->steps; i++) {
        flops += l->step[i].flops;
        add_step(p, l, &l->step[i], i > 0 && l->step[i - 1].band, t);
    }
    char text[24];
    tc_text_add(t, "  together %s flops; arena %lld byte%s\n", short_number(flops, text), (long long)l->arena,
                tc_plural(l->arena));
}

static void add_update(const tacet_plan *p, tc_text *t)
{
    tc_text_add(t, "update, %s\n", p->update.spec.source);
    if (p->set.accumulate > 1)
        tc_text_add(t, "  of the gradients of up to %lld batches, added up\n", (long long)p->set.accumulate);
    for (int i = 0; i < p->update.stretches; i++) {
        const tc_stretch *s = &p->update.stretch[i];
        char lr[TC_NUMBER_MAX];
        tc_text_add(t, "  %lld float%s from %lld, lr %s\n", (long long)s->n, tc_plural(s->n), (long long)s->offset,
                    tc_number_text(tc_plan_rate(p, s->group), lr));
    }
    for (int i = 0; i < p->update.fuseds; i++)
        tc_text_add(t, "  %s with its gradient, which is not stored: %lld tile%s\n",
                    tc_plan_name(p, p->update.fused[i].at->value), (long long)p->update.fused[i].tiles,
                    tc_plural(p->update.fused[i].tiles));
    for (int i = 0; i < p->update.proxes; i++) {
        const tc_term *term = &p->graph->term[p->update.prox[i].term];
        const bool constraint = term->op->role == &tc_constraint;
        const char *acts = p->update.prox[i].d ? "constraint, also on the gradient before the update" : "constraint";
        tc_text_add(t, "  %s %s%s%s\n", term->name, constraint ? acts : "proximal step",
                    !constraint && p->update.optim->prox_note[0] ? ": " : "",
                    constraint ? "" : p->update.optim->prox_note);
    }
    for (int i = 0; i < p->block.places; i++)
        if (!p->block.place[i].trains)
            tc_text_add(t, "  %s keeps its values: %s\n", tc_plan_name(p, p->block.place[i].value),
                        p->update.group[p->block.place[i].group].frozen ? "frozen" : "no term depends on it");
    if (p->set.ema > 0) {
        char ema[TC_NUMBER_MAX];
        tc_text_add(t, "  averages of the weights follow them, ema %s\n", tc_number_text(p->set.ema, ema));
    }
}

/* Layers and terms whose results for a sample depend on the other samples of its batch. */
static void add_mixing(const tacet_plan *p, tc_text *t)
{
    for (int i = 0; i < tc_plan_nodes(p); i++) {
        const tc_node n = tc_plan_node(p, i);
        if (n.op && (n.op->flags & TC_MIXES))
            tc_text_add(t, "%s mixes samples: in training, its result for one sample depends on the whole batch\n",
                        n.name);
    }
}

/* What operators say about their attributes: formulas, and what became of them. */
static void add_told(const tacet_plan *p, tc_text *t)
{
    for (int i = 0; i < tc_plan_nodes(p); i++) {
        const tc_node n = tc_plan_node(p, i);
        if (!n.op || !n.op->tell) continue;
        tc_text_add(t, "%s\n", n.name);
        n.op->tell(n.arg, t);
    }
}

/* How the dead units of layers come back. */
static void add_revivals(const tacet_plan *p, tc_text *t)
{
    for (int v = 0; v < p->values; v++) {
        const int64_t after = p->count[TC_TRAIN][v].after;
        if (after == 0) continue;
        tc_text_add(t, "a unit of %s is dead after %lld step%s without firing, and comes back:", tc_plan_name(p, v),
                    (long long)after, tc_plural(after));
        const tc_resample *r = tc_revive_of(p, v);
        if (!r) tc_text_add(t, " it predicts the error of the reconstruction");
        if (r)
            tc_text_add(t, " %s is set from rows of %s", tc_plan_name(p, r->weight->value), tc_plan_name(p, r->from));
        for (int i = 0; r && i < r->outlets; i++)
            if (r->outlet[i].at != r->weight)
                tc_text_add(t, ", %s %s", tc_plan_name(p, r->outlet[i].at->value),
                            r->outlet[i].decodes ? "likewise" : "to 0");
        tc_text_add(t, "\n");
    }
}

/* Which lists exist, the density at which their readers switch to dense products, and how often they were used. */
static void add_lists(const tacet_plan *p, tc_text *t)
{
    static const char *const way[] = {[TC_Y_BY_X] = "forward",
                                      [TC_DX_BY_X] = "dL/dx",
                                      [TC_DW_BY_X] = "dL/dW",
                                      [TC_DW_BY_G] = "dL/dW by g",
                                      [TC_DX_BY_G] = "dL/dx by g"};
    const tc_list *l = &p->list[p->update.optim ? TC_TRAIN : TC_EVAL];
    if (l->silence) tc_text_add(t, "firing lists, each used below the given density\n");
    for (int i = 0; i < l->steps; i++) {
        const tc_step *s = &l->step[i];
        const tc_work *w = tc_work_of(s);
        if (!w || !w->call.op->silent) continue;
        const tc_lists *lists = &w->call.lists;
        for (int k = 0; k < TC_WAYS; k++) {
            const bool by_g = k == TC_DW_BY_G || k == TC_DX_BY_G;
            const tc_silence *of = by_g ? w->g_list : w->x_list;
            if (!of || s->backward == (k == TC_Y_BY_X) || lists->break_even[k] == 0) continue;
            const bool of_x = k == TC_DX_BY_X || k == TC_DX_BY_G;
            if (s->backward && !w->d[of_x ? 0 : w->call.inputs]) continue; /* not wanted, or not in this phase */
            if (k == TC_DX_BY_X && !lists->blocked) continue;
            tc_text_add(t, "  %-34s %-20s %.2f\n", tc_plan_name(p, s->value), way[k], lists->break_even[k]);
        }
    }
    for (int v = 0; v < p->values; v++) {
        const tc_list_steps *u = &p->table.list_steps[v];
        if (u->steps)
            tc_text_add(t, "  %-34s used in %.0f%% of steps forward, %.0f%% backward\n", tc_plan_name(p, v),
                        100 * (double)u->forward / (double)u->steps, 100 * (double)u->backward / (double)u->steps);
    }
}

size_t tacet_explain(const tacet_plan *p, char *text, size_t capacity)
{
    tc_text t = tc_text_into(text, capacity);
    for (int i = p->update.optim ? TC_TRAIN : TC_EVAL; i < TC_LISTS; i++) {
        add_list(p, i, &t);
        if (i == TC_TRAIN) add_update(p, &t);
    }
    add_lists(p, &t);
    add_mixing(p, &t);
    add_told(p, &t);
    add_revivals(p, &t);
    char size[24];
    tc_text_add(&t, "memory: parameters %s", short_number((double)p->block.floats * 4, size));
    if (p->update.optim)
        tc_text_add(&t, ", gradients %s, optimizer state %s", short_number((double)p->block.part * 4, size),
                    short_number((double)p->block.part * 4 * p->block.moments, (char[24]){0}));
    tc_text_add(&t, ", arena %s bytes\n", short_number((double)p->arena.bytes, (char[24]){0}));
    return t.length;
}
