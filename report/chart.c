/* chart.c: charts as SVG, scaled to the card. Labels have room for text of 16 units, the size on a phone. */
#include "report/chart.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 420,
    HEIGHT = 272,
    TOP = 33,
    BOTTOM = 48,
    RIGHT = 16,
    DIGIT = 9 /* the width of a digit in large text */
};
enum { BELOW = 22 /* from the x axis down to its labels, clear of the lowest label of the y axis */ };
enum {
    MANY = 800 /* a line with more points is thinned */,
    DOTS = 24 /* in a line of at most so many points, each has a dot */
};
enum { TOLD = 100 /* about how many points of a line have a tooltip */ };

typedef struct drawing {
    cli_page *p;
    const cli_chart *c;
    cli_axis x, y;
} drawing;

static int widest(const cli_axis *axis)
{
    int n = 1;
    for (int i = 0; i < axis->ticks; i++) n = (int)strlen(axis->label[i]) > n ? (int)strlen(axis->label[i]) : n;
    return n;
}

/* ---- Axes -------------------------------------------------------------------------------------------------------- */

bool cli_chart_extent(int count, const cli_series *series, cli_extent *x, cli_extent *y)
{
    x->least = y->least = HUGE_VAL;
    x->most = y->most = -HUGE_VAL;
    x->whole = true;
    for (int k = 0; k < count; k++)
        for (int i = 0; i < series[k].n; i++) {
            const cli_series *s = &series[k];
            if (!cli_chart_shows(s, i)) continue;
            const double at = cli_chart_x(s, i);
            x->least = fmin(x->least, at);
            x->most = fmax(x->most, at);
            y->least = fmin(y->least, s->y[i]);
            y->most = fmax(y->most, s->y[i]);
            if (!s->faint && at != floor(at)) x->whole = false;
        }
    return x->most >= x->least;
}

static int left_of(const drawing *d) { return 8 + DIGIT * widest(&d->y); }

static void place_axes(drawing *d)
{
    d->y.from = HEIGHT - BOTTOM;
    d->y.to = TOP;
    d->x.from = left_of(d);
    d->x.to = WIDTH - RIGHT;
}

/* Makes as many ticks as there is room for, with their labels. */
static void make_x(drawing *d, cli_extent *e, int room)
{
    for (e->ticks = 8;; e->ticks--) {
        cli_axis_make(d->p->arena, e, &d->x);
        const int most = d->x.log ? e->ticks : d->x.ticks; /* ticks of a logarithmic axis are not evenly spaced */
        if (e->ticks == 2 || most * (widest(&d->x) * DIGIT + 10) <= room) break;
    }
}

static bool make_axes(drawing *d)
{
    const cli_chart *c = d->c;
    cli_extent x = {.tight = true}, y = {.ticks = 6, .zero = c->y_zero};
    if (!cli_chart_extent(c->count, c->series, &x, &y)) return false;
    x.log = c->x_log && cli_axis_logs(x.least);
    y.log = c->y_log && cli_axis_logs(y.least);
    if (!x.whole && !x.log && x.most > x.least && c->series[0].label) { /* keeps marks off the frame */
        const double room = 0.06 * (x.most - x.least);
        if (x.least != 0) x.least = x.least > 0 ? fmax(0, x.least - room) : x.least - room;
        x.most += room;
    }
    cli_axis_make(d->p->arena, &y, &d->y);
    make_x(d, &x, WIDTH - RIGHT - left_of(d));
    place_axes(d);
    return true;
}

static void text(const drawing *d, double x, double y, const char *anchor, const char *class, const char *s)
{
    fprintf(d->p->to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s%s%s>", x, y, anchor, *class ? " class=\"" : "",
            class, *class ? "\"" : "");
    cli_page_escape(d->p, s);
    fputs("</text>\n", d->p->to);
}

static void draw_y(const drawing *d)
{
    const double left = d->x.from;
    for (int i = 0; i < d->y.ticks; i++) {
        const double at = cli_axis_at(&d->y, d->y.tick[i]);
        fprintf(d->p->to, "<path class=\"grid\" d=\"M%.1f %.1fH%d\"/>\n", left, at, WIDTH - RIGHT);
        text(d, left - 7, at + 4.5, "end", "", d->y.label[i]);
    }
    text(d, 2, 14, "start", "name", d->c->y_name);
}

static void draw_x(const drawing *d)
{
    const double base = HEIGHT - BOTTOM;
    fprintf(d->p->to, "<path class=\"axis\" d=\"M%.1f %.1fH%d\"/>\n", d->x.from, base, WIDTH - RIGHT);
    for (int i = 0; i < d->x.ticks; i++) {
        const double at = cli_axis_at(&d->x, d->x.tick[i]);
        const int half = (int)strlen(d->x.label[i]) * DIGIT / 2;
        const bool before = at < half, after = at + half > WIDTH;
        fprintf(d->p->to, "<path class=\"axis\" d=\"M%.1f %.1fv4\"/>\n", at, base);
        text(d, before ? 0 : after ? WIDTH : at, base + BELOW, before ? "start" : after ? "end" : "middle", "",
             d->x.label[i]);
    }
    text(d, (d->x.from + d->x.to) / 2, HEIGHT - 5, "middle", "name", d->c->x_name);
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

static double px(const drawing *d, const cli_series *s, int i) { return cli_axis_at(&d->x, cli_chart_x(s, i)); }
static double py(const drawing *d, const cli_series *s, int i) { return cli_axis_at(&d->y, s->y[i]); }

/* The lowest and the highest of points [from, to), in the order of the line. In a line with more points than pixels, no
 * others are visible. */
static int peaks(const cli_series *s, int from, int to, int at[2])
{
    int low = from, high = from;
    for (int i = from; i < to; i++) {
        if (s->y[i] < s->y[low]) low = i;
        if (s->y[i] > s->y[high]) high = i;
    }
    at[0] = low < high ? low : high;
    at[1] = low < high ? high : low;
    return low == high ? 1 : 2;
}

static const char *const dash_class[] = {[CLI_SOLID] = "", [CLI_DASHED] = " dashed", [CLI_DOTTED] = " dotted"};

static void line(const drawing *d, const cli_series *s)
{
    const int each = s->n > MANY ? s->n / (MANY / 2) : 1;
    fprintf(d->p->to, "<path class=\"line s%d%s%s\" d=\"", s->colour % CLI_PALETTE, dash_class[s->dash],
            s->faint ? " faint" : "");
    for (int i = 0, end; i < s->n; i = end + 1) {
        for (end = i; end < s->n && cli_chart_shows(s, end);) end++;
        for (int k = i, at[2]; k < end; k += each) {
            const int next = k + each < end ? k + each : end, n = peaks(s, k, next, at);
            for (int m = 0; m < n; m++)
                fprintf(d->p->to, "%c%.1f %.1f", k == i && m == 0 ? 'M' : 'L', px(d, s, at[m]), py(d, s, at[m]));
        }
    }
    fputs("\"/>\n", d->p->to);
}

static void dot(const drawing *d, const cli_series *s, int i, const char *kind, double radius)
{
    fprintf(d->p->to, "<circle class=\"%s%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"%g\"><title>", kind, s->colour % CLI_PALETTE,
            px(d, s, i), py(d, s, i), radius);
    cli_page_escape(d->p, cli_chart_point_words(d->p->arena, d->c, s, i));
    fputs("</title></circle>\n", d->p->to);
}

/* In a long line, only some points have a mark, which is invisible and carries a tooltip. */
static void draw_series(const drawing *d, const cli_series *s)
{
    const int each = s->n > TOLD ? s->n / TOLD : 1;
    if (!s->points) line(d, s);
    for (int i = 0; i < s->n; i++) {
        if (!cli_chart_shows(s, i)) continue;
        const bool alone = (i == 0 || !cli_chart_shows(s, i - 1)) && (i + 1 == s->n || !cli_chart_shows(s, i + 1));
        if (s->points)
            dot(d, s, i, "hollow s", 4.5);
        else if (!s->faint && (alone || s->n <= DOTS))
            dot(d, s, i, "f", alone ? 3.5 : 2.6);
        else if (!s->faint && i % each == 0)
            dot(d, s, i, "hit f", 5);
    }
    const int m = s->marked - 1;
    if (m >= 0 && m < s->n && cli_chart_shows(s, m)) dot(d, s, m, "ring s", 9);
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

static void legend(const drawing *d)
{
    FILE *to = d->p->to;
    int n = 0;
    bool faint = false, background = false;
    for (int k = 0; k < d->c->count; k++) background = background || d->c->series[k].faint;
    for (int k = 0; k < d->c->count; k++) {
        const cli_series *s = &d->c->series[k];
        const int colour = s->colour % CLI_PALETTE;
        const char *name = s->name && *s->name ? s->name : background ? d->c->y_name : "";
        if (!*name || (s->faint && faint)) continue;
        faint = faint || s->faint;
        if (n++ == 0) fputs("<ul class=\"legend\">\n", to);
        fputs("<li><svg class=\"key\" viewBox=\"0 0 24 12\" aria-hidden=\"true\">", to);
        if (s->points)
            fprintf(to, "<circle class=\"hollow s%d\" cx=\"12\" cy=\"6\" r=\"4\"/>", colour);
        else
            fprintf(to, "<path class=\"line s%d%s%s\" d=\"M1 6H23\"/>", colour, dash_class[s->dash],
                    s->faint ? " faint" : "");
        fputs("</svg>", to);
        cli_page_escape(d->p, name);
        fputs("</li>\n", to);
    }
    if (n) fputs("</ul>\n", to);
}

static void begin_figure(const drawing *d)
{
    cli_page_figure(d->p, d->c->title, cli_chart_words(d->p->arena, d->c), WIDTH, HEIGHT);
    fputs("<g class=\"chart\">\n", d->p->to);
    draw_y(d);
}

static void end_figure(const drawing *d)
{
    const cli_sheet numbers = cli_chart_table(d->p->arena, d->c);
    fputs("</g>\n", d->p->to);
    cli_page_drawing_end(d->p);
    legend(d);
    cli_page_figure_end(d->p, d->c->note, &numbers);
}

void cli_chart_lines(cli_page *p, const cli_chart *c)
{
    drawing d = {.p = p, .c = c};
    if (!make_axes(&d)) return;
    begin_figure(&d);
    draw_x(&d);
    for (int faint = 1; faint >= 0; faint--)
        for (int k = 0; k < c->count; k++)
            if (c->series[k].faint == (bool)faint) draw_series(&d, &c->series[k]);
    end_figure(&d);
}

/* ---- Bars -------------------------------------------------------------------------------------------------------- */

static void draw_bars(const drawing *d)
{
    const cli_series *s = &d->c->series[0];
    const double base = cli_axis_at(&d->y, 0), room = (d->x.to - d->x.from) / s->n;
    for (int i = 0; i < s->n; i++) {
        const double x = d->x.from + room * (i + 0.5), width = fmin(0.78 * room, 48);
        if (s->label) text(d, x, HEIGHT - BOTTOM + BELOW, "middle", "", s->label[i]);
        if (!cli_axis_takes(s->y[i])) continue;
        const double y = py(d, s, i);
        fprintf(d->p->to, "<rect class=\"f%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>",
                (i + 1 == s->marked ? CLI_PALETTE - 1 : s->colour % CLI_PALETTE), x - width / 2, fmin(y, base), width,
                fabs(y - base));
        cli_page_escape(d->p, cli_chart_point_words(d->p->arena, d->c, s, i));
        fputs("</title></rect>\n", d->p->to);
        const char *value = cli_digits(d->p->arena, s->y[i]);
        if ((double)strlen(value) * DIGIT <= 1.2 * room && s->y[i] > 0) text(d, x, y - 5, "middle", "", value);
    }
}

void cli_chart_bars(cli_page *p, const cli_chart *c)
{
    drawing d = {.p = p, .c = c};
    /* Bars can be compared only if they begin at 0. They show counts. */
    cli_extent x = {0}, y = {.ticks = 6, .zero = true, .whole = true};
    if (!cli_chart_extent(c->count, c->series, &x, &y)) return;
    cli_axis_make(p->arena, &y, &d.y);
    place_axes(&d);
    begin_figure(&d);
    draw_bars(&d);
    draw_x(&d);
    end_figure(&d);
}
