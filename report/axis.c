/* axis.c: ticks at 1, 2, 5 times a power of ten (after Heckbert, Nice numbers for graph labels, Graphics Gems, 1990);
 * on a logarithmic axis at both ends, at powers of ten and, if there are few of them, at 2 and 5 between them. */
#include "report/axis.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool cli_axis_takes(double value) { return isfinite(value) && fabs(value) < 1e300; }

bool cli_axis_logs(double least) { return least > 1e-290; }

double cli_axis_at(const cli_axis *axis, double value)
{
    const double least = axis->log ? log10(axis->least) : axis->least;
    const double most = axis->log ? log10(axis->most) : axis->most;
    return axis->from + (axis->to - axis->from) * ((axis->log ? log10(value) : value) - least) / (most - least);
}

/* ---- Labels ------------------------------------------------------------------------------------------------------ */

/* "1e-05" as "1e-5". */
static const char *short_exponent(cli_arena *a, double value, int digits)
{
    char *text = cli_format(a, "%.*g", digits, value), *e = strchr(text, 'e');
    if (!e) return text;
    char *to = e + 1, *from = e + 1;
    if (*from == '-') to++;
    from++;
    while (*from == '0' && from[1]) from++;
    memmove(to, from, strlen(from) + 1);
    return text;
}

/* As many decimals as the step needs; thousands as k, millions as M. `large` is the largest number on the axis. */
static const char *linear_label(cli_arena *a, double value, double step, double large)
{
    static const struct {
        double from, size;
        const char *unit;
    } scale[] = {{1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e4, 1e3, "k"}, {0, 1, ""}};
    if (large >= 1e13 || large < 1e-3) return short_exponent(a, value, 3);
    int s = 0;
    while (large < scale[s].from) s++;
    const int decimals = (int)fmax(0, ceil(-log10(step / scale[s].size) - 1e-9));
    return value == 0 ? "0" : cli_format(a, "%.*f%s", decimals, value / scale[s].size, scale[s].unit);
}

static void tick(cli_axis *axis, double value, const char *label)
{
    if (axis->ticks == CLI_TICKS) return;
    axis->tick[axis->ticks] = value;
    axis->label[axis->ticks++] = label;
}

/* ---- Linear ------------------------------------------------------------------------------------------------------ */

/* The smallest of 1, 2, 5, 10 times a power of ten that is at least x. */
static double nice(double x)
{
    const double power = pow(10, floor(log10(x)));
    static const double step[] = {1, 2, 5};
    for (int i = 0; i < 3; i++)
        if (step[i] * power >= x * (1 - 1e-9)) return step[i] * power;
    return 10 * power;
}

/* Dividing by smaller numbers may overflow. */
#define TINY 1e-290

/* Makes room if all numbers are the same, or nearly so. */
static void widen(const cli_extent *e, double *least, double *most)
{
    const double large = fmax(fabs(*least), fabs(*most));
    if (*most - *least > fmax(1e-9 * large, TINY)) return;
    const double room = e->whole && large < 1e6 ? 0.5 : large > TINY ? 0.1 * large : 1;
    if (!(e->zero && *least == 0) && !(large == 0 && !e->whole)) *least -= room;
    *most += room;
}

static void linear(cli_arena *a, const cli_extent *e, cli_axis *axis)
{
    double least = e->least, most = e->most;
    if (e->zero) least = fmin(least, 0), most = fmax(most, 0);
    widen(e, &least, &most);
    double step = nice((most - least) / e->ticks);
    if (e->whole) step = fmax(step, 1);
    double first = ceil(least / step - 1e-9), last = floor(most / step + 1e-9);
    if (!e->tight) {
        first = floor(least / step + 1e-9);
        last = ceil(most / step - 1e-9);
        least = first * step;
        most = last * step;
    }
    axis->least = least;
    axis->most = most;
    if (e->tight && !(e->most > e->least) && e->least >= least) { /* the tick of a single number need not be round */
        tick(axis, e->least, cli_format(a, "%.4g", e->least));
        return;
    }
    for (int i = 0; i < CLI_TICKS && first + i <= last; i++)
        tick(axis, (first + i) * step, linear_label(a, (first + i) * step, step, fmax(fabs(first), fabs(last)) * step));
}

/* ---- Logarithmic ------------------------------------------------------------------------------------------------- */

static const char *log_label(cli_arena *a, double value)
{
    return value >= 0.0009 && value < 99999 ? cli_format(a, "%g", value) : short_exponent(a, value, 1);
}

/* The factors of a power of ten at which a logarithmic axis may end; finer ones the fewer decades it has. */
static const struct {
    double decades; /* at least so many */
    int count;
    double factor[9];
} marks[] = {{5, 1, {1}}, {1, 3, {1, 2, 5}}, {0, 9, {1, 2, 3, 4, 5, 6, 7, 8, 9}}};

/* The largest mark that is at most x or, upwards, the smallest that is at least x. */
static double mark_at(double x, int count, const double *factor, bool upwards)
{
    const double power = pow(10, floor(log10(x) + 1e-12));
    double below = power;
    for (int i = 0; i <= count; i++) {
        const double mark = i < count ? factor[i] * power : 10 * power;
        if (mark <= x * (1 + 1e-9)) below = mark;
        if (upwards && mark >= x * (1 - 1e-9)) return mark;
    }
    return below;
}

/* Whether a tick at that value would be clear of all others. */
static bool clear(const cli_axis *axis, double value, double gap)
{
    for (int i = 0; i < axis->ticks; i++)
        if (fabs(log10(value) - log10(axis->tick[i])) < gap) return false;
    return true;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Both ends have ticks, and between them as many powers of ten, and then other marks, as are clear of each other. */
static void logarithmic(cli_arena *a, const cli_extent *e, cli_axis *axis)
{
    const double decades = log10(e->most) - log10(e->least);
    int m = 0;
    while (decades < marks[m].decades) m++;
    axis->log = true;
    axis->least = fmax(mark_at(e->least, marks[m].count, marks[m].factor, false), DBL_MIN);
    axis->most = fmin(mark_at(e->most, marks[m].count, marks[m].factor, true), DBL_MAX);
    const double gap = 0.999 * (log10(axis->most) - log10(axis->least)) / e->ticks;
    tick(axis, axis->least, "");
    tick(axis, axis->most, "");
    for (int i = 0; i < marks[m].count && (i == 0 || axis->ticks < 4); i++)
        for (int d = (int)floor(log10(axis->least)); d <= log10(axis->most); d++) {
            const double value = marks[m].factor[i] * pow(10, d);
            if (value > axis->least && value < axis->most && clear(axis, value, gap)) tick(axis, value, "");
        }
    qsort(axis->tick, (size_t)axis->ticks, sizeof *axis->tick, ascending);
    for (int i = 0; i < axis->ticks; i++) axis->label[i] = log_label(a, axis->tick[i]);
}

void cli_axis_make(cli_arena *a, const cli_extent *e, cli_axis *axis)
{
    *axis = (cli_axis){0};
    if (e->log && e->most >= 2 * e->least)
        logarithmic(a, e, axis);
    else
        linear(a, e, axis);
}
