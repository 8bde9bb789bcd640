/* augment.h: changes of images in training: "flip | crop 4".
 *
 * An augmentation only moves pixels. For each pixel of its result it says from which pixel of its input it comes, or
 * that it comes from outside the image and is 0, as stored: black. So a chain is a composition of maps, followed
 * backwards once for each pixel. Pixels of any type are copied as they are and scaled afterwards, like those of any
 * image.
 *
 * What is drawn for a row depends only on the seed, the epoch, the place of the augmentation in the chain and the row's
 * number in its table. A new augmentation is a file src/augment/NAME.c and a line in augments.def. */
#ifndef TC_AUGMENT_H
#define TC_AUGMENT_H

#include "base/rng.h"
#include "spec/spec.h"

enum { TC_AUGMENT_WORDS = 8, TC_AUGMENT_NUMBERS = 4, TC_MAX_AUGMENTS = 16 };

/* Images of this size, and the attribute: a size of pixels has two numbers, and others have one. */
typedef struct tc_augmented {
    int64_t height, width;
    double number, second;
} tc_augmented;

typedef struct tc_augment {
    const char *name, *formula, *doc, *source;
    tc_attribute attribute[2]; /* its only one; of the type "size" it must be smaller than the image */
    double least, most;        /* of a number */
    /* Makes numbers, which `from` gets, of random words. */
    void (*draw)(const tc_augmented *a, const uint32_t word[TC_AUGMENT_WORDS], double to[TC_AUGMENT_NUMBERS]);
    /* Moves (*y, *x), a pixel of the result, to where it comes from; a place outside the image is allowed. False: it is
     * 0. */
    bool (*from)(const tc_augmented *a, const double drawn[TC_AUGMENT_NUMBERS], int64_t *y, int64_t *x);
} tc_augment;

int tc_augment_count(void);
const tc_augment *tc_augment_at(int i);

/* A chain that was read. */
typedef struct tc_augments {
    int count;
    struct {
        const tc_augment *is;
        tc_augmented a;
    } stage[TC_MAX_AUGMENTS];
} tc_augments;

/* Reads a chain for images of this size. */
tacet_status tc_augments_read(tc_augments *c, const tc_mem *m, const char *chain, int64_t height, int64_t width,
                              tacet_error *e);

/* Writes the image of a row, changed: [height, width] pixels of so many bytes. */
void tc_augments_apply(const tc_augments *c, uint64_t seed, uint64_t epoch, int64_t row, size_t bytes, const void *from,
                       void *to);

/* An integer from -most to most. */
static inline double tc_augment_offset(double most, uint32_t word)
{
    return (double)((uint64_t)word * (2 * (uint64_t)most + 1) >> 32) - most;
}

#endif
