/* conv1d: a convolution of rows [L, C], such as signals and texts. conv.h has everything but this table. */
#include "op/conv.h"

static bool shape(tc_sketch *s) { return tc_conv_shape(s, 2); }

const tc_op tc_op_conv1d = {
    .name = "conv1d",
    .formula = "y = the cross-correlation of x with W, + b",
    .doc = "A convolution of rows [length, channels]. Its units are the channels of its output, the pre-activation of "
           "the next layer.",
    .source = "torch.nn.Conv1d; init as linear",
    .role = &tc_layer,
    .flags = TC_READS_X,
    .attribute = {{"out", "int", NULL, "units (channels of the output), at least 1", true},
                  {"k", "int", NULL, "the length of the kernel", true},
                  {"stride", "int", "1", "positions from one window to the next", false},
                  {"padding", "padding", "0", "zeros at each end; same: as many as keep the length", false},
                  {"dilation", "int", "1", "positions from one tap of the kernel to the next", false},
                  TC_CONV_GROUPS_BIAS_INIT},
    .limit = {{"needs out of at least 1", TC_CONV_OUT, 1, INFINITY},
              {"needs k of at most 2^20", TC_CONV_K, 1, 1 << 20},
              {"needs a stride of at most 2^20", TC_CONV_STRIDE, 1, 1 << 20},
              {"needs a dilation of at most 2^20", TC_CONV_DILATION, 1, 1 << 20},
              {"needs groups of at least 1", TC_CONV_GROUPS, 1, INFINITY}},
    .param = {{"weight", "oiw", tc_conv_init}, {"bias", "o", tc_conv_init}},
    .shape = shape,
    TC_CONV_FUNCTIONS,
    .probe = {{"conv1d 3 3", {"7 2"}, -1, 1, NAN},
              {"conv1d 4 5 stride=2 padding=2 groups=2 bias=false", {"9 6"}, -1, 1, NAN}},
};
