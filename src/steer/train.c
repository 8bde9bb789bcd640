/* train.c: one training step from end to end. */
#include "steer/steer.h"

#include "base/flush.h"

#include <math.h>

void tc_steer_table(tacet_plan *p)
{
    const double epoch = (double)p->table.step / (double)p->steps_per_epoch;
    p->table.rate = tc_schedule_factor(p->schedule_arg, epoch, p->epochs);
    for (int i = 0; i < p->terms; i++) {
        const tc_term *t = &p->graph->term[i];
        if (t->scheduled)
            p->table.lambda[i] = t->lambda * tc_schedule_factor(&t->common[TC_TERM_SCHEDULE], epoch, p->epochs);
        else if (p->table.control[i].least > 0)
            p->table.lambda[i] = p->table.control[i].next;
    }
}

/* The first step of a ledger is one: however short it is, it has a sample. */
static bool is_sample(const tacet_plan *p)
{
    if (!tc_plan_samples(p)) return false;
    if (tc_control_needs_sample(p)) return true;
    return p->ledger && (p->table.step % p->ledger == 0 || p->table.total.steps == 0);
}

static tacet_status step(tacet_plan *p, int64_t rows)
{
    tc_steer_table(p);
    p->sampled = is_sample(p);
    tacet_status status = tc_plan_run_forward(p, TC_TRAIN, rows);
    if (status != TACET_OK) return status;
    if (p->sampled) tc_plan_sample(p);
    tc_plan_run_backward(p);
    status = tc_plan_guard(p);
    if (status != TACET_OK) return status;
    tc_plan_apply(p);
    tc_ledger_note(p);
    tc_control_move(p);
    return TACET_OK;
}

tacet_status tacet_step(tacet_plan *p, int64_t rows)
{
    if (!p->optim)
        return tc_fail(&p->error, TACET_FAILED, "this plan was compiled for inference: give it an optimizer to train");
    const uint64_t mode = tc_flush_denormals();
    const tacet_status status = step(p, rows);
    tc_plan_unfeed(p);
    tc_float_mode_set(mode);
    return status;
}

tacet_status tacet_forward(tacet_plan *p, int64_t rows)
{
    const uint64_t mode = tc_flush_denormals();
    const tacet_status status = tc_plan_run_forward(p, TC_EVAL, rows);
    if (status == TACET_OK) tc_count_note(p, TC_EVAL);
    tc_plan_unfeed(p);
    tc_float_mode_set(mode);
    return status;
}

double tacet_learning_rate(const tacet_plan *p)
{
    if (!p->optim) return 0;
    const double rate = p->table.step ? p->table.rate : tc_schedule_factor(p->schedule_arg, 0, p->epochs);
    return p->optim_arg[TC_OPTIM_LR].number * rate;
}
