/* train.c: one training step from end to end. */
#include "steer/steer.h"

#include "base/flush.h"

void tc_steer_table(tacet_plan *p)
{
    p->table.rate = tc_schedule_factor(p->schedule_arg, (double)p->table.step / (double)p->steps_per_epoch, p->epochs);
}

tacet_status tacet_step(tacet_plan *p, int64_t rows)
{
    if (!p->optim)
        return tc_fail(&p->error, TACET_FAILED, "this plan was compiled for inference: give it an optimizer to train");
    const uint64_t mode = tc_flush_denormals();
    tc_steer_table(p);
    tacet_status status = tc_plan_run(p, TC_TRAIN, rows);
    if (status == TACET_OK) status = tc_plan_guard(p);
    if (status == TACET_OK) tc_plan_apply(p);
    tc_plan_unfeed(p);
    tc_float_mode_set(mode);
    return status;
}

tacet_status tacet_forward(tacet_plan *p, int64_t rows)
{
    const uint64_t mode = tc_flush_denormals();
    tacet_status status = tc_plan_run(p, TC_EVAL, rows);
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
