/* graph.c: creating and freeing a graph, its values, and the sticky error: after the first mistake every call does
 * nothing, so that a caller need not check each call, only the compilation. */
#include "graph/graph.h"

#include "op/user.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

tacet_graph *tacet_graph_new(const tacet_memory *memory)
{
    tc_mem m = tc_mem_of(memory);
    tacet_graph *g = tc_alloc(&m, 1, sizeof *g);
    if (!g) return NULL;
    g->mem = m;
    atomic_init(&g->references, 1);
    return g;
}

tacet_graph *tc_graph_hold(tacet_graph *g)
{
    atomic_fetch_add(&g->references, 1);
    return g;
}

void tc_value_free(const tc_mem *m, tc_value *v)
{
    tc_free(m, v->name);
    tc_op_free_arg(v->op, m, v->arg);
    tc_spec_free(&v->spec);
}

void tc_term_free(const tc_mem *m, tc_term *t)
{
    tc_free(m, t->name);
    tc_free(m, t->on);
    tc_op_free_arg(t->op, m, t->arg);
    tc_free(m, t->common);
    tc_spec_free(&t->spec);
}

static void statements_free(const tc_mem *m, tc_statements *s)
{
    for (int i = 0; i < s->count; i++) {
        tc_free(m, s->line[i].on);
        tc_free(m, s->line[i].text);
    }
    tc_free(m, s->line);
}

void tacet_graph_free(tacet_graph *g)
{
    if (!g || atomic_fetch_sub(&g->references, 1) > 1) return;
    const tc_mem m = g->mem;
    for (int i = 0; i < g->values; i++) tc_value_free(&m, &g->value[i]);
    for (int i = 0; i < g->terms; i++) tc_term_free(&m, &g->term[i]);
    statements_free(&m, &g->losses);
    statements_free(&m, &g->penalties);
    statements_free(&m, &g->options);
    tc_free(&m, g->value);
    tc_free(&m, g->named);
    tc_free(&m, g->term);
    tc_graph_free_own(g);
    tc_free(&m, g);
}

bool tc_graph_failed(const tacet_graph *g) { return !g || g->error.status != TACET_OK; }

bool tc_graph_fail(tacet_graph *g, const char *format, ...)
{
    if (tc_graph_failed(g)) return false;
    va_list args;
    va_start(args, format);
    tc_fail_list(&g->error, TACET_DESCRIPTION, format, args);
    va_end(args);
    return false;
}

bool tc_graph_refuse(tacet_graph *g, const tc_spec *s, const tc_arg *at, const char *format, ...)
{
    if (tc_graph_failed(g)) return false;
    va_list args;
    va_start(args, format);
    tc_fail_list(&g->error, TACET_DESCRIPTION, format, args);
    va_end(args);
    tc_fail_at(&g->error, s->source, at ? at->column : s->column, at ? at->width : s->width);
    return false;
}

bool tc_graph_no_memory(tacet_graph *g)
{
    if (!tc_graph_failed(g)) tc_fail(&g->error, TACET_MEMORY, "out of memory while describing the network");
    return false;
}

const tacet_error *tacet_graph_error(const tacet_graph *g)
{
    static const tacet_error none = {
        .status = TACET_MEMORY, .column = -1, .message = "out of memory: the graph could not be made"};
    return !g ? &none : g->error.status == TACET_OK ? NULL : &g->error;
}

const char *tacet_axes(const tacet_graph *g, const char *name)
{
    const int v = tc_graph_index(g, name);
    const char *axes = v >= 0 ? tc_graph_axes(g, v) : NULL;
    return axes ? axes : "";
}

int64_t tacet_groups(const tacet_graph *g, const char *name)
{
    const int v = tc_graph_index(g, name);
    return v < 0 ? 0 : g->value[v].groups > 1 ? g->value[v].groups : 1;
}

int tc_graph_value(tacet_graph *g, tacet_value v)
{
    if (tc_graph_failed(g)) return -1;
    if (v.id >= 1 && v.id <= g->values) return (int)v.id - 1;
    tc_graph_fail(g, v.id == 0 ? "{0} is not a value: tacet_find returns it for a name that does not exist"
                               : "no such value: the handle does not come from this graph");
    return -1;
}

const tc_param *tc_param_of(const tacet_graph *g, int value)
{
    const tc_value *v = &g->value[value];
    return &g->value[v->owner].op->param[v->slot];
}

const char *tc_graph_axes(const tacet_graph *g, int value)
{
    return g->value[value].owner >= 0 ? tc_param_of(g, value)->axes : NULL;
}

tc_shape tc_graph_shape(const tacet_graph *g, int value)
{
    return tc_weight_seen(tc_graph_axes(g, value), &g->value[value].shape);
}

int tc_graph_add(tacet_graph *g, const char *name, const tc_value *value)
{
    if (!tc_name_free(g, name, value->owner >= 0)) return -1;
    /* The table is full when the number of values is a power of two; then it doubles. */
    const size_t n = (size_t)g->values;
    tc_value *grown = n & (n - 1) ? g->value : tc_resize(&g->mem, g->value, n ? 2 * n : 1, sizeof *grown);
    if (grown) g->value = grown;
    char *copy = grown ? tc_strdup(&g->mem, name) : NULL;
    if (!copy) return tc_graph_no_memory(g), -1;
    g->value[g->values] = *value;
    g->value[g->values].name = copy;
    tc_name_take(g, g->values);
    return g->values++;
}

/* Checks the type, classes and rank of an input and sets its sizes; false with the sticky error set. */
static bool set_shape(tacet_graph *g, const char *name, tc_value *v, const int64_t *shape)
{
    char text[TC_SHAPE_TEXT];
    const char *got = tc_type_name(v->type);
    if (v->type != TACET_F32 && v->type != TACET_I32)
        return tc_graph_fail(g, "input %s: an input is float32 or int32, not %s; what is fed to it may be of any type",
                             name, got ? got : "of an unknown type");
    if (v->type == TACET_F32 && v->classes != 0)
        return tc_graph_fail(g, "input %s: it is float32, and only an int32 input has classes", name);
    if (v->classes < 0 || v->classes > INT32_MAX)
        return tc_graph_fail(g, "input %s: %lld classes; give 1 to %lld, or 0 if its reader sets the number", name,
                             (long long)v->classes, (long long)INT32_MAX);
    if (v->shape.rank < 0 || v->shape.rank > TC_MAX_RANK)
        return tc_graph_fail(g, "input %s: rank %d is not supported (0 to %d)", name, v->shape.rank, TC_MAX_RANK);
    for (int i = 0; i < v->shape.rank; i++) v->shape.dim[i] = shape[i];
    return tc_shape_count(&v->shape) >= 0 || tc_graph_fail(g, "input %s: the shape %s has no size, or too large a one",
                                                           name, tc_shape_text(&v->shape, false, text));
}

tacet_value tacet_input_of(tacet_graph *g, const char *name, tacet_type type, int64_t classes, int rank,
                           const int64_t *shape)
{
    tc_value v = {.shape.rank = rank, .batch = true, .type = type, .classes = classes, .owner = -1};
    if (tc_graph_failed(g) || !set_shape(g, name, &v, shape)) return (tacet_value){0};
    return (tacet_value){(int32_t)tc_graph_add(g, name, &v) + 1};
}

tacet_value tacet_input(tacet_graph *g, const char *name, int rank, const int64_t *shape)
{
    return tacet_input_of(g, name, TACET_F32, 0, rank, shape);
}

tacet_value tacet_labels(tacet_graph *g, const char *name) { return tacet_input_of(g, name, TACET_I32, 0, 0, NULL); }

/* ---- Operators ---- */

static bool is_due(const tc_op *op, const tc_role *due)
{
    return op->role == due || (due == &tc_penalty && op->role == &tc_constraint);
}

/* What could have been meant: the graph's own operators, then the table's. */
typedef struct choices {
    const tacet_graph *g;
    const tc_role *due;
} choices;

static const char *op_name_at(const void *context, int i)
{
    const choices *c = context;
    const tc_role *due = c->due;
    for (const tc_user_op *o = c->g->own; o; o = o->next)
        if (is_due(&o->op, due) && i-- == 0) return o->op.name;
    for (int k = 0; k < tc_op_count(); k++)
        if (is_due(tc_op_at(k), due) && i-- == 0) return tc_op_at(k)->name;
    return NULL;
}

const tc_op *tc_graph_op(tacet_graph *g, const tc_spec *s, const tc_role *due)
{
    const tc_op *op = tc_graph_find_op(g, s->name);
    if (op && is_due(op, due)) return op;
    if (op) {
        tc_graph_refuse(g, s, NULL, "%s is a %s, not a %s", s->name, tacet_role_name(op->role->is),
                        tacet_role_name(due->is));
    } else {
        tc_graph_refuse(g, s, NULL, "unknown %s \"%.100s\"", tacet_role_name(due->is), s->name);
        tc_fail_choices(&g->error, "there are", s->name, op_name_at, &(choices){g, due});
    }
    return NULL;
}

bool tc_graph_sketch(const tacet_graph *g, const tc_op *op, const tc_arg *arg, const int *input, int inputs,
                     tc_sketch *s, tc_shape *shape, bool *batch)
{
    *s = (tc_sketch){.arg = arg, .inputs = inputs, .x = shape, .batch = batch};
    for (int k = 0; k < inputs; k++) {
        const tc_value *v = &g->value[input[k]];
        shape[k] = v->shape;
        batch[k] = v->batch;
        s->classes[k] = v->classes;
    }
    for (int k = 0; k < TC_MAX_PARAMS; k++) s->param[k].rank = -1;
    s->groups = inputs > 0 ? g->value[input[0]].groups : 0;
    return tc_op_shape(op, s);
}

bool tc_graph_refuse_inputs(tacet_graph *g, const char *what, const int *input, int inputs, const char *why)
{
    char from[512] = "", text[TC_SHAPE_TEXT];
    size_t used = 0;
    for (int i = 0; i < inputs && used < sizeof from; i++) {
        const tc_value *v = &g->value[input[i]];
        const tc_shape seen = tc_graph_shape(g, input[i]);
        const int n = snprintf(from + used, sizeof from - used, "%s%s %s", i ? " and " : "", v->name,
                               tc_shape_text(&seen, v->batch, text));
        used += n > 0 ? (size_t)n : 0;
    }
    return tc_graph_fail(g, "%s on %s: %s", what, from, why);
}

/* ---- Statements ---- */

void tc_statement_add(tacet_graph *g, tc_statements *s, const char *on, const char *text)
{
    tc_statement *grown = tc_resize(&g->mem, s->line, (size_t)s->count + 1, sizeof *grown);
    if (grown) s->line = grown;
    tc_statement l = {tc_strdup(&g->mem, on), tc_strdup(&g->mem, text), g->values};
    if (!grown || !l.on || !l.text) {
        tc_free(&g->mem, l.on);
        tc_free(&g->mem, l.text);
        tc_graph_no_memory(g);
        return;
    }
    /* A statement must be one line; the small language treats all white space alike. */
    for (char *c = l.text; (c = strpbrk(c, "\n\r")) != NULL;) *c = ' ';
    s->line[s->count++] = l;
}
