/* sweep.h: the structure of a sweep, and the functions of its files.
 *
 * A sweep is a grid of points, with one dimension for each --over, and at each point one run for each seed. The first
 * --over is the path: runs along it follow one another, each from the weights of the previous one. In the folder:
 *
 *     config.yaml       the configuration without the swept penalties
 *     sweep.json        the options and the estimates; the sweep has begun once it exists
 *     lock              held by the sweep and by all of its runs
 *     NAME/, NAME.log   a run (see run_folder.h), and its messages
 *     sweep.csv, report.html   the table, at the end */
#ifndef CLI_SWEEP_H
#define CLI_SWEEP_H

#include "command.h"
#include "progress.h"
#include "run_record.h"
#include "sweep/range.h"

enum { CLI_SWEEP_RUNS = 10000, CLI_SWEEP_JOBS = 64, CLI_SWEEP_SEEDS = 100 };

/* The figures of a run. */
enum {
    CLI_OF_ACCURACY,
    CLI_OF_LOSS,
    CLI_OF_TRAINING_LOSS, /* the data loss of the last epoch */
    CLI_OF_STEP_US,
    CLI_OF_FIRING,  /* how many units fire for a sample (at a position), in all layers that can be silent; or how many
                     * weights are not 0 */
    CLI_OF_SILENCE, /* the density of the swept activations; of the swept weights if only weights are swept */
    CLI_OF_OVER,    /* for each --over: density, dead units */
    CLI_OF_TARGET = CLI_OF_OVER + 2 * CLI_OVERS, /* for each --over: the target of a steered penalty, as a density */
    CLI_OF_METRICS = CLI_OF_TARGET + CLI_OVERS,  /* the other metrics, in the order of cli_sweep.metric */
    CLI_SWEEP_METRICS = 16,
    CLI_SWEEP_FIGURES = CLI_OF_METRICS + CLI_SWEEP_METRICS
};

/* FAILED is a result: a run that fails because of its numbers or its penalty fails again when it is repeated. STOPPED is
 * not: the run was interrupted, or nothing can be told of it. */
typedef enum cli_sweep_state { CLI_RUN_WAITS, CLI_RUN_ENDED, CLI_RUN_FAILED, CLI_RUN_STOPPED } cli_sweep_state;

typedef struct cli_sweep_run {
    const char *name, *log;
    cli_folder folder;
    int point;
    int64_t seed;
    cli_sweep_state state;
    bool begun, page;                 /* it has a checkpoint, a page */
    bool verified;                    /* what it began from and its model are known to be those that they should be */
    const char *from;                 /* the checksum of the model that it began from, or "none"; NULL: unknown */
    const char *init;                 /* the path of that model */
    const char *model;                /* the checksum of its own, once it has ended */
    const char *again;                /* why what is in its folder cannot be used, or NULL */
    const char *said;                 /* why it failed */
    const char *part;                 /* of the data on which the figures were taken */
    int64_t rows;                     /* of that part */
    double figure[CLI_SWEEP_FIGURES]; /* NAN: unknown */
} cli_sweep_run;

typedef struct cli_sweep_point {
    int index[CLI_OVERS];                                     /* the point of each --over */
    int ended;                                                /* runs that have figures */
    double mean[CLI_SWEEP_FIGURES], error[CLI_SWEEP_FIGURES]; /* over these runs; error: NAN below two runs */
} cli_sweep_point;

/* The figure by which points are compared. */
typedef struct cli_sweep_judge {
    int figure;
    const char *name, *title; /* "accuracy", "Accuracy" */
    int sign;                 /* 1: the larger the better; -1: the smaller */
    bool share;               /* of rows, with a binomial error */
} cli_sweep_judge;

typedef struct cli_sweep {
    cli_arena *arena;
    const char *program;
    cli_folder folder;
    int overs;
    cli_over over[CLI_OVERS];
    int seeds, jobs, threads; /* threads: of each run */
    int64_t seed;             /* the first */
    bool warm, begun;         /* runs start from the previous one; sweep.json existed at the start */
    const cli_config *config; /* as in config.yaml */
    const char **rows_of;     /* [seeds], what the checkpoints of their runs say of the data; NULL: none was read yet */
    const char *init;         /* the checksum of the model that the other runs start from, or "none"; NULL: unknown */
    int points, runs;
    cli_sweep_point *point; /* [points], the first --over varies fastest */
    cli_sweep_run *run;     /* [runs], path by path; those of a path in their order */
    cli_progress progress;
    bool weights; /* only weights are swept */
    int64_t rows; /* of the data on which the figures were taken */
    int metrics;
    const char *metric[CLI_SWEEP_METRICS]; /* the metrics of its runs, except for accuracy */
    cli_sweep_judge asked;                 /* train.metric, if it is one of them; name NULL: it is not */
    cli_sweep_judge binary; /* binary_accuracy, where label= has two classes; name NULL: it is not there */
    /* The choice: */
    cli_sweep_judge
        by; /* as asked; otherwise accuracy, of several classes or of two; the data loss if there is neither */
    int best, chosen; /* points; -1: no run ended */
    double tolerance; /* one standard error of the best; NAN: unknown */
    bool binomial;    /* the error is that of a share of rows, not that over seeds */
} cli_sweep;

/* ---- sweep_folder.c ---------------------------------------------------------------------------------------------- */

/* The contents of sweep.json: the sweep that was begun in a folder. */
typedef struct cli_sweep_asked {
    int overs, seeds;
    const char *over[CLI_OVERS];
    double largest[CLI_OVERS];
    bool warm;
    const char *init; /* NULL: an earlier version began the sweep */
} cli_sweep_asked;

tacet_status cli_sweep_asked_read(const cli_sweep *s, cli_sweep_asked *asked);

/* Names the folders of the runs, in the folder of the sweep, which is locked by then. Writes config.yaml and sweep.json;
 * if the sweep was begun before, checks that the configuration is the same. */
tacet_status cli_sweep_begin(cli_sweep *s, const cli_config *c);

/* OK if two configurations print the same; otherwise says in which line the one in `folder` differs. */
tacet_status cli_sweep_same_config(cli_arena *a, const char *folder, const char *hint, const cli_config *theirs,
                                   const cli_config *own);

/* Lays out points and runs. The folders of the runs have no names yet. */
tacet_status cli_sweep_lay_out(cli_sweep *s);

/* The run of a point with seed 0, 1, ... of the sweep. */
cli_sweep_run *cli_sweep_run_at(const cli_sweep *s, int point, int seed);

/* ---- paths.c ----------------------------------------------------------------------------------------------------- */

/* Runs all that have not ended. A run that is interrupted stops its path; the others go on. Unless all runs have a result
 * in the end, says which do not, and returns why the first was stopped. If a signal stops the sweep, returns 128 plus its
 * number, after the runs' checkpoints. */
tacet_status cli_sweep_paths(cli_sweep *s);

/* ---- run_state.c ------------------------------------------------------------------------------------------------- */

/* Sets what the folder of a run says: whether it has ended, its figures and checksums. A failure, after which nothing can
 * be told of the run, is printed. */
tacet_status cli_sweep_run_look(cli_sweep *s, cli_sweep_run *r);

/* The last run before it on its warm path that has ended, from whose model it starts; NULL: no such run. */
const cli_sweep_run *cli_sweep_run_before(const cli_sweep *s, const cli_sweep_run *r);

/* Why what is in the folder of a run is not that run, now that the runs before it have their results; NULL: it is. */
const char *cli_sweep_run_stale(const cli_sweep *s, const cli_sweep_run *r);

/* Removes what a run has written, so that it begins anew. */
tacet_status cli_sweep_run_forget(const cli_sweep *s, cli_sweep_run *r);

/* ---- outcome.c --------------------------------------------------------------------------------------------------- */

/* Reads the figures of a run that has ended. */
void cli_sweep_run_figures(cli_sweep *s, cli_sweep_run *r, const cli_record *record);

/* Computes the means and makes the choice. */
void cli_sweep_weigh(cli_sweep *s);

/* Whether no other point is at least as good both in `figure`, the smaller the better, and in the figure that points are
 * compared by, and better in one of them. */
bool cli_sweep_on_front(const cli_sweep *s, const cli_sweep_point *p, int figure);

/* The run whose model represents a point: the run of the first seed that ended; NULL: no run ended. */
const cli_sweep_run *cli_sweep_run_of(const cli_sweep *s, int point);

/* How a warm path misleads: where along it a figure moves against the strength of the penalty, by more than chance. NULL:
 * it does not, or the path is not warm. */
const char *cli_sweep_misled(const cli_sweep *s);

/* Why the point was chosen, as a sentence without the full stop. */
const char *cli_sweep_reason(const cli_sweep *s);

/* ---- sweep_table.c, sweep_page.c --------------------------------------------------------------------------------- */

/* A figure with as many digits as it is worth: with its standard error, unless that is NAN, otherwise alone. */
const char *cli_sweep_figure(const cli_sweep *s, int figure, double mean, double error, const char *plus);

/* The cells of a table of all points, headings first, with *columns columns; *align is for cli_table. plus: printed
 * between a mean and its error. */
const char **cli_sweep_cells(const cli_sweep *s, const char *plus, int *columns, const char **align);
void cli_sweep_table(const cli_sweep *s, FILE *to);
void cli_sweep_json(const cli_sweep *s, FILE *to);
tacet_status cli_sweep_csv(const cli_sweep *s);
tacet_status cli_sweep_page(cli_sweep *s);

/* Remarks on the figures, one per line. */
const char *cli_sweep_notes(const cli_sweep *s, const char *plus);

/* "relu1:l1 lambda=1e-06": a point in words. */
const char *cli_sweep_point_text(const cli_sweep *s, int point);

#endif
