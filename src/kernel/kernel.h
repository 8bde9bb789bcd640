/* kernel.h: the interface to the machine: one table with products, lists, gathers and transposes. Kernels know nothing
 * of graphs; matrices are row-major, counts are in elements. */
#ifndef TC_KERNEL_H
#define TC_KERNEL_H

#include "tacet/tacet.h"

/* C[m, n] = A[m, k] * B[k, n] + bias[n] in every row, or without bias if it is NULL; or C += A * B if `add` (then
 * without bias). ta: A is stored [k, m]; tb: B is stored [n, k]. lda, ldb, ldc: pitch of a stored row, at least its
 * length (rows may not overlap). Always runs on the calling thread, with the same bits for the same shape. */
typedef struct tc_gemm {
    bool ta, tb, add;
    int64_t m, n, k, lda, ldb, ldc;
    const float *a, *b, *bias;
    float *c;
} tc_gemm;

/* Rows of raw data into float32: to[i, j] = from[index[i], j] * scale[j % count] + shift[j % count], where count divides
 * the elements of a row. index NULL: 0, 1, ...; scaling NULL: unchanged. If `row` is given, row i of the batch is at
 * row[i] instead, wherever that is. */
typedef struct tc_gather {
    tacet_type type;
    const void *from;
    const void *const *row;
    const int64_t *index;
    const tacet_scaling *scaling;
    int64_t n; /* elements of a row */
    float *to;
} tc_gather;

/* A nonzero element: its column in a list by row or its row in a list by unit, and its value. */
typedef struct tc_entry {
    int32_t at;
    float value;
} tc_entry;

/* A firing list: the nonzero elements of a matrix x [rows, n]; row by row and, if a reader wants it, unit by unit (a
 * unit is a column). NaN is not 0. It is rebuilt for every batch, in memory of fixed size.
 *
 * A row may have parts of equal length, one after the other, and the list says where each ends. An image can be listed
 * by lines: a row is a line of pixels, and a part is a pixel. */
typedef struct tc_firing {
    int64_t rows, n, parts;
    int64_t fired; /* their number, which decides between dense and sparse, and the way of a product */
    /* Row i: in_row[i, 0 .. its count), units ascending; its first p + 1 parts end at count[i, p]. Entries after the
     * last are undefined. */
    int32_t *count;   /* [rows, parts] */
    tc_entry *in_row; /* [rows, pitch] */
    int64_t pitch;    /* at least n + TC_FIRING_PAD: whole vectors are stored */
    /* Unit j: of_unit[j, 0 .. hits[j]), rows ascending. */
    int32_t *hits;     /* [n] */
    tc_entry *of_unit; /* [n, row_pitch] */
    int64_t row_pitch; /* at least rows */
} tc_firing;

enum { TC_FIRING_PAD = 16 };

/* The products in which one matrix, x below, is given by its list. */
enum {
    TC_SPMM,    /* C = x B           [rows, n] [n, .]     by rows   the forward product: y = x W */
    TC_SDDMM,   /* C = A B^T where x fired, elsewhere 0 (add: untouched)   A [rows, k], B [n, k]: dL/dx = g W^T */
    TC_SPMM_TN, /* C = x^T B         [n, rows] [rows, .]  by units  dL/dW = x^T g, x silent */
    TC_DSMM_TN, /* C = A^T x         [., rows] [rows, n]  by units  dL/dW = a^T x, the gradient x silent */
    TC_SPMM_NT, /* C = x B^T         [rows, n] [., n]     by rows   dL/dx = x W^T, the gradient x silent */
    TC_PRODUCTS,
    /* Of convolutions, on images that are listed by lines: tc_line_sum, tc_tap_sum. */
    TC_LINE_SUM = TC_PRODUCTS,
    TC_TAP_SUM
};

/* One block of such a product: rows [i, i + m) and columns [j, j + n) of C. */
typedef struct tc_sparse {
    const tc_firing *x;
    int64_t i, j, m, n;
    int64_t k;          /* TC_SDDMM: the length of the sums */
    const float *a, *b; /* the dense matrices, from their first element */
    int64_t lda, ldb, ldc;
    const float *bias; /* TC_SPMM, TC_SPMM_NT: added to every row, from column 0; or NULL */
    bool add;          /* C += */
    float *c;          /* the block's first element */
} tc_sparse;

/* The share of one line of a listed image x in one line of a convolution's result, through some adjacent taps:
 *
 *     y[j][o] += sum over taps t and channels c of x[first + j step + t][c] w[t][c][o] */
typedef struct tc_line_sum {
    const tc_firing *x; /* by lines */
    int64_t line;
    int64_t n, first, step, taps; /* pixels before and after the line are 0 */
    const float *w;               /* [taps, channels, width]; 0 from column `cols` on */
    int64_t cols, width;          /* width: a multiple of 16 */
    float *y;
    int64_t pitch; /* from one pixel of y to the next */
} tc_line_sum;

/* The share of some lines of a listed image x in the gradient of a convolution's weights, whose other factor is an
 * image a [size, pitch]: for some channels u of x,
 *
 *     sum[u][t][o] += sum over lines i and pixels j of x[i][j][u] a[at + (i, j) stride + t dilation][o]
 *
 * with 0 for a outside the image. Numbers of two are along lines and along pixels; at may be negative. */
typedef struct tc_tap_sum {
    const tc_firing *x;
    int64_t line, lines; /* of x; the sum's i begins at 0 */
    int64_t unit, units; /* channels of x */
    const float *a;
    int64_t size[2], pitch, cols; /* cols: numbers of a pixel that are used */
    int64_t at[2], stride[2], dilation[2], taps[2];
    float *sum;    /* [units, taps, width] */
    int64_t width; /* a multiple of TC_TAP_COLUMNS; columns from `cols` on get sums of zeros */
    void *scratch; /* tc_tap_scratch bytes, aligned for vectors */
} tc_tap_sum;

enum { TC_TAP_COLUMNS = 32 };

/* A part of a convolution in which every pixel has the same taps, so that no padding is read or multiplied:
 *
 *     y[pixel][o] = bias[o] + sum over taps and c of x[pixel + tap][c] w[tap][c][o]       or y +=, without bias
 *     w[tap][c][o] += sum over pixels of x[pixel + tap][c] y[pixel][o]
 *
 * Pixels are a grid of samples, rows and columns, taps one of rows and columns; x, y and w are the distances between
 * neighbours in these arrays, and may be negative. With `apart` each channel has weights of its own (in is 1):
 *
 *     y[pixel][o] = bias[o] + sum over taps of x[pixel + tap][o] w[tap][o] */
typedef struct tc_conv {
    struct {
        int64_t n, x, y;
    } pixel[3];
    struct {
        int64_t n, x, w;
    } tap[2];
    int64_t in, out, ldw; /* numbers of x for a tap; columns of w and y; pitch of w */
    const float *x, *bias;
    float *w, *y;    /* conv only reads w, conv_w only reads y */
    bool apart, add; /* add: conv only */
} tc_conv;

typedef struct tc_kernel {
    const char *name;      /* the features that it requires of the machine, for tacet_machine */
    void (*prepare)(void); /* before the first plan of a process runs; cheap to repeat */
    void (*gemm)(const tc_gemm *g);
    void (*gather)(const tc_gather *g, int64_t begin, int64_t end); /* rows begin..end-1 of the batch */
    double (*squares)(const float *x, int64_t n);                   /* the sum of x^2, for x of any magnitude */
    /* to[n, to_pitch] = from[m, pitch] transposed, or += if `add`. */
    void (*transpose)(const float *from, int64_t pitch, int64_t m, int64_t n, bool add, float *to, int64_t to_pitch);
    /* Makes the lists of rows [begin, end) of x [rows, n]; returns the number of nonzero elements. */
    int64_t (*fire)(const float *x, int64_t begin, int64_t end, tc_firing *f);
    /* Makes the lists of units [begin, end), once all rows have theirs. */
    void (*fire_units)(int64_t begin, int64_t end, tc_firing *f);
    void (*sparse[TC_PRODUCTS])(const tc_sparse *s); /* the bits do not depend on how C is cut into blocks */
    void (*line_sum)(const tc_line_sum *s);
    void (*tap_sum)(const tc_tap_sum *s);
    void (*conv)(const tc_conv *v);   /* y; a pixel's bits do not depend on the other pixels */
    void (*conv_w)(const tc_conv *v); /* w */
    /* The density of x below which the product beats the dense one, for C [m, n] with sums over k (of a tc_tap_sum: m
     * units of x, n numbers of a pixel, k taps). Compiled in, by class of shape, and never a timing. 0: never faster. */
    double (*break_even)(int product, int64_t m, int64_t n, int64_t k);
} tc_kernel;

/* Bytes that a tap_sum needs: for pixels of a next to each other that are read, and a list for each unit. */
static inline int64_t tc_tap_scratch(const tc_tap_sum *s, int64_t pixels)
{
    const int64_t high = (s->lines - 1) * s->stride[0] + (s->taps[0] - 1) * s->dilation[0] + 1;
    const int64_t wide = (pixels - 1) * s->stride[1] + (s->taps[1] - 1) * s->dilation[1] + 1;
    return high * wide * TC_TAP_COLUMNS * 4 + (s->units * s->lines * pixels + 1) * (int64_t)sizeof(tc_entry) +
           (s->units + 1) * 4;
}

const tc_kernel *tc_cpu(void); /* kernel/cpu: the best table that this machine can run */

/* Kernels and operators' loops are compiled for several instruction sets and selected when the program is loaded. Not
 * with sanitizers, whose run time is not ready at that moment, and only by GCC: Clang 14 gives the resolvers of two
 * static functions of the same name in two files the same global symbol. */
#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__) && !defined(TC_SANITIZED)
#define TC_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define TC_BUILT_FOR "x86-64-v4, x86-64-v3, x86-64; selected when the program is loaded"
#else
#define TC_CLONES
#define TC_BUILT_FOR "the target of the compiler flags"
#endif

#endif
