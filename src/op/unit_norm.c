/* unit_norm: after every update, divides by their 2-norm the incoming weights of each unit (by=unit: a column of the
 * stored [in, out], a row of what users see) or the outgoing weights of each input (by=input). A vector of zeros stays.
 * It is the projection onto the set where every norm is 1, so it has no gradient and no value. */
#include "op/pointwise.h"

#include <math.h>

enum { BY };
enum { UNIT, INPUT };
enum { COLUMNS = 64 };

static bool shape(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    if (s->x[0].rank == 2 && !s->batch[0]) return true;
    return tc_shape_refuse(s, "needs a weight of two dimensions, got %s",
                           tc_shape_text(&s->x[0], s->batch[0], got));
}

static tc_span prox_span(const tc_call *c)
{
    const int64_t in = c->x[0].shape.dim[0], out = c->x[0].shape.dim[1];
    if (c->arg[BY].number == UNIT) return (tc_span){out, COLUMNS};
    return (tc_span){in, out < TC_TILE ? TC_TILE / out : 1};
}

static float inverse(double sum) { return sum > 0 ? (float)(1 / sqrt(sum)) : 1.0f; }

/* Columns [begin, end), at most COLUMNS of them, of w [in, out]. */
TC_CLONES static void columns(float *w, int64_t in, int64_t out, int64_t begin, int64_t end)
{
    double sum[COLUMNS] = {0};
    float scale[COLUMNS];
    const int64_t n = end - begin;
    for (int64_t i = 0; i < in; i++)
        for (int64_t j = 0; j < n; j++) sum[j] += (double)w[i * out + begin + j] * (double)w[i * out + begin + j];
    for (int64_t j = 0; j < n; j++) scale[j] = inverse(sum[j]);
    for (int64_t i = 0; i < in; i++)
        for (int64_t j = 0; j < n; j++) w[i * out + begin + j] *= scale[j];
}

TC_CLONES static void multiply(float *w, int64_t n, float scale)
{
    for (int64_t j = 0; j < n; j++) w[j] *= scale;
}

static void prox(const tc_call *c, double t, int64_t begin, int64_t end)
{
    (void)t;
    const int64_t in = c->x[0].shape.dim[0], out = c->x[0].shape.dim[1];
    float *w = c->x[0].data;
    if (c->arg[BY].number == UNIT)
        for (int64_t j = begin; j < end; j += COLUMNS) columns(w, in, out, j, end - j < COLUMNS ? end : j + COLUMNS);
    else
        for (int64_t i = begin; i < end; i++) multiply(w + i * out, out, inverse(c->run->kernel->squares(w + i * out, out)));
}

static const tacet_attribute attribute[] = {
    {"by", "unit|input", "unit", "whose weights: those into each unit, or those out of each input", true}, {0}};
static const tc_probe probe[] = {
    {"unit_norm", {"5 3"}, -2, 2, NAN}, {"unit_norm by=input", {"4 70"}, -2, 2, NAN}, {0}};

const tc_op tc_op_unit_norm = {
    .name = "unit_norm",
    .formula = "w / |w| for each unit or input",
    .doc = "Keeps the 2-norm of each unit's (or input's) weights at 1. Zeros stay.",
    .source = "keras.constraints.UnitNorm; Parikh, Boyd: Proximal algorithms, 2014, section 1.2",
    .role = &tc_constraint,
    .flags = TC_NO_BATCH,
    .attribute = attribute,
    .inputs = 1,
    .shape = shape,
    .work = 3,
    .prox = prox,
    .prox_span = prox_span,
    .probe = probe,
};
