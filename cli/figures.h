/* figures.h: the figures of an evaluation, as a table and as JSON. */
#ifndef CLI_FIGURES_H
#define CLI_FIGURES_H

#include "ledger.h"

/* The figures of the averaged weights, if the run keeps averages. */
typedef struct cli_averaged {
    const char *record; /* as cli_figures_json gives them; NULL: the run keeps no averages */
    const char *line;   /* their metrics (cli_metrics_line) */
    tacet_result result;
    double metric; /* the metric that an epoch's line shows; NAN: it has none */
} cli_averaged;

typedef struct cli_figures {
    const char *part; /* "test", "validation", "training" */
    tacet_result result;
    cli_averaged averaged;
    const char *classes; /* the words of the labels, a line each; NULL or "": numbers */
    int64_t best_epoch;  /* of the run; 0: none */
    double step_us; /* time of a training step; NAN if none was done */
} cli_figures;

/* Checks that the network can evaluate the data: rows as wide as x, targets of the right kind, labels that have an
 * output. If not, prints why, pointing at their source. Call this before a long run rather than after it. target
 * {0}, here and below: the data need no targets. */
tacet_status cli_figures_fit(const tacet_plan *p, const tacet_data *data, tacet_value x, tacet_value target,
                             tacet_value y, const cli_item *source);

/* Evaluates all rows of the data in order, in batches of `batch`. The calls below read the values and the densities
 * that this leaves in the plan. */
tacet_status cli_figures_take(tacet_plan *p, const tacet_data *data, int64_t batch, tacet_value x, tacet_value target,
                              tacet_value y, cli_figures *f);

/* TACET_NOT_FINITE, after a message, if the objective is not finite. */
tacet_status cli_figures_judge(const cli_figures *f);

/* {metrics, "data_loss", "objective", "best_epoch", "step_us", "terms": [...], "layers": [...]}; training: with the
 * ledger's figures as "training" of each term and layer, and those of the averaged weights as "ema". */
tc_json_writer cli_figures_json(cli_arena *a, tacet_plan *p, const cli_figures *f, bool training);

/* Prints them to standard output: as tables, or as that object on one line. */
void cli_figures_print(cli_arena *a, tacet_plan *p, const cli_figures *f, bool json, bool training);

/* Whether a loss, as it is described, is one of logits of yes or no: it takes two classes as the numbers 0 and 1. */
bool cli_loss_of_logits(const char *loss);

/* Whether it is one of logits of classes, with labels. */
bool cli_loss_of_labels(const char *loss);

#endif
