/* firing_rows.h: sums of a matrix's rows that a list selects: C[r] = sum over p of list[p].value * B[list[p].at]. Part
 * of instruction_set.h.
 *
 * With lists by row this is x B, with lists by unit x^T B. The two products whose dense matrix is stored transposed
 * transpose blocks of LANES x LANES: A^T x is (x^T A)^T, transposed when it is stored; x B^T transposes B when it is
 * copied.
 *
 *     packed     each row of B is read for many rows of C: a block of B, some rows of a tile's width, is first copied
 *                side by side into the L1 cache. All of C's rows pass over it, then comes the next block
 *     in tiles   a row is read for a few: in place, one tile of columns after another, which stay in L2
 *     along      it is read once, or B is too large for that: whole rows, a few at a time
 *
 * A tile of C of up to WIDE vectors stays in registers while its list is processed, one multiplication after the other
 * in the list's order, so the bits of an element do not depend on how C is cut or where B is stored. */

/* Vectors of a tile, and of one whose block is packed; floats of a block, which fill an L1 cache; rows of C that pass
 * over it; floats of a tile's columns of B that stay in an L2 cache; rows of B that are read at once along C's. Packing
 * pays from USES uses of a row of B on, if a list has at least PIECE entries in a block; below SELDOM uses nothing is
 * read again. */
enum {
    WIDE = 8,
    NARROW = 64 / LANES < WIDE ? 64 / LANES : WIDE,
    BLOCK = 8192,
    ROWS = 512,
    FIT = 1 << 17,
    ALONG = 8,
    USES = 8,
    PIECE = 8,
    SELDOM = 1,
    LINE = 16 /* floats of a cache line */
};

/* The lists of some rows of C, in either direction. */
typedef struct lists {
    const int32_t *count;
    const tc_entry *entry;
    int64_t pitch;
} lists;

static lists by_row(const tc_firing *x, int64_t i) { return (lists){x->count + i, x->in_row + i * x->pitch, x->pitch}; }
static lists by_unit(const tc_firing *x, int64_t j)
{
    return (lists){x->hits + j, x->of_unit + j * x->row_pitch, x->row_pitch};
}

/* Rows [from, limit) of B, a tile's columns of them. */
typedef struct source {
    const float *b; /* row `from` */
    int64_t ldb;
    int32_t from, limit;
} source;

/* The initial values of a tile's sums, and where they go. */
typedef struct target {
    float *c;
    const float *bias; /* or NULL */
    bool add;
    some last; /* lanes of the last vector */
} target;

/* Computes a row of a tile of `wide` vectors, a constant, from entry p of its list on; returns the first entry that is
 * not in the source. part: memory after the last lanes of B must not be read. */
INLINE int64_t sum_row(const int wide, const bool part, int64_t p, int64_t count, const tc_entry *list, const source *s,
                       const int64_t ldb, const target *t)
{
    const int64_t end = (int64_t)(wide - 1) * LANES;
    const float *b = s->b, *bias = t->bias;
    const int32_t from = s->from, limit = s->limit;
    const some last = t->last;
    float *c = t->c;
    vec sum[WIDE];
    if (t->add) {
        UNROLL for (int v = 0; v < wide - 1; v++) sum[v] = load(c + v * LANES);
        sum[wide - 1] = load_some(c + end, last);
    } else {
        UNROLL for (int v = 0; v < wide; v++) sum[v] = (vec){0};
    }
    if (bias) {
        UNROLL for (int v = 0; v < wide - 1; v++) sum[v] += load(bias + v * LANES);
        sum[wide - 1] += load_some(bias + end, last);
    }
    for (; p < count && list[p].at < limit; p++) {
        const float *row = b + (list[p].at - from) * ldb;
        UNROLL for (int v = 0; v < wide - 1; v++) sum[v] += list[p].value * load(row + v * LANES);
        sum[wide - 1] += list[p].value * (part ? load_some(row + end, last) : load(row + end));
    }
    UNROLL for (int v = 0; v < wide - 1; v++) store(c + v * LANES, sum[v]);
    store_some(c + end, sum[wide - 1], last);
    return p;
}

typedef int64_t sum_fn(int64_t p, int64_t count, const tc_entry *list, const source *s, const target *t);

#define SUM_AS(name, wide, part, ldb)                                                                                  \
    static int64_t name##_##wide(int64_t p, int64_t count, const tc_entry *list, const source *s, const target *t)     \
    {                                                                                                                  \
        return sum_row(wide, part, p, count, list, s, ldb, t);                                                         \
    }
#define SUM(wide)                                                                                                      \
    SUM_AS(sum, wide, false, s->ldb)                                                                                   \
    SUM_AS(sum_part, wide, true, s->ldb)                                                                               \
    SUM_AS(sum_packed, wide, false, wide *LANES)
SUM(1)
SUM(2)
SUM(3)
SUM(4)
SUM(5)
SUM(6)
SUM(7)
SUM(8)

/* By the number of vectors: in place, in place where the last vector is partial, packed. */
enum { IN_PLACE, IN_PART, PACKED };
static sum_fn *const sum_of[WIDE + 1][3] = {
    [1] = {sum_1, sum_part_1, sum_packed_1}, [2] = {sum_2, sum_part_2, sum_packed_2},
    [3] = {sum_3, sum_part_3, sum_packed_3}, [4] = {sum_4, sum_part_4, sum_packed_4},
    [5] = {sum_5, sum_part_5, sum_packed_5}, [6] = {sum_6, sum_part_6, sum_packed_6},
    [7] = {sum_7, sum_part_7, sum_packed_7}, [8] = {sum_8, sum_part_8, sum_packed_8}};

static int64_t vectors(int64_t cols) { return (cols + LANES - 1) / LANES; }
static some last_of(int64_t cols) { return some_of(cols % LANES ? cols % LANES : LANES); }

/* The width of the tiles into which n columns are cut, which are as even as whole vectors allow. */
static int64_t tile_width(int64_t n, int64_t most)
{
    const int64_t tiles = (n + most - 1) / most;
    return tiles ? (vectors(n) + tiles - 1) / tiles * LANES : LANES;
}

/* The operands of sums: C [m, n], B [k, n], or [n, k] if transposed. */
typedef struct sums_of {
    lists l;
    int64_t m, n, k;
    const float *b;
    int64_t ldb;
    bool turned, add;
    const float *bias;
    float *c;
    int64_t ldc;
} sums_of;

/* c [n] += the sum of `count` (a constant) rows of B. */
INLINE void sum_some(const int count, const tc_entry *list, const float *b, int64_t ldb, int64_t n, float *c)
{
    const float *row[ALONG];
    UNROLL for (int q = 0; q < count; q++) row[q] = b + list[q].at * ldb;
    int64_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        vec sum = load(c + j);
        UNROLL for (int q = 0; q < count; q++) sum += list[q].value * load(row[q] + j);
        store(c + j, sum);
    }
    if (j == n) return;
    const some last = some_of(n - j);
    vec sum = load_some(c + j, last);
    UNROLL for (int q = 0; q < count; q++) sum += list[q].value * load_some(row[q] + j, last);
    store_some(c + j, sum, last);
}

/* Row by row of C: a few rows of B at a time, from end to end. */
static void sum_along(const sums_of *z)
{
    for (int64_t i = 0; i < z->m; i++) {
        const tc_entry *list = z->l.entry + i * z->l.pitch;
        const int64_t count = z->l.count[i];
        float *c = z->c + i * z->ldc;
        if (!z->add && !z->bias) memset(c, 0, (size_t)z->n * sizeof *c);
        for (int64_t j = 0; j < z->n && z->bias; j++) c[j] = (z->add ? c[j] : 0) + z->bias[j];
        int64_t p = 0;
        for (; p + ALONG <= count; p += ALONG) sum_some(ALONG, list + p, z->b, z->ldb, z->n, c);
        for (; p + 2 <= count; p += 2) sum_some(2, list + p, z->b, z->ldb, z->n, c);
        if (p < count) sum_some(1, list + p, z->b, z->ldb, z->n, c);
    }
}

/* One tile of columns after another, so that rows that are read again are in the L2 cache. */
static void sum_in_tiles(const sums_of *z)
{
    const int64_t width = tile_width(z->n, WIDE * LANES);
    for (int64_t j = 0; j < z->n; j += width) {
        const int64_t cols = least(width, z->n - j);
        sum_fn *sum = sum_of[vectors(cols)][cols % LANES ? IN_PART : IN_PLACE];
        const source s = {z->b + j, z->ldb, 0, INT32_MAX};
        target t = {NULL, z->bias ? z->bias + j : NULL, z->add, last_of(cols)};
        for (int64_t i = 0; i < z->m; i++) {
            t.c = z->c + i * z->ldc + j;
            sum(0, z->l.count[i], z->l.entry + i * z->l.pitch, &s, &t);
        }
    }
}

/* to [rows, width] <- rows of B from row k on, columns j .. j + cols; 0 after them. */
static void pack(const sums_of *z, int64_t k, int64_t rows, int64_t j, int64_t cols, int64_t width, float *to)
{
    for (int64_t i = 0; i < rows; i++) {
        const float *from = z->b + (k + i) * z->ldb + j;
        for (int64_t q = 0; q < cols; q += LANES)
            store(to + i * width + q, load_some(from + q, some_of(least(LANES, cols - q))));
    }
}

/* The same of B^T, in blocks of LANES x LANES. */
static void pack_turned(const sums_of *z, int64_t k, int64_t rows, int64_t j, int64_t cols, int64_t width, float *to)
{
    for (int64_t q = 0; q < cols; q += LANES)
        for (int64_t i = 0; i < rows; i += LANES) {
            const some in = some_of(least(LANES, rows - i));
            vec x[LANES];
            for (int64_t l = 0; l < LANES; l++)
                x[l] = q + l < cols ? load_some(z->b + (j + q + l) * z->ldb + k + i, in) : (vec){0};
            turn(x);
            for (int64_t l = 0; l < LANES && i + l < rows; l++) store(to + (i + l) * width + q, x[l]);
        }
}

/* Prefetches a row's list from entry p on, and its sums if they are added to. */
INLINE void ask_for(const sums_of *z, int64_t row, int64_t p, bool added, int64_t j, int64_t cols)
{
    __builtin_prefetch(z->l.entry + row * z->l.pitch + p);
    for (int64_t q = 0; added && q < cols; q += LINE) __builtin_prefetch(z->c + row * z->ldc + j + q);
}

/* Computes rows [first, first + m) of a tile, one block of B after the other. */
static void sum_tile(const sums_of *z, int64_t first, int64_t m, int64_t j, int64_t cols)
{
    _Alignas(64) float block[BLOCK];
    int32_t at[ROWS] = {0};
    const int64_t width = vectors(cols) * LANES, deep = BLOCK / width;
    sum_fn *sum = sum_of[vectors(cols)][PACKED];
    int64_t k = 0;
    do { /* at least once: C must be written even if k is 0 */
        const int64_t rows = least(deep, z->k - k);
        (z->turned ? pack_turned : pack)(z, k, rows, j, cols, width, block);
        const source s = {block, width, (int32_t)k, (int32_t)(k + rows)};
        target t = {NULL, k == 0 && z->bias ? z->bias + j : NULL, k > 0 || z->add, last_of(cols)};
        for (int64_t i = 0; i < m; i++) {
            const int64_t row = first + i;
            if (i + 1 < m) ask_for(z, row + 1, at[i + 1], t.add, j, cols);
            t.c = z->c + row * z->ldc + j;
            at[i] = (int32_t)sum(at[i], z->l.count[row], z->l.entry + row * z->l.pitch, &s, &t);
        }
        k += deep;
    } while (k < z->k);
}

static void sum_packed(const sums_of *z)
{
    const int64_t width = tile_width(z->n, NARROW * LANES);
    for (int64_t first = 0; first < z->m; first += ROWS)
        for (int64_t j = 0; j < z->n; j += width)
            sum_tile(z, first, least(ROWS, z->m - first), j, least(width, z->n - j));
}

/* The choice depends only on shapes and on the number of entries: `fired` in all, in `rows` lists. */
static void sum_rows(const sums_of *z, int64_t fired, int64_t rows)
{
    const double entries = rows > 0 ? (double)fired / (double)rows : 0;       /* of a list */
    const double uses = z->k > 0 ? entries * (double)z->m / (double)z->k : 0; /* of a row of B */
    const int64_t deep = BLOCK / tile_width(z->n, NARROW * LANES);
    const double piece = z->k > deep ? entries * (double)deep / (double)z->k : entries; /* of a list in a block */
    if (uses >= USES && piece >= PIECE)
        sum_packed(z);
    else if (uses < SELDOM || z->k * WIDE * LANES > FIT)
        sum_along(z);
    else
        sum_in_tiles(z);
}

/* The sums of B's k rows that s describes. */
static sums_of asked(const tc_sparse *s, lists l, int64_t k)
{
    return (sums_of){.l = l,
                     .m = s->m,
                     .n = s->n,
                     .k = k,
                     .b = s->b + s->j,
                     .ldb = s->ldb,
                     .bias = s->bias ? s->bias + s->j : NULL,
                     .add = s->add,
                     .c = s->c,
                     .ldc = s->ldc};
}

static void spmm(const tc_sparse *s)
{
    const sums_of z = asked(s, by_row(s->x, s->i), s->x->n);
    sum_rows(&z, s->x->fired, s->x->rows);
}

static void spmm_tn(const tc_sparse *s)
{
    const sums_of z = asked(s, by_unit(s->x, s->i), s->x->rows);
    sum_rows(&z, s->x->fired, s->x->n);
}

static void spmm_nt(const tc_sparse *s)
{
    sums_of z = asked(s, by_row(s->x, s->i), s->x->n);
    z.b = s->b + s->j * s->ldb;
    z.turned = true;
    sum_packed(&z);
}

/* c[cols, rows] = or += from[rows, pitch]^T, rows at most LANES. */
static void store_turned(const float *from, int64_t pitch, int64_t rows, int64_t cols, bool add, float *c, int64_t ldc)
{
    const some in = some_of(rows);
    for (int64_t j = 0; j < cols; j += LANES) {
        const int64_t width = least(LANES, cols - j);
        vec x[LANES];
        for (int64_t i = 0; i < LANES; i++)
            x[i] = i < rows ? load_some(from + i * pitch + j, some_of(width)) : (vec){0};
        turn(x);
        for (int64_t q = 0; q < width; q++) {
            float *to = c + (j + q) * ldc;
            if (add) x[q] += load_some(to, in);
            store_some(to, x[q], in);
        }
    }
}

static void transpose(const float *from, int64_t pitch, int64_t m, int64_t n, bool add, float *to, int64_t to_pitch)
{
    for (int64_t i = 0; i < m; i += LANES)
        store_turned(from + i * pitch, pitch, least(LANES, m - i), n, add, to + i, to_pitch);
}

/* Like spmm_tn on A, which gives C^T: LANES of its rows at a time. */
static void dsmm_tn(const tc_sparse *s)
{
    enum { CHUNK = 512 };
    float turned[LANES * CHUNK];
    for (int64_t j = 0; j < s->n; j += LANES)
        for (int64_t i = 0; i < s->m; i += CHUNK) {
            const int64_t units = least(LANES, s->n - j), rows = least(CHUNK, s->m - i);
            sum_in_tiles(&(sums_of){.l = by_unit(s->x, s->j + j),
                                    .m = units,
                                    .n = rows,
                                    .k = s->x->rows,
                                    .b = s->a + s->i + i,
                                    .ldb = s->lda,
                                    .c = turned,
                                    .ldc = CHUNK});
            store_turned(turned, CHUNK, units, rows, s->add, s->c + i * s->ldc + j, s->ldc);
        }
}
