/* own_operators.h: operators of a caller's own that compute what operators of the library do, under the names with "my_" in
 * front: l1, mse, relu, tanh, add, cross_entropy and non_negative. */
#ifndef OWN_OPERATORS_H
#define OWN_OPERATORS_H

#include "tacet/tacet.h"

#include <math.h>

/* What a test can make the functions do. */
typedef struct own_context {
    int fail_in;         /* 1: value fails, 2: gradient, 3: prox */
    int spared;          /* after so many calls of it */
    tacet_status status; /* with this status */
    int freed;           /* how often it was freed */
    float wrong;         /* added to every derivative */
} own_context;

static inline tacet_status own_ends(const tacet_call *c, int in)
{
    own_context *o = c->context;
    if (o->fail_in != in) return TACET_OK;
    return o->spared > 0 && o->spared-- > 0 ? TACET_OK : o->status;
}

static inline void own_free(void *context) { ((own_context *)context)->freed++; }

static inline tacet_status l1_value(const tacet_call *c, double *sum)
{
    for (int k = 0; k < c->inputs; k++)
        for (int64_t i = 0; i < c->input[k].elements; i++) *sum += fabs((double)c->input[k].x[i]);
    return own_ends(c, 1);
}

static inline tacet_status l1_gradient(const tacet_call *c)
{
    for (int k = 0; k < c->inputs; k++)
        for (int64_t i = 0; i < c->input[k].elements; i++) {
            const float x = c->input[k].x[i];
            c->input[k].d[i] = (x > 0 ? 1.0f : x < 0 ? -1.0f : 0.0f) + ((const own_context *)c->context)->wrong;
        }
    return own_ends(c, 2);
}

static inline tacet_status l1_prox(const tacet_call *c, double t)
{
    for (int64_t i = 0; i < c->outputs; i++) {
        const float m = fabsf(c->y[i]) - (float)t;
        c->y[i] = m > 0 ? copysignf(m, c->y[i]) : 0;
    }
    return own_ends(c, 3);
}

static inline tacet_status relu_value(const tacet_call *c, double *sum)
{
    (void)sum;
    for (int64_t i = 0; i < c->outputs; i++) c->y[i] = c->input->x[i] > 0 ? c->input->x[i] : 0;
    return own_ends(c, 1);
}

static inline tacet_status relu_gradient(const tacet_call *c)
{
    for (int64_t i = 0; i < c->outputs; i++) c->input->d[i] = c->y[i] > 0 ? c->g[i] : 0;
    return own_ends(c, 2);
}

/* y = tanh(slope x), with the attribute slope. */
static inline tacet_status tanh_value(const tacet_call *c, double *sum)
{
    (void)sum;
    for (int64_t i = 0; i < c->outputs; i++) c->y[i] = tanhf((float)c->attribute[0] * c->input->x[i]);
    return own_ends(c, 1);
}

static inline tacet_status tanh_gradient(const tacet_call *c)
{
    for (int64_t i = 0; i < c->outputs; i++)
        c->input->d[i] = c->g[i] * (float)c->attribute[0] * (1 - c->y[i] * c->y[i]) +
                         ((const own_context *)c->context)->wrong;
    return own_ends(c, 2);
}

static inline tacet_status add_value(const tacet_call *c, double *sum)
{
    (void)sum;
    for (int64_t i = 0; i < c->outputs; i++) c->y[i] = c->input[0].x[i] + c->input[1].x[i];
    return own_ends(c, 1);
}

static inline tacet_status add_gradient(const tacet_call *c)
{
    for (int k = 0; k < 2; k++)
        for (int64_t i = 0; c->input[k].d && i < c->outputs; i++) c->input[k].d[i] = c->g[i];
    return own_ends(c, 2);
}

static inline tacet_status mse_value(const tacet_call *c, double *sum)
{
    for (int64_t i = 0; i < c->input[0].elements; i++) {
        const float e = c->input[0].x[i] - c->input[1].x[i];
        *sum += (double)(e * e);
    }
    return own_ends(c, 1);
}

static inline tacet_status mse_gradient(const tacet_call *c)
{
    for (int k = 0; k < 2; k++)
        for (int64_t i = 0; c->input[k].d && i < c->input[k].elements; i++)
            c->input[k].d[i] = (k ? -2 : 2) * (c->input[0].x[i] - c->input[1].x[i]);
    return own_ends(c, 2);
}

/* The labels of a position, and its logits [classes]. */
static inline tacet_status cross_entropy_value(const tacet_call *c, double *sum)
{
    const int64_t classes = c->input->shape[c->input->rank - 1];
    for (int64_t i = 0; i < c->input[1].elements; i++) {
        const float *x = c->input->x + i * classes;
        double all = 0;
        for (int64_t j = 0; j < classes; j++) all += exp((double)x[j]);
        *sum += log(all) - (double)x[c->input[1].ids[i]];
    }
    return own_ends(c, 1);
}

static inline tacet_status cross_entropy_gradient(const tacet_call *c)
{
    const int64_t classes = c->input->shape[c->input->rank - 1];
    for (int64_t i = 0; i < c->input[1].elements; i++) {
        const float *x = c->input->x + i * classes;
        double all = 0;
        for (int64_t j = 0; j < classes; j++) all += exp((double)x[j]);
        for (int64_t j = 0; j < classes; j++)
            c->input->d[i * classes + j] = (float)(exp((double)x[j]) / all) - (j == c->input[1].ids[i] ? 1.0f : 0.0f);
    }
    return own_ends(c, 2);
}

static inline tacet_status non_negative_prox(const tacet_call *c, double t)
{
    (void)t;
    for (int64_t i = 0; i < c->outputs; i++) c->y[i] = c->y[i] > 0 ? c->y[i] : 0;
    return own_ends(c, 3);
}

enum { OWN_L1, OWN_MSE, OWN_RELU, OWN_TANH, OWN_ADD, OWN_CROSS_ENTROPY, OWN_NON_NEGATIVE, OWN_OPERATORS };

/* Operator i, cut in that way if it can be. */
static inline tacet_operator own_operator(int i, tacet_cut cut, own_context *context)
{
    static const tacet_operator all[OWN_OPERATORS] = {
        [OWN_L1] = {.role = TACET_ROLE_PENALTY,
                    .name = "my_l1",
                    .formula = "sum |x|",
                    .doc = "The sum of magnitudes.",
                    .inputs = 3,
                    .zeros = true,
                    .value = l1_value,
                    .gradient = l1_gradient,
                    .prox = l1_prox},
        [OWN_MSE] = {.role = TACET_ROLE_LOSS, .name = "my_mse", .value = mse_value, .gradient = mse_gradient},
        [OWN_RELU] = {.role = TACET_ROLE_LAYER,
                      .name = "my_relu",
                      .zeros = true,
                      .value = relu_value,
                      .gradient = relu_gradient},
        [OWN_TANH] = {.role = TACET_ROLE_LAYER,
                      .name = "my_tanh",
                      .attribute = {{"slope", 1, "the slope at 0"}},
                      .value = tanh_value,
                      .gradient = tanh_gradient},
        [OWN_ADD] = {.role = TACET_ROLE_LAYER, .name = "my_add", .inputs = 2, .value = add_value, .gradient = add_gradient},
        [OWN_CROSS_ENTROPY] = {.role = TACET_ROLE_LOSS,
                               .name = "my_cross_entropy",
                               .labels = true,
                               .value = cross_entropy_value,
                               .gradient = cross_entropy_gradient},
        [OWN_NON_NEGATIVE] = {.role = TACET_ROLE_CONSTRAINT, .name = "my_non_negative", .prox = non_negative_prox},
    };
    tacet_operator op = all[i];
    op.size = sizeof op;
    op.cut = op.labels && cut == TACET_BY_ELEMENT ? TACET_BY_ROW : cut;
    op.context = context;
    op.free = own_free;
    return op;
}

static inline void add_own_operators(tacet_graph *g, tacet_cut cut, own_context *context)
{
    for (int i = 0; i < OWN_OPERATORS; i++) {
        const tacet_operator op = own_operator(i, cut, context);
        tacet_operator_add(g, &op);
    }
}

#endif
