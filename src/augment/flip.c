/* flip.c: x(i, j) = image(i, width - 1 - j), for a share p of the images, as torchvision's RandomHorizontalFlip. */
#include "augment/augment.h"

static void draw(const tc_augmented *a, const uint32_t word[TC_AUGMENT_WORDS], double to[TC_AUGMENT_NUMBERS])
{
    to[0] = (double)tc_uniform(word[0]) < a->number;
}

static bool from(const tc_augmented *a, const double drawn[TC_AUGMENT_NUMBERS], int64_t *y, int64_t *x)
{
    (void)y;
    if (drawn[0] > 0) *x = a->width - 1 - *x;
    return true;
}

const tc_augment tc_augment_flip = {
    .name = "flip",
    .formula = "flip [p]",
    .doc = "Exchanges left and right in a share p of the images.",
    .source = "torchvision.transforms.RandomHorizontalFlip",
    .attribute = {{"p", "float", "0.5", "the share of images that are flipped", true}},
    .most = 1,
    .draw = draw,
    .from = from,
};
