/* chart_words.c: what a chart shows, in words and as a table. */
#include "report/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 60 /* of a table at most, not counting its head */, NAMED = 8 /* series that are described */ };

double cli_chart_x(const cli_series *s, int i) { return s->x ? s->x[i] : i; }
bool cli_chart_shows(const cli_series *s, int i)
{
    return cli_axis_takes(cli_chart_x(s, i)) && cli_axis_takes(s->y[i]);
}
static const char *name_of(const cli_chart *c, const cli_series *s)
{
    return s->name && *s->name ? s->name : c->y_name;
}

static const char *exactly(cli_arena *a, double x) { return cli_axis_takes(x) ? cli_format(a, "%.6g", x) : "-"; }

/* ---- Words ------------------------------------------------------------------------------------------------------- */

static const char *series_words(cli_arena *a, const cli_chart *c, const cli_series *s)
{
    int first = -1, last = -1, low = -1, high = -1;
    for (int i = 0; i < s->n; i++) {
        if (!cli_chart_shows(s, i)) continue;
        if (first < 0) first = low = high = i;
        last = i;
        if (s->y[i] < s->y[low]) low = i;
        if (s->y[i] > s->y[high]) high = i;
    }
    if (first < 0) return cli_format(a, "%s: no numbers", name_of(c, s));
    if (first == last) return cli_format(a, "%s: %s", name_of(c, s), cli_digits(a, s->y[first]));
    return cli_format(a, "%s: from %s to %s, between %s and %s", name_of(c, s), cli_digits(a, s->y[first]),
                      cli_digits(a, s->y[last]), cli_digits(a, s->y[low]), cli_digits(a, s->y[high]));
}

const char *cli_chart_point_words(cli_arena *a, const cli_chart *c, const cli_series *s, int i)
{
    const char *x = cli_format(a, "%s %s", c->x_name, exactly(a, cli_chart_x(s, i)));
    if (s->label) x = s->x ? cli_format(a, "%s; %s", s->label[i], x) : s->label[i];
    return cli_format(a, "%s; %s %s", x, name_of(c, s), cli_digits(a, s->y[i]));
}

const char *cli_chart_words(cli_arena *a, const cli_chart *c)
{
    const char *text = cli_format(a, "%s over %s.", c->y_name, c->x_name);
    int said = 0;
    for (int k = 0; k < c->count; k++) {
        if (c->series[k].faint) continue;
        if (said++ == NAMED) return cli_format(a, "%s The table has the rest.", text);
        text = cli_format(a, "%s %s.", text, series_words(a, c, &c->series[k]));
    }
    return text;
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* How many of n things get a row, and which of them is in row r. The first and the last are always shown. */
static int shown(int n) { return n < ROWS ? n : ROWS; }
static int thinned(int r, int n) { return n <= ROWS ? r : (int)((long long)r * (n - 1) / (ROWS - 1)); }

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The *n distinct x of all series, in ascending order. */
static const double *all_x(cli_arena *a, const cli_chart *c, int *n)
{
    int room = 0, count = 0;
    for (int k = 0; k < c->count; k++) room += c->series[k].faint ? 0 : c->series[k].n;
    double *x = cli_take(a, ((size_t)room + 1) * sizeof *x);
    for (int k = 0; k < c->count; k++)
        for (int i = 0; i < c->series[k].n && !c->series[k].faint; i++)
            if (cli_axis_takes(cli_chart_x(&c->series[k], i))) x[count++] = cli_chart_x(&c->series[k], i);
    qsort(x, (size_t)count, sizeof *x, compare);
    *n = 0;
    for (int i = 0; i < count; i++)
        if (i == 0 || x[i] != x[*n - 1]) x[(*n)++] = x[i];
    return x;
}

static double y_of(const cli_series *s, double x)
{
    for (int i = s->n; i-- > 0;)
        if (cli_chart_x(s, i) == x) return s->y[i];
    return HUGE_VAL;
}

/* A row for each x, a column for each series. */
static cli_sheet table_of_x(cli_arena *a, const cli_chart *c)
{
    char *align = cli_take(a, (size_t)c->count + 2);
    cli_sheet t = {.align = align};
    int n;
    const double *x = all_x(a, c, &n);
    *align++ = 'r';
    cli_sheet_add(a, &t, c->x_name, NULL);
    for (int k = 0; k < c->count; k++) {
        if (c->series[k].faint) continue;
        *align++ = 'r';
        cli_sheet_add(a, &t, name_of(c, &c->series[k]), NULL);
    }
    for (int r = 0; r < shown(n); r++) {
        const double at = x[thinned(r, n)];
        cli_sheet_add(a, &t, exactly(a, at), NULL);
        for (int k = 0; k < c->count; k++)
            if (!c->series[k].faint) cli_sheet_add(a, &t, cli_digits(a, y_of(&c->series[k], at)), NULL);
    }
    return t;
}

/* A row for each point, with its name; also with the name of its series and its x if the series have x. */
static cli_sheet table_of_points(cli_arena *a, const cli_chart *c)
{
    int n = 0, seen = 0, r = 0;
    const bool x = c->series[0].x;
    cli_sheet t = {.align = x ? "llrr" : "lr"};
    for (int k = 0; k < c->count; k++) n += c->series[k].n;
    if (x) cli_sheet_add(a, &t, "", "", NULL);
    cli_sheet_add(a, &t, c->x_name, c->y_name, NULL);
    for (int k = 0; k < c->count; k++) {
        const cli_series *s = &c->series[k];
        for (int i = 0; i < s->n; i++, seen++) {
            if (r == shown(n) || thinned(r, n) != seen) continue;
            r++;
            if (x)
                cli_sheet_add(a, &t, name_of(c, s), s->label[i], exactly(a, cli_chart_x(s, i)), cli_digits(a, s->y[i]),
                              NULL);
            else
                cli_sheet_add(a, &t, s->label[i], exactly(a, s->y[i]), NULL);
        }
    }
    return t;
}

cli_sheet cli_chart_table(cli_arena *a, const cli_chart *c)
{
    return c->series[0].label ? table_of_points(a, c) : table_of_x(a, c);
}
