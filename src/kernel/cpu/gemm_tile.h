/* gemm_tile.h: the product of small matrices for one instruction set. No header like others: gemm_small.c includes it once
 * a set, with
 *
 *     LANES            floats of a vector
 *     TARGET           the attribute that names the set
 *     TALL, WIDE       rows of a tile that is one vector wide, and of one that is two
 *     NAME(x)          x, made a name of this set
 *     READ_PART, WRITE_PART    the first n < LANES floats of a vector from p and to p; reading gives 0 behind them */

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

/* Rows [i, i + rows) of the strip: they stay in registers while k runs. All but i, g and s are constants to the
 * compiler; a whole strip has no ragged edge. */
INLINE TARGET void NAME(tile)(const int rows, const int across, const bool whole, const bool ta, const tc_gemm *g,
                              const strip *s, int64_t i)
{
    vec sum[TALL][2], b[2];
    int64_t n[2];
    const int64_t row = ta ? 1 : g->lda, step = ta ? g->lda : 1, ldb = s->ldb, k = g->k;
    const float *a = g->a + i * row, *bp = s->b;
    float *c = g->c + i * g->ldc + s->j;
    for (int h = 0; h < across; h++) {
        n[h] = whole || h + 1 < across ? LANES : s->n - h * LANES;
        for (int r = 0; r < rows; r++) sum[r][h] = (vec){0};
    }
    for (int64_t p = 0; p < k; p++, a += step, bp += ldb) {
        for (int h = 0; h < across; h++) b[h] = NAME(read)(bp + h * LANES, n[h]);
        for (int r = 0; r < rows; r++)
            for (int h = 0; h < across; h++) sum[r][h] += a[r * row] * b[h];
    }
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
    vec b[THIN][2], bias[2];
    for (int h = 0; h < across; h++) {
        const int64_t n = h + 1 < across ? LANES : last;
        for (int p = 0; p < k; p++) b[p][h] = NAME(read)(s->b + p * s->ldb + h * LANES, n);
        bias[h] = g->bias ? NAME(read)(g->bias + s->j + h * LANES, n) : (vec){0};
    }
    const float *a = g->a;
    float *c = g->c + s->j;
    for (int64_t i = 0; i < g->m; i++, a += row, c += g->ldc)
        for (int h = 0; h < across; h++) {
            const int64_t n = h + 1 < across ? LANES : last;
            vec sum = a[0] * b[0][h];
            for (int p = 1; p < k; p++) sum += a[p * step] * b[p][h];
            sum += bias[h];
            if (g->add) sum += NAME(read)(c + h * LANES, n);
            NAME(write)(c + h * LANES, sum, n);
        }
}

/* By k and, where 2 vectors are too wide for the strip, 1. */
INLINE TARGET bool NAME(thin_strip)(const tc_gemm *g, const strip *s)
{
    const bool wide = s->n > LANES;
    if (g->k < 1 || g->k > THIN) return false;
    if (g->k == 1) wide ? NAME(thin)(1, 2, g, s) : NAME(thin)(1, 1, g, s);
    if (g->k == 2) wide ? NAME(thin)(2, 2, g, s) : NAME(thin)(2, 1, g, s);
    if (g->k == 3) wide ? NAME(thin)(3, 2, g, s) : NAME(thin)(3, 1, g, s);
    if (g->k == 4) wide ? NAME(thin)(4, 2, g, s) : NAME(thin)(4, 1, g, s);
    return true;
}

TARGET static void NAME(multiply)(const tc_gemm *g)
{
    enum { COLS = 2 * LANES };
    float turned[MOST_K * COLS];
    for (int64_t j = 0; j < g->n; j += COLS) {
        const int64_t n = g->n - j < COLS ? g->n - j : COLS;
        strip s = {j, n, g->ldb, g->b + j};
        if (g->tb) {
            turn(g->b + j * g->ldb, g->ldb, n, g->k, turned, COLS);
            s = (strip){j, n, COLS, turned};
        }
        if (NAME(thin_strip)(g, &s)) continue;
        if (n == COLS && g->ta)
            NAME(rows)(WIDE, 2, true, true, g, &s);
        else if (n == COLS)
            NAME(rows)(WIDE, 2, true, false, g, &s);
        else if (n > LANES && g->ta)
            NAME(rows)(WIDE, 2, false, true, g, &s);
        else if (n > LANES)
            NAME(rows)(WIDE, 2, false, false, g, &s);
        else if (g->ta)
            NAME(rows)(TALL, 1, false, true, g, &s);
        else
            NAME(rows)(TALL, 1, false, false, g, &s);
    }
}
#undef vec
