/* schedule.c: the table of schedules. A schedule's clock starts when the warm-up ends: the warm-up raises the factor
 * linearly from 0 to 1, the schedule continues from there, and linear and cosine last for the epochs that then remain
 * until their end. */
#include "spec/schedule.h"

#include <math.h>

static double constant(const tc_arg *arg, double epoch, double epochs)
{
    (void)arg, (void)epoch, (void)epochs;
    return 1;
}

static double step(const tc_arg *arg, double epoch, double epochs)
{
    (void)epochs;
    return pow(arg[TC_SCHEDULE_DROP].number, floor(epoch / arg[TC_SCHEDULE_EVERY].number));
}

/* After its end a schedule stays at the floor. */
static double part_of(double epoch, double epochs) { return epoch < epochs ? epoch / epochs : 1; }

static double linear(const tc_arg *arg, double epoch, double epochs)
{
    return 1 - (1 - arg[TC_SCHEDULE_FLOOR].number) * part_of(epoch, epochs);
}

static double cosine(const tc_arg *arg, double epoch, double epochs)
{
    const double pi = 3.14159265358979323846, low = arg[TC_SCHEDULE_FLOOR].number;
    return low + (1 - low) * (1 + cos(pi * part_of(epoch, epochs))) / 2;
}

/* In the order of the words of the attribute `schedule`. */
static const tc_schedule table[] = {
    {"constant", "1", "Does not change.", "torch.optim.lr_scheduler.ConstantLR, factor 1", false, constant},
    {"linear", "1 - (1 - floor) epoch / epochs", "A straight line down to the floor at the end.",
     "torch.optim.lr_scheduler.LinearLR", true, linear},
    {"cosine", "floor + (1 - floor) (1 + cos(pi epoch / epochs)) / 2", "Half a cosine down to the floor at the end.",
     "Loshchilov, Hutter: SGDR, ICLR 2017; torch.optim.lr_scheduler.CosineAnnealingLR", true, cosine},
    {"step", "drop^floor(epoch / every)",
     "Multiplies by a factor, gamma of a rate and drop of a lambda, every few epochs.",
     "torch.optim.lr_scheduler.StepLR", false, step},
};

const tc_attribute tc_schedule_attribute[] = {TC_SCHEDULE_ROWS("rate", "gamma"), {0}};

int tc_schedule_count(void) { return (int)(sizeof table / sizeof table[0]); }

const tc_schedule *tc_schedule_at(int i) { return i >= 0 && i < tc_schedule_count() ? &table[i] : NULL; }

static const tc_schedule *schedule_of(const tc_arg *arg) { return &table[(int)arg[TC_SCHEDULE_KIND].number]; }

const char *tc_schedule_check(const tc_arg *arg)
{
    const double low = arg[TC_SCHEDULE_FLOOR].number, from = arg[TC_SCHEDULE_FROM].number;
    if (arg[TC_SCHEDULE_WARMUP].number < 0) return "warmup must be at least 0 epochs";
    if (schedule_of(arg)->factor == step && arg[TC_SCHEDULE_EVERY].number <= 0)
        return "schedule=step needs every=EPOCHS, above 0";
    if (arg[TC_SCHEDULE_DROP].number < 0) return "the factor of a drop must be at least 0";
    if (low < 0 || low > 1) return "floor must be from 0 to 1";
    if (from < 0) return "from must be at least 0 epochs";
    if (arg[TC_SCHEDULE_UNTIL].given && !(arg[TC_SCHEDULE_UNTIL].number > from)) return "until must be later than from";
    return NULL;
}

const char *tc_schedule_end(const tc_arg *arg, double epochs)
{
    if (!schedule_of(arg)->needs_end || epochs > 0 || arg[TC_SCHEDULE_UNTIL].given) return NULL;
    return "this schedule needs to know how long the run is: set epochs";
}

double tc_schedule_factor(const tc_arg *arg, double epoch, double epochs)
{
    const double from = arg[TC_SCHEDULE_FROM].number, warmup = arg[TC_SCHEDULE_WARMUP].number;
    const bool ends = arg[TC_SCHEDULE_UNTIL].given;
    const double end = ends ? arg[TC_SCHEDULE_UNTIL].number : epochs;
    if (epoch < from) return 0;
    if (ends && epoch >= end) return arg[TC_SCHEDULE_FLOOR].number;
    if (epoch - from < warmup) return (epoch - from) / warmup;
    return schedule_of(arg)->factor(arg, epoch - from - warmup, end - from - warmup);
}
