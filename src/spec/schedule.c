/* schedule.c: the table of schedules. A schedule's clock starts when the warm-up ends: the warm-up raises the factor
 * linearly from 0 to 1, the schedule continues from there, and linear and cosine last for the epochs that then remain
 * until their end. */
#include "spec/schedule.h"

#include <float.h>
#include <math.h>

/* The epochs from `start` to `epoch`; 0 if they differ by rounding alone, since most decimals are not exact in a double.
 * So a step at which a warm-up ends, or a drop is due, is never a step late. */
static double since(double start, double epoch)
{
    const double gone = epoch - start;
    return fabs(gone) <= 8 * DBL_EPSILON * fmax(fabs(epoch), fabs(start)) ? 0 : gone;
}

static double constant(const tc_arg *arg, double epoch, double epochs)
{
    (void)arg, (void)epoch, (void)epochs;
    return 1;
}

static double step(const tc_arg *arg, double epoch, double epochs)
{
    (void)epochs;
    const double every = arg[TC_SCHEDULE_EVERY].number, next = floor(epoch / every) + 1;
    const double start = arg[TC_SCHEDULE_FROM].number + arg[TC_SCHEDULE_WARMUP].number;
    /* 0.6 / 0.2 is below 3 in doubles, but the third drop is due. */
    return pow(arg[TC_SCHEDULE_DROP].number, since(start + next * every, start + epoch) < 0 ? next - 1 : next);
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
    if (since(from, epoch) < 0) return 0;
    if (ends && since(end, epoch) >= 0) return arg[TC_SCHEDULE_FLOOR].number;
    if (since(from + warmup, epoch) < 0) return since(from, epoch) / warmup;
    return schedule_of(arg)->factor(arg, since(from + warmup, epoch), end - from - warmup);
}
