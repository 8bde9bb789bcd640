/* sparse_group_lasso: alpha |w|_1 + (1 - alpha) sum over the groups g of sqrt(size of g) |w_g|_2. Derivative alpha
 * sign(w) + (1 - alpha) sqrt(size) w / |w_g|; sign(0) = 0, and where the whole group is 0 both are 0. prox: the soft
 * threshold by t alpha, then the block soft threshold by t (1 - alpha) sqrt(size): zeros within groups, and whole
 * groups of zeros. In this order the two together are the proximal step of the sum. */
#include "op/group_penalty.h"

const tc_op tc_op_sparse_group_lasso = {
    .name = "sparse_group_lasso",
    .formula = "lambda * (alpha sum |w| + (1 - alpha) sum over groups sqrt(size) |w_g|_2)",
    .doc = "Makes groups of weights small, and also weights within groups; with `prox`, both exactly zero.",
    .source = "Simon, Friedman, Hastie, Tibshirani: A sparse-group lasso, JCGS 22, 2013",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_NO_BATCH | TC_SPARSIFIES,
    .attribute = {TC_GROUP_BY_ATTRIBUTE,
                  TC_GROUP_BLOCK_ATTRIBUTE,
                  {"alpha", "float", "0.5",
                   "the share of the sum of magnitudes, from 0, the group lasso, to 1, the lasso", false}},
    .limit = {{"needs block of at least 1", TC_GROUP_BLOCK, 1, INFINITY},
              {"needs alpha from 0 to 1", TC_GROUP_ALPHA, 0, 1}},
    .inputs = 1,
    .shape = tc_group_shape,
    .work = 4,
    .save = tc_group_save,
    .span = tc_group_span,
    .forward = tc_group_forward,
    .backward = tc_group_backward,
    .prox = tc_group_prox,
    .grouping = tc_group_grouping,
    .probe = {{"sparse_group_lasso 0.3", {"4 70"}, -1, 1, 0},
              {"sparse_group_lasso 0.3 alpha=0.2 by=input", {"70 4"}, -1, 1, 0},
              {"sparse_group_lasso 0.3 by=block alpha=0.9", {"7 200"}, -1, 1, 0},
              {"sparse_group_lasso 0.3 alpha=1", {"5 3"}, -1, 1, 0},
              {"sparse_group_lasso 0.3 by=input", {"3 4 5"}, -1, 1, 0}},
};
