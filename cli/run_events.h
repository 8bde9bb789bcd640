/* run_events.h: the figures of metrics.jsonl, and histograms, in TensorBoard's event files. */
#ifndef CLI_RUN_EVENTS_H
#define CLI_RUN_EVENTS_H

#include "figures.h"
#include "tensorboard.h"

typedef struct cli_events {
    cli_tensorboard file;
    int64_t logged;          /* the step that was written last; the others are as they were then */
    double time;             /* seconds spent in steps in this process */
    int64_t steps;           /* done in this process */
    struct cli_fired *fired; /* of each value */
} cli_events;

/* Opens a file for the steps after those that the plan has done. Here and below: false with errno. */
bool cli_events_open(cli_arena *a, const char *folder, const tacet_plan *p, cli_events *e);

/* The step just done, from its line; `steps` of them took `time` so far. train/..., penalty/TERM, lambda/TERM and
 * share/TERM are of that step; density/VALUE of the steps since the last one that was written, or of the epoch so far
 * where that is less; gradient/TERM (of the data's) of the epoch so far. */
bool cli_events_step(cli_events *e, const tacet_plan *p, const tc_json *line, double time, int64_t steps);

/* The epoch that is over, or as much of it as there is, from its line: epoch..., dead/LAYER, validation...; histograms
 * of what it left in parameters/NAME and of how often units fired, firing/LAYER. A step took `step` seconds. */
bool cli_events_epoch(cli_events *e, tacet_plan *p, const tc_json *line, double step);

#endif
