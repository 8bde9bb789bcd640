/* pad: zeros around an image [H, W, C]: rows above and below it, columns left and right of it, and channels before and
 * after its own (a shortcut in a residual network that adds channels).
 *
 *     y(i + top, j + left, c + before) = x(i, j, c), otherwise 0        dL/dx is its part of g */
#include "kernel/sum.h"
#include "op/op.h"

#include <string.h>

enum { SIZE, TOP, BOTTOM, LEFT, RIGHT, BEFORE, AFTER };
enum { MOST = 1 << 20 };

/* The zeros before and after x along each axis. */
typedef struct margins {
    int64_t before[3], after[3];
} margins;

static int64_t given(const tc_arg *arg, int64_t otherwise) { return arg->given ? (int64_t)arg->number : otherwise; }

static margins margins_of(const tc_arg *arg)
{
    const int64_t high = (int64_t)arg[SIZE].number, wide = (int64_t)arg[SIZE].second;
    return (margins){{given(&arg[TOP], high), given(&arg[LEFT], wide), given(&arg[BEFORE], 0)},
                     {given(&arg[BOTTOM], high), given(&arg[RIGHT], wide), given(&arg[AFTER], 0)}};
}

static bool shape(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    const margins m = margins_of(s->arg);
    s->y = s->x[0];
    if (s->y.rank != 3 || !s->batch[0])
        return tc_shape_refuse(s, "needs an image [height, width, channels], got %s",
                               tc_shape_text(&s->x[0], s->batch[0], got));
    for (int i = 0; i < 3; i++) {
        if (m.before[i] < 0 || m.after[i] < 0 || m.before[i] > MOST || m.after[i] > MOST)
            return tc_shape_refuse(s, "needs margins from 0 to %d", (int)MOST);
        s->y.dim[i] += m.before[i] + m.after[i];
    }
    return true;
}

static int64_t unit(const tc_sketch *s, int i, int64_t u)
{
    const int64_t from = u - margins_of(s->arg).before[2];
    return from >= 0 && from < tc_shape_units(&s->x[i]) ? from : TC_NO_UNIT;
}

/* A piece is a row of pixels: of y forward, of x backward. */
static tc_span pixel_rows(const tc_call *c, const tc_view *v)
{
    const int64_t row = v->n / v->shape.dim[0];
    return (tc_span){tc_rows(c, v) * v->shape.dim[0], row < TC_RANGE ? TC_RANGE / row : 1};
}

static tc_span span(const tc_call *c) { return pixel_rows(c, &c->y); }
static tc_span span_back(const tc_call *c) { return pixel_rows(c, &c->x[0]); }

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const margins m = margins_of(c->arg);
    const int64_t *x = c->x[0].shape.dim, *y = c->y.shape.dim, line = y[1] * y[2];
    for (int64_t u = begin; u < end; u++) {
        const int64_t i = u % y[0] - m.before[0];
        float *to = c->y.data + u * line;
        memset(to, 0, (size_t)line * sizeof *to);
        if (i < 0 || i >= x[0]) continue;
        const float *from = c->x[0].data + u / y[0] * c->x[0].n + i * x[1] * x[2];
        to += m.before[1] * y[2] + m.before[2];
        for (int64_t j = 0; j < x[1]; j++) memcpy(to + j * y[2], from + j * x[2], (size_t)x[2] * sizeof *to);
    }
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const margins m = margins_of(c->arg);
    const int64_t *x = c->x[0].shape.dim, *y = c->y.shape.dim;
    for (int64_t u = begin; u < end && c->d[0]; u++) {
        const int64_t i = u % x[0] + m.before[0];
        const float *g = c->g + u / x[0] * c->y.n + (i * y[1] + m.before[1]) * y[2] + m.before[2];
        float *d = c->d[0] + u * x[1] * x[2];
        for (int64_t j = 0; j < x[1]; j++, g += y[2], d += x[2])
            for (int64_t k = 0; k < x[2]; k++) d[k] = (c->add[0] ? d[k] : 0.0f) + g[k];
    }
}

#define SIDE(name, what)                                                                                               \
    {                                                                                                                  \
        name, "int", "", what ", instead of the size", false                                                           \
    }

const tc_op tc_op_pad = {
    .name = "pad",
    .formula = "y = x with zeros around it",
    .doc = "Puts zeros around an image [height, width, channels].",
    .source =
        "torch.nn.ZeroPad2d; He, Zhang, Ren, Sun: Deep residual learning for image recognition, CVPR 2016 (channels)",
    .role = &tc_layer,
    .flags = TC_KEEPS_ZEROS | TC_PICKS,
    .attribute = {{"size", "size", "0", "rows above and below, and columns left and right, as 1 or 1x2", true},
                  SIDE("top", "rows above"),
                  SIDE("bottom", "rows below"),
                  SIDE("left", "columns to the left"),
                  SIDE("right", "columns to the right"),
                  {"before", "int", "0", "channels before those of x", false},
                  {"after", "int", "0", "channels after those of x", false}},
    .shape = shape,
    .unit = unit,
    .span = span,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"pad 1", {"3 2 5"}, -2, 2, NAN}, {"pad 2x1 top=0 right=3 before=1 after=2", {"2 3 4"}, -2, 2, NAN}},
};
