/* network.h: the network as a list of layers: output, parameters, penalties. */
#ifndef CLI_NETWORK_H
#define CLI_NETWORK_H

#include "output.h"

/* The layers as a table for people, with totals and shared parameters. To fit into `columns` (0: any width), long names
 * are cut and lists of penalties are continued in further rows. */
void cli_network_table(FILE *to, cli_arena *a, tacet_plan *p, int columns);

/* What selectors match, a line for each penalty and each set of options: how many values, and which. Selectors that
 * are the whole name of a value are left out. columns as above. */
void cli_network_selected(FILE *to, cli_arena *a, const tacet_graph *g, const tacet_plan *p, int columns);

/* The kinds of layers that mix the samples of a batch, "batch_norm"; or "". */
const char *cli_network_mixes(cli_arena *a, const tacet_plan *p);

#endif
