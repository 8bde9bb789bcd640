/* average.c: an exponential moving average of each weight that trains, in the last part of the block.
 *
 *     the first step: a = p        then: a <- a + (1 - ema) (p - a)
 *
 * It needs no correction of a bias, because it begins with a weight and not with 0. The padding of the block is averaged
 * too, so that one loop does all; it stays 0. To use the averages they change places with the weights: pointers to the
 * weights are everywhere, and no list has to know. */
#include "run/run.h"

#include <string.h>

typedef struct job {
    float *a, *p;
    float take;
    tc_span span;
} job;

static float *averages(const tacet_plan *p) { return tc_plan_average(p, &(tc_place){.offset = 0}); }

static job job_of(const tacet_plan *p)
{
    return (job){averages(p), p->block.numbers, (float)(1 - p->set.ema), {p->block.part, TC_RANGE}};
}

TC_CLONES static void follow(float *restrict a, const float *restrict p, float take, int64_t n)
{
    for (int64_t i = 0; i < n; i++) a[i] += take * (p[i] - a[i]);
}

TC_CLONES static void exchange(float *restrict a, float *restrict p, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const float x = a[i];
        a[i] = p[i];
        p[i] = x;
    }
}

static void follow_part(void *context, int64_t part, int lane)
{
    (void)lane;
    const job *j = context;
    const int64_t from = part * j->span.grain;
    follow(j->a + from, j->p + from, j->take, tc_part_end(j->span, part) - from);
}

static void begin(tacet_plan *p) { memcpy(averages(p), p->block.numbers, sizeof(float) * (size_t)p->block.part); }

void tc_run_average(tacet_plan *p)
{
    job j = job_of(p);
    if (p->table.averaged++ == 0)
        begin(p);
    else
        tc_run_for(p, j.span, j.span.pieces > 4 * TC_RANGE, follow_part, &j);
}

tacet_status tacet_use_average(tacet_plan *p, bool average)
{
    if (p->set.ema == 0 || !p->update.optim)
        return tc_fail(&p->error, TACET_FAILED, "this plan keeps no averages of the weights: set tacet_config.ema");
    if (p->averaged == average) return TACET_OK;
    if (p->table.averaged == 0 && average) begin(p);
    p->averaged = average;
    exchange(averages(p), p->block.numbers, p->block.part);
    return TACET_OK;
}
