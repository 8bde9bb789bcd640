/* explain.c: the compiled steps as a table for a person: what runs, on which shapes, at which cost, in which memory. */
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

static const char *const list_name[] = {[TC_TRAIN] = "training step", [TC_EVAL] = "evaluation"};

/* 1234567 as "1.23 M". */
static const char *short_number(double x, char buffer[24])
{
    static const char unit[] = " kMGT";
    size_t u = 0;
    for (; x >= 1000 && u + 2 < sizeof unit; u++) x /= 1000;
    tc_snprintf(buffer, 24, x >= 100 || u == 0 ? "%.0f%c" : "%.1f%c", x, u ? unit[u] : ' ');
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
    const char *forward = s->call.op == &tc_op_count_fired ? "count" : "forward";
    const char *mark = joined ? "|" : s->band ? "/" : " ";
    snprintf(name, sizeof name, "%.120s %s", what, s->backward ? "backward" : forward);
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

size_t tacet_explain(const tacet_plan *p, char *text, size_t capacity)
{
    tc_text t = {.mem = p->mem};
    for (int i = p->optim ? TC_TRAIN : TC_EVAL; i < TC_LISTS; i++) {
        add_list(p, i, &t);
        if (i == TC_TRAIN) add_update(p, &t);
    }
    char size[24];
    tc_text_add(&t, "memory: parameters %s", short_number((double)p->parameter_floats * 4, size));
    if (p->optim)
        tc_text_add(&t, ", gradients %s, optimizer state %s", short_number((double)p->part * 4, size),
                    short_number((double)p->part * 4 * p->optim->states, (char[24]){0}));
    tc_text_add(&t, ", arena %s bytes\n", short_number((double)p->arena_bytes, (char[24]){0}));
    const size_t n = tc_text_copy(t.data && !t.failed ? t.data : "", text, capacity);
    tc_text_free(&t);
    return n;
}
