/* window.c: the shape rule that convolutions and pools share. */
#include "op/window.h"

#include <inttypes.h>

static bool check(tc_sketch *s, const tc_window_args *a, const tc_window *w, const char *side)
{
    char got[TC_SHAPE_TEXT];
    if (w->k < 1 || w->stride < 1 || w->dilation < 1)
        return tc_shape_refuse(s, "needs a kernel, a stride and a dilation of at least 1");
    if (w->stride > 1 && tc_window_arg(a->padding, 0, 0) == TC_PADDING_SAME)
        return tc_shape_refuse(s, "has padding=same, which needs a stride of 1");
    if (w->out >= 1) return true;
    return tc_shape_refuse(s, "needs a %s of at least %" PRId64 " with its padding, got %s", side,
                           w->dilation * (w->k - 1) + 1 - (a->ceil ? w->stride - 1 : 0),
                           tc_shape_text(&s->x[0], s->batch[0], got));
}

bool tc_window_shape_row(tc_sketch *s, const tc_window_args *a, tc_window axis[2])
{
    char got[TC_SHAPE_TEXT];
    if (s->x[0].rank != 2 || !s->batch[0])
        return tc_shape_refuse(s, "needs a row [length, channels], got %s", tc_shape_text(&s->x[0], s->batch[0], got));
    if (a->padding->number != a->padding->second)
        return tc_shape_refuse(s, "needs a padding of one number, got %s", a->padding->text);
    tc_windows_of(a, &s->x[0], axis);
    return check(s, a, &axis[1], "length");
}

bool tc_window_shape(tc_sketch *s, const tc_window_args *a, tc_window axis[2])
{
    char got[TC_SHAPE_TEXT];
    if (s->x[0].rank != 3 || !s->batch[0])
        return tc_shape_refuse(s, "needs an image [height, width, channels], got %s",
                               tc_shape_text(&s->x[0], s->batch[0], got));
    tc_windows_of(a, &s->x[0], axis);
    return check(s, a, &axis[0], "height") && check(s, a, &axis[1], "width");
}
