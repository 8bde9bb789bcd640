/* clip: y = min(max(x, low), high).
 * dy/dx = 1 where low < y < high, otherwise 0; at the kinks x = low and x = high it is 0 (PyTorch's choice, in
 * torch.nn.Hardtanh and, in its newer versions, in torch.clip). */
#include "op/pointwise.h"

enum { LOW, HIGH };

static bool shape(tc_sketch *s)
{
    const double low = s->arg[LOW].number, high = s->arg[HIGH].number;
    if ((float)low < (float)high) return tc_shape_same(s);
    return tc_shape_refuse(s, "needs a low that is below high, got %g and %g", low, high);
}

TC_INLINE float f(float x, const float *a)
{
    const float y = x < a[LOW] ? a[LOW] : x; /* a NaN passes through */
    return y > a[HIGH] ? a[HIGH] : y;
}

TC_INLINE float df(float y, const float *a) { return y > a[LOW] && y < a[HIGH] ? 1.0f : 0.0f; }

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_y(c, begin, end, df); }

const tc_op tc_op_clip = {
    .name = "clip",
    .formula = "y = min(max(x, low), high)",
    .doc =
        "Limits every element to the range from low to high. For `clip 0 6` use relu6, which is known to make zeros.",
    .source = "torch.nn.Hardtanh, torch.clip",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_ELEMENTWISE | TC_IN_PLACE,
    .attribute = {{"low", "float", NULL, "the least value of y", true},
                  {"high", "float", NULL, "the largest value of y", true}},
    .limit = {{"needs a finite low", LOW, -3e38, 3e38}, {"needs a finite high", HIGH, -3e38, 3e38}},
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .probe = {{"clip -1 1", {"7"}, -2, 2, 1}, {"clip 0.5 2", {"2 3"}, -1, 2, 0.5}},
};
