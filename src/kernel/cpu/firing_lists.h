/* firing_lists.h: firing lists are made. Part of firing_body.h. */

/* Row by row: what is not 0 is packed, a vector at a time. */
static int64_t fire(const float *x, int64_t begin, int64_t end, tc_firing *f)
{
    int64_t fired = 0;
    for (int64_t i = begin; i < end; i++) {
        const float *row = x + i * f->n;
        int32_t *unit = f->unit + i * f->pitch;
        float *value = f->value + i * f->pitch;
        int64_t count = 0, j = 0;
        for (; j + LANES <= f->n; j += LANES) count += pick(load(row + j), (int32_t)j, unit + count, value + count);
        if (j < f->n) count += pick(load_some(row + j, some_of(f->n - j)), (int32_t)j, unit + count, value + count);
        f->count[i] = (int32_t)count;
        fired += count;
    }
    return fired;
}

/* LANES units: blocks of LANES x LANES are turned, so that a vector is one unit in several rows, and packed alike. */
static void fire_some_units(const float *x, int64_t j, int64_t units, tc_firing *f)
{
    const some in = some_of(units);
    int64_t hits[LANES] = {0};
    for (int64_t i = 0; i < f->rows; i += LANES) {
        vec block[LANES];
        for (int64_t l = 0; l < LANES; l++)
            block[l] = i + l < f->rows ? load_some(x + (i + l) * f->n + j, in) : (vec){0};
        turn(block);
        for (int64_t l = 0; l < units; l++) {
            const int64_t at = (j + l) * f->row_pitch + hits[l];
            hits[l] += pick(block[l], (int32_t)i, f->row + at, f->row_value + at);
        }
    }
    for (int64_t l = 0; l < units; l++) f->hits[j + l] = (int32_t)hits[l];
}

static void fire_units(const float *x, int64_t begin, int64_t end, tc_firing *f)
{
    for (int64_t j = begin; j < end; j += LANES) fire_some_units(x, j, least(LANES, end - j), f);
}
