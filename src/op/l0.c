/* l0: how many units fire: the number of x above their thresholds in a jump_relu, whose x and theta it gets.
 *
 *     value = sum H(x - theta)        dL/dtheta = -(1 / eps) sum over rows of K((x - theta) / eps)
 *
 * x gets no gradient, because H has none. theta gets the estimate of jump.h, with the layer's eps; so it moves the
 * thresholds, and through them which units fire. A theta below 0, which counts as 0, is still pushed up. */
#include "op/jump.h"

enum { X, THETA };

extern const tc_op tc_op_jump_relu;

static bool shape(tc_sketch *s)
{
    if (s->inputs > 1) return tc_shape_refuse(s, "takes one layer");
    return tc_op_shape(&tc_op_jump_relu, s);
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = tc_last(&c->x[X]), per = c->x[X].n / n;
    const float *theta = c->x[THETA].data;
    int64_t fired = 0;
    for (int64_t r = begin * per; r < end * per; r++) {
        const float *x = c->x[X].data + r * n;
        int32_t here = 0;
        for (int64_t j = 0; j < n; j++) here += x[j] > tc_jump_theta(theta[j]);
        fired += here;
    }
    *tc_partial(c, begin) = (double)fired;
}

static tc_span span_back(const tc_call *c) { return (tc_span){c->x[THETA].n, TC_JUMP_COLUMNS}; }

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const double slope = -tc_seed(c) / c->arg[TC_JUMP_EPS].number;
    double sum[TC_JUMP_COLUMNS];
    float *d = c->d[THETA];
    for (int64_t j = begin; j < end && d; j += TC_JUMP_COLUMNS) {
        const int64_t m = end - j < TC_JUMP_COLUMNS ? end - j : TC_JUMP_COLUMNS;
        tc_jump_near(c, NULL, j, m, sum);
        for (int64_t k = 0; k < m; k++) d[j + k] = (c->add[THETA] ? d[j + k] : 0.0f) + (float)(slope * sum[k]);
    }
}

const tc_op tc_op_l0 = {
    .name = "l0",
    .formula = "lambda * sum H(x - theta), with x and theta of a jump_relu",
    .doc = "The number of units of a jump_relu that fire, at all positions of a sample unless reduce=position. Its "
           "gradient, an estimate, goes only to the layer's thresholds.",
    .source =
        "Rajamanoharan et al.: Jumping ahead: improving reconstruction fidelity with JumpReLU sparse autoencoders, "
        "arXiv:2407.14435, 2024",
    .role = &tc_penalty,
    .of = &tc_op_jump_relu,
    .flags = TC_READS_X | TC_PER_SAMPLE | TC_ESTIMATES,
    .inputs = 1,
    .shape = shape,
    .work = 1,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .grouping = tc_grouping_whole,
    .probe = {{"l0 0.3", {"6"}, -2, 2, NAN}, {"l0 0.3", {"3 131"}, -2, 2, NAN}},
};
