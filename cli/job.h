/* job.h: a configuration made real: data opened, network built and compiled. */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include "config.h"

typedef struct cli_job {
    cli_config *config;
    tacet_data *data, *validation, *test; /* validation and test may be NULL */
    tacet_loader *loader;
    tacet_graph *graph;
    tacet_value x, target, y; /* target {0}: the output is compared with x */
    tacet_plan *plan;
    int64_t epochs; /* how many there will be */
    const char *batch_text;
    tacet_data_info info;          /* of the training data */
    int64_t batch;                 /* as configured, but no more than the largest of the data has rows */
    const char *scaling, *classes; /* classes NULL: nobody reads the labels */
} cli_job;

/* Reads a configuration and what the command line changes in it (--set, --penalty, --no-penalties). */
struct cli_args;
tacet_status cli_job_configure(const struct cli_args *a, const char *path, cli_config *c);

/* Opens and compiles all. Frees nothing on failure: cli_job_close does, in either case. Resolves the sources and the
 * number of epochs in the configuration. */
tacet_status cli_job_open(cli_config *c, int threads, cli_job *job);
void cli_job_close(cli_job *job);

/* Two steps of it, for those who compile another configuration on the data of an open job: config to graph, graph to
 * plan. Both are then the caller's to free. */
tacet_status cli_job_describe(cli_job *job);
tacet_status cli_job_compile(cli_job *job, int threads);

/* Sets the plan's parameters from the file that the key init names, if there is one: *taken (may be NULL) of them. */
tacet_status cli_job_initialise(const cli_job *job, int *taken);

/* The notes that a model needs to be evaluated by itself. */
enum { CLI_NOTES = 6 };
void cli_job_notes(const cli_job *job, tacet_note note[CLI_NOTES]);

/* A model that was opened to be run, and what its notes say. */
typedef struct cli_model {
    tacet_file *file;
    tacet_graph *graph;
    tacet_plan *plan;
    tacet_value x, target, y; /* target {0}: there is none, or it is x */
    bool loss;
    int64_t batch;
    const char *output;
} cli_model;

/* Opens a model's file; NULL on failure, which has been said: of a run's folder, which file was meant. */
tacet_file *cli_model_file(const char *path, tacet_status *s);

/* Opens a model for inference; keep (NULL: nothing) is made readable. cli_model_close in either case. */
tacet_status cli_model_open(const char *path, const char *keep, int threads, cli_model *m);
void cli_model_close(cli_model *m);

/* Opens a source: the test part where it has one, else all of it; scaled and its labels numbered as the texts say (NULL:
 * as it says itself). NULL after saying why, with the status. */
tacet_data *cli_data_held_out(const cli_item *source, const char *scaling, const char *classes, tacet_status *s);

#endif
