/* list.h: a compiled list, for training or for evaluation: its steps and the buffers that they touch. */
#ifndef TC_LIST_H
#define TC_LIST_H

#include "step/step.h"

/* A piece of memory that a list uses: in the arena, at `offset` bytes, or fixed (parameters and their gradients). */
typedef struct tc_buffer {
    int64_t bytes;
    int first, last; /* the first and last step that touch it; first above last: no step does */
    bool before;     /* filled before the list runs: an input */
    bool pinned;     /* kept to the end, in memory that no other buffer shares */
    bool stays;      /* kept to the end for the update, even if no step reads it then */
    bool taken;      /* another buffer took over its memory: its contents are gone */
    int alias;       /* the buffer whose memory it takes over, or -1 */
    int64_t offset;  /* in the arena */
    float *fixed;    /* not in the arena */
} tc_buffer;

static inline bool tc_buffer_touched(const tc_buffer *b) { return b->first <= b->last; }

/* Whether its contents are still valid after the list has run. */
static inline bool tc_buffer_lasts(const tc_buffer *b) { return b->pinned && !b->taken; }

typedef struct tc_list {
    int steps, buffers;
    int step_room, buffer_room;
    tc_step *step;
    tc_buffer *buffer;
    bool *needed, *wants;                 /* [values]: is computed; has a gradient */
    int *value, *gradient;                /* [values]: buffer, or -1 */
    int *result;                          /* [terms]: the step that leaves its sum, or -1 */
    tc_tally *tally;                      /* all its counts */
    tc_silence *silence;                  /* all firing lists */
    tc_silence **fired, **fired_gradient; /* [values]: the list of it (the first of two), of its gradient, or NULL */
    int backward;                         /* the first step of the backward pass */
    int64_t rows;                         /* the number of rows that the steps are cut for; -1: not cut yet */
    int64_t arena;                        /* bytes */
} tc_list;

/* The list of a value by lines, or by positions; NULL if it has no such list. */
static inline tc_silence *tc_list_of(const tc_list *l, int value, bool lines)
{
    tc_silence *s = l->fired[value];
    while (s && s->lines != lines) s = s->also;
    return s;
}

#endif
