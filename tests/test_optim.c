/* Optimizers against PyTorch's algorithms in double, the step size of proximal steps, schedules at known points. */
#include "cmocka_all.h"
#include "op/op.h"
#include "optim/optim.h"
#include "spec/schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 1003, STEPS = 12 };

static float noise(uint32_t *state) /* in [-1, 1) */
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-23f - 1;
}

/* Reads "sgd lr=0.1", followed by attributes of a schedule; returns the optimizer. */
static const tc_optim *read_spec(const char *text, tc_arg *arg, tc_arg *schedule)
{
    const tc_mem mem = tc_mem_of(NULL);
    tc_spec s;
    tacet_error e;
    if (tc_spec_parse(&s, &mem, text, &e)) fail_msg("%s: %s", text, e.message);
    const tc_optim *o = tc_optim_find(s.name);
    assert_non_null(o);
    const tc_binding binding[] = {{o->attribute, arg}, {tc_optim_common, schedule + TC_SCHEDULE_KIND}};
    if (tc_spec_bind(&s, 2, binding, true, &e)) fail_msg("%s: %s", text, e.message);
    tc_spec_free(&s);
    return o;
}

/* ---- The algorithms of torch.optim's manual, for one parameter ---- */

typedef struct reference {
    double p, first, second, third; /* first: the momentum buffer or exp_avg; second: exp_avg_sq; third: its maximum */
} reference;

static void sgd(reference *r, const double *a, double lr, double g, int step)
{
    const double momentum = a[1], dampening = a[2], nesterov = a[3], decay = a[4];
    if (decay != 0) g += decay * r->p;
    if (momentum != 0) {
        r->first = step > 1 ? momentum * r->first + (1 - dampening) * g : g;
        g = nesterov != 0 ? g + momentum * r->first : r->first;
    }
    r->p -= lr * g;
}

static void adam_step(reference *r, const double *a, double lr, double g, int step)
{
    r->first = a[1] * r->first + (1 - a[1]) * g;
    r->second = a[2] * r->second + (1 - a[2]) * g * g;
    r->third = fmax(r->third, r->second);
    const double m = r->first / (1 - pow(a[1], step)), v = (a[5] != 0 ? r->third : r->second) / (1 - pow(a[2], step));
    r->p -= lr * m / (sqrt(v) + a[3]);
}

static void adam(reference *r, const double *a, double lr, double g, int step)
{
    adam_step(r, a, lr, g + a[4] * r->p, step);
}

static void adamw(reference *r, const double *a, double lr, double g, int step)
{
    r->p -= lr * a[4] * r->p;
    adam_step(r, a, lr, g, step);
}

/* first: momentum_buffer; second: square_avg; third: grad_avg */
static void rmsprop(reference *r, const double *a, double lr, double g, int step)
{
    (void)step;
    const double alpha = a[1], eps = a[2], decay = a[3], momentum = a[4], centered = a[5];
    g += decay * r->p;
    r->second = alpha * r->second + (1 - alpha) * g * g;
    r->third = alpha * r->third + (1 - alpha) * g;
    g /= sqrt(r->second - (centered != 0 ? r->third * r->third : 0)) + eps;
    r->first = momentum * r->first + g;
    r->p -= lr * (momentum != 0 ? r->first : g);
}

static void adagrad(reference *r, const double *a, double lr, double g, int step)
{
    const double lr_decay = a[1], decay = a[2], initial = a[3], eps = a[4];
    g += decay * r->p;
    if (step == 1) r->first = initial;
    r->first += g * g;
    r->p -= lr / (1 + (step - 1) * lr_decay) * g / (sqrt(r->first) + eps);
}

typedef void algorithm(reference *r, const double *a, double lr, double g, int step);

static void check_optimizer(const char *text, algorithm *run)
{
    tc_arg arg[TC_MAX_ATTRS], schedule[TC_OPTIM_COMMON] = {0};
    const tc_optim *o = read_spec(text, arg, schedule);
    assert_true(!o->check || !o->check(arg));
    static float p[N], g[N], state[TC_MAX_MOMENTS][N];
    static reference r[N];
    double a[TC_MAX_ATTRS] = {0};
    uint32_t seed = 11;
    for (int i = 0; i < tc_attr_count(o->attribute); i++) a[i] = arg[i].number;
    memset(state, 0, sizeof state);
    for (int i = 0; i < N; i++) r[i] = (reference){.p = (double)(p[i] = noise(&seed))};
    for (int step = 1; step <= STEPS; step++) {
        const double lr = a[TC_OPTIM_LR] * (step > 6 ? 0.1 : 1); /* as by a schedule */
        for (int i = 0; i < N; i++) {
            g[i] = i % 50 == 0 ? 0 : noise(&seed) * (i % 3 == 0 ? 1e-3f : 1.0f);
            run(&r[i], a, lr, (double)g[i], step);
        }
        tc_update u = {arg, lr, step, p, g, {state[0], state[1], state[2]}, {0}};
        o->prepare(&u);
        const int cut = (step * 97) % N;
        o->update(&u, cut, N); /* ranges in any order */
        o->update(&u, 0, cut);
    }
    for (int i = 0; i < N; i++)
        if (!(fabs((double)p[i] - r[i].p) <= 3e-6))
            fail_msg("%s: p[%d] is %.9g, not %.9g", text, i, (double)p[i], r[i].p);
}

static void test_sgd(void **state)
{
    (void)state;
    check_optimizer("sgd lr=0.1", sgd);
    check_optimizer("sgd lr=0.1 weight_decay=0.3", sgd);
    check_optimizer("sgd lr=0.1 momentum=0.9", sgd);
    check_optimizer("sgd lr=0.1 momentum=0.9 dampening=0.4 weight_decay=0.1", sgd);
    check_optimizer("sgd lr=0.1 momentum=0.9 nesterov weight_decay=0.1", sgd);
    check_optimizer("sgd lr=0.1 dampening=0.5", sgd); /* no effect without momentum */
}

static void test_adam(void **state)
{
    (void)state;
    check_optimizer("adam", adam);
    check_optimizer("adam lr=0.01 weight_decay=0.2", adam);
    check_optimizer("adam lr=0.01 beta1=0.5 beta2=0.9 eps=1e-3", adam);
    check_optimizer("adam lr=0.01 beta2=0.5 amsgrad", adam);
    check_optimizer("adamw lr=0.01 beta2=0.5 amsgrad=true", adamw);
    check_optimizer("adamw lr=0.01", adamw);
    check_optimizer("adamw lr=0.01 weight_decay=0.5 beta1=0.8", adamw);
}

static void test_rmsprop(void **state)
{
    (void)state;
    check_optimizer("rmsprop", rmsprop);
    check_optimizer("rmsprop lr=1e-3 alpha=0.5 eps=1e-3 weight_decay=0.2", rmsprop);
    check_optimizer("rmsprop lr=1e-3 momentum=0.9", rmsprop);
    check_optimizer("rmsprop lr=1e-3 centered eps=1e-4", rmsprop);
    check_optimizer("rmsprop lr=1e-3 alpha=0.9 centered momentum=0.5 weight_decay=0.1 eps=1e-4", rmsprop);
}

static void test_adagrad(void **state)
{
    (void)state;
    check_optimizer("adagrad", adagrad);
    check_optimizer("adagrad lr=0.1 lr_decay=0.3 weight_decay=0.2", adagrad);
    check_optimizer("adagrad lr=0.1 initial_accumulator_value=0.1 eps=1e-7", adagrad);
}

static void test_defaults(void **state)
{
    (void)state;
    tc_arg arg[TC_MAX_ATTRS], schedule[TC_OPTIM_COMMON] = {0};
    static const struct {
        const char *text;
        int count;
        double value[TC_OPTIM_ATTRS];
    } known[] = {{"sgd lr=1", 5, {1, 0, 0, 0, 0}},
                 {"adam", 6, {1e-3, 0.9, 0.999, 1e-8, 0, 0}},
                 {"adamw", 6, {1e-3, 0.9, 0.999, 1e-8, 0.01, 0}},
                 {"rmsprop", 6, {1e-2, 0.99, 1e-8, 0, 0, 0}},
                 {"adagrad", 5, {1e-2, 0, 0, 0, 1e-10}}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const tc_optim *o = read_spec(known[i].text, arg, schedule);
        assert_int_equal(tc_attr_count(o->attribute), known[i].count);
        for (int j = 0; j < known[i].count; j++) assert_true(arg[j].number == known[i].value[j]);
    }
}

static void test_table(void **state)
{
    (void)state;
    assert_null(tc_optim_find("no such"));
    assert_null(tc_optim_at(tc_optim_count()));
    for (int i = 0; i < tc_optim_count(); i++) {
        const tc_optim *o = tc_optim_at(i);
        assert_ptr_equal(tc_optim_find(o->name), o);
        assert_true(o->formula && o->doc && o->source && o->update && o->prox_time && o->prox_note);
        tc_arg arg[TC_MAX_ATTRS] = {0};
        assert_null(o->moment[TC_MAX_MOMENTS]);
        for (int j = 0; j < tc_optim_moments(o, arg); j++) assert_non_null(o->moment[j]);
        assert_string_equal(o->attribute[TC_OPTIM_LR].name, "lr");
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"sgd lr=-1", "lr"},
        {"sgd lr=1 momentum=1", "momentum"},
        {"sgd lr=1 momentum=-0.1", "momentum"},
        {"sgd lr=1 weight_decay=-1", "weight_decay"},
        {"sgd lr=1 nesterov", "nesterov"},
        {"sgd lr=1 nesterov momentum=0.9 dampening=0.1", "nesterov"},
        {"adam lr=-1", "lr"},
        {"adam beta1=1", "beta1"},
        {"adamw beta2=-0.5", "beta2"},
        {"adamw eps=-1", "eps"},
        {"adamw weight_decay=-1", "weight_decay"},
        {"rmsprop alpha=1", "alpha"},
        {"rmsprop momentum=1", "momentum"},
        {"rmsprop centered eps=-1", "eps"},
        {"adagrad lr_decay=-1", "lr_decay"},
        {"adagrad initial_accumulator_value=-1", "initial_accumulator_value"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tc_arg arg[TC_MAX_ATTRS], schedule[TC_OPTIM_COMMON] = {0};
        const char *why = read_spec(bad[i][0], arg, schedule)->check(arg);
        if (!why || !strstr(why, bad[i][1])) fail_msg("%s: %s", bad[i][0], why ? why : "was taken");
    }
}

static double time_of(const char *text)
{
    tc_arg arg[TC_MAX_ATTRS], schedule[TC_OPTIM_COMMON] = {0};
    const tc_optim *o = read_spec(text, arg, schedule);
    return o->prox_time(arg, 0.5, 4);
}

/* Minimises (w - 1)^2 / 2 + 0.3 |w| by gradient steps and soft thresholds, which end at 1 - off. */
static void check_lasso(const char *text, float off)
{
    tc_arg arg[TC_MAX_ATTRS], schedule[TC_OPTIM_COMMON] = {0};
    const tc_optim *o = read_spec(text, arg, schedule);
    const float b = 1, l = 0.3f;
    float w = 0, g, state[TC_MAX_MOMENTS] = {0};
    for (int step = 1; step <= 4000; step++) {
        g = w - b;
        const double lr = arg[TC_OPTIM_LR].number;
        tc_update u = {arg, lr, step, &w, &g, {&state[0], &state[1], &state[2]}, {0}};
        o->prepare(&u);
        o->update(&u, 0, 1);
        const float t = l * (float)o->prox_time(arg, lr, step);
        w = w > t ? w - t : w < -t ? w + t : 0;
    }
    if (!(fabsf(w - (b - off)) < 1e-4f))
        fail_msg("%s: the lasso ends at %g, not %g", text, (double)w, (double)(b - off));
}

static void test_prox_time(void **state)
{
    (void)state;
    assert_true(time_of("sgd lr=1") == 0.5);
    assert_true(time_of("sgd lr=1 dampening=0.5") == 0.5);
    assert_true(fabs(time_of("sgd lr=1 momentum=0.9") - 5) < 1e-12);
    assert_true(fabs(time_of("sgd lr=1 momentum=0.9 dampening=0.5") - 2.5) < 1e-12);
    assert_true(time_of("adam") == 0.5 && time_of("adamw") == 0.5);
    assert_true(tc_optim_find("adam")->prox_note[0] && tc_optim_find("adamw")->prox_note[0]);
    assert_true(time_of("rmsprop") == 0.5 && fabs(time_of("rmsprop momentum=0.9 centered") - 5) < 1e-12);
    assert_true(time_of("adagrad") == 0.25 && fabs(time_of("adagrad lr_decay=1") - 0.0625) < 1e-12);
    assert_true(tc_optim_find("rmsprop")->prox_note[0] && tc_optim_find("adagrad")->prox_note[0]);
    check_lasso("sgd lr=0.01", 0.3f); /* the minimum, with any momentum */
    check_lasso("sgd lr=0.01 momentum=0.9", 0.3f);
    check_lasso("sgd lr=0.01 momentum=0.9 dampening=0.5", 0.3f);
    check_lasso("sgd lr=0.01 momentum=0.9 nesterov", 0.3f);
    /* Divided by its size: at rest g / (|g| + eps) = lambda. */
    const float off = 0.3f * 0.5f / (1 - 0.3f);
    check_lasso("adam lr=0.01 eps=0.5 beta2=0.9", off);
    check_lasso("rmsprop lr=0.01 eps=0.5 alpha=0.9", off);
    check_lasso("rmsprop lr=0.002 eps=0.5 alpha=0.9 momentum=0.8", off);
}

/* ---- Bounds ---- */

/* Whether a moment is never below 0. */
static bool of_squares(const tc_optim *o, int moment)
{
    return moment >= 0 && moment < TC_MAX_MOMENTS && o->moment[moment] &&
           strstr("square largest sum", o->moment[moment]);
}

/* No update leaves a number beyond the bound that is given beforehand. */
static void test_bounds(void **state)
{
    (void)state;
    static const char *const known[] = {"sgd lr=0.1",
                                        "sgd lr=1e6 weight_decay=3",
                                        "sgd lr=0.1 momentum=0.9 weight_decay=0.01",
                                        "sgd lr=0.1 momentum=0.5 nesterov",
                                        "sgd lr=0.1 momentum=0.9 dampening=3",
                                        "adam",
                                        "adam eps=0",
                                        "adam lr=10 eps=5 weight_decay=2",
                                        "adam beta1=0 beta2=0",
                                        "adam beta1=0.99 beta2=0.1 eps=1e-3",
                                        "adamw lr=1e3 weight_decay=7",
                                        "adam amsgrad beta2=0.5",
                                        "adamw amsgrad lr=10",
                                        "rmsprop",
                                        "rmsprop lr=10 eps=0 weight_decay=3",
                                        "rmsprop alpha=0 eps=5",
                                        "rmsprop momentum=0.9 lr=2",
                                        "rmsprop centered eps=1e-3",
                                        "rmsprop centered momentum=0.9 eps=0.1",
                                        "adagrad",
                                        "adagrad lr=1e3 eps=0 weight_decay=2",
                                        "adagrad lr_decay=0.5 initial_accumulator_value=3"};
    enum { ELEMENTS = 64 };
    uint32_t seed = 5;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int turn = 0; turn < 2000; turn++) {
            tc_arg arg[TC_MAX_ATTRS], schedule[TC_OPTIM_COMMON] = {0};
            const tc_optim *o = read_spec(known[i], arg, schedule);
            const int moments = tc_optim_moments(o, arg);
            double most[1 + TC_MAX_MOMENTS], gradient = pow(10, 15 * (double)noise(&seed));
            enum { G = 1 + TC_MAX_MOMENTS };
            float x[G + 1][ELEMENTS]; /* parameters, moments, gradients */
            for (int k = 0; k <= TC_MAX_MOMENTS; k++) most[k] = pow(10, 15 * (double)noise(&seed));
            for (int k = 0; k <= G; k++)
                for (int j = 0; j < ELEMENTS; j++) {
                    const float part = j % 3 ? noise(&seed) : j % 2 ? -1 : turn % 2 ? 1 : 0;
                    x[k][j] = (float)(k < G ? most[k] : gradient) * (of_squares(o, k - 1) ? fabsf(part) : part);
                }
            tc_update u = {.arg = arg, .lr = arg[TC_OPTIM_LR].number, .step = 1 + turn % 50, .p = x[0], .g = x[G]};
            for (int k = 0; k < moments; k++) u.moment[k] = x[1 + k];
            o->prepare(&u);
            o->bound(&u, gradient, most);
            o->update(&u, 0, ELEMENTS);
            for (int k = 0; k <= moments; k++)
                for (int j = 0; j < ELEMENTS; j++)
                    if (!(fabs((double)x[k][j]) <= most[k] * (1 + 1e-5)))
                        fail_msg("%s: %g is beyond %g in part %d", known[i], (double)x[k][j], most[k], k);
        }
}

/* ---- Schedules ---- */

static void test_schedules(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double epoch, epochs, factor;
    } known[] = {
        {"sgd lr=1", 3, 0, 1},
        {"sgd lr=1 warmup=2", 0, 0, 0},
        {"sgd lr=1 warmup=2", 0.5, 0, 0.25},
        {"sgd lr=1 warmup=2", 2, 0, 1},
        {"sgd lr=1 schedule=step every=2", 0, 0, 1},
        {"sgd lr=1 schedule=step every=2", 1.99, 0, 1},
        {"sgd lr=1 schedule=step every=2", 2, 0, 0.1},
        {"sgd lr=1 schedule=step every=2 gamma=0.5", 5.5, 0, 0.25},
        {"sgd lr=1 schedule=step every=2 gamma=0.5 warmup=1", 2.5, 0, 1},
        {"sgd lr=1 schedule=step every=2 gamma=0.5 warmup=1", 3, 0, 0.5},
        {"sgd lr=1 schedule=linear", 2, 8, 0.75},
        {"sgd lr=1 schedule=linear floor=0.2 warmup=2", 5, 8, 0.6},
        {"sgd lr=1 schedule=linear floor=0.2", 9, 8, 0.2},
        {"sgd lr=1 schedule=cosine", 0, 8, 1},
        {"sgd lr=1 schedule=cosine", 2, 8, 0.85355339},
        {"sgd lr=1 schedule=cosine", 4, 8, 0.5},
        {"sgd lr=1 schedule=cosine", 8, 8, 0},
        {"sgd lr=1 schedule=cosine", 9, 8, 0},
        {"sgd lr=1 schedule=cosine floor=0.2", 4, 8, 0.6},
        {"sgd lr=1 schedule=cosine floor=0.2", 8, 8, 0.2},
        {"sgd lr=1 schedule=cosine warmup=2", 1, 10, 0.5},
        {"sgd lr=1 schedule=cosine warmup=2", 6, 10, 0.5},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        tc_arg arg[TC_MAX_ATTRS], schedule[TC_OPTIM_COMMON] = {0};
        read_spec(known[i].text, arg, schedule);
        assert_null(tc_schedule_check(schedule));
        const double f = tc_schedule_factor(schedule, known[i].epoch, known[i].epochs, 0.1);
        if (!(fabs(f - known[i].factor) < 1e-8)) fail_msg("%s at %g: %g", known[i].text, known[i].epoch, f);
    }
}

/* Everything in hundredths of an epoch, so that whole numbers say which step is the first of a phase. */
static void test_schedule_decimals(void **state)
{
    (void)state;
    enum { MOST = 250 };
    static const struct {
        int from, warmup, until;
    } bounds[] = {{0, 0, 0}, {30, 0, 0}, {0, 70, 0}, {10, 20, 180}, {110, 29, 247}, {57, 0, 58}, {7, 63, 71}};
    tc_arg schedule[TC_OPTIM_COMMON] = {0};
    schedule[TC_SCHEDULE_FLOOR].number = 0.25, schedule[TC_SCHEDULE_DROP].number = 0.5;
    for (int i = 0; i < tc_schedule_count(); i++)
        if (strcmp(tc_schedule_at(i)->name, "step") == 0) schedule[TC_SCHEDULE_KIND].number = i;
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++)
        for (int every = 1; every <= 100; every++)
            for (int at = 0; at < MOST; at++) {
                const int from = bounds[b].from, warmup = bounds[b].warmup, until = bounds[b].until;
                schedule[TC_SCHEDULE_EVERY].number = every / 100.0;
                schedule[TC_SCHEDULE_FROM].number = from / 100.0;
                schedule[TC_SCHEDULE_WARMUP] = (tc_arg){.number = warmup / 100.0, .given = warmup > 0};
                schedule[TC_SCHEDULE_UNTIL] = (tc_arg){.number = until / 100.0, .given = until > 0};
                const double f = tc_schedule_factor(schedule, at / 100.0, 0, 0.01);
                const double right = at < from                  ? 0
                                     : until > 0 && at >= until ? 0.25
                                     : at < from + warmup       ? (double)(at - from) / warmup
                                                                : pow(0.5, (at - from - warmup) / every);
                if (!(fabs(f - right) <= 1e-10 * right))
                    fail_msg("from %d warmup %d until %d every %d: %g at %d, not %g", from, warmup, until, every, f, at,
                             right);
            }
}

static void test_schedule_table(void **state)
{
    (void)state;
    static const char *const bad[] = {"sgd lr=1 warmup=-1", "sgd lr=1 schedule=step", "sgd lr=1 schedule=step every=-1",
                                      "sgd lr=1 gamma=-1", "sgd lr=1 schedule=cosine floor=2"};
    tc_arg arg[TC_MAX_ATTRS], schedule[TC_OPTIM_COMMON] = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        read_spec(bad[i], arg, schedule);
        if (!tc_schedule_check(schedule)) fail_msg("%s was accepted", bad[i]);
    }
    assert_int_equal(tc_attr_count(tc_schedule_attribute), TC_SCHEDULE_ATTRS - TC_SCHEDULE_KIND);
    assert_int_equal(tc_attr_count(tc_optim_common), TC_OPTIM_COMMON - TC_SCHEDULE_KIND);
    assert_int_equal(TC_COMMON_ATTRS, TC_TERM_SCHEDULE + TC_SCHEDULE_ATTRS);
    for (int i = 0; i < tc_schedule_count(); i++) { /* rows are in the order of the schedules */
        char text[64];
        snprintf(text, sizeof text, "sgd lr=1 schedule=%s", tc_schedule_at(i)->name);
        read_spec(text, arg, schedule);
        assert_int_equal((int)schedule[TC_SCHEDULE_KIND].number, i);
    }
    assert_null(tc_schedule_at(tc_schedule_count()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_rmsprop),
        cmocka_unit_test(test_adagrad),
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_prox_time),
        cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_schedule_table),
        cmocka_unit_test(test_schedule_decimals),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
