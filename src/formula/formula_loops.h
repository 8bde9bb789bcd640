/* formula_loops.h: a loop for each function, over numbers of the type REAL. Not an ordinary header: loops.c includes it
 * once for each type, with REAL, F (the C library's function for that type) and LOOP (the name of a loop). */
#define TC_FORMULA(id, name, operands, value)                                                                          \
    TC_CLONES static void LOOP(id)(int64_t n, REAL *restrict to, const REAL *pa, const REAL *pb, const REAL *pc)       \
    {                                                                                                                  \
        TC_UNROLL for (int64_t i = 0; i < n; i++)                                                                      \
        {                                                                                                              \
            const REAL a = pa[i], b = operands > 1 ? pb[i] : 0, c = operands > 2 ? pc[i] : 0;                          \
            (void)b, (void)c;                                                                                          \
            to[i] = (REAL)(value);                                                                                     \
        }                                                                                                              \
    }
#include "formula/functions.def"
#undef TC_FORMULA
