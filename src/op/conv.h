/* conv.h: what conv2d and conv1d share, which is everything but their attributes. A row of length L is an image of
 * height 1. */
#ifndef TC_CONV_H
#define TC_CONV_H

#include "op/window.h"

/* Attributes, in the order of both tables. */
enum {
    TC_CONV_OUT,
    TC_CONV_K,
    TC_CONV_STRIDE,
    TC_CONV_PADDING,
    TC_CONV_DILATION,
    TC_CONV_GROUPS,
    TC_CONV_BIAS,
    TC_CONV_INIT
};

/* The last attributes of both tables. */
#define TC_CONV_GROUPS_BIAS_INIT                                                                                       \
    {"groups", "int", "1",                                                                                             \
     "the parts into which channels and units are divided; units read the channels of their own part alone", false},   \
        {"bias", "bool", "true", "whether b is added", false},                                                         \
    {                                                                                                                  \
        "init", "kaiming_uniform|xavier|zeros", "kaiming_uniform",                                                     \
            "first weights, with n to a unit: uniform within 1 / sqrt(n), b too; uniform within sqrt(6 / (n + out "    \
            "taps)), b 0; all 0",                                                                                      \
            false                                                                                                      \
    }

/* The functions of both tables. */
#define TC_CONV_FUNCTIONS                                                                                              \
    .flops = tc_conv_flops, .save = tc_conv_save, .span = tc_conv_span, .span_back = tc_conv_span_back,                \
    .phases_back = 2, .scratch = tc_conv_scratch, .silent = &tc_conv_silent, .forward = tc_conv_forward,               \
    .backward = tc_conv_backward

/* Outputs first, first + step ... (n of them) along one axis that have the same taps, tap, tap + tap_step ... (taps of
 * them). Tap i of output j is at from + i tap_from + j step_from in the input. taps 0: all in the padding. */
typedef struct tc_stretch {
    int64_t first, step, n;
    int64_t tap, tap_step, taps;
    int64_t from, step_from, tap_from;
} tc_stretch;

/* The next stretch among the outputs [begin, end) of the window; *s is zeroed before the first. Backward: of the
 * transposed window, whose outputs are the window's inputs. */
bool tc_stretch_next(const tc_window *w, bool backward, int64_t begin, int64_t end, tc_stretch *s);

bool tc_conv_shape(tc_sketch *s, int rank); /* of the input */
double tc_conv_flops(const tc_sketch *s);
int64_t tc_conv_save(const tc_sketch *s, int64_t rows);
void tc_conv_init(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s);
tc_span tc_conv_span(const tc_call *c);
tc_span tc_conv_span_back(const tc_call *c);
int64_t tc_conv_scratch(const tc_sketch *s, int64_t rows);
void tc_conv_forward(const tc_call *c, int64_t begin, int64_t end);
void tc_conv_backward(const tc_call *c, int64_t begin, int64_t end);
extern const tc_silent tc_conv_silent;

/* Blocks of dL/dw: channels and units. */
enum { TC_CONV_BLOCK_IN = 32, TC_CONV_BLOCK_OUT = 64 };

void tc_conv_windows(const tc_arg *arg, const tc_shape *x, tc_window axis[2]);

/* Samples from `sample` on; of each, the lines [top, end). */
typedef struct tc_conv_part {
    int64_t sample, samples, top, end;
} tc_conv_part;

/* On firing lists, without groups: columns [first, first + n) of a part of y, or backward of dL/dx; the block of dL/dw
 * for some channels and units. dL/dx reads the weights of a tap where tc_conv_turned_tap says. */
void tc_conv_lines(const tc_call *c, bool backward, int64_t first, int64_t n, const tc_conv_part *part);
int64_t tc_conv_turned_tap(const tc_call *c, int64_t tap);
void tc_conv_taps(const tc_call *c, int64_t i, int64_t in, int64_t o, int64_t out);

#endif
