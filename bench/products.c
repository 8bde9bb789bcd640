/* products.c: times firing lists and the three products of a layer, H [128, 512] and W [512, 512], against the same
 * products by the BLAS. Patterns alternate, so that the branch predictor cannot learn one. Results are tiled as in a
 * step: y and dH into tiles of 256 columns, dW into tiles of 64 rows that share one buffer. */
#include "bench.h"

#include "kernel/kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 128, N = 512, PATTERNS = 16, TILE = 256, TALL = 64, PARTS = 8 };
enum { FORWARD, DH, DW, LIST_ROWS, LIST_UNITS, SPARSE_FORWARD, SPARSE_DH, SPARSE_DW };

typedef struct bed {
    float *pattern[PATTERNS], *h, *w, *g, *y, *dh, *dw;
    tc_firing f;
} bed;

static void *room(int64_t floats)
{
    void *p = aligned_alloc(64, (size_t)(floats * 4 + 63) / 64 * 64);
    if (!p) stop("out of memory", NULL);
    memset(p, 0, (size_t)floats * 4);
    return p;
}

static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-24f;
}

static float *noisy(int64_t n, uint32_t *state)
{
    float *x = room(n);
    for (int64_t i = 0; i < n; i++) x[i] = noise(state) - 0.5f;
    return x;
}

double sgemm_peak(void)
{
    enum { SIZE = 768, TIMES = 5 };
    static double best; /* measured once per process */
    uint32_t state = 1;
    if (best > 0) return best;
    float *a = noisy(SIZE * SIZE, &state), *b = noisy(SIZE * SIZE, &state), *c = room(SIZE * SIZE);
    tc_cpu()->prepare();
    for (int i = 0; i < TIMES; i++) {
        const double begin = now();
        tc_cpu()->gemm(
            &(tc_gemm){.m = SIZE, .n = SIZE, .k = SIZE, .a = a, .lda = SIZE, .b = b, .ldb = SIZE, .c = c, .ldc = SIZE});
        best = fmax(best, 2.0 * SIZE * SIZE * SIZE / (now() - begin));
    }
    free(a), free(b), free(c);
    return best;
}

static void dense(const bed *b, int which)
{
    for (int64_t j = 0; j < N; j += TILE) {
        tc_gemm g = {
            .m = ROWS, .n = TILE, .k = N, .a = b->h, .lda = N, .b = b->w + j, .ldb = N, .c = b->y + j, .ldc = N};
        if (which == DH) g.tb = true, g.a = b->g, g.b = b->w + j * N, g.c = b->dh + j;
        tc_cpu()->gemm(&g);
    }
}

static void dense_dw(const bed *b)
{
    for (int64_t i = 0; i < N; i += TALL)
        tc_cpu()->gemm(&(tc_gemm){.ta = true,
                                  .m = TALL,
                                  .n = N,
                                  .k = ROWS,
                                  .a = b->h + i,
                                  .lda = N,
                                  .b = b->g,
                                  .ldb = N,
                                  .c = b->dw,
                                  .ldc = N});
}

static void on_lists(const bed *b, int product)
{
    for (int64_t j = 0; j < N; j += TILE) {
        tc_sparse s = {.x = &b->f, .j = j, .m = ROWS, .n = TILE, .b = b->w, .ldb = N, .c = b->y + j, .ldc = N};
        if (product == TC_SDDMM) s.k = N, s.a = b->g, s.lda = N, s.c = b->dh + j;
        tc_cpu()->sparse[product](&s);
    }
}

static void on_lists_dw(const bed *b)
{
    for (int64_t i = 0; i < N; i += TALL)
        tc_cpu()->sparse[TC_SPMM_TN](
            &(tc_sparse){.x = &b->f, .i = i, .m = TALL, .n = N, .b = b->g, .ldb = N, .c = b->dw, .ldc = N});
}

static void run(bed *b, int part)
{
    if (part == FORWARD || part == DH) dense(b, part);
    if (part == DW) dense_dw(b);
    if (part == LIST_ROWS) b->f.fired = tc_cpu()->fire(b->h, 0, ROWS, &b->f);
    if (part == LIST_UNITS) tc_cpu()->fire_units(0, N, &b->f);
    if (part == SPARSE_FORWARD) on_lists(b, TC_SPMM);
    if (part == SPARSE_DH) on_lists(b, TC_SDDMM);
    if (part == SPARSE_DW) on_lists_dw(b);
}

static bed make_bed(void)
{
    uint32_t state = 5;
    bed b = {.h = room(ROWS * N),
             .w = noisy(N * N, &state),
             .g = noisy(ROWS * N, &state),
             .y = room(ROWS * N),
             .dh = room(ROWS * N),
             .dw = room(TALL * N)};
    for (int i = 0; i < PATTERNS; i++) b.pattern[i] = room(ROWS * N);
    b.f = (tc_firing){.rows = ROWS, .n = N, .parts = 1, .pitch = N + TC_FIRING_PAD, .row_pitch = ROWS};
    b.f.count = room(ROWS), b.f.in_row = room(2 * ROWS * b.f.pitch);
    b.f.hits = room(N), b.f.of_unit = room(2 * N * b.f.row_pitch);
    return b;
}

/* The times of the parts at a density, in microseconds: medians over rounds in which each part runs once. r: the lists
 * and the products on them, compared with the dense products. */
static void measure(bed *b, const bench_case *c, double density, double us[PARTS], row *r)
{
    double t[PARTS][MOST_ROUNDS], lists[MOST_ROUNDS] = {0}, whole[MOST_ROUNDS] = {0};
    uint32_t state = 9;
    for (int i = 0; i < PATTERNS; i++)
        for (int64_t k = 0; k < ROWS * N; k++)
            b->pattern[i][k] = noise(&state) < (float)density ? 0.01f + noise(&state) : 0;
    for (int i = -1; i < c->rounds; i++) {
        for (int part = 0; part < PARTS; part++) {
            /* Freshly written, as by a ReLU, whose loop also makes the list. */
            if (part == FORWARD || part == LIST_ROWS)
                memcpy(b->h, b->pattern[(i + 1) % PATTERNS], ROWS * N * sizeof(float));
            const double begin = now();
            run(b, part);
            const double took = (now() - begin) * 1e6;
            if (i < 0) continue;
            t[part][i] = took;
            *(part < LIST_ROWS ? &whole[i] : &lists[i]) += took;
        }
    }
    for (int part = 0; part < PARTS; part++) us[part] = median(t[part], c->rounds);
    add_figures(r, lists, whole, c->rounds);
}

static void print_density(const row *r, double density, const double us[PARTS])
{
    printf("    %7.2f %6.0f %6.0f %6.0f | %5.0f %5.0f %6.0f %6.0f %6.0f | %6.2f (%.2f to %.2f)\n", density, us[FORWARD],
           us[DH], us[DW], us[LIST_ROWS], us[LIST_UNITS], us[SPARSE_FORWARD], us[SPARSE_DH], us[SPARSE_DW],
           1 / r->ratio, 1 / r->most, 1 / r->least);
    fflush(stdout);
    write_row(r);
}

void run_products(const bench_case *c, int threads)
{
    enum { POINTS = 12 };
    static const double at[POINTS] = {.8, .65, .55, .5, .35, .3, .2, .15, .1, .05, .02, .01};
    static const double bar[POINTS] = {[8] = 4.3, [9] = 7.5, [10] = 14};
    double gain[POINTS], even = NAN;
    tc_cpu()->prepare();
    bed b = make_bed();
    printf("%-14s us for the three dense products | for two lists and the products on them; %d x %d x %d\n"
           "    density   y=HW  dH=gW' dW=H'g |  rows units   y=HW  dH=gW' dW=H'g | dense/lists\n",
           c->name, ROWS, N, N);
    for (int k = 0; k < POINTS; k++) {
        double us[PARTS];
        char name[32];
        snprintf(name, sizeof name, "products@%.2f", at[k]);
        row r = {.name = name, .peer = "the dense products", .threads = threads, .rss = peak_memory()};
        measure(&b, c, at[k], us, &r);
        print_density(&r, at[k], us);
        gain[k] = 1 / r.ratio;
        if (isnan(even) && gain[k] >= 1)
            even = k ? at[k - 1] + (at[k] - at[k - 1]) * (1 - gain[k - 1]) / (gain[k] - gain[k - 1]) : at[k];
    }
    if (!isnan(even)) print_bar("break-even density", even, 0.55, false);
    for (int k = 0; k < POINTS; k++) {
        char what[48];
        snprintf(what, sizeof what, "dense over lists at %.2f:", at[k]);
        if (bar[k] > 0) print_bar(what, gain[k], bar[k], false);
    }
}
