/* run_set.h: the runs that a report shows, and what its sections read from them. */
#ifndef CLI_RUN_SET_H
#define CLI_RUN_SET_H

#include "report/page.h"
#include "run_read.h"

typedef struct cli_run_set {
    cli_arena *arena;
    cli_page *page;
    int runs;
    cli_record *record;       /* [runs] */
    const char **name;        /* [runs]; the folder's name, or its whole path if several folders have the same name */
    const char *title, *note; /* of a section that has no contents yet; NULL: it has begun */
} cli_run_set;

/* ---- Sections: each is a function in the table of report.c --------------------------------------------------------
 *
 * A section is on the page only if it has something to show: call this before writing to the page. */
void cli_set_begin(cli_run_set *s);

/* Whether a file of a run exists. If that cannot be known, the page says that it is missing. */
tacet_status cli_set_holds(cli_run_set *s, const char *path, bool *there);

/* The title of something that belongs to one run: "relu1", or "relu1 · RUN" if there are several runs. */
const char *cli_set_title(const cli_run_set *s, int run, const char *what);

void cli_differences(cli_run_set *s); /* runs.c */
void cli_trained(cli_run_set *s);
void cli_warnings(cli_run_set *s); /* units_shown.c */
void cli_how_often(cli_run_set *s);
void cli_losses(cli_run_set *s); /* curves.c */
void cli_penalties(cli_run_set *s);
void cli_densities(cli_run_set *s);
void cli_times(cli_run_set *s);
void cli_by_layer(cli_run_set *s); /* by_layer.c: a part of the densities */
void cli_maps(cli_run_set *s);     /* maps.c */
void cli_augmented(cli_run_set *s);
void cli_weights(cli_run_set *s); /* weights.c */
void cli_metrics(cli_run_set *s); /* curves.c */
void cli_classes(cli_run_set *s); /* classes_shown.c: its part by class */

/* The results of the only run, in large type, for the head of the page (runs.c). */
void cli_results(cli_run_set *s);

/* ---- The contents of a run --------------------------------------------------------------------------------------- */

const tc_json *cli_last_epoch(const cli_record *r); /* NULL: no epoch has finished */

/* An entry of a line's "terms" or "layers", by name; NULL if it does not exist. In the line of a step and in
 * "validation", terms have no names: they are found by their order in the last epoch. */
const tc_json *cli_entry_of(const tc_json *last, const char *list, const char *name, const tc_json *line);

/* The *n names in "terms" or "layers" of any run's last epoch. */
const char **cli_names(cli_run_set *s, const char *list, int *n);

/* The *n names of the metrics of all runs that are one number. */
const char **cli_metric_names(cli_run_set *s, int *n);

/* What a run ended with, or the figures of its last epoch if it did not end; *part: of which data. NULL: none. */
const tc_json *cli_final_figures(cli_arena *a, const cli_record *r, const char **part);

/* What the units of a layer are called: "channel" if its output is an image, otherwise "unit". */
const char *cli_unit_word(cli_arena *a, const cli_record *r, const char *layer);

const char *cli_whole(cli_arena *a, double count); /* "512", or "-" for NAN */

/* Milliseconds per step in the epoch that this line ends. */
double cli_step_ms(const cli_record *r, const tc_json *line);

#endif
