/* sparse_codes.h: made-up rows that a sparse autoencoder can take apart: sums of a few features out of many. */
#ifndef BENCH_SPARSE_CODES_H
#define BENCH_SPARSE_CODES_H

#include <stdint.h>

enum { CODE_INPUTS = 512, CODE_FEATURES = 1024, CODE_ACTIVE = 16 };

/* rows [rows, CODE_INPUTS], whose elements have a variance of 1; the caller frees them. The features depend on `seed`
 * alone; rows are those from `first` on of an endless sequence, so that rows for a test follow those for training.
 *
 * A row is noise and a sum of features, random directions. Feature k is there with a probability that falls as
 * (k + 10)^-0.5, CODE_ACTIVE on average, with a weight that is 1 plus an exponential variable. */
float *sparse_codes(uint64_t seed, int64_t first, int64_t rows);

#endif
