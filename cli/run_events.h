/* run_events.h: the figures of metrics.jsonl, and histograms, in TensorBoard's event files. */
#ifndef CLI_RUN_EVENTS_H
#define CLI_RUN_EVENTS_H

#include "figures.h"
#include "tensorboard.h"

typedef struct cli_events {
    cli_tensorboard file;
    int64_t logged;          /* the step that was written last; the members below are from then */
    double time;             /* seconds spent in steps in this process */
    int64_t steps;           /* done in this process */
    struct cli_fired *fired; /* of each value */
} cli_events;

/* Opens a file for the steps after those that the plan has done. False with errno, here and below. */
bool cli_events_open(cli_arena *a, const char *folder, const tacet_plan *p, cli_events *e);

/* Writes the last step, from its line; `steps` steps took `time` so far. train/..., penalty/TERM, lambda/TERM and
 * share/TERM are of that step; density/VALUE covers the steps since the last one that was written, or the epoch so far
 * if that is shorter; gradient/TERM (relative to the data's) covers the epoch so far. */
bool cli_events_step(cli_events *e, tacet_plan *p, const tc_json *line, double time, int64_t steps);

/* Writes an epoch that is over or was cut short, from its line: epoch..., dead/LAYER, validation...; the histograms
 * parameters/NAME, of the values at its end, and firing/LAYER, of how often units fired. A step took `step` seconds. */
bool cli_events_epoch(cli_events *e, tacet_plan *p, const tc_json *line, double step);

#endif
