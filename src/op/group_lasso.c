/* group_lasso: sum over the groups g of a weight of sqrt(size of g) |w_g|_2. The factor treats groups of different
 * sizes alike, since |w_g| of n equal weights grows as sqrt(n). It is part of the definition in Yuan and Lin 2006.
 * Derivative sqrt(size) w / |w_g|; where the whole group is 0 it is 0.
 * prox: block soft threshold, z_g = max(0, 1 - t sqrt(size) / |w_g|) w_g: whole groups of exact zeros. */
#include "op/group_penalty.h"

const tc_op tc_op_group_lasso = {
    .name = "group_lasso",
    .formula = "lambda * sum over groups sqrt(size) |w_g|_2",
    .doc = "Makes whole groups of weights small, and with `prox` exactly zero: units, inputs or blocks.",
    .source = "Yuan, Lin: Model selection and estimation in regression with grouped variables, JRSS B 68, 2006",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_NO_BATCH | TC_SPARSIFIES,
    .attribute = {TC_GROUP_BY_ATTRIBUTE, TC_GROUP_BLOCK_ATTRIBUTE},
    .limit = {{"needs block of at least 1", TC_GROUP_BLOCK, 1, INFINITY}},
    .inputs = 1,
    .shape = tc_group_shape,
    .work = 2,
    .save = tc_group_save,
    .span = tc_group_span,
    .forward = tc_group_forward,
    .backward = tc_group_backward,
    .prox = tc_group_prox,
    .grouping = tc_group_grouping,
    .probe = {{"group_lasso 0.3", {"4 70"}, -1, 1, NAN},
              {"group_lasso 0.3 by=input", {"70 4"}, -1, 1, NAN},
              {"group_lasso 0.3 by=block block=3", {"7 200"}, -1, 1, NAN},
              {"group_lasso 0.1 by=block block=9", {"7 5"}, -1, 1, NAN},
              {"group_lasso 0.3 by=input", {"2 3 4 20"}, -1, 1, NAN}},
};
