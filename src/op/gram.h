/* gram.h: products with the Gram matrix of a weight's rows or columns, tile by tile. V [in, out] is the weight's matrix
 * as it is stored (weight.h); G [n, n] is that of its columns, V^T V, or of its rows, V V^T. */
#ifndef TC_GRAM_H
#define TC_GRAM_H

#include "kernel/sum.h" /* TC_INLINE */
#include "op/op.h"
#include "op/weight.h"

enum { TC_GRAM_TILE = 128 };

typedef struct tc_gram {
    int64_t in, out;
    bool columns; /* G = V^T V */
    int64_t n, k; /* G has n rows, of sums over k */
} tc_gram;

TC_INLINE tc_gram tc_gram_of(const tc_shape *weight, bool columns)
{
    const tc_matrix m = tc_matrix_of(weight);
    return (tc_gram){m.rows, m.out, columns, columns ? m.out : m.rows, columns ? m.rows : m.out};
}

TC_INLINE int64_t tc_gram_cuts(int64_t n) { return (n - 1) / TC_GRAM_TILE + 1; }

/* Tile `piece` of a matrix [m, n]. */
TC_INLINE tc_block tc_gram_tile(int64_t m, int64_t n, int64_t piece)
{
    const int64_t i = piece / tc_gram_cuts(n) * TC_GRAM_TILE, j = piece % tc_gram_cuts(n) * TC_GRAM_TILE;
    return (tc_block){i, j, m - i < TC_GRAM_TILE ? m - i : TC_GRAM_TILE, n - j < TC_GRAM_TILE ? n - j : TC_GRAM_TILE};
}

/* A block of G [n, n], put in its place. */
TC_INLINE void tc_gram_block(const tc_kernel *kernel, const tc_gram *z, const float *v, tc_block t, float *g)
{
    kernel->gemm(&(tc_gemm){.ta = z->columns,
                            .tb = !z->columns,
                            .m = t.m,
                            .n = t.n,
                            .k = z->k,
                            .a = v + t.i * (z->columns ? 1 : z->out),
                            .lda = z->out,
                            .b = v + t.j * (z->columns ? 1 : z->out),
                            .ldb = z->out,
                            .c = g + t.i * z->n + t.j,
                            .ldc = z->n});
}

/* A block of V M for columns, M V for rows, M [n, n]; without gaps. */
TC_INLINE void tc_gram_times(const tc_kernel *kernel, const tc_gram *z, const float *v, const float *m, tc_block t,
                             float *product)
{
    kernel->gemm(&(tc_gemm){.m = t.m,
                            .n = t.n,
                            .k = z->n,
                            .a = (z->columns ? v : m) + t.i * z->n,
                            .lda = z->n,
                            .b = (z->columns ? m : v) + t.j,
                            .ldb = z->out,
                            .c = product,
                            .ldc = t.n});
}

/* The tiles of a matrix like V, one a range. */
TC_INLINE tc_span tc_gram_span_back(const tc_gram *z)
{
    return (tc_span){tc_gram_cuts(z->in) * tc_gram_cuts(z->out), 1};
}

TC_INLINE double tc_gram_flops(const tc_gram *z) { return 2.0 * (double)z->n * (double)z->n * (double)z->k; }

/* Scratch for a tile. */
static inline int64_t tc_gram_scratch(const tc_sketch *s, int64_t rows)
{
    (void)s, (void)rows;
    return TC_GRAM_TILE * TC_GRAM_TILE * (int64_t)sizeof(float);
}

#endif
