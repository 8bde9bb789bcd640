/* conv_tiles.h: the products of convolutions, straight from images [H, W, C] without patches (the idea: Georganas and others,
 * Anatomy of high-performance deep learning convolutions on SIMD architectures, SC 2018). Part of instruction_set.h.
 *
 *     conv      a tile of y, Y_PIXELS pixels x two vectors of columns, stays in registers while taps and channels run
 *     conv_w    a tile of w, W_ROWS rows x two vectors of columns, stays in registers while the pixels run
 *
 * A tile has a pointer for each of its pixels, which may be in different rows and samples. So tiles are full whatever
 * the width of the image, and only the last ones of a call are smaller. */

enum { Y_PIXELS = LANES == 16 ? 14 : 6, W_ROWS = LANES == 16 ? 8 : 6 };

/* Adjacent taps, which are one run of x and of w, count as one tap with more channels. */
INLINE tc_conv joined(const tc_conv *of)
{
    tc_conv v = *of;
    for (int a = 1; a >= 0 && !v.apart; a--) {
        const bool run = v.tap[a].x == v.in && v.tap[a].w == v.in * v.ldw && (a == 1 || v.tap[1].n == 1);
        if (v.tap[a].n != 1 && !run) continue;
        v.in *= v.tap[a].n;
        v.tap[a].n = 1;
    }
    return v;
}

/* What columns [j, j + n) are multiplied by: the same x, or if they are apart each its own. */
INLINE vec factor(const bool apart, const float *x, int64_t j, int64_t n)
{
    if (apart) return load_first(x + j, n);
    return *x - (vec){0};
}

/* ---- y ---- */

/* Where the next pixel is. */
typedef struct walk {
    int64_t sample, row, column;
} walk;

INLINE void step(const tc_conv *v, walk *at)
{
    if (++at->column < v->pixel[2].n) return;
    at->column = 0;
    if (++at->row < v->pixel[1].n) return;
    at->row = 0;
    at->sample++;
}

/* The next `pixels` pixels: where they begin in x and y. */
INLINE void take(const tc_conv *v, walk *at, int64_t pixels, const float *x[Y_PIXELS], float *y[Y_PIXELS])
{
    for (int64_t i = 0; i < pixels; i++, step(v, at)) {
        x[i] = v->x + at->sample * v->pixel[0].x + at->row * v->pixel[1].x + at->column * v->pixel[2].x;
        y[i] = v->y + at->sample * v->pixel[0].y + at->row * v->pixel[1].y + at->column * v->pixel[2].y;
    }
}

/* A tile of y from column j on; all arguments but v, at and j are constants to the compiler. whole: the last vector is
 * whole. */
INLINE void conv_tile(const int pixels, const int across, const bool whole, const tc_conv *v, walk *at, int64_t j)
{
    const float *x[Y_PIXELS];
    float *y[Y_PIXELS];
    vec sum[Y_PIXELS][2], b[2];
    int64_t n[2];
    take(v, at, pixels, x, y);
    for (int h = 0; h < across; h++) {
        n[h] = whole || h + 1 < across ? LANES : v->out - j - h * LANES;
        const vec bias = v->bias && !v->add ? load_first(v->bias + j + h * LANES, n[h]) : (vec){0};
        for (int i = 0; i < pixels; i++) sum[i][h] = v->add ? load_first(y[i] + j + h * LANES, n[h]) : bias;
    }
    for (int64_t p = 0; p < v->tap[0].n; p++)
        for (int64_t q = 0; q < v->tap[1].n; q++) {
            const float *w = v->w + p * v->tap[0].w + q * v->tap[1].w + j;
            const int64_t first = p * v->tap[0].x + q * v->tap[1].x, last = first + v->in;
            if (v->apart) {
                for (int h = 0; h < across; h++) b[h] = load_first(w + h * LANES, n[h]);
                for (int i = 0; i < pixels; i++)
                    for (int h = 0; h < across; h++) sum[i][h] += load_first(x[i] + first + j + h * LANES, n[h]) * b[h];
                continue;
            }
            for (int64_t c = first; c < last; c++, w += v->ldw) {
                for (int h = 0; h < across; h++) b[h] = load_first(w + h * LANES, n[h]);
                UNROLL for (int i = 0; i < pixels; i++) for (int h = 0; h < across; h++) sum[i][h] += x[i][c] * b[h];
            }
        }
    for (int i = 0; i < pixels; i++)
        for (int h = 0; h < across; h++) store_first(y[i] + j + h * LANES, sum[i][h], n[h]);
}

INLINE void conv_strip(const int across, const bool whole, const tc_conv *v, int64_t j)
{
    int64_t left = v->pixel[0].n * v->pixel[1].n * v->pixel[2].n;
    walk at = {0};
    for (; left >= Y_PIXELS; left -= Y_PIXELS) conv_tile(Y_PIXELS, across, whole, v, &at, j);
    for (; left >= 4; left -= 4) conv_tile(4, across, whole, v, &at, j);
    for (; left > 0; left--) conv_tile(1, across, whole, v, &at, j);
}

typedef void conv_fn(const tc_conv *v, int64_t j);

/* By the number of vectors, and by whether the last is whole. */
#define CONV_OF(across, whole)                                                                                         \
    static void conv_##across##_##whole(const tc_conv *v, int64_t j) { conv_strip(across, whole, v, j); }
CONV_OF(1, 0)
CONV_OF(1, 1)
CONV_OF(2, 0)
CONV_OF(2, 1)
static conv_fn *const conv_of[2][2] = {{conv_1_0, conv_1_1}, {conv_2_0, conv_2_1}};

static void conv(const tc_conv *of)
{
    const tc_conv v = joined(of);
    for (int64_t j = 0; j < v.out; j += 2 * LANES) {
        const int64_t n = least(2 * LANES, v.out - j);
        conv_of[n > LANES][n % LANES == 0](&v, j);
    }
}

/* ---- w ---- */

/* Where row r of w, counted over taps and channels, is in x and in w. */
typedef struct w_row {
    int64_t x, w;
} w_row;

INLINE w_row row_of(const tc_conv *v, int64_t r)
{
    const int64_t tap = r / v->in, c = r - tap * v->in, p = tap / v->tap[1].n, q = tap - p * v->tap[1].n;
    return (w_row){p * v->tap[0].x + q * v->tap[1].x + c, p * v->tap[0].w + q * v->tap[1].w + c * v->ldw};
}

/* A tile of w from row r and column j on. */
INLINE void conv_w_tile(const int rows, const int across, const bool whole, const tc_conv *v, int64_t r, int64_t j)
{
    w_row row[W_ROWS];
    vec sum[W_ROWS][2], b[2];
    int64_t n[2];
    for (int i = 0; i < rows; i++) row[i] = row_of(v, r + i);
    for (int h = 0; h < across; h++) {
        n[h] = whole || h + 1 < across ? LANES : v->out - j - h * LANES;
        for (int i = 0; i < rows; i++) sum[i][h] = load_first(v->w + row[i].w + j + h * LANES, n[h]);
    }
    for (int64_t s = 0; s < v->pixel[0].n; s++)
        for (int64_t k = 0; k < v->pixel[1].n; k++) {
            const float *x = v->x + s * v->pixel[0].x + k * v->pixel[1].x;
            const float *y = v->y + s * v->pixel[0].y + k * v->pixel[1].y + j;
            for (int64_t l = 0; l < v->pixel[2].n; l++, x += v->pixel[2].x, y += v->pixel[2].y) {
                for (int h = 0; h < across; h++) b[h] = load_first(y + h * LANES, n[h]);
                for (int i = 0; i < rows; i++)
                    for (int h = 0; h < across; h++)
                        sum[i][h] += factor(v->apart, x + row[i].x, j + h * LANES, n[h]) * b[h];
            }
        }
    for (int i = 0; i < rows; i++)
        for (int h = 0; h < across; h++) store_first(v->w + row[i].w + j + h * LANES, sum[i][h], n[h]);
}

INLINE void conv_w_strip(const int across, const bool whole, const tc_conv *v, int64_t j)
{
    const int64_t n = v->tap[0].n * v->tap[1].n * v->in;
    int64_t r = 0;
    for (; r + W_ROWS <= n; r += W_ROWS) conv_w_tile(W_ROWS, across, whole, v, r, j);
    for (; r + 4 <= n; r += 4) conv_w_tile(4, across, whole, v, r, j);
    for (; r < n; r++) conv_w_tile(1, across, whole, v, r, j);
}

#define CONV_W_OF(across, whole)                                                                                       \
    static void conv_w_##across##_##whole(const tc_conv *v, int64_t j) { conv_w_strip(across, whole, v, j); }
CONV_W_OF(1, 0)
CONV_W_OF(1, 1)
CONV_W_OF(2, 0)
CONV_W_OF(2, 1)
static conv_fn *const conv_w_of[2][2] = {{conv_w_1_0, conv_w_1_1}, {conv_w_2_0, conv_w_2_1}};

static void conv_w(const tc_conv *v)
{
    for (int64_t j = 0; j < v->out; j += 2 * LANES) {
        const int64_t n = least(2 * LANES, v->out - j);
        conv_w_of[n > LANES][n % LANES == 0](v, j);
    }
}
