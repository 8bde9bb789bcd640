/* dropout: in training each element is dropped with probability p and the others are divided by 1 - p; otherwise y = x.
 *
 *     y = m x / (1 - p)        dL/dx = m g / (1 - p)       m = 1 where this element's number in [0, 1) is at least p
 *
 * The mask is not kept: forward and backward draw the same numbers from the layer's stream, element by element, for any
 * ranges and on any thread. */
#include "op/pointwise.h"

enum { P };
enum { CHUNK = 256 }; /* a multiple of 4, the words of a block */

/* factor[k] = 0 or 1 / (1 - p), for n elements from `begin` on. Elements are numbered over the batch of all ranks. */
TC_INLINE void draw(const tc_call *c, int64_t begin, int64_t n, float factor[CHUNK + 4])
{
    const double p = c->arg[P].number;
    const float keep = p < 1 ? (float)(1 / (1 - p)) : 0.0f;
    const uint32_t limit = (uint32_t)ceil(p * 0x1p24); /* against the upper 24 bits of a word, as in tc_uniform */
    uint32_t word[CHUNK + 4];
    const int64_t at = begin + c->run->first_row * (c->x[0].batch ? c->x[0].n : 0);
    const int64_t first = at / 4, skip = at % 4;
    for (int64_t b = 0; 4 * b < skip + n; b++) tc_stream_block(c->stream, (uint64_t)(first + b), word + 4 * b);
    for (int64_t k = 0; k < n; k++) factor[k] = (word[skip + k] >> 8) >= limit ? keep : 0.0f;
}

/* to = from * factor, stored or added; `to` may be `from`. */
TC_INLINE void drop(const tc_call *c, int64_t begin, int64_t end, const float *from, float *to, bool add)
{
    float factor[CHUNK + 4];
    if (!c->run->training)
        for (int k = 0; k < CHUNK; k++) factor[k] = 1.0f;
    for (int64_t i = begin; i < end; i += CHUNK) {
        const int64_t n = end - i < CHUNK ? end - i : CHUNK;
        if (c->run->training) draw(c, i, n, factor);
        if (add)
            for (int64_t k = 0; k < n; k++) to[i + k] += from[i + k] * factor[k];
        else
            for (int64_t k = 0; k < n; k++) to[i + k] = from[i + k] * factor[k];
    }
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    drop(c, begin, end, c->x[0].data, c->y.data, false);
}

TC_CLONES static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    if (c->d[0]) drop(c, begin, end, c->g, c->d[0], c->add[0]);
}

const tc_op tc_op_dropout = {
    .name = "dropout",
    .formula = "y = m x / (1 - p), m = 1 with probability 1 - p, otherwise 0",
    .doc = "Drops elements at random in training; otherwise passes on its input.",
    .source = "Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout, JMLR 15, 2014; torch.nn.Dropout",
    .role = &tc_layer,
    .flags = TC_ELEMENTWISE | TC_IN_PLACE | TC_KEEPS_ZEROS | TC_RANDOM,
    .attribute = {{"p", "float", "0.5", "probability that an element is dropped, from 0 to 1", true}},
    .limit = {{"needs a probability from 0 to 1", P, 0, 1}},
    .forward = forward,
    .backward = backward,
    .probe = {{"dropout", {"70"}, -2, 2, NAN}, {"dropout 0.1", {"2 3"}, -2, 2, NAN}},
};
