/* prediction.h: what the outputs of a model say about a row: a class and its probabilities, or the targets. */
#ifndef CLI_PREDICTION_H
#define CLI_PREDICTION_H

#include "job.h"

typedef struct cli_prediction {
    int64_t outputs;         /* numbers of a position */
    int columns;             /* after the class */
    const char **name;       /* [columns] of the columns */
    const char *const *word; /* [columns] of the classes; NULL: a regression, or several labels at once */
    void (*convert)(int64_t n, const float *y, double *to); /* outputs to columns; where columns differ from outputs,
                                                               the last is that of the one output */
    const double *scale,
        *shift; /* of all positions: targets were standardised, t * scale + shift; NULL: they were not */
} cli_prediction;

/* How to read rows of `value`, which has that many outputs at a position. schema: of the model's data. Standardised
 * targets come back in their own unit, in double: a float32 cannot hold those that are far from 0. */
cli_prediction cli_prediction_of(cli_arena *a, const cli_model *m, const char *schema, const tacet_value_info *value);

/* Writes the columns of one position of a row, from its outputs y: the class, if there is one, and numbers. number[columns] is
 * overwritten. */
void cli_prediction_head(const cli_prediction *p, FILE *to);
void cli_prediction_write(const cli_prediction *p, int64_t position, const float *y, double *number, FILE *to);

/* Writes a field of CSV, in quotes if it needs them. */
void cli_csv_field(FILE *to, const char *text);

#endif
