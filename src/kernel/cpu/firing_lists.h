/* firing_lists.h: makes firing lists. Part of instruction_set.h. */

/* The nonzero lanes of GROUP vectors, as bits. */
enum { GROUP = 64 / LANES, FEW = 20 };

INLINE uint64_t group_of(const float *x)
{
    uint64_t on = 0;
    UNROLL for (int v = 0; v < GROUP; v++) on |= (uint64_t)nonzero(load(x + v * LANES)) << v * LANES;
    return on;
}

/* Makes the list of x [n], the part of a row that begins at `first`, 64 elements at a time: few nonzero ones are picked
 * one by one, many a vector at a time. */
INLINE int64_t fire_part(const float *x, int64_t first, int64_t n, tc_entry *to)
{
    int64_t count = 0, j = 0;
    for (; j + 64 <= n; j += 64) {
        uint64_t on = group_of(x + j);
        if (__builtin_popcountll(on) > FEW) {
            UNROLL for (int v = 0; v < GROUP; v++)
                count += pick(load(x + j + v * LANES), (int32_t)(first + j + v * LANES), to + count);
            continue;
        }
        for (; on; on &= on - 1) {
            const int64_t at = j + __builtin_ctzll(on);
            to[count++] = (tc_entry){(int32_t)(first + at), x[at]};
        }
    }
    for (; j + LANES <= n; j += LANES) count += pick(load(x + j), (int32_t)(first + j), to + count);
    if (j < n) count += pick(load_some(x + j, some_of(n - j)), (int32_t)(first + j), to + count);
    return count;
}

static int64_t fire(const float *x, int64_t begin, int64_t end, tc_firing *f)
{
    const int64_t part = f->n / f->parts;
    int64_t fired = 0;
    for (int64_t i = begin; i < end; i++) {
        int64_t count = 0;
        for (int64_t p = 0; p < f->parts; p++) {
            count += fire_part(x + i * f->n + p * part, p * part, part, f->in_row + i * f->pitch + count);
            f->count[i * f->parts + p] = (int32_t)count;
        }
        fired += count;
    }
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
