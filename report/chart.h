/* chart.h: charts as figures of a page: lines, points or bars, with axes, a legend and a table of the numbers. */
#ifndef CLI_CHART_H
#define CLI_CHART_H

#include "report/axis.h"
#include "report/page.h"

typedef enum cli_dash { CLI_SOLID, CLI_DASHED, CLI_DOTTED } cli_dash;

typedef struct cli_series {
    const char *name;
    int n;
    const double *x, *y;      /* [n]; x NULL: 0, 1, ...; a line has a gap where one of them is not finite */
    const char *const *label; /* [n] names of points; NULL in all series of a chart or in none */
    int colour;               /* an index into the palette, modulo its size */
    cli_dash dash;
    bool faint;  /* in the background; not in the table, and only the first in the legend */
    bool points; /* rings without a line between them */
    int marked;  /* 1 + the index of a point to ring; 0: none */
} cli_series;

typedef struct cli_chart {
    const char *title;
    const char *x_name, *y_name; /* with units: "epoch", "time per step [ms]" */
    const char *note;            /* a line under the figure, or NULL */
    bool x_log, y_log;           /* only if all numbers are above 0; otherwise the axis is linear */
    bool y_zero;                 /* the axis begins at 0 */
    int count;
    const cli_series *series;
} cli_chart;

/* Draws nothing if no number is finite. */
void cli_chart_lines(cli_page *p, const cli_chart *c);

/* Bars of series[0], which are counts, side by side. Its labels are those of the x axis and must be short. A marked bar is grey. */
void cli_chart_bars(cli_page *p, const cli_chart *c);

/* The extent of all points of some series; false if there is nothing to draw. */
bool cli_chart_extent(int count, const cli_series *series, cli_extent *x, cli_extent *y);

/* ---- For those who cannot see it: a chart in words and as a table (chart_words.c) -------------------------------- */

/* Whether point i can be drawn. */
bool cli_chart_shows(const cli_series *s, int i);
double cli_chart_x(const cli_series *s, int i);

/* "loss over epoch. training: from 0.61 to 0.30, between 0.30 and 0.61. ..." */
const char *cli_chart_words(cli_arena *a, const cli_chart *c);

/* "epoch 3; training 0.41": a point of a series, for its tooltip. */
const char *cli_chart_point_words(cli_arena *a, const cli_chart *c, const cli_series *s, int i);

/* The numbers, thinned out if there are many. */
cli_sheet cli_chart_table(cli_arena *a, const cli_chart *c);

#endif
