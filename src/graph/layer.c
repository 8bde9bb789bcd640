/* layer.c: chains of layers. Each stage is read and checked by its operator's shape rule; then its output and
 * parameters are added. */
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

/* The value that a word names, or -1. */
static int find_value(tacet_graph *g, const tc_spec *s, const tc_arg *word)
{
    const int v = tc_graph_index(g, word->text);
    if (v >= 0) return v;
    tc_graph_refuse(g, s, word, "%s: the value %.100s does not exist", s->name, word->text);
    tc_graph_suggest(g, word->text, false);
    return -1;
}

/* Binds the words of a stage: the operator's attributes, those of all layers, and parameters of other layers. */
static bool read_layer(tacet_graph *g, tc_value *layer, tc_arg *common, tc_arg *shared)
{
    tc_attribute row[TC_MAX_PARAMS + 1] = {0};
    const tc_op *op = layer->op = tc_graph_op(g, &layer->spec, &tc_layer);
    if (!op) return false;
    layer->arg = tc_alloc(&g->mem, (size_t)tc_attr_count(op->attribute) + 1, sizeof *layer->arg);
    if (!layer->arg) return tc_graph_no_memory(g);
    for (int k = 0; op->param[k].name; k++)
        row[k] = (tc_attribute){.name = op->param[k].name, .type = "text", .preset = ""};
    const tc_binding binding[] = {{op->attribute, layer->arg}, {tc_layer.common, common}, {row, shared}};
    return tc_spec_bind(&layer->spec, 3, binding, true, &g->error) == TACET_OK &&
           tc_op_prepare(op, &g->mem, &layer->spec, layer->arg, &g->error);
}

/* Whether the layer's input i has the type that the operator takes, class indices or numbers; and whether the operator
 * can read a weight, whose dimensions are not stored in the order that users see. */
static bool check_input(tacet_graph *g, const tc_value *layer, int i)
{
    const tc_op *op = layer->op;
    const tc_value *v = &g->value[layer->input[i]];
    const bool ids = v->type == TACET_I32;
    if (tc_takes_ids(op, i) != ids) {
        tc_graph_fail(g,
                      ids ? "%s: %s holds int32 class indices, but %s takes numbers"
                          : "%s: %s holds float32 numbers, but %s takes class indices",
                      op->name, v->name, op->name);
        if (!ids) tc_fail_hint(&g->error, "class indices are an input of type int32: tacet_input_of in C");
        return false;
    }
    if (!tc_weight_turned(tc_graph_axes(g, layer->input[i])) || op->flags & TC_ELEMENTWISE) return true;
    return tc_graph_fail(g, "%s: %s is a weight, which only elementwise layers read", op->name, v->name);
}

static bool add_input(tacet_graph *g, tc_value *layer, const tc_arg *word)
{
    const int v = find_value(g, &layer->spec, word);
    if (v < 0) return false;
    if (layer->inputs == TC_MAX_INPUTS)
        return tc_graph_refuse(g, &layer->spec, word, "%s takes at most %d values", layer->op->name, TC_MAX_INPUTS);
    layer->input[layer->inputs++] = v;
    return true;
}

/* Adds the values that the words of a description name: all without a key, and with the key. */
static bool add_inputs(tacet_graph *g, tc_value *layer, const char *key)
{
    for (const tc_word *w = layer->spec.word; w < layer->spec.word + layer->spec.count; w++)
        if ((!w->key || strcmp(w->key, key) == 0) &&
            !add_input(g, layer, &(tc_arg){.text = w->text, .column = w->column, .width = w->width}))
            return false;
    return true;
}

/* Sets the inputs: first x from the chain (-1: none), then those that the text names, as in `add relu1`. */
static bool find_inputs(tacet_graph *g, tc_value *layer, int x)
{
    const tc_attribute *attribute = layer->op->attribute;
    if (x < 0)
        return tc_graph_refuse(g, &layer->spec, NULL, "%s has no input: begin the chain with `from NAME`",
                               layer->op->name);
    layer->input[layer->inputs++] = x;
    for (int i = 0; i < tc_attr_count(attribute); i++) {
        if (strcmp(attribute[i].type, "value") == 0 && !add_input(g, layer, &layer->arg[i])) return false;
        if (strcmp(attribute[i].type, "values") == 0 && !add_inputs(g, layer, attribute[i].name)) return false;
    }
    for (int i = 0; i < layer->inputs; i++)
        if (!check_input(g, layer, i)) return false;
    return true;
}

/* Adds the layer under the name that name= gives, or under its operator's name with the next free number. */
static int add_named(tacet_graph *g, tc_value *layer, const tc_arg *given)
{
    char name[160];
    int last = g->values - 1;
    while (last >= 0 && g->value[last].op != layer->op) last--;
    int number = layer->number = last >= 0 ? g->value[last].number + 1 : 1;
    if (given->text[0]) {
        const int index = tc_graph_add(g, given->text, layer);
        if (index < 0) tc_fail_at(&g->error, layer->spec.source, given->column, given->width);
        return index;
    }
    do snprintf(name, sizeof name, "%s%d", layer->op->name, number++);
    while (tc_graph_index(g, name) >= 0);
    return tc_graph_add(g, name, layer);
}

/* Its own parameters follow the layer; those of other layers already exist. */
static bool add_parameters(tacet_graph *g, int layer, const tc_sketch *s)
{
    const tc_op *op = g->value[layer].op;
    for (int k = 0; op->param[k].name; k++) {
        char name[192];
        const int slot = g->value[layer].inputs + k;
        if (g->value[layer].input[slot] >= 0 || s->param[k].rank < 0) continue;
        snprintf(name, sizeof name, "%s.%s", g->value[layer].name, op->param[k].name);
        if (tc_shape_count(&s->param[k]) < 0) return tc_graph_fail(g, "%s would be too large", name);
        const tc_value own = {.shape = s->param[k], .groups = k == 0 ? s->groups : 0, .owner = layer, .slot = k};
        const int index = tc_graph_add(g, name, &own);
        if (index < 0) return false;
        g->value[layer].input[slot] = index;
    }
    return true;
}

/* Adds a stage after value x (-1: none); returns the new value, or -1. Takes ownership of the spec. */
static int add_layer(tacet_graph *g, int x, const tc_spec *spec)
{
    tc_value v = {.spec = *spec, .owner = -1};
    tc_arg common[TC_COMMON_ATTRS], shared[TC_MAX_PARAMS];
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    tc_sketch s;
    int layer = -1;
    bool good = read_layer(g, &v, common, shared) && find_inputs(g, &v, x);
    if (good) {
        good = tc_graph_sketch(g, v.op, v.arg, v.input, v.inputs, &s, shape, batch);
        if (good && tc_shape_count(&s.y) < 0) good = tc_shape_refuse(&s, "the output would be too large");
        if (!good) tc_graph_refuse_inputs(g, spec->source, v.input, v.inputs, s.why);
    }
    good = good && tc_revive_set(g, &v, common);
    if (good && tc_share(g, &v, shared, common, &s)) {
        v.shape = s.y;
        v.batch = batch[0];
        layer = add_named(g, &v, &common[TC_LAYER_NAME]);
    }
    if (layer < 0) tc_value_free(&g->mem, &v);
    return layer >= 0 && add_parameters(g, layer, &s) ? layer : -1;
}

/* `from NAME` sets the value from which the chain continues. */
static int go_from(tacet_graph *g, const tc_spec *spec)
{
    const tc_word *w = spec->word;
    if (spec->count == 1 && !w->key)
        return find_value(g, spec, &(tc_arg){.text = w->text, .column = w->column, .width = w->width});
    tc_graph_refuse(g, spec, NULL, "`from` takes the name of a value, as in: from relu1 | linear 10");
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
            const bool from = strcmp(spec.name, "from") == 0;
            at = from ? go_from(g, &spec) : add_layer(g, at, &spec);
            if (from) tc_spec_free(&spec);
        }
        if (g->error.status != TACET_OK) {
            /* The mistake is shown in the whole chain: at its place in the stage, or at the whole stage. */
            const bool all = g->error.column < 0;
            const int width = all ? (int)strlen(stage) : g->error.width;
            tc_fail_at(&g->error, layers, column + (all ? 0 : g->error.column), width);
            return (tacet_value){0};
        }
    }
    return (tacet_value){(int32_t)at + 1};
}
