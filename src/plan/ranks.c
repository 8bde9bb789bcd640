/* ranks.c: what compiling for several ranks must find out: whether each operator can run on them, and how much room
 * their sums take. */
#include "plan/plan.h"

bool tc_plan_of_batch(const tacet_plan *p, int term) { return p->graph->value[p->graph->term[term].input[0]].batch; }

tacet_status tc_plan_ranks(tacet_plan *p)
{
    tacet_ranks *r = &p->set.ranks;
    if (r->count == 0) r->count = 1;
    if (r->count < 0)
        return tc_fail(&p->error, TACET_DESCRIPTION, "ranks: count is %d, and must be 0 or more", r->count);
    if (r->rank < 0 || r->rank >= r->count)
        return tc_fail(&p->error, TACET_DESCRIPTION, "ranks: this is rank %d of %d, but ranks go from 0 to count - 1",
                       r->rank, r->count);
    if (r->count > 1 && !r->sum)
        return tc_fail(&p->error, TACET_DESCRIPTION,
                       "ranks: %d ranks need a function that sums over them, and none was given", r->count);
    /* An operator that mixes samples needs sums over ranks, because otherwise it would see only a part of the batch. */
    for (int i = 0; i < tc_plan_nodes(p) && r->count > 1; i++) {
        const tc_node n = tc_plan_node(p, i);
        if (!n.op || !(n.op->flags & TC_MIXES) || n.op->sums) continue;
        return tc_fail(&p->error, TACET_DESCRIPTION,
                       "%s mixes the samples of a batch, which it cannot do over several ranks: leave it out, or train "
                       "on one rank",
                       n.name);
    }
    return TACET_OK;
}

/* The number of sums for the terms, and for every value of the batch that a list counts. */
static int64_t counted(const tacet_plan *p, int list)
{
    int64_t n = 2 * (int64_t)p->terms;
    for (const tc_tally *c = p->list[list].tally; c; c = c->next) n += c->all ? c->units : 0;
    return n;
}

tacet_status tc_plan_exchange(tacet_plan *p)
{
    if (p->set.ranks.count == 1) return TACET_OK;
    const int64_t train = counted(p, TC_TRAIN), eval = counted(p, TC_EVAL);
    const int64_t most = train > eval ? train : eval, tell = (int64_t)TC_RANK_TELLS * p->set.ranks.count;
    p->exchange.numbers = tc_plan_alloc(p, (size_t)(most > tell ? most : tell), sizeof *p->exchange.numbers);
    return p->exchange.numbers ? TACET_OK : tc_fail_memory(&p->error);
}
