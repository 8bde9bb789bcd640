/* fire.c: which values get a firing list, and which gradients are silent where a value is.
 *
 *     a list of a value v     v is an input, or its operator makes zeros (or keeps those of one that does), and a layer
 *                             that can run on lists reads v; or the gradient below takes its silence from v
 *     a list of v's gradient  v comes from a layer that can run on lists, and the one operator that reads v multiplies
 *                             the gradient by 0 where its output is 0 (relu, topk), or passes on such a gradient
 *                             element by element. Not if v has a second reader or a penalty: their share is not silent.
 *                             After a pool, the gradient has no more nonzeros than the pool has outputs that fired
 *     blocked                 whether a layer may leave out dL/dx where x is 0: nothing else reads it on the way up
 *                             to the operator that blocks the gradient
 *
 * A list is made if it is wide enough and a product that can read it has a break-even above 0. run/choose.c decides in
 * each step which are made and used. */
#include "plan/plan.h"

#include <math.h>

static const tc_value *value_at(const tacet_plan *p, int v) { return &p->graph->value[v]; }

/* One input, elementwise: its gradient is a multiple of the output's, element by element. */
static bool passes_gradient(const tc_op *op) { return op && (op->flags & TC_ELEMENTWISE) && tc_op_inputs(op) == 1; }

static bool has_zeros(const tacet_plan *p, int v)
{
    const tc_value *value = value_at(p, v);
    if (!value->batch || value->type == TACET_I32 || value->shape.rank < 1) return false;
    if (!value->op) return true;
    if (value->op->flags & TC_MAKES_ZEROS) return true;
    return tc_passes_zeros(value->op) && has_zeros(p, value->input[0]);
}

bool tc_fire_blocked(const tacet_plan *p, int v)
{
    const tc_value *value = value_at(p, v);
    if (value->keep_gradient || !value->op || value->op->param[0].name)
        return false; /* the gradient of its parameter may read all of it */
    if (value->op->flags & TC_BLOCKS) return true;
    return tc_passes_zeros(value->op) && tc_fire_blocked(p, value->input[0]);
}

/* The only layer that reads v; -1 if no layer or several do, or if a term or the caller sends a
 * gradient into v. */
static int sole_reader(const tacet_plan *p, const tc_list *l, int v)
{
    int reader = -1;
    if (value_at(p, v)->takes_gradient) return -1;
    for (tc_each_use(u, &p->uses, v)) {
        if (u->how & TC_USE_PULLS) return -1;
        if (u->layer < 0 || !(u->how & TC_USE_INPUT) || !l->needed[u->layer]) continue;
        if (reader >= 0) return -1;
        reader = u->layer;
    }
    return reader;
}

/* The only reader of v, if it passes on a gradient to v alone, or -1. */
static int only_way(const tacet_plan *p, const tc_list *l, int v)
{
    const int u = sole_reader(p, l, v);
    return u >= 0 && l->wants[u] && value_at(p, u)->inputs == 1 ? u : -1;
}

/* The value that fires at least as often as v's gradient is not 0, or -1: the operator that blocks the gradient, or a
 * pool after it, which sends back at most one number for each that it has. */
static int source(const tacet_plan *p, const tc_list *l, int v)
{
    const int u = only_way(p, l, v);
    if (u < 0) return -1;
    const tc_op *op = value_at(p, u)->op;
    if (!(op->flags & TC_BLOCKS) || !has_zeros(p, u))
        return passes_gradient(op) || (op->flags & TC_PICKS) ? source(p, l, u) : -1;
    const int pool = only_way(p, l, u);
    const bool fewer = pool >= 0 && (value_at(p, pool)->op->flags & TC_PICKS) &&
                       tc_shape_count(&value_at(p, pool)->shape) < tc_shape_count(&value_at(p, u)->shape);
    return fewer ? pool : u;
}

enum { ALWAYS = 2 }; /* above any density */

static bool worth(const tacet_plan *p, int layer, unsigned ways)
{
    for (int k = 0; k < TC_WAYS; k++)
        if ((ways >> k & 1) && p->table.break_even[layer * TC_WAYS + k] > 0) return true;
    return false;
}

static tc_silence *new_silence(tacet_plan *p, tc_list *l, int v, bool lines)
{
    const tc_shape *shape = &value_at(p, v)->shape;
    tc_silence *s = tc_plan_alloc(p, 1, sizeof *s);
    if (!s) return NULL;
    s->run = &p->run;
    s->lines = lines;
    s->f.parts = lines ? shape->dim[shape->rank - 2] : 1;
    s->f.n = s->f.parts * tc_shape_units(shape);
    s->each = tc_shape_positions(shape) / s->f.parts;
    s->capacity = p->set.batch * s->each;
    s->f.pitch = s->f.n + TC_FIRING_PAD;
    s->f.row_pitch = s->capacity;
    s->value = v;
    s->by_row = s->by_unit = -1;
    s->next = l->silence;
    return l->silence = s;
}

enum { ON_X = 1 << TC_Y_BY_X | 1 << TC_DX_BY_X | 1 << TC_DW_BY_X, ON_G = 1 << TC_DW_BY_G | 1 << TC_DX_BY_G };

/* Whether a list of v is wide enough to pay for a layer. */
static bool is_wide(const tacet_plan *p, int v, const tc_silent *silent)
{
    return tc_shape_units(&value_at(p, v)->shape) >= silent->least;
}

/* The list of its input that layer v reads. */
static bool add_list(tacet_plan *p, tc_list *l, int v, unsigned on_x)
{
    const int x = value_at(p, v)->input[0];
    const tc_silent *silent = value_at(p, v)->op->silent;
    if (!has_zeros(p, x) || !worth(p, v, on_x) || !is_wide(p, x, silent)) return true;
    tc_silence *s = tc_list_of(l, x, silent->lines);
    if (!s) {
        s = new_silence(p, l, x, silent->lines);
        if (!s) return false;
        s->also = l->fired[x];
        l->fired[x] = s;
    }
    s->read = true;
    return true;
}

/* The list of the gradient of layer v's output that the layer reads. */
static bool add_list_back(tacet_plan *p, tc_list *l, int v)
{
    const tc_silent *silent = value_at(p, v)->op->silent;
    const int y = l->wants[v] && worth(p, v, ON_G) && is_wide(p, v, silent) ? source(p, l, v) : -1;
    if (y < 0) return true;
    if (!l->fired[y]) l->fired[y] = new_silence(p, l, y, false);
    l->fired_gradient[v] = new_silence(p, l, v, silent->lines);
    if (!l->fired[y] || !l->fired_gradient[v]) return false;
    l->fired_gradient[v]->source = l->fired[y];
    l->fired_gradient[v]->read = true;
    return true;
}

static void products_of(const tacet_plan *p, int v, tc_product way[TC_WAYS])
{
    const tc_value *value = value_at(p, v);
    const tc_node node = tc_plan_node(p, v);
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    const tc_sketch s = tc_plan_sketch(p, &node, shape, batch);
    value->op->silent->products(&s, value->batch ? p->set.batch : 1, way);
}

unsigned tc_fire_ways(const tacet_plan *p, int v)
{
    tc_product way[TC_WAYS];
    unsigned ways = 0;
    products_of(p, v, way);
    for (int k = 0; k < TC_WAYS; k++) ways |= (unsigned)(way[k].product >= 0) << k;
    return ways;
}

/* The compiled-in densities at which products on lists are as fast as dense ones. */
static void set_break_even(tacet_plan *p, int v)
{
    tc_product way[TC_WAYS];
    products_of(p, v, way);
    for (int k = 0; k < TC_WAYS; k++) {
        const tc_product *c = &way[k];
        double *most = &p->table.break_even[v * TC_WAYS + k];
        if (c->product < 0) continue;
        if (p->set.sparse == TACET_SPARSE_AUTO) *most = p->run.kernel->break_even(c->product, c->m, c->n, c->k);
        if (p->set.sparse == TACET_SPARSE_ALWAYS) *most = ALWAYS;
    }
}

void tc_plan_break_even(tacet_plan *p)
{
    for (int v = 0; v < p->values; v++)
        if (value_at(p, v)->op && value_at(p, v)->op->silent) set_break_even(p, v);
}

static bool runs_on_lists(const tacet_plan *p, const tc_list *l, int v)
{
    return l->needed[v] && value_at(p, v)->op && value_at(p, v)->op->silent;
}

tacet_status tc_plan_fire(tacet_plan *p, int list)
{
    const unsigned on_x = list == TC_TRAIN ? ON_X : 1 << TC_Y_BY_X;
    tc_list *l = &p->list[list];
    l->fired = tc_plan_alloc(p, (size_t)p->values + 1, sizeof *l->fired);
    l->fired_gradient = tc_plan_alloc(p, (size_t)p->values + 1, sizeof *l->fired_gradient);
    if (!l->fired || !l->fired_gradient) return tc_fail_memory(&p->error);
    /* All values first: the count of a list that is read anyway can then serve a gradient. */
    bool room = true;
    for (int v = 0; v < p->values && room; v++) room = !runs_on_lists(p, l, v) || add_list(p, l, v, on_x);
    for (int v = 0; v < p->values && room; v++) room = !runs_on_lists(p, l, v) || add_list_back(p, l, v);
    return room ? TACET_OK : tc_fail_memory(&p->error);
}

/* Whether a penalty on v needs to know how often v fires. */
static bool is_watched(const tacet_plan *p, int v)
{
    for (tc_each_use(u, &p->uses, v))
        if ((u->how & TC_USE_NAMED) && (p->set.ledger || !isnan(p->graph->term[u->term].target))) return true;
    return false;
}

bool tc_fire_counts(const tacet_plan *p, int list, int value)
{
    const tc_value *v = value_at(p, value);
    const bool zeros = v->op && (v->op->flags & TC_MAKES_ZEROS);
    if (list == TC_EVAL) return zeros;
    return v->batch && ((zeros && p->set.watch) || v->revive || is_watched(p, value));
}
