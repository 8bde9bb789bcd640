/* pruned.c: the units of a trained network that do nothing, and what the network would be without them.
 *
 * A unit of a layer is left if it is both
 *
 *     live   its output depends on the input: it has a weight other than 0 from a live unit, and its scale (the
 *            weight of a normalisation) is not 0. Otherwise it is a constant, which the next layer's bias can take,
 *            unless a layer that sees all units at once reads it: that one needs constants too
 *     used   an output of the network depends on it: some unit that is left has a weight other than 0 for it
 *
 * A pass in reverse finds the units that such layers need, one over the layers in their order those that are live, and
 * one more in reverse those that are used. A weight
 * is left if its unit and its input are. Which units of its inputs a layer makes a unit of, its operator says
 * (tc_op.unit) or its weight. */
#include "base/sized.h"
#include "model/model.h"

#include <string.h>

struct tacet_pruning {
    tc_mem mem;
    const tacet_graph *graph;
    const tacet_file *file;
    int64_t *first;    /* [values + 1], of the units of a value in the next two */
    bool *live, *used; /* of all units of all values */
    int *readers;      /* [values], layers that read it */
    int layers, *layer;
};

/* A layer's weight as it uses it, in a file: strides in elements. */
typedef struct matrix {
    const float *w; /* NULL: not in the file, and taken as if no weight were 0 */
    int64_t units, inputs, taps, unit, input, tap;
    int64_t groups; /* of units; each has `inputs` inputs of its own */
} matrix;

static int64_t units_of(const tacet_pruning *t, int v) { return t->first[v + 1] - t->first[v]; }

static bool left(const tacet_pruning *t, int v, int64_t u)
{
    return t->live[t->first[v] + u] && t->used[t->first[v] + u];
}

static int64_t count_left(const tacet_pruning *t, int v)
{
    int64_t n = 0;
    for (int64_t u = 0; u < units_of(t, v); u++) n += left(t, v, u);
    return n;
}

static const float *numbers_of(const tacet_pruning *t, int v)
{
    const tc_shape seen = tc_graph_shape(t->graph, v);
    for (int i = 0; i < t->file->tensors; i++) {
        const tc_tensor *x = &t->file->tensor[i];
        if (strcmp(x->name, t->graph->value[v].name) == 0) return tc_shape_equal(&x->shape, &seen) ? x->data : NULL;
    }
    return NULL;
}

/* False if the layer has no weight by which its units read the units of its first input. */
static bool matrix_of(const tacet_pruning *t, const tc_value *layer, matrix *m)
{
    const int p = layer->slots > layer->inputs ? layer->input[layer->inputs] : -1;
    const char *axes = p >= 0 ? tc_graph_axes(t->graph, p) : NULL;
    if (!axes || !strchr(axes, 'i')) return false;
    const tc_shape seen = tc_graph_shape(t->graph, p);
    const int64_t groups = t->graph->value[p].groups;
    *m = (matrix){.w = numbers_of(t, p), .units = 1, .inputs = 1, .taps = 1, .groups = groups > 1 ? groups : 1};
    int64_t pitch = 1;
    for (int k = seen.rank - 1; k >= 0; pitch *= seen.dim[k--]) {
        if (axes[k] == 'o')
            m->units = seen.dim[k], m->unit = pitch;
        else if (axes[k] == 'i')
            m->inputs = seen.dim[k], m->input = pitch;
        else /* taps are adjacent dimensions: the last one has the pitch of all */
            m->tap = m->taps == 1 ? pitch : m->tap, m->taps *= seen.dim[k];
    }
    if (layer->turned) *m = (matrix){m->w, m->inputs, m->units, m->taps, m->input, m->unit, m->tap, m->groups};
    return units_of(t, layer->input[0]) == m->groups * m->inputs;
}

/* Whether unit u has a weight other than 0 from input i of its group. */
static bool connects(const matrix *m, int64_t u, int64_t i)
{
    if (!m->w) return true;
    for (int64_t k = 0; k < m->taps; k++)
        if (m->w[u * m->unit + i * m->input + k * m->tap] != 0.0f) return true;
    return false;
}

/* The unit of the layer's input that is input i of unit u. */
static int64_t channel(const matrix *m, int64_t u, int64_t i) { return u / (m->units / m->groups) * m->inputs + i; }

static void sketch_of(const tacet_pruning *t, const tc_value *v, tc_sketch *s, tc_shape *shape, bool *batch)
{
    tc_graph_sketch(t->graph, v->op, v->arg, v->input, v->inputs, s, shape, batch);
}

static int64_t unit_from(const tc_value *v, const tc_sketch *s, int i, int64_t u)
{
    if (v->op->unit) return v->op->unit(s, i, u);
    return v->op->flags & TC_ELEMENTWISE ? u : TC_ALL_UNITS;
}

/* ---- Constants that cannot be removed ---- */

/* Units that a layer sees all at once, and what they are made from. */
static void find_needed(tacet_pruning *t, int index)
{
    matrix m;
    tc_sketch s;
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    const tc_value *v = &t->graph->value[index];
    if (matrix_of(t, v, &m)) return;
    sketch_of(t, v, &s, shape, batch);
    for (int k = 0; k < v->inputs; k++)
        for (int64_t u = 0; u < units_of(t, index); u++) {
            bool *x = &t->live[t->first[v->input[k]]];
            const int64_t from = unit_from(v, &s, k, u);
            if (from >= 0) x[from] = x[from] || t->live[t->first[index] + u];
            if (from != TC_ALL_UNITS) continue;
            memset(x, true, (size_t)units_of(t, v->input[k]));
            break;
        }
}

/* ---- Forward ---- */

static bool any_live(const tacet_pruning *t, int v)
{
    return memchr(&t->live[t->first[v]], true, (size_t)units_of(t, v)) != NULL;
}

static void find_live(tacet_pruning *t, int index)
{
    matrix m;
    tc_sketch s;
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS], *live = &t->live[t->first[index]];
    const tc_value *v = &t->graph->value[index];
    const int64_t units = units_of(t, index);
    const bool weighs = matrix_of(t, v, &m);
    sketch_of(t, v, &s, shape, batch);
    for (int64_t u = 0; u < units && weighs; u++)
        for (int64_t i = 0; i < m.inputs && !live[u]; i++)
            live[u] = t->live[t->first[v->input[0]] + channel(&m, u, i)] && connects(&m, u, i);
    /* A vector of units called weight scales them. */
    const int p = v->slots > v->inputs ? v->input[v->inputs] : -1;
    const char *axes = p >= 0 ? tc_graph_axes(t->graph, p) : NULL;
    const bool scales = axes && strcmp(axes, "o") == 0 && strcmp(v->op->param[0].name, "weight") == 0;
    const float *scale = scales && tc_shape_units(&t->graph->value[p].shape) == units ? numbers_of(t, p) : NULL;
    for (int k = 0; k < v->inputs && !weighs; k++) {
        const bool *x = &t->live[t->first[v->input[k]]], any = any_live(t, v->input[k]);
        for (int64_t u = 0; u < units; u++) {
            const int64_t from = scale && scale[u] == 0.0f ? TC_NO_UNIT : unit_from(v, &s, k, u);
            live[u] = live[u] || (from == TC_ALL_UNITS ? any : from >= 0 && x[from]);
        }
    }
}

/* ---- Backward ---- */

static void find_used(tacet_pruning *t, int index)
{
    matrix m;
    tc_sketch s;
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    const tc_value *v = &t->graph->value[index];
    const bool weighs = matrix_of(t, v, &m);
    sketch_of(t, v, &s, shape, batch);
    for (int64_t u = 0; u < units_of(t, index); u++) {
        if (!left(t, index, u)) continue;
        for (int64_t i = 0; i < m.inputs && weighs; i++)
            if (connects(&m, u, i)) t->used[t->first[v->input[0]] + channel(&m, u, i)] = true;
        for (int k = 0; k < v->inputs && !weighs; k++) {
            bool *x = &t->used[t->first[v->input[k]]];
            const int64_t from = unit_from(v, &s, k, u);
            if (from >= 0) x[from] = true;
            if (from == TC_ALL_UNITS) memset(x, true, (size_t)units_of(t, v->input[k]));
        }
    }
}

static void use_all(tacet_pruning *t, int v) { memset(&t->used[t->first[v]], true, (size_t)units_of(t, v)); }

/* ---- Public ---- */

tacet_pruning *tacet_pruning_new(const tacet_file *f, const tacet_graph *g, const tacet_memory *memory,
                                 tacet_error *why)
{
    const tc_mem m = tc_mem_of(memory);
    const size_t values = (size_t)g->values;
    tacet_pruning *t = tc_alloc(&m, 1, sizeof *t);
    if (!t) return tc_fail_memory(why), NULL;
    *t = (tacet_pruning){.mem = m, .graph = g, .file = f};
    t->first = tc_alloc(&m, values + 1, sizeof *t->first);
    t->readers = tc_alloc(&m, values + 1, sizeof *t->readers);
    t->layer = tc_alloc(&m, values + 1, sizeof *t->layer);
    for (int v = 0; v < g->values && t->first; v++) t->first[v + 1] = t->first[v] + tc_shape_units(&g->value[v].shape);
    const size_t units = t->first ? (size_t)t->first[g->values] : 0;
    t->live = tc_alloc(&m, units + 1, sizeof *t->live);
    t->used = tc_alloc(&m, units + 1, sizeof *t->used);
    if (!t->first || !t->readers || !t->layer || !t->live || !t->used) {
        tacet_pruning_free(t);
        return tc_fail_memory(why), NULL;
    }
    for (int v = 0; v < g->values; v++) {
        const tc_value *value = &g->value[v];
        for (int k = 0; k < value->slots; k++)
            if (value->input[k] >= 0) t->readers[value->input[k]]++;
        if (value->op)
            t->layer[t->layers++] = v;
        else
            memset(&t->live[t->first[v]], true, (size_t)units_of(t, v));
    }
    for (int i = t->layers - 1; i >= 0; i--) find_needed(t, t->layer[i]);
    for (int i = 0; i < t->layers; i++) find_live(t, t->layer[i]);
    for (int i = 0; i < g->terms; i++)
        for (int k = 0; k < g->term[i].inputs && g->term[i].op->role == &tc_loss; k++) use_all(t, g->term[i].input[k]);
    for (int i = t->layers - 1; i >= 0; i--) {
        if (t->readers[t->layer[i]] == 0) use_all(t, t->layer[i]);
        find_used(t, t->layer[i]);
    }
    return t;
}

void tacet_pruning_free(tacet_pruning *t)
{
    if (!t) return;
    const tc_mem m = t->mem;
    tc_free(&m, t->first);
    tc_free(&m, t->readers);
    tc_free(&m, t->layer);
    tc_free(&m, t->live);
    tc_free(&m, t->used);
    tc_free(&m, t);
}

/* The share of the layer's weights that are left: pairs of a unit and an input. */
static double share_left(const tacet_pruning *t, int index, const matrix *m)
{
    int64_t pairs = 0;
    for (int64_t u = 0; u < m->units; u++)
        for (int64_t i = 0; i < m->inputs && left(t, index, u); i++)
            pairs += left(t, t->graph->value[index].input[0], channel(m, u, i));
    return (double)pairs / ((double)m->units * (double)m->inputs);
}

static void count_parameters(const tacet_pruning *t, int index, double share, tacet_pruned *to)
{
    const tc_value *layer = &t->graph->value[index];
    for (int k = layer->inputs; k < layer->slots; k++) {
        const int p = layer->input[k];
        if (p < 0 || t->graph->value[p].owner != index) continue;
        const tc_value *v = &t->graph->value[p];
        const int64_t n = tc_shape_count(&v->shape);
        const bool vector = v->shape.rank == 1 && n == to->units, alone = t->readers[p] == 1;
        to->parameters += n;
        if (alone && k == layer->inputs && v->shape.rank > 1)
            to->parameters_left += (int64_t)((double)n * share + 0.5);
        else
            to->parameters_left += alone && vector ? to->units_left : n;
    }
}

tacet_status tacet_pruning_at(const tacet_pruning *t, int i, tacet_pruned *layer)
{
    if (i < 0 || i >= t->layers) return TACET_FAILED;
    matrix m;
    tc_sketch s;
    tc_shape shape[TC_SLOTS];
    bool batch[TC_SLOTS];
    const int index = t->layer[i];
    const tc_value *v = &t->graph->value[index];
    tacet_pruned own = {.name = v->name, .units = units_of(t, index), .units_left = count_left(t, index)};
    const bool weighs = matrix_of(t, v, &m);
    const double share = weighs ? share_left(t, index, &m) : 1;
    count_parameters(t, index, share, &own);
    sketch_of(t, v, &s, shape, batch);
    own.flops = v->op->flops ? v->op->flops(&s) : 0;
    for (int k = 0; k < s.inputs; k++) own.flops += v->op->work * (double)tc_shape_count(&shape[k]);
    const bool apart = !weighs && unit_from(v, &s, 0, 0) != TC_ALL_UNITS;
    own.flops_left = own.flops * (apart ? (double)own.units_left / (double)own.units : share);
    return tc_sized_give(layer, &own, sizeof own);
}
