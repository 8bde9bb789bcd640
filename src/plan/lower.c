/* lower.c: operators -> steps. Forward in the order of the graph, every term right behind the last value that it reads;
 * backward in the reverse order, so that when a layer's turn comes its output's gradient is complete: every consumer
 * and every term has stored or added its share. The first to write a gradient stores, the others add. */
#include "plan/plan.h"

#include <string.h>

/* What the pass carries along. */
typedef struct lowering {
    tacet_plan *p;
    tc_list *l;
    int which;
    int *latest;           /* [terms]: the last value that the term reads */
    int *save, *term_save; /* buffers from forward to backward */
    bool *written;         /* [values]: its gradient has a first share */
    bool failed;
} lowering;

static int add_buffer(lowering *w, int64_t bytes, float *fixed)
{
    w->l->buffer[w->l->buffers] = (tc_buffer){.bytes = bytes, .first = -2, .last = -1, .alias = -1, .fixed = fixed};
    return w->l->buffers++;
}

static int64_t value_bytes(const tacet_plan *p, int v)
{
    const tc_value *value = &p->graph->value[v];
    return tc_shape_count(&value->shape) * (value->batch ? p->batch : 1) * (int64_t)sizeof(float);
}

/* A buffer for every value and every gradient that the list has; parameters lie in the block. */
static void add_buffers(lowering *w)
{
    const tacet_plan *p = w->p;
    for (int v = 0; v < p->values; v++) {
        const tc_value *value = &p->graph->value[v];
        const tc_place *at = value->owner >= 0 ? tc_plan_find(p, v) : NULL;
        w->l->value[v] = w->l->gradient[v] = -1;
        if (!w->l->needed[v]) continue;
        w->l->value[v] = add_buffer(w, value_bytes(p, v), at ? tc_plan_parameter(p, at) : NULL);
        tc_buffer *b = &w->l->buffer[w->l->value[v]];
        if (!value->op) b->first = -1;
        b->pinned = value->keep || !value->op;
        if (!w->l->wants[v]) continue;
        w->l->gradient[v] = add_buffer(w, value_bytes(p, v), at && at->trains ? tc_plan_gradient(p, at) : NULL);
        w->l->buffer[w->l->gradient[v]].pinned = value->keep_gradient;
    }
}

/* Answers (outputs that nobody reads) and what losses read stay readable. */
static void pin_outputs(lowering *w)
{
    const tacet_graph *g = w->p->graph;
    bool *read = w->written; /* borrowed before it is used */
    memset(read, 0, sizeof *read * (size_t)w->p->values);
    for (int v = 0; v < w->p->values; v++)
        for (int k = 0; k < g->value[v].inputs; k++) read[g->value[v].input[k]] = true;
    for (int v = 0; v < w->p->values; v++)
        if (w->l->value[v] >= 0 && !read[v]) w->l->buffer[w->l->value[v]].pinned = true;
    for (int i = 0; i < w->p->terms; i++)
        for (int k = 0; g->term[i].op->role == &tc_loss && k < g->term[i].inputs; k++)
            w->l->buffer[w->l->value[g->term[i].input[k]]].pinned = true;
    memset(read, 0, sizeof *read * (size_t)w->p->values);
}

static void touch(tc_list *l, int buffer, int step)
{
    if (buffer < 0) return;
    tc_buffer *b = &l->buffer[buffer];
    if (b->first == -2) b->first = step;
    b->last = step;
}

/* A new step with room for its slots; what is in x is set, reads and writes follow. */
static tc_step *add_step(lowering *w, const tc_op *op, bool backward, const int *input, int inputs, int slots)
{
    tacet_plan *p = w->p;
    tc_step *s = &w->l->step[w->l->steps];
    *s = (tc_step){.value = -1,
                   .term = -1,
                   .backward = backward,
                   .random = (op->flags & TC_RANDOM) != 0,
                   .run = backward ? op->backward : op->forward,
                   .slots = slots,
                   .yb = -1,
                   .gb = -1,
                   .sb = -1,
                   .waits = -1};
    const size_t n = (size_t)slots + 1;
    tc_view *x = tc_plan_alloc(p, n, sizeof *x);
    float **d = tc_plan_alloc(p, n, sizeof *d);
    bool *add = tc_plan_alloc(p, n, sizeof *add);
    s->xb = tc_plan_alloc(p, n, sizeof *s->xb);
    s->db = tc_plan_alloc(p, n, sizeof *s->db);
    if (!x || !d || !add || !s->xb || !s->db) {
        w->failed = true;
        return NULL;
    }
    for (int k = 0; k < slots; k++) {
        s->xb[k] = s->db[k] = -1;
        if (input[k] < 0) continue;
        const tc_value *v = &p->graph->value[input[k]];
        x[k] = (tc_view){.shape = v->shape, .n = tc_shape_count(&v->shape), .batch = v->batch};
        if (!backward || (op->flags & TC_READS_X) || v->owner >= 0) s->xb[k] = w->l->value[input[k]];
        if (w->l->needed[input[k]] && w->p->feed[input[k]].optional && w->which == TC_EVAL) s->waits = input[k];
    }
    s->call = (tc_call){.op = op, .run = &p->run, .inputs = inputs, .x = x, .d = d, .add = add};
    return s;
}

/* Notes what the step touches, and takes it into the list. */
static void close_step(lowering *w, tc_step *s)
{
    const int i = w->l->steps++;
    for (int k = 0; k < s->slots; k++) {
        touch(w->l, s->xb[k], i);
        touch(w->l, s->db[k], i);
    }
    touch(w->l, s->yb, i);
    touch(w->l, s->gb, i);
    touch(w->l, s->sb, i);
    for (int k = 0; k < 2; k++) {
        const tc_silence *list = k ? s->g_silence : s->x_silence;
        touch(w->l, list ? list->by_row : -1, i);
        touch(w->l, list && s->backward ? list->by_unit : -1, i);
    }
}

/* Gives the step the gradients of its inputs to write; false if nobody wants any. */
static bool set_gradients(lowering *w, tc_step *s, const int *input)
{
    bool any = false;
    bool *add = (bool *)(uintptr_t)s->call.add;
    for (int k = s->call.op->of ? s->call.inputs : 0; k < s->slots; k++) {
        if (input[k] < 0 || w->l->gradient[input[k]] < 0) continue;
        s->db[k] = w->l->gradient[input[k]];
        add[k] = w->written[input[k]]; /* by another step, or by this one where it reads a value twice */
        any = w->written[input[k]] = true;
    }
    return any;
}

/* Costs, and the buffer of what is kept (made by the forward step, *save, and used again by the backward one). */
static void set_facts(lowering *w, tc_step *s, const tc_arg *arg, const int *input, int *save)
{
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    const tc_op *op = s->call.op;
    const int64_t rows = w->p->graph->value[input[0]].batch ? w->p->batch : 1;
    tc_sketch sk = tc_plan_sketch(w->p, op, arg, input, s->call.inputs, shape, batch);
    s->call.arg = arg;
    double flops = op->flops ? op->flops(&sk) : 0;
    for (int k = 0; k < sk.inputs; k++) flops += op->work * (double)tc_shape_count(&shape[k]);
    s->flops = flops * (double)rows * (s->backward ? 2 : 1);
    const int64_t bytes = op->save ? op->save(&sk, rows) : 0;
    if (bytes > 0 && *save < 0) *save = add_buffer(w, bytes, NULL);
    s->sb = *save;
    s->call.state = tc_state_of(w->p, s->value, s->term);
    if (bytes > 0 && op->commit && w->which == TC_TRAIN) w->l->buffer[*save].stays = true;
}

static void lower_term(lowering *w, int t, bool backward)
{
    const tc_term *term = &w->p->graph->term[t];
    if (term->op->role == &tc_constraint || (backward && term->prox)) return;
    tc_step *s = add_step(w, term->op, backward, term->input, term->inputs, term->slots);
    if (!s) return;
    s->term = t;
    s->finish = !backward;
    s->call.reduce = term->reduce;
    s->call.lambda = &w->p->table.lambda[t];
    s->call.result = &w->p->result[t];
    if (backward && !set_gradients(w, s, term->input)) return;
    set_facts(w, s, tc_term_arg(w->p->graph, term), term->input, &w->term_save[t]);
    close_step(w, s);
}

static void lower_terms(lowering *w, int value, bool backward)
{
    for (int i = 0; i < w->p->terms; i++) {
        const int t = backward ? w->p->terms - 1 - i : i;
        if (w->latest[t] == value) lower_term(w, t, backward);
    }
}

/* The lists that a layer may run on. */
static void set_silence(lowering *w, tc_step *s, int v)
{
    const tc_value *value = &w->p->graph->value[v];
    if (!s->call.op->choose) return;
    tc_silence *of_x = w->l->fired[value->input[0]];
    s->x_silence = of_x && of_x->read ? of_x : NULL;
    s->g_silence = s->backward ? w->l->fired_gradient[v] : NULL;
    s->call.fired = s->x_silence ? &s->x_silence->f : NULL;
    s->call.fired_g = s->g_silence ? &s->g_silence->f : NULL;
    s->call.blocked = tc_fire_blocked(w->p, value->input[0]);
    s->call.break_even = &w->p->table.break_even[v * TC_PRODUCTS];
}

/* Where the gradient of the step's weight w is made in the update, all that its product reads must live till then. */
static void set_fused(lowering *w, tc_step *s, int weight)
{
    const tc_place *at = weight >= 0 ? tc_plan_find(w->p, weight) : NULL;
    if (!at || !at->fused) return;
    const tc_silence *x = s->x_silence, *g = s->g_silence;
    const int reads[] = {s->xb[0],           s->gb, x ? x->by_row : -1, x ? x->by_unit : -1, g ? g->by_row : -1,
                         g ? g->by_unit : -1};
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        if (reads[i] >= 0) w->l->buffer[reads[i]].stays = true;
    s->call.fused = true;
}

static void lower_layer(lowering *w, int v, bool backward)
{
    const tc_value *value = &w->p->graph->value[v];
    if (backward && w->l->gradient[v] < 0) return;
    tc_step *s = add_step(w, value->op, backward, value->input, value->inputs, value->slots);
    if (!s) return;
    s->value = v;
    s->call.y = (tc_view){.shape = value->shape, .n = tc_shape_count(&value->shape), .batch = value->batch};
    s->call.stream = tc_stream_of(w->p->seed, 0, value->name);
    if (!backward || (value->op->flags & TC_READS_Y)) s->yb = w->l->value[v];
    if (backward) {
        s->gb = w->l->gradient[v];
        if (!set_gradients(w, s, value->input)) return;
    }
    set_facts(w, s, value->arg, value->input, &w->save[v]);
    set_silence(w, s, v);
    if (backward) set_fused(w, s, value->slots > value->inputs ? value->input[value->inputs] : -1);
    close_step(w, s);
}

/* A step that makes a part of a list: by row from `buffer`, which is v or, backward, its gradient; by unit from the lists
 * by row (buffer -1). */
static void lower_fire(lowering *w, const tc_op *op, bool backward, int v, int buffer, tc_silence *list)
{
    tc_step *s = list ? add_step(w, op, backward, &v, 1, 1) : NULL;
    if (!s) return;
    s->value = v;
    s->xb[0] = buffer;
    if (buffer < 0) s->bytes = (double)tc_silence_unit_bytes(list); /* at most: what it writes */
    s->x_silence = list;
    s->call.save = list;
    s->call.result = &list->fired;
    s->finish = op->finish != NULL;
    close_step(w, s);
}

/* The list of a value, by row, right behind what made it. */
static void lower_list(lowering *w, int v)
{
    tc_silence *list = w->l->fired[v];
    if (!list) return;
    if (list->read) list->by_row = add_buffer(w, tc_silence_row_bytes(list), NULL);
    list->rows = true;
    lower_fire(w, &tc_op_fire, false, v, w->l->value[v], list);
}

/* What the backward pass of layer v reads by unit, and the list of its output's gradient. */
static void lower_lists_back(lowering *w, int v)
{
    const int x = w->p->graph->value[v].input[0];
    tc_silence *of_x = w->l->fired[x], *of_g = w->l->fired_gradient[v];
    if (w->l->gradient[v] < 0) return;
    if (of_g) {
        of_g->by_row = add_buffer(w, tc_silence_row_bytes(of_g), NULL);
        of_g->by_unit = add_buffer(w, tc_silence_unit_bytes(of_g), NULL);
        lower_fire(w, &tc_op_fire, true, v, w->l->gradient[v], of_g);
        lower_fire(w, &tc_op_fire_units, true, v, -1, of_g);
    }
    if (of_x && of_x->read && of_x->by_unit < 0) {
        of_x->by_unit = add_buffer(w, tc_silence_unit_bytes(of_x), NULL);
        lower_fire(w, &tc_op_fire_units, true, x, -1, of_x);
    }
}

/* The step that counts what fires; its counts are the plan's. */
static void lower_count(lowering *w, int v)
{
    tacet_plan *p = w->p;
    if (!tc_fire_counts(p, w->which, v)) return;
    tc_step *s = add_step(w, &tc_op_count_fired, false, &v, 1, 1);
    if (!s) return;
    tc_count_of *count = &p->count[w->which][v];
    w->failed = w->failed || !tc_count_alloc(p, w->which, v);
    s->value = v;
    s->finish = true;
    s->call.save = count;
    s->call.result = &count->sum;
    close_step(w, s);
}

static void lower_all(lowering *w)
{
    const tacet_plan *p = w->p;
    for (int v = 0; v < p->values && !w->failed; v++) {
        if (!w->l->needed[v]) continue;
        if (p->graph->value[v].op) lower_layer(w, v, false);
        lower_terms(w, v, false);
        lower_list(w, v);
        lower_count(w, v);
    }
    w->l->backward = w->l->steps;
    for (int v = p->values - 1; v >= 0 && w->which == TC_TRAIN && !w->failed; v--) {
        if (!w->l->needed[v]) continue;
        lower_terms(w, v, true);
        if (p->graph->value[v].op) lower_lists_back(w, v);
        if (p->graph->value[v].op) lower_layer(w, v, true);
    }
}

tacet_status tc_plan_lower(tacet_plan *p, int list)
{
    const size_t v = (size_t)p->values + 1, t = (size_t)p->terms + 1;
    tc_list *l = &p->list[list];
    lowering w = {.p = p, .l = l, .which = list};
    l->step = tc_plan_alloc(p, 7 * v + 2 * t, sizeof *l->step);
    l->buffer = tc_plan_alloc(p, 7 * v + t, sizeof *l->buffer);
    l->value = tc_plan_alloc(p, v, sizeof *l->value);
    l->gradient = tc_plan_alloc(p, v, sizeof *l->gradient);
    w.latest = tc_plan_alloc(p, t, sizeof *w.latest);
    w.save = tc_plan_alloc(p, v, sizeof *w.save);
    w.term_save = tc_plan_alloc(p, t, sizeof *w.term_save);
    w.written = tc_plan_alloc(p, v, sizeof *w.written);
    if (!l->step || !l->buffer || !l->value || !l->gradient || !w.latest || !w.save || !w.term_save || !w.written)
        return tc_fail_memory(&p->error);
    for (size_t i = 0; i < v; i++) w.save[i] = -1;
    for (int i = 0; i < p->terms; i++) {
        const tc_term *term = &p->graph->term[i];
        w.term_save[i] = w.latest[i] = -1;
        for (int k = 0; k < term->slots; k++)
            if (term->input[k] > w.latest[i]) w.latest[i] = term->input[k];
    }
    add_buffers(&w);
    pin_outputs(&w);
    lower_all(&w);
    return w.failed ? tc_fail_memory(&p->error) : TACET_OK;
}
