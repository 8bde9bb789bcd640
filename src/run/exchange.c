/* exchange.c: what the ranks tell each other. In a call every rank makes the same sums in the same order:
 *
 *     rows, and whether all are alike -> phases of operators -> terms, and how often units fired
 *         -> a sample of gradients -> gradients -> the verdict
 *
 * If the ranks are not alike, all of them learn it and stop there, since their sums would not match. After that no rank
 * stops before the verdict, because the others would wait for it. A rank on which something fails (it refuses its feed,
 * or a sum fails) remembers that as its vote and continues, without rows or with numbers that will not be used. In the
 * verdict, the last sum, every rank learns the worst vote and obeys it: either all take the step, or none does.
 *
 * The sum of the verdict may fail too, when it is too late to tell the other ranks. So a rank that has found nothing
 * wrong until then assumes a good verdict, as the others do. (If a sum fails on one rank and then the verdict on
 * another, they diverge. The next call finds that they have done different numbers of steps.)
 *
 * With a single rank nothing is summed and nothing is copied. */
#include "run/run.h"

#include <math.h>
#include <string.h>

static bool alone(const tacet_plan *p) { return p->set.ranks.count == 1; }

static tacet_status sum(tacet_plan *p, void *numbers, tacet_type type, int64_t n)
{
    return p->set.ranks.sum(p->set.ranks.context, numbers, type, (size_t)n);
}

static void vote(tacet_plan *p, tc_vote found)
{
    if (found > p->exchange.vote) p->exchange.vote = found;
}

static void note_failure(tacet_plan *p, tacet_status status)
{
    tc_fail(&p->error, status,
            "a sum over the ranks failed on this rank: the call has failed on all ranks, and nothing was updated");
    vote(p, TC_SUM_FAILED);
}

void tc_exchange_sum(tacet_plan *p, void *numbers, tacet_type type, int64_t n)
{
    if (alone(p) || n == 0) return;
    const tacet_status status = sum(p, numbers, type, n);
    if (status == TACET_OK) return;
    note_failure(p, status);
    /* These will not be used, except for the gaps between gradients, which must stay 0. */
    memset(numbers, 0, (size_t)n * (type == TACET_F32 ? sizeof(float) : sizeof(double)));
}

/* Sets p->exchange.numbers [ranks, each] to this rank's own, mine[each], and zeros for the others. */
static void begin_telling(tacet_plan *p, const double *mine, int each)
{
    double *all = p->exchange.numbers;
    const int64_t n = (int64_t)each * p->set.ranks.count, own = (int64_t)each * p->set.ranks.rank;
    for (int64_t i = 0; i < n; i++) all[i] = i >= own && i < own + each ? mine[i - own] : 0;
}

/* Tells all ranks mine[each] and leaves the numbers of all ranks in p->exchange.numbers [ranks, each]; if the sum
 * fails, only those of this rank. */
static tacet_status tell(tacet_plan *p, const double *mine, int each)
{
    begin_telling(p, mine, each);
    const tacet_status status = sum(p, p->exchange.numbers, TACET_F64, (int64_t)each * p->set.ranks.count);
    if (status != TACET_OK) begin_telling(p, mine, each);
    return status;
}

/* ---- The beginning of a call ---- */

/* What a rank tells about itself: numbers that must be the same on all ranks, its rows, and those of its whole step. */
enum { CALL, STEPS, SAMPLE, INPUTS, BATCHES, PLAN, GIVEN, ROWS, OF_STEP, EACH };
_Static_assert((int)EACH == (int)TC_RANK_TELLS, "there must be room for what a rank tells");
enum { EVALUATE = TC_LISTS, ACCUMULATE }; /* calls; other calls are the list that runs */
enum { REFUSED = -1 }; /* instead of the inputs: this rank refuses the call, and its other numbers mean nothing */

static const char *const unlike[] = {
    [CALL] =
        "rank %d makes a different call from this rank: all must make the same calls of tacet_step, tacet_forward and "
        "tacet_evaluate in the same order",
    [STEPS] =
        "rank %d has done a different number of steps from this rank: all must make the same calls of tacet_step, and "
        "resume from the same checkpoint",
    [SAMPLE] =
        "either rank %d or this rank measures gradients in this step, but not both: all must make the same calls of "
        "tacet_ledger_reset",
    [INPUTS] = "rank %d was fed different inputs from this rank: all must feed the same inputs, each its own rows",
    [BATCHES] = "rank %d has a different number of batches from this rank: all must evaluate on the same number",
    [PLAN] =
        "rank %d has a different plan from this rank, or began with different parameters: all must compile the same graph "
        "with the same configuration and seed, or load the same file",
    [GIVEN] = "rank %d was given other lambdas or another rate than this rank: all must make the same calls of "
              "tacet_set_lambda, tacet_set_rate and tacet_schedule_step"};

/* Which inputs were fed, a bit each. */
static double inputs(const tacet_plan *p)
{
    double bits = 0;
    int i = 0;
    for (const tc_feed *f = p->first_feed; f; f = f->next, i++) bits += f->fed ? ldexp(1, i % 50) : 0;
    return bits;
}

/* FNV-1a over words of 32 bits. */
static uint32_t hash_words(uint32_t hash, const void *from, int64_t words)
{
    uint32_t word;
    for (int64_t i = 0; i < words; i++) {
        memcpy(&word, (const char *)from + i * 4, sizeof word);
        hash = (hash ^ word) * UINT32_C(16777619);
    }
    return hash;
}

/* A hash of everything that determines the number of sums, and of all parameters at the first call. It is computed
 * once, since updates keep equal parameters equal. */
static double plan_hash(tacet_plan *p)
{
    const int64_t sums[] = {
        p->values,         p->terms,         p->set.ledger, p->list[TC_TRAIN].steps, p->list[TC_EVAL].steps,
        p->measured.count, p->set.accumulate};
    if (p->exchange.hash > 0) return p->exchange.hash;
    const uint32_t hash = hash_words(UINT32_C(2166136261), sums, sizeof sums / 4);
    return p->exchange.hash = 1 + (double)hash_words(hash, p->block.numbers, p->block.floats);
}

/* A hash of the lambdas and the rate that the caller has set, or that depend on its calls. */
static double given_hash(const tacet_plan *p)
{
    const uint32_t hash = hash_words(UINT32_C(2166136261), p->table.given, 2 * (int64_t)p->terms);
    return (double)hash_words(hash_words(hash, &p->table.given_rate, 2), &p->table.plateau.factor, 2);
}

/* The inputs of the first rank that was fed, or REFUSED. */
static double inputs_of_all(const tacet_plan *p)
{
    const double *all = p->exchange.numbers;
    for (int r = 0; r < p->set.ranks.count; r++)
        if (all[r * EACH + INPUTS] != REFUSED) return all[r * EACH + INPUTS];
    return REFUSED;
}

/* Fails on all ranks if they are not alike; the numbers of a refusing rank count too, except for its inputs. A rank on
 * which the sum fails continues as if they were alike. */
static tacet_status begin(tacet_plan *p, int call, double batches, tacet_status ready)
{
    const double *all = p->exchange.numbers;
    const double mine[EACH] = {
        [CALL] = call,
        [STEPS] = (double)p->table.step,
        [SAMPLE] = call == TC_TRAIN && p->sample.due,
        [INPUTS] = ready == TACET_OK ? inputs(p) : REFUSED,
        [BATCHES] = batches,
        [PLAN] = plan_hash(p),
        [GIVEN] = given_hash(p),
        [ROWS] = (double)p->run.rows,
        [OF_STEP] = (double)p->run.global_rows,
    };
    p->exchange.vote = ready == TACET_OK ? TC_GOOD : TC_REFUSED;
    const tacet_status status = tell(p, mine, EACH);
    if (status != TACET_OK) note_failure(p, status);
    const double fed = inputs_of_all(p);
    for (int r = 0; r < p->set.ranks.count && status == TACET_OK; r++, all += EACH)
        for (int k = CALL; k < ROWS; k++) {
            const bool same = k == INPUTS ? all[k] == REFUSED || all[k] == fed : all[k] == mine[k];
            if (!same) return ready != TACET_OK ? ready : tc_fail(&p->error, TACET_FAILED, unlike[k], r);
        }
    return TACET_OK;
}

/* The rows of a step: those of the ranks before, then those of this rank, part by part. */
tacet_status tc_exchange_rows(tacet_plan *p, int list, tacet_status feed)
{
    double before = 0, rows = 0, all = 0;
    bool refused = false;
    const bool part = list == TC_TRAIN && p->parts.several;
    const int64_t done = part ? p->parts.done : 0;
    p->run.first_row = done;
    p->run.batch_rows = p->run.rows;
    p->run.global_rows = part ? p->parts.rows : p->run.rows;
    if (alone(p)) return feed == TACET_OK && list == TC_TRAIN ? tc_plan_least(p, p->run.rows, TACET_FAILED) : feed;
    if (feed != TACET_OK) p->run.rows = 0;
    const tacet_status status = begin(p, list == TC_TRAIN && tc_parts_go_on(p) ? ACCUMULATE : list, 0, feed);
    if (status != TACET_OK) return status;
    for (int r = 0; r < p->set.ranks.count; r++) {
        const double *told = p->exchange.numbers + (int64_t)r * EACH;
        before += r < p->set.ranks.rank ? told[OF_STEP] : 0;
        rows += told[ROWS];
        all += told[OF_STEP];
        refused = refused || told[INPUTS] == REFUSED;
    }
    p->run.first_row = (int64_t)before + done;
    p->run.batch_rows = rows > 1 ? (int64_t)rows : 1;
    p->run.global_rows = all > 1 ? (int64_t)all : 1;
    if (refused || p->exchange.vote != TC_GOOD) return TACET_OK;
    if (rows > 0) return list == TC_TRAIN ? tc_plan_least(p, p->run.batch_rows, TACET_FAILED) : TACET_OK;
    return tc_fail(&p->error, TACET_FAILED, "no rank has a row of this batch: at least one rank must have one");
}

tacet_status tc_exchange_batches(tacet_plan *p, int64_t batches, tacet_status ready)
{
    if (alone(p)) return ready;
    return begin(p, EVALUATE, (double)batches, ready);
}

/* ---- Terms and counts ---- */

/* Adds up how often each unit of a value fired on this rank, over the strips of its rows. */
static void add_strips(const tc_tally *c, int64_t rows, double *to)
{
    for (int64_t j = 0; j < c->units; j++) to[j] = 0;
    for (int64_t k = 0; k < tc_tally_strips(rows); k++)
        for (int64_t j = 0; j < c->units; j++) to[j] += c->now[k * c->units + j];
}

/* Terms of parameters are the same on all ranks, and so are terms that mix samples, because their phases have been
 * summed. */
static bool is_summed(const tacet_plan *p, int t)
{
    return tc_plan_of_batch(p, t) && !(p->graph->term[t].op->flags & TC_MIXES);
}

/* Copies the sums of terms to `at`, or back. Returns the end of them. */
static double *carry_terms(tacet_plan *p, double *at, bool back)
{
    for (int t = 0; t < p->terms; t++) {
        if (!is_summed(p, t)) continue;
        double *const own[] = {&p->result.sum[t], &p->result.weight[t]};
        for (int k = 0; k < 2; k++, at++) *(back ? own[k] : at) = *(back ? at : own[k]);
    }
    return at;
}

/* The same for the counts of units. */
static double *carry_counts(tacet_plan *p, int list, double *at, bool back)
{
    for (tc_tally *c = p->list[list].tally; c; c = c->next) {
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

tacet_status tc_exchange_verdict(tacet_plan *p, bool *bad)
{
    const tacet_status own = tc_run_refused(p, "the call was refused");
    if (alone(p)) return own;
    if (own != TACET_OK) vote(p, TC_REFUSED);
    if (*bad) vote(p, TC_NOT_FINITE);
    const double mine = p->exchange.vote, *votes = p->exchange.numbers;
    tell(p, &mine, 1);
    int worst = p->set.ranks.rank;
    for (int r = 0; r < p->set.ranks.count; r++)
        if (votes[r] > votes[worst]) worst = r;
    *bad = votes[worst] >= TC_NOT_FINITE;
    if (votes[worst] < TC_REFUSED) return TACET_OK;
    p->last = -1;
    if (worst == p->set.ranks.rank) return p->error.status;
    return tc_fail(&p->error, TACET_FAILED, "%s rank %d%s: the call has failed on all ranks, and nothing was updated",
                   votes[worst] < TC_SUM_FAILED ? "the call was refused on" : "a sum over the ranks failed on", worst,
                   votes[worst] < TC_SUM_FAILED ? ", whose message says why" : "");
}

int tc_exchange_first(tacet_plan *p, int64_t found)
{
    if (alone(p)) return found > 0 ? 0 : -1;
    const double mine = (double)found, *all = p->exchange.numbers;
    tell(p, &mine, 1);
    int first = found > 0 ? p->set.ranks.rank : -1;
    for (int r = 0; r < p->set.ranks.count; r++)
        if (all[r] > 0 && (first < 0 || all[r] < all[first])) first = r;
    return first;
}
