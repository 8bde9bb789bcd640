/* explain.c: the compiled steps as a table for a person: what runs, on which shapes, at which cost, in which memory. */
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

static const char *const list_name[] = {[TC_TRAIN] = "training step", [TC_EVAL] = "evaluation"};

/* 1234567 as "1.23 M". */
static const char *short_number(double x, char buffer[24])
{
    static const char prefix[] = " kMGT";
    size_t u = 0;
    for (; x >= 1000 && u + 2 < sizeof prefix; u++) x /= 1000;
    tc_snprintf(buffer, 24, x >= 100 || u == 0 ? "%.0f%c" : "%.1f%c", x, u ? prefix[u] : ' ');
    return buffer;
}

static void add_where(const tacet_plan *p, const tc_list *l, int b, tc_text *t)
{
    if (b < 0) return;
    const bool alias = l->buffer[b].alias >= 0;
    while (l->buffer[b].alias >= 0) b = l->buffer[b].alias;
    (void)p;
    if (l->buffer[b].fixed)
        tc_text_add(t, "block");
    else
        tc_text_add(t, "%lld%s", (long long)l->buffer[b].offset, alias ? " in place" : "");
}

static void add_step(const tacet_plan *p, const tc_list *l, const tc_step *s, bool joined, tc_text *t)
{
    char shape[TC_SHAPE_TEXT], flops[24], bytes[24], name[160];
    const tc_view *v = s->call.y.n ? &s->call.y : &s->call.x[0];
    const char *what = s->term >= 0 ? p->graph->term[s->term].name : tc_plan_name(p, s->value);
    const bool own = s->term >= 0 || s->call.op == p->graph->value[s->value].op;
    const char *mark = joined ? "|" : s->band ? "/" : " ";
    snprintf(name, sizeof name, "%.120s %s", what, !own ? s->call.op->name : s->backward ? "backward" : "forward");
    tc_text_add(t, "%s %-34s %-20s %8s %8s  ", mark, name, tc_shape_text(&v->shape, v->batch, shape),
                short_number(s->flops, flops), short_number(s->bytes, bytes));
    add_where(p, l, s->backward ? s->db[0] : s->yb, t);
    tc_text_add(t, "\n");
}

static void add_list(const tacet_plan *p, int list, tc_text *t)
{
    const tc_list *l = &p->list[list];
    double flops = 0;
    tc_text_add(t, "%s, batch %lld: %d steps\n  %-34s %-20s %8s %8s  %s\n", list_name[list], (long long)p->batch,
                l->steps, "step", "shape", "flops", "bytes", "at (byte of the arena)");
    for (int i = 0; i < l->steps; i++) {
        flops += l->step[i].flops;
        add_step(p, l, &l->step[i], i > 0 && l->step[i - 1].band, t);
    }
    char text[24];
    tc_text_add(t, "  together %s flops; arena %lld bytes\n", short_number(flops, text), (long long)l->arena);
}

static void add_update(const tacet_plan *p, tc_text *t)
{
    tc_text_add(t, "update, %s\n", p->optim_spec.source);
    for (int i = 0; i < p->stretches; i++) {
        const tc_stretch *s = &p->stretch[i];
        char lr[TC_NUMBER_MAX];
        tc_text_add(t, "  %lld floats from %lld, lr %s\n", (long long)s->n, (long long)s->offset,
                    tc_number_text(p->group[s->group].arg[TC_OPTIM_LR].number, lr));
    }
    for (int i = 0; i < p->fuseds; i++)
        tc_text_add(t, "  %s with its gradient, which is not stored: %lld tiles\n",
                    tc_plan_name(p, p->fused[i].at->value), (long long)p->fused[i].tiles);
    for (int i = 0; i < p->proxes; i++) {
        const tc_term *term = &p->graph->term[p->prox[i].term];
        const bool constraint = term->op->role == &tc_constraint;
        tc_text_add(t, "  %s %s%s%s\n", term->name, constraint ? "constraint" : "proximal step",
                    !constraint && p->optim->prox_note[0] ? ": " : "", constraint ? "" : p->optim->prox_note);
    }
    for (int i = 0; i < p->places; i++)
        if (!p->place[i].trains)
            tc_text_add(t, "  %s keeps its values: %s\n", tc_plan_name(p, p->place[i].value),
                        p->group[p->place[i].group].frozen ? "frozen" : "no term depends on it");
}

/* What lists there are, where their readers turn dense, and how often they were used. */
static void add_lists(const tacet_plan *p, tc_text *t)
{
    static const char *const product[] = {[TC_SPMM] = "forward",
                                          [TC_SDDMM] = "dL/dx",
                                          [TC_SPMM_TN] = "dL/dW",
                                          [TC_DSMM_TN] = "dL/dW by g",
                                          [TC_SPMM_NT] = "dL/dx by g"};
    const tc_list *l = &p->list[p->optim ? TC_TRAIN : TC_EVAL];
    if (l->silence) tc_text_add(t, "firing lists, each read below the density that is given\n");
    for (int i = 0; i < l->steps; i++) {
        const tc_step *s = &l->step[i];
        if (!s->call.op->choose) continue;
        for (int k = 0; k < TC_PRODUCTS; k++) {
            const bool by_g = k == TC_DSMM_TN || k == TC_SPMM_NT;
            const tc_silence *of = by_g ? s->g_silence : s->x_silence;
            if (!of || s->backward == (k == TC_SPMM) || s->call.break_even[k] == 0) continue;
            if (k == TC_SDDMM && (!s->call.blocked || !s->call.d[0])) continue;
            if (k == TC_SPMM_NT && !s->call.d[0]) continue;
            tc_text_add(t, "  %-34s %-20s %.2f\n", tc_plan_name(p, s->value), product[k], s->call.break_even[k]);
        }
    }
    for (int v = 0; v < p->values; v++) {
        const tc_use *u = &p->table.use[v];
        if (u->steps)
            tc_text_add(t, "  %-34s used in %.0f%% of steps forward, %.0f%% backward\n", tc_plan_name(p, v),
                        100 * (double)u->forward / (double)u->steps, 100 * (double)u->backward / (double)u->steps);
    }
}

size_t tacet_explain(const tacet_plan *p, char *text, size_t capacity)
{
    tc_text t = {.mem = p->mem};
    for (int i = p->optim ? TC_TRAIN : TC_EVAL; i < TC_LISTS; i++) {
        add_list(p, i, &t);
        if (i == TC_TRAIN) add_update(p, &t);
    }
    add_lists(p, &t);
    char size[24];
    tc_text_add(&t, "memory: parameters %s", short_number((double)p->parameter_floats * 4, size));
    if (p->optim)
        tc_text_add(&t, ", gradients %s, optimizer state %s", short_number((double)p->part * 4, size),
                    short_number((double)p->part * 4 * p->optim->moments, (char[24]){0}));
    tc_text_add(&t, ", arena %s bytes\n", short_number((double)p->arena_bytes, (char[24]){0}));
    const size_t n = tc_text_copy(t.data && !t.failed ? t.data : "", text, capacity);
    tc_text_free(&t);
    return n;
}
