/* metrics.c: the metrics of a plan while it trains and is evaluated: batches are added, ranks are merged, and the sums
 * become figures. */
#include "base/sized.h"
#include "steer/steer.h"

#include <math.h>
#include <string.h>

/* ---- A batch ----------------------------------------------------------------------------------------------------- */

static void guess_classes(const tc_measured *m, tc_outputs *o)
{
    for (int64_t i = 0; i < o->n; i++) m->guess[i] = tc_guess(o->logits + i * m->on.classes, m->on.classes);
}

static void guess_sides(const tc_measured *m, tc_outputs *o, double *soft)
{
    bool sharp = true;
    for (int64_t i = 0; i < o->n; i++) {
        m->guess[i] = o->logits[i] > 0;
        m->label[i] = o->t[i] > 0.5f;
        sharp = sharp && (o->t[i] == 0 || o->t[i] == 1);
    }
    *soft += !sharp;
}

/* Targets that were scaled when they were fed are compared in the unit in which they were given; an input that is
 * reconstructed is compared as the network sees it. */
static void take_unit(tacet_plan *p)
{
    const tc_compared *on = &p->measured.on;
    const tacet_scaling *s = p->feed[p->measured.target].gather.scaling;
    for (int64_t j = 0; s && on->kind == TC_NUMBERS && j < on->width; j++) {
        const double scale = (double)s->scale[s->count == 1 ? 0 : j];
        on->unit[j] = scale != 0 ? 1 / fabs(scale) : 1;
    }
}

/* How much each position counts. A label that is ignored may be no class: 0 stands for it. */
static bool take_weights(tacet_plan *p, tc_outputs *o)
{
    tc_measured *m = &p->measured;
    const float *of_row = m->factor < 0 ? NULL : tc_run_left(p, m->factor, TACET_F32);
    if (m->factor >= 0 && !of_row) return false;
    for (int64_t i = 0; i < o->n; i++) m->weight[i] = of_row ? of_row[i / m->positions] : 1;
    for (int64_t i = 0; m->ignored.given && i < o->n; i++) {
        const bool counts = !tc_is_ignored(m->ignored, o->label[i]);
        m->label[i] = counts ? o->label[i] : 0;
        if (!counts) m->weight[i] = 0;
    }
    if (m->ignored.given) o->label = m->label;
    o->weight = m->weight;
    return true;
}

/* What was computed last, as metrics see it; false if it is not there. */
static bool take_outputs(tacet_plan *p, tc_metric_pass *pass, tc_outputs *o)
{
    tc_measured *m = &p->measured;
    const bool labels = m->on.kind == TC_CLASSES;
    const float *y = tc_run_left(p, m->output, TACET_F32);
    const void *t = tc_run_left(p, m->target, labels ? TACET_I32 : TACET_F32);
    if (!y || !t) return false;
    *o = (tc_outputs){.n = p->run.rows * m->positions, .guess = m->guess, .label = m->label};
    if (labels) {
        o->logits = y;
        o->label = t;
        if (m->guess) guess_classes(m, o);
    }
    if (m->weight && !take_weights(p, o)) return false;
    if (labels) return true;
    take_unit(p);
    o->rows = p->run.rows;
    o->y = y;
    o->t = t;
    if (!(m->on.offers & TC_BINARY)) return true;
    o->logits = y;
    if (m->guess) guess_sides(m, o, &pass->soft);
    if (!m->probability) return true;
    for (int64_t i = 0; i < o->n; i++) m->probability[i] = 1 / (1 + expf(-y[i]));
    o->y = m->probability;
    return true;
}

/* Makes room for the scores of n more positions. Past the limit none are kept any more. */
static bool grow(tacet_plan *p, tc_metric_use *u, tc_metric_sum *s, int64_t n)
{
    const int64_t kept = (int64_t)p->measured.pass[TC_EVAL].kept, need = kept + n, most = TC_MOST_SCORES / u->sums;
    if (need <= s->room || need > most) return true;
    const int64_t room = need > most / 2 ? most : 2 * need;
    double *sum = tc_resize(&p->mem, s->sum, (size_t)room * (size_t)u->sums, sizeof *sum);
    if (!sum) return false;
    s->sum = sum;
    s->room = room;
    return true;
}

tacet_status tc_metrics_note(tacet_plan *p, int list)
{
    tc_measured *m = &p->measured;
    tc_metric_pass *pass = &m->pass[list];
    tc_outputs o;
    if (!m->count) return TACET_OK;
    if (!take_outputs(p, pass, &o)) {
        pass->without++;
        return TACET_OK;
    }
    for (int i = 0; i < m->count; i++)
        if (m->use[i].is->keeps && tc_measures(p, &m->use[i], list) && !grow(p, &m->use[i], &m->use[i].of[list], o.n))
            return tc_fail_memory(&p->error);
    for (int i = 0; i < m->count; i++) {
        tc_metric_use *u = &m->use[i];
        double *sum = u->of[list].sum;
        if (!tc_measures(p, u, list)) continue;
        if (u->is->keeps && ((int64_t)pass->kept + o.n) * u->sums > TC_MOST_SCORES) continue;
        u->is->add(u->arg, &m->on, &o, u->is->keeps ? sum + (int64_t)pass->kept * u->sums : sum);
    }
    pass->kept += (double)o.n;
    pass->batches++;
    return TACET_OK;
}

void tc_metrics_reset(tacet_plan *p, int list)
{
    tc_measured *m = &p->measured;
    m->pass[list] = (tc_metric_pass){0};
    for (int i = 0; i < m->count; i++) {
        tc_metric_sum *s = &m->use[i].of[list];
        s->lost = false;
        if (s->sum && !m->use[i].is->keeps) memset(s->sum, 0, sizeof *s->sum * (size_t)m->use[i].sums);
    }
}

/* ---- The sums of all ranks --------------------------------------------------------------------------------------- */

/* Tells the sums to all ranks and merges theirs, in the order of the ranks. */
static void merge(tacet_plan *p, const tc_metric_use *u, double *sum)
{
    double *told = p->measured.told;
    const int64_t n = u->sums;
    memset(told, 0, sizeof *told * (size_t)(n * p->set.ranks.count));
    memcpy(told + n * p->set.ranks.rank, sum, sizeof *sum * (size_t)n);
    tc_exchange_sum(p, told, TACET_F64, n * p->set.ranks.count);
    memcpy(sum, told, sizeof *sum * (size_t)n);
    for (int r = 1; r < p->set.ranks.count; r++) u->is->merge(&p->measured.on, sum, told + n * r);
}

void tc_metrics_exchange(tacet_plan *p)
{
    tc_measured *m = &p->measured;
    tc_metric_pass *pass = &m->pass[TC_EVAL];
    double seen[] = {pass->batches, pass->without, pass->soft};
    if (p->set.ranks.count == 1 || !m->count) return;
    tc_exchange_sum(p, seen, TACET_F64, 3);
    *pass = (tc_metric_pass){.batches = seen[0], .without = seen[1], .soft = seen[2]};
    for (int i = 0; i < m->count; i++) {
        const tc_metric_use *u = &m->use[i];
        if (!tc_measures(p, u, TC_EVAL)) continue;
        if (u->is->merge)
            merge(p, u, u->of[TC_EVAL].sum);
        else
            tc_exchange_sum(p, u->of[TC_EVAL].sum, TACET_F64, u->sums);
    }
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

/* Why a metric is not known, whatever its sums; NULL: it is. */
static const char *unknown(const tacet_plan *p, const tc_metric_use *u, int list)
{
    const tc_metric_pass *pass = &p->measured.pass[list];
    if (!tc_measures(p, u, list))
        return p->set.ranks.count > 1 ? "not measured with several ranks"
               : u->is->keeps         ? "measured only in evaluations, because it needs the scores of all rows"
                                      : "not measured in training";
    if (pass->without > 0) return "the outputs or the targets of a batch were missing";
    if (pass->batches == 0) return "nothing was measured";
    if (u->of[list].lost) return "the checkpoint in the middle of the epoch did not have it";
    if (pass->soft > 0 && !(u->is->takes & TC_NUMBERS)) return "not defined: a target is neither 0 nor 1";
    if (u->is->keeps && pass->kept * (double)u->sums > TC_MOST_SCORES)
        return "not computed: there are more than 10000000 scores";
    return NULL;
}

static tacet_status finish(tacet_plan *p, tc_metric_use *u, int list)
{
    const tc_measured *m = &p->measured;
    tc_metric_sum *s = &u->of[list];
    const int64_t n = u->is->keeps ? (int64_t)m->pass[list].kept : 0;
    const char *why = unknown(p, u, list);
    s->value = NAN;
    *s->answer.note = '\0';
    for (int64_t i = 0; s->answer.each && i < u->each; i++) s->answer.each[i] = why ? NAN : 0;
    if (why) {
        tc_text_copy(why, s->answer.note, sizeof s->answer.note);
        return TACET_OK;
    }
    if (u->is->keeps && !(s->answer.spare = tc_alloc(&p->mem, (size_t)n + 1, 4 * sizeof *s->answer.spare)))
        return tc_fail_memory(&p->error);
    s->value = u->is->finish(u->arg, &m->on, s->sum, n, &s->answer);
    tc_free(&p->mem, s->answer.spare);
    s->answer.spare = NULL;
    return TACET_OK;
}

tacet_status tc_metrics_finish(tacet_plan *p, int list)
{
    tacet_status s = TACET_OK;
    for (int i = 0; i < p->measured.count && s == TACET_OK; i++) s = finish(p, &p->measured.use[i], list);
    return s;
}

tacet_status tacet_metric_at(tacet_plan *p, int i, bool training, tacet_metric *metric)
{
    if (i < 0 || i >= p->measured.count) return TACET_FAILED;
    tc_metric_use *u = &p->measured.use[i];
    const int list = training ? TC_TRAIN : TC_EVAL;
    const tc_metric_sum *s = &u->of[list];
    if (training) finish(p, u, list); /* needs no memory: nothing keeps its scores in training */
    const tacet_metric own = {.name = u->name,
                              .kind = u->is->name,
                              .spec = u->text,
                              .better = u->is->better,
                              .value = s->value,
                              .note = s->answer.note,
                              .classes = p->measured.on.classes,
                              .by = u->is->by,
                              .each = s->answer.each};
    return tc_sized_give(metric, &own, sizeof own);
}
