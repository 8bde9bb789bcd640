/* selu: y = scale x where x > 0, otherwise scale alpha (exp(x) - 1). dy/dx = scale where x > 0, otherwise
 * scale alpha exp(x), which is y + scale alpha; at the kink x = 0 it is scale alpha (PyTorch's choice).
 *
 * With the two constants, the mean 0 and the variance 1 are a fixed point of a layer whose weights have the mean 0 and
 * the variance 1 / inputs. */
#include "op/pointwise.h"

static const float scale = 1.0507009873554805f, scale_alpha = 1.7580993408473766f;

TC_INLINE float f(float x, const float *a)
{
    (void)a;
    return x > 0.0f ? scale * x : scale_alpha * expm1f(x);
}

TC_INLINE float df(float y, const float *a)
{
    (void)a;
    return y > 0.0f ? scale : y + scale_alpha;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end) { tc_map(c, begin, end, f); }
TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end) { tc_map_back_y(c, begin, end, df); }

const tc_op tc_op_selu = {
    .name = "selu",
    .formula = "y = 1.0507 (x > 0 ? x : 1.6733 (exp(x) - 1))",
    .doc =
        "Scaled exponential linear unit, which keeps values near the mean 0 and the variance 1 from layer to layer, if "
        "weights have the mean 0 and the variance 1 / inputs.",
    .source = "Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks, NIPS 2017; torch.nn.SELU",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_ELEMENTWISE | TC_IN_PLACE | TC_KEEPS_ZEROS,
    .forward = forward,
    .backward = backward,
    .probe = {{"selu", {"7"}, -3, 3, 0}},
};
