/* share.c: parameters that several layers use. A layer whose description says `weight=linear1.weight` makes no weight:
 * it uses that of linear1, which remains the owner. The parameter is one value with one name, one gradient to which
 * every user adds its part, and one update; each penalty on it counts once.
 *
 * Shapes are compared as users see them; `transposed` means the transpose of the matrix that they see. Whether the
 * numbers are then stored as the layer's own would be, or transposed, follows from the letters of both parameters
 * (op/weight.h): an embedding's weight [num, dim] fits a linear with num units as it is, and is stored transposed. */
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

/* A parameter that a layer is to take from another layer. */
typedef struct sharing {
    tacet_graph *g;
    const tc_value *layer;
    const tc_param *own;
    const tc_shape *shape;  /* that the layer's own would have */
    const tc_arg *word;     /* names the other parameter */
    int of;                 /* the value that it names */
    bool turns, transposed; /* whether it may be stored transposed; whether its transpose is used */
} sharing;

int tc_share_find(tacet_graph *g, const tc_spec *spec, const tc_arg *word, const char *key, const char *op)
{
    const char *name = word->text;
    const int of = tc_graph_index(g, name);
    if (of >= 0 && g->value[of].owner >= 0) return of;
    if (of >= 0)
        tc_graph_refuse(g, spec, word, "%s of %s: %s is not a parameter, it is %s", key, op, name,
                        g->value[of].op ? "the output of a layer" : "an input");
    else
        tc_graph_refuse(g, spec, word, "%s of %s: the parameter %.100s does not exist", key, op, name);
    if (!tc_shares_hint(g, name, &g->error)) tc_graph_suggest(g, name, true);
    return -1;
}

/* Finds the parameter that the word names. */
static bool find(sharing *h, const char *key)
{
    h->of = tc_share_find(h->g, &h->layer->spec, h->word, key, h->layer->op->name);
    return h->of >= 0;
}

/* Whether the parameter is given once (and not by a word like bias=false as well), and read once: a layer writes the
 * gradients of what it reads at the same time, so no two of these may be the same. */
static bool is_once(const sharing *h)
{
    const tc_spec *s = &h->layer->spec;
    const int before = (int)strlen(h->own->name) + 1;
    const tc_arg whole = {.column = h->word->column - before, .width = h->word->width + before};
    for (const tc_word *w = s->word; w < s->word + s->count; w++)
        if (w->text != h->word->text && strcmp(w->key ? w->key : w->text, h->own->name) == 0)
            return tc_graph_refuse(h->g, s, &whole, "%s is given twice", h->own->name);
    for (int i = 0; i < h->layer->slots; i++)
        if (h->layer->input[i] == h->of)
            return tc_graph_refuse(h->g, s, h->word, "%s would use %s twice", h->layer->op->name, h->word->text);
    return true;
}

static tc_fit fit_of(const sharing *h, bool transposed)
{
    return tc_weight_fit(tc_graph_axes(h->g, h->of), &h->g->value[h->of].shape, h->own->axes, h->shape, transposed);
}

static bool refuse_shape(const sharing *h)
{
    char have[TC_SHAPE_TEXT], need[TC_SHAPE_TEXT];
    const tc_shape wanted = tc_weight_seen(h->own->axes, h->shape), seen = tc_graph_shape(h->g, h->of);
    tc_graph_refuse(h->g, &h->layer->spec, h->word, "%s needs a %s %s here, but %s is %s%s", h->layer->op->name,
                    h->own->name, tc_shape_text(&wanted, false, need), h->word->text, tc_shape_text(&seen, false, have),
                    h->transposed ? ", to be transposed" : "");
    if (h->turns && fit_of(h, !h->transposed) != TC_FIT_SHAPE)
        tc_fail_hint(&h->g->error, h->transposed ? "it fits as it is: leave out transposed"
                                                 : "its transpose fits: add the word transposed");
    return false;
}

static bool refuse_order(const sharing *h, tc_fit fit)
{
    const tc_value *owner = &h->g->value[h->g->value[h->of].owner];
    tc_graph_refuse(h->g, &h->layer->spec, h->word,
                    "%s cannot use %s: its dimensions are stored in another order than those of the layer's own %s",
                    h->layer->op->name, h->word->text, h->own->name);
    if (fit == TC_FIT_TURNED && (owner->op->flags & TC_TURNS))
        tc_fail_hint(&h->g->error, "describe this layer first, and let %s use its %s", owner->name, h->own->name);
    return false;
}

static bool fits(const sharing *h, bool *turned)
{
    if (h->shape->rank < 0)
        return tc_graph_refuse(h->g, &h->layer->spec, h->word, "this %s has no %s, and cannot use another layer's",
                               h->layer->op->name, h->own->name);
    const tc_fit fit = fit_of(h, h->transposed);
    *turned = *turned || fit == TC_FIT_TURNED;
    if (fit == TC_FIT_SHAPE) return refuse_shape(h);
    return fit == TC_FIT_AS_IS || (fit == TC_FIT_TURNED && h->turns) || refuse_order(h, fit);
}

/* Whether `transposed` has a parameter to apply to: `first`, which can be transposed. */
static bool check_transposed(tacet_graph *g, const tc_value *layer, const tc_arg *first, const tc_arg *transposed)
{
    const char *op = layer->op->name, *weight = layer->op->flags & TC_TURNS ? layer->op->param[0].name : NULL;
    if (transposed->number == 0 || (weight && first->given)) return true;
    if (!weight)
        return tc_graph_refuse(g, &layer->spec, transposed,
                               "transposed: a %s has no parameter that it can use transposed", op);
    tc_graph_refuse(g, &layer->spec, transposed, "transposed: this %s has its own %s", op, weight);
    tc_fail_hint(&g->error, "%s=LAYER.%s uses that of another layer transposed", weight, weight);
    return false;
}

/* Sets what the layer's own weight begins as: its shape is that of the transpose of another one. */
static bool set_first(tacet_graph *g, tc_value *layer, const tc_arg *weight, const tc_arg *first, const tc_sketch *s)
{
    const tc_param *own = layer->op->param;
    sharing h = {g, layer, own, &s->param[0], first, -1, false, true};
    if (!first->given) return true;
    if (!(layer->op->flags & TC_TURNS))
        return tc_graph_refuse(g, &layer->spec, first,
                               "init_transpose: a %s has no weight that can be the transpose of another", layer->op->name);
    if (weight->given)
        return tc_graph_refuse(g, &layer->spec, first, "init_transpose: this %s has no %s of its own", layer->op->name,
                               own->name);
    if (!find(&h, "init_transpose")) return false;
    const tc_fit fit = fit_of(&h, true);
    if (fit == TC_FIT_SHAPE) return refuse_shape(&h);
    layer->first = h.of;
    layer->first_turned = fit == TC_FIT_TURNED;
    return true;
}

bool tc_share(tacet_graph *g, tc_value *layer, const tc_arg *word, const tc_arg *common, const tc_sketch *s)
{
    const tc_arg *transposed = &common[TC_LAYER_TRANSPOSED];
    const tc_param *own = layer->op->param;
    layer->slots = layer->inputs;
    if (!check_transposed(g, layer, &word[0], transposed)) return false;
    if (!set_first(g, layer, &word[0], &common[TC_LAYER_FIRST], s)) return false;
    for (int k = 0; own[k].name; k++) {
        const bool turns = k == 0 && (layer->op->flags & TC_TURNS);
        sharing h = {g, layer, &own[k], &s->param[k], &word[k], -1, turns, turns && transposed->number != 0};
        if (word[k].given && !(find(&h, own[k].name) && is_once(&h) && fits(&h, &layer->turned))) return false;
        layer->input[layer->slots++] = h.of;
    }
    return true;
}

/* ---- What a layer uses ---- */

const char *tacet_parameter(const tacet_graph *g, const char *layer, int i)
{
    const int v = tc_graph_index(g, layer);
    if (v < 0 || i < 0) return NULL;
    const tc_value *value = &g->value[v];
    for (int k = value->inputs; k < value->slots; k++)
        if (value->input[k] >= 0 && i-- == 0) return g->value[value->input[k]].name;
    return NULL;
}

bool tc_shares_hint(const tacet_graph *g, const char *selector, tacet_error *e)
{
    char name[TC_MAX_NAME + 64 + 1];
    for (int v = 0; v < g->values; v++) {
        const tc_value *layer = &g->value[v];
        for (int k = layer->inputs; k < layer->slots; k++) {
            const int of = layer->input[k];
            if (of < 0 || g->value[of].owner == v) continue;
            snprintf(name, sizeof name, "%s.%s", layer->name, layer->op->param[k - layer->inputs].name);
            if (!tc_matches(selector, name, true)) continue;
            tc_fail_hint(e, "%s uses %s", layer->name, g->value[of].name);
            return true;
        }
    }
    return false;
}
