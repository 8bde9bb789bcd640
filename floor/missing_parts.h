/* missing_parts.h: parts of what is read that could not be read. What could be is shown all the same. */
#ifndef CLI_MISSING_PARTS_H
#define CLI_MISSING_PARTS_H

#include "cli.h"

/* A message for each part, which has been printed, and the status of the first. Zero-initialise. */
typedef struct cli_missing {
    tacet_status status;
    int n;
    const char **text; /* [n] */
} cli_missing;

__attribute__((format(printf, 4, 5))) void cli_missing_add(cli_arena *a, cli_missing *m, tacet_status s,
                                                           const char *format, ...);

#endif
