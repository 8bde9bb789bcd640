/* firing_body.h: the kernels of firing lists in one instruction set: included once by firing_avx512.c, firing_avx2.c and
 * firing_plain.c, which say what LANES is and for what machine to compile. */
#include "kernel/cpu/firing_lanes.h"

#include "kernel/cpu/firing_lists.h"

#include "kernel/cpu/firing_rows.h"

#include "kernel/cpu/firing_dots.h"

const tc_firing_set FIRING_SET = {
    .name = FIRING_NAME,
    .fire = fire,
    .fire_units = fire_units,
    .sparse =
        {[TC_SPMM] = spmm, [TC_SDDMM] = sddmm, [TC_SPMM_TN] = spmm_tn, [TC_DSMM_TN] = dsmm_tn, [TC_SPMM_NT] = spmm_nt},
};
