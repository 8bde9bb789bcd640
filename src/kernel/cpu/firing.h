/* firing.h: the kernels that make and read firing lists, once for each instruction set. What they do is in
 * kernel/kernel.h. */
#ifndef TC_FIRING_H
#define TC_FIRING_H

#include "kernel/kernel.h"

/* The kernels in one instruction set: firing_body.h, compiled for it. */
typedef struct tc_firing_set {
    const char *name;
    int64_t (*fire)(const float *x, int64_t begin, int64_t end, tc_firing *f);
    void (*fire_units)(int64_t begin, int64_t end, tc_firing *f);
    void (*sparse[TC_PRODUCTS])(const tc_sparse *s);
} tc_firing_set;

/* The sets that were compiled, best first, and which of them this machine can run: the first for which it says yes. */
typedef struct tc_firing_choice {
    const tc_firing_set *set;
    bool (*runs)(void);
} tc_firing_choice;
extern const tc_firing_choice tc_firing_choices[];
extern const int tc_firing_choice_count;

/* Into tc_kernel's table: by the set that was picked. */
int64_t tc_fire_cpu(const float *x, int64_t begin, int64_t end, tc_firing *f);
void tc_fire_units_cpu(int64_t begin, int64_t end, tc_firing *f);
void tc_spmm_cpu(const tc_sparse *s);
void tc_sddmm_cpu(const tc_sparse *s);
void tc_spmm_tn_cpu(const tc_sparse *s);
void tc_dsmm_tn_cpu(const tc_sparse *s);
void tc_spmm_nt_cpu(const tc_sparse *s);
double tc_break_even_cpu(int product, int64_t m, int64_t n, int64_t k);

#if defined(__x86_64__)
extern const tc_firing_set tc_firing_avx512, tc_firing_avx2;
#endif
extern const tc_firing_set tc_firing_plain;

#endif
