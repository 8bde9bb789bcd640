/* conv_lists.c: the products of convolutions on firing lists, which do work only for what fires.
 *
 *     y        by lines of x: line_sum, from each line of x into each line of y that has it under a row of the kernel
 *     dL/dx    the same by lines of g, with the weights as the first phase of the backward pass has turned them
 *     dL/dw    tap_sum: each entry of x (with a stride of 1) or of g, times the pixels of the other under the taps
 *
 * Pixels whose taps are the same, and are adjacent in the list, are a run: all of a line; dL/dx with a stride: every
 * stride-th pixel; with a dilation a single tap. The weights of a run are together. If there are several tiles of
 * columns, or a tile that does not fill its vectors, the weights are first copied tile by tile, so that those of a row
 * of the kernel fit into a cache. */
#include "op/conv.h"

#include <string.h>

enum { X, W, B };                 /* x, and the parameters after it */
enum { COLUMNS = 64, STEP = 16 }; /* of a tile of y or dL/dx */
enum { NEAR = 1 << 14 };          /* floats of the pixels that tap_sum copies at a time */

/* Lists pay, and their scratch is small, for at least so many channels, and at most so many pixels in a line, taps, and
 * floats that tap_sum copies for a line. Numbers in a line: see firing_images.h. */
enum { LEAST = 8, MOST_PIXELS = 1 << 12, MOST_TAPS = 1 << 10, MOST_NEAR = 1 << 20, MOST_NUMBERS = 1 << 24 };

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t parts(int64_t n, int64_t most) { return (n + most - 1) / most; }
static int64_t rounded(int64_t n, int64_t step) { return parts(n, step) * step; }

/* ---- Runs ---- */

/* Pixels first, first + step ... (n of them) of a line of the result. Tap i of pixel j is pixel from + j move + i of the
 * listed line. */
typedef struct run {
    int64_t first, step, n, from, move, taps;
} run;

static int64_t runs_of(const tc_window *w, bool backward)
{
    return w->dilation > 1 ? w->k
           : backward      ? least(w->stride, w->k)
                           : 1; /* a larger stride leaves pixels without taps */
}

static run run_at(const tc_window *w, bool backward, int64_t r)
{
    if (!backward)
        return w->dilation > 1 ? (run){0, 1, w->out, r * w->dilation - w->before, w->stride, 1}
                               : (run){0, 1, w->out, -w->before, w->stride, w->k};
    /* The pixel of tap r of pixel 0 of g; those of tap r + i stride are i pixels further. */
    const int64_t at = r * w->dilation - w->before, first = (at % w->stride + w->stride) % w->stride;
    const int64_t taps = w->dilation > 1 ? 1 : parts(w->k - r, w->stride);
    return (run){
        first, w->stride, first < w->in ? parts(w->in - first, w->stride) : 0, (first - at) / w->stride - (taps - 1),
        1,     taps};
}

/* Forward, taps are in the order of runs as they are. Backward, those of a run are stride apart, the last one first. */
int64_t tc_conv_turned_tap(const tc_call *c, int64_t tap)
{
    tc_window axis[2];
    tc_conv_windows(c->arg, &c->x[X].shape, axis);
    const tc_window *w = &axis[1];
    if (w->dilation > 1) return tap;
    const int64_t t = tap % w->k, run = t % w->stride;
    int64_t at = tap - t + parts(w->k - run, w->stride) - 1 - t / w->stride;
    for (int64_t r = 0; r < run; r++) at += parts(w->k - r, w->stride);
    return at;
}

/* The line of the list under row p of the kernel at line i of the result, or -1. */
static int64_t line_at(const tc_window *w, bool backward, int64_t i, int64_t p)
{
    const int64_t at = backward ? i + w->before - p * w->dilation : i * w->stride - w->before + p * w->dilation;
    const int64_t line = backward ? (at >= 0 && at % w->stride == 0 ? at / w->stride : -1) : at;
    return line < (backward ? w->out : w->in) ? line : -1;
}

/* ---- y and dL/dx ---- */

/* The sizes of a product: channels of the list, columns of the result. */
typedef struct sizes {
    tc_window axis[2];
    int64_t in, out;
} sizes;

static sizes sizes_of(const tc_call *c, bool backward)
{
    sizes z = {.in = tc_last(backward ? &c->y : &c->x[X]), .out = tc_last(backward ? &c->x[X] : &c->y)};
    tc_conv_windows(c->arg, &c->x[X].shape, z.axis);
    return z;
}

/* to [rows, width]: n columns of w [rows, pitch], with zeros after them. */
TC_CLONES static void copy_rows(const float *w, int64_t rows, int64_t pitch, int64_t n, int64_t width, float *to)
{
    for (int64_t i = 0; i < rows; i++, w += pitch, to += width) {
        for (int64_t k = 0; k < n; k++) to[k] = w[k];
        for (int64_t k = n; k < width; k++) to[k] = 0;
    }
}

/* Sets n columns of some pixels to the bias, or to 0. */
TC_CLONES static void clear(float *y, int64_t pixels, int64_t pitch, const float *bias, int64_t n)
{
    if (!bias && n == pitch) {
        memset(y, 0, (size_t)(pixels * n) * sizeof *y);
        return;
    }
    for (int64_t i = 0; i < pixels; i++, y += pitch)
        for (int64_t k = 0; k < n; k++) y[k] = bias ? bias[k] : 0;
}

/* The lines of the list and of the result, and the floats of a line of the result. */
typedef struct lines {
    int64_t from, to, row;
} lines;

/* Adds to some columns of a sample's lines what is under row p of the kernel. s has what all its sums have in common; w
 * is the row's weights. */
static void add_row(const tc_call *c, const sizes *z, bool backward, int64_t p, const float *w,
                    const tc_conv_part *part, const lines *of, tc_line_sum s)
{
    float *const y = s.y;
    const int64_t first = s.line, runs = runs_of(&z->axis[1], backward);
    for (int64_t r = 0; r < runs; r++) {
        const run u = run_at(&z->axis[1], backward, r);
        s.n = u.n, s.first = u.from, s.step = u.move, s.taps = u.taps;
        s.w = w;
        s.pitch = u.step * z->out;
        for (int64_t i = part->top; i < part->end && u.n > 0; i++) {
            const int64_t line = line_at(&z->axis[0], backward, i, p);
            s.line = first + line;
            s.y = y + i * of->row + u.first * z->out;
            if (line >= 0) c->run->kernel->line_sum(&s);
        }
        w += u.taps * z->in * s.width;
    }
}

void tc_conv_lines(const tc_call *c, bool backward, int64_t first, int64_t columns, const tc_conv_part *part)
{
    const sizes z = sizes_of(c, backward);
    const tc_window *h = &z.axis[0], *v = &z.axis[1];
    const lines of = {
        .from = backward ? h->out : h->in, .to = backward ? h->in : h->out, .row = (backward ? v->in : v->out) * z.out};
    const int64_t end = first + columns, pixels = (part->end - part->top) * of.row / z.out;
    const float *all = backward ? c->save : c->x[W].data, *bias = backward ? NULL : c->x[B].data;
    for (int64_t k = first; k < end; k += COLUMNS) {
        const int64_t n = least(COLUMNS, end - k), width = rounded(n, STEP);
        const bool copies = n < z.out || n < width;
        const float *w = copies ? c->scratch : all;
        if (copies) copy_rows(all + k, h->k * v->k * z.in, z.out, n, width, c->scratch);
        for (int64_t b = part->sample; b < part->sample + part->samples; b++) {
            float *y = (backward ? c->d[X] : c->y.data) + b * of.to * of.row + k;
            const tc_line_sum s = {
                .x = backward ? c->lists.g : c->lists.x, .line = b * of.from, .cols = n, .width = width, .y = y};
            if (!backward || !c->add[X]) clear(y + part->top * of.row, pixels, z.out, bias ? bias + k : NULL, n);
            for (int64_t p = 0; p < h->k; p++) add_row(c, &z, backward, p, w + p * v->k * z.in * width, part, &of, s);
        }
    }
}

/* ---- dL/dw ---- */

/* A block of dL/dw by the list of x, or of g, for its whole height, and how many lines are done at a time. */
static tc_tap_sum tap_sum_of(const tc_window axis[2], bool by_g, int64_t in, int64_t out, int64_t *lines)
{
    tc_tap_sum s = {.units = by_g ? out : in, .cols = by_g ? in : out, .lines = 1};
    s.width = rounded(s.cols, TC_TAP_COLUMNS);
    for (int a = 0; a < 2; a++) {
        const tc_window *w = &axis[a];
        s.size[a] = by_g ? w->in : w->out;
        s.stride[a] = by_g ? w->stride : 1;
        s.dilation[a] = w->dilation;
        s.taps[a] = w->k;
        s.at[a] = by_g ? -w->before : w->before - (w->k - 1) * w->dilation;
    }
    const int64_t pixels = by_g ? axis[1].out : axis[1].in, high = by_g ? axis[0].out : axis[0].in;
    const int64_t row = ((pixels - 1) * s.stride[1] + (s.taps[1] - 1) * s.dilation[1] + 1) * TC_TAP_COLUMNS;
    const int64_t fit = NEAR / row - (s.taps[0] - 1) * s.dilation[0];
    *lines = least(high, fit > s.stride[0] ? fit / s.stride[0] : 1);
    return s;
}

static int64_t sum_floats(const tc_tap_sum *s) { return s->units * s->taps[0] * s->taps[1] * s->width; }

/* dL/dw [taps, in, out] of a block, of whose rows and columns there are z->in and z->out in all, from the sums by x,
 * whose taps are in reverse order. */
static void put_by_x(const tc_tap_sum *s, const sizes *z, bool add, float *d)
{
    const int64_t taps = s->taps[0] * s->taps[1];
    for (int64_t u = 0; u < s->units; u++)
        for (int64_t t = 0; t < taps; t++) {
            const float *sum = s->sum + (u * taps + taps - 1 - t) * s->width;
            float *to = d + (t * z->in + u) * z->out;
            for (int64_t o = 0; o < s->cols; o++) to[o] = (add ? to[o] : 0) + sum[o];
        }
}

static void put_by_g(const tc_tap_sum *s, const sizes *z, bool add, float *d)
{
    const int64_t taps = s->taps[0] * s->taps[1];
    for (int64_t t = 0; t < taps; t++)
        for (int64_t i = 0; i < s->cols; i++) {
            float *to = d + (t * z->in + i) * z->out;
            for (int64_t u = 0; u < s->units; u++) to[u] = (add ? to[u] : 0) + s->sum[(u * taps + t) * s->width + i];
        }
}

void tc_conv_taps(const tc_call *c, int64_t i, int64_t in, int64_t o, int64_t out)
{
    const sizes z = sizes_of(c, false);
    const bool by_g = tc_chosen(&c->lists, TC_DW_BY_G);
    const int64_t high = by_g ? z.axis[0].out : z.axis[0].in;
    int64_t lines;
    tc_tap_sum s = tap_sum_of(z.axis, by_g, in, out, &lines);
    s.x = by_g ? c->lists.g : c->lists.x;
    s.unit = by_g ? o : i;
    s.pitch = by_g ? z.in : z.out;
    s.sum = c->scratch;
    s.scratch = s.sum + sum_floats(&s);
    memset(s.sum, 0, (size_t)sum_floats(&s) * sizeof *s.sum);
    const int64_t at = s.at[0];
    for (int64_t b = 0; b < c->run->rows; b++)
        for (int64_t line = 0; line < high; line += lines) {
            s.a = by_g ? c->x[X].data + b * c->x[X].n + i : c->g + b * c->y.n + o;
            s.line = b * high + line, s.lines = least(lines, high - line);
            s.at[0] = at + line * s.stride[0];
            c->run->kernel->tap_sum(&s);
        }
    (by_g ? put_by_g : put_by_x)(&s, &z, c->add[W], c->d[W] + i * z.out + o);
}

/* ---- What the plan asks ---- */

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/* The floats that tap_sum copies for one line, by either list. */
static double near_floats(const tc_window axis[2])
{
    const tc_window *h = &axis[0], *w = &axis[1];
    const double high = (double)(h->k - 1) * (double)h->dilation + 1;
    const double wide = (double)larger((w->out - 1) * w->stride, w->in - 1) + (double)(w->k - 1) * (double)w->dilation +
                        1;
    return high * wide * TC_TAP_COLUMNS;
}

/* The sizes of y, if it can run on lists. */
static bool fits(const tc_sketch *s, sizes *z)
{
    *z = (sizes){.in = tc_shape_units(&s->x[0]), .out = tc_shape_units(&s->y)};
    tc_conv_windows(s->arg, &s->x[0], z->axis);
    const int64_t most = larger(z->axis[1].in, z->axis[1].out);
    if (s->arg[TC_CONV_GROUPS].number > 1 || least(z->in, z->out) < LEAST || most > MOST_PIXELS) return false;
    return most * larger(z->in, z->out) < MOST_NUMBERS && z->axis[0].k * z->axis[1].k <= MOST_TAPS &&
           near_floats(z->axis) <= MOST_NEAR;
}

int64_t tc_conv_scratch(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    sizes z;
    if (!fits(s, &z)) return 0;
    const int64_t forward = z.in * least(COLUMNS, rounded(z.out, STEP));
    const int64_t backward = z.out * least(COLUMNS, rounded(z.in, STEP));
    int64_t most = z.axis[0].k * z.axis[1].k * larger(forward, backward) * 4;
    for (int by_g = 0; by_g < 2; by_g++) {
        int64_t lines;
        tc_tap_sum t = tap_sum_of(z.axis, by_g, least(z.in, TC_CONV_BLOCK_IN), least(z.out, TC_CONV_BLOCK_OUT), &lines);
        t.lines = lines;
        most = larger(most, sum_floats(&t) * 4 + tc_tap_scratch(&t, by_g ? z.axis[1].out : z.axis[1].in));
    }
    return most;
}

static void products(const tc_sketch *s, int64_t rows, tc_product way[TC_WAYS])
{
    sizes z;
    for (int i = 0; i < TC_WAYS; i++) way[i] = (tc_product){.product = -1};
    if (!fits(s, &z)) return;
    const int64_t taps = z.axis[0].k * z.axis[1].k;
    const int64_t of_x = rows * tc_shape_positions(&s->x[0]), of_y = rows * tc_shape_positions(&s->y);
    way[TC_Y_BY_X] = (tc_product){TC_LINE_SUM, of_y, z.out, taps * z.in};
    way[TC_DX_BY_G] = (tc_product){TC_LINE_SUM, of_x, z.in, taps * z.out};
    way[TC_DW_BY_G] = (tc_product){TC_TAP_SUM, z.out, z.in, taps};
    if (z.axis[0].stride == 1 && z.axis[1].stride == 1) way[TC_DW_BY_X] = (tc_product){TC_TAP_SUM, z.in, z.out, taps};
}

const tc_silent tc_conv_silent = {.least = LEAST, .lines = true, .products = products};
