/* crop.c: adds n pixels of 0 on every side and cuts out a window of the size of the image, at a random place; as He et
 * al. for CIFAR-10 (Deep residual learning for image recognition, CVPR 2016, section 4.2). */
#include "augment/augment.h"

static void draw(const tc_augmented *a, const uint32_t word[TC_AUGMENT_WORDS], double to[TC_AUGMENT_NUMBERS])
{
    to[0] = tc_augment_offset(a->number, word[0]);
    to[1] = tc_augment_offset(a->second, word[1]);
}

static bool from(const tc_augmented *a, const double drawn[TC_AUGMENT_NUMBERS], int64_t *y, int64_t *x)
{
    (void)a;
    *y += (int64_t)drawn[0];
    *x += (int64_t)drawn[1];
    return true;
}

const tc_augment tc_augment_crop = {
    .name = "crop",
    .formula = "crop N",
    .doc = "Adds N pixels of 0 on every side and cuts out a window of the size of the image, at a random place.",
    .source = "He, Zhang, Ren, Sun: Deep residual learning for image recognition, CVPR 2016",
    .attribute = {{"n", "size", "4", "pixels on every side: 4, or 2x4 above and below, and left and right", true}},
    .draw = draw,
    .from = from,
};
