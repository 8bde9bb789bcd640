/* silence.c: firing lists while a step runs: the internal operators that make them, where they lie in memory, and
 * which products run on them in this step.
 *
 *     forward     fire x          in the loop over tiles that made x: the lists by row, and the exact count
 *                 choose, layer   dense or sparse, by that count
 *     backward    choose          for all layers: which products, and so which lists are wanted
 *                 fire dL/dy      in the loop that made the gradient, where one is wanted
 *                 fire_units      the lists by unit, where they are wanted
 *                 layer           runs what was chosen
 *
 * The count by which a gradient's list is chosen is that of the value whose silence it has, which is known before. */
#include "plan/plan.h"

static int64_t rows_of(const tc_call *c, const tc_silence *s) { return tc_elements(c, &c->x[0]) / s->f.n; }

TC_CLONES static int64_t count(const float *x, int64_t n)
{
    int64_t fired = 0;
    for (int64_t i = 0; i < n; i++) fired += x[i] != 0.0f;
    return fired;
}

/* Elements [begin, end) are whole rows. */
static void fire(const tc_call *c, int64_t begin, int64_t end)
{
    tc_silence *s = c->save;
    const float *x = c->x[0].data;
    double *fired = tc_partial(c, begin);
    *fired = 0;
    if (!s->rows) return;
    *fired = (double)(!s->read ? count(x + begin, end - begin)
                               : c->run->kernel->fire(x, begin / s->f.n, end / s->f.n, &s->f));
}

static double finish_fire(const tc_call *c, double sum)
{
    tc_silence *s = c->save;
    s->f.rows = rows_of(c, s);
    s->f.fired = (int64_t)sum;
    return sum;
}

const tc_op tc_op_fire = {.name = "fire",
                          .role = &tc_layer,
                          .flags = TC_READS_X | TC_ELEMENTWISE,
                          .inputs = 1,
                          .forward = fire,
                          .backward = fire,
                          .finish = finish_fire};

enum { UNITS = 256 }; /* a range goes over all rows, and looks for where it begins in each */

static tc_span unit_span(const tc_call *c) { return (tc_span){((const tc_silence *)c->save)->f.n, UNITS}; }

static void fire_units(const tc_call *c, int64_t begin, int64_t end)
{
    tc_silence *s = c->save;
    if (s->units) c->run->kernel->fire_units(begin, end, &s->f);
}

const tc_op tc_op_fire_units = {.name = "fire units",
                                .role = &tc_layer,
                                .inputs = 1,
                                .span = unit_span,
                                .span_back = unit_span,
                                .forward = fire_units,
                                .backward = fire_units};

/* ---- Choosing ---- */

enum {
    UNITS_OF_X = 1 << TC_SPMM_TN,
    OF_X = UNITS_OF_X | 1 << TC_SDDMM,
    UNITS_OF_G = 1 << TC_DSMM_TN,
    OF_G = UNITS_OF_G | 1 << TC_SPMM_NT
};

void tc_silence_choose(tc_step *s)
{
    s->call.sparse = s->call.op->choose(&s->call, false);
    s->x_silence->forward |= s->call.sparse != 0;
}

/* What the choice of a backward step means for the lists that it reads. */
static void want(const tc_step *s)
{
    if (s->x_silence) {
        s->x_silence->units |= (s->call.sparse & UNITS_OF_X) != 0;
        s->x_silence->backward |= (s->call.sparse & OF_X) != 0;
    }
    if (s->g_silence) {
        s->g_silence->rows = (s->call.sparse & OF_G) != 0;
        s->g_silence->units = (s->call.sparse & UNITS_OF_G) != 0;
        s->g_silence->source->backward |= s->g_silence->rows;
    }
}

void tc_silence_choose_back(tc_list *l)
{
    for (tc_silence *s = l->silence; s; s = s->next) {
        s->units = s->backward = false;
        if (!s->source) continue;
        s->rows = false;
        s->f.rows = s->source->f.rows;
        s->f.fired = s->source->f.fired;
    }
    for (int i = l->backward; i < l->steps && l->silence; i++) {
        tc_step *step = &l->step[i];
        if (!step->call.fired && !step->call.fired_g) continue;
        step->call.sparse = step->call.op->choose(&step->call, true);
        want(step);
    }
}

void tc_silence_note(tacet_plan *p)
{
    for (tc_silence *s = p->list[TC_TRAIN].silence; s; s = s->next) {
        if (s->source) continue;
        tc_use *use = &p->table.use[s->value];
        use->steps++;
        use->forward += s->forward;
        use->backward += s->backward;
        s->forward = s->backward = false;
    }
}

/* ---- Memory ---- */

enum { ROUND = TC_ALIGN / 4 };

static int64_t rounded(int64_t n) { return (n + ROUND - 1) / ROUND * ROUND; }

/* A count for each list, then the entries. */
static int64_t bytes_of(int64_t lists, int64_t pitch)
{
    return 4 * rounded(lists) + (int64_t)sizeof(tc_entry) * lists * pitch;
}

int64_t tc_silence_row_bytes(const tc_silence *s) { return bytes_of(s->capacity, s->f.pitch); }
int64_t tc_silence_unit_bytes(const tc_silence *s) { return bytes_of(s->f.n, s->f.row_pitch); }

static void cut(float *memory, int64_t lists, int32_t **count, tc_entry **entry)
{
    *count = (int32_t *)(void *)memory;
    *entry = (tc_entry *)(void *)(memory + rounded(lists));
}

void tc_silence_resolve(tc_silence *s, float *by_row, float *by_unit)
{
    tc_firing *f = &s->f;
    if (by_row) cut(by_row, s->capacity, &f->count, &f->in_row);
    if (by_unit) cut(by_unit, f->n, &f->hits, &f->of_unit);
}
