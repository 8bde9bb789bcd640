/* conv_tiles.h: the products of convolutions, straight from images [H, W, C] without patches (compare Georganas and
 * others: Anatomy of high-performance deep learning convolutions on SIMD architectures, SC 2018). Part of
 * instruction_set.h.
 *
 *     conv      a tile of y, Y_PIXELS pixels x two vectors of columns, stays in registers while taps and channels run
 *     conv_w    a tile of w, W_ROWS rows x two vectors of columns, stays in registers while the pixels run
 *
 * The pixels of a call are listed first. So tiles are full whatever the width of the image, and only the last ones are
 * smaller. The operand that all tiles of a strip of columns read, w or y, is copied side by side into a panel that fits
 * into the first cache, filled up with zeros. A pixel's sum over taps and channels has the same order in every tile. */

enum { Y_PIXELS = LANES == 16 ? 14 : 6, W_ROWS = LANES == 16 ? 8 : 6, STRIP = 2 * LANES };

/* PANEL: rows of a panel of w. Y_LIST: pixels of a list for y; W_LIST: for w, where they are the rows of a panel. */
enum { PANEL = 192, Y_LIST = 1024, W_LIST = 128 };

typedef struct pixel {
    const float *x;
    float *y;
} pixel;

/* Where the next pixel is. */
typedef struct walk {
    int64_t sample, row, column;
} walk;

/* Lists the next pixels, at most `most`. Returns their number. */
static int64_t list_pixels(const tc_conv *v, walk *at, int64_t most, pixel *to)
{
    int64_t n = 0;
    for (; at->sample < v->pixel[0].n; at->sample++, at->row = 0)
        for (; at->row < v->pixel[1].n; at->row++, at->column = 0) {
            const float *x = v->x + at->sample * v->pixel[0].x + at->row * v->pixel[1].x;
            float *y = v->y + at->sample * v->pixel[0].y + at->row * v->pixel[1].y;
            for (; at->column < v->pixel[2].n; at->column++) {
                if (n == most) return n;
                to[n++] = (pixel){x + at->column * v->pixel[2].x, y + at->column * v->pixel[2].y};
            }
        }
    return n;
}

/* Adjacent taps, which are one run of x and of w, count as one tap with more channels. */
INLINE tc_conv joined(const tc_conv *of)
{
    tc_conv v = *of;
    for (int a = 1; a >= 0; a--) {
        const bool run = v.tap[a].x == v.in && v.tap[a].w == v.in * v.ldw;
        if (v.tap[a].n == 0 || (v.tap[a].n > 1 && !run)) break;
        v.in *= v.tap[a].n;
        v.tap[a].n = 1;
    }
    return v;
}

/* Columns of a strip that exist. */
typedef struct strip_of {
    int64_t j, n[2];
} strip_of;

INLINE strip_of strip_at(const tc_conv *v, int64_t j)
{
    return (strip_of){j, {least(LANES, v->out - j), least(LANES, v->out - j - LANES)}};
}

/* Copies `rows` rows of the strip, `pitch` apart. */
INLINE void copy_rows(const float *from, int64_t pitch, int64_t rows, const strip_of *s, float *to)
{
    for (int64_t i = 0; i < rows; i++, from += pitch, to += STRIP)
        for (int h = 0; h < 2; h++)
            if (s->n[h] > 0) store(to + h * LANES, load_first(from + h * LANES, s->n[h]));
}

/* ---- y ---- */

/* Some rows of w, [rows][pitch], for one strip, as runs: of `n` rows each, which x from `at` on is multiplied with. */
typedef struct panel {
    int64_t rows, runs, pitch;
    const float *w;
    struct {
        int64_t at, n;
    } run[PANEL];
} panel;

/* Where the next row of w is. */
typedef struct w_walk {
    int64_t p, q, c;
} w_walk;

/* Fills a panel with the next rows of w; false if there are no more. `copy` has room for it. */
static bool next_panel(const tc_conv *v, w_walk *at, const strip_of *s, bool copies, panel *to, float *copy)
{
    to->rows = to->runs = 0;
    to->w = copies ? copy : NULL;
    to->pitch = copies ? STRIP : v->ldw;
    for (; at->p < v->tap[0].n; at->p++, at->q = 0)
        for (; at->q < v->tap[1].n; at->q++, at->c = 0) {
            const float *w = v->w + at->p * v->tap[0].w + at->q * v->tap[1].w + at->c * v->ldw + s->j;
            const int64_t n = least(PANEL - to->rows, v->in - at->c);
            if (n == 0 || (!copies && to->rows > 0)) return true;
            if (copies)
                copy_rows(w, v->ldw, n, s, copy + to->rows * STRIP);
            else
                to->w = w;
            to->run[to->runs].at = at->p * v->tap[0].x + at->q * v->tap[1].x + at->c;
            to->run[to->runs++].n = n;
            to->rows += n;
            at->c += n;
            if (at->c < v->in) return true;
        }
    return to->rows > 0;
}

/* A tile of y: from the bias (or from 0), or added to what is there; pixels and across are constants to the compiler. */
INLINE void y_tile(const int pixels, const int across, const pixel *at, const strip_of *s, const panel *w, bool add,
                   const float *bias)
{
    vec sum[Y_PIXELS][2], b[2];
    for (int h = 0; h < across; h++) {
        const vec first = bias ? load_first(bias + s->j + h * LANES, s->n[h]) : (vec){0};
        for (int i = 0; i < pixels; i++) sum[i][h] = add ? load_first(at[i].y + s->j + h * LANES, s->n[h]) : first;
    }
    const float *x[Y_PIXELS], *row = w->w;
    for (int i = 0; i < pixels; i++) x[i] = at[i].x;
    for (int64_t r = 0; r < w->runs; r++)
        for (int64_t c = w->run[r].at, end = c + w->run[r].n; c < end; c++, row += w->pitch) {
            for (int h = 0; h < across; h++) b[h] = load(row + h * LANES);
            for (int i = 0; i < pixels; i++)
                for (int h = 0; h < across; h++) sum[i][h] += x[i][c] * b[h];
        }
    for (int i = 0; i < pixels; i++)
        for (int h = 0; h < across; h++) store_first(at[i].y + s->j + h * LANES, sum[i][h], s->n[h]);
}

INLINE void y_tiles(const int across, const pixel *at, int64_t n, const strip_of *s, const panel *w, bool add,
                    const float *bias)
{
    for (; n >= Y_PIXELS; n -= Y_PIXELS, at += Y_PIXELS) y_tile(Y_PIXELS, across, at, s, w, add, bias);
    for (; n >= 4; n -= 4, at += 4) y_tile(4, across, at, s, w, add, bias);
    for (; n > 0; n--, at++) y_tile(1, across, at, s, w, add, bias);
}

static void y_tiles_1(const pixel *at, int64_t n, const strip_of *s, const panel *w, bool add, const float *bias)
{
    y_tiles(1, at, n, s, w, add, bias);
}

static void y_tiles_2(const pixel *at, int64_t n, const strip_of *s, const panel *w, bool add, const float *bias)
{
    y_tiles(2, at, n, s, w, add, bias);
}

/* Channels that are apart: a tile of pixels x one vector of channels. */
INLINE void apart_tile(const int pixels, const tc_conv *v, const pixel *at, int64_t j, int64_t n)
{
    vec sum[Y_PIXELS];
    const vec bias = v->bias ? load_first(v->bias + j, n) : (vec){0};
    for (int i = 0; i < pixels; i++) sum[i] = v->add ? load_first(at[i].y + j, n) : bias;
    for (int64_t p = 0; p < v->tap[0].n; p++)
        for (int64_t q = 0; q < v->tap[1].n; q++) {
            const vec w = load_first(v->w + p * v->tap[0].w + q * v->tap[1].w + j, n);
            const int64_t tap = p * v->tap[0].x + q * v->tap[1].x + j;
            for (int i = 0; i < pixels; i++) sum[i] += load_first(at[i].x + tap, n) * w;
        }
    for (int i = 0; i < pixels; i++) store_first(at[i].y + j, sum[i], n);
}

static void conv_apart(const tc_conv *v, const pixel *at, int64_t n)
{
    for (int64_t j = 0; j < v->out; j += LANES) {
        const int64_t m = least(LANES, v->out - j);
        int64_t i = 0;
        for (; i + Y_PIXELS <= n; i += Y_PIXELS) apart_tile(Y_PIXELS, v, at + i, j, m);
        for (; i < n; i++) apart_tile(1, v, at + i, j, m);
    }
}

static void conv_together(const tc_conv *v, const pixel *at, int64_t n)
{
    float copy[PANEL * STRIP];
    panel w;
    for (int64_t j = 0; j < v->out; j += STRIP) {
        const strip_of s = strip_at(v, j);
        const bool copies = n > Y_PIXELS || v->out - j < STRIP;
        w_walk next = {0};
        bool add = v->add;
        while (next_panel(v, &next, &s, copies, &w, copy) || !add) {
            (s.n[1] > 0 ? y_tiles_2 : y_tiles_1)(at, n, &s, &w, add, add ? NULL : v->bias);
            add = true;
        }
    }
}

static void conv(const tc_conv *of)
{
    const tc_conv v = of->apart ? *of : joined(of);
    pixel at[Y_LIST];
    walk next = {0};
    for (int64_t n; (n = list_pixels(&v, &next, Y_LIST, at)) > 0;) (v.apart ? conv_apart : conv_together)(&v, at, n);
}

/* ---- w ---- */

/* A tile of w: rows whose x is at[i].x + row[i].x. */
typedef struct w_row {
    int64_t x;
    float *w;
} w_row;

INLINE void w_tile(const int rows, const int across, const pixel *at, int64_t n, const w_row *row, const strip_of *s,
                   const float *y, int64_t pitch)
{
    vec sum[W_ROWS][2], b[2];
    int64_t x[W_ROWS];
    for (int i = 0; i < rows; i++) {
        x[i] = row[i].x;
        for (int h = 0; h < across; h++) sum[i][h] = load_first(row[i].w + h * LANES, s->n[h]);
    }
    for (int64_t k = 0; k < n; k++, y += pitch) {
        for (int h = 0; h < across; h++) b[h] = load(y + h * LANES);
        for (int i = 0; i < rows; i++)
            for (int h = 0; h < across; h++) sum[i][h] += at[k].x[x[i]] * b[h];
    }
    for (int i = 0; i < rows; i++)
        for (int h = 0; h < across; h++) store_first(row[i].w + h * LANES, sum[i][h], s->n[h]);
}

/* The next rows of w, at most W_ROWS. */
INLINE int64_t next_rows(const tc_conv *v, w_walk *at, int64_t j, w_row row[W_ROWS])
{
    int64_t n = 0;
    for (; at->p < v->tap[0].n; at->p++, at->q = 0)
        for (; at->q < v->tap[1].n; at->q++, at->c = 0) {
            const int64_t x = at->p * v->tap[0].x + at->q * v->tap[1].x;
            float *w = v->w + at->p * v->tap[0].w + at->q * v->tap[1].w + j;
            for (; at->c < v->in; at->c++) {
                if (n == W_ROWS) return n;
                row[n++] = (w_row){x + at->c, w + at->c * v->ldw};
            }
        }
    return n;
}

INLINE void w_tiles(const int across, const tc_conv *v, const pixel *at, int64_t n, const strip_of *s, const float *y)
{
    w_row row[W_ROWS];
    w_walk next = {0};
    for (int64_t rows; (rows = next_rows(v, &next, s->j, row)) > 0;) {
        if (rows == W_ROWS) {
            w_tile(W_ROWS, across, at, n, row, s, y, STRIP);
            continue;
        }
        int64_t i = 0;
        for (; i + 4 <= rows; i += 4) w_tile(4, across, at, n, row + i, s, y, STRIP);
        for (; i < rows; i++) w_tile(1, across, at, n, row + i, s, y, STRIP);
    }
}

static void w_tiles_1(const tc_conv *v, const pixel *at, int64_t n, const strip_of *s, const float *y)
{
    w_tiles(1, v, at, n, s, y);
}

static void w_tiles_2(const tc_conv *v, const pixel *at, int64_t n, const strip_of *s, const float *y)
{
    w_tiles(2, v, at, n, s, y);
}

static void conv_w_together(const tc_conv *v, const pixel *at, int64_t n)
{
    float copy[W_LIST * STRIP];
    for (int64_t j = 0; j < v->out; j += STRIP) {
        const strip_of s = strip_at(v, j);
        for (int64_t i = 0; i < n; i++) copy_rows(at[i].y + j, 0, 1, &s, copy + i * STRIP);
        (s.n[1] > 0 ? w_tiles_2 : w_tiles_1)(v, at, n, &s, copy);
    }
}

/* Channels that are apart: one vector of w, in four sums that do not wait for each other. */
static void conv_w_apart(const tc_conv *v, const pixel *at, int64_t n)
{
    enum { SUMS = 4 };
    for (int64_t j = 0; j < v->out; j += LANES)
        for (int64_t p = 0; p < v->tap[0].n; p++)
            for (int64_t q = 0; q < v->tap[1].n; q++) {
                const int64_t m = least(LANES, v->out - j), x = p * v->tap[0].x + q * v->tap[1].x + j;
                float *w = v->w + p * v->tap[0].w + q * v->tap[1].w + j;
                vec sum[SUMS] = {{0}};
                int64_t k = 0;
                for (; k + SUMS <= n; k += SUMS)
                    for (int i = 0; i < SUMS; i++)
                        sum[i] += load_first(at[k + i].x + x, m) * load_first(at[k + i].y + j, m);
                for (; k < n; k++) sum[0] += load_first(at[k].x + x, m) * load_first(at[k].y + j, m);
                store_first(w, load_first(w, m) + ((sum[0] + sum[1]) + (sum[2] + sum[3])), m);
            }
}

static void conv_w(const tc_conv *of)
{
    const tc_conv v = of->apart ? *of : joined(of);
    pixel at[W_LIST];
    walk next = {0};
    for (int64_t n; (n = list_pixels(&v, &next, W_LIST, at)) > 0;) (v.apart ? conv_w_apart : conv_w_together)(&v, at, n);
}
