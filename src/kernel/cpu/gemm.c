/* gemm.c: products that are not small, by the BLAS if Tacet was linked with one. */
#include "kernel/cpu/cpu.h"

#ifdef TC_CBLAS
#include <cblas.h>
#include <limits.h>

/* On machines without a small kernel the portable one computes products smaller than this. */
#define SMALL (32.0 * 32.0 * 32.0)

static bool fits_int(int64_t a, int64_t b, int64_t c) { return a <= INT_MAX && b <= INT_MAX && c <= INT_MAX; }

void tc_gemm_large(const tc_gemm *g)
{
    const bool small = (double)g->m * (double)g->n * (double)g->k <= SMALL;
    if (small || !fits_int(g->m, g->n, g->k) || !fits_int(g->lda, g->ldb, g->ldc)) {
        tc_gemm_portable(g);
        return;
    }
    if (g->bias) tc_gemm_bias(g);
    const float beta = g->add || g->bias ? 1.0f : 0.0f;
    if (g->m == 1 && !g->ta) { /* a product with a vector is bound by memory, and OpenBLAS's sgemm reads B in pieces */
        cblas_sgemv(CblasRowMajor, g->tb ? CblasNoTrans : CblasTrans, (int)(g->tb ? g->n : g->k),
                    (int)(g->tb ? g->k : g->n), 1.0f, g->b, (int)g->ldb, g->a, 1, beta, g->c, 1);
        return;
    }
    cblas_sgemm(CblasRowMajor, g->ta ? CblasTrans : CblasNoTrans, g->tb ? CblasTrans : CblasNoTrans, (int)g->m,
                (int)g->n, (int)g->k, 1.0f, g->a, (int)g->lda, g->b, (int)g->ldb, beta, g->c, (int)g->ldc);
}

#else

void tc_gemm_large(const tc_gemm *g) { tc_gemm_portable(g); }

#endif
