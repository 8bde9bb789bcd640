/* firing_dots.h: the elements of A B^T where a list says that they are wanted. Part of firing_body.h.
 *
 * LANES sums of products run side by side over the same row of A; one tree of shuffles adds up their lanes. */

/* sum[q] = a[k] . b[index[q]][k] for count (a constant power of 2) rows of B. */
INLINE vec dots(const int count, const float *a, const float *b, int64_t ldb, const int32_t *index, int64_t k)
{
    vec sum[LANES];
    const float *row[LANES];
    for (int q = 0; q < count; q++) row[q] = b + index[q] * ldb, sum[q] = (vec){0};
    int64_t p = 0;
    for (; p + LANES <= k; p += LANES) {
        const vec x = load(a + p);
        for (int q = 0; q < count; q++) sum[q] += x * load(row[q] + p);
    }
    if (p < k) {
        const some in = some_of(k - p);
        const vec x = load_some(a + p, in);
        for (int q = 0; q < count; q++) sum[q] += x * load_some(row[q] + p, in);
    }
    return sums(count, sum);
}

/* c[index[q] - j] = or += the sums. */
INLINE void put(const int count, vec sum, const int32_t *index, int64_t j, bool add, float *c)
{
    for (int q = 0; q < count; q++) {
        float *to = c + (index[q] - j);
        *to = add ? *to + sum[q] : sum[q];
    }
}

/* The first entry of list[0 .. count) that is not less than j. */
static int64_t first_from(int64_t j, const int32_t *list, int64_t count)
{
    int64_t at = 0;
    while (count > 0) {
        const int64_t half = count / 2;
        const bool less = list[at + half] < j;
        at = less ? at + half + 1 : at;
        count = less ? count - half - 1 : half;
    }
    return at;
}

static void sddmm(const tc_sparse *s)
{
    const tc_firing *x = s->x;
    for (int64_t i = 0; i < s->m; i++) {
        const int32_t *unit = x->unit + (s->i + i) * x->pitch;
        const int64_t count = x->count[s->i + i];
        const int64_t begin = first_from(s->j, unit, count), end = first_from(s->j + s->n, unit, count);
        const float *a = s->a + (s->i + i) * s->lda;
        float *c = s->c + i * s->ldc;
        if (!s->add) memset(c, 0, (size_t)s->n * sizeof *c);
        int64_t p = begin;
        for (; p + LANES <= end; p += LANES)
            put(LANES, dots(LANES, a, s->b, s->ldb, unit + p, s->k), unit + p, s->j, s->add, c);
        for (; p < end; p++) put(1, dots(1, a, s->b, s->ldb, unit + p, s->k), unit + p, s->j, s->add, c);
    }
}
