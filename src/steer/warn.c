/* warn.c: what users should know from the ledger, and what to do about it. A warning is a row of a table. */
#include "steer/steer.h"

#include "base/sized.h"

#include <math.h>
#include <stdio.h>

/* The subject of a warning: a term with its account, or (term NULL) a value that makes zeros with its counts. */
typedef struct subject {
    const tc_term *term;
    const tc_account *sums;
    tacet_account now;
    tacet_firing firing;
    int64_t positions; /* of the value */
    const char *value; /* name of the value, or of the term's first */
    bool penalised;    /* a value: a penalty acts on it, or on the weights of a layer that it is made of */
    tc_rise rise;
    double steps, least_steps, to_target, last_density; /* of a steered activation (steer.h) */
    bool over;         /* the run has made all its steps */
    bool landed;       /* a steered term: its target was due in all steps of the ledger */
} subject;

#define MOST_LONGER 20.0 /* times the run: how far a trend is believed */
enum { RISES = 3 };

static double ratio(const subject *s) { return s->now.gradient / s->now.data_gradient; }
static bool steered(const subject *s) { return !isnan(s->now.target); }
static bool on_parameter(const subject *s) { return s->firing.rows == 0; }

static bool empty(const subject *s, char *text, size_t n)
{
    if (!on_parameter(s) || s->firing.density > 0) return false;
    tc_snprintf(text, n, "all of %s is 0, so nothing can be learned with it: lower lambda (%.3g)", s->value,
                s->now.lambda);
    return true;
}

static bool no_effect(const subject *s, char *text, size_t n)
{
    if (steered(s) || !(s->now.lambda > 0) || !(s->now.gradient > 0) || !(ratio(s) < 1e-4)) return false;
    tc_snprintf(text, n, "lambda %.3g has no effect, its gradient is %.1e of the data's: raise it, or give a target",
                s->now.lambda, ratio(s));
    return true;
}

/* A proximal step does not act by its gradient. */
static bool dominating(const subject *s, char *text, size_t n)
{
    if (s->term->prox || !(ratio(s) > 10) || isinf(ratio(s))) return false; /* infinite: the data's gradient was 0 */
    tc_snprintf(text, n,
                "its gradient is %.3g times the data's, so the network learns the penalty and not the data: %s",
                ratio(s),
                steered(s) ? "ask for less, or give it more epochs (warmup=)"
                           : "lower lambda, or let it rise over more epochs (warmup=)");
    return true;
}

/* A steered lambda begins far too low to have an effect, so it counts only once the target itself is due. */
static bool saturated(const subject *s, char *text, size_t n)
{
    const double before = s->sums->density_before, now = s->firing.density;
    if (!(s->sums->lambda_before > 0) || !(s->now.lambda > 2 * s->sums->lambda_before) || !(now > 0.98 * before))
        return false;
    if (!on_parameter(s) && now == 1) return false; /* never_zero has more to say */
    if (steered(s) && (now < 1.1 * s->now.target || !s->landed)) return false;
    tc_snprintf(text, n,
                "lambda rose from %.3g to %.3g and the density stayed at %.3g: raising it further changes nothing%s",
                s->sums->lambda_before, s->now.lambda, now,
                on_parameter(s) && !s->term->prox ? "; `prox` makes exact zeros" : "");
    return true;
}

static bool above(const subject *s, char *text, size_t n)
{
    const bool natural = s->firing.natural < s->now.target;
    if (!steered(s) || !(natural || (s->now.bound < 0 && s->firing.density < 0.9 * s->now.target))) return false;
    tc_snprintf(
        text, n,
        "the target density %.3g is above that of the network %s (%.3g): a penalty cannot raise it. Ask for less, "
        "or leave the penalty out",
        s->now.target, natural ? "before training" : "with almost no penalty",
        natural ? s->firing.natural : s->firing.density);
    return true;
}

static bool below(const subject *s, char *text, size_t n)
{
    if (!steered(s) || s->now.bound <= 0 || !(s->firing.density > 1.1 * s->now.target)) return false;
    tc_snprintf(
        text, n,
        "the target density %.3g is out of reach: the density is %.3g with lambda at its upper bound. This penalty "
        "makes no more zeros here",
        s->now.target, s->firing.density);
    return true;
}

/* Relative to the target, which is a share of nonzero elements or of zeros. Only if the target was due in all steps. */
static bool missed(const subject *s, char *text, size_t n)
{
    const bool zeros = on_parameter(s);
    const double is = zeros ? 1 - s->firing.density : s->firing.density;
    const double target = zeros ? 1 - s->now.target : s->now.target;
    if (!steered(s) || !s->landed || s->now.bound != 0 || fabs(is / target - 1) <= 0.1) return false;
    if (s->firing.natural < s->now.target) return false; /* `above` says that it cannot be reached */
    tc_snprintf(text, n, "the target %s %.3g was missed, it is %.3g: more epochs may get there",
                zeros ? "zeros" : "density", target, is);
    return true;
}

/* At the end the density of the last steps counts, also if the target was not due before. */
static bool ended_above(const subject *s, char *text, size_t n)
{
    if (!steered(s) || on_parameter(s) || !s->over || !(s->last_density > 1.1 * s->now.target)) return false;
    if (s->now.bound != 0 || s->firing.natural < s->now.target) return false;
    const double steps = fmax(s->to_target, s->least_steps);
    char longer[80] = "it hardly falls any more, so more steps alone do not get there";
    if (steps < MOST_LONGER * s->steps)
        snprintf(longer, sizeof longer, "as it falls, that takes about %.0f steps, not %.0f", steps, s->steps);
    tc_snprintf(text, n, "the run ends with a density of %.3g and a target of %.3g: %s", s->last_density, s->now.target,
                longer);
    return true;
}

static bool too_short(const subject *s, char *text, size_t n)
{
    if (!steered(s) || on_parameter(s) || !(s->steps > 0) || !(s->steps < s->least_steps)) return false;
    tc_snprintf(text, n,
                "the run is too short for the target density %.3g, which takes about %.0f steps and not %.0f: the target "
                "may be missed, or cost more than it has to. Give it more epochs, or ask for less",
                s->now.target, s->least_steps, s->steps);
    return true;
}

static bool rising(const subject *s, char *text, size_t n)
{
    if (s->rise.times < RISES) return false;
    tc_snprintf(text, n,
                "the data loss rose %.0f times in a row, from %.3g to %.3g, while lambda rose from %.3g to %.3g: %s",
                s->rise.times, s->rise.loss_from, s->rise.loss, s->rise.lambda_from, s->now.lambda,
                steered(s) ? "ask for less, or give it more epochs"
                           : "lower lambda, or let it rise over more epochs (warmup=)");
    return true;
}

static bool never_zero(const subject *s, char *text, size_t n)
{
    if (!(s->term->op->flags & TC_SPARSIFIES) || s->firing.rows == 0 || s->firing.density < 1) return false;
    tc_snprintf(
        text, n,
        "%s is never exactly 0, so this makes it smaller and silences nothing: put it on the output of a relu or of "
        "another layer that makes zeros",
        s->value);
    return true;
}

static bool dead(const subject *s, char *text, size_t n)
{
    const tacet_firing *f = &s->firing;
    char positions[64] = "";
    if (f->rows == 0 || 2 * f->dead <= f->units) return false;
    if (s->positions > 1) snprintf(positions, sizeof positions, " of %lld positions", (long long)s->positions);
    tc_snprintf(
        text, n,
        "%lld of %lld unit%s never fired in %lld sample%s%s, and units that are dead for all of them get no gradient: %s",
        (long long)f->dead, (long long)f->units, tc_plural(f->units), (long long)(f->rows / s->positions),
        tc_plural(f->rows / s->positions), positions,
        s->penalised
            ? "lower the penalty, let it rise over more epochs (warmup=), or make the layer smaller"
            : "lower the learning rate, normalise the data (normalize=feature, for images normalize=channel), or make the layer smaller");
    return true;
}

static const struct warning {
    const char *kind;
    bool of_term;
    bool (*holds)(const subject *s, char *text, size_t n);
} table[] = {
    {"empty", true, empty},         {"no effect", true, no_effect},   {"dominating", true, dominating},
    {"saturated", true, saturated}, {"above", true, above},           {"below", true, below},
    {"missed", true, missed},       {"never zero", true, never_zero}, {"too short", true, too_short},
    {"rising", true, rising},       {"dead", false, dead},            {"ended above", true, ended_above},
};

static bool look(const subject *s, int *left, tacet_warning *w)
{
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        if (table[k].of_term != (s->term != NULL) || !table[k].holds(s, w->text, sizeof w->text)) continue;
        if ((*left)-- > 0) continue;
        w->on = s->term ? s->term->name : s->value;
        w->kind = table[k].kind;
        return true;
    }
    return false;
}

static bool has_penalty(const tacet_plan *p, int value)
{
    for (int t = 0; t < p->terms; t++) {
        const tc_term *term = &p->graph->term[t];
        for (int k = 0; tc_plan_is_penalty(p, t) && !tc_term_implied(term) && k < tc_term_values(term); k++)
            if (tc_term_on(term, k) == value) return true;
    }
    return false;
}

/* Whether a penalty is on a value, on what it is made of, or on the weights of either. */
static bool penalised(const tacet_plan *p, int value)
{
    const tc_value *v = &p->graph->value[value];
    bool found = has_penalty(p, value);
    for (int i = 0; i < v->slots && !found; i++) {
        if (v->input[i] < 0) continue;
        const tc_value *from = &p->graph->value[v->input[i]];
        found = has_penalty(p, v->input[i]);
        for (int k = from->inputs; k < from->slots && !found; k++)
            found = from->input[k] >= 0 && has_penalty(p, from->input[k]);
    }
    return found;
}

static void steering(const tacet_plan *p, int term, subject *s)
{
    s->steps = tc_control_steps(p);
    s->over = s->steps > 0 && (double)p->table.step >= s->steps;
    s->least_steps = tc_control_least_steps(p, term);
    s->to_target = tc_control_steps_to_target(p, term);
    s->last_density = tc_control_density(p, term);
}

tacet_status tacet_warning_at(const tacet_plan *p, int i, tacet_warning *warning)
{
    tacet_warning own = {0};
    if (p->table.total.steps == 0) return TACET_FAILED; /* without a step, "never" and "all" mean nothing */
    for (int t = 0; t < p->terms && i >= 0; t++) {
        if (!tc_plan_is_penalty(p, t) || tc_term_implied(&p->graph->term[t])) continue;
        subject s = {.term = &p->graph->term[t], .sums = &p->table.account[t]};
        const double landed = p->table.control[t].landed;
        s.value = tc_plan_name(p, tc_term_on(s.term, 0));
        s.landed = landed > 0 && landed <= (double)(p->table.step - p->table.total.steps);
        s.now = tc_ledger_account(p, t, &s.firing);
        s.rise = tc_ledger_rise(p, t);
        if (tc_control_steers(p, t)) steering(p, t, &s);
        if (look(&s, &i, &own)) return tc_sized_give(warning, &own, sizeof own);
    }
    for (int v = 0; v < p->values && i >= 0; v++) {
        const tc_op *op = p->graph->value[v].op;
        subject s = {.value = tc_plan_name(p, v), .positions = tc_shape_positions(&p->graph->value[v].shape)};
        if (!op || !(op->flags & TC_MAKES_ZEROS) || !tc_tally_read(p, TC_TRAIN, v, &s.firing)) continue;
        s.penalised = penalised(p, v);
        if (look(&s, &i, &own)) return tc_sized_give(warning, &own, sizeof own);
    }
    return TACET_FAILED;
}
