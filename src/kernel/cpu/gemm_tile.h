/* gemm_tile.h: the product of small matrices for one instruction set. No header like others: gemm_small.c includes it once
 * a set, with
 *
 *     LANES            floats of a vector
 *     TARGET           the attribute that names the set
 *     TALL, WIDE       rows of a tile that is one vector wide, and of one that is two
 *     NAME(x)          x, made a name of this set
 *     READ_PART, WRITE_PART    the first n < LANES floats of a vector from p and to p; reading gives 0 behind them
 *     READ_FOUR                the first n < 4 of four floats, likewise
 *     JOIN                     a vector of LANES / 4 times four floats
 *     MIX                      _mm_shuffle_ps in every four of a vector */

typedef float NAME(vec) __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
#define vec NAME(vec)

INLINE TARGET vec NAME(read)(const float *p, int64_t n)
{
    return n >= LANES ? *(const vec *)(const void *)p : (vec)READ_PART(p, n);
}

INLINE TARGET void NAME(write)(float *p, vec v, int64_t n)
{
    if (n >= LANES)
        *(vec *)(void *)p = v;
    else
        WRITE_PART(p, n, v);
}

/* Four columns of up to LANES rows, as rows: to[4][pitch]. Where n or k is less, what is behind them is not read. Whole
 * vectors are written, as the product reads them: one that is in pieces has to wait until all have left the store queue. */
INLINE TARGET void NAME(turn_four)(const bool whole, const float *from, int64_t ld, int64_t n, int64_t k, float *to,
                                   int64_t pitch)
{
    vec x[4], y[4];
    for (int i = 0; i < 4; i++) {
        __m128 part[LANES / 4];
        for (int q = 0; q < LANES / 4; q++) {
            const float *p = from + (whole || 4 * q + i < n ? 4 * q + i : n - 1) * ld;
            part[q] = whole || k >= 4 ? _mm_loadu_ps(p) : READ_FOUR(p, k);
        }
        x[i] = (vec)JOIN(part);
    }
    for (int i = 0; i < 4; i += 2) { /* of rows i and i + 1: columns 0 1, 2 3 */
        y[i] = (vec)MIX(x[i], x[i + 1], 0x44);
        y[i + 1] = (vec)MIX(x[i], x[i + 1], 0xee);
    }
    for (int i = 0; i < 2; i++) {
        *(vec *)(void *)(to + 2 * i * pitch) = (vec)MIX(y[i], y[i + 2], 0x88);
        *(vec *)(void *)(to + (2 * i + 1) * pitch) = (vec)MIX(y[i], y[i + 2], 0xdd);
    }
}

/* to[k][pitch] <- from[n][ld], transposed. */
TARGET static void NAME(turn)(const float *from, int64_t ld, int64_t n, int64_t k, float *to, int64_t pitch)
{
    for (int64_t j = 0; j < n; j += LANES, from += LANES * ld, to += LANES) {
        int64_t p = 0;
        for (; n - j >= LANES && p + 4 <= k; p += 4)
            NAME(turn_four)(true, from + p, ld, LANES, 4, to + p * pitch, pitch);
        for (; p < k; p += 4) NAME(turn_four)(false, from + p, ld, n - j, k - p, to + p * pitch, pitch);
    }
}

/* sum[rows][across] += terms p.. of the sums over k. */
INLINE TARGET void NAME(term)(const int rows, const int across, vec sum[TALL][2], const float *a, int64_t row,
                              const float *b, const int64_t n[2])
{
    vec v[2];
    for (int h = 0; h < across; h++) v[h] = NAME(read)(b + h * LANES, n[h]);
    for (int r = 0; r < rows; r++)
        for (int h = 0; h < across; h++) sum[r][h] += a[r * row] * v[h];
}

/* Rows [i, i + rows) of the strip: they stay in registers while k runs. All but i, g and s are constants to the
 * compiler; a whole strip has no ragged edge. A small tile has a second set of sums, for one after another each would
 * wait for the last. */
INLINE TARGET void NAME(tile)(const int rows, const int across, const bool whole, const bool ta, const tc_gemm *g,
                              const strip *s, int64_t i)
{
    const bool two = rows * across <= 4;
    vec sum[TALL][2], other[TALL][2];
    int64_t n[2], p = 0;
    const int64_t row = ta ? 1 : g->lda, step = ta ? g->lda : 1, ldb = s->ldb, k = g->k;
    const float *a = g->a + i * row, *bp = s->b;
    float *c = g->c + i * g->ldc + s->j;
    for (int h = 0; h < across; h++) {
        n[h] = whole || h + 1 < across ? LANES : s->n - h * LANES;
        for (int r = 0; r < rows; r++) sum[r][h] = other[r][h] = (vec){0};
    }
    for (; two && p + 2 <= k; p += 2, a += 2 * step, bp += 2 * ldb) {
        NAME(term)(rows, across, sum, a, row, bp, n);
        NAME(term)(rows, across, other, a + step, row, bp + ldb, n);
    }
    for (; p < k; p++, a += step, bp += ldb) NAME(term)(rows, across, sum, a, row, bp, n);
    for (int h = 0; h < across && two; h++)
        for (int r = 0; r < rows; r++) sum[r][h] += other[r][h];
    for (int h = 0; h < across && g->bias; h++) {
        const vec bias = NAME(read)(g->bias + s->j + h * LANES, n[h]);
        for (int r = 0; r < rows; r++) sum[r][h] += bias;
    }
    for (int r = 0; r < rows && g->add; r++)
        for (int h = 0; h < across; h++) sum[r][h] += NAME(read)(c + r * g->ldc + h * LANES, n[h]);
    for (int r = 0; r < rows; r++)
        for (int h = 0; h < across; h++) NAME(write)(c + r * g->ldc + h * LANES, sum[r][h], n[h]);
}

INLINE TARGET void NAME(rows)(const int most, const int across, const bool whole, const bool ta, const tc_gemm *g,
                              const strip *s)
{
    int64_t i = 0;
    for (; i + most <= g->m; i += most) NAME(tile)(most, across, whole, ta, g, s, i);
    for (; i + 4 <= g->m; i += 4) NAME(tile)(4, across, whole, ta, g, s, i);
    if (i + 2 <= g->m) {
        NAME(tile)(2, across, whole, ta, g, s, i);
        i += 2;
    }
    if (i < g->m) NAME(tile)(1, across, whole, ta, g, s, i);
}

/* All rows of the strip where k is small, a constant: B stays in registers while A passes by. */
INLINE TARGET void NAME(thin)(const int k, const int across, const tc_gemm *g, const strip *s)
{
    const int64_t row = g->ta ? 1 : g->lda, step = g->ta ? g->lda : 1, last = s->n - (across - 1) * LANES;
    const int64_t m = g->m, ldc = g->ldc;
    const bool add = g->add;
    vec b[THIN][2], bias[2];
    for (int h = 0; h < across; h++) {
        const int64_t n = h + 1 < across ? LANES : last;
        for (int p = 0; p < k; p++) b[p][h] = NAME(read)(s->b + p * s->ldb + h * LANES, n);
        bias[h] = g->bias ? NAME(read)(g->bias + s->j + h * LANES, n) : (vec){0};
    }
    const float *a = g->a;
    float *c = g->c + s->j;
    for (int64_t i = 0; i < m; i++, a += row, c += ldc)
        for (int h = 0; h < across; h++) {
            const int64_t n = h + 1 < across ? LANES : last;
            vec sum = add ? NAME(read)(c + h * LANES, n) : bias[h];
            for (int p = 0; p < k; p++) sum += a[p * step] * b[p][h];
            NAME(write)(c + h * LANES, sum, n);
        }
}

/* By k, and by whether the strip is wider than a vector. Each is a function by itself, with few registers to save. */
#define THIN_OF(k, across)                                                                                             \
    TARGET static void NAME(thin_##k##_##across)(const tc_gemm *g, const strip *s) { NAME(thin)(k, across, g, s); }
THIN_OF(1, 1)
THIN_OF(1, 2)
THIN_OF(2, 1)
THIN_OF(2, 2)
THIN_OF(3, 1)
THIN_OF(3, 2)
THIN_OF(4, 1)
THIN_OF(4, 2)
#undef THIN_OF
static strip_fn *const NAME(thin_of)[THIN][2] = {{NAME(thin_1_1), NAME(thin_1_2)},
                                                 {NAME(thin_2_1), NAME(thin_2_2)},
                                                 {NAME(thin_3_1), NAME(thin_3_2)},
                                                 {NAME(thin_4_1), NAME(thin_4_2)}};

/* By ta, by whether the strip is wider than a vector, and by whether its vectors are whole. */
#define ROWS_OF(ta, across, most, whole)                                                                               \
    TARGET static void NAME(rows_##ta##_##across##_##whole)(const tc_gemm *g, const strip *s)                          \
    {                                                                                                                  \
        NAME(rows)(most, across, whole, ta, g, s);                                                                     \
    }
ROWS_OF(0, 1, TALL, 0)
ROWS_OF(0, 1, TALL, 1)
ROWS_OF(0, 2, WIDE, 0)
ROWS_OF(0, 2, WIDE, 1)
ROWS_OF(1, 1, TALL, 0)
ROWS_OF(1, 1, TALL, 1)
ROWS_OF(1, 2, WIDE, 0)
ROWS_OF(1, 2, WIDE, 1)
#undef ROWS_OF
static strip_fn *const NAME(rows_of)[2][2][2] = {
    {{NAME(rows_0_1_0), NAME(rows_0_1_1)}, {NAME(rows_0_2_0), NAME(rows_0_2_1)}},
    {{NAME(rows_1_1_0), NAME(rows_1_1_1)}, {NAME(rows_1_2_0), NAME(rows_1_2_1)}}};

TARGET static void NAME(multiply)(const tc_gemm *g)
{
    enum { COLS = 2 * LANES };
    float turned[MOST_K * COLS];
    for (int64_t j = 0; j < g->n; j += COLS) {
        const int64_t n = g->n - j < COLS ? g->n - j : COLS;
        const bool wide = n > LANES, whole = n % LANES == 0, thin = g->k >= 1 && g->k <= THIN;
        strip s = {j, n, g->ldb, g->b + j};
        if (g->tb) {
            NAME(turn)(g->b + j * g->ldb, g->ldb, n, g->k, turned, COLS);
            s = (strip){j, n, COLS, turned};
        }
        (thin ? NAME(thin_of)[g->k - 1][wide] : NAME(rows_of)[g->ta][wide][whole])(g, &s);
    }
}
#undef vec
