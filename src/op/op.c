/* op.c: the table of operators, and the small helpers that their contract (op.h) declares. Some tests compile this file
 * again with TC_TEST_OPS, which adds the operators of tests/ops to the table. */
#include "op/op.h"

#include <stdarg.h>
#include <string.h>

#define TC_OP(name) extern const tc_op tc_op_##name;
#include "op/ops.def"
#ifdef TC_TEST_OPS
#include "ops/test_ops.def"
#endif
#undef TC_OP

#define TC_OP(name) &tc_op_##name,
static const tc_op *const table[] = {
#include "op/ops.def"
#ifdef TC_TEST_OPS
#include "ops/test_ops.def"
#endif
};
#undef TC_OP

int tc_op_count(void) { return (int)(sizeof table / sizeof table[0]); }

const tc_op *tc_op_at(int i) { return i >= 0 && i < tc_op_count() ? table[i] : NULL; }

const tc_op *tc_op_find(const char *name)
{
    for (int i = 0; i < tc_op_count(); i++)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

/* The first input that a mean counts: a loss divides by the elements of its target, a penalty by those of all its
 * inputs. */
static int first_counted(const tc_call *c) { return c->op->role == &tc_loss ? c->inputs - 1 : 0; }

bool tc_weighs(const tc_call *c)
{
    if (c->reduce == TC_SUM) return false;
    if (c->factor) return true;
    return c->reduce == TC_MEAN && (c->op->flags & TC_WEIGHS) && (!c->op->weighs || c->op->weighs(c->arg));
}

double tc_denominator(const tc_call *c)
{
    const double rows = (double)c->run->global_rows;
    if (c->reduce == TC_SUM) return 1;
    if (tc_weighs(c)) return *c->weight > 0 ? *c->weight : 1;
    if (c->reduce == TC_SAMPLE) return rows;
    if (c->reduce == TC_POSITION) return rows * (double)tc_positions(&c->x[0]);
    double n = 0;
    for (int i = first_counted(c); i < c->inputs; i++) n += (double)c->x[i].n * (c->x[i].batch ? rows : 1);
    return n;
}

int64_t tc_unit_same(const tc_sketch *s, int i, int64_t u)
{
    (void)s, (void)i;
    return u;
}

tc_grouping tc_grouping_whole(const tc_arg *arg, bool batch)
{
    (void)arg, (void)batch;
    return (tc_grouping){.by = TC_BY_WHOLE};
}

tc_span tc_span_elements(const tc_call *c)
{
    int64_t n = tc_elements(c, &c->x[0]);
    const int64_t row = c->x[0].n;
    if (c->op->role != &tc_penalty || c->inputs == 1)
        return (tc_span){n, !c->x[0].batch ? TC_RANGE : row < TC_RANGE ? TC_RANGE / row * row : row};
    for (int i = 1; i < c->inputs; i++) n += tc_elements(c, &c->x[i]);
    return (tc_span){n, TC_RANGE};
}

tc_span tc_span_rows(const tc_call *c)
{
    const int64_t n = c->x[0].n;
    return (tc_span){tc_rows(c, &c->x[0]), n < TC_RANGE ? TC_RANGE / n : 1};
}

tc_span tc_span_whole(const tc_call *c)
{
    (void)c;
    return (tc_span){1, 1};
}

tc_span tc_span_positions(const tc_call *c)
{
    int64_t n = 0;
    for (int i = 0; i < c->inputs; i++) n += tc_units(&c->x[i]);
    return (tc_span){tc_rows(c, &c->x[0]) * tc_positions(&c->x[0]), n < TC_RANGE ? TC_RANGE / n : 1};
}

tc_span tc_span_of(const tc_call *c, bool backward)
{
    tc_span (*span)(const tc_call *c) = backward && c->op->span_back ? c->op->span_back : c->op->span;
    if (span) return span(c);
    return c->op->flags & TC_ELEMENTWISE ? tc_span_elements(c) : tc_span_rows(c);
}

bool tc_op_shape(const tc_op *op, tc_sketch *s)
{
    s->op = op;
    for (const tc_limit *l = op->limit; l->needs; l++) {
        const double got = s->arg[l->attribute].number;
        if (!(got >= l->least && got <= l->most)) return tc_shape_refuse(s, "%s, got %g", l->needs, got);
    }
    bool (*rule)(tc_sketch * s) = op->shape ? op->shape : op->role->shape;
    return !rule || rule(s);
}

bool tc_op_prepare(const tc_op *op, const tc_mem *m, const tc_spec *spec, tc_arg *arg, tacet_error *e)
{
    for (int i = 0; i < tc_attr_count(op->attribute); i++)
        if (!tc_spec_list(m, &op->attribute[i], &arg[i])) return tc_fail_memory(e) == TACET_OK;
    return !op->prepare || op->prepare(op, m, spec, arg, e);
}

void tc_op_free_arg(const tc_op *op, const tc_mem *m, tc_arg *arg)
{
    for (int i = 0; arg && i < tc_attr_count(op->attribute); i++) tc_free(m, arg[i].made);
    tc_free(m, arg);
}

bool tc_shape_refuse(tc_sketch *s, const char *format, ...)
{
    va_list v;
    va_start(v, format);
    tc_format(s->why, sizeof s->why, format, v);
    va_end(v);
    return false;
}

bool tc_shape_same(tc_sketch *s)
{
    s->y = s->x[0];
    return true;
}

bool tc_shape_last(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    if (s->x[0].rank >= 1) return tc_shape_same(s);
    return tc_shape_refuse(s, "needs an input with at least one dimension, got %s",
                           tc_shape_text(&s->x[0], s->batch[0], got));
}

bool tc_shape_weight(tc_sketch *s)
{
    char got[TC_SHAPE_TEXT];
    if (s->inputs > 1) return tc_shape_refuse(s, "needs one weight: it cannot be joint");
    if (s->x[0].rank >= 2 && !s->batch[0]) return true;
    return tc_shape_refuse(s, "needs a weight of two dimensions or more%s, got %s", s->batch[0] ? ", LAYER.weight" : "",
                           tc_shape_text(&s->x[0], s->batch[0], got));
}

bool tc_shape_pair(tc_sketch *s)
{
    char a[TC_SHAPE_TEXT], b[TC_SHAPE_TEXT];
    if (s->batch[0] == s->batch[1] && tc_shape_equal(&s->x[0], &s->x[1])) return true;
    return tc_shape_refuse(s, "needs an output and a target of the same shape, got %s and %s",
                           tc_shape_text(&s->x[0], s->batch[0], a), tc_shape_text(&s->x[1], s->batch[1], b));
}
