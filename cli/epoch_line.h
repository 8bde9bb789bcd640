/* epoch_line.h: the line of an epoch, while it runs and when it is over. */
#ifndef CLI_EPOCH_LINE_H
#define CLI_EPOCH_LINE_H

#include "cli.h"

/* A figure with its name: the value of a term, or a density. */
typedef struct cli_cell {
    const char *label;
    double value;
    bool density;
} cli_cell;

typedef struct cli_epoch {
    int64_t epoch, epochs, batch, batches; /* epoch counts from 1; batch: how many are done */
    bool over;
    double left;                    /* seconds to the end of the run */
    double spent, step;             /* seconds: in all steps of the epoch so far; per step */
    double loss, objective;         /* means of the epoch so far */
    bool penalised;                 /* the objective is not only the loss */
    bool validated;                 /* the epoch ends with a validation loss */
    const char *metric;             /* the main metric, of the validation data; NULL: none */
    double validation_loss, figure; /* when the epoch is over: that, and the metric */
    bool averaged;                  /* likewise with averaged weights: */
    double averaged_loss, averaged_figure;
    const cli_cell *cell;           /* in the order in which they are shown */
    int cells;
} cli_epoch;

/* For a terminal, in at most `columns` columns. The width of a figure does not depend on its value, so that it is in
 * the same place in every line. */
const char *cli_epoch_line(cli_arena *a, const cli_epoch *e, int columns);

/* For a log, when the epoch is over: "epoch 3/5  loss 0.4315  val loss ...". */
const char *cli_epoch_text(cli_arena *a, const cli_epoch *e);

#endif
