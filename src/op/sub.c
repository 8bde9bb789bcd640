/* sub: y = x0 - x1, two values of the same shape. dL/dx0 = g, dL/dx1 = -g. */
#include "op/pointwise.h"

static bool shape(tc_sketch *s) { return tc_shape_pair(s) && tc_shape_same(s); }

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const float *a = c->x[0].data, *b = c->x[1].data;
    float *y = c->y.data;
    for (int64_t i = begin; i < end; i++) y[i] = a[i] - b[i];
}

/* One input after the other, since both may be the same value. */
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const float *g = c->g;
    float *d = c->d[1];
    tc_pass_back(c, begin, end, 0);
    for (int64_t i = begin; i < end && d; i++) d[i] = (c->add[1] ? d[i] : 0.0f) - g[i];
}

const tc_op tc_op_sub = {
    .name = "sub",
    .formula = "y = x - with",
    .doc = "Subtracts another value.",
    .source = "torch.sub",
    .role = &tc_layer,
    .flags = TC_ELEMENTWISE | TC_IN_PLACE,
    .attribute = {{"with", "value", NULL, "the value to subtract, of the same shape", true}},
    .inputs = 2,
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .probe = {{"sub other", {"7", "7"}, -2, 2, NAN}, {"sub other", {"2 3", "2 3"}, -2, 2, NAN}},
};
