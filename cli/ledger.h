/* ledger.h: the figures of a run: of each penalty, of each layer that makes zeros, of the whole network. The library
 * writes those of a plan as JSON (tacet_record); tables and TensorBoard's events are made from that JSON, whether it was
 * just written or comes from a file. All are loops over the table in src/record/figures.def. */
#ifndef CLI_LEDGER_H
#define CLI_LEDGER_H

#include "output.h"
#include "run_read.h"

/* ---- The table --------------------------------------------------------------------------------------------------- */

enum { CLI_STEP = 1, CLI_STATE = 2, CLI_EPOCH = 4, CLI_VALIDATION = 8 }; /* when an event is written */

/* A row of figures.def. */
typedef struct cli_figure {
    const char *key, *heading, *tag;
    int when;
    const char *(*show)(cli_arena *a, const tc_json *of, const char *key);
} cli_figure;

enum {
#define TERM_FIGURE(name, ...) CLI_TERM_##name,
#include "record/figures.def"
    CLI_TERM_FIGURES
};
enum {
#define LAYER_FIGURE(name, ...) CLI_LAYER_##name,
#include "record/figures.def"
    CLI_LAYER_FIGURES
};
enum {
#define RUN_FIGURE(name, ...) CLI_RUN_##name,
#include "record/figures.def"
    CLI_RUN_FIGURES
};
extern const cli_figure cli_term_figure[CLI_TERM_FIGURES], cli_layer_figure[CLI_LAYER_FIGURES],
    cli_run_figure[CLI_RUN_FIGURES];

/* ---- From a plan ------------------------------------------------------------------------------------------------- */

enum { CLI_BINS = 10 }; /* of tacet_firing.histogram */

/* Whether term i, which is stored in *t, is a penalty or a constraint. */
bool cli_penalises(const tacet_plan *p, int i, tacet_term *t);

/* The value that term i is on, if it is on only one and the zeros of that are counted; otherwise -1. */
int cli_silent_value(const tacet_plan *p, int i);

/* A record of a plan (tacet_record), to be printed or added to another; the same without a stamp, parsed. */
tc_json_writer cli_plan_record(cli_arena *a, tacet_plan *p, const char *what, const tacet_stamp *stamp);
const tc_json *cli_plan_figures(cli_arena *a, tacet_plan *p, const char *what);

/* The plan's metrics (metric_figures.c) of the last evaluation, in a line, ", f1 0.9"; as tables. classes: the words of the
 * labels, a line each, or NULL. */
const char *cli_metrics_line(cli_arena *a, tacet_plan *p);
void cli_metrics_tables(FILE *to, cli_arena *a, tacet_plan *p, const char *classes);

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* A row for each of n entries, named by row[i], and a column for each figure that has a heading and is known for
 * some entry. */
void cli_figures_columns(FILE *to, cli_arena *a, const char *head, const cli_figure *figure, int figures, size_t n,
                         const tc_json *const *entry, const char *const *row);
void cli_layers_table(FILE *to, cli_arena *a, const tc_json *layers);

/* The ledger of an epoch. */
void cli_ledger_show(FILE *to, cli_arena *a, const tc_json *ledger, double epoch);

/* The ledger of a run's last epoch, its warnings, and a table of each term over the epochs. */
tacet_status cli_ledger_show_run(FILE *to, cli_arena *a, const char *run);

#endif
