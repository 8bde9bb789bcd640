/* products.c: firing lists and the three products of a layer, H [128, 512] and W [512, 512], against the same products by
 * the BLAS. One pattern after another, so that no branch predictor learns one. Results are cut as a step cuts them: y and dH
 * into tiles of 256 columns, dW into tiles of 64 rows that are used up, in one place, before the next is made. */
#include "bench.h"

#include "kernel/kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { ROWS = 128, N = 512, PATTERNS = 16, TILE = 256, TALL = 64, PARTS = 8 };
enum { FORWARD, DH, DW, LIST_ROWS, LIST_UNITS, SPARSE_FORWARD, SPARSE_DH, SPARSE_DW };

typedef struct bed {
    float *pattern[PATTERNS], *h, *w, *g, *y, *dh, *dw;
    tc_firing f;
} bed;

static void *room(int64_t floats)
{
    void *p = aligned_alloc(64, (size_t)(floats * 4 + 63) / 64 * 64);
    if (!p) stop("no memory", NULL);
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
    static double best; /* of this process */
    uint32_t state = 1;
    if (best > 0) return best;
    float *a = noisy(SIZE * SIZE, &state), *b = noisy(SIZE * SIZE, &state), *c = room(SIZE * SIZE);
    tc_cpu.prepare();
    for (int i = 0; i < TIMES; i++) {
        const double begin = now();
        tc_cpu.gemm(
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
        tc_cpu.gemm(&g);
    }
}

static void dense_dw(const bed *b)
{
    for (int64_t i = 0; i < N; i += TALL)
        tc_cpu.gemm(&(tc_gemm){.ta = true,
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
        tc_cpu.sparse[product](&s);
    }
}

static void on_lists_dw(const bed *b)
{
    for (int64_t i = 0; i < N; i += TALL)
        tc_cpu.sparse[TC_SPMM_TN](
            &(tc_sparse){.x = &b->f, .i = i, .m = TALL, .n = N, .b = b->g, .ldb = N, .c = b->dw, .ldc = N});
}

static void run(bed *b, int part)
{
    if (part == FORWARD || part == DH) dense(b, part);
    if (part == DW) dense_dw(b);
    if (part == LIST_ROWS) b->f.fired = tc_cpu.fire(b->h, 0, ROWS, &b->f);
    if (part == LIST_UNITS) tc_cpu.fire_units(0, N, &b->f);
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
    b.f = (tc_firing){.rows = ROWS, .n = N, .pitch = N + TC_FIRING_PAD, .row_pitch = ROWS};
    b.f.count = room(ROWS), b.f.in_row = room(2 * ROWS * b.f.pitch);
    b.f.hits = room(N), b.f.of_unit = room(2 * N * b.f.row_pitch);
    return b;
}

/* Microseconds of each part at a density: medians over rounds in which all take their turn. */
static void measure(bed *b, double density, int rounds, double us[PARTS])
{
    double t[PARTS][MOST_ROUNDS];
    uint32_t state = 9;
    for (int i = 0; i < PATTERNS; i++)
        for (int64_t k = 0; k < ROWS * N; k++)
            b->pattern[i][k] = noise(&state) < (float)density ? 0.01f + noise(&state) : 0;
    for (int r = -1; r < rounds; r++)
        for (int part = 0; part < PARTS; part++) {
            if (part == 0) memcpy(b->h, b->pattern[(r + 1) % PATTERNS], ROWS * N * sizeof(float));
            const double begin = now();
            run(b, part);
            if (r >= 0) t[part][r] = (now() - begin) * 1e6;
        }
    for (int part = 0; part < PARTS; part++) us[part] = median(t[part], rounds);
}

void run_products(const bench_case *c, int threads)
{
    static const double at[] = {.8, .65, .55, .5, .35, .3, .2, .15, .1, .05, .02, .01};
    static const double bar[][2] = {{.1, 4.3}, {.05, 7.5}, {.02, 14}};
    (void)threads;
    bed b = make_bed();
    double even = 1, before = 0, before_at = 1;
    tc_cpu.prepare();
    printf(
        "products       us of the three dense products and of two lists and three products on them, %d x %d x %d, one thread\n"
        "    density   y=HW  dH=gW' dW=H'g |  rows units   y=HW  dH=gW' dW=H'g | dense/lists\n",
        ROWS, N, N);
    for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
        double us[PARTS], whole = 0, lists = 0;
        measure(&b, at[k], c->rounds, us);
        for (int part = 0; part < PARTS; part++) *(part < LIST_ROWS ? &whole : &lists) += us[part];
        printf("    %7.2f %6.0f %6.0f %6.0f | %5.0f %5.0f %6.0f %6.0f %6.0f | %6.2f\n", at[k], us[FORWARD], us[DH],
               us[DW], us[LIST_ROWS], us[LIST_UNITS], us[SPARSE_FORWARD], us[SPARSE_DH], us[SPARSE_DW], whole / lists);
        const double gain = whole / lists;
        if (even == 1 && gain >= 1) even = k ? before_at + (at[k] - before_at) * (1 - before) / (gain - before) : at[k];
        before = gain, before_at = at[k];
        for (int i = 0; i < 3; i++)
            if (at[k] == bar[i][0]) print_bar("dense over lists", gain, bar[i][1], false);
        char name[32];
        snprintf(name, sizeof name, "products@%.2f", at[k]);
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        csv_row(&(row){.name = name,
                       .peer = "the BLAS",
                       .threads = 1,
                       .us = lists,
                       .peer_us = whole,
                       .ratio = lists / whole,
                       .rss = usage.ru_maxrss,
                       .peer_rss = usage.ru_maxrss});
    }
    print_bar("break-even density", even, 0.55, false);
}
