/* finite.h: what test_finite.c asks of an operator, compiled twice: with float, and (reference.c) with double in its
 * place. */
#ifndef FINITE_H
#define FINITE_H

#include "op_case.h"

enum { FINITE_MOST = 1 << 22 }; /* numbers of a case */

/* One operator with these attributes, on one kind of values. */
typedef struct finite_case {
    const char *spec;
    const char *const *x; /* shapes, as in tc_probe */
    bool parameter;
    int copies, reduce; /* reduce: of scalars */
    bool flush;         /* denormals are zeros, as in a step */
} finite_case;

/* One number that the operator has computed: of y, of the gradient of a tensor, the value, or an element after the
 * proximal step. */
typedef struct finite_number {
    double is;
    int pattern, tensor, element;
    char part; /* y, d, v, z */
} finite_number;

static const double finite_size[] = {0,      1.2e-38, -1.2e-38, 1e-38, 1e-20, 1,     1e20,   1e38,
                                     3.4e38, -1e-38,  -1e-20,   -1,    -1e20, -1e38, -3.4e38};
enum { FINITE_SIZES = sizeof finite_size / sizeof *finite_size, FINITE_WAYS = 4 };

/* A pattern: tensors consist of the sizes a and b; g, and the parameters of a layer, of those too, of 1, or of one
 * other size. */
typedef struct finite_pattern {
    double a, b, g, w; /* g, w: NAN: a and b */
} finite_pattern;

static inline finite_pattern finite_pattern_of(int pattern)
{
    static const double g[FINITE_WAYS] = {1, NAN, 1e38, 1e-20}, w[FINITE_WAYS] = {1, NAN, 1e-20, NAN};
    const int way = pattern % FINITE_WAYS, pair = pattern / FINITE_WAYS;
    return (finite_pattern){finite_size[pair / FINITE_SIZES], finite_size[pair % FINITE_SIZES], g[way], w[way]};
}

static inline void finite_fill(op_case *k, float *x, int64_t n, double one, const finite_pattern *p, bool flush)
{
    for (int64_t i = 0; i < n; i++) {
        const bool a = noise_of(&k->noise) < 0.5f, minus = noise_of(&k->noise) < 0.5f;
        const double v = isnan(one) ? (a ? p->a : p->b) : minus ? -one : one;
        x[i] = flush && fabs(v) < 0x1p-126 ? 0 : (__typeof__(1.0f))v; /* rounded to float in both programs */
    }
}

static inline void finite_put(finite_number *to, int64_t *n, int pattern, char part, int tensor, const float *x,
                              int64_t count)
{
    for (int64_t i = 0; x && i < count && *n < FINITE_MOST; i++)
        to[(*n)++] = (finite_number){(double)x[i], pattern, tensor, (int)i, part};
}

/* Computes all numbers of a case; returns how many, or -1 if the operator refuses it. */
static inline int64_t finite_run(const finite_case *c, finite_number *to)
{
    op_case k;
    tc_sketch s;
    int64_t n = 0;
    if (!case_try(&k, c->spec, c->x, c->parameter, c->copies, 2, &s)) {
        tc_spec_free(&k.spec);
        return -1;
    }
    const bool scalar = k.op->role->scalar, constraint = k.op->role == &tc_constraint;
    const int ways = scalar ? 1 : FINITE_WAYS;
    if (scalar && !constraint) k.call.reduce = c->reduce;
    for (int pattern = 0; pattern < FINITE_SIZES * FINITE_SIZES * FINITE_WAYS; pattern++) {
        const finite_pattern p = finite_pattern_of(pattern);
        if (pattern % FINITE_WAYS >= ways) continue;
        k.noise = (uint32_t)pattern + 1;
        for (int i = 0; i < k.tensors; i++) {
            if (k.x[i].data) finite_fill(&k, k.x[i].data, count_of(&k, i), i < k.inputs ? NAN : p.w, &p, c->flush);
            for (int64_t j = 0; k.ids[i] && j < count_of(&k, i); j++)
                k.ids[i][j] = (int32_t)(noise_of(&k.noise) * (float)k.x[i].classes);
        }
        finite_fill(&k, k.g, outputs_of(&k), p.g, &p, c->flush);
        if (!constraint) {
            run_forward(&k, WHOLE);
            if (scalar) to[n++] = (finite_number){k.value, pattern, 0, 0, 'v'};
            finite_put(to, &n, pattern, 'y', 0, k.y, outputs_of(&k));
            run_backward(&k, WHOLE);
            for (int i = 0; i < k.tensors; i++) finite_put(to, &n, pattern, 'd', i, k.d[i], count_of(&k, i));
        }
        if (k.op->prox && c->parameter && k.inputs == 1) {
            run_prox(&k, 0.3);
            finite_put(to, &n, pattern, 'z', 0, k.x[0].data, count_of(&k, 0));
        }
    }
    case_close(&k);
    return n;
}

typedef int64_t finite_function(const finite_case *c, finite_number *to);

#endif
