/* train.c: one training step from end to end. */
#include "steer/steer.h"

#include "base/flush.h"

#include <math.h>

/* Sets the table for the step to come: the factors of schedules at this place in the run. */
static void set_table(tacet_plan *p)
{
    const double epoch = (double)p->table.step / (double)p->set.steps_per_epoch;
    p->table.rate = tc_schedule_factor(p->update.schedule, epoch, p->set.epochs);
    for (int i = 0; i < p->terms; i++) {
        const tc_term *t = &p->graph->term[i];
        if (t->scheduled)
            p->table.lambda[i] = t->lambda * tc_schedule_factor(&t->common[TC_TERM_SCHEDULE], epoch, p->set.epochs);
        else if (p->table.control[i].least > 0)
            p->table.lambda[i] = p->table.control[i].next;
    }
}

/* The first step of a ledger is one: however short it is, it has a sample. */
static bool is_sample(const tacet_plan *p)
{
    if (!tc_plan_samples(p)) return false;
    if (tc_control_needs_sample(p)) return true;
    return p->set.ledger && (p->table.step % p->set.ledger == 0 || p->table.total.steps == 0);
}

static tacet_status step(tacet_plan *p, int64_t rows)
{
    set_table(p);
    p->sample.due = is_sample(p);
    tacet_status status = tc_run_forward(p, TC_TRAIN, rows);
    if (status != TACET_OK) return status;
    if (p->sample.due) tc_run_sample(p, NULL, NULL);
    tc_run_backward(p);
    status = tc_run_guard(p);
    if (status != TACET_OK) return status;
    tc_run_apply(p);
    tc_choose_note(p);
    tc_ledger_note(p);
    tc_control_move(p);
    return TACET_OK;
}

tacet_status tacet_step(tacet_plan *p, int64_t rows)
{
    if (!p->update.optim)
        return tc_fail(&p->error, TACET_FAILED, "this plan was compiled for inference: give it an optimizer to train");
    const uint64_t mode = tc_flush_denormals();
    const tacet_status status = step(p, rows);
    tc_run_unfeed(p);
    tc_float_mode_set(mode);
    return status;
}

tacet_status tacet_forward(tacet_plan *p, int64_t rows)
{
    const uint64_t mode = tc_flush_denormals();
    const tacet_status status = tc_run_forward(p, TC_EVAL, rows);
    if (status == TACET_OK) tc_tally_note(p, TC_EVAL);
    tc_run_unfeed(p);
    tc_float_mode_set(mode);
    return status;
}

double tacet_learning_rate(const tacet_plan *p)
{
    if (!p->update.optim) return 0;
    const double rate = p->table.step ? p->table.rate : tc_schedule_factor(p->update.schedule, 0, p->set.epochs);
    return p->update.arg[TC_OPTIM_LR].number * rate;
}
