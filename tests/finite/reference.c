/* reference.c: the operators in double (double.h), as a library that test_finite.c loads, with a machine of their own:
 * products of matrices and convolutions, a sum of squares, and a transpose. */
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

/* Pixel i of a rectangle, counted over samples, rows and columns: where it is in x and in y. */
static void find_pixel(const tc_conv *v, int64_t i, int64_t *x, int64_t *y)
{
    *x = *y = 0;
    for (int a = 2; a >= 0; i /= v->pixel[a].n, a--)
        *x += i % v->pixel[a].n * v->pixel[a].x, *y += i % v->pixel[a].n * v->pixel[a].y;
}

static int64_t pixels_of(const tc_conv *v) { return v->pixel[0].n * v->pixel[1].n * v->pixel[2].n; }

/* Row r of w, counted over taps and channels, for column o: where it and its x are. */
static void find_weight(const tc_conv *v, int64_t r, int64_t o, int64_t *x, int64_t *w)
{
    const int64_t tap = r / v->in, c = r % v->in, p = tap / v->tap[1].n, q = tap % v->tap[1].n;
    *x = p * v->tap[0].x + q * v->tap[1].x + (v->apart ? o : c);
    *w = p * v->tap[0].w + q * v->tap[1].w + c * v->ldw + o;
}

static int64_t rows_of(const tc_conv *v) { return v->tap[0].n * v->tap[1].n * v->in; }

static void conv(const tc_conv *v)
{
    for (int64_t i = 0; i < pixels_of(v); i++)
        for (int64_t o = 0; o < v->out; o++) {
            int64_t x, y, at, w;
            find_pixel(v, i, &x, &y);
            float sum = v->add ? v->y[y + o] : v->bias ? v->bias[o] : 0, size = fabs(sum);
            for (int64_t r = 0; r < rows_of(v); r++) {
                find_weight(v, r, o, &at, &w);
                const float term = v->x[x + at] * v->w[w];
                sum += term, size += fabs(term);
            }
            v->y[y + o] = size <= FLT_MAX ? sum : INFINITY;
        }
}

static void conv_w(const tc_conv *v)
{
    for (int64_t r = 0; r < rows_of(v); r++)
        for (int64_t o = 0; o < v->out; o++) {
            int64_t x, y, at, w;
            find_weight(v, r, o, &at, &w);
            float sum = v->w[w], size = fabs(sum);
            for (int64_t i = 0; i < pixels_of(v); i++) {
                find_pixel(v, i, &x, &y);
                const float term = v->x[x + at] * v->y[y + o];
                sum += term, size += fabs(term);
            }
            v->w[w] = size <= FLT_MAX ? sum : INFINITY;
        }
}

static double squares(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sum;
}

static void transpose(const float *from, int64_t pitch, int64_t m, int64_t n, bool add, float *to, int64_t to_pitch)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            float *at = &to[j * to_pitch + i];
            *at = (add ? *at : 0) + from[i * pitch + j];
        }
}

const tc_kernel *tc_cpu(void)
{
    static const tc_kernel reference = {
        .name = "double", .gemm = gemm, .squares = squares, .transpose = transpose, .conv = conv, .conv_w = conv_w};
    return &reference;
}

__attribute__((visibility("default"))) int64_t finite_reference(const finite_case *c, finite_number *to)
{
    return finite_run(c, to);
}
