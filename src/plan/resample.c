/* resample.c: finds, for layers with revive=resample, the weights that make a unit and those that read it.
 *
 *     from -> weight, bias -> elementwise layers, norms ... -> the layer -> pools, flatten ... -> outlets
 *             set                  restart                                                        set
 *
 * On the way from the weights to the layer every unit must be computed from the same unit alone, and nothing else may
 * read what is on it: another reader's units may be alive. Outlets are set wherever such a way leads from the layer to
 * weights; where it ends otherwise, a unit that comes back is felt at once. */
#include "plan/plan.h"

#include <math.h>
#include <string.h>

enum { STEPS = 1000 /* if neither the epoch nor the run has a known length */, FEWEST = 10 };
#define SHARE 0.1 /* of the run */
#define WEAK 0.2  /* the recipe's; a unit that has to be larger than others in order to fire would stay dead */

int64_t tc_revive_after(const tacet_plan *p, int value)
{
    const tc_value *v = &p->graph->value[value];
    const double epoch = (double)p->set.steps_per_epoch, run = p->set.epochs * epoch;
    if (v->revive == TC_REVIVE_NONE || v->dead_after) return v->dead_after;
    double after = run > 0 ? SHARE * run : STEPS;
    if (epoch > 1 && epoch < after) after = epoch;
    return after > FEWEST ? (int64_t)after : FEWEST;
}

bool tc_revive_reads(const tacet_plan *p, int value)
{
    for (int i = 0; i < p->revive.resamples; i++)
        if (p->revive.resample[i].from == value) return true;
    return false;
}

const tc_resample *tc_revive_of(const tacet_plan *p, int layer)
{
    for (int i = 0; i < p->revive.resamples; i++)
        if (p->revive.resample[i].value == layer) return &p->revive.resample[i];
    return NULL;
}

/* Points at revive= in the description of the layer. */
__attribute__((format(printf, 3, 4))) static tacet_status refuse(tacet_plan *p, int layer, const char *format, ...)
{
    const tc_spec *s = &p->graph->value[layer].spec;
    char why[512];
    va_list args;
    va_start(args, format);
    tc_format(why, sizeof why, format, args);
    va_end(args);
    int column = s->column, width = s->width;
    for (const tc_word *w = s->word; w < s->word + s->count; w++)
        if (w->key && strcmp(w->key, "revive") == 0) column = w->column, width = w->width;
    return tc_refuse(&p->error, s->source, column, width, "%s: %s", tc_plan_name(p, layer), why);
}

/* Whether an operator's first parameter is a weight from inputs to units. */
static bool has_weight(const tc_op *op)
{
    const char *axes = op->param[0].name ? op->param[0].axes : NULL;
    return axes && strchr(axes, 'i') && strchr(axes, 'o');
}

static bool keeps_units(const tc_value *v)
{
    return v->inputs == 1 && ((v->op->flags & TC_ELEMENTWISE) || v->op->unit == tc_unit_same);
}

/* ---- To the units ---- */

static tacet_status add_restarts(tacet_plan *p, tc_resample *r, int layer)
{
    const tc_value *v = &p->graph->value[layer];
    for (int k = v->inputs; k < v->slots; k++) {
        const tc_place *at = v->input[k] < 0 ? NULL : tc_plan_find(p, v->input[k]);
        if (!at || !at->trains || p->graph->value[at->value].owner != layer || at->n != r->tally->units) continue;
        tc_restart *grown = tc_plan_alloc(p, (size_t)r->restarts + 1, sizeof *grown);
        float *first = tc_plan_alloc(p, (size_t)at->n, sizeof *first);
        if (!grown || !first) return tc_fail_memory(&p->error);
        if (r->restarts) memcpy(grown, r->restart, sizeof *grown * (size_t)r->restarts);
        memcpy(first, tc_plan_parameter(p, at), sizeof *first * (size_t)at->n); /* the plan is new */
        grown[r->restarts++] = (tc_restart){at, first};
        r->restart = grown;
    }
    return TACET_OK;
}

static int readers(const tacet_plan *p, int value)
{
    int n = 0;
    for (tc_each_use(u, &p->uses, value)) n += u->layer >= 0 && (u->how & TC_USE_INPUT);
    return n;
}

/* Sets weight, bias, from and restarts. */
static tacet_status find_weight(tacet_plan *p, tc_resample *r)
{
    const tacet_graph *g = p->graph;
    int v = r->value;
    tacet_status s = add_restarts(p, r, v);
    for (v = g->value[v].input[0]; s == TACET_OK; v = g->value[v].input[0]) {
        const tc_value *e = &g->value[v];
        if (!e->op) return refuse(p, r->value, "%s is not made by weights, so nothing can be resampled", e->name);
        if (readers(p, v) > 1)
            return refuse(p, r->value, "resample would change %s, which other layers read as well", e->name);
        if (has_weight(e->op)) break;
        if (!keeps_units(e))
            return refuse(p, r->value, "resample needs weights whose units are those of the layer, but %s mixes units",
                          e->name);
        s = add_restarts(p, r, v);
    }
    if (s != TACET_OK) return s;
    const tc_value *e = &g->value[v];
    const int bias = e->slots > e->inputs + 1 ? e->input[e->inputs + 1] : -1;
    r->weight = tc_plan_find(p, e->input[e->inputs]);
    r->bias = bias >= 0 ? tc_plan_find(p, bias) : NULL;
    r->by = e->turned ? TC_BY_INPUT : TC_BY_UNIT;
    r->from = e->input[0];
    r->width = tc_shape_units(&g->value[r->from].shape);
    if (!r->weight->trains)
        return refuse(p, r->value, "resample sets %s, which does not train", tc_plan_name(p, r->weight->value));
    const tc_matrix m = tc_matrix_of(&g->value[r->weight->value].shape);
    if (m.taps > 1 || g->value[r->weight->value].groups > 1)
        return refuse(p, r->value, "resample is for the units of linear layers, but %s makes these", e->name);
    if (r->bias && !r->bias->trains) r->bias = NULL;
    r->mean = tc_plan_alloc(p, (size_t)r->width, sizeof *r->mean);
    r->direction = tc_plan_alloc(p, (size_t)r->width, sizeof *r->direction);
    return r->mean && r->direction ? TACET_OK : tc_fail_memory(&p->error);
}

/* ---- From the units ---- */

/* Whether what layer v makes is compared with the value from which the units are computed. */
static bool decodes(const tacet_plan *p, const tc_resample *r, int v)
{
    for (int i = 0; i < p->terms; i++) {
        const tc_term *t = &p->graph->term[i];
        if (t->op->role == &tc_loss && t->inputs >= 2 && tc_revive_reaches(p->graph, v, t->input[0]) &&
            tc_revive_reaches(p->graph, t->input[1], r->from))
            return true;
    }
    return false;
}

static tacet_status add_outlet(tacet_plan *p, tc_resample *r, int layer, const int64_t *unit)
{
    const tc_value *v = &p->graph->value[layer];
    const tc_place *at = tc_plan_find(p, v->input[v->inputs]);
    tc_outlet *grown = tc_plan_alloc(p, (size_t)r->outlets + 1, sizeof *grown);
    if (!grown) return tc_fail_memory(&p->error);
    if (r->outlets) memcpy(grown, r->outlet, sizeof *grown * (size_t)r->outlets);
    r->outlet = grown;
    if (at->trains)
        grown[r->outlets++] = (tc_outlet){.layer = layer,
                                          .at = at,
                                          .by = v->turned ? TC_BY_UNIT : TC_BY_INPUT,
                                          .unit = unit,
                                          .inputs = tc_shape_units(&p->graph->value[v->input[0]].shape),
                                          .decodes = !unit && decodes(p, r, layer)};
    return TACET_OK;
}

/* The unit of the layer that each unit of v is made from, if `unit` [its input's units] tells that of its input k; *none
 * if they are mixed. */
static const int64_t *through(tacet_plan *p, int v, int k, const int64_t *unit, bool *none)
{
    const tc_value *value = &p->graph->value[v];
    const tc_node node = tc_plan_node(p, v);
    if (keeps_units(value)) return unit;
    *none = !value->op->unit;
    if (*none) return NULL;
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    const tc_sketch s = tc_plan_sketch(p, &node, shape, batch);
    const int64_t n = tc_shape_units(&value->shape);
    int64_t *made = tc_plan_alloc(p, (size_t)n, sizeof *made);
    for (int64_t u = 0; made && u < n; u++) {
        const int64_t of = value->op->unit(&s, k, u);
        made[u] = of < 0 ? -1 : unit ? unit[of] : of;
        *none = *none || of == TC_ALL_UNITS;
    }
    return made;
}

/* Follows the units to the weights that read them. A value comes after its inputs, so one pass over the graph does. */
static tacet_status find_outlets(tacet_plan *p, tc_resample *r)
{
    const tacet_graph *g = p->graph;
    const int64_t **unit = tc_plan_alloc(p, (size_t)p->values + 1, sizeof *unit);
    bool *carries = tc_plan_alloc(p, (size_t)p->values + 1, sizeof *carries);
    if (!unit || !carries) return tc_fail_memory(&p->error);
    carries[r->value] = true;
    for (int v = r->value + 1; v < p->values; v++) {
        const tc_value *value = &g->value[v];
        for (int k = 0; k < value->inputs && value->op; k++) {
            const int x = value->input[k];
            bool none = false;
            if (!carries[x] || carries[v]) continue;
            if (has_weight(value->op)) {
                if (add_outlet(p, r, v, unit[x]) != TACET_OK) return p->error.status;
                continue;
            }
            unit[v] = through(p, v, k, unit[x], &none);
            if (!none && !unit[v] && !keeps_units(value)) return tc_fail_memory(&p->error);
            carries[v] = !none;
        }
    }
    return TACET_OK;
}

/* Whether only the layer that makes the units, and outlets, use the weight. */
static tacet_status check_sharing(tacet_plan *p, const tc_resample *r)
{
    for (tc_each_use(u, &p->uses, r->weight->value)) {
        bool known = u->layer < 0 || p->graph->value[u->layer].input[0] == r->from;
        for (int i = 0; i < r->outlets; i++) known = known || r->outlet[i].layer == u->layer;
        if (!known)
            return refuse(p, r->value, "resample would change %s, which %s uses as well",
                          tc_plan_name(p, r->weight->value), tc_plan_name(p, u->layer));
    }
    return TACET_OK;
}

static tacet_status add_resample(tacet_plan *p, int v)
{
    tc_resample *r = &p->revive.resample[p->revive.resamples++];
    *r = (tc_resample){.value = v,
                       .from = -1,
                       .tally = &p->count[TC_TRAIN][v],
                       .part = p->graph->value[v].op->flags & TC_COMPETES ? 1 : WEAK};
    const char *name = tc_plan_name(p, v);
    const size_t n = strlen(name) + sizeof ".revive";
    char *draws = tc_plan_alloc(p, n, 1);
    if (!draws) return tc_fail_memory(&p->error);
    tc_snprintf(draws, n, "%s.revive", name);
    r->draws = draws;
    r->tally->units = tc_shape_units(&p->graph->value[v].shape);
    tacet_status s = find_weight(p, r);
    if (s == TACET_OK) s = find_outlets(p, r);
    return s == TACET_OK ? check_sharing(p, r) : s;
}

/* Whether a loss has brought the term of revive=aux. */
static bool has_aux(const tacet_plan *p, int v)
{
    for (int i = 0; i < p->terms; i++)
        if (tc_term_implied(&p->graph->term[i]) && p->graph->term[i].of == v) return true;
    return false;
}

tacet_status tc_plan_revive(tacet_plan *p)
{
    tacet_status s = TACET_OK;
    p->revive.resample = tc_plan_alloc(p, (size_t)p->values + 1, sizeof *p->revive.resample);
    if (!p->revive.resample) return tc_fail_memory(&p->error);
    for (int v = 0; v < p->values && s == TACET_OK; v++) {
        const tc_value *value = &p->graph->value[v];
        if (!value->revive) continue;
        if (!p->list[TC_TRAIN].needed[v]) return refuse(p, v, "no term depends on it, so nothing can revive its units");
        if (value->revive == TC_REVIVE_AUX && !has_aux(p, v))
            return refuse(
                p, v,
                "aux needs an mse on the output of a linear layer that reads %s: the units that are dead learn "
                "to predict its error",
                tc_plan_name(p, v));
        if (value->revive != TC_REVIVE_RESAMPLE) continue;
        if (p->set.ranks.count > 1) return refuse(p, v, "resample draws rows on one rank: use revive=aux on several");
        s = add_resample(p, v);
    }
    return s;
}

/* ---- Losses of single rows ---- */

static tacet_status add_loss(tacet_plan *p, const tc_step *s)
{
    tc_row_loss *l = &p->revive.loss[p->revive.losses++];
    const tc_work *w = tc_work_of(s);
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    const tc_node node = tc_plan_node(p, p->values + s->term);
    const tc_sketch sketch = tc_plan_sketch(p, &node, shape, batch);
    const int64_t bytes = node.op->save ? node.op->save(&sketch, 1) : 0;
    *l = (tc_row_loss){.whole = &w->call, .call = w->call, .slots = w->slots};
    l->call.x = l->x = tc_plan_alloc(p, (size_t)w->slots + 1, sizeof *l->x);
    if (!l->x) return tc_fail_memory(&p->error);
    memcpy(l->x, w->x, sizeof *l->x * (size_t)w->slots);
    l->call.run = &p->revive.run;
    l->partials = tc_ranges(tc_span_of(&l->call, false));
    l->call.save = tc_plan_alloc(p, (size_t)bytes + 1, 1);
    l->call.partial = tc_plan_alloc(p, (size_t)l->partials + 1, sizeof *l->call.partial);
    l->call.weights = tc_plan_alloc(p, (size_t)l->partials + 1, sizeof *l->call.weights);
    l->call.scratch = p->arena.scratch;
    return l->call.save && l->call.partial && l->call.weights ? TACET_OK : tc_fail_memory(&p->error);
}

tacet_status tc_plan_row_losses(tacet_plan *p)
{
    tacet_status s = TACET_OK;
    const tc_list *l = &p->list[TC_TRAIN];
    if (p->revive.resamples == 0) return s;
    p->revive.run = p->run;
    p->revive.run.rows = p->revive.run.global_rows = 1;
    p->revive.run.training = true;
    p->revive.loss = tc_plan_alloc(p, (size_t)p->terms + 1, sizeof *p->revive.loss);
    p->revive.key = tc_plan_alloc(p, (size_t)p->set.batch, sizeof *p->revive.key);
    if (!p->revive.loss || !p->revive.key) return tc_fail_memory(&p->error);
    for (int i = 0; i < p->terms && s == TACET_OK; i++)
        if (p->graph->term[i].op->role == &tc_loss && l->result[i] >= 0) s = add_loss(p, &l->step[l->result[i]]);
    return s;
}
