/* layer.c: chains of layers. A stage is read, its operator's shape rule asked, its output and its parameters added. */
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

/* The error of a stage is shown in the whole chain, in which it stands at `column`. */
static void point(tacet_graph *g, const char *chain, int column, int width)
{
    if (g->error.column >= 0) {
        column += g->error.column;
        width = g->error.width;
    }
    tc_fail_at(&g->error, chain, column, width);
}

static const char *op_name_at(const void *context, int i)
{
    (void)context;
    int n = 0;
    for (int k = 0; k < tc_op_count(); k++)
        if (tc_op_at(k)->role == &tc_layer && n++ == i) return tc_op_at(k)->name;
    return NULL;
}

static const tc_op *find_layer(tacet_graph *g, const tc_spec *s)
{
    const tc_op *op = tc_op_find(s->name);
    if (op && op->role == &tc_layer) return op;
    if (op) {
        tc_graph_fail(g, TACET_DESCRIPTION, "%s is a %s, not a layer", s->name, op->role->name);
    } else {
        tc_graph_fail(g, TACET_DESCRIPTION, "unknown layer \"%.100s\"", s->name);
        tc_fail_choices(&g->error, "there are", s->name, op_name_at, NULL);
    }
    tc_spec_point(s, s->column, s->width, &g->error);
    return NULL;
}

/* The name given by name=, or the operator's with the next free number. */
static int add_named(tacet_graph *g, const tc_op *op, const char *given)
{
    char name[160];
    if (given && given[0]) return tc_graph_add(g, given, false);
    int number = 1;
    for (int i = 0; i < g->values; i++) number += g->value[i].op == op;
    do snprintf(name, sizeof name, "%s%d", op->name, number++);
    while (tc_graph_index(g, name) >= 0);
    return tc_graph_add(g, name, false);
}

/* Whether the layer's input i can be v: it is class indices where the operator asks for them, and numbers elsewhere. */
static bool check_type(tacet_graph *g, const tc_op *op, int i, const tc_value *v)
{
    const bool ids = v->type == TACET_I32;
    if (tc_takes_ids(op, i) == ids) return true;
    tc_graph_fail(g, TACET_DESCRIPTION,
                  ids ? "%s: %s holds int32 class indices, and %s takes numbers"
                      : "%s: %s holds float32 numbers, and %s takes class indices",
                  op->name, v->name, op->name);
    if (!ids) tc_fail_hint(&g->error, "class indices are an input of type int32: tacet_input_of in C");
    return false;
}

/* Inputs named in the text, `add relu1`, follow the chain's own. */
static bool find_inputs(tacet_graph *g, const tc_op *op, const tc_spec *s, const tc_arg *arg, int x, int *input,
                        int *inputs)
{
    *inputs = 0;
    if (x < 0) {
        tc_graph_fail(g, TACET_DESCRIPTION, "%s has no input: begin the chain with `from NAME`", op->name);
        tc_spec_point(s, s->column, s->width, &g->error);
        return false;
    }
    input[(*inputs)++] = x;
    for (int i = 0; i < tc_attr_count(op->attribute); i++) {
        if (strcmp(op->attribute[i].type, "value") != 0) continue;
        int v = tc_graph_index(g, arg[i].text);
        if (v < 0) {
            tc_graph_fail(g, TACET_DESCRIPTION, "%s: the value %.100s does not exist", op->name, arg[i].text);
            tc_graph_suggest(g, arg[i].text, false);
            tc_spec_point(s, arg[i].column, arg[i].width, &g->error);
            return false;
        }
        input[(*inputs)++] = v;
    }
    for (int i = 0; i < *inputs; i++) {
        const tc_value *v = &g->value[input[i]];
        if (!check_type(g, op, i, v)) return false;
        /* Its dimensions are stored in another order than the user knows them. */
        if (tc_weight_turned(tc_graph_axes(g, input[i])) && !(op->flags & TC_ELEMENTWISE))
            return tc_graph_fail(g, TACET_DESCRIPTION, "%s: %s is a weight, which only elementwise layers read",
                                 op->name, v->name),
                   false;
    }
    return true;
}

/* Asks the shape rule; on refusal the message names the operator, every input and its shape. */
static bool sketch(tacet_graph *g, const tc_op *op, const tc_spec *spec, const tc_arg *arg, const int *input,
                   int inputs, tc_sketch *s, tc_shape *shape, bool *batch)
{
    for (int i = 0; i < inputs; i++) {
        shape[i] = g->value[input[i]].shape;
        batch[i] = g->value[input[i]].batch;
    }
    *s = (tc_sketch){.arg = arg, .inputs = inputs, .x = shape, .batch = batch};
    for (int i = 0; i < inputs; i++) s->classes[i] = g->value[input[i]].classes;
    for (int i = 0; i < TC_MAX_PARAMS; i++) s->param[i].rank = -1;
    bool good = tc_op_shape(op, s);
    if (good && tc_shape_count(&s->y) < 0) good = tc_shape_refuse(s, "the output would be too large");
    if (good) return true;
    char from[512] = "";
    size_t used = 0;
    for (int i = 0; i < inputs && used < sizeof from; i++) {
        char text[TC_SHAPE_TEXT];
        const tc_shape seen = tc_graph_shape(g, input[i]);
        int n = snprintf(from + used, sizeof from - used, "%s%s %s", i ? " and " : "", g->value[input[i]].name,
                         tc_shape_text(&seen, batch[i], text));
        used += n > 0 ? (size_t)n : 0;
    }
    tc_graph_fail(g, TACET_DESCRIPTION, "%s on %s: %s", spec->source, from, s->why);
    return false;
}

/* Its own parameters follow the layer; those of others are there already. */
static bool add_parameters(tacet_graph *g, const tc_op *op, int layer, const tc_sketch *s, const tc_shares *shared)
{
    g->value[layer].turned = shared->turned;
    for (int k = 0; op->param[k].name; k++) {
        int index = shared->of[k];
        if (index < 0 && s->param[k].rank >= 0) {
            char name[192];
            snprintf(name, sizeof name, "%s.%s", g->value[layer].name, op->param[k].name);
            if (tc_shape_count(&s->param[k]) < 0)
                return tc_graph_fail(g, TACET_DESCRIPTION, "%s would be too large", name), false;
            index = tc_graph_add(g, name, true);
            if (index < 0) return false;
            g->value[index].shape = s->param[k];
            g->value[index].owner = layer;
            g->value[index].slot = k;
        }
        g->value[layer].input[g->value[layer].slots++] = index;
    }
    return true;
}

/* Gives the words of a stage to what they set: shared parameters, the operator's attributes, those of all layers. */
static bool read_words(tacet_graph *g, const tc_op *op, const tc_spec *spec, tc_arg *arg, tc_arg *common,
                       tc_shares *shared)
{
    tc_spec rest;
    tacet_attribute row[TC_MAX_PARAMS + 1];
    tc_arg none[TC_MAX_PARAMS];
    const tc_binding binding[] = {{op->attribute, arg}, {tc_layer.common, common}, {row, none}};
    if (!tc_shares_take(g, op, spec, &rest, shared)) return false;
    tc_shares_rows(op, row);
    return tc_spec_bind(&rest, 3, binding, true, &g->error) == TACET_OK;
}

/* One stage after value x (-1: none); the new value, or -1. Takes the spec over on success. */
static int add_layer(tacet_graph *g, int x, tc_spec *spec)
{
    const tc_op *op = find_layer(g, spec);
    if (!op) return -1;
    const int own = tc_attr_count(op->attribute);
    tc_arg *arg = tc_alloc(&g->mem, (size_t)own + 1, sizeof *arg);
    if (!arg) return tc_graph_no_memory(g);
    tc_arg common[TC_COMMON_ATTRS] = {0};
    tc_shares shared;
    int input[TC_SLOTS], inputs, layer = -1;
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    tc_sketch s;
    if (read_words(g, op, spec, arg, common, &shared) && find_inputs(g, op, spec, arg, x, input, &inputs) &&
        sketch(g, op, spec, arg, input, inputs, &s, shape, batch) &&
        tc_shares_fit(g, op, spec, common, input, &s, &shared))
        layer = add_named(g, op, common[TC_LAYER_NAME].given ? common[TC_LAYER_NAME].text : NULL);
    if (layer < 0) {
        tc_free(&g->mem, arg);
        return -1;
    }
    tc_value *v = &g->value[layer];
    v->op = op;
    v->spec = *spec;
    v->arg = arg;
    v->inputs = v->slots = inputs;
    memcpy(v->input, input, sizeof(int) * (size_t)inputs);
    v->shape = s.y;
    v->batch = batch[0];
    *spec = (tc_spec){0};
    return add_parameters(g, op, layer, &s, &shared) ? layer : -1;
}

/* `from NAME` sets where the chain goes on. */
static int go_from(tacet_graph *g, const tc_spec *spec)
{
    if (spec->count != 1 || spec->word[0].key) {
        tc_graph_fail(g, TACET_DESCRIPTION, "`from` takes the name of a value, as in: from relu1 | linear 10");
        tc_spec_point(spec, spec->column, spec->width, &g->error);
        return -1;
    }
    int i = tc_graph_index(g, spec->word[0].text);
    if (i >= 0) return i;
    tc_graph_fail(g, TACET_DESCRIPTION, "from: the value %.100s does not exist", spec->word[0].text);
    tc_graph_suggest(g, spec->word[0].text, false);
    tc_spec_point(spec, spec->word[0].column, spec->word[0].width, &g->error);
    return -1;
}

tacet_value tacet_chain(tacet_graph *g, tacet_value x, const char *layers)
{
    int at = -1, column = 0;
    if (tc_graph_failed(g)) return (tacet_value){0};
    if (x.id != 0 && (at = tc_graph_value(g, x)) < 0) return (tacet_value){0};
    char stage[TC_MAX_SPEC + 2];
    const char *rest = layers;
    while (tc_chain_next(&rest, layers, stage, sizeof stage, &column)) {
        tc_spec spec;
        if (tc_spec_parse(&spec, &g->mem, stage, &g->error) == TACET_OK) {
            at = strcmp(spec.name, "from") == 0 ? go_from(g, &spec) : add_layer(g, at, &spec);
            if (spec.source) tc_spec_free(&spec);
        }
        if (g->error.status != TACET_OK) {
            point(g, layers, column, (int)strlen(stage));
            return (tacet_value){0};
        }
    }
    return (tacet_value){(int32_t)at + 1};
}
