/* flatten: the same elements as one dimension, [rows, a, b, ...] to [rows, a b ...]. dL/dx = g. In place it does
 * nothing. */
#include "op/pointwise.h"

static bool shape(tc_sketch *s)
{
    s->y = (tc_shape){1, {tc_shape_count(&s->x[0])}};
    return true;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const float *x = c->x[0].data;
    if (c->y.data != x) memcpy(c->y.data + begin, x + begin, (size_t)(end - begin) * sizeof *x);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_pass_back(c, begin, end, 0); }

const tc_op tc_op_flatten = {
    .name = "flatten",
    .formula = "y = x as [rows, n]",
    .doc = "Merges all dimensions except the batch into one.",
    .source = "torch.nn.Flatten",
    .role = &tc_layer,
    .flags = TC_ELEMENTWISE | TC_IN_PLACE | TC_KEEPS_ZEROS,
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .probe = {{"flatten", {"2 3 2"}, -2, 2, NAN}},
};
