/* orthogonal: |W W^T - I|_F^2, W [out, in] as users see it, where `in` counts an input once for each tap: its rows,
 * each the weights of a unit, should have length 1 and be orthogonal to one another. More than `in` rows cannot be
 * orthogonal, so if out > in the columns should be: |W^T W - I|_F^2, the smaller Gram matrix. (The two values differ by
 * the constant |in - out|; the gradient is the same. Neither depends on the order of the columns.) Derivative 4 (W W^T
 * - I) W = 4 W (W^T W - I), smooth everywhere. No proximal step.
 *
 * The stored matrix is V = W^T [in, out] (weight.h). The Gram matrix G is cut into tiles, one gemm per tile, and so is
 * the gradient. Forward keeps G - I, which backward multiplies by V. */
#include "op/gram.h"

static tc_gram gram_of(const tc_shape *v)
{
    const tc_matrix m = tc_matrix_of(v);
    return tc_gram_of(v, m.out <= m.rows);
}

static int64_t save(const tc_sketch *s, int64_t rows)
{
    (void)rows;
    const tc_gram z = gram_of(&s->x[0]);
    return z.n * z.n * (int64_t)sizeof(float);
}

static double flops(const tc_sketch *s)
{
    const tc_gram z = gram_of(&s->x[0]);
    return tc_gram_flops(&z);
}

static tc_span span(const tc_call *c)
{
    const tc_gram z = gram_of(&c->x[0].shape);
    return (tc_span){tc_gram_cuts(z.n) * tc_gram_cuts(z.n), 1};
}

static tc_span span_back(const tc_call *c)
{
    const tc_gram z = gram_of(&c->x[0].shape);
    return tc_gram_span_back(&z);
}

/* Turns a tile of G into that of G - I; returns its sum of (G - I)^2. */
TC_CLONES static double finish_tile(float *g, int64_t pitch, tc_block t)
{
    double sum = 0;
    for (int64_t i = 0; i < t.m; i++) {
        float *row = g + i * pitch;
        const int64_t diagonal = t.i + i - t.j;
        if (diagonal >= 0 && diagonal < t.n) row[diagonal] -= 1.0f;
        for (int64_t j = 0; j < t.n; j++) sum += (double)row[j] * (double)row[j];
    }
    return sum;
}

static void forward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_gram z = gram_of(&c->x[0].shape);
    double sum = 0;
    for (int64_t u = begin; u < end; u++) {
        const tc_block t = tc_gram_tile(z.n, z.n, u);
        tc_gram_block(c->run->kernel, &z, c->x[0].data, t, c->save);
        sum += finish_tile((float *)c->save + t.i * z.n + t.j, z.n, t);
    }
    *tc_partial(c, begin) = sum;
}

/* d = factor * product [m, n] without gaps, stored or added. */
TC_CLONES static void put_tile(float *d, int64_t pitch, tc_block t, const float *product, float factor, bool add)
{
    for (int64_t i = 0; i < t.m; i++, d += pitch, product += t.n)
        for (int64_t j = 0; j < t.n; j++) d[j] = (add ? d[j] : 0.0f) + factor * product[j];
}

static void backward(const tc_call *c, int64_t begin, int64_t end)
{
    const tc_gram z = gram_of(&c->x[0].shape);
    const float factor = (float)(4 * tc_seed(c));
    for (int64_t u = begin; u < end && c->d[0]; u++) {
        const tc_block t = tc_gram_tile(z.in, z.out, u);
        tc_gram_times(c->run->kernel, &z, c->x[0].data, c->save, t, c->scratch);
        put_tile(c->d[0] + t.i * z.out + t.j, z.out, t, c->scratch, factor, c->add[0]);
    }
}

const tc_op tc_op_orthogonal = {
    .name = "orthogonal",
    .formula = "lambda * |W W^T - I|_F^2",
    .doc = "Soft orthogonality of the units' weights, or of the inputs' weights if there are more units than inputs.",
    .source = "Bansal, Chen, Wang: Can we gain more from orthogonality regularizations in training deep networks?, "
              "NeurIPS 2018, section 3.1",
    .role = &tc_penalty,
    .flags = TC_READS_X | TC_NO_BATCH,
    .inputs = 1,
    .shape = tc_shape_weight,
    .flops = flops,
    .save = save,
    .scratch = tc_gram_scratch,
    .span = span,
    .span_back = span_back,
    .forward = forward,
    .backward = backward,
    .probe = {{"orthogonal 0.3", {"7 4"}, -1, 1, NAN},
              {"orthogonal 0.3", {"4 7"}, -1, 1, NAN},
              {"orthogonal 0.3", {"270 135"}, -0.1, 0.1, NAN},
              {"orthogonal 0.3", {"135 270"}, -0.1, 0.1, NAN},
              {"orthogonal 0.3", {"2 3 4 5"}, -1, 1, NAN}},
};
