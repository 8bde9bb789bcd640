/* weight_view.h: a weight of any rank as units, inputs and taps. */
#ifndef CLI_WEIGHT_VIEW_H
#define CLI_WEIGHT_VIEW_H

#include "cli.h"

typedef struct cli_weight {
    const char *name;
    const float *w;
    int64_t units, inputs, taps; /* taps: positions in a kernel; 1 for a matrix */
    int64_t across;              /* taps in a row of the kernel */
    int64_t unit, input, tap;    /* strides, in elements */
    int64_t groups;              /* of units, each with `inputs` inputs of its own */
} cli_weight;

/* Element of unit o, input i and tap t. */
static inline float cli_weight_at(const cli_weight *w, int64_t o, int64_t i, int64_t t)
{
    return w->w[o * w->unit + i * w->input + t * w->tap];
}

/* Sets all but the name. axes: the letters of the dimensions (tacet_axes); "" if they are not known, which means
 * PyTorch's order: units, inputs, taps. False for fewer than two dimensions, or no elements. */
bool cli_weight_view(const char *axes, int rank, const int64_t *shape, const float *w, cli_weight *to);

/* The same for tensor i of a file; g is the file's graph, or NULL. */
bool cli_weight_in(const tacet_file *f, const tacet_graph *g, int i, cli_weight *to);

/* Whether all weights into unit k, or from input k of all groups, are 0. */
bool cli_weight_is_empty(const cli_weight *w, bool input, int64_t k);

#endif
