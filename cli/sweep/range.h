/* range.h: one --over, 'relu1: l1 lambda=1e-6..1e-2:9': a penalty in which one attribute is a range. */
#ifndef CLI_RANGE_H
#define CLI_RANGE_H

#include "job.h"

enum { CLI_OVERS = 4, CLI_RANGE_POINTS = 1000 };

/* One end of a range: a number, or the largest lambda that changes anything, divided by a number. */
typedef struct cli_range_end {
    bool of_largest;
    double number;
} cli_range_end;

/* A value that the selector matches. */
typedef struct cli_matched {
    const char *name;
    int64_t elements; /* of a row, or of a parameter */
} cli_matched;

typedef struct cli_over {
    const char *text;                  /* as it was given */
    const char *on, *kind, *attribute; /* "relu1", "l1", "lambda" */
    const char *before, *after;        /* the text around the range */
    const char *called;                /* the name given to the penalty, or "" */
    const char *name;                  /* "relu1-l1", from which the folders of runs are named */
    bool lambda, whole;                /* the attribute is lambda; takes only whole numbers */
    cli_range_end end[2];
    double largest;     /* the estimate; NAN: unknown */
    int count;          /* points, in the order of the path */
    const char **value; /* [count], in the text of the penalty, all different */
    double *number;     /* [count] */
    bool parameter;     /* the penalty is on parameters */
    int matches;        /* how many values it is on */
    const cli_matched *matched;
} cli_over;

/* Reads the text. Sets all members but largest, value, number and the values that it is on. */
tacet_status cli_over_read(cli_arena *a, const char *text, cli_over *o);

/* Sets value and number, once `largest` is known. */
tacet_status cli_over_fill(cli_arena *a, cli_over *o);

/* The penalty with the range replaced by that value, in the form that --penalty takes. */
const char *cli_over_penalty(cli_arena *a, const cli_over *o, const char *value);

/* Removes the same penalty on the same selector from a configuration, because the swept one replaces it. */
void cli_over_replace(const cli_over *o, cli_config *c);

/* ---- trial.c: before the first run, with an open job ------------------------------------------------------------- */

/* Finds what the penalty is on: the values of the plan that the selector matches. */
void cli_over_match(cli_arena *a, const tacet_graph *g, const tacet_plan *p, cli_over *o);

/* Checks that the library accepts the penalties with all ranges at one end (0: the first points, 1: the last). */
tacet_status cli_over_try(cli_arena *a, const cli_job *job, int overs, const cli_over *over, int end);

/* Sets `largest` of a range over lambda: the largest value of tacet_lambda_max for its terms, with the initial weights
 * (or those of the key init) and the first batch of the data; NAN if a penalty or the data have no gradient there. */
tacet_status cli_over_estimate(cli_arena *a, const cli_job *job, int threads, cli_over *o);

#endif
