/* call.c: steps that are a phase of an operator. The call is prepared when the list is compiled; a range that needs
 * scratch runs on a copy of the call that has the scratch of the range's lane. */
#include "step/step.h"

#include <assert.h>

static tc_span span(const tc_step *s) { return tc_span_of(&s->work.call, s->backward); }

static void resolve(tc_step *s)
{
    tc_work *w = &s->work;
    for (int k = 0; k < w->slots; k++) {
        const tc_port *x = tc_port_x(s, k);
        w->x[k].data = x->ids ? NULL : x->memory;
        w->x[k].ids = x->ids ? x->memory : NULL;
        w->d[k] = tc_port_d(s, k)->memory;
    }
    w->call.y.data = s->port[TC_PORT_Y].memory;
    w->call.g = s->port[TC_PORT_G].memory;
    w->call.save = s->port[TC_PORT_SAVE].memory;
    w->call.partial = s->partial;
    w->call.weights = s->weights;
}

static void prepare(tc_step *s)
{
    tc_work *w = &s->work;
    tc_call *c = &w->call;
    if (c->op->flags & TC_RANDOM) {
        c->stream.seed = c->run->seed;
        c->stream.step = (uint32_t)c->run->step;
    }
    if (!c->lists.x || s->backward) return;
    assert(c->op->silent && w->x_list);
    c->lists.chosen = tc_silent_choose(c, false);
    w->x_list->forward |= c->lists.chosen != 0;
}

/* Separate from run(), since the copy needs a stack frame that would slow down small steps. */
__attribute__((noinline)) static void run_on_lane(const tc_work *w, int64_t begin, int64_t end, int lane)
{
    tc_call c = w->call;
    c.scratch = w->lanes + lane * w->scratch;
    w->run(&c, begin, end);
}

static void run(const tc_step *s, int64_t begin, int64_t end, int lane)
{
    const tc_work *w = &s->work;
    assert(begin <= end && w->call.g == s->port[TC_PORT_G].memory);
    if (w->scratch > 0)
        run_on_lane(w, begin, end, lane);
    else
        w->run(&w->call, begin, end);
}

const tc_kind tc_kind_call = {.span = span, .resolve = resolve, .prepare = prepare, .run = run};
