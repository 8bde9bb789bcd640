/* firing_images.h: the products of convolutions in which an image is given by its list, line by line. Part of
 * instruction_set.h.
 *
 *     line_sum    a pixel of the result stays in registers. The pixels that its taps touch are adjacent in a line, and so
 *                 are their entries: one run of the list, whatever the stride
 *     tap_sum     all taps of a unit stay in registers. First the entries are sorted by unit, and the part of the other
 *                 image that they touch is copied next to zeros, so that no tap of an entry needs a test */

/* ---- y ---- */

enum { LINE_TILE = 4 }; /* vectors */

/* `across` vectors of y's columns from column k on. Entries go to two sums in turn, which are added at the end: one alone
 * would wait for its last addition. */
INLINE void line_tile(const int across, const tc_line_sum *s, int64_t k)
{
    const tc_firing *x = s->x;
    const int64_t pixels = x->parts, channels = x->n / pixels, width = s->width, end = (int64_t)(across - 1) * LANES;
    const int32_t *ends = x->count + s->line * pixels;
    const tc_entry *list = x->in_row + s->line * x->pitch;
    const float *w = s->w + k;
    const some last = some_of(least(LANES, s->cols - k - end));
    for (int64_t j = 0; j < s->n; j++) {
        const int64_t first = s->first + j * s->step, after = least(first + s->taps, pixels), base = first * channels;
        int64_t p = first > 0 ? ends[least(first, pixels) - 1] : 0;
        const int64_t to = after > 0 ? ends[after - 1] : 0;
        float *y = s->y + j * s->pitch + k;
        vec sum[LINE_TILE], other[LINE_TILE];
        UNROLL for (int v = 0; v < across; v++) other[v] = (vec){0};
        UNROLL for (int v = 0; v < across - 1; v++) sum[v] = load(y + v * LANES);
        sum[across - 1] = load_some(y + end, last);
        for (; p + 2 <= to; p += 2) {
            const float *a = w + (list[p].at - base) * width, *b = w + (list[p + 1].at - base) * width;
            UNROLL for (int v = 0; v < across; v++) sum[v] += list[p].value * load(a + v * LANES);
            UNROLL for (int v = 0; v < across; v++) other[v] += list[p + 1].value * load(b + v * LANES);
        }
        if (p < to) {
            const float *a = w + (list[p].at - base) * width;
            UNROLL for (int v = 0; v < across; v++) sum[v] += list[p].value * load(a + v * LANES);
        }
        UNROLL for (int v = 0; v < across - 1; v++) store(y + v * LANES, sum[v] + other[v]);
        store_some(y + end, sum[across - 1] + other[across - 1], last);
    }
}

/* Prefetches the entries of line `line`, supposing `count` of them. */
INLINE void ask_for_line(const tc_firing *x, int64_t line, int64_t count)
{
    enum { AHEAD = 8 }; /* entries of a cache line */
    if (line >= x->rows) return;
    __builtin_prefetch(x->count + line * x->parts);
    for (int64_t p = 0; p < count; p += AHEAD) __builtin_prefetch(x->in_row + line * x->pitch + p);
}

static void line_sum(const tc_line_sum *s)
{
    ask_for_line(s->x, s->line + 1, s->x->count[(s->line + 1) * s->x->parts - 1]);
    for (int64_t k = 0; k < s->cols; k += LINE_TILE * LANES) {
        const int64_t across = vectors(least(LINE_TILE * LANES, s->cols - k));
        if (across == 1) line_tile(1, s, k);
        if (across == 2) line_tile(2, s, k);
        if (across == 3) line_tile(3, s, k);
        if (across == 4) line_tile(4, s, k);
    }
}

/* ---- w ---- */

enum { TAP_TILE = LANES == 16 ? 2 : 1 }; /* vectors, so that 3 x 3 taps of them stay in registers */
_Static_assert(TC_TAP_COLUMNS % (TAP_TILE * LANES) == 0, "a tile must not be wider than the scratch");

/* The image a, from the first pixel that is read, for one tile of columns: [high, wide, TAP_TILE vectors]. */
typedef struct near_pixels {
    int64_t high, wide;
    float *at;
} near_pixels;

/* Copies columns [k, k + n) of the pixels of a that are read, with zeros around the image and after the columns. */
static void copy_near(const tc_tap_sum *s, const near_pixels *to, int64_t k, int64_t n)
{
    const int64_t width = TAP_TILE * LANES, first = least(s->at[1] < 0 ? -s->at[1] : 0, to->wide);
    const int64_t end = least(to->wide, s->size[1] - s->at[1] > first ? s->size[1] - s->at[1] : first);
    for (int64_t i = 0; i < to->high; i++) {
        const int64_t line = s->at[0] + i;
        const bool inside = line >= 0 && line < s->size[0];
        const int64_t begin = inside ? first : 0, stop = inside ? end : 0;
        float *row = to->at + i * to->wide * width;
        const float *from = s->a + (inside ? (line * s->size[1] + s->at[1] + begin) * s->pitch + k : 0);
        memset(row, 0, (size_t)(begin * width) * sizeof *row);
        for (int64_t j = begin; j < stop; j++, from += s->pitch) {
            if (n == width) {
                UNROLL for (int v = 0; v < TAP_TILE; v++) store(row + j * width + v * LANES, load(from + v * LANES));
                continue;
            }
            for (int64_t v = 0; v < TAP_TILE; v++) {
                const int64_t left = n - v * LANES;
                store(row + j * width + v * LANES,
                      left > 0 ? load_some(from + v * LANES, some_of(least(left, LANES))) : (vec){0});
            }
        }
        memset(row + stop * width, 0, (size_t)((to->wide - stop) * width) * sizeof *row);
    }
}

/* Sorts the entries by unit; `at` is then where the first tap is in the copied pixels. Those of other units go to one
 * more list, whose count stays 0, since a branch would often be predicted wrongly. */
static void sort_by_unit(const tc_tap_sum *s, int64_t wide, tc_entry *list, int32_t *count)
{
    enum { BITS = 48 };
    const tc_firing *x = s->x;
    const int64_t pixels = x->parts, channels = x->n / pixels, most = s->lines * pixels;
    /* Exact for lines of less than 2^24 numbers; at * share is then below 2^64 for up to 2^15 pixels. */
    const uint64_t share = (UINT64_C(1) << BITS) / (uint64_t)channels + 1;
    memset(count, 0, (size_t)(s->units + 1) * sizeof *count);
    for (int64_t i = 0; i < s->lines; i++) {
        const int64_t row = s->line + i, n = x->count[(row + 1) * pixels - 1];
        const int64_t begin = i * s->stride[0] * wide;
        const tc_entry *from = x->in_row + row * x->pitch;
        ask_for_line(x, row + 1, n);
        for (int64_t p = 0; p < n; p++) {
            const int64_t at = from[p].at, pixel = (int64_t)((uint64_t)at * share >> BITS);
            const int64_t unit = at - pixel * channels - s->unit, to = begin + pixel * s->stride[1];
            const bool wanted = (uint64_t)unit < (uint64_t)s->units;
            const int64_t u = wanted ? unit : s->units;
            list[u * most + count[u]] = (tc_entry){(int32_t)(to * TAP_TILE * LANES), from[p].value};
            count[u] += wanted;
        }
    }
}

/* Adds the entries of one unit to its sums at taps [p, p + down) x [q, q + right). */
INLINE void some_taps(const int down, const int right, const tc_tap_sum *s, const near_pixels *near, int64_t p,
                      int64_t q, const tc_entry *list, int64_t count, float *sum)
{
    const int64_t width = TAP_TILE * LANES, row = s->dilation[0] * near->wide * width, step = s->dilation[1] * width;
    const float *at = near->at + p * row + q * step;
    vec total[9][TAP_TILE];
    UNROLL for (int a = 0; a < down; a++) UNROLL for (int b = 0; b < right; b++)
        UNROLL for (int v = 0; v < TAP_TILE; v++)
            total[a * right + b][v] = load(sum + ((p + a) * s->taps[1] + q + b) * s->width + v * LANES);
    for (int64_t e = 0; e < count; e++) {
        const float x = list[e].value, *from = at + list[e].at;
        UNROLL for (int a = 0; a < down; a++, from += row) UNROLL for (int b = 0; b < right; b++)
            UNROLL for (int v = 0; v < TAP_TILE; v++) total[a * right + b][v] += x * load(from + b * step + v * LANES);
    }
    UNROLL for (int a = 0; a < down; a++) UNROLL for (int b = 0; b < right; b++)
        UNROLL for (int v = 0; v < TAP_TILE; v++)
            store(sum + ((p + a) * s->taps[1] + q + b) * s->width + v * LANES, total[a * right + b][v]);
}

static void all_taps(const tc_tap_sum *s, const near_pixels *near, const tc_entry *list, int64_t count, float *sum)
{
    if (s->taps[0] == 3 && s->taps[1] == 3) {
        some_taps(3, 3, s, near, 0, 0, list, count, sum);
        return;
    }
    for (int64_t p = 0; p < s->taps[0]; p++) {
        int64_t q = 0;
        for (; q + 3 <= s->taps[1]; q += 3) some_taps(1, 3, s, near, p, q, list, count, sum);
        for (; q < s->taps[1]; q++) some_taps(1, 1, s, near, p, q, list, count, sum);
    }
}

static void tap_sum(const tc_tap_sum *s)
{
    const int64_t pixels = s->x->parts, most = s->lines * pixels, width = TAP_TILE * LANES;
    const near_pixels near = {(s->lines - 1) * s->stride[0] + (s->taps[0] - 1) * s->dilation[0] + 1,
                              (pixels - 1) * s->stride[1] + (s->taps[1] - 1) * s->dilation[1] + 1, s->scratch};
    tc_entry *list = (tc_entry *)(void *)(near.at + near.high * near.wide * width);
    int32_t *count = (int32_t *)(void *)(list + s->units * most + 1);
    sort_by_unit(s, near.wide, list, count);
    for (int64_t k = 0; k < s->cols; k += width) {
        copy_near(s, &near, k, least(width, s->cols - k));
        for (int64_t u = 0; u < s->units; u++)
            all_taps(s, &near, list + u * most, count[u], s->sum + u * s->taps[0] * s->taps[1] * s->width + k);
    }
}
