/* firing_dots.h: those elements of A B^T that a list selects. Part of instruction_set.h.
 *
 * MANY dot products with the same row of A run side by side; one tree of shuffles adds up their lanes. (Twice as many
 * would read more rows of B at once than a machine prefetches.) B's rows are processed in groups that stay in the L2
 * cache while all rows of A pass over them. */

enum { MANY = LANES < 8 ? LANES : 8, DEEP = 1 << 17 }; /* floats of B */

/* sum[q] = a[k] . b[list[q].at][k] for count (a constant power of 2) rows of B. */
INLINE vec dots(const int count, const float *a, const float *b, int64_t ldb, const tc_entry *list, int64_t k)
{
    vec sum[LANES];
    const float *row[LANES];
    UNROLL for (int q = 0; q < count; q++) row[q] = b + list[q].at * ldb, sum[q] = (vec){0};
    int64_t p = 0;
    for (; p + LANES <= k; p += LANES) {
        const vec x = load(a + p);
        UNROLL for (int q = 0; q < count; q++) sum[q] += x * load(row[q] + p);
    }
    if (p < k) {
        const some in = some_of(k - p);
        const vec x = load_some(a + p, in);
        UNROLL for (int q = 0; q < count; q++) sum[q] += x * load_some(row[q] + p, in);
    }
    return sums(count, sum);
}

/* The dot products for `count` entries of a list, of which the first `real` are stored: c[at - j] = or += the sum. */
INLINE void put_dots(const int count, int64_t real, const tc_entry *list, const float *a, const tc_sparse *s, float *c)
{
    const vec sum = dots(count, a, s->b, s->ldb, list, s->k);
    for (int q = 0; q < real; q++) {
        float *to = c + (list[q].at - s->j);
        *to = s->add ? *to + sum[q] : sum[q];
    }
}

/* One row of A and `count` entries of its list, MANY at a time. The rest is padded with copies of the last entry, since
 * few sums side by side would be slow. */
static void dots_row(int64_t count, const tc_entry *list, const float *a, const tc_sparse *s, float *c)
{
    int64_t p = 0;
    for (; p + MANY <= count; p += MANY) put_dots(MANY, MANY, list + p, a, s, c);
    const int64_t left = count - p;
    if (!left) return;
    tc_entry filled[MANY];
    for (int64_t q = 0; q < MANY; q++) filled[q] = list[q < left ? p + q : count - 1];
    if (left <= 4)
        put_dots(4, left, filled, a, s, c);
    else
        put_dots(MANY, left, filled, a, s, c);
}

/* The number of rows of B in a group: as many as stay in the cache, and enough for MANY entries of a list. */
static int64_t deep_of(const tc_sparse *s)
{
    const double wanted = (double)MANY * (double)s->x->rows * (double)s->x->n / ((double)s->x->fired + 1);
    const int64_t fit = DEEP / (s->k > 0 ? s->k : 1), enough = wanted < (double)s->n ? (int64_t)wanted : s->n;
    return fit > enough ? fit : enough + 1;
}

static void sddmm(const tc_sparse *s)
{
    const tc_firing *x = s->x;
    const int64_t deep = deep_of(s);
    for (int64_t i = 0; i < s->m && !s->add; i++) memset(s->c + i * s->ldc, 0, (size_t)s->n * sizeof *s->c);
    for (int64_t j = 0; j < s->n; j += deep) {
        const int64_t limit = s->j + least(j + deep, s->n);
        for (int64_t i = 0; i < s->m; i++) {
            const tc_entry *list = x->in_row + (s->i + i) * x->pitch;
            const int64_t count = x->count[s->i + i];
            const int64_t from = first_from(s->j + j, list, count), to = first_from(limit, list, count);
            dots_row(to - from, list + from, s->a + (s->i + i) * s->lda, s, s->c + i * s->ldc);
        }
    }
}
