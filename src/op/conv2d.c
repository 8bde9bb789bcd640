/* conv2d: a convolution of images [H, W, C]. conv.h has everything but this table. */
#include "op/conv.h"

static bool shape(tc_sketch *s) { return tc_conv_shape(s, 3); }

const tc_op tc_op_conv2d = {
    .name = "conv2d",
    .formula = "y = the cross-correlation of x with W, + b",
    .doc = "A convolution of images [height, width, channels]. Its units are the channels of its output, the "
           "pre-activation of the next layer.",
    .source = "torch.nn.Conv2d; init as linear",
    .role = &tc_layer,
    .flags = TC_READS_X,
    .attribute = {{"out", "int", NULL, "units (channels of the output), at least 1", true},
                  {"k", "size", NULL, "the kernel's height and width, as 3 or 3x5", true},
                  {"stride", "size", "1", "pixels from one window to the next", false},
                  {"padding", "padding", "0", "zeros on each side; same: as many as keep height and width", false},
                  {"dilation", "size", "1", "pixels from one tap of the kernel to the next", false},
                  TC_CONV_GROUPS_BIAS_INIT},
    .limit = {{"needs out of at least 1", TC_CONV_OUT, 1, INFINITY},
              {"needs groups of at least 1", TC_CONV_GROUPS, 1, INFINITY}},
    .param = {{"weight", "oihw", tc_conv_init}, {"bias", "o", tc_conv_init}},
    .shape = shape,
    TC_CONV_FUNCTIONS,
    .probe = {{"conv2d 3 3", {"5 4 2"}, -1, 1, NAN},
              {"conv2d 4 2x3 stride=2x1 padding=1 bias=false init=xavier", {"4 5 3"}, -1, 1, NAN},
              {"conv2d 6 3 stride=3 dilation=2 padding=2 groups=2", {"7 8 4"}, -1, 1, NAN},
              {"conv2d 5 3 padding=same groups=5", {"4 3 5"}, -1, 1, NAN},
              {"conv2d 33 2x3 padding=same", {"2 3 5"}, -1, 1, NAN}},
};
