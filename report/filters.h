/* filters.h: pictures of the kernels of convolutions. */
#ifndef CLI_FILTERS_H
#define CLI_FILTERS_H

#include "report/run_set.h"
#include "weight_view.h"

/* Draws a weight with taps, of a run's model; nothing if it has none. */
void cli_filters(cli_run_set *s, int run, const cli_weight *w, const char *title);

#endif
