/* range.h: the text of one --over, 'relu1: l1 lambda=1e-6..1e-2:9': a penalty in which one attribute is a range. */
#ifndef CLI_RANGE_H
#define CLI_RANGE_H

#include "config.h"

enum { CLI_OVERS = 4, CLI_RANGE_POINTS = 1000 };

/* One end of a range: a number, or the largest lambda that changes anything over a number. */
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
    const char *text;                  /* as it was asked for */
    const char *on, *kind, *attribute; /* "relu1", "l1", "lambda" */
    const char *before, *after;        /* the text around the range */
    const char *called;                /* the name that the penalty is given, "" if none */
    const char *name;                  /* "relu1-l1", of which the folders of runs are made */
    bool lambda, whole;                /* the attribute is lambda; takes whole numbers alone */
    cli_range_end end[2];
    double largest;     /* the estimate; NAN: there is none */
    int count;          /* points, in the order of the path: */
    const char **value; /* [count], as they are written to the penalty, all different */
    double *number;     /* [count] */
    bool parameter;     /* the penalty is on parameters */
    int matches;        /* what it is on: */
    const cli_matched *matched;
} cli_over;

/* Reads the text; all but largest, value, number and what is matched. */
tacet_status cli_over_read(cli_arena *a, const char *text, cli_over *o);

/* The points, once `largest` is known. */
tacet_status cli_over_fill(cli_arena *a, cli_over *o);

/* The penalty with that value in the place of the range, as --penalty takes it. */
const char *cli_over_penalty(cli_arena *a, const cli_over *o, const char *value);

/* Takes the same penalty on the same selector out of a configuration: the sweep's takes its place. */
void cli_over_replace(const cli_over *o, cli_config *c);

#endif
