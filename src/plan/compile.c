/* compile.c: from a description to a plan, pass by pass. */
#include "plan/plan.h"

#include <math.h>
#include <string.h>

enum { LEDGER = 50 }; /* steps from one sample of gradients to the next, unless it is said */

/* Settings with their defaults, checked. */
static tacet_status settings(tacet_plan *p, const tacet_config *config)
{
    if (config->size != sizeof *config)
        return tc_fail(&p->error, TACET_DESCRIPTION,
                       "tacet_config has size %zu where %zu was expected: begin it with TACET_CONFIG", config->size,
                       sizeof *config);
    p->batch = config->batch ? config->batch : 1;
    p->seed = config->seed;
    p->steps_per_epoch = config->steps_per_epoch ? config->steps_per_epoch : 1;
    p->epochs = config->epochs;
    p->sparse = config->sparse;
    p->ledger = config->ledger == 0 ? LEDGER : config->ledger < 0 ? 0 : config->ledger;
    p->watch = config->ledger > 0;
    if (p->batch < 1 || p->batch > TC_MAX_COUNT || p->steps_per_epoch < 1 || !(p->epochs >= 0) || !isfinite(p->epochs))
        return tc_fail(&p->error, TACET_DESCRIPTION, "batch, steps_per_epoch and epochs must not be negative");
    for (int v = 0; v < p->values; v++) {
        const tc_value *value = &p->graph->value[v];
        if (value->batch && tc_shape_count(&value->shape) > TC_MAX_COUNT / p->batch)
            return tc_fail(&p->error, TACET_DESCRIPTION, "a batch of %lld rows is too large for %s",
                           (long long)p->batch, value->name);
    }
    p->pool = config->pool;
    if (config->pool || config->threads == 1 || config->threads == 0) return TACET_OK;
    p->pool = p->own_pool = tc_pool_new(config->threads, &p->mem, &p->error);
    return p->pool ? TACET_OK : p->error.status;
}

/* Tables that are as long as the graph. */
static tacet_status tables(tacet_plan *p)
{
    const size_t v = (size_t)p->values + 1, t = (size_t)p->terms + 1;
    p->feed = tc_plan_alloc(p, v, sizeof *p->feed);
    for (int i = 0; i < TC_LISTS; i++) p->count[i] = tc_plan_alloc(p, v, sizeof *p->count[i]);
    p->place = tc_plan_alloc(p, v, sizeof *p->place);
    p->table.lambda = tc_plan_alloc(p, t, sizeof *p->table.lambda);
    p->result = tc_plan_alloc(p, t, sizeof *p->result);
    if (!p->feed || !p->count[TC_TRAIN] || !p->count[TC_EVAL] || !p->place || !p->table.lambda || !p->result)
        return tc_fail_memory(&p->error);
    p->table.break_even = tc_plan_alloc(p, v * TC_PRODUCTS, sizeof *p->table.break_even);
    p->table.use = tc_plan_alloc(p, v, sizeof *p->table.use);
    p->table.account = tc_plan_alloc(p, t, sizeof *p->table.account);
    p->table.control = tc_plan_alloc(p, t, sizeof *p->table.control);
    if (!p->table.break_even || !p->table.use || !p->table.account || !p->table.control)
        return tc_fail_memory(&p->error);
    for (int i = 0; i < p->terms; i++) {
        p->table.lambda[i] = p->graph->term[i].lambda;
        p->table.control[i].smooth = p->result[i] = NAN;
        p->table.account[i].lambda_before = p->table.account[i].density_before = NAN;
        p->steers = p->steers || !isnan(p->graph->term[i].target);
    }
    for (int i = 0; i < p->values; i++) p->count[TC_TRAIN][i].natural = p->count[TC_EVAL][i].natural = NAN;
    p->table.rate = 1;
    return TACET_OK;
}

/* Whether the schedules of lambdas know the length of the run, where they need it. */
static tacet_status schedules(tacet_plan *p)
{
    for (int i = 0; i < p->terms; i++) {
        const tc_term *t = &p->graph->term[i];
        const char *why = tc_schedule_end(&t->common[TC_TERM_SCHEDULE], p->epochs);
        if (!why) continue;
        tc_fail(&p->error, TACET_DESCRIPTION, "%s: %s, or until", t->name, why);
        tc_spec_point(&t->spec, t->spec.column, t->spec.width, &p->error);
        return p->error.status;
    }
    return TACET_OK;
}

/* Whether the gradient of each steered penalty goes anywhere: the controller begins from it, and would never move what
 * nothing trains. */
static tacet_status targets(tacet_plan *p)
{
    for (int i = 0; i < p->terms; i++) {
        const tc_term *t = &p->graph->term[i];
        bool moves = isnan(t->target) || t->prox;
        for (int k = 0; k < t->slots && !moves; k++)
            moves = tc_term_pulls(t, k) && p->list[TC_TRAIN].wants[t->input[k]];
        if (moves) continue;
        return tc_fail(&p->error, TACET_DESCRIPTION, "%s cannot be steered: no parameter that trains has a part in %s",
                       t->name, t->on);
    }
    return TACET_OK;
}

static tacet_status compile_list(tacet_plan *p, int list)
{
    tacet_status s = tc_plan_fire(p, list);
    if (s == TACET_OK) s = tc_plan_lower(p, list);
    if (s != TACET_OK) return s;
    if (list == TC_TRAIN && tc_plan_samples(p)) tc_plan_sample_keep(p);
    tc_plan_band(p, list);
    s = tc_plan_place(p, list);
    if (s == TACET_OK && p->list[list].arena > p->arena_bytes) p->arena_bytes = p->list[list].arena;
    return s;
}

static tacet_status compile(tacet_plan *p, const tacet_config *config)
{
    const int first = config->optimizer ? TC_TRAIN : TC_EVAL;
    tacet_status s = settings(p, config);
    if (s == TACET_OK) s = tables(p);
    if (s == TACET_OK && config->optimizer) s = schedules(p);
    p->run = (tc_run){.rows = p->batch, .global_rows = p->batch, .seed = p->seed, .kernel = &tc_cpu};
    p->run.kernel->prepare();
    if (s == TACET_OK) tc_plan_inputs(p);
    if (s == TACET_OK) tc_fire_break_even(p);
    if (s == TACET_OK && config->optimizer) {
        s = tc_spec_parse(&p->optim_spec, &p->mem, config->optimizer, &p->error);
        if (s == TACET_OK) s = tc_plan_options(p);
    }
    for (int i = first; s == TACET_OK && i < TC_LISTS; i++) s = tc_plan_flow(p, i);
    if (s == TACET_OK && config->optimizer) s = targets(p);
    if (s == TACET_OK) s = tc_plan_layout(p);
    if (s == TACET_OK) s = tc_plan_state(p);
    for (int i = first; s == TACET_OK && i < TC_LISTS; i++) s = compile_list(p, i);
    if (s != TACET_OK) return s;
    p->arena = tc_alloc_aligned(&p->mem, (size_t)p->arena_bytes + 1, 1);
    p->partial = tc_plan_alloc(p, (size_t)p->partials + 1, sizeof *p->partial);
    if (!p->arena || !p->partial) return tc_fail_memory(&p->error);
    for (int i = first; i < TC_LISTS; i++) tc_plan_resolve(p, i);
    if (!config->optimizer) return TACET_OK;
    s = tc_plan_update(p);
    if (s == TACET_OK) s = tc_plan_fuse(p);
    return s == TACET_OK && tc_plan_samples(p) ? tc_plan_sample_points(p) : s;
}

tacet_plan *tacet_compile(tacet_graph *g, const tacet_config *config, tacet_error *why)
{
    if (!g) return tc_fail_memory(why), NULL;
    if (g->error.status != TACET_OK) {
        if (why) *why = g->error;
        return NULL;
    }
    tacet_plan *p = tc_alloc(&g->mem, 1, sizeof *p);
    if (!p) return tc_fail_memory(why), NULL;
    p->mem = g->mem;
    p->graph = tc_graph_hold(g);
    p->values = g->values;
    p->terms = g->terms;
    p->extent = tc_graph_extent(g);
    p->last = -1;
    p->norm_square = NAN;
    if (compile(p, config) == TACET_OK) return p;
    if (why) *why = p->error;
    tacet_plan_free(p);
    return NULL;
}
