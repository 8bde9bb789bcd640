/* trees.c: the loops for three operations at once. An instruction that reads and writes memory for each operation would
 * take twice the time. */
#include "formula/expression.h"
#include "formula/magnitude.h"

#define COPY(a, b) (a)
#define SQUARE(a, b) ((a) * (a))
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))

#define LOOP(one, two, three)                                                                                          \
    TC_CLONES static int32_t one##_##two##_##three(int64_t n, float *restrict to, const float *const from[TC_LEAVES],  \
                                                   int32_t keep_a, int32_t keep_c)                                     \
    {                                                                                                                  \
        const float *a = from[0], *b = from[1], *c = from[2], *d = from[3];                                            \
        int32_t most = 0;                                                                                              \
        (void)b, (void)d;                                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            const float y = two(one(tc_kept(a[i], keep_a), b[i]), three(tc_kept(c[i], keep_c), d[i]));                 \
            to[i] = y;                                                                                                 \
            most = tc_larger(most, y);                                                                                 \
        }                                                                                                              \
        return most;                                                                                                   \
    }

/* A sum and a product have their sides in this order. */
#define FROM_MUL(DO, one, two) DO(one, two, MUL)
#define FROM_SUB(DO, one, two) DO(one, two, SUB) FROM_MUL(DO, one, two)
#define FROM_ADD(DO, one, two) DO(one, two, ADD) FROM_SUB(DO, one, two)
#define FROM_SQUARE(DO, one, two) DO(one, two, SQUARE) FROM_ADD(DO, one, two)
#define FROM_COPY(DO, one, two) DO(one, two, COPY) FROM_SQUARE(DO, one, two)

#define IN_ORDER(DO, two)                                                                                              \
    FROM_COPY(DO, COPY, two)                                                                                           \
    FROM_SQUARE(DO, SQUARE, two) FROM_ADD(DO, ADD, two) FROM_SUB(DO, SUB, two) FROM_MUL(DO, MUL, two)
#define IN_ANY(DO, two)                                                                                                \
    FROM_COPY(DO, COPY, two)                                                                                           \
    FROM_COPY(DO, SQUARE, two) FROM_COPY(DO, ADD, two) FROM_COPY(DO, SUB, two) FROM_COPY(DO, MUL, two)
#define ALL(DO) IN_ORDER(DO, ADD) IN_ANY(DO, SUB) IN_ORDER(DO, MUL) IN_ANY(DO, DIV)

ALL(LOOP)

#define ROW(one, two, three) [TC_F_##one][TC_F_##two][TC_F_##three] = one##_##two##_##three,
enum { SIDES = TC_F_MUL + 1, MIDDLES = TC_F_DIV + 1 };
static tc_formula_tree *const table[SIDES][MIDDLES][SIDES] = {ALL(ROW)};

tc_formula_tree *tc_formula_tree_at(int one, int two, int three) { return table[one][two][three]; }
