/* silent.h: the part of the operator contract for layers with products on firing lists.
 *
 * A firing list (kernel.h) records where a matrix [rows, n] is not 0. A layer that can run on lists has a tc_silent in
 * its row of the table, and finds in its call the lists that it may read. Two lists may exist:
 *
 *     x    of the first input. Its maker leaves exact zeros (a ReLU), or passes on those of its input
 *     g    of dL/dy, in the backward pass. The reader of y blocks the gradient where it is silent
 *
 * Each way in which a layer can run on a list is a result and the list that it is computed from. Which product of
 * kernel.h a way uses depends on how the weight is stored, and some ways have none; docs/design.md, "Firing lists",
 * says what each may leave out. For each batch tc_silent_choose decides between dense and sparse, only from the exact
 * counts and the compiled-in densities, never from a timing, so that runs are reproducible. */
#ifndef TC_SILENT_H
#define TC_SILENT_H

#include "kernel/kernel.h"

struct tc_call;
struct tc_sketch;

/* What is computed, and whose list is read for it. Checkpoints hold densities in this order. */
enum { TC_Y_BY_X, TC_DX_BY_X, TC_DW_BY_X, TC_DW_BY_G, TC_DX_BY_G, TC_WAYS };

/* The product that serves for a way: C [m, n], with sums of length k. */
typedef struct tc_product {
    int product; /* of kernel.h; -1: no product serves */
    int64_t m, n, k;
} tc_product;

/* The block [i, i + m) x [j, j + n) of a matrix. */
typedef struct tc_block {
    int64_t i, j, m, n;
} tc_block;

/* The lists of one call. */
typedef struct tc_lists {
    const tc_firing *x, *g;   /* NULL: no such list exists */
    bool blocked;             /* dL/dx is not needed where x is 0: the maker of x blocks it there */
    const double *break_even; /* [TC_WAYS]: the density below which a product runs on a list; 0: never */
    unsigned ways;            /* the ways for which there is a product: bits 1 << TC_Y_BY_X ... */
    unsigned chosen;          /* likewise, the ways that are chosen for this step: the same in all phases of a pass */
    bool fused;               /* backward leaves out the gradient of the first parameter: tile() makes it */
} tc_lists;

typedef struct tc_silent {
    /* The narrowest last dimension for which a list pays. A list takes (n + TC_FIRING_PAD) * 8 bytes for each row of n
     * numbers: three colours of a pixel, 12 bytes, would take 152. */
    int64_t least;
    /* x and y are images [height, width, channels] (or [width, channels], one line high), and the layer reads lists by
     * lines (tc_firing): a row of the list is a line of pixels, a part is a pixel. Of these no lists by unit are made.
     * Otherwise a row is a position. A value that layers of both kinds read has two lists. */
    bool lines;
    /* The product of each way, for a batch of `rows` and with the parameters as they are stored (s->turned). */
    void (*products)(const struct tc_sketch *s, int64_t rows, tc_product way[TC_WAYS]);
    /* For layers whose first parameter is a matrix: the gradient of a large matrix that no other layer uses is not
     * stored if nothing needs it as a whole, but made in tiles while the weights are updated. tiles() is their number;
     * tile() writes tile i, [m, n] with at most TC_BLOCK_FLOATS elements, to `to` without gaps, with the bits that
     * backward would give. Both are called after the backward pass, while every buffer that backward reads is still
     * valid. NULL: the gradient is stored. */
    int64_t (*tiles)(const struct tc_call *c);
    tc_block (*tile)(const struct tc_call *c, int64_t i, float *to);
} tc_silent;

/* The ways to use in this step. Called on a single thread, before the first range of the forward pass and, for all
 * layers, before the backward pass. Of the lists it reads only the counts: the lists themselves may not have been made
 * yet. */
unsigned tc_silent_choose(const struct tc_call *c, bool backward);

static inline bool tc_chosen(const tc_lists *l, int way) { return l->chosen >> way & 1; }

#endif
