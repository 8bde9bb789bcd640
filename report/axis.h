/* axis.h: an axis of a chart: where it begins and ends, its round ticks, and where a number lies on it. */
#ifndef CLI_AXIS_H
#define CLI_AXIS_H

#include "cli.h"

enum { CLI_TICKS = 24 };

typedef struct cli_axis {
    bool log;
    double least, most; /* of the axis */
    double from, to;    /* where these are drawn; set by the caller */
    int ticks;
    double tick[CLI_TICKS];
    const char *label[CLI_TICKS];
} cli_axis;

/* What an axis is to be made from. */
typedef struct cli_extent {
    double least, most; /* of the numbers; both finite, least <= most */
    bool log;           /* only where cli_axis_logs(least) */
    bool zero;          /* begins at 0 where the numbers do not go below it */
    bool tight;         /* ends where the numbers do, not at a tick */
    bool whole;         /* ticks are whole numbers */
    int ticks;          /* about so many */
} cli_extent;

void cli_axis_make(cli_arena *a, const cli_extent *e, cli_axis *axis);
double cli_axis_at(const cli_axis *axis, double value);

/* What can be drawn: finite, and not so large that differences overflow. */
bool cli_axis_takes(double value);

/* Whether a logarithmic axis can begin here. */
bool cli_axis_logs(double least);

#endif
