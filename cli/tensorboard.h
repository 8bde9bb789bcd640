/* tensorboard.h: event files, which TensorBoard shows: scalars and histograms over steps. */
#ifndef CLI_TENSORBOARD_H
#define CLI_TENSORBOARD_H

#include "cli.h"

typedef struct cli_tensorboard {
    FILE *f; /* NULL: none is written */
    const char *path;
} cli_tensorboard;

/* Bucket i holds the values from limit[i - 1] (the first: from min) up to, but without, limit[i]; the last one has its
 * limit, too. */
enum { CLI_BUCKETS = 32 };
typedef struct cli_histogram {
    int buckets;
    double min, max, count, sum, squares;
    double limit[CLI_BUCKETS], in[CLI_BUCKETS];
} cli_histogram;

/* Makes a new file in the folder, behind those that are there in the order of their names. It begins with a mark on
 * which TensorBoard drops what the others hold of `step` and later: a run that goes on writes that again. False with
 * errno, here and below. */
bool cli_tensorboard_open(cli_arena *a, const char *folder, int64_t step, cli_tensorboard *t);

/* Tags are grouped by what stands before their first slash. What is not a number is left out. */
void cli_tensorboard_scalar(cli_tensorboard *t, int64_t step, const char *tag, double value);
void cli_tensorboard_histogram(cli_tensorboard *t, int64_t step, const char *tag, const cli_histogram *h);

/* Whether all so far was written: for those who look on; and, with sync, for a crash of the machine. */
bool cli_tensorboard_flush(cli_tensorboard *t, bool sync);
void cli_tensorboard_close(cli_tensorboard *t);

/* Thirty even buckets from the least to the largest of x; exact zeros have one of their own, so that they can be seen.
 * False where no x is finite. */
bool cli_histogram_of(const float *x, size_t n, cli_histogram *h);

/* Of units by how often they fire: `dead` never, bin[i] in a share of the rows (or positions) from i / 10 on. */
void cli_histogram_firing(const int64_t bin[10], int64_t dead, cli_histogram *h);

#endif
