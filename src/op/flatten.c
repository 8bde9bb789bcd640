/* flatten: the same elements as one dimension, [rows, a, b, ...] to [rows, a b ...].
 *
 * An image [H, W, C], which is what a value of three dimensions is, gets PyTorch's order, channel by channel:
 *
 *     y(c H W + p) = x(p, c), p = 0 .. H W - 1        dL/dx(p, c) = g(c H W + p)
 *
 * so that the weights of a layer after it are those of the same network in PyTorch. With order=hwc, and for any other
 * number of dimensions, the order is that in memory. */
#include "op/pointwise.h"

enum { ORDER };
enum { CHW, HWC };
enum { TILE = 16 };

static bool shape(tc_sketch *s)
{
    s->y = (tc_shape){1, {tc_shape_count(&s->x[0])}};
    return true;
}

static bool is_turned(const tc_call *c) { return c->x[0].shape.rank == 3 && c->arg[ORDER].number == CHW; }

/* to [n, m] from [m, n], in tiles that stay in cache */
TC_INLINE void transpose(const float *from, float *to, int64_t m, int64_t n, bool add)
{
    for (int64_t i = 0; i < m; i += TILE)
        for (int64_t j = 0; j < n; j += TILE)
            for (int64_t s = i; s < m && s < i + TILE; s++)
                for (int64_t t = j; t < n && t < j + TILE; t++)
                    to[t * m + s] = (add ? to[t * m + s] : 0.0f) + from[s * n + t];
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = c->y.n, units = tc_units(&c->x[0]);
    const float *x = c->x[0].data;
    if (!is_turned(c))
        memcpy(c->y.data + begin * n, x + begin * n, (size_t)((end - begin) * n) * sizeof *x);
    else
        for (int64_t r = begin; r < end; r++) transpose(x + r * n, c->y.data + r * n, n / units, units, false);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = c->y.n, units = tc_units(&c->x[0]);
    if (!is_turned(c))
        tc_pass_back(c, begin * n, end * n, 0);
    else
        for (int64_t r = begin; r < end && c->d[0]; r++)
            transpose(c->g + r * n, c->d[0] + r * n, units, n / units, c->add[0]);
}

const tc_op tc_op_flatten = {
    .name = "flatten",
    .formula = "y = x as [rows, n]",
    .doc = "Merges all dimensions except the batch into one; those of an image [height, width, channels] in PyTorch's "
           "order, channel by channel.",
    .source = "torch.nn.Flatten",
    .role = &tc_layer,
    .flags = TC_KEEPS_ZEROS | TC_PICKS,
    .attribute = {{"order", "chw|hwc", "chw",
                   "the order of the numbers of an image: chw, channels first; hwc, as they lie in memory", false}},
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .probe = {{"flatten", {"2 3"}, -2, 2, NAN},
              {"flatten", {"3 2 5"}, -2, 2, NAN},
              {"flatten", {"5 7 19"}, -2, 2, NAN},
              {"flatten order=hwc", {"2 3 2"}, -2, 2, NAN}},
};
