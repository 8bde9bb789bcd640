/* ledger.h: the figures of a run as they are told: of each penalty, of each layer that makes zeros, of the whole network.
 * They are taken from a plan, or read back from a line of metrics.jsonl; files, tables and TensorBoard's events are
 * written from them, all by the table in figures.def. */
#ifndef CLI_LEDGER_H
#define CLI_LEDGER_H

#include "output.h"

/* ---- The table --------------------------------------------------------------------------------------------------- */

typedef enum cli_form { CLI_NUMBER, CLI_ALWAYS, CLI_WHOLE } cli_form;
enum { CLI_STEP = 1, CLI_STATE = 2, CLI_EPOCH = 4, CLI_VALIDATION = 8 }; /* when an event is written */

/* A row of figures.def. */
typedef struct cli_figure {
    const char *key, *heading, *tag;
    int when;
    cli_form form;
    const char *(*show)(cli_arena *a, const double *x); /* x: the figure's, among those of its table */
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

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

enum { CLI_BINS = 10 };

/* A penalty, a constraint or a layer. What is not known is NAN, or NULL, or 0 of it. */
typedef struct cli_account {
    const char *name, *on, *kind, *bound; /* of a layer the name alone; bound: "least", "most" or NULL */
    double *x;                            /* as its table has them */
    int64_t *bin, *dead;                  /* [CLI_BINS] units by how often they fired; [deads] those that never did */
    size_t deads;
} cli_account;

typedef struct cli_ledger {
    int terms, layers, warnings;
    cli_account *term, *layer, *warning; /* of a warning: on, kind, and its text as the name */
} cli_ledger;

/* Whether there is a term i, which is then in *t, and it is no loss: a penalty or a constraint. */
bool cli_penalises(const tacet_plan *p, int i, tacet_term *t);

/* Training: over the training steps since the ledger was reset. Otherwise of the last step or evaluation, without what
 * only the ledger has. */
cli_ledger cli_ledger_of(cli_arena *a, const tacet_plan *p, bool training);
cli_ledger cli_ledger_read(cli_arena *a, const tc_json *line);

/* All figures NAN, to be set. */
void cli_run_blank(double x[CLI_RUN_FIGURES]);

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* "terms", "layers" and "warnings" of an epoch's line. */
void cli_ledger_json(tc_json_writer *j, const cli_ledger *l);

/* Figures of the whole network, n of them in that order, as members of an object that is open. */
void cli_run_json(tc_json_writer *j, const double x[CLI_RUN_FIGURES], int n, const int *order);

/* "terms", and "layers", of an evaluation or a step; training (NULL: without) is added to each entry. */
void cli_terms_json(tc_json_writer *j, const cli_ledger *l, const cli_ledger *training);
void cli_layers_json(tc_json_writer *j, const cli_ledger *l, const cli_ledger *training);

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* A row for each entry (named by row[i], or by its name where row is NULL), a column for each figure that has a heading
 * and that some entry knows. */
void cli_accounts_table(FILE *to, cli_arena *a, const char *head, const cli_figure *figure, int figures, int entries,
                        const cli_account *entry, const char *const *row);

/* The ledger of that epoch; nothing where no term is a penalty. */
void cli_ledger_show(FILE *to, cli_arena *a, const cli_ledger *l, double epoch);

/* That of a run's last epoch, with warnings, and how each term got there. */
tacet_status cli_ledger_show_run(FILE *to, cli_arena *a, const char *run);

#endif
