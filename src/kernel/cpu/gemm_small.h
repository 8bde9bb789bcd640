/* gemm_small.h: products of small matrices, for which a BLAS spends more time on preparation than on the product (4 x
 * 32 x 128: 0.2 us with this, 1.5 us with a BLAS). Operands are read in place; only a transposed B is copied, a strip
 * of two vectors of columns at a time. For AVX2 and AVX-512: a tile's registers must be as wide as the machine's. Part
 * of instruction_set.h. */
#if LANES > 4

/* MOST: multiplications; above it a BLAS is as fast or faster (measured: OpenBLAS 0.3.21, which has small kernels
 * itself for AVX-512). THIN: up to this k, all of B fits into registers. TALL, BROAD: rows of a tile that is one vector
 * wide, or two. */
enum { MOST = 64 * 64 * 64, MOST_K = 256, THIN = 4, TALL = 8, BROAD = LANES == 8 ? 6 : 8 };

/* Columns [j, j + n) of the product, and the rows of B for them. */
typedef struct strip {
    int64_t j, n, ldb;
    const float *b;
} strip;

typedef void strip_fn(const tc_gemm *g, const strip *s);

/* The first n of four floats, 0 after them. */
INLINE __m128 load_four(const float *p, int64_t n)
{
    return _mm_maskload_ps(p, _mm_cmpgt_epi32(_mm_set1_epi32((int)n), _mm_setr_epi32(0, 1, 2, 3)));
}

/* JOIN: a vector of LANES / 4 times four floats. MIX: _mm_shuffle_ps in every four lanes of a vector. */
#define PAIR(x) _mm256_insertf128_ps(_mm256_castps128_ps256((x)[0]), (x)[1], 1)
#if LANES == 16
#define JOIN(x) _mm512_insertf32x8(_mm512_castps256_ps512(PAIR(x)), PAIR(x + 2), 1)
#define MIX(a, b, order) (vec) _mm512_shuffle_ps((__m512)(a), (__m512)(b), order)
#else
#define JOIN(x) PAIR(x)
#define MIX(a, b, order) (vec) _mm256_shuffle_ps((__m256)(a), (__m256)(b), order)
#endif

/* Writes four columns of up to LANES rows as rows, to[4][pitch]. With a smaller n or k, nothing after them is read.
 * Whole vectors are written, because the product reads whole vectors: one that was written in pieces would have to wait
 * until all have left the store queue. */
INLINE void turn_four(const bool whole, const float *from, int64_t ld, int64_t n, int64_t k, float *to, int64_t pitch)
{
    vec x[4], y[4];
    for (int i = 0; i < 4; i++) {
        __m128 part[LANES / 4];
        for (int q = 0; q < LANES / 4; q++) {
            const float *p = from + (whole || 4 * q + i < n ? 4 * q + i : n - 1) * ld;
            part[q] = whole || k >= 4 ? _mm_loadu_ps(p) : load_four(p, k);
        }
        x[i] = (vec)JOIN(part);
    }
    for (int i = 0; i < 4; i += 2) { /* of rows i and i + 1: columns 0 1, 2 3 */
        y[i] = MIX(x[i], x[i + 1], 0x44);
        y[i + 1] = MIX(x[i], x[i + 1], 0xee);
    }
    for (int i = 0; i < 2; i++) {
        store(to + 2 * i * pitch, MIX(y[i], y[i + 2], 0x88));
        store(to + (2 * i + 1) * pitch, MIX(y[i], y[i + 2], 0xdd));
    }
}

/* to[k][pitch] <- from[n][ld], transposed. */
static void turn_strip(const float *from, int64_t ld, int64_t n, int64_t k, float *to, int64_t pitch)
{
    for (int64_t j = 0; j < n; j += LANES, from += LANES * ld, to += LANES) {
        int64_t p = 0;
        for (; n - j >= LANES && p + 4 <= k; p += 4) turn_four(true, from + p, ld, LANES, 4, to + p * pitch, pitch);
        for (; p < k; p += 4) turn_four(false, from + p, ld, n - j, k - p, to + p * pitch, pitch);
    }
}

/* sum[rows][across] += terms p.. of the sums over k. */
INLINE void term(const int rows, const int across, vec sum[TALL][2], const float *a, int64_t row, const float *b,
                 const int64_t n[2])
{
    vec v[2];
    for (int h = 0; h < across; h++) v[h] = load_first(b + h * LANES, n[h]);
    for (int r = 0; r < rows; r++)
        for (int h = 0; h < across; h++) sum[r][h] += a[r * row] * v[h];
}

/* Computes rows [i, i + rows) of the strip, which stay in registers while k runs. All arguments except i, g and s are
 * constants to the compiler; a whole strip has no ragged edge. A small tile has a second set of sums, since with one
 * set each addition would wait for the last. */
INLINE void tile(const int rows, const int across, const bool whole, const bool ta, const tc_gemm *g, const strip *s,
                 int64_t i)
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
        term(rows, across, sum, a, row, bp, n);
        term(rows, across, other, a + step, row, bp + ldb, n);
    }
    for (; p < k; p++, a += step, bp += ldb) term(rows, across, sum, a, row, bp, n);
    for (int h = 0; h < across && two; h++)
        for (int r = 0; r < rows; r++) sum[r][h] += other[r][h];
    for (int h = 0; h < across && g->bias; h++) {
        const vec bias = load_first(g->bias + s->j + h * LANES, n[h]);
        for (int r = 0; r < rows; r++) sum[r][h] += bias;
    }
    for (int r = 0; r < rows && g->add; r++)
        for (int h = 0; h < across; h++) sum[r][h] += load_first(c + r * g->ldc + h * LANES, n[h]);
    for (int r = 0; r < rows; r++)
        for (int h = 0; h < across; h++) store_first(c + r * g->ldc + h * LANES, sum[r][h], n[h]);
}

INLINE void rows(const int most, const int across, const bool whole, const bool ta, const tc_gemm *g, const strip *s)
{
    int64_t i = 0;
    for (; i + most <= g->m; i += most) tile(most, across, whole, ta, g, s, i);
    for (; i + 4 <= g->m; i += 4) tile(4, across, whole, ta, g, s, i);
    if (i + 2 <= g->m) {
        tile(2, across, whole, ta, g, s, i);
        i += 2;
    }
    if (i < g->m) tile(1, across, whole, ta, g, s, i);
}

/* Computes all rows of the strip for a small k, a constant: B stays in registers while all of A is read. */
INLINE void thin(const int k, const int across, const tc_gemm *g, const strip *s)
{
    const int64_t row = g->ta ? 1 : g->lda, step = g->ta ? g->lda : 1, last = s->n - (across - 1) * LANES;
    const int64_t m = g->m, ldc = g->ldc;
    const bool add = g->add;
    vec b[THIN][2], bias[2];
    for (int h = 0; h < across; h++) {
        const int64_t n = h + 1 < across ? LANES : last;
        for (int p = 0; p < k; p++) b[p][h] = load_first(s->b + p * s->ldb + h * LANES, n);
        bias[h] = g->bias ? load_first(g->bias + s->j + h * LANES, n) : (vec){0};
    }
    const float *a = g->a;
    float *c = g->c + s->j;
    for (int64_t i = 0; i < m; i++, a += row, c += ldc)
        for (int h = 0; h < across; h++) {
            const int64_t n = h + 1 < across ? LANES : last;
            vec sum = add ? load_first(c + h * LANES, n) : bias[h];
            for (int p = 0; p < k; p++) sum += a[p * step] * b[p][h];
            store_first(c + h * LANES, sum, n);
        }
}

/* By k, and by whether the strip is wider than a vector. Each is a separate function, so that it has few registers to
 * save. */
#define THIN_OF(k)                                                                                                     \
    static void thin_##k##_1(const tc_gemm *g, const strip *s) { thin(k, 1, g, s); }                                   \
    static void thin_##k##_2(const tc_gemm *g, const strip *s) { thin(k, 2, g, s); }
THIN_OF(1)
THIN_OF(2)
THIN_OF(3)
THIN_OF(4)
static strip_fn *const thin_of[THIN][2] = {
    {thin_1_1, thin_1_2}, {thin_2_1, thin_2_2}, {thin_3_1, thin_3_2}, {thin_4_1, thin_4_2}};

/* By ta, by whether the strip is wider than a vector, and by whether its vectors are whole. */
#define ROWS_OF(ta, across, most, whole)                                                                               \
    static void rows_##ta##_##across##_##whole(const tc_gemm *g, const strip *s)                                       \
    {                                                                                                                  \
        rows(most, across, whole, ta, g, s);                                                                           \
    }
ROWS_OF(0, 1, TALL, 0)
ROWS_OF(0, 1, TALL, 1)
ROWS_OF(0, 2, BROAD, 0)
ROWS_OF(0, 2, BROAD, 1)
ROWS_OF(1, 1, TALL, 0)
ROWS_OF(1, 1, TALL, 1)
ROWS_OF(1, 2, BROAD, 0)
ROWS_OF(1, 2, BROAD, 1)
static strip_fn *const rows_of[2][2][2] = {{{rows_0_1_0, rows_0_1_1}, {rows_0_2_0, rows_0_2_1}},
                                           {{rows_1_1_0, rows_1_1_1}, {rows_1_2_0, rows_1_2_1}}};

static void gemm(const tc_gemm *g)
{
    enum { COLS = 2 * LANES };
    if (g->m * g->n > MOST || g->m * g->n * g->k > MOST || (g->tb && g->k > MOST_K)) {
        tc_gemm_large(g);
        return;
    }
    float turned[MOST_K * COLS];
    for (int64_t j = 0; j < g->n; j += COLS) {
        const int64_t n = least(COLS, g->n - j);
        const bool wide = n > LANES, whole = n % LANES == 0, short_sum = g->k >= 1 && g->k <= THIN;
        strip s = {j, n, g->ldb, g->b + j};
        if (g->tb) {
            turn_strip(g->b + j * g->ldb, g->ldb, n, g->k, turned, COLS);
            s = (strip){j, n, COLS, turned};
        }
        (short_sum ? thin_of[g->k - 1][wide] : rows_of[g->ta][wide][whole])(g, &s);
    }
}

#define GEMM gemm

#else

#define GEMM tc_gemm_large

#endif
