/* tensorboard.h: TensorBoard's event files: scalars and histograms over steps. */
#ifndef CLI_TENSORBOARD_H
#define CLI_TENSORBOARD_H

#include "cli.h"
#include "stream.h"

typedef struct cli_tensorboard {
    cli_stream to; /* not open: nothing is written */
    const char *path;
} cli_tensorboard;

/* Bucket i holds the values from limit[i - 1] (for the first: min) up to but not including limit[i], which only the
 * last bucket includes. */
enum { CLI_BUCKETS = 32 };
typedef struct cli_histogram {
    int buckets;
    double min, max, count, sum, squares;
    double limit[CLI_BUCKETS], in[CLI_BUCKETS];
} cli_histogram;

/* Creates a file in the folder, whose name sorts after those of older ones. It begins with a mark that makes
 * TensorBoard drop what the older ones have from `step` on, because a resumed run writes that again. False with errno,
 * here and below. */
bool cli_tensorboard_open(cli_arena *a, const char *folder, int64_t step, cli_tensorboard *t);

/* TensorBoard groups tags by the part before the first slash. NAN is not written. */
void cli_tensorboard_scalar(cli_tensorboard *t, int64_t step, const char *tag, double value);
void cli_tensorboard_histogram(cli_tensorboard *t, int64_t step, const char *tag, const cli_histogram *h);

/* Writes everything so far, so that others can read it; with sync, so that it survives a crash of the machine. */
bool cli_tensorboard_flush(cli_tensorboard *t, bool sync);
void cli_tensorboard_close(cli_tensorboard *t);

/* Thirty even buckets from the least to the largest of x, and another one for exact zeros, so that they can be seen.
 * False if no x is finite. */
bool cli_histogram_of(const float *x, size_t n, cli_histogram *h);

/* Units by how often they fire: `dead` of them never, bin[i] in a share of the rows (or positions) from i / 10 on. */
void cli_histogram_firing(const int64_t bin[10], int64_t dead, cli_histogram *h);

#endif
