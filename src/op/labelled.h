/* labelled.h: what losses of logits x [rows, ..., classes] and labels [rows, ...] share: the shapes, and a gradient that the
 * forward pass keeps, except for its factor. */
#ifndef TC_LABELLED_H
#define TC_LABELLED_H

#include "op/rows.h"

static inline bool tc_labelled_shape(tc_sketch *s)
{
    char logits[TC_SHAPE_TEXT], wanted[TC_SHAPE_TEXT], got[TC_SHAPE_TEXT];
    tc_shape leading = s->x[0];
    tc_shape_text(&s->x[0], s->batch[0], logits);
    if (leading.rank < 1 || !s->batch[0])
        return tc_shape_refuse(s, "needs logits [batch, ..., classes], got %s", logits);
    const int64_t classes = leading.dim[--leading.rank];
    if (!s->batch[1] || !tc_shape_equal(&leading, &s->x[1]))
        return tc_shape_refuse(s, "needs labels %s with logits %s, whose last dimension is the classes; got %s%s",
                               tc_shape_text(&leading, true, wanted), logits, tc_shape_text(&s->x[1], s->batch[1], got),
                               leading.rank < s->x[1].rank ? " (data keep their positions with flat=false)" : "");
    if (s->classes[1] > classes)
        return tc_shape_refuse(s, "needs a logit for each class: the labels are of %lld classes, the logits %s",
                               (long long)s->classes[1], logits);
    if (s->classes[1] == 0) s->classes[1] = classes;
    return true;
}

static inline int64_t tc_labelled_save(const tc_sketch *s, int64_t rows)
{
    return rows * tc_shape_count(&s->x[0]) * (int64_t)sizeof(float);
}

TC_CLONES __attribute__((unused)) static void tc_labelled_backward(const tc_call *c, int64_t begin, int64_t end)
{
    const int64_t n = c->x[0].n;
    const float *kept = c->save, seed = (float)tc_seed(c);
    float *d = c->d[0];
    if (!d) return;
    for (int64_t i = begin * n; i < end * n; i++) d[i] = (c->add[0] ? d[i] : 0.0f) + seed * kept[i];
}

#endif
