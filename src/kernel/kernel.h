/* kernel.h: the seam to the machine. Every heavy kernel is reached through one table, so that another machine (a GPU)
 * is another table. Kernels know nothing of graphs; matrices are row-major, counts are in elements. */
#ifndef TC_KERNEL_H
#define TC_KERNEL_H

#include "tacet/tacet.h"

/* C[m, n] = A[m, k] * B[k, n], or += where add. ta: A is stored [k, m]; tb: B is stored [n, k]. lda, ldb, ldc: pitch of
 * a stored row. Always runs on the calling thread, with the same bits for the same shape. */
typedef struct tc_gemm {
    bool ta, tb, add;
    int64_t m, n, k, lda, ldb, ldc;
    const float *a, *b;
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

typedef struct tc_kernel {
    const char *name;
    void (*prepare)(void); /* before the first plan of a process runs; again is cheap */
    void (*gemm)(const tc_gemm *g);
    void (*gather)(const tc_gather *g, int64_t begin, int64_t end); /* rows begin..end-1 of the batch */
} tc_kernel;

extern const tc_kernel tc_cpu; /* kernel/cpu */

/* Kernels and operators' loops are compiled for several instruction sets and picked when the program is loaded. Not
 * under sanitizers, whose run time is not up yet when the picking happens, and by GCC alone: Clang 14 gives the pickers
 * of two static functions of one name in two files the same global symbol. */
#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__) && !defined(TC_SANITIZED)
#define TC_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TC_CLONES
#endif

#endif
