/* schedule.c: the table of schedules. A schedule's clock starts when the warm-up ends: the warm-up takes the factor
 * from 0 to 1 in a straight line, the schedule goes on from there, and cosine's length is what then remains of the
 * run. */
#include "optim/schedule.h"

#include <math.h>

static double constant(const tc_arg *arg, double epoch, double epochs)
{
    (void)arg, (void)epoch, (void)epochs;
    return 1;
}

static double step(const tc_arg *arg, double epoch, double epochs)
{
    (void)epochs;
    return pow(arg[TC_SCHEDULE_GAMMA].number, floor(epoch / arg[TC_SCHEDULE_EVERY].number));
}

static double cosine(const tc_arg *arg, double epoch, double epochs)
{
    const double pi = 3.14159265358979323846, low = arg[TC_SCHEDULE_FLOOR].number;
    const double part = epoch < epochs ? epoch / epochs : 1; /* past its end it stays at the floor */
    return low + (1 - low) * (1 + cos(pi * part)) / 2;
}

/* In the order of the words of the attribute `schedule`. */
static const tc_schedule table[] = {
    {"constant", "1", "The rate stays as it is.", "torch.optim.lr_scheduler.ConstantLR, factor 1", false, constant},
    {"step", "gamma^floor(epoch / every)", "Multiplies the rate by gamma every few epochs.",
     "torch.optim.lr_scheduler.StepLR", false, step},
    {"cosine", "floor + (1 - floor) (1 + cos(pi epoch / epochs)) / 2",
     "Half a cosine down to the floor at the run's end.",
     "Loshchilov, Hutter: SGDR, ICLR 2017; torch.optim.lr_scheduler.CosineAnnealingLR", true, cosine},
};

const tacet_attribute tc_schedule_attribute[] = {
    {"schedule", "constant|step|cosine", "constant", "how the rate changes over the run", false},
    {"warmup", "float", "0", "epochs in which the rate rises linearly from 0, before the schedule starts", false},
    {"every", "float", "0", "step: epochs between the drops, above 0", false},
    {"gamma", "float", "0.1", "step: the factor of a drop", false},
    {"floor", "float", "0", "cosine: share of the rate that remains at the end, 0 to 1", false},
    {0}};

int tc_schedule_count(void) { return (int)(sizeof table / sizeof table[0]); }

const tc_schedule *tc_schedule_at(int i) { return i >= 0 && i < tc_schedule_count() ? &table[i] : NULL; }

const char *tc_schedule_check(const tc_arg *arg)
{
    const double low = arg[TC_SCHEDULE_FLOOR].number;
    if (arg[TC_SCHEDULE_WARMUP].number < 0) return "warmup must be at least 0 epochs";
    if (table[(int)arg[TC_SCHEDULE_KIND].number].factor == step && arg[TC_SCHEDULE_EVERY].number <= 0)
        return "schedule=step needs every=EPOCHS, above 0";
    if (arg[TC_SCHEDULE_GAMMA].number < 0) return "gamma must be at least 0";
    if (low < 0 || low > 1) return "floor must be from 0 to 1";
    return NULL;
}

double tc_schedule_factor(const tc_arg *arg, double epoch, double epochs)
{
    const double warmup = arg[TC_SCHEDULE_WARMUP].number;
    if (epoch < warmup) return epoch / warmup;
    return table[(int)arg[TC_SCHEDULE_KIND].number].factor(arg, epoch - warmup, epochs - warmup);
}
