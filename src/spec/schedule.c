/* schedule.c: the table of schedules. A schedule's clock starts when the warm-up ends: the warm-up raises the factor
 * linearly from 0 to 1, the schedule continues from there, and linear and cosine last for the epochs that then remain
 * until their end. */
#include "spec/schedule.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The epochs from `start` to `epoch`; 0 if they differ by rounding alone, since most decimals are not exact in a double.
 * So a step at which a warm-up ends, or a drop is due, is never a step late. */
static double since(double start, double epoch)
{
    const double gone = epoch - start;
    return fabs(gone) <= 8 * DBL_EPSILON * fmax(fabs(epoch), fabs(start)) ? 0 : gone;
}

static double constant(const tc_arg *arg, double epoch, double epochs, double each)
{
    (void)arg, (void)epoch, (void)epochs, (void)each;
    return 1;
}

/* Reads the next of numbers with spaces or commas between them. False at the end, or, with *at before it, at something
 * that is not a number. */
static bool next_number(const char **at, double *x)
{
    char *end;
    *at += strspn(*at, " ,");
    *x = tc_number_at(*at, &end);
    const bool good = end > *at && (!*end || strchr(" ,", *end)) && isfinite(*x);
    if (good) *at = end;
    return good;
}

static const char *milestones_of(const tc_arg *arg)
{
    const tc_arg *a = &arg[TC_SCHEDULE_MILESTONES];
    return a->given && a->text ? a->text : "";
}

static double step(const tc_arg *arg, double epoch, double epochs, double each)
{
    (void)epochs, (void)each;
    const double drop = arg[TC_SCHEDULE_DROP].number,
                 start = arg[TC_SCHEDULE_FROM].number + arg[TC_SCHEDULE_WARMUP].number;
    const char *at = milestones_of(arg);
    double due, drops = 0;
    if (*at) {
        while (next_number(&at, &due)) drops += since(start + due, start + epoch) >= 0;
        return pow(drop, drops);
    }
    const double every = arg[TC_SCHEDULE_EVERY].number, next = floor(epoch / every) + 1;
    /* 0.6 / 0.2 is below 3 in doubles, but the third drop is due. */
    return pow(drop, since(start + next * every, start + epoch) < 0 ? next - 1 : next);
}

/* After its end a schedule stays at the floor. */
static double part_of(double epoch, double epochs) { return epoch < epochs ? epoch / epochs : 1; }

static double linear(const tc_arg *arg, double epoch, double epochs, double each)
{
    (void)each;
    return 1 - (1 - arg[TC_SCHEDULE_FLOOR].number) * part_of(epoch, epochs);
}

/* Half a cosine, from 1 at part 0 to 0 at part 1. */
static double half_wave(double part) { return (1 + cos(3.14159265358979323846 * part)) / 2; }

static double cosine(const tc_arg *arg, double epoch, double epochs, double each)
{
    (void)each;
    const double low = arg[TC_SCHEDULE_FLOOR].number;
    return low + (1 - low) * half_wave(part_of(epoch, epochs));
}

/* The rate is largest in the last step that begins before pct_start of the run, and smallest in the last one. */
static double one_cycle(const tc_arg *arg, double epoch, double epochs, double each)
{
    const double first = 1 / arg[TC_SCHEDULE_DIV_FACTOR].number,
                 last = first / arg[TC_SCHEDULE_FINAL_DIV_FACTOR].number;
    const double peak = arg[TC_SCHEDULE_PCT_START].number * epochs - each, length = epochs - each - peak;
    if (peak > 0 && epoch <= peak) return 1 + (first - 1) * half_wave(epoch / peak);
    return last + (1 - last) * half_wave(length > 0 ? fmin((epoch - peak) / length, 1) : 1);
}

/* ---- What goes together ---- */

static const char *check_step(const tc_arg *arg)
{
    const tc_arg *every = &arg[TC_SCHEDULE_EVERY];
    const char *at = milestones_of(arg);
    double due, last = 0;
    if (!arg[TC_SCHEDULE_MILESTONES].given)
        return every->number > 0 ? NULL : "schedule=step needs every=EPOCHS, above 0";
    if (every->number != 0) return "milestones and every exclude each other";
    while (next_number(&at, &due)) {
        if (!(due > last)) return "milestones must be epochs above 0, each later than the one before";
        last = due;
    }
    return *at || last == 0 ? "milestones must be numbers of epochs, as in milestones=\"30 60 80\"" : NULL;
}

static const char *check_one_cycle(const tc_arg *arg)
{
    const double start = arg[TC_SCHEDULE_PCT_START].number;
    if (!(start >= 0 && start <= 1)) return "pct_start must be from 0 to 1";
    if (!(arg[TC_SCHEDULE_DIV_FACTOR].number >= 1)) return "div_factor must be at least 1";
    if (!(arg[TC_SCHEDULE_FINAL_DIV_FACTOR].number > 0)) return "final_div_factor must be above 0";
    return arg[TC_SCHEDULE_FLOOR].number != 0 ? "schedule=one_cycle has final_div_factor instead of floor" : NULL;
}

static const char *check_plateau(const tc_arg *arg)
{
    if (!(arg[TC_SCHEDULE_DROP].number < 1)) return "schedule=plateau needs a gamma below 1";
    if (arg[TC_SCHEDULE_PATIENCE].number < 0) return "patience must be at least 0 epochs";
    if (arg[TC_SCHEDULE_COOLDOWN].number < 0) return "cooldown must be at least 0 epochs";
    return arg[TC_SCHEDULE_THRESHOLD].number < 0 ? "threshold must be at least 0" : NULL;
}

/* In the order of the words of the attribute `schedule`; a lambda has those in TC_SCHEDULE_WORDS. */
static const tc_schedule table[] = {
    {"constant", "1", "Does not change.", "torch.optim.lr_scheduler.ConstantLR, factor 1", .factor = constant},
    {"linear", "1 - (1 - floor) epoch / epochs", "A straight line down to the floor at the end.",
     "torch.optim.lr_scheduler.LinearLR", .factor = linear, .needs_end = true},
    {"cosine", "floor + (1 - floor) (1 + cos(pi epoch / epochs)) / 2", "Half a cosine down to the floor at the end.",
     "Loshchilov, Hutter: SGDR, ICLR 2017; torch.optim.lr_scheduler.CosineAnnealingLR", .factor = cosine,
     .needs_end = true},
    {"step", "drop^floor(epoch / every), or drop^(milestones so far)",
     "Multiplies by a factor, gamma of a rate and drop of a lambda, every few epochs, or at the milestones of a rate.",
     "torch.optim.lr_scheduler.StepLR, MultiStepLR", .factor = step, .check = check_step, .own = TC_SCHEDULE_MILESTONES,
     .owns = 1, .alone = "milestones needs schedule=step"},
    {"warmup_cosine", "epoch / warmup, then as cosine",
     "A warm-up, in a tenth of the run unless warmup is given, then half a cosine down to the floor at the end.",
     "transformers.get_cosine_schedule_with_warmup; keras.optimizers.schedules.CosineDecay", .factor = cosine,
     .needs_end = true, .warmup = 0.1},
    {"one_cycle", "half a cosine from 1 / div_factor up to 1, then one down to 1 / div_factor / final_div_factor",
     "Rises to lr in the first part of the run, then falls to almost 0. The momentum stays as it is.",
     "Smith, Topin: Super-convergence, arXiv:1708.07120, 2017; torch.optim.lr_scheduler.OneCycleLR, "
     "cycle_momentum=False",
     .factor = one_cycle, .check = check_one_cycle, .needs_end = true, .own = TC_SCHEDULE_PCT_START, .owns = 3,
     .alone = "pct_start, div_factor and final_div_factor need schedule=one_cycle"},
    {"plateau", "gamma^drops, at least floor",
     "Multiplies the rate by gamma when the loss of the validation data, or of the training data without any, has not "
     "improved for more than `patience` epochs.",
     "torch.optim.lr_scheduler.ReduceLROnPlateau, mode min", .factor = constant, .check = check_plateau,
     .own = TC_SCHEDULE_PATIENCE, .owns = 4,
     .alone = "patience, threshold, threshold_mode and cooldown need schedule=plateau"},
};

const tc_attribute tc_schedule_attribute[] = {TC_SCHEDULE_RATE, {0}};

int tc_schedule_count(void) { return (int)(sizeof table / sizeof table[0]); }

const tc_schedule *tc_schedule_at(int i) { return i >= 0 && i < tc_schedule_count() ? &table[i] : NULL; }

static const tc_schedule *schedule_of(const tc_arg *arg) { return &table[(int)arg[TC_SCHEDULE_KIND].number]; }

/* An attribute that only another schedule has. */
static const char *check_own(const tc_arg *arg)
{
    for (const tc_schedule *s = table; s < table + tc_schedule_count(); s++)
        for (int k = s->own; s != schedule_of(arg) && k < s->own + s->owns; k++)
            if (arg[k].given) return s->alone;
    return NULL;
}

const char *tc_schedule_check(const tc_arg *arg)
{
    const tc_schedule *s = schedule_of(arg);
    const double low = arg[TC_SCHEDULE_FLOOR].number, from = arg[TC_SCHEDULE_FROM].number;
    const char *why = check_own(arg);
    if (!why && s->check) why = s->check(arg);
    if (why) return why;
    if (arg[TC_SCHEDULE_WARMUP].number < 0) return "warmup must be at least 0 epochs";
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

double tc_schedule_factor(const tc_arg *arg, double epoch, double epochs, double each)
{
    const tc_schedule *s = schedule_of(arg);
    const double from = arg[TC_SCHEDULE_FROM].number;
    const bool ends = arg[TC_SCHEDULE_UNTIL].given;
    const double end = ends ? arg[TC_SCHEDULE_UNTIL].number : epochs;
    const double warmup = arg[TC_SCHEDULE_WARMUP].given ? arg[TC_SCHEDULE_WARMUP].number : s->warmup * (end - from);
    if (since(from, epoch) < 0) return 0;
    if (ends && since(end, epoch) >= 0) return arg[TC_SCHEDULE_FLOOR].number;
    if (since(from + warmup, epoch) < 0) return since(from, epoch) / warmup;
    return s->factor(arg, since(from + warmup, epoch), end - from - warmup, each);
}

void tc_plateau_note(tc_plateau *p, const tc_arg *arg, double loss)
{
    if (schedule_of(arg)->check != check_plateau) return;
    const double threshold = arg[TC_SCHEDULE_THRESHOLD].number;
    const double below = arg[TC_SCHEDULE_THRESHOLD_MODE].number != 0 ? p->best - threshold : p->best * (1 - threshold);
    const bool improved = isnan(p->best) ? !isnan(loss) : loss < below;
    p->best = improved ? loss : p->best;
    p->bad = improved || p->cooldown > 0 ? 0 : p->bad + 1;
    p->cooldown -= p->cooldown > 0;
    if ((double)p->bad <= arg[TC_SCHEDULE_PATIENCE].number) return;
    p->factor = fmax(p->factor * arg[TC_SCHEDULE_DROP].number, fmin(p->factor, arg[TC_SCHEDULE_FLOOR].number));
    p->cooldown = (int64_t)arg[TC_SCHEDULE_COOLDOWN].number;
    p->bad = 0;
}
