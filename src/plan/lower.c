/* lower.c: operators -> steps. Forward in the order of the graph, every term right after the last value that it reads;
 * backward in the reverse order, so that at a layer's turn the gradient of its output is complete: every consumer and
 * every term has stored or added its share. The first to write a gradient stores it, the others add to it. */
#include "plan/plan.h"

#include <assert.h>

/* The state of the pass. */
typedef struct lowering {
    tacet_plan *p;
    tc_list *l;
    int which;
    int *first_term, *term; /* terms computed right after value v: term[first_term[v]] up to term[first_term[v + 1]] */
    int *save;              /* [nodes]: buffers from forward to backward; -1: none yet */
    bool *written;          /* [values]: its gradient has received its first share */
    bool failed;            /* out of memory */
} lowering;

#define MOST_BYTES (INT64_C(1) << 46) /* more than any machine has; beyond that, sums of sizes could overflow */

/* ---- Buffers ---- */

/* Makes room for one more entry in a growing table; once memory has run out, always NULL. */
static void *grow(lowering *w, void *table, int count, int *room, size_t size)
{
    if (w->failed || count < *room) return w->failed ? NULL : table;
    const int more = *room ? 2 * *room : 64;
    void *grown = tc_resize(&w->p->mem, table, (size_t)more, size);
    if (grown) *room = more;
    w->failed = grown == NULL;
    return grown;
}

static int add_buffer(lowering *w, int64_t bytes, float *fixed)
{
    tc_list *l = w->l;
    tc_buffer *grown = grow(w, l->buffer, l->buffers, &l->buffer_room, sizeof *grown);
    if (!grown) return -1;
    l->buffer = grown;
    l->buffer[l->buffers] = (tc_buffer){.bytes = bytes, .first = 0, .last = -1, .alias = -1, .fixed = fixed};
    return l->buffers++;
}

static void touch(tc_list *l, int buffer, int step)
{
    if (buffer < 0) return;
    tc_buffer *b = &l->buffer[buffer];
    if (!tc_buffer_touched(b)) b->first = step;
    assert(step >= b->last);
    b->last = step;
}

/* Outputs that no layer reads as an input, and values that losses read, stay readable. */
static bool is_readable(const tacet_plan *p, int v)
{
    bool read = false;
    for (tc_each_use(u, &p->uses, v)) {
        if (u->term >= 0 && u->slot >= 0 && p->graph->term[u->term].op->role == &tc_loss) return true;
        read = read || (u->layer >= 0 && (u->how & TC_USE_INPUT));
    }
    return !read;
}

/* The buffers of a value and of its gradient; those of parameters are in the block. */
static void add_buffers(lowering *w, int v)
{
    const tacet_plan *p = w->p;
    const tc_value *value = &p->graph->value[v];
    const tc_place *at = tc_plan_find(p, v);
    const int64_t bytes = tc_shape_count(&value->shape) * (value->batch ? p->set.batch : 1) * (int64_t)sizeof(float);
    if (!w->l->needed[v]) return;
    const int here = w->l->value[v] = add_buffer(w, bytes, at ? tc_plan_parameter(p, at) : NULL);
    if (here < 0) return;
    w->l->buffer[here].before = !value->op;
    w->l->buffer[here].pinned = value->keep || !value->op || is_readable(p, v) || tc_revive_reads(p, v);
    if (!w->l->wants[v]) return;
    const int gradient = add_buffer(w, bytes, at && at->trains ? tc_plan_gradient(p, at) : NULL);
    w->l->gradient[v] = gradient;
    if (gradient >= 0) w->l->buffer[gradient].pinned = value->keep_gradient;
}

/* ---- Steps ---- */

static tc_view view_of(const tacet_plan *p, int v)
{
    const tc_value *value = &p->graph->value[v];
    return (tc_view){.shape = value->shape,
                     .n = tc_shape_count(&value->shape),
                     .batch = value->batch,
                     .classes = p->feed[v].classes,
                     .groups = value->groups};
}

/* A new step with `ports` unconnected ports; close_step adds it to the list. */
static tc_step *add_step(lowering *w, const tc_kind *kind, void *context, int ports)
{
    tc_list *l = w->l;
    tc_step *grown = grow(w, l->step, l->steps, &l->step_room, sizeof *grown);
    if (!grown) return NULL;
    l->step = grown;
    tc_step *s = &l->step[l->steps];
    *s = (tc_step){.kind = kind, .context = context, .value = -1, .term = -1, .ports = ports, .waits = -1};
    s->port = tc_plan_alloc(w->p, (size_t)ports, sizeof *s->port);
    w->failed = w->failed || !s->port;
    if (w->failed) return NULL;
    for (int i = 0; i < ports; i++) s->port[i] = (tc_port){.buffer = -1, .value = -1};
    return s;
}

static void close_step(lowering *w, tc_step *s)
{
    const int i = w->l->steps++;
    for (int k = 0; k < s->ports; k++) touch(w->l, s->port[k].buffer, i);
}

static void connect_value(const lowering *w, tc_port *port, int v, bool write)
{
    *port = (tc_port){
        .buffer = w->l->value[v], .value = v, .write = write, .ids = w->p->graph->value[v].type == TACET_I32};
}

static void connect_gradient(const lowering *w, tc_port *port, int v, bool write)
{
    *port = (tc_port){.buffer = w->l->gradient[v], .value = v, .write = write, .gradient = true};
}

/* ---- Operators ---- */

static void begin_work(lowering *w, tc_work *work, const tc_node *n, bool backward)
{
    tacet_plan *p = w->p;
    const size_t slots = (size_t)n->slots + 1;
    work->slots = n->slots;
    work->run = backward ? n->op->backward : n->op->forward;
    if (n->weighed) work->run = backward ? tc_weighed_backward : tc_weighed_forward;
    work->x = tc_plan_alloc(p, slots, sizeof *work->x);
    work->d = tc_plan_alloc(p, slots, sizeof *work->d);
    work->add = tc_plan_alloc(p, slots, sizeof *work->add);
    work->call = (tc_call){.op = n->op,
                           .arg = n->arg,
                           .run = &p->run,
                           .inputs = n->inputs,
                           .x = work->x,
                           .d = work->d,
                           .add = work->add,
                           .state = tc_state_of(p, n->index)};
    w->failed = w->failed || !work->x || !work->d || !work->add;
    if (n->weighed) work->call.factor = &work->x[n->inputs];
}

/* A step for a phase of an operator, with the ports that it reads connected; those that it writes follow. */
static tc_step *add_call(lowering *w, const tc_node *n, bool backward)
{
    const tacet_plan *p = w->p;
    tc_step *s = add_step(w, &tc_kind_call, NULL, TC_PORT_X + 2 * n->slots);
    if (!s) return NULL;
    tc_work *work = &s->work;
    begin_work(w, work, n, backward);
    if (w->failed) return NULL;
    s->backward = backward;
    s->value = n->value;
    s->term = n->term;
    for (int k = 0; k < n->slots; k++) {
        const int x = n->input[k];
        if (x < 0) continue;
        work->x[k] = view_of(p, x);
        if (!backward || (n->op->flags & TC_READS_X) || p->graph->value[x].owner >= 0 || k >= n->slots - n->weighed)
            connect_value(w, tc_port_x(s, k), x, false);
        if (k < n->slots - n->weighed && w->l->needed[x] && p->feed[x].optional && w->which == TC_EVAL) s->waits = x;
    }
    if (n->turned) work->x[n->inputs].turned = true;
    s->prepares = (n->op->flags & TC_RANDOM) != 0;
    s->elementwise = (n->op->flags & TC_ELEMENTWISE) && !n->op->span && !(backward && n->op->span_back) &&
                     (!n->op->role->scalar || n->inputs == 1);
    return s;
}

/* Connects the gradients of the step's inputs, which it writes. */
static void set_gradients(lowering *w, tc_step *s, const tc_node *n)
{
    for (int k = n->pulls; k < n->slots - n->weighed; k++) {
        const int x = n->input[k];
        if (x < 0 || w->l->gradient[x] < 0) continue;
        connect_gradient(w, tc_port_d(s, k), x, true);
        s->work.add[k] = w->written[x]; /* by another step, or by this one where it reads a value twice */
        w->written[x] = true;
    }
}

/* Sets costs, scratch, and the buffer from forward to backward (*save: the forward step makes it, the backward step
 * uses it again). */
static void set_facts(lowering *w, tc_step *s, const tc_node *n)
{
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    tacet_plan *p = w->p;
    const tc_op *op = n->op;
    int *save = &w->save[n->index];
    const int64_t rows = p->graph->value[n->input[0]].batch ? p->set.batch : 1;
    const tc_sketch sk = tc_plan_sketch(p, n, shape, batch);
    double flops = op->flops ? op->flops(&sk) : 0;
    for (int k = 0; k < sk.inputs; k++) flops += op->work * (double)tc_shape_count(&shape[k]);
    s->flops = flops * (double)rows * (s->backward ? 2 : 1) / tc_phases(op, s->backward);
    const int64_t bytes = op->save ? op->save(&sk, rows) : 0, scratch = op->scratch ? op->scratch(&sk, rows) : 0;
    assert(bytes >= 0 && scratch >= 0);
    w->failed = w->failed || bytes > MOST_BYTES || scratch > MOST_BYTES;
    if (bytes > 0 && *save < 0) *save = add_buffer(w, bytes, NULL);
    s->port[TC_PORT_SAVE] = (tc_port){.buffer = *save, .value = -1, .write = true};
    /* finish() reads it at the end of the forward pass, commit() at the end of the step. */
    if (*save >= 0 && (op->finish || (op->commit && w->which == TC_TRAIN))) w->l->buffer[*save].stays = true;
    s->work.scratch = (scratch + TC_ALIGN - 1) / TC_ALIGN * TC_ALIGN;
    if (s->work.scratch > p->arena.scratch_bytes) p->arena.scratch_bytes = s->work.scratch;
}

/* Gradients are summed over the ranks, so a penalty on a parameter, which every rank computes, is added only by the
 * first. */
static void set_term(lowering *w, tc_step *s, bool last)
{
    static const double nothing = 0;
    tacet_plan *p = w->p;
    tc_call *call = &s->work.call;
    const int t = s->term;
    const bool elsewhere = !tc_plan_of_batch(p, t) && p->set.ranks.rank > 0;
    s->view = call->x[0];
    s->sums = !s->backward && last;
    call->reduce = p->graph->term[t].reduce;
    call->lambda = s->backward && elsewhere ? &nothing : &p->table.lambda[t];
    call->result = &p->result.value[t];
    call->weight = &p->result.weight[t];
    call->dead = w->which == TC_TRAIN && p->graph->term[t].of >= 0 ? p->count[TC_TRAIN][p->graph->term[t].of].dead
                                                                   : NULL;
    if (s->sums) w->l->result[t] = w->l->steps;
}

static void connect_list(tc_port *rows, tc_port *units, const tc_silence *list, bool backward)
{
    if (!list) return;
    *rows = (tc_port){.buffer = list->by_row, .value = -1};
    if (backward) *units = (tc_port){.buffer = list->by_unit, .value = -1};
}

/* The lists that a layer may run on. */
static void set_silence(lowering *w, tc_step *s, int v)
{
    const tc_value *value = &w->p->graph->value[v];
    tc_work *work = &s->work;
    if (!value->op->silent) return;
    tc_silence *of_x = tc_list_of(w->l, value->input[0], value->op->silent->lines);
    work->x_list = of_x && of_x->read ? of_x : NULL;
    work->g_list = s->backward ? w->l->fired_gradient[v] : NULL;
    connect_list(&s->port[TC_PORT_X_ROWS], &s->port[TC_PORT_X_UNITS], work->x_list, s->backward);
    connect_list(&s->port[TC_PORT_G_ROWS], &s->port[TC_PORT_G_UNITS], work->g_list, s->backward);
    s->prepares = s->prepares || (work->x_list && !s->backward);
    work->call.lists = (tc_lists){.x = work->x_list ? &work->x_list->f : NULL,
                                  .g = work->g_list ? &work->g_list->f : NULL,
                                  .ways = tc_fire_ways(w->p, v),
                                  .blocked = tc_fire_blocked(w->p, value->input[0]),
                                  .break_even = &w->p->table.break_even[v * TC_WAYS]};
}

/* If the gradient of the layer's weight is computed in the update, everything that its product reads must be kept until
 * then. */
static void set_fused(lowering *w, tc_step *s, int weight)
{
    static const int reads[] = {TC_PORT_X, TC_PORT_G, TC_PORT_X_ROWS, TC_PORT_X_UNITS, TC_PORT_G_ROWS, TC_PORT_G_UNITS};
    const tc_place *at = weight >= 0 ? tc_plan_find(w->p, weight) : NULL;
    if (!at || !at->fused) return;
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        if (s->port[reads[i]].buffer >= 0) w->l->buffer[s->port[reads[i]].buffer].stays = true;
    s->work.call.lists.fused = true;
    const int64_t tile = TC_BLOCK_FLOATS * (int64_t)sizeof(float);
    if (w->p->arena.scratch_bytes < tile) w->p->arena.scratch_bytes = tile;
}

static void set_layer(lowering *w, tc_step *s, bool last)
{
    const tc_value *value = &w->p->graph->value[s->value];
    const int v = s->value, weight = value->slots > value->inputs ? value->input[value->inputs] : -1;
    tc_call *call = &s->work.call;
    s->view = call->y = view_of(w->p, v);
    call->stream = tc_stream_of(w->p->set.seed, 0, value->name);
    if (s->backward ? (value->op->flags & TC_READS_Y) != 0 : last)
        connect_value(w, &s->port[TC_PORT_Y], v, !s->backward);
    if (s->backward) connect_gradient(w, &s->port[TC_PORT_G], v, false);
    set_silence(w, s, v);
    if (s->backward) set_fused(w, s, weight);
}

static void lower_phase(lowering *w, const tc_node *n, bool backward, int phase)
{
    const bool last = phase == tc_phases(n->op, backward) - 1;
    tc_step *s = add_call(w, n, backward);
    if (!s) return;
    s->work.call.phase = phase;
    if (n->term >= 0)
        set_term(w, s, last);
    else
        set_layer(w, s, last);
    if (backward && last) set_gradients(w, s, n);
    set_facts(w, s, n);
    close_step(w, s);
}

/* Whether a node needs a backward pass: it has a gradient to start from, and one that is wanted. */
static bool has_backward(const lowering *w, const tc_node *n)
{
    if (n->term >= 0 ? w->p->graph->term[n->term].prox : w->l->gradient[n->value] < 0) return false;
    for (int k = n->pulls; k < n->slots - n->weighed; k++)
        if (n->input[k] >= 0 && w->l->gradient[n->input[k]] >= 0) return true;
    return false;
}

static void lower_node(lowering *w, int i, bool backward)
{
    const tc_node n = tc_plan_node(w->p, i);
    if (!n.op || n.op->role == &tc_constraint || (backward && !has_backward(w, &n))) return;
    for (int k = 0; k < tc_phases(n.op, backward); k++) lower_phase(w, &n, backward, k);
}

/* ---- Lists and counts ---- */

/* A step that makes part of a list of v, or of its gradient: by row, or by unit from the list by row. */
static void lower_list_step(lowering *w, const tc_kind *kind, bool backward, int v, tc_silence *list)
{
    tc_step *s = add_step(w, kind, list, TC_LIST_PORTS);
    if (!s) return;
    const bool units = kind == &tc_kind_list_by_unit;
    s->value = v;
    s->backward = backward;
    s->view = view_of(w->p, v);
    s->elementwise = s->sums = !units;
    if (!units && list->source)
        connect_gradient(w, &s->port[TC_PORT_FROM], v, false);
    else if (!units)
        connect_value(w, &s->port[TC_PORT_FROM], v, false);
    s->port[TC_PORT_ROWS] = (tc_port){.buffer = list->by_row, .value = -1, .write = !units};
    if (backward) s->port[TC_PORT_UNITS] = (tc_port){.buffer = list->by_unit, .value = -1, .write = units};
    if (units) s->bytes = (double)tc_silence_unit_bytes(list); /* at most: what it writes */
    close_step(w, s);
}

/* Adds the lists of a value, by row, right after the step that made the value. */
static void lower_list(lowering *w, int v)
{
    for (tc_silence *list = w->l->fired[v]; list; list = list->also) {
        if (list->read) list->by_row = add_buffer(w, tc_silence_row_bytes(list), NULL);
        list->rows = true;
        lower_list_step(w, &tc_kind_list, false, v, list);
    }
}

/* Adds the lists by unit that the backward pass of layer v reads, and the list of its output's gradient. */
static void lower_lists_back(lowering *w, int v)
{
    const int x = w->p->graph->value[v].input[0];
    tc_silence *of_x = tc_list_of(w->l, x, false), *of_g = w->l->fired_gradient[v];
    if (w->l->gradient[v] < 0) return;
    if (of_g) of_g->by_row = add_buffer(w, tc_silence_row_bytes(of_g), NULL);
    if (of_g && !of_g->lines) of_g->by_unit = add_buffer(w, tc_silence_unit_bytes(of_g), NULL);
    if (of_g) lower_list_step(w, &tc_kind_list, true, v, of_g);
    if (of_g && !of_g->lines) lower_list_step(w, &tc_kind_list_by_unit, true, v, of_g);
    if (of_x && of_x->read && of_x->by_unit < 0) {
        of_x->by_unit = add_buffer(w, tc_silence_unit_bytes(of_x), NULL);
        lower_list_step(w, &tc_kind_list_by_unit, true, x, of_x);
    }
}

static bool add_tally(tacet_plan *p, tc_tally *t, const tc_view *v)
{
    const int64_t each = tc_positions(v), rows = each * (v->batch ? p->set.batch : 1);
    *t = (tc_tally){.run = &p->run, .units = tc_units(v), .positions = each, .batch = v->batch, .natural = t->natural};
    t->now = tc_plan_alloc(p, (size_t)(tc_tally_strips(rows) * t->units), sizeof *t->now);
    t->fired = tc_plan_alloc(p, (size_t)t->units, sizeof *t->fired);
    if (!v->batch || p->set.ranks.count == 1) return t->now && t->fired;
    t->all = tc_plan_alloc(p, (size_t)t->units, sizeof *t->all);
    return t->now && t->fired && t->all;
}

/* What else training counts of a layer whose dead units come back. */
static bool add_silence(tacet_plan *p, tc_tally *t, int64_t after)
{
    t->after = after;
    if (after == 0) return true;
    t->silent = tc_plan_alloc(p, (size_t)t->units, sizeof *t->silent);
    t->dead = tc_plan_alloc(p, (size_t)t->units, sizeof *t->dead);
    return t->silent && t->dead;
}

/* Adds the step that counts how often v fires; its counts are the plan's. */
static void lower_count(lowering *w, int v)
{
    tacet_plan *p = w->p;
    if (!tc_fire_counts(p, w->which, v)) return;
    tc_tally *tally = &p->count[w->which][v];
    tc_step *s = add_step(w, &tc_kind_count, tally, 1);
    if (!s) return;
    s->value = v;
    s->view = view_of(p, v);
    s->sums = true;
    w->failed = w->failed || !add_tally(p, tally, &s->view);
    w->failed = w->failed || (w->which == TC_TRAIN && !add_silence(p, tally, tc_revive_after(p, v)));
    tally->next = w->l->tally;
    w->l->tally = tally;
    connect_value(w, &s->port[0], v, false);
    close_step(w, s);
}

/* Begins the gradient of v with the caller's share of it. */
static void lower_given(lowering *w, int v)
{
    tacet_plan *p = w->p;
    tc_given *t = &p->given[v];
    tc_step *s = w->l->gradient[v] >= 0 ? add_step(w, &tc_kind_given, t, 1) : NULL;
    if (!s) return;
    s->value = v;
    s->view = view_of(p, v);
    s->backward = w->written[v] = true;
    *t = (tc_given){.run = &p->run, .axes = tc_graph_axes(p->graph, v), .next = p->first_given};
    t->numbers = tc_plan_alloc(p, (size_t)(s->view.n * (s->view.batch ? p->set.batch : 1)), sizeof *t->numbers);
    w->failed = w->failed || !t->numbers;
    p->first_given = t;
    connect_gradient(w, &s->port[0], v, true);
    close_step(w, s);
}

/* ---- The pass ---- */

static void lower_forward(lowering *w)
{
    const tacet_plan *p = w->p;
    for (int v = 0; v < p->values && !w->failed; v++) {
        if (!w->l->needed[v]) continue;
        lower_node(w, v, false);
        for (int i = w->first_term[v]; i < w->first_term[v + 1]; i++) lower_node(w, p->values + w->term[i], false);
        lower_list(w, v);
        lower_count(w, v);
    }
}

static void lower_backward(lowering *w)
{
    const tacet_plan *p = w->p;
    for (int v = 0; v < p->values && !w->failed; v++)
        if (p->graph->value[v].takes_gradient) lower_given(w, v);
    for (int v = p->values - 1; v >= 0 && !w->failed; v--) {
        if (!w->l->needed[v]) continue;
        for (int i = w->first_term[v + 1] - 1; i >= w->first_term[v]; i--) lower_node(w, p->values + w->term[i], true);
        if (p->graph->value[v].op) lower_lists_back(w, v);
        lower_node(w, v, true);
    }
}

static int last_read(const tc_term *t)
{
    int last = -1;
    for (int k = 0; k < t->slots; k++) last = t->input[k] > last ? t->input[k] : last;
    assert(last >= 0);
    return last;
}

/* Orders terms: each comes after the last value that it reads. */
static void line_up_terms(lowering *w)
{
    const tc_term *term = w->p->graph->term;
    for (int t = 0; t < w->p->terms; t++) w->first_term[last_read(&term[t])]++;
    for (int v = 1; v <= w->p->values; v++) w->first_term[v] += w->first_term[v - 1];
    for (int t = w->p->terms - 1; t >= 0; t--) w->term[--w->first_term[last_read(&term[t])]] = t;
}

/* A table of n numbers, all -1; NULL when out of memory, and the pass has then failed. */
static int *none_yet(lowering *w, int n)
{
    int *table = tc_plan_alloc(w->p, (size_t)n + 1, sizeof *table);
    w->failed = w->failed || !table;
    for (int i = 0; table && i < n; i++) table[i] = -1;
    return table;
}

tacet_status tc_plan_lower(tacet_plan *p, int list)
{
    tc_list *l = &p->list[list];
    lowering w = {.p = p, .l = l, .which = list};
    l->rows = -1;
    l->value = none_yet(&w, p->values);
    l->gradient = none_yet(&w, p->values);
    l->result = none_yet(&w, p->terms);
    w.save = none_yet(&w, tc_plan_nodes(p));
    w.term = none_yet(&w, p->terms);
    w.first_term = tc_plan_alloc(p, (size_t)p->values + 1, sizeof *w.first_term);
    w.written = tc_plan_alloc(p, (size_t)p->values + 1, sizeof *w.written);
    if (w.failed || !w.first_term || !w.written) return tc_fail_memory(&p->error);
    line_up_terms(&w);
    for (int v = 0; v < p->values; v++) add_buffers(&w, v);
    lower_forward(&w);
    l->backward = l->steps;
    if (list == TC_TRAIN) lower_backward(&w);
    return w.failed ? tc_fail_memory(&p->error) : TACET_OK;
}
