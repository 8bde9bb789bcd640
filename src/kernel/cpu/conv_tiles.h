/* conv_tiles.h: the products of convolutions, straight from images [H, W, C] without patches (compare Georganas and
 * others: Anatomy of high-performance deep learning convolutions on SIMD architectures, SC 2018). Part of
 * instruction_set.h.
 *
 *     conv      a tile of y, Y_PIXELS pixels x two vectors of columns, stays in registers while taps and channels run
 *     conv_w    a tile of w, W_ROWS rows x two vectors of columns, stays in registers while the pixels run
 *
 * The pixels of a call are listed first, so that tiles are full whatever the width of the image. The operand that all
 * tiles of a strip of columns read, w or y, is copied side by side into a panel that fits into the first cache, filled
 * up with zeros; w only if there are enough pixels to pay for that, or if it has columns to fill up. A pixel's sum over
 * taps and channels has the same order in every tile. */

/* The largest tiles, and those for the pixels or rows that are left: their lists end with copies of the last, so that
 * few sizes serve for all. Narrow tiles, of one vector of columns, have no more pixels than there are registers to
 * point to them, and so many rows that loading y and the address of x hardly counts. */
enum { Y_PIXELS = LANES == 16 ? 14 : 6, Y_NARROW = 10, Y_HALF = LANES == 16 ? 8 : 4, FOUR = 4 };
enum { Y_LARGEST = Y_PIXELS > Y_NARROW ? Y_PIXELS : Y_NARROW };
enum { W_ROWS = LANES == 16 ? 8 : 6, W_NARROW = LANES == 16 ? 24 : 12, W_TAPS = 9, STRIP = 2 * LANES };

/* PANEL: rows of a panel of w. Y_LIST: pixels of a list for y; W_LIST: for w, where they are the rows of a panel.
 * Y_COPY: the most pixels for which w is not copied. */
enum { PANEL = 192, Y_LIST = 1024, W_LIST = 128, Y_COPY = 256 };

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

/* Puts the taps in the order of x, and counts adjacent ones, which are one run of x and of w, as one tap with more
 * channels. */
INLINE tc_conv joined(const tc_conv *of)
{
    tc_conv v = *of;
    for (int a = 0; a < 2; a++)
        if (v.tap[a].n > 1 && v.tap[a].x < 0) {
            v.x += (v.tap[a].n - 1) * v.tap[a].x, v.tap[a].x *= -1;
            v.w += (v.tap[a].n - 1) * v.tap[a].w, v.tap[a].w *= -1;
        }
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

/* Some rows of w for one strip, `pitch` apart, as runs: `n` rows from w on, to be multiplied with x from `at` on. */
typedef struct panel {
    int64_t rows, runs, pitch;
    struct {
        int64_t at, n;
        const float *w;
    } run[PANEL];
} panel;

/* Where the next row of w is. */
typedef struct w_walk {
    int64_t p, q, c;
} w_walk;

/* Adds a run, which may continue the last one. */
INLINE void add_run(panel *to, int64_t at, int64_t n, const float *w)
{
    const int64_t r = to->runs - 1;
    to->rows += n;
    if (r >= 0 && at - to->run[r].at == to->run[r].n && w - to->run[r].w == to->run[r].n * to->pitch) {
        to->run[r].n += n;
        return;
    }
    to->run[to->runs].at = at, to->run[to->runs].n = n, to->run[to->runs].w = w;
    to->runs++;
}

/* Fills a panel with the next rows of w; false after the last row. They are copied if `copy` is given, which has room
 * for them. */
static bool next_panel(const tc_conv *v, w_walk *at, const strip_of *s, panel *to, float *copy)
{
    to->rows = to->runs = 0;
    to->pitch = copy ? STRIP : v->ldw;
    for (; at->p < v->tap[0].n; at->p++, at->q = 0)
        for (; at->q < v->tap[1].n; at->q++, at->c = 0) {
            const float *w = v->w + at->p * v->tap[0].w + at->q * v->tap[1].w + at->c * v->ldw + s->j;
            const int64_t n = least(PANEL - to->rows, v->in - at->c);
            if (n == 0) return true;
            if (copy) {
                copy_rows(w, v->ldw, n, s, copy + to->rows * STRIP);
                w = copy + to->rows * STRIP;
            }
            add_run(to, at->p * v->tap[0].x + at->q * v->tap[1].x + at->c, n, w);
            at->c += n;
            if (at->c < v->in) return true;
        }
    return to->rows > 0;
}

/* A tile of y: from the bias (or from 0), or added to what is there; pixels and across are constants to the compiler. */
INLINE void y_tile(const int pixels, const int across, const pixel *at, const strip_of *s, const panel *w, bool add,
                   const float *bias)
{
    vec sum[Y_LARGEST][2], b[2];
    for (int h = 0; h < across; h++) b[h] = bias ? load_first(bias + s->j + h * LANES, s->n[h]) : (vec){0};
    UNROLL for (int i = 0; i < pixels; i++) for (int h = 0; h < across; h++)
        sum[i][h] = add ? load_first(at[i].y + s->j + h * LANES, s->n[h]) : b[h];
    const float *x[Y_LARGEST];
    UNROLL for (int i = 0; i < pixels; i++) x[i] = at[i].x;
    for (int64_t r = 0; r < w->runs; r++) {
        const float *row = w->run[r].w;
        for (int64_t c = w->run[r].at, end = c + w->run[r].n; c < end; c++, row += w->pitch) {
            for (int h = 0; h < across; h++) b[h] = load(row + h * LANES);
            for (int i = 0; i < pixels; i++)
                for (int h = 0; h < across; h++) sum[i][h] += x[i][c] * b[h];
        }
    }
    UNROLL for (int i = 0; i < pixels; i++) for (int h = 0; h < across; h++)
        store_first(at[i].y + s->j + h * LANES, sum[i][h], s->n[h]);
}

INLINE void y_tiles(const int across, const pixel *at, int64_t n, const strip_of *s, const panel *w, bool add,
                    const float *bias)
{
    const int most = across > 1 ? Y_PIXELS : Y_NARROW;
    for (; n > Y_HALF; n -= most, at += most) y_tile(most, across, at, s, w, add, bias);
    if (n > FOUR)
        y_tile(Y_HALF, across, at, s, w, add, bias);
    else if (n > 0)
        y_tile(FOUR, across, at, s, w, add, bias);
}

/* For strips that are whole the compiler makes tiles without masks. */
static void y_tiles_1(const pixel *at, int64_t n, const strip_of *s, const panel *w, bool add, const float *bias)
{
    const strip_of whole = {s->j, {LANES, LANES}};
    if (s->n[0] >= LANES)
        y_tiles(1, at, n, &whole, w, add, bias);
    else
        y_tiles(1, at, n, s, w, add, bias);
}

static void y_tiles_2(const pixel *at, int64_t n, const strip_of *s, const panel *w, bool add, const float *bias)
{
    const strip_of whole = {s->j, {LANES, LANES}};
    if (s->n[1] >= LANES)
        y_tiles(2, at, n, &whole, w, add, bias);
    else
        y_tiles(2, at, n, s, w, add, bias);
}

/* Channels that are apart: a tile of pixels x one vector of channels. */
INLINE void apart_tile(const int pixels, const tc_conv *v, const pixel *at, int64_t j, int64_t n)
{
    vec sum[Y_PIXELS];
    const vec bias = v->bias ? load_first(v->bias + j, n) : (vec){0};
    UNROLL for (int i = 0; i < pixels; i++) sum[i] = v->add ? load_first(at[i].y + j, n) : bias;
    for (int64_t p = 0; p < v->tap[0].n; p++)
        for (int64_t q = 0; q < v->tap[1].n; q++) {
            const vec w = load_first(v->w + p * v->tap[0].w + q * v->tap[1].w + j, n);
            const int64_t tap = p * v->tap[0].x + q * v->tap[1].x + j;
            UNROLL for (int i = 0; i < pixels; i++) sum[i] += load_first(at[i].x + tap, n) * w;
        }
    UNROLL for (int i = 0; i < pixels; i++) store_first(at[i].y + j, sum[i], n);
}

INLINE void apart_tiles(const tc_conv *v, const pixel *at, int64_t n, int64_t j, int64_t channels)
{
    for (; n > FOUR; n -= Y_PIXELS, at += Y_PIXELS) apart_tile(Y_PIXELS, v, at, j, channels);
    if (n > 0) apart_tile(FOUR, v, at, j, channels);
}

static void conv_apart(const tc_conv *of, const pixel *at, int64_t n)
{
    const tc_conv v = *of; /* so that stores to y cannot change it */
    for (int64_t j = 0; j < v.out; j += LANES) {
        if (v.out - j >= LANES)
            apart_tiles(&v, at, n, j, LANES);
        else
            apart_tiles(&v, at, n, j, v.out - j);
    }
}

static void conv_together(const tc_conv *v, const pixel *at, int64_t n)
{
    _Alignas(64) float copy[PANEL * STRIP];
    panel w;
    for (int64_t j = 0; j < v->out; j += STRIP) {
        const strip_of s = strip_at(v, j);
        const bool copies = n > Y_COPY || least(STRIP, v->out - j) % LANES > 0;
        w_walk next = {0};
        bool add = v->add;
        while (next_panel(v, &next, &s, &w, copies ? copy : NULL) || !add) {
            (s.n[1] > 0 ? y_tiles_2 : y_tiles_1)(at, n, &s, &w, add, add ? NULL : v->bias);
            add = true;
        }
    }
}

static void conv(const tc_conv *of)
{
    const tc_conv v = of->apart ? *of : joined(of);
    pixel at[Y_LIST + Y_LARGEST];
    walk next = {0};
    for (int64_t n; (n = list_pixels(&v, &next, Y_LIST, at)) > 0;) {
        for (int i = 0; i < Y_LARGEST; i++) at[n + i] = at[n - 1];
        (v.apart ? conv_apart : conv_together)(&v, at, n);
    }
}

/* ---- w ---- */

/* Rows of w that one tap has, and a part of them: the first is at w, `pitch` apart; its x is x away from each pixel. */
typedef struct w_run {
    int64_t x, pitch;
    float *w;
} w_run;

/* A tile of w; y is a panel, a row for each pixel. rows and across are constants to the compiler. */
INLINE void w_tile(const int rows, const int across, const pixel *at, int64_t n, const w_run *r, const strip_of *s,
                   const float *y)
{
    vec sum[W_NARROW][2], b[2];
    UNROLL for (int i = 0; i < rows; i++) for (int h = 0; h < across; h++)
        sum[i][h] = load_first(r->w + i * r->pitch + h * LANES, s->n[h]);
    const int64_t x = r->x;
    for (int64_t k = 0; k < n; k++, y += STRIP) {
        const float *p = at[k].x + x;
        if (rows == W_NARROW) __asm__("" : "+r"(p)); /* otherwise GCC keeps x + i in a register for each i */
        for (int h = 0; h < across; h++) b[h] = load(y + h * LANES);
        UNROLL for (int i = 0; i < rows; i++) for (int h = 0; h < across; h++) sum[i][h] += p[i] * b[h];
    }
    UNROLL for (int i = 0; i < rows; i++) for (int h = 0; h < across; h++)
        store_first(r->w + i * r->pitch + h * LANES, sum[i][h], s->n[h]);
}

typedef void w_fn(const pixel *at, int64_t n, const w_run *r, const strip_of *s, const float *y);

/* By the number of vectors and of rows. */
#if LANES == 16
#define W_EACH(DO, across)                                                                                             \
    DO(1, across) DO(2, across) DO(3, across) DO(4, across) DO(5, across) DO(6, across) DO(7, across) DO(8, across)
#else
#define W_EACH(DO, across) DO(1, across) DO(2, across) DO(3, across) DO(4, across) DO(5, across) DO(6, across)
#endif
#define W_TILE(rows, across)                                                                                           \
    static void w_tile_##rows##_##across(const pixel *at, int64_t n, const w_run *r, const strip_of *s,                \
                                         const float *y)                                                               \
    {                                                                                                                  \
        const strip_of whole = {s->j, {LANES, LANES}};                                                                 \
        if (s->n[across - 1] >= LANES)                                                                                 \
            w_tile(rows, across, at, n, r, &whole, y);                                                                 \
        else                                                                                                           \
            w_tile(rows, across, at, n, r, s, y);                                                                      \
    }
#define W_NAME(rows, across) w_tile_##rows##_##across,
W_EACH(W_TILE, 1)
W_EACH(W_TILE, 2)
W_TILE(W_NARROW, 1)
static w_fn *const w_tile_of[2][W_ROWS] = {{W_EACH(W_NAME, 1)}, {W_EACH(W_NAME, 2)}};

/* All rows of a tap: tiles that are as even as possible, after the largest if there is one vector of columns. */
INLINE void w_tap(const tc_conv *v, w_run r, const pixel *at, int64_t n, const strip_of *s, const float *y)
{
    for (int64_t left = v->in, rows; left > 0; left -= rows, r.x += rows, r.w += rows * r.pitch) {
        const int64_t tiles = (left + W_ROWS - 1) / W_ROWS;
        const bool narrow = s->n[1] <= 0 && left >= W_NARROW;
        rows = narrow ? W_NARROW : (left + tiles - 1) / tiles;
        (narrow ? w_tile_W_NARROW_1 : w_tile_of[s->n[1] > 0][rows - 1])(at, n, &r, s, y);
    }
}

static void conv_w_together(const tc_conv *v, const pixel *at, int64_t n)
{
    _Alignas(64) float copy[W_LIST * STRIP];
    for (int64_t j = 0; j < v->out; j += STRIP) {
        const strip_of s = strip_at(v, j);
        for (int64_t i = 0; i < n; i++) copy_rows(at[i].y + j, 0, 1, &s, copy + i * STRIP);
        for (int64_t p = 0; p < v->tap[0].n; p++)
            for (int64_t q = 0; q < v->tap[1].n; q++) {
                const w_run r = {p * v->tap[0].x + q * v->tap[1].x, v->ldw,
                                 v->w + p * v->tap[0].w + q * v->tap[1].w + j};
                w_tap(v, r, at, n, &s, copy);
            }
    }
}

/* Channels that are apart: the weights of one vector of channels at some taps, whose x are x[i] away from a pixel. */
INLINE void w_apart(const int taps, const bool whole, const pixel *at, int64_t n, const int64_t *x, float *const *w,
                    int64_t j, int64_t channels)
{
    const int64_t m = whole ? LANES : channels;
    vec sum[W_TAPS];
    UNROLL for (int i = 0; i < taps; i++) sum[i] = load_first(w[i], m);
    for (int64_t k = 0; k < n; k++) {
        const vec y = load_first(at[k].y + j, m);
        UNROLL for (int i = 0; i < taps; i++) sum[i] += load_first(at[k].x + x[i], m) * y;
    }
    UNROLL for (int i = 0; i < taps; i++) store_first(w[i], sum[i], m);
}

static void w_taps(const pixel *at, int64_t n, const int64_t *x, float *const *w, int64_t taps, int64_t j,
                   int64_t channels)
{
    if (channels >= LANES && taps > FOUR)
        w_apart(W_TAPS, true, at, n, x, w, j, channels);
    else if (channels >= LANES)
        w_apart(FOUR, true, at, n, x, w, j, channels);
    else
        w_apart(W_TAPS, false, at, n, x, w, j, channels);
}

static void conv_w_apart(const tc_conv *v, const pixel *at, int64_t n)
{
    const int64_t taps = v->tap[0].n * v->tap[1].n;
    for (int64_t j = 0; j < v->out; j += LANES)
        for (int64_t first = 0; first < taps; first += W_TAPS) {
            int64_t x[W_TAPS];
            float *w[W_TAPS];
            for (int64_t i = 0; i < W_TAPS; i++) {
                const int64_t tap = least(first + i, taps - 1), p = tap / v->tap[1].n, q = tap - p * v->tap[1].n;
                x[i] = p * v->tap[0].x + q * v->tap[1].x + j;
                w[i] = v->w + p * v->tap[0].w + q * v->tap[1].w + j;
            }
            w_taps(at, n, x, w, taps - first, j, v->out - j);
        }
}

static void conv_w(const tc_conv *of)
{
    const tc_conv v = of->apart ? *of : joined(of);
    const int64_t pixels = v.pixel[0].n * v.pixel[1].n * v.pixel[2].n, lists = (pixels + W_LIST - 1) / W_LIST;
    const int64_t most = pixels ? (pixels + lists - 1) / lists : 0;
    pixel at[W_LIST];
    walk next = {0};
    for (int64_t n; (n = list_pixels(&v, &next, most, at)) > 0;) (v.apart ? conv_w_apart : conv_w_together)(&v, at, n);
}
