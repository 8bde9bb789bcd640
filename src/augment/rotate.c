/* rotate.c: turns the image around its centre by an angle from -degrees to degrees. The pixel of the result at (i, j) is
 * the nearest one to
 *
 *     y = cy + (i - cy) cos a - (j - cx) sin a        x = cx + (i - cy) sin a + (j - cx) cos a
 *
 * as torchvision's RandomRotation, which also takes the nearest pixel unless told otherwise. */
#include "augment/augment.h"

#include <math.h>

static void draw(const tc_augmented *a, const uint32_t word[TC_AUGMENT_WORDS], double to[TC_AUGMENT_NUMBERS])
{
    const double angle = a->number * (2 * (double)tc_uniform(word[0]) - 1) * 3.14159265358979323846 / 180;
    to[0] = cos(angle);
    to[1] = sin(angle);
}

static bool from(const tc_augmented *a, const double drawn[TC_AUGMENT_NUMBERS], int64_t *y, int64_t *x)
{
    const double cy = (double)(a->height - 1) / 2, cx = (double)(a->width - 1) / 2;
    const double i = (double)*y - cy, j = (double)*x - cx;
    *y = (int64_t)floor(cy + i * drawn[0] - j * drawn[1] + 0.5);
    *x = (int64_t)floor(cx + i * drawn[1] + j * drawn[0] + 0.5);
    return true;
}

const tc_augment tc_augment_rotate = {
    .name = "rotate",
    .formula = "rotate DEGREES",
    .doc =
        "Turns the image around its centre by a random angle from -DEGREES to DEGREES. Each pixel is the nearest one; "
        "what comes from outside the image is 0.",
    .source = "torchvision.transforms.RandomRotation",
    .attribute = {{"degrees", "float", "10", "the largest angle, in either direction", true}},
    .most = 180,
    .draw = draw,
    .from = from,
};
