/* erase.c: sets a rectangle to 0 in a share p of the images. Its area is from 0.02 to 0.33 of the image, height over width
 * from 0.3 to 3.3, both drawn as torchvision's RandomErasing draws them; a side that is longer than the image is cut. */
#include "augment/augment.h"

#include <math.h>

enum { TOP, LEFT, BOTTOM, RIGHT };

static double side(double length, int64_t most) { return fmax(1, fmin((double)most, floor(length + 0.5))); }

/* A random place for a run of `length` out of n. */
static double place(uint32_t word, int64_t n, double length)
{
    return (double)((uint64_t)word * (uint64_t)(n - (int64_t)length + 1) >> 32);
}

static void draw(const tc_augmented *a, const uint32_t word[TC_AUGMENT_WORDS], double to[TC_AUGMENT_NUMBERS])
{
    const double area = (0.02 + 0.31 * (double)tc_uniform(word[1])) * (double)(a->height * a->width);
    const double ratio = exp(log(0.3) + log(11.0) * (double)tc_uniform(word[2]));
    const double height = side(sqrt(area * ratio), a->height), width = side(sqrt(area / ratio), a->width);
    const bool erased = (double)tc_uniform(word[0]) < a->number;
    to[TOP] = place(word[3], a->height, height);
    to[LEFT] = place(word[4], a->width, width);
    to[BOTTOM] = erased ? to[TOP] + height : 0;
    to[RIGHT] = to[LEFT] + width;
}

static bool from(const tc_augmented *a, const double drawn[TC_AUGMENT_NUMBERS], int64_t *y, int64_t *x)
{
    (void)a;
    const double i = (double)*y, j = (double)*x;
    return !(i >= drawn[TOP] && i < drawn[BOTTOM] && j >= drawn[LEFT] && j < drawn[RIGHT]);
}

const tc_augment tc_augment_erase = {
    .name = "erase",
    .formula = "erase [p]",
    .doc =
        "Sets a random rectangle to 0 in a share p of the images: 0.02 to 0.33 of the area, with a height of 0.3 to 3.3 "
        "times the width.",
    .source = "Zhong, Zheng, Kang, Li, Yang: Random erasing data augmentation, AAAI 2020; torchvision's RandomErasing",
    .attribute = {{"p", "float", "0.5", "the share of images with a rectangle", true}},
    .most = 1,
    .draw = draw,
    .from = from,
};
