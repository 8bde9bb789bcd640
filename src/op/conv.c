/* conv.c: convolutions of images [H, W, C] (of rows [L, C] as images of height 1), the cross-correlation of
 * torch.nn.Conv2d:
 *
 *     y(i, j, o) = b(o) + sum over p, q, c of w(p, q, c, o) x(i sh - ph + p dh, j sw - pw + q dw, c)
 *
 * with 0 for x outside the image. w is stored [kh, kw, in/groups, out]. With groups, unit o reads the inputs of group
 * o / (out/groups): its columns of w are those of the units o.
 *
 * An image is cut into rectangles of pixels whose taps inside it are the same (stretches of rows times stretches of
 * columns), and each of them is one call of the kernel, for several samples at once. So padding is never read, and a
 * stride costs nothing in either direction:
 *
 *     y       the kernel conv on x and w, rectangle by rectangle
 *     dL/dx   the same on g and w turned [kh, kw, out/groups, in], which the first phase of the backward pass writes
 *     dL/dw   the kernel conv_w on x and g, summed over the rectangles
 *
 * With groups of one input and one unit (depthwise) all groups are done together, and w need not be turned.
 *
 * What runs on firing lists is in conv_lists.c; it is cut into the same pieces.
 *
 * Pieces of y and dL/dx are some samples, or a band of one sample's rows; those of dL/dw are blocks of it, over all
 * samples; the last are the blocks of dL/db. All depend on shapes alone. */
#include "op/conv.h"

#include "op/column_sums.h"

#include <inttypes.h>
#include <string.h>

enum { X, W, B };                /* x, and the parameters after it */
enum { KAIMING, XAVIER, ZEROS }; /* words of init */

/* The pieces of y, and of dL/dx, are PIECES if they can be no smaller than LEAST multiplications and no larger than
 * MOST. */
enum { PIECES = 16, LEAST = 1 << 20, MOST = 1 << 25 };

/* Weights up to this number stay in the second cache. */
enum { WARM = 1 << 16 };

/* The numbers of images that stay in the second cache while a piece reads them again and again: for y those of x, for
 * dL/dx of g, for dL/dw of both. */
enum { NEAR = 1 << 17 };

typedef struct sizes {
    tc_window axis[2];       /* rows, columns */
    int64_t groups, in, out; /* in and out: of a group */
    int64_t taps;
    bool apart; /* each channel is a group, with one unit */
} sizes;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t parts(int64_t n, int64_t most) { return (n + most - 1) / most; }

static tc_window_args args_of(const tc_arg *arg)
{
    return (tc_window_args){&arg[TC_CONV_K], &arg[TC_CONV_STRIDE], &arg[TC_CONV_PADDING], &arg[TC_CONV_DILATION],
                            false};
}

void tc_conv_windows(const tc_arg *arg, const tc_shape *x, tc_window axis[2])
{
    const tc_window_args a = args_of(arg);
    tc_windows_of(&a, x, axis);
}

static sizes sizes_of(const tc_call *c)
{
    sizes z = {.groups = (int64_t)c->arg[TC_CONV_GROUPS].number};
    tc_conv_windows(c->arg, &c->x[X].shape, z.axis);
    z.in = tc_last(&c->x[X]) / z.groups;
    z.out = tc_last(&c->x[W]) / z.groups;
    z.taps = z.axis[0].k * z.axis[1].k;
    z.apart = z.in == 1 && z.out == 1;
    return z;
}

/* ---- Shapes ---- */

bool tc_conv_shape(tc_sketch *s, int rank)
{
    char got[TC_SHAPE_TEXT];
    const tc_window_args a = args_of(s->arg);
    tc_window axis[2];
    if (!(rank == 3 ? tc_window_shape : tc_window_shape_row)(s, &a, axis)) return false;
    const int64_t in = s->x[0].dim[rank - 1], out = (int64_t)s->arg[TC_CONV_OUT].number;
    const int64_t groups = (int64_t)s->arg[TC_CONV_GROUPS].number;
    if (in % groups || out % groups)
        return tc_shape_refuse(s,
                               "needs channels and units that groups=%" PRId64 " divides, got %" PRId64
                               " channels and %" PRId64 " units",
                               groups, in, out);
    s->y = (tc_shape){.rank = rank};
    s->param[0] = (tc_shape){.rank = rank + 1};
    for (int i = 0; i < rank - 1; i++) s->y.dim[i] = axis[3 - rank + i].out, s->param[0].dim[i] = axis[3 - rank + i].k;
    s->y.dim[rank - 1] = s->param[0].dim[rank] = out;
    s->param[0].dim[rank - 1] = in / groups;
    s->groups = groups;
    s->param[1] = (tc_shape){s->arg[TC_CONV_BIAS].number != 0 ? 1 : -1, {out}};
    if (tc_shape_count(&s->y) >= 0 && tc_shape_count(&s->param[0]) >= 0) return true;
    return tc_shape_refuse(s, "%" PRId64 " units are too many on an input %s", out,
                           tc_shape_text(&s->x[0], s->batch[0], got));
}

double tc_conv_flops(const tc_sketch *s)
{
    const tc_shape *w = &s->param[0];
    return 2.0 * (double)tc_shape_positions(&s->y) * (double)tc_shape_count(w);
}

/* kaiming_uniform as in torch.nn.Conv2d (a = sqrt 5): weight and bias within 1 / sqrt(weights of a unit). xavier: the
 * weight within sqrt(6 / (weights of a unit + out taps)), as torch.nn.init counts them, the bias 0. */
void tc_conv_init(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    tc_window axis[2];
    tc_conv_windows(arg, x, axis);
    const double taps = (double)axis[0].k * (double)axis[1].k, out = arg[TC_CONV_OUT].number;
    const double in = taps * (double)x->dim[x->rank - 1] / arg[TC_CONV_GROUPS].number;
    const double bounds[] = {
        [KAIMING] = 1.0 / sqrt(in), [XAVIER] = shape->rank > 1 ? sqrt(6.0 / (in + out * taps)) : 0, [ZEROS] = 0};
    const double bound = bounds[(int)arg[TC_CONV_INIT].number];
    for (int64_t i = 0; i < n; i++)
        w[i] = (float)(bound * (2.0 * (double)tc_uniform(tc_stream_word(s, (uint64_t)i)) - 1.0));
}

/* The turned weight. */
int64_t tc_conv_save(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    return tc_shape_count(&s->param[0]) * (int64_t)sizeof(float);
}

/* ---- How images are cut ---- */

/* Parts of a batch of images: `samples` samples, or a band of `height` rows of one. */
typedef struct cut {
    int64_t samples, height, bands, pieces;
} cut;

/* Parts of about `most`, where a row of pixels counts `each`. */
static cut cut_of(int64_t samples, int64_t height, double each, double most)
{
    cut t = {.samples = 1, .height = height};
    if (each * (double)height > most) {
        t.height = least(height, 1 + (int64_t)(most / each));
    } else if (samples > 1) {
        t.samples = least(samples, (int64_t)(most / (each * (double)height)));
    }
    t.bands = parts(height, t.height);
    t.pieces = parts(samples, t.samples) * t.bands;
    return t;
}

/* The pieces of y, or of dL/dx: parts of the batch times blocks of `wide` columns of the weight, one block if all of it
 * stays in cache. */
typedef struct tiling {
    cut batch;
    int64_t wide, across, pieces;
} tiling;

static tiling pieces_of(const tc_call *c, const sizes *z, bool backward)
{
    const tc_window *h = &z->axis[0], *w = &z->axis[1];
    tiling t = {.wide = z->apart ? z->groups : backward ? z->in : z->out};
    const double each = (double)w->out * (double)z->groups * (double)z->in * (double)z->out * (double)z->taps;
    const double all = each * (double)(h->out * c->run->rows) / PIECES;
    const double most = all < LEAST ? LEAST : all > MOST ? MOST : all;
    const int64_t height = backward ? h->in : h->out, blocks = parts(z->taps * z->in * z->out, WARM);
    if (blocks > 1 && !z->apart)
        t.wide = least(t.wide, parts(parts(t.wide, blocks), TC_CONV_BLOCK_OUT) * TC_CONV_BLOCK_OUT);
    t.across = parts(z->apart ? z->groups : backward ? z->in : z->out, t.wide);
    const double near = each * (double)h->out / (double)(backward ? c->y.n : c->x[X].n) * NEAR;
    t.batch = cut_of(c->run->rows, height, each * (double)h->out / (double)height,
                     near < most * (double)t.across ? near : most * (double)t.across);
    t.pieces = t.batch.pieces * t.across;
    return t;
}

/* The distances between samples, rows and columns, in floats. */
typedef struct image {
    int64_t sample, row, column;
} image;

static image image_of(const sizes *z, bool input)
{
    const int64_t units = z->groups * (input ? z->in : z->out);
    const int64_t row = units * (input ? z->axis[1].in : z->axis[1].out);
    return (image){row * (input ? z->axis[0].in : z->axis[0].out), row, units};
}

/* Part u of a product that is cut by t: calls `run` on each rectangle of its pixels. v has what all have in common. The
 * result's pixels are those of y; backward: of x, and from is g. */
static void rectangles(const sizes *z, bool backward, int64_t rows, cut t, int64_t u, const tc_conv *v,
                       void (*run)(const tc_conv *v))
{
    const image from = image_of(z, !backward), to = image_of(z, backward);
    const int64_t sample = u / t.bands * t.samples, top = u % t.bands * t.height;
    const int64_t height = backward ? z->axis[0].in : z->axis[0].out, width = backward ? z->axis[1].in : z->axis[1].out;
    const int64_t end = least(height, top + t.height), pitch = v->ldw * (backward ? z->out : z->in);
    for (tc_stretch r = {0}; tc_stretch_next(&z->axis[0], backward, top, end, &r);)
        for (tc_stretch q = {0}; tc_stretch_next(&z->axis[1], backward, 0, width, &q);) {
            tc_conv part = *v;
            const bool taps = r.taps > 0 && q.taps > 0;
            part.x += sample * from.sample + (taps ? r.from * from.row + q.from * from.column : 0);
            part.y += sample * to.sample + r.first * to.row + q.first * to.column;
            part.w += (r.tap * z->axis[1].k + q.tap) * pitch;
            part.pixel[0].n = least(t.samples, rows - sample);
            part.pixel[0].x = from.sample, part.pixel[0].y = to.sample;
            part.pixel[1].n = r.n, part.pixel[1].x = r.step_from * from.row, part.pixel[1].y = r.step * to.row;
            part.pixel[2].n = q.n, part.pixel[2].x = q.step_from * from.column, part.pixel[2].y = q.step * to.column;
            part.tap[0].n = taps ? r.taps : 0, part.tap[0].x = r.tap_from * from.row;
            part.tap[0].w = r.tap_step * z->axis[1].k * pitch;
            part.tap[1].n = q.taps, part.tap[1].x = q.tap_from * from.column, part.tap[1].w = q.tap_step * pitch;
            run(&part);
        }
}

/* ---- y and dL/dx ---- */

tc_span tc_conv_span(const tc_call *c)
{
    const sizes z = sizes_of(c);
    return (tc_span){pieces_of(c, &z, false).pieces, 1};
}

/* Piece u of y, or of dL/dx: of all groups at once if they are apart. */
static void product(const tc_call *c, const sizes *z, bool backward, const float *x, float *w, const float *bias,
                    float *y, int64_t u)
{
    const int64_t in = backward ? z->out : z->in, out = backward ? z->in : z->out, all = z->apart ? z->groups : out;
    const tiling t = pieces_of(c, z, backward);
    const int64_t first = u % t.across * t.wide;
    if (tc_chosen(&c->lists, backward ? TC_DX_BY_G : TC_Y_BY_X)) {
        const cut *b = &t.batch;
        const int64_t i = u / t.across, sample = i / b->bands * b->samples, top = i % b->bands * b->height;
        tc_conv_lines(c, backward, first, least(t.wide, all - first),
                      &(tc_conv_part){sample, least(b->samples, c->run->rows - sample), top,
                                      least(top + b->height, backward ? z->axis[0].in : z->axis[0].out)});
        return;
    }
    tc_conv v = {.in = in, .out = least(t.wide, all - first), .ldw = z->groups * out, .apart = z->apart};
    v.add = backward && c->add[X];
    for (int64_t g = 0; g < (z->apart ? 1 : z->groups); g++) {
        const int64_t unit = g * out + first;
        v.x = x + g * in, v.y = y + unit, v.w = w + unit;
        v.bias = bias ? bias + unit : NULL;
        rectangles(z, backward, c->run->rows, t.batch, u / t.across, &v, c->run->kernel->conv);
    }
}

void tc_conv_forward(const tc_call *c, int64_t begin, int64_t end)
{
    const sizes z = sizes_of(c);
    for (int64_t u = begin; u < end; u++) product(c, &z, false, c->x[X].data, c->x[W].data, c->x[B].data, c->y.data, u);
}

/* Turns the weights of a tap, group by group: [in, out] to [out, in]. */
static void turn(const tc_call *c, const sizes *z, int64_t tap)
{
    const int64_t units = z->groups * z->out, channels = z->groups * z->in;
    const float *w = c->x[W].data + tap * z->in * units;
    const int64_t at = tc_chosen(&c->lists, TC_DX_BY_G) ? tc_conv_turned_tap(c, tap) : tap;
    float *to = (float *)c->save + at * z->out * channels;
    for (int64_t g = 0; g < z->groups; g++)
        c->run->kernel->transpose(w + g * z->out, units, z->in, z->out, false, to + g * z->in, channels);
}

/* ---- dL/dw and dL/db ---- */

/* How many blocks dL/dw has across its units, and in all. */
static int64_t blocks_across(const sizes *z)
{
    return z->apart ? parts(z->groups, TC_CONV_BLOCK_OUT) : z->groups * parts(z->out, TC_CONV_BLOCK_OUT);
}

static int64_t blocks_of(const sizes *z) { return blocks_across(z) * parts(z->in, TC_CONV_BLOCK_IN); }

static void clear(const tc_conv *v, int64_t taps, int64_t pitch)
{
    for (int64_t t = 0; t < taps; t++)
        for (int64_t i = 0; i < v->in; i++) memset(v->w + t * pitch + i * v->ldw, 0, (size_t)v->out * sizeof *v->w);
}

/* Block u: some channels and units of a group, at all taps, over the samples in small parts, whose x and g stay in
 * cache while all taps read them. */
static void weights(const tc_call *c, const sizes *z, int64_t u)
{
    const int64_t across = blocks_across(z), units = z->groups * z->out, most = z->apart ? z->groups : z->out;
    const int64_t of_group = parts(most, TC_CONV_BLOCK_OUT), group = u % across / of_group;
    const int64_t i = u / across * TC_CONV_BLOCK_IN, o = u % across % of_group * TC_CONV_BLOCK_OUT,
                  unit = group * z->out + o;
    tc_conv v = {.in = least(TC_CONV_BLOCK_IN, z->in - i),
                 .out = least(TC_CONV_BLOCK_OUT, most - o),
                 .ldw = units,
                 .apart = z->apart};
    if (tc_chosen(&c->lists, TC_DW_BY_X) || tc_chosen(&c->lists, TC_DW_BY_G)) {
        tc_conv_taps(c, i, v.in, o, v.out);
        return;
    }
    v.x = c->x[X].data + group * z->in + (z->apart ? o : i);
    v.y = (float *)c->g + unit;
    v.w = c->d[W] + i * units + unit;
    if (!c->add[W]) clear(&v, z->taps, z->in * units);
    const double each = (double)(c->x[X].n / z->axis[0].out) / (double)parts(z->in, TC_CONV_BLOCK_IN) +
                        (double)z->axis[1].out * (double)v.out;
    const cut t = cut_of(c->run->rows, z->axis[0].out, each, NEAR);
    for (int64_t k = 0; k < t.pieces; k++) rectangles(z, false, c->run->rows, t, k, &v, c->run->kernel->conv_w);
}

tc_span tc_conv_span_back(const tc_call *c)
{
    const sizes z = sizes_of(c);
    if (c->phase == 0) return (tc_span){z.apart ? 0 : z.taps, 1};
    const int64_t dx = c->d[X] ? pieces_of(c, &z, true).pieces : 0, dw = c->d[W] ? blocks_of(&z) : 0;
    return (tc_span){dx + dw + (c->d[B] ? parts(z.groups * z.out, TC_CONV_BLOCK_OUT) : 0), 1};
}

void tc_conv_backward(const tc_call *c, int64_t begin, int64_t end)
{
    const sizes z = sizes_of(c);
    if (c->phase == 0) {
        for (int64_t u = begin; u < end; u++) turn(c, &z, u);
        return;
    }
    const int64_t dx = c->d[X] ? pieces_of(c, &z, true).pieces : 0, dw = c->d[W] ? blocks_of(&z) : 0;
    for (int64_t u = begin; u < end; u++) {
        const int64_t unit = (u - dx - dw) * TC_CONV_BLOCK_OUT, units = z.groups * z.out;
        if (u < dx)
            product(c, &z, true, c->g, z.apart ? c->x[W].data : c->save, NULL, c->d[X], u);
        else if (u < dx + dw)
            weights(c, &z, u - dx);
        else
            tc_column_sums(c->g + unit, c->run->rows * c->y.n / units, least(TC_CONV_BLOCK_OUT, units - unit), units,
                           c->d[B] + unit, c->add[B]);
    }
}
