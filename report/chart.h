/* chart.h: charts, drawn as figures of a page: lines, points, bars, with axes, units and a legend, and the table of their
 * numbers behind them. */
#ifndef CLI_CHART_H
#define CLI_CHART_H

#include "report/page.h"

typedef enum cli_dash { CLI_SOLID, CLI_DASHED, CLI_DOTTED } cli_dash;

typedef struct cli_series {
    const char *name;
    int n;
    const double *x, *y;      /* [n]; x NULL: 0, 1, ...; what is not finite is left out, and a line has a gap there */
    const char *const *label; /* [n] names of points, in all series of a chart or, NULL, in none */
    int colour;               /* 0, 1, ... of the palette, starting over at its end */
    cli_dash dash;
    bool faint;  /* in the background, without a place in the legend and the table */
    bool points; /* rings without a line between them */
    int marked;  /* 1 + the index of a point to ring; 0: none */
} cli_series;

typedef struct cli_chart {
    const char *title;
    const char *x_name, *y_name; /* with units: "epoch", "time per step [ms]" */
    const char *note;            /* a line under the figure, or NULL */
    bool x_log, y_log;           /* where all numbers are above 0; else the axis is linear after all */
    bool y_zero;                 /* the axis begins at 0 */
    int count;
    const cli_series *series;
} cli_chart;

/* Nothing is drawn where there is no finite number at all. */
void cli_chart_lines(cli_page *p, const cli_chart *c);

/* Bars of series[0], side by side; its labels are those of the x axis, short enough to stand side by side. The one
 * that is marked is grey. */
void cli_chart_bars(cli_page *p, const cli_chart *c);

#endif
