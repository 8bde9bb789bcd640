/* max_pool2d: the largest number in each window over an image [H, W, C], channel by channel.
 *
 *     y(i, j, c) = max over the taps of the window (i, j) inside the image of x(tap, c)
 *     dL/dx(tap, c) = sum of g(i, j, c) over the windows whose largest is x(tap, c)
 *
 * As torch.nn.MaxPool2d: padding is -inf, the first of equal numbers wins, and a NaN wins over any number (the last
 * of several). In training the forward pass keeps the tap that won, row by row of the window, in one byte for each
 * output, or in two if a window has more than 256 taps; the backward pass reads only these and g, and gathers with
 * sums in double.
 *
 * Channels are the innermost loop. A window of 2x2 with stride 2 and without padding has loops of its own: it
 * reads each pixel once, and no pixel has two windows. */
#include "op/pool2d.h"

enum { DILATION = TC_POOL_CEIL + 1 };
enum { MOST_TAPS = 1 << 16, LANES = 32 };

static const tc_arg *dilation(const tc_arg *arg) { return &arg[DILATION]; }

static bool is_wide(const tc_window axis[2]) { return axis[0].k * axis[1].k > UINT8_MAX + 1; }

static bool is_halving(const tc_pool *p)
{
    const tc_window *a = p->axis, *b = p->axis + 1;
    return a->k == 2 && b->k == 2 && a->stride == 2 && b->stride == 2 && a->dilation == 1 && b->dilation == 1 &&
           a->before == 0 && b->before == 0 && a->out * 2 <= a->in && b->out * 2 <= b->in;
}

static bool shape(tc_sketch *s)
{
    tc_window axis[2];
    if (!tc_pool_shape(s, dilation(s->arg), axis)) return false;
    if (axis[0].k <= MOST_TAPS / axis[1].k) return true;
    return tc_shape_refuse(s, "needs a window of at most %d numbers, got %" PRId64 "x%" PRId64, (int)MOST_TAPS,
                           axis[0].k, axis[1].k);
}

static int64_t save(const tc_sketch *s, int64_t rows)
{
    const tc_window_args a = tc_pool_args(s->arg, dilation(s->arg));
    const tc_window axis[2] = {tc_window_of(&a, 0, s->x[0].dim[0]), tc_window_of(&a, 1, s->x[0].dim[1])};
    return rows * tc_shape_count(&s->y) * (is_wide(axis) ? 2 : 1);
}

/* Whether v replaces the largest number so far. */
TC_INLINE bool wins(float v, float best) { return (v > best) | (v != v); }

/* ---- 2x2, stride 2 ---- */

/* One row of windows: x points to the first of its two rows of pixels. */
TC_INLINE void halve(const tc_pool *p, const float *x, float *y, const bool saves, uint8_t *tap)
{
    const int64_t n = p->channels, down = p->wide * n;
    for (int64_t j = 0; j < p->axis[1].out; j++, x += 2 * n, y += n, tap += n)
        for (int64_t c = 0; c < n; c++) {
            const float x1 = x[c + n], x2 = x[c + down], x3 = x[c + down + n];
            float best = x[c];
            int t = 0;
            t = wins(x1, best) ? 1 : t, best = wins(x1, best) ? x1 : best;
            t = wins(x2, best) ? 2 : t, best = wins(x2, best) ? x2 : best;
            t = wins(x3, best) ? 3 : t, best = wins(x3, best) ? x3 : best;
            y[c] = best;
            if (saves) tap[c] = (uint8_t)t;
        }
}

/* dL/dx of the row i of pixels of a sample. */
TC_INLINE void halve_back(const tc_pool *p, const float *g, const uint8_t *tap, int64_t i, float *d, bool add)
{
    const int64_t n = p->channels, at = i / 2 * p->axis[1].out * n;
    const bool outside = i / 2 >= p->axis[0].out;
    for (int64_t j = 0; j < p->wide; j++, d += n) {
        if (outside || j / 2 >= p->axis[1].out) {
            for (int64_t c = 0; c < n && !add; c++) d[c] = 0;
            continue;
        }
        const int t = (int)(i % 2 * 2 + j % 2);
        const float *v = g + at + j / 2 * n;
        const uint8_t *won = tap + at + j / 2 * n;
        if (add)
            for (int64_t c = 0; c < n; c++) d[c] += won[c] == t ? v[c] : 0.0f;
        else
            for (int64_t c = 0; c < n; c++) d[c] = won[c] == t ? v[c] : 0.0f;
    }
}

/* ---- Any window ---- */

/* Up to LANES channels of one window, whose taps inside the image are rows a[0] to a[1] and columns b[0] to b[1]. `x`
 * points to where tap 0 would be. */
TC_INLINE void largest(const tc_pool *p, const float *x, const int64_t a[2], const int64_t b[2], int64_t n, float *y,
                       const bool saves, int32_t *tap)
{
    const int64_t down = p->axis[0].dilation * p->wide * p->channels, right = p->axis[1].dilation * p->channels;
    const float *first = x + a[0] * down + b[0] * right;
    const int32_t t0 = (int32_t)(a[0] * p->axis[1].k + b[0]);
    for (int64_t c = 0; c < n; c++) y[c] = first[c];
    for (int64_t c = 0; c < n && saves; c++) tap[c] = t0;
    for (int64_t i = a[0]; i < a[1]; i++)
        for (int64_t j = b[0]; j < b[1]; j++) {
            const float *v = x + i * down + j * right;
            const int32_t t = (int32_t)(i * p->axis[1].k + j);
            for (int64_t c = 0; c < n; c++) {
                if (saves) tap[c] = wins(v[c], y[c]) ? t : tap[c];
                y[c] = wins(v[c], y[c]) ? v[c] : y[c];
            }
        }
}

/* All windows of output row i of a sample; `at` is the index of their first output in `save`. */
TC_INLINE void window_row(const tc_pool *p, const float *x, int64_t i, float *y, const bool saves, void *save,
                          int64_t at)
{
    const int64_t n = p->channels;
    const bool wide = is_wide(p->axis);
    int64_t a[2], b[2];
    int32_t tap[LANES];
    tc_window_taps(&p->axis[0], i, &a[0], &a[1]);
    const int64_t top = i * p->axis[0].stride - p->axis[0].before;
    for (int64_t j = 0; j < p->axis[1].out; j++, y += n, at += n) {
        tc_window_taps(&p->axis[1], j, &b[0], &b[1]);
        const int64_t left = j * p->axis[1].stride - p->axis[1].before;
        for (int64_t c = 0; c < n; c += LANES) {
            const int64_t m = n - c < LANES ? n - c : LANES;
            largest(p, x + (top * p->wide + left) * n + c, a, b, m, y + c, saves, tap);
            if (saves && wide)
                for (int64_t k = 0; k < m; k++) ((uint16_t *)save)[at + c + k] = (uint16_t)tap[k];
            else if (saves)
                for (int64_t k = 0; k < m; k++) ((uint8_t *)save)[at + c + k] = (uint8_t)tap[k];
        }
    }
}

/* Adds the gradients of one window to sum[n], where tap t won. */
TC_INLINE void gather(const float *g, const void *save, bool wide, int64_t at, int64_t t, int64_t n, double *sum)
{
    const uint16_t *two = (const uint16_t *)save + at;
    const uint8_t *one = (const uint8_t *)save + at;
    if (wide)
        for (int64_t k = 0; k < n; k++) sum[k] += two[k] == t ? (double)g[at + k] : 0;
    else
        for (int64_t k = 0; k < n; k++) sum[k] += one[k] == t ? (double)g[at + k] : 0;
}

/* dL/dx of the row i of pixels of a sample, whose outputs begin at `start` in g and save. */
TC_INLINE void row_back(const tc_pool *p, const float *g, const void *save, int64_t start, int64_t i, float *d,
                        bool add)
{
    const int64_t n = p->channels;
    const tc_window *w = p->axis;
    const bool wide = is_wide(w);
    int64_t a[2], b[2];
    tc_pool_windows(&w[0], i, a);
    for (int64_t j = 0; j < p->wide; j++, d += n) {
        tc_pool_windows(&w[1], j, b);
        for (int64_t c = 0; c < n; c += LANES) {
            const int64_t m = n - c < LANES ? n - c : LANES;
            double sum[LANES] = {0};
            for (int64_t s = a[0]; s < a[1]; s++)
                for (int64_t t = b[0]; t < b[1]; t++) {
                    const int64_t down = tc_pool_tap(&w[0], s, i), right = tc_pool_tap(&w[1], t, j);
                    if (down >= 0 && right >= 0)
                        gather(g, save, wide, start + (s * w[1].out + t) * n + c, down * w[1].k + right, m, sum);
                }
            for (int64_t k = 0; k < m; k++) d[c + k] = (add ? d[c + k] : 0.0f) + (float)sum[k];
        }
    }
}

TC_INLINE void rows(const tc_call *c, int64_t begin, int64_t end, const bool saves)
{
    const tc_pool p = tc_pool_of(c, dilation(c->arg));
    const int64_t high = p.axis[0].out, row = p.axis[1].out * p.channels;
    for (int64_t u = begin; u < end; u++) {
        const float *x = c->x[0].data + u / high * c->x[0].n;
        float *y = c->y.data + u * row;
        if (is_halving(&p))
            halve(&p, x + u % high * 2 * p.wide * p.channels, y, saves, (uint8_t *)c->save + u * row);
        else
            window_row(&p, x, u % high, y, saves, c->save, u * row);
    }
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    if (c->run->training)
        rows(c, begin, end, true);
    else
        rows(c, begin, end, false);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_pool p = tc_pool_of(c, dilation(c->arg));
    const int64_t high = p.axis[0].in, line = p.wide * p.channels, n = c->y.n;
    for (int64_t u = begin; u < end && c->d[0]; u++) {
        const int64_t i = u % high, start = u / high * n;
        if (is_halving(&p))
            halve_back(&p, c->g + start, (const uint8_t *)c->save + start, i, c->d[0] + u * line, c->add[0]);
        else
            row_back(&p, c->g, c->save, start, i, c->d[0] + u * line, c->add[0]);
    }
}

const tc_op tc_op_max_pool2d = {
    .name = "max_pool2d",
    .formula = "y = max of x over a window, in each channel",
    .doc = "The largest number of each window over an image [height, width, channels], channel by channel.",
    .source = "torch.nn.MaxPool2d",
    .role = &tc_layer,
    .flags = TC_KEEPS_ZEROS | TC_PICKS,
    .attribute = {TC_POOL_ATTRIBUTES, {"dilation", "size", "1", "the distance of a window's rows and columns", false}},
    .shape = shape,
    .unit = tc_unit_same,
    .flops = tc_pool_flops,
    .save = save,
    .span = tc_pool_span,
    .span_back = tc_pool_span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"max_pool2d 2", {"5 7 3"}, -2, 2, NAN},
              {"max_pool2d 2", {"4 4 9"}, -2, 2, NAN},
              {"max_pool2d 3 stride=2 padding=1", {"5 4 5"}, -2, 2, NAN},
              {"max_pool2d 2x3 stride=1x2 padding=1 ceil dilation=2x1", {"6 5 2"}, -2, 2, NAN},
              {"max_pool2d 17x16", {"18 16 1"}, -2, 2, NAN}},
};
