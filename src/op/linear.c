/* linear: y = x W + b over the last dimension; the leading dimensions fold into rows.
 *
 *     x [R, in]   W [in, out]   b [out]   y [R, out],   R = rows of the batch times the leading dimensions
 *     dL/dx = g W^T             dL/dW = x^T g           dL/db = sum of g over R
 *
 * The weight of another layer may be stored transposed, as V [out, in] with W = V^T:
 *
 *     y = x V^T + b             dL/dx = g V             dL/dV = g^T x
 *
 * Each product is divided into tiles of its result, one gemm per tile, by its shape only, so that the bits do not
 * depend on the threads. Backward, the first pieces are the tiles of dL/dx, those after them the tiles of dL/dW, as it
 * is stored; the tiles in its first row (turned: column) also make dL/db. */
#include "op/column_sums.h"

enum { OUT, BIAS, INIT };        /* attributes */
enum { X, W, B };                /* x, and the parameters after it */
enum { KAIMING, XAVIER, ZEROS }; /* words of init */

/* At most TILE rows and columns in a tile, measured with OpenBLAS on products of about 128 x 512 x 512: 256 x 256 costs
 * 5%, 128 x 128 10% and more. Rows up to LONG are not cut. Parts are multiples of STEP. A backward pass below SMALL
 * multiplications is not divided among threads. */
enum { TILE = 256, STEP = 16, LONG = 1024, SMALL = 1 << 15 };
_Static_assert(LONG *STEP <= TC_BLOCK_FLOATS, "STEP rows of dL/dW must fit into a tile");

typedef struct grid {
    int64_t down, across; /* the most rows and columns in a tile */
} grid;

TC_INLINE int64_t cuts(int64_t n, int64_t most) { return n <= most ? 1 : (n + most - 1) / most; }

/* The length of the parts into which n is cut, which are as even as multiples of STEP allow. */
TC_INLINE int64_t length(int64_t n, int64_t most)
{
    if (n <= most) return n;
    const int64_t even = (n + cuts(n, most) - 1) / cuts(n, most);
    return (even + STEP - 1) / STEP * STEP;
}

/* The tiles of y [rows, n] and dL/dx are whole rows if there are enough rows for all threads; for long rows they are
 * tall, so that all rows use a part of the weight while it is in cache; otherwise they are squares. */
TC_INLINE grid outputs_of(int64_t rows, int64_t n)
{
    if (n > LONG) return (grid){TILE, LONG};
    return rows >= TILE ? (grid){TILE / 2, LONG} : (grid){TILE, TILE};
}

/* The tiles of dL/dW [., n] are whole rows if these are not too long: the update then reads and writes its streams from
 * end to end, which makes a step of a 784-512-512-10 network a quarter faster. (64 x 512: 6% slower than 256 x 256 for
 * a BLAS.) */
TC_INLINE grid rows_of(int64_t n)
{
    const int64_t across = length(n, LONG);
    return (grid){TC_BLOCK_FLOATS / across / STEP * STEP, across};
}

TC_INLINE int64_t tiles(int64_t m, int64_t n, grid most) { return cuts(m, most.down) * cuts(n, most.across); }

TC_INLINE tc_block tile_at(int64_t m, int64_t n, grid most, int64_t tile)
{
    if (m <= most.down && n <= most.across) return (tc_block){0, 0, m, n};
    const int64_t height = length(m, most.down), width = length(n, most.across), across = cuts(n, most.across);
    const int64_t row = across == 1 ? tile : tile / across;
    tc_block t = {row * height, (tile - row * across) * width, height, width};
    if (t.m > m - t.i) t.m = m - t.i;
    if (t.n > n - t.j) t.n = n - t.j;
    return t;
}

/* Sizes of the product; the weight is stored as [down, across]. */
typedef struct sizes {
    int64_t rows, in, out, down, across;
    bool turned;
} sizes;

TC_INLINE sizes sizes_of(const tc_call *c)
{
    const tc_view *w = &c->x[W];
    const int64_t down = w->shape.dim[0], across = w->shape.dim[1], n = c->x[X].n;
    const int64_t in = w->turned ? across : down, out = w->turned ? down : across;
    return (sizes){tc_rows(c, &c->x[X]) * (n == in ? 1 : n / in), in, out, down, across, w->turned};
}

static bool shape(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    const double out = s->arg[OUT].number;
    if (!tc_shape_last(s)) return false;
    const int last = s->x[0].rank - 1;
    const int64_t in = s->x[0].dim[last];
    s->y.dim[last] = (int64_t)out;
    s->param[0] = (tc_shape){2, {in, (int64_t)out}};
    s->param[1] = (tc_shape){s->arg[BIAS].number != 0 ? 1 : -1, {(int64_t)out}};
    if (tc_shape_count(&s->y) < 0 || tc_shape_count(&s->param[0]) < 0)
        return tc_shape_refuse(s, "%.0f units are too many on an input %s", out,
                               tc_shape_text(&s->x[0], s->batch[0], got));
    return true;
}

static double flops(const tc_sketch *s)
{
    const tc_shape *w = &s->param[0];
    return 2.0 * (double)tc_shape_count(&s->x[0]) * (double)w->dim[1];
}

/* kaiming_uniform as in torch.nn.Linear (a = sqrt 5): weight and bias within 1 / sqrt(in). xavier: the weight within
 * sqrt(6 / (in + out)), the bias 0. */
static void init(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    const double in = (double)x->dim[x->rank - 1], out = (double)shape->dim[shape->rank - 1];
    const double bounds[] = {
        [KAIMING] = 1.0 / sqrt(in), [XAVIER] = shape->rank == 2 ? sqrt(6.0 / (in + out)) : 0, [ZEROS] = 0};
    const double bound = bounds[(int)arg[INIT].number];
    for (int64_t i = 0; i < n; i++)
        w[i] = (float)(bound * (2.0 * (double)tc_uniform(tc_stream_word(s, (uint64_t)i)) - 1.0));
}

static tc_span span(const tc_call *c)
{
    sizes z = sizes_of(c);
    return (tc_span){tiles(z.rows, z.out, outputs_of(z.rows, z.out)), 1};
}

/* Tiles of dL/dx, if it is wanted. */
TC_INLINE int64_t tiles_dx(const tc_call *c, sizes z)
{
    return c->d[X] ? tiles(z.rows, z.in, outputs_of(z.rows, z.in)) : 0;
}

TC_INLINE bool stores_dw(const tc_call *c) { return c->d[W] && !c->lists.fused; }

/* Tiles of dL/dW; if only dL/db is wanted, those of a matrix with one row. */
static int64_t tiles_dw(const tc_call *c, sizes z)
{
    if (stores_dw(c)) return tiles(z.down, z.across, rows_of(z.across));
    return c->d[B] ? cuts(z.out, rows_of(z.out).across) : 0;
}

static tc_span span_back(const tc_call *c)
{
    sizes z = sizes_of(c);
    const bool small = z.rows * z.in * z.out < SMALL; /* not worth several threads: all tiles are one range */
    return (tc_span){tiles_dx(c, z) + tiles_dw(c, z), small ? TC_RANGE : 1};
}

/* ---- Dense or on firing lists ---- */

/* The product that each way uses: for the layer's own weight, and for one that is stored transposed. */
static const int serves[2][TC_WAYS] = {{[TC_Y_BY_X] = TC_SPMM,
                                        [TC_DX_BY_X] = TC_SDDMM,
                                        [TC_DW_BY_X] = TC_SPMM_TN,
                                        [TC_DW_BY_G] = TC_DSMM_TN,
                                        [TC_DX_BY_G] = TC_SPMM_NT},
                                       {[TC_Y_BY_X] = TC_SPMM_NT,
                                        [TC_DX_BY_X] = -1,
                                        [TC_DW_BY_X] = TC_DSMM_TN,
                                        [TC_DW_BY_G] = TC_SPMM_TN,
                                        [TC_DX_BY_G] = TC_SPMM}};

static void products(const tc_sketch *s, int64_t rows, tc_product way[TC_WAYS])
{
    const int64_t in = s->param[0].dim[0], out = s->param[0].dim[1], r = rows * (tc_shape_count(&s->x[0]) / in);
    way[TC_Y_BY_X] = (tc_product){.m = r, .n = out, .k = in};
    way[TC_DX_BY_X] = way[TC_DX_BY_G] = (tc_product){.m = r, .n = in, .k = out};
    way[TC_DW_BY_X] = way[TC_DW_BY_G] = (tc_product){.m = s->turned ? out : in, .n = s->turned ? in : out, .k = r};
    for (int i = 0; i < TC_WAYS; i++) way[i].product = serves[s->turned][i];
}

/* Computes block t of a product's result if one of two ways was chosen; s describes the operands. Callers check first
 * whether one was, so that a small dense product does not wait until s is filled in. */
static bool run_on_list(const tc_call *c, int by_x, int by_g, tc_block t, tc_sparse s)
{
    const int way = tc_chosen(&c->lists, by_x) ? by_x : by_g;
    if (!tc_chosen(&c->lists, way)) return false;
    s.x = way == by_x ? c->lists.x : c->lists.g;
    s.i = t.i, s.j = t.j, s.m = t.m, s.n = t.n;
    c->run->kernel->sparse[serves[c->x[W].turned][way]](&s);
    return true;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const sizes z = sizes_of(c);
    const float *bias = c->x[B].data;
    for (int64_t u = begin; u < end; u++) {
        const tc_block t = tile_at(z.rows, z.out, outputs_of(z.rows, z.out), u);
        float *y = c->y.data + t.i * z.out + t.j;
        if (c->lists.chosen &&
            run_on_list(c, TC_Y_BY_X, TC_Y_BY_X, t,
                        (tc_sparse){.b = c->x[W].data, .ldb = z.across, .bias = bias, .c = y, .ldc = z.out}))
            continue;
        c->run->kernel->gemm(&(tc_gemm){.tb = z.turned,
                                        .m = t.m,
                                        .n = t.n,
                                        .k = z.in,
                                        .a = c->x[X].data + t.i * z.in,
                                        .lda = z.in,
                                        .b = c->x[W].data + t.j * (z.turned ? z.across : 1),
                                        .ldb = z.across,
                                        .bias = bias ? bias + t.j : NULL,
                                        .c = y,
                                        .ldc = z.out});
    }
}

TC_INLINE void backward_x(const tc_call *c, sizes z, int64_t tile)
{
    const tc_block t = tile_at(z.rows, z.in, outputs_of(z.rows, z.in), tile);
    if (c->lists.chosen && run_on_list(c, TC_DX_BY_X, TC_DX_BY_G, t,
                                       (tc_sparse){.k = z.out,
                                                   .a = c->g,
                                                   .lda = z.out,
                                                   .b = c->x[W].data,
                                                   .ldb = z.across,
                                                   .add = c->add[X],
                                                   .c = c->d[X] + t.i * z.in + t.j,
                                                   .ldc = z.in}))
        return;
    c->run->kernel->gemm(&(tc_gemm){.tb = !z.turned,
                                    .add = c->add[X],
                                    .m = t.m,
                                    .n = t.n,
                                    .k = z.out,
                                    .a = c->g + t.i * z.out,
                                    .lda = z.out,
                                    .b = c->x[W].data + t.j * (z.turned ? 1 : z.across),
                                    .ldb = z.across,
                                    .c = c->d[X] + t.i * z.in + t.j,
                                    .ldc = z.in});
}

/* Writes block t of dL/dW, as the weight is stored, to d [t.m, pitch]: of x^T g, or of g^T x if it is transposed. */
TC_INLINE void weight_block(const tc_call *c, sizes z, tc_block t, bool add, float *d, int64_t pitch)
{
    const float *a = z.turned ? c->g : c->x[X].data, *b = z.turned ? c->x[X].data : c->g;
    if (c->lists.chosen &&
        run_on_list(c, TC_DW_BY_X, TC_DW_BY_G, t,
                    (tc_sparse){.a = a, .lda = z.down, .b = b, .ldb = z.across, .add = add, .c = d, .ldc = pitch}))
        return;
    c->run->kernel->gemm(&(tc_gemm){.ta = true,
                                    .add = add,
                                    .m = t.m,
                                    .n = t.n,
                                    .k = z.rows,
                                    .a = a + t.i,
                                    .lda = z.down,
                                    .b = b + t.j,
                                    .ldb = z.across,
                                    .c = d,
                                    .ldc = pitch});
}

TC_INLINE void backward_w(const tc_call *c, sizes z, int64_t tile)
{
    const bool stores = stores_dw(c), down = stores && z.turned; /* units are rows */
    const int64_t m = stores ? z.down : 1, n = stores ? z.across : z.out;
    const tc_block t = tile_at(m, n, rows_of(n), tile);
    if (stores) weight_block(c, z, t, c->add[W], c->d[W] + t.i * z.across + t.j, z.across);
    if (!c->d[B] || (down ? t.j : t.i) > 0) return;
    const int64_t unit = down ? t.i : t.j;
    tc_column_sums(c->g + unit, z.rows, down ? t.m : t.n, z.out, c->d[B] + unit, c->add[B]);
}

static int64_t weight_tiles(const tc_call *c)
{
    const sizes z = sizes_of(c);
    return tiles(z.down, z.across, rows_of(z.across));
}

static tc_block weight_tile(const tc_call *c, int64_t tile, float *to)
{
    const sizes z = sizes_of(c);
    const tc_block t = tile_at(z.down, z.across, rows_of(z.across), tile);
    weight_block(c, z, t, false, to, t.n);
    return t;
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const sizes z = sizes_of(c);
    const int64_t first = tiles_dx(c, z);
    for (int64_t u = begin; u < end; u++) {
        if (u < first)
            backward_x(c, z, u);
        else
            backward_w(c, z, u - first);
    }
}

static const tc_silent silent = {
    .least = 4, .products = products, .tiles = weight_tiles, .tile = weight_tile};

const tc_op tc_op_linear = {
    .name = "linear",
    .formula = "y = x W + b",
    .doc = "A fully connected layer over the last dimension. Its output is the pre-activation of the next layer.",
    .source = "He, Zhang, Ren, Sun: Delving deep into rectifiers, ICCV 2015 (init), as torch.nn.Linear; "
              "Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010",
    .role = &tc_layer,
    .flags = TC_READS_X | TC_TURNS,
    .attribute = {{"out", "int", NULL, "units, at least 1", true},
                  {"bias", "bool", "true", "whether b is added", false},
                  {"init", "kaiming_uniform|xavier|zeros", "kaiming_uniform",
                   "first weights: uniform within 1 / sqrt(in), b too; uniform within sqrt(6 / (in + out)), b 0; all 0",
                   false}},
    .limit = {{"needs out of at least 1", OUT, 1, INFINITY}},
    .param = {{"weight", "oi", init}, {"bias", "o", init}},
    .shape = shape,
    .flops = flops,
    .span = span,
    .span_back = span_back,
    .silent = &silent,
    .forward = forward,
    .backward = backward,
    .probe = {{"linear 5", {"7"}, -1, 1, NAN},
              {"linear 3 bias=false init=xavier", {"2 4"}, -1, 1, NAN},
              {"linear 131 init=xavier", {"260"}, -1, 1, NAN}},
};
