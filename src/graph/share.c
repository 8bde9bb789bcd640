/* share.c: parameters that several layers use. A layer whose description says `weight=linear1.weight` makes no weight
 * of its own: it uses that of linear1, which stays its owner. There is one value under one name, with one gradient to
 * which every user adds its part, one update, and each penalty on it once.
 *
 * Shapes are compared as users see them; `transposed` stands for the transpose of the matrix that they see. Whether the
 * numbers then lie as the layer's own would, or the other way round, follows from the letters of both rows
 * (op/weight.h): an embedding's weight [num, dim] is that of a linear with num units as it is, and lies the other way
 * round. */
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

/* The parameter of the operator that has the name, or -1. */
static int slot_named(const tc_op *op, const char *name)
{
    for (int k = 0; op->param[k].name; k++)
        if (strcmp(op->param[k].name, name) == 0) return k;
    return -1;
}

static bool is_attribute(const tc_op *op, const char *name)
{
    for (int i = 0; i < tc_attr_count(op->attribute); i++)
        if (strcmp(op->attribute[i].name, name) == 0) return true;
    return false;
}

/* The name of a parameter has a dot and does not begin as a number does. */
static bool is_like_parameter(const char *text) { return strchr(text, '.') && !strchr(".+-0123456789", text[0]); }

/* Which parameter a word shares, or -1. Where an attribute has the same name (bias=false, theta=0.05), what the word
 * says tells the two apart. */
static int slot_of(const tc_op *op, const tc_word *w)
{
    const int k = w->key ? slot_named(op, w->key) : -1;
    return k >= 0 && is_attribute(op, w->key) && !is_like_parameter(w->text) ? -1 : k;
}

/* Points at what stands after the = of a word. Returns false. */
static bool point(tacet_graph *g, const tc_spec *s, const tc_word *w)
{
    const int before = (int)strlen(w->key) + 1;
    tc_spec_point(s, w->column + before, w->width - before, &g->error);
    return false;
}

/* The parameter that a word names, or -1 with the sticky error set. */
static int named(tacet_graph *g, const tc_op *op, const tc_spec *s, const tc_word *w)
{
    const int v = tc_graph_index(g, w->text);
    if (v >= 0 && g->value[v].owner >= 0) return v;
    if (v >= 0)
        tc_graph_fail(g, TACET_DESCRIPTION, "%s of %s: %s is not a parameter, it is %s", w->key, op->name, w->text,
                      g->value[v].op ? "the output of a layer" : "an input");
    else
        tc_graph_fail(g, TACET_DESCRIPTION, "%s of %s: the parameter %.100s does not exist", w->key, op->name, w->text);
    if (!tc_shares_hint(g, w->text, &g->error)) tc_graph_suggest(g, w->text, true);
    point(g, s, w);
    return -1;
}

/* Whether another word has the same key, or is the flag of that name. */
static bool is_second(const tc_spec *s, const tc_word *w)
{
    for (const tc_word *other = s->word; other < s->word + s->count; other++)
        if (other != w && strcmp(other->key ? other->key : other->text, w->key) == 0) return true;
    return false;
}

bool tc_shares_take(tacet_graph *g, const tc_op *op, const tc_spec *s, tc_spec *rest, tc_shares *to)
{
    *rest = *s;
    rest->count = 0;
    *to = (tc_shares){0};
    for (int k = 0; k < TC_MAX_PARAMS; k++) to->of[k] = -1;
    for (int i = 0; i < s->count; i++) {
        const tc_word *w = &s->word[i];
        const int k = slot_of(op, w);
        if (k < 0) {
            rest->word[rest->count++] = *w;
            continue;
        }
        if (is_second(s, w)) {
            tc_graph_fail(g, TACET_DESCRIPTION, "%s is given twice", w->key);
            tc_spec_point(s, w->column, w->width, &g->error);
            return false;
        }
        to->word[k] = w;
        to->of[k] = named(g, op, s, w);
        if (to->of[k] < 0) return false;
    }
    return true;
}

void tc_shares_rows(const tc_op *op, tacet_attribute row[TC_MAX_PARAMS + 1])
{
    int n = 0;
    for (int k = 0; op->param[k].name; k++)
        if (!is_attribute(op, op->param[k].name))
            row[n++] = (tacet_attribute){.name = op->param[k].name, .type = "text", .preset = ""};
    row[n] = (tacet_attribute){0};
}

/* ---- Whether it serves ---- */

/* A layer and what it is to use. */
typedef struct fitting {
    tacet_graph *g;
    const tc_op *op;
    const tc_spec *spec;
    const tc_sketch *s;
    const tc_shares *to;
    bool transposed; /* its first parameter */
} fitting;

static bool turns(const tc_op *op, int k) { return k == 0 && (op->flags & TC_TURNS); }

static const char *name_of(const fitting *f, int k) { return f->g->value[f->to->of[k]].name; }

static tc_fit fit_of(const fitting *f, int k, bool transposed)
{
    const int of = f->to->of[k];
    return tc_weight_fit(tc_graph_axes(f->g, of), &f->g->value[of].shape, f->op->param[k].axes, &f->s->param[k],
                         transposed);
}

static bool refuse_shape(const fitting *f, int k, bool transposed)
{
    char have[TC_SHAPE_TEXT], need[TC_SHAPE_TEXT];
    const tc_shape wanted = tc_weight_seen(f->op->param[k].axes, &f->s->param[k]);
    const tc_shape seen = tc_graph_shape(f->g, f->to->of[k]);
    tc_graph_fail(f->g, TACET_DESCRIPTION, "%s needs a %s %s here, and %s is %s%s", f->op->name, f->op->param[k].name,
                  tc_shape_text(&wanted, false, need), name_of(f, k), tc_shape_text(&seen, false, have),
                  transposed ? ", to be transposed" : "");
    if (turns(f->op, k) && fit_of(f, k, !transposed) != TC_FIT_SHAPE)
        tc_fail_hint(&f->g->error, transposed ? "it fits as it is: leave out transposed"
                                              : "its transpose fits: add the word transposed");
    return point(f->g, f->spec, f->to->word[k]);
}

static bool refuse_order(const fitting *f, int k, tc_fit fit)
{
    const tc_value *owner = &f->g->value[f->g->value[f->to->of[k]].owner];
    const char *own = f->op->param[k].name;
    tc_graph_fail(f->g, TACET_DESCRIPTION,
                  "%s cannot use %s: its dimensions lie in another order in memory than those of a %s of its own",
                  f->op->name, name_of(f, k), own);
    if (fit == TC_FIT_TURNED && (owner->op->flags & TC_TURNS))
        tc_fail_hint(&f->g->error, "describe this layer first, and let %s use its %s", owner->name, own);
    return point(f->g, f->spec, f->to->word[k]);
}

/* A layer writes the gradients of what it reads side by side, so that no two of these may be the same. */
static bool is_read_once(const fitting *f, int k, const int *input)
{
    bool once = true;
    for (int i = 0; i < f->s->inputs; i++) once = once && input[i] != f->to->of[k];
    for (int i = 0; i < k; i++) once = once && f->to->of[i] != f->to->of[k];
    if (once) return true;
    tc_graph_fail(f->g, TACET_DESCRIPTION, "%s would use %s twice", f->op->name, name_of(f, k));
    return point(f->g, f->spec, f->to->word[k]);
}

static bool fit_one(const fitting *f, int k, bool *turned)
{
    const bool transposed = f->transposed && turns(f->op, k);
    if (f->s->param[k].rank < 0) {
        tc_graph_fail(f->g, TACET_DESCRIPTION, "this %s has no %s, and cannot use another layer's", f->op->name,
                      f->op->param[k].name);
        return point(f->g, f->spec, f->to->word[k]);
    }
    const tc_fit fit = fit_of(f, k, transposed);
    *turned = fit == TC_FIT_TURNED;
    if (fit == TC_FIT_SHAPE) return refuse_shape(f, k, transposed);
    return fit == TC_FIT_AS_IS || (*turned && turns(f->op, k)) || refuse_order(f, k, fit);
}

/* Whether there is something that `transposed` can be about. */
static bool check_transposed(const fitting *f, const tc_arg *arg)
{
    const char *weight = f->op->flags & TC_TURNS ? f->op->param[0].name : NULL;
    if (!f->transposed || (weight && f->to->of[0] >= 0)) return true;
    if (weight) {
        tc_graph_fail(f->g, TACET_DESCRIPTION, "transposed: this %s has a %s of its own", f->op->name, weight);
        tc_fail_hint(&f->g->error, "%s=LAYER.%s uses that of another layer, transposed", weight, weight);
    } else {
        tc_graph_fail(f->g, TACET_DESCRIPTION, "transposed: a %s has no parameter that it can use transposed",
                      f->op->name);
    }
    tc_spec_point(f->spec, arg->column, arg->width, &f->g->error);
    return false;
}

bool tc_shares_fit(tacet_graph *g, const tc_op *op, const tc_spec *spec, const tc_arg *common, const int *input,
                   const tc_sketch *s, tc_shares *to)
{
    const tc_arg *transposed = &common[TC_LAYER_TRANSPOSED];
    const fitting f = {g, op, spec, s, to, transposed->number != 0};
    if (!check_transposed(&f, transposed)) return false;
    for (int k = 0; k < TC_MAX_PARAMS; k++) {
        bool turned = false;
        if (to->of[k] < 0) continue;
        if (!is_read_once(&f, k, input) || !fit_one(&f, k, &turned)) return false;
        to->turned = to->turned || turned;
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
            if (!tacet_matches(selector, name)) continue;
            tc_fail_hint(e, "%s uses %s", layer->name, g->value[of].name);
            return true;
        }
    }
    return false;
}
