/* instance_norm: brings each unit of a sample, over all positions, to mean 0 and variance 1; with affine=true then a
 * weight and a bias for each unit. It is group_norm with a group for each unit. */
#include "op/group_norm.h"

enum { EPS, AFFINE };

static bool shape(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    if (!tc_group_shape(s, s->arg[AFFINE].number != 0)) return false;
    if (tc_shape_positions(&s->x[0]) > 1) return true;
    return tc_shape_refuse(s, "needs at least two positions, because one value has no variance, got %s",
                           tc_shape_text(&s->x[0], s->batch[0], got));
}

const tc_op tc_op_instance_norm = {
    .name = "instance_norm",
    .formula = "y = (x - mean) / sqrt(var + eps) * w + b, over the positions of a sample",
    .doc = "Normalises each unit of each sample, over all positions, to mean 0 and variance 1.",
    .source = "Ulyanov, Vedaldi, Lempitsky: Instance normalization, arXiv:1607.08022, 2016; torch.nn.InstanceNorm2d",
    .role = &tc_layer,
    .flags = TC_READS_X,
    .attribute = {{"eps", "float", "1e-5", "added to the variance", false},
                  {"affine", "bool", "false", "whether it has a weight and a bias", false}},
    .limit = {{"needs eps of at least 0", EPS, 0, INFINITY}},
    .param = {{"weight", "o", tc_norm_ones}, {"bias", "o", tc_norm_zeros}},
    .shape = shape,
    .unit = tc_unit_same,
    .work = 8,
    .save = tc_group_save,
    .scratch = tc_group_scratch,
    .phases_back = 2,
    .span = tc_span_rows,
    .span_back = tc_group_span_back,
    .forward = tc_group_forward,
    .backward = tc_group_backward,
    .probe = {{"instance_norm", {"5 4"}, -2, 2, NAN}, {"instance_norm affine=true eps=0.1", {"3 2 4"}, -2, 2, NAN}},
};
