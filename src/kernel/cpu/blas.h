/* blas.h: what must be known of the BLAS that Tacet was linked with (TC_BLAS), or that there is none. */
#ifndef TC_BLAS_H
#define TC_BLAS_H

/* Makes the BLAS run on the calling thread alone. A product's bits would else depend on the number of threads, and its
 * threads would fight with those of the pool. The setting holds for the whole process, which is how a BLAS has it: a
 * program that also uses the BLAS itself finds it single-threaded from then on. Cheap when it is so already. */
void tc_blas_single_thread(void);

/* "OpenBLAS 0.3.21 ..." and the core type that its kernels were picked for ("Zen"), "" where it does not say; without a
 * BLAS "none" and "". Strings live for ever. */
const char *tc_blas_name(void);
const char *tc_blas_core(void);

#endif
