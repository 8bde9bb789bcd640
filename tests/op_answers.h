/* op_answers.h: what tests with known answers of single operators share. */
#ifndef OP_ANSWERS_H
#define OP_ANSWERS_H

#include "op_case.h"

static inline void near(const char *what, double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance * (1 + fabs(wanted)))) fail_msg("%s is %.9g, not %.9g", what, got, wanted);
}

/* A layer on one number: y = f(x), and the slope there. */
typedef struct op_answer {
    const char *spec;
    double x, y, slope;
} op_answer;

static inline void assert_answers(const op_answer *known, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        op_case k;
        case_open(&k, known[i].spec, (const char *const[]){"1", NULL}, false, 1, 1);
        k.x[0].data[0] = (float)known[i].x;
        k.g[0] = 1;
        run_forward(&k, WHOLE);
        run_backward(&k, WHOLE);
        near(known[i].spec, (double)k.y[0], known[i].y, 1e-6);
        near(known[i].spec, (double)k.d[0][0], known[i].slope, 2e-6);
        case_close(&k);
    }
}

/* An operator whose rules refuse inputs of these shapes (parameters or values of the batch). */
typedef struct op_refusal {
    const char *spec, *x[3]; /* ended by NULL */
    bool parameter;
    const char *why; /* a part of the reason */
} op_refusal;

static inline void assert_refusals(const op_refusal *bad, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        op_case k;
        tc_sketch s;
        if (case_try(&k, bad[i].spec, bad[i].x, bad[i].parameter, 1, 1, &s)) fail_msg("%s was accepted", bad[i].spec);
        if (!strstr(s.why, bad[i].why)) fail_msg("%s: \"%s\" does not say %s", bad[i].spec, s.why, bad[i].why);
        tc_spec_free(&k.spec);
    }
}

#endif
