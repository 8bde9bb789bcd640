/* gemm_portable.c: a matrix product in plain C with the compiler's vectors, for any machine.
 *
 * The product is cut into tiles of C of ROWS x COLS that stay in registers while k runs (as in Goto, van de Geijn:
 * Anatomy of high-performance matrix multiplication, TOMS 34, 2008):
 *
 *      for a block of NC columns and KC of k:   B's block is copied into panels of COLS columns, [KC][COLS] each
 *        for a block of MC rows:                A's block, if it is stored transposed, into panels [KC][ROWS]
 *          for each panel of B, for each ROWS rows:   tile(): C[ROWS][COLS] += A panel * B panel
 *
 * Nothing is copied where that would not pay: A's rows are read in place if they run along k, and both operands are if
 * only one tile would read the copy. A ragged edge of columns is padded with zeros in its panel; a ragged edge of rows
 * has a separate tile function for each height. All of this depends on the shape alone. */
#include "kernel/cpu/cpu.h"

#include <string.h>

#define LANES 8
#include "kernel/cpu/vectors.h"

enum { ROWS = 6, COLS = 2 * LANES, KC = 256, NC = 128, MC = 48 };

/* Element (i, p) of an operand is at[i * row + p * step], p along k. B's columns are adjacent. */
typedef struct panel {
    const float *at;
    int64_t row, step;
} panel;

/* c[rows, cols] = or += A * B over k; rows is a constant to the compiler. */
INLINE void tile(const int rows, int64_t k, panel a, panel b, float *c, int64_t ldc, int64_t cols, bool add)
{
    vec sum[ROWS][2];
    for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = (vec){0};
    for (int64_t p = 0; p < k; p++) {
        const float *bp = b.at + p * b.step, *ap = a.at + p * a.step;
        const vec b0 = load(bp), b1 = load(bp + LANES);
        for (int i = 0; i < rows; i++) {
            sum[i][0] += ap[i * a.row] * b0;
            sum[i][1] += ap[i * a.row] * b1;
        }
    }
    if (cols == COLS) {
        for (int i = 0; i < rows; i++)
            for (int h = 0; h < 2; h++) {
                float *to = c + i * ldc + h * LANES;
                if (add) sum[i][h] += load(to);
                store(to, sum[i][h]);
            }
        return;
    }
    float edge[ROWS][COLS];
    for (int i = 0; i < rows; i++) memcpy(edge[i], sum[i], sizeof edge[i]);
    for (int i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) c[i * ldc + j] = add ? c[i * ldc + j] + edge[i][j] : edge[i][j];
}

/* Calls the tile function for that height. */
INLINE void tile_of(int64_t rows, int64_t k, panel a, panel b, float *c, int64_t ldc, int64_t cols, bool add)
{
    if (rows == 6) tile(6, k, a, b, c, ldc, cols, add);
    if (rows == 5) tile(5, k, a, b, c, ldc, cols, add);
    if (rows == 4) tile(4, k, a, b, c, ldc, cols, add);
    if (rows == 3) tile(3, k, a, b, c, ldc, cols, add);
    if (rows == 2) tile(2, k, a, b, c, ldc, cols, add);
    if (rows == 1) tile(1, k, a, b, c, ldc, cols, add);
}

/* to[8][COLS] = from[8][pitch], transposed. */
INLINE void transpose(const float *from, int64_t pitch, float *to)
{
    vec x[LANES];
    for (int i = 0; i < LANES; i++) x[i] = load(from + i * pitch);
    turn(x);
    for (int i = 0; i < LANES; i++) store(to + i * COLS, x[i]);
}

/* Copies columns [j, j + cols) of B, rows [p, p + kc), into to[kc][COLS], padded with zeros. */
INLINE void pack_b(const tc_gemm *g, int64_t p, int64_t kc, int64_t j, int64_t cols, float *to)
{
    const float *b = g->b + (g->tb ? j * g->ldb + p : p * g->ldb + j);
    if (cols < COLS) memset(to, 0, (size_t)(kc * COLS) * sizeof *to);
    if (g->tb) {
        const int64_t q8 = cols / LANES * LANES, r8 = kc / LANES * LANES;
        for (int64_t q = 0; q < q8; q += LANES)
            for (int64_t r = 0; r < r8; r += LANES) transpose(b + q * g->ldb + r, g->ldb, to + r * COLS + q);
        for (int64_t q = 0; q < cols; q++)
            for (int64_t r = q < q8 ? r8 : 0; r < kc; r++) to[r * COLS + q] = b[q * g->ldb + r];
    } else if (cols == COLS) {
        for (int64_t r = 0; r < kc; r++) memcpy(to + r * COLS, b + r * g->ldb, COLS * sizeof *to);
    } else {
        for (int64_t r = 0; r < kc; r++) memcpy(to + r * COLS, b + r * g->ldb, (size_t)cols * sizeof *to);
    }
}

/* Copies rows [i, i + rows) of a transposed A, over [p, p + kc) of k, into to[kc][ROWS]. */
INLINE void pack_a(const tc_gemm *g, int64_t i, int64_t rows, int64_t p, int64_t kc, float *to)
{
    const float *a = g->a + p * g->lda + i;
    for (int64_t r = 0; r < kc; r++)
        for (int64_t q = 0; q < rows; q++) to[r * ROWS + q] = a[r * g->lda + q];
}

/* One block: rows [i0, i1), columns [j0, j1), k from p to p + kc; B's panels are ready if they are needed. */
INLINE void block(const tc_gemm *g, int64_t i0, int64_t i1, int64_t j0, int64_t j1, int64_t p, int64_t kc,
                  const float *packed_b, bool direct_b, bool direct_a)
{
    float packed_a[MC * KC];
    if (!direct_a)
        for (int64_t i = i0; i < i1; i += ROWS) pack_a(g, i, least(ROWS, i1 - i), p, kc, packed_a + (i - i0) * kc);
    const bool add = g->add || p > 0;
    for (int64_t j = j0; j < j1; j += COLS) {
        const int64_t cols = least(COLS, j1 - j);
        panel b = {packed_b + (j - j0) * kc, 1, COLS};
        if (direct_b && cols == COLS) b = (panel){g->b + p * g->ldb + j, 1, g->ldb};
        for (int64_t i = i0; i < i1; i += ROWS) {
            panel a = {packed_a + (i - i0) * kc, 1, ROWS};
            if (direct_a)
                a = g->ta ? (panel){g->a + p * g->lda + i, 1, g->lda} : (panel){g->a + i * g->lda + p, g->lda, 1};
            tile_of(least(ROWS, i1 - i), kc, a, b, g->c + i * g->ldc + j, g->ldc, cols, add);
        }
    }
}

TC_CLONES static void multiply(const tc_gemm *g)
{
    float packed_b[NC * KC];
    const bool direct_b = !g->tb && g->m <= 4 * ROWS, direct_a = !g->ta || g->n <= 4 * COLS;
    for (int64_t j = 0; j < g->n; j += NC) {
        const int64_t j1 = least(j + NC, g->n);
        for (int64_t p = 0; p < g->k; p += KC) {
            const int64_t kc = least(KC, g->k - p);
            for (int64_t q = j; q < j1; q += COLS)
                if (!direct_b || j1 - q < COLS) pack_b(g, p, kc, q, least(COLS, j1 - q), packed_b + (q - j) * kc);
            for (int64_t i = 0; i < g->m; i += MC)
                block(g, i, least(i + MC, g->m), j, j1, p, kc, packed_b, direct_b, direct_a);
        }
    }
}

void tc_gemm_bias(const tc_gemm *g)
{
    for (int64_t i = 0; i < g->m; i++) memcpy(g->c + i * g->ldc, g->bias, (size_t)g->n * sizeof *g->c);
}

void tc_gemm_portable(const tc_gemm *g)
{
    tc_gemm to = *g;
    if (g->bias) {
        tc_gemm_bias(g);
        to.add = true;
    }
    if (g->k > 0) {
        multiply(&to);
        return;
    }
    for (int64_t i = 0; !to.add && i < g->m; i++) memset(g->c + i * g->ldc, 0, (size_t)g->n * sizeof *g->c);
}
