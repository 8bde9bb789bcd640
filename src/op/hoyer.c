/* hoyer: (sum |x|) / sqrt(sum x^2) of the units of each position, on parameters of the whole. See hoyer.h for zeros and
 * for what a vector is. */
#include "op/hoyer.h"

const tc_op tc_op_hoyer = {
    .name = "hoyer",
    .formula = "lambda * sum over samples and positions of (sum |x|) / sqrt(sum x^2)",
    .doc = "The ratio of the 1-norm to the 2-norm: few large entries instead of many small ones, whatever their scale. "
           "Each position's units are a vector (of [512]: a sample); a parameter is one.",
    .source = "Hoyer: Non-negative matrix factorization with sparseness constraints, JMLR 5, 2004; Hurley, Rickard: "
              "Comparing measures of sparsity, IEEE Transactions on Information Theory 55, 2009",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_PER_SAMPLE | TC_SPARSIFIES | TC_VECTORS,
    .work = 4,
    .save = tc_hoyer_save,
    .span = tc_hoyer_span,
    .forward = tc_hoyer_forward,
    .backward = tc_hoyer_backward,
    .finish = tc_hoyer_finish,
    .probe = {{"hoyer 0.3", {"3 5"}, -2, 2, 0}, {"hoyer 0.3", {"7"}, 0.5, 3, 0}},
};
