/* exchange.c: what ranks tell one another. In a call every rank makes the same sums in the same order:
 *
 *     rows, and whether all are alike -> phases of operators -> terms, and how often units fired
 *         -> samples of gradients -> gradients -> the verdict
 *
 * No rank ever stops before the verdict, or the others would wait for it. What goes wrong on one (it refuses what it was
 * fed, a sum fails) it remembers as its vote, and goes on, with no rows or with numbers that nobody will use. In the
 * verdict, which is the last sum, every rank hears the worst vote, and does what that says: all update, or none.
 *
 * The verdict's own sum may fail too, and of this no other rank can hear any more. So a rank for which all went well until
 * then takes the verdict to be good, as the others do. (Should a sum fail on one rank and the verdict on another, they part.
 * The next call finds that they have done different numbers of steps, and refuses.)
 *
 * With one rank alone nothing is summed and nothing is moved. */
#include "run/run.h"

#include <math.h>
#include <string.h>

static bool alone(const tacet_plan *p) { return p->set.ranks.size == 1; }

static tacet_status sum(tacet_plan *p, void *numbers, tacet_type type, int64_t n)
{
    return p->set.ranks.sum(p->set.ranks.context, numbers, type, (size_t)n);
}

static void vote(tacet_plan *p, tc_vote found)
{
    if (found > p->exchange.vote) p->exchange.vote = found;
}

static void cut_off(tacet_plan *p, tacet_status status)
{
    tc_fail(&p->error, status, "a sum over the ranks failed on this one: no rank takes the call, nothing was updated");
    vote(p, TC_CUT_OFF);
}

void tc_exchange_sum(tacet_plan *p, void *numbers, tacet_type type, int64_t n)
{
    if (alone(p) || n == 0) return;
    const tacet_status status = sum(p, numbers, type, n);
    if (status == TACET_OK) return;
    cut_off(p, status);
    /* Nobody reads what it has left, but for the gaps between gradients, which must stay 0. */
    memset(numbers, 0, (size_t)n * (type == TACET_F32 ? sizeof(float) : sizeof(double)));
}

/* Sets p->exchange.numbers [size, each] to this rank's own, mine[each], and zeros. */
static void begin_telling(tacet_plan *p, const double *mine, int each)
{
    double *all = p->exchange.numbers;
    for (int i = 0; i < each * p->set.ranks.size; i++) all[i] = 0;
    for (int i = 0; i < each; i++) all[each * p->set.ranks.rank + i] = mine[i];
}

/* Tells all ranks mine[each], and leaves there what all have told; where the sum fails, what this one has. */
static tacet_status tell(tacet_plan *p, const double *mine, int each)
{
    begin_telling(p, mine, each);
    const tacet_status status = sum(p, p->exchange.numbers, TACET_F64, (int64_t)each * p->set.ranks.size);
    if (status != TACET_OK) begin_telling(p, mine, each);
    return status;
}

/* ---- The beginning of a call ---- */

/* What each rank tells of itself: its rows, and numbers that must be the same on all. */
enum { ROWS, STEPS, INPUTS, PARAMETERS, EACH = TC_RANK_TELLS };
enum { REFUSED = -1 }; /* in place of its inputs */

static const char *const unlike[EACH] = {
    [STEPS] = "rank %d has done another number of steps than this one: all must make the same calls of tacet_step, and "
              "resume from the same checkpoint",
    [INPUTS] = "rank %d was fed other inputs than this one: all must feed the same inputs, each its own rows",
    [PARAMETERS] = "rank %d begins with other parameters than this one: all must compile with the same seed, or load "
                   "the same file"};

/* Which inputs were fed, a bit each. */
static double inputs(const tacet_plan *p)
{
    double bits = 0;
    int i = 0;
    for (const tc_feed *f = p->first_feed; f; f = f->next, i++) bits += f->fed ? ldexp(1, i % 50) : 0;
    return bits;
}

/* A hash of all parameters (FNV-1a over their words) as they were in the first call: told ever after, it costs nothing. */
static double parameters(tacet_plan *p)
{
    uint32_t hash = UINT32_C(2166136261), word;
    if (p->exchange.parameters > 0) return p->exchange.parameters;
    for (int64_t i = 0; i < p->block.floats; i++) {
        memcpy(&word, p->block.numbers + i, sizeof word);
        hash = (hash ^ word) * UINT32_C(16777619);
    }
    return p->exchange.parameters = 1 + (double)hash;
}

static void refuse(tacet_plan *p, const char *why, int rank)
{
    tc_fail(&p->error, TACET_FAILED, why, rank);
    vote(p, TC_REFUSED);
}

/* The numbers that must be the same. Every rank hears all of them, so that all find the same. */
static void compare(tacet_plan *p, const double *mine)
{
    const double *all = p->exchange.numbers;
    for (int r = 0; r < p->set.ranks.size; r++)
        for (int k = STEPS; k < EACH && p->exchange.vote == TC_GOOD; k++)
            if (all[r * EACH + k] != mine[k] && all[r * EACH + INPUTS] != REFUSED) refuse(p, unlike[k], r);
}

/* This rank's rows follow those of the ranks before it. */
static void place_rows(tacet_plan *p)
{
    double before = 0, all = 0;
    bool refused = false;
    for (int r = 0; r < p->set.ranks.size; r++) {
        const double *told = p->exchange.numbers + r * EACH;
        before += r < p->set.ranks.rank ? told[ROWS] : 0;
        all += told[ROWS];
        refused = refused || told[INPUTS] == REFUSED;
    }
    p->run.first_row = (int64_t)before;
    p->run.global_rows = all > 1 ? (int64_t)all : 1;
    if (all == 0 && !refused && p->exchange.vote == TC_GOOD)
        refuse(p, "no rank has a row of this batch: at least one must have", 0);
}

void tc_exchange_rows(tacet_plan *p, tacet_status feed)
{
    p->exchange.vote = TC_GOOD;
    p->run.first_row = 0;
    p->run.global_rows = p->run.rows;
    if (alone(p)) return;
    if (feed != TACET_OK) {
        p->run.rows = 0;
        vote(p, TC_REFUSED);
    }
    const double mine[EACH] = {(double)p->run.rows, (double)p->table.step, feed == TACET_OK ? inputs(p) : REFUSED,
                               parameters(p)};
    const tacet_status status = tell(p, mine, EACH);
    if (status != TACET_OK) cut_off(p, status);
    compare(p, mine);
    place_rows(p);
}

/* ---- Terms and counts ---- */

/* What of a value's units fired on this rank, over the strips of its rows. */
static void add_strips(const tc_tally *c, int64_t rows, double *to)
{
    for (int64_t j = 0; j < c->units; j++) to[j] = 0;
    for (int64_t k = 0; k < tc_tally_strips(rows); k++)
        for (int64_t j = 0; j < c->units; j++) to[j] += c->now[k * c->units + j];
}

/* Not summed is the term of parameters, which is the same on all ranks, nor one that mixes samples: its phases were. */
static bool is_summed(const tacet_plan *p, int t)
{
    return tc_plan_of_batch(p, t) && !(p->graph->term[t].op->flags & TC_MIXES);
}

/* Takes the numbers of the terms and counts to the other ranks, or back from them. Returns where they end. */
static double *carry_terms(tacet_plan *p, double *at, bool back)
{
    for (int t = 0; t < p->terms; t++) {
        if (!is_summed(p, t)) continue;
        double *const own[] = {&p->result.sum[t], &p->result.weight[t]};
        for (int k = 0; k < 2; k++, at++) *(back ? own[k] : at) = *(back ? at : own[k]);
    }
    return at;
}

static double *carry_counts(tacet_plan *p, int list, double *at, bool back)
{
    for (int v = 0; v < p->values; v++) {
        tc_tally *c = &p->count[list][v];
        if (!c->all) continue;
        if (back) {
            memcpy(c->all, at, sizeof *at * (size_t)c->units);
            c->sum = 0;
            for (int64_t j = 0; j < c->units; j++) c->sum += c->all[j];
        } else {
            add_strips(c, c->positions * p->run.rows, at);
        }
        at += c->units;
    }
    return at;
}

void tc_exchange_terms(tacet_plan *p, int list)
{
    double *first = p->exchange.numbers;
    if (alone(p)) return;
    const double *end = carry_counts(p, list, carry_terms(p, first, false), false);
    tc_exchange_sum(p, first, TACET_F64, end - first);
    carry_counts(p, list, carry_terms(p, first, true), true);
}

/* ---- The end ---- */

static const char *const elsewhere[] = {
    [TC_REFUSED] = "rank %d refused this call, as its own message says: no rank takes it, and nothing was updated",
    [TC_CUT_OFF] = "a sum over the ranks failed on rank %d: no rank takes the call, and nothing was updated"};

tacet_status tc_exchange_verdict(tacet_plan *p, bool *bad)
{
    if (alone(p)) return TACET_OK;
    if (*bad) vote(p, TC_NOT_FINITE);
    const double mine = p->exchange.vote;
    tell(p, &mine, 1);
    int worst = p->set.ranks.rank;
    for (int r = 0; r < p->set.ranks.size; r++)
        if (p->exchange.numbers[r] > p->exchange.numbers[worst]) worst = r;
    const int verdict = (int)p->exchange.numbers[worst];
    *bad = verdict >= TC_NOT_FINITE;
    if (verdict <= TC_NOT_FINITE) return TACET_OK;
    p->last = -1;
    if (worst == p->set.ranks.rank) return p->error.status;
    return tc_fail(&p->error, TACET_FAILED, elsewhere[verdict], worst);
}

/* The rank that found the smallest number above 0; -1: none found one. */
int tc_exchange_first(tacet_plan *p, int64_t found)
{
    if (alone(p)) return found > 0 ? 0 : -1;
    const double mine = (double)found, *all = p->exchange.numbers;
    tell(p, &mine, 1);
    int first = found > 0 ? p->set.ranks.rank : -1;
    for (int r = 0; r < p->set.ranks.size; r++)
        if (all[r] > 0 && (first < 0 || all[r] < all[first])) first = r;
    return first;
}

tacet_status tc_exchange_batches(tacet_plan *p, int64_t batches)
{
    if (alone(p)) return TACET_OK;
    p->exchange.vote = TC_GOOD;
    const double mine = (double)batches;
    const tacet_status status = tell(p, &mine, 1);
    if (status != TACET_OK) cut_off(p, status);
    for (int r = 0; r < p->set.ranks.size && p->exchange.vote == TC_GOOD; r++)
        if (p->exchange.numbers[r] != mine)
            refuse(p,
                   "rank %d has another number of batches than this one: all must have the same, or they would wait "
                   "for one another",
                   r);
    return tc_exchange_verdict(p, &(bool){false});
}
