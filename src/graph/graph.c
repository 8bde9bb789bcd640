/* graph.c: the life of a graph, its values by name, and the sticky error: the first mistake is kept, and every later
 * call does nothing, so that a description is written without looking at each line and checked once, at compile. */
#include "graph/graph.h"

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
    for (int i = 0; i < g->values; i++) {
        tc_free(&m, g->value[i].name);
        tc_free(&m, g->value[i].arg);
        if (g->value[i].op) tc_spec_free(&g->value[i].spec);
    }
    for (int i = 0; i < g->terms; i++) {
        tc_term *t = &g->term[i];
        tc_free(&m, t->name);
        tc_free(&m, t->on);
        tc_free(&m, t->arg);
        tc_free(&m, t->common);
        tc_spec_free(&t->spec);
    }
    statements_free(&m, &g->losses);
    statements_free(&m, &g->penalties);
    statements_free(&m, &g->options);
    tc_free(&m, g->value);
    tc_free(&m, g->term);
    tc_free(&m, g);
}

bool tc_graph_failed(const tacet_graph *g) { return !g || g->error.status != TACET_OK; }

int tc_graph_fail(tacet_graph *g, tacet_status s, const char *format, ...)
{
    if (tc_graph_failed(g)) return -1;
    char message[sizeof g->error.message];
    va_list args;
    va_start(args, format);
    tc_format(message, sizeof message, format, args);
    va_end(args);
    tc_fail(&g->error, s, "%s", message);
    return -1;
}

int tc_graph_no_memory(tacet_graph *g)
{
    return tc_graph_fail(g, TACET_MEMORY, "out of memory while describing the network");
}

const tacet_error *tacet_graph_error(const tacet_graph *g)
{
    static const tacet_error none = {
        .status = TACET_MEMORY, .column = -1, .message = "out of memory: there is no graph"};
    return !g ? &none : g->error.status == TACET_OK ? NULL : &g->error;
}

int tc_graph_index(const tacet_graph *g, const char *name)
{
    for (int i = 0; g && i < g->values; i++)
        if (strcmp(g->value[i].name, name) == 0) return i;
    return -1;
}

tacet_value tacet_find(const tacet_graph *g, const char *name)
{
    return (tacet_value){(int32_t)(tc_graph_index(g, name) + 1)};
}

const char *tacet_axes(const tacet_graph *g, const char *name)
{
    const int v = tc_graph_index(g, name);
    const char *axes = v >= 0 ? tc_graph_axes(g, v) : NULL;
    return axes ? axes : "";
}

int tc_graph_value(tacet_graph *g, tacet_value v)
{
    if (tc_graph_failed(g)) return -1;
    if (v.id == 0)
        return tc_graph_fail(g, TACET_DESCRIPTION,
                             "{0} is no value: tacet_find returns it for a name that there is not");
    if (v.id < 1 || v.id > g->values)
        return tc_graph_fail(g, TACET_DESCRIPTION, "no such value: the handle does not come from this graph");
    return (int)v.id - 1;
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

/* A word, or (a parameter) two with a dot between them. What a letter is does not depend on the locale. */
static bool name_good(const char *name, bool parameter)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    size_t n = strspn(name, word);
    if (parameter && name[n] == '.') n += 1 + strspn(name + n + 1, word);
    return n > 0 && !name[n] && !(name[0] >= '0' && name[0] <= '9') &&
           n <= (parameter ? TC_MAX_NAME + 64 : TC_MAX_NAME);
}

int tc_graph_add(tacet_graph *g, const char *name, bool parameter)
{
    if (tc_graph_failed(g)) return -1;
    if (!name_good(name, parameter))
        return tc_graph_fail(g, TACET_DESCRIPTION,
                             "\"%.100s\" cannot be a name: at most %d letters, digits and _ are, no digit first", name,
                             TC_MAX_NAME);
    if (tc_graph_index(g, name) >= 0) return tc_graph_fail(g, TACET_DESCRIPTION, "the name %s is taken already", name);
    if (g->values >= TC_MAX_VALUES) return tc_graph_fail(g, TACET_DESCRIPTION, "more than %d values", TC_MAX_VALUES);
    tc_value *grown = tc_resize(&g->mem, g->value, (size_t)g->values + 1, sizeof *grown);
    if (!grown) return tc_graph_no_memory(g);
    g->value = grown;
    tc_value *v = &g->value[g->values];
    *v = (tc_value){.name = tc_strdup(&g->mem, name), .owner = -1};
    if (!v->name) return tc_graph_no_memory(g);
    return g->values++;
}

const char *tc_type_name(tacet_type type)
{
    static const char *const name[] = {[TACET_F32] = "float32",
                                       [TACET_U8] = "uint8",
                                       [TACET_I32] = "int32",
                                       [TACET_F64] = "float64",
                                       [TACET_I64] = "int64"};
    return (unsigned)type < sizeof name / sizeof *name ? name[type] : NULL;
}

/* The shape of an input; false with the sticky error set. */
static bool input_shape(tacet_graph *g, const char *name, int rank, const int64_t *shape, tc_shape *s)
{
    char text[TC_SHAPE_TEXT];
    *s = (tc_shape){.rank = rank};
    if (rank < 0 || rank > TC_MAX_RANK)
        return tc_graph_fail(g, TACET_DESCRIPTION, "input %s: rank %d is not supported (0 to %d)", name, rank,
                             TC_MAX_RANK),
               false;
    for (int i = 0; i < rank; i++) s->dim[i] = shape[i];
    if (tc_shape_count(s) >= 0) return true;
    return tc_graph_fail(g, TACET_DESCRIPTION, "input %s: the shape %s has no size, or too large a one", name,
                         tc_shape_text(s, false, text)),
           false;
}

/* A type that a value can have, and a number of classes that goes with it; false with the sticky error set. */
static bool input_type(tacet_graph *g, const char *name, tacet_type type, int64_t classes)
{
    const char *got = tc_type_name(type);
    if (type != TACET_F32 && type != TACET_I32)
        return tc_graph_fail(g, TACET_DESCRIPTION,
                             "input %s: an input is float32 or int32, not %s; what is fed to it may be of any type",
                             name, got ? got : "of an unknown type"),
               false;
    if (type == TACET_F32 && classes != 0)
        return tc_graph_fail(g, TACET_DESCRIPTION, "input %s: it is float32, and only an int32 input has classes",
                             name),
               false;
    if (classes >= 0 && classes <= INT32_MAX) return true;
    return tc_graph_fail(g, TACET_DESCRIPTION,
                         "input %s: %lld classes; give 1 to %lld, or 0 where what reads the input says how many", name,
                         (long long)classes, (long long)INT32_MAX),
           false;
}

tacet_value tacet_input_of(tacet_graph *g, const char *name, tacet_type type, int64_t classes, int rank,
                           const int64_t *shape)
{
    tc_shape s;
    if (tc_graph_failed(g) || !input_type(g, name, type, classes) || !input_shape(g, name, rank, shape, &s))
        return (tacet_value){0};
    const int i = tc_graph_add(g, name, false);
    if (i < 0) return (tacet_value){0};
    g->value[i].shape = s;
    g->value[i].batch = true;
    g->value[i].type = type;
    g->value[i].classes = classes;
    return (tacet_value){(int32_t)i + 1};
}

tacet_value tacet_input(tacet_graph *g, const char *name, int rank, const int64_t *shape)
{
    return tacet_input_of(g, name, TACET_F32, 0, rank, shape);
}

tacet_value tacet_labels(tacet_graph *g, const char *name) { return tacet_input_of(g, name, TACET_I32, 0, 0, NULL); }

/* What a selector may mean; where parameters are asked for, they alone. */
static bool may_be_meant(const tc_value *v, bool parameters) { return tc_selects(v) && (!parameters || v->owner >= 0); }

typedef struct names {
    const tacet_graph *g;
    bool parameters;
} names;

static const char *name_at(const void *context, int i)
{
    const names *n = context;
    for (int v = 0; v < n->g->values; v++)
        if (may_be_meant(&n->g->value[v], n->parameters) && i-- == 0) return n->g->value[v].name;
    return NULL;
}

void tc_graph_suggest(tacet_graph *g, const char *name, bool parameters)
{
    char list[sizeof g->error.hint];
    size_t used = 0;
    list[0] = 0;
    for (int i = 0; i < g->values; i++) {
        const tc_value *v = &g->value[i];
        if (!may_be_meant(v, parameters)) continue;
        int n = snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", v->name);
        if (n < 0 || (size_t)n >= sizeof list - used - 40) {
            snprintf(list + used, sizeof list - used, "%s", ", ...");
            break;
        }
        used += (size_t)n;
    }
    const char *near = tc_nearest(name, name_at, &(names){g, parameters});
    tc_fail_hint(&g->error, "%s%s%sthere are: %s", near ? "did you mean " : "", near ? near : "", near ? "? " : "",
                 list[0] ? list : "none yet");
}

bool tc_statement_add(tacet_graph *g, tc_statements *s, const char *on, const char *text)
{
    tc_statement *grown = tc_resize(&g->mem, s->line, (size_t)s->count + 1, sizeof *grown);
    if (!grown) return tc_graph_no_memory(g), false;
    s->line = grown;
    tc_statement l = {tc_strdup(&g->mem, on), tc_strdup(&g->mem, text), g->values};
    if (!l.on || !l.text) {
        tc_free(&g->mem, l.on);
        tc_free(&g->mem, l.text);
        return tc_graph_no_memory(g), false;
    }
    /* A statement is a line: to the small language all white space is one. */
    for (char *c = l.text; (c = strpbrk(c, "\n\r")) != NULL;) *c = ' ';
    s->line[s->count++] = l;
    return true;
}
