/* axis.h: an axis of a chart: its ends, its round ticks, and where a number is on it. */
#ifndef CLI_AXIS_H
#define CLI_AXIS_H

#include "cli.h"

enum { CLI_TICKS = 24 };

typedef struct cli_axis {
    bool log;
    double least, most; /* of the axis */
    double from, to;    /* where these are in the drawing; set by the caller */
    int ticks;
    double tick[CLI_TICKS];
    const char *label[CLI_TICKS];
} cli_axis;

/* The numbers that an axis shows, and how. */
typedef struct cli_extent {
    double least, most; /* of the numbers; both finite, least <= most */
    bool log;           /* only if cli_axis_logs(least); linear all the same if the most is below twice the least */
    bool zero;          /* includes 0 */
    bool tight;         /* ends at the least and the most number, not at ticks */
    bool whole;         /* ticks are whole numbers */
    int ticks;          /* about how many */
} cli_extent;

void cli_axis_make(cli_arena *a, const cli_extent *e, cli_axis *axis);
double cli_axis_at(const cli_axis *axis, double value);

/* Whether a number can be drawn: it is finite, and not so large that differences overflow. */
bool cli_axis_takes(double value);

/* Whether a logarithmic axis can begin here. */
bool cli_axis_logs(double least);

#endif
