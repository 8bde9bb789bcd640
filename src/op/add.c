/* add: y = x0 + x1, two values of the same shape: the join of a residual connection. dL/dx0 = dL/dx1 = g. */
#include "op/pointwise.h"

static bool shape(tc_sketch *s)
{
    char a[TC_SHAPE_TEXT], b[TC_SHAPE_TEXT];
    s->y = s->x[0];
    if (s->batch[0] == s->batch[1] && tc_shape_equal(&s->x[0], &s->x[1])) return true;
    return tc_shape_refuse(s, "needs two values of the same shape, got %s and %s",
                           tc_shape_text(&s->x[0], s->batch[0], a), tc_shape_text(&s->x[1], s->batch[1], b));
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const float *a = c->x[0].data, *b = c->x[1].data;
    float *y = c->y.data;
    for (int64_t i = begin; i < end; i++) y[i] = a[i] + b[i];
}

/* The inputs take turns, since both may be the same value: the second then adds to the first. */
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    for (int k = 0; k < 2; k++) tc_pass_back(c, begin, end, k);
}

const tc_op tc_op_add = {
    .name = "add",
    .formula = "y = x + with",
    .doc = "Adds another value, as a residual connection does.",
    .source = "He, Zhang, Ren, Sun: Deep residual learning for image recognition, CVPR 2016",
    .role = &tc_layer,
    .flags = TC_ELEMENTWISE | TC_IN_PLACE,
    .attribute = {{"with", "value", NULL, "the value to add, of the same shape", true}},
    .inputs = 2,
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .probe = {{"add other", {"7", "7"}, -2, 2, NAN}, {"add other", {"2 3", "2 3"}, -2, 2, NAN}},
};
