/* missing.h: fields that stand for a value that is not known, and what becomes of them. */
#ifndef TC_MISSING_H
#define TC_MISSING_H

#include "base/alloc.h"
#include "base/status.h"

/* Whether a field says that its value is missing: it is empty, NA, nan, null, ? and the like. In a column of words a
 * word in quotes is never missing. */
bool tc_missing(const char *text, bool quoted, bool words);

/* What stands in for the missing values of a column. */
typedef enum tc_fill { TC_FILL_NONE, TC_FILL_MEAN, TC_FILL_MEDIAN, TC_FILL_VALUE } tc_fill;

/* "mean", "median", "refuse" or a number. False: none of them. */
bool tc_fill_read(const char *text, tc_fill *fill, double *value);

/* Rows from which a median is computed; with more of them, so many are drawn. */
enum { TC_MEDIAN_ROWS = 1000000 };

/* The mean or median of column `at` of x [rows, n] without its NANs; NAN if it has nothing else. False: out of
 * memory. */
bool tc_fill_learn(const tc_mem *m, tc_fill fill, const double *x, int64_t rows, int64_t n, int64_t at, double *value);

#endif
