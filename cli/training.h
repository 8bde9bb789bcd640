/* training.h: the loop of `tacet train`: steps, epochs, checkpoints, and what is written meanwhile. */
#ifndef CLI_TRAINING_H
#define CLI_TRAINING_H

#include "figures.h"
#include "job.h"
#include "progress.h"
#include "run_events.h"
#include "run_folder.h"

typedef struct cli_training {
    cli_arena *arena;
    cli_job *job;
    cli_folder folder;
    cli_progress progress;
    bool resume;      /* the folder may hold a run, which is then continued */
    bool tensorboard; /* write event files as well */
    cli_events events;
    double seconds; /* spent in the steps of the epoch so far; kept in checkpoints */
    /* The epoch whose network is in best.safetensors: the only place where that is decided. All are in checkpoints. */
    double best;        /* its figure, by train.metric; not finite: none yet */
    int64_t best_epoch; /* 0: none yet */
    int64_t waited;     /* epochs since then that were not better */
    double begun;       /* when this process began to train; cli_now */
    double time;        /* seconds spent in steps, in this process */
    int64_t steps;      /* done in this process */
    bool undefined;     /* it was said that an epoch has no figure to be compared by */
    const char *warned; /* the warnings that were given (training_show.c) */
} cli_training;

/* From now on, signals ask the training to stop, also if it has not begun; until then they end the program.
 * cli_training_begin calls it. */
void cli_training_listen(void);

/* Continues from the folder's checkpoint, or writes the first one. */
tacet_status cli_training_begin(cli_training *t);

/* Trains until the epochs or steps are done, or a signal comes (then 128 + its number, after a checkpoint). */
tacet_status cli_training_run(cli_training *t);

/* The epoch that the ledger covers, from 1: the current one, or the last whole one. */
int64_t cli_training_epoch(const cli_training *t);

void cli_training_end(cli_training *t);

#endif
