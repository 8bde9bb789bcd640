/* ledger.h: the figures of a run: of each penalty, of each layer that makes zeros, of the whole network. A plan's
 * figures are written as JSON; tables and TensorBoard's events are made from that JSON, whether it was just written or
 * comes from a file. All are loops over the table in figures.def. */
#ifndef CLI_LEDGER_H
#define CLI_LEDGER_H

#include "output.h"
#include "run_read.h"

/* ---- The table --------------------------------------------------------------------------------------------------- */

typedef enum cli_form { CLI_NUMBER, CLI_ALWAYS, CLI_WHOLE } cli_form;
enum { CLI_STEP = 1, CLI_STATE = 2, CLI_EPOCH = 4, CLI_VALIDATION = 8 }; /* when an event is written */

/* A row of figures.def. */
typedef struct cli_figure {
    const char *key, *heading, *tag;
    int when;
    cli_form form;
    const char *(*show)(cli_arena *a, const tc_json *of, const char *key);
} cli_figure;

enum {
#define TERM_FIGURE(name, ...) CLI_TERM_##name,
#include "figures.def"
    CLI_TERM_FIGURES
};
enum {
#define LAYER_FIGURE(name, ...) CLI_LAYER_##name,
#include "figures.def"
    CLI_LAYER_FIGURES
};
enum {
#define RUN_FIGURE(name, ...) CLI_RUN_##name,
#include "figures.def"
    CLI_RUN_FIGURES
};
extern const cli_figure cli_term_figure[CLI_TERM_FIGURES], cli_layer_figure[CLI_LAYER_FIGURES],
    cli_run_figure[CLI_RUN_FIGURES];

/* ---- From a plan ------------------------------------------------------------------------------------------------- */

enum { CLI_BINS = 10 };

/* Whether term i, which is stored in *t, is a penalty or a constraint. */
bool cli_penalises(const tacet_plan *p, int i, tacet_term *t);

/* The value that term i is on, if it is on only one and the zeros of that are counted; otherwise -1. */
int cli_silent_value(const tacet_plan *p, int i);

/* Which figures of terms and layers: those of the last step or evaluation; these and the ledger's, as "training"; only
 * the ledger's, which cover the training steps since it was reset. */
typedef enum cli_told { CLI_OF_PASS, CLI_OF_BOTH, CLI_OF_LEDGER } cli_told;

/* Add members to an open object: "terms"; "layers"; both of the ledger, and "warnings". */
void cli_terms_json(tc_json_writer *j, const tacet_plan *p, cli_told told);
void cli_layers_json(tc_json_writer *j, const tacet_plan *p, cli_told told);
void cli_ledger_json(tc_json_writer *j, const tacet_plan *p);

/* An object with those members. */
const tc_json *cli_ledger_of(cli_arena *a, const tacet_plan *p, cli_told told);

/* Figures of the whole network: set all to NAN; add n of them as members, in the given order. */
void cli_run_blank(double x[CLI_RUN_FIGURES]);
void cli_run_json(tc_json_writer *j, const double x[CLI_RUN_FIGURES], int n, const int *order);

/* The plan's metrics (metric_figures.c): as members, "f1": 0.9, "f1_by_class": [...], "notes": {"f1": ...}, of the last
 * evaluation or of training since the ledger was reset; in a line, ", f1 0.9"; as tables. classes: the words of the
 * labels, a line each, or NULL. */
void cli_metrics_json(tc_json_writer *j, tacet_plan *p, bool training);
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
