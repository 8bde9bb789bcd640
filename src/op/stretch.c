/* stretch.c: an axis of a convolution, cut into stretches of outputs whose taps inside the image are the same.
 *
 * Forward, output j reads the inputs j stride - before + t dilation. Backward, the gradient of input j is a sum over the
 * outputs o with j = o stride - before + t dilation, so
 *
 *     o = (j + before - t dilation) / stride
 *
 * for those t for which the division leaves no remainder: every (stride / gcd(stride, dilation))-th tap. Inputs that
 * are `stride` apart have the same such taps. */
#include "op/conv.h"

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        const int64_t r = a % b;
        a = b, b = r;
    }
    return a;
}

static tc_stretch forward_at(const tc_window *w, int64_t j)
{
    tc_stretch s = {.first = j, .step = 1, .n = 1, .tap_step = 1, .step_from = w->stride, .tap_from = w->dilation};
    int64_t last;
    tc_window_taps(w, j, &s.tap, &last);
    s.taps = last - s.tap;
    s.from = j * w->stride - w->before + s.tap * w->dilation;
    return s;
}

static tc_stretch backward_at(const tc_window *w, int64_t j)
{
    const int64_t common = gcd(w->stride, w->dilation), at = j + w->before;
    tc_stretch s = {.first = j, .step = w->stride, .n = 1, .tap_step = w->stride / common, .step_from = 1};
    s.tap_from = -w->dilation / common;
    for (int64_t t = 0; t < w->k && t * w->dilation <= at && !s.taps; t++) {
        const int64_t o = at - t * w->dilation;
        if (o % w->stride || o / w->stride >= w->out) continue;
        s.tap = t, s.from = o / w->stride;
        const int64_t in_kernel = (w->k - 1 - t) / s.tap_step, in_image = s.from / -s.tap_from;
        s.taps = 1 + (in_kernel < in_image ? in_kernel : in_image);
    }
    return s;
}

/* How many outputs (backward, with a stride of 1: inputs) from j on, one after the other, have all taps inside the image,
 * as j has. */
static int64_t whole(const tc_window *w, bool backward, int64_t j, int64_t end)
{
    const int64_t last =
        backward ? w->out - 1 - w->before : (w->in - 1 - (w->k - 1) * w->dilation + w->before) / w->stride;
    return (last < end ? last + 1 : end) - j;
}

bool tc_stretch_next(const tc_window *w, bool backward, int64_t begin, int64_t end, tc_stretch *s)
{
    tc_stretch (*const at)(const tc_window *w, int64_t j) = backward ? backward_at : forward_at;
    int64_t j = s->n ? s->first + s->n * s->step : begin;
    if (s->n && j >= end) { /* the outputs of the next remainder */
        j = begin + (s->first - begin) % s->step + 1;
        if (j >= begin + s->step) return false;
    }
    if (j >= end) return false;
    *s = at(w, j);
    if (s->taps == w->k && (!backward || w->stride == 1)) s->n = whole(w, backward, j, end);
    for (j += s->n * s->step; j < end; j += s->step, s->n++) {
        const tc_stretch next = at(w, j);
        if (next.tap != s->tap || next.taps != s->taps) break;
    }
    return true;
}
