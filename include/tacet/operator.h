/* operator.h: operators of your own: a penalty, a loss, a layer or a constraint that is a function of the caller's. tacet.h
 * includes this file.
 *
 * An operator is added to a graph under a name, and from then on it is a word of the small language there like any other:
 *
 *     static tacet_status value(const tacet_call *call, double *sum)
 *     {
 *         const tacet_operand *in = call->input;
 *         for (int64_t i = 0; i < in->elements; i++) *sum += log1p(fabs(in->x[i]) / call->attribute[0]);
 *         return TACET_OK;
 *     }
 *
 *     static tacet_status gradient(const tacet_call *call)
 *     {
 *         const tacet_operand *in = call->input;
 *         for (int64_t i = 0; i < in->elements; i++)
 *             if (in->x[i] != 0) in->d[i] = copysignf(1, in->x[i]) / ((float)call->attribute[0] + fabsf(in->x[i]));
 *         return TACET_OK;
 *     }
 *
 *     tacet_operator_add(g, &(tacet_operator){TACET_OPERATOR, .role = TACET_ROLE_PENALTY, .name = "log_penalty",
 *                                             .attribute = {{"width", 0.1, NULL}}, .cut = TACET_BY_ELEMENT, .value = value,
 *                                             .gradient = gradient});
 *     tacet_penalize(g, "relu1", "log_penalty 1e-3 width=0.5");
 *
 * The functions know nothing of lambda, of reduce=, of weights of samples or of other terms: the library scales what they
 * compute, and adds it. tacet_check_operator compares a gradient with differences of the value. */
#ifndef TACET_OPERATOR_H
#define TACET_OPERATOR_H

#include "tacet/tacet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An input of an operator, row-major and without gaps. A weight has the shape in which the library stores it: [in, out] of
 * a linear layer, [height, width, in, out] of a convolution. This struct never grows. */
typedef struct tacet_operand {
    const float *x;     /* [rows, shape...] */
    const int32_t *ids; /* instead of x: class indices, the labels of a loss (tacet_operator.labels) */
    float *d;           /* gradient(): where the derivatives for x go, [rows, shape...]. It holds zeros, so that they may be
                           stored or added. NULL: they are not wanted, as those of a target */
    int64_t rows;       /* 1 for a parameter */
    int64_t elements;   /* of x and d: rows times those of a row */
    int rank;           /* of shape */
    const int64_t *shape; /* of a row, without the batch */
    bool batch;         /* x has a row for each sample */
} tacet_operand;

/* What a function gets. Pointers are valid until it returns. */
typedef struct tacet_call {
    size_t size;
    void *context;           /* tacet_operator.context */
    const double *attribute; /* the operator's own attributes, in the order of its table */
    int inputs;
    const tacet_operand *input; /* [inputs]: of a loss the output, then the target */
    float *y;                   /* value() of a layer: its output, to be written. prox(): the parameter, to be changed */
    const float *g;             /* gradient() of a layer: the derivatives of the objective for y */
    int64_t outputs;            /* the elements of y and g: rows times those of a row */
    int y_rank;                 /* of a row of y */
    const int64_t *y_shape;
    int64_t begin;              /* if the work is cut: the first row, or element, of this call in the batch of this rank */
    bool training;              /* false in tacet_forward and evaluations */
    int64_t step;               /* training steps done before this one */
} tacet_call;

/* How the work of an operator is cut. */
typedef enum tacet_cut {
    TACET_WHOLE = 0, /* called once, with everything, on the thread that calls tacet_step or tacet_forward */
    TACET_BY_ROW,    /* what a row gives depends on that row alone. Called with some of the rows, by several threads of the
                        pool at a time. All inputs are values of the batch, or none is: a parameter is one row */
    TACET_BY_ELEMENT /* what an element gives depends on that element alone. Called with some of the elements likewise: rows
                        of rank 0. All inputs, and the output, have the same shape. A penalty may be `joint` */
} tacet_cut;

enum { TACET_ATTRIBUTES = 8 };

/* An attribute of an operator of one's own: a number. */
typedef struct tacet_operator_attribute {
    const char *name;
    double preset;   /* NAN: must be given */
    const char *doc; /* may be NULL */
} tacet_operator_attribute;

/* An operator of the caller's own. Start from TACET_OPERATOR, which sets the size; what is left at 0 has its default. The
 * struct and its texts are copied.
 *
 * Every function returns TACET_OK, or another status to refuse the step or the forward pass: the call then fails with that
 * status and an error that names the operator, and nothing has changed. (A proximal step follows the update: if prox()
 * fails, the update has been made and counts as a step; its proximal step is missing, and so are those of the caller's own
 * that would have come after it.) The same arguments must give the same results: a step may be repeated to find out where a
 * number stopped being finite. */
typedef struct tacet_operator {
    size_t size;
    tacet_role role;          /* TACET_ROLE_LAYER, TACET_ROLE_LOSS, TACET_ROLE_PENALTY or TACET_ROLE_CONSTRAINT */
    const char *name;         /* letters, digits and _; no word of the library */
    const char *formula, *doc; /* for people who read about it; may be NULL */
    tacet_operator_attribute attribute[TACET_ATTRIBUTES]; /* positional, after the lambda of a penalty; the first without a
                                                             name ends them */
    int inputs;  /* a layer: how many values it reads, 1 to 4; the others are positional attributes x2, x3 ... before its
                    own. A penalty that is not cut by element: the most that `joint` may give it. 0: 1; a loss has 2 */
    tacet_cut cut;
    bool mixes;  /* what a row gives depends on other rows of the batch: refused on several ranks and, of a penalty or a
                    loss, in steps of several batches */
    bool zeros;  /* a layer: it makes exact zeros, which are counted, and can be steered to a density; a penalty: prox() makes
                    exact zeros, and can be steered to a share of them */
    bool labels; /* a loss: its target is class indices [shape...], and its output [shape..., classes] */
    /* A layer: writes y. Otherwise adds the penalty or the loss of what it got, the sum over its rows, to *sum; the library
     * divides as reduce= says, and multiplies by lambda. */
    tacet_status (*value)(const tacet_call *call, double *sum);
    /* The derivatives of *sum, or, given g, of the objective, for each input with a d. y is what value() wrote. They are
     * linear in g; of a layer that is cut by element, 0 where g is 0. */
    tacet_status (*gradient)(const tacet_call *call);
    /* Replaces y by argmin_z f(z) t + |z - y|^2 / 2, where t has the lambda and the rate; a constraint: by the nearest point
     * that it allows (t is 0). NULL: it has no proximal step. */
    tacet_status (*prox)(const tacet_call *call, double t);
    /* Fills in the shape of a row of the output of a layer and returns its rank, or of anything else returns 0; -1: it cannot
     * take these inputs, whose numbers it does not get. NULL: the output of a layer has the shape of its first input, an
     * output and its target have the same shape, and a penalty takes anything. */
    int (*shape)(const tacet_call *call, int64_t shape[8]);
    void *context;
    void (*free)(void *context); /* called once, when the graph and all plans that were made from it are freed, or at once
                                    if the operator is refused. NULL: nothing needs to be freed */
} tacet_operator;
#define TACET_OPERATOR .size = sizeof(tacet_operator)

/* Adds the operator to the graph, before what names it. A mistake is the graph's (tacet_graph_error). Models and checkpoints
 * name their operators and do not hold them: see tacet_file_describe. Operators of one's own are not in the catalogue. */
TACET_API void tacet_operator_add(tacet_graph *g, const tacet_operator *op);

/* What a comparison of gradients with differences has found. */
typedef struct tacet_gradient_check {
    size_t size;
    double error;     /* the largest difference between a gradient and what differences of the objective say, over the larger
                         of the two, or over a fiftieth of the largest gradient of the same tensor. A right gradient has less
                         than 0.01, since the values are float32; a wrong one seldom less than 0.1. INFINITY: it is not a
                         finite number */
    int64_t checked;  /* numbers that were compared, up to 32 of each tensor */
    int64_t kinks;    /* numbers near a kink, where there is nothing to compare with */
    char text[200];   /* where the error is: "linear1.weight[3, 4]: 0.12, differences say 0.15"; "" without one */
} tacet_gradient_check;

/* Compares the gradients of all parameters that train with differences of the objective, on `rows` rows of what was fed, as
 * in a training step. Nothing is updated; no values can be read until the next step. Operators whose gradient is an estimate
 * (jump_relu, l0, spectral_norm in its first steps) do not agree with differences. What tacet_add_gradient has left for the
 * next step stays there, and is not compared. Fails in a plan without an optimizer, with several ranks, and between the
 * batches of a step. */
TACET_API tacet_status tacet_check_gradient(tacet_plan *p, int64_t rows, tacet_gradient_check *found);

/* Compares the gradient of one operator, of the graph's own or of the library, in every input and parameter, but not in
 * the target of a loss. spec is its description, "log_penalty 1 width=0.5"; x[inputs] are the inputs, whose `data` are
 * [rows, shape...]: float32, or the int32 labels of a loss. A layer that reads several values names them x2, x3 ...:
 * "my_add x2". What is wrong is in *why (may be NULL). */
TACET_API tacet_status tacet_check_operator(const tacet_graph *g, const char *spec, int64_t rows, int inputs,
                                            const tacet_array *x, tacet_gradient_check *found, tacet_error *why);

#ifdef __cplusplus
}
#endif
#endif
