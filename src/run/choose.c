/* choose.c: which products run on firing lists in this step.
 *
 *     forward     choose          for all values: the density at which no product runs on the list any more
 *                 list of x       in the loop over ranges that made x: the lists by row, and the exact count
 *                 choose, layer   dense or sparse, by that count (step/call.c)
 *     backward    choose          for all layers: which products, and so which lists are wanted
 *                 list of dL/dy   in the loop that made the gradient, where one is wanted
 *                 lists by unit   where they are wanted
 *                 layer           runs what was chosen
 *
 * A gradient's list is chosen by the count of a value that fires at least as often, which is already known. */
#include "run/run.h"

enum {
    FORWARD_OF_X = 1 << TC_Y_BY_X,
    UNITS_OF_X = 1 << TC_DW_BY_X,
    OF_X = UNITS_OF_X | 1 << TC_DX_BY_X,
    UNITS_OF_G = 1 << TC_DW_BY_G,
    OF_G = UNITS_OF_G | 1 << TC_DX_BY_G
};

void tc_choose_most(tc_list *l)
{
    for (tc_silence *s = l->silence; s; s = s->next) s->most = 0;
    for (int i = 0; i < l->steps && l->silence; i++) {
        const tc_work *w = &l->step[i].work; /* all 0 if the step is not a call */
        const unsigned ways = w->call.lists.ways & (i < l->backward ? FORWARD_OF_X : OF_X);
        for (int k = 0; k < TC_WAYS && w->x_list; k++)
            if ((ways >> k & 1) && w->call.lists.break_even[k] > w->x_list->most)
                w->x_list->most = w->call.lists.break_even[k];
    }
}

/* Marks the lists that a backward step has chosen to read. */
static void want(const tc_work *w)
{
    const unsigned chosen = w->call.lists.chosen;
    if (w->x_list) {
        w->x_list->units |= (chosen & UNITS_OF_X) != 0;
        w->x_list->backward |= (chosen & OF_X) != 0;
    }
    if (w->g_list) {
        w->g_list->rows = (chosen & OF_G) != 0;
        w->g_list->units = (chosen & UNITS_OF_G) != 0;
        w->g_list->source->backward |= w->g_list->rows;
    }
}

void tc_choose_back(tc_list *l)
{
    for (tc_silence *s = l->silence; s; s = s->next) {
        s->units = s->backward = false;
        if (!s->source) continue;
        s->rows = false;
        s->f.rows = s->each * s->run->rows;
        s->f.fired = s->source->f.fired;
    }
    unsigned chosen = 0; /* the same in all phases of a layer: the last decides, which alone has d */
    for (int i = l->steps - 1; i >= l->backward && l->silence; i--) {
        tc_work *w = &l->step[i].work; /* all 0 if the step is not a call */
        if (!w->x_list && !w->g_list) continue;
        if (w->call.phase == tc_phases(w->call.op, true) - 1) chosen = tc_silent_choose(&w->call, true);
        w->call.lists.chosen = chosen;
        want(w);
    }
}

void tc_choose_note(tacet_plan *p)
{
    for (tc_silence *s = p->list[TC_TRAIN].silence; s; s = s->next) {
        if (s->source || s != p->list[TC_TRAIN].fired[s->value]) continue;
        tc_list_steps *use = &p->table.list_steps[s->value];
        use->steps++;
        use->forward += s->forward || (s->also && s->also->forward);
        use->backward += s->backward || (s->also && s->also->backward);
    }
}
