/* job.h: a configuration made ready to run: its data opened, its network built and compiled. */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include "config.h"
#include "schema.h"

/* The parts of the data. */
enum { CLI_TRAINING_PART, CLI_VALIDATION_PART, CLI_TEST_PART, CLI_PARTS };

typedef struct cli_job {
    cli_config *config;
    struct {
        const char *name;     /* "training", "validation", "test" */
        const cli_item *from; /* the source in the configuration */
        tacet_data *data;     /* NULL if this part does not exist */
    } part[CLI_PARTS];
    tacet_loader *loader;
    tacet_graph *graph;
    tacet_value x, target, y; /* target {0}: the output is compared with x */
    tacet_plan *plan;
    int64_t epochs; /* of the whole run */
    double length;  /* the same, cut short by train.steps */
    const char *batch_text;
    tacet_data_info info;          /* of the training data */
    int64_t batch;                 /* as configured, but at most the rows of the largest part */
    const char *schema, *classes;  /* of the training data; the words of the classes in use, one on each line */
    const char *read;              /* what was read (cli_data_line), with the rows that are held out later */
    const char *metrics;           /* the key metrics, and train.metric if that is another */
    const char *began;             /* when the run began (cli_record_begin) */
    const char *began_from;        /* what the weights were at the beginning (cli_job_origin); NULL: not known */
    int metric;                    /* the plan's metric that says which epoch is the best; -1: a loss */
} cli_job;

/* Reads a configuration and applies the changes of the command line (--set, --penalty, --no-penalties). */
struct cli_args;
tacet_status cli_job_configure(const struct cli_args *a, const char *path, cli_config *c);

/* Opens the data and compiles the network; resolves the source of the data and the number of epochs in the
 * configuration. cli_job_close must follow, even after a failure. */
tacet_status cli_job_open(cli_config *c, int threads, cli_job *job);
void cli_job_close(cli_job *job);

/* Two steps of cli_job_open, to compile another configuration on the data of an open job: configuration to graph,
 * graph to plan. The caller frees both. */
tacet_status cli_job_describe(cli_job *job);
tacet_status cli_job_compile(cli_job *job, int threads);

/* The steps of an epoch. */
int64_t cli_job_steps(const cli_job *job);

/* What is to be measured: the key metrics, and train.metric if that is another. cli_job_choose_metric finds the plan's
 * metric that train.metric names, and checks that there are data to compare epochs on (job_metrics.c). */
const char *cli_job_metrics(const cli_config *c);
tacet_status cli_job_choose_metric(cli_job *job);

/* Evaluates a part of the data. If the key train.ema is set, first with the averages of the weights, into f->averaged, whose
 * texts are in the arena. The plan's last evaluation is that of the weights. cli_job_save_average writes a model whose
 * weights are the averages (job_figures.c). */
struct cli_figures;
tacet_status cli_job_figures(cli_arena *a, const cli_job *job, int part, struct cli_figures *f);
tacet_status cli_job_save_average(const cli_job *job, const char *path, tacet_error *e);

/* If the key init is set, sets parameters from the file that it names; *taken: how many. Without
 * `taken` nothing is said of tensors that have the right name and another shape. */
tacet_status cli_job_initialise(const cli_job *job, int *taken);

/* Sets *sum to the checksum of the file that the key init names, "none" if it is not set. */
tacet_status cli_job_origin(const cli_config *c, const char **sum);

/* The notes with which a model can be evaluated without its configuration. */
enum { CLI_NOTES = 6 };
void cli_job_notes(const cli_job *job, tacet_note note[CLI_NOTES]);

/* A model that was opened for inference, and what its notes say. */
typedef struct cli_model {
    tacet_file *file;
    tacet_graph *graph;
    tacet_plan *plan;
    tacet_value x, target, y; /* target {0}: not fed, or it is x */
    bool loss;
    int64_t batch;
    const char *output;
} cli_model;

/* The path of a model: for the folder of a run that of its model.safetensors, after a line that says so. */
tacet_status cli_model_path(cli_arena *a, const char *path, const char **model);

/* Opens a model's file; NULL after a message. */
tacet_file *cli_model_file(const char *path, tacet_status *s);

/* Opens a model for inference, with the values that `keep` selects readable (NULL: only the output). cli_model_close
 * must follow, even after a failure. */
tacet_status cli_model_open(const char *path, const char *keep, int threads, cli_model *m);
void cli_model_close(cli_model *m);

/* Opens a source as a model expects it: its test part if it has one, otherwise all of it. answers: its labels or targets
 * are needed. Prints its remarks. NULL after a message, with the status. */
tacet_data *cli_data_held_out(const cli_item *source, const char *schema, bool answers, tacet_status *s);

/* Prints what the user should know about how the data were read. */
void cli_data_remarks(const tacet_data *d);

#endif
