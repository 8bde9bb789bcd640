/* leaky_relu: y = x where x > 0, otherwise slope x. dy/dx = 1 where x > 0, otherwise slope; at the kink x = 0 it is
 * slope (PyTorch's choice). Since slope >= 0 is required, y > 0 exactly where x > 0, so the backward pass can read
 * y. */
#include "op/pointwise.h"

enum { SLOPE };

TC_INLINE float f(float x, const float *a) { return x > 0.0f ? x : a[SLOPE] * x; }

TC_INLINE float df(float y, const float *a) { return y > 0.0f ? 1.0f : a[SLOPE]; }

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_y(c, begin, end, df); }

const tc_op tc_op_leaky_relu = {
    .name = "leaky_relu",
    .formula = "y = x > 0 ? x : slope x",
    .doc = "A rectifier that passes on a fraction of values below 0, so that no unit ever dies.",
    .source = "Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models, ICML 2013",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_ELEMENTWISE | TC_IN_PLACE | TC_KEEPS_ZEROS,
    .attribute = {{"slope", "float", "0.01", "factor below 0, at least 0", true}},
    .limit = {{"needs a slope from 0 to 1e+30", SLOPE, 0, 1e30}},
    .forward = forward,
    .backward = backward,
    .probe = {{"leaky_relu", {"7"}, -2, 2, 0}, {"leaky_relu 0.2", {"2 3"}, -2, 2, 0}},
};
