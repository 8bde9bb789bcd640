/* adam: Adam as in torch.optim.Adam; weight_decay is added to the gradient, g <- g + weight_decay p. See adam.h. */
#include "optim/adam.h"

static void prepare(tc_update *u) { tc_adam_prepare(u, u->arg[TC_ADAM_WEIGHT_DECAY].number, 1); }

TC_CLONES static void plain(const tc_update *u, int64_t begin, int64_t end) { tc_adam(u, begin, end, false); }
TC_CLONES static void amsgrad(const tc_update *u, int64_t begin, int64_t end) { tc_adam(u, begin, end, true); }

static void update(const tc_update *u, int64_t begin, int64_t end)
{
    (u->arg[TC_ADAM_AMSGRAD].number != 0 ? amsgrad : plain)(u, begin, end);
}

const tc_optim tc_optim_adam = {
    .name = "adam",
    .formula = "p = p - lr m / (sqrt(v) + eps), m and v the bias-corrected means of g and g^2",
    .doc = "Steps of a size that does not depend on the scale of the gradient.",
    .source = "Kingma, Ba: Adam, ICLR 2015; torch.optim.Adam",
    .attribute = TC_ADAM_ATTRIBUTES("0", "adds weight_decay * p to the gradient (that of weight_decay / 2 * p^2)"),
    .moment = {"mean", "square", "largest"},
    .moments = tc_adam_moments,
    .prepare = prepare,
    .update = update,
    .bound = tc_adam_bound,
    .check = tc_adam_check,
    .prox_time = tc_adam_prox_time,
    .prox_note = TC_ADAM_PROX_NOTE,
    .normalises = true,
};
