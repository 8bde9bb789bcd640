/* reference.c: the operators in double (double.h), as a library that test_finite.c loads, with a machine of their own:
 * a matrix product and a sum of squares. */
#include "finite/finite.h"

/* A sum whose terms together are beyond float is said to be so itself: a float product may add them in any order. */
static void gemm(const tc_gemm *g)
{
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t j = 0; j < g->n; j++) {
            float *c = &g->c[i * g->ldc + j], sum = g->add ? *c : g->bias ? g->bias[j] : 0, size = fabs(sum);
            for (int64_t l = 0; l < g->k; l++) {
                const float a = g->ta ? g->a[l * g->lda + i] : g->a[i * g->lda + l];
                const float term = a * (g->tb ? g->b[j * g->ldb + l] : g->b[l * g->ldb + j]);
                sum += term, size += fabs(term);
            }
            *c = size <= FLT_MAX ? sum : INFINITY;
        }
}

static double squares(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sum;
}

const tc_kernel *tc_cpu(void)
{
    static const tc_kernel reference = {.name = "double", .gemm = gemm, .squares = squares};
    return &reference;
}

__attribute__((visibility("default"))) int64_t finite_reference(const finite_case *c, finite_number *to)
{
    return finite_run(c, to);
}
