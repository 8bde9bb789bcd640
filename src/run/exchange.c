/* exchange.c: sums over ranks. Every rank makes the same sums in the same order:
 *
 *     rows of the batch -> phases of operators -> terms, and what units fired -> samples -> gradients -> what failed
 *
 * A rank whose sum fails takes part in the others all the same, and says so in the last one: then no rank updates. With
 * one rank alone nothing is summed and nothing is moved. */
#include "run/run.h"

#include <math.h>

static bool alone(const tacet_plan *p) { return p->set.ranks.size == 1; }

void tc_exchange(tacet_plan *p, void *numbers, tacet_type type, int64_t n)
{
    const tacet_ranks *r = &p->set.ranks;
    if (alone(p) || n == 0) return;
    const tacet_status s = r->sum(r->context, numbers, type, (size_t)n);
    if (s != TACET_OK) p->exchange_status = s;
}

/* This rank's rows stand after those of the ranks before it. A rank whose feed was refused says so, and all stop here. */
tacet_status tc_exchange_rows(tacet_plan *p, tacet_status feed)
{
    const tacet_ranks *r = &p->set.ranks;
    double before = 0, all = 0;
    p->exchange_status = TACET_OK;
    p->run.global_rows = p->run.rows;
    p->run.first_row = 0;
    if (alone(p)) return feed;
    for (int i = 0; i < r->size; i++) p->exchange[i] = i == r->rank && feed == TACET_OK ? (double)p->run.rows : 0;
    p->exchange[r->size] = feed != TACET_OK;
    tc_exchange(p, p->exchange, TACET_F64, r->size + 1);
    for (int i = 0; i < r->size; i++) {
        before += i < r->rank ? p->exchange[i] : 0;
        all += p->exchange[i];
    }
    p->run.first_row = (int64_t)before;
    p->run.global_rows = all > 1 ? (int64_t)all : 1;
    if (feed != TACET_OK) return feed;
    if (p->exchange[r->size] > 0) return tc_fail(&p->error, TACET_FAILED, "another rank was fed data that it refused");
    if (all < 1 && p->exchange_status == TACET_OK)
        return tc_fail(&p->error, TACET_FAILED, "no rank has a row of this batch: one at least must have");
    return TACET_OK;
}

/* What units of the value fired on this rank, over the strips of its rows. */
static void add_strips(const tc_tally *c, int64_t rows, double *to)
{
    for (int64_t j = 0; j < c->units; j++) to[j] = 0;
    for (int64_t k = 0; k < tc_tally_strips(rows); k++)
        for (int64_t j = 0; j < c->units; j++) to[j] += c->now[k * c->units + j];
}

/* The term of a parameter is the same on all ranks, and is not summed. */
static bool is_summed(const tacet_plan *p, int t) { return p->graph->value[p->graph->term[t].input[0]].batch; }

void tc_exchange_terms(tacet_plan *p, int list)
{
    if (alone(p)) return;
    double *to = p->exchange, *from = p->exchange;
    for (int t = 0; t < p->terms; t++) {
        *to++ = is_summed(p, t) ? p->result.sum[t] : 0;
        *to++ = is_summed(p, t) ? p->result.weight[t] : 0;
    }
    for (int v = 0; v < p->values; v++) {
        const tc_tally *c = &p->count[list][v];
        if (!c->now) continue;
        add_strips(c, c->positions * (p->graph->value[v].batch ? p->run.rows : 1), to);
        to += c->units;
    }
    tc_exchange(p, p->exchange, TACET_F64, to - p->exchange);
    for (int t = 0; t < p->terms; t++, from += 2) {
        if (!is_summed(p, t)) continue;
        p->result.sum[t] = from[0];
        p->result.weight[t] = from[1];
    }
    for (int v = 0; v < p->values; v++) {
        tc_tally *c = &p->count[list][v];
        if (!c->now) continue;
        c->sum = 0;
        for (int64_t j = 0; j < c->units; j++) c->sum += c->all[j] = *from++;
    }
}

tacet_status tc_exchange_verdict(tacet_plan *p, bool *bad)
{
    if (alone(p)) return TACET_OK;
    double vote[2] = {p->exchange_status != TACET_OK, *bad};
    tc_exchange(p, vote, TACET_F64, 2);
    *bad = vote[1] > 0;
    if (p->exchange_status != TACET_OK)
        return tc_fail(&p->error, p->exchange_status, "step %lld: a sum over the ranks failed, and nothing was updated",
                       (long long)p->table.step + 1);
    if (vote[0] == 0) return TACET_OK;
    return tc_fail(&p->error, TACET_FAILED,
                   "step %lld: a sum over the ranks failed on another rank, and nothing was updated",
                   (long long)p->table.step + 1);
}
