/* training.h: the loop of `tacet train`: steps, epochs, checkpoints, what is written on the way. */
#ifndef CLI_TRAINING_H
#define CLI_TRAINING_H

#include "figures.h"
#include "job.h"
#include "progress.h"
#include "run_folder.h"

/* Sums over the epoch so far, of value times rows. They travel in checkpoints, so that a resumed epoch's line of
 * metrics is that of one that was never stopped. */
typedef struct cli_sums {
    double rows, objective, data_loss, seconds;
    double *term; /* an entry a term */
} cli_sums;

typedef struct cli_training {
    cli_arena *arena;
    cli_job *job;
    cli_folder folder;
    cli_progress progress;
    cli_sums sums;
    double best;   /* lowest data loss on the validation data so far */
    double time;   /* seconds spent in steps, in this process */
    int64_t steps; /* done in this process */
} cli_training;

/* Goes on where the folder's checkpoint stands, or makes the first one. */
tacet_status cli_training_begin(cli_training *t);

/* Trains until the epochs or steps are done, or a signal comes (then 128 + its number, after a checkpoint). */
tacet_status cli_training_run(cli_training *t);

void cli_training_end(cli_training *t);

#endif
