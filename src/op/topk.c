/* topk: at each position of each sample the k largest units are kept as they are and the others are 0.
 *
 * Exactly k are kept: of equal ones those that come first. A number below 0 that is among the k largest is kept too;
 * where only what fires is to count, `relu | topk 32` is meant.
 * dL/dx = g where y is not 0, else 0: so also where a 0 is among the k. */
#include "op/largest.h"

enum { K };

static bool shape(tc_sketch *s)
{
    if (!tc_shape_last(s)) return false;
    const int64_t n = s->x[0].dim[s->x[0].rank - 1];
    if (s->arg[K].number >= 1 && s->arg[K].number <= (double)n) return true;
    return tc_shape_refuse(s, "needs k from 1 to %lld, the last dimension, got %g", (long long)n, s->arg[K].number);
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_last(&c->y), per = c->y.n / n, k = (int64_t)c->arg[K].number;
    for (int64_t r = begin * per; r < end * per; r++) {
        const float *x = c->x[0].data + r * n;
        tc_keep(x, c->y.data + r * n, n, tc_cut_of(x, n, k));
    }
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_map_back_y(c, begin * c->y.n, end * c->y.n, tc_kept_slope);
}

const tc_op tc_op_topk = {
    .name = "topk",
    .formula = "y = x where x is among the k largest of its position, else 0",
    .doc = "Keeps exactly k units of each sample, at every position. Numbers below 0 are kept too if they are among "
           "them: `relu | topk 32` keeps what fires.",
    .source =
        "Makhzani, Frey: k-Sparse autoencoders, ICLR 2014; Gao et al.: Scaling and evaluating sparse autoencoders, "
        "arXiv:2406.04093, 2024",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_IN_PLACE | TC_MAKES_ZEROS | TC_KEEPS_ZEROS | TC_BLOCKS,
    .attribute = {{"k", "int", NULL, "how many units are kept, from 1 to the last dimension", true}},
    .shape = shape,
    .work = 60,
    .forward = forward,
    .backward = backward,
    .probe = {{"topk 2", {"6"}, -9, 9, NAN}, {"topk 3", {"2 5"}, -9, 9, NAN}},
};
