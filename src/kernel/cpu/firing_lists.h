/* firing_lists.h: makes firing lists. Part of instruction_set.h. */

/* The nonzero lanes of GROUP vectors, as bits. */
enum { GROUP = 64 / LANES, FEW = LANES == 16 ? 24 : 20 };

INLINE uint64_t group_of(const float *x)
{
    uint64_t on = 0;
    UNROLL for (int v = 0; v < GROUP; v++) on |= (uint64_t)nonzero(load(x + v * LANES)) << v * LANES;
    return on;
}

/* Lists the nonzero ones of 64 elements of a row, from element j on, `on`: a vector at a time or, if they are few and
 * vectors are short, one by one. */
INLINE int64_t fire_group(const float *x, uint64_t on, int64_t j, tc_entry *to)
{
    int64_t count = 0;
    if (__builtin_popcountll(on) > FEW) {
        UNROLL for (int v = 0; v < GROUP; v++)
            count += pick(load(x + j + v * LANES), (int32_t)(j + v * LANES), to + count);
        return count;
    }
#if LANES == 16
    if (!on) return 0;
    UNROLL for (int v = 0; v < GROUP; v++)
        count += pick_few(load(x + j + v * LANES), (int32_t)(j + v * LANES), to + count);
#else
    for (; on; on &= on - 1) {
        const int64_t at = j + __builtin_ctzll(on);
        to[count++] = (tc_entry){(int32_t)at, x[at]};
    }
#endif
    return count;
}

/* The nonzero ones of the last elements of a row, fewer than 64. */
INLINE int64_t fire_last(const float *x, int64_t j, int64_t n, uint64_t *on, tc_entry *to)
{
    int64_t count = 0;
    *on = 0;
    for (int64_t at = j; at < n; at += LANES) {
        const vec v = load_first(x + at, n - at);
        *on |= (uint64_t)nonzero(v) << (at - j);
        count += pick(v, (int32_t)at, to + count);
    }
    return count;
}

/* Row i, 64 elements at a time, however short its parts are. */
INLINE int64_t fire_row(const float *x, tc_firing *f, int64_t i)
{
    const int64_t n = f->n, part = n / f->parts;
    tc_entry *to = f->in_row + i * f->pitch;
    int32_t *ends = f->count + i * f->parts;
    int64_t count = 0, end = part;
    for (int64_t j = 0; j < n; j += 64) {
        uint64_t on;
        int64_t more;
        if (j + 64 <= n) {
            on = group_of(x + j);
            more = fire_group(x, on, j, to + count);
        } else {
            more = fire_last(x, j, n, &on, to + count);
        }
        for (; end <= least(j + 64, n); end += part)
            *ends++ = (int32_t)(count + __builtin_popcountll(on & UINT64_MAX >> (j + 64 - end)));
        count += more;
    }
    return count;
}

static int64_t fire(const float *x, int64_t begin, int64_t end, tc_firing *f)
{
    int64_t fired = 0;
    for (int64_t i = begin; i < end; i++) fired += fire_row(x + i * f->n, f, i);
    return fired;
}

/* The first entry of list[0 .. count) that is not before j. */
static int64_t first_from(int64_t j, const tc_entry *list, int64_t count)
{
    int64_t at = 0;
    while (count > 0) {
        const int64_t half = count / 2;
        const bool before = list[at + half].at < j;
        at = before ? at + half + 1 : at;
        count = before ? count - half - 1 : half;
    }
    return at;
}

/* Makes the lists of units [begin, end) from the lists by row. */
static void fire_units(int64_t begin, int64_t end, tc_firing *f)
{
    memset(f->hits + begin, 0, (size_t)(end - begin) * sizeof *f->hits);
    for (int64_t i = 0; i < f->rows; i++) {
        const tc_entry *list = f->in_row + i * f->pitch;
        const int64_t count = f->count[i];
        for (int64_t p = begin ? first_from(begin, list, count) : 0; p < count && list[p].at < end; p++) {
            const int64_t u = list[p].at;
            f->of_unit[u * f->row_pitch + f->hits[u]++] = (tc_entry){(int32_t)i, list[p].value};
        }
    }
}
