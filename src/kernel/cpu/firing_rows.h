/* firing_rows.h: sums of a matrix's rows, picked by a list: C[r] = sum over p of value[p] * B[index[p]]. Part of
 * firing_body.h.
 *
 * By row lists this is x B, by unit lists x^T B. The two products whose dense matrix lies the other way turn blocks of
 * LANES x LANES: A^T x is (x^T A)^T, turned as it is stored; x B^T turns B as it is copied.
 *
 * A tile of C of up to WIDE vectors stays in registers while its list runs, one multiply after the other in the list's
 * order: however C is cut, and wherever B lies, every element has the same bits. */

enum { WIDE = 8, SPAN = 1024 / LANES };

/* The lists of some rows of C, in either direction. */
typedef struct lists {
    const int32_t *count, *index;
    const float *value;
    int64_t pitch;
} lists;

static lists by_row(const tc_firing *x, int64_t i)
{
    return (lists){x->count + i, x->unit + i * x->pitch, x->value + i * x->pitch, x->pitch};
}
static lists by_unit(const tc_firing *x, int64_t j)
{
    return (lists){x->hits + j, x->row + j * x->row_pitch, x->row_value + j * x->row_pitch, x->row_pitch};
}

/* Where a tile's sums come from and go to. */
typedef struct target {
    float *c;
    const float *bias; /* or NULL */
    bool add;
    some last; /* lanes of the last vector */
} target;

/* One row of a tile of `wide` vectors, a constant; `whole`: the last of them, too. */
INLINE void sum_row(const int wide, const bool whole, int64_t count, const int32_t *index, const float *value,
                    const float *b, int64_t ldb, const target *t)
{
    const int full = whole ? wide : wide - 1;
    const int64_t end = (int64_t)full * LANES;
    vec sum[WIDE];
    for (int v = 0; v < full; v++) sum[v] = t->add ? load(t->c + v * LANES) : (vec){0};
    if (!whole) sum[full] = t->add ? load_some(t->c + end, t->last) : (vec){0};
    if (t->bias) {
        for (int v = 0; v < full; v++) sum[v] += load(t->bias + v * LANES);
        if (!whole) sum[full] += load_some(t->bias + end, t->last);
    }
    for (int64_t p = 0; p < count; p++) {
        const float *row = b + index[p] * ldb;
        for (int v = 0; v < full; v++) sum[v] += value[p] * load(row + v * LANES);
        if (!whole) sum[full] += value[p] * load_some(row + end, t->last);
    }
    for (int v = 0; v < full; v++) store(t->c + v * LANES, sum[v]);
    if (!whole) store_some(t->c + end, sum[full], t->last);
}

typedef void sum_fn(int64_t count, const int32_t *index, const float *value, const float *b, int64_t ldb,
                    const target *t);

#define SUM(wide)                                                                                                      \
    static void sum_##wide(int64_t count, const int32_t *index, const float *value, const float *b, int64_t ldb,       \
                           const target *t)                                                                            \
    {                                                                                                                  \
        sum_row(wide, true, count, index, value, b, ldb, t);                                                           \
    }                                                                                                                  \
    static void sum_part_##wide(int64_t count, const int32_t *index, const float *value, const float *b, int64_t ldb,  \
                                const target *t)                                                                       \
    {                                                                                                                  \
        sum_row(wide, false, count, index, value, b, ldb, t);                                                          \
    }
SUM(1)
SUM(2)
SUM(3)
SUM(4)
SUM(5)
SUM(6)
SUM(7)
SUM(8)

/* By vectors, and whether the last is a part of one. */
static sum_fn *const sum_of[WIDE + 1][2] = {
    [1] = {sum_1, sum_part_1}, [2] = {sum_2, sum_part_2}, [3] = {sum_3, sum_part_3}, [4] = {sum_4, sum_part_4},
    [5] = {sum_5, sum_part_5}, [6] = {sum_6, sum_part_6}, [7] = {sum_7, sum_part_7}, [8] = {sum_8, sum_part_8}};

static sum_fn *sum_for(int64_t cols) { return sum_of[(cols + LANES - 1) / LANES][cols % LANES != 0]; }

static some last_of(int64_t cols) { return some_of(cols % LANES ? cols % LANES : LANES); }

/* C[m, n], B where it is. */
static void sum_in_place(lists l, int64_t m, int64_t n, const float *b, int64_t ldb, const float *bias, bool add,
                         float *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j += WIDE * LANES) {
            const int64_t cols = least(WIDE * LANES, n - j);
            const target t = {c + i * ldc + j, bias ? bias + j : NULL, add, last_of(cols)};
            sum_for(cols)(l.count[i], l.index + i * l.pitch, l.value + i * l.pitch, b + j, ldb, &t);
        }
}

static void spmm(const tc_sparse *s)
{
    sum_in_place(by_row(s->x, s->i), s->m, s->n, s->b + s->j, s->ldb, s->bias ? s->bias + s->j : NULL, s->add, s->c,
                 s->ldc);
}

static void spmm_tn(const tc_sparse *s)
{
    sum_in_place(by_unit(s->x, s->i), s->m, s->n, s->b + s->j, s->ldb, NULL, s->add, s->c, s->ldc);
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

/* C^T, LANES of its rows at a time, is what spmm_tn makes of A. */
static void dsmm_tn(const tc_sparse *s)
{
    enum { CHUNK = 512 };
    float turned[LANES * CHUNK];
    for (int64_t j = 0; j < s->n; j += LANES)
        for (int64_t i = 0; i < s->m; i += CHUNK) {
            const int64_t units = least(LANES, s->n - j), rows = least(CHUNK, s->m - i);
            sum_in_place(by_unit(s->x, s->j + j), units, rows, s->a + s->i + i, s->lda, NULL, false, turned, CHUNK);
            store_turned(turned, CHUNK, units, rows, s->add, s->c + i * s->ldc + j, s->ldc);
        }
}

static void spmm_nt(const tc_sparse *s)
{
    const lists l = by_row(s->x, s->i);
    for (int64_t i = 0; i < s->m; i++)
        for (int64_t j = 0; j < s->n; j++) {
            const int32_t *index = l.index + i * l.pitch;
            const float *value = l.value + i * l.pitch, *b = s->b + (s->j + j) * s->ldb;
            float *c = s->c + i * s->ldc + j, sum = s->add ? *c : 0;
            for (int64_t p = 0; p < l.count[i]; p++) sum += value[p] * b[index[p]];
            *c = sum;
        }
}
