/* figures.h: what an evaluation found, as a table and as JSON. */
#ifndef CLI_FIGURES_H
#define CLI_FIGURES_H

#include "ledger.h"

typedef struct cli_figures {
    const char *part; /* "test", "validation", "training" */
    tacet_result result;
    double step_us; /* time of a training step; NAN: none was done */
} cli_figures;

/* Whether the data can be evaluated at all: rows as wide as x, targets of its kind, labels within the outputs. Says so
 * if not, at the source that they came from: better before a long run than behind it. Here and below, target {0}: none is
 * fed, and the data need have none. */
tacet_status cli_figures_fit(const tacet_plan *p, const tacet_data *data, tacet_value x, tacet_value target,
                             tacet_value y, const cli_item *source);

/* Evaluates the data, all rows in their order, in batches of `batch`. The plan then holds the terms' values and the
 * densities, which the calls below read. */
tacet_status cli_figures_take(tacet_plan *p, const tacet_data *data, int64_t batch, tacet_value x, tacet_value target,
                              tacet_value y, cli_figures *f);

/* Says so if the objective is not a number, and returns TACET_NOT_FINITE. */
tacet_status cli_figures_judge(const cli_figures *f);

/* As figures of the whole network. */
void cli_figures_run(const cli_figures *f, double x[CLI_RUN_FIGURES]);

/* {"accuracy", "data_loss", "objective", "step_us", "terms": [...], "layers": [...]} without the braces;
 * training: with what the ledger says, as "training" of each term and layer. */
void cli_figures_json(tc_json_writer *j, const tacet_plan *p, const cli_figures *f, bool training);

/* Prints them on standard output: as tables, or as that object on one line. */
void cli_figures_print(cli_arena *a, const tacet_plan *p, const cli_figures *f, bool json, bool training);

#endif
