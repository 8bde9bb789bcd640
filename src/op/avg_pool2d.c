/* avg_pool2d: the mean of each window over an image [H, W, C], channel by channel.
 *
 *     y(i, j, c) = sum over the taps of the window (i, j) inside the image of x(tap, c) / size
 *     dL/dx(tap, c) = sum of g(i, j, c) / size over the windows that have the tap
 *
 * As torch.nn.AvgPool2d, the size counts the taps in the image and in the padding that was asked for, but not those
 * that `ceil` adds beyond it; with count_pad=false only those in the image. Both passes gather, with sums in double. */
#include "op/pool2d.h"

enum { COUNT_PAD = TC_POOL_CEIL + 1 };
enum { LANES = 32 };

static bool shape(tc_sketch *s)
{
    tc_window axis[2];
    return tc_pool_shape(s, NULL, axis);
}

/* The taps [tap[0], tap[1]) of output i inside the image; returns how many count. */
TC_INLINE int64_t taps(const tc_window *w, int64_t i, bool count_pad, int64_t tap[2])
{
    tc_window_taps(w, i, &tap[0], &tap[1]);
    const int64_t room = w->in + w->after - (i * w->stride - w->before);
    return !count_pad ? tap[1] - tap[0] : w->k < room ? w->k : room;
}

/* Output row i of a sample. */
TC_INLINE void window_row(const tc_pool *p, bool count_pad, const float *x, int64_t i, float *y)
{
    const int64_t n = p->channels;
    int64_t a[2], b[2];
    const int64_t high = taps(&p->axis[0], i, count_pad, a), top = i * p->axis[0].stride - p->axis[0].before;
    for (int64_t j = 0; j < p->axis[1].out; j++, y += n) {
        const int64_t wide = taps(&p->axis[1], j, count_pad, b), left = j * p->axis[1].stride - p->axis[1].before;
        for (int64_t c = 0; c < n; c += LANES) {
            const int64_t m = n - c < LANES ? n - c : LANES;
            double sum[LANES] = {0};
            for (int64_t s = a[0]; s < a[1]; s++)
                for (int64_t t = b[0]; t < b[1]; t++) {
                    const float *v = x + ((top + s) * p->wide + left + t) * n + c;
                    for (int64_t k = 0; k < m; k++) sum[k] += (double)v[k];
                }
            const double size = (double)high * (double)wide;
            for (int64_t k = 0; k < m; k++) y[c + k] = (float)(sum[k] / size);
        }
    }
}

/* dL/dx of the row i of pixels of a sample. */
TC_INLINE void row_back(const tc_pool *p, bool count_pad, const float *g, int64_t i, float *d, bool add)
{
    const int64_t n = p->channels;
    int64_t a[2], b[2], tap[2];
    tc_pool_windows(&p->axis[0], i, a);
    for (int64_t j = 0; j < p->wide; j++, d += n) {
        tc_pool_windows(&p->axis[1], j, b);
        for (int64_t c = 0; c < n; c += LANES) {
            const int64_t m = n - c < LANES ? n - c : LANES;
            double sum[LANES] = {0};
            for (int64_t s = a[0]; s < a[1]; s++) {
                const int64_t high = taps(&p->axis[0], s, count_pad, tap);
                for (int64_t t = b[0]; t < b[1]; t++) {
                    const double size = (double)high * (double)taps(&p->axis[1], t, count_pad, tap);
                    const float *v = g + (s * p->axis[1].out + t) * n + c;
                    for (int64_t k = 0; k < m; k++) sum[k] += (double)v[k] / size;
                }
            }
            for (int64_t k = 0; k < m; k++) d[c + k] = (add ? d[c + k] : 0.0f) + (float)sum[k];
        }
    }
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_pool p = tc_pool_of(c, NULL);
    const int64_t high = p.axis[0].out, row = p.axis[1].out * p.channels;
    for (int64_t u = begin; u < end; u++)
        window_row(&p, c->arg[COUNT_PAD].number != 0, c->x[0].data + u / high * c->x[0].n, u % high,
                   c->y.data + u * row);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_pool p = tc_pool_of(c, NULL);
    const int64_t high = p.axis[0].in;
    for (int64_t u = begin; u < end && c->d[0]; u++)
        row_back(&p, c->arg[COUNT_PAD].number != 0, c->g + u / high * c->y.n, u % high,
                 c->d[0] + u * p.wide * p.channels, c->add[0]);
}

const tc_op tc_op_avg_pool2d = {
    .name = "avg_pool2d",
    .formula = "y = mean of x over a window, in each channel",
    .doc = "The mean of each window over an image [height, width, channels], channel by channel.",
    .source = "torch.nn.AvgPool2d",
    .role = &tc_layer,
    .flags = TC_KEEPS_ZEROS,
    .attribute = {TC_POOL_ATTRIBUTES,
                  {"count_pad", "bool", "true", "whether a mean also divides by the taps in the padding", false}},
    .shape = shape,
    .unit = tc_unit_same,
    .flops = tc_pool_flops,
    .span = tc_pool_span,
    .span_back = tc_pool_span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"avg_pool2d 2", {"5 7 3"}, -2, 2, NAN},
              {"avg_pool2d 3 stride=2 padding=1 ceil", {"6 5 35"}, -2, 2, NAN},
              {"avg_pool2d 2x3 stride=1x2 padding=1 ceil count_pad=false", {"5 6 2"}, -2, 2, NAN}},
};
