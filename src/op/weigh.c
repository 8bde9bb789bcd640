/* weigh.c: weights of samples, for any loss: the loss knows nothing of them.
 *
 *     value = sum_r w_r l_r / sum_r w_r          w_r the weight of row r, l_r its loss
 *
 * A loss that is a sum over samples is run on one row at a time: its result is multiplied by the row's weight, and so is
 * the lambda with which its gradient is computed. So a row of weight 0 is as if it were not there, and one of weight 2 as
 * if it were there twice. What the divisor counts for a row (1, elements, positions, the weights of its labels) is
 * multiplied likewise. (Keras divides by the number of rows instead.) */
#include "op/op.h"

#include <string.h>

/* Pieces of a row: ranges consist of whole rows. */
static int64_t pieces_of(const tc_call *c) { return c->run->rows > 0 ? tc_span_of(c, false).pieces / c->run->rows : 1; }

/* What the divisor counts for a row whose pieces begin at `begin`, before its weight. */
static double row_weight(const tc_call *c, int64_t begin, int64_t end)
{
    if (c->reduce == TC_MEAN && c->op->weigh) {
        c->op->weigh(c, begin, end);
        return *tc_partial_weight(c, begin);
    }
    return c->reduce == TC_MEAN       ? (double)c->x[c->inputs - 1].n
           : c->reduce == TC_POSITION ? (double)tc_positions(&c->x[0])
                                      : 1;
}

void tc_weigh(const tc_call *c, int64_t begin, int64_t end)
{
    if (!c->factor) {
        c->op->weigh(c, begin, end);
        return;
    }
    const int64_t each = pieces_of(c);
    double sum = 0;
    for (int64_t i = begin; i < end; i += each) {
        const double w = (double)c->factor->data[i / each];
        if (w != 0) sum += w * row_weight(c, i, i + each);
    }
    *tc_partial_weight(c, begin) = sum;
}

void tc_weighed_forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t each = pieces_of(c);
    double *partial = tc_partial(c, begin), sum = 0;
    for (int64_t i = begin; i < end; i += each) {
        const double w = (double)c->factor->data[i / each];
        c->op->forward(c, i, i + each); /* rows of a range have the same place for their sum */
        if (w != 0) sum += w * *partial;
    }
    *partial = sum;
    tc_weigh(c, begin, end);
}

/* Stores 0 as the gradient of a row. */
static void store_nothing(const tc_call *c, int64_t row)
{
    for (int k = 0; k < c->inputs; k++)
        if (c->d[k] && !c->add[k]) memset(c->d[k] + row * c->x[k].n, 0, (size_t)c->x[k].n * sizeof(float));
}

void tc_weighed_backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t each = pieces_of(c);
    double lambda;
    tc_call one = *c;
    one.lambda = &lambda;
    for (int64_t i = begin; i < end; i += each) {
        lambda = *c->lambda * (double)c->factor->data[i / each];
        if (lambda != 0)
            c->op->backward(&one, i, i + each);
        else
            store_nothing(c, i / each);
    }
}
