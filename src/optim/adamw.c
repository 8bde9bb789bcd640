/* adamw: Adam as in torch.optim.AdamW; weight_decay is decoupled, p <- p - lr weight_decay p. See adam.h. */
#include "optim/adam.h"

static void prepare(tc_update *u) { tc_adam_prepare(u, 0, 1 - u->lr * u->arg[TC_ADAM_WEIGHT_DECAY].number); }

TC_CLONES static void plain(const tc_update *u, int64_t begin, int64_t end) { tc_adam(u, begin, end, false); }
TC_CLONES static void amsgrad(const tc_update *u, int64_t begin, int64_t end) { tc_adam(u, begin, end, true); }

static void update(const tc_update *u, int64_t begin, int64_t end)
{
    (u->arg[TC_ADAM_AMSGRAD].number != 0 ? amsgrad : plain)(u, begin, end);
}

const tc_optim tc_optim_adamw = {
    .name = "adamw",
    .formula = "p = (1 - lr weight_decay) p - lr m / (sqrt(v) + eps), m and v the bias-corrected means of g and g^2",
    .doc = "Adam with weight decay that acts directly on the weights, not through the gradient.",
    .source = "Loshchilov, Hutter: Decoupled weight decay regularization, ICLR 2019; torch.optim.AdamW",
    .attribute = TC_ADAM_ATTRIBUTES("0.01", "multiplies p by 1 - lr * weight_decay in every update"),
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
