/* block.h: where the numbers of parameters are stored. One aligned block has the same layout in each of its parts:
 *
 *     | parameters | gradients | moments 1 | moments 2 | averages |      averages only if they are asked for
 *     | trainable, gradients stored | trainable, gradients fused | frozen |      frozen ones only in the first part */
#ifndef TC_BLOCK_H
#define TC_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* The place of a parameter. */
typedef struct tc_place {
    int value;         /* in the graph */
    int64_t offset, n; /* in floats, in every part of the block */
    int group;         /* of options; -1 in a plan for inference */
    bool trains;       /* not frozen, and a term depends on it: has a gradient and moments */
    bool fused;        /* its gradient is computed tile by tile in the update */
} tc_place;

typedef struct tc_parameters {
    int places;
    tc_place *place; /* [places], in the order of the graph */
    int *of;         /* [values]: index of the value's place, or -1 */
    float *numbers;  /* the block */
    int64_t floats;  /* of the first part */
    int64_t part;    /* of the trainable part, which gradients and moments repeat */
    int64_t stored;  /* of the parameters before the fused ones: gradients that still exist after a step */
    int moments;     /* how many parts follow the gradients */
} tc_parameters;

#endif
