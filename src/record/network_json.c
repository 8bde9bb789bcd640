/* network_json.c: a plan's inputs and layers with their parameters and penalties. A parameter that several layers use counts
 * for its owner, the layer that it is named after. */
#include "record/record.h"

#include <string.h>

/* "28 x 28" */
static void add_shape(tc_json_writer *j, const tacet_value_info *v)
{
    char side[32];
    tc_json_begin_text(j, "shape");
    if (v->rank == 0) tc_json_put_text(j, "1");
    for (int i = 0; i < v->rank; i++) {
        tc_snprintf(side, sizeof side, "%s%lld", i ? " x " : "", (long long)v->shape[i]);
        tc_json_put_text(j, side);
    }
    tc_json_end_text(j);
}

/* Goes on to the next parameter that a layer reads, its own or another's, and steps over *k. */
static bool next_parameter(const tacet_plan *p, const tacet_value_info *layer, int *k, tacet_value_info *v)
{
    while (tacet_value_at(p, tacet_value_input(p, layer->value.id - 1, (*k)++).id - 1, v) == TACET_OK)
        if (v->role == TACET_ROLE_PARAMETER) return true;
    return false;
}

static void add_counts(tc_json_writer *j, const tacet_plan *p, const tacet_value_info *layer)
{
    tacet_value_info v = {.size = sizeof v};
    int64_t all = 0, frozen = 0;
    for (int k = 0; next_parameter(p, layer, &k, &v);) {
        if (v.owner.id != layer->value.id) continue;
        all += v.elements;
        frozen += v.trainable ? 0 : v.elements;
    }
    tc_json_add_integer(j, "parameters", all);
    tc_json_add_integer(j, "frozen", frozen);
}

/* An entry of a list in a text. */
static void put(tc_json_writer *j, const char *between, bool *any, const char *entry)
{
    if (*any) tc_json_put_text(j, between);
    tc_json_put_text(j, entry);
    *any = true;
}

/* Parameters of other layers, "linear1.weight, linear1.bias". */
static void add_uses(tc_json_writer *j, const tacet_plan *p, const tacet_value_info *layer)
{
    tacet_value_info v = {.size = sizeof v};
    bool any = false;
    tc_json_begin_text(j, "uses");
    for (int k = 0; next_parameter(p, layer, &k, &v);)
        if (v.owner.id != layer->value.id) put(j, ", ", &any, v.name);
    tc_json_end_text(j);
}

/* The penalties and constraints on a value, as they were written; those on a parameter begin with the last part of its
 * name. */
static void put_penalties(tc_json_writer *j, const tacet_plan *p, const tacet_value_info *v, bool *any)
{
    tacet_term t = {.size = sizeof t};
    tacet_value on;
    for (int i = 0; i < tacet_term_count(p); i++)
        for (int k = 0; tc_penalises(p, i, &t) && (on = tacet_term_on(p, i, k)).id; k++) {
            if (on.id != v->value.id) continue;
            put(j, "; ", any, v->owner.id ? strrchr(v->name, '.') + 1 : "");
            if (v->owner.id) tc_json_put_text(j, ": ");
            tc_json_put_text(j, t.spec);
        }
}

/* "l1 1e-3; weight: l2 1e-4" */
static void add_penalties(tc_json_writer *j, const tacet_plan *p, const tacet_value_info *layer)
{
    tacet_value_info v = {.size = sizeof v};
    bool any = false;
    tc_json_begin_text(j, "penalties");
    put_penalties(j, p, layer, &any);
    for (int k = 0; next_parameter(p, layer, &k, &v);)
        if (v.owner.id == layer->value.id) put_penalties(j, p, &v, &any);
    tc_json_end_text(j);
}

void tc_network_json(tc_json_writer *j, const tacet_plan *p)
{
    tacet_value_info v = {.size = sizeof v};
    tc_json_open(j, "network", '[');
    for (int i = 0; tacet_value_at(p, i, &v) == TACET_OK; i++) {
        if (v.role == TACET_ROLE_PARAMETER) continue;
        tc_json_open(j, NULL, '{');
        tc_json_add_text(j, "name", v.name);
        tc_json_add_text(j, "kind", v.kind);
        tc_json_add_text(j, "spec", v.spec);
        add_shape(j, &v);
        add_counts(j, p, &v);
        add_uses(j, p, &v);
        add_penalties(j, p, &v);
        tc_json_close(j, '}');
    }
    tc_json_close(j, ']');
}
