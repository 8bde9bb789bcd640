/* kernel.h: the seam to the machine: one table through which products, lists and gathers are reached. Kernels know
 * nothing of graphs; matrices are row-major, counts are in elements. */
#ifndef TC_KERNEL_H
#define TC_KERNEL_H

#include "tacet/tacet.h"

/* C[m, n] = A[m, k] * B[k, n] + bias[n] in every row, or without bias where it is NULL; or C += A * B where add (and no
 * bias). ta: A is stored [k, m]; tb: B is stored [n, k]. lda, ldb, ldc: pitch of a stored row, at least its length
 * (rows may not overlap). Always runs on the calling thread, with the same bits for the same shape. */
typedef struct tc_gemm {
    bool ta, tb, add;
    int64_t m, n, k, lda, ldb, ldc;
    const float *a, *b, *bias;
    float *c;
} tc_gemm;

/* Rows of raw data into float32: to[i, j] = from[index[i], j] * scale[j] + shift[j]. index NULL: 0, 1, ...; scaling
 * NULL: as they are. */
typedef struct tc_gather {
    tacet_type type;
    const void *from;
    const int64_t *index;
    const tacet_scaling *scaling;
    int64_t n; /* elements of a row */
    float *to;
} tc_gather;

/* One element that is not 0: its column in a list by row, its row in one by unit, and its value. */
typedef struct tc_entry {
    int32_t at;
    float value;
} tc_entry;

/* A firing list: where a matrix x [rows, n] is not 0, with their values; row by row and, where a reader
 * wants it, unit by unit (a unit is a column). NaN is not 0. Made anew for every batch, in memory of fixed size. */
typedef struct tc_firing {
    int64_t rows, n;
    int64_t fired; /* how many there are: what dense or sparse, and a product's way, is decided by */
    /* Row i: in_row[i, 0 .. count[i]), units ascending. Entries after them hold anything. */
    int32_t *count;   /* [rows] */
    tc_entry *in_row; /* [rows, pitch] */
    int64_t pitch;    /* at least n + TC_FIRING_PAD: whole vectors are stored */
    /* Unit j: of_unit[j, 0 .. hits[j]), rows ascending. */
    int32_t *hits;     /* [n] */
    tc_entry *of_unit; /* [n, row_pitch] */
    int64_t row_pitch; /* at least rows */
} tc_firing;

enum { TC_FIRING_PAD = 16 };

/* The products in which one matrix is known by its list, x below. */
enum {
    TC_SPMM,    /* C = x B           [rows, n] [n, .]     by rows   the forward product: y = x W */
    TC_SDDMM,   /* C = A B^T where x fired, elsewhere 0 (add: untouched)   A [rows, k], B [n, k]: dL/dx = g W^T */
    TC_SPMM_TN, /* C = x^T B         [n, rows] [rows, .]  by units  dL/dW = x^T g, x silent */
    TC_DSMM_TN, /* C = A^T x         [., rows] [rows, n]  by units  dL/dW = a^T x, the gradient x silent */
    TC_SPMM_NT, /* C = x B^T         [rows, n] [., n]     by rows   dL/dx = x W^T, the gradient x silent */
    TC_PRODUCTS
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

typedef struct tc_kernel {
    const char *name;      /* what of the machine it needs, as tacet_machine tells it */
    void (*prepare)(void); /* before the first plan of a process runs; again is cheap */
    void (*gemm)(const tc_gemm *g);
    void (*gather)(const tc_gather *g, int64_t begin, int64_t end); /* rows begin..end-1 of the batch */
    double (*squares)(const float *x, int64_t n);                   /* the sum of x^2, of whatever size x is */
    /* Makes the lists of rows [begin, end) of x [rows, n]; returns how many elements are not 0. */
    int64_t (*fire)(const float *x, int64_t begin, int64_t end, tc_firing *f);
    /* Makes the lists of units [begin, end), once all rows have theirs. */
    void (*fire_units)(int64_t begin, int64_t end, tc_firing *f);
    void (*sparse[TC_PRODUCTS])(const tc_sparse *s); /* same bits however C is cut into blocks */
    /* The density of x below which the product beats the dense one, for C [m, n] with sums over k. Compiled in, by
     * class of shape: never a timing. 0: never. */
    double (*break_even)(int product, int64_t m, int64_t n, int64_t k);
} tc_kernel;

const tc_kernel *tc_cpu(void); /* kernel/cpu: the best that this machine runs */

/* Kernels and operators' loops are compiled for several instruction sets and picked when the program is loaded. Not
 * under sanitizers, whose run time is not up yet when the picking happens, and by GCC alone: Clang 14 gives the pickers
 * of two static functions of one name in two files the same global symbol. */
#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__) && !defined(TC_SANITIZED)
#define TC_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define TC_BUILT_FOR "x86-64-v4, x86-64-v3, x86-64; picked when the program is loaded"
#else
#define TC_CLONES
#define TC_BUILT_FOR "what the compiler flags say"
#endif

#endif
