/* pool2d.h: what the pools max_pool2d and avg_pool2d share: their windows over an image [H, W, C], and how the
 * work is cut. */
#ifndef TC_POOL2D_H
#define TC_POOL2D_H

#include "kernel/sum.h"
#include "op/window.h"

#include <inttypes.h>
#include <string.h>

enum { TC_POOL_K, TC_POOL_STRIDE, TC_POOL_PADDING, TC_POOL_CEIL }; /* the first attributes of both */
#define TC_POOL_ATTRIBUTES                                                                                             \
    {"k", "size", NULL, "height and width of the window", true},                                                       \
        {"stride", "size", "", "the distance of windows; by default the size of the window", false},                   \
        {"padding", "padding", "0", "rows and columns around the image, at most half of the window", false},           \
    {                                                                                                                  \
        "ceil", "bool", "false", "also windows that reach beyond the image and its padding, but begin before its end", \
            false                                                                                                      \
    }

/* x [high, wide, channels], y [axis[0].out, axis[1].out, channels] */
typedef struct tc_pool {
    tc_window axis[2];
    int64_t channels, wide;
} tc_pool;

static inline tc_window_args tc_pool_args(const tc_arg *arg, const tc_arg *dilation)
{
    return (tc_window_args){&arg[TC_POOL_K], &arg[TC_POOL_STRIDE], &arg[TC_POOL_PADDING], dilation,
                            arg[TC_POOL_CEIL].number != 0};
}

static inline tc_pool tc_pool_of(const tc_call *c, const tc_arg *dilation)
{
    const tc_window_args a = tc_pool_args(c->arg, dilation);
    const tc_shape *x = &c->x[0].shape;
    return (tc_pool){{tc_window_of(&a, 0, x->dim[0]), tc_window_of(&a, 1, x->dim[1])}, x->dim[2], x->dim[1]};
}

/* As PyTorch, which refuses more padding than half of the window. A window then reaches into the image; only if the
 * dilation is larger than the image, all its taps may miss it. */
static inline bool tc_pool_shape(tc_sketch *s, const tc_arg *dilation, tc_window axis[2])
{
    const tc_window_args a = tc_pool_args(s->arg, dilation);
    if (!tc_window_shape(s, &a, axis)) return false;
    for (int i = 0; i < 2; i++) {
        const tc_window *w = &axis[i];
        const int64_t most = w->k / 2;
        if (w->before > most)
            return tc_shape_refuse(s, "needs a padding of at most half of its window, %" PRId64 ", got %" PRId64, most,
                                   w->before);
        if (w->before > 0 && w->dilation > w->in)
            return tc_shape_refuse(s, "needs a padding of 0 if the dilation is larger than the image");
    }
    s->y = (tc_shape){3, {axis[0].out, axis[1].out, s->x[0].dim[2]}};
    return true;
}

/* A pool reads each tap of each window once. */
static inline double tc_pool_flops(const tc_sketch *s)
{
    const tc_window_args a = tc_pool_args(s->arg, NULL);
    return (double)tc_window_of(&a, 0, 1).k * (double)tc_window_of(&a, 1, 1).k * (double)tc_shape_count(&s->y);
}

/* Forward, a piece is a row of the output. */
static inline tc_span tc_pool_span(const tc_call *c)
{
    const int64_t row = c->x[0].n / c->y.shape.dim[0] + 1;
    return (tc_span){tc_rows(c, &c->x[0]) * c->y.shape.dim[0], row < TC_RANGE ? TC_RANGE / row : 1};
}

/* Backward, a piece is a row of pixels. */
static inline tc_span tc_pool_span_back(const tc_call *c)
{
    const int64_t row = c->x[0].n / c->x[0].shape.dim[0];
    return (tc_span){tc_rows(c, &c->x[0]) * c->x[0].shape.dim[0], row < TC_RANGE ? TC_RANGE / row : 1};
}

/* The outputs [out[0], out[1]) whose windows span the pixel i. */
static inline void tc_pool_windows(const tc_window *w, int64_t i, int64_t out[2])
{
    const int64_t from = i + w->before - w->dilation * (w->k - 1), to = (i + w->before) / w->stride + 1;
    out[0] = from > 0 ? (from + w->stride - 1) / w->stride : 0;
    out[1] = to < w->out ? to : w->out;
}

/* The tap of output i that is pixel `at`, which its window spans; -1: with a dilation, none is. */
static inline int64_t tc_pool_tap(const tc_window *w, int64_t i, int64_t at)
{
    const int64_t from = at + w->before - i * w->stride;
    return from % w->dilation == 0 ? from / w->dilation : -1;
}

#endif
