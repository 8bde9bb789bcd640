/* hoyer_square: (sum |x|)^2 / sum x^2 of the units of each position, on parameters of the whole: the square of hoyer.
 * See hoyer.h for zeros and for what a vector is. */
#include "op/hoyer.h"

const tc_op tc_op_hoyer_square = {
    .name = "hoyer_square",
    .formula = "lambda * sum over samples and positions of (sum |x|)^2 / sum x^2",
    .doc = "From 1 to the number of entries, whatever their scale: a smooth count of nonzero entries. Each position's "
           "units are a vector (of [512]: a sample); a parameter is one.",
    .source = "Yang, Wen, Li: DeepHoyer: learning sparser neural network with differentiable scale-invariant sparsity "
              "measures, ICLR 2020",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_PER_SAMPLE | TC_SPARSIFIES | TC_VECTORS,
    .work = 4,
    .save = tc_hoyer_save,
    .span = tc_hoyer_span,
    .forward = tc_hoyer_forward,
    .backward = tc_hoyer_backward,
    .finish = tc_hoyer_finish,
    .probe = {{"hoyer_square 0.3", {"3 5"}, -2, 2, 0}, {"hoyer_square 0.3", {"7"}, 0.5, 3, 0}},
};
