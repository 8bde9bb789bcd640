/* train.c: one training step from end to end; lambdas and rates that the caller sets between steps. */
#include "steer/steer.h"

#include "base/flush.h"

#include <math.h>

/* The factor of a schedule in the step after `steps` steps. */
static double factor(const tacet_plan *p, const tc_arg *schedule, int64_t steps)
{
    const double each = 1 / (double)p->set.steps_per_epoch;
    return tc_schedule_factor(schedule, (double)steps / (double)p->set.steps_per_epoch, p->set.epochs, each);
}

/* Sets lambda for the next step: the lambda that was set or described, times the current factor of its schedule, if it
 * has one (a plan for inference has no run); or the controller's. */
static void set_lambda(tacet_plan *p, int i)
{
    const tc_term *t = &p->graph->term[i];
    const double given = p->table.given[i];
    if (t->scheduled && p->update.optim)
        p->table.lambda[i] = (isnan(given) ? t->lambda : given) *
                             factor(p, &t->common[TC_TERM_SCHEDULE], p->table.step);
    else if (!isnan(given))
        p->table.lambda[i] = given;
    else if (p->table.control[i].least > 0)
        p->table.lambda[i] = p->table.control[i].next;
}

static void set_table(tacet_plan *p)
{
    p->table.rate = factor(p, p->update.common, p->table.step) * p->table.plateau.factor;
    for (int i = 0; i < p->terms; i++) set_lambda(p, i);
}

static const char *term_at(const void *plan, int i)
{
    const tacet_plan *p = plan;
    return i < p->terms ? p->graph->term[i].name : NULL;
}

tacet_status tacet_set_lambda(tacet_plan *p, const char *term, double lambda)
{
    const int i = tc_run_term(p, term);
    if (i < 0) {
        tc_fail(&p->error, TACET_FAILED, "the term \"%.100s\" does not exist", term);
        tc_fail_choices(&p->error, "there are", term, term_at, p);
        return TACET_FAILED;
    }
    if (p->graph->term[i].op->role == &tc_constraint)
        return tc_fail(&p->error, TACET_FAILED, "%s is a constraint, which has no lambda", term);
    if (!(lambda >= 0) || isinf(lambda))
        return tc_fail(&p->error, TACET_FAILED, "lambda of %s must be a number of at least 0, got %g", term, lambda);
    p->table.given[i] = lambda;
    set_lambda(p, i);
    return TACET_OK;
}

tacet_status tacet_set_rate(tacet_plan *p, double rate)
{
    if (!p->update.optim)
        return tc_fail(&p->error, TACET_FAILED, "this plan was compiled for inference: it has no learning rate");
    if (!(rate >= 0) || isinf(rate))
        return tc_fail(&p->error, TACET_FAILED, "the learning rate must be a number of at least 0, got %g", rate);
    p->table.given_rate = rate;
    return TACET_OK;
}

tacet_status tacet_schedule_step(tacet_plan *p, double loss)
{
    if (!p->update.optim)
        return tc_fail(&p->error, TACET_FAILED, "this plan was compiled for inference: it has no learning rate");
    tc_plateau_note(&p->table.plateau, p->update.common, loss);
    return TACET_OK;
}

/* The first step after a reset is sampled, so that even a short ledger has a sample. */
static bool is_sample(const tacet_plan *p)
{
    if (!tc_plan_samples(p)) return false;
    if (tc_control_needs_sample(p)) return true;
    return p->set.ledger && (p->table.step % p->set.ledger == 0 || p->table.total.steps == 0);
}

/* Forward and backward on a batch, and what each batch adds once it has been accepted. */
static tacet_status pass(tacet_plan *p, int64_t rows)
{
    tacet_status status = tc_run_forward(p, TC_TRAIN, rows);
    if (status != TACET_OK) return status;
    if (p->sample.due) tc_run_sample(p, tc_control_needs_sample(p) ? tc_control_look : NULL, p);
    tc_run_backward(p);
    status = tc_parts_go_on(p) ? tc_run_guard_part(p) : tc_run_guard(p);
    if (status != TACET_OK) return status;
    tc_run_commit(p);
    tc_choose_note(p);
    tc_tally_note(p, TC_TRAIN);
    if (p->set.watch) tc_metrics_note(p, TC_TRAIN);
    return TACET_OK;
}

static tacet_status step(tacet_plan *p, int64_t rows)
{
    if (!p->parts.open) {
        set_table(p);
        p->sample.due = is_sample(p);
    }
    const tacet_status status = pass(p, rows);
    if (status != TACET_OK) return status;
    if (tc_parts_go_on(p)) {
        tc_parts_add_gradient(p);
    } else {
        tc_run_apply(p);
        tc_ledger_note(p);
        tc_control_move(p);
        tc_revive(p);
    }
    tc_parts_done(p);
    return tc_run_refused(p, "the step was made without that proximal step");
}

static tacet_status run(tacet_plan *p, tacet_status (*make)(tacet_plan *p, int64_t rows), int64_t rows)
{
    if (!p->update.optim)
        return tc_fail(&p->error, TACET_FAILED, "this plan was compiled for inference: give it an optimizer to train");
    const uint64_t mode = tc_flush_denormals();
    const tacet_status status = make(p, rows);
    if (status != TACET_OK && make == step) tc_parts_undo(p);
    if (make == step) tc_run_forget_given(p);
    tc_run_unfeed(p);
    tc_float_mode_set(mode);
    return status;
}

tacet_status tacet_step(tacet_plan *p, int64_t rows)
{
    p->parts.several = p->parts.open;
    p->parts.last = true;
    p->parts.asked = p->parts.rows;
    return run(p, step, rows);
}

/* Whether the plan was compiled for steps of several batches. */
static tacet_status check_accumulates(tacet_plan *p)
{
    if (p->set.accumulate > 1) return TACET_OK;
    return tc_fail(&p->error, TACET_FAILED,
                   "this plan makes a step of each batch: for steps of several, set tacet_config.accumulate");
}

tacet_status tacet_accumulate(tacet_plan *p, int64_t rows, int64_t of)
{
    if (check_accumulates(p) != TACET_OK) return p->error.status;
    p->parts.several = true;
    p->parts.last = false;
    p->parts.asked = of;
    return run(p, step, rows);
}

bool tacet_weighs(const tacet_plan *p) { return p->set.accumulate > 1 && tc_parts_weighs(p); }

tacet_status tacet_weigh(tacet_plan *p, int64_t rows)
{
    return check_accumulates(p) == TACET_OK ? run(p, tc_parts_weigh, rows) : p->error.status;
}

int64_t tacet_least_rows(const tacet_plan *p) { return p->set.least > 1 ? p->set.least : 1; }

tacet_status tacet_forward(tacet_plan *p, int64_t rows)
{
    const uint64_t mode = tc_flush_denormals();
    const tacet_status status = tc_run_forward(p, TC_EVAL, rows);
    if (status == TACET_OK) tc_tally_note(p, TC_EVAL);
    tc_run_unfeed(p);
    tc_float_mode_set(mode);
    return status;
}

bool tacet_depends_on_length(const tacet_plan *p, int term)
{
    if (!p->update.optim || term < -1 || term >= p->terms) return false;
    if (term < 0) return tc_schedule_end(p->update.common, 0) != NULL;
    const tc_arg *schedule = &p->graph->term[term].common[TC_TERM_SCHEDULE];
    if (tc_control_steers(p, term)) return !schedule[TC_SCHEDULE_WARMUP].given && !(p->table.control[term].landed > 0);
    return p->graph->term[term].scheduled && tc_schedule_end(schedule, 0) != NULL;
}

double tacet_learning_rate(const tacet_plan *p)
{
    if (!p->update.optim) return 0;
    const double rate = p->table.step ? p->table.rate : factor(p, p->update.common, 0);
    return rate * (isnan(p->table.given_rate) ? p->update.arg[TC_OPTIM_LR].number : p->table.given_rate);
}
