/* test_table: looks up rows of a table by class indices, for tests of layers that read class indices.
 *
 *     x [T...], class indices below N      w [N, dim]      y [T..., dim]
 *     y(t) = w(x(t))                       dL/dw(k) = sum of g(t) over all t with x(t) = k
 *
 * In the backward pass, pieces are columns of the table. Each goes over all positions in order, so that no two pieces
 * write to the same place and the bits are the same for any number of threads. */
#include "op/op.h"

#include <string.h>

enum { DIM };  /* attributes */
enum { X, W }; /* x, and the parameter after it */

static bool shape(tc_sketch *s)
{
    const int64_t dim = (int64_t)s->arg[DIM].number;
    if (s->classes[X] < 1)
        return tc_shape_refuse(s, "needs class indices that say how many classes there are: tacet_input_of in C");
    if (dim < 1 || s->x[X].rank == TC_MAX_RANK)
        return tc_shape_refuse(s, "needs dim of at least 1, and fewer than %d dimensions", TC_MAX_RANK);
    s->y = s->x[X];
    s->y.dim[s->y.rank++] = dim;
    s->param[0] = (tc_shape){2, {s->classes[X], dim}};
    return true;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t dim = tc_last(&c->y), per = c->x[X].n;
    for (int64_t t = begin * per; t < end * per; t++)
        memcpy(c->y.data + t * dim, c->x[W].data + c->x[X].ids[t] * dim, (size_t)dim * sizeof(float));
}

static tc_span span_back(const tc_call *c) { return (tc_span){tc_last(&c->y), 1}; }

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t dim = tc_last(&c->y), positions = tc_elements(c, &c->x[X]);
    float *d = c->d[W];
    for (int64_t j = begin; j < end && d; j++) {
        for (int64_t k = 0; k < c->x[W].shape.dim[0] && !c->add[W]; k++) d[k * dim + j] = 0;
        for (int64_t t = 0; t < positions; t++) d[c->x[X].ids[t] * dim + j] += c->g[t * dim + j];
    }
}

static void init(const tc_arg *arg, const tc_shape *x, const tc_shape *shape, float *w, int64_t n, tc_stream s)
{
    (void)arg, (void)x, (void)shape;
    for (int64_t i = 0; i < n; i++) w[i] = 2 * tc_uniform(tc_stream_word(s, (uint64_t)i)) - 1;
}

const tc_op tc_op_test_table = {
    .name = "test_table",
    .formula = "y = w[x]",
    .doc = "Picks rows of a table, for tests.",
    .source = "torch.nn.Embedding",
    .role = &tc_layer,
    .flags = TC_READS_X,
    .attribute = {{"dim", "int", NULL, "numbers of a row, at least 1", true}},
    .ids = 1 << X,
    .param = {{"weight", "io", init}},
    .shape = shape,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    /* Enough positions that each row of the table is looked up. */
    .probe = {{"test_table 4", {"ids 3 40"}, 0, 1, NAN}, {"test_table 1", {"ids 2 4 5"}, 0, 1, NAN}},
};
