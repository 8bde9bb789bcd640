/* window.c: the shape rule that convolutions and pools share. */
#include "op/window.h"

#include <inttypes.h>

static bool check(tc_sketch *s, const tc_window_args *a, const tc_window *w, const char *pixels)
{
    char got[TC_SHAPE_TEXT];
    if (w->k < 1 || w->stride < 1 || w->dilation < 1)
        return tc_shape_refuse(s, "needs a kernel, a stride and a dilation of at least 1");
    if (w->stride > 1 && tc_window_arg(a->padding, 0, 0) == TC_PADDING_SAME)
        return tc_shape_refuse(s, "has padding=same, which needs a stride of 1");
    if (w->out >= 1) return true;
    return tc_shape_refuse(s, "needs an image of at least %" PRId64 " %s with its padding, got %s",
                           w->dilation * (w->k - 1) + 1, pixels, tc_shape_text(&s->x[0], s->batch[0], got));
}

bool tc_window_shape(tc_sketch *s, const tc_window_args *a, tc_window axis[2])
{
    static const char *const pixels[2] = {"rows", "columns"};
    char got[TC_SHAPE_TEXT];
    if (s->x[0].rank != 3 || !s->batch[0])
        return tc_shape_refuse(s, "needs an image [height, width, channels], got %s",
                               tc_shape_text(&s->x[0], s->batch[0], got));
    for (int i = 0; i < 2; i++) {
        axis[i] = tc_window_of(a, i, s->x[0].dim[i]);
        if (!check(s, a, &axis[i], pixels[i])) return false;
    }
    return true;
}
