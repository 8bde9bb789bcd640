/* network.h: the network as people look at it first: layer, output, parameters, penalties on it. */
#ifndef CLI_NETWORK_H
#define CLI_NETWORK_H

#include "output.h"

/* An input or a layer. A parameter that several layers use counts to its owner, the layer that it is named after. */
typedef struct cli_layer {
    tacet_role role;
    const char *name, *kind, *spec; /* "linear1", "linear", "linear 512"; an input has kind "input" or "labels" */
    const char *shape;              /* of a row of its output, "28 x 28" */
    int64_t parameters, frozen;     /* numbers, and how many of them are not trained */
    const char *uses;               /* parameters of other layers, "linear1.weight, linear1.bias"; "" */
    const char *penalties;          /* "l1 1e-3; weight: l2 1e-4", as they were written; "" */
} cli_layer;

/* The layers in the order of the graph; *rows of them, in the arena. */
const cli_layer *cli_network(cli_arena *a, const tacet_plan *p, int *rows);

/* "network": [{"name", "kind", "spec", "shape", "parameters", "frozen", "uses", "penalties"}]. */
void cli_network_json(tc_json_writer *j, cli_arena *a, const tacet_plan *p);

/* The same as a table for people, with totals and what is shared. Where there are columns to keep to (0: there are
 * none), what is long is cut, and penalties go on in rows of their own. */
void cli_network_table(FILE *to, cli_arena *a, const tacet_plan *p, int columns);

/* What selectors match, a line for each penalty and each set of options: how many values, and which. Nothing of a
 * selector that is the whole name of a value. columns as above. */
void cli_network_selected(FILE *to, cli_arena *a, const tacet_graph *g, const tacet_plan *p, int columns);

#endif
