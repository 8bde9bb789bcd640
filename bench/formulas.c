/* formulas.c: times penalties by formula against the same penalties written by hand, with the loops that the library's own
 * operators use (op/penalty.h). Value and gradient are timed apart, range by range as in a step, on [128, 512]. */
#include "bench.h"

#include "op/penalty.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 128, UNITS = 512, SIZE = ROWS * UNITS };

/* ---- By hand ---- */

/* x^2 / (1 + x^2), and its derivative 2 x / (1 + x^2)^2 */
TC_INLINE float ratio(float x, const float *a)
{
    (void)a;
    const float s = x * x;
    return s / (1.0f + s);
}

TC_INLINE float ratio_slope(float x, float seed, const float *a)
{
    (void)a;
    const float d = 1.0f + x * x;
    return seed * (2.0f * x) / (d * d);
}

TC_CLONES static void ratio_forward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_penalty_forward(c, begin, end, ratio);
}

TC_CLONES static void ratio_backward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_penalty_backward(c, begin, end, ratio_slope);
}

/* log(1 + |x| / 0.1), and its derivative sign(x) / (0.1 + |x|), 0 at 0 */
TC_INLINE float log_sum(float x, const float *a)
{
    (void)a;
    return logf(1.0f + fabsf(x) / 0.1f);
}

TC_INLINE float log_sum_slope(float x, float seed, const float *a)
{
    (void)a;
    return x != 0.0f ? copysignf(1.0f / (0.1f + fabsf(x)), x) * seed : 0.0f;
}

TC_CLONES static void log_sum_forward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_penalty_forward(c, begin, end, log_sum);
}

TC_CLONES static void log_sum_backward(const tc_call *c, int64_t begin, int64_t end)
{
    tc_penalty_backward(c, begin, end, log_sum_slope);
}

static const struct pair {
    const char *name, *spec;
    tc_op by_hand;
} pairs[] = {
    {"x^2 / (1 + x^2)",
     "formula \"x^2 / (1 + x^2)\" 0.1",
     {.role = &tc_penalty, .flags = TC_ELEMENTWISE, .forward = ratio_forward, .backward = ratio_backward}},
    {"log(1 + abs(x) / 0.1)",
     "formula \"log(1 + abs(x) / 0.1)\" 0.1",
     {.role = &tc_penalty, .flags = TC_ELEMENTWISE, .forward = log_sum_forward, .backward = log_sum_backward}},
};

/* ---- Timing ---- */

typedef struct bed {
    tc_run run;
    tc_view x;
    float *d[1];
    bool add[1];
    double partial[SIZE], lambda, result;
} bed;

static float *numbers(void)
{
    float *x = aligned_alloc(64, SIZE * sizeof *x);
    if (!x) stop("out of memory", NULL);
    for (uint32_t i = 0; i < SIZE; i++) x[i] = 3 * made_up(i);
    return x;
}

/* The microseconds of one pass over x. */
static double pass(const tc_call *c, bool backward)
{
    const tc_span s = tc_span_of(c, backward);
    const double begin = now();
    for (int64_t i = 0; i < s.pieces; i += s.grain) {
        const int64_t end = i + s.grain < s.pieces ? i + s.grain : s.pieces;
        (backward ? c->op->backward : c->op->forward)(c, i, end);
    }
    return (now() - begin) * 1e6;
}

/* Whether both have the same sum, or the same gradients. */
static void compare(const bed *b, const float *before, double sum, bool backward)
{
    const tc_span s = {SIZE, TC_RANGE};
    double is = 0;
    for (int64_t i = 0; i < tc_ranges(s); i++) is += b->partial[i];
    if (!backward && fabs(is - sum) > 1e-5 * sum) stop("the values differ", NULL);
    for (int64_t i = 0; backward && i < SIZE; i++)
        if (fabsf(b->d[0][i] - before[i]) > 1e-5f * (1e-4f + fabsf(before[i]))) stop("the gradients differ", NULL);
}

static void time_pair(const bench_case *c, const struct pair *p, bed *b, tc_call call[2], bool backward)
{
    double us[2][MOST_ROUNDS], sum = 0;
    char name[64];
    float *before = numbers();
    pass(&call[0], backward);
    for (int64_t i = 0; i < SIZE / TC_RANGE; i++) sum += b->partial[i];
    memcpy(before, b->d[0], SIZE * sizeof *before);
    pass(&call[1], backward);
    compare(b, before, sum, backward);
    for (int i = 0; i < c->rounds; i++)
        for (int k = 0; k < 2; k++) {
            const int which = (i + k) % 2;
            us[which][i] = 0;
            for (int s = 0; s < c->steps; s++) us[which][i] += pass(&call[which], backward) / c->steps;
        }
    snprintf(name, sizeof name, "%s of %s, over the same by hand", backward ? "gradient" : "value", p->name);
    row r = {.name = backward ? "  gradient" : "  value", .peer = p->name, .threads = 1, .rss = peak_memory()};
    add_figures(&r, us[0], us[1], c->rounds);
    print_row(&r);
    print_bar(name, r.ratio, c->bar, true);
    free(before);
}

void run_formulas(const bench_case *c, int threads)
{
    static bed b = {.lambda = 0.1};
    const tc_mem mem = tc_mem_of(NULL);
    (void)threads;
    b.run = (tc_run){.rows = ROWS, .global_rows = ROWS, .training = true, .kernel = tc_cpu()};
    b.x = (tc_view){.data = numbers(), .n = UNITS, .batch = true, .shape = {1, {UNITS}}};
    b.d[0] = numbers();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        tc_arg arg[TC_OWN_ATTRS + 1], common[TC_COMMON_ATTRS];
        tc_spec spec;
        tacet_error e;
        const tc_op *op = tc_op_find("formula");
        const tc_binding binding[] = {{op->attribute, arg}, {op->role->common, common}};
        if (tc_spec_parse(&spec, &mem, pairs[i].spec, &e) || tc_spec_bind(&spec, 2, binding, true, &e) ||
            !tc_op_prepare(op, &mem, &spec, arg, &e))
            stop(pairs[i].spec, &e);
        const tc_sketch s = {.arg = arg, .inputs = 1, .x = &b.x.shape, .batch = &b.x.batch};
        tc_call call[2] = {{.op = op,
                            .run = &b.run,
                            .x = &b.x,
                            .d = b.d,
                            .add = b.add,
                            .arg = arg,
                            .inputs = 1,
                            .scratch = aligned_alloc(64, (size_t)op->scratch(&s, ROWS) + 64),
                            .reduce = TC_SAMPLE,
                            .partial = b.partial,
                            .result = &b.result,
                            .lambda = &b.lambda}};
        call[1] = call[0];
        call[1].op = &pairs[i].by_hand;
        if (!call[0].scratch) stop("out of memory", NULL);
        for (int backward = 0; backward < 2; backward++) time_pair(c, &pairs[i], &b, call, backward);
        free(call[0].scratch);
        for (int k = 0; op->attribute[k].name; k++) tc_free(&mem, arg[k].made);
        tc_spec_free(&spec);
    }
    free(b.x.data);
    free(b.d[0]);
}
