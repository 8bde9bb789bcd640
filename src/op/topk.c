/* topk: at each position of each sample keeps the k largest units and sets the others to 0.
 *
 * Exactly k are kept: among equal units the first. A negative number that is among the k largest is kept too; for only
 * units that fire, use `relu | topk 32`. dL/dx = g where y is not 0, otherwise 0, even where a 0 is among the k. */
#include "op/top.h"

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_last(&c->y), per = c->y.n / n, k = (int64_t)c->arg[TC_TOP_K].number;
    for (int64_t r = begin * per; r < end * per; r++) {
        const float *x = c->x[0].data + r * n;
        tc_keep(x, c->y.data + r * n, n, tc_cut_of(x, n, k));
    }
}

const tc_op tc_op_topk = {
    .name = "topk",
    .formula = "y = x where x is among the k largest of its position, otherwise 0",
    .doc = "Keeps exactly k units of each sample, at every position. Numbers below 0 are kept too if they are among "
           "them: `relu | topk 32` keeps only units that fire.",
    .source =
        "Makhzani, Frey: k-Sparse autoencoders, ICLR 2014; Gao et al.: Scaling and evaluating sparse autoencoders, "
        "arXiv:2406.04093, 2024",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_IN_PLACE | TC_MAKES_ZEROS | TC_KEEPS_ZEROS | TC_BLOCKS | TC_COMPETES,
    .attribute = {{"k", "int", NULL, "how many units are kept, from 1 to the last dimension", true}},
    .shape = tc_top_shape,
    .work = 60,
    .forward = forward,
    .backward = tc_top_backward,
    .probe = {{"topk 2", {"6"}, -9, 9, NAN}, {"topk 3", {"2 5"}, -9, 9, NAN}},
};
