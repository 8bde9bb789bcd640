/* window.h: windows that slide over an image [H, W, C], as convolutions and pools have them.
 *
 * Along each axis, output i reads the inputs i stride - before + t dilation, for t = 0 .. k - 1; those below 0 or from
 * `in` on are padding. As torch.nn.Conv2d and torch.nn.MaxPool2d:
 *
 *     out = floor((in + 2 padding - dilation (k - 1) - 1) / stride) + 1
 *
 * With `ceil` the division is rounded up, except that a window which would begin in the padding after the image is left
 * out. padding=same: out = in, for a stride of 1; if the padding is odd, the additional row or column comes after the
 * image. */
#ifndef TC_WINDOW_H
#define TC_WINDOW_H

#include "op/op.h"

/* One axis of the window: rows (0) or columns (1). */
typedef struct tc_window {
    int64_t in, out;             /* pixels of the image and of the output */
    int64_t k, stride, dilation; /* each at least 1 */
    int64_t before, after;       /* the padding; with `ceil` the last window may reach beyond it */
} tc_window;

/* The attributes that describe a window, of the types "size" and "padding". NULL, or a preset of "": stride k, padding
 * 0, dilation 1. */
typedef struct tc_window_args {
    const tc_arg *k, *stride, *padding, *dilation;
    bool ceil;
} tc_window_args;

static inline int64_t tc_window_arg(const tc_arg *arg, int axis, int64_t absent)
{
    return arg && *arg->text ? (int64_t)(axis == 0 ? arg->number : arg->second) : absent;
}

/* The windows over the rows (axis 0) or columns (1) of an image that has `in` of them. out is below 1 if none fits. */
static inline tc_window tc_window_of(const tc_window_args *a, int axis, int64_t in)
{
    tc_window w = {.in = in, .k = tc_window_arg(a->k, axis, 1)};
    w.stride = tc_window_arg(a->stride, axis, w.k);
    w.dilation = tc_window_arg(a->dilation, axis, 1);
    w.before = w.after = tc_window_arg(a->padding, axis, 0);
    const int64_t reach = w.dilation * (w.k - 1);
    if (w.before == TC_PADDING_SAME) w.before = reach / 2, w.after = reach - w.before;
    const int64_t room = in + w.before + w.after - reach - 1 + (a->ceil ? w.stride - 1 : 0);
    if (room < 0 || w.stride < 1) return w;
    w.out = room / w.stride + 1;
    if (a->ceil && (w.out - 1) * w.stride >= in + w.before) w.out--;
    return w;
}

/* Both axes of an image [H, W, C]; of a row [L, C], an image of height 1, for which the attributes are single numbers. */
static inline void tc_windows_of(const tc_window_args *a, const tc_shape *x, tc_window axis[2])
{
    const bool image = x->rank == 3;
    axis[0] = image ? tc_window_of(a, 0, x->dim[0]) : (tc_window){1, 1, 1, 1, 1, 0, 0};
    axis[1] = tc_window_of(a, image, x->dim[x->rank - 2]);
}

/* The taps [*first, *last) of output i that are inside the image. */
static inline void tc_window_taps(const tc_window *w, int64_t i, int64_t *first, int64_t *last)
{
    const int64_t begin = i * w->stride - w->before, room = w->in - begin;
    *first = begin < 0 ? (-begin + w->dilation - 1) / w->dilation : 0;
    *last = room <= 0 ? 0 : (room + w->dilation - 1) / w->dilation;
    if (*last > w->k) *last = w->k;
    if (*first > *last) *first = *last;
}

/* For shape rules: fills both axes, or says why not. x[0] must be an image [H, W, C]. */
bool tc_window_shape(tc_sketch *s, const tc_window_args *a, tc_window axis[2]);
bool tc_window_shape_row(tc_sketch *s, const tc_window_args *a, tc_window axis[2]); /* x[0] must be [L, C] */

#endif
