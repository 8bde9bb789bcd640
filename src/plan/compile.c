/* compile.c: from a description to a plan, pass by pass. */
#include "plan/plan.h"

#include "base/sized.h"

#include <math.h>
#include <string.h>

enum { LEDGER = 50 }; /* default number of steps from one sample of gradients to the next */

/* Settings with their defaults, checked. */
static tacet_status settings(tacet_plan *p, const tacet_config *config)
{
    p->set = (tc_settings){.batch = config->batch ? config->batch : 1,
                           .seed = config->seed,
                           .sparse = config->sparse,
                           .steps_per_epoch = config->steps_per_epoch ? config->steps_per_epoch : 1,
                           .epochs = config->epochs,
                           .accumulate = config->accumulate,
                           .ema = config->ema,
                           .ledger = config->ledger == 0  ? LEDGER
                                     : config->ledger < 0 ? 0
                                                          : config->ledger,
                           .watch = config->ledger > 0};
    tc_settings *set = &p->set;
    if (config->ranks && tc_sized_take(&set->ranks, sizeof set->ranks, config->ranks, "tacet_ranks", &p->error))
        return p->error.status;
    if (set->batch < 1 || set->batch > TC_MAX_COUNT || set->steps_per_epoch < 1 || !(set->epochs >= 0) ||
        !isfinite(set->epochs))
        return tc_fail(&p->error, TACET_DESCRIPTION, "batch, steps_per_epoch and epochs must not be negative");
    if (set->accumulate < 0 || set->accumulate > TC_MAX_COUNT)
        return tc_fail(&p->error, TACET_DESCRIPTION, "accumulate must be at least 0, got %lld",
                       (long long)set->accumulate);
    if (!(set->ema >= 0 && set->ema < 1))
        return tc_fail(&p->error, TACET_DESCRIPTION, "ema must be at least 0 and below 1, got %g", set->ema);
    for (int v = 0; v < p->values; v++) {
        const tc_value *value = &p->graph->value[v];
        if (value->batch && tc_shape_count(&value->shape) > TC_MAX_COUNT / set->batch)
            return tc_fail(&p->error, TACET_DESCRIPTION, "a batch of %lld row%s is too large for %s",
                           (long long)set->batch, tc_plural(set->batch), value->name);
    }
    return TACET_OK;
}

tacet_status tc_plan_least(tacet_plan *p, int64_t rows, tacet_status status)
{
    if (rows >= p->set.least) return TACET_OK;
    return tc_fail(&p->error, status,
                   "%s has one value of each unit in a batch of %lld row%s, which has no variance: training needs %lld "
                   "rows or more",
                   tc_plan_node(p, p->set.least_by).name, (long long)rows, tc_plural(rows), (long long)p->set.least);
}

/* How many rows a training step needs. That a single rank never has so many is said at once. */
static tacet_status least_rows(tacet_plan *p)
{
    p->set.least = 1;
    for (int i = 0; i < tc_plan_nodes(p); i++) {
        const tc_node n = tc_plan_node(p, i);
        if (!n.op || !n.op->values) continue;
        const int64_t positions = tc_shape_positions(&p->graph->value[n.input[0]].shape);
        const int64_t rows = (n.op->values + positions - 1) / positions;
        if (rows <= p->set.least) continue;
        p->set.least = rows;
        p->set.least_by = i;
    }
    return p->set.ranks.count > 1 ? TACET_OK : tc_plan_least(p, p->set.batch, TACET_DESCRIPTION);
}

static tacet_status threads(tacet_plan *p, const tacet_config *config)
{
    p->pool = config->pool;
    if (!config->pool && config->threads != 1 && config->threads != 0) {
        p->pool = p->own_pool = tc_pool_new(config->threads, &p->mem, &p->error);
        if (!p->pool) return p->error.status;
    }
    p->arena.lanes = tc_pool_threads(p->pool);
    return TACET_OK;
}

/* Tables that are as long as the graph. */
static tacet_status tables(tacet_plan *p)
{
    const size_t v = (size_t)p->values + 1, t = (size_t)p->terms + 1;
    tc_results *r = &p->result;
    tc_table *table = &p->table;
    bool room = true;
    room &= (p->feed = tc_plan_alloc(p, v, sizeof *p->feed)) != NULL;
    room &= (p->given = tc_plan_alloc(p, v, sizeof *p->given)) != NULL;
    for (int i = 0; i < TC_LISTS; i++) room &= (p->count[i] = tc_plan_alloc(p, v, sizeof *p->count[i])) != NULL;
    room &= (p->block.place = tc_plan_alloc(p, v, sizeof *p->block.place)) != NULL;
    room &= (p->block.of = tc_plan_alloc(p, v, sizeof *p->block.of)) != NULL;
    room &= (r->value = tc_plan_alloc(p, t, sizeof *r->value)) != NULL;
    room &= (r->sum = tc_plan_alloc(p, t, sizeof *r->sum)) != NULL;
    room &= (r->weight = tc_plan_alloc(p, t, sizeof *r->weight)) != NULL;
    room &= (table->lambda = tc_plan_alloc(p, t, sizeof *table->lambda)) != NULL;
    room &= (table->given = tc_plan_alloc(p, t, sizeof *table->given)) != NULL;
    room &= (p->evaluation.sum = tc_plan_alloc(p, t, sizeof *p->evaluation.sum)) != NULL;
    room &= (p->evaluation.weight = tc_plan_alloc(p, t, sizeof *p->evaluation.weight)) != NULL;
    room &= (table->account = tc_plan_alloc(p, t, sizeof *table->account)) != NULL;
    room &= (table->control = tc_plan_alloc(p, t, sizeof *table->control)) != NULL;
    room &= (table->break_even = tc_plan_alloc(p, v * TC_WAYS, sizeof *table->break_even)) != NULL;
    room &= (table->list_steps = tc_plan_alloc(p, v, sizeof *table->list_steps)) != NULL;
    if (!room) return tc_fail_memory(&p->error);
    for (int i = 0; i < p->terms; i++) {
        p->table.lambda[i] = p->graph->term[i].lambda;
        p->table.control[i].smooth = p->result.value[i] = p->table.given[i] = NAN;
        p->table.account[i].lambda_before = p->table.account[i].density_before = NAN;
        p->set.steers = p->set.steers || !isnan(p->graph->term[i].target);
    }
    for (int i = 0; i < p->values; i++) p->count[TC_TRAIN][i].natural = p->count[TC_EVAL][i].natural = NAN;
    p->table.rate = 1;
    p->table.plateau = TC_PLATEAU_NEW;
    p->table.given_rate = NAN;
    return TACET_OK;
}

/* Whether the length of the run is known, if the schedule of a lambda needs it. */
static tacet_status schedules(tacet_plan *p)
{
    for (int i = 0; i < p->terms; i++) {
        const tc_term *t = &p->graph->term[i];
        const char *why = tc_schedule_end(&t->common[TC_TERM_SCHEDULE], p->set.epochs);
        if (why)
            return tc_refuse(&p->error, t->spec.source, t->spec.column, t->spec.width, "%s: %s, or until", t->name,
                             why);
    }
    return TACET_OK;
}

/* Whether the gradient of each steered penalty reaches a parameter: the controller starts from it, and could never move
 * a value to which no trained parameter contributes. */
static tacet_status targets(tacet_plan *p)
{
    for (int i = 0; i < p->terms; i++) {
        const tc_term *t = &p->graph->term[i];
        bool moves = isnan(t->target) || t->prox;
        for (int k = 0; k < t->slots && !moves; k++)
            moves = tc_term_pulls(t, k) && p->list[TC_TRAIN].wants[t->input[k]];
        if (moves) continue;
        return tc_fail(&p->error, TACET_DESCRIPTION, "%s cannot be steered: no parameter that trains contributes to %s",
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
    const int64_t bytes = p->list[list].arena, partials = tc_plan_partials(&p->list[list]);
    if (bytes > p->arena.bytes) p->arena.bytes = bytes;
    if (partials > p->arena.partials) p->arena.partials = partials;
    return s;
}

/* Allocates what the lists share, and sets their pointers into it. */
static tacet_status allocate(tacet_plan *p, int first)
{
    tc_arena *a = &p->arena;
    a->memory = tc_alloc_aligned(&p->mem, (size_t)a->bytes + 1, 1);
    a->scratch = tc_alloc_aligned(&p->mem, (size_t)a->lanes, (size_t)a->scratch_bytes);
    a->partial = tc_plan_alloc(p, (size_t)a->partials + 1, sizeof *a->partial);
    if (!a->memory || !a->scratch || !a->partial) return tc_fail_memory(&p->error);
    for (int i = first; i < TC_LISTS; i++) tc_plan_resolve(p, i);
    return tc_plan_exchange(p);
}

/* The passes of a plan that trains, before and after its lists are built. */
static tacet_status begin_training(tacet_plan *p, const char *optimizer)
{
    const tacet_status s = tc_spec_parse(&p->update.spec, &p->mem, optimizer, &p->error);
    return s == TACET_OK ? tc_plan_options(p) : s;
}

static tacet_status end_training(tacet_plan *p)
{
    tacet_status s = tc_plan_update(p);
    if (s == TACET_OK) s = tc_plan_fuse(p);
    if (s == TACET_OK) s = tc_plan_row_losses(p);
    if (s == TACET_OK && tc_plan_samples(p)) s = tc_plan_sample_points(p);
    return s == TACET_OK && p->set.accumulate > 1 ? tc_plan_parts(p) : s;
}

static tacet_status compile(tacet_plan *p, const tacet_config *given)
{
    tacet_config taken, *config = &taken;
    tacet_status s = tc_sized_take(config, sizeof *config, given, "tacet_config", &p->error);
    if (s != TACET_OK) return s;
    const bool trains = config->optimizer != NULL;
    const int first = trains ? TC_TRAIN : TC_EVAL;
    s = settings(p, config);
    if (s == TACET_OK) s = threads(p, config);
    if (s == TACET_OK) s = tc_plan_ranks(p);
    if (s == TACET_OK) s = tables(p);
    if (s == TACET_OK && trains) s = least_rows(p);
    if (s == TACET_OK && trains) s = schedules(p);
    if (s == TACET_OK) s = tc_plan_uses(p);
    if (s != TACET_OK) return s;
    p->run = (tc_run){.rows = p->set.batch,
                      .batch_rows = p->set.batch,
                      .global_rows = p->set.batch,
                      .seed = p->set.seed,
                      .kernel = tc_cpu(),
                      .refusal = &p->refusal};
    p->run.kernel->prepare();
    tc_plan_inputs(p);
    tc_plan_break_even(p);
    if (trains) s = begin_training(p, config->optimizer);
    for (int i = first; s == TACET_OK && i < TC_LISTS; i++) s = tc_plan_flow(p, i);
    if (s == TACET_OK && trains) s = targets(p);
    if (s == TACET_OK) s = tc_plan_layout(p);
    if (s == TACET_OK) s = tc_plan_state(p);
    if (s == TACET_OK && trains) s = tc_plan_revive(p);
    for (int i = first; s == TACET_OK && i < TC_LISTS; i++) s = compile_list(p, i);
    if (s == TACET_OK) s = allocate(p, first);
    if (s == TACET_OK) s = tc_plan_measured(p, config->metrics);
    return s == TACET_OK && trains ? end_training(p) : s;
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
    p->update.reach = TC_REACH_UNKNOWN;
    if (compile(p, config) == TACET_OK) return p;
    if (why) *why = p->error;
    tacet_plan_free(p);
    return NULL;
}
