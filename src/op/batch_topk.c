/* batch_topk: keeps the k * rows largest numbers over all samples and positions of the batch, each a row of units, and
 * sets the others to 0: on average k in each row, more in rows with more large numbers.
 *
 * In training exactly that many are kept; among equal numbers the first. So what a row keeps depends on the other rows
 * of its batch. In evaluation it does not: y = x where x > threshold, otherwise 0. The threshold is the running mean,
 * over training steps, of the smallest nonzero number that was kept (`decay` is the share of the old mean; the first
 * step sets it). Before the first step the threshold is 0. dL/dx = g where y is not 0, otherwise 0. */
#include "op/top.h"

enum { DECAY = TC_TOP_K + 1 };

static bool shape(tc_sketch *s)
{
    s->state[0] = (tc_shape){1, {1}};
    return tc_top_shape(s);
}

static int64_t save(const tc_sketch *s, int64_t rows)
{
    (void)s, (void)rows;
    return (int64_t)sizeof(float);
}

/* The smallest of y[n] that is not 0; 0 if all are. */
TC_INLINE float smallest(const float *y, int64_t n)
{
    float least = INFINITY;
    for (int64_t i = 0; i < n; i++) least = y[i] != 0.0f && y[i] < least ? y[i] : least;
    return least < INFINITY ? least : 0.0f;
}

TC_CLONES static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    (void)begin, (void)end;
    const int64_t n = tc_elements(c, &c->x[0]), rows = n / tc_last(&c->y);
    const float *x = c->x[0].data, threshold = c->state[0][0];
    float *y = c->y.data, *kept = c->save;
    if (c->run->training) {
        tc_keep(x, y, n, tc_cut_of(x, n, rows * (int64_t)c->arg[TC_TOP_K].number));
        *kept = smallest(y, n);
    } else {
        for (int64_t i = 0; i < n; i++) y[i] = x[i] > threshold ? x[i] : (x[i] != x[i] ? x[i] : 0.0f);
    }
}

static void commit(const tc_call *c)
{
    const float *kept = c->save, decay = (float)c->arg[DECAY].number;
    float *threshold = c->state[0];
    if (*kept != 0.0f) *threshold = *threshold == 0.0f ? *kept : decay * *threshold + (1 - decay) * *kept;
}

const tc_op tc_op_batch_topk = {
    .name = "batch_topk",
    .formula =
        "y = x where x is among the k * rows largest of the batch, otherwise 0; in evaluation where x > threshold",
    .doc =
        "Keeps k units of a sample, at each of its positions, on average: exactly k * rows * positions over a training "
        "batch, whatever is above a remembered threshold in evaluation. Numbers below 0 are kept too: `relu | "
        "batch_topk 32` keeps only units that fire.",
    .source = "Bussmann, Leask, Nanda: BatchTopK sparse autoencoders, arXiv:2412.06410, 2024",
    .role = &tc_layer,
    .flags = TC_READS_Y | TC_IN_PLACE | TC_MAKES_ZEROS | TC_KEEPS_ZEROS | TC_BLOCKS | TC_MIXES | TC_COMPETES,
    .attribute = {{"k", "int", NULL, "how many units are kept on average, from 1 to the last dimension", true},
                  {"decay", "float", "0.99", "of the running mean that is the threshold in evaluation, below 1",
                   false}},
    .limit = {{"needs a decay of at least 0 and below 1", DECAY, 0, TC_BELOW_1}},
    .state = {{"threshold", NULL, NULL}},
    .shape = shape,
    .work = 60,
    .save = save,
    .span = tc_span_whole,
    .span_back = tc_span_rows,
    .forward = forward,
    .backward = tc_top_backward,
    .commit = commit,
    .probe = {{"batch_topk 2", {"6"}, -9, 9, NAN}, {"batch_topk 3", {"2 5"}, -9, 9, NAN}},
};
