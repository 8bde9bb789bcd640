/* non_negative: after every update, w = max(w, 0): the projection onto w >= 0. No gradient and no value. */
#include "op/pointwise.h"

TC_CLONES static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    (void)t;
    float *w = c->x[0].data;
    for (int64_t i = begin; i < end; i++) w[i] = w[i] <= 0.0f ? 0.0f : w[i]; /* NaN stays */
}

const tc_op tc_op_non_negative = {
    .name = "non_negative",
    .formula = "max(w, 0)",
    .doc = "Keeps a parameter at or above 0: numbers that an update makes negative become 0.",
    .source = "keras.constraints.NonNeg; Parikh, Boyd: Proximal algorithms, 2014, section 1.2",
    .role = &tc_constraint,
    .flags = TC_NO_BATCH,
    .work = 1,
    .prox = prox,
    .probe = {{"non_negative", {"5 3"}, -2, 2, NAN}, {"non_negative", {"7"}, -2, 2, NAN}},
};
