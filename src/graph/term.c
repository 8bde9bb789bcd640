/* term.c: the objective, a list of weighted scalar terms. Losses, penalties and constraints differ only in their
 * tables. */
#include "graph/graph.h"
#include "spec/schedule.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* For a term that does not fit its values: the message begins with both. */
static bool refuse(tacet_graph *g, const tc_term *t, const char *why)
{
    return tc_graph_refuse(g, &t->spec, NULL, "%s on %s: %s", t->op->name, t->on, why);
}

/* The targets that can steer lambda: each says what share of a value is to be nonzero, as low + slope * the given
 * number. */
static const struct target {
    int attribute;
    bool batch, units; /* units: the number is divided by the number of units */
    double low, slope;
    const char *elsewhere, *range;
} targets[] = {
    {TC_TERM_DENSITY, true, false, 0, 1, "density= is a target for activations; on a parameter write zeros= with prox",
     "density must be above 0 and below 1"},
    {TC_TERM_L0, true, true, 0, 1, "l0= is a target for activations; on a parameter write zeros= with prox",
     "l0 must be above 0 and below the number of units"},
    {TC_TERM_ZEROS, false, false, 1, -1,
     "zeros= is a target for parameters; on activations write density=", "zeros must be above 0 and below 1"},
};

/* Whether a value has exact zeros: its operator makes them, or keeps those of its input. */
static bool has_zeros(const tacet_graph *g, int v)
{
    const tc_op *op = g->value[v].op;
    if (!op || op->flags & TC_MAKES_ZEROS) return op != NULL;
    return tc_passes_zeros(op) && has_zeros(g, g->value[v].input[0]);
}

static bool set_target(tacet_graph *g, tc_term *t, bool batch)
{
    const tc_arg *a = t->common;
    t->target = NAN;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        const struct target *k = &targets[i];
        if (!a[k->attribute].given) continue;
        if (!isnan(t->target)) return refuse(g, t, "takes one target: density, l0 or zeros");
        if (a[TC_TERM_LAMBDA].given) return refuse(g, t, "a target replaces lambda: leave one of them out");
        if (k->batch != batch) return refuse(g, t, k->elsewhere);
        if (!batch && a[TC_TERM_PROX].number == 0) return refuse(g, t, "zeros= needs prox: a gradient makes no zeros");
        if (t->op->flags & TC_MIXES) return refuse(g, t, "has its own target, and no density to hold");
        if (!batch && !(t->op->flags & TC_SPARSIFIES)) return refuse(g, t, "its proximal step makes no zeros");
        if (batch && !has_zeros(g, tc_term_on(t, 0)))
            return refuse(g, t, "it has no exact zeros to count: steer the output of a relu, for example");
        if (t->inputs > 1) return refuse(g, t, "a joint term cannot be steered: without joint each value is");
        const double units = k->units ? (double)tc_shape_units(&g->value[tc_term_on(t, 0)].shape) : 1;
        t->target = k->low + k->slope * a[k->attribute].number / units;
        if (!(t->target > 0 && t->target < 1)) return refuse(g, t, k->range);
    }
    for (int i = TC_TERM_SCHEDULE; i < TC_COMMON_ATTRS; i++) {
        if (isnan(t->target))
            t->scheduled = t->scheduled || a[i].given;
        else if (a[i].given && i != TC_TERM_SCHEDULE + TC_SCHEDULE_WARMUP)
            return refuse(g, t,
                          "a steered lambda has no schedule except warmup=, the epochs in which it reaches the target");
    }
    return true;
}

/* Sets reduce, before the shapes are checked. */
static bool set_reduce(tacet_graph *g, tc_term *t, bool batch)
{
    const tc_arg *reduce = &t->common[TC_TERM_REDUCE];
    t->reduce = reduce->given ? (int)reduce->number : batch ? t->op->role->reduce : TC_SUM;
    if (batch || t->reduce == TC_SUM || t->reduce == TC_MEAN) return true;
    return refuse(g, t,
                  t->reduce == TC_SAMPLE ? "a parameter has no samples: reduce is sum or mean here"
                                         : "a parameter has no positions: reduce is sum or mean here");
}

/* Sets lambda and prox from the attributes, the operator's defaults and what the term is on. */
static bool set_weight(tacet_graph *g, tc_term *t, bool batch)
{
    const tc_arg *a = t->common;
    const bool constraint = t->op->role == &tc_constraint;
    const char *why = tc_schedule_check(&a[TC_TERM_SCHEDULE]);
    if (why) return refuse(g, t, why);
    if (!set_target(g, t, batch)) return false;
    t->lambda = constraint || !isnan(t->target) ? 0.0
                : a[TC_TERM_LAMBDA].given       ? a[TC_TERM_LAMBDA].number
                                                : tc_op_lambda(t->op);
    if (isnan(t->lambda)) return refuse(g, t, "needs a lambda, as in \"l1 1e-4\", or a target");
    if (t->lambda < 0) return refuse(g, t, "lambda must not be negative");
    t->prox = constraint || a[TC_TERM_PROX].number != 0.0;
    if (batch && (constraint || t->op->flags & TC_NO_BATCH))
        return refuse(g, t, "acts on parameters, but this value depends on the batch");
    if (batch && t->prox) return refuse(g, t, "prox acts on parameters, but this value depends on the batch");
    if (t->inputs > tc_op_inputs(t->op)) return refuse(g, t, "takes one value: it has no joint form");
    if (t->prox && !t->op->prox) return refuse(g, t, "has no proximal step");
    if (t->prox && t->inputs > 1 && !(t->op->flags & TC_ELEMENTWISE)) return refuse(g, t, "has no joint proximal step");
    return true;
}

/* A penalty on a layer gets the layer's inputs and parameters. */
static bool take_layer(tacet_graph *g, tc_term *t)
{
    const char *kind = t->op->of ? t->op->of->name : NULL;
    const tc_value *v = &g->value[t->input[0]];
    if (!kind) return true;
    if (t->inputs > 1) return refuse(g, t, "takes one value: it has no joint form");
    if (v->op == t->op->of) {
        t->of = t->input[0];
        t->inputs = v->inputs;
        t->slots = v->slots;
        t->turned = v->turned;
        memcpy(t->input, v->input, sizeof t->input);
        return true;
    }
    tc_graph_refuse(g, &t->spec, NULL, "%s on %s: reads the %s of a %s, but this is %s%s", t->op->name, t->on,
                    t->op->of->param[0].name, kind, v->op ? "the output of a " : "none", v->op ? v->op->name : "");
    tc_fail_hint(&g->error, "use l1, or make the layer a %s", kind);
    return false;
}

/* Whether input i has the type that the operator takes: class indices or numbers. */
static bool check_type(tacet_graph *g, const tc_term *t, int i)
{
    const tc_value *v = &g->value[t->input[i]];
    const bool ids = v->type == TACET_I32;
    if (tc_takes_ids(t->op, i) == ids) return true;
    tc_graph_refuse(g, &t->spec, NULL,
                    ids ? "%s on %s: %s holds int32 class indices, but %s takes numbers"
                        : "%s on %s: %s holds float32 numbers, but %s needs class indices here",
                    t->op->name, t->on, v->name, t->op->name);
    tc_fail_hint(
        &g->error,
        ids ? "targets of a regression are float32: an input in C, floats in npy, target= and not label= in csv"
            : "labels are whole numbers in the data, tacet_labels or tacet_input_of in C");
    return false;
}

/* Whether the values of a joint term have the same number of positions, if that matters: if they are counted, or if
 * each position is a separate vector. */
static bool check_positions(const tc_term *t, tc_sketch *s)
{
    const bool apart = t->reduce == TC_SAMPLE || (t->op->flags & TC_PER_SAMPLE);
    const bool counted = t->reduce == TC_POSITION || ((t->op->flags & TC_VECTORS) && apart);
    if (t->op->role != &tc_penalty || !s->batch[0] || !counted) return true;
    const int64_t first = tc_shape_positions(&s->x[0]);
    for (int i = 1; i < t->inputs; i++)
        if (tc_shape_positions(&s->x[i]) != first)
            return tc_shape_refuse(
                s,
                "needs values with the same number of positions (the product of the sizes before the "
                "last), got %lld and %lld",
                (long long)first, (long long)tc_shape_positions(&s->x[i]));
    return true;
}

/* Gives a loss the input that sample_weight= names. */
static bool take_weights(tacet_graph *g, tc_term *t)
{
    const tc_arg *name = &t->common[TC_LOSS_SAMPLE_WEIGHT];
    if (t->op->role != &tc_loss || !name->given) return true;
    const int w = tc_graph_index(g, name->text);
    if (w < 0) {
        tc_graph_refuse(g, &t->spec, name, "no value is called %.100s", name->text);
        tc_graph_suggest(g, name->text, false);
        return false;
    }
    const tc_value *v = &g->value[w];
    if (v->op || v->owner >= 0 || v->type != TACET_F32 || tc_shape_count(&v->shape) != 1)
        return tc_graph_refuse(g, &t->spec, name,
                               "sample_weight needs an input with one number for each row, and %s is not one", v->name);
    if (!g->value[t->input[0]].batch || t->op->flags & TC_MIXES || t->op->phases > 1 || t->op->span)
        return refuse(g, t, "has no samples to weigh: its result is not a sum over them");
    t->weighed = true;
    t->input[t->slots++] = w;
    return true;
}

/* Gives a penalty the parameters that its attributes of type "value" name. */
static bool take_named(tacet_graph *g, tc_term *t)
{
    const tc_attribute *a = t->op->attribute;
    for (int i = 0; i < tc_attr_count(a); i++) {
        if (strcmp(a[i].type, "value") != 0) continue;
        if (t->inputs > tc_op_inputs(t->op)) return refuse(g, t, "takes one value: it has no joint form");
        const int of = tc_share_find(g, &t->spec, &t->arg[i], a[i].name, t->op->name);
        if (of < 0) return false;
        if (of == t->input[0]) return tc_graph_refuse(g, &t->spec, &t->arg[i], "%s would use %s twice", t->op->name, t->on);
        t->input[t->slots++] = of;
    }
    return true;
}

static bool check_shapes(tacet_graph *g, const tc_term *t)
{
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    tc_sketch s;
    for (int i = 0; i < t->inputs; i++) {
        if (!check_type(g, t, i)) return false;
        if (g->value[t->input[i]].batch != g->value[t->input[0]].batch)
            return refuse(g, t, "parameters and values of a batch cannot be in the same term");
    }
    const int shown = t->of >= 0 ? t->inputs : t->slots - t->weighed; /* with the parameters that it names */
    if (tc_graph_sketch(g, t->op, tc_term_arg(g, t), t->input, shown, &s, shape, batch) && check_positions(t, &s))
        return true;
    tc_graph_refuse_inputs(g, t->op->name, t->input, shown, s.why);
    tc_fail_at(&g->error, t->spec.source, t->spec.column, t->spec.width);
    return false;
}

/* Names the term ON:KIND or ON:NAME. A name that is already taken is refused. */
static bool name_term(tacet_graph *g, tc_term *t)
{
    char name[512];
    const tc_arg *given = &t->common[TC_TERM_NAME];
    if (given->given && !tc_text_line(given->text))
        return tc_graph_refuse(g, &t->spec, given, "a name is UTF-8 text, one line without control characters");
    snprintf(name, sizeof name, "%s:%s", t->on, given->given ? given->text : t->op->name);
    for (int i = 0; i < g->terms; i++)
        if (strcmp(g->term[i].name, name) == 0) {
            tc_graph_refuse(g, &t->spec, NULL, "the term %s already exists", name);
            tc_fail_hint(&g->error, "give the second one another name: name=...");
            return false;
        }
    t->name = tc_strdup(&g->mem, name);
    return t->name || tc_graph_no_memory(g);
}

static bool read_term(tacet_graph *g, tc_term *t, const tc_role *due, const char *text)
{
    if (tc_spec_parse(&t->spec, &g->mem, text, &g->error) != TACET_OK) return false;
    t->op = tc_graph_op(g, &t->spec, due);
    if (!t->op) return false;
    t->arg = tc_alloc(&g->mem, (size_t)tc_attr_count(t->op->attribute) + 1, sizeof *t->arg);
    t->common = tc_alloc(&g->mem, TC_COMMON_ATTRS, sizeof *t->common);
    if (!t->arg || !t->common) return tc_graph_no_memory(g);
    const tc_binding binding[] = {{t->op->role->common, t->common}, {t->op->attribute, t->arg}};
    return tc_spec_bind(&t->spec, 2, binding, true, &g->error) == TACET_OK &&
           tc_op_prepare(t->op, &g->mem, &t->spec, t->arg, &g->error);
}

/* Adds one term on the values input[inputs]. */
static bool add_term(tacet_graph *g, const tc_role *due, const char *on, const int *input, int inputs, const char *text)
{
    if (g->terms >= TC_MAX_TERMS) return tc_graph_fail(g, "more than %d terms", TC_MAX_TERMS);
    tc_term *grown = tc_resize(&g->mem, g->term, (size_t)g->terms + 1, sizeof *grown);
    if (!grown) return tc_graph_no_memory(g);
    g->term = grown;
    tc_term *t = &g->term[g->terms];
    *t = (tc_term){.of = -1, .inputs = inputs, .slots = inputs, .on = tc_strdup(&g->mem, on)};
    memcpy(t->input, input, sizeof(int) * (size_t)inputs);
    const bool batch = g->value[input[0]].batch;
    bool good = t->on ? read_term(g, t, due, text) : tc_graph_no_memory(g);
    good = good && take_layer(g, t) && take_named(g, t) && take_weights(g, t) && set_reduce(g, t, batch) &&
           check_shapes(g, t) && set_weight(g, t, batch);
    good = good && name_term(g, t);
    if (good)
        g->terms++;
    else
        tc_term_free(&g->mem, t);
    return good;
}

void tacet_loss(tacet_graph *g, const char *loss, tacet_value y, tacet_value target)
{
    char on[512];
    int input[2] = {tc_graph_value(g, y), tc_graph_value(g, target)};
    if (input[0] < 0 || input[1] < 0 || !add_term(g, &tc_loss, g->value[input[0]].name, input, 2, loss) ||
        !tc_revive_add_terms(g))
        return;
    snprintf(on, sizeof on, "%s %s", g->value[input[0]].name, g->value[input[1]].name);
    tc_statement_add(g, &g->losses, on, loss);
}

/* Whether the text says `joint`, which must be known before its terms are made. */
static bool is_joint(tacet_graph *g, const char *text)
{
    tc_term t = {0};
    const bool joint = read_term(g, &t, &tc_penalty, text) && t.common[TC_TERM_JOINT].number != 0.0;
    tc_term_free(&g->mem, &t);
    return joint;
}

/* One term on all values that the selector matches. */
static void add_joint(tacet_graph *g, const char *selector, const char *penalty)
{
    int match[TC_MAX_INPUTS] = {0}, n = 0;
    for (int v = 0; (v = tc_select(g, selector, false, v)) < g->values; v++, n++)
        if (n < TC_MAX_INPUTS) match[n] = v;
    if (n <= TC_MAX_INPUTS)
        add_term(g, &tc_penalty, selector, match, n, penalty);
    else
        tc_graph_fail(g, "%s matches %d values; a joint term takes at most %d", selector, n, TC_MAX_INPUTS);
}

/* Whether a selector matches only parameters or only other values. One that matches both, such as `*.*`, matches one of
 * the two by accident, and it is unknown which one was meant. */
static bool is_of_one_kind(tacet_graph *g, const char *selector)
{
    const int parameter = tc_select(g, selector, true, 0);
    if (parameter == g->values) return true;
    int other = 0;
    while ((other = tc_select(g, selector, false, other)) < g->values && g->value[other].owner >= 0) other++;
    if (other == g->values) return true;
    tc_graph_fail(g, "the selector \"%.200s\" matches both %s and the parameter %s", selector, g->value[other].name,
                  g->value[parameter].name);
    tc_fail_at(&g->error, selector, 0, (int)strlen(selector));
    tc_fail_hint(
        &g->error,
        "a penalty is on layers or on parameters, not on both: a selector that ends in .%s matches only parameters",
        tc_param_of(g, parameter)->name);
    return false;
}

void tacet_penalize(tacet_graph *g, const char *selector, const char *penalty)
{
    if (!tc_select_any(g, selector, false) || !is_of_one_kind(g, selector)) return;
    const bool joint = is_joint(g, penalty);
    if (joint) add_joint(g, selector, penalty);
    for (int v = 0; !joint && !tc_graph_failed(g) && (v = tc_select(g, selector, false, v)) < g->values; v++)
        add_term(g, &tc_penalty, g->value[v].name, &v, 1, penalty);
    if (!tc_graph_failed(g)) tc_statement_add(g, &g->penalties, selector, penalty);
}

void tacet_options(tacet_graph *g, const char *selector, const char *options)
{
    if (tc_select_any(g, selector, true)) tc_statement_add(g, &g->options, selector, options);
}
