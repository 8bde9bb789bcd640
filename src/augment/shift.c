/* shift.c: moves the image by whole pixels; where nothing was, its edge is repeated. */
#include "augment/augment.h"

static void draw(const tc_augmented *a, const uint32_t word[TC_AUGMENT_WORDS], double to[TC_AUGMENT_NUMBERS])
{
    to[0] = tc_augment_offset(a->number, word[0]);
    to[1] = tc_augment_offset(a->second, word[1]);
}

static int64_t clamp(int64_t i, int64_t n) { return i < 0 ? 0 : i < n ? i : n - 1; }

static bool from(const tc_augmented *a, const double drawn[TC_AUGMENT_NUMBERS], int64_t *y, int64_t *x)
{
    *y = clamp(*y + (int64_t)drawn[0], a->height);
    *x = clamp(*x + (int64_t)drawn[1], a->width);
    return true;
}

const tc_augment tc_augment_shift = {
    .name = "shift",
    .formula = "shift N",
    .doc =
        "Moves the image by up to N pixels in each direction; where nothing was, the pixels of its edge are repeated.",
    .source = "Keras, RandomTranslation with fill_mode=\"nearest\", by whole pixels",
    .attribute = {{"n", "size", "2", "the most pixels: 2, or 1x3 up and down, and left and right", true}},
    .draw = draw,
    .from = from,
};
