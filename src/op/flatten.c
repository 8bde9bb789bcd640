/* flatten: the same elements as one dimension, [rows, a, b, ...] to [rows, a b ...]; those of an image [H, W, C], which
 * is what a value of three dimensions is, channel by channel (picture_order.h). dL/dx = g in the same order. */
#include "op/picture_order.h"

enum { ORDER };

static bool shape(tc_sketch *s)
{
    s->y = (tc_shape){1, {tc_shape_count(&s->x[0])}};
    return true;
}

static int64_t unit(const tc_sketch *s, int i, int64_t u)
{
    return tc_reordered_unit(s, i, u, (int)s->arg[ORDER].number);
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_reorder(c, (int)c->arg[ORDER].number, begin, end);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_reorder_back(c, (int)c->arg[ORDER].number, begin, end);
}

const tc_op tc_op_flatten = {
    .name = "flatten",
    .formula = "y = x as [rows, n]",
    .doc = "Merges all dimensions except the batch into one; those of an image [height, width, channels] in PyTorch's "
           "order, channel by channel.",
    .source = "torch.nn.Flatten",
    .role = &tc_layer,
    .flags = TC_KEEPS_ZEROS | TC_PICKS,
    .attribute = {TC_PICTURE_ORDER},
    .shape = shape,
    .unit = unit,
    .span = tc_span_rows,
    .forward = forward,
    .backward = backward,
    .probe = {{"flatten", {"2 3"}, -2, 2, NAN},
              {"flatten", {"3 2 5"}, -2, 2, NAN},
              {"flatten", {"5 7 19"}, -2, 2, NAN},
              {"flatten order=hwc", {"2 3 2"}, -2, 2, NAN}},
};
